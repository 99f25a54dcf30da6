"""Every check and every gate, collected from where they are declared: the files of ``checks/`` and
``checks/workloads/`` that have a ``CHECK`` in them, and `checks.noise` for the gates on the trial itself.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import checks
import checks.workloads
from checks.check import Check, Gate
from checks.noise import TRIAL_GATES
from history.fields import DeclarationError

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
                for name, check in vars(importlib.import_module(module.name)).items():
                    if isinstance(check, Check):
                        if name != "CHECK":
                            raise DeclarationError(f"{module.name}: a check is declared as CHECK, not as {name}")
                        yield check


def distinct(checks: Iterable[Check], trial: Iterable[Gate]) -> None:
    """Raise DeclarationError where two checks have one name, or two gates one name or one key: one of them would judge
    for the other. trial: the gates that no check decides."""
    checks = list(checks)
    gates = [*(gate for check in checks for gate in check.gates), *trial]
    for what, names in (
        ("check", [check.name for check in checks]),
        ("gate", [gate.name for gate in gates]),
        ("key of a gate", [gate.key for gate in gates]),
    ):
        twins = sorted(name for name, times in Counter(names).items() if times > 1)
        if twins:
            raise DeclarationError(f"{what} {twins[0]!r} is declared twice; give the new one a name of its own")


def _place(check: Check) -> tuple[int, str]:
    known = _ORDER.index(check.name) if check.name in _ORDER else len(_ORDER) + (check.name == _LAST)
    return known, check.name


_ALL = sorted(_declared(), key=_place)
distinct(_ALL, TRIAL_GATES)
#: By name, in the order of every report.
CHECKS: dict[str, Check] = {check.name: check for check in _ALL}
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
