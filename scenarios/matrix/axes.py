"""``--vary KEY=V1,V2,…``: the keys of a scenario that a matrix varies, and the values of each as they were written.

The values are a list of YAML without its brackets, so that commas within quotes, ``[…]`` and ``{…}`` separate nothing;
each is then read as ``--set KEY=VALUE`` reads it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import yaml

from cluster.errors import ConfigurationError
from cluster.mysqld.option_names import canonical
from cluster.mysqld.options import normal, written_value
from scenarios.schema.read import OPTIONS, place_of
from scenarios.schema.told import brief
from scenarios.schema.yaml_lines import value_of

#: Keys that options of their own vary -> how.
_OPTIONS_OF_THEIR_OWN = {
    **dict.fromkeys(("topology", "topology.kind"), "--topology A,B"),
    **dict.fromkeys(("mesh", "mesh.mode", "mesh.proxy"), "--mesh A,B"),
    "seed": "--trials N, each with the next seed, and --seed for the first",
    **dict.fromkeys(("mysql", "mysql.config"), "an axis for each option, such as mysql.config.sync_binlog=0,1"),
}
#: Sections that change nothing that runs -> what they change.
_NOTHING_THAT_RUNS = {
    **dict.fromkeys(("name", "description", "teaches"), "what a scenario is called"),
    **dict.fromkeys(("gates", "expect", "survivable"), "what is demanded"),
}


@dataclass(frozen=True, kw_only=True)
class Axis:
    """key: such as ``load.rate``. values: two or more, as they were written."""

    key: str
    values: tuple[str, ...]


def read_axes(words: Sequence[str], *, settings: Sequence[str]) -> list[Axis]:
    """words: of every ``--vary``. settings: of every ``--set``, which may not say what an axis does.

    Raises ConfigurationError with one line for every mistake. Whether a key takes its values is asked by the plan.
    """
    axes, mistakes = list[Axis](), list[str]()
    for word in words:
        try:
            axes.append(_axis(word))
        except ConfigurationError as error:
            mistakes.append(str(error))
    mistakes += [line for axis in axes for line in _wrong(axis)]
    mistakes += [line for number, axis in enumerate(axes) for line in _twice(axis, axes[:number], settings)]
    if mistakes:
        raise ConfigurationError("\n".join(dict.fromkeys(mistakes)))
    return axes


def _axis(word: str) -> Axis:
    key, equals, text = word.partition("=")
    where = f"--vary {brief(word)}"
    if not equals or not key:
        raise ConfigurationError(f"{where}: expected KEY=V1,V2,…, such as load.rate=100,200")
    try:
        node = yaml.compose(f"[{text}]", Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        node = None
    if not isinstance(node, yaml.SequenceNode) or text.rstrip().endswith(","):
        raise ConfigurationError(
            f"{where}: expected values with commas in between; write '' for an empty one, and quote one that has a "
            "comma, a bracket or a quote"
        )
    values = [text[item.start_mark.index - 1 : item.end_mark.index - 1].strip() for item in node.value]
    return Axis(key=key, values=tuple(values))


def _wrong(axis: Axis) -> Iterator[str]:
    """What is wrong with one alone."""
    where = f"--vary {brief(axis.key)}"
    if how := _OPTIONS_OF_THEIR_OWN.get(axis.key):
        yield f"{where}: is no axis of --vary; use {how}"
    if what := _NOTHING_THAT_RUNS.get(axis.key.partition(".")[0]):
        yield f"{where}: changes {what}, not what runs; vary a key of topology, mysql, mesh, workload, load or faults"
    if axis.key.startswith("load.environment"):
        yield f"{where}: cannot be varied: its values are recorded nowhere, so nobody could tell the cells apart"
    if len(axis.values) < 2:
        alone = axis.values[0] if axis.values else "…"
        yield f"{where}: with one value nothing varies; give two or more, or use --set {brief(axis.key)}={brief(alone)}"
    met: dict[str, str] = {}
    for text in axis.values:
        if (before := met.setdefault(_meaning(axis.key, text), text)) is not text or axis.values.count(text) > 1:
            same = f"{brief(text)} is there twice" if before == text else f"{before} and {text} mean the same"
            yield f"{where}: {same}; keep one"


def _meaning(key: str, text: str) -> str:
    """Equal for two values of an option of mysqld that mean the same; of other keys the plan finds them."""
    try:
        value = value_of(text)
    except (ValueError, ConfigurationError):
        return text
    if key.startswith(OPTIONS) and isinstance(value, str | int | float | bool):
        return normal(written_value(value))
    return repr(value)


def _twice(axis: Axis, earlier: Sequence[Axis], settings: Sequence[str]) -> Iterator[str]:
    """Where another axis, or a ``--set``, says the same key, or a part of it."""
    where, place = f"--vary {brief(axis.key)}", _place(axis.key)
    for other in earlier:
        theirs = _place(other.key)
        if theirs == place:
            yield f"{where}: is there twice; give all its values in one --vary"
        elif theirs[: len(place)] == place or place[: len(theirs)] == theirs:
            yield f"{where}: one key lies within the other of --vary {brief(other.key)}; vary one of them"
    for setting in settings:
        if _says(setting, place):
            yield f"{where}: --set {brief(setting)} says it, too; keep one of them"


def _says(setting: str, place: tuple[str, ...]) -> bool:
    """Whether a ``KEY=VALUE`` gives the key at that place, a part of it, or it as part of a section given whole."""
    key, _, text = setting.partition("=")
    given = _place(key)
    if given[: len(place)] == place:
        return True
    if place[: len(given)] != given:
        return False
    try:
        value = value_of(text)
    except (ValueError, ConfigurationError):
        return False
    for part in place[len(given) :]:
        if not isinstance(value, dict):
            return False
        value = {canonical(str(name)) if key.startswith("mysql") else str(name): one for name, one in value.items()}
        if part not in value:
            return False
        value = value[part]
    return True


def _place(key: str) -> tuple[str, ...]:
    *above, last = (str(part) for part in place_of(key))
    return (*above, canonical(last) if key.startswith(OPTIONS) else last)
