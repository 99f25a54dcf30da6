"""Durability: every write the database acknowledged is on every pod in service; a transfer with what was acknowledged.

Jepsen's set checker on money: an acknowledged key that is missing is lost; a key whose outcome was unknown is
resolved to present or absent, and either is right. What only a quarantined pod holds is lost: nobody is served from it.
It does not ask whether balances follow (conservation), nor whether a pod that is out of service is behind.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from checks.gates import gate
from checks.history import History
from checks.keyed import keyed
from checks.ledger import Codes, coded, in_service, minor_units, shown, text
from checks.operations import UNKNOWN, key_outcomes, moves
from checks.quarantine import holders_in_quarantine
from checks.verdict import WITNESS_LIMIT, Verdict, unknown

NAME = "durability"
Mask = npt.NDArray[np.bool_]
FIELDS = ("src", "dst", "amount")


def durability(history: History) -> Verdict:
    """Judge ops against final/transfers, or final/keys (`checks.keyed`), and final/nodes.json.

    Gate ``lost``: writes that may be lost (default 0).

    measured: acked, lost, altered, unknown_present, unknown_absent in keys; lost_amount in minor units (of transfers).
    """
    allowed = gate(history, "lost") or 0
    evidence = keyed(history)
    if isinstance(evidence, str):
        expected = f"at most {allowed:g} acknowledged writes lost"
        return unknown(NAME, expected=expected, reason=evidence)
    expected = f"at most {allowed:g} acknowledged {evidence.what} lost"
    expected += ", none altered" if evidence.transfers else ""
    asked, stored = evidence.asked, evidence.stored
    acked = asked[asked["outcome"] == "ok"].drop_duplicates("key")
    nodes = in_service(history)
    if acked.empty:
        return unknown(NAME, expected=expected, reason="no write was acknowledged, so none could be lost")
    if nodes is None:
        return unknown(NAME, expected=expected, reason="final/nodes.json shows no pod in service")

    (asked_codes, stored_codes), keys = coded(asked["key"], stored["id"])
    rows = _row_of_key(stored, stored_codes, nodes, len(keys))
    acked_codes = asked_codes[acked.index.to_numpy()]
    at = rows[:, acked_codes]

    present = np.zeros(len(keys), dtype=bool)
    present[stored_codes] = True
    missing: Mask = np.less(at, 0)
    # A ledger in which no pod has a row names no pods either; then nothing is present anywhere.
    lost = missing.any(axis=0) | ~present[acked_codes]
    readable: Mask = np.ones(len(acked), dtype=bool)
    differs: Mask = np.zeros(at.shape, dtype=bool)
    amounts = np.full(len(acked), np.nan)
    if evidence.transfers:
        told = moves(acked["value"])
        readable = told["src"].notna().to_numpy(dtype=bool)
        differs = _differs(told, stored, at) & ~missing & readable
        amounts = told["amount"].to_numpy(dtype=np.float64)
    altered = differs.any(axis=0)

    best = key_outcomes(asked["outcome"], asked_codes, len(keys))
    measured: dict[str, Any] = {
        "acked": len(acked),
        "lost": int(lost.sum()),
        "lost_amount": shown(float(np.nansum(amounts[lost]))) if evidence.transfers else None,
        "altered": int(altered.sum()),
        "unknown_present": int(((best == UNKNOWN) & present).sum()),
        "unknown_absent": int(((best == UNKNOWN) & ~present).sum()),
        "nodes": nodes,
    }
    failed = measured["lost"] > allowed or measured["altered"] > 0
    if not failed and not readable.all():
        measured["reason"] = f"{int((~readable).sum())} acknowledged transfers have a value without src, dst and amount"
        return Verdict(name=NAME, verdict="unknown", expected=expected, measured=measured)

    set_aside = holders_in_quarantine(history)
    witness = [
        {
            "key": str(op["key"]),
            **({"amount": shown(amounts[i])} if evidence.transfers else {"f": str(op["f"])}),
            "server": _plain(op["server"]),
            "end_ns": int(op["end_ns"]),
            "missing": [node for node, gone in zip(nodes, missing[:, i], strict=True) if gone],
            **({"held_in_quarantine": held} if (held := set_aside.get(text(op["key"]))) else {}),
            "altered": [
                {"node": node} | {name: _plain(stored[name].iloc[int(at[n, i])]) for name in FIELDS}
                for n, node in enumerate(nodes)
                if differs[n, i]
            ],
        }
        for i, op in ((int(i), acked.iloc[int(i)]) for i in np.flatnonzero(lost | altered)[:WITNESS_LIMIT])
    ]
    return Verdict(
        name=NAME, verdict="fail" if failed else "pass", expected=expected, measured=measured, witness=witness
    )


def _row_of_key(stored: pd.DataFrame, codes: Codes, nodes: list[str], keys: int) -> Codes:
    """Where each key is in the table, by pod: positions of shape (nodes, keys), -1 where the pod has no such row."""
    (places, wanted), _ = coded(stored["node"], pd.Series(nodes, dtype="str"))
    rows = np.full((len(nodes), keys), -1, dtype=np.int64)
    for n, place in enumerate(wanted):
        own = np.flatnonzero(places == place)
        rows[n, codes[own]] = own
    return rows


def _differs(told: pd.DataFrame, stored: pd.DataFrame, at: Codes) -> Mask:
    """Whether what a pod holds is not what was acknowledged: shape (nodes, acked); meaningless where ``at`` is -1."""
    if stored.empty:
        return np.zeros(at.shape, dtype=bool)
    (src, dst, stored_src, stored_dst), _ = coded(told["src"], told["dst"], stored["src"], stored["dst"])
    amount, stored_amount = told["amount"].to_numpy(dtype=np.float64), minor_units(stored["amount"])
    differs: Mask = (stored_src[at] != src) | (stored_dst[at] != dst) | np.not_equal(stored_amount[at], amount)
    return differs


def _plain(value: Any) -> Any:
    """A cell as JSON can hold it."""
    if value is None or value != value:
        return None
    if isinstance(value, np.generic):
        value = value.item()
    return shown(value) if isinstance(value, float) else value if isinstance(value, int | str) else str(value)
