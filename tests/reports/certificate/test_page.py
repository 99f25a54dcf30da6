"""The page of a certificate: what it shows, what it escapes, and how it looks on paper and on a phone."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from reports.certificate.bundle import in_bundle
from reports.certificate.decide import decide
from reports.certificate.environment import environment
from reports.certificate.outcome import Outcome
from reports.certificate.page import certificate_html
from reports.certificate.plan import Plan
from reports.certificate.words import percent
from tests.browser import watched_page
from tests.reports.certificate.made import BAD, GOOD, NEVER_LOST, OUTAGE, VOID, cell, outcomes, plan

PLAN = plan(OUTAGE, NEVER_LOST)
SIGNER = "ab" * 32
MANIFEST: dict[str, Any] = {
    "host": {"cores": 2, "steal_percent": 1.5},
    "images": {"meshbench/mysql:23ea2dcbaea5": f"sha256:{SIGNER}"},
    "versions": {"mysqld": "9.7.4-2", "packages": {"haproxy": "3.2.26-1"}},
}


def page(of: Plan, came_to: Sequence[Outcome], *, signer: str | None = SIGNER) -> str:
    return certificate_html(
        decide(of, came_to),
        plan=of.as_json(frozen_at="2026-11-28T02:00:00+00:00", earlier_attempts=3),
        attempts=[outcome.as_json() for outcome in came_to],
        environment=environment([MANIFEST, MANIFEST | {"versions": {"mysqld": "9.7.4-3"}}]),
        signer=signer,
        link=in_bundle,
    )


def text(html: str) -> str:
    """The words of a page as a reader sees them."""
    return " ".join(unescape(re.sub(r"<style>.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL)).split())


REFUSED = outcomes(PLAN, [GOOD, VOID, None, BAD, GOOD, BAD])


def test_claims_counts_and_every_attempt_are_there_with_links_into_the_bundle() -> None:
    html = page(PLAN, REFUSED)
    words = text(html)
    for claim in PLAN.claims:
        assert claim.text in words
    assert "4 of 6 attempts count (1 void, 0 broken, 1 cut off; at most 3 may be)" in words
    assert "mysqld 9.7.4-2 in 1; 9.7.4-3 in 1" in words
    assert "3 of the same plan were begun before in its runs folder" in words
    hrefs = re.findall(r'href="(runs/[^"]+)"', html)
    assert set(hrefs) == {f"{in_bundle(one.folder)}/report.html" for one in REFUSED if one.folder}
    assert f'href="{hrefs[0]}">trial 2: 31 s</a>' in html
    assert "it was a void" in words


def test_it_says_what_it_rests_on_and_who_signed() -> None:
    signed, unsigned = text(page(PLAN, REFUSED)), text(page(PLAN, REFUSED, signer=None))
    for words in decide(PLAN, REFUSED)["assumptions"]:
        assert words in signed
    assert SIGNER in signed
    assert "not signed" not in signed
    assert "not signed" in unsigned
    assert "anybody may have made it" in unsigned


def test_the_plan_with_its_operating_characteristic_is_there() -> None:
    words = text(page(PLAN, REFUSED))
    assert "72 with at most 0, or 98 with at most 1 not kept" in words
    assert PLAN.digest in words
    [row] = [row for row in decide(PLAN, REFUSED)["operating"] if abs(row["bad_share"] - 0.05) < 1e-9]
    assert f"5 % {percent(row['certified'])} {row['trials']:.1f}" in words


def test_whatever_a_file_says_is_text() -> None:
    name = "<script>alert(1)</script>\u202e"
    evil = replace(PLAN, name=name, cells=(replace(cell(), name=name),))
    came_to = outcomes(evil, [GOOD])
    html = page(evil, came_to)
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\\u202e" in html


def test_nothing_is_loaded_and_no_score_is_given() -> None:
    html = page(PLAN, REFUSED)
    assert not re.search(r"(src|href)=\"(?!data:,|runs/)", html)
    assert not re.search(r"score|\bout of 100\b|/ ?100\b", text(html))


def test_the_same_content_gives_the_same_page() -> None:
    content = json.loads(json.dumps([one.as_json() for one in REFUSED]))
    again = certificate_html(
        json.loads(json.dumps(decide(PLAN, REFUSED))),
        plan=json.loads(json.dumps(PLAN.as_json(frozen_at="2026-11-28T02:00:00+00:00", earlier_attempts=3))),
        attempts=content,
        environment=environment([MANIFEST, MANIFEST | {"versions": {"mysqld": "9.7.4-3"}}]),
        signer=SIGNER,
        link=in_bundle,
    )
    assert again == page(PLAN, REFUSED)


@pytest.mark.browser
@pytest.mark.parametrize(("media", "width"), [("screen", 380), ("screen", 1100), ("print", 680)])
def test_nothing_is_wider_than_the_page(browser: Browser, tmp_path: Path, media: Any, width: int) -> None:
    """680 pixels are what A4 leaves between its margins; Letter leaves more."""

    file = tmp_path / "certificate.html"
    file.write_text(page(PLAN, outcomes(PLAN, [GOOD] * 30 + [VOID, GOOD])))
    with watched_page(browser, viewport={"width": width, "height": 900}) as watched:
        watched.page.emulate_media(media=media)
        watched.page.goto(file.as_uri())
        wide = watched.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width
        assert (watched.requests, watched.errors) == ([], [])
        cut = "[...document.querySelectorAll('.scroll')].filter(one => one.scrollWidth > one.clientWidth + 1).length"
        assert media == "screen" or watched.page.evaluate(cut) == 0, "paper does not scroll"
