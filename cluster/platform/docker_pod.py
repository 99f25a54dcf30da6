"""A pod: containers that share one network namespace, as in Kubernetes.

The pause container holds the namespace and the address, so that a killed mysqld comes back where its neighbours still
look for it. It alone has NET_ADMIN: faults on the network are made there, never in the user's container.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from docker.models.containers import Container
from docker.types import EndpointConfig

from cluster.errors import HarnessError
from cluster.platform import images
from cluster.platform.docker_engine import client
from cluster.platform.docker_network import RunNetwork
from cluster.platform.logs import LOG_CONFIG
from cluster.platform.ownership import labels

if TYPE_CHECKING:
    from testcontainers.core.container import DockerContainer

API_VERSION = "1.41"
#: exec replaces the shell, so that the engine's stop signal reaches a process that ends at once.
PAUSE_COMMAND = ["/bin/bash", "-c", "trap 'exit 0' TERM; while :; do sleep 3600 & wait $!; done"]


@dataclass(kw_only=True)
class Pod:
    """One network namespace with an address, and the containers in it by their role (``pause``, ``mysqld`` …)."""

    run_id: str
    name: str
    address: str
    containers: dict[str, Container] = field(default_factory=dict)

    def start_pause(self, network: RunNetwork, hosts: Mapping[str, str]) -> None:
        """Create the namespace. hosts: names that every container of the pod resolves without any DNS."""
        self._start(
            "pause",
            _container(images.image("base").tag, PAUSE_COMMAND),
            network=network.name,
            networking_config={network.name: EndpointConfig(API_VERSION, ipv4_address=self.address)},
            hostname=self.name,
            extra_hosts=dict(hosts),
            cap_add=["NET_ADMIN"],
        )

    def add(
        self,
        role: str,
        image: str,
        command: list[str],
        *,
        env: Mapping[str, str] | None = None,
        files: Mapping[str, bytes] | None = None,
        volumes: Mapping[str, str] | None = None,
        entrypoint: list[str] | None = None,
        marks: Mapping[str, str] | None = None,
        folder: str | None = None,
    ) -> Container:
        """Start a container in the pod's namespace.

        files: absolute path -> content. volumes: name -> where and how, such as ``/eds:ro``. marks: labels beside ours.
        folder: where its command runs, if not where the image says.
        """
        container = _container(image, command, env=env)
        for path, content in (files or {}).items():
            container.with_copy_into_container(content, path)
        for volume, mount in (volumes or {}).items():
            folder, _, mode = mount.partition(":")
            container.with_volume_mapping(volume, folder, mode or "rw")
        extra: dict[str, object] = {"entrypoint": entrypoint} if entrypoint else {}
        extra |= {"working_dir": folder} if folder else {}
        network_mode = f"container:{self.containers['pause'].id}"
        return self._start(role, container, marks=marks, network_mode=network_mode, **extra)

    def start_on_host(self, role: str, command: list[str], *, files: Mapping[str, bytes]) -> Container:
        """Start a container of the base image in the host's own network; such a pod has no namespace of its own."""
        container = _container(images.image("base").tag, command)
        for path, content in files.items():
            container.with_copy_into_container(content, path)
        return self._start(role, container, network_mode="host")

    def _start(
        self, role: str, container: DockerContainer, *, marks: Mapping[str, str] | None = None, **kwargs: object
    ) -> Container:
        container.with_name(f"meshbench-{self.run_id}-{self.name}-{role}")
        marked = labels(self.run_id) | dict(marks or {})
        # a pod has no way out, and needs no proxy
        container.with_kwargs(labels=marked, use_config_proxy=False, log_config=LOG_CONFIG, **kwargs)
        container.start()
        self.containers[role] = container.get_wrapped_container()
        return self.containers[role]

    def run_in_namespace(self, *command: str) -> str:
        """Run a command in the pause container; returns what it printed, raises HarnessError when it failed."""
        code, output = self.probe_in_namespace(*command)
        if code != 0:
            raise HarnessError(f"{self.name}: `{' '.join(command)}` ended with {code}: {output.strip()}")
        return output

    def probe_in_namespace(self, *command: str) -> tuple[int, str]:
        """Run a command in the pause container; returns its exit code and what it printed."""
        code, output = self.containers["pause"].exec_run(list(command))
        if code is None or not isinstance(output, bytes):
            raise HarnessError(f"{self.name}: the engine did not say how `{' '.join(command)}` ended")
        return code, output.decode(errors="replace")


def _container(image: str, command: list[str], *, env: Mapping[str, str] | None = None) -> DockerContainer:
    """A container that is still to be started, on the engine of `client`, which has settled Testcontainers."""
    client()
    from testcontainers.core.container import DockerContainer  # reads the user's settings when it is imported

    return DockerContainer(image, command=command, env=dict(env or {}))  # type: ignore[arg-type]
