"""Envoy's configuration: the settings on which failover and secrecy depend."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cluster.topology import Topology
from mesh.proxies.envoy import Envoy, EnvoySettings, client_side, server_side
from mesh.proxies.proxy import read_path


def pools(settings: EnvoySettings | None = None, *, encrypt: bool = False) -> dict[str, dict[str, Any]]:
    config = client_side(settings or EnvoySettings(), name="gateway", read_path="/replica", encrypt=encrypt)
    return {pool["name"]: pool for pool in config["static_resources"]["clusters"]}


def chain(config: dict[str, Any], listener: int = 0) -> dict[str, Any]:
    first: dict[str, Any] = config["static_resources"]["listeners"][listener]["filter_chains"][0]
    return first


def test_writes_follow_the_primary_and_reads_the_replicas() -> None:
    assert pools()["write"]["health_checks"][0]["http_health_check"]["path"] == "/primary"
    assert pools()["read"]["health_checks"][0]["http_health_check"]["path"] == "/replica"


@pytest.mark.parametrize(
    ("topology", "path"),
    [
        (Topology(kind="single", pods=1), "/health"),
        (Topology(kind="group", pods=1), "/health"),
        (Topology(kind="group", pods=3), "/replica"),
        (Topology(kind="async", pods=3), "/replica"),
        (Topology(kind="group-multi", pods=3), "/health"),
    ],
)
def test_where_no_pod_is_a_replica_every_pod_reads(topology: Topology, path: str) -> None:
    assert read_path(topology) == path


def test_a_failed_endpoint_loses_its_sessions_and_is_never_used_in_panic_nor_kept_when_removed() -> None:
    for pool in pools().values():
        assert pool["close_connections_on_host_health_failure"] is True
        assert pool["ignore_health_on_host_removal"] is True
        assert pool["common_lb_config"]["healthy_panic_threshold"]["value"] == 0


def test_the_scenario_s_check_settings_reach_envoy_unused_pools_included() -> None:
    settings = EnvoySettings(check_interval=0.1, check_timeout=0.5, fall=3, rise=2)
    check = pools(settings)["write"]["health_checks"][0]
    assert {check[key] for key in check if key.endswith("interval")} == {"0.100s"}
    assert (check["timeout"], check["unhealthy_threshold"], check["healthy_threshold"]) == ("0.500s", 3, 2)


def test_encrypted_pools_verify_the_pod_s_name_and_still_check_agents_in_plain() -> None:
    for pool in pools(encrypt=True).values():
        context = pool["transport_socket"]["typed_config"]
        assert context["auto_sni_san_validation"] is True
        assert "trusted_ca" in context["common_tls_context"]["validation_context"]
        wanted = pool["health_checks"][0]["transport_socket_match_criteria"]
        by_match = [
            one["transport_socket"]["name"] for one in pool["transport_socket_matches"] if one["match"] == wanted
        ]
        assert by_match == ["envoy.transport_sockets.raw_buffer"]
    assert all("transport_socket" not in pool for pool in pools().values())


def test_the_server_side_demands_a_certificate_and_nothing_older_than_tls_1_2() -> None:
    context = chain(server_side(name="node1"))["transport_socket"]["typed_config"]
    assert context["require_client_certificate"] is True
    assert context["common_tls_context"]["tls_params"]["tls_minimum_protocol_version"] == "TLSv1_2"


def test_a_sidecar_is_nobody_else_s_way_in() -> None:
    config = client_side(
        EnvoySettings(), name="load1", read_path="/replica", callers=[("127.0.0.0", 8), ("198.18.0.1", 32)]
    )
    for listener in (0, 1):
        ranges = chain(config, listener)["filter_chain_match"]["source_prefix_ranges"]
        assert [one["address_prefix"] for one in ranges] == ["127.0.0.0", "198.18.0.1"]


def dump(config: dict[str, Any]) -> str:
    """What Envoy answers to /config_dump, as far as its pools go."""
    pools = [{"cluster": pool} for pool in config["static_resources"]["clusters"]]
    return json.dumps({"configs": [{"bootstrap": {}}, {"static_clusters": pools}]})


def test_its_settings_are_read_back_from_what_it_says_is_in_force() -> None:
    settings = EnvoySettings(check_interval=0.1, check_timeout=0.5, fall=3, rise=2)
    said = dump(client_side(settings, name="gateway", read_path="/replica"))
    assert Envoy().in_force({"/config_dump": said}.__getitem__, str) == settings
    assert Envoy().in_force(lambda _: dump(server_side(name="node1")), str) is None, "beside mysqld it checks nobody"
    with pytest.raises(ValueError, match="no cluster"):
        Envoy().in_force(lambda _: '{"configs": []}', str)
