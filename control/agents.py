"""Telling the role agents of an assignment, and counting who has promised it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from http.client import HTTPConnection
from typing import Any

from cluster.agent.agent import PORT
from cluster.agent.assignment import Assignment, encode
from cluster.agent.peers import UNHEARD
from cluster.topology import MAX_PODS

TIMEOUT_S = 1.0

#: pod -> whether its mysqld may still take writes; only pods that know the assignment now.
Promises = Mapping[str, bool]


class Agents:
    """The agents of all pods. Asked at the same time, so that one that is cut off holds up nobody."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=2 * MAX_PODS, thread_name_prefix="agents")

    def tell(
        self, assignment: Assignment, pods: Mapping[str, str], *, enough: Callable[[Promises], bool], timeout_s: float
    ) -> Promises:
        """Have these pods (name -> address) promise; return when that is enough, all have answered, or time is up."""
        asked = {self._pool.submit(_put, address, assignment): name for name, address in pods.items()}
        promises: dict[str, bool] = {}
        pending: set[Future[dict[str, Any] | None]] = set(asked)
        deadline_s = time.monotonic() + timeout_s
        while pending and not enough(promises) and (left_s := deadline_s - time.monotonic()) > 0:
            done, pending = wait(pending, timeout=left_s, return_when=FIRST_COMPLETED)
            for one in done:
                answer = one.result()
                if answer is not None and answer["version"] == assignment.version:
                    promises[asked[one]] = bool(answer["takes_writes"])
        return promises

    def spread(self, assignment: Assignment) -> None:
        """Tell everybody, and wait for nobody: they ask by themselves as well."""
        for address in assignment.pods.values():
            self._pool.submit(_put, address, assignment)


def _put(address: str, assignment: Assignment) -> dict[str, Any] | None:
    """The agent's answer, None when it has none."""
    connection = HTTPConnection(address, PORT, timeout=TIMEOUT_S)
    try:
        connection.request("PUT", "/assignment", json.dumps(encode(assignment)))
        answer: dict[str, Any] = json.loads(connection.getresponse().read())
        return answer if "version" in answer else None
    except UNHEARD:
        return None
    finally:
        connection.close()
