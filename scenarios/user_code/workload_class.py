"""A user's own workload class as a run has it: the data is set up in a container as the load pods are, not here.

The host never imports the user's module: what that needs (its neighbours, packages, variables) is in the load image.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from pymysql.connections import Connection
from pymysql.cursors import Cursor

from cluster.cluster import Cluster
from cluster.errors import ConfigurationError
from cluster.guests import open_guest
from cluster.mysqld.mysqld import DATABASE
from cluster.platform import one_off
from cluster.platform.platform import Pod
from loadgen.user_code.environment import NAMES
from loadgen.workload import Workload
from loadgen.workloads.registry import create
from scenarios.schema.load import MAX_WORKERS
from scenarios.schema.scenario import Scenario
from scenarios.user_code.folder import POD_FOLDER
from scenarios.user_code.pod import ANSWER_FILE, REQUEST_FILE, OwnPod, answered, own_pod, program

SET_UP_TIMEOUT_S = 900.0
STATEMENT_TIMEOUT_S = 120.0


class OwnClass:
    """What of `loadgen.workload.Workload` a run asks for: `setup`, and then `final_queries`."""

    def __init__(self, scenario: Scenario, cluster: Cluster, pod: OwnPod) -> None:
        self._scenario = scenario
        self._cluster = cluster
        self._pod = pod
        self._times = 0
        self._queries: dict[str, str] = {}

    def setup(self, connection: Connection[Cursor], *, seed: int) -> None:
        """Set the data up where the connection leads. Raises ConfigurationError with the user's line."""
        self._times += 1
        pod = self._pod_at(str(connection.host))
        connect = {
            "host": connection.host if pod is None else "127.0.0.1",
            "port": connection.port,
            "user": "meshbench_app",
            "password": self._cluster.credentials.app,
            "database": DATABASE,
            "timeout_s": STATEMENT_TIMEOUT_S,
        }
        workload = self._scenario.workload.config(isolation=self._scenario.mysql.isolation, folder=POD_FOLDER)
        answer = self._answer({"workload": asdict(workload), "seed": seed, "connect": connect}, pod)
        if "refused" in answer:
            raise ConfigurationError(f"{answer['key'] or 'workload'}: {answer['refused']}")
        self._queries = answer["queries"]

    def final_queries(self) -> Mapping[str, str]:
        """As the class gave them after it had set the data up."""
        return self._queries

    def _pod_at(self, address: str) -> Pod | None:
        """The load pod whose sidecar is the way in: that lets nobody in but who is in the same pod."""
        guests = self._cluster.guests.items()
        return next((pod for name, pod in guests if name.startswith("load") and pod.address == address), None)

    def _answer(self, request: dict[str, Any], pod: Pod | None) -> dict[str, Any]:
        """pod: where to run, if not in a pod of its own."""
        if pod is None:
            address = self._cluster.network.address("load", MAX_WORKERS + self._times)  # behind Locust's master
            pod = open_guest(self._cluster.nodes, f"own{self._times}", address)
        container = pod.add(
            f"set-up{self._times}",
            self._pod.image,
            program("set_up"),
            env=self._pod.variables(_database(request["connect"])),
            files={**self._pod.own.for_pod(), REQUEST_FILE: json.dumps(request).encode()},
            folder=POD_FOLDER,
        )
        found = one_off.ended(container, answer=ANSWER_FILE, timeout_s=SET_UP_TIMEOUT_S)
        return answered(found, self._pod.own, doing="setup", timeout_s=SET_UP_TIMEOUT_S)


def _database(connect: dict[str, Any]) -> dict[str, str]:
    """The environment that tells where the database is: before the load there is one place, for reads too."""
    values = {"HOST": connect["host"], "PORT": str(connect["port"]), "USER": connect["user"]}
    values |= {"PASSWORD": connect["password"], "PWD": connect["password"], "DATABASE": connect["database"]}
    return {name: values[name.rpartition("_")[2]] for name in NAMES}


def run_s_workload(scenario: Scenario, cluster: Cluster) -> Workload | OwnClass | None:
    """What a run sets up and reads at the end; None for a locustfile: what is in the database is its own business."""
    workload = scenario.workload
    if workload.is_locustfile:
        return None
    pod = own_pod(scenario, cluster.platform.image("tools"))
    if pod is not None:
        return OwnClass(scenario, cluster, pod)
    return create(workload.config(isolation=scenario.mysql.isolation))
