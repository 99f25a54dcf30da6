"""Where pods run, as everybody else sees it: pods on a platform, processes in a pod.

The Docker Engine stands behind it in `docker_platform`, `docker_pod` and `docker_process`. No object of its library
leaves this folder, and its errors leave it as `cluster.errors.EngineError` and its kinds, which every verb here may
raise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Literal, Protocol, runtime_checkable

from cluster.errors import HarnessError
from cluster.operations.boot_steps import BootSteps
from cluster.platform.network import RunNetwork

#: How much of what a process printed stands in the message that it ended.
LAST_LINES = 5


@dataclass(frozen=True)
class State:
    """What a process does: it runs, exists without ever getting the CPU (frozen), or has exited. code: of the last."""

    word: Literal["running", "frozen", "exited"]
    code: int | None = None

    def __post_init__(self) -> None:
        assert (self.word == "exited") == (self.code is not None), self

    def __str__(self) -> str:
        return self.word if self.code is None else f"{self.word} with code {self.code}"


RUNNING = State("running")
FROZEN = State("frozen")


def exited(code: int) -> State:
    """137 is SIGKILL: 128 and the number of the signal."""
    return State("exited", code)


class Process(Protocol):
    """A container of a pod. id: the engine's own, which the container's cgroups are named after. image, image_id: its
    reference, and what that stood for when the container was made."""

    @property
    def name(self) -> str: ...

    @property
    def id(self) -> str: ...

    @property
    def image(self) -> str: ...

    @property
    def image_id(self) -> str: ...

    def start(self) -> None:
        """Once more after it has exited: on the same files, in the same namespace."""

    def kill(self, *, grace_s: int | None = None) -> None:
        """End it with SIGKILL; with a grace it is asked to end (SIGTERM) so long before, and has exited on return."""

    def state(self) -> State:
        """As it is now."""

    def wait(self, *, timeout_s: float) -> int | None:
        """What it exits with; None when it has not within that time."""

    def began(self) -> str:
        """When it was started last: UTC in ISO 8601, to the microsecond or finer."""

    def logs(self, *, tail: int | None = None, stdout_only: bool = False) -> bytes:
        """What it has printed. tail: at most so many of the last lines."""

    def follow(self) -> Iterator[bytes]:
        """Its standard output from the beginning, in pieces, as it is printed, until it exits."""

    def exec(self, *command: str, user: str | None = None) -> tuple[int, bytes]:
        """Run a command beside it; returns the exit code and what that printed on standard output.

        user: if not the container's own.
        """

    def fetch(self, path: str, into: BinaryIO, *, most_bytes: int | None = None) -> None:
        """Write the content of one of its files, whether it runs or not; raises NotThereError when there is none, none
        that is a regular file, or one larger than ``most_bytes``."""


@runtime_checkable
class CanFreeze(Protocol):
    """A process that can be stopped and go on unaware of it."""

    def freeze(self) -> None: ...

    def thaw(self) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a process may use at most; None: as much as there is. cpus: cores' worth of CPU time. threads: of everything
    in its container together."""

    cpus: float | None = None
    memory_bytes: int | None = None
    threads: int | None = None


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What everything in its container uses. cpu_ns: CPU time since it started. throttled_periods: how often it had to
    wait since then because its limit of CPU time was used up. memory_bytes: with anonymous_bytes, which the kernel
    cannot take back where there is no swap, and cached_bytes, copies of files."""

    cpu_ns: int = 0
    throttled_periods: int = 0
    memory_bytes: int = 0
    anonymous_bytes: int = 0
    cached_bytes: int = 0
    threads: int = 0


@runtime_checkable
class CanLimit(Protocol):
    """A process whose resources can be limited while it runs (cgroup v1 or v2), and all at once be given back. A limit
    stays when it exits and is started again. None: no limit, as a process of ours has at its start."""

    def limits(self) -> Limits:
        """Those that are in force, whoever has set them."""

    def limit_cpus(self, cpus: float | None) -> None: ...

    def limit_memory(self, memory_bytes: int | None) -> None:
        """Memory and swap together. Raises EngineRefusedError where the kernel cannot take back what is beyond it."""

    def limit_threads(self, threads: int | None) -> None:
        """Those that run already go on."""

    def usage(self) -> Usage:
        """Of one that runs; of another all is 0."""

    def out_of_memory(self) -> bool:
        """Whether the kernel's OOM killer ended it when it ended last."""


