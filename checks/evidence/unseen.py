"""Whom nobody saw: a proxy, a pod or a control plane that did its part of the load and never showed in the evidence.

One sample that says "down" is an observation. A thousand of them, and nothing else, of a proxy through which writes
were acknowledged are an observer that could not see: of what it was to show, such as the steps of a recovery, nothing
is known. Holes in time are the business of `checks.evidence.blind`. Judges nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from checks.evidence.operations import writes
from history.history import History

PUBLISHED = "published"


def unseen(history: History) -> list[str]:
    """One sentence each, without a full stop; empty without observed.parquet, and where no write was acknowledged."""
    attempted = writes(history.ops, history.workload)
    acked = attempted[attempted["outcome"] == "ok"]
    if history.observed is None or acked.empty:
        return []
    looks: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for sample in history.samples:
        looks[sample.kind, sample.name].append(sample.up)
    counts = {str(name): int(number) for name, number in acked["server"].value_counts().items()}
    return [
        *_proxies(history, looks, len(acked)),
        *_pods(looks, counts, len(acked)),
        *_control_plane(history, len(acked)),
    ]


def _proxies(history: History, looks: dict[tuple[str, str], list[bool]], acked: int) -> Iterator[str]:
    if history.run.mesh.is_direct:
        return
    through = "through the mesh" if sum(kind == "proxy" for kind, _ in looks) > 1 else "through it"
    for (kind, name), answers in looks.items():
        if kind == "proxy" and not any(answers):
            yield (
                f"proxy {name} never answered the observer ({len(answers):,} samples, all down), "
                f"while {acked:,} writes were acknowledged {through}"
            )
    if history.run.mesh.proxy is not None and not any(kind == "proxy" for kind, _ in looks):
        yield f"the observer never sampled the proxy, through which {acked:,} writes were acknowledged"


def _pods(looks: dict[tuple[str, str], list[bool]], counts: dict[str, int], acked: int) -> Iterator[str]:
    pods = {name: answers for (kind, name), answers in looks.items() if kind == "pod"}
    if not any(any(answers) for answers in pods.values()):
        looked = sum(len(answers) for answers in pods.values())
        yield f"no node ever answered the observer ({looked:,} samples), while {acked:,} writes were acknowledged"
        return
    for name, answers in pods.items():
        if name in counts and not any(answers):
            yield (
                f"{name} never answered the observer ({len(answers):,} samples, all down), "
                f"while {counts[name]:,} writes were acknowledged by it"
            )


def _control_plane(history: History, acked: int) -> Iterator[str]:
    """It publishes a pod as soon as it sees one that takes writes; before the load it sees none."""
    published = [one.detail.get("write") for one in history.decisions if one.event == PUBLISHED]
    if published and not any(published):
        yield f"the control plane never saw a node that takes writes, while {acked:,} writes were acknowledged"
