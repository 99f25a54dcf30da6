"""A system that carries one measured load after the other: pods, mesh and data once, then step by step.

Between two steps it comes to rest: what a step could not carry is given up, its sessions end, and the replicas apply
what they have received. So a step that overloaded does not spoil the next.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pandas as pd

from cluster.errors import HarnessError
from cluster.front import AskPools
from cluster.mysqld import requested
from cluster.platform.platform import Platform, Process
from cluster.wait import WaitTimeoutError, wait_until
from history.load_events import Second
from mesh.proxies.lookup import PROXIES
from reports.capacity.figures import figures
from reports.capacity.limits import limits
from reports.capacity.step import Outcome, Purpose, Step
from scenarios.capacity.offered import offered
from scenarios.capacity.usage import Meter
from scenarios.last_resort import in_one_line
from scenarios.load.load import Load
from scenarios.load.set_up import fill, require_options
from scenarios.run import collect
from scenarios.run.agreement import require_agreement
from scenarios.run.boot import assemble, boot, first_write
from scenarios.run.host import Noise
from scenarios.schema.scenario import Scenario
from scenarios.schema.user_keys import secrets_of
from scenarios.signals import undisturbed
from scenarios.user_code.workload_class import run_s_workload

log = logging.getLogger("meshbench")

#: Before what is counted; the test for the end of the warm-up then looks at what is left.
WARM_UP_S = 3.0
#: Of what is counted, where nobody says otherwise: 99 % of 100/s are then 8 operations above, which is few and enough.
DURATION_S = 8.0
#: For the pods to agree again after a step.
REST_TIMEOUT_S = 90.0
FAILOVER_TIMEOUT_S = 90.0
REJOIN_TIMEOUT_S = 150.0
#: For the proxies to see that a replica is gone, or back.
READS_TIMEOUT_S = 30.0


class System:
    """Everything of it runs from ``with`` on, and is removed at its end whatever happens.

    folder: gets ``steps/`` and ``logs/``; several systems may share one. cluster, mesh: those that run. lost: the
    nodes that are dead now. taken_percent: of the machine's CPU in the last step, what other processes had while pods
    waited for it. load: the last one, whose pods the next one takes over; it and the mesh may be exchanged between two
    steps. beside: processes of this machine that count as usage of kind ``other``, by name.
    """

    def __init__(self, scenario: Scenario, *, platform: Platform, folder: Path) -> None:
        self._scenario, self._folder = scenario, folder
        self._run_id = secrets.token_hex(4)
        self.cluster, self.mesh = assemble(
            scenario.topology_spec(),
            scenario.mesh.spec(),
            platform=platform,
            run_id=self._run_id,
            down_after_s=scenario.down_after_s,
        )
        self.lost: set[str] = set()
        self.taken_percent = 0.0
        self.load: Load | None = None
        self.beside: dict[str, int] = {}

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end()

    def _start(self) -> None:
        scenario, cluster, mesh = self._scenario, self.cluster, self.mesh
        workload = run_s_workload(scenario, cluster)
        boot(cluster, mesh)
        effect = require_options(cluster, scenario)
        if not mesh.entrance:  # the way in is the sidecar of the first load pod
            self.load = Load(cluster, mesh, scenario, role="none")
            self.load.open()
        fill(cluster, mesh, scenario, workload)
        require_agreement(cluster, {"options": effect.options})

    def _end(self) -> None:
        with undisturbed():
            try:
                self._keep_logs()
            except Exception as error:  # noqa: BLE001  what goes wrong here must not keep the pods from being removed
                log.warning("logs could not be kept: %s", in_one_line(error))
            self.cluster.stop()

    def measure(
        self,
        rate_tps: float | None,
        *,
        purpose: Purpose,
        setting: str = "n",
        duration_s: float = DURATION_S,
        meanwhile: Callable[[], None] | None = None,
    ) -> Step:
        """Offer a load, and say what came of it. rate_tps: arrivals a second; None: a closed loop that saturates.

        duration_s: of what is counted, before the warm-up is cut off. meanwhile: called as the counting begins; the
        warm-up was over by then. Raises HarnessError when the load broke, or the pods did not come to rest after it.
        """
        number = 1 + sum(1 for _ in self._folder.glob("steps/*"))
        folder = self._folder / "steps" / f"{number:02d}-{'closed' if rate_tps is None else f'{rate_tps:.0f}'}"
        (folder / "ops").mkdir(parents=True)
        lasts_s = WARM_UP_S + duration_s
        scenario = offered(self._scenario, rate_tps, lasts_s=lasts_s, number=number)
        load = Load(self.cluster, self.mesh, scenario, role=f"locust{number}", after=self.load)
        self.load = load
        meter = Meter(self._run_id, self.cluster, beside=self.beside)
        before_ns = time.monotonic_ns()
        meter.start()
        try:
            zero_ns = load.start()
            within = before_ns, time.monotonic_ns()
            noise = Noise(self._run_id)
            load.run(_Once(meanwhile, at_s=WARM_UP_S).second)
        finally:
            meter.stop()
        self.taken_percent = noise.stop()["cpu_pressure_percent"] or 0.0
        if not load.totals["complete"]:
            raise HarnessError(f"step {number}: a load pod ended early; see its log")
        for pod in load.pods:
            collect.operations(pod.container, pod.ops_file, folder, worker=pod.name, within=within, clock=pod.clock)
        self.rest()
        found = figures(
            pd.read_parquet(folder / "ops"),
            scenario.workload.facts,
            start_ns=zero_ns if meanwhile is None else zero_ns + round(WARM_UP_S * 1e9),
            until_ns=zero_ns + round(lasts_s * 1e9),
            all_counts=meanwhile is not None,
        )
        used = meter.usage(
            transactions=found.acknowledged,
            since_ns=found.since_ns,
            until_ns=zero_ns + round(lasts_s * 1e9),
            late_p99_ms=(load.totals["lateness_ms"] or {}).get("p99"),
        )
        step = Step(
            purpose=purpose,
            setting=setting,
            offered_tps=rate_tps or 0.0,
            **{field.name: getattr(found, field.name) for field in fields(Outcome)},
            usage=used,
            limits=(),
            folder=folder.relative_to(self._folder).as_posix(),
        )
        proxy = scenario.mesh.proxy
        threads = PROXIES[proxy].threads if proxy is not None else None
        return replace(step, limits=limits(step, clients=scenario.load.connections, proxy_threads=threads))

    @contextmanager
    def offering(self, options: Mapping[str, Any]) -> Iterator[None]:
        """Within it the steps' workload has these options, which must go with the same data."""
        before = self._scenario
        workload = before.workload.model_copy(update={"options": {**before.workload.options, **options}})
        self._scenario = before.model_copy(update={"workload": workload})
        try:
            yield
        finally:
            self._scenario = before

    def replica(self) -> str:
        """A living node that does not lead."""
        leader = self.cluster.membership.primary()
        return next(name for name in reversed(self.cluster.pods) if name != leader and name not in self.lost)

    def lose(self, node: str | None = None) -> str:
        """Kill a node's mysqld, by default the primary's, wait until the others take writes, and return its name."""
        node = node or self.cluster.membership.primary()
        self.lost.add(node)
        self._mysqld(node).kill()

        def led_by_another() -> bool:
            return self.cluster.membership.primary() != node

        wait_until(f"another node than {node} takes writes", led_by_another, timeout_s=FAILOVER_TIMEOUT_S)
        first_write(self.cluster, self.mesh)
        return node

    def rejoin(self, node: str) -> None:
        """Start the mysqld of a node that was lost. Returns at once: that it is in service `wait_for` says."""
        self._mysqld(node).start()

    def wait_for(self, node: str) -> None:
        """Wait until a node that was started again is in service and has caught up."""
        self.cluster.membership.bring_back(node, timeout_s=REJOIN_TIMEOUT_S)
        self.lost.discard(node)
        self.rest()

    def await_reads(self, node: str, *, served: bool) -> None:
        """Wait until every proxy sends reads to a node, or none does any more.

        A proxy whose list of pods is fixed never says so: after READS_TIMEOUT_S it is left at that, and logged.
        """

        def seen() -> bool:
            pools = [pool for ask in self.mesh.proxies().values() if (pool := _read_pool(ask)) is not None]
            return all((node in pool) is served for pool in pools)

        what = f"the proxies {'send reads to' if served else 'send no reads to'} {node}"
        try:
            wait_until(what, seen, timeout_s=READS_TIMEOUT_S, tolerate=HarnessError)
        except WaitTimeoutError as late:
            log.warning("%s; going on as it is", late)

    def rest(self) -> None:
        """Wait until the living nodes have executed the same; raises HarnessError when they do not."""
        living = [pod for name, pod in self.cluster.pods.items() if name not in self.lost]

        def agreed() -> bool:
            statuses = self.cluster.status(living).values()
            return len({status.gtid_executed if status else None for status in statuses} | {None}) == 2

        now = self.cluster.membership.disagreement
        wait_until("the replicas have applied what the step wrote", agreed, timeout_s=REST_TIMEOUT_S, now=now)

    def _mysqld(self, node: str) -> Process:
        return self.cluster.pods[node].containers["mysqld"]

    def _keep_logs(self) -> None:
        folder = self._folder / "logs" / self._run_id
        folder.mkdir(parents=True)
        pods = [*self.cluster.pods.values(), *self.cluster.guests.values()]
        containers = [one for pod in pods for role, one in pod.containers.items() if role != "pause"]
        hidden = [*self.cluster.credentials.secrets(), *secrets_of(self._scenario.load.environment)]
        error_log = requested.error_log(self.cluster.topology)
        collect.logs(containers, folder, hide=hidden, error_log=error_log)


def _read_pool(ask: AskPools) -> set[str] | None:
    """The nodes that a proxy sends reads to; None of one that has no such pool, beside a mysqld. Raises HarnessError
    without a usable answer."""
    try:
        pool = ask().get("read")
    except (OSError, ValueError, KeyError) as error:
        raise HarnessError(f"a proxy does not say: {in_one_line(error)}") from None
    return None if pool is None else {node for node, endpoint in pool.items() if endpoint["healthy"]}


class _Once:
    """Calls something as soon as a load has gone on for a while."""

    def __init__(self, then: Callable[[], None] | None, *, at_s: float) -> None:
        self._then, self._at_s = then, at_s

    def second(self, second: Second) -> None:
        if self._then is not None and second.t_s >= self._at_s - 0.5:  # a second is told when it is over
            then, self._then = self._then, None
            then()
