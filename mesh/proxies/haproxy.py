"""HAProxy as the gateway: two TCP listeners, two backends, an HTTP check of every server's role agent.

A server that fails its checks loses its sessions (``on-marked-down shutdown-sessions``); the log shows them with
termination state ``D``, the statistics do not count them. With no server up a session is closed at once; nothing
queues, because no server has a session limit. Where this departs from HAProxy's defaults: a server is down until a
check has passed (``init-state down``), so that a pod it knows nothing of gets no write, and idle sessions live a day,
longer than MySQL lets them.
"""

from __future__ import annotations

from collections.abc import Mapping

from cluster.agent.agent import PORT as AGENT_PORT
from cluster.cluster import Cluster
from mesh.proxies.proxy_pod import ProxyPod
from mesh.spec import READ_PORT, WRITE_PORT, MeshSpec, read_path

STATS_PORT = 8404
CONFIG_FILE = "/etc/haproxy/haproxy.cfg"

_BASE = """\
global
    log stdout format raw local0
    user haproxy
    group haproxy

defaults
    log global
    mode tcp
    timeout connect 5s
    timeout client 1d
    timeout server 1d

frontend stats
    mode http
    bind :{stats_port}
    no log
    stats enable
    stats uri /stats
"""

_POOL = """
frontend {name}-in
    option tcplog
    bind :{port}
    default_backend {name}

backend {name}
    balance leastconn
    option httpchk GET {path}
    timeout check {timeout_ms}ms
    default-server check port {agent_port} inter {interval_ms}ms fall {fall} rise {rise} init-state down \
on-marked-down shutdown-sessions
"""


def configuration(spec: MeshSpec, *, pods: Mapping[str, str], read_path: str) -> str:
    """haproxy.cfg. pods: name -> address; read_path: what the agent must affirm of a pod that serves reads."""
    servers = "".join(f"    server {name} {address}:{WRITE_PORT}\n" for name, address in pods.items())
    text = _BASE.format(stats_port=STATS_PORT)
    for name, port, path in (("write", WRITE_PORT, "/primary"), ("read", READ_PORT, read_path)):
        text += _POOL.format(
            name=name,
            port=port,
            path=path,
            agent_port=AGENT_PORT,
            interval_ms=round(spec.check_interval_s * 1000),
            timeout_ms=round(spec.check_timeout_s * 1000),
            fall=spec.fall,
            rise=spec.rise,
        )
        text += servers
    return text


class HAProxyGateway(ProxyPod):
    kind = "haproxy"
    admin_port = STATS_PORT

    def start(self, cluster: Cluster) -> None:
        """Start HAProxy and wait until both pools have a server; raises HarnessError when they have none in time."""
        super().start(cluster)
        config = configuration(
            self._spec, pods=self._cluster.expected_hosts, read_path=read_path(self._cluster.topology)
        )
        self._run(["haproxy", "-db", "-f", CONFIG_FILE], files={CONFIG_FILE: config.encode()})
