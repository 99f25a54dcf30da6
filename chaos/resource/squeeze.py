"""Brings the memory limit of a process down to just above what it cannot give back."""

from __future__ import annotations

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
