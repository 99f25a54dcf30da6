"""The first acknowledged write after a moment, read from a record while it is being written."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from loadgen.driver.first_ack import acknowledged, follow, main

READS = ("read", "balance")


def row(f: str, outcome: str, end_ns: int) -> bytes:
    return f'{{"f": "{f}", "outcome": "{outcome}", "end_ns": {end_ns}}}'.encode()


CLOCK = b'{"clock": {"monotonic_ns": 1, "unix_ns": 2}}'
TOLD = [
    CLOCK,
    b'": "transfer", "outcome": "ok", "end_ns": 900}',
    row("transfer", "ok", 200),
    row("read", "ok", 201),
    row("transfer", "unknown", 202),
    row("transfer", "ok", 203),
    row("transfer", "ok", 204),
]


def test_it_is_a_write_it_was_acknowledged_and_it_ended_later() -> None:
    assert acknowledged(TOLD, since_ns=200, reads=READS) == 203
    assert acknowledged(TOLD, since_ns=204, reads=READS) is None


def test_what_is_added_is_read_and_a_line_only_once_it_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "ops.jsonl"
    file.write_bytes(CLOCK + b"\n" + row("transfer", "ok", 1)[:9])

    def add() -> None:
        with file.open("ab") as record:
            record.write(row("transfer", "ok", 1)[9:] + b"\n" + row("transfer", "ok", 7) + b"\n")

    threading.Timer(0.05, add).start()
    assert acknowledged(follow(file, wait_s=10), since_ns=5, reads=READS) == 7


def test_when_none_comes_in_time_nothing_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "ops.jsonl"
    file.write_bytes(b"\n".join(TOLD) + b"\n")
    main(str(file), "204", "0.05", '["read", "balance"]')
    assert capsys.readouterr().out == ""
    main(str(file), "203", "0.05", '["read", "balance"]')
    assert capsys.readouterr().out == "204\n"
