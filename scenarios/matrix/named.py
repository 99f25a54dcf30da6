"""A topology, a mesh or a workload that an option of its own names: as settings, and the ``--set`` that says otherwise.

Such a ``--set`` is refused, whichever of the two would have won: who gives both did not mean to lose one. One that says
the same, or that sets another key of the section, is fine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cluster.errors import ConfigurationError
from scenarios.schema.mesh import mesh_of_word
from scenarios.schema.told import brief
from scenarios.schema.yaml_lines import value_of

#: Sections that a word may stand for whole -> the key that it is.
_KEYS = {"topology": "kind", "workload": "name"}


def require_agreement(option: str, section: str, word: object, settings: Sequence[str]) -> None:
    """option: as it was given, such as ``--mesh envoy``. word: what it names in its section.

    Raises ConfigurationError for the first setting that says otherwise.
    """
    named = _keys_of(section, word)
    for setting in settings:
        said = _said_within(section, setting)
        if any(key in said and said[key] != value for key, value in named.items()):
            raise ConfigurationError(f"--set {brief(setting)}: {option} says otherwise; keep one of them")


def refuse_seed(settings: Sequence[str], *, of: str) -> None:
    """Raise ConfigurationError for a seed of a scenario whose trials get theirs from a file. of: what that file is."""
    for setting in settings:
        if setting.partition("=")[0] == "seed":
            raise ConfigurationError(f"--set {brief(setting)}: every seed is made from the {of}'s; set it there")


def _said_within(section: str, setting: str) -> Mapping[str, Any]:
    """What a setting says of the keys of a section; nothing where it is of another, or cannot be read."""
    key, _, text = setting.partition("=")
    head, _, below = ("workload" if key == "locustfile" else key).partition(".")
    if head != section:
        return {}
    try:
        value = value_of(text)
    except (ValueError, ConfigurationError):
        return {}  # reading the scenario says what is wrong
    return {below: value} if below else _keys_of(section, value)


def _keys_of(section: str, value: object) -> Mapping[str, Any]:
    """What a word, or a mapping in its place, says of a section."""
    if isinstance(value, Mapping):
        return value
    if section == "mesh":
        return mesh_of_word(value) if isinstance(value, str) else {}
    return {_KEYS[section]: value}
