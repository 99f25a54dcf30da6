"""mysqld's options as asked for, and whether each is in effect, with values in MySQL's normal form.

mysqld drops what it does not know under a ``loose_`` prefix, cuts numbers to what it allows, and lets what stands later
win. So every option that was asked for is held against ``SHOW GLOBAL VARIABLES``. All functions here are pure; who asks
an image or a server is `cluster.mysqld.mysql_image` and `cluster.mysqld.requested`. The rules are those of the MySQL
reference manual, "Using Options to Set Program Variables"; docs/decisions/0017 says why. Names are
`cluster.mysqld.option_names`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import PurePosixPath
from typing import Any

from cluster.mysqld.option_names import Meaning, canonical, meaning, no_such

SUFFIXES = {suffix: 1024**power for power, suffix in enumerate("kmgtpe", start=1)}
TRUTHS = {"on": "1", "true": "1", "yes": "1", "off": "0", "false": "0", "no": "0"}
#: Options whose effect shows under another name.
SHOWN_AS = {"default_time_zone": "time_zone", "log_bin": "log_bin_basename"}
#: A server rounds sizes to whole blocks: of 1 KiB (max_allowed_packet), 4 KiB (files) or 1 MiB (InnoDB).
BLOCKS = (1024, 4096, 1024**2)
POOL = "innodb_buffer_pool_size"
#: Sets of which a few may be named, or whose words stand for others.
PARTIAL = ("sql_mode", "optimizer_switch", "optimizer_trace", "optimizer_trace_features")
#: No option has a number this long; to write out 1e999999999 would take a gigabyte.
MOST_DIGITS = 40
#: mysqld takes more where the system lets it.
AT_LEAST = ("open_files_limit",)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One option as it was asked for.

    written: its name as written; name: with underscores and without ``loose_``. source: ``mysql.config``, or an option
    file's name and line, such as ``my.cnf:12``.
    """

    written: str
    value: str
    source: str

    @property
    def name(self) -> str:
        return canonical(self.written)


@dataclass(frozen=True, kw_only=True)
class Known:
    """What an image's mysqld knows. values: option -> as it read it, with everything that was asked for; defaults: the
    same without that; unshown: options that have no value to show, such as plugin_load_add. Names have underscores."""

    values: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)
    unshown: frozenset[str] = frozenset()

    @property
    def names(self) -> set[str]:
        return {*self.values, *self.defaults, *self.unshown}


@dataclass(frozen=True, kw_only=True)
class Effect:
    """An option and what became of it. effective: pod -> its value there. note: what there is to say of it, such as
    that it was rounded. wrong: why it is not in effect, or None."""

    asked: Asked
    effective: Mapping[str, str]
    note: str = ""
    wrong: str | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "option": self.asked.written,
            "from": self.asked.source,
            "asked": self.asked.value,
            "effective": dict(self.effective),
            "note": self.note,
        }


def written_value(value: str | int | float | bool) -> str:
    """A value of a scenario as it stands on mysqld's command line."""
    return ("ON" if value else "OFF") if isinstance(value, bool) else str(value)


def unknown(asked: Asked, names: Collection[str]) -> str:
    """The sentence for an option that no name fits."""
    return f"{asked.source}: {asked.written}: {no_such(asked.name, names)}"


def last_of_each(asked: Iterable[Asked], names: Collection[str]) -> list[Asked]:
    """As mysqld reads them: of one option the last wins, in whatever spelling."""
    kept: dict[str, Asked] = {}
    for one in asked:
        found = meaning(one.name, one.value, names)
        key = one.name if found is None or found.maximum else found.variable
        kept.pop(key, None)
        kept[key] = one
    return list(kept.values())


def effects(asked: Iterable[Asked], variables: Mapping[str, Mapping[str, str]], known: Known) -> list[Effect]:
    """What became of every option. variables: pod -> its ``SHOW GLOBAL VARIABLES``."""
    shown = {name for pod in variables.values() for name in pod}
    return [_effect(one, variables, shown, known) for one in last_of_each(asked, shown)]


