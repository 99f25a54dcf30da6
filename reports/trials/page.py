"""The page of several trials of one scenario: one file that works anywhere, offline, in the look of a run's report.

Fills ``trials.html.j2`` from the content of trials.json; says nothing that does not hold.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from reports.charts.charts import Picture
from reports.formats.page import CSS, embedded, template
from reports.text.units import UNKNOWN, duration
from reports.trials.headline import at_least, between, short_words, value_words
from reports.trials.quantiles import SHARES, least_for_bound
from reports.trials.trials_types import AttemptRow, Distribution, QuantileRow, StruckRow, TrialsContent

_HERE = Path(__file__).parent
_OWN_CSS = _HERE.parent / "matrix" / "matrix.css"
#: Of `SHARES`, as a table heads them.
SHARE_NAMES = {0.5: "median", 0.9: "90 %", 0.95: "95 %", 0.99: "99 %"}


def trials_html(content: TrialsContent, pictures: Mapping[str, Picture]) -> str:
    """The page. pictures: ``strip``, ``outage``, ``steps`` and ``response``, each in both sizes."""
    rows = [one["quantiles"] for one in content["distributions"]]
    carried = [at for at in range(len(SHARES)) if any(row[at]["value"] is not None for row in rows)]
    return template(_HERE / "trials.html.j2").render(
        t=content,
        css=CSS.read_text() + _OWN_CSS.read_text(),
        pictures=embedded(pictures),
        header={"pass": "pass", "fail": "fail"}.get(content["verdict"], "void"),
        counted=counted_words(content),
        quantiles=[SHARE_NAMES[SHARES[at]] for at in carried],
        missing=[_missing(at) for at in range(len(SHARES)) if at not in carried],
        spreads=[_spread(one, content, carried) for one in content["distributions"]],
        shares=[(f"{one['number']} of {one['of']}", one["words"], between(one)) for one in content["shares"]],
        attempts=[_attempt(row) for row in sorted(content["attempts"], key=lambda row: row["order"])],
    )


def counted_words(content: TrialsContent) -> str:
    """What became of the trials in the end: ``9 pass, 1 void``."""
    return ", ".join(f"{number} {verdict}" for verdict, number in content["trials_by_verdict"].items() if number)


def quantile_words(row: QuantileRow, one: Distribution) -> tuple[str, str]:
    """A quantile and its interval, or how many trials carry them."""
    if row["value"] is None:
        return UNKNOWN, f"upper bound from {row['least_for_high']} trials"
    low, high = value_words(row["low"], one), value_words(row["high"], one)
    if row["low"] is None and row["high"] is None:
        bounds = f"interval from {row['least_for_high']} trials"
    elif row["high"] is None:
        bounds = f"at least {low}; upper bound from {row['least_for_high']}"
    else:
        bounds = f"{low} to {high}" if row["low"] is not None else f"at most {high}"
    return value_words(row["value"], one), bounds


def _missing(at: int) -> str:
    """What it takes for a quantile that so few trials do not carry."""
    share = SHARES[at]
    name = SHARE_NAMES[share]
    return f"{name} from {math.ceil(1 / (1 - share) - 1e-9)} trials, its upper bound from {least_for_bound(share)}"


def _spread(one: Distribution, content: TrialsContent, carried: Sequence[int]) -> dict[str, object]:
    return {
        "name": short_words(one),
        "n": f"{one['n']}" if one["n"] == content["counted"] else f"{one['n']} of {content['counted']}",
        "quantiles": [quantile_words(one["quantiles"][at], one) for at in carried],
        "min": value_words(one["min"], one),
        "max": value_words(one["max"], one),
        "within": at_least(one["within_max"]),
    }


def _struck(one: StruckRow) -> str:
    return f"{one['fault']} of {one['pod'] or one['target']} at {duration(one['since_load_ms'])}"


def _attempt(row: AttemptRow) -> dict[str, object]:
    return {
        **row,
        "name": f"{row['number']}" if row["attempt"] == 1 else f"{row['number']}, attempt {row['attempt']}",
        "badge": row["verdict"].replace(" ", "-"),
        "href": f"{row['folder']}/report.html" if row["verdict"] in ("pass", "fail", "void") else None,
        "outage": duration(row["numbers"].get("write_outage_ms")),
        "struck": "; ".join(map(_struck, row["struck"])),
        "found": "" if row["verdict"] == "pass" else row["why"],
    }
