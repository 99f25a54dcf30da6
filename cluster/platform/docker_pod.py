"""A pod: containers that share one network namespace, as in Kubernetes.

The pause container holds the namespace and the address, so that a killed mysqld comes back where its neighbours still
look for it. It alone has NET_ADMIN: faults on the network are made there, never in the user's container.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from docker.models.containers import Container
from docker.types import EndpointConfig

from cluster.errors import HarnessError
from cluster.operations.boot_steps import BootSteps
from cluster.platform import images
from cluster.platform.docker_engine import UNCONFINED, client
from cluster.platform.docker_errors import engine_errors
from cluster.platform.docker_process import DockerProcess
from cluster.platform.logs import LOG_CONFIG
from cluster.platform.network import RunNetwork
from cluster.platform.ownership import labels
from cluster.platform.platform import Process

if TYPE_CHECKING:
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.docker_client import DockerClient

API_VERSION = "1.41"
#: exec replaces the shell, so that the engine's stop signal reaches a process that ends at once.
PAUSE_COMMAND = ["/bin/bash", "-c", "trap 'exit 0' TERM; while :; do sleep 3600 & wait $!; done"]
#: Ports that MySQL listens on (X protocol, group communication, administration). They lie among those that the client's
#: end of a connection gets: 33061 was once in use when a group was bootstrapped, which then failed.
LISTENED_ON = "33060-33062"


@dataclass(kw_only=True)
class DockerPod:
    """Is `platform.Pod`. base: the image of its pause container. steps: where it notes its containers."""

    run_id: str
    name: str
    address: str
    base: str
    steps: BootSteps
    containers: dict[str, Process] = field(default_factory=dict)
    _pause: Container = field(init=False, repr=False)

    @engine_errors()
    def open_namespace(self, network: RunNetwork, hosts: Mapping[str, str]) -> None:
        self._pause = self._start(
            "pause",
            _container(self.base, PAUSE_COMMAND),
            network=network.name,
            networking_config={network.name: EndpointConfig(API_VERSION, ipv4_address=self.address)},
            hostname=self.name,
            extra_hosts=dict(hosts),
            cap_add=["NET_ADMIN"],
            sysctls={"net.ipv4.ip_local_reserved_ports": LISTENED_ON},
        )

    @engine_errors()
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
        container = _container(image, command, env=env, files=files)
        for volume, mount in (volumes or {}).items():
            client().volumes.create(name=volume, labels=labels(self.run_id))
            where, _, mode = mount.partition(":")
            container.with_volume_mapping(volume, where, mode or "rw")
        within: dict[str, object] = {"working_dir": folder} if folder else {}
        entrypoint = _after(before, images.entrypoint(image)) if before else entrypoint
        within |= {"entrypoint": entrypoint} if entrypoint else {}
        within |= {"cap_add": list(capabilities), "security_opt": UNCONFINED} if capabilities else {}
        if devices:
            container.with_volume_mapping("/dev", "/dev", "rw")
            within["device_cgroup_rules"] = list(devices)
        within |= {"pid_mode": f"container:{self.containers[sees_processes_of].name}"} if sees_processes_of else {}
        network_mode = f"container:{self._pause.id}"
        self._start(role, container, marks=marks, known_as=known_as, network_mode=network_mode, **within)
        return self.containers[role]

    @engine_errors()
    def start_on_host(self, role: str, command: list[str], *, files: Mapping[str, bytes]) -> Process:
        self._start(role, _container(self.base, command, files=files), network_mode="host")
        return self.containers[role]

    def _start(
        self,
        role: str,
        container: DockerContainer,
        *,
        marks: Mapping[str, str] | None = None,
        known_as: str | None = None,
        **kwargs: object,
    ) -> Container:
        container.with_name(known_as or f"meshbench-{self.run_id}-{self.name}-{role}")
        marked = labels(self.run_id) | dict(marks or {})
        # a pod has no way out, and needs no proxy
        container.with_kwargs(labels=marked, use_config_proxy=False, log_config=LOG_CONFIG, **kwargs)
        container._docker = _noting(partial(self._step, role))
        container.start()
        started = container.get_wrapped_container()
        if known_as and (replaced := self.containers.get(role)) is not None:
            self.containers[f"{role}-{replaced.name}"] = replaced  # its log is still to be kept
        self.containers[role] = DockerProcess(started)
        return started

    def _step(self, role: str, what: str) -> AbstractContextManager[None]:
        return self.steps.step(f"{role}: {what}", self.name)

    def run_in_namespace(self, *command: str) -> str:
        code, output = self.probe_in_namespace(*command)
        if code != 0:
            raise HarnessError(f"{self.name}: `{' '.join(command)}` ended with {code}: {output.strip()}")
        return output

    @engine_errors()
    def probe_in_namespace(self, *command: str) -> tuple[int, str]:
        code, output = self._pause.exec_run(list(command))
        if code is None or not isinstance(output, bytes):
            raise HarnessError(f"{self.name}: the engine did not say how `{' '.join(command)}` ended")
        return code, output.decode(errors="replace")


def _after(script: str, entrypoint: list[str]) -> list[str]:
    """An entrypoint that is run once the script has: as the same process, so that signals reach it."""
    return ["/bin/sh", "-ec", f'{script}\nexec "$@"', "sh", *entrypoint]


def _container(
    image: str,
    command: list[str],
    *,
    env: Mapping[str, str] | None = None,
    files: Mapping[str, bytes] | None = None,
) -> DockerContainer:
    """A container that is still to be started, on the engine of `client`, which has settled Testcontainers."""
    client()
    from testcontainers.core.container import DockerContainer  # reads the user's settings when it is imported

    known = {"version": client().api.api_version}  # which the engine need not be asked for each time
    container = DockerContainer(image, known, command, dict(env or {}))  # type: ignore[arg-type]
    for path, content in (files or {}).items():
        container.with_copy_into_container(content, path)
    return container


def _noting(step: Callable[[str], AbstractContextManager[None]]) -> DockerClient:
    """Testcontainers' way to the engine, by the connections that this process has to it; what it does is a step."""
    from testcontainers.core.docker_client import DockerClient  # as above

    class Noting(DockerClient):
        def __init__(self) -> None:
            self.client = client()

        def create(self, *args: Any, **kwargs: Any) -> Container:
            with step("create"):
                return super().create(*args, **kwargs)

        def start(self, container: Container) -> None:
            with step("start"):
                super().start(container)

    return Noting()