def _effect(asked: Asked, variables: Mapping[str, Mapping[str, str]], shown: Collection[str], known: Known) -> Effect:
    found = meaning(asked.name, asked.value, shown)
    if found is None and asked.name in SHOWN_AS and SHOWN_AS[asked.name] in shown:
        found = Meaning(asked.name, asked.value)
    if found is None:
        if meaning(asked.name, asked.value, known.names) is None:
            return Effect(asked=asked, effective={}, wrong=unknown(asked, {*shown, *known.names}))
        return Effect(asked=asked, effective={}, note="no global variable shows it")
    name, value, maximum = found
    if maximum:
        return Effect(asked=asked, effective={}, note="the most that a session may set, which no global variable shows")
    named = name != "log_bin" or normal(value) not in ("0", "1")  # else it only says whether there is one
    where = SHOWN_AS.get(name, name) if named else name
    effective = {pod: values.get(where, "") for pod, values in variables.items()}
    note = ""
    for pod, now in effective.items():
        if took(name, value, now, known):
            continue
        if not rounded(name, value, now, variables[pod]):
            what = f"{asked.source}: {asked.written}: asked {asked.value!r}, but on {pod} {now!r} is in effect"
            return Effect(asked=asked, effective=effective, wrong=what)
        note = "rounded by the server to whole blocks"
    return Effect(asked=asked, effective=effective, note=note)


def took(name: str, asked: str, effective: str, known: Known) -> bool:
    """Whether a value is in effect as it was written, in MySQL's own normal form."""
    if normal(asked) == normal(effective) or _same_path(asked, effective):
        return True
    if name == "log_error" and _same_path(f"{asked}.err", effective):
        return True
    if name == "log_bin":
        return _same_path(re.sub(r"\.[^./]*$", "", asked), effective)
    if name in PARTIAL and _words(asked) <= _words(effective):
        return True
    wanted, now = _number(asked), _number(effective)
    if wanted is not None and now is not None:
        sized = wanted == -1 or (wanted == 0 == _number(known.defaults.get(name, "")))  # by the server itself
        return (sized and now > 0) or (name in AT_LEAST and now > wanted)
    read = known.values.get(name)
    if read is None or normal(read) != normal(effective):
        return False
    if wanted is not None:
        return True  # the number of a word, such as transaction_isolation = 2
    if read.lower() in TRUTHS:
        return False  # a word that is no truth value, which mysqld takes for OFF
    # an alias, such as utf8 for utf8mb3: mysqld has read something else than it would have had without it
    return normal(read) != normal(known.defaults.get(name, "")) or asked.lower() == "default"


def rounded(name: str, asked: str, effective: str, variables: Mapping[str, str]) -> bool:
    """Whether the server only made a size a whole number of its blocks: the next below or above what was asked."""
    wanted, now = _number(asked), _number(effective)
    if wanted is None or now is None:
        return False
    blocks = [Decimal(one) for one in BLOCKS]
    if name == POOL:
        chunk, pools = (
            _number(variables.get(one, "")) for one in (f"{POOL[:-5]}_chunk_size", f"{POOL[:-5]}_instances")
        )
        blocks += [chunk * pools] if chunk and pools else []
    return any(wanted >= one and now % one == 0 and abs(now - wanted) < one for one in blocks)


def normal(value: str) -> str:
    """ON, true, 1 -> ``1``; 512M -> ``536870912``; 0.10 -> ``0.1``; anything else in small letters, sets sorted."""
    text = value.strip().strip("'\"")
    if text.lower() in TRUTHS:
        return TRUTHS[text.lower()]
    number = _number(text)
    if number is not None:
        return f"{number.normalize():f}"
    if text.lower() in ("", "null", "(no default value)"):
        return ""
    return ",".join(sorted(_words(text))) if "," in text else text.lower()


def _words(value: str) -> set[str]:
    return {word.strip().lower() for word in value.strip("'\"").split(",") if word.strip()}


def _number(value: str) -> Decimal | None:
    text = value.strip().strip("'\"").lower()
    factor = SUFFIXES.get(text[-1:], 1)
    try:
        number = Decimal(text.rstrip("kmgtpe") if factor > 1 and text[:-1].lstrip("-").isdigit() else text)
    except InvalidOperation:
        return None
    return number * factor if number.is_finite() and abs(number.adjusted()) <= MOST_DIGITS else None


def _same_path(asked: str, effective: str) -> bool:
    """Whether one is the other, or below a folder of the server's own."""
    if not asked or not effective or "/" not in effective + asked:
        return False
    one, other = PurePosixPath(asked), PurePosixPath(effective)
    return one == other or (not one.is_absolute() and other.parts[-len(one.parts) :] == one.parts)
