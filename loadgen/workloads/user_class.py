"""A user's own workload class: imported, looked at, and made, each slip told in one line with the user's file and line.

What it then does is held to the rules by `loadgen.workloads.contract`.
"""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from history.vocabulary import WorkloadFacts
from loadgen.errors import ConfigError
from loadgen.options import Options
from loadgen.user_code.importing import broken, line_of
from loadgen.workload import Workload
from loadgen.workloads.skew import Skew

#: The verbs of workload.Workload, with the arguments each is called with.
VERBS: Mapping[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
    "setup": ((None,), {"seed": 1}),
    "check": ((None,), {}),
    "next": ((None, "key"), {}),
    "run": ((None, None), {}),
    "final_queries": ((), {}),
}


def own_class(file: Path, name: str) -> type[Any]:
    """The class, imported and looked at; its constructor is not called yet. Raises ConfigError."""
    module = _imported(file)
    kind = getattr(module, name, None)
    if not isinstance(kind, type):
        classes = [
            key
            for key, value in vars(module).items()
            if isinstance(value, type) and value.__module__ == module.__name__
        ]
        raise ConfigError(f"{file} has no class {name!r}; it has {', '.join(classes) or 'none'}", key="workload")
    if missing := [verb for verb in VERBS if not _has(kind, verb)]:
        raise ConfigError(
            f"{line_of(kind, file)}: {name} has no method {', '.join(missing)}; a workload has {', '.join(VERBS)}",
            key="workload",
        )
    for verb, (args, keywords) in VERBS.items():
        _require_takes(kind, verb, file, args, keywords)
    return kind


def _has(kind: type[Any], verb: str) -> bool:
    """Also not when it is only inherited from the protocol, where it does nothing."""
    method = getattr(kind, verb, None)
    return callable(method) and method is not getattr(Workload, verb)


def _imported(file: Path) -> Any:
    if not file.is_file():
        raise ConfigError(f"no file {file}", key="workload")
    if str(file.parent) not in sys.path:
        sys.path.insert(0, str(file.parent))  # for the modules beside it
    spec = importlib.util.spec_from_file_location(f"own_workload_{file.stem}", file)
    assert spec is not None  # the name ends with .py
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)  # dataclasses look themselves up there
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # noqa: BLE001  whatever a user's file raises is a mistake in it, told in one line
        raise ConfigError(broken(error, file), key="workload") from None
    return module


def _require_takes(kind: type[Any], verb: str, file: Path, args: tuple[Any, ...], keywords: Mapping[str, Any]) -> None:
    """Raise ConfigError unless the verb takes these arguments, and is no coroutine or generator, which does nothing."""
    found = inspect.getattr_static(kind, verb)
    method = found.__func__ if isinstance(found, staticmethod | classmethod) else found
    if not inspect.isfunction(method):
        return
    where, name = line_of(method, file), f"{kind.__name__}.{verb}"
    if inspect.iscoroutinefunction(method) or inspect.isasyncgenfunction(method):
        raise ConfigError(f"{where}: {name} must be a plain def, not async def", key="workload")
    if inspect.isgeneratorfunction(method):
        raise ConfigError(f"{where}: {name} must be a plain def without yield", key="workload")
    bound = () if isinstance(found, staticmethod) else (None,)
    try:
        inspect.signature(method).bind(*bound, *args, **keywords)
    except TypeError as error:
        called = ", ".join(["self", *("…" for _ in args), *(f"{key}=…" for key in keywords)])
        raise ConfigError(f"{where}: {name} must take ({called}): {error}", key="workload") from None


def options_of(kind: type[Any], file: Path) -> type[Options]:
    """The class's keys in a scenario. Raises ConfigError for an Options that cannot be."""
    options = getattr(kind, "Options", Options)
    where = line_of(kind, file)
    if not (isinstance(options, type) and issubclass(options, Options)):
        raise ConfigError(f"{where}: Options must be a subclass of loadgen.options.Options", key="workload")
    if strange := [one.name for one in fields(options) if not isinstance(one.default, int | float | str | Skew)]:
        missing = [one.name for one in fields(options) if one.default is MISSING]
        raise ConfigError(
            f"{where}: Options.{strange[0]} "
            + ("needs a default" if strange[0] in missing else "must be a number, a word, true or false, or a Skew"),
            key="workload",
        )
    if unmarked := [key for key in vars(options).get("__annotations__", {}) if key not in _names(options)]:
        raise ConfigError(
            f"{where}: Options has {unmarked[0]}, but is no @dataclass(frozen=True, kw_only=True)", key="workload"
        )
    return options


def _names(options: type[Options]) -> set[str]:
    return {one.name for one in fields(options)}


def own_facts(kind: type[Any], file: Path) -> WorkloadFacts:
    """What the class says of itself: ``reads``, ``refusals`` and ``read_port``, each where it has one. Raises
    ConfigError."""
    return WorkloadFacts.read({name: _words(kind, name, file) for name in ("reads", "refusals", "read_port")})


def _words(kind: type[Any], name: str, file: Path) -> frozenset[str] | None:
    """A set of words that the class has under this name; None where it has none, or a method of its own."""
    value = getattr(kind, name, None)
    if value is None or inspect.isroutine(value) or isinstance(value, property):
        return None
    listed = isinstance(value, set | frozenset | list | tuple)
    if not listed or not all(isinstance(word, str) and word for word in value):
        must = f"{kind.__name__}.{name} must be a set of words, such as {{'peek'}}"
        raise ConfigError(f"{line_of(kind, file)}: {must}", key="workload")
    return frozenset(value)


def made(kind: type[Any], options: Options, file: Path) -> Any:
    """An instance: of a class that takes options with them, of one that needs nothing without. Raises ConfigError."""
    make: Callable[..., Any] = kind
    args, keywords = _arguments(kind, options, file)
    try:
        return make(*args, **keywords)
    except ConfigError:
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001  as above
        raise ConfigError(f"{broken(error, file)}: {kind.__name__} cannot be made", key="workload") from None


def _arguments(kind: type[Any], options: Options, file: Path) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """What its constructor is called with: a parameter of the name ``options``, or the one that has no default."""
    try:
        parameters = inspect.signature(kind).parameters.values()
    except (TypeError, ValueError):  # a metaclass or C code of their own, which can only be tried
        return (options,), {}
    needed = [
        one for one in parameters if one.default is one.empty and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
    ]
    takes = [one for one in parameters if one.name == "options"] or needed[:1]
    of_protocol = getattr(kind.__init__, "__module__", None) == "typing"  # inherited from Workload
    variadic = any(one.kind is one.VAR_POSITIONAL for one in parameters) and not takes and not of_protocol
    if [one for one in needed if one not in takes]:
        raise ConfigError(
            f"{line_of(kind, file)}: {kind.__name__}.__init__ must take (self, options), or need no argument; it needs "
            f"{', '.join(one.name for one in needed)}",
            key="workload",
        )
    if not takes and not variadic:
        if fields(options):
            raise ConfigError(
                f"{line_of(kind, file)}: {kind.__name__} has Options, and no __init__(self, options) that takes them",
                key="workload",
            )
        return (), {}
    if takes and takes[0].kind is takes[0].KEYWORD_ONLY:
        return (), {takes[0].name: options}
    return (options,), {}
