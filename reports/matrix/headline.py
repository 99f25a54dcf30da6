"""What a matrix says in words: which combination recovers first, which lost money, and which may lose it.

Claims no more than the trials carry: combinations whose extremes overlap are named together, and "lost nothing here" is
kept apart from "cannot lose", which is no measurement but what the topology promises with the settings in effect
(`reports.text.guarantees`).
"""

from __future__ import annotations

from collections.abc import Sequence

from history.older.topologies import BY_KIND, ReplicationFacts
from reports.matrix.matrix_types import CellRow, FailoverCurve
from reports.matrix.trial_stats import words
from reports.text.units import count

#: A sentence names about so many combinations.
_NAMED = 3


def headline(cells: Sequence[CellRow], *, curves: Sequence[FailoverCurve], interrupted: bool) -> list[str]:
    """A few sentences, the most important first; never empty. cells: sorted. interrupted: the matrix."""
    ranked = [cell for cell in cells if cell["write_outage_ms"] is not None]
    sentences = _recovery(ranked) if ranked else ["No combination has a trial that counts, so none can be compared."]
    sentences += [*_frontier(cells), *(_curve(one) for one in curves)]
    return [*sentences, *_caveats(ranked), *_money(cells), *_missing(cells, interrupted=interrupted)]


def _recovery(ranked: Sequence[CellRow]) -> list[str]:
    first = ranked[0]
    trials = first["counted"]
    longest_ms = max(_extremes_ms(first))
    opening = "Writes come back first with" if first["waterfall"] else "Writes stop for the shortest time with"
    if len(ranked) == 1:
        opening = "Nothing to compare with"
    said = f"{opening} {first['name']}: {words(first['write_outage_ms'], '_ms')}"
    said += f" without an acknowledged write, median of {trials} trials." if trials > 1 else ", one trial."
    near = [cell for cell in ranked[1:] if min(_extremes_ms(cell)) <= longest_ms]
    sentences = [said]
    if trials == 1 and len(ranked) > 1:
        sentences.append("With one trial each, small differences are not significant: --trials 3 shows the spread.")
    elif near:
        sentences.append(f"Its trials overlap with those of {_listed(near)}: the order among them is not certain.")
    safe = next((cell for cell in ranked if not _risky(cell)), None)
    if safe is not None and _risky(first):
        outage = words(safe["write_outage_ms"], "_ms")
        sentences.append(f"Fastest of those that lost nothing, and by design cannot: {safe['name']}, {outage}.")
        if safe["promise"]:
            sentences.append(f"What that rests on: {safe['promise']['why']}.")
    return sentences


def _extremes_ms(cell: CellRow) -> tuple[float, float]:
    """Of the write outage of a cell that has one."""
    outage = cell["write_outage_ms"]
    assert outage is not None, "ranked"
    return outage["min"], outage["max"]


def _frontier(cells: Sequence[CellRow]) -> list[str]:
    """Which cells no other beats, where there is a choice; and how sure that is."""
    best = [cell for cell in cells if cell["frontier"]["in_set"]]
    beaten = [cell for cell in cells if cell["frontier"]["in_set"] is False]
    if not beaten:
        return []
    verb = "is" if len(best) == 1 else "are"
    sentence = f"No other is at least as good in outage, lost money and p99 and better in one: {_listed(best)} {verb} "
    sentences = [f"{sentence}on the frontier."]
    unsure = [cell for cell in beaten if not any(by["separated"] for by in cell["frontier"]["dominated_by"])]
    if unsure:
        sentences.append(f"Their intervals do not separate them from {_listed(unsure)}: more trials may say otherwise.")
    return sentences


def _curve(curve: FailoverCurve) -> str:
    points = [f"{point['level']}: {point['number']} of {point['of']}" for point in curve["points"]]
    return f"Trials with a failover by {curve['key']} ({curve['of']}): {', '.join(points)}."


def _caveats(ranked: Sequence[CellRow]) -> list[str]:
    """What a proxy says of itself in front of a topology, such as that a good result may be luck."""
    caveats = dict.fromkeys(cell["caveat"] for cell in ranked if cell["caveat"])
    return [f"{_listed([cell for cell in ranked if cell['caveat'] == caveat])}: {caveat}" for caveat in caveats]


def _facts(cell: CellRow) -> ReplicationFacts:
    return BY_KIND.get(cell["topology"], ReplicationFacts())


def _risky(cell: CellRow) -> bool:
    return bool(cell["rpo"]["lost"] or (cell["promise"] and cell["promise"]["may_lose"]))


def _money(cells: Sequence[CellRow]) -> list[str]:
    judged = [cell for cell in cells if cell["rpo"]["lost"] is not None]
    lost = [cell for cell in judged if cell["rpo"]["lost"]]
    sentences = [f"Acknowledged money was lost with {cell['name']}: {loss(cell)}." for cell in lost]
    if judged and not lost:
        sentences.append("No combination lost acknowledged money in these trials.")
    may = [cell for cell in cells if cell["promise"] and cell["promise"]["may_lose"]]
    designed = list(
        dict.fromkeys(
            cell["topology"] for cell in may if _facts(cell).replicates and _facts(cell).guarantee == "primary"
        )
    )
    if designed:
        sentences.append(
            f"By design {_listed_words(designed)} can lose acknowledged money, whether or not it shows here."
        )
    for topology, why in {cell["topology"]: promise["why"] for cell in may if (promise := cell["promise"])}.items():
        if topology not in designed:
            sentences.append(f"With these settings {topology} can lose acknowledged money: {why}.")
    return sentences


def loss(cell: CellRow) -> str:
    """``3 transfers, 450 minor units, in 1 of 3 trials``; ``0``; ``n/a`` where it is not known."""
    rpo = cell["rpo"]
    if not rpo["lost"]:
        return count(rpo["lost"])
    judged = cell["trials_by_verdict"]["pass"] + cell["trials_by_verdict"]["fail"]
    transfers = "1 transfer" if rpo["lost"] == 1 else f"{count(rpo['lost'])} transfers"
    trials = "1 trial" if judged == 1 else f"{judged} trials"
    return f"{transfers}, {count(rpo['lost_amount'])} minor units, in {rpo['trials_with_loss']} of {trials}"


def _missing(cells: Sequence[CellRow], *, interrupted: bool) -> list[str]:
    """Which combinations the comparison lacks, and why."""
    sentences = ["It was interrupted; what had been judged by then is shown."] if interrupted else []
    for verdict, one, several in (
        ("void", "has only void trials, which prove nothing", "have only void trials, which prove nothing"),
        ("broken", "could not be judged: meshbench failed", "could not be judged: meshbench failed"),
        ("not applicable", "is not applicable", "are not applicable"),
    ):
        alike = [cell for cell in cells if cell["verdict"] == verdict]
        if alike:
            sentences.append(f"{_listed(alike)} {one if len(alike) == 1 else several}.")
    return sentences


def _listed(cells: Sequence[CellRow]) -> str:
    """At most a few names, and how many more: all of them are in the table."""
    names = [cell["name"] for cell in cells]
    return _listed_words(names if len(names) <= _NAMED + 1 else [*names[:_NAMED], f"{len(names) - _NAMED} more"])


def _listed_words(words_: Sequence[str]) -> str:
    return words_[0] if len(words_) == 1 else f"{', '.join(words_[:-1])} and {words_[-1]}"
