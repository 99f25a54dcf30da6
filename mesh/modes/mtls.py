"""Mutual TLS: a sidecar in every load pod, an Envoy beside every mysqld, certificates of the run between them.

As strict as Istio's STRICT mode: whatever a load pod sends to a MySQL pod, to any port but the role agent's and the
admin interface's, is redirected in the pod's own namespace to the Envoy beside mysqld, which refuses clients without a
certificate of this run. Replication, role agents, observer and host come from other addresses and stay plain: they are
the management network, which a mesh of this kind leaves out too.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from cluster.agent.agent import PORT as AGENT_PORT
from cluster.cluster import Cluster
from cluster.front import Certificates
from cluster.platform.platform import Pod
from mesh.endpoints import Admin
from mesh.modes.certificates import RunCertificates
from mesh.modes.envoy_pod import admin, start_envoy
from mesh.modes.sidecar import Sidecar
from mesh.modes.tls import Authority
from mesh.proxies.envoy import ADMIN_PORT, INBOUND_PORT, EnvoySettings, server_side
from mesh.proxies.proxy import WRITE_PORT


class Mtls(Sidecar):
    def __init__(self, settings: EnvoySettings) -> None:
        super().__init__(settings)
        self._authority: Authority
        self._servers: list[Pod] = []

    @property
    def admin(self) -> Mapping[str, Admin]:
        return {**super().admin, **{f"server-{pod.name}": admin(pod) for pod in self._servers}}

    def start(self, cluster: Cluster) -> None:
        """Start the Envoy beside every mysqld; the sidecars start with their load pods."""
        super().start(cluster)
        self._authority = Authority(cluster.run_id)
        with ThreadPoolExecutor(max_workers=len(cluster.pods)) as pool:
            list(pool.map(self.attend_node, cluster.pods.values()))

    def attend(self, pod: Pod) -> None:
        """Start the sidecar of a load pod, with a client's certificate, and wait until it routes writes."""
        self._start_sidecar(pod, encrypt=True, files=self._authority.issue(pod.name, "client").files)

    def attend_node(self, pod: Pod) -> None:
        """Redirect what load pods send to a MySQL pod, then start the Envoy that takes it."""
        pod.run_in_namespace("iptables", "--wait", *self._redirect())
        identity = self._authority.issue(pod.name, "server")
        config, image = server_side(name=pod.name), self._cluster.platform.image("envoy")
        start_envoy(pod, config, image=image, pool="mysqld", published=False, files=identity.files)
        self._servers.append(pod)

    @property
    def session_ports(self) -> tuple[int, ...]:
        """What is sent to MySQL's port is redirected before a firewall sees it come in."""
        return WRITE_PORT, INBOUND_PORT

    @property
    def certificates(self) -> Certificates:
        return RunCertificates(self._authority, servers=self._servers, clients=self._attended)

    def _redirect(self) -> list[str]:
        rule = f"-t nat -A PREROUTING -p tcp -m iprange --src-range {self._cluster.network.applications}"
        rule += f" -m multiport ! --dports {AGENT_PORT},{ADMIN_PORT} -j REDIRECT --to-ports {INBOUND_PORT}"
        return rule.split()
