"""The page of a matrix: one file that works anywhere, offline, in the look of a run's report.

Fills ``matrix.html.j2`` from the content of matrix.json; says nothing that does not hold. Words are chosen here so that
the template only lays out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from reports.charts.charts import Picture
from reports.formats.page import CSS, embedded, template
from reports.matrix.headline import loss
from reports.matrix.matrix_types import CellRow, Comparison, Matrix, Spread
from reports.matrix.mesh_tax import BASELINE
from reports.matrix.trial_stats import extremes, middle_words
from reports.summary_types import PHASES
from reports.text.units import UNKNOWN, count, duration

_HERE = Path(__file__).parent
_OWN_CSS = _HERE / "matrix.css"
#: Of the cells that dominate another the page names about so many; matrix.json has all.
_NAMED = 2


def matrix_html(matrix: Matrix, pictures: Mapping[str, Picture]) -> str:
    """The page. pictures: ``recovery`` and ``tradeoff``, each in both sizes."""
    cells = [cell for cell in matrix["cells"] if cell["verdict"] != "not applicable"]
    return template(_HERE / "matrix.html.j2").render(
        m=matrix,
        css=CSS.read_text() + _OWN_CSS.read_text(),
        pictures=embedded(pictures),
        header={"pass": "pass", "fail": "fail"}.get(matrix["verdict"], "void"),
        ranked=[_glance(cell) for cell in cells],
        not_applicable=[(cell["name"], cell["why"]) for cell in matrix["cells"] if cell["verdict"] == "not applicable"],
        frontier=[_frontier(cell) for cell in cells],
        curves=matrix["failover_curves"],
        varied=[_varied(cell) for cell in cells if cell["varied"]],
        phases=PHASES,
        costs=[_costs(cell) for cell in cells],
        counted=", ".join(
            f"{number} {verdict}" for verdict, number in Counter(one["verdict"] for one in cells).items()
        ),
        taxes=[_tax(cell) for cell in cells if cell["mesh"] != BASELINE],
        decisions=[one for cell in cells for one in _decisions(cell)],
        trials=_trials(cells),
    )


def _glance(cell: CellRow) -> dict[str, object]:
    promise = cell["promise"]
    return {
        "name": cell["name"],
        "verdict": cell["verdict"],
        "why": "" if cell["verdict"] == "pass" else cell["why"],
        "outage": _both(cell["write_outage_ms"]),
        "interval": _interval(cell["write_outage_ms"]),
        "loss": loss(cell),
        "lost": bool(cell["rpo"]["lost"]),
        "duplicated": count(cell["rpo"]["duplicated"]),
        "may_lose": UNKNOWN if promise is None else "possible" if promise["may_lose"] else "none",
        "promise": "" if promise is None else promise["why"],
        "p99": _both(cell["response_ms"]["before"]["p99"]),
        "tax": ("baseline", "") if cell["mesh"] == BASELINE else _ratio(cell["mesh_tax"]["response_before_p50_ms"]),
        "trials": _counted(cell),
    }


def _frontier(cell: CellRow) -> dict[str, object]:
    row = cell["frontier"]
    by = [f"{one['cell']}{'' if one['separated'] else ' (not separated)'}" for one in row["dominated_by"]]
    more = [f"{len(by) - _NAMED} more"] if len(by) > _NAMED + 1 else []
    shown = [*by[:_NAMED], *more] if more else by
    word = {True: "on it", False: "dominated", None: "not compared"}[row["in_set"]]
    return {
        "name": cell["name"],
        "word": word,
        "in_set": row["in_set"],
        "outage": _both(cell["write_outage_ms"]),
        "outage_interval": _interval(cell["write_outage_ms"]),
        "lost": UNKNOWN if row["lost_per_trial"] is None else f"{row['lost_per_trial']:g}",
        "lost_spread": extremes(cell["lost"], "lost"),
        "p99": _both(cell["response_ms"]["before"]["p99"]),
        "p99_interval": _interval(cell["response_ms"]["before"]["p99"]),
        "why": row["why"] or "; ".join(shown),
    }


def _varied(cell: CellRow) -> dict[str, object]:
    """Asked and read back, of each varied key."""
    keys = [(one["name"], ", ".join(one["in_force"]) or UNKNOWN, one["source"] or UNKNOWN) for one in cell["varied"]]
    wrong = dict.fromkeys(one["wrong"] for trial in cell["trials"] for one in trial["effective"] if one["wrong"])
    return {"where": f"{cell['topology']} / {cell['mesh']}", "keys": keys, "wrong": "; ".join(wrong)}


def _counted(cell: CellRow) -> str:
    """What became of the trials: ``2 pass, 1 void``."""
    return ", ".join(f"{number} {verdict}" for verdict, number in cell["trials_by_verdict"].items() if number)


def _both(found: Spread | None) -> tuple[str, str]:
    """Median and extremes of a time in milliseconds."""
    return middle_words(found, "_ms"), extremes(found, "_ms")


def _interval(found: Spread | None) -> str:
    if found is None or found["ci95"] is None:
        return ""
    low, high = found["ci95"]
    return f"95 %: {duration(low)} to {duration(high)}"


def _ratio(comparison: Comparison | None) -> tuple[str, str]:
    """``1.20 x`` and its extremes, where trials differ."""
    ratio = comparison["ratio"] if comparison else None
    if ratio is None:
        return UNKNOWN, ""
    middle, low, high = (f"{number:.2f}" for number in (ratio["median"], ratio["min"], ratio["max"]))
    return f"{middle} x", "" if low == high else f"{low} to {high}"


def _difference(comparison: Comparison | None, *, unit: str) -> str:
    difference = comparison["difference"] if comparison else None
    if difference is None:
        return ""
    middle = difference["median"]
    size = duration(abs(middle)) if unit == "ms" else f"{count(round(abs(middle), 1))}{unit}"
    return f"{'-' if middle < 0 else '+'}{size}"


def _costs(cell: CellRow) -> dict[str, object]:
    response = cell["response_ms"]
    return {
        "name": cell["name"],
        "response": {
            phase: [middle_words(times, "_ms") for times in (response[phase]["p50"], response[phase]["p99"])]
            for phase in PHASES
        },
        "achieved": middle_words(cell["achieved_tps"], "_tps"),
        "offered": middle_words(cell["offered_tps"], "_tps"),
        "cpu": _whole(cell["client_cpu_us_per_txn"]),
        "boot": middle_words(cell["boot_s"], "_s"),
    }


def _whole(found: Spread | None) -> str:
    return count(None if found is None else round(found["median"]))


def _tax(cell: CellRow) -> dict[str, object]:
    tax = cell["mesh_tax"]
    kinds = (
        (tax["response_before_p50_ms"], "ms"),
        (tax["response_before_p99_ms"], "ms"),
        (tax["achieved_before_tps"], "/s"),
    )
    return {
        "name": cell["name"],
        "absent": tax["absent"],
        "pairs": tax["pairs"],
        "left_out": "; ".join(tax["left_out"]),
        "columns": [(*_ratio(cost), _difference(cost, unit=unit)) for cost, unit in kinds],
    }


def _decisions(cell: CellRow) -> list[dict[str, object]]:
    """One table a trial that has any: what the control plane decided, from shortly before the fault on."""
    return [
        {"title": f"{cell['name']}, trial {trial['number']}", "rows": trial["decisions"]}
        for trial in cell["trials"]
        if trial["decisions"]
    ]


def _trials(cells: list[CellRow]) -> list[dict[str, object]]:
    """Every trial in the order it was run, with its own outage and a link to its own report."""
    trials = [(trial, cell) for cell in cells for trial in cell["trials"]]
    return [
        {
            **trial,
            "name": cell["name"],
            "outage": duration((trial["numbers"] or {}).get("write_outage_ms") if trial["counts"] else None),
            "found": "" if trial["verdict"] == "pass" else trial["why"],
            "href": f"{trial['folder']}/report.html" if trial["folder"] and trial["numbers"] else None,
            "badge": trial["verdict"].replace(" ", "-"),
        }
        for trial, cell in sorted(trials, key=lambda pair: pair[0]["order"])
    ]
