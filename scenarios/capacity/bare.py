"""The server of a pod once more, bare on this machine: the image's own files by chroot, its own entrypoint and options,
no container, no namespace and no cgroup of its own.

It listens at this machine's address in the run's network, so that the load reaches both servers over the same bridge.

It ends with the process that started it, also one that is killed. The folder of its files is locked for as long as that
lives: whoever finds one that is not locked may remove it, and what still runs inside (`remove_left`).
"""

from __future__ import annotations

import fcntl
import os
import resource
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pymysql

from cluster.cluster import Cluster
from cluster.errors import ConfigurationError, HarnessError
from cluster.mysqld import mysqld
from cluster.platform import images, one_off, ownership
from cluster.platform.platform import Pod
from cluster.wait import wait_until
from mesh.mesh import Asked
from mesh.proxies.proxy import Address
from scenarios.signals import undisturbed

BOOT_TIMEOUT_S = 120.0
#: For InnoDB to end in order; it is killed then.
END_TIMEOUT_S = 30.0
#: At most: `setpriv` ends it with the process that started it.
LONGEST_S = 3600
LOG = "bare.log"
#: An image of a server has one gigabyte, and its data grow.
LEAST_FREE_BYTES = 4 * 2**30
_PREFIX = "meshbench-bare-"
#: Those that a program may open without thinking; major and minor as in the kernel's devices.txt.
_DEVICES = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9)}


@dataclass(frozen=True, kw_only=True)
class BareServer:
    """It runs. pid: of mysqld, as this machine has it. way: to it, for a load."""

    pid: int
    way: Way
    password: str

    def variables(self) -> dict[str, str]:
        """Its SHOW GLOBAL VARIABLES."""
        address, port = self.way.write[0]
        with (
            mysqld.connect(address, port=port, user="root", password=self.password) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute("SHOW GLOBAL VARIABLES")
            return dict(cursor.fetchall())


class Way(Asked):
    """To one server at one address, without anything in front."""

    def __init__(self, address: Address) -> None:
        self._address = address

    @property
    def write(self) -> list[Address]:
        return [self._address]

    @property
    def read(self) -> list[Address]:
        return [self._address]

    @property
    def entrance(self) -> list[Address]:
        return [self._address]

    def attend(self, pod: Pod) -> None:
        """Nothing: there is no proxy."""

    def attend_node(self, pod: Pod) -> None:
        """Nothing, as above."""


@contextmanager
def files_of(image: str, *, run_id: str) -> Iterator[Path]:
    """A root file system with the image's files, owners and modes; removed at the end, whatever happens.

    Needs the administrator. Raises ConfigurationError where that, room or ``tar`` is missing.
    """
    if os.geteuid() != 0:
        raise ConfigurationError("a server outside of containers is started by chroot, which needs root")
    if shutil.which("tar") is None:
        raise ConfigurationError("a server outside of containers needs `tar` on this machine: apt-get install tar")
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{run_id}-"))
    with _locked(folder):
        try:
            if (free := shutil.disk_usage(folder).free) < LEAST_FREE_BYTES:
                raise ConfigurationError(
                    f"{folder.parent}: {free >> 30} GiB are free; the files of image {image} need "
                    f"{LEAST_FREE_BYTES >> 30}"
                )
            folder.chmod(0o755)
            one_off.unpack(image, folder, run_id=run_id)
            for name, (major, minor) in _DEVICES.items():
                device = folder / "dev" / name
                device.parent.mkdir(exist_ok=True)
                device.unlink(missing_ok=True)
                os.mknod(device, stat.S_IFCHR | 0o666, os.makedev(major, minor))
                device.chmod(0o666)
            yield folder
        finally:
            shutil.rmtree(folder)


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """While the caller holds the lock of a folder; False where another process does, or where it is a stranger's or no
    folder. The lock is the kernel's, so it is gone with its process, and no program that is started inherits it."""
    try:
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        yield False
        return
    try:
        yield os.fstat(opened).st_uid == os.geteuid() and _lock(opened)
    finally:
        os.close(opened)


def _lock(opened: int) -> bool:
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def remove_left() -> list[str]:
    """Remove what killed processes have left of bare servers on this machine: the files, and who still runs inside;
    returns what was removed, such as ``bare server /tmp/meshbench-bare-0a1b2c3d-x1y2z3``."""
    gone = []
    for folder in sorted(Path(tempfile.gettempdir()).glob(f"{_PREFIX}*")):
        with _locked(folder) as ours:
            if ours:
                wait_until(f"nothing runs in {folder}", partial(_nothing_inside, folder), timeout_s=END_TIMEOUT_S)
                shutil.rmtree(folder)
                gone.append(f"bare server {folder}")
    return gone


def _nothing_inside(folder: Path) -> bool:
    """Kill every process whose root is this folder, and no other; returns whether there was none any more."""
    inside = False
    for pid in (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()):
        try:
            handle = os.pidfd_open(pid)  # held while it is looked at: a later process may get its pid
        except OSError:
            continue
        try:
            if Path(f"/proc/{pid}/root").samefile(folder):
                inside = True
                signal.pidfd_send_signal(handle, signal.SIGKILL)
        except OSError:  # it has ended, or belongs to somebody else
            continue
        finally:
            os.close(handle)
    return not inside


@contextmanager
def bare_server(cluster: Cluster, *, folder: Path) -> Iterator[BareServer]:
    """The only server of a cluster that runs, once more beside it; ended and removed whatever happens.

    folder: gets its log. Raises ConfigurationError where this machine cannot do it, HarnessError where it does not
    start.
    """
    (pod,) = cluster.pods.values()
    process = pod.containers["mysqld"]
    if cluster.topology.extras:
        raise ConfigurationError("a server with extras has files of its own in its pod, which a bare one has not")
    address = _address(cluster)
    with files_of(process.image_id, run_id=cluster.run_id) as root:
        if (file := mysqld.user_file(cluster.topology)) is not None:
            (root / mysqld.USER_CNF.lstrip("/")).write_bytes(file)
        command = [
            *images.entrypoint(process.image_id),
            *mysqld.command(cluster.topology, index=0, name=pod.name),
            f"--bind-address={address[0]}",
            f"--port={address[1]}",
        ]
        environment = images.environment(process.image_id) | {
            "MYSQL_ROOT_PASSWORD": cluster.credentials.root,
            "MYSQL_ROOT_HOST": "%",
        }
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / LOG).open("wb") as log:
            started = _start(root, command, environment, log=log, open_files=_open_files(cluster, process.id))
            try:
                yield _served(cluster, started, address, folder / LOG)
            finally:
                with undisturbed():
                    _end(started)


