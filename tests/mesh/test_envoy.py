"""Envoy's configuration: the settings on which failover depends."""

from __future__ import annotations

from typing import Any

from mesh.envoy import configuration
from mesh.spec import MeshSpec

PODS = {"node1": "198.18.0.11", "node2": "198.18.0.12"}


def pools(spec: MeshSpec, pods: dict[str, str]) -> dict[str, dict[str, Any]]:
    return {pool["name"]: pool for pool in configuration(spec, pods=pods)["static_resources"]["clusters"]}


def test_writes_follow_the_primary_and_reads_the_replicas() -> None:
    pool = pools(MeshSpec(mode="gateway"), PODS)
    assert pool["write"]["health_checks"][0]["http_health_check"]["path"] == "/primary"
    assert pool["read"]["health_checks"][0]["http_health_check"]["path"] == "/replica"


def test_a_single_pod_serves_reads_too() -> None:
    pool = pools(MeshSpec(mode="gateway"), {"node1": "198.18.0.11"})
    assert pool["read"]["health_checks"][0]["http_health_check"]["path"] == "/health"


def test_a_failed_endpoint_loses_its_sessions_and_is_never_used_in_panic() -> None:
    for pool in pools(MeshSpec(mode="gateway"), PODS).values():
        assert pool["close_connections_on_host_health_failure"] is True
        assert pool["common_lb_config"]["healthy_panic_threshold"]["value"] == 0


def test_the_scenario_s_check_settings_reach_envoy_unused_pools_included() -> None:
    spec = MeshSpec(mode="gateway", check_interval_s=0.1, check_timeout_s=0.5, fall=3, rise=2)
    check = pools(spec, PODS)["write"]["health_checks"][0]
    assert {check[key] for key in check if key.endswith("interval")} == {"0.100s"}
    assert (check["timeout"], check["unhealthy_threshold"], check["healthy_threshold"]) == ("0.500s", 3, 2)
