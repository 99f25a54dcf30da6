"""``hdr/response.hlog`` and ``hdr/service.hlog``: latencies as HdrHistogram logs, format 1.3, for the public tools
(HistogramLogProcessor, HistogramLogAnalyzer, hdr-plot).

One interval histogram for every second in which operations were due and every kind of operation, which is its tag;
values in nanoseconds with three significant digits, of acknowledged operations. Made after the run from the raw ops, so
that recording costs the load nothing; the percentiles of the summary stay those of the raw ops, which are exact. The
format is that of https://github.com/HdrHistogram/HdrHistogram (HistogramLogWriter); the `hdrhistogram` package encodes
the histograms, but writes neither tags nor a maximum below a millisecond, so the lines are written here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd
from hdrh.histogram import HdrHistogram

from history.history import History
from reports.text.visible import visible

NS = 1_000_000_000
#: A histogram counts whole microseconds up to an hour; its maximum is told in milliseconds, as tools expect.
LOWEST_NS, HIGHEST_NS, DIGITS = 1_000, 3_600 * NS, 3
NS_PER_MS = 1_000_000
LATENCIES = {"response": "intended_ns", "service": "start_ns"}


def hdr_logs(history: History) -> dict[str, bytes]:
    """``hdr/<latency>.hlog`` -> content; empty where nothing was acknowledged."""
    ok = history.ops[history.ops["outcome"] == "ok"]
    if ok.empty:
        return {}
    first_ns = int(ok["intended_ns"].min())
    # Without a manifest the date is not known; then times count from the machine's start.
    began_s = ((history.run.monotonic_zero_unix_ns or 0) + first_ns) / NS
    head = f"#[Histogram log format version 1.3]\n#[StartTime: {began_s:.3f} (seconds since epoch)]\n"
    head += f"#[BaseTime: {began_s:.3f} (seconds since epoch)]\n"
    head += '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"\n'
    return {
        f"hdr/{name}.hlog": (head + "".join(_intervals(ok, since, first_ns=first_ns))).encode()
        for name, since in LATENCIES.items()
    }


def _intervals(ok: pd.DataFrame, since: str, *, first_ns: int) -> Iterator[str]:
    seconds = ((ok["intended_ns"] - first_ns) // NS).rename("second")
    for (second, f), latencies in (ok["end_ns"] - ok[since]).groupby([seconds, ok["f"]]):
        histogram = histogram_of(latencies.to_numpy())
        max_ms = int(latencies.max()) / NS_PER_MS
        # A tag ends at the comma.
        tag = re.sub(r"[,\s]", "_", visible(str(f), keep="\n"))
        yield f"Tag={tag},{second:.3f},1.000,{max_ms:.3f},{histogram.encode().decode('ascii')}\n"


def histogram_of(latency_ns: np.ndarray) -> HdrHistogram:
    """shape (n,), nanoseconds; what is longer than an hour counts as an hour."""
    histogram = HdrHistogram(LOWEST_NS, HIGHEST_NS, DIGITS)
    values, counts = np.unique(np.clip(latency_ns // LOWEST_NS * LOWEST_NS, 0, HIGHEST_NS), return_counts=True)
    for value, count in zip(values.tolist(), counts.tolist(), strict=True):
        histogram.record_value(value, count)
    return histogram
