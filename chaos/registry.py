"""Every fault by the word that scenarios use. A file in a family's folder is enough: all of them are imported, and what
they declare is found.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import ModuleType

import chaos
from chaos import noop
from chaos.fault import Fault
from chaos.needs import NEEDS
from chaos.timeline import OF_A_STEP
from cluster.keys import MistakesError

#: What every fault says of itself.
_SAID = ("does", "bites", "heals", "good", "targets")


def declared() -> dict[str, type[Fault]]:
    """Name -> fault, planned changes last; raises TypeError for one that cannot be as it is declared."""
    found: dict[str, type[Fault]] = {}
    for module in _modules():
        for fault in vars(module).values():
            if not inspect.isclass(fault) or fault.__module__ != module.__name__ or not issubclass(fault, Fault):
                continue
            if "name" not in vars(fault):
                continue  # what several faults have in common
            if lacking := [fact for fact in _SAID if not getattr(fault, fact, None)]:
                raise TypeError(f"{fault.__module__}: {fault.name} does not say {', '.join(lacking)}")
            if unknown := [need for need in fault.needs if need not in NEEDS]:
                raise TypeError(f"{fault.__module__}: {unknown[0]} is no need; chaos/needs.py has {', '.join(NEEDS)}")
            try:
                fault.read(fault.example)
            except MistakesError as error:
                raise TypeError(f"{fault.__module__}: the example of {fault.name} is none: {error}") from None
            if (twin := found.get(fault.name)) is not None:
                raise TypeError(f"{fault.name} is declared twice, in {twin.__module__} and {fault.__module__}")
            if taken := sorted(fault.declared_keys().keys() & set(OF_A_STEP)):
                raise TypeError(f"{fault.__module__}: every step has a key {taken[0]}; give the fault's another name")
            found[fault.name] = fault
    return dict(sorted(found.items(), key=lambda item: (not item[1].lasts, item[1].family(), item[0])))


def _modules() -> Iterator[ModuleType]:
    yield noop
    for family in pkgutil.iter_modules(chaos.__path__, "chaos."):
        if family.ispkg:
            package = importlib.import_module(family.name)
            for module in pkgutil.iter_modules(package.__path__, f"{family.name}."):
                yield importlib.import_module(module.name)


FAULTS = declared()
