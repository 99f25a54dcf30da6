"""Envoy's configuration: on the clients' side two listeners and two pools, on a server's side one of each.

The write pool holds the nodes that the role agents call primary, the read pool those they call replica (or all, where
there are none). Members come by EDS (`mesh.proxies.eds`); every one is also checked actively. The agent also takes
MySQL's greeting (docs/decisions/0002 says why Envoy cannot do both). When a check fails, the endpoint's sessions are
closed, not only kept from new ones; when all fail, none is used (panic mode is off).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cluster.front import Drain
from mesh.proxies import eds, envoy_closed_sessions, envoy_tls
from mesh.proxies.envoy_closed_sessions import ENDED
from mesh.proxies.proxy import (
    READ_PORT,
    WRITE_PORT,
    Get,
    Launch,
    Pools,
    Proxy,
    Settings,
    Surroundings,
    checks,
    pause,
    read_path,
)

ADMIN_PORT = 9901
#: Where the server side takes what was sent to MySQL's port.
INBOUND_PORT = 15006
HANDSHAKE_TIMEOUT = "3s"
MANY = 50_000

Config = dict[str, Any]

CONFIG_FILE = "/etc/envoy/envoy.json"
#: Worker threads of each Envoy: what Istio gives a sidecar, whatever the machine has.
CONCURRENCY = 2


#: Asks Envoy's admin interface to do something; the image has no curl.
_POST = """\
exec 3<>/dev/tcp/127.0.0.1/{port}
printf 'POST {path} HTTP/1.1\\r\\nHost: admin\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n' >&3
head -n1 <&3 | grep -q ' 200 '
"""


@dataclass(frozen=True, kw_only=True)
class EnvoySettings(Settings):
    """Active health checks of every endpoint. Envoy has no defaults of its own: these are
    ours."""

    check_interval: float = pause("between two health checks of one endpoint", default=0.25)
    check_timeout: float = pause("an answer later than this is a failed check", default=1.0)
    fall: int = checks("failed checks in a row before an endpoint is out", default=2)
    rise: int = checks("good checks in a row before it is in", default=1)

    @property
    def cycle_s(self) -> float:
        return self.check_interval


class Envoy(Proxy):
    name = "envoy"
    title = "Envoy"
    settings = EnvoySettings
    image = "envoy"
    admin_port = ADMIN_PORT
    needs_nodes = False
    #: Without `graceful` the listeners are closed at once. It cannot be taken back.
    drain = Drain(stop=("bash", "-c", _POST.format(port=ADMIN_PORT, path="/drain_listeners")))
    version_command = ["envoy", "--version"]  # noqa: RUF012  # nobody changes it
    who = "Envoy of gateway"
    threads = CONCURRENCY
    ready_words = "pool write of gateway's Envoy has an endpoint"

    def launch(self, settings: EnvoySettings, around: Surroundings) -> Launch:
        return launch(client_side(settings, name="gateway", read_path=read_path(around.topology)), run_id=around.run_id)

    def endpoints(self, get: Get, pods: Mapping[str, str]) -> Pools:
        return envoy_endpoints(json.loads(get("/clusters?format=json"))["cluster_statuses"], pods)

    def ready(self, get: Get, pods: Mapping[str, str]) -> bool:  # noqa: ARG002  # its own numbers tell
        return works(get, pool="write")

    def in_force(self, get: Get, read: Callable[[str], str]) -> EnvoySettings | None:  # noqa: ARG002  # it tells itself
        return settings_in(json.loads(get("/config_dump")))

    def counter(self) -> Callable[[Get, Pools], None]:
        cuts = envoy_closed_sessions.Cuts()

        def count_cuts(get: Get, pools: Pools) -> None:
            cuts.fill(pools, envoy_closed_sessions.totals(get(envoy_closed_sessions.PATH)))

        return count_cuts


def launch(config: Config, *, run_id: str | None, files: Mapping[str, bytes] | None = None) -> Launch:
    """run_id: of the run whose EDS volume has its pools; None where they are static. files: path -> content."""
    return Launch(
        command=["-c", CONFIG_FILE, "--log-level", "info", "--concurrency", str(CONCURRENCY)],
        files={CONFIG_FILE: json.dumps(config).encode(), **(files or {})},
        volumes={} if run_id is None else {eds.volume_name(run_id): f"{eds.FOLDER}:ro"},
    )


def settings_in(dump: Mapping[str, Any]) -> EnvoySettings | None:
    """Those of the write pool in Envoy's ``/config_dump``; None of the one beside a mysqld, which checks nobody. Raises
    ValueError where the dump has no pools."""
    pools = [one["cluster"] for config in dump["configs"] for one in config.get("static_clusters", [])]
    if not pools:
        raise ValueError("Envoy's /config_dump has no cluster")
    check = next((pool["health_checks"][0] for pool in pools if pool.get("name") == "write"), None)
    return (
        None
        if check is None
        else EnvoySettings(
            check_interval=float(check["interval"].removesuffix("s")),
            check_timeout=float(check["timeout"].removesuffix("s")),
            fall=check["unhealthy_threshold"],
            rise=check["healthy_threshold"],
        )
    )


def works(get: Get, *, pool: str) -> bool:
    """Whether its workers run and a pool has an endpoint that may take sessions; raises OSError."""
    wanted = ("listener_manager.workers_started", f"cluster.{pool}.membership_healthy")
    told = dict(line.split(": ") for line in get(f"/stats?filter=^({'|'.join(wanted)})$").splitlines())
    return all(int(told.get(name, 0)) > 0 for name in wanted)


def client_side(
    settings: EnvoySettings,
    *,
    name: str,
    read_path: str,
    callers: Sequence[tuple[str, int]] = (),
    encrypt: bool = False,
) -> Config:
    """The bootstrap of a gateway or a sidecar, as Envoy reads it (JSON is YAML).

    read_path: what the role agent must affirm of a pod that serves reads.
    callers: (address, prefix length) of the clients allowed in; empty: all.
    encrypt: mutual TLS towards the pods, with the files of `tls.Identity`; the checks of role agents stay plain.
    """
    match = {"source_prefix_ranges": [{"address_prefix": one, "prefix_len": length} for one, length in callers]}
    who: Config = {"filter_chain_match": match} if callers else {}
    pools = [_pool("write", "/primary", settings), _pool("read", read_path, settings)]
    if encrypt:
        for pool in pools:
            pool["transport_socket"] = envoy_tls.to_server()
            pool["transport_socket_matches"] = [
                {"name": "agent", "match": {"agent": True}, "transport_socket": envoy_tls.plaintext()}
            ]
            pool["health_checks"][0]["transport_socket_match_criteria"] = {"agent": True}
    ports = {"write": WRITE_PORT, "read": READ_PORT}
    return _bootstrap(name, [_listener(pool, port, who) for pool, port in ports.items()], pools)


def server_side(*, name: str) -> Config:
    """The bootstrap of the Envoy beside mysqld: takes mutual TLS, hands the plain session to mysqld on loopback."""
    mysqld = {"endpoint": {"hostname": name, "address": _address("127.0.0.1", WRITE_PORT)}}
    pool = {
        "name": "mysqld",
        "type": "STATIC",
        "connect_timeout": "1s",
        "circuit_breakers": _no_limit(),
        "load_assignment": {"cluster_name": "mysqld", "endpoints": [{"lb_endpoints": [mysqld]}]},
    }
    # a plaintext client waits for MySQL's greeting, and Envoy for a TLS handshake: without a timeout both wait forever
    inbound = {"transport_socket": envoy_tls.from_client(), "transport_socket_connect_timeout": HANDSHAKE_TIMEOUT}
    return _bootstrap(name, [_listener("mysqld", INBOUND_PORT, inbound)], [pool])


def _bootstrap(name: str, listeners: list[Config], clusters: list[Config]) -> Config:
    return {
        "node": {"id": name, "cluster": "meshbench"},
        "admin": {"address": _address("0.0.0.0", ADMIN_PORT)},
        # the default limits are for shared hosts; a TCP proxy here should refuse nothing
        "overload_manager": {
            "resource_monitors": [
                {
                    "name": "envoy.resource_monitors.global_downstream_max_connections",
                    "typed_config": {
                        "@type": "type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3"
                        ".DownstreamConnectionsConfig",
                        "max_active_downstream_connections": MANY,
                    },
                }
            ]
        },
        "static_resources": {"listeners": listeners, "clusters": clusters},
    }


def _address(host: str, port: int) -> Config:
    return {"socket_address": {"address": host, "port_value": port}}


def _listener(pool: str, port: int, chain: Config) -> Config:
    proxy = {
        "@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
        "stat_prefix": pool,
        "cluster": pool,
        "idle_timeout": "0s",  # a pooled connection may idle for as long as the application likes
        "access_log": [_how_clients_end(pool)],
    }
    return {
        "name": pool,
        "address": _address("0.0.0.0", port),
        "filter_chains": [{"filters": [{"name": "envoy.filters.network.tcp_proxy", "typed_config": proxy}], **chain}],
    }


def _how_clients_end(pool: str) -> Config:
    """An access log that only counts ``ended.<pool>.sessions.client.<how>``; see `envoy_closed_sessions`."""
    counted = {
        "name": "sessions",
        "tags": [{"name": "client", "value_format": "%DOWNSTREAM_DETECTED_CLOSE_TYPE%"}],
    }
    return {
        "name": "envoy.access_loggers.stats",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.access_loggers.stats.v3.Config",
            "stats_scope": {"prefix": f"{ENDED}.{pool}"},
            "counters": [{"stat": counted, "value_fixed": 1}],
        },
    }


def _pool(name: str, role_path: str, settings: EnvoySettings) -> Config:
    interval, timeout = f"{settings.check_interval:.3f}s", f"{settings.check_timeout:.3f}s"
    check = {
        "interval": interval,
        "no_traffic_interval": interval,  # Envoy's default asks once a minute until the pool is first used
        "no_traffic_healthy_interval": interval,
        "unhealthy_interval": interval,
        "timeout": timeout,
        "unhealthy_threshold": settings.fall,
        "healthy_threshold": settings.rise,
        "http_health_check": {"path": role_path},
    }
    published = {"path": eds.file_of(name), "watched_directory": {"path": eds.FOLDER}}
    return {
        "name": name,
        "type": "EDS",
        "eds_cluster_config": {"eds_config": {"resource_api_version": "V3", "path_config_source": published}},
        "connect_timeout": timeout,
        "lb_policy": "LEAST_REQUEST",
        "common_lb_config": {
            "healthy_panic_threshold": {"value": 0},
            # by default changes within a second of another one are held back: for that second new sessions went to a
            # primary whose sessions had just been closed, or nowhere although there was a new one (seen on Envoy 1.40)
            "update_merge_window": "0s",
        },
        "close_connections_on_host_health_failure": True,
        "ignore_health_on_host_removal": True,  # otherwise a removed endpoint stays for as long as it is healthy
        "health_checks": [check],
        "circuit_breakers": _no_limit(),
        "upstream_connection_options": {"tcp_keepalive": {"keepalive_time": 10, "keepalive_interval": 2}},
    }


def _no_limit() -> Config:
    return {"thresholds": [{"max_connections": MANY, "max_pending_requests": MANY}]}


def envoy_endpoints(clusters: list[dict[str, Any]], pods: Mapping[str, str]) -> Pools:
    """Envoy's ``/clusters?format=json``. pods: address -> name."""
    pools: Pools = {}
    for cluster in clusters:
        pool = pools.setdefault(cluster["name"], {})
        for host in cluster.get("host_statuses", []):
            address = host["address"]["socket_address"]["address"]
            health = host.get("health_status", {})
            gauges = {one["name"]: int(one.get("value", 0)) for one in host.get("stats", [])}
            pool[pods.get(address) or host.get("hostname") or address] = {  # beside mysqld it is loopback
                "healthy": health.get("eds_health_status") == "HEALTHY"
                and not any(value is True for key, value in health.items() if key.startswith("failed_")),
                "connections": gauges.get("cx_active", 0),
                "cut": None,
            }
    return pools
