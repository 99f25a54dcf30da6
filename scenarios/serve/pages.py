"""The pages that `meshbench serve` makes itself, with the look of every page. All values are escaped."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from history.json_files import HistoryError
from reports.formats.page import CSS, template
from reports.trace.of_folder import trace_in
from reports.trace.trace import NoSuchKeyError
from reports.trace.words import headline, lines, what

_HERE = Path(__file__).parent


@cache
def live() -> str:
    """The live page; its script asks ``/api/live``."""
    return template(_HERE / "live.html.j2").render(
        css=CSS.read_text() + (_HERE / "live.css").read_text(), script=(_HERE / "live.js").read_text()
    )


def without_console(runs: Path) -> str:
    """In place of the console, where there is none yet."""
    return template(_HERE / "folder.html.j2").render(
        css=CSS.read_text(), title=str(runs), note=True, names=_names(runs) if runs.is_dir() else []
    )


def listing(folder: Path, name: str) -> str:
    """The names in a folder that has no page of its own. name: its path in the runs folder."""
    return template(_HERE / "folder.html.j2").render(css=CSS.read_text(), title=name, note=False, names=_names(folder))


def one_transfer(folder: Path | None, *, run: str, key: str) -> str:
    """What became of an operation, or a form that asks for its key. run: the path of the folder in the runs folder."""
    traced, problem = None, ""
    if key:
        try:
            if folder is None:
                raise HistoryError(f"there is no {run} in the runs folder")
            traced = trace_in(folder, key)
        except (HistoryError, NoSuchKeyError) as error:
            problem = str(error)
    story = None if traced is None else {"headline": headline(traced), "what": what(traced), "lines": lines(traced)}
    look = CSS.read_text() + (_HERE / "trace.css").read_text()
    page = template(_HERE / "trace.html.j2")
    return page.render(css=look, run=run, key=key, story=story, trace=traced, problem=problem)


def _names(folder: Path) -> list[str]:
    return sorted(f"{one.name}/" if one.is_dir() else one.name for one in folder.iterdir() if one.name[0] != ".")
