"""The files of an image as a folder of this machine, for a server that is to run without a container."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cluster.errors import ConfigurationError, HarnessError
from cluster.platform import ownership
from cluster.platform.docker_engine import client
from cluster.platform.docker_errors import engine_errors

#: An image of a server has one gigabyte, and its data grow.
LEAST_FREE_BYTES = 4 * 2**30
#: Those that a program may open without thinking; major and minor as in the kernel's devices.txt.
_DEVICES = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9)}


@contextmanager
def files_of(image: str, *, run_id: str) -> Iterator[Path]:
    """A root file system with the image's files, owners and modes; removed at the end, whatever happens.

    Needs the administrator. Raises ConfigurationError where that, room or ``tar`` is missing.
    """
    if os.geteuid() != 0:
        raise ConfigurationError("a server outside of containers is started by chroot, which needs root")
    if shutil.which("tar") is None:
        raise ConfigurationError("a server outside of containers needs `tar` on this machine: apt-get install tar")
    folder = Path(tempfile.mkdtemp(prefix=f"meshbench-bare-{run_id}-"))
    try:
        if (free := shutil.disk_usage(folder).free) < LEAST_FREE_BYTES:
            raise ConfigurationError(
                f"{folder.parent}: {free >> 30} GiB are free; the files of image {image} need {LEAST_FREE_BYTES >> 30}"
            )
        folder.chmod(0o755)
        _unpack(image, folder, run_id=run_id)
        for name, (major, minor) in _DEVICES.items():
            device = folder / "dev" / name
            device.parent.mkdir(exist_ok=True)
            device.unlink(missing_ok=True)
            os.mknod(device, stat.S_IFCHR | 0o666, os.makedev(major, minor))
            device.chmod(0o666)
        yield folder
    finally:
        shutil.rmtree(folder)


@engine_errors()
def _unpack(image: str, folder: Path, *, run_id: str) -> None:
    container = client().containers.create(image, labels=ownership.labels(run_id), network_mode="none")
    try:
        command = ["tar", "--extract", "--numeric-owner", "--directory", str(folder)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as tar:
            assert tar.stdin is not None
            assert tar.stderr is not None
            with suppress(BrokenPipeError):  # it has ended, and says why
                exported: Iterator[bytes] = container.export()  # type: ignore[assignment]  # its stubs say text
                for chunk in exported:
                    tar.stdin.write(chunk)
                tar.stdin.close()
            said = tar.stderr.read().decode(errors="replace").strip()
        if tar.returncode != 0:
            raise HarnessError(f"the files of image {image} could not be unpacked: {said[-300:]}")
    finally:
        container.remove(force=True, v=True)
