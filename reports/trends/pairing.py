"""Which trials of A may be held against which of B: the same scenario in the same cell.

Trials of equal scenario digest are. Where a setting was changed on purpose between A and B the digests differ, and
those of the same name and cell are compared, with the settings that differ told beside the result.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from reports.trends.row import TrialRow


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Trials of one scenario in one cell. same_scenario: their digests are equal. only_a, only_b: settings (as after
    ``--set``) that only the one side has; both empty where the scenario file itself was changed."""

    scenario: str
    cell: str
    a: Sequence[TrialRow]
    b: Sequence[TrialRow]
    same_scenario: bool
    only_a: Sequence[str] = ()
    only_b: Sequence[str] = ()

    @property
    def name(self) -> str:
        return f"{self.scenario}, {self.cell}"


@dataclass(frozen=True, kw_only=True)
class Pairing:
    """left_out: what of A or B has no counterpart, a line each."""

    pairs: Sequence[Pair]
    left_out: Sequence[str]


def paired(a: Iterable[TrialRow], b: Iterable[TrialRow]) -> Pairing:
    """In the order of the names of scenario and cell. a, b: in any order."""
    of_a, of_b = _by_digest(a), _by_digest(b)
    pairs = [
        Pair(scenario=rows[0].scenario, cell=key[1], a=rows, b=of_b[key], same_scenario=True)
        for key, rows in of_a.items()
        if key in of_b
    ]
    alike = of_a.keys() & of_b.keys()
    rest_a, rest_b = (_by_name(rows for key, rows in side.items() if key not in alike) for side in (of_a, of_b))
    left_out: list[str] = []
    for key in sorted({*rest_a, *rest_b}):
        variants_a, variants_b = rest_a.get(key, []), rest_b.get(key, [])
        if len(variants_a) == len(variants_b) == 1:
            pairs.append(_changed(variants_a[0], variants_b[0]))
        else:
            left_out += _without_counterpart(key, variants_a, variants_b)
    return Pairing(pairs=sorted(pairs, key=lambda pair: pair.name), left_out=left_out)


def settings_of(command: Sequence[str]) -> list[str]:
    """What stands after each ``--set`` of a command line."""
    return values_of(command, "--set")


def values_of(command: Sequence[str], option: str) -> list[str]:
    """What stands after each ``option`` of a command line, or behind its ``=``."""
    after = [word for flag, word in pairwise(command) if flag == option]
    return after + [word.removeprefix(f"{option}=") for word in command if word.startswith(f"{option}=")]


def _by_digest(rows: Iterable[TrialRow]) -> Mapping[tuple[str, str], list[TrialRow]]:
    alike: dict[tuple[str, str], list[TrialRow]] = defaultdict(list)
    for row in rows:
        alike[row.scenario_digest, row.cell].append(row)
    return alike


def _by_name(groups: Iterator[list[TrialRow]]) -> Mapping[tuple[str, str], list[list[TrialRow]]]:
    alike: dict[tuple[str, str], list[list[TrialRow]]] = defaultdict(list)
    for rows in groups:
        alike[rows[0].scenario, rows[0].cell].append(rows)
    return alike


def _changed(a: list[TrialRow], b: list[TrialRow]) -> Pair:
    settings_a, settings_b = settings_of(a[0].command), settings_of(b[0].command)
    return Pair(
        scenario=a[0].scenario,
        cell=a[0].cell,
        a=a,
        b=b,
        same_scenario=False,
        only_a=[one for one in settings_a if one not in settings_b],
        only_b=[one for one in settings_b if one not in settings_a],
    )


def _without_counterpart(
    key: tuple[str, str], a: Sequence[list[TrialRow]], b: Sequence[list[TrialRow]]
) -> Iterator[str]:
    name = ", ".join(key)
    if a and b:
        yield f"{name}: of settings that are not in both, A has {len(a)} variants and B {len(b)}; choose by folder"
        return
    trials = sum(len(rows) for rows in (*a, *b))
    yield f"{name}: only in {'A' if a else 'B'} ({trials} trial{'' if trials == 1 else 's'})"
