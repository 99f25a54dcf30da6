"""Whether a pod's times are this machine's: faults are timed here, operations and samples there.

All of them are CLOCK_MONOTONIC, which nobody can set. Whether a pod's is ours shows in how far it is from the wall
clock, which is one for all containers of a kernel, unless somebody (or NTP, stepping) sets the wall clock in mid-run.
Then it shows in when the pod read it: another kernel's clock counts from another boot, and is not within the few
seconds in which the pod started.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping

from cluster.errors import HarnessError

#: The two must agree this well; they are one clock unless the engine runs in a virtual machine.
TOLERANCE_NS = 50_000_000


def require_same_clock(clock: Mapping[str, int], who: str, *, within: tuple[int, int]) -> None:
    """Raise HarnessError when the clock of a pod is not this machine's.

    clock: ``monotonic_ns`` and ``unix_ns`` of one moment there. within: CLOCK_MONOTONIC here before it can have read
    them, and after.
    """
    try:
        theirs, ours = clock["unix_ns"] - clock["monotonic_ns"], wall_at_zero_ns()
    except (KeyError, TypeError):
        raise HarnessError(f"the {who} did not record its clock") from None
    if abs(theirs - ours) <= TOLERANCE_NS:
        return
    if platform.system() == "Linux" and within[0] <= clock["monotonic_ns"] <= within[1]:
        return
    raise HarnessError(
        f"the clock of the {who} differs from the host's by {abs(theirs - ours) / 1e6:.0f} ms, and is not the host's "
        "own: the engine runs on another kernel; run meshbench on the engine's own host"
    )


def wall_at_zero_ns() -> int:
    """The wall clock when CLOCK_MONOTONIC was zero, by both as they are now."""
    return time.time_ns() - time.monotonic_ns()


def step_note(at_start_ns: int) -> str | None:
    """A sentence for the run's page if the wall clock was set since. at_start_ns: `wall_at_zero_ns` of the start."""
    step_ns = wall_at_zero_ns() - at_start_ns
    if abs(step_ns) <= TOLERANCE_NS:
        return None
    return (
        f"the wall clock of this machine was set by {step_ns / 1e9:+.3f} s during the run: all times are by "
        "CLOCK_MONOTONIC, which cannot be set; dates are by the clock of the start, and replication lag, which MySQL "
        "takes from the wall clock, may be wrong"
    )
