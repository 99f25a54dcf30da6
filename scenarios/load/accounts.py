"""What several load pods say, as one: a second of all of them, and the account of the whole load."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from history.load_events import Second
from loadgen.driver.responses import added
from scenarios.load.load_pod import LoadPod

#: What a pod's account counts; where one does not tell, the sum is not known.
COUNTS = ("offered", "ok", "fail", "unknown", "refused", "overflow", "expired", "retries", "in_flight")


def together(seconds: Sequence[Second]) -> Second:
    """One second of several pods: the sums, at the latest time."""
    summed = ("offered", "ok", "fail", "unknown", "refused", "backlog", "in_flight")
    latest = max(seconds, key=lambda second: second.t_s)
    return replace(
        latest,
        **{name: sum(getattr(second, name) for second in seconds) for name in summed},
        responses=added(second.responses for second in seconds),
    )


def merged(pods: Sequence[LoadPod]) -> dict[str, Any]:
    """The account of the whole load: sums, and of lateness the worst pod's.

    No quantile of all arrivals together is above the largest of the pods' own: in each pod at least that share of the
    arrivals was no later. So the worst is a bound, which is what a gate needs. dead: pods that did not end in order.
    """
    accounts = {pod.name: pod.account() for pod in pods}
    summed = (*COUNTS, "cpu_s", "connections_opened")
    totals: dict[str, Any] = {name: _sum([getattr(one, name) for one in accounts.values()]) for name in summed}
    late = [one.lateness_ms for one in accounts.values() if one.lateness_ms]
    totals["lateness_ms"] = {name: _worst([one[name] for one in late]) for name in late[0]} if late else None
    totals["complete"] = all(one.complete for one in accounts.values())
    if broken := [one for one in accounts.values() if one.task_errors]:  # of a locustfile
        totals |= {"task_errors": sum(one.task_errors or 0 for one in broken), "task_error": broken[0].task_error}
    totals["dead"] = [pod.name for pod in pods if pod.totals is None]
    if len(pods) > 1:
        totals["pods"] = {
            pod.name: {key: getattr(accounts[pod.name], key) for key in (*summed, "lateness_ms", "complete")}
            | pod.apart()
            for pod in pods
        }
    return totals


def _sum(values: list[Any]) -> Any:
    """None when one is not known: a sum of the others would be taken for the whole."""
    return None if None in values else round(sum(values), 6)


def _worst(values: list[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)
