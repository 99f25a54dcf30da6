"""A small live system for the self-test: nodes, control plane, mesh, and a trickle of traffic."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from chaos.fault import Setting
from chaos.outlook import Outlook
from cluster.cluster import Cluster
from cluster.extras import Extra
from cluster.guests import open_guest
from cluster.platform.platform import Platform
from cluster.wait import wait_until
from scenarios.run.boot import assemble, boot, entrance, first_write
from scenarios.schema.read import read_words
from scenarios.schema.scenario import Scenario
from scenarios.selftest.traffic import Traffic
from scenarios.signals import undisturbed

#: The pod that a mesh without a proxy pod of its own puts its sidecar into.
CLIENT = "client"
#: How many nodes may be added to one system.
SPARE_PODS = 3
SOUND_TIMEOUT_S = 90.0
#: A group expels a member that is silent at once, so that nobody waits for it.
_GROUP_CONFIG = {"group_replication_member_expel_timeout": 0}


@dataclass(frozen=True, kw_only=True)
class System:
    """Everything of it runs."""

    cluster: Cluster
    outlook: Outlook
    traffic: Traffic

    def wait_until_sound(self) -> None:
        """Every node is in service and writes succeed; raises WaitTimeoutError."""
        membership = self.cluster.membership
        for pod in list(self.cluster.pods):
            wait_until(f"{pod} is in service", lambda pod=pod: membership.in_service(pod), timeout_s=SOUND_TIMEOUT_S)  # type: ignore[misc]
        self.traffic.wait_for_more(timeout_s=SOUND_TIMEOUT_S)
        primary = membership.primary()
        wait_until("who leads is settled", lambda: self.outlook.settled.primary == primary, timeout_s=SOUND_TIMEOUT_S)


@contextmanager
def running(setting: Setting, platform: Platform, *, extras: tuple[Extra, ...] = ()) -> Iterator[System]:
    """Such a system, sound; removed whatever happens. extras: what its nodes are started with."""
    scenario = _scenario(setting)
    run_id = secrets.token_hex(4)
    cluster, mesh = assemble(
        replace(scenario.topology_spec(), extras=extras),
        scenario.mesh.spec(),
        platform=platform,
        run_id=run_id,
        spare_pods=SPARE_PODS if scenario.topology.replication.replicates else 0,
        down_after_s=scenario.down_after_s,
    )
    traffic = Traffic(lambda: entrance(cluster, mesh), password=cluster.credentials.app)
    outlook = Outlook(cluster)
    try:
        boot(cluster, mesh)
        if not mesh.entrance:
            mesh.attend(open_guest(cluster.nodes, CLIENT, cluster.network.address("client")))
        first_write(cluster, mesh)
        outlook.start()
        traffic.start()
        system = System(cluster=cluster, outlook=outlook, traffic=traffic)
        system.wait_until_sound()
        yield system
    finally:
        with undisturbed():
            outlook.stop()
            traffic.stop()
            platform.remove(run_id)


def _scenario(setting: Setting) -> Scenario:
    document: dict[str, Any] = {
        "name": "selftest",
        "description": "a system to break",
        "topology": {"kind": setting.kind, "pods": setting.pods},
        "mesh": "envoy" if setting.mesh == "gateway" else setting.mesh,
        "workload": "transfer",
    }
    scenario = read_words(document, blame={}, settings=[])
    if not scenario.topology.replication.elects_by_itself:
        return scenario
    return read_words(document | {"mysql": {"config": _GROUP_CONFIG}}, blame={}, settings=[])
