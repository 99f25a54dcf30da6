"""A file system of a node is shut down under its mysqld: nothing is written back any more, every operation on it fails.

ext4's ioctl SHUTDOWN, as xfstests use it (godown). Only a new mount ends it, which finds what had reached the device
and replays the journal.
"""

from __future__ import annotations

from collections.abc import Sequence

from cluster.cluster import Cluster
from cluster.errors import HarnessError
from cluster.platform.platform import Process

#: EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH.
_SCRIPT = """
pid=$(grep -l {container} /proc/[0-9]*/cgroup | head -n1 | cut -d/ -f3)
test -n "$pid" || {{ echo "no process of it"; exit 1; }}
python3 - "/proc/$pid/root" <<'PROGRAM'
import fcntl, os, struct, sys
root = sys.argv[1]
for name in {written!r}:
    with open(root + name, "wb") as file:
        file.write(b"written")
        file.flush()
        if name in {synced!r}:
            os.fsync(file.fileno())
folders = [os.open(root + mount, os.O_RDONLY) for mount in {mounts!r}]
for folder in folders:
    fcntl.ioctl(folder, 0x8004587D, struct.pack("I", 2))
PROGRAM
"""


def shut_down(
    cluster: Cluster,
    container: Process,
    mounts: Sequence[str],
    *,
    written: Sequence[str] = (),
    synced: Sequence[str] = (),
) -> None:
    """Shut file systems of a container down, frozen or not. written: files that get a content just before, of which
    those in ``synced`` are synced. Raises HarnessError."""
    script = _SCRIPT.format(container=container.id, mounts=[*mounts], written=[*written], synced=[*synced])
    code, said = cluster.platform.on_host(script)
    if code != 0:
        raise HarnessError(f"{container.name}: its file systems could not be shut down: {said.strip()[-300:]}")
