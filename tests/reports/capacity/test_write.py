"""What a capacity run leaves: whole and valid in every kind of ending, its page saying the numbers of its content."""

from __future__ import annotations

import copy
import csv
import html
import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from jsonschema import ValidationError
from playwright.sync_api import Browser

from reports.capacity.content import CapacityContent, Measured
from reports.capacity.headline import rate
from reports.capacity.objective import parse
from reports.capacity.steps import step_row
from reports.capacity.write import write_capacity
from reports.charts.charts import Picture
from reports.schema import validate
from tests.browser import watched_page
from tests.reports.capacity.contents import KINDS, LAW, bare, full
from tests.reports.capacity.contents import step_row as step_row_of
from tests.reports.capacity.made import step


class Written(NamedTuple):
    """folder: where it is. text: of the page, without markup."""

    folder: Path
    content: CapacityContent
    text: str


@pytest.fixture(scope="session")
def of_kind(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Written]:
    """Every kind of ending, written once, and its figures not drawn, which takes a second each."""

    @cache
    def of(kind: str) -> Written:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("reports.capacity.write.picture", lambda draw: Picture(wide=b"", narrow=b""))
            return written(KINDS[kind](), tmp_path_factory.mktemp("capacity"))

    return of


def written(measured: Measured, folder: Path) -> Written:
    content = write_capacity(measured, folder)
    page = (folder / "report.html").read_text()
    text = re.sub(r"<[^>]+>", " ", page.partition("<main>")[2])
    return Written(folder, content, " ".join(html.unescape(text).split()))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_ending_is_valid_and_has_a_page(kind: str, of_kind: Callable[[str], Written]) -> None:
    folder, content, text = of_kind(kind)
    read: Any = json.loads((folder / "capacity.json").read_text())
    validate(read, "capacity")
    assert read == json.loads(json.dumps(content))
    assert read["headline"]
    for sentence in content["headline"]:
        assert " ".join(sentence.replace("`", " ").split()) in text
    assert {"curve.png", "carried.png", "usl.png", "steps.csv"} <= {file.name for file in folder.iterdir()}


