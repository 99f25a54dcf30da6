"""One run, from a checked scenario to a judged run folder.

Boot, route, set up, observe, load, break, heal, converge, read the end state, judge, report, remove. Whatever happens,
faults are healed, every container's log is kept, and every container, network and volume of the run is removed. Once
the load has ended the run is judged, whatever fails after it (`scenarios.run.salvage`).
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pymysql

from chaos.injector import Injector
from cluster.errors import ConfigurationError, HarnessError
from cluster.joining import brought
from cluster.mysqld import options, requested
from cluster.mysqld.extras_of_image import require_extras
from cluster.platform import images
from cluster.platform.platform import Platform, Pod, Process
from cluster.topologies.replication import primaries, replication_facts
from history.json_files import HistoryError
from history.load_events import Second
from history.manifest import SCHEMA, PartOf
from loadgen.errors import ConfigError
from mesh.mesh import Mesh
from mesh.proxies.lookup import PROXIES
from observer.start import start_observer
from reports.seal import evidence_of
from reports.summary_types import Summary
from scenarios.last_resort import foreign, in_one_line, keep_traceback
from scenarios.live.publisher import publisher_of
from scenarios.load import calibrate
from scenarios.load.load import Load
from scenarios.load.remote_workers import Elsewhere
from scenarios.load.set_up import fill, require_options
from scenarios.load.web_ui import forwarded
from scenarios.run import collect, host, versions
from scenarios.run.agreement import require_agreement
from scenarios.run.boot import assemble, boot
from scenarios.run.end_state import final_state
from scenarios.run.judging import judged_and_sealed
from scenarios.run.manifest_content import ManifestContent, MeshContent
from scenarios.run.remember import remember
from scenarios.run.run_folder import RunFolder
from scenarios.run.salvage import Salvage
from scenarios.run.same_clock import step_note
from scenarios.run.series import write_series
from scenarios.schema.scenario import Scenario
from scenarios.schema.user_keys import secrets_of, without_values
from scenarios.signals import undisturbed
from scenarios.user_code.pod import described
from scenarios.user_code.workload_class import run_s_workload

log = logging.getLogger("meshbench")

CONVERGE_TIMEOUT_S = 60.0


class Run:
    """Everything one run has; `execute` is the story."""

    def __init__(
        self,
        scenario: Scenario,
        *,
        platform: Platform,
        runs: Path,
        command: list[str],
        web_page: bool = False,
        elsewhere: Elsewhere | None = None,
        part_of: PartOf | None = None,
    ) -> None:
        """web_page: Locust's, on 127.0.0.1 while the load lasts (``run --live``)."""
        self._scenario = scenario
        self._web_page = web_page
        self._elsewhere = elsewhere
        self._run_id = secrets.token_hex(4)
        self._runs = runs
        self._folder = RunFolder(runs, scenario=scenario.name, seed=scenario.seed)
        self._cluster, self._mesh = assemble(
            scenario.topology_spec(),
            scenario.mesh.spec(),
            platform=platform,
            run_id=self._run_id,
            spare_pods=scenario.spare_pods,
            down_after_s=scenario.down_after_s,
        )
        self._workload = run_s_workload(scenario, self._cluster)
        self._durations_s: dict[str, float] = {}
        made_of = versions.of_machine()
        self._queries: Mapping[str, str] = {}
        self._load_began: collect.Moments
        self._observer_began_ns = 0
        self._manifest: ManifestContent = {
            "schema": SCHEMA,
            "scenario": scenario.model_dump(mode="json"),
            "gates": scenario.gates.numbers(),
            "workload": scenario.workload.facts.as_json(),
            "seed": scenario.seed,
            "command": without_values(command),
            "part_of": None if part_of is None else asdict(part_of),
            "started_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "monotonic_zero_unix_ns": host.monotonic_zero_unix_ns(),
            "git_commit": made_of["commit"] and made_of["commit"] + ("+" if made_of["dirty"] else ""),
            "versions": made_of,
            "host": host.describe(),
            "topology": {
                "kind": scenario.topology.kind,
                "pods": scenario.topology.pods,
                "primaries": self._cluster.topology.primaries,
                "can_lose": scenario.can_lose,
                "replication": replication_facts(self._cluster.topology.replication),
                "extras": [extra.name for extra in self._cluster.topology.extras],
            },
            "mesh": _describe_mesh(scenario),
            "durations_s": self._durations_s,
        }
        if composed := scenario.composed():
            self._manifest["composed"] = composed
        if own := described(scenario, platform.image("tools")):
            self._manifest["own"] = own
        self._salvage = Salvage(self._manifest, self._folder)
        #: For whoever looks on while it lasts.
        self.live = publisher_of(
            scenario, run_id=self._run_id, folder=self.folder, runs=runs, started_at=self._manifest["started_at"]
        )

    @property
    def folder(self) -> Path:
        return self._folder.path

    def execute(self, on_second: Callable[[Second], None]) -> Summary:
        """Run and judge; returns the summary. Raises ConfigurationError, HarnessError, OSError or KeyboardInterrupt,
        and whatever a defect of meshbench raises, whose traceback is then among the logs."""
        with self.live:
            return self._executed(on_second)

    def _executed(self, on_second: Callable[[Second], None]) -> Summary:
        try:
            self._trial(on_second)
            with self._salvage.step("keeping logs/", evidence=False):
                self._keep_logs()
        except BaseException as error:
            self._keep_what_it_left(error)
            if isinstance(error, ConfigError):
                raise ConfigurationError(str(error)) from error
            if (told := foreign(error)) is not None:
                raise self._blamed(error, told) from error
            raise
        finally:
            gone = self._salvage.step("removing the run's pods (`meshbench gc` does it)", evidence=False)
            with undisturbed(), self._phase("remove"), gone:
                self._cluster.stop()
        self._folder.write_json("manifest.json", {**self._manifest, "evidence": evidence_of(self.folder)})
        try:
            with self.live.phase("judge"):
                summary = judged_and_sealed(self.folder)
        except HistoryError as error:
            raise HarnessError(f"what this run has recorded cannot be judged: {error}") from error
        except Exception as error:
            keep_traceback(error, self._folder)
            raise
        try:
            self._folder.point_latest()
        except OSError as error:  # the run is judged, and where it lies is said anyway
            log.warning("runs/latest could not be pointed at it: %s", error)
        remember(self.folder, self._runs)
        return summary

    def _blamed(self, error: BaseException, told: str) -> Exception:
        """What MySQL says before there is load is the doing of a user's options, where there are any."""
        begun = "load" in self._durations_s
        theirs = brought(self._cluster.topology) if isinstance(error, pymysql.MySQLError) and not begun else []
        return (
            ConfigurationError(f"{told}; see {' and '.join(theirs)} of the scenario") if theirs else HarnessError(told)
        )

    def _keep_what_it_left(self, error: BaseException) -> None:
        """Of a run that broke off: every container's log, which says why, and the traceback where it was a defect."""
        with undisturbed():
            keep_traceback(error, self._folder)
            try:
                self._keep_logs()
            except Exception as another:  # noqa: BLE001  the first one is what has to be told
                log.warning("logs could not be kept: %s", in_one_line(another))

    def _trial(self, on_second: Callable[[Second], None]) -> None:
        began_s = time.monotonic()
        with self._phase("boot"):
            mesh = self._mesh
            boot(self._cluster, mesh)
            trial = calibrate.calibration(self._scenario)
            role = "locust" if trial is None else "calibrate"
            load = Load(
                self._cluster,
                mesh,
                trial or self._scenario,
                role=role,
                live=self._web_page and trial is None,
                elsewhere=self._elsewhere,
            )
            effect = require_options(self._cluster, self._scenario)
            self._manifest["variables"], self._manifest["options"] = effect.variables, effect.options
            if not mesh.entrance:  # the way in is a sidecar; else the first write need not wait for a load pod
                load.open()
        with self._phase("set up"):
            self._set_up(mesh, began_s)
            require_agreement(self._cluster, self._manifest)
        if trial is not None:
            load = self._calibrated(load, mesh, began_s)
        load.asked |= self._encryption()
        self._manifest["load_model"] = load.asked  # to which the load adds what a locustfile's shape decided
        self._describe_pods()
        self._observer_began_ns = time.monotonic_ns()
        observer = start_observer(self._cluster, dict(mesh.admin))
        self.live.watch(self._cluster, observer.address)
        self._load_and_break(load, on_second)
        with self._phase("converge"), self._salvage.step("whether all pods agree"):
            self._cluster.membership.wait_converged(timeout_s=CONVERGE_TIMEOUT_S)
        with self._phase("collect"):
            self._collect(load, observer)

    def _calibrated(self, trial: Load, mesh: Mesh, began_s: float) -> Load:
        """The load whose rates are shares of what is measured now, on data that is then as if nothing had been."""
        with self._phase("calibrate"):
            found = self._manifest["calibration"] = calibrate.measure(trial, self._scenario)
            log.info("the measured maximum is %g/s with %d connections", found["maximum_tps"], found["connections"])
            self._set_up(mesh, began_s)
            require_agreement(self._cluster, self._manifest)
        return Load(self._cluster, mesh, self._scenario, live=self._web_page, after=trial, maximum=found["maximum_tps"])

    def _load_and_break(self, load: Load, on_second: Callable[[Second], None]) -> None:
        timeline = self._scenario.timeline()
        injector = Injector(
            self._cluster,
            timeline,
            seed=self._scenario.seed,
            shift_s=self._scenario.shift_s,
            record_to=self.folder / "faults.jsonl",
            first_ack=load.first_ack,
        )

        def every_second(second: Second) -> None:
            injector.require_sound()  # a step that could not be taken ends the run at once
            self.live.second(second)
            on_second(second)

        orderly = False
        try:
            with ExitStack() as page, self._phase("load", expected_s=self._scenario.load.duration):
                before_ns = time.monotonic_ns()
                zero_ns = load.start()
                self._load_began = before_ns, time.monotonic_ns()
                noise = host.Noise(self._run_id)
                injector.start(zero_ns)
                if load.web:
                    log.info("Locust's web page: %s", page.enter_context(forwarded(load.web)))
                load.run(every_second)
                self._manifest["load"] = load.totals
                load.totals["zero_ns"] = load.zero_ns
                with self._salvage.step("the noise of this machine"):
                    self._manifest["host"] = {**self._manifest["host"], **noise.stop()}
            orderly = True
        finally:
            with self._phase("heal"), self._salvage.step("a fault's story"):
                injector.stop(recover=orderly)
        self._manifest["assisted_rejoins"] = self._cluster.membership.assisted_rejoins
        at_end = len(self._cluster.pods)
        at_once = primaries(self._cluster.topology.replication, at_end)
        self._manifest["topology"] |= {"pods_at_end": at_end, "primaries": at_once}

    def _set_up(self, mesh: Mesh, began_s: float) -> None:
        """Database, schema and data, through the mesh; began_s: when the pods began to start."""

        def created() -> None:
            self._manifest.setdefault("boot_s", round(time.monotonic() - began_s, 3))

        filled = fill(self._cluster, mesh, self._scenario, self._workload, created=created)
        self._queries = filled.queries
        if filled.opened is not None:
            self._manifest["opened"] = filled.opened

    def _encryption(self) -> dict[str, bool]:
        """Whether the clients of the load speak TLS to the server; those of a locustfile do as they like."""
        tls, demands = self._scenario.mysql.tls, "require_secure_transport"
        demanded = any(options.normal(one.get(demands, "")) == "1" for one in self._manifest["variables"].values())
        return {} if self._workload is None else {"tls": tls == "required" or (tls == "auto" and demanded)}

    def _describe_pods(self) -> None:
        self._manifest["versions"] |= versions.of_run(
            self._manifest["variables"], self._roles(), base=self._cluster.platform.image("base")
        )
        self._manifest["images"] = {container.image: container.image_id for container in self._containers()}

    def _collect(self, load: Load, observer: Pod) -> None:
        """Everything that judging needs, each part whatever became of the one before."""
        step = self._salvage.step
        torn: dict[str, int] = {}
        for pod in load.pods:
            with step(f"the operations of {pod.name}"):
                torn[pod.name] = collect.operations(
                    pod.container, pod.ops_file, self.folder, worker=pod.name, within=self._load_began, clock=pod.clock
                )
        load.totals["torn_lines"] = sum(torn.values())
        if unrecorded := [pod.name for pod in load.pods if pod.name not in torn]:
            # what they wrote is there and nobody is known to have asked for it
            load.totals |= {"complete": False, "unrecorded": unrecorded}
        with step("the number of operations"):
            load.totals["rows"] = collect.rows_recorded(self._folder)
        with step("writing series.csv", evidence=False):
            write_series(self.folder, load.seconds(), zero_ns=load.zero_ns)
        with step("what the observer saw"):
            observer.containers["observer"].kill()
            within = self._observer_began_ns, time.monotonic_ns()
            collect.observations(observer.containers["observer"], self._folder, within=within)
        with step("the settings of the proxies", evidence=False):
            if found := collect.proxy_settings(self._cluster, self._mesh.admin):
                self._manifest["mesh"]["settings"] = found
        with step("the end state of the pods"):
            final_state(self._cluster, self._queries, self._folder)
        with step("the decisions of the control plane"):
            collect.decisions(self._cluster, self._folder)
        if (set_by := step_note(self._manifest["monotonic_zero_unix_ns"])) is not None:
            self._salvage.note(set_by)

    def _roles(self) -> list[tuple[str, Process]]:
        pods = [*self._cluster.pods.values(), *self._cluster.departed.values(), *self._cluster.guests.values()]
        return [one for pod in pods for one in pod.containers.items() if one[0] != "pause"]

    def _containers(self) -> list[Process]:
        return [container for _, container in self._roles()]

    def _keep_logs(self) -> None:
        error_log = requested.error_log(self._cluster.topology)
        hidden = [*self._cluster.credentials.secrets(), *secrets_of(self._scenario.load.environment)]
        collect.logs(self._containers(), self.folder / "logs", hide=hidden, error_log=error_log)

    @contextmanager
    def _phase(self, name: str, *, expected_s: float | None = None) -> Iterator[None]:
        """expected_s: how long it will last, where that is known."""
        begin = time.monotonic()
        log.info("%s …", name)
        try:
            with self.live.phase(name, expected_s=expected_s):
                yield
        finally:
            self._durations_s[name.replace(" ", "_")] = round(time.monotonic() - begin, 3)


