"""What a client in a load pod does and what goes over that pod's wire, for the tests on real pods."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from cluster.cluster import Cluster
from cluster.platform.docker_engine import client
from cluster.platform.platform import Pod
from cluster.wait import wait_until
from mesh.proxies.proxy import Address

READY, STOP, SEEN = (f"/tmp/capture-{word}" for word in ("ready", "stop", "seen"))
#: From READY until STOP, every TCP payload on eth0; then SEEN, a JSON list of [from port, to port, payload in hex].
SNIFF = f"""
import json, os, socket
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))  # ETH_P_ALL: what is sent is seen too
wire.bind(("eth0", 0))
wire.settimeout(0.1)
open({READY!r}, "w").close()
seen = []
while not os.path.exists({STOP!r}):
    try:
        frame = wire.recv(65535)
    except TimeoutError:
        continue
    if frame[12:14] != bytes([8, 0]):  # IPv4
        continue
    packet = frame[14:]
    tcp = packet[(packet[0] & 15) * 4 : int.from_bytes(packet[2:4], "big")]
    payload = tcp[(tcp[12] >> 4) * 4 :] if packet[9] == socket.IPPROTO_TCP else b""
    if payload:
        seen.append([int.from_bytes(tcp[:2], "big"), int.from_bytes(tcp[2:4], "big"), payload.hex()])
with open("/tmp/capture-new", "w") as out:
    json.dump(seen, out)
os.rename("/tmp/capture-new", {SEEN!r})
"""


@dataclass(frozen=True, kw_only=True)
class Wire:
    """The TCP payloads that a pod sent to and got from MySQL's port of others, over its eth0."""

    payloads: list[bytes]

    def shows(self, text: str) -> bool:
        return any(text.encode() in one for one in self.payloads)

    @property
    def tls_records(self) -> int:
        """How many payloads begin with a TLS record: a handshake or application data, of version 3.x."""
        return sum(1 for one in self.payloads if one[0] in (0x16, 0x17) and one[1] == 3)


@pytest.fixture(scope="session")
def capture() -> Callable[[Pod, Callable[[], object]], Wire]:
    return _capture


@pytest.fixture(scope="session")
def ask() -> Callable[[Cluster, Pod, Address, str], tuple[int, str]]:
    return _ask


def _capture(pod: Pod, during: Callable[[], object]) -> Wire:
    """What went over a pod's wire while ``during`` ran."""
    pod.run_in_namespace("rm", "-f", READY, STOP, SEEN)
    client().containers.get(pod.containers["pause"].name).exec_run(["python3", "-c", SNIFF], detach=True)
    _await_file(pod, READY)
    try:
        during()
    finally:
        pod.run_in_namespace("touch", STOP)
    _await_file(pod, SEEN)
    packets = json.loads(pod.run_in_namespace("cat", SEEN))
    return Wire(payloads=[bytes.fromhex(text) for source, target, text in packets if 3306 in (source, target)])


def _await_file(pod: Pod, path: str) -> None:
    wait_until(f"{path} is there", lambda: pod.probe_in_namespace("test", "-e", path)[0] == 0, timeout_s=15)


def _ask(cluster: Cluster, pod: Pod, address: Address, statement: str) -> tuple[int, str]:
    """Run a statement as root with the plain ``mysql`` client in a pod; its exit code and what it printed."""
    host, port = address
    return pod.probe_in_namespace(
        *("mysql", f"--host={host}", f"--port={port}", "--user=root", f"--password={cluster.credentials.root}"),
        *("--protocol=tcp", "--ssl-mode=DISABLED", "--get-server-public-key", "--connect-timeout=5"),
        *("--batch", "--skip-column-names", f"--execute={statement}"),
    )
