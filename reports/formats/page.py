"""``report.html``: the whole run on one page that works anywhere, offline, without a script and without a request.

Fills ``report.html.j2`` from a summary; says nothing the summary does not hold. All values are escaped, because they
come out of logs and files; a content security policy keeps even a mistake from running or loading anything.
"""

from __future__ import annotations

import base64
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from reports.charts.charts import Picture
from reports.charts.recovery_steps import recovered
from reports.key_numbers import PERCENTILES, gate_words, key_numbers, latency_rows
from reports.mesh_text import mesh_words
from reports.provenance import provenance_words
from reports.summary_types import ErrorRow, FaultRow, PromiseRow, Section, Summary
from reports.text import units
from reports.text.decisions import decision_rows, quarantine_words
from reports.text.errors import error_words
from reports.text.locustfile import facts_of
from reports.text.notes import LATE_MS
from reports.text.server_words import words_rows
from reports.text.steps import evidence_words, step_words
from reports.text.visible import visible

_HERE = Path(__file__).parent
#: The look of every page.
CSS = _HERE / "report.css"
#: Of the generator's account, what has its own table or is only for the checks.
_OF_MACHINES = frozenset({"lateness_ms", "zero_ns", "rows", "locustfile"})


def report_html(summary: Summary, pictures: Mapping[str, Picture]) -> str:
    """The page. pictures: ``timeline``, ``latency`` and ``waterfall``, each in both sizes."""
    return template(_HERE / "report.html.j2").render(
        s=summary,
        css=CSS.read_text(),
        pictures=embedded(pictures),
        gates=gate_words(summary),
        mesh=mesh_words(summary["mesh"]),
        provenance=provenance_words(summary),
        quarantined=[quarantine_words(pod) for pod in summary["quarantined"]],
        decisions=decision_rows(summary),
        server_words=words_rows(summary),
        teaches=_teaches(summary),
        key_numbers=key_numbers(summary),
        recovered=recovered(summary["faults"]),
        percentiles=PERCENTILES,
        latency_rows=latency_rows(summary),
        setup=_setup(summary),
    )


def template(file: Path) -> Template:
    """A page's template, with every value escaped and the filters of all pages."""
    environment = Environment(
        loader=FileSystemLoader(file.parent),
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        asked=_asked,
        error_words=_error,
        evidence_words=evidence_words,
        count=units.count,
        duration=units.duration,
        facts=units.facts,
        label=units.label,
        plain=units.plain,
        prose=_prose,
        shell=shlex.join,
        step_words=step_words,
    )
    return environment.get_template(file.name)


def _shown(value: Any) -> Any:
    """What a template is about to show; markup is our own."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _prose(text: str | None) -> Markup:
    """A sentence in which what stands between backticks is code, escaped as all else."""
    shown = visible(text or "")
    parts = shown.split("`")
    if len(parts) % 2 == 0:  # one of them stands alone
        return escape(shown)
    marked = (Markup("<code>{}</code>").format(part) if at % 2 else escape(part) for at, part in enumerate(parts))
    return Markup("").join(marked)


def embedded(pictures: Mapping[str, Picture]) -> dict[str, dict[str, str]]:
    """Name -> ``wide`` and ``narrow`` as data URIs."""
    return {
        name: {"wide": _data_uri(picture.wide), "narrow": _data_uri(picture.narrow)}
        for name, picture in pictures.items()
    }


def _data_uri(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"


def _teaches(summary: Summary) -> str:
    """What the scenario is about; said of this run only where it came out so."""
    about = summary["teaches"] or ""
    return about if summary["shown"] or not about else f"what the scenario shows, but not in this run: {about}"


def _error(error: ErrorRow, mesh: Section) -> str:
    """An error of an operation in plain words; its number has a column of its own."""
    return error_words(None, error["error"], direct=mesh.get("mode") == "direct")


def _asked(fault: FaultRow) -> Section:
    """What a step of the timeline was told to do, for its card; left out where it was not told."""
    healed = "never, it was for good" if fault["for_good"] else None
    if healed is None and not fault["operation"]:
        healed = "when the load ended" if fault["heal_after_s"] is None else f"after {fault['heal_after_s']:g} s"
    cut = fault["isolates_from"]
    told = {
        "hits": fault["hits"],
        "peer": fault["peer"],
        "cut_off_from": ["everyone, clients included"] if cut == ["all"] else cut,
        "after": fault["after"],
        **fault["parameters"],
        "healed": healed if fault["hits"] else None,  # a record of another tool does not say
        "came_late_by_ms": fault["late_ms"] if (fault["late_ms"] or 0) > LATE_MS else None,
        "took_ms": fault["took_ms"],
    }
    return {name: value for name, value in told.items() if value not in (None, [])}


def _setup(summary: Summary) -> list[tuple[str, Section]]:
    """Titled tables of what the run was made of; an empty part is left out."""
    parts = {
        "Workload": summary["workload"],
        "Topology": summary["topology"] | _promise(summary["promise"]),
        "Mesh": summary["mesh"],
        # Its pieces may be thousands; the chart shows them better.
        "Load model": {key: value for key, value in summary["load_model"].items() if key != "pieces"},
        "Load": {key: value for key, value in summary["generator"].items() if key not in _OF_MACHINES},
        "Locustfile": facts_of(summary["generator"]),
        "Durations in seconds": {"boot": summary["boot_s"], **summary["durations_s"]},
        "Versions": {name: one for name, one in summary["versions"].items() if name != "packages"},
        "Packages in the images": _part(summary["versions"], "packages"),
        "Images": summary["images"],
        "Host": summary["host"],
        "MySQL options asked for, and what is in effect": _options(summary),
    }
    return [(title, facts) for title, facts in parts.items() if any(value is not None for value in facts.values())]


def _part(of: Section, name: str) -> Section:
    part = of.get(name)
    return part if isinstance(part, dict) else {}


def _promise(promise: PromiseRow | None) -> dict[str, str]:
    """Whether acknowledged money may be lost with the primary, as a row of the set-up."""
    if promise is None:
        return {}
    return {"may lose acknowledged commits": f"{'yes' if promise['may_lose'] else 'no'}: {promise['why']}"}


def _options(summary: Summary) -> Section:
    """Option -> what was asked, where, and what every pod has; one value where all have the same."""
    rows = {}
    for row in summary["mysql_options"]:
        effective = row["effective"]
        same = set(effective.values())
        shown = [f"{pod} {value}" for pod, value in effective.items()] if len(same) > 1 else sorted(same)
        now = f"; in effect: {', '.join(shown)}" if effective else ""
        note = f" ({row['note']})" if row["note"] else ""
        rows[row["option"]] = f"{row['from']} asked {row['asked']}{now}{note}"
    return rows or summary["mysql_config"]
