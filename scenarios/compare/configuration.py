"""What a trial was of: its scenario, settings and code, so that another one of the same can be run."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reports.trends.pairing import settings_of
from reports.trends.row import TrialRow
from scenarios.schema.user_keys import HIDDEN

#: Options of ``run`` without a value.
_FLAGS = frozenset({"--live"})


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """name, settings: as after ``meshbench run`` and ``--set``. commit: None outside of a checkout."""

    name: str
    settings: tuple[str, ...]
    commit: str | None
    changed: bool

    def words(self, seed: int) -> list[str]:
        """After ``meshbench run``, wherever that is started."""
        name = str(Path(self.name).resolve()) if Path(self.name).is_file() else self.name
        return [name, *(word for one in self.settings for word in ("--set", one)), "--seed", str(seed)]

    @property
    def code(self) -> tuple[str | None, bool]:
        return self.commit, self.changed


def configuration_of(row: TrialRow) -> Configuration | str:
    """Of the run that left this row; or why another one of it cannot be run, in a line."""
    if row.command[1:2] == ("capacity",):
        return f"a capacity is searched, not run; once more: {shlex.join(row.command)}"
    name = _scenario(row.command)
    if name is None:
        return f"its command is not known: {' '.join(row.command) or 'none was recorded'}"
    settings = settings_of(row.command)
    if any(HIDDEN in setting for setting in settings):
        return "values of its settings were not recorded, because they may be secret"
    return Configuration(name=name, settings=tuple(settings), commit=row.commit, changed=bool(row.dirty))


def _scenario(command: Sequence[str]) -> str | None:
    words = iter(command[command.index("run") + 1 :] if "run" in command else ())
    for word in words:
        if not word.startswith("-"):
            return word
        if word not in _FLAGS and "=" not in word:
            next(words, None)
    return None
