"""Whom nobody saw although the load went through it: told, and void where a gate rests on the recovery's steps."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from checks.evidence.unseen import unseen
from checks.judge import judge
from checks.recovery.waterfall import waterfall
from history.history import History
from reports.summary import summarise

if TYPE_CHECKING:
    from tests.checks.conftest import Run

MESH = {"mode": "gateway", "proxy": "envoy"}


def recovered(run: Run, **manifest: Any) -> History:
    """node1 is killed after two seconds, node2 takes over; the gateway and all pods are watched all the time."""
    run.traffic(0, 2000)
    run.traffic(3000, 10_000, server="node2")
    for at_ms in range(-500, 10_200, 100):
        dead, after = 2000 < at_ms < 8000, at_ms > 2900
        run.pod(at_ms, "node1", up=not dead, role="replica" if after else "primary", read_only=after)
        run.pod(at_ms, "node2", role="primary" if after else "replica", read_only=not after)
        run.pod(at_ms, "node3")
        run.proxy(at_ms, write={"node2": True} if after else {"node1": not dead})
    run.fault(injected_ms=2000, healed_ms=7000, clean_ms=8000)
    run.decide(-900, "published", write=[], read=[])
    run.decide(-500, "promoted", "node1")
    run.decide(2900, "promoted", "node2")
    run.decisions[-1] = replace(run.decisions[-1], epoch=2)
    run.decide(-400, "published", write=["node1"], read=["node2", "node3"])
    return run.history(manifest={"mesh": MESH, **manifest})


def never_up(history: History, *names: str) -> History:
    assert history.observed is not None
    observed = history.observed.copy()
    chosen = observed["name"].isin(names)
    assert chosen.any()
    observed.loc[chosen, "up"] = False
    observed.loc[chosen, ["role", "state", "read_only", "endpoints", "view"]] = None
    return replace(history, observed=observed)


def test_where_everybody_answered_nothing_is_said(run: Run) -> None:
    history = recovered(run, gates={"response_p99_after_ms": 1000})
    assert unseen(history) == []
    judgement = judge(history)
    assert (judgement.verdict, judgement.void_reasons) == ("pass", [])
    assert summarise(history, judgement)["unseen"] == []


def test_a_proxy_that_never_answered_makes_a_gate_on_recovery_void(run: Run) -> None:
    judgement = judge(never_up(recovered(run, gates={"response_p99_after_ms": 1000}), "gateway"))
    assert judgement.verdict == "void"
    assert judgement.void_reasons == [
        "proxy gateway never answered the observer (107 samples, all down), while 450 writes were acknowledged through "
        "it, and gate response_p99_after_ms rests on what was to be seen"
    ]


def test_without_such_a_gate_the_run_passes_and_says_so(run: Run) -> None:
    history = never_up(recovered(run, gates={"lost": 0}), "gateway")
    judgement = judge(history)
    assert judgement.verdict == "pass"
    summary = summarise(history, judgement)
    assert summary["unseen"] == unseen(history)
    assert (
        "Evidence is missing: proxy gateway never answered the observer (107 samples" in summary["headline"]["look_at"]
    )


def test_the_waterfall_names_the_source_that_is_missing(run: Run) -> None:
    history = never_up(recovered(run), "gateway")
    (rerouted,) = [step for step in waterfall(history, history.faults[0]) if step.step == "rerouted"]
    assert rerouted.source == "ops: start of the first write acknowledged"
    assert rerouted.note == "no proxy ever answered the observer"


def test_a_proxy_that_nobody_looked_at_is_missed(run: Run) -> None:
    history = recovered(run)
    assert history.observed is not None
    history = replace(history, observed=history.observed[history.observed["kind"] == "pod"])
    assert unseen(history) == ["the observer never sampled the proxy, through which 450 writes were acknowledged"]
    direct = replace(history, manifest={"mesh": {"mode": "direct", "proxy": None}})
    assert unseen(direct) == []


def test_a_pod_that_acknowledged_writes_and_never_answered_is_named(run: Run) -> None:
    history = never_up(recovered(run, gates={"response_p99_during_ms": 10_000}), "node2")
    assert unseen(history) == [
        "node2 never answered the observer (107 samples, all down), while 350 writes were acknowledged by it"
    ]
    assert judge(history).verdict == "void"


def test_a_pod_that_had_no_part_in_the_load_may_be_down(run: Run) -> None:
    assert unseen(never_up(recovered(run), "node3")) == []


def test_an_observer_that_saw_no_pod_at_all_is_told_whoever_acknowledged(run: Run) -> None:
    history = never_up(recovered(run), "node1", "node2", "node3")
    ops = history.ops.assign(server=None)
    assert unseen(replace(history, ops=ops)) == [
        "no node ever answered the observer (321 samples), while 450 writes were acknowledged"
    ]


def test_a_proxy_of_several_is_told_by_its_name(run: Run) -> None:
    for at_ms in range(0, 10_000, 100):
        run.proxy(at_ms, "sidecar-load1", write={"node1": True})
        run.proxy(at_ms, "sidecar-load2", write={"node1": True})
    (told,) = unseen(never_up(recovered(run), "sidecar-load2"))
    assert told.startswith("proxy sidecar-load2 never answered")
    assert told.endswith("450 writes were acknowledged through the mesh")


def test_a_control_plane_that_never_saw_a_primary_is_told(run: Run) -> None:
    history = recovered(run)
    blind = tuple(replace(one, detail={"write": [], "read": []}) for one in history.decisions)
    assert unseen(replace(history, decisions=blind)) == [
        "the control plane never saw a node that takes writes, while 450 writes were acknowledged"
    ]


@pytest.mark.parametrize("missing", ["observed", "writes"])
def test_who_claims_nothing_is_not_blind(run: Run, missing: str) -> None:
    history = never_up(recovered(run), "gateway", "node1")
    if missing == "observed":
        history = replace(history, observed=None)
    else:
        history = replace(history, ops=history.ops.assign(outcome="unknown"))
    assert unseen(history) == []
