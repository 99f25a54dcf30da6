"""The harness dies of SIGKILL while a fault is active: `meshbench gc` leaves the host as it was, and the next run is
sound."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos.needs import unavailable, unmet
from chaos.registry import FAULTS
from cluster.platform.docker_platform import DockerPlatform
from cluster.wait import wait_until
from scenarios.cli.cli import main
from scenarios.selftest.host import inventory, left

pytestmark = [pytest.mark.engine, pytest.mark.nightly]

ROOT = Path(__file__).resolve().parents[2]
LASTING = [name for name, fault in FAULTS.items() if fault.lasts]
ACTIVE_TIMEOUT_S = 120.0
GC_TIMEOUT_S = 30.0


@pytest.fixture(scope="module")
def unmet_needs() -> dict[str, str]:
    return unmet({need for fault in FAULTS.values() for need in fault.needs}, DockerPlatform())


@pytest.fixture(scope="module")
def before() -> set[str]:
    assert main(["gc"]) == 0
    return inventory(DockerPlatform())


@pytest.fixture
def abandoned(
    request: pytest.FixtureRequest, unmet_needs: dict[str, str], tmp_path: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that has broken something, and waits."""
    name = request.param
    if why := unavailable(FAULTS[name], unmet_needs):
        pytest.skip(why)
    said = tmp_path / "said"
    with said.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.scenarios.abandoned", name],
            cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def told() -> bool:
        return "active" in said.read_text().splitlines() or process.poll() is not None

    try:
        wait_until(f"{name} is active", told, timeout_s=ACTIVE_TIMEOUT_S)
        assert "active" in said.read_text().splitlines(), said.read_text()[-2000:]
        yield process
    finally:
        process.kill()
        process.wait()
        main(["gc"])


@pytest.mark.parametrize("abandoned", LASTING, indirect=True)
def test_gc_leaves_the_host_as_it_was(before: set[str], abandoned: subprocess.Popen[bytes]) -> None:
    abandoned.send_signal(signal.SIGKILL)
    abandoned.wait()

    def removed() -> bool:
        """The engine takes a moment to notice that a process died."""
        assert main(["gc"]) == 0
        return not left(before, inventory(DockerPlatform()))

    wait_until("gc has removed all of it", removed, timeout_s=GC_TIMEOUT_S, poll_s=1.0)


def test_afterwards_nothing_is_broken(tmp_path: Path) -> None:
    assert main(["run", "control-null", "--runs", str(tmp_path)]) == 0
