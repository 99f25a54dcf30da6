"""A process of a pod as a container of the Docker Engine."""

from __future__ import annotations

import io
import shutil
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from docker.models.containers import Container
from requests.exceptions import RequestException

from cluster.errors import EngineRefusedError, NotThereError
from cluster.platform.docker_errors import engine_errors
from cluster.platform.platform import FROZEN, RUNNING, State, exited

_STATES = {"paused": FROZEN, "created": RUNNING, "running": RUNNING, "restarting": RUNNING}


@dataclass(frozen=True)
class DockerProcess:
    """Is `platform.Process`, and `platform.CanFreeze`."""

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
