"""HAProxy as the gateway: two TCP listeners, two backends, an HTTP check of every server's role agent.

A server that fails its checks loses its sessions (``on-marked-down shutdown-sessions``); the log shows them with
termination state ``D``, the statistics do not count them. With no server up a session is closed at once; nothing
queues, because no server has a session limit. Where this departs from HAProxy's defaults: a server is down until a
check has passed (``init-state down``), so that a pod it knows nothing of gets no write, and idle sessions live a day,
longer than MySQL lets them.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cluster.agent.agent import PORT as AGENT_PORT
from cluster.front import Drain
from mesh.proxies.proxy import (
    POOLS,
    READ_PORT,
    WRITE_PORT,
    Get,
    Launch,
    Pools,
    Proxy,
    Settings,
    Surroundings,
    checks,
    pause,
    read_path,
)

STATS_PORT = 8404
CONFIG_FILE = "/etc/haproxy/haproxy.cfg"
#: Its runtime API.
SOCKET = "/run/haproxy.sock"

_BASE = """\
global
    log stdout format raw local0
    stats socket {socket} mode 600 level admin
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


def configuration(settings: HAProxySettings, *, pods: Mapping[str, str], read_path: str) -> str:
    """haproxy.cfg. pods: name -> address; read_path: what the agent must affirm of a pod that serves reads."""
    servers = "".join(f"    server {name} {address}:{WRITE_PORT}\n" for name, address in pods.items())
    text = _BASE.format(stats_port=STATS_PORT, socket=SOCKET)
    for name, port, path in (("write", WRITE_PORT, "/primary"), ("read", READ_PORT, read_path)):
        text += _POOL.format(
            name=name,
            port=port,
            path=path,
            agent_port=AGENT_PORT,
            interval_ms=round(settings.check_interval * 1000),
            timeout_ms=round(settings.check_timeout * 1000),
            fall=settings.fall,
            rise=settings.rise,
        )
        text += servers
    return text


def _runtime(verb: str) -> tuple[str, ...]:
    """Does that with both frontends."""
    order = "; ".join(f"{verb} frontend {pool}-in" for pool in POOLS) + "\n"
    program = (
        f"import socket, sys; api = socket.socket(socket.AF_UNIX); api.connect({SOCKET!r}); "
        f"api.sendall({order!r}.encode()); sys.exit(api.recv(4096).decode().strip() or None)"
    )
    return "python3", "-c", program


@dataclass(frozen=True, kw_only=True)
class HAProxySettings(Settings):
    """Active health checks of every server, with HAProxy's own defaults: a check may take as long as the interval
    (`timeout check`)."""

    check_interval: float = pause("between two health checks of one server", default=2.0)
    check_timeout: float = pause("an answer later than this is a failed check; left out: the interval", default=None)
    fall: int = checks("failed checks in a row before a server is out", default=3)
    rise: int = checks("good checks in a row before it is in", default=2)

    @property
    def cycle_s(self) -> float:
        return self.check_interval

    def __post_init__(self) -> None:
        if self.check_timeout is None:
            object.__setattr__(self, "check_timeout", self.check_interval)


class HAProxy(Proxy):
    name = "haproxy"
    title = "HAProxy"
    settings = HAProxySettings
    image = "base"
    admin_port = STATS_PORT
    drain = Drain(stop=_runtime("disable"), resume=_runtime("enable"))
    version_command = ["haproxy", "-v"]  # noqa: RUF012  # nobody changes it
    who = "haproxy"
    ready_words = "both pools of haproxy have an endpoint"

    def launch(self, settings: HAProxySettings, around: Surroundings) -> Launch:
        config = configuration(settings, pods=around.pods, read_path=read_path(around.topology))
        return Launch(command=["haproxy", "-db", "-f", CONFIG_FILE], files={CONFIG_FILE: config.encode()})

    def endpoints(self, get: Get, pods: Mapping[str, str]) -> Pools:  # noqa: ARG002  # it knows them by name
        return haproxy_endpoints(get("/stats;csv;norefresh"))

    def in_force(self, get: Get, read: Callable[[str], str]) -> HAProxySettings:  # noqa: ARG002  # it tells no intervals
        return settings_in(read(CONFIG_FILE))


def settings_in(text: str) -> HAProxySettings:
    """Those of a haproxy.cfg of ours; raises ValueError where they are not in it."""
    timeout = re.search(r"timeout check (\d+)ms", text)
    check = re.search(r"inter (\d+)ms fall (\d+) rise (\d+)", text)
    if timeout is None or check is None:
        raise ValueError(f"{CONFIG_FILE} has no health checks")
    interval_ms, fall, rise = (int(word) for word in check.groups())
    return HAProxySettings(
        check_interval=interval_ms / 1000, check_timeout=int(timeout[1]) / 1000, fall=fall, rise=rise
    )


def haproxy_endpoints(text: str) -> Pools:
    """HAProxy's statistics as CSV (its management guide, 9.1): one row a server, in a backend named after the pool.

    A server with status ``UP 1/3`` is failing its checks but not out yet: it still gets sessions.
    """
    pools: Pools = {}
    for row in csv.DictReader(text.removeprefix("# ").splitlines()):
        if row["svname"] in ("FRONTEND", "BACKEND"):
            continue
        pools.setdefault(row["pxname"], {})[row["svname"]] = {
            "healthy": row["status"].startswith("UP"),
            "connections": int(row["scur"]),
            "cut": None,
        }
    return pools
