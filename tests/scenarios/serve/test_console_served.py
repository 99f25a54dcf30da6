"""The page of all runs as `meshbench serve` serves it: its script runs, and it leads to what is running now."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from werkzeug.serving import make_server

from scenarios.run.remember import remember
from scenarios.serve.app import create_app
from scenarios.serve.clusters import ClustersSeen
from tests.browser import watched_page
from tests.sealed_runs import sealed_run


@pytest.mark.browser
def test_the_console_is_served_with_its_script_and_a_link_to_what_is_running(browser: Browser, tmp_path: Path) -> None:
    remember(sealed_run(tmp_path, 1), tmp_path)
    server = make_server("127.0.0.1", 0, create_app(tmp_path, clusters=ClustersSeen), threaded=True)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    with watched_page(browser, offline=False) as watched:
        watched.page.goto(f"http://127.0.0.1:{server.server_port}/")
        watched.page.locator("#runs-body th a").click()
        expect(watched.page).to_have_title("the report of a run")
        watched.page.go_back()
        watched.page.get_by_role("link", name="What is running now").click()
        expect(watched.page).to_have_url(re.compile("/live$"))
        assert watched.errors == []
    server.shutdown()
    server.server_close()
