"""What a folder declares: a file in it is enough, nobody else spells its name."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Sequence
from types import ModuleType
from typing import Any


def declared(folder: ModuleType, base: type[Any], *, word: str, first: Sequence[str] = ()) -> dict[str, Any]:
    """An instance of every class in the files of a package that is derived from ``base`` and has a word of its own.

    word: the name of the attribute that has it. first: the words that come first, in this order; others follow by word.
    Raises TypeError where two classes have one word.
    """
    classes: dict[str, type[Any]] = {}
    for module in pkgutil.iter_modules(folder.__path__, f"{folder.__name__}."):
        for kind in vars(importlib.import_module(module.name)).values():
            if not inspect.isclass(kind) or kind.__module__ != module.name or base not in kind.__mro__[1:]:
                continue
            name = vars(kind).get(word)
            if name is None:
                continue  # what several have in common
            if (twin := classes.get(name)) is not None:
                raise TypeError(f"{name} is declared twice, in {twin.__module__} and {kind.__module__}")
            classes[name] = kind
    order = {name: place for place, name in enumerate(first)}
    return {name: classes[name]() for name in sorted(classes, key=lambda name: (order.get(name, len(order)), name))}
