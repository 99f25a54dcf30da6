"""The console's page: template, style and scripts beside this file and the content, all in one file.

Nothing is loaded from anywhere and only these scripts run: the content security policy names them by their hash, so
that a name in a scenario which got past all escaping would still do nothing.
"""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from reports.formats.page import CSS, template

_HERE = Path(__file__).parent
#: In the order in which they need each other.
SCRIPTS = (
    "format",
    "elements",
    "data",
    "sparkline",
    "overview",
    "series",
    "sides",
    "runs",
    "filters",
    "beside",
    "main",
)


def console_html(content: dict[str, Any], *, made_at: str) -> str:
    """The page. content: of `reports.console.content.content`. made_at: ISO 8601, UTC."""
    script = '(() => {\n"use strict";\n' + "\n".join((_HERE / f"{name}.js").read_text() for name in SCRIPTS) + "})();\n"
    return template(_HERE / "console.html.j2").render(
        css=CSS.read_text() + (_HERE / "console.css").read_text(),
        script=script,
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        data=in_script(content),
        beside=bool(content["beside"]),
        total=content["total"],
        shown=len(next(iter(content["rows"].values()), ())),
        made_at=made_at,
    )


def in_script(content: dict[str, Any]) -> str:
    """JSON that cannot end the script element it stands in, whatever its texts are."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
