"""A run's panel on a terminal while it lasts: below the lines of progress, redrawn twice a second, gone at the end.

Plain lines instead where standard error is no terminal that can move its cursor (a pipe, ``TERM=dumb``) and in CI.
``NO_COLOR`` leaves out the colors.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live

from scenarios.live.panel import lines
from scenarios.live.publisher import Publisher
from scenarios.signals import told_by

REDRAWN_PER_S = 2


class Panel:
    """What is drawn. ahead: before the run's name."""

    def __init__(self, live: Publisher, console: Console, *, ahead: str) -> None:
        self._live, self._console, self._ahead = live, console, ahead
        self.notices: list[str] = []

    def drawn(self) -> Group:
        """As it is now, for the terminal's size of now. Never raises: a run is worth more than its panel."""
        try:
            shown = lines(
                self._live.snapshot(),
                width=self._console.width,
                ahead=self._ahead,
                notice=self.notices[-1] if self.notices else "",
                plain=self._console.options.ascii_only,
            )
        except Exception as error:  # noqa: BLE001
            return Group(f"the panel cannot be drawn: {type(error).__name__}")
        return Group(*shown[: max(self._console.height - 1, 1)])


def console_of_panel() -> Console | None:
    """Standard error where it can show a panel, else None."""
    console = Console(stderr=True, highlight=False, markup=False, emoji=False)
    in_ci = os.environ.get("CI", "").lower() not in ("", "0", "false")
    return console if sys.stderr.isatty() and not console.is_dumb_terminal and not in_ci else None


@contextmanager
def panel(live: Publisher, *, ahead: str = "") -> Iterator[bool]:
    """Around a run; yields whether there is a panel. Whatever is printed to standard error meanwhile stands above it,
    and what Ctrl-C is answered with stands in it and remains. ahead: ``[3 of 12]``."""
    console = console_of_panel()
    if console is None:
        yield False
        return
    shown = Panel(live, console, ahead=ahead)
    try:
        with (
            told_by(shown.notices.append),
            Live(
                console=console,
                get_renderable=shown.drawn,
                refresh_per_second=REDRAWN_PER_S,
                transient=True,
                redirect_stdout=False,
                vertical_overflow="crop",
            ),
        ):
            yield True
    finally:
        for notice in shown.notices:
            print(notice, file=sys.stderr)
