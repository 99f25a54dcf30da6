"""`up`, `status` and `down` without an engine: words, choices, and what is told of pods."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

import scenarios.cli.cli
import scenarios.standing.status
import scenarios.standing.verbs
from cluster.agent.assignment import Assignment
from cluster.errors import ConfigurationError
from scenarios.standing.standing import Facts, Kept
from scenarios.standing.status import Watcher, changes, words
from scenarios.standing.up import plan

UUID = "3e11fa47-71ca-11e1-9e33-c80aa9429562"


def kept(
    name: str, *, run_id: str = "1", current: bool = True, pods: Mapping[str, str] = {"node1": "127.0.0.1"}
) -> Kept:
    facts = {"kind": "single", "mesh": "direct", "pods": dict(pods), "write": [], "read": [], "proxies": {}}
    facts |= {"control": "127.0.0.1", "passwords": {"meshbench_watch": "x"}, "started_at": "now"}
    return Kept(name=name, run_id=run_id, current=current, written=json.dumps(facts))


@pytest.mark.parametrize(
    ("words_", "says"),
    [
        ({"topology": "grop"}, "^up grop: topology.kind: unknown word 'grop'; did you mean 'group'"),
        ({"topology": "single", "pods": 3}, "^.*single.*pods must be 1"),
        ({"pods": 12}, "^--pods 12: topology.pods: expected 9 or less, got 12"),
        ({"mesh": "evoy"}, "^--mesh evoy: mesh.*'envoy'"),
        ({"name": "A b"}, "^--name A b: name: "),
        ({"settings": ["load.rate=5"]}, "^--set load.rate=5: there is no load.rate to set here; allowed: topology, "),
        ({"settings": ["mysql.config.server_id=5"]}, "^--set mysql.config.server_id=5: .* set by meshbench"),
        ({"settings": ["topology.pods=0"]}, "^--set topology.pods=0: topology.pods: "),
        ({"settings": ["topology=async"]}, "^--set topology=async: up group says otherwise; keep one of them"),
        ({"pods": 5, "settings": ["topology.pods=3"]}, "^--set topology.pods=3: --pods 5 says otherwise"),
        ({"settings": ["mesh=direct"]}, "^--set mesh=direct: --mesh envoy says otherwise"),
    ],
)
def test_a_bad_word_of_up_is_one_line(words_: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says) as caught:
        plan(**{"topology": "group", "mesh": "envoy", "settings": []} | words_)
    assert "\n" not in str(caught.value)


def test_words_of_up_are_a_scenario_s() -> None:
    name, scenario = plan("group", mesh="direct", pods=5, settings=["mysql.config.sync_binlog=0"])
    assert name == "group"
    assert (scenario.topology.pods, scenario.mesh.mode) == (5, "direct")
    assert scenario.mysql.config == {"sync_binlog": 0}
    assert plan("single", mesh="envoy", name="mine", settings=[])[0] == "mine"
    assert plan("single", settings=[])[1].mesh.word == "envoy"
    assert plan("single", settings=["mesh=direct"])[1].mesh.word == "direct"


def test_down_knows_which_one_or_asks() -> None:
    one, other = kept("a"), kept("b")
    chosen = scenarios.standing.verbs._chosen
    assert chosen([one], name=None, everything=False) == [one]
    assert chosen([one, other], name="b", everything=False) == [other]
    assert chosen([one, other], name=None, everything=True) == [one, other]
    for clusters, name, everything in (([one, other], None, False), ([one], "b", False), ([one], "a", True)):
        with pytest.raises(ConfigurationError, match="down"):
            chosen(clusters, name=name, everything=everything)


def test_facts_come_back_from_a_label_and_others_are_refused() -> None:
    assert isinstance(kept("a").facts, Facts)
    with pytest.raises(ConfigurationError, match="another version of meshbench; `meshbench down a`"):
        _ = Kept(name="a", run_id="1", current=True, written='{"topology": 1}').facts


def test_a_stale_cluster_is_told_and_not_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(scenarios.standing.verbs, "find", lambda: [kept("old", current=False)])
    assert scenarios.cli.cli.main(["status"]) == 0
    assert "old: stale" in capsys.readouterr().out


def test_status_of_a_cluster_by_name_shows_it_alone_or_says_which_there_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(scenarios.standing.verbs, "find", lambda: [kept("a", current=False), kept("b", current=False)])
    assert scenarios.cli.cli.main(["status", "b"]) == 0
    assert scenarios.cli.cli.main(["status", "c"]) == 2
    told = capsys.readouterr()
    assert told.out.startswith("b: stale")
    assert told.err == "meshbench: status c: no cluster of this name is up; up: a, b\n"


def test_ctrl_c_is_how_watching_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: list[Watcher]) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(scenarios.standing.verbs, "find", lambda: [kept("old", current=False)])
    monkeypatch.setattr(scenarios.standing.verbs, "changes", interrupted)
    assert scenarios.cli.cli.main(["status", "--watch"]) == 0


def row(
    role: str = "primary", *, read_only: bool = False, up: bool = True, quarantined: str | None = None
) -> dict[str, Any]:
    part = {"role": role, "state": "ONLINE", "read_only": read_only, "quarantined": quarantined}
    return {"name": "node1", "up": up, **part}


def test_who_is_quarantined_is_what_the_newest_assignment_of_any_agent_says(monkeypatch: pytest.MonkeyPatch) -> None:
    older = Assignment(version=3, quarantined={})
    newer = Assignment(version=4, quarantined={"node1": "errant transactions"})
    told = iter([older, newer])
    watcher = Watcher(kept("mine", pods={"node1": "127.0.0.1", "node2": "127.0.0.1"}))
    monkeypatch.setattr(scenarios.standing.status, "_told", lambda _: next(told))
    monkeypatch.setattr(scenarios.standing.status, "pod_row", lambda name, _: row() | {"name": name})
    assert [one["quarantined"] for one in watcher.pods()] == ["errant transactions", None]


def test_an_agent_that_does_not_answer_knows_nothing() -> None:
    assert scenarios.standing.status._told("127.0.0.1") == Assignment()  # nothing listens there


def test_changes_of_role_are_told_once_until_the_cluster_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    watcher = Watcher(kept("mine"))
    apart = row("replica", read_only=True, quarantined="errant transactions")
    seen = iter([[row()], [row()], [row("replica", read_only=True)], [apart], [row(up=False)]])
    monkeypatch.setattr(watcher, "pods", lambda: next(seen))
    monkeypatch.setattr(scenarios.standing.status, "find", list)
    monkeypatch.setattr(scenarios.standing.status, "WATCH_EVERY_S", 0)
    told = [line.partition("mine")[2] for line in changes([watcher])]
    assert told == [
        " node1: primary ONLINE -> replica ONLINE",
        " node1: replica ONLINE -> quarantined: errant transactions",
        " node1: quarantined: errant transactions -> does not answer",
        ": taken down",
    ]
    assert words(row(read_only=True)) == "primary ONLINE, read only"
