"""``meshbench compare A B``: from two words to a comparison that a rerun has confirmed, or not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from cluster.errors import ConfigurationError
from reports.comparison.comparison_types import ComparisonContent
from reports.comparison.content import content, side_of
from reports.comparison.markdown import markdown
from reports.comparison.page import comparison_html
from reports.console.write import NAME as INDEX
from reports.files import write_atomically
from reports.schema import validate
from reports.seal import sealed_run_around
from reports.trends.comparison import Comparison, Least, compare
from reports.trends.store import FILE as HISTORY
from scenarios.compare.gate import Rerun, looked_at_again
from scenarios.compare.selection import chosen


class Compared:
    """A and B, compared; `look_again` confirms what is flagged."""

    def __init__(self, word_a: str, word_b: str, *, runs: Path, least: Mapping[str, Least]) -> None:
        """Raises ConfigurationError where a word means no trial, or A and B have nothing in common."""
        a, b = chosen(word_a, word_b, runs=runs)
        self._a, self._b = side_of(word_a, a), side_of(word_b, b)
        self.comparison: Comparison = compare(a, b, least=least)
        if not self.comparison.pairs:
            raise ConfigurationError(
                f"compare {word_a} {word_b}: no scenario in the same cell is in both: "
                f"{'; '.join(self.comparison.left_out)}"
            )

    def look_again(self, rerun: Rerun) -> None:
        """Run again what is flagged; raises what `rerun` does."""
        self.comparison = looked_at_again(self.comparison, rerun)

    @property
    def content(self) -> ComparisonContent:
        """Keeps its schema; raises jsonschema.ValidationError where it does not."""
        found = content(self.comparison, a=self._a, b=self._b)
        validate(found, "comparison")
        return found


def write(found: ComparisonContent, out: Path) -> None:
    """compare.html, compare.md and compare.json into ``out``. Raises ConfigurationError where that cannot be done."""
    if (run := sealed_run_around(out)) is not None:
        raise ConfigurationError(f"--out {out}: {run} is a sealed run, which stays as it is; give another folder")
    if (out / HISTORY).exists() or (out / INDEX).exists():
        raise ConfigurationError(f"--out {out}: is a folder of runs; give one of its own, such as {out / 'compared'}")
    files = {
        "compare.html": comparison_html(found),
        "compare.md": markdown(found),
        "compare.json": in_json(found) + "\n",
    }
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            write_atomically(out / name, text.encode())
    except OSError as error:
        raise ConfigurationError(f"--out {out}: cannot be written there: {error.strerror or error}") from None


def in_json(found: ComparisonContent) -> str:
    return json.dumps(found, indent=2, ensure_ascii=False, allow_nan=False)
