"""A value that YAML reads otherwise than it is written: ``0640`` as 416, ``+8:00`` as 480, ``NO`` as false.

mysqld must get an option's value as its user wrote it. So such a value is refused, with the advice to quote it.
"""

from __future__ import annotations

import re
from decimal import Decimal

import yaml

_TAG = "tag:yaml.org,2002:"
#: Letters of a value that a message shows.
LONGEST = 40
_INTEGER = re.compile(r"-?(0|[1-9]\d*)", re.ASCII)
_DECIMAL = re.compile(r"-?\d+\.\d+", re.ASCII)


def misread(node: yaml.ScalarNode) -> str | None:
    """Why a value must be quoted, or None: it is quoted, or is read as it is written."""
    kind, text = node.tag.removeprefix(_TAG), node.value
    if node.style is not None or kind == "str" or _faithful(kind, text):
        return None
    shown = _short(text)
    quoted = "'" + shown.replace("'", "''") + "'"
    if kind == "null":
        why = f"expected a word, a number, true or false; YAML reads {shown} as nothing"
        return f"{why}: write '' for an empty value, or quote it: {quoted}"
    if kind == "bool":
        return f"YAML reads {shown} as {_read(text).lower()}; quote it: {quoted}, or write ON or OFF"
    return f"YAML reads {shown} as {'a date' if kind == 'timestamp' else _short(_read(text))}; quote it: {quoted}"


def _faithful(kind: str, text: str) -> bool:
    match kind:
        case "null":
            return not text
        case "bool":
            return text.lower() in ("true", "false", "on", "off")
        case "int":
            return _INTEGER.fullmatch(text) is not None
        case "float":
            return _DECIMAL.fullmatch(text) is not None and Decimal(_read(text)) == Decimal(text)
    return False


def _read(text: str) -> str:
    """What YAML makes of it, in Python's words; a number may be too long for those."""
    try:
        return str(yaml.safe_load(text))
    except (yaml.YAMLError, ValueError):
        return "something else"


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
