"""``certificate.html``: the certificate on a few printed pages, offline, without a script and without a request.

Fills ``certificate.html.j2`` from plan, trials, certificate and environment, and says nothing that they do not hold.
The same content gives the same page, so that `meshbench verify` can make it again and compare.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from reports.certificate.environment import Environment, Fact
from reports.certificate.plan import earlier_words
from reports.certificate.words import amount, percent
from reports.formats.page import CSS, template
from reports.text import units
from reports.trends.metrics import METRICS, Metric

_HERE = Path(__file__).parent
_OWN_CSS = _HERE / "certificate.css"
#: Colors of a run's page, by verdict of a certificate, of a claim and of an attempt.
_LOOK = {"certified": "pass", "refused": "fail", "incomplete": "void", "pass": "pass", "fail": "fail"}
_WORDS = {"ok": "kept", "failed": "not kept", "void": "does not count"}
#: Attempts whose run was judged, so that its folder has a report.
_JUDGED = ("pass", "fail", "void")


def certificate_html(
    certificate: Mapping[str, Any],
    *,
    plan: Mapping[str, Any],
    attempts: Sequence[Mapping[str, Any]],
    environment: Environment,
    signer: str | None,
    link: Callable[[str], str],
) -> str:
    """The page.

    certificate, plan: content of certificate.json and plan.json. attempts: lines of trials.jsonl. signer: fingerprint
    of the key that signs the bundle, None where nobody does. link: from a run's folder, as trials.jsonl names it, to
    where it is seen from the page.
    """
    metrics = [METRICS[claim["metric"]] for claim in certificate["claims"]]
    return template(_HERE / "certificate.html.j2").render(
        c=certificate,
        plan=plan,
        css=CSS.read_text() + _OWN_CSS.read_text(),
        look=_LOOK[certificate["verdict"]],
        claims=[_claim(claim, link) for claim in certificate["claims"]],
        looks=[f"{units.count(look['trials'])} with at most {units.count(look['failures'])}" for look in plan["looks"]],
        operating=[
            (percent(row["bad_share"]), percent(row["certified"]), f"{row['trials']:.1f}")
            for row in certificate["operating"]
        ],
        attempts=[_attempt(attempt, metrics, link) for attempt in attempts],
        earlier=earlier_words(plan.get("earlier_attempts")),
        facts=[(fact["name"], _values(fact)) for fact in environment["facts"]],
        runs=environment["runs"],
        noisiest={name: share for name, share in environment["noisiest"].items() if share is not None},
        signer=signer,
    )


def _claim(claim: Mapping[str, Any], link: Callable[[str], str]) -> dict[str, Any]:
    metric = METRICS[claim["metric"]]
    return {
        **claim,
        "look": _LOOK[claim["verdict"]],
        "worst": amount(metric, claim["worst"]),
        "median": amount(metric, claim["median"]),
        "failed": [
            {
                "words": f"trial {one['number']}: {amount(metric, one['measured'])}",
                "href": None if one["folder"] is None else f"{link(one['folder'])}/report.html",
            }
            for one in claim["failed"]
        ],
    }


def _attempt(attempt: Mapping[str, Any], metrics: Sequence[Metric], link: Callable[[str], str]) -> dict[str, Any]:
    folder = attempt["folder"]
    judged = attempt["verdict"] in _JUDGED
    return {
        **attempt,
        "look": _LOOK.get(attempt["verdict"], "void"),
        "href": f"{link(folder)}/report.html" if folder is not None and judged else None,
        "claims": [
            (_WORDS[one["outcome"]], "" if one["measured"] is None else amount(metric, one["measured"]))
            for one, metric in zip(attempt["claims"], metrics, strict=True)
        ],
    }


def _values(fact: Fact) -> str:
    """One value as it is; several with how many runs had each."""
    values = fact["values"]
    if len(values) == 1:
        return units.plain(values[0]["value"])
    return "; ".join(f"{units.plain(each['value'])} in {each['runs']}" for each in values)
