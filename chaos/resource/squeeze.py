"""Brings the memory limit of a process down to just above what it cannot give back, and takes it away again."""

from __future__ import annotations

from typing import Any

from chaos.fault import Evidence, Injection
from chaos.probes import limitable
from chaos.process.kill import stands_again, start_again
from cluster.errors import EngineRefusedError, HarnessError
from cluster.platform.platform import CanLimit

MIB = 2**20
#: How often the limit is raised by as much again, where the kernel cannot come down to it.
ATTEMPTS = 8


def squeeze(container: CanLimit, pod: str, *, left_bytes: int) -> None:
    """left_bytes: what it may have beyond that. Raises HarnessError when the kernel does not come down to it."""
    limit, refused = container.usage().anonymous_bytes, ""
    for _ in range(ATTEMPTS):
        limit += left_bytes
        try:
            container.limit_memory(limit)
        except EngineRefusedError as error:
            refused = str(error)
        else:
            return
    raise HarnessError(f"{pod}: its memory could not be limited: {refused}")


def lift(injection: Injection[Any]) -> None:
    """No memory limit any more, and mysqld runs again where the kernel ended it."""
    container = limitable(injection.cluster, injection.victim)
    if container.limits().memory_bytes is not None:
        container.limit_memory(None)
    start_again(injection)


def lifted(injection: Injection[Any]) -> Evidence:
    """Look once whether that is so."""
    stands = stands_again(injection)
    limited = limitable(injection.cluster, injection.victim).limits().memory_bytes is not None
    return Evidence(ok=stands.ok and not limited, seen={**stands.seen, "limited": limited})
