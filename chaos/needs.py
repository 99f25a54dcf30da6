"""What faults need of the engine's host and of our images, each with a probe: a fault whose need is not met is refused
before anything starts, and `meshbench faults` says why.

A need is a word with a shell script that runs on the engine's host as its administrator, in a container of our base
image (`cluster.platform.platform.Platform.on_host`), and ends with 0 where the need is met. It changes nothing there:
what it tries, it tries in a network or mount namespace of its own. A fault that has two mechanisms has one need, whose
probe tries both.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from chaos.fault import Fault
from cluster.platform.platform import Platform


@dataclass(frozen=True, kw_only=True)
class Need:
    """probe: a shell script. otherwise: what is missing where it fails, for people."""

    probe: str
    otherwise: str


#: Whether the kernel destroys a socket for `ss -K`, which says nothing where it does not.
_DESTROY = """\
import socket, subprocess, sys
server = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(server.getsockname())
taken = server.accept()
subprocess.run(["ss", "-K", "-tn", "dst", "127.0.0.1"], check=True, stdout=subprocess.DEVNULL)
client.settimeout(1)
try:
    sys.exit("the socket lives on" if client.recv(1) else 0)
except ConnectionError:
    sys.exit(0)
"""

NEEDS: Mapping[str, Need] = {
    "socket destroy": Need(
        probe=f"unshare --net bash -c {shlex.quote(f'ip link set lo up; python3 -c {shlex.quote(_DESTROY)}')}",
        otherwise="the kernel of the engine's host destroys no sockets (INET_DIAG_DESTROY, Linux 4.9)",
    ),
    "iptables": Need(
        probe="unshare --net iptables --wait -A INPUT -j DROP",
        otherwise="the kernel of the engine's host filters no packets (iptables)",
    ),
    "packet shaping": Need(
        probe="unshare --net bash -c 'ip link add mb0 type ifb && tc qdisc add dev mb0 root netem delay 1ms' ||"
        " unshare --net iptables --wait -t mangle -A INPUT -j NFQUEUE --queue-num 1 --queue-bypass",
        otherwise="the kernel of the engine's host has neither netem (sch_netem, ifb) nor NFQUEUE",
    ),
    "bandwidth": Need(
        probe="unshare --net bash -c 'ip link add mb0 type ifb && tc qdisc add dev mb0 root tbf rate 1mbit burst 4000"
        " latency 100ms && ip link add mb1 type veth peer name mb2 && tc qdisc add dev mb1 clsact && tc filter add dev"
        " mb1 ingress protocol ip u32 match u32 0 0 action mirred egress redirect dev mb0'",
        otherwise="the kernel of the engine's host lacks tbf, ifb, clsact, u32 or mirred",
    ),
    "cgroup freezer": Need(
        probe="test -d /sys/fs/cgroup/freezer || test -e /sys/fs/cgroup/cgroup.controllers",
        otherwise="the kernel of the engine's host has no cgroup freezer",
    ),
    "ptrace": Need(
        probe="test $(cat /proc/sys/kernel/yama/ptrace_scope 2>/dev/null || echo 0) -lt 3",
        otherwise="the kernel of the engine's host lets nobody trace a process (kernel.yama.ptrace_scope is 3)",
    ),
    "loop file systems": Need(
        probe="truncate --size=8M /tmp/disk && mkfs.ext4 -q /tmp/disk && mount -o loop /tmp/disk /mnt",
        otherwise="the kernel of the engine's host mounts no ext4 file system from a file",
    ),
    "vDSO of x86-64": Need(
        probe="test $(uname --machine) = x86_64 && grep --quiet vdso /proc/self/maps",
        otherwise="the engine's host is no x86-64 whose processes read the time through a vDSO, where it is changed",
    ),
    "disk throttle": Need(
        probe="find /sys/fs/cgroup/blkio/ -maxdepth 2 -name blkio.throttle.write_bps_device | grep --quiet ."
        " || grep --quiet --word-regexp io /sys/fs/cgroup/cgroup.controllers",
        otherwise="the kernel of the engine's host limits no disk traffic of containers (CONFIG_BLK_DEV_THROTTLING)",
    ),
    "CPU quota": Need(
        probe="find /sys/fs/cgroup/cpu/ -maxdepth 2 -name cpu.cfs_quota_us | grep --quiet ."
        " || grep --quiet --word-regexp cpu /sys/fs/cgroup/cgroup.controllers",
        otherwise="the kernel of the engine's host limits no CPU time (CONFIG_CFS_BANDWIDTH)",
    ),
    "memory limit": Need(
        probe="test -e /sys/fs/cgroup/memory/memory.limit_in_bytes"
        " || grep --quiet --word-regexp memory /sys/fs/cgroup/cgroup.controllers",
        otherwise="the kernel of the engine's host limits no memory of containers",
    ),
    "thread limit": Need(
        probe="test -d /sys/fs/cgroup/pids || grep --quiet --word-regexp pids /sys/fs/cgroup/cgroup.controllers",
        otherwise="the kernel of the engine's host limits no number of processes (CONFIG_CGROUP_PIDS)",
    ),
}


def unmet(words: Collection[str], platform: Platform) -> dict[str, str]:
    """Of these needs the ones that are not met there: word -> why, in a line. Asks the engine once."""
    if not words:
        return {}
    probes = "\n".join(
        f"said=$(bash -c {shlex.quote(NEEDS[word].probe)} 2>&1) || printf '%s\\t%s\\n' {shlex.quote(word)}"
        ' "$(tail -n1 <<<"$said")"'
        for word in sorted(words)
    )
    _, printed = platform.on_host(probes)
    lines = [line.partition("\t") for line in printed.splitlines() if "\t" in line]
    return {word: NEEDS[word].otherwise + (f": {said}" if said else "") for word, _, said in lines}


def unavailable(fault: type[Fault], unmet_needs: Mapping[str, str]) -> str:
    """Why a fault cannot be done there; empty where it can."""
    return "; ".join(unmet_needs[word] for word in fault.needs if word in unmet_needs)
