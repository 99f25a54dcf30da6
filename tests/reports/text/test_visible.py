"""Text that would act on a terminal or a browser is shown as what it is, on every page and in every message."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from checks.judge import judge
from history.history import History
from reports.formats.console import print_table
from reports.text.visible import all_visible, visible
from reports.write import write_reports
from scenarios.cli import cli
from scenarios.cli.exit_codes import USAGE

MakeHistory = Callable[..., History]

#: Clears the screen, sets a title, rings, goes back to the start of the line, and turns what follows around.
ACTS = "\x1b[2J\x1b]0;owned\x07\r\x9b1m\x7f\u202egnp.exe\u2066\u200f\u2028"
SHOWN = r"\x1b[2J\x1b]0;owned\x07\x0d\x9b1m\x7f\u202egnp.exe\u2066\u200f\u2028"
ACTING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")


def test_what_acts_is_named_and_what_shows_is_left() -> None:
    assert visible(ACTS) == SHOWN
    assert visible("Müller | 東京 \N{PILE OF POO} <b>") == "Müller | 東京 \N{PILE OF POO} <b>"
    assert visible("a\nb\tc\U000e0041\ud800") == r"a\x0ab\x09c\U000e0041\ud800"
    assert visible("a\nb", keep="\n") == "a\nb"
    assert all_visible({"\x1b": ["\x1b", 1, None, {"a": "\x1b"}]}) == {r"\x1b": [r"\x1b", 1, None, {"a": r"\x1b"}]}


@pytest.fixture(scope="module")
def hostile(make_history: MakeHistory) -> History:
    """A run in which errors, keys, names, evidence, decisions and the scenario would all act."""
    made = make_history()
    ops = made.ops.assign(
        error=made.ops["error"].mask(made.ops["outcome"] != "ok", ACTS),
        key=made.ops["key"] + ACTS,
        f=made.ops["f"].mask(made.ops["f"] == "read", ACTS),
    )
    fault = replace(made.faults[0], target=ACTS, pods=(f"node1{ACTS}",), bitten_evidence={ACTS: ACTS})
    scenario = {**made.manifest["scenario"], "name": f"one\n| two {ACTS}", "teaches": ACTS}
    versions = {ACTS: ACTS}
    return replace(
        made, ops=ops, faults=(fault,), manifest={**made.manifest, "scenario": scenario, "versions": versions}
    )


@pytest.mark.slow
def test_no_page_and_no_table_carries_it_raw(hostile: History, tmp_path: Path) -> None:
    summary = write_reports(hostile, judge(hostile), tmp_path)
    printed = io.StringIO()
    print_table(summary, folder=tmp_path, console=Console(file=printed, width=200))
    files = [tmp_path / name for name in ("report.html", "summary.md", "junit.xml", "metrics.prom")]
    for text in (printed.getvalue(), *(file.read_text() for file in [*files, *(tmp_path / "hdr").iterdir()])):
        assert r"\u202e" in text or r"\\u202e" in text
        assert not ACTING.search(text)
    assert ACTS in next(check for check in summary["checks"] if check["name"] == "durability")["witness"][0]["key"]


@pytest.mark.usefixtures("no_figures")
def test_a_line_end_in_a_name_begins_no_line_and_no_row(hostile: History, tmp_path: Path) -> None:
    write_reports(hostile, judge(hostile), tmp_path)
    markdown = (tmp_path / "summary.md").read_text()
    assert markdown.splitlines()[0].startswith(r"## FAIL: one\\x0a\| two")
    assert not any(line.startswith("| two") for line in markdown.splitlines())


def test_a_message_about_a_file_carries_it_no_more_than_a_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["judge", str(tmp_path / ACTS)]) == USAGE
    assert cli.main([f"judge{ACTS}"]) == USAGE
    told = capsys.readouterr().err
    assert SHOWN in told
    assert not ACTING.search(told)
