"""Run folders of an older meshbench are judged as they were when they were made, field by field.

Each folder is what a real run left (``tests/fixtures/recorded``): a group behind Envoy whose primary was killed and
then switched over, source and replicas behind HAProxy whose primary was cut off, and a single server that was paused.
Beside it stands the summary that the judge of that day gave. A number that changes is a changed judgement: if it is
meant, say so in the change log, and make the summaries anew with ``meshbench judge FOLDER --unsealed --out …``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scenarios.run.judging import judged_again

pytestmark = pytest.mark.usefixtures("no_figures")

RUNS = Path(__file__).parent / "fixtures" / "recorded"


def differences(before: Any, after: Any, where: str = "") -> list[str]:
    """Every field in which two JSON values differ, with its path; also one that only one of them has."""
    if isinstance(before, dict) and isinstance(after, dict):
        keys = sorted(before.keys() | after.keys())
        gone = [f"{where}.{key} is only in one" for key in keys if (key in before) != (key in after)]
        both = [key for key in keys if key in before and key in after]
        return gone + [line for key in both for line in differences(before[key], after[key], f"{where}.{key}")]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = enumerate(zip(before, after, strict=True))
        return [line for at, (old, new) in pairs for line in differences(old, new, f"{where}[{at}]")]
    return [] if before == after and type(before) is type(after) else [f"{where}: {before!r} became {after!r}"]


def test_a_field_that_changed_is_named() -> None:
    before = {"rpo": {"lost": 0, "acked": 5}, "checks": [{"name": "torn"}], "gone": 1}
    after = {"rpo": {"lost": 0, "acked": 6}, "checks": [{"name": "latency"}]}
    assert differences(before, after) == [
        ".gone is only in one",
        ".checks[0].name: 'torn' became 'latency'",
        ".rpo.acked: 5 became 6",
    ]


@pytest.mark.parametrize("kind", ["group", "async", "single"])
def test_an_old_folder_is_judged_as_it_was(kind: str, tmp_path: Path) -> None:
    judged_again(RUNS / kind, out=tmp_path, unsealed=True, gates={})
    before = json.loads((RUNS / f"{kind}.summary.json").read_text())
    after = json.loads((tmp_path / "summary.json").read_text())
    assert differences(before, after) == []
