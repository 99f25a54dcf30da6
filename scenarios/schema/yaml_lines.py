"""A YAML file as plain values, and the line of every key and item; whatever is wrong with it is one line.

PyYAML itself takes keys that are there twice, and aliases that multiply or contain themselves: here they are refused.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from cluster.errors import ConfigurationError
from history.fields import spelt
from scenarios.schema.misread import misread

#: Keys and indices from the top of a document down, all as words.
Place = tuple[str, ...]

#: Keys and items of a document, aliases written out. The longest scenario of the catalogue has about fifty.
MOST_NODES = 10_000
#: Below it stand mysqld's options, whose values must reach mysqld as they are written.
OPTIONS: Place = ("mysql", "config")


def load(file: Path) -> tuple[dict[str, Any], dict[Place, int]]:
    """The document, and line numbers (from 1) by place, the whole document's by (); raises ConfigurationError."""
    if file.is_dir():
        raise ConfigurationError(f"{file}: is a folder, not a file")
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ConfigurationError(f"{file}: cannot be read: this is no text in UTF-8") from None
    except OSError as error:
        raise ConfigurationError(f"{file}: cannot be read: {error.strerror or error}") from None
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        lines: dict[Place, int] = {}
        if node is not None:
            _lines(node, (), lines, inside=())
        document = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{file}:{mark.line + 1}" if mark else f"{file}"
        raise ConfigurationError(f"{where}: not valid YAML: {error.problem or error.context}") from None
    except ConfigurationError as problem:
        raise ConfigurationError(f"{file}:{problem}") from None
    except RecursionError:
        raise ConfigurationError(f"{file}: too deeply nested") from None
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigurationError(f"{file}: not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(document, dict):
        got = "nothing" if document is None else spelt(document)
        raise ConfigurationError(f"{file}: expected a mapping, a line for each key, such as name: …; got {got}")
    return document, lines


def value_of(text: str, place: Place = ()) -> Any:
    """YAML as plain values, to stand at ``place``. Raises ValueError for what is no YAML, and for a date or number that
    cannot be, ConfigurationError for a value of a mysqld option that YAML reads otherwise than it is written."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if node is not None:
            _lines(node, place, {}, inside=())
        return yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(str(error)) from None
    except ConfigurationError as problem:
        raise ConfigurationError(str(problem).partition(": ")[2]) from None  # a word of the command line has no lines


def _lines(node: yaml.Node, path: Place, found: dict[Place, int], *, inside: tuple[int, ...]) -> None:
    """Add the lines below ``node``. inside: identities of the nodes around it."""
    line = node.start_mark.line + 1
    if id(node) in inside:
        raise _at(node, "an alias stands for something that contains it")
    if len(found) > MOST_NODES:
        raise _at(node, f"more than {MOST_NODES} keys and items, with all aliases written out")
    found.setdefault(path, line)
    inside = (*inside, id(node))
    if _is_option(path) and isinstance(node, yaml.ScalarNode) and (why := misread(node)):
        raise _at(node, f"{'.'.join(path)}: {why}")
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            below = (*path, str(key.value))
            if below in found:
                raise _at(key, f"key {key.value!r} is there twice; keep one")
            found[below] = key.start_mark.line + 1
            _lines(value, below, found, inside=inside)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _lines(value, (*path, str(index)), found, inside=inside)


def _is_option(path: Place) -> bool:
    """Whether a value there is one of mysqld's: of the scenario, or of a fault that sets some."""
    of_a_fault = path[:1] == ("faults",) and "variables" in path[:-1]
    return of_a_fault or (len(path) > len(OPTIONS) and path[: len(OPTIONS)] == OPTIONS)


def _at(node: yaml.Node, problem: str) -> ConfigurationError:
    """In one line, whatever a key of the file holds."""
    return ConfigurationError(f"{node.start_mark.line + 1}: {' '.join(problem.split())}")
