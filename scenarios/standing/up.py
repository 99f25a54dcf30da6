"""``meshbench up``: a cluster and a mesh that stay when the command returns, with nothing but a shell to look around.

The pods are those of a run; there is no load, no observer and no fault. Until the very end everything belongs to this
process and is removed with it; the last step (`standing.keep`) hands it over to ``meshbench down``.
"""

from __future__ import annotations

import logging
import secrets
from typing import Any

from rich.console import Console

from cluster.errors import ConfigurationError
from cluster.guests import open_guest
from cluster.mysqld import mysqld
from cluster.mysqld.requested import in_effect
from cluster.platform.docker_platform import DockerPlatform
from scenarios.matrix.named import require_agreement
from scenarios.run.boot import assemble, boot, first_write
from scenarios.run.collect import variables
from scenarios.run.run import require_images
from scenarios.run.sessions import require_init_connect
from scenarios.schema.read import read_words
from scenarios.schema.scenario import Scenario
from scenarios.schema.told import brief
from scenarios.schema.yaml_lines import Place
from scenarios.signals import undisturbed
from scenarios.standing.standing import CLIENT, Kept, keep, refuse_taken
from scenarios.standing.status import Watcher, show

log = logging.getLogger("meshbench")

DEFAULT_MESH = "envoy"
#: What --set may reach: the rest of a scenario is about load and judgement.
SETTABLE = ("topology", "mysql.image", "mysql.my_cnf", "mysql.config", "mesh", "control")


def plan(
    topology: str, *, mesh: str | None = None, pods: int | None = None, name: str | None = None, settings: list[str]
) -> tuple[str, Scenario]:
    """The cluster's name (the topology's where none is given) and its description, checked as a scenario is."""
    require_agreement(f"up {brief(topology)}", "topology", topology, settings)
    if pods is not None:
        require_agreement(f"--pods {pods}", "topology", {"pods": pods}, settings)
    if mesh is not None:
        require_agreement(f"--mesh {brief(mesh)}", "mesh", mesh, settings)
    for setting in settings:
        key = setting.partition("=")[0]
        if not any(key == one or key.startswith(f"{one}.") for one in SETTABLE):
            raise ConfigurationError(
                f"--set {brief(setting)}: there is no {brief(key)} to set here; allowed: {', '.join(SETTABLE)}"
            )
    document: dict[str, Any] = {
        "name": name or "up",
        "description": "a cluster to look around in",
        "topology": {"kind": topology} | ({} if pods is None else {"pods": pods}),
        "mesh": DEFAULT_MESH if mesh is None else mesh,
        "workload": "transfer",
    }
    blame: dict[Place, str] = {
        ("name",): f"--name {name}",
        ("topology", "kind"): f"up {topology}",
        ("topology", "pods"): f"up {topology}" if pods is None else f"--pods {pods}",
        ("mesh",): f"--mesh {DEFAULT_MESH if mesh is None else mesh}",
    }
    scenario = read_words(document, blame=blame, settings=settings)
    return name or scenario.topology.kind, scenario


def bring_up(scenario: Scenario, *, name: str) -> None:
    """Start, keep and tell; whatever goes wrong before the end leaves nothing on the engine."""
    platform = DockerPlatform()
    require_images(scenario, platform)
    refuse_taken(name)
    cluster, mesh = assemble(
        scenario.topology_spec(),
        scenario.mesh.spec(),
        platform=platform,
        run_id=secrets.token_hex(4),
        down_after_s=scenario.down_after_s,
    )
    try:
        log.info("boot …")
        boot(cluster, mesh)
        found = variables(cluster)
        in_effect(cluster.topology, found)
        require_init_connect(cluster, found)
        mesh.attend(open_guest(cluster.nodes, CLIENT, cluster.network.address("client")))
        first_write(cluster, mesh)
        with undisturbed():
            _tell(keep(cluster, mesh, name=name, mesh_word=scenario.mesh.word))
    except BaseException:
        with undisturbed():
            cluster.stop()
        raise


def _tell(kept: Kept) -> None:
    facts = kept.facts
    console = Console(highlight=False, soft_wrap=True)
    show(Watcher(kept), console)
    console.print(f"\nwrite      {_addresses(facts.write)}\nread       {_addresses(facts.read)}")
    console.print(
        f"users      root {facts.passwords['root']}\n           meshbench_app {facts.passwords['meshbench_app']}"
    )
    exec_mysql = f"docker exec -it {kept.shell} mysql"
    lines = {
        f"{exec_mysql} {mysqld.DATABASE}": f"root, {'where writes go' if facts.proxies else 'on the current primary'}"
    }
    if facts.proxies:
        lines[f"{exec_mysql} -P {facts.read[0][1]}"] = "where reads go"
    lines |= {
        f"{exec_mysql} -h {next(reversed(dict(facts.pods)))}": "one node, bypassing every proxy",
        "meshbench status --watch": "roles as they change",
        f"meshbench down {kept.name}": "removes it",
    }
    width = max(map(len, lines))
    console.print("\n" + "\n".join(f"{line:{width}}   # {what}" for line, what in lines.items()))


def _addresses(endpoints: list[Any]) -> str:
    return ", ".join(f"{host}:{port}" for host, port in endpoints)
