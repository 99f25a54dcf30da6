"""What there is on the engine's host that a fault could leave behind, before and after, and what is new."""

from __future__ import annotations

from cluster.platform import ownership
from cluster.platform.platform import Platform

#: Each line of what it prints is one thing, as far as the host has the tool: one that is not there has left nothing.
_LOOK = r"""
nsenter --target 1 --mount --net -- sh -c '
iptables-save 2>/dev/null | grep -v "^[#:]" | sed "s/^/iptables: /"
ip6tables-save 2>/dev/null | grep -v "^[#:]" | sed "s/^/ip6tables: /"
tc qdisc 2>/dev/null | sed "s/^/tc: /"
sed "s/^/mount: /" /proc/mounts
'
for loop in /sys/block/loop*/loop/backing_file; do test -e "$loop" && echo "loop device: $loop $(cat "$loop")"; done
for limits in blkio.throttle.read_bps_device blkio.throttle.write_bps_device cpu.cfs_quota_us \
  memory.limit_in_bytes pids.max io.max cpu.max memory.max; do
  find /sys/fs/cgroup -maxdepth 3 -name "$limits" 2>/dev/null | while read -r file; do
    case "$file" in *[0-9a-f]????????????????????????????????????????????????????????[0-9a-f]*) continue;; esac
    sed "s|^|limit: $file |" "$file" 2>/dev/null
  done
done
true
"""
#: Of a container's own mount, namespace or bridge: they come and go with it, and containers are told by themselves.
_OF_CONTAINERS = ("mount: overlay", "mount: nsfs", "mount: shm", "tc: qdisc noqueue 0: dev veth")


def inventory(platform: Platform) -> set[str]:
    """Rules, queues, mounts, loop devices, limits; and containers, networks and volumes. What other processes of ours
    have at the same time is not in it."""
    _, printed = platform.on_host(_LOOK)
    objects, foreign = ownership.everything()
    lines = {line for line in printed.splitlines() if line and not line.startswith(_OF_CONTAINERS)}
    return objects | {line for line in lines if not any(bridge in line for bridge in foreign)}


def left(before: set[str], after: set[str]) -> list[str]:
    """What is there now and was not before; nothing, where all is well."""
    return sorted(after - before)
