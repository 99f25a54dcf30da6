"""Every report of a run, into its folder, and the checksums that seal it.

Each file is written beside its place and renamed into it, so a crash leaves the old page or none, never half of one.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from checks.history import History
from checks.judge import Judgement
from checks.phases import phases
from reports.figures import draw_figures
from reports.hdr import hdr_logs
from reports.junit import junit_xml
from reports.markdown import summary_md
from reports.openmetrics import openmetrics
from reports.page import report_html
from reports.schema import validate
from reports.summary import summarise

CHECKSUMS = "SHA256SUMS"


def write_reports(history: History, judgement: Judgement, out: Path) -> dict[str, Any]:
    """Write summary.json, the figures, the pages (html, md, junit.xml, metrics.prom), hdr/ and SHA256SUMS into ``out``.

    Creates ``out`` if need be. SHA256SUMS lists every file in and below ``out``, so that ``sha256sum -c SHA256SUMS``,
    run there, proves the whole folder. Returns the summary. Raises OSError where it cannot write, and
    jsonschema.ValidationError, before anything is written, when the summary breaks its own schema.
    """
    summary = summarise(history, judgement)
    validate(summary)
    pictures = draw_figures(summary, ops=history.ops, phases=phases(history).split(history.ops))
    files: dict[str, bytes] = {f"{name}.png": picture.wide for name, picture in pictures.items()}
    files["report.html"] = report_html(summary, pictures).encode()
    files["summary.md"] = summary_md(summary).encode()
    files["junit.xml"] = junit_xml(summary)
    files["metrics.prom"] = openmetrics(summary).encode()
    files["summary.json"] = json.dumps(summary, indent=2, ensure_ascii=False, allow_nan=False).encode() + b"\n"
    files |= hdr_logs(history)
    out.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (out / name).parent.mkdir(exist_ok=True)
        write_atomically(out / name, content)
    write_atomically(out / CHECKSUMS, checksums(out).encode(errors="surrogateescape"))
    return summary


def checksums(folder: Path) -> str:
    """Lines of ``sha256sum`` for every file in and below ``folder`` but its SHA256SUMS, sorted by path."""
    lines = []
    for file in sorted(folder.rglob("*")):
        name = file.relative_to(folder).as_posix()
        if file.is_file() and name != CHECKSUMS:
            with file.open("rb") as content:
                digest = hashlib.file_digest(content, "sha256").hexdigest()
            lines.append(_sum_line(digest, name))
    return "".join(lines)


def _sum_line(digest: str, name: str) -> str:
    """One line; coreutils marks a name with a backslash or a line end by a leading backslash, and escapes it."""
    escaped = name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    mark = "\\" if escaped != name else ""
    return f"{mark}{digest}  {escaped}\n"


def write_atomically(file: Path, content: bytes) -> None:
    """Write beside the place and rename into it."""
    part = file.with_name(f".{file.name}.part")
    part.write_bytes(content)
    part.replace(file)


def altered_files(folder: Path) -> list[str]:
    """Names in ``folder``'s SHA256SUMS whose content differs from it or is gone; empty where nothing was sealed."""
    sealed = folder / CHECKSUMS
    if not sealed.is_file():
        return []
    now = set(checksums(folder).splitlines())
    # A name need not be UTF-8, nor need a file that somebody put in this one's place.
    lines = sealed.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    return [
        line.partition("  ")[2].encode(errors="surrogateescape").decode(errors="backslashreplace")
        for line in lines
        if line not in now
    ]
