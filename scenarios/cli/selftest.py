"""``meshbench selftest faults``: every fault on live pods, with proof that it bit and that nothing of it is left."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from chaos.registry import FAULTS
from cluster.errors import ConfigurationError
from cluster.platform import images, ownership
from cluster.platform.docker_platform import DockerPlatform
from scenarios.cli.exit_codes import FAIL, PASS
from scenarios.schema.section import not_one_of
from scenarios.selftest import selftest
from scenarios.signals import interruptible


def try_faults(what: str, *, family: str | None, fault: str | None, runs: Path) -> int:
    """family, fault: only these. Exit code: 0 where every fault is bitten and clean or cannot be here, else 1."""
    _require("selftest", what, ["faults"])
    _require("--family", family, dict.fromkeys(one.family() for one in FAULTS.values()))
    _require("--fault", fault, FAULTS)
    platform = DockerPlatform()
    for name in ("base", "tools", "mysql", "envoy"):
        images.require(platform.image(name))
    faults = [one for one in FAULTS.values() if family in (None, one.family()) and fault in (None, one.name)]
    with interruptible():
        ownership.reap()
        content = selftest.SelfTest(faults, platform=platform, say=lambda line: print(line, flush=True)).execute()
    file = selftest.write(content, runs)
    print("\n".join([*selftest.summary(content), f"written: {file}"]))
    return PASS if content["verdict"] == "pass" else FAIL


def _require(option: str, word: str | None, words: Iterable[str]) -> None:
    """Raises ConfigurationError for a word that is none of these."""
    if word is not None and word not in words:
        raise ConfigurationError(f"{option} {word}: {not_one_of(word, list(words), listed_by='meshbench faults')}")
