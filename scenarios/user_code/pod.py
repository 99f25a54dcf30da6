"""What every container has that runs a user's own file: the image, the files, the environment, the arguments.

The look before the start, the set-up of a class's data and the load pods are alike in all of it; what the look lacks is
a database.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from cluster.errors import ConfigurationError
from cluster.mysqld.mysqld import DATABASE
from cluster.platform import images, one_off
from cluster.platform.load_image import SITE, load_image
from loadgen.user_code.environment import NAMES
from scenarios.schema.scenario import Scenario
from scenarios.user_code.folder import POD_FOLDER, OwnFolder

LOOK_TIMEOUT_S = 60.0
REQUEST_FILE, ANSWER_FILE = "/etc/meshbench-own-request.json", "/data/own-answer.json"
#: Ours first: a file of the user's must not stand before a module that the load generator imports.
PYTHONPATH = f"/app:/opt/site:{SITE}:{POD_FOLDER}"
#: What the look finds where the database will be named; an address that leads nowhere.
NO_DATABASE = dict.fromkeys(NAMES, "") | {
    "MYSQL_HOST": "198.18.0.0",
    "MYSQL_PORT": "3306",
    "MYSQL_TCP_PORT": "3306",
    "MYSQL_USER": "meshbench_app",
    "MYSQL_PASSWORD": "not-known-before-the-start",
    "MYSQL_PWD": "not-known-before-the-start",
    "MYSQL_DATABASE": DATABASE,
    "MYSQL_READ_HOST": "198.18.0.0",
    "MYSQL_READ_PORT": "3307",
    "MYSQL_READ_TCP_PORT": "3307",
}


@dataclass(frozen=True, kw_only=True)
class OwnPod:
    """image: of the load pods. own: the user's folder. environment: the user's own variables. arguments: for Locust.
    is_locustfile: else it is a class."""

    image: str
    own: OwnFolder
    is_locustfile: bool
    environment: Mapping[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()

    def variables(self, database: Mapping[str, str]) -> dict[str, str]:
        """The environment of a container. database: where it is, as `loadgen.user_code.environment` names it."""
        return {**self.environment, **database, "PYTHONPATH": PYTHONPATH}


def own_pod(scenario: Scenario, tools: str) -> OwnPod | None:
    """What the containers have that run the user's file; None for a workload of ours. tools: the image that theirs
    stands on, which is built where it is missing. Raises ConfigurationError."""
    workload = scenario.workload
    if workload.folder is None:
        return None
    requirements, where = workload.requirements_file, "workload.requirements"
    return OwnPod(
        image=load_image(
            None if requirements is None else requirements.read_bytes(),
            tools=tools,
            where=where if requirements is None else f"{where}: {requirements}",
        ),
        own=workload.folder,
        is_locustfile=workload.is_locustfile,
        environment=scenario.load.environment,
        arguments=scenario.load.argument_list,
    )


def described(scenario: Scenario, tools: str) -> dict[str, Any] | None:
    """For the manifest: what came along, by name and SHA-256; of the environment the names alone."""
    pod = own_pod(scenario, tools)
    if pod is None:
        return None
    return {
        "file": str(pod.own.file),
        "files": pod.own.listing(),
        "environment": sorted(pod.environment),
        "arguments": list(pod.arguments),
        "image": pod.image,
        "image_id": images.identity(pod.image),
    }


def look(scenario: Scenario, request: Mapping[str, Any]) -> dict[str, Any]:
    """What `loadgen.user_code.preflight` answers, in a container. Raises ConfigurationError without answer."""
    pod = own_pod(scenario, images.image("tools").tag)
    assert pod is not None  # nobody asks of a workload of ours
    return _look(pod.image, pod.own, tuple(sorted(pod.environment.items())), json.dumps(request))


@cache
def _look(image: str, own: OwnFolder, environment: tuple[tuple[str, str], ...], request: str) -> dict[str, Any]:
    found = one_off.run(
        image,
        program("preflight"),
        files={**own.for_pod(), REQUEST_FILE: request.encode()},
        environment=OwnPod(image=image, own=own, is_locustfile=True, environment=dict(environment)).variables(
            NO_DATABASE
        ),
        folder=POD_FOLDER,
        answer=ANSWER_FILE,
        timeout_s=LOOK_TIMEOUT_S,
    )
    return answered(found, own, doing="importing it", timeout_s=LOOK_TIMEOUT_S)


def program(name: str) -> list[str]:
    """The command of one of loadgen's programs that answer a request. -P: Python's own modules come before the
    user's."""
    return ["python3", "-P", "-m", f"loadgen.user_code.{name}", REQUEST_FILE, ANSWER_FILE]


def answered(found: one_off.OneOff, own: OwnFolder, *, doing: str, timeout_s: float) -> dict[str, Any]:
    """The answer, in the user's words. Raises ConfigurationError where there is none. doing: what took the time."""
    if found.answer is not None:
        return dict(json.loads(own.in_their_words(found.answer.decode())))
    if found.code is None:
        raise ConfigurationError(f"{own.file}: {doing} takes over {timeout_s:g} s")
    said = own.in_their_words(found.said) or "nothing"
    raise ConfigurationError(f"{own.file}: {doing} ended the process with {found.code}; its last words: {said}")
