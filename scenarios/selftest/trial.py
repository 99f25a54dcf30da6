"""One fault on a live system: sound before, broken as promised, healed by somebody who knows nothing, clean after."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from chaos.fault import Context, Evidence, Injection, Measure, Victim, await_evidence
from chaos.targets import Aim, NobodyError, part_of, resolve
from chaos.timeline import PlannedFault
from cluster.errors import HarnessError, RefusedError
from cluster.wait import WaitTimeoutError
from scenarios.selftest.system import System

BITE_TIMEOUT_S = 15.0
CLEAN_TIMEOUT_S = 60.0
BACK_TIMEOUT_S = 90.0

T = TypeVar("T")


@dataclass(kw_only=True)
class Result:
    """pods: whom it hit. measures: promised against measured, of all of them. why: what went wrong, empty where
    nothing did. sound: whether the system is as before, so that another fault can be tried on it."""

    pods: list[str] = field(default_factory=list)
    measures: list[Measure] = field(default_factory=list)
    bitten: bool = False
    clean: bool = False
    seconds: float = 0.0
    why: str = ""
    sound: bool = False


def tried(planned: PlannedFault, system: System, *, seed: int) -> Result:
    """Raises nothing that a fault may cause; EngineError and what a defect raises."""
    begin_s = time.monotonic()
    result = Result()
    try:
        _try(planned, system, result, seed=seed)
        system.wait_until_sound()
        result.sound = not system.cluster.membership.quarantined()
    except (HarnessError, RefusedError, WaitTimeoutError, AssertionError) as error:
        result.why = result.why or " ".join(str(error).split())
    result.seconds = time.monotonic() - begin_s
    return result


def _try(planned: PlannedFault, system: System, result: Result, *, seed: int) -> None:
    injections = aimed(planned, system, random.Random(seed))
    result.pods = [injection.pod for injection in injections]
    before = _all(injections, lambda injection: injection.effect())
    if shown := [look.seen for look in before if look.ok]:
        raise HarnessError(f"shows on a sound pod: {shown[0]}")
    try:
        _all(injections, lambda injection: injection.inject())
        bites = _all(
            injections,
            lambda injection: await_evidence("it shows", injection.effect, timeout_s=BITE_TIMEOUT_S),
        )
        _note_bites(bites, result)
    finally:
        # as another process would, which knows nothing of the injection
        again = [planned.fault.on(injection.victim, injection.context) for injection in injections]
        _all(again, lambda injection: injection.heal())
    _all(injections, lambda injection: _come_back(injection, system))
    clean = _all(
        injections, lambda injection: await_evidence("nothing is left", injection.residue, timeout_s=CLEAN_TIMEOUT_S)
    )
    result.clean = all(look.ok for look in clean)
    if not result.clean and not result.why:
        result.why = f"not clean: {next(look.seen for look in clean if not look.ok)}"


def aimed(planned: PlannedFault, system: System, rng: random.Random) -> list[Injection[Any]]:
    """The fault on each pod that its target means now; raises HarnessError where that is none."""
    aim = Aim(cluster=system.cluster, scene=system.outlook, made=[], rng=rng)
    try:
        pods = resolve(planned.target, aim)
        peers = () if planned.peer is None else tuple(resolve(planned.peer, aim))
    except NobodyError as nobody:
        raise HarnessError(str(nobody)) from nobody
    context = Context(cluster=system.cluster, peers=peers, rng=rng)
    return planned.fault.aimed([Victim(pod=pod, part=part_of(planned.target)) for pod in pods], context)


def _note_bites(bites: Sequence[Evidence], result: Result) -> None:
    result.measures = [measure for bite in bites for measure in bite.measures]
    broken = [measure for measure in result.measures if not measure.kept]
    result.bitten = all(bite.ok for bite in bites) and not broken
    if broken:
        measure = broken[0]
        result.why = (
            f"{measure.what}: {measure.measured:g} {measure.unit} instead of {measure.promised:g} "
            f"± {measure.tolerance:g}"
        )
    elif not result.bitten:
        result.why = f"no effect: {next(bite.seen for bite in bites if not bite.ok)}"


def _come_back(injection: Injection[Any], system: System) -> None:
    if injection.pod in system.cluster.pods:
        system.cluster.membership.bring_back(injection.pod, timeout_s=BACK_TIMEOUT_S)


def _all(injections: Sequence[Injection[Any]], do: Callable[[Injection[Any]], T]) -> list[T]:
    """Do it with all of them at once, as a run does; raises what the first one raised."""
    with ThreadPoolExecutor(max_workers=len(injections), thread_name_prefix="fault") as pool:
        return list(pool.map(do, injections))
