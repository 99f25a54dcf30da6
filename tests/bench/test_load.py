"""The benchmark's arithmetic: what is read out of sysbench, and ratios that one disturbed round cannot decide."""

from __future__ import annotations

import pytest

from bench.clients import Measured, percentile, read_sysbench
from bench.load import in_turns, ratio
from cluster.errors import HarnessError

PRINTED = f"""\
Threads started!

cpu_s begin 0.030000
cpu_s begin 0.040000
cpu_s end 0.130000
took_us {" ".join(["800"] * 60)}
cpu_s end 0.140000
took_us {" ".join(["900"] * 40)}
Latency histogram (values are in milliseconds)
       value  ------------- distribution ------------- count
       0.937 |*******                                  1
       1.102 |***************************              97
      26.676 |                                         1
     123.285 |                                         1

General statistics:
    total time:                          2.0000s
    total number of events:              100
"""


def test_what_sysbench_prints_is_read() -> None:
    found = read_sysbench(PRINTED)
    assert (found.transactions, found.lasted_s) == (100, 2.0)
    assert found.cpu_s == pytest.approx(0.1)
    assert [found.percentile_ms(q) for q in (0.01, 0.5, 0.98, 0.99, 1.0)] == [0.937, 1.102, 1.102, 26.676, 123.285]
    assert [percentile(found.took_us, q) for q in (0.6, 0.61)] == [800, 900]


@pytest.mark.parametrize(
    ("was", "instead"),
    [
        ("cpu_s end 0.130000\n", ""),
        ("events:              100", "events:              0"),
        ("97\n", "94\n"),
        ("took_us 800 800 800 800", "took_us 800"),
        (PRINTED, ""),
    ],
)
def test_a_run_that_did_not_do_its_work_is_refused(was: str, instead: str) -> None:
    with pytest.raises(HarnessError, match="sysbench did not do its work"):
        read_sysbench(PRINTED.replace(was, instead))


def test_one_disturbed_round_does_not_decide() -> None:
    tps = {"ours": [90, 10, 95], "sysbench": [100, 100, 100], "plain PyMySQL": [1, 1, 1]}
    rows = [
        Measured(contestant=who, round=number, rate=None, transactions=1, tps=value, client_cpu_us_per_txn=1)
        for who, values in tps.items()
        for number, value in enumerate(values)
    ]
    assert ratio(rows, "tps") == pytest.approx(0.9)


def test_the_order_changes_every_round() -> None:
    assert [in_turns("ab", number) for number in range(3)] == ["ab", "ba", "ab"]
