"""From a name or a file to a checked Scenario, or to one clear line a mistake: what, where, how to fix it."""

from __future__ import annotations

import difflib
import inspect
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from cluster.errors import ConfigurationError
from cluster.mysqld import option_file
from cluster.mysqld.option_rules import refused_in_file
from scenarios.schema.curve_file import with_curve
from scenarios.schema.decidable import misfits, without_moot
from scenarios.schema.gates import GatesSection
from scenarios.schema.load import OF_LOCUSTFILES
from scenarios.schema.mesh import mesh_of_word
from scenarios.schema.scenario import Scenario
from scenarios.schema.section import MisfitError, UnknownWordError, not_one_of
from scenarios.schema.told import brief, spelt
from scenarios.schema.yaml_lines import Place, load, value_of
from scenarios.user_code.lookup import Look, with_own_workload

CATALOGUE = Path(__file__).parents[1] / "catalogue"
#: Sections that a bare word may stand for, and the key the word fills (see scenarios.schema.scenario).
_WORDS = {"topology": "kind", "mesh": "proxy", "workload": "name"}
#: Kind of mistake -> what would be right, in the words of all messages.
EXPECTED = {
    **dict.fromkeys(("int_type", "int_from_float", "int_parsing"), "a whole number"),
    **{"float_type": "a number", "bool_type": "true or false", "list_type": "a list", "string_type": "text"},
    **{"greater_than": "more than {gt:g}", "greater_than_equal": "{ge:g} or more"},
    **{"less_than": "less than {lt:g}", "less_than_equal": "{le:g} or less"},
    **{"string_too_short": "{min_length} letters or more", "string_too_long": "{max_length} letters or less"},
    **{"too_short": "{min_length} item or more", "too_long": "{max_length} items or less"},
    "finite_number": "a finite number",
    "string_pattern_mismatch": "lower-case letters, digits and hyphens, such as primary-kill",
}
#: What the names of mysqld's options stand below.
OPTIONS = "mysql.config."


def catalogue() -> dict[str, Path]:
    """Name -> file of every scenario that comes with meshbench, sorted."""
    return {file.stem: file for file in sorted(CATALOGUE.glob("*.yaml"))}


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a document's keys were written: by place, the line in ``file``, or the word of the command line."""

    file: str
    lines: Mapping[Place, int]
    words: dict[Place, str]

    def of(self, place: tuple[object, ...]) -> str:
        """The word or the line to blame for what is wrong at ``place``: the nearest there is."""
        path = tuple(str(part) for part in place)
        related = [key for key in self.words if path[: len(key)] == key or (path and key[: len(path)] == path)]
        if related:
            return self.words[max(related, key=lambda key: len(key) if len(key) <= len(path) else 0)]
        line = next((self.lines[path[:end]] for end in range(len(path), -1, -1) if path[:end] in self.lines), None)
        return f"{self.file}:{line}" if line else self.file


