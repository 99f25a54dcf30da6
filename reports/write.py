"""Every report of a judgement, into a folder. `reports.seal` is what makes that folder evidence."""

from __future__ import annotations

import json
from pathlib import Path

from checks.judge import Judgement
from checks.recovery.phases import phases
from history.history import History
from reports.charts.charts import draw_figures
from reports.files import write_atomically
from reports.formats.hdr import hdr_logs
from reports.formats.junit import junit_xml
from reports.formats.markdown import summary_md
from reports.formats.openmetrics import openmetrics
from reports.formats.page import report_html
from reports.provenance import UNSEALED, Provenance
from reports.schema import validate
from reports.summary import summarise
from reports.summary_types import Summary


def write_reports(history: History, judgement: Judgement, out: Path, *, provenance: Provenance = UNSEALED) -> Summary:
    """Write the figures, the pages (html, md, junit.xml, metrics.prom), hdr/ and summary.json into ``out``.

    Creates ``out`` if need be. Each file is whole or not there, whenever it is interrupted. provenance: as for
    `summarise`. Returns the summary. Raises OSError where it cannot write, and jsonschema.ValidationError, before
    anything is written, when the summary breaks its own schema.
    """
    summary = summarise(history, judgement, provenance=provenance)
    validate(summary)
    pictures = draw_figures(summary, ops=history.ops, phases=phases(history).split(history.ops))
    files: dict[str, bytes] = {f"{name}.png": picture.wide for name, picture in pictures.items()}
    files["report.html"] = report_html(summary, pictures).encode()
    files["summary.md"] = summary_md(summary).encode()
    files["junit.xml"] = junit_xml(summary)
    files["metrics.prom"] = openmetrics(summary).encode()
    files |= hdr_logs(history)
    files["summary.json"] = json.dumps(summary, indent=2, ensure_ascii=False, allow_nan=False).encode() + b"\n"
    out.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (out / name).parent.mkdir(exist_ok=True)
        write_atomically(out / name, content)
    return summary
