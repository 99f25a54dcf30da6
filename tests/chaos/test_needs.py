"""What faults need of the engine's host: asked once, refused by name, nothing claimed where nobody was asked."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from chaos.needs import NEEDS, Need, unavailable, unmet
from chaos.network.partition import Partition
from chaos.noop import Noop
from chaos.process.pause import Pause
from cluster.errors import ConfigurationError
from cluster.platform.fake import FakePlatform
from scenarios.run.needs import require_needs
from scenarios.schema.read import read_scenario


def bash(script: str) -> tuple[int, str]:
    """This machine as the engine's host, without a container."""
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def test_what_a_probe_says_last_is_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    noisy = Need(probe="echo one; echo 'no such module' >&2; false", otherwise="no rules")
    monkeypatch.setitem(NEEDS, "iptables", noisy)
    monkeypatch.setitem(NEEDS, "cgroup freezer", Need(probe="true", otherwise="no freezer"))
    assert unmet({"iptables", "cgroup freezer"}, FakePlatform(host=bash)) == {"iptables": "no rules: no such module"}


def test_a_fault_is_unavailable_only_for_its_own_needs() -> None:
    lacking = {"iptables": "no rules"}
    assert unavailable(Partition, lacking) == "no rules"
    assert unavailable(Pause, lacking) == unavailable(Noop, lacking) == ""


def test_nobody_is_asked_for_nothing() -> None:
    def asked(_: str) -> tuple[int, str]:
        raise AssertionError("nothing is needed")

    assert unmet([], FakePlatform(host=asked)) == {}


def test_a_step_that_cannot_be_done_here_is_refused_by_its_number(tmp_path: Path) -> None:
    file = tmp_path / "cut.yaml"
    file.write_text(
        "name: cut\nteaches: nothing\ntopology: group\nmesh: envoy\nworkload: transfer\n"
        "load: {rate: 20, duration: 30s}\nfaults:\n"
        "  - {at: 5s, fault: noop, target: primary, heal_after: 5s}\n"
        "  - {at: 15s, fault: partition, target: primary, heal_after: 5s}\n"
    )
    scenario = read_scenario(str(file))
    require_needs(scenario, FakePlatform())
    with pytest.raises(ConfigurationError, match=r"^faults\.1\.fault: partition cannot be done here: .*no table"):
        require_needs(scenario, FakePlatform(host=lambda _: (0, "iptables\tno table\n")))
