"""Which pods would have taken a write, and to which ones a proxy would have sent one, and when.

Read from the samples, on the careful side: a sample shows a state that was true some time after the sample before it,
so a stretch of like samples counts from its first to its last but one, and ends where nobody looked for BLIND_NS. What
lasts one sample period counts as nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from checks.evidence.blind import BLIND_NS
from checks.evidence.intervals import Span, intersection, union
from history.observed import Sample

WRITE_POOL = "write"


@dataclass(frozen=True, kw_only=True)
class Overlap:
    """Two pods that were both so, from start_ns to end_ns."""

    pods: tuple[str, str]
    start_ns: int
    end_ns: int


@dataclass(frozen=True, kw_only=True)
class Election:
    """A pod began to say that it is a writable primary, between earliest_ns and latest_ns."""

    pod: str
    earliest_ns: int
    latest_ns: int


def writable(seen: Iterable[Sample]) -> dict[str, list[Span]]:
    """When each pod was not read-only, whatever part it said it plays."""
    return _stretches((one.name, one.name, one.open_for_writes, one.at_ns) for one in seen if _is_pod(one))


def strays(seen: Iterable[Sample]) -> dict[str, list[Span]]:
    """When each pod was not read-only although it was no primary in service: it had left its group, say."""
    return _stretches(
        (one.name, one.name, one.open_for_writes and not one.writable, one.at_ns) for one in seen if _is_pod(one)
    )


def out_of_service(seen: Iterable[Sample]) -> dict[str, list[Span]]:
    """When each pod answered and was no primary in service, read-only or not."""
    return _stretches((one.name, one.name, one.up and not one.leads, one.at_ns) for one in seen if _is_pod(one))


def able_to_commit(seen: Iterable[Sample]) -> dict[str, list[Span]]:
    """When each pod was not read-only and could have acknowledged a write.

    A member commits only what most of its group agrees to. One that was frozen or cut off may go on for seconds as the
    primary of a group that has moved on without it: it can acknowledge nothing, and is not counted. One that is in no
    group asks nobody.
    """
    return _stretches(_with_consent([one for one in seen if _is_pod(one)]))


def _with_consent(seen: Iterable[Sample]) -> Iterable[tuple[str, str, bool, int]]:
    last: dict[str, Sample] = {}
    for sample in seen:
        able = sample.open_for_writes
        if able and sample.leads and len(sample.states) > 1:
            consenting = sum(
                member == sample.name or (state != "UNREACHABLE" and not _dissents(last.get(member), sample.name))
                for member, state in sample.states.items()
            )
            able = consenting * 2 > len(sample.states)
        last[sample.name] = sample
        yield sample.name, sample.name, able, sample.at_ns


def _dissents(member: Sample | None, name: str) -> bool:
    """Whether another member showed a group of its own in which the pod of that name is not, or is in none."""
    if member is None or not member.up:
        return False
    return member.state not in (None, "ONLINE") or (bool(member.states) and member.states.get(name) != "ONLINE")


def reachable(seen: Iterable[Sample]) -> dict[str, list[Span]] | None:
    """When each pod was in the write pool of some proxy; None if no proxy ever told of a write pool."""
    pools = [sample for sample in seen if sample.kind == "proxy" and WRITE_POOL in sample.healthy]
    if not pools:
        return None
    pods = sorted({pod for sample in pools for pod in sample.healthy[WRITE_POOL]})
    return _stretches(
        (pod, f"{sample.name} {pod}", sample.healthy[WRITE_POOL].get(pod, False), sample.at_ns)
        for sample in pools
        for pod in pods
    )


def overlaps(spans: dict[str, list[Span]]) -> list[Overlap]:
    """Every stretch in which two pods were so at once, in order of time."""
    found = [
        Overlap(pods=(one, other), start_ns=start, end_ns=end)
        for one, other in combinations(sorted(spans), 2)
        for start, end in intersection(spans[one], spans[other])
    ]
    return sorted(found, key=lambda overlap: overlap.start_ns)


def elections(seen: Sequence[Sample]) -> list[Election]:
    """When pods became primaries, as they said themselves.

    A pod that was not heard of for a while and then goes on as the primary it was (a frozen one) was not elected anew.
    """
    found: list[Election] = []
    last: dict[str, Sample] = {}
    for sample in seen:
        if not _is_pod(sample) or not sample.up:
            continue
        before = last.get(sample.name)
        if sample.writable and not (before and before.writable):
            earliest_ns = before.at_ns if before else sample.at_ns
            found.append(Election(pod=sample.name, earliest_ns=earliest_ns, latest_ns=sample.at_ns))
        last[sample.name] = sample
    return found


def _is_pod(sample: Sample) -> bool:
    return sample.kind == "pod"


def _stretches(points: Iterable[tuple[str, str, bool, int]]) -> dict[str, list[Span]]:
    """Spans by pod out of points (pod, source, whether, at_ns): each source's like points in a row make one stretch."""
    running: dict[str, list[int]] = {}
    spans: dict[str, list[Span]] = {}
    owners: dict[str, str] = {}

    def close(source: str) -> None:
        times = running.pop(source, [])
        if len(times) > 2:
            spans.setdefault(owners[source], []).append((times[0], times[-2]))

    for pod, source, whether, at_ns in points:
        owners[source] = pod
        if source in running and at_ns - running[source][-1] > BLIND_NS:
            close(source)
        if whether:
            running.setdefault(source, []).append(at_ns)
        else:
            close(source)
    for source in list(running):
        close(source)
    return {pod: union(own) for pod, own in spans.items()}
