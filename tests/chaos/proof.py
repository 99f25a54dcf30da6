"""The proof that a fault in SQL owes on a real pod: not there before, there after, gone when another has healed it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chaos.fault import Context, Evidence, Injection, Victim, await_evidence
from chaos.registry import FAULTS
from cluster.cluster import Cluster


def on(name: str, cluster: Cluster, pod: str, keys: Mapping[str, Any] | None = None) -> Injection[Any]:
    """A new injection, as another process would make it."""
    return FAULTS[name].read(keys or {}).on(Victim(pod=pod), Context(cluster=cluster))


def prove(name: str, cluster: Cluster, pod: str, *, keys: Mapping[str, Any] | None = None, other: str = "") -> Evidence:
    """Break and heal, each by an object of its own; returns what the bite showed. other: a pod that must stay sound."""
    before = on(name, cluster, pod, keys).effect()
    assert not before.ok, f"a sound pod must not look broken: {before.seen}"
    on(name, cluster, pod, keys).inject()
    try:
        bite = await_evidence(f"{name} shows", on(name, cluster, pod, keys).effect, timeout_s=10)
        assert bite.ok, bite.seen
        assert all(measure.kept for measure in bite.measures), bite.measures
        assert not on(name, cluster, pod, keys).residue().ok, "a broken pod must not look clean"
        if other:
            assert not on(name, cluster, other, keys).effect().ok, "it hit a pod that it was not aimed at"
    finally:
        on(name, cluster, pod, keys).heal()
        on(name, cluster, pod, keys).heal()  # twice is as good as once
    clean = await_evidence(f"{name} is gone", on(name, cluster, pod, keys).residue, timeout_s=20)
    assert clean.ok, clean.seen
    assert not on(name, cluster, pod, keys).effect().ok
    return bite


def prove_change(name: str, cluster: Cluster, pod: str, keys: Mapping[str, Any] | None = None) -> Evidence:
    """Make a planned change and undo it; returns what showed that it took effect."""
    change = on(name, cluster, pod, keys)
    assert not change.effect().ok
    change.inject()
    effect = await_evidence(f"{name} took effect", change.effect, timeout_s=10)
    assert effect.ok, effect.seen
    assert all(measure.kept for measure in effect.measures), effect.measures
    on(name, cluster, pod, keys).heal()
    on(name, cluster, pod, keys).heal()
    clean = await_evidence(f"nothing is left of {name}", on(name, cluster, pod, keys).residue, timeout_s=20)
    assert clean.ok, clean.seen
    return effect
