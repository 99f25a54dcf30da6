"""One short container without a network: a program of ours looks at something, and leaves its answer in a file.

What the container prints is a stranger's, and no answer; its last line is quoted where there is none.
"""

from __future__ import annotations

import io
import secrets
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass

from docker.errors import APIError, NotFound
from docker.models.containers import Container
from requests.exceptions import RequestException

from cluster.errors import ConfigurationError
from cluster.platform import ownership
from cluster.platform.docker_engine import client
from cluster.platform.logs import LOG_CONFIG


@dataclass(frozen=True, kw_only=True)
class OneOff:
    """code: how it ended, or None when it was stopped after its time. answer: the content of the answer file, or None.
    said: the last line it printed, or empty."""

    code: int | None
    answer: bytes | None
    said: str


def run(
    image: str,
    command: list[str],
    *,
    files: Mapping[str, bytes],
    environment: Mapping[str, str],
    folder: str,
    answer: str,
    timeout_s: float,
) -> OneOff:
    """Run a command and remove its container whatever happens. files: absolute path -> content. folder: where it runs.

    Raises ConfigurationError when the engine does not start it.
    """
    container, own_id = None, f"look-{secrets.token_hex(4)}"
    try:
        container = client().containers.create(
            image,
            entrypoint=[],
            command=command,
            network_mode="none",
            environment=dict(environment),
            working_dir=folder,
            labels=ownership.labels(own_id),
            log_config=LOG_CONFIG,
            name=f"meshbench-{own_id}",
        )
        container.put_archive("/", archive(files))
        container.start()
        return ended(container, answer=answer, timeout_s=timeout_s)
    except APIError as error:
        raise ConfigurationError(f"image {image}: cannot be started: {error.explanation or error}") from None
    finally:
        if container is not None:
            container.remove(force=True, v=True)


def ended(container: Container, *, answer: str, timeout_s: float) -> OneOff:
    """What came of a container that is running, once it has ended or its time is over, when it is killed."""
    code: int | None = None
    try:
        code = int(container.wait(timeout=timeout_s)["StatusCode"])
    except RequestException:
        container.kill()
    lines = container.logs(tail=5).decode(errors="replace").strip().splitlines()
    return OneOff(code=code, answer=fetched(container, answer), said=lines[-1][:300] if lines else "")


def archive(files: Mapping[str, bytes]) -> bytes:
    """A tar archive, as `put_archive` at ``/`` takes it. files: absolute path -> content."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as tar:
        for path, content in files.items():
            one = tarfile.TarInfo(path.lstrip("/"))
            one.size, one.mode = len(content), 0o644
            tar.addfile(one, io.BytesIO(content))
    return whole.getvalue()


def fetched(container: Container, path: str) -> bytes | None:
    """The content of a small file in a container, running or not; None when there is none."""
    try:
        chunks, _ = container.get_archive(path)
    except NotFound:
        return None
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as tar:
        member = tar.next()
        content = tar.extractfile(member) if member else None
        return None if content is None else content.read()
