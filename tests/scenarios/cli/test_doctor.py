"""What doctor says of the engine and of pods; the pod itself is tried in test_machines_on_engine.py."""

from __future__ import annotations

import pytest

from cluster.errors import ConfigurationError, EngineRefusedError, HarnessError
from cluster.platform import ownership, reach
from cluster.platform.engine_address import EngineAddress
from scenarios.cli import doctor


@pytest.fixture
def removed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The runs of which everything was removed."""
    gone: list[str] = []
    monkeypatch.setattr(ownership, "remove", gone.append)
    return gone


def test_a_pod_that_was_reached_is_ok_and_removed(monkeypatch: pytest.MonkeyPatch, removed: list[str]) -> None:
    tried: list[str] = []

    def reached(run_id: str) -> str:
        tried.append(run_id)
        return "198.18.0.81:8080"

    monkeypatch.setattr(reach, "try_once", reached)
    found = doctor._reach()
    assert (found.what, found.state) == ("pods", "ok")
    assert "198.18.0.81:8080" in found.found
    assert removed == tried


@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        (ConfigurationError("pods cannot be reached from here: …"), "cannot be reached"),
        (HarnessError("no free /24"), "could not be tried"),
        (EngineRefusedError("no space left on device"), "could not be tried"),
    ],
)
def test_a_pod_that_was_not_reached_is_missing_with_the_reason_and_removed(
    monkeypatch: pytest.MonkeyPatch, removed: list[str], trouble: Exception, says: str
) -> None:
    def fails(run_id: str) -> str:
        raise trouble

    monkeypatch.setattr(reach, "try_once", fails)
    found = doctor._reach()
    assert (found.state, found.fix) == ("missing", str(trouble))
    assert says in found.found
    assert len(removed) == 1


def test_the_engine_is_shown_with_where_it_was_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    about = {"Version": "27.0", "ApiVersion": "1.46", "Os": "linux", "Arch": "amd64"}
    monkeypatch.setattr(doctor, "engine_facts", lambda: about)
    where = EngineAddress(host="unix:///x.sock", configured="tc.host in /home/me/.testcontainers.properties")
    monkeypatch.setattr("scenarios.cli.doctor.address", lambda: where)
    assert "at unix:///x.sock (from tc.host in /home/me/.testcontainers.properties)" in doctor._engine().found
