"""``index.html`` of 300 runs in headless Chromium: every run is linked, the filters filter, two runs stand side by
side, a step is marked where it was planted, and nothing is asked of any network."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from reports.console.write import write_console
from reports.text.units import count, duration
from reports.trends.row import row_of
from reports.trends.store import Store
from tests.browser import watched_page
from tests.sealed_runs import in_suite, sealed_run

pytestmark = pytest.mark.browser

RUNS = 300
STEP_AT = 180
#: Every third run is of another scenario behind another mesh, where nothing changed.
BACKUPS = RUNS // 3
#: The run before the last is a trial of it.
NIGHT = "20261101T020000Z"
SCRIPTS = Path(__file__).resolve().parents[3] / "reports" / "console"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """300 run folders and the page; the outage of the kills is 30 % longer from run 180 on."""
    runs, random_ = tmp_path_factory.mktemp("runs"), random.Random(7)
    for number in range(RUNS):
        backup = number % 3 == 2
        outage_ms = (7800 if number >= STEP_AT and not backup else 6000) * random_.uniform(0.9, 1.1)
        command = ["meshbench", "run", "backup" if backup else "primary-kill", "--seed", str(number)]
        sealed_run(
            runs,
            number,
            write_outage_ms=outage_ms,
            scenario={"name": "backup" if backup else "primary-kill"},
            manifest={
                "command": command,
                "versions": {"commit": str(number // 50) * 40, "dirty": False, "envoy": f"1.{number // 100}"},
                "part_of": in_suite(1) if number == RUNS - 2 else None,
                **({"mesh": {"mode": "direct", "proxy": None}} if backup else {}),
            },
            summary={"verdict": "fail" if number % 50 == 48 else "pass", "why": f"This is run {number}."},
        )
    night = runs / "nightly" / NIGHT
    night.mkdir(parents=True)
    (night / "nightly.json").write_text('{"name": "nightly", "verdict": "fail", "why": "One moved.", "state": "ended"}')
    (night / "report.html").write_text("<!doctype html><title>the night</title>")
    found = Store(runs).update()
    assert (len(found.rows), found.left_out) == (RUNS, [])
    write_console(runs)
    return runs


@pytest.fixture
def page(browser: Browser, runs: Path) -> Iterator[Page]:
    """The page; at the end nothing has gone wrong in it, and it has asked for nothing."""
    with watched_page(browser) as watched:
        watched.page.goto((runs / "index.html").as_uri())
        yield watched.page
        assert (watched.requests, watched.errors) == ([], [])


def shown(page: Page) -> int:
    return page.locator("#runs-body tr.run").count()


def test_the_page_of_300_runs_is_below_2_mb(runs: Path) -> None:
    assert (runs / "index.html").stat().st_size < 2_000_000


def test_every_run_is_linked_and_every_link_leads_to_a_file(page: Page, runs: Path) -> None:
    links = page.locator("#runs-body th a").evaluate_all("links => links.map(link => link.href)")
    found = {Path(unquote(urlsplit(link).path)) for link in links}
    assert len(found) == RUNS
    assert found == {folder / "report.html" for folder in runs.glob("*/*-*")}
    every = page.locator("a").evaluate_all("links => links.map(link => link.href)")
    assert len(every) > RUNS
    assert all(Path(unquote(urlsplit(link).path)).is_file() for link in every)


def test_a_step_is_marked_within_five_runs_of_where_it_was_planted_and_nowhere_else(page: Page) -> None:
    marks = page.locator("#series tr", has_text="primary-kill").locator("line.change")
    (at,) = marks.evaluate_all("marks => marks.map(mark => Number(mark.dataset.row))")
    assert abs(at - STEP_AT) <= 5
    assert page.locator("#series tr", has_text="backup").locator("line.change").count() == 0
    (words,) = page.locator("#changed li").all_inner_texts()
    assert "worse" in words
    assert "primary-kill group / envoy" in words


def test_the_first_screen_names_what_failed_last_and_how_the_last_run_ended(page: Page) -> None:
    assert "PASS" in page.locator("#top h1").inner_text()
    assert "This is run 299." in page.locator("#top").inner_text()
    (words,) = page.locator("#failed li").all_inner_texts()
    assert words.startswith("fail primary-kill group / envoy 2026-11-13 12:00")
    assert "not before this run: 2026-11-13 11:00 ended as meant (555555555)" in words
    failed, good = page.locator("#failed a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert (failed.endswith("-298/report.html"), good.endswith("-297/report.html")) == (True, True)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("scenario", "backup", BACKUPS),
        ("mesh", "direct", BACKUPS),
        ("topology", "group", RUNS),
        ("commit", "5" * 40, 50),
        ("verdict", "fail", 6),
        ("verdict", "not as meant", 6),
    ],
)
def test_a_filter_leaves_the_runs_that_it_names(page: Page, name: str, value: str, expected: int) -> None:
    page.get_by_label(name, exact=True).select_option(value)
    assert shown(page) == expected
    assert page.locator("#counted").inner_text() == f"{expected} of {RUNS} runs"
    page.get_by_role("button", name="Show all").click()
    assert shown(page) == RUNS


def test_filters_work_together_and_are_in_the_address_of_the_page(page: Page) -> None:
    page.get_by_label("scenario", exact=True).select_option("backup")
    page.get_by_label("text").fill("--seed 29")
    seeds = page.locator("#runs-body tr.run td[data-label=seed]").all_inner_texts()
    assert seeds == ["299", "296", "293", "290", "29"]
    assert page.locator("#series tr:not(.more)").count() == 1
    page.reload()
    assert shown(page) == 5
    page.get_by_label("text").fill("nobody wrote this")
    assert shown(page) == 0


def test_runs_are_ordered_by_a_number(page: Page) -> None:
    page.get_by_role("button", name="write outage").click()
    values = page.evaluate("listed_ => listed_", page.locator("#runs-body tr.run td:nth-child(5)").all_inner_texts())
    seconds = [float(value.removesuffix(" s")) for value in values]
    assert seconds == sorted(seconds, reverse=True)
    page.get_by_role("button", name="write outage").click()
    assert page.locator("#runs-body tr.run td:nth-child(5)").first.inner_text() == values[-1]


def test_two_runs_stand_side_by_side_with_their_numbers_and_what_differs(page: Page) -> None:
    assert not page.locator("#sides").is_visible()
    kills = page.locator("#runs-body tr.run", has_text="primary-kill")
    kills.first.get_by_role("checkbox").check()
    assert page.locator("#chosen-words").inner_text() == "1 run chosen: choose another one"
    kills.last.get_by_role("checkbox").check()
    numbers, settings = page.locator("#sides table").all()
    outage = numbers.get_by_role("row").filter(has_text="longest time without an acknowledged write").inner_text()
    assert "worse" in outage
    assert "+" in outage
    words = settings.inner_text()
    assert "meshbench run primary-kill --seed 0" in words
    assert "envoy\t1.0\t1.2" in words
    assert "topology and mesh" not in words  # the same
    page.get_by_role("button", name="Clear").click()
    assert not page.locator("#sides").is_visible()
    assert page.locator("#runs-body input:checked").count() == 0


def test_a_run_of_another_scenario_is_called_neither_better_nor_worse(page: Page) -> None:
    for name in ("primary-kill", "backup"):
        page.locator("#runs-body tr.run", has_text=name).last.get_by_role("checkbox").check()
    assert "Different scenarios" in page.locator("#sides").inner_text()
    assert page.locator("#sides").get_by_text("worse", exact=False).count() == 1  # the sentence that says so


def test_a_third_choice_takes_the_place_of_the_first(page: Page) -> None:
    boxes = page.locator("#runs-body").get_by_role("checkbox")
    for at in (0, 1, 2):
        boxes.nth(at).check()
    assert [boxes.nth(at).is_checked() for at in (0, 1, 2)] == [False, True, True]


def test_a_run_tells_the_command_that_runs_it_again(page: Page) -> None:
    row = page.locator("#runs-body tr.run").nth(1)
    row.get_by_role("button", name="more of").click()
    details = page.locator("#runs-body tr.more:visible")
    assert details.locator("pre").inner_text() == "meshbench run primary-kill --seed 298"
    assert "This is run 298." in details.inner_text()
    details.get_by_role("button", name="Copy").click()
    expect(details.get_by_role("status")).to_have_text(re.compile("^(copied|selected: press Ctrl-C)$"))
    assert page.evaluate("getSelection().toString()") == "meshbench run primary-kill --seed 298"


def test_a_suite_is_listed_and_linked_from_its_trials(page: Page, runs: Path) -> None:
    (row,) = page.locator("#beside tbody tr").all()
    assert row.inner_text().split() == ["nightly", "fail", NIGHT, "One", "moved."]
    page.locator("#runs-body tr.run").nth(1).get_by_role("button", name="more of").click()
    link = page.locator("#runs-body tr.more:visible a", has_text="nightly").evaluate("link => link.href")
    assert Path(urlsplit(link).path) == runs / "nightly" / NIGHT / "report.html"


def test_a_scenario_shows_all_its_numbers(page: Page) -> None:
    page.locator("#series tr", has_text="primary-kill").get_by_role("button").click()
    figures = page.locator("#series figure")
    assert figures.count() > 10
    assert figures.locator("svg[aria-label]").count() == figures.count()


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_of_the_page_is_wider_than_the_screen(browser: Browser, runs: Path, width: int) -> None:
    with watched_page(browser, viewport={"width": width, "height": 800}, color_scheme="dark") as watched:
        watched.page.goto((runs / "index.html").as_uri())
        watched.page.locator("#runs-body tr.run button").first.click()
        watched.page.locator("#series button").first.click()
        assert watched.page.evaluate("document.documentElement.scrollWidth") == width
        wider = "areas => areas.filter(area => area.scrollWidth > area.clientWidth).length"
        assert watched.page.locator(".scroll:visible").evaluate_all(wider) == 0


def test_every_control_has_a_name_and_every_table_headings(page: Page) -> None:
    page.locator("#runs-body input").nth(0).check()
    page.locator("#runs-body input").nth(1).check()
    nameless = """() => [...document.querySelectorAll("button, input, select, a")].filter(
        (one) => !one.textContent.trim() && !one.getAttribute("aria-label") && !one.labels?.length).length"""
    assert page.evaluate(nameless) == 0
    for table in page.locator("table").all():
        assert table.locator("thead th[scope=col]").count() > 2


def test_whatever_a_run_is_called_it_is_shown_and_does_nothing(browser: Browser, tmp_path: Path) -> None:
    name = "<script>document.title='taken'<img src=x onerror=alert(1)>"
    why = "</script><script>document.title='taken'</script>\"'`${document.title='taken'}"
    folder = sealed_run(tmp_path, 1, scenario={"name": name}, summary={"verdict": "fail", "why": why})
    Store(tmp_path).add(row_of(folder, runs=tmp_path))
    with watched_page(browser) as watched:
        watched.page.goto(write_console(tmp_path).as_uri())
        watched.page.locator("#runs-body tr.run button").click()
        assert watched.page.title() == "meshbench: 1 runs"
        assert why in watched.page.locator("#runs-body tr.more").inner_text()
        assert name in watched.page.locator("#failed").inner_text()
        link = watched.page.locator("#runs-body th a").evaluate("link => link.href")
        assert Path(unquote(urlsplit(link).path)) == folder / "report.html"
        assert (watched.requests, watched.errors) == ([], [])


def test_a_page_without_runs_lists_what_lies_beside_them(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "selftest").mkdir()
    (tmp_path / "selftest" / "faults.json").write_text('{"verdict": "pass"}')
    with watched_page(browser) as watched:
        watched.page.goto(write_console(tmp_path).as_uri())
        assert watched.page.locator("h1").inner_text() == "No run yet"
        assert watched.page.locator("#beside tbody a").inner_text() == "selftest"
        assert watched.errors == []


def test_numbers_are_spelt_as_on_every_other_page(browser: Browser) -> None:
    values = [0, 0.04, 0.25, 9.94, 9.96, 12.4, 999.4, 999.6, 1234, 8049.9, 99_949, 99_951, 200_000, 3_600_000]
    counts = [0, 0.829, 2.5, 3, 9.996, 10.04, 199.8, 1999.95, 2400, 1_234_567]
    code = (SCRIPTS / "format.js").read_text()
    with watched_page(browser) as watched:
        spell = f"([name, values]) => {{ {code}; return values.map(name === 'duration' ? duration : count); }}"
        assert watched.page.evaluate(spell, ["duration", values]) == [duration(value) for value in values]
        assert watched.page.evaluate(spell, ["count", counts]) == [count(value) for value in counts]
