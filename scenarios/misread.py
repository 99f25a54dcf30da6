"""A value that YAML reads otherwise than it is written: ``0640`` as 416, ``+8:00`` as 480, ``NO`` as false.

mysqld must get an option's value as its user wrote it. So such a value is refused, with the advice to quote it.
"""

from __future__ import annotations

import re
from decimal import Decimal

import yaml

_TAG = "tag:yaml.org,2002:"
_INTEGER = re.compile(r"-?(0|[1-9]\d*)", re.ASCII)
_DECIMAL = re.compile(r"-?\d+\.\d+", re.ASCII)


def misread(node: yaml.ScalarNode) -> str | None:
    """Why a value must be quoted, or None: it is quoted, or is read as it is written."""
    kind, text = node.tag.removeprefix(_TAG), node.value
    if node.style is not None or kind == "str" or _faithful(kind, text):
        return None
    if kind == "null":
        why = f"expected a word, a number, true or false; YAML reads {text} as nothing"
        return f"{why}: write '' for an empty value, or quote it: {_quoted(text)}"
    if kind == "bool":
        return f"YAML reads {text} as {str(_read(text)).lower()}; quote it: {_quoted(text)}, or write ON or OFF"
    return f"YAML reads {text} as {'a date' if kind == 'timestamp' else _read(text)}; quote it: {_quoted(text)}"


def _faithful(kind: str, text: str) -> bool:
    match kind:
        case "null":
            return not text
        case "bool":
            return text.lower() in ("true", "false", "on", "off")
        case "int":
            return _INTEGER.fullmatch(text) is not None
        case "float":
            return _DECIMAL.fullmatch(text) is not None and Decimal(str(_read(text))) == Decimal(text)
    return False


def _read(text: str) -> object:
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):
        return "something else"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
