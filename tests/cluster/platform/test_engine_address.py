"""Which engine is meant, from what users have for Docker and Testcontainers; without an engine."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from cluster.errors import ConfigurationError
from cluster.platform.engine_address import DEFAULT_HOST, PROPERTIES, find


def docker_config(home: Path, content: Any) -> Path:
    file = home / ".docker" / "config.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


def context(home: Path, name: str, meta: Any, *, tls: bool = False) -> Path:
    identity = hashlib.sha256(name.encode()).hexdigest()
    folder = home / ".docker" / "contexts" / "meta" / identity
    folder.mkdir(parents=True)
    (folder / "meta.json").write_text(meta if isinstance(meta, str) else json.dumps(meta))
    certificates = home / ".docker" / "contexts" / "tls" / identity / "docker"
    if tls:
        certificates.mkdir(parents=True)
    return certificates


def colima(home: Path, **how: bool) -> Path:
    return context(home, "colima", {"Endpoints": {"docker": {"Host": "unix:///colima.sock"}}}, **how)


def test_with_nothing_configured_it_is_the_local_socket(tmp_path: Path) -> None:
    found = find({}, tmp_path)
    assert (found.host, found.configured, found.proxies) == (DEFAULT_HOST, "the default", {})


def test_docker_host_counts_before_a_context(tmp_path: Path) -> None:
    docker_config(tmp_path, {"currentContext": "colima"})
    colima(tmp_path)
    found = find({"DOCKER_HOST": "tcp://engine:2375", "DOCKER_CONTEXT": "colima"}, tmp_path)
    assert (found.host, found.configured) == ("tcp://engine:2375", "DOCKER_HOST")


def test_tc_host_counts_before_docker_host_as_in_testcontainers_and_names_its_file(tmp_path: Path) -> None:
    file = tmp_path / PROPERTIES
    file.write_text("# of Testcontainers Desktop\ntc.host = tcp\\://127.0.0.1\\:49300\nryuk.disabled=true\n")
    found = find({"DOCKER_HOST": "unix:///else.sock"}, tmp_path)
    assert (found.host, found.configured) == ("tcp://127.0.0.1:49300", f"tc.host in {file}")


def test_docker_host_of_the_file_counts_last_and_other_keys_choose_no_engine(tmp_path: Path) -> None:
    file = tmp_path / PROPERTIES
    file.write_text("docker.host=unix:///file.sock\n")
    assert find({}, tmp_path).configured == f"docker.host in {file}"
    assert find({"DOCKER_HOST": "unix:///else.sock"}, tmp_path).host == "unix:///else.sock"
    file.write_text(
        "#docker.host=unix:///old.sock\n"
        "docker.client.strategy=org.testcontainers.dockerclient.UnixSocketClientProviderStrategy\n"
        "testcontainers.reuse.enable=true\nno key\n"
    )
    assert find({}, tmp_path).host == DEFAULT_HOST


@pytest.mark.parametrize("by", ["DOCKER_CONTEXT", "currentContext"])
def test_a_context_gives_the_host_and_its_certificates(tmp_path: Path, by: str) -> None:
    certificates = colima(tmp_path, tls=True)
    environment = {}
    if by == "DOCKER_CONTEXT":
        environment = {by: "colima"}
    else:
        by = f"currentContext in {docker_config(tmp_path, {'currentContext': 'colima'})}"
    found = find(environment, tmp_path)
    assert (found.host, found.certificates) == ("unix:///colima.sock", certificates)
    assert found.configured == f"context 'colima' of {by}"


def test_the_default_context_is_none(tmp_path: Path) -> None:
    docker_config(tmp_path, {"currentContext": "default"})
    assert find({}, tmp_path).host == DEFAULT_HOST
    colima(tmp_path)
    docker_config(tmp_path, {"currentContext": "colima"})
    assert find({"DOCKER_CONTEXT": "default"}, tmp_path).host == DEFAULT_HOST


def test_docker_config_elsewhere_is_where_contexts_are_looked_for(tmp_path: Path) -> None:
    colima(tmp_path / "elsewhere")
    found = find({"DOCKER_CONFIG": str(tmp_path / "elsewhere" / ".docker"), "DOCKER_CONTEXT": "colima"}, tmp_path)
    assert found.host == "unix:///colima.sock"


@pytest.mark.parametrize("meta", [None, "{", "[]", '{"Endpoints": {"docker": null}}'])
def test_a_context_that_is_not_there_or_not_readable_is_told_with_its_place(tmp_path: Path, meta: str | None) -> None:
    if meta is not None:
        context(tmp_path, "gone", meta)
    with pytest.raises(ConfigurationError, match=r"DOCKER_CONTEXT: .*'gone'.*contexts"):
        find({"DOCKER_CONTEXT": "gone"}, tmp_path)


@pytest.mark.parametrize("content", ['{"auths": [', "[1, 2]", "null", "\x00"])
def test_a_broken_docker_configuration_is_left_aside_and_named(tmp_path: Path, content: str) -> None:
    file = docker_config(tmp_path, content)
    found = find({}, tmp_path)
    assert found.host == DEFAULT_HOST
    assert str(file) in found.configured
    assert "left aside" in found.configured


@pytest.mark.parametrize("how", ["folder", "bytes"])
def test_a_properties_file_that_cannot_be_read_is_one_line_with_its_name(tmp_path: Path, how: str) -> None:
    file = tmp_path / PROPERTIES
    if how == "folder":
        file.mkdir()
    else:
        file.write_bytes(b"tc.host=\xff\xfe\n")
    with pytest.raises(ConfigurationError, match=rf"{PROPERTIES} cannot be read: .*; fix or remove it"):
        find({}, tmp_path)


def test_proxies_for_what_downloads_come_from_docker_else_from_the_environment(tmp_path: Path) -> None:
    environment = {"HTTP_PROXY": "http://env:1", "no_proxy": "localhost"}
    assert find(environment, tmp_path).proxies == {"http_proxy": "http://env:1", "no_proxy": "localhost"}
    docker_config(tmp_path, {"proxies": {"default": {"httpsProxy": "http://docker:2", "allProxy": "x"}}})
    assert find(environment, tmp_path).proxies == {"https_proxy": "http://docker:2"}


@pytest.mark.parametrize("proxies", [None, [], "http://p", {"default": None}, {"default": "p"}, {"default": {}}])
def test_proxies_in_no_form_that_docker_has_are_none(tmp_path: Path, proxies: Any) -> None:
    docker_config(tmp_path, {"proxies": proxies})
    assert find({}, tmp_path).proxies == {}
