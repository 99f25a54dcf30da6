"""What is said when no engine answers, and when the set-up may start one; without an engine."""

from __future__ import annotations

import gc
import os

import pytest

from cluster.errors import ConfigurationError
from cluster.platform import docker_engine, setup
from cluster.platform.docker_engine import NoEngineError
from cluster.platform.engine_address import DEFAULT_HOST, EngineAddress

NOBODY = OSError("('Connection aborted.', FileNotFoundError(2, 'No such file or directory'))")
DENIED = OSError("('Connection aborted.', PermissionError(13, 'Permission denied'))")
HERE = EngineAddress()
THERE = EngineAddress(host="tcp://10.0.0.5:2375", configured="DOCKER_HOST")


@pytest.fixture
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "localhost")


def test_only_where_no_engine_runs_on_this_machine_one_may_be_started() -> None:
    told = docker_engine._no_answer(HERE, NOBODY)
    assert isinstance(told, NoEngineError)
    assert str(told).startswith(f"no Docker Engine answers at {DEFAULT_HOST} (from the default): run `make images`")
    for at, error in ((THERE, NOBODY), (HERE, DENIED), (HERE, OSError("TLS needs\na certificate"))):
        other = docker_engine._no_answer(at, error)
        assert not isinstance(other, NoEngineError)
        assert "\n" not in str(other)


def test_a_user_who_may_not_use_the_socket_is_told_so() -> None:
    assert "permission denied; run as root" in str(docker_engine._no_answer(HERE, DENIED))


def test_an_engine_that_is_configured_and_not_there_is_told_with_its_setting() -> None:
    told = str(docker_engine._no_answer(THERE, OSError("timed out")))
    assert told.startswith("no Docker Engine answers at tcp://10.0.0.5:2375 (from DOCKER_HOST): start it, or fix")
    assert told.endswith("timed out")


@pytest.mark.parametrize(("error", "starts"), [(NoEngineError("none"), True), (ConfigurationError("wrong"), False)])
def test_the_set_up_starts_no_second_engine_for_a_setting_that_is_wrong(
    monkeypatch: pytest.MonkeyPatch, error: Exception, starts: bool
) -> None:
    def fails() -> None:
        raise error

    started: list[bool] = []
    monkeypatch.setattr(docker_engine, "client", fails)
    monkeypatch.setattr(docker_engine, "can_install", lambda: True)
    monkeypatch.setattr(docker_engine, "start_dockerd", lambda: started.append(True))
    monkeypatch.setattr("shutil.which", lambda _: "/usr/bin/there")
    if starts:
        setup.ensure_engine()
    else:
        with pytest.raises(ConfigurationError, match="wrong"):
            setup.ensure_engine()
    assert bool(started) == starts


@pytest.mark.usefixtures("no_proxy")
def test_an_engine_elsewhere_is_asked_past_every_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    docker_engine._no_proxy_to("10.0.0.5")
    assert os.environ["no_proxy"] == os.environ["NO_PROXY"] == "localhost,10.0.0.5"
    monkeypatch.setenv("no_proxy", "*")
    docker_engine._no_proxy_to("10.0.0.6")
    assert os.environ["no_proxy"] == "*"


def test_a_socket_that_nobody_listens_on_leaves_nothing_open(monkeypatch: pytest.MonkeyPatch) -> None:
    at = EngineAddress(host="unix:/no-engine", configured="DOCKER_HOST")
    monkeypatch.setattr(docker_engine, "address", lambda: at)
    monkeypatch.setattr(docker_engine, "_settle", lambda _: None)
    with pytest.raises(ConfigurationError, match="no Docker Engine answers at unix:/no-engine"):
        docker_engine.client.__wrapped__()
    gc.collect()  # a socket left open would be told of here, and warnings are errors
