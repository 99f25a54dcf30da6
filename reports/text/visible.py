r"""Text of logs, keys and names as it may be shown anywhere: no character of it acts on what shows it.

Escape sequences move a terminal's cursor and set its title, a carriage return overwrites what stands there, and
bidirectional controls turn text around, in a browser too. Each becomes what it is called: ``\x1b``, ``\u202e``. Applied
at the door of every format and to every message, so that no caller has to think of it; summary.json keeps the text.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TypeVar, cast

T = TypeVar("T")

#: Controls, invisible formatting (bidirectional controls among it), half surrogate pairs, and line ends of Unicode.
_ACTING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_PLAIN = re.compile(r"[ -~]*")


def visible(text: str, *, keep: str = "") -> str:
    """The text with every character that acts rather than shows as ``\\xNN`` or ``\\uNNNN``. keep: those that may."""
    if _PLAIN.fullmatch(text):
        return text
    return "".join(one if one in keep or unicodedata.category(one) not in _ACTING else _name(one) for one in text)


def all_visible(document: T) -> T:
    """The same of a whole summary: every text in its lists and objects, keys too."""
    return cast("T", _visible(document))


def _visible(value: object) -> object:
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, dict):
        return {_visible(key): _visible(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_visible(inner) for inner in value]
    return value


def _name(one: str) -> str:
    code = ord(one)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