def read_scenario(
    name_or_file: str,
    *,
    settings: list[str] | None = None,
    blame: Mapping[str, str] = MappingProxyType({}),
    seed: int | None = None,
    look: Look | None = None,
) -> Scenario:
    """Read, override (``key.path=value``), check. Raises ConfigurationError with one line for every mistake.

    blame: a setting -> the words that it was made of, where that was not ``--set``. look: asks a user's own file, for
    who is about to run it (`scenarios.user_code.pod.look`); without one it is only read.
    """
    if not name_or_file.strip():
        raise ConfigurationError("SCENARIO: is empty; give a name of `meshbench list`, or a YAML file")
    file = catalogue().get(name_or_file) or Path(name_or_file)
    if not os.path.isfile(file):  # noqa: PTH113  Path.is_file raises for a name that is too long
        near = difflib.get_close_matches(name_or_file, catalogue(), n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        what = "is a folder, not a file" if os.path.isdir(file) else "no such scenario or file"  # noqa: PTH112  as above
        raise ConfigurationError(f"{brief(name_or_file)}: {what}; {hint}`meshbench list` names the catalogue")
    document, lines = load(file)
    origin = Origin(file=str(file), lines=lines, words={})
    if seed is not None:
        document["seed"] = seed
        origin.words[("seed",)] = f"--seed {seed}"
    scenario = _checked(document, origin, settings or [], blame=blame, folder=file.parent, look=look)
    if seed is not None and scenario.seed != seed:
        raise ConfigurationError(f"--set seed={scenario.seed}: --seed {seed} says otherwise; keep one of them")
    return scenario


def read_words(document: dict[str, Any], *, blame: dict[Place, str], settings: list[str]) -> Scenario:
    """Check a document made of words of the command line. blame: place -> word. Raises as `read_scenario`."""
    return _checked(document, Origin(file="meshbench", lines={}, words=blame), settings, folder=Path())


def read_gates(settings: list[str]) -> dict[str, dict[str, Any]]:
    """Gates of the command line: name -> what a manifest says of it, ``{"write_outage": {"write_outage_ms": 30000}}``.

    Nothing is said of a gate that was set to null. Raises as `read_scenario`, also for a key that is no gate.
    """
    origin = Origin(file="meshbench", lines={}, words={})
    document: dict[str, Any] = {"gates": {}}
    for setting in settings:
        if not re.match(r"gates[.=]", setting):
            raise ConfigurationError(
                f"--set {brief(setting)}: a finished run can be judged with other gates, such as "
                "gates.write_outage=30s; nothing else can be set"
            )
        word = f"--set {brief(setting)}"
        origin.words[_override(document, setting, word)] = word
    try:
        section = GatesSection.model_validate(document["gates"])
    except ValidationError as error:
        problems = [explained({**one, "loc": ("gates", *one["loc"])}, origin) for one in error.errors()]
        raise ConfigurationError("\n".join(dict.fromkeys(problems))) from None
    nothing = dict.fromkeys(GatesSection.model_fields)
    return {
        name: GatesSection.model_construct(**nothing | {name: getattr(section, name)}).numbers()
        for name in sorted(section.model_fields_set)
    }


def _checked(
    document: dict[str, Any],
    origin: Origin,
    settings: list[str],
    *,
    folder: Path,
    blame: Mapping[str, str] = MappingProxyType({}),
    look: Look | None = None,
) -> Scenario:
    for setting in settings:
        word = blame.get(setting) or f"--set {brief(setting)}"
        origin.words[_override(document, setting, word)] = word
    if problems := list(_no_words(document, (), origin)):
        raise ConfigurationError("\n".join(problems))
    _let_go(document, origin)
    try:
        scenario = Scenario.model_validate(document)
    except ValidationError as error:
        problems = [explained(dict(one), origin) for one in error.errors()]
        raise ConfigurationError("\n".join(dict.fromkeys(problems))) from None
    # What the command line names is relative to where the command is given.
    named = {("workload",), ("workload", "name"), ("workload", "locustfile"), ("locustfile",)}
    here = Path.cwd() if named & set(origin.words) else folder
    found = _resolve_files(scenario, origin, _base(origin, ("mysql", "my_cnf"), folder))
    found = with_curve(found, _base(origin, ("load", "curve"), folder), where=origin.of(("load", "curve")))
    asked = _base(origin, ("workload", "requirements"), here)
    found = with_own_workload(
        found, here, requirements_here=asked, blame=lambda key: origin.of(tuple(key.split("."))), look=look
    )
    if problems := [f"{origin.of(('gates', *place))}: {why}" for place, why in misfits(scenario.gates, found)]:
        raise ConfigurationError("\n".join(problems))
    return without_moot(found)


def _no_words(value: Any, path: tuple[str, ...], origin: Origin) -> Iterator[str]:
    """A line for every key that is no word, such as ``0`` or ``on``, which YAML takes for a number and for true."""
    if not isinstance(value, dict | list):
        return
    for key, below in value.items() if isinstance(value, dict) else enumerate(value):
        place = (*path, str(key))
        if isinstance(value, dict) and not isinstance(key, str):
            yield f"{origin.of(place)}: {brief('.'.join(place))}: YAML reads this key as {key!r}; a key must be a word"
        yield from _no_words(below, place, origin)


def _let_go(document: dict[str, Any], origin: Origin) -> None:
    """Where the command line puts a locustfile in the place of the scenario's own workload, what the file says of the
    load goes with that workload, as far as it does not apply to a locustfile. What --set says stays, and is refused."""
    told = [place for place in origin.words if place[0] in ("workload", "locustfile")]
    load, workload = document.get("load"), document.get("locustfile") or document.get("workload")
    name = (workload.get("locustfile") or workload.get("name")) if isinstance(workload, dict) else workload
    if told and isinstance(load, dict) and isinstance(name, str) and name.endswith(".py"):
        kept = {place[1] for place in origin.words if place[0] == "load" and len(place) > 1}
        if ("load",) not in origin.words:
            document["load"] = {key: load[key] for key in load if key in OF_LOCUSTFILES or key in kept}


def _override(document: dict[str, Any], setting: str, word: str) -> Place:
    """Put it into the document. word: what to blame."""
    key, equals, text = setting.partition("=")
    if not equals or not key:
        raise ConfigurationError(f"{word}: expected key=value, such as load.rate=500")
    path = place_of(key)
    if not text.strip() and not key.startswith(OPTIONS):  # an option may be set to nothing
        raise ConfigurationError(f"{word}: there is no value; write {key}=null where none is meant")
    try:
        value = value_of(text, tuple(str(part) for part in path))
    except ConfigurationError as error:
        how = brief(f"\"{key}='{text}'\"")
        raise ConfigurationError(f"{word}: {error}; for a shell: --set {how}") from None
    except ValueError:
        raise ConfigurationError(f"{word}: the value is not valid YAML") from None
    if path == ("locustfile",):
        document.pop("workload", None)  # it takes the place of the scenario's own
    place: Any = document
    for depth, part in enumerate(path[:-1]):
        if isinstance(place, dict) and isinstance(part, str):
            inner = place.setdefault(part, {})
            if isinstance(inner, str) and depth == 0 and part in _WORDS:  # a shorthand: write it out to reach inside
                inner = place[part] = mesh_of_word(inner) if part == "mesh" else {_WORDS[part]: inner}
            place = inner
        elif isinstance(place, list) and isinstance(part, int) and part < len(place):
            place = place[part]
        else:
            raise ConfigurationError(f"{word}: there is no {brief('.'.join(map(str, path[: depth + 1])))} to set it in")
    last = path[-1]
    if isinstance(place, dict):
        place[str(last)] = value
    elif isinstance(place, list) and isinstance(last, int) and last < len(place):
        place[last] = value
    else:
        raise ConfigurationError(f"{word}: there is no {brief(key)} to set")
    return tuple(str(part) for part in path)


def place_of(key: str) -> tuple[str | int, ...]:
    """``faults.0.at`` -> ("faults", 0, "at"); what stands below mysql.config is one name, dots and all."""
    if key.startswith(OPTIONS):
        return (*OPTIONS.rstrip(".").split("."), key.removeprefix(OPTIONS))
    return tuple(int(part) if re.fullmatch(r"[0-9]{1,4}", part) else part for part in key.split("."))


def explained(error: dict[str, Any], origin: Origin, *, document: type[BaseModel] = Scenario) -> str:
    """One line for one of pydantic's errors. document: what the file is, whose keys are told."""
    path: tuple[str | int, ...] = error["loc"]
    got = error.get("input")
    kind, told = error["type"], error.get("ctx", {})
    match kind:
        case "extra_forbidden":
            known = _known_keys(path[:-1], document)
            near = difflib.get_close_matches(str(path[-1]), known, n=1)
            hint = f"did you mean {near[0]!r}? Allowed" if near else "allowed"
            what = f"unknown key; {hint} here: {', '.join(known)}"
        case "missing":
            what = "is required and missing"
        case "value_error":
            cause = told["error"]
            path += cause.path if isinstance(cause, MisfitError) else ()
            alone = isinstance(cause, MisfitError | UnknownWordError) or isinstance(got, dict)
            alone |= got is None and not str(cause).startswith("expected")
            what = f"{cause}" if alone else f"{cause}, got {spelt(got)}"
        case "model_type" | "dict_type":
            such = ", ".join(_known_keys(path, document)[:3])
            what = f"expected a mapping with keys such as {such}; got {spelt(got)}"
        case "literal_error":
            what = not_one_of(got, told["expected"].replace("'", "").replace(" or ", ", ").split(", "))
        case _ if kind in EXPECTED:
            what = f"expected {EXPECTED[kind].format(**told)}, got {spelt(got)}"
        case _:
            message = str(error["msg"]).removeprefix("Input ")
            what = f"{message[:1].lower()}{message[1:]}, got {spelt(got)}"
    if got is None and kind in ("list_type", "model_type", "dict_type"):
        what = "is empty; give it a value, or leave it out"
    where = brief(".".join(str(part) for part in path))
    return f"{origin.of(path)}: {where}: {what}" if where else f"{origin.of(path)}: {what}"


def _known_keys(path: tuple[str | int, ...], section: type[BaseModel]) -> list[str]:
    """The keys that the section at ``path`` of a document may have."""
    words = [part for part in path if isinstance(part, str)]
    for part, below in zip(words, [*words, ""][1:], strict=True):
        if part in section.model_fields:
            sections = list(_sections(section.model_fields[part].annotation))
            having = [one for one in sections if below in one.model_fields]
            section = next(iter([*having, *sections]), section)
    return [key for key, field in section.model_fields.items() if field.repr]  # the others are no keys of a file


def _sections(annotation: Any) -> Iterator[type[BaseModel]]:
    """The sections that may stand there: itself, of a list, one of several, or beside null."""
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _sections(part)


def _base(origin: Origin, place: Place, folder: Path) -> Path:
    """What a path is relative to: the scenario, or for a word of the command line the place where it is given."""
    return Path.cwd() if place in origin.words else folder


def _resolve_files(scenario: Scenario, origin: Origin, folder: Path) -> Scenario:
    """With the path of its option file. folder: what that is relative to."""
    cnf = scenario.mysql.my_cnf
    if cnf is None:
        return scenario
    found = folder / cnf
    if not os.path.isfile(found):  # noqa: PTH113  as above
        where = origin.of(("mysql", "my_cnf"))
        relative = "a path is relative to the scenario, or with --set to here"
        raise ConfigurationError(f"{where}: mysql.my_cnf: no file {found}; {relative}")
    options = option_file.read(found)
    kind, isolation = scenario.topology.kind, scenario.load_isolation
    # groups of single versions can only be told by the image
    if wrong := refused_in_file(options.of(option_file.GROUPS), kind=kind, isolation=isolation):
        raise ConfigurationError("\n".join(wrong))
    mysql = scenario.mysql.model_copy(update={"my_cnf": found.resolve()})
    return scenario.model_copy(update={"mysql": mysql})
