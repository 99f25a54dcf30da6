"""HAProxy's configuration: the settings on which failover depends."""

from __future__ import annotations

import pytest

from mesh.proxies.haproxy import CONFIG_FILE, SOCKET, HAProxy, HAProxySettings, configuration

PODS = {"node1": "198.18.0.11", "node2": "198.18.0.12"}


def backends(settings: HAProxySettings, *, read_path: str = "/replica") -> dict[str, list[str]]:
    """Backend name -> its lines."""
    found: dict[str, list[str]] = {}
    for section in configuration(settings, pods=PODS, read_path=read_path).split("\n\n"):
        head, *lines = section.strip().splitlines()
        if head.startswith("backend "):
            found[head.split()[1]] = [line.strip() for line in lines]
    return found


def checks(settings: HAProxySettings, pool: str) -> str:
    return next(line for line in backends(settings)[pool] if line.startswith("default-server"))


def test_writes_follow_the_primary_and_reads_what_the_topology_says() -> None:
    found = backends(HAProxySettings(), read_path="/health")
    assert "option httpchk GET /primary" in found["write"]
    assert "option httpchk GET /health" in found["read"]
    for lines in found.values():
        assert "server node1 198.18.0.11:3306" in lines
        assert "server node2 198.18.0.12:3306" in lines


def test_a_server_is_out_until_a_check_has_passed_and_loses_its_sessions_when_one_fails() -> None:
    for pool in ("write", "read"):
        words = checks(HAProxySettings(), pool)
        assert "init-state down" in words
        assert "on-marked-down shutdown-sessions" in words
        assert "check port 8008" in words


def test_the_product_s_own_settings_hold_where_the_scenario_is_silent() -> None:
    assert "inter 2000ms fall 3 rise 2" in checks(HAProxySettings(), "write")
    assert "timeout check 2000ms" in backends(HAProxySettings())["write"]


def test_a_check_may_take_as_long_as_the_interval_unless_the_scenario_says_otherwise() -> None:
    faster = HAProxySettings(check_interval=0.25, fall=2)
    assert "inter 250ms fall 2 rise 2" in checks(faster, "write")
    assert "timeout check 250ms" in backends(faster)["write"]
    patient = HAProxySettings(check_interval=0.25, check_timeout=1.0)
    assert "timeout check 1000ms" in backends(patient)["write"]


def test_its_frontends_are_disabled_by_name_over_its_own_socket() -> None:
    config = configuration(HAProxySettings(), pods=PODS, read_path="/replica")
    assert f"stats socket {SOCKET} mode 600 level admin" in config
    assert HAProxy.drain.resume is not None
    for verb, command in (("disable", HAProxy.drain.stop), ("enable", HAProxy.drain.resume)):
        for frontend in ("write-in", "read-in"):
            assert f"frontend {frontend}\n" in config
            assert f"{verb} frontend {frontend}" in command[-1]
        compile(command[-1], "drain", "exec")


def test_its_settings_are_read_back_from_the_configuration_it_was_started_with() -> None:
    settings = HAProxySettings(check_interval=0.35, check_timeout=0.75, fall=4, rise=3)
    text = configuration(settings, pods=PODS, read_path="/replica")
    files = {CONFIG_FILE: text}
    assert HAProxy().in_force(str, files.__getitem__) == settings
    with pytest.raises(ValueError, match="has no health checks"):
        HAProxy().in_force(str, {CONFIG_FILE: "global\n"}.__getitem__)
