"""Who was the limit of a step, with the numbers that say so. Pure; the first one named is the one to look at first.

What is named is at a ceiling of its own, not merely the largest:

- **generator**: the load itself. Fewer operations were due than asked for; or a load worker, which is one Python
  process and so can use one core, used most of it (then also `load_cpu`); or what was due and had a free client was
  sent late although the machine had processors to spare. On a machine that is full, lateness is the machine's.
- **CPU**: the processors of the machine were busy. It is put down to mysqld or the proxy where that took more than half
  of what was used. `proxy_cpu` also where one proxy used all of its worker threads on a machine with room.
- **fsync**: a commit waits for two syncs, one after the other, of redo log and binary log, and of each only one is
  under way at a time. Measured on a single server whose processors had room: 0.7 s of each second while it carried
  more with more asked for, and 0.88 to 0.94 s, however much was asked for, beyond.
- **row_locks, flow_control**: sessions wait in them, as a share of all operations in flight.
- **replica_apply**: a replica has seconds of work waiting, which it gets only so long as the load goes on.
- **connections**: the server's limit; or, where nothing else is at its limit, that all clients of the load were busy.

Where several are, processors come first: what has to wait for a processor also holds its locks longer, and the other
way round it has none to wait for.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from checks.noise import HELD_BY_DEFAULT, LATENESS
from reports.capacity.step import Limit, Step

#: Of a ceiling. A queue before something that is busy for 90 % of the time is ten times as long as its service takes
#: (M/M/1), and no mean over some seconds of bursty work comes closer to 100 %.
FULL = 0.9
#: Of what was asked for, ...
OFFERED_AT_LEAST = 0.9
#: ... and by so many standard deviations of a Poisson count fewer: of few arrivals, many may be missing by chance.
_CHANCE = 4.0
#: What makes a run void, too.
LATE_MS = HELD_BY_DEFAULT[LATENESS]
#: Of the CPU time used, to be the one who fills the machine.
MOST = 0.5
FSYNC_SHARE = 0.85
#: Of the operations in flight.
WAITING_SHARE = 0.3
#: Work of a replica that waits, in seconds at the rate of the step.
BEHIND_S = 2.0
CONNECTED_SHARE = 0.95


def limits(step: Step, *, clients: int | None = None, proxy_threads: int | None = None) -> tuple[Limit, ...]:
    """Empty where none is known. clients: connections that the load may use at a time, of all its workers.
    proxy_threads: worker threads of one proxy; None: as many as the machine has processors."""
    found = [
        *_generator(step),
        *_processors(step, proxy_threads=proxy_threads),
        *_syncs(step),
        *_waits(step),
        *_replicas(step),
        *_server_connections(step),
    ]
    return tuple(found or _clients(step, clients))


def _generator(step: Step) -> Iterator[Limit]:
    usage = step.usage
    workers = usage.pods.get("load")
    busiest_cores = workers.busiest_cpu_cores if workers else 0.0
    late_ms = usage.generator_late_p99_ms or 0.0
    if busiest_cores >= FULL:
        evidence = f"a load worker, one process, used {busiest_cores:.2f} of the one core that it can use"
        yield Limit(what="generator", evidence=evidence)
        yield Limit(what="load_cpu", evidence=evidence)
    elif _too_few_were_due(step):
        evidence = f"{step.arrived_tps:.0f}/s were due of {step.offered_tps:.0f}/s asked for"
        yield Limit(what="generator", evidence=evidence)
    elif late_ms > LATE_MS and usage.host_cpu_cores is not None and not _machine_full(step):
        evidence = (
            f"one operation in 100 was sent {late_ms:.0f} ms late or later, with {usage.host_cpu_cores:.2f} of "
            f"{usage.host_cpus} processors busy"
        )
        yield Limit(what="generator", evidence=evidence)


def _too_few_were_due(step: Step) -> bool:
    asked, due = step.offered_tps * step.duration_s, step.arrived_tps * step.duration_s
    return due < min(OFFERED_AT_LEAST * asked, asked - _CHANCE * math.sqrt(asked))


def _machine_full(step: Step) -> bool:
    return (step.usage.host_cpu_cores or 0.0) >= FULL * step.usage.host_cpus


def _processors(step: Step, *, proxy_threads: int | None) -> Iterator[Limit]:
    usage = step.usage
    proxies = usage.pods.get("proxy")
    if _machine_full(step):
        busy_cores = usage.host_cpu_cores or 0.0
        by = {
            "mysqld": usage.cpu_cores("primary", "replica"),
            "proxies": usage.cpu_cores("proxy"),
            "load workers": usage.cpu_cores("load"),
            "all else": max(0.0, busy_cores - usage.cpu_cores("primary", "replica", "proxy", "load")),
        }
        shares = ", ".join(f"{name} {cores:.2f}" for name, cores in by.items())
        evidence = f"{busy_cores:.2f} of {usage.host_cpus} processors were busy: {shares}"
        if by["mysqld"] > MOST * busy_cores:
            yield Limit(what="mysqld_cpu", evidence=evidence)
        if by["proxies"] > MOST * busy_cores:
            yield Limit(what="proxy_cpu", evidence=evidence)
        yield Limit(what="host_cpu", evidence=evidence)
    elif proxies and proxy_threads and proxies.busiest_cpu_cores >= FULL * proxy_threads:
        evidence = f"a proxy used {proxies.busiest_cpu_cores:.2f} cores with {proxy_threads} worker threads"
        yield Limit(what="proxy_cpu", evidence=evidence)


def _syncs(step: Step) -> Iterator[Limit]:
    share = step.usage.server.get("fsync_share", 0.0)
    if share >= FSYNC_SHARE:
        number = step.usage.server.get("fsyncs_per_s")
        many = "" if number is None else f", {number:.0f} of them"
        yield Limit(what="fsync", evidence=f"syncs to disk took {share:.2f} s of each second{many}")


def _waits(step: Step) -> Iterator[Limit]:
    """Both are counted by the server as the time that all sessions spent waiting, a second."""
    server, in_flight = step.usage.server, step.concurrency
    if not in_flight > 0:  # of none, none waited; NaN where it is not known
        return
    locked, held_back = server.get("row_lock_wait_share", 0.0), server.get("flow_control_share", 0.0)
    if locked > WAITING_SHARE * in_flight:
        evidence = f"{locked:.1f} of {in_flight:.1f} operations in flight waited for a row lock"
        yield Limit(what="row_locks", evidence=evidence)
    if held_back > WAITING_SHARE * in_flight:
        evidence = f"{held_back:.1f} of {in_flight:.1f} operations in flight were held back by flow control"
        yield Limit(what="flow_control", evidence=evidence)


def _replicas(step: Step) -> Iterator[Limit]:
    queue = step.usage.server.get("applier_queue", 0.0)
    if step.achieved_tps > 0 and queue > BEHIND_S * step.achieved_tps:
        evidence = f"a replica had {queue:,.0f} transactions to apply, {queue / step.achieved_tps:.1f} s of this load"
        yield Limit(what="replica_apply", evidence=evidence)


def _server_connections(step: Step) -> Iterator[Limit]:
    connected, most = (step.usage.server.get(name) for name in ("threads_connected", "max_connections"))
    if connected is not None and most is not None and connected >= CONNECTED_SHARE * most:
        evidence = f"{connected:.0f} sessions of max_connections {most:.0f} were open"
        yield Limit(what="connections", evidence=evidence)


def _clients(step: Step, clients: int | None) -> Iterator[Limit]:
    if clients and step.concurrency >= CONNECTED_SHARE * clients:
        evidence = (
            f"{step.concurrency:.1f} of the {clients} connections of the load were busy, and nothing else was at its "
            "limit: more may carry more (load.connections)"
        )
        yield Limit(what="connections", evidence=evidence)
