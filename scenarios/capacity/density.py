"""Density: what a system takes without load and for every hundred operations a second, and how many whole systems this
machine holds at once, found by starting one after the other until the objective breaks.

Each of those has a small load of its own, from a load generator that runs here as well and takes its part of the
machine, which is said. A machine whose memory is used up starts to kill: no system is started beyond what leaves a
fifth of it free.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from cluster.platform.platform import Platform
from reports.capacity.content import DensityRow, SystemsStep
from reports.capacity.costs.density import Loaded, density_row
from reports.capacity.objective import Objective
from reports.capacity.step import Step
from reports.capacity.steps import step_row
from reports.capacity.usage import Usage
from scenarios.capacity.fronts import Told
from scenarios.capacity.system import System
from scenarios.capacity.usage import Meter
from scenarios.schema.scenario import Scenario

log = logging.getLogger("meshbench")

#: Offered to one system alone, for the slope.
RATES_TPS = (50.0, 100.0)
#: Offered to every one of several.
TPS_EACH = 20.0
#: Of a number of systems that does not hold.
TRIES = 3
#: Whatever the machine holds.
SYSTEMS_MAX = 16
#: Of the machine's memory.
FREE_SHARE = 0.2
IDLE_S = 5.0
STEP_S = 6.0


@dataclass(frozen=True, kw_only=True)
class Case:
    """A topology whose density is measured. folder: of its systems, somewhere in that of the whole. tps_each, most: as
    for `density`."""

    topology: str
    scenario: Scenario
    folder: Path
    whole: Path
    tps_each: float
    most: int


def density(
    systems: Mapping[str, Scenario],
    objectives: Sequence[Objective],
    *,
    platform: Platform,
    folder: Path,
    rates_tps: Sequence[float] = RATES_TPS,
    tps_each: float = TPS_EACH,
    most: int = SYSTEMS_MAX,
    told: Told = lambda _: None,
) -> list[DensityRow]:
    """A row a topology. systems: by topology. told: hears of every step. Raises what `System` raises; every system is
    removed whatever happens."""

    def case(topology: str, scenario: Scenario) -> Case:
        own = folder / "density" / topology
        return Case(topology=topology, scenario=scenario, folder=own, whole=folder, tps_each=tps_each, most=most)

    return [
        _row(case(name, scenario), objectives, platform=platform, rates_tps=rates_tps, told=told)
        for name, scenario in systems.items()
    ]


def _row(
    case: Case,
    objectives: Sequence[Objective],
    *,
    platform: Platform,
    rates_tps: Sequence[float],
    told: Told,
) -> DensityRow:
    systems: list[System] = []
    with ExitStack() as running:

        def start() -> System:
            folder = case.folder / f"system{len(systems) + 1}"
            systems.append(running.enter_context(System(case.scenario, platform=platform, folder=folder)))
            return systems[-1]

        def at_once(number: int) -> list[Step]:
            while len(systems) < number:
                start()
            return _together(systems, case, told)

        first = start()
        measured = [Loaded(0.0, idle(first))]
        for rate_tps in rates_tps:
            step = first.measure(rate_tps, purpose="density", setting=case.topology, duration_s=STEP_S)
            told(_placed(step, case, 1))
            measured.append(Loaded(step.achieved_tps, step.usage))
        need_mib = measured[-1].usage.memory_mib()
        rows, stopped = fill_up(
            at_once, objectives, tps_each=case.tps_each, most=case.most, room=lambda: has_room(need_mib)
        )
    mesh = case.scenario.mesh
    return density_row(
        case.topology,
        mesh.proxy if mesh.mode == "gateway" and mesh.proxy else mesh.mode,
        measured,
        tps_each=case.tps_each,
        systems=rows,
        stopped=stopped,
    )


def fill_up(
    at_once: Callable[[int], Sequence[Step]],
    objectives: Sequence[Objective],
    *,
    tps_each: float,
    most: int,
    room: Callable[[], bool],
) -> tuple[list[SystemsStep], str]:
    """Measure one system, then two at once, and so on; a number that does not hold is measured up to three times, since
    a step of so few operations has a percentile that one stall of the disk moves. at_once: a step of each of so many.
    room: whether one more may be started. Returns what came of every measurement, and why there are no more."""
    rows: list[SystemsStep] = []
    for number in range(1, most + 1):
        for _ in range(TRIES):
            rows.append(systems_step(at_once(number), objectives, tps_each=tps_each))
            if rows[-1]["holds"]:
                break
        else:
            return rows, f"With {number} at once the objective broke, {TRIES} times in a row."
        if number < most and not room():
            return rows, f"No more than {number} were started, so that a fifth of the machine's memory stays free."
    return rows, f"No more than {most} were started, and the objective still held."


def systems_step(steps: Sequence[Step], objectives: Sequence[Objective], *, tps_each: float) -> SystemsStep:
    """It holds where every one of them held."""
    rows = [step_row(step, objectives) for step in steps]
    failed = [f"system {number}: {row['why']}" for number, row in enumerate(rows, start=1) if not row["holds"]]
    slowest = max(steps, key=lambda step: step.response_ms["p99"] or 0.0)
    load_cores = sum(step.usage.cpu_cores("load") for step in steps)
    busy = steps[0].usage.host_cpu_cores
    at_work = "" if busy is None else f"; {busy:.2f} of {steps[0].usage.host_cpus} cores busy"
    told = (
        f"slowest p99 {slowest.response_ms['p99'] or 0.0:.1f} ms, of {slowest.operations} operations{at_work}, "
        f"{load_cores:.2f} of them with the load generators"
    )
    return {
        "systems": len(steps),
        "tps_each": tps_each,
        "holds": not failed,
        "words": "; ".join([*failed, told]),
    }


def idle(system: System, *, lasts_s: float = IDLE_S) -> Usage:
    """What a system uses that nobody asks anything."""
    system.rest()
    meter = Meter(system.cluster.run_id, system.cluster)
    meter.start()
    try:
        time.sleep(lasts_s)
    finally:
        used = meter.stop()
    return used


def has_room(need_mib: float | None, meminfo: Path = Path("/proc/meminfo")) -> bool:
    """Whether a fifth of the machine's memory would stay free beside one more system; not, where nobody knows."""
    try:
        lines = dict(line.split(":", 1) for line in meminfo.read_text().splitlines())
        total_mib, free_mib = (int(lines[name].split()[0]) / 1024 for name in ("MemTotal", "MemAvailable"))
    except (OSError, KeyError, ValueError, IndexError):
        return False
    return need_mib is not None and free_mib - need_mib >= FREE_SHARE * total_mib


def _together(systems: Sequence[System], case: Case, told: Told) -> list[Step]:
    """A step of every one of them at the same time."""

    def measure(system: System) -> Step:
        return system.measure(case.tps_each, purpose="density", setting=case.topology, duration_s=STEP_S)

    with ThreadPoolExecutor(max_workers=len(systems), thread_name_prefix="systems") as pool:
        steps = list(pool.map(measure, systems))
    for number, step in enumerate(steps, start=1):
        told(_placed(step, case, number))
    log.info(
        "%s, %d at once: slowest p99 %s ms", case.topology, len(steps), max(s.response_ms["p99"] or 0 for s in steps)
    )
    return steps


def _placed(step: Step, case: Case, number: int) -> Step:
    """With a folder relative to that of the whole."""
    return replace(step, folder=(case.folder / f"system{number}" / step.folder).relative_to(case.whole).as_posix())
