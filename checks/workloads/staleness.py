"""Staleness: how often a read missed a write that had been acknowledged before it began, and how old what it saw was.

For histories of the workload ``mixed-read``: writes and reads of registers whose versions rise with every write. A read
is stale when a higher version of its register had been acknowledged, to anybody, before the read started; its age is
how long ago the first such write was acknowledged. That is what a reader of a lagging replica sees, so it is a number,
and a failure only with the gate ``stale_reads``. Needs the ops alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from checks.check import Check, Gate
from checks.evidence.latency_stats import quantiles_ms
from checks.evidence.operations import column_ns
from checks.evidence.ops_values import parsed
from checks.verdict import WITNESS_LIMIT, Outcome, Verdict, unknown
from history.history import History

NAME = "staleness"
STALE_READS = Gate(
    name="stale_reads",
    unit="count",
    asks="reads that miss an acknowledged write",
    path=("stale",),
)


def staleness(history: History) -> Verdict:
    """Gate ``stale_reads``: how many there may be (none: any number).

    measured: reads, stale, stale_share, probes and stale_probes (reads of what the same worker had just written), and
    of the stale ones age_p50_ms, age_p99_ms, age_max_ms.
    """
    allowed = STALE_READS.limit(history)
    expected = "reads to be counted that miss an acknowledged write"
    expected = f"at most {allowed:g} reads that miss an acknowledged write" if allowed is not None else expected
    versions = _versions(history.ops)
    reads, writes = versions[versions["f"] == "read"], versions[versions["f"] == "write"]
    if reads.empty or writes.empty:
        return unknown(NAME, expected=expected, reason="the ops hold no acknowledged reads and writes of versions")
    missed_ns = np.full(len(reads), -1, dtype=np.int64)
    written_at = writes.groupby("k").indices
    for k, places in reads.groupby("k").indices.items():
        if k in written_at:
            written = writes.iloc[written_at[k]].sort_values("end_ns", kind="stable")
            missed_ns[places] = _missed_ns(reads.iloc[places], written)
    stale = missed_ns >= 0
    ages_ns = column_ns(reads, "start_ns")[stale] - missed_ns[stale]
    ages = quantiles_ms(ages_ns)
    probe = reads["probe"].to_numpy(dtype=bool)
    measured: dict[str, Any] = {
        "reads": len(reads),
        "stale": int(stale.sum()),
        "stale_share": round(float(stale.mean()), 6),
        "probes": int(probe.sum()),
        "stale_probes": int((stale & probe).sum()),
        **{f"age_{name}_ms": ages[name] for name in ("p50", "p99", "max")},
    }
    failed = allowed is not None and measured["stale"] > allowed
    oldest = np.flatnonzero(stale)[np.argsort(-ages_ns, kind="stable")][: WITNESS_LIMIT if failed else 0]
    witness = [
        {
            "key": str(reads["key"].iloc[int(i)]),
            "register": int(reads["k"].iloc[int(i)]),
            "version": int(reads["version"].iloc[int(i)]),
            "server": None if pd.isna(reads["server"].iloc[int(i)]) else str(reads["server"].iloc[int(i)]),
            "age_ms": round(float(reads["start_ns"].iloc[int(i)] - missed_ns[i]) / 1e6, 3),
        }
        for i in oldest
    ]
    outcome: Outcome = "fail" if failed else "pass"
    return Verdict(name=NAME, verdict=outcome, expected=expected, measured=measured, witness=witness)


def _versions(ops: pd.DataFrame) -> pd.DataFrame:
    """Acknowledged reads and writes that tell a register and a version."""
    acked = ops[ops["f"].isin(["read", "write"]) & (ops["outcome"] == "ok")]
    told = [_told(parsed(value)) for value in acked["value"]]
    columns = pd.DataFrame(told, columns=["k", "version", "probe"], index=acked.index, dtype=object)
    frame = pd.concat([acked, columns], axis=1)
    return frame[frame["k"].notna() & frame["version"].notna()].astype({"k": "int64", "version": "int64"})


def _told(value: Any) -> tuple[int | None, int | None, bool]:
    if not isinstance(value, dict):
        return None, None, False
    k, version = value.get("k"), value.get("version")
    if any(isinstance(one, bool) or not isinstance(one, int) or abs(one) >= 2**63 for one in (k, version)):
        return None, None, False
    return k, version, value.get("probe") is True


def _missed_ns(reads: pd.DataFrame, written: pd.DataFrame) -> Any:
    """When the first write that a read missed was acknowledged, -1 where it missed none. written: by end."""
    ends, versions = column_ns(written, "end_ns"), column_ns(written, "version")
    newest = np.maximum.accumulate(versions)
    # The first write, by acknowledgement, that is newer than what the read found; newest ascends, so this is a search.
    first = np.searchsorted(newest, column_ns(reads, "version"), side="right")
    known = first < len(ends)
    at_ns = np.where(known, ends[np.minimum(first, len(ends) - 1)], -1)
    return np.where(at_ns < column_ns(reads, "start_ns"), at_ns, -1)


CHECK = Check(
    name=NAME,
    question="how many reads missed an acknowledged write, and how old was what they saw?",
    run=staleness,
    gates=(STALE_READS,),
    workload="mixed-read",
)
