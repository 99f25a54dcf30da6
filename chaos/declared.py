"""What a fault's file must say so that it can be: every mistake in it is found when it is imported, in one line that
names the file and the fact, and not by whoever writes a scenario with it.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Collection, Iterator
from types import ModuleType
from typing import get_args

from chaos import topologies
from chaos.fault import Fault, Injection, Mode, Refutations
from chaos.needs import NEEDS
from chaos.targets import TARGETS
from chaos.timeline import COMPOSITIONS, OF_A_STEP
from cluster.keys import Key, MistakesError
from history.fault_lines import Intent
from history.fields import DeclarationError

#: What every fault says of itself, in words.
_SAID = ("does", "bites", "heals", "good")
#: What is a tuple of known words -> where they are listed.
_WORDS: dict[str, tuple[Collection[str], str]] = {
    "targets": (TARGETS, "chaos/targets.py"),
    "needs": (NEEDS, "chaos/needs.py"),
    "topologies": (topologies.ALL, "cluster/topologies/"),
    "meshes": (get_args(Mode), "chaos/fault.py"),
}
#: Keys that a step, a step of a mix, or what may stand in place of a step has already.
_TAKEN = {*OF_A_STEP, *COMPOSITIONS, "weight"}


def faults_in(module: ModuleType) -> Iterator[type[Fault]]:
    """Every fault that the module declares, checked. Raises DeclarationError."""
    for fault in vars(module).values():
        if not inspect.isclass(fault) or fault.__module__ != module.__name__ or not issubclass(fault, Fault):
            continue
        if wrong := next(_wrong(fault), None):
            raise DeclarationError(f"{module.__name__}: {wrong}")
        if "name" in vars(fault):
            for injection in vars(module).values():
                if inspect.isclass(injection) and injection.__module__ == module.__name__:
                    _require_whole(injection, module)
            yield fault


def _require_whole(injection: type, module: ModuleType) -> None:
    if issubclass(injection, Injection) and (lacking := sorted(getattr(injection, "__abstractmethods__", ()))):
        raise DeclarationError(f"{module.__name__}: {injection.__name__} has no method {', '.join(lacking)}")


def _wrong(fault: type[Fault]) -> Iterator[str]:
    """What cannot be, the first of it first; nothing of a class that several faults have in common."""
    own = {name: hint for name, hint in vars(fault).get("__annotations__", {}).items() if "ClassVar" not in str(hint)}
    if own and "__dataclass_fields__" not in vars(fault):
        yield f"{fault.__name__} has keys and is no dataclass; write @dataclass(frozen=True, kw_only=True) above it"
    if "name" not in vars(fault):
        if "does" in vars(fault) and "on" in vars(fault):
            yield f'{fault.__name__} has no name, so no scenario can have it; say name = "…"'
        return
    if not isinstance(fault.name, str) or not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", fault.name):
        yield f"the name {fault.name!r} is none: lower-case letters, digits and hyphens, such as packet-loss"
    if lacking := [fact for fact in (*_SAID, "targets") if not getattr(fault, fact, None)]:
        yield f"{fault.name} does not say {', '.join(lacking)}"
    for fact, (known, where) in _WORDS.items():
        yield from _not_of(fact, getattr(fault, fact), known, where)
    if fault.intends is not None and fault.intends not in get_args(Intent):
        yield f"{fault.intends!r} is nothing that a fault intends; one of {', '.join(get_args(Intent))}"
    if lacking := sorted(getattr(fault, "__abstractmethods__", ())):
        yield f"{fault.name} has no method {', '.join(lacking)}"
    yield from _refutations(fault)
    yield from _keys(fault)


def _not_of(fact: str, words: object, known: Collection[str], where: str) -> Iterator[str]:
    if isinstance(words, str) or not isinstance(words, tuple):
        yield f"{fact} is {words!r}; expected a tuple of words, such as ({next(iter(known))!r},)"
    elif strange := [word for word in words if word not in known]:
        yield f"{strange[0]} is no word of {fact}; {where} has them"


def _refutations(fault: type[Fault]) -> Iterator[str]:
    said = fault.refuted_by
    if not isinstance(said, Refutations):
        yield f"refuted_by is {said!r}; expected Refutations(bitten={{…}}, clean={{…}})"
        return
    for fields in (said.bitten, said.clean):
        for name, values in fields.items():
            if not isinstance(values, tuple):
                yield f"refuted_by: {name} is {values!r}; expected a tuple of values, such as (False,)"


def _keys(fault: type[Fault]) -> Iterator[str]:
    bare = [field.name for field in dataclasses.fields(fault) if "key" not in field.metadata]
    if missing := [name for name in bare if fault.__dataclass_fields__[name].default is dataclasses.MISSING]:
        yield f"the key {missing[0]} has no meaning and no default; declare it with duration(…), whole(…) or the like"
        return
    try:
        keys = fault.declared_keys()
    except TypeError as error:
        yield f"{fault.name}: {error}"
        return
    if taken := sorted(_TAKEN & keys.keys()):
        yield f"every step has a key {taken[0]}; give the fault's another name"
    if "peer" in keys and keys["peer"].type != "word":
        yield f"the key peer is the word of a target, and not a {keys['peer'].type}"
    for name, key in keys.items():
        yield from _default(name, key)
    try:
        fault.read(fault.example)
    except MistakesError as error:
        yield f"the example of {fault.name} is none: {error}"


def _default(name: str, key: Key) -> Iterator[str]:
    if key.required or key.default is None or (key.type == "word" and not key.words):
        return
    try:
        key.read(key.show(key.default))
    except Exception as error:  # noqa: BLE001  whatever a default of another type breaks
        known = isinstance(error, ValueError) and not isinstance(error, MistakesError)
        why = str(error) if known else f"expected a value of its type ({key.type})"
        yield f"the default of the key {name} is {key.default!r}: {why}"