def _describe_mesh(scenario: Scenario) -> MeshContent:
    """The mesh for the report, with what its proxy says of itself in front of this topology."""
    proxy = scenario.mesh.proxy
    if proxy is None:
        return {"mode": scenario.mesh.mode, "proxy": None}
    said = PROXIES[proxy].describe(scenario.topology_spec())  # a proxy may say no more than `MeshContent` has
    return cast("MeshContent", {"mode": scenario.mesh.mode, "proxy": proxy, "title": PROXIES[proxy].title, **said})


def require_images(scenario: Scenario, platform: Platform) -> None:
    """Every image this scenario needs is on the engine, and its MySQL is one that can do what is asked of it; raises
    ConfigurationError before anything is started."""
    if scenario.mysql.image != "default":
        images.require(scenario.mysql.image)
    for reference in dict.fromkeys(image for step in scenario.timeline() for image in step.fault.images()):
        images.require(reference)
    needed = ["base", "tools"]
    needed += ["mysql"] if scenario.mysql.image == "default" else []
    needed += [] if scenario.mesh.proxy is None else [PROXIES[scenario.mesh.proxy].image]
    for name in dict.fromkeys(needed):
        images.require(platform.image(name))
    switchover = any(step.fault.intends == "new_primary" for step in scenario.timeline())
    require_extras(scenario.topology_spec())
    requested.require_mysql(scenario.topology_spec(), switchover=switchover)
    requested.refuse_plaintext_where_none_is_let_in(scenario.topology_spec(), tls=scenario.mysql.tls)
