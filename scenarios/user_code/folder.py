"""What comes along into the load pods with a user's own file: the folder that it stands in, within bounds.

Hidden files, caches, environments, run folders and Locust's own configuration stay behind, and so does whatever a link
would fetch from outside the folder. A file that lies in a home folder, or at the top of a disk, comes alone.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import gettempdir

from cluster.errors import ConfigurationError
from cluster.platform.images import POD_ROOMS

MAX_FILES, MAX_BYTES = 200, 10_000_000
#: Where it all is in a load pod, and where Locust runs.
POD_FOLDER = "/etc/meshbench-own"
_SKIPPED = frozenset({"__pycache__", "runs", "venv", "env", "node_modules", "locust.conf", "pyproject.toml"})


@dataclass(frozen=True, kw_only=True)
class OwnFolder:
    """file: the user's file, whole. files: (path below its folder, content), the file itself among them, sorted.
    alone: why nothing else came along, or empty."""

    file: Path
    files: tuple[tuple[str, bytes], ...]
    alone: str = ""

    @property
    def in_pod(self) -> str:
        """The user's file, in a load pod."""
        return f"{POD_FOLDER}/{self.file.name}"

    def for_pod(self) -> dict[str, bytes]:
        """Absolute path in a load pod -> content."""
        return {f"{POD_FOLDER}/{path}": content for path, content in self.files}

    def listing(self) -> dict[str, str]:
        """Path below the folder -> SHA-256, for the manifest."""
        return {path: hashlib.sha256(content).hexdigest() for path, content in self.files}

    def told(self) -> str:
        """In one line what comes along."""
        others = [path for path, _ in self.files if path != self.file.name]
        if not others:
            return f"{self.file} is copied alone into the load pods" + (f": {self.alone}" if self.alone else "")
        shown = ", ".join(others[:5]) + (f" and {len(others) - 5} more" if len(others) > 5 else "")
        size = sum(len(content) for _, content in self.files)
        return (
            f"copied into the load pods: {self.file} and its folder ({len(self.files)} files, {size:,} bytes): {shown}"
        )

    def in_their_words(self, text: str) -> str:
        """With the names that the user's files have here."""
        return text.replace(POD_FOLDER, str(self.file.parent))


def own_folder(file: Path) -> OwnFolder:
    """Of a user's file, which is there. Raises ConfigurationError when its folder is too large or cannot be read."""
    file = Path(os.path.abspath(file))  # noqa: PTH100  where the user sees it, and not where a link leads
    if alone := _no_folder_of_its_own(file.parent):
        return OwnFolder(file=file, files=((file.name, _content(file)),), alone=alone)
    found: dict[str, bytes] = {file.name: _content(file)}
    size = len(found[file.name])
    for path in _walk(file.parent):
        name = PurePosixPath(path.relative_to(file.parent)).as_posix()
        if name not in found:
            size += _size(path)
            found[name] = b"" if size > MAX_BYTES else _content(path)
        if len(found) > MAX_FILES or size > MAX_BYTES:
            raise ConfigurationError(
                f"{file.parent} has more than {MAX_FILES} files or {MAX_BYTES / 1e6:g} MB ({len(found)} files with "
                f"{size / 1e6:.1f} MB until {name}), and all of it would come along into the load pods; put "
                f"{file.name} into a folder of its own with what it needs"
            )
    for name in POD_ROOMS:
        if f"{name}.py" in found or f"{name}/__init__.py" in found:
            raise ConfigurationError(f"{file.parent}: a module called {name} would shadow one of ours; rename it")
    return OwnFolder(file=file, files=tuple(sorted(found.items())))


def _no_folder_of_its_own(folder: Path) -> str:
    """Why the folder is not the file's own, or empty."""
    real = folder.resolve()
    if len(real.parts) <= 2 or real == Path(gettempdir()).resolve():
        return f"{folder} holds other things too; in a folder of its own it has its neighbours with it"
    try:
        homes = {Path.home().resolve()}
    except RuntimeError:
        homes = set()
    if real in homes or real.parent == Path("/home") or (real / ".bashrc").exists() or (real / ".profile").exists():
        return f"{folder} is a home folder; in a folder of its own it has its neighbours with it"
    return ""


def _walk(folder: Path) -> Iterator[Path]:
    """Every regular file that comes along, in the order of their names, links within the folder included."""
    top = folder.resolve()

    def within(path: Path) -> bool:
        return path.resolve().is_relative_to(top)

    for place, folders, files in os.walk(folder):
        here = Path(place)
        folders[:] = sorted(name for name in folders if _wanted(name) and not (here / name / "pyvenv.cfg").exists())
        for name in sorted(files):
            path = here / name
            if _wanted(name) and stat.S_ISREG(_mode(path)) and within(path):  # a link to itself leads nowhere
                yield path


def _wanted(name: str) -> bool:
    return not name.startswith(".") and name not in _SKIPPED and not name.endswith(".pyc")


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except OSError:  # a link to nothing, or a file that has just gone
        return 0


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({error.strerror or error})") from None
