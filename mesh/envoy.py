"""Envoy's configuration: two TCP listeners, two pools, an active health check on every endpoint.

The write pool holds whoever the role agent calls primary, the read pool whoever it calls replica (a single pod serves
both). The agent also takes MySQL's greeting (docs/decisions/0002 says why Envoy cannot do both). When an endpoint
fails, its sessions are closed, not only kept from new ones; when all fail, none is used (panic mode is off).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cluster.agent import PORT as AGENT_PORT
from mesh.spec import READ_PORT, WRITE_PORT, MeshSpec

ADMIN_PORT = 9901


def configuration(spec: MeshSpec, *, pods: Mapping[str, str]) -> dict[str, Any]:
    """The bootstrap as Envoy reads it (JSON is YAML). pods: name -> address."""
    read_check = "/replica" if len(pods) > 1 else "/health"
    return {
        "node": {"id": "gateway", "cluster": "meshbench"},
        "admin": {"address": _address("0.0.0.0", ADMIN_PORT)},
        # a TCP proxy has no business refusing work by a default meant for shared hosts
        "overload_manager": {
            "resource_monitors": [
                {
                    "name": "envoy.resource_monitors.global_downstream_max_connections",
                    "typed_config": {
                        "@type": "type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3"
                        ".DownstreamConnectionsConfig",
                        "max_active_downstream_connections": 50_000,
                    },
                }
            ]
        },
        "static_resources": {
            "listeners": [_listener("write", WRITE_PORT), _listener("read", READ_PORT)],
            "clusters": [_pool("write", "/primary", spec, pods), _pool("read", read_check, spec, pods)],
        },
    }


def _address(host: str, port: int) -> dict[str, Any]:
    return {"socket_address": {"address": host, "port_value": port}}


def _listener(pool: str, port: int) -> dict[str, Any]:
    proxy = {
        "@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
        "stat_prefix": pool,
        "cluster": pool,
        "idle_timeout": "0s",  # a pooled connection may idle for as long as the application likes
    }
    return {
        "name": pool,
        "address": _address("0.0.0.0", port),
        "filter_chains": [{"filters": [{"name": "envoy.filters.network.tcp_proxy", "typed_config": proxy}]}],
    }


def _pool(name: str, role_path: str, spec: MeshSpec, pods: Mapping[str, str]) -> dict[str, Any]:
    interval, timeout = f"{spec.check_interval_s:.3f}s", f"{spec.check_timeout_s:.3f}s"
    check = {
        "interval": interval,
        "no_traffic_interval": interval,  # Envoy's default asks once a minute until the pool is first used
        "no_traffic_healthy_interval": interval,
        "unhealthy_interval": interval,
        "timeout": timeout,
        "unhealthy_threshold": spec.fall,
        "healthy_threshold": spec.rise,
        "http_health_check": {"path": role_path},
    }
    endpoints = [
        {
            "endpoint": {
                "hostname": pod,
                "address": _address(address, WRITE_PORT),
                "health_check_config": {"port_value": AGENT_PORT},
            }
        }
        for pod, address in pods.items()
    ]
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": timeout,
        "lb_policy": "LEAST_REQUEST",
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}},
        "close_connections_on_host_health_failure": True,
        "health_checks": [check],
        "circuit_breakers": {"thresholds": [{"max_connections": 50_000, "max_pending_requests": 50_000}]},
        "upstream_connection_options": {"tcp_keepalive": {"keepalive_time": 10, "keepalive_interval": 2}},
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": endpoints}]},
    }
