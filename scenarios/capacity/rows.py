"""What a search finds, as it stands in ``capacity.json``."""

from __future__ import annotations

from collections.abc import Sequence

from reports.capacity.content import Bracket, LimitRow, Verification
from reports.capacity.objective import Objective
from reports.capacity.step import Limit, Step
from reports.capacity.steps import step_row
from scenarios.capacity.search import Found


def bracket_row(found: Found) -> Bracket | None:
    bracket = found.bracket
    if bracket is None:
        return None
    return {"low_tps": bracket.low_tps, "high_tps": bracket.high_tps, "width": bracket.width}


def limit_row(limit: Limit | None) -> LimitRow | None:
    return None if limit is None else {"what": limit.what, "evidence": limit.evidence}


def verification(step: Step | None, objectives: Sequence[Objective]) -> Verification | None:
    if step is None:
        return None
    row = step_row(step, objectives)
    words = "held" if row["holds"] else f"did not hold: {row['why']}"
    return {"offered_tps": step.offered_tps, "holds": row["holds"], "words": words}
