"""Whether a judgement rests on what a run left, and on the gates that the run was given; and how every page says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from reports.seal import Alteration, in_words
from reports.summary_types import OtherGate, ProvenanceMembers, Summary
from reports.text.units import measured


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """altered: what is not as the run left it, None where the folder has no seal. own_gates: of the run, as in its
    manifest, where it was judged by others, else None."""

    altered: Sequence[Alteration] | None = None
    own_gates: Mapping[str, Any] | None = None


#: A folder of which nothing is known but what is in it.
UNSEALED = Provenance()


def provenance_of(known: Provenance, gates: Mapping[str, Any]) -> ProvenanceMembers:
    """Members of the summary. gates: those that the judgement used."""
    sealed: Literal["yes", "altered", "no"] = "no" if known.altered is None else "altered" if known.altered else "yes"
    return {
        "sealed": sealed,
        "altered": [{"name": one.name, "what": one.what} for one in known.altered or []],
        "second_opinion": None if known.own_gates is None else _differences(known.own_gates, gates),
    }


def _differences(own: Mapping[str, Any], used: Mapping[str, Any]) -> list[OtherGate]:
    names = [name for name in {**own, **used} if own.get(name) != used.get(name)]
    return [{"name": name, "own": own.get(name), "used": used.get(name)} for name in names]


def provenance_words(summary: Summary) -> list[str]:
    """What has to stand beside the verdict, one sentence each; nothing for a run as it was left, with its own gates."""
    words = []
    if summary["sealed"] == "altered":
        altered = in_words([Alteration(**one) for one in summary["altered"]])
        words.append(f"Altered after the run: {altered}. The verdict is of the folder as it is now, not of the run.")
    if summary["sealed"] == "no":
        words.append("Unsealed: without SHA256SUMS nothing shows that this folder is as the run left it.")
    if summary["second_opinion"] is not None:
        told = "; ".join(_difference(one) for one in summary["second_opinion"]) or "the same ones"
        words.append(f"A second opinion, with gates other than the run's: {told}.")
    return words


def _difference(one: OtherGate) -> str:
    used, own = (_gate(one["name"], one[whose]) for whose in ("used", "own"))
    return f"{one['name']} {used} (the run's: {own})"


def _gate(name: str, value: Any) -> str:
    if value is None:
        return "not set"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return measured(value, name)
