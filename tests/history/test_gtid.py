"""GTID sets: read as MySQL writes them, with care; union, inclusion, count; and what is none."""

from __future__ import annotations

import pytest

from history import gtid

UUID = "3e11fa47-71ca-11e1-9e33-c80aa9429562"


@pytest.mark.parametrize(
    ("written", "transactions", "normal"),
    [
        ("", 0, ""),
        ("a:1-5", 5, "a:1-5"),
        ("a:1-5:7,\nb:3", 7, "a:1-5:7,b:3"),
        ("a:1-3:4-5", 5, "a:1-5"),
        ("a:1-2:tag:1-3", 5, "a:1-2,a:tag:1-3"),
    ],
)
def test_gtid_sets_are_read_as_mysql_writes_them(written: str, transactions: int, normal: str) -> None:
    assert gtid.count(gtid.parse(written)) == transactions
    assert gtid.written(gtid.parse(written)) == normal


def test_gtid_sets_know_union_and_inclusion() -> None:
    left, right = gtid.parse("a:1-5"), gtid.parse("a:4-9,b:1")
    assert gtid.written(gtid.union(left, right)) == "a:1-9,b:1"
    assert gtid.contains(gtid.parse("a:1-9"), left)
    assert not gtid.contains(left, right)
    assert gtid.contains(left, {})


@pytest.mark.parametrize(
    ("gtid_set", "count"), [("", 0), (f"{UUID}:1-5", 5), (f"{UUID}:1-5:7,{UUID}:tag:3-4:9", 9), (f"{UUID}:7", 1)]
)
def test_transactions_of_a_gtid_set(gtid_set: str, count: int) -> None:
    assert gtid.count(gtid.parse(gtid_set)) == count


def test_case_order_and_spacing_do_not_matter() -> None:
    gtid_set = f" {UUID.upper()}:1-2:TAG:7,\n{UUID}:3"
    assert gtid.read(gtid_set) == gtid.parse(gtid_set) == {UUID: ((1, 3),), f"{UUID}:tag": ((7, 7),)}


@pytest.mark.parametrize(
    "text",
    ["one", UUID, ":1"]
    + [f"{UUID}:{rest}" for rest in ("", "tag", "1-", "5-3", "0", "-1", "1--2", 2**63 - 1, "1::2", "1;2", "\u0661")],
)
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no "):
        gtid.parse(text)
    assert gtid.read(text) is None


@pytest.mark.parametrize("value", [None, 7, ["x"], "a:1-5", f"{UUID[:-1]}:1", f"x{UUID}:1"])
def test_a_record_names_its_sources_by_their_uuid(value: object) -> None:
    assert gtid.read(value) is None
