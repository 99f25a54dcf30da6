"""A user's own workload or locustfile: found, and looked at before anything starts.

On the host it is read and never imported: that it is there, is Python, and has the class. Whatever needs it imported
is the look's, in a container as the load pods will be (`scenarios.user_code.pod`), and only for who is about to run it.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cluster.errors import ConfigurationError
from history.vocabulary import WorkloadFacts
from loadgen.workloads.registry import own_file
from scenarios.schema.scenario import Scenario
from scenarios.user_code.folder import POD_FOLDER, OwnFolder, own_folder

#: Asks a user's file, see `scenarios.user_code.pod.look`.
Look = Callable[[Scenario, Mapping[str, Any]], dict[str, Any]]
#: The line or the word that says a key, ``load.arguments``.
Blame = Callable[[str], str]


def with_own_workload(
    scenario: Scenario, here: Path, *, requirements_here: Path, blame: Blame, look: Look | None
) -> Scenario:
    """The scenario with what a user's own file decides filled in; without a look only what can be read of it.
    here: what its path is relative to. requirements_here: the same of the requirements file.

    Raises ConfigurationError, in one line, when the file could not be used.
    """
    workload = scenario.workload
    if not workload.is_own:
        return scenario
    try:
        file = _found(here, workload.name, is_locustfile=workload.is_locustfile)
        folder = own_folder(file)
        _read(folder, None if workload.is_locustfile else workload.name.rpartition(":")[2])
    except ConfigurationError as error:
        raise ConfigurationError(f"{blame('workload')}: workload: {error}") from None
    requirements = _requirements(workload.requirements, requirements_here, blame)
    found = workload.model_copy(update={"file": folder.file, "folder": folder, "requirements_file": requirements})
    scenario = scenario.model_copy(update={"workload": found})
    if workload.is_locustfile:
        found = found.model_copy(update={"told": found.facts})
    if look is not None and (answer := _looked(scenario, look, blame)).get("facts"):
        told = WorkloadFacts.read(answer["facts"])
        found = found.model_copy(update={"options": answer["options"], "told": told})
    if scenario.load.retry.mode == "idempotent" and not found.facts.keyed:
        raise ConfigurationError(
            f"{blame('load.retry')}: load.retry: idempotent needs a workload with a final table keys"
        )
    gates = scenario.gates
    if gates.require is None and found.told is not None:
        gates = gates.model_copy(update={"require": found.required(scenario.topology.kind)})
    return scenario.model_copy(update={"workload": found, "gates": gates})


def _found(here: Path, name: str, *, is_locustfile: bool) -> Path:
    file = here / (name if is_locustfile else own_file(name) or "")
    if not os.path.isfile(file):  # noqa: PTH113  Path.is_file raises for a name that is too long
        raise ConfigurationError(f"no file {file}; a path is relative to the scenario, or with --set to here")
    if "," in file.name:
        raise ConfigurationError(f"{file}: Locust takes a comma in a name for two files; rename it")
    return file


def _requirements(name: str | None, here: Path, blame: Blame) -> Path | None:
    if name is None:
        return None
    file = here / name
    if not os.path.isfile(file):  # noqa: PTH113  as above
        raise ConfigurationError(f"{blame('workload.requirements')}: workload.requirements: no file {file}")
    return file


def _read(own: OwnFolder, class_name: str | None) -> None:
    """Raise ConfigurationError unless the file is Python, and may have the class."""
    try:
        tree = ast.parse(dict(own.files)[own.file.name])
    except SyntaxError as error:
        at = f"{own.file}:{error.lineno}" if error.lineno else f"{own.file}"
        raise ConfigurationError(f"{at}: not valid Python: {' '.join(str(error.msg).split())}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise ConfigurationError(f"{own.file}: not valid Python: {error}") from None
    if class_name is not None and class_name not in (names := set(_names(tree))) and "*" not in names:
        classes = [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
        raise ConfigurationError(f"{own.file} has no class {class_name!r}; it has {', '.join(classes) or 'none'}")


def _names(tree: ast.AST) -> list[str]:
    """Whatever gets a name anywhere in the file, and ``*`` for what is imported without one."""
    found: list[str] = []
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                found.append(name)
            case ast.Name(id=name, ctx=ast.Store()):
                found.append(name)
            case ast.alias(name=name, asname=as_name):
                found.append(as_name or name)
    return found


def _looked(scenario: Scenario, look: Look, blame: Blame) -> dict[str, Any]:
    """What the look found. Raises ConfigurationError with its words."""
    try:
        answer = look(scenario, _request(scenario))
    except ConfigurationError as error:
        key = "workload.requirements" if str(error).startswith("workload.requirements") else "workload"
        told = f"{error}" if key != "workload" else f"workload: {error}"
        raise ConfigurationError(f"{blame(key)}: {told}") from None
    if "refused" in answer:
        key = answer["key"] or "workload"
        raise ConfigurationError(f"{blame(key)}: {key}: {answer['refused']}")
    return answer


def _request(scenario: Scenario) -> dict[str, Any]:
    """What `loadgen.user_code.preflight` is asked."""
    workload, load = scenario.workload, scenario.load
    if workload.is_locustfile and workload.folder is not None:
        return {"locustfile": workload.folder.in_pod, "arguments": list(load.argument_list)}
    return {"workload": asdict(workload.config(isolation=scenario.mysql.isolation, folder=POD_FOLDER))}
