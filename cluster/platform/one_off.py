"""One short container without a network: a program of ours looks at something, and leaves its answer in a file.

What the container prints is a stranger's, and no answer; its last line is quoted where there is none.
"""

from __future__ import annotations

import io
import secrets
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from cluster.errors import ConfigurationError, EngineRefusedError, NotThereError
from cluster.platform import ownership
from cluster.platform.docker_engine import UNCONFINED, client
from cluster.platform.docker_errors import engine_errors
from cluster.platform.docker_process import DockerProcess
from cluster.platform.logs import LOG_CONFIG
from cluster.platform.platform import Process

ON_HOST_TIMEOUT_S = 60
#: By name, not all of them: an engine that has not all itself (in a container, say) starts nothing that is privileged.
ON_HOST_CAPABILITIES = ["SYS_ADMIN", "NET_ADMIN", "SYS_PTRACE", "MKNOD"]


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
    own_id = f"look-{secrets.token_hex(4)}"
    try:
        with started(image, command, own_id, files=files, environment=environment, folder=folder) as process:
            return ended(process, answer=answer, timeout_s=timeout_s)
    except EngineRefusedError as error:
        raise ConfigurationError(f"image {image}: cannot be started: {error}") from None


@contextmanager
def started(
    image: str,
    command: list[str],
    own_id: str,
    *,
    files: Mapping[str, bytes],
    environment: Mapping[str, str] | None = None,
    folder: str | None = None,
    user: str | None = None,
) -> Iterator[Process]:
    """A container without a network, instead of the image's own entrypoint; removed whatever happens. own_id: stands
    for a run's. Raises EngineRefusedError with the engine's explanation."""
    container = None
    try:
        with engine_errors():
            container = client().containers.create(
                image,
                entrypoint=command,
                command=[],
                network_mode="none",
                environment=dict(environment or {}),
                working_dir=folder,
                user=user,
                labels=ownership.labels(own_id),
                log_config=LOG_CONFIG,
                name=f"meshbench-{own_id}",
            )
            if files:
                container.put_archive("/", archive(files))
            container.start()
        yield DockerProcess(container)
    except EngineRefusedError as error:
        explained = getattr(error.__cause__, "explanation", None)
        raise EngineRefusedError(explained or str(error)) from error
    finally:
        if container is not None:
            with engine_errors():
                container.remove(force=True, v=True)


@engine_errors()
def printed_on_host(image: str, command: list[str], *, environment: Mapping[str, str]) -> bytes:
    """What a command prints in a container in the host's own network, which the engine removes when it has ended."""
    container = client().containers.run(
        image,
        command,
        detach=True,
        auto_remove=True,
        network_mode="host",
        environment=dict(environment),
        labels=ownership.labels("doctor"),
        log_config=LOG_CONFIG,
    )
    return b"".join(container.logs(stream=True, follow=True))


@engine_errors()
def on_host(image: str, script: str) -> tuple[int, str]:
    """Run a shell script as the administrator of the engine's host: `platform.Platform.on_host`."""
    container = client().containers.create(
        image,
        ["/bin/bash", "-c", script],
        cap_add=ON_HOST_CAPABILITIES,
        security_opt=UNCONFINED,
        device_cgroup_rules=["a *:* rwm"],
        pid_mode="host",
        network_mode="none",
        volumes={"/sys/fs/cgroup": {"bind": "/sys/fs/cgroup", "mode": "rw"}, "/dev": {"bind": "/dev", "mode": "rw"}},
        labels=ownership.labels(f"host-{secrets.token_hex(4)}"),
        log_config=LOG_CONFIG,
    )
    try:
        container.start()
        code = int(container.wait(timeout=ON_HOST_TIMEOUT_S)["StatusCode"])
        return code, container.logs().decode(errors="replace")
    finally:
        container.remove(force=True, v=True)


@engine_errors()
def unpack(image: str, folder: Path, *, run_id: str) -> None:
    """Write the files of an image into a folder, with owners and modes; needs the administrator and ``tar``."""
    container = client().containers.create(
        image, labels=ownership.labels(run_id), network_mode="none", log_config=LOG_CONFIG
    )
    try:
        command = ["tar", "--extract", "--numeric-owner", "--directory", str(folder)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as tar:
            assert tar.stdin is not None
            assert tar.stderr is not None
            with suppress(BrokenPipeError):  # it has ended, and says why
                exported: Iterator[bytes] = container.export()  # type: ignore[assignment]  # its stubs say text
                for chunk in exported:
                    tar.stdin.write(chunk)
                tar.stdin.close()
            said = tar.stderr.read().decode(errors="replace").strip()
        if tar.returncode != 0:
            raise EngineRefusedError(f"the files of image {image} could not be unpacked: {said[-300:]}")
    finally:
        container.remove(force=True, v=True)


def ended(process: Process, *, answer: str, timeout_s: float) -> OneOff:
    """What came of a process once it has ended or its time is over, when it is killed."""
    code = process.wait(timeout_s=timeout_s)
    if code is None:
        process.kill()
    lines = process.logs(tail=5).decode(errors="replace").strip().splitlines()
    return OneOff(code=code, answer=_fetched(process, answer), said=lines[-1][:300] if lines else "")


def archive(files: Mapping[str, bytes]) -> bytes:
    """A tar archive, as `put_archive` at ``/`` takes it. files: absolute path -> content."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as tar:
        for path, content in files.items():
            one = tarfile.TarInfo(path.lstrip("/"))
            one.size, one.mode = len(content), 0o644
            tar.addfile(one, io.BytesIO(content))
    return whole.getvalue()


def _fetched(process: Process, path: str) -> bytes | None:
    """The content of a small file of a process; None when there is none."""
    content = io.BytesIO()
    try:
        process.fetch(path, content)
    except NotThereError:
        return None
    return content.getvalue()
