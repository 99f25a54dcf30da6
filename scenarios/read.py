"""From a name or a file to a checked Scenario, or to one clear line a mistake: what, where, how to mend it."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from cluster.errors import ConfigurationError
from scenarios.model import Scenario

CATALOGUE = Path(__file__).parent / "catalogue"
#: Sections that a bare word may stand for, and the key the word fills (see scenarios.model).
_WORDS = {"topology": "kind", "mesh": "proxy", "workload": "name"}

Path_ = tuple[str | int, ...]


def catalogue() -> dict[str, Path]:
    """Name -> file of every scenario that comes with meshbench, sorted."""
    return {file.stem: file for file in sorted(CATALOGUE.glob("*.yaml"))}


def read_scenario(name_or_file: str, *, settings: list[str] | None = None, seed: int | None = None) -> Scenario:
    """Read, override (``key.path=value``), check. Raises ConfigurationError with one line for every mistake."""
    file = catalogue().get(name_or_file) or Path(name_or_file)
    if not file.is_file():
        near = difflib.get_close_matches(name_or_file, catalogue(), n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ConfigurationError(
            f"{name_or_file}: no such scenario or file; {hint}`meshbench list` names the catalogue"
        )
    document, lines = _load(file)
    overridden: dict[Path_, str] = {}
    for setting in settings or []:
        overridden[_override(document, setting)] = setting
    if seed is not None:
        document["seed"] = seed
    try:
        scenario = Scenario.model_validate(document)
    except ValidationError as error:
        problems = [_explain(dict(one), file, lines, overridden) for one in error.errors()]
        raise ConfigurationError("\n".join(dict.fromkeys(problems))) from None
    return _resolve_files(scenario, file)


def _load(file: Path) -> tuple[dict[str, Any], dict[Path_, int]]:
    try:
        text = file.read_text()
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        document = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file}: cannot be read ({error})") from None
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{file}: not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(document, dict):
        raise ConfigurationError(f"{file}: expected a mapping with keys such as name, topology, load")
    try:
        return document, dict(_lines(node, ()))
    except ConfigurationError as twice:
        raise ConfigurationError(f"{file}: {twice}") from None


def _lines(node: Any, path: Path_) -> list[tuple[Path_, int]]:
    """Line numbers (from 1) of every key and item."""
    found = [(path, node.start_mark.line + 1)]
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if any((*path, key.value) == seen for seen, _ in found):
                raise ConfigurationError(f"line {key.start_mark.line + 1}: key {key.value!r} is there twice; keep one")
            found += [*_lines(value, (*path, key.value)), ((*path, key.value), key.start_mark.line + 1)]
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            found += _lines(value, (*path, index))
    return found


def _override(document: dict[str, Any], setting: str) -> Path_:
    key, equals, text = setting.partition("=")
    if not equals or not key:
        raise ConfigurationError(f"--set {setting}: expected key=value, such as load.rate=500")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        raise ConfigurationError(f"--set {setting}: the value is not valid YAML") from None
    path: Path_ = tuple(int(part) if part.isdigit() else part for part in key.split("."))
    place: Any = document
    for depth, part in enumerate(path[:-1]):
        if isinstance(place, dict) and isinstance(part, str):
            inner = place.setdefault(part, {})
            if isinstance(inner, str) and depth == 0 and part in _WORDS:  # a shorthand: write it out to reach inside
                inner = place[part] = {"mode": "direct"} if inner == "direct" else _written_out(part, inner)
            place = inner
        elif isinstance(place, list) and isinstance(part, int) and part < len(place):
            place = place[part]
        else:
            raise ConfigurationError(
                f"--set {setting}: there is no {'.'.join(map(str, path[: depth + 1]))} to set it in"
            )
    last = path[-1]
    if isinstance(place, dict):
        place[str(last)] = value
    elif isinstance(place, list) and isinstance(last, int) and last < len(place):
        place[last] = value
    else:
        raise ConfigurationError(f"--set {setting}: there is no {key} to set")
    return path


def _written_out(section: str, word: str) -> dict[str, Any]:
    return {_WORDS[section]: word} | ({"mode": "gateway"} if section == "mesh" else {})


def _explain(error: dict[str, Any], file: Path, lines: dict[Path_, int], overridden: dict[Path_, str]) -> str:
    """One line for one of pydantic's errors."""
    path: Path_ = error["loc"]
    where = ".".join(str(part) for part in path)
    setting = next(
        (text for key, text in overridden.items() if path[: len(key)] == key or key[: len(path)] == path), None
    )
    known_line = next((lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in lines), None)
    source = f"--set {setting}" if setting else f"{file}:{known_line}" if known_line else str(file)
    got = error.get("input")
    match error["type"]:
        case "extra_forbidden":
            known = _known_keys(path[:-1])
            near = difflib.get_close_matches(str(path[-1]), known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            what = f"unknown key{hint} Allowed here: {', '.join(known)}"
        case "missing":
            what = "is required and missing"
        case "value_error":
            what = f"{error['ctx']['error']}" + (f", got {got!r}" if isinstance(got, str | int | float) else "")
        case "model_type" | "dict_type":
            what = f"expected a mapping with keys such as {', '.join(_known_keys(path)[:3])}; got {got!r}"
        case "literal_error":
            what = f"must be {error['ctx']['expected']}, got {got!r}"
        case _:
            message = str(error["msg"])
            what = f"{message[:1].lower()}{message[1:]}, got {got!r}"
    return f"{source}: {where}: {what}" if where else f"{source}: {what}"


def _known_keys(path: Path_) -> list[str]:
    """The keys that the section at ``path`` may have."""
    section: type[BaseModel] = Scenario
    for part in path:
        if isinstance(part, str) and part in section.model_fields:
            annotation: Any = section.model_fields[part].annotation
            annotation = get_args(annotation)[0] if get_origin(annotation) is list else annotation
            if isinstance(annotation, type) and issubclass(annotation, BaseModel):
                section = annotation
    return list(section.model_fields)


def _resolve_files(scenario: Scenario, file: Path) -> Scenario:
    """Paths in a scenario are relative to its file."""
    cnf = scenario.mysql.my_cnf
    if cnf is None:
        return scenario
    found = file.parent / cnf
    if not found.is_file():
        raise ConfigurationError(f"{file}: mysql.my_cnf: no file {found}; the path is relative to the scenario")
    mysql = scenario.mysql.model_copy(update={"my_cnf": found.resolve()})
    return scenario.model_copy(update={"mysql": mysql})
