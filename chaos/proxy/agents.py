"""What the faults of role agents have in common: asking one, and the files by which its test hook is told."""

from __future__ import annotations

import time
import urllib.error
from dataclasses import dataclass
from pathlib import Path

from cluster.agent import agent
from cluster.cluster import Cluster
from cluster.errors import HarnessError
from cluster.plain_http import open_url
from cluster.platform.platform import Process


@dataclass(frozen=True, kw_only=True)
class Answer:
    """code: of HTTP. took_s: from the question to the last byte."""

    code: int
    took_s: float


def answer_of(cluster: Cluster, pod: str, path: str, *, timeout_s: float = 2.0) -> Answer | None:
    """What a pod's agent answers; None when it does not."""
    begin_s = time.monotonic()
    try:
        with open_url(f"http://{cluster.hosts[pod]}:{agent.PORT}{path}", timeout_s=timeout_s) as answer:
            answer.read()
            code = int(answer.status)
    except urllib.error.HTTPError as refused:
        with refused:
            refused.read()
        code = refused.code
    except OSError:
        return None
    return Answer(code=code, took_s=time.monotonic() - begin_s)


def mislead(process: Process, file: Path, content: str) -> None:
    """Tell the hook; raises HarnessError. Renamed into place: an agent never reads half of it."""
    script = f"printf %s {content} >{file}.new && mv {file}.new {file}"
    if process.exec("sh", "-c", script)[0] != 0:
        raise HarnessError(f"{process.name}: could not write {file}")


def misled(process: Process, file: Path) -> bool:
    return process.exec("test", "-e", str(file))[0] == 0


def let_be(process: Process, file: Path) -> None:
    """Nothing is there after it, whatever was."""
    process.exec("rm", "-f", str(file))