@pytest.mark.parametrize(
    "kind", [kind if kind == "interrupted" else pytest.param(kind, marks=pytest.mark.slow) for kind in KINDS]
)
def test_the_figures_of_every_kind_of_ending_are_drawn(kind: str, tmp_path: Path) -> None:
    folder, _, _ = written(KINDS[kind](), tmp_path)
    for name in ("curve", "carried", "usl"):
        assert (folder / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_what_breaks_the_contract_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValidationError):
        write_capacity(bare(verdict="good"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_page_says_the_numbers_of_its_content(of_kind: Callable[[str], Written]) -> None:
    _, content, text = of_kind("full")
    lost, usl = content["n_minus_1"], content["usl"]
    assert lost is not None
    assert "held up to 1,044/s, and no longer at 1,081/s (bracket 3.5% wide)" in text
    assert "all nodes 1,044/s 1,044/s held, 1,081/s did not" in text
    assert "one node dead 930/s 89% 930/s held, 968/s did not" in text
    assert "while it comes back 610/s 58% distributed recovery" in text
    assert "safe load 870/s 83% 17% of the maximum kept free" in text
    assert "tried again at 0.95 x 992/s held, as it should" in text
    assert "tried again at 1.15 x 1,200/s did not hold, as it should: response_p99 412 ms" in text
    assert "reads alone 4,200/s Measured by reads alone." in text
    assert "reads alone, one replica dead 2,900/s 69%" in text
    assert (
        "Reads alone, at the read port, held up to 4,200/s; with one replica dead up to 2,900/s, 69% of that." in text
    )
    assert f"lambda {usl['lambda']:.4g}/s" in text
    assert f"sigma {usl['sigma']:.3g}" in text
    assert f"kappa {usl['kappa']:.3g}" in text
    assert f"Knee: {rate(content['knee_tps'])}" in text
    assert "primary 1 0.85 812.5 611" in text
    assert "envoy 1,042/s 0.827 x" in text
    assert "mtls mtls: its certificates could not be made" in text
    assert "in containers 1,260/s" in text
    assert "Whole systems at once that held the objective: 3" in text


@pytest.mark.slow
def test_where_reads_have_no_rate_the_page_says_why_and_has_no_row_of_them(tmp_path: Path) -> None:
    measured = full()
    assert measured["n_minus_1"] is not None
    measured["n_minus_1"]["reads"] = {
        "max_tps": None,
        "n_minus_1_max_tps": None,
        "ratio": None,
        "words": "none: the workload transfer reads where it writes",
    }
    _, content, text = written(measured, tmp_path)
    assert "Reads alone at the read port: none: the workload transfer reads where it writes" in text
    assert "one replica dead" not in text
    assert not any("Reads" in sentence for sentence in content["headline"])


@pytest.mark.slow
def test_steps_of_reads_alone_are_named_and_are_no_points_of_the_curve_or_the_law(tmp_path: Path) -> None:
    plain = full()
    mixed = full()
    mixed["steps"] = [*mixed["steps"], step_row_of(30.0, setting="reads", achieved_tps=4100.0)]
    for name in ("plain", "mixed"):
        (tmp_path / name).mkdir()
    _, without, _ = written(plain, tmp_path / "plain")
    folder, content, text = written(mixed, tmp_path / "mixed")
    assert (folder / "curve.png").read_bytes() == (tmp_path / "plain" / "curve.png").read_bytes()
    assert (content["usl"], content["knee_tps"]) == (without["usl"], without["knee_tps"])
    assert "ramp reads alone" in text


def test_the_run_at_the_safe_load_is_linked_and_what_90_percent_did_is_said(of_kind: Callable[[str], Written]) -> None:
    folder, _, text = of_kind("full")
    assert "A run at 870/s with a node killed held the objective: outside of 6.6 s of outage p99 was 180 ms" in text
    assert "A run at 939/s with a node killed did not hold the objective: p99 after the failover was 431 ms" in text
    assert '<a href="steps/kill-870/report.html">' in (folder / "report.html").read_text()


def test_the_law_of_the_steps_is_found_again(of_kind: Callable[[str], Written]) -> None:
    _, content, _ = of_kind("bare")
    usl = content["usl"]
    assert (usl["fit"], usl["lambda"], usl["sigma"], usl["kappa"]) == ("ok", *(pytest.approx(one) for one in LAW))
    assert usl["concurrency"] == [1.0, 2.0, 3.0, 6.0, 10.0, 18.0, 32.0], "of closed loops alone"


def test_of_two_steps_the_page_says_why_there_is_no_law(of_kind: Callable[[str], Written]) -> None:
    _, content, text = of_kind("interrupted")
    assert content["usl"]["fit"] == "none"
    assert f"No fit: {content['usl']['why']}." in text
    assert content["usl"]["curve"] is None


def test_every_part_that_is_missing_says_why(of_kind: Callable[[str], Written]) -> None:
    _, _, text = of_kind("bare")
    assert "With one node dead, while it comes back, and the safe load: not asked for: --lose 1" in text
    assert "Mesh tax not asked for: --tax" in text
    assert "Container tax not asked for: --tax" in text
    assert "Density not asked for: --density" in text
    _, _, text = of_kind("interrupted")
    assert "Mesh tax interrupted before it" in text


def test_an_objective_that_no_rate_meets_is_said_first(of_kind: Callable[[str], Written]) -> None:
    _, content, text = of_kind("none met")
    assert content["headline"][0] == "no rate holds response_p99<=1ms: at 5/s p99 was 18 ms"
    assert "all nodes n/a no rate holds" in text
    assert content["planner"] == []
    assert "No measured system carries any load at this objective." in text


def test_a_generator_that_was_the_limit_is_no_capacity(of_kind: Callable[[str], Written]) -> None:
    _, content, text = of_kind("generator")
    assert "the load generator was the limit at 1043/s; raise `workers`" in content["headline"]
    assert "The limit: the load generator itself: operations were sent 81 ms late (p99)" in text
    assert content["planner"] == []


@pytest.mark.slow
def test_text_from_elsewhere_is_escaped(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>\x1b[2J"
    written(bare(scenario=evil, why=evil, workload=evil, missing={"mesh_tax": evil}), tmp_path)
    page = (tmp_path / "report.html").read_text()
    assert "<script" not in page
    assert "\x1b" not in page
    assert "&lt;script&gt;" in page


def test_what_stands_between_backticks_is_code_and_escaped_too(tmp_path: Path) -> None:
    written(bare(missing={"mesh_tax": "give `--tax` or `<b>`", "density": "one ` alone"}), tmp_path)
    page = (tmp_path / "report.html").read_text()
    assert "give <code>--tax</code> or <code>&lt;b&gt;</code>" in page
    assert "one ` alone" in page
    assert "not asked for: <code>--lose 1</code>" in page


def test_a_step_says_what_it_did_not_hold() -> None:
    objectives = [parse("response_p99<=250ms"), parse("success_ratio>=0.999")]
    held = step_row(step(response_p99_ms=249.0), objectives)
    assert (held["holds"], held["why"]) == (True, "")
    slow = step_row(step(response_p99_ms=412.0, success_ratio=0.99, stable=False, backlog_per_s=12.0), objectives)
    assert slow["holds"] is False
    assert slow["why"] == (
        "response_p99 412 ms, response_p99<=250ms asked for; success_ratio 99.0000%, success_ratio>=0.999 asked for; "
        "its backlog grew by 12 operations a second"
    )
    unanswered = step_row(step(response_p99_ms=None), objectives)
    assert unanswered["why"] == "response_p99 is not known: too few operations were answered"
    content = bare(steps=[held, slow])
    assert copy.deepcopy(content["steps"]) == json.loads(json.dumps(content["steps"]))


def test_the_table_for_spreadsheets_has_a_row_a_step(of_kind: Callable[[str], Written]) -> None:
    folder, content, _ = of_kind("full")
    with (folder / "steps.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["achieved_tps"]) for row in rows] == [one["achieved_tps"] for one in content["steps"]]
    assert [row["holds"] for row in rows] == [str(one["holds"]) for one in content["steps"]]
    with (folder / "mesh_tax.csv").open() as file:
        taxes = list(csv.DictReader(file))
    assert [(row["mesh"], row["throughput_ratio"]) for row in taxes[:2]] == [("direct", "1.0"), ("envoy", "0.827")]


@pytest.mark.browser
@pytest.mark.parametrize("width", [380, 1100])
def test_the_page_asks_for_nothing_and_is_no_wider_than_the_screen(
    browser: Browser, tmp_path: Path, width: int
) -> None:
    folder = written(full(), tmp_path).folder
    with watched_page(browser, viewport={"width": width, "height": 900}) as watched:
        watched.page.goto((folder / "report.html").as_uri())
        assert watched.page.evaluate("document.documentElement.scrollWidth") <= width
        assert (watched.requests, watched.errors) == ([], [])


@pytest.mark.slow
def test_closed_loops_that_only_level_off_have_no_peak_in_headline_and_page(tmp_path: Path) -> None:
    levels = [(1, 100), (2, 180), (3, 240), (6, 300), (10, 310), (18, 312), (32, 311)]
    closed = [step_row_of(at, purpose="closed", offered_tps=0.0, achieved_tps=float(tps)) for at, tps in levels]
    _, content, text = written(bare(steps=closed), tmp_path)
    assert content["usl"]["n_star"] is None
    assert content["headline"][-1] == (
        "The scalability law fitted to the closed loops has no peak that was measured: no fall was measured up to "
        "32 in flight."
    )
    assert "N* n/a operations in flight at the peak: no fall was measured up to 32 in flight" in text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("absent", "says"), [(3, "no step had a response p99"), (1, "1 of 3 steps had no response p99")]
)
def test_steps_without_the_percentile_are_no_points_and_the_page_says_so(
    absent: int, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty: list[str] = []
    monkeypatch.setattr("reports.capacity.charts.curve.canvas.say_empty", lambda _, why: empty.append(why))
    steps = [step_row_of(at) for at in (1.0, 2.0, 3.0)]
    for step_without in steps[:absent]:
        step_without["response_ms"] = {"p50": None, "p95": None, "p99": None, "p999": None}
    _, content, text = written(bare(steps=steps), tmp_path)
    assert f"{says.capitalize()}, because too few operations were answered" in text
    assert content["knee_tps"] is None
    assert ("The knee is not among the steps" in text) == (absent < 3)
    assert (says in empty) == (absent == 3)
    assert "no step was measured" not in empty
