"""The browser tests' own tools: what a page asks for and what goes wrong in it is seen, and a machine without Chromium
is told what that means."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from cluster.errors import ConfigurationError
from cluster.platform import docker_engine
from tests import browser as tools
from tests.browser import watched_page


@pytest.mark.browser
def test_a_page_that_asks_the_network_or_breaks_is_noticed(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text("<!doctype html><img src='http://192.0.2.1/a.png'><script>later()</script>")
    with watched_page(browser) as watched:
        watched.page.goto(file.as_uri())
        assert watched.requests == ["http://192.0.2.1/a.png"]
        assert any("later is not defined" in error for error in watched.errors)
        assert any("ERR_INTERNET_DISCONNECTED" in error for error in watched.errors)


@pytest.mark.browser
def test_of_a_page_that_needs_nothing_nothing_is_noticed(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text("<!doctype html><link rel='icon' href='data:,'><title>calm</title><script>let a = 1</script>")
    with watched_page(browser) as watched:
        watched.page.goto(file.as_uri())
        assert watched.page.title() == "calm"
        assert (watched.requests, watched.errors) == ([], [])


def test_chromium_is_installed_only_where_there_is_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    installed: list[str] = []
    monkeypatch.setattr(docker_engine, "apt_install", installed.append)
    monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/chromium" if name == "chromium" else None)
    assert (tools.main(), installed, capsys.readouterr().out) == (0, [], "")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert (tools.main(), installed) == (0, ["chromium"])


def test_where_chromium_cannot_be_installed_the_set_up_says_that_these_tests_are_skipped(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*names: str) -> None:
        raise ConfigurationError(f"missing on this machine: {' '.join(names)}")

    monkeypatch.setattr(docker_engine, "apt_install", refuse)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert tools.main() == 0
    said = capsys.readouterr().err
    assert said == ("[set-up] the tests of pages in a browser will be skipped: missing on this machine: chromium\n")
