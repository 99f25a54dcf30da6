"""Gates on the trial itself, which no check decides: a generator that ran late, or a host that others used.

Their numbers are in the manifest. A breach makes the run void, not failed: what was measured then says nothing about
MySQL. They hold for a folder that sets none, too.
"""

from __future__ import annotations

from collections.abc import Mapping

from checks.check import Gate
from history.history import History

LATENESS = Gate(
    name="lateness_p99",
    unit="ms",
    asks="how late the load generator sent 99 % of its operations; more makes a run void",
    path=("load", "lateness_ms", "p99"),
    needs="arrivals",
    default=100.0,
)
STEAL = Gate(
    name="steal_percent",
    unit="percent",
    asks="CPU time that other tenants of the machine took; more makes a run void",
    path=("host", "steal_percent"),
    default=25,
)
#: Of the machine's CPU in the worst ten seconds, what other processes had while pods were short of it (decision 0015).
CPU_PRESSURE_PERCENT = 25.0
CPU_PRESSURE = Gate(
    name="cpu_pressure",
    unit="percent",
    asks="CPU of the machine that other processes had in the worst ten seconds while pods waited for it; more makes a "
    f"run void ({CPU_PRESSURE_PERCENT:g} where it is left out)",
    path=("host", "cpu_pressure_percent"),
)
TRIAL_GATES = (LATENESS, STEAL, CPU_PRESSURE)
#: What holds of each where a run sets none.
HELD_BY_DEFAULT: Mapping[Gate, float] = {
    **{gate: gate.default for gate in TRIAL_GATES if gate.default is not None},
    CPU_PRESSURE: CPU_PRESSURE_PERCENT,
}


def noise(history: History) -> list[str]:
    """Why the trial was too noisy to prove anything, one line each. Raises HistoryError for a gate that is none."""
    reasons = [*_cut_off(history)]
    for gate, told in (
        (LATENESS, "the generator ran late: p99 {0:g} ms, limit {1:g} ms"),
        (STEAL, "the host was noisy: {0:g} % of CPU time stolen, limit {1:g} %"),
        (
            CPU_PRESSURE,
            "other processes took {0:g} % of this machine's CPU for ten seconds of the load, while pods waited for it; "
            "limit {1:g} %",
        ),
    ):
        measured, limit = gate.measured(history.manifest), gate.limit(history)
        limit = HELD_BY_DEFAULT[gate] if limit is None else limit
        if measured is not None and not gate.kept(measured, limit):
            reasons.append(told.format(measured, limit))
    return reasons


def _cut_off(history: History) -> list[str]:
    load = history.run.load
    if not load.is_cut or (load.unrecorded and not load.dead):  # else the run has said which it could not record
        return []
    codes = load.exit_codes
    names = [f"{name} (exit code {codes[name]})" if name in codes else name for name in load.dead]
    who = f"load pod {', '.join(names)}" if names else "the load generator"
    return [f"{who} exited early, so its record is incomplete"]
