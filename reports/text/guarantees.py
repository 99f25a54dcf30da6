"""What a way to replicate promises about acknowledged commits, with the settings that were in effect.

A matrix of a few trials can show that money was lost; that none was lost proves little. So the page sets the promise
beside the measurement. What decides it besides the topology: sync_binlog and innodb_flush_log_at_trx_commit (whether a
commit is on disk before it is acknowledged), and of semi-sync how long it waits, for how many, and at which point.
Source: MySQL 9.7 Reference Manual, "Semisynchronous Replication", "Group Replication" and "InnoDB Startup Options".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from history.manifest import Manifest
from history.older.topologies import BY_KIND
from reports.summary_types import PromiseRow

Variables = Mapping[str, Mapping[str, Any]]

#: A semi-synchronous commit that waits for a day outwaits every run.
FOREVER_MS = 24 * 3600 * 1000
DURABLE = {"sync_binlog": "1", "innodb_flush_log_at_trx_commit": "1"}
UNKNOWN_SETTINGS = "which settings were in effect is not known, and these promises rest on durable ones"


class Promise(NamedTuple):
    """may_lose: whether the loss of the primary alone may lose acknowledged commits. why: in a sentence or two."""

    may_lose: bool
    why: str


_ONE_COPY = Promise(False, "there is one copy: nothing to fail over to, nothing to fall behind")
_GROUP = Promise(False, "a commit is acknowledged once a majority of the group has received it")
_BY_GUARANTEE = {
    "primary": Promise(True, "a commit is acknowledged before any replica has it"),
    "replica": Promise(False, "a commit is acknowledged once a replica has it"),
    "majority": _GROUP,
}


def promise(kind: str, *, pods: int | None = None, variables: Variables | None = None) -> Promise | None:
    """Of a topology; None of one that is not known. pods: how many. variables: pod -> its SHOW GLOBAL VARIABLES, as a
    run recorded them; without them it is said that the settings are not known."""
    facts = BY_KIND.get(kind)
    if pods == 1 or (facts is not None and not facts.replicates):
        design = _ONE_COPY
    elif facts is not None:
        design = _BY_GUARANTEE[facts.guarantee]
    else:
        return None
    waits = design is _BY_GUARANTEE["replica"]
    if not variables or not all(DURABLE.keys() <= pod.keys() for pod in variables.values()):
        return Promise(design.may_lose, f"{design.why}; {UNKNOWN_SETTINGS}")
    against = [*_not_durable(variables), *(_semisync(variables) if waits else [])]
    if against:
        return Promise(True, f"{'; '.join(against)}. By design {design.why}")
    held = ", ".join(f"{name} = {value}" for name, value in DURABLE.items())
    also = _semisync_holds(variables) if waits else ""
    return Promise(design.may_lose, f"{design.why} (in effect: {held}{also})")


def _not_durable(variables: Variables) -> Iterator[str]:
    """Settings with which a commit is acknowledged before it is on disk."""
    what = {
        ("innodb_flush_log_at_trx_commit", "0"): "a crash of mysqld loses what was acknowledged within the last second",
        (
            "innodb_flush_log_at_trx_commit",
            "2",
        ): "a crash of the machine loses what was acknowledged in the last second",
        ("sync_binlog", ""): "a crash of the machine loses acknowledged commits from the binary log",
    }
    for name, durable in DURABLE.items():
        for pod, value in _differing(variables, name, durable):
            why = what.get((name, value)) or what[("sync_binlog", "")]
            yield f"{name} = {value} on {pod}: {why}"
            break


def _semisync(variables: Variables) -> Iterator[str]:
    """Settings with which semi-sync acknowledges, or shows, what no replica has."""
    prefix = "rpl_semi_sync_source"
    enabled = [str(pod.get(f"{prefix}_enabled", "")) for pod in variables.values()]
    if "ON" not in enabled:
        yield f"{prefix}_enabled is ON nowhere: nothing waits for a replica"
    timeouts = {pod: _whole(values.get(f"{prefix}_timeout")) for pod, values in variables.items()}
    for pod, timeout_ms in timeouts.items():
        if timeout_ms is None or timeout_ms < FOREVER_MS:
            after = "an unknown time" if timeout_ms is None else f"{timeout_ms / 1000:g} s"
            yield f"{prefix}_timeout on {pod}: after {after} without a replica a commit is acknowledged without one"
            break
    for pod, value in _differing(variables, f"{prefix}_wait_point", "AFTER_SYNC"):
        yield f"{prefix}_wait_point = {value} on {pod}: others see a commit before any replica has it"
        break
    for pod, value in _differing(variables, f"{prefix}_wait_no_replica", "ON"):
        yield f"{prefix}_wait_no_replica = {value} on {pod}: with too few replicas a commit waits for none"
        break


def _semisync_holds(variables: Variables) -> str:
    """What a semi-synchronous promise rests on, beside durable settings."""
    counts = sorted({str(pod.get("rpl_semi_sync_source_wait_for_replica_count", "?")) for pod in variables.values()})
    return (
        f", AFTER_SYNC, no time limit, {' or '.join(counts)} to wait for; a replica that crashes as well drops what it "
        "has received and not applied, and may have the only copy"
    )


def _differing(variables: Variables, name: str, wanted: str) -> list[tuple[str, str]]:
    """(pod, value) where a setting is another; a pod that does not tell has none."""
    told = [(pod, str(values[name])) for pod, values in variables.items() if name in values]
    return [(pod, value) for pod, value in told if value != wanted]


def _whole(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def promise_of(run: Manifest, *, broken: Sequence[str] = ()) -> PromiseRow | None:
    """What a run's own topology promised with the settings that its manifest recorded; None where it says neither.

    broken: how it did not hold in this run, in words; then that is what is said first.
    """
    topology = run.topology
    found = promise(str(topology.kind), pods=topology.pods, variables=run.variables or None)
    if found is not None and broken:
        found = Promise(True, f"the promise did not hold in this run: {'; '.join(broken)}. By settings: {found.why}")
    return None if found is None else {"may_lose": found.may_lose, "why": found.why}
