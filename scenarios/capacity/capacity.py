"""``meshbench capacity``: the story, from a checked plan to a page that says how much the system carries.

The maximum first, with all nodes; then, where asked for, with one node less, the load that is safe for a failover, and
what mesh, containers and further systems cost. Each part goes into the page as soon as it is measured, so that an
interruption loses no more than what was under way.
"""

from __future__ import annotations

import shutil
import time
import traceback
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from cluster.errors import ConfigurationError
from cluster.platform.docker_platform import DockerPlatform
from cluster.platform.platform import Platform
from reports.capacity.content import CapacityContent, CapacityVerdict, Measured
from reports.capacity.write import write_capacity
from reports.seal import seal
from scenarios.capacity.costs import add_density, add_taxes
from scenarios.capacity.failover import SafeLoad, add_one_less
from scenarios.capacity.measuring import Measuring, NoisyError
from scenarios.capacity.plan import Plan
from scenarios.capacity.rows import bracket_row, limit_row, verification
from scenarios.capacity.search import Outcome, search
from scenarios.capacity.system import System
from scenarios.last_resort import in_one_line, is_defect
from scenarios.run import host, versions
from scenarios.run.needs import require_needs
from scenarios.run.remember import remember
from scenarios.run.run import require_images
from scenarios.run.run_folder import fresh, point
from scenarios.schema.user_keys import without_values
from scenarios.signals import undisturbed
from scenarios.trials.loop import say

#: Closed loops from one client to as many as there are connections, in equal ratios: the points of the scalability law.
CLOSED_LOOPS = 7
#: The search begins at this share of what the last of them carried, which had no objective to hold.
START_SHARE = 0.5
LEAST_TPS = 5.0


#: How a search ends -> what the whole comes to.
VERDICT_OF: Mapping[Outcome, CapacityVerdict] = {
    "found": "pass",
    "never": "fail",
    "generator": "void",
    "unsettled": "void",
}
NOTHING = "no maximum was found before it ended"


class Capacity:
    """One capacity under way; `execute` measures it. folder: where its page will be."""

    def __init__(
        self,
        plan: Plan,
        *,
        runs: Path,
        command: Sequence[str],
        tax: bool = False,
        density: bool = False,
        platform: Platform | None = None,
    ) -> None:
        """Raises ConfigurationError when an image is missing or the folder cannot be made."""
        self._platform = platform or DockerPlatform()
        require_images(plan.scenario, self._platform)
        require_needs(plan.scenario, self._platform)
        self._plan, self._runs, self._tax, self._density = plan, runs, tax, density
        now = datetime.now(UTC)
        self.folder = fresh(runs / "capacity", now.strftime("%Y%m%dT%H%M%SZ"))
        self._begin = time.monotonic()
        #: What ended it before its end.
        self.interrupted: KeyboardInterrupt | None = None
        self._measured = _nothing_yet(
            plan, command=command, started_at=now.isoformat(timespec="seconds"), platform=self._platform
        )
        self._measuring = Measuring(plan.objectives, self._measured["steps"])

    def execute(self) -> CapacityContent:
        """Measure all that was asked for, write the page, and return the content of capacity.json.

        Ctrl-C ends what is under way and removes it; the page is written with what there is, and ``interrupted`` is
        set. Raises ConfigurationError where the system cannot be what the user asks for.
        """
        try:
            self._measure()
        except KeyboardInterrupt as ended:
            self.interrupted = ended
        except ConfigurationError:
            if not self._measured["steps"]:
                shutil.rmtree(self.folder, ignore_errors=True)
            raise
        except NoisyError as noise:
            self._conclude("void", str(noise))
        except Exception as error:  # noqa: BLE001  what was measured until then is worth its page
            if is_defect(error):
                traceback.print_exc()
            self._conclude("broken", f"it broke: {in_one_line(error)}")
        with undisturbed():
            self._measured["interrupted"] = self.interrupted is not None
            self._measured["took_s"] = round(time.monotonic() - self._begin, 3)
            content = write_capacity(self._measured, self.folder)
            seal(self.folder)
            point(self._runs / "capacity" / "latest", self.folder)
            remember(self.folder, self._runs)
        return content

    def _conclude(self, verdict: CapacityVerdict, why: str) -> None:
        self._measured["verdict"], self._measured["why"] = verdict, why

    def _measure(self) -> None:
        plan = self._plan
        for line in plan.left_out:
            say(line)
        topology = plan.scenario.topology
        say(f"starting {topology.kind} of {topology.pods}, mesh {self._measured['mesh']} …")
        with System(plan.scenario, platform=self._platform, folder=self.folder) as system:
            self._maximum(system)
            self._one_less(system)
        self._safe_load()
        if self._tax:
            add_taxes(self._measured, plan, platform=self._platform, folder=self.folder)
        if self._density:
            add_density(self._measured, plan, platform=self._platform, folder=self.folder)

    def _maximum(self, system: System) -> None:
        """What closed loops carry, and from there on the highest rate, with all nodes."""
        for clients in closed_loops(self._plan.scenario.load.connections):
            saturated = self._measuring.closed(system, clients)
        start_tps = max(LEAST_TPS, START_SHARE * saturated.achieved_tps)
        found = search(self._measuring.on(system), self._plan.objectives, start_tps=start_tps)
        measured = self._measured
        measured["max_tps"] = found.max_tps
        measured["bracket"] = bracket_row(found)
        measured["limit"] = limit_row(found.limit)
        measured["verify"] = {
            "below": verification(found.verify_below, self._plan.objectives),
            "above": verification(found.verify_above, self._plan.objectives),
        }
        measured["verdict"], measured["why"] = VERDICT_OF[found.outcome], found.words
        say(found.words)

    def _one_less(self, system: System) -> None:
        if self._plan.lose:
            add_one_less(self._measured, system, self._measuring, self._plan)

    def _safe_load(self) -> None:
        row, max_tps = self._measured["n_minus_1"], self._measured["max_tps"]
        if row is not None and max_tps is not None:
            runs = SafeLoad(self._plan, runs=self._runs, platform=self._platform, folder=self.folder)
            runs.find(row, max_tps=max_tps)


def closed_loops(connections: int) -> list[int]:
    """Clients of each, the last one with all."""
    shares = (step / (CLOSED_LOOPS - 1) for step in range(CLOSED_LOOPS))
    return sorted({round(connections**share) for share in shares})


def _nothing_yet(plan: Plan, *, command: Sequence[str], started_at: str, platform: Platform) -> Measured:
    """What is known before the first step."""
    scenario = plan.scenario
    images = [platform.image(name) for name in ("base", "mysql", "tools")]
    return {
        "scenario": scenario.name,
        "topology": scenario.topology.kind,
        "pods": scenario.topology.pods,
        "mesh": scenario.mesh.word,
        "workload": scenario.workload.name,
        "slo": [objective.text for objective in plan.objectives],
        "seed": scenario.seed,
        "settings": scenario.model_dump(mode="json"),
        "started_at": started_at,
        "took_s": 0.0,
        "command": without_values(list(command)),
        "host": dict(host.describe()),
        "versions": versions.of_machine(),
        "images": {"ours": images, "mysql": scenario.mysql.image},
        "verdict": "void",
        "why": NOTHING,
        "interrupted": False,
        "max_tps": None,
        "bracket": None,
        "verify": {"below": None, "above": None},
        "limit": None,
        "steps": [],
        "n_minus_1": None,
        "mesh_tax": None,
        "container_tax": None,
        "density": None,
        "missing": {},
    }
