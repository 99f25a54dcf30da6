"""What `meshbench index` does and says."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.errors import ConfigurationError
from reports.trends.store import StoreError
from scenarios.trends.index import index
from tests.sealed_runs import sealed_run


def test_index_adds_what_is_missing_and_says_how_much(tmp_path: Path) -> None:
    sealed_run(tmp_path, 1)
    page = f"{tmp_path / 'index.html'}: the page of all runs"
    assert index(tmp_path, rebuild=False) == [f"{tmp_path / 'history.sqlite'}: 1 added, 1 in all", page]
    assert index(tmp_path, rebuild=False) == [f"{tmp_path / 'history.sqlite'}: 0 added, 1 in all", page]
    assert "primary-kill" in (tmp_path / "index.html").read_text()


def test_rebuild_makes_it_anew_and_names_what_was_left_out(tmp_path: Path) -> None:
    sealed_run(tmp_path, 1)
    altered = sealed_run(tmp_path, 2)
    (altered / "summary.json").write_text("{}")
    done, left_out, _ = index(tmp_path, rebuild=True)
    assert done.endswith("made anew from 1 run, 1 in all")
    assert altered.name in left_out
    assert "summary.json was changed" in left_out


def test_a_folder_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no such folder"):
        index(tmp_path / "none", rebuild=True)


def test_a_page_that_cannot_be_written_is_a_mistake_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "index.html").mkdir()
    with pytest.raises(ConfigurationError, match=r"index\.html: cannot be written: Is a directory"):
        index(tmp_path, rebuild=False)
