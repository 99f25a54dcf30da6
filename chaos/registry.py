"""Every fault by the word that scenarios use. A file in a family's folder is enough: all of them are imported, and what
they declare is found.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import chaos
from chaos import noop
from chaos.declared import faults_in
from chaos.fault import Fault
from history.fields import DeclarationError


def declared() -> dict[str, type[Fault]]:
    """Name -> fault, planned changes last; raises DeclarationError for one that cannot be as it is declared."""
    found: dict[str, type[Fault]] = {}
    for module in _modules():
        for fault in faults_in(module):
            if (twin := found.get(fault.name)) is not None:
                raise DeclarationError(f"{fault.name} is declared twice, in {twin.__module__} and {fault.__module__}")
            found[fault.name] = fault
    return dict(sorted(found.items(), key=lambda item: (not item[1].lasts, item[1].family(), item[0])))


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
