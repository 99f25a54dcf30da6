"""MySQL Router as the gateway.

In front of a group it runs in metadata-cache mode: every ``ttl`` it asks a member who is primary and who is online,
closes the sessions of nodes that are no longer either, and refuses sessions (its port is closed) while there is no
primary. When the member it asks is frozen it waits for that session first (``read_timeout``, 30 s) and asks the next
after 40 s. New write sessions wait inside Router for the next primary, and block its few I/O threads meanwhile (one a
core): until there is one its REST interface, and so ``observed``, may not answer.

Everything else gets static routing, where Router knows no roles and asks nobody: a new write session goes to the first
pod of the list that accepts a connection, which at start is the primary, and a read session to the others in turn. A
crashed pod is skipped for as long as it refuses connections (Router tries it again after a second); its sessions break
by themselves. So after a failover writes reach a replica that may not be the promoted one, and go back to the old
primary as soon as it accepts connections again: both refuse writes as read-only until somebody rewrites the list. A
frozen pod accepts connections in its kernel: sessions to it hang, new ones too. That is all static routing can do, and
it is measured as such.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from cluster.topologies.replication import CanPromote
from cluster.topology import Topology
from mesh.proxies import router_metadata
from mesh.proxies.proxy import POOLS, READ_PORT, WRITE_PORT, Get, Launch, Pools, Proxy, Settings, Surroundings, pause

Routing = Literal["metadata-cache", "static first-available"]

REST_PORT = 8081
CONFIG_FILE = "/etc/mysqlrouter/meshbench.conf"
STATE_FILE = "/etc/mysqlrouter/meshbench-state.json"
SCRATCH = "/tmp/router"
ROUTES = "/api/20190715/routes"  # the only version of its REST API so far
ROUTER_LISTS = ("destinations", "connections")

_BASE = f"""\
[DEFAULT]
logging_folder=
plugin_folder=/usr/lib/mysqlrouter/plugin
runtime_folder={SCRATCH}
data_folder={SCRATCH}
dynamic_state={SCRATCH}/state.json
keyring_path={SCRATCH}/keyring
master_key_path={SCRATCH}/master.key
max_total_connections=10000

[logger]
level=INFO

[http_server]
bind_address=0.0.0.0
port={REST_PORT}

[rest_api]

[rest_routing]
require_realm=meshbench

[http_auth_realm:meshbench]
backend=file
method=basic
name=meshbench

