"""Pods that were set aside because they hold transactions no other pod has: which, and what the control plane said.

Their rows are no part of the ledger that the service keeps: what was acknowledged and is only there, is lost to it.
Judges nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from checks.evidence.ledger import text
from history.decisions import Decision
from history.history import History

STATE = "QUARANTINED"


@dataclass(frozen=True, kw_only=True)
class Errant:
    """Transactions that only one pod has. gtid_set: as MySQL writes it; count: how many, None if nobody counted."""

    gtid_set: str
    count: int | None


def quarantined(history: History) -> frozenset[str]:
    """The pods that final/nodes.json calls quarantined."""
    nodes = (history.nodes or {}).items()
    return frozenset(name for name, node in nodes if isinstance(node, Mapping) and node.get("state") == STATE)


def in_quarantine_at_end(decisions: Sequence[Decision]) -> frozenset[str]:
    """The pods the control plane quarantined and has not let in again since."""
    kept: set[str] = set()
    for decision in decisions:
        if decision.pod is not None and decision.event in ("quarantined", "rejoined", "pod_removed"):
            (kept.add if decision.event == "quarantined" else kept.discard)(decision.pod)
    return frozenset(kept)


def errant_transactions(decisions: Sequence[Decision]) -> dict[str, Errant]:
    """By pod, what its last ``quarantined`` decision says it holds."""
    found: dict[str, Errant] = {}
    for decision in decisions:
        if decision.event == "quarantined" and decision.pod is not None:
            count = decision.detail.get("count")
            whole = isinstance(count, int) and not isinstance(count, bool)
            found[decision.pod] = Errant(
                gtid_set=str(decision.detail.get("errant") or ""), count=count if whole else None
            )
    return found


def holders_in_quarantine(history: History) -> dict[str, list[str]]:
    """Key of a transfer, or of another workload's operation -> the quarantined pods that hold it."""
    name, column = ("transfers", "id") if "transfers" in history.final else ("keys", "key")
    table, out = history.final.get(name), quarantined(history)
    if table is None or not out or not {"node", column} <= set(table.columns):
        return {}
    own = table[table["node"].map(lambda node: text(node) in out)]
    holders: dict[str, list[str]] = {}
    for node, key in zip(own["node"], own[column], strict=True):
        holders.setdefault(text(key), []).append(text(node))
    return holders


def final_tables(history: History) -> dict[str, pd.DataFrame]:
    """The final tables without the rows of quarantined pods."""
    out = quarantined(history)
    if not out:
        return dict(history.final)
    return {
        name: frame[~frame["node"].map(lambda node: text(node) in out)] if "node" in frame.columns else frame
        for name, frame in history.final.items()
    }
