"""Clusters that `meshbench up` left running: what is known of them, and where it is stored.

Everything stands in the labels of one container, the cluster's shell: a client pod's container with a `mysql` that is
ready to use. So the engine alone knows of a cluster, from any folder and for any user; anybody who may
ask it could read the passwords in the pods' environments anyway. The same label keeps `gc` and other runs off.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from cluster.cluster import Cluster
from cluster.errors import ConfigurationError, NameTakenError
from cluster.platform import ownership
from cluster.platform.docker_pod import PAUSE_COMMAND
from cluster.topology import Kind
from mesh.mesh import Mesh
from mesh.proxies.proxy import Address

NAME = "meshbench.name"
FACTS = "meshbench.facts"
OPTION_FILE = "/root/.my.cnf"
#: The pod that the shell is put into; its caller starts it.
CLIENT = "client"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What it takes to reach a cluster again.

    kind, mesh: in the words of `up`. pods: name -> address. control: the control plane's address. write, read: (host,
    port) of a proxy, or of every pod. proxies: name -> the fields of an `Admin`. passwords: user -> password.
    started_at: for people.
    """

    kind: Kind
    mesh: str
    pods: Mapping[str, str]
    control: str
    write: list[Address]
    read: list[Address]
    proxies: Mapping[str, Mapping[str, Any]]
    passwords: Mapping[str, str]
    started_at: str


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A cluster that is up. current: False when none of its containers runs, as after a boot of the machine."""

    name: str
    run_id: str
    current: bool
    written: str

    @property
    def shell(self) -> str:
        """The container to ``docker exec`` into."""
        return _shell(self.name)

    @property
    def facts(self) -> Facts:
        """Raises ConfigurationError when another version of meshbench wrote them."""
        try:
            return Facts(**json.loads(self.written))
        except (TypeError, ValueError):
            raise ConfigurationError(
                f"{self.name}: brought up by another version of meshbench; `meshbench down {self.name}` removes it"
            ) from None


def _shell(name: str) -> str:
    return f"meshbench-{name}"


def find() -> list[Kept]:
    """Every cluster that is up on this engine, by name."""
    found = ownership.kept()
    running = ownership.running_runs() if found else set()
    kept = [
        Kept(
            name=one.get(NAME, ""),
            run_id=one[ownership.RUN],
            current=one[ownership.RUN] in running,
            written=one.get(FACTS, ""),
        )
        for one in found
    ]
    return sorted(kept, key=lambda one: one.name)


def refuse_taken(name: str) -> None:
    """Raise ConfigurationError when a cluster of this name is up."""
    if any(one.name == name for one in find()):
        raise ConfigurationError(
            f"a cluster named {name!r} is up: choose another --name, or remove it with `meshbench down {name}`"
        )


def keep(cluster: Cluster, mesh: Mesh, *, name: str, mesh_word: str) -> Kept:
    """Start the cluster's shell; from then on the cluster outlives this process. Raises as `refuse_taken`."""
    credentials = cluster.credentials
    facts = Facts(
        kind=cluster.topology.kind,
        mesh=mesh_word,
        pods=cluster.hosts,
        control=cluster.control.pod.address,
        write=mesh.entrance,
        # as the host reaches them: a sidecar's own addresses are loopback
        read=[(mesh.entrance[0][0], port) for _, port in mesh.read] if len(mesh.entrance) == 1 else mesh.read,
        proxies={name: asdict(admin) for name, admin in mesh.admin.items()},
        passwords={
            "root": credentials.root,
            "meshbench_app": credentials.app,
            "meshbench_watch": credentials.watch,
        },
        started_at=f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC",
    )
    host, port = mesh.write[0] if len(mesh.write) == 1 else (cluster.membership.primary(), 3306)
    written = json.dumps(asdict(facts))
    try:
        cluster.guests[CLIENT].add(
            "shell",
            cluster.platform.image("base"),
            PAUSE_COMMAND,
            files={OPTION_FILE: _option_file(host, port, credentials.root)},
            marks={ownership.KEPT: ownership.boot(), NAME: name, FACTS: written},
            known_as=_shell(name),  # the engine lets only one have it
        )
    except NameTakenError:
        raise ConfigurationError(f"a cluster named {name!r} came up meanwhile: choose another --name") from None
    return Kept(name=name, run_id=cluster.run_id, current=True, written=written)


def _option_file(host: str, port: int, password: str) -> bytes:
    """What every MySQL client in the shell reads; get-server-public-key: the password travels encrypted without TLS."""
    options: dict[str, Any] = {"user": "root", "password": password, "host": host, "port": port}
    lines = [f"{key}={value}" for key, value in options.items()]
    return "\n".join(["[client]", *lines, "get-server-public-key", ""]).encode()
