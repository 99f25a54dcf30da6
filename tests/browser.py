"""Pages in a real browser: the fixture `browser`, and a page that remembers what it asked for and what went wrong.

Tests that use them are marked ``browser``: `make check` leaves them out, `make test` runs ``python -m tests.browser``
first, which installs Debian's Chromium where it may. Where there is none they are skipped, with the reason.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from cluster.errors import ConfigurationError
from cluster.platform import docker_engine, setup

#: What Debian, Ubuntu and others call it.
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str | None:
    """The path of the machine's own Chromium."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Headless Chromium. Of a module, because Playwright keeps an event loop running in this thread."""
    program = chromium()
    if program is None:
        pytest.skip(f"no browser: none of {', '.join(PROGRAMS)} is installed (python -m tests.browser installs one)")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program)
        yield running
        running.close()


@dataclass(frozen=True)
class WatchedPage:
    """A page, the addresses it asked for over a network (none of ``file:`` and ``data:``), and its errors."""

    page: Page
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@contextmanager
def watched_page(browser: Browser, *, offline: bool = True, **context: Any) -> Iterator[WatchedPage]:
    """A new page in a context of its own. context: more of Playwright's ``new_context``, such as ``viewport``."""
    with browser.new_context(offline=offline, **context) as alone:
        watched = WatchedPage(alone.new_page())
        watched.page.set_default_timeout(15_000)
        watched.page.on("request", lambda asked: _note_request(watched, asked.url))
        watched.page.on("pageerror", lambda error: watched.errors.append(str(error)))
        watched.page.on(
            "console", lambda said: watched.errors.append(said.text) if said.type in ("error", "warning") else None
        )
        yield watched


def _note_request(watched: WatchedPage, url: str) -> None:
    if not url.startswith(("file:", "data:", "blob:", "about:")):
        watched.requests.append(url)


def main() -> int:
    """Install Chromium where it is missing; where that is not possible say that the tests are skipped."""
    if chromium() is None:
        try:
            with setup.step("install Chromium for the tests of pages"):
                docker_engine.apt_install("chromium")
        except ConfigurationError as error:
            print(f"[set-up] the tests of pages in a browser will be skipped: {error}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