def _address(cluster: Cluster) -> Address:
    """This machine's address in the run's network, and a port that is free there."""
    gateway = cluster.network.gateway
    try:
        with socket.socket() as trial:
            trial.bind((gateway, 0))
            return gateway, int(trial.getsockname()[1])
    except OSError as error:
        raise ConfigurationError(
            f"the engine's network ends at {gateway}, which is no address of this machine ({error.strerror}); a server "
            "outside of containers needs the engine on this machine"
        ) from None


def _open_files(cluster: Cluster, container: str) -> tuple[int, int]:
    """How many files the server in the container may open, soft and hard: mysqld sizes its caches by it."""
    pids = dict(ownership.pids(cluster.run_id, known=()))
    try:
        lines = Path(f"/proc/{pids[container]}/limits").read_text().splitlines()
        soft, hard = next(line for line in lines if line.startswith("Max open files")).split()[3:5]
        return int(soft), int(hard)
    except (KeyError, OSError, ValueError, StopIteration) as error:
        raise ConfigurationError(
            f"the limits of the server in its container cannot be read on this machine ({error!r}); a server outside "
            "of containers needs the engine on this machine"
        ) from None


def _start(
    root: Path, command: list[str], environment: Mapping[str, str], *, log: Any, open_files: tuple[int, int]
) -> subprocess.Popen[bytes]:
    """``timeout`` stays its parent, and passes signals on; the kernel sends it SIGTERM when our thread has ended. (Not
    mysqld itself: that setting is lost with a change of user.)"""
    soft, hard = open_files
    alike = open_files == resource.getrlimit(resource.RLIMIT_NOFILE)
    limits = [] if alike else ["prlimit", f"--nofile={soft}:{hard}"]
    bounded = ["setpriv", "--pdeathsig", "TERM", "timeout", "--kill-after", f"{END_TIMEOUT_S:g}", str(LONGEST_S)]
    try:
        return subprocess.Popen(
            [*bounded, *limits, "chroot", str(root), *command],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise ConfigurationError(
            f"a server outside of containers needs `{error.filename}` on this machine (coreutils, util-linux)"
        ) from None


def _served(cluster: Cluster, started: subprocess.Popen[bytes], address: Address, log: Path) -> BareServer:
    """Wait until it takes logins, and give it the run's accounts."""

    def login() -> bool:
        if started.poll() is not None:
            said = " | ".join(log.read_text(errors="replace").strip().splitlines()[-3:])
            raise HarnessError(f"the server outside of containers ended at start; it said: {said or 'nothing'}")
        with mysqld.connect(address[0], port=address[1], user="root", password=cluster.credentials.root, timeout_s=2):
            return True

    wait_until(
        "the server outside of containers takes logins",
        login,
        timeout_s=BOOT_TIMEOUT_S,
        tolerate=pymysql.MySQLError,
    )
    with mysqld.connect(address[0], port=address[1], user="root", password=cluster.credentials.root) as connection:
        mysqld.create_users(connection, cluster.credentials)
    return BareServer(pid=_children(started.pid)[0], way=Way(address), password=cluster.credentials.root)


def _end(started: subprocess.Popen[bytes]) -> None:
    started.terminate()
    try:
        started.wait(timeout=END_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        for pid in _children(started.pid):
            os.kill(pid, signal.SIGKILL)
        started.wait()


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
