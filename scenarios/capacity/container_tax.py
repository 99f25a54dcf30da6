"""The container tax: one server in its pod and the same bare on this machine (`scenarios.capacity.bare`), from the same
load pods in turns.

Both have the same image, options, data and limits of open files; which variables differ all the same is said. The
files differ as containers do: those in the pod lie on the engine's storage driver, the others on this machine's file
system below it. What comes of it is the price of all of that together.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from cluster.errors import ConfigurationError
from cluster.platform.platform import Platform
from reports.capacity.content import ContainerTax
from reports.capacity.costs.tax import Turn, container_tax
from scenarios.capacity.bare import BareServer, bare_server
from scenarios.capacity.fronts import Front, Fronts, Told, take_turns
from scenarios.capacity.mesh_tax import ROUNDS, TURN_S, fixed_rate
from scenarios.capacity.system import System
from scenarios.load.set_up import fill
from scenarios.run import collect
from scenarios.schema.scenario import Scenario
from scenarios.user_code.workload_class import run_s_workload

#: Differ between any two servers.
_OF_EACH = {
    "bind_address",
    "gtid_executed",
    "gtid_purged",
    "hostname",
    "port",
    "relay_log",
    "relay_log_basename",
    "relay_log_index",
    "report_host",
    "report_port",
    "server_uuid",
    "general_log_file",
    "slow_query_log_file",
}


def measure_container_tax(
    scenario: Scenario,
    *,
    platform: Platform,
    folder: Path,
    rounds: int = ROUNDS,
    turn_s: float = TURN_S,
    told: Told = lambda _: None,
) -> ContainerTax:
    """scenario: a single server without a mesh.

    Raises ConfigurationError where a server outside of containers is not possible here, and as `System` does.
    """
    if scenario.topology.pods != 1 or scenario.mesh.mode != "direct":
        raise ConfigurationError("the container tax is that of a single server without a mesh")
    fixed: list[Turn] = []
    with (
        System(scenario, platform=platform, folder=folder) as system,
        bare_server(system.cluster, folder=folder / "logs") as bare,
    ):
        system.beside = {"bare": bare.pid}
        fronts = Fronts(system, scenario)
        standing = {"container": Front(mesh=system.mesh), "bare": Front(mesh=bare.way)}
        fill(system.cluster, bare.way, scenario, run_s_workload(scenario, system.cluster))
        take = partial(take_turns, fronts, standing, rounds=rounds, turn_s=turn_s, seed=scenario.seed, told=told)
        saturated = take(rate_tps=None)
        if (rate_tps := fixed_rate(saturated)) is not None:
            fixed = take(rate_tps=rate_tps)
        words = _alike(system, bare, rate_tps)
    return container_tax(saturated, fixed, words=words)


def _alike(system: System, bare: BareServer, rate_tps: float | None) -> str:
    (in_pod,) = collect.variables(system.cluster).values()
    differing = different(in_pod, bare.variables())
    but = "".join(f", {name}" for name in differing)
    at = "" if rate_tps is None else f" Response times are those at {rate_tps:g} operations a second."
    return (
        "The same image, options and data; the bare server is started by chroot. The server variables that differ: "
        f"those that name a server{but}. CPU is that of mysqld, at saturation.{at}"
    )


def different(one: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    """Names of the variables whose values are not the same, but for those that differ between any two servers."""
    return sorted(name for name in {*one, *other} if name not in _OF_EACH and one.get(name) != other.get(name))
