"""Judge altered folders through the command line's own door, and say what a judge may not do.

``python -m tests.checks.altered`` judges all of them, prints kinds against verdicts, and ends with 1 when the judge and
what is right disagree anywhere.
"""

from __future__ import annotations

import contextlib
import io
import logging
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import pyarrow as pa

from reports.charts.charts import Picture
from scenarios.cli.cli import main
from tests.checks.altered.cases import FAIL, PASS, REFUSED, VOID, Case

WORDS = {0: PASS, 1: FAIL, 2: REFUSED, 3: VOID}
#: What a terminal or a browser would obey: ESC, BEL and other controls, C1, and what turns the direction of text.
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
#: Words of Python and its libraries, which mean nothing to who has to fix a file.
PYTHON = re.compile(
    r"Traceback|\b[A-Z]\w*(?:Error|Exception|Warning)\b|NoneType|<class |object is not|not supported between"
    r"|codec can't|Expecting (?:value|property|',')|ArrowInvalid|unhashable|\bnp\.|invalid literal|could not convert"
    r"|\(char \d+\)|Extra data|UTF-8 BOM|list indices|\[Errno|surrogates not allowed|Unterminated string"
    r"|'(?:int|str|list|dict|float)'|\bTrue\b|\bFalse\b|\bNone\b"
)
PAGES = ("report.html", "summary.md", "junit.xml", "metrics.prom")


@dataclass(frozen=True, kw_only=True)
class Result:
    """said: pass, fail, void, exit 2, or how it broke. wrong: what it did that no judge may do."""

    case: Case
    said: str
    wrong: tuple[str, ...]
    output: str

    def told(self) -> str:
        """Two lines: what disagrees, and what the judge printed."""
        right = " or ".join(sorted(self.case.allowed))
        shown = " ".join(self.output.split())[:300].encode("ascii", "backslashreplace").decode()
        return f"{self.case.name}: said {self.said}, right is {right}; {', '.join(self.wrong)}\n    {shown}"


def judged(case: Case) -> Result:
    place = Path(tempfile.mkdtemp(prefix="altered-"))
    try:
        folder = case.folder().write(place / "run")
        words = ["judge", str(folder), *(["--out", str(place / "out")] if case.pages else [])]
        with contextlib.nullcontext() if case.pictures else _without_pictures():
            code, out, err = _called(words)
        pages = [(place / "out" / name) for name in PAGES if (place / "out" / name).exists()]
        written = {page.name: page.read_text(encoding="utf-8", errors="replace") for page in pages}
    finally:
        shutil.rmtree(place, ignore_errors=True)
    said = WORDS.get(code, f"exit {code}") if isinstance(code, int) else str(code)
    err = err.replace(str(folder) + "/", "").replace(str(folder), "the folder")
    return Result(
        case=case,
        said=said,
        wrong=tuple(_complaints(case, said, out, err, written)),
        output=OBEYED.sub("?", err.strip() or out.strip()),
    )


def _without_pictures() -> contextlib.AbstractContextManager[object]:
    """To draw them takes longer than all the rest."""
    blank = dict.fromkeys(("timeline", "latency", "waterfall"), Picture(wide=b"", narrow=b""))
    return mock.patch("reports.write.draw_figures", return_value=blank)


def _called(words: list[str]) -> tuple[object, str, str]:
    """Exit code (or what was raised), standard output and standard error."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code: object = main(words)
        except SystemExit as ended:
            code = ended.code
        except BaseException as raised:
            if isinstance(raised, KeyboardInterrupt):
                raise
            code = f"raised {type(raised).__name__}"
    return code, out.getvalue(), err.getvalue()


def _complaints(case: Case, said: str, out: str, err: str, pages: dict[str, str]) -> Iterator[str]:
    if said not in WORDS.values() or "Traceback" in err:
        yield "crash"
        return
    if said not in case.allowed:
        yield "false pass" if said == PASS else "false alarm" if case.allowed == {PASS} else "wrong verdict"
    if said == REFUSED:
        lines = err.strip().splitlines()
        if len(lines) != 1:
            yield "not one line"
        # What is wrong with one operation of several files is told of all of them, with its key.
        if not any(file in err or (file.startswith("ops/") and "ops/*.parquet" in err) for file in case.files):
            yield "file not named"
    for text in (err, out.replace("True", "")):  # a pod may be called so
        if found := PYTHON.search(text):
            around = " ".join(text[max(0, found.start() - 60) : found.end() + 20].split())
            yield f"python's words (… {around} …)"
    for where, text in {"stdout": out, "stderr": err, **pages}.items():
        if OBEYED.search(text.replace("\r\n", "\n")):
            yield f"raw control characters in {where}"


def all_judged(cases: Iterable[Case]) -> Iterator[Result]:
    """One after the other, on one core: the folders are small, and threads would only wait for each other."""
    logging.getLogger("meshbench").setLevel(logging.ERROR)
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    for case in cases:
        yield judged(case)


def table(results: Iterable[Result]) -> str:
    """Kinds against verdicts, and how many disagree with what is right."""
    counts: dict[str, Counter[str]] = {}
    for one in results:
        line = counts.setdefault(one.case.kind, Counter())
        line[one.said if one.said in WORDS.values() else "broke"] += 1
        line["wrong"] += bool(one.wrong)
    heads = [PASS, FAIL, VOID, REFUSED, "broke", "wrong"]
    width = max(map(len, counts), default=4)
    lines = [f"{'kind':{width}}  folders  " + "  ".join(f"{head:>6}" for head in heads)]
    total: Counter[str] = Counter()
    for kind, line in counts.items():
        lines.append(_line(kind, line, heads, width))
        total += line
    return "\n".join([*lines, _line("all", total, heads, width)])


def _line(kind: str, count: Counter[str], heads: list[str], width: int) -> str:
    folders = sum(count[head] for head in heads if head != "wrong")
    return f"{kind:{width}}  {folders:7}  " + "  ".join(f"{count[head]:6}" for head in heads)
