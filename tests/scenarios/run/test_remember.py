"""What a run that has ended leaves in the history, and that nothing that is wrong with it ends the run."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from reports.trends.store import Store
from scenarios.run.remember import remember
from tests.scenarios.run.world import World, a_run
from tests.sealed_runs import sealed_run


@pytest.mark.slow
def test_a_run_that_ended_is_in_the_history(world: World, tmp_path: Path) -> None:
    run = a_run(tmp_path)
    run.execute(lambda _: None)
    (row,) = Store(tmp_path / "runs").rows()
    assert tmp_path / "runs" / row.folder == run.folder


@pytest.mark.parametrize("content", ["no database\n", ""])
def test_a_history_that_cannot_be_written_is_one_line_and_no_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: str
) -> None:
    folder = sealed_run(tmp_path, 1)
    if content:
        (tmp_path / "history.sqlite").write_text(content)
    else:
        (tmp_path / "history.sqlite").mkdir()
    with caplog.at_level(logging.WARNING, "meshbench"):
        remember(folder, tmp_path)
    (told,) = caplog.messages
    assert "history.sqlite" in told
    assert "meshbench index" in told
    assert len(told.splitlines()) == 1


def test_the_page_of_all_runs_is_renewed(tmp_path: Path) -> None:
    remember(sealed_run(tmp_path, 1), tmp_path)
    assert "primary-kill" in (tmp_path / "index.html").read_text()


def test_a_page_that_cannot_be_written_is_one_line_and_the_run_is_in_the_history(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = sealed_run(tmp_path, 1)
    (tmp_path / "index.html").mkdir()
    with caplog.at_level(logging.WARNING, "meshbench"):
        remember(folder, tmp_path)
    (told,) = caplog.messages
    assert "the page of all runs is not renewed" in told
    assert len(told.splitlines()) == 1
    assert len(Store(tmp_path).rows()) == 1
