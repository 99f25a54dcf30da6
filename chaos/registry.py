"""Every fault by the word that scenarios use. A file in a family's folder is enough: all of them are imported, and what
they declare is found.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import chaos
from chaos import noop
from chaos.fault import Fault
from chaos.needs import NEEDS
from chaos.targets import TARGETS
from chaos.timeline import OF_A_STEP
from cluster.keys import MistakesError
from history.fields import DeclarationError

#: What every fault says of itself.
_SAID = ("does", "bites", "heals", "good", "targets")


def declared() -> dict[str, type[Fault]]:
    """Name -> fault, planned changes last; raises DeclarationError for one that cannot be as it is declared."""
    found: dict[str, type[Fault]] = {}
    for module in _modules():
        for fault in vars(module).values():
            if not inspect.isclass(fault) or fault.__module__ != module.__name__ or not issubclass(fault, Fault):
                continue
            if "name" not in vars(fault):
                continue  # what several faults have in common
            if lacking := [fact for fact in _SAID if not getattr(fault, fact, None)]:
                raise DeclarationError(f"{fault.__module__}: {fault.name} does not say {', '.join(lacking)}")
            if strange := [word for word in fault.targets if word not in TARGETS]:
                raise DeclarationError(f"{fault.__module__}: {strange[0]} is no target; chaos/targets.py has them")
            if unknown := [need for need in fault.needs if need not in NEEDS]:
                raise DeclarationError(
                    f"{fault.__module__}: {unknown[0]} is no need; chaos/needs.py has {', '.join(NEEDS)}"
                )
            if taken := sorted(_keys(fault) & set(OF_A_STEP)):
                raise DeclarationError(
                    f"{fault.__module__}: every step has a key {taken[0]}; give the fault's another name"
                )
            try:
                fault.read(fault.example)
            except MistakesError as error:
                raise DeclarationError(f"{fault.__module__}: the example of {fault.name} is none: {error}") from None
            if (twin := found.get(fault.name)) is not None:
                raise DeclarationError(f"{fault.name} is declared twice, in {twin.__module__} and {fault.__module__}")
            found[fault.name] = fault
    return dict(sorted(found.items(), key=lambda item: (not item[1].lasts, item[1].family(), item[0])))


def _keys(fault: type[Fault]) -> set[str]:
    try:
        return set(fault.declared_keys())
    except TypeError as error:
        raise DeclarationError(f"{fault.__module__}: {fault.name}: {error}") from None


def _modules() -> Iterator[ModuleType]:
    yield noop
    for folder in sorted(Path(chaos.__path__[0]).iterdir()):
        if any(folder.glob("*.py")) and not (folder / "__init__.py").exists():
            raise DeclarationError(
                f"{folder}: a family of faults needs an __init__.py; add one, with a docstring in it"
            )
    for family in pkgutil.iter_modules(chaos.__path__, "chaos."):
        if family.ispkg:
            package = importlib.import_module(family.name)
            for module in pkgutil.iter_modules(package.__path__, f"{family.name}."):
                yield _imported(module.name)


def _imported(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except Exception as error:
        raise DeclarationError(f"{name.replace('.', '/')}.py cannot be imported: {error!r}") from error


FAULTS = declared()
