"""Every check and every gate, collected from where they are declared: the files of ``checks/`` and
``checks/workloads/`` that have a ``CHECK`` in them, and `checks.noise` for the gates on the trial itself.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping

import checks
import checks.workloads
from checks.check import Check, Gate
from checks.noise import TRIAL_GATES

#: What judges with the declarations imports this module, and declares none.
_JUDGES = frozenset({"registry", "gates", "judge"})
#: The order in which a report tells of checks; others follow by name, the user's own verdict last of all.
_ORDER = (
    "durability",
    "conservation",
    "duplicates",
    "torn",
    "availability",
    "latency",
    "convergence",
    "replication",
    "tpcb",
    "smallbank",
    "tpcc",
    "append",
    "registers",
    "staleness",
)
_LAST = "locustfile"


def _declared() -> Iterator[Check]:
    for package in (checks, checks.workloads):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            if not module.ispkg and module.name.rpartition(".")[2] not in _JUDGES:
                check = getattr(importlib.import_module(module.name), "CHECK", None)
                if isinstance(check, Check):
                    yield check


def _place(check: Check) -> tuple[int, str]:
    known = _ORDER.index(check.name) if check.name in _ORDER else len(_ORDER) + (check.name == _LAST)
    return known, check.name


#: By name, in the order of every report.
CHECKS: dict[str, Check] = {check.name: check for check in sorted(_declared(), key=_place)}
#: The check that decides a gate, by the gate's name; none where the manifest itself holds the number, and then a breach
#: makes the run void, not failed.
DECIDER: Mapping[str, Check] = {gate.name: check for check in CHECKS.values() for gate in check.gates}
#: By name, in the order of every table.
GATES: Mapping[str, Gate] = {
    gate.name: gate for gate in (*(gate for check in CHECKS.values() for gate in check.gates), *TRIAL_GATES)
}
#: By the key in manifest.json and summary.json.
BY_KEY: Mapping[str, Gate] = {gate.key: gate for gate in GATES.values()}
#: Checks whose failure is lost or invented money.
SAFETY = frozenset(name for name, check in CHECKS.items() if check.safety)
