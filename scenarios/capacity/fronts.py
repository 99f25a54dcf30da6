"""Several meshes in front of one running system, of which one has its turn and the others stand still.

All of them are before the same mysqld processes, the same data and the same primary, so that two turns differ in the
mesh alone; two systems booted one after the other differ in all of that, too. A proxy whose turn it is not is frozen:
it takes memory, which is not counted, and no CPU. All but ``mtls`` send from the same load pods; its redirection takes
whatever comes from a load's addresses, so theirs are beside those.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from cluster.platform.platform import CanFreeze, Process
from mesh.mesh import Mesh
from mesh.modes.create import create_mesh
from mesh.proxies.lookup import PROXIES
from reports.capacity.costs.tax import Turn
from reports.capacity.step import Step
from scenarios.capacity.system import System
from scenarios.capacity.usage import MIB
from scenarios.load.load import Load
from scenarios.run.boot import first_write
from scenarios.run.cpu_time import Containers
from scenarios.schema.scenario import Scenario

log = logging.getLogger("meshbench")

#: At the containers: one that ends while it is looked at, as a load does then, hides those after it.
_LOOKS = 5

Told = Callable[[Step], None]


@dataclass(kw_only=True)
class Front:
    """load: the last one that came from pods of its own; None: from those that all others share. proxies: this mesh's
    own, by container."""

    mesh: Mesh
    load: Load | None = None
    proxies: Mapping[str, Process] = field(default_factory=dict)


class Fronts:
    """Those of a system; none has its turn before `turn`."""

    def __init__(self, system: System, scenario: Scenario) -> None:
        """system: without a mesh in front. scenario: its own."""
        self._system = system
        self._scenario = scenario
        self._shared = self._opened(system.mesh, unmeshed=True)
        self._gateways = 0
        self._frozen: dict[str, Process] = {}

    def start(self, scenario: Scenario) -> Front:
        """The mesh of a scenario, which is else the system's; it is frozen when this returns."""
        spec = scenario.mesh.spec()
        mesh = create_mesh(spec, place=self._gateways)
        self._gateways += spec.mode == "gateway"
        before = self._proxies()
        mesh.start(self._system.cluster)
        load = self._opened(mesh, unmeshed=False) if spec.mode == "mtls" else None
        if load is None:
            for one in self._shared.pods:
                mesh.attend(one.pod)
        own = {container: process for container, process in self._proxies().items() if container not in before}
        front = Front(mesh=mesh, load=load, proxies=own)
        self._freeze(front)
        return front

    @contextmanager
    def turn(self, front: Front) -> Iterator[System]:
        """The system behind this front alone."""
        system = self._system
        before = system.mesh, system.load
        self._thaw(front)
        system.mesh, system.load = front.mesh, front.load or self._shared
        try:
            first_write(system.cluster, front.mesh)
            yield system
        finally:
            if front.load is None:
                self._shared = system.load
            else:
                front.load = system.load
            system.mesh, system.load = before
            self._freeze(front)

    def memory_mib(self, front: Front) -> float | None:
        """Working set of its proxies now; None where it is not known."""
        containers = Containers(self._system.cluster.run_id)
        sizes: dict[str, int] = {}
        for _ in range(_LOOKS):
            containers.read()
            sizes = containers.working_sets()
            if sizes.keys() >= front.proxies.keys():
                break
        known = [sizes.get(container) for container in front.proxies]
        return None if None in known else sum(size for size in known if size is not None) / MIB

    def thaw_all(self) -> None:
        """Before logs are read and everything is removed."""
        for process in self._frozen.values():
            assert isinstance(process, CanFreeze)
            process.thaw()
        self._frozen = {}

    def _opened(self, mesh: Mesh, *, unmeshed: bool) -> Load:
        load = Load(self._system.cluster, mesh, self._scenario, role="none", unmeshed=unmeshed)
        load.open()
        return load

    def _proxies(self) -> dict[str, Process]:
        cluster = self._system.cluster
        pods = [*cluster.pods.values(), *cluster.guests.values()]
        return {one.id: one for pod in pods for role, one in pod.containers.items() if role in PROXIES}

    def _freeze(self, front: Front) -> None:
        for container, process in front.proxies.items():
            if isinstance(process, CanFreeze) and container not in self._frozen:
                process.freeze()
                self._frozen[container] = process

    def _thaw(self, front: Front) -> None:
        for container in front.proxies:
            process = self._frozen.pop(container, None)
            if isinstance(process, CanFreeze):
                process.thaw()


def take_turns(
    fronts: Fronts,
    standing: Mapping[str, Front],
    *,
    rate_tps: float | None,
    rounds: int,
    turn_s: float,
    seed: int,
    told: Told,
) -> list[Turn]:
    """Measure all of them in every round. rate_tps: arrivals a second; None: at saturation. told: hears of every step.

    Raises what `System.measure` raises.
    """
    turns: list[Turn] = []
    for number in range(1, rounds + 1):
        for name in in_order(list(standing), seed=seed, number=number):
            with fronts.turn(standing[name]) as system:
                step = system.measure(rate_tps, purpose="tax", setting=name, duration_s=turn_s)
                mib = fronts.memory_mib(standing[name])
            told(step)
            turns.append(Turn(who=name, round=number, step=step, proxies_mib=mib))
            log.info("%s, round %d: %.0f/s", name, number, step.achieved_tps)
    return turns


def in_order(names: Sequence[str], *, seed: int, number: int) -> list[str]:
    """All of them in the order of a round, which depends on seed and number alone."""
    order = list(names)
    random.Random(f"{seed}:{number}").shuffle(order)
    return order
