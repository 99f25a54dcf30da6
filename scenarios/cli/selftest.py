"""``meshbench selftest faults``: every fault on live pods, with proof that it bit and that nothing of it is left."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from chaos.registry import FAULTS
from cluster.platform import images, ownership
from cluster.platform.docker_platform import DockerPlatform
from scenarios.selftest import selftest
from scenarios.signals import interruptible

PASS, FAILED = 0, 1
FAMILIES = tuple(dict.fromkeys(fault.family() for fault in FAULTS.values()))


def add_to(verbs: Any) -> None:
    """The verb's own options."""
    verb = verbs.add_parser("selftest", help="every fault on live pods: does it bite, and is it gone afterwards?")
    verb.add_argument("what", choices=["faults"])
    verb.add_argument("--family", choices=FAMILIES, help="only the faults of one family")
    verb.add_argument("--fault", choices=list(FAULTS), metavar="NAME", help="only this one")
    verb.add_argument(
        "--runs",
        type=Path,
        default=Path("runs"),
        metavar="DIR",
        help="writes DIR/selftest/faults.json (default ./runs)",
    )
    verb.set_defaults(do=execute)


def execute(options: argparse.Namespace, _: list[str]) -> int:
    """Exit code: 0 where every fault is bitten and clean or cannot be here, else 1."""
    platform = DockerPlatform()
    for name in ("base", "tools", "mysql", "envoy"):
        images.require(platform.image(name))
    faults = [
        fault
        for fault in FAULTS.values()
        if options.family in (None, fault.family()) and options.fault in (None, fault.name)
    ]
    with interruptible():
        ownership.reap()
        content = selftest.SelfTest(faults, platform=platform, say=lambda line: print(line, flush=True)).execute()
    file = selftest.write(content, options.runs)
    print("\n".join([*selftest.summary(content), f"written: {file}"]))
    return PASS if content["verdict"] == "pass" else FAILED