[http_auth_backend:file]
backend=file
filename={SCRATCH}/users
"""

_METADATA = f"""
[metadata_cache:group]
cluster_type=gr
router_id={router_metadata.ROUTER_ID}
metadata_cluster={router_metadata.CLUSTER}
user={router_metadata.USER}
ttl={{ttl_s:g}}
"""

_ROUTE = """
[routing:{name}]
bind_address=0.0.0.0
bind_port={port}
protocol=classic
destinations={destinations}
routing_strategy={strategy}
"""

#: Router takes passwords only from an encrypted keyring and a file of hashes; both are made where they are used.
_COMMAND = f"""\
set -e
rm -rf {SCRATCH} && mkdir -m 700 {SCRATCH} && cp {STATE_FILE} {SCRATCH}/state.json
key="--master-key-file={SCRATCH}/master.key {SCRATCH}/keyring"
mysqlrouter_keyring init $key
printf %s "$ROUTER_PASSWORD" | mysqlrouter_keyring set $key {router_metadata.USER} password
# one round: the password is random, and the observer logs in a hundred times a second
cheap="--kdf=pbkdf2-sha256 --work-factor=1"
printf %s "$ROUTER_PASSWORD" | mysqlrouter_passwd $cheap set {SCRATCH}/users {router_metadata.USER}
exec mysqlrouter -c {CONFIG_FILE}
"""


_ROUTES: Mapping[Routing, str] = {
    "metadata-cache": "it reads the group's members and their roles from the InnoDB Cluster metadata",
    "static first-available": (
        "it has a fixed list of nodes and knows no roles: it takes the first that accepts a connection, "
        "and sends writes to a replica if that is the first"
    ),
}
_BY_LUCK = (
    "MySQL Router routes statically there, to the next node of its list. That is the new primary only by luck, and it "
    "goes back to the old one as soon as that accepts connections."
)


def routing(topology: Topology) -> Routing:
    """How Router finds its destinations in front of this topology."""
    return "metadata-cache" if topology.replication.elects_by_itself else "static first-available"


def configuration(settings: RouterSettings, topology: Topology, *, pods: Sequence[str]) -> str:
    """mysqlrouter.conf. pods: names, the primary first; only static routing uses them."""
    text = _BASE
    if routing(topology) == "metadata-cache":
        text += _METADATA.format(ttl_s=settings.ttl)
        cache = f"metadata-cache://{router_metadata.CLUSTER}/?role="
        if topology.primaries > 1:
            write = read = (f"{cache}PRIMARY", "round-robin")
        else:
            write, read = (f"{cache}PRIMARY", "first-available"), (f"{cache}SECONDARY", "round-robin-with-fallback")
    else:
        addresses = [f"{pod}:{WRITE_PORT}" for pod in pods]
        write = (",".join(addresses), "first-available")
        read = (",".join(addresses[1:] or addresses), "round-robin")
    for name, port, (destinations, strategy) in (("write", WRITE_PORT, write), ("read", READ_PORT, read)):
        text += _ROUTE.format(name=name, port=port, destinations=destinations, strategy=strategy)
    return text


@dataclass(frozen=True, kw_only=True)
class RouterSettings(Settings):
    ttl: float = pause("between two looks at the topology", default=0.5)

    @property
    def cycle_s(self) -> float:
        return self.ttl


def settings_in(text: str) -> RouterSettings:
    """Those of a configuration of ours; static routes have no ttl, and keep the default."""
    ttl = re.search(r"^ttl=([0-9.e-]+)$", text, re.MULTILINE)
    return RouterSettings() if ttl is None else RouterSettings(ttl=float(ttl[1]))


class Router(Proxy):
    name = "router"
    title = "MySQL Router"
    settings = RouterSettings
    image = "base"
    admin_port = REST_PORT
    version_command = ["mysqlrouter", "--version"]  # noqa: RUF012  # nobody changes it
    who = "router"
    ready_words = "both pools of router have an endpoint"

    def launch(self, settings: RouterSettings, around: Surroundings) -> Launch:
        topology, primary, password = around.topology, around.primary(), secrets.token_hex(16)
        pods = [primary, *(pod for pod in around.running if pod != primary)]
        state: dict[str, object] = {"version": "1.0.0"}
        if routing(topology) == "metadata-cache":
            with around.connect(primary) as connection:
                router_metadata.create(connection, password=password)
                with connection.cursor() as cursor:
                    cursor.execute("SELECT @@group_replication_group_name")
                    group_name = cursor.fetchone()[0]
            servers = [f"mysql://{pod}:{WRITE_PORT}" for pod in pods]
            state["metadata-cache"] = {"group-replication-id": group_name, "cluster-metadata-servers": servers}
        login = base64.b64encode(f"{router_metadata.USER}:{password}".encode()).decode()
        return Launch(
            command=[
                "setpriv",
                "--reuid=65534",
                "--regid=65534",
                "--clear-groups",
                "bash",
                "-c",
                _COMMAND,
            ],  # as nobody
            env={"ROUTER_PASSWORD": password},
            files={
                CONFIG_FILE: configuration(settings, topology, pods=pods).encode(),
                STATE_FILE: json.dumps(state).encode(),
            },
            authorization=f"Basic {login}",
        )

    def endpoints(self, get: Get, pods: Mapping[str, str]) -> Pools:
        lists = {
            pool: {what: json.loads(get(f"{ROUTES}/{pool}/{what}"))["items"] for what in ROUTER_LISTS} for pool in POOLS
        }
        return router_endpoints(lists, pods)

    def in_force(self, get: Get, read: Callable[[str], str]) -> RouterSettings:  # noqa: ARG002  # it tells no ttl
        return settings_in(read(CONFIG_FILE))

    def describe(self, topology: Topology) -> Mapping[str, str]:
        word = routing(topology)
        caveat = {"caveat": _BY_LUCK} if isinstance(topology.replication, CanPromote) else {}
        return {"routing": word, "routes": _ROUTES[word], **caveat}

    def pointless(self, topology: Topology) -> Mapping[str, str]:
        return {} if routing(topology) == "metadata-cache" else {"ttl": "Router's routes are static"}


def router_endpoints(pools: Mapping[str, Mapping[str, list[dict[str, Any]]]], pods: Mapping[str, str]) -> Pools:
    """Router's lists of destinations and connections, by pool. pods: address -> name.

    A pod is healthy when Router would send it the next session: it is a destination, and in the read pool not the
    primary that stands in only when no replica is left. With static routing every destination always is.
    """
    listed = {
        pool: {pods.get(one["address"], one["address"]) for one in lists["destinations"]}
        for pool, lists in pools.items()
    }
    healthy = {**listed, "read": listed["read"] - listed["write"] or listed["read"]}
    return {
        pool: {
            pod: {
                "healthy": pod in healthy[pool],
                "connections": sum(
                    one["destinationAddress"].rpartition(":")[0] == address for one in lists["connections"]
                ),
                "cut": None,
            }
            for address, pod in pods.items()
        }
        for pool, lists in pools.items()
    }
