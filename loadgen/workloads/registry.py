"""Every workload by its name, and how a user's own class becomes one: ``path/to/file.py:ClassName``.

A new workload of ours is a new file in this folder with a ``WORKLOAD`` in it.

A user's class is imported and checked by `loadgen.workloads.user_class`, which happens in a load pod or in the look
before the start, never on the host.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import loadgen.workloads
from cluster.keys import MistakesError
from history.vocabulary import WorkloadFacts
from loadgen.config import WorkloadConfig
from loadgen.errors import ConfigError
from loadgen.options import Options
from loadgen.user_code.importing import broken
from loadgen.workload import Workload
from loadgen.workloads.contract import Held
from loadgen.workloads.user_class import made, options_of, own_class, own_facts

#: The order in which messages and tables name them; others follow by name.
_ORDER = ("transfer", "tpcb", "smallbank", "tpcc", "append", "mixed-read")


def _declared() -> Iterator[type[Any]]:
    """The ``WORKLOAD`` of each file of this folder that has one."""
    for module in pkgutil.iter_modules(loadgen.workloads.__path__, f"{loadgen.workloads.__name__}."):
        if module.name != __name__:
            kind = getattr(importlib.import_module(module.name), "WORKLOAD", None)
            if isinstance(kind, type):
                yield kind


def _place(kind: type[Any]) -> tuple[int, str]:
    return _ORDER.index(kind.name) if kind.name in _ORDER else len(_ORDER), kind.name


#: Name in a scenario -> class. Each has the facts of `loadgen.workload.Facts`, and its constructor takes its Options.
WORKLOADS: Mapping[str, type[Any]] = {kind.name: kind for kind in sorted(_declared(), key=_place)}


def own_file(name: str) -> Path | None:
    """The file of a user's own workload, or None when the name is not of that form."""
    file, colon, _ = name.rpartition(":")
    return Path(file) if colon and file.endswith(".py") else None


def resolve(config: WorkloadConfig) -> tuple[Workload, Options]:
    """The workload and its options with every default filled in. Raises ConfigError."""
    file = own_file(config.name)
    if file is not None:
        return _own(config, file)
    kind = WORKLOADS.get(config.name)
    if kind is None:
        raise ConfigError(
            f"expected one of {', '.join(WORKLOADS)}, or path/to/file.py:ClassName, got {config.name!r}",
            key="workload.name",
        )
    options = _options(kind.Options, config)
    workload: Workload = kind(options)
    return workload, options


def _options(kind: type[Options], config: WorkloadConfig) -> Options:
    try:
        return kind.read(config.options, of=f"workload {config.name}")
    except MistakesError as error:
        mistake = error.mistakes[0]
        raise ConfigError(mistake.words, key=f"workload.{mistake.key}") from None


def facts_of(workload: Workload) -> WorkloadFacts:
    """What the class of a workload that `resolve` gave says of itself."""
    return workload.facts if isinstance(workload, Held) else declared_facts(type(workload))


def declared_facts(kind: type[Any]) -> WorkloadFacts:
    """What one of ours says of itself; most have nothing at the read port, and do not say so."""
    return WorkloadFacts(
        operations=kind.operations,
        reads=kind.reads,
        refusals=kind.refusals,
        keyed=kind.keyed,
        read_port=getattr(kind, "read_port", frozenset()),
    )


def create(config: WorkloadConfig) -> Workload:
    """The workload alone. Raises ConfigError."""
    return resolve(config)[0]


def _own(config: WorkloadConfig, file: Path) -> tuple[Workload, Options]:
    kind = own_class(file, config.name.rpartition(":")[2])
    asked = options_of(kind, file)
    try:
        options = _options(asked, config)
    except ConfigError:
        raise
    except Exception as error:  # noqa: BLE001  their own __post_init__ may raise anything
        raise ConfigError(broken(error, file), key="workload") from None
    held = Held(made(kind, options, file), name=config.name, file=file, facts=own_facts(kind, file))
    return held, options
