"""Every kind of alteration there is, and a choice among its cases for who has less time."""

from __future__ import annotations

import random
from collections.abc import Sequence

from tests.checks.altered import (
    kinds_books,
    kinds_files,
    kinds_harmless,
    kinds_journal,
    kinds_manifest,
    kinds_nodes,
    kinds_ops,
    kinds_rows,
    kinds_text,
    kinds_times,
    kinds_types,
)
from tests.checks.altered.cases import Case

FAMILIES = (
    kinds_harmless,
    kinds_rows,
    kinds_books,
    kinds_ops,
    kinds_times,
    kinds_types,
    kinds_files,
    kinds_manifest,
    kinds_journal,
    kinds_nodes,
    kinds_text,
)


def cases() -> list[Case]:
    """All cases, in the order of their families."""
    return [case for family in FAMILIES for case in family.cases()]


def spread(every: Sequence[Case], *, most: int) -> list[Case]:
    """About that many, of every kind some and always the same; kinds with few cases keep them all."""
    kinds: dict[str, list[Case]] = {}
    for case in every:
        kinds.setdefault(case.kind, []).append(case)
    each = 1
    while sum(min(each + 1, len(own)) for own in kinds.values()) <= most and each < len(every):
        each += 1
    rng = random.Random(7)
    return [case for own in kinds.values() for case in rng.sample(own, min(each, len(own)))]
