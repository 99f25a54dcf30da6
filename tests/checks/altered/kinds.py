"""Every kind of alteration there is."""

from __future__ import annotations

from tests.checks.altered import kinds_rows
from tests.checks.altered.cases import Case

FAMILIES = (kinds_rows,)


def cases() -> list[Case]:
    """All cases, in the order of their families."""
    return [case for family in FAMILIES for case in family.cases()]
