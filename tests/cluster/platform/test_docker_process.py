"""Files out of a container: the engine gives a tar archive in pieces; what is no whole regular file is told as that."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from typing import Any, cast

import pytest
from docker.errors import NotFound
from docker.models.containers import Container
from requests.exceptions import ConnectionError as LostError
from requests.exceptions import ReadTimeout

from cluster.errors import EngineRefusedError, EngineSilentError, NotThereError
from cluster.platform.docker_process import DockerProcess

PATH = "/data/ops.jsonl"
CONTENT = b"a line\n" * 5000


def archive(content: bytes | None, *, kind: bytes = tarfile.REGTYPE) -> bytes:
    """Of one member; None: a folder, or whatever ``kind`` says, without content."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as tar:
        member = tarfile.TarInfo("ops.jsonl")
        member.type, member.size = kind, len(content or b"")
        tar.addfile(member, io.BytesIO(content or b""))
    return whole.getvalue()


class Engine:
    """A container as Docker's library has it: with one file, or what the engine does instead."""

    name = "meshbench-0a1b2c3d-load1-locust"

    def __init__(self, packed: bytes = b"", *, broken: Exception | None = None, size: int = len(CONTENT)) -> None:
        self._packed, self._broken, self._size = packed, broken, size

    def get_archive(self, path: str) -> tuple[Iterator[bytes], dict[str, Any]]:
        if path != PATH:
            raise NotFound(f"404: Could not find the file {path}")
        return self._chunks(), {"size": self._size}

    def _chunks(self) -> Iterator[bytes]:
        for at in range(0, len(self._packed), 1000):  # no multiple of a tar's block
            yield self._packed[at : at + 1000]
        if self._broken is not None:
            raise self._broken

    def wait(self, *, timeout: float) -> dict[str, int]:
        if self._broken is not None:
            raise self._broken
        return {"StatusCode": 3}

    def logs(self, **_: Any) -> Iterator[bytes]:
        yield b"one "
        raise LostError("Connection aborted")


def process(*args: Any, **keys: Any) -> DockerProcess:
    return DockerProcess(cast(Container, Engine(*args, **keys)))


def fetched(container: DockerProcess, path: str = PATH, **keys: Any) -> bytes:
    into = io.BytesIO()
    container.fetch(path, into, **keys)
    return into.getvalue()


def test_a_file_comes_whole_out_of_its_pieces() -> None:
    assert fetched(process(archive(CONTENT))) == CONTENT
    assert fetched(process(archive(b""))) == b""
    assert fetched(process(archive(CONTENT)), most_bytes=len(CONTENT)) == CONTENT


@pytest.mark.parametrize("kind", [tarfile.DIRTYPE, tarfile.SYMTYPE])
def test_a_folder_or_a_link_is_no_file(kind: bytes) -> None:
    with pytest.raises(NotThereError, match="is not a file"):
        fetched(process(archive(None, kind=kind)))


def test_a_file_that_is_not_there_or_too_large_is_not_there() -> None:
    with pytest.raises(NotThereError, match="Could not find the file /nowhere"):
        fetched(process(archive(CONTENT)), "/nowhere")
    with pytest.raises(NotThereError, match="larger than 10 bytes"):
        fetched(process(archive(CONTENT)), most_bytes=10)


def test_a_file_of_which_the_engine_gives_a_part_is_never_taken_for_all_of_it() -> None:
    whole = archive(CONTENT)
    with pytest.raises(EngineRefusedError, match="did not come whole"):
        fetched(process(whole[: len(whole) // 2]))
    with pytest.raises(EngineSilentError, match="Connection aborted"):
        fetched(process(whole[: len(whole) // 2], broken=LostError("Connection aborted")))


def test_what_has_not_exited_within_the_time_has_no_code() -> None:
    assert process().wait(timeout_s=1) == 3
    assert process(broken=ReadTimeout("read timeout=1")).wait(timeout_s=1) is None


def test_an_output_that_breaks_off_says_so_after_what_there_was() -> None:
    following = process().follow()
    assert next(following) == b"one "
    with pytest.raises(EngineSilentError, match="Connection aborted"):
        next(following)
