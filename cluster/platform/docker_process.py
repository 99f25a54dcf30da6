"""A process of a pod as a container of the Docker Engine."""

from __future__ import annotations

import io
import shutil
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from docker.models.containers import Container
from requests.exceptions import RequestException

from cluster.errors import EngineRefusedError, NotThereError
from cluster.platform.docker_engine import client
from cluster.platform.docker_errors import engine_errors
from cluster.platform.platform import FROZEN, RUNNING, Limits, State, Usage, exited

_STATES = {"paused": FROZEN, "created": RUNNING, "running": RUNNING, "restarting": RUNNING}
#: Of the engine's limit of CPU time, in microseconds.
_CPU_PERIOD_US = 100_000
#: The most that the kernel's page counters hold, which is what it calls no limit. The engine takes no word for that.
_ALL_MEMORY = 0x7FFF_FFFF_FFFF_F000


@dataclass(frozen=True)
class DockerProcess:
    """Is `platform.Process`, `platform.CanFreeze` and `platform.CanLimit`."""

    _container: Container

    @property
    def name(self) -> str:
        return str(self._container.name)

    @property
    def id(self) -> str:
        return str(self._container.id)

    @property
    def image(self) -> str:
        return str(self._container.attrs["Config"]["Image"])

    @property
    def image_id(self) -> str:
        return str(self._container.attrs["Image"])

    @engine_errors()
    def start(self) -> None:
        self._container.start()

    @engine_errors()
    def kill(self, *, grace_s: int | None = None) -> None:
        if grace_s is None:
            self._container.kill(signal="SIGKILL")
        else:
            self._container.stop(timeout=grace_s)

    @engine_errors()
    def state(self) -> State:
        self._container.reload()
        state = self._container.attrs["State"]
        return _STATES.get(state["Status"]) or exited(int(state["ExitCode"]))

    @engine_errors()
    def wait(self, *, timeout_s: float) -> int | None:
        try:
            return int(self._container.wait(timeout=timeout_s)["StatusCode"])
        except RequestException:
            return None

    @engine_errors()
    def began(self) -> str:
        self._container.reload()
        return str(self._container.attrs["State"]["StartedAt"])

    @engine_errors()
    def logs(self, *, tail: int | None = None, stdout_only: bool = False) -> bytes:
        return self._container.logs(tail="all" if tail is None else tail, stderr=not stdout_only)

    def follow(self) -> Iterator[bytes]:
        with engine_errors():
            yield from self._container.logs(stream=True, follow=True, stdout=True, stderr=False)

    @engine_errors()
    def exec(self, *command: str, user: str | None = None) -> tuple[int, bytes]:
        code, printed = self._container.exec_run(list(command), stderr=False, user=user or "")
        assert isinstance(code, int), code
        assert isinstance(printed, bytes), printed
        return code, printed

    @engine_errors()
    def fetch(self, path: str, into: BinaryIO, *, most_bytes: int | None = None) -> None:
        chunks, facts = self._container.get_archive(path)
        if most_bytes is not None and int((facts or {}).get("size", most_bytes + 1)) > most_bytes:
            raise NotThereError(f"{path} is larger than {most_bytes} bytes")
        try:
            with tarfile.open(fileobj=_Stream(chunks), mode="r|") as archive:
                member = archive.next()
                content = archive.extractfile(member) if member and member.isfile() else None
                if content is None:
                    raise NotThereError(f"{path} is not a file")
                shutil.copyfileobj(content, into)
        except tarfile.TarError as error:
            raise EngineRefusedError(f"{path} did not come whole: {error}") from error

    @engine_errors()
    def freeze(self) -> None:
        self._container.pause()

    @engine_errors()
    def thaw(self) -> None:
        self._container.unpause()

    @engine_errors()
    def limits(self) -> Limits:
        self._container.reload()
        host = self._container.attrs["HostConfig"]
        quota_us, memory, threads = host["CpuQuota"] or 0, host["Memory"] or 0, host.get("PidsLimit") or 0
        return Limits(
            cpus=quota_us / (host["CpuPeriod"] or _CPU_PERIOD_US) if quota_us > 0 else None,
            memory_bytes=memory if 0 < memory < _ALL_MEMORY else None,
            threads=threads if threads > 0 else None,
        )

    def limit_cpus(self, cpus: float | None) -> None:
        quota_us = -1 if cpus is None else round(cpus * _CPU_PERIOD_US)
        self._update({"CpuPeriod": _CPU_PERIOD_US, "CpuQuota": quota_us})

    def limit_memory(self, memory_bytes: int | None) -> None:
        if memory_bytes is not None:
            self._update({"Memory": memory_bytes, "MemorySwap": memory_bytes})
            return
        self._update({"Memory": _ALL_MEMORY, "MemorySwap": _ALL_MEMORY})  # of cgroup v1, where swap includes memory
        self._update({"MemorySwap": -1})  # of cgroup v2, where it does not

    def limit_threads(self, threads: int | None) -> None:
        self._update({"PidsLimit": -1 if threads is None else threads})

    @engine_errors()
    def _update(self, limits: Mapping[str, int]) -> None:
        """Docker's library knows not all of these."""
        api: Any = client().api
        api._raise_for_status(api._post_json(api._url("/containers/{0}/update", self._container.id), data=limits))

    @engine_errors()
    def usage(self) -> Usage:
        told: Any = client().api.stats(self.name, stream=False, one_shot=True)
        cpu, memory = told["cpu_stats"], told["memory_stats"]
        details = memory.get("stats", {})  # of cgroup v1 and v2, which have other words for the same
        return Usage(
            cpu_ns=cpu["cpu_usage"]["total_usage"],
            throttled_periods=cpu.get("throttling_data", {}).get("throttled_periods", 0),
            memory_bytes=memory.get("usage", 0),
            anonymous_bytes=details.get("rss", details.get("anon", 0)),
            cached_bytes=details.get("cache", details.get("file", 0)),
            threads=told.get("pids_stats", {}).get("current", 0),
        )

    @engine_errors()
    def out_of_memory(self) -> bool:
        self._container.reload()
        return bool(self._container.attrs["State"]["OOMKilled"])


class _Stream(io.RawIOBase):
    """The engine's chunks as a file to read from."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        while len(self._rest) < size and (chunk := next(self._chunks, None)) is not None:
            self._rest += chunk
        found, self._rest = self._rest[:size], self._rest[size:]
        return found
