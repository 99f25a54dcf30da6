"""A platform in memory: pods whose processes print, hold files and change state as a test says. Nothing runs.

What a program in a pod would answer over the network a test answers itself, at ``127.0.0.1`` or through a stand-in.
"""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from cluster.errors import EngineError, EngineRefusedError, NameTakenError, NotThereError
from cluster.operations.boot_steps import BootSteps
from cluster.platform.network import RunNetwork
from cluster.platform.platform import FROZEN, RUNNING, Limits, Pod, Process, State, Usage, exited


@dataclass(kw_only=True)
class FakeProcess:
    """states: what `state` says, one a look, the last of them from then on. output: all that it has printed. files: by
    path. broken: raised by whatever reads from it. used: what `usage` says. oom_killed: what `out_of_memory` says.

    What it was made with (image, command, env, volumes) is there to look at.
    """

    name: str = "meshbench-0a1b2c3d-node1-mysqld"
    id: str = "5eed48cf0c8c"
    image: str = "fake:1"
    image_id: str = "sha256:fake"
    command: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    volumes: Mapping[str, str] = field(default_factory=dict)
    marks: Mapping[str, str] = field(default_factory=dict)
    before: str = ""
    capabilities: Sequence[str] = ()
    files: dict[str, bytes] = field(default_factory=dict)
    output: bytes = b""
    states: Iterable[State] = (RUNNING,)
    started_at: str = "2026-11-27T15:05:24.000000000Z"
    broken: EngineError | None = None
    starts: int = 1
    used: Usage = field(default_factory=Usage)
    oom_killed: bool = False

    def __post_init__(self) -> None:
        self._limits = Limits()
        self._script(self.states)

    def _script(self, states: Iterable[State]) -> None:
        self._left = iter(states)
        self._state = next(self._left)
        self._looked = False

    def start(self) -> None:
        self.starts += 1
        self._script([RUNNING])

    def kill(self, *, grace_s: int | None = None) -> None:
        self._script([exited(137 if grace_s is None else 0)])

    def state(self) -> State:
        if self._looked:
            self._state = next(self._left, self._state)
        self._looked = True
        return self._state

    def wait(self, *, timeout_s: float) -> int | None:
        """All of the script is over by then."""
        del timeout_s
        while self._state.code is None and (state := next(self._left, None)) is not None:
            self._state = state
        return self._state.code

    def began(self) -> str:
        return self.started_at

    def logs(self, *, tail: int | None = None, stdout_only: bool = False) -> bytes:
        del stdout_only
        self._read()
        lines = self.output.splitlines(keepends=True)
        return b"".join(lines if tail is None else lines[-tail:])

    def follow(self) -> Iterator[bytes]:
        self._read()
        yield from self.output.splitlines(keepends=True)

    def exec(self, *command: str, user: str | None = None) -> tuple[int, bytes]:
        del user
        raise EngineRefusedError(f"{self.name}: nothing runs here, not even {' '.join(command)}")

    def fetch(self, path: str, into: BinaryIO, *, most_bytes: int | None = None) -> None:
        self._read()
        content = self.files.get(path)
        if content is None or (most_bytes is not None and len(content) > most_bytes):
            raise NotThereError(f"{self.name} has no {path}")
        into.write(content)

    def freeze(self) -> None:
        self._script([FROZEN])

    def thaw(self) -> None:
        self._script([RUNNING])

    def limits(self) -> Limits:
        return self._limits

    def limit_cpus(self, cpus: float | None) -> None:
        self._limits = replace(self._limits, cpus=cpus)

    def limit_memory(self, memory_bytes: int | None) -> None:
        if memory_bytes is not None and memory_bytes < self.used.anonymous_bytes:
            raise EngineRefusedError(f"{self.name}: it uses {self.used.anonymous_bytes} bytes")
        self._limits = replace(self._limits, memory_bytes=memory_bytes)

    def limit_threads(self, threads: int | None) -> None:
        self._limits = replace(self._limits, threads=threads)

    def usage(self) -> Usage:
        return self.used

    def out_of_memory(self) -> bool:
        return self.oom_killed

    def _read(self) -> None:
        if self.broken is not None:
            raise self.broken


#: Makes the process that a pod is to start. Gets its pod's name, its role, and what it would be: a test may change it.
Casting = Callable[[str, str, FakeProcess], FakeProcess]


@dataclass(kw_only=True)
class FakePod:
    """answers: what a command in its namespace gives (exit code, output), by its first word; else (0, nothing)."""

    run_id: str = "0a1b2c3d"
    name: str = "node1"
    address: str = "127.0.0.1"
    containers: dict[str, Process] = field(default_factory=dict)
    cast: Casting = lambda _, __, process: process
    answers: dict[str, tuple[int, str]] = field(default_factory=dict)
    ran: list[tuple[str, ...]] = field(default_factory=list)
    hosts: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    def open_namespace(self, network: RunNetwork, hosts: Mapping[str, str]) -> None:
        del network
        self.hosts = dict(hosts)
        self._start("pause", FakeProcess())

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
        del folder, entrypoint, devices, sees_processes_of
        if known_as is not None and self.names.setdefault(known_as, self.name) != self.name:
            raise NameTakenError(f"{known_as} is already in use")
        process = FakeProcess(
            image=image,
            command=tuple(command),
            env=env or {},
            files=dict(files or {}),
            volumes=volumes or {},
            marks=marks or {},
            before=before,
            capabilities=capabilities,
        )
        return self._start(role, process)

    def start_on_host(self, role: str, command: list[str], *, files: Mapping[str, bytes]) -> Process:
        return self._start(role, FakeProcess(command=tuple(command), files=dict(files)))

    def _start(self, role: str, process: FakeProcess) -> Process:
        process.name = f"meshbench-{self.run_id}-{self.name}-{role}"
        self.containers[role] = self.cast(self.name, role, process)
        return self.containers[role]

    def run_in_namespace(self, *command: str) -> str:
        return self.probe_in_namespace(*command)[1]

    def probe_in_namespace(self, *command: str) -> tuple[int, str]:
        self.ran.append(command)
        return self.answers.get(command[0], (0, ""))


@dataclass(kw_only=True)
class FakePlatform:
    """Its networks are of this machine's loopback, so that a test can answer at a pod's address. pods: all that were
    asked for, by name. removed: the runs of which everything was. host: what a script on the engine's host gives."""

    cast: Casting = lambda _, __, process: process
    pods: dict[str, FakePod] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    host: Callable[[str], tuple[int, str]] = lambda _: (0, "")

    def image(self, name: str) -> str:
        return f"fake/{name}:1"

    def open_network(self, run_id: str) -> RunNetwork:
        subnet = ipaddress.IPv4Network(f"127.{random.randrange(1, 255)}.{random.randrange(255)}.0/24")
        return RunNetwork(name=f"meshbench-{run_id}", subnet=subnet)

    def pod(self, *, run_id: str, name: str, address: str, steps: BootSteps) -> Pod:
        del steps
        self.pods[name] = FakePod(run_id=run_id, name=name, address=address, cast=self.cast, names=self.names)
        return self.pods[name]

    def on_host(self, script: str) -> tuple[int, str]:
        return self.host(script)

    def remove(self, run_id: str) -> list[str]:
        self.removed.append(run_id)
        return [f"container {container.name}" for pod in self.pods.values() for container in pod.containers.values()]
