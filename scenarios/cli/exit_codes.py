"""What ``meshbench`` ends with, but for interruptions (see `scenarios.signals.exit_code`)."""

from __future__ import annotations

PASS, FAIL, USAGE, VOID, BROKE = 0, 1, 2, 3, 4
#: Of a verdict; a verdict that could not be printed has its code all the same.
EXIT_OF = {"pass": PASS, "fail": FAIL, "void": VOID, "broken": BROKE}
