"""HdrHistogram logs: the package's own reader gives back the latencies of the raw ops, to three digits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader

from history.history import History
from reports.formats.hdr import DIGITS, HIGHEST_NS, LATENCIES, LOWEST_NS, hdr_logs

MakeHistory = Callable[..., History]


def intervals(content: bytes, file: Path) -> Iterator[HdrHistogram]:
    file.write_bytes(content)
    reader = HistogramLogReader(str(file), HdrHistogram(LOWEST_NS, HIGHEST_NS, DIGITS))
    try:
        while (interval := reader.get_next_interval_histogram()) is not None:
            yield interval
    finally:
        reader.close()


@pytest.mark.parametrize("name", list(LATENCIES))
def test_the_log_holds_every_latency_of_the_raw_ops(make_history: MakeHistory, tmp_path: Path, name: str) -> None:
    history = make_history()
    ok = history.ops[history.ops["outcome"] == "ok"]
    raw = (ok["end_ns"] - ok[LATENCIES[name]]).to_numpy()
    whole, tags = HdrHistogram(LOWEST_NS, HIGHEST_NS, DIGITS), Counter[str]()
    for interval in intervals(hdr_logs(history)[f"hdr/{name}.hlog"], tmp_path / "log"):
        whole.add(interval)
        tags[interval.get_tag()] += interval.get_total_count()
    assert tags == Counter(ok["f"])
    for percentile in (50, 90, 99, 99.9, 100):
        # The package rounds its rank to the nearest, where numpy's inverted_cdf takes the next: a rank apart at most.
        rank = int(percentile / 100 * len(raw) + 0.5)
        assert abs(rank - np.searchsorted(np.sort(raw), np.percentile(raw, percentile, method="inverted_cdf"))) <= 1
        exact = np.sort(raw)[rank - 1]
        assert whole.get_value_at_percentile(percentile) == pytest.approx(exact, rel=2e-3, abs=LOWEST_NS)


def test_a_second_has_the_operations_that_were_due_in_it(make_history: MakeHistory, tmp_path: Path) -> None:
    """An outage shows in the seconds of its arrivals, not in the one in which all were answered."""
    history = make_history()
    ok = history.ops[history.ops["outcome"] == "ok"]
    due = (ok["intended_ns"] - ok["intended_ns"].min()) // 10**9
    zero_s = (history.manifest.get("monotonic_zero_unix_ns", 0) + ok["intended_ns"].min()) / 1e9
    found: Counter[int] = Counter()
    for interval in intervals(hdr_logs(history)["hdr/response.hlog"], tmp_path / "log"):
        found[round(interval.get_start_time_stamp() / 1000 - zero_s)] += interval.get_total_count()
    assert found == Counter(due.tolist())


def test_what_public_tools_need_to_know_stands_at_the_head(make_history: MakeHistory) -> None:
    lines = hdr_logs(make_history())["hdr/service.hlog"].decode().splitlines()
    assert lines[0] == "#[Histogram log format version 1.3]"
    assert lines[1].startswith("#[StartTime: ")
    assert lines[2].startswith("#[BaseTime: ")
    assert all(line.startswith("Tag=") and ",1.000," in line and ",HIST" in line for line in lines[4:])


def test_a_name_with_a_comma_does_not_break_its_line(make_history: MakeHistory, tmp_path: Path) -> None:
    made = make_history()
    history = replace(made, ops=made.ops.assign(f="GET /a,b c"))
    tags = {one.get_tag() for one in intervals(hdr_logs(history)["hdr/response.hlog"], tmp_path / "log")}
    assert tags == {"GET_/a_b_c"}


def test_nothing_acknowledged_is_no_log() -> None:
    assert hdr_logs(History(ops=pd.DataFrame({"outcome": ["fail"], "intended_ns": [1]}))) == {}