class Platform(Protocol):
    """Where the pods of a run are. The tags of our images are those of when it was made, whatever becomes of their
    sources meanwhile: what a run starts in mid-course is what was there, and built, at its start."""

    def image(self, name: str) -> str:
        """The reference of an image of ours, such as ``tools``."""

    def open_network(self, run_id: str) -> RunNetwork:
        """Create the network of a run; raises HarnessError when there is no room for one."""

    def pod(self, *, run_id: str, name: str, address: str, steps: BootSteps) -> Pod:
        """A pod of which nothing runs yet. steps: where it notes how long its containers took."""

    def remove(self, run_id: str) -> list[str]:
        """Remove everything of a run; returns what was removed, such as ``container node1``."""

    def on_host(self, script: str) -> tuple[int, str]:
        """Run a shell script as the administrator of the engine's host, in a container of the base image that is gone
        on return: all devices, the host's processes, its cgroups writable at /sys/fs/cgroup, no network. Returns the
        exit code and what it printed."""


class Pod(Protocol):
    """One network namespace with an address, and the containers in it by their role (``pause``, ``mysqld`` …)."""

    @property
    def run_id(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def address(self) -> str: ...

    @property
    def containers(self) -> Mapping[str, Process]: ...

    def open_namespace(self, network: RunNetwork, hosts: Mapping[str, str]) -> None:
        """Create the namespace. hosts: names that every container of the pod resolves without any DNS."""

    def add(
        self,
        role: str,
        image: str,
        command: list[str],
        *,
        env: Mapping[str, str] | None = None,
        files: Mapping[str, bytes] | None = None,
        volumes: Mapping[str, str] | None = None,
        marks: Mapping[str, str] | None = None,
        folder: str | None = None,
        known_as: str | None = None,
        entrypoint: list[str] | None = None,
        before: str = "",
        capabilities: Sequence[str] = (),
        devices: Sequence[str] = (),
        sees_processes_of: str | None = None,
    ) -> Process:
        """Start a container in the pod's namespace.

        files: absolute path -> content. volumes: name -> where and how, such as ``/eds:ro``; of the run, and made where
        they are missing. marks: labels beside ours. folder: where its command runs, if not where the image says.
        known_as: its name on the engine, for people; raises NameTakenError when another container has it.
        entrypoint: instead of the image's own. before: a /bin/sh script that runs in front of the image's own, at every
        start. capabilities: beyond the engine's defaults, such as ``SYS_ADMIN``, with which neither seccomp nor
        AppArmor is in the way. devices: rules of the device cgroup, such as ``b 7:* rmw`` for loop devices, whose nodes
        it then has as the host does. sees_processes_of: the role of the container whose processes it shares (PID
        namespace).
        """

    def start_on_host(self, role: str, command: list[str], *, files: Mapping[str, bytes]) -> Process:
        """Start a container of the base image in the host's own network; such a pod has no namespace of its own."""

    def run_in_namespace(self, *command: str) -> str:
        """Run a command as the namespace's administrator; returns what it printed, HarnessError when it failed."""

    def probe_in_namespace(self, *command: str) -> tuple[int, str]:
        """The same; returns its exit code and what it printed."""


def require_running(process: Process, what: str) -> None:
    """Raise HarnessError with a process's last words when it has ended instead of doing its work.

    what: completes the sentence "… ended at start", such as ``Envoy of load1``.
    """
    if process.state().word == "exited":
        raise HarnessError(f"{what} ended at start; it said: {last_words(process) or 'nothing'}")


def last_words(process: Process) -> str:
    """The last lines that it printed, in one; empty where it printed nothing."""
    printed = process.logs(tail=LAST_LINES).decode(errors="replace")
    return " | ".join(line.strip() for line in printed.splitlines() if line.strip())
