"""series.csv: what was due and what came in each second, and what the load pods spent on it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from checks.evidence.latency_stats import quantiles_ms
from scenarios.run.series import NS, series

ZERO_NS = 5_000 * NS


def test_a_stall_shows_where_operations_were_due_and_its_answers_where_they_came() -> None:
    """Ten a second for four seconds; those due in second 1 are answered at 3.05 s."""
    due = ZERO_NS + np.arange(40) * (NS // 10)
    end = np.where((due - ZERO_NS) // NS == 1, ZERO_NS + 3 * NS + NS // 20, due + 2_000_000)
    outcome = np.where(np.arange(40) == 25, "unknown", "ok")
    ops = pd.DataFrame({"outcome": outcome, "intended_ns": due, "start_ns": due + 500_000, "end_ns": end})
    table = series(ops, [], zero_ns=ZERO_NS)
    assert table["offered"].tolist() == [10, 10, 10, 10]
    assert table["achieved"].tolist() == [10, 0, 9, 20]
    assert table["unknown"].tolist() == [0, 0, 1, 0]
    assert table["response_p50_ms"].tolist() == [2, quantiles_ms(end[10:20] - due[10:20])["p50"], 2, 2]
    assert table["service_p99_ms"][0] == 1.5
    assert table["client_cpu_s"].isna().all()


def test_what_the_pods_told_is_by_second_and_summed() -> None:
    ops = pd.DataFrame({"outcome": ["ok"], "intended_ns": ZERO_NS, "start_ns": ZERO_NS, "end_ns": ZERO_NS + 1})
    told = [
        {"pod": pod, "t_s": second + 0.004, "cpu_s": cpu_s, "connections_opened": opened}
        for pod, rows in {"load1": [(1, 0.5, 4), (2, 0.7, 4)], "load2": [(1, 0.4, 4), (2, 0.5, 6)]}.items()
        for second, cpu_s, opened in rows
    ]
    table = series(ops, told, zero_ns=ZERO_NS)
    assert table["client_cpu_s"].tolist() == [0.9, 0.3]
    assert table["connections_opened"].tolist() == [8, 2]
    assert table["offered"].tolist() == [1, 0]
