"""Run folders are built here as the checks' tests build them."""

from tests.checks.conftest import busy, changed, new_run, ns, run, tables, without, written

__all__ = ["busy", "changed", "new_run", "ns", "run", "tables", "without", "written"]
