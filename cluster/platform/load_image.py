"""The image of the load pods: ours, or ours with what a user's requirements file names on top.

Built as the images are, with this machine's pip and its configuration, and kept by the hash of all that goes in. What
is in our image already keeps its version, so that a package cannot change the load generator under itself.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from docker.errors import BuildError

from cluster.errors import ConfigurationError
from cluster.platform import images
from cluster.platform.docker_engine import client
from cluster.platform.docker_errors import engine_errors

#: Where the packages go, in the image.
SITE = "/opt/own-site"
PIP_TIMEOUT_S = 600
_DOCKERFILE = f"ARG BASE\nFROM ${{BASE}}\nCOPY site {SITE}\n"
#: Lines of a requirements file that lead elsewhere, whose content no hash of the file would cover.
_ELSEWHERE = re.compile(r"\s*(-r|-c|-e|--requirement|--constraint|--editable|\.|/|file:|\S*://|\S+ *@ )")


def load_image(requirements: bytes | None, *, tools: str, where: str) -> str:
    """The reference of the image, built if it is not on the engine yet. requirements: the content of the file, or None.
    tools: ours. where: what names the file, for messages.

    Raises ConfigurationError, in one line with pip's last words.
    """
    images.require(tools)
    if requirements is None:
        return tools
    lines = _lines(requirements, where)
    tag = tag_of(lines, tools)
    if not images.exists(tag):
        with tempfile.TemporaryDirectory(prefix="meshbench-load-") as scratch:
            context = Path(scratch)
            _install(lines, context, where)
            _build(tag, context, tools)
    return tag


def tag_of(lines: list[str], tools: str) -> str:
    content = "\n".join([tools, _DOCKERFILE, *lines])
    return f"meshbench/load:{hashlib.sha256(content.encode()).hexdigest()[:12]}"


def _lines(requirements: bytes, where: str) -> list[str]:
    try:
        lines = requirements.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise ConfigurationError(f"{where}: not UTF-8 text") from None
    for number, line in enumerate(lines, start=1):
        if _ELSEWHERE.match(line):
            raise ConfigurationError(
                f"{where}:{number}: {line.strip()[:80]!r} is no package name; list packages of the index, one per line"
            )
    return lines


def _install(lines: list[str], context: Path, where: str) -> None:
    """pip's packages into ``site`` of a build context."""
    (context / "requirements.txt").write_text("\n".join(lines) + "\n")
    (context / "constraints.txt").write_text("\n".join(ours()) + "\n")
    (context / "site").mkdir()
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries=1"]
    command += [*images.wheel_options(images.base_python()), "--target", str(context / "site")]
    command += ["-c", str(context / "constraints.txt"), "-r", str(context / "requirements.txt")]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PIP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        raise ConfigurationError(f"{where}: pip did not install it within {PIP_TIMEOUT_S} s") from None
    if done.returncode != 0:
        raise ConfigurationError(f"{where}: pip could not install it: {last_words(done.stderr)}")


def ours() -> list[str]:
    """``name==version`` of every package of the image below."""
    text = (images.IMAGES / "runtime" / "requirements.lock").read_text()
    return re.findall(r"^([A-Za-z0-9._-]+==[^\s\\;]+)", text, re.MULTILINE)


def last_words(printed: str) -> str:
    """What pip says went wrong: its lines of ERROR, else its last one."""
    lines = [" ".join(line.split()) for line in printed.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    told = "; ".join(dict.fromkeys(errors[-2:] or lines[-1:])) or "it said nothing"
    return told if len(told) <= 400 else f"{told[:400]}…"


@engine_errors()
def _build(tag: str, context: Path, tools: str) -> None:
    (context / "Dockerfile").write_text(_DOCKERFILE)
    try:
        client().images.build(
            path=str(context),
            tag=tag,
            rm=True,
            forcerm=True,
            labels={images.LABEL: "load"},
            buildargs={"BASE": tools},
        )
    except BuildError as error:
        raise ConfigurationError(f"workload.requirements: building {tag} failed: {error}") from None
