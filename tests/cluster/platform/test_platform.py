"""What a process of a pod does, in three words, and what one that ended instead of doing its work is told with."""

from __future__ import annotations

from typing import Any, cast

import pytest
from docker.errors import APIError, DockerException, NotFound
from docker.models.containers import Container
from requests import Response
from requests.exceptions import ReadTimeout
from urllib3.exceptions import ProtocolError

from cluster.errors import (
    EngineError,
    EngineRefusedError,
    EngineSilentError,
    HarnessError,
    NameTakenError,
    NotThereError,
)
from cluster.platform.docker_errors import engine_errors
from cluster.platform.docker_process import DockerProcess
from cluster.platform.fake import FakePod, FakeProcess
from cluster.platform.platform import (
    FROZEN,
    RUNNING,
    CanFreeze,
    CanLimit,
    Limits,
    Pod,
    Process,
    State,
    Usage,
    exited,
    require_running,
)


class Engine:
    """A container as Docker's library has it, in a state."""

    def __init__(self, status: str, code: int = 0) -> None:
        self.attrs: dict[str, Any] = {}
        self._state = {"Status": status, "ExitCode": code}

    def reload(self) -> None:
        self.attrs = {"State": self._state}


@pytest.mark.parametrize(
    ("status", "code", "state"),
    [
        ("running", 0, RUNNING),
        ("paused", 0, FROZEN),
        ("exited", 137, exited(137)),
        ("exited", 0, exited(0)),
        ("dead", 1, exited(1)),
    ],
)
def test_the_engine_s_words_for_a_state_are_ours(status: str, code: int, state: State) -> None:
    assert DockerProcess(cast(Container, Engine(status, code))).state() == state


def test_only_what_has_exited_has_a_code() -> None:
    assert str(exited(137)) == "exited with code 137"
    with pytest.raises(AssertionError):
        State("running", 0)
    with pytest.raises(AssertionError):
        State("exited")


class Limited:
    """A container as Docker's library has it, and its engine, which takes limits as the real one does."""

    name = id = "meshbench-0a1b2c3d-node1-mysqld"

    def __init__(self) -> None:
        self.attrs: dict[str, Any] = {}
        self.host: dict[str, Any] = {"CpuQuota": 0, "CpuPeriod": 0, "Memory": 0, "MemorySwap": 0, "PidsLimit": None}
        self.updates: list[dict[str, int]] = []
        self.told: dict[str, Any] = {}
        self.api = self

    def reload(self) -> None:
        self.attrs = {"HostConfig": self.host, "State": {"OOMKilled": True}}

    def _url(self, path: str, name: str) -> str:
        return path.format(name)

    def _post_json(self, path: str, *, data: dict[str, int]) -> dict[str, int]:
        assert path == f"/containers/{self.name}/update"
        return data

    def _raise_for_status(self, limits: dict[str, int]) -> None:
        if limits.get("Memory") == -1:
            raise APIError("Minimum memory limit allowed is 6MB")
        self.updates.append(limits)
        self.host |= limits

    def stats(self, _: str, *, stream: bool, one_shot: bool) -> dict[str, Any]:
        del stream, one_shot
        return self.told


@pytest.fixture
def limited(monkeypatch: pytest.MonkeyPatch) -> Limited:
    container = Limited()
    monkeypatch.setattr("cluster.platform.docker_process.client", lambda: container)
    return container


def test_limits_are_set_and_read_of_the_engine_and_taken_away_again(limited: Limited) -> None:
    process = DockerProcess(cast(Container, limited))
    assert isinstance(process, CanLimit)
    assert process.limits() == Limits()
    process.limit_cpus(0.25)
    process.limit_memory(2**29)
    process.limit_threads(40)
    assert limited.host["MemorySwap"] == 2**29, "or it would swap"
    assert process.limits() == Limits(cpus=0.25, memory_bytes=2**29, threads=40)
    process.limit_cpus(None)
    process.limit_memory(None)
    process.limit_threads(None)
    assert process.limits() == Limits()
    assert process.out_of_memory()


@pytest.mark.parametrize(
    "memory",
    [
        {"usage": 600, "stats": {"rss": 500, "cache": 90}},  # cgroup v1
        {"usage": 600, "stats": {"anon": 500, "file": 90}},  # cgroup v2
    ],
)
def test_what_a_container_uses_is_read_of_both_cgroups(limited: Limited, memory: dict[str, Any]) -> None:
    limited.told = {
        "cpu_stats": {"cpu_usage": {"total_usage": 9}, "throttling_data": {"throttled_periods": 3}},
        "memory_stats": memory,
        "pids_stats": {"current": 35},
    }
    assert DockerProcess(cast(Container, limited)).usage() == Usage(
        cpu_ns=9,
        throttled_periods=3,
        memory_bytes=600,
        anonymous_bytes=500,
        cached_bytes=90,
        threads=35,
    )


def test_one_that_has_exited_uses_nothing(limited: Limited) -> None:
    limited.told = {"cpu_stats": {"cpu_usage": {"total_usage": 0}}, "memory_stats": {}, "pids_stats": {}}
    assert DockerProcess(cast(Container, limited)).usage() == Usage()


def _conflict() -> APIError:
    answer = Response()
    answer.status_code = 409
    return APIError("Conflict", answer, 'The container name "/meshbench-up" is already in use')


@pytest.mark.parametrize(
    ("error", "ours"),
    [
        (NotFound("404: No such container"), NotThereError),
        (APIError("500 Server Error: no space left"), EngineRefusedError),
        (_conflict(), NameTakenError),
        (DockerException("no engine"), EngineRefusedError),
        (ReadTimeout("read timeout=60"), EngineSilentError),
        (ProtocolError("Connection broken"), EngineSilentError),
    ],
)
def test_an_error_of_the_engine_leaves_it_as_ours_with_the_same_words(
    error: Exception, ours: type[EngineError]
) -> None:
    with pytest.raises(EngineError) as told, engine_errors():
        raise error
    assert type(told.value) is ours
    assert str(told.value) == str(error)


def test_what_runs_or_is_frozen_is_required_to_run_and_no_more() -> None:
    require_running(FakeProcess(states=[RUNNING]), "Envoy of load1")
    require_running(FakeProcess(states=[FROZEN]), "Envoy of load1")


@pytest.mark.parametrize(
    ("printed", "said"),
    [
        (b"starting\n\nno such file\n", "starting | no such file"),
        (b"", "nothing"),
        (b"\xff\n", "\ufffd"),
    ],
)
def test_what_ended_at_start_is_told_with_its_last_words_in_one_line(printed: bytes, said: str) -> None:
    with pytest.raises(HarnessError) as told:
        require_running(FakeProcess(states=[exited(1)], output=printed), "Envoy of load1")
    assert str(told.value) == f"Envoy of load1 ended at start; it said: {said}"


def test_a_fake_process_follows_its_script_and_is_what_the_protocols_ask_for() -> None:
    process = FakeProcess(states=[RUNNING, RUNNING, exited(3)])
    typed: tuple[Process, Pod] = process, FakePod()
    assert all(typed)
    assert isinstance(process, CanFreeze)
    assert isinstance(process, CanLimit)
    assert [process.state().word for _ in range(4)] == ["running", "running", "exited", "exited"]
    process.start()
    assert process.state() == RUNNING
    process.freeze()
    assert process.state() == FROZEN
    process.kill()
    assert process.wait(timeout_s=1) == 137
