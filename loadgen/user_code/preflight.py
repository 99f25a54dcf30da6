"""The look at a user's own file before anything starts, in a container as the load pods will be:

    python3 -P -m loadgen.user_code.preflight REQUEST ANSWER

It imports the file, makes the class or finds the users, tries the arguments, and writes what it found as JSON: what a
scenario needs to know, or ``refused`` (with the scenario's ``key``), in one line with the user's file and line. What
the file prints goes to standard output and is no answer. Touches no database: there is none yet.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from locust import FastHttpUser, HttpUser, User
from locust.util.load_locustfile import load_locustfile

from loadgen.config import WorkloadConfig
from loadgen.errors import ConfigError
from loadgen.user_code.arguments import require_arguments
from loadgen.user_code.importing import broken, line_of
from loadgen.workloads.registry import facts_of, resolve


def look(request: dict[str, Any]) -> dict[str, Any]:
    """request: ``workload`` (a WorkloadConfig as JSON) of a class, or ``locustfile`` and its ``arguments``."""
    try:
        if "workload" in request:
            return _class(WorkloadConfig(**request["workload"]))
        return _locustfile(Path(request["locustfile"]), request["arguments"])
    except ConfigError as error:
        return {"refused": error.message, "key": error.key}


def _class(config: WorkloadConfig) -> dict[str, Any]:
    """Its keys with every default, and what it says of itself (`history.vocabulary`)."""
    workload, options = resolve(config)
    facts = replace(facts_of(workload), keyed="keys" in workload.final_queries())
    return {"options": options.written(), "facts": facts.as_json()}


def _locustfile(file: Path, arguments: list[str]) -> dict[str, Any]:
    """The names of its classes of users, and of its shape."""
    try:
        users, shapes = load_locustfile(str(file))
    except BaseException as error:  # noqa: BLE001  whatever a user's file raises is a mistake in it, told in one line
        raise ConfigError(broken(error, file), key="workload") from None
    if not users:
        raise ConfigError(_nobody(file), key="workload")
    for name, user in users.items():
        if issubclass(user, HttpUser | FastHttpUser):
            raise ConfigError(
                f"{line_of(user, file)}: {name} is an {'HttpUser' if issubclass(user, HttpUser) else 'FastHttpUser'}, "
                "and there is no HTTP server in a run, only MySQL: make it a locust.User whose tasks speak to MySQL "
                "(docs/examples/locustfile.py)",
                key="workload",
            )
        if not user.tasks:
            raise ConfigError(f"{line_of(user, file)}: {name} has no task; decorate one with @task", key="workload")
    kinds = {type(shape).__name__: type(shape) for shape in shapes}
    if len(kinds) > 1:
        raise ConfigError(
            f"{line_of(list(kinds.values())[-1], file)}: a load has one shape, and here are {len(kinds)}: "
            f"{', '.join(kinds)}; keep one, or give the others abstract = True",
            key="workload",
        )
    require_arguments(arguments, list(users), file)
    return {"users": list(users), "shapes": list(kinds)}


def _nobody(file: Path) -> str:
    module = sys.modules.get("locustfile" if file.stem == "locust" else file.stem)
    here = [
        name
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, User) and value.__module__ == getattr(module, "__name__", None)
    ]
    if here:
        return f"{file}: its classes of users ({', '.join(here)}) are all abstract; one must not be"
    return f"{file} has no class of users, a subclass of locust.User; of a workload say the class: FILE.py:CLASS"


def main() -> int:
    request, answer = (Path(word) for word in sys.argv[1:3])
    answer.write_text(json.dumps(look(json.loads(request.read_text()))))
    return 0


if __name__ == "__main__":
    ended_with = main()
    sys.stdout.flush()
    os._exit(ended_with)  # a thread that the file has started may never end
