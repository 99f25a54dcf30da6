"""Every workload by its name, and how a user's own class becomes one: ``path/to/file.py:ClassName``.

A user's class is checked here, on the host, before anything starts: the file, the class, its five verbs, its keys.
"""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from loadgen.append import Append
from loadgen.config import WorkloadConfig
from loadgen.errors import ConfigError
from loadgen.held import Held
from loadgen.mixed_read import MixedRead
from loadgen.options import Options
from loadgen.smallbank import SmallBank
from loadgen.tpcb import TpcB
from loadgen.tpcc import TpcC
from loadgen.transfer import Transfer
from loadgen.workload import Workload

#: Name in a scenario -> class. Each has an attribute Options, and its constructor takes one of these.
WORKLOADS: Mapping[str, type[Any]] = {
    "transfer": Transfer,
    "tpcb": TpcB,
    "smallbank": SmallBank,
    "tpcc": TpcC,
    "append": Append,
    "mixed-read": MixedRead,
}

#: The verbs of workload.Workload, with the arguments each is called with.
VERBS: Mapping[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
    "setup": ((None,), {"seed": 1}),
    "check": ((None,), {}),
    "next": ((None, "key"), {}),
    "run": ((None, None), {}),
    "final_queries": ((), {}),
}


def own_file(name: str) -> Path | None:
    """The file of a user's own workload, or None when the name is not of that form."""
    file, colon, _ = name.rpartition(":")
    return Path(file) if colon and file.endswith(".py") else None


def resolve(config: WorkloadConfig) -> tuple[Workload, Options]:
    """The workload and its options with every default filled in. Raises ConfigError."""
    kind = _own(config.name) if own_file(config.name) else WORKLOADS.get(config.name)
    if kind is None:
        raise ConfigError(
            f"expected one of {', '.join(WORKLOADS)}, or path/to/file.py:ClassName, got {config.name!r}",
            key="workload.name",
        )
    options = _options(kind, config.name).read(config.options, of=config.name)
    make = cast("Callable[[Options], Workload]", kind)
    try:
        made = make(options)
    except ConfigError:
        raise
    except Exception as error:
        if config.name in WORKLOADS:
            raise
        raise ConfigError(f"{config.name} cannot be made: {type(error).__name__}: {error}", key="workload") from None
    file = own_file(config.name)
    return (made if file is None else Held(made, name=config.name, file=file)), options


def create(config: WorkloadConfig) -> Workload:
    """The workload alone. Raises ConfigError."""
    return resolve(config)[0]


def _options(kind: type[Any], name: str) -> type[Options]:
    options = getattr(kind, "Options", Options)
    if not (isinstance(options, type) and issubclass(options, Options)):
        raise ConfigError(f"{name}: Options must be a subclass of loadgen.options.Options", key="workload")
    return options


def _own(name: str) -> type[Any]:
    """A user's class, imported and looked at; its constructor is not called yet."""
    file, class_name = cast("Path", own_file(name)), name.rpartition(":")[2]
    if not file.is_file():
        raise ConfigError(f"no file {file}", key="workload")
    spec = importlib.util.spec_from_file_location(f"own_workload_{file.stem}", file)
    assert spec is not None  # the name ends with .py
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)  # dataclasses look themselves up there
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # noqa: BLE001  whatever a user's file raises is a mistake in it, told in one line
        raise ConfigError(f"{file} cannot be imported: {type(error).__name__}: {error}", key="workload") from None
    kind = getattr(module, class_name, None)
    if not isinstance(kind, type):
        classes = [
            key for key, value in vars(module).items() if isinstance(value, type) and value.__module__ == spec.name
        ]
        raise ConfigError(f"{file} has no class {class_name!r}; it has {', '.join(classes) or 'none'}", key="workload")
    for verb, (args, keywords) in VERBS.items():
        _callable_as(kind, verb, f"{file}:{class_name}", (None, *args), keywords)
    _callable_as(kind, "__init__", f"{file}:{class_name}", (None, None), {})
    return kind


def _callable_as(kind: type[Any], verb: str, where: str, args: tuple[Any, ...], keywords: dict[str, Any]) -> None:
    """Raise ConfigError unless the class has this method and it takes these arguments."""
    method = inspect.getattr_static(kind, verb, None)
    if not inspect.isfunction(method) and not callable(getattr(kind, verb, None)):
        missing = [name for name in VERBS if not callable(getattr(kind, name, None))]
        raise ConfigError(
            f"{where} has no method {', '.join(missing)}; a workload has {', '.join(VERBS)}", key="workload"
        )
    if not inspect.isfunction(method):
        return
    if inspect.iscoroutinefunction(method):
        raise ConfigError(f"{where}.{verb} must be a plain def, not async def", key="workload")
    try:
        inspect.signature(method).bind(*args, **keywords)
    except TypeError as error:
        called = ", ".join(["self", *("…" for _ in args[1:]), *(f"{key}=…" for key in keywords)])
        raise ConfigError(f"{where}.{verb} must take ({called}): {error}", key="workload") from None
