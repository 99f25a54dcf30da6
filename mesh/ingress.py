"""A way into a run's network for remote load workers; nothing else outside can reach it.

HAProxy in the host's own network passes TCP connections from one address of the host on: to Locust's master, and to the
mesh's write and read port. It checks nothing and closes nothing: what a mesh does to a session, the client sees. It is
one more hop for those workers only. Ends with the run.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Sequence

from cluster.errors import ConfigurationError
from cluster.platform.platform import Pod, require_running
from cluster.wait import wait_until
from mesh.proxies.proxy import Address

CONFIG_FILE = "/etc/haproxy/haproxy.cfg"
START_TIMEOUT_S = 10.0

_BASE = """\
defaults
    mode tcp
    timeout connect 5s
    timeout client 1d
    timeout server 1d
"""


def configuration(address: str, ways: Sequence[tuple[int, Address]]) -> str:
    """haproxy.cfg. ways: (port at ``address``, where it leads)."""
    parts = [
        f"\nlisten port-{port}\n    bind {address}:{port}\n    server there {host}:{there}\n"
        for port, (host, there) in ways
    ]
    return _BASE + "".join(parts)


def require_free(address: str, ports: Sequence[int]) -> None:
    """Raise ConfigurationError unless this machine has the address and these ports of it are free."""
    for port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError as error:
                why = {
                    errno.EADDRINUSE: f"port {port} is in use; give another first port, ADDRESS:PORT",
                    errno.EADDRNOTAVAIL: "this machine has no such address; see `ip address`",
                }.get(error.errno or 0, str(error))
                raise ConfigurationError(f"--bind {address}: {why}") from None


def open_passage(pod: Pod, address: str, ways: Sequence[tuple[int, Address]]) -> None:
    """Start it, and return when it accepts connections. pod: has nothing running yet. Raises HarnessError."""
    content = configuration(address, ways).encode()
    container = pod.start_on_host("passage", ["haproxy", "-db", "-f", CONFIG_FILE], files={CONFIG_FILE: content})

    def listens() -> bool:
        require_running(container, "the ingress for remote workers")
        for port, _ in ways:
            with socket.socket() as probe:
                probe.settimeout(1)
                if probe.connect_ex((address, port)) != 0:
                    return False
        return True

    wait_until("the ingress for remote workers accepts connections", listens, timeout_s=START_TIMEOUT_S)
