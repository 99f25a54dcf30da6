"""What several trials of one scenario leave: the page and its machine-readable twin."""

from __future__ import annotations

import json

from reports.charts.charts import Picture, picture
from reports.files import write_atomically
from reports.schema import validate
from reports.trials.content import trials_content
from reports.trials.ecdf_chart import draw_ecdfs
from reports.trials.page import trials_html
from reports.trials.series import Series
from reports.trials.strip_chart import draw_strip
from reports.trials.trials_types import Distribution, TrialsContent


def write_trials(series: Series) -> TrialsContent:
    """Write trials.json and report.html into its folder; returns the content of trials.json.

    Raises OSError where it cannot write, and jsonschema.ValidationError before anything is written.
    """
    content = trials_content(series)
    validate(content, "trials")
    # The numbers first: were the drawing to fail, the trials would not have been run for nothing.
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    write_atomically(series.folder / "trials.json", text.encode() + b"\n")
    write_atomically(series.folder / "report.html", trials_html(content, _pictures(content)).encode())
    return content


def _pictures(content: TrialsContent) -> dict[str, Picture]:
    def ecdfs(*begins: str) -> Picture:
        shown: list[Distribution] = [one for one in content["distributions"] if one["name"].startswith(begins)]
        return picture(lambda size: draw_ecdfs(shown, size))

    return {
        "strip": picture(lambda size: draw_strip(content, size)),
        "outage": ecdfs("write_outage_ms", "brownout_ms"),
        "steps": ecdfs("step_"),
        "response": ecdfs("response_"),
    }
