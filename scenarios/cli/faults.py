"""What ``meshbench faults`` tells of every fault and planned change, as each declares it: what it does, where it fits.

Three forms of the same: for people, as JSON (``reports/faults.schema.json``), and as docs/faults.md.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from chaos import topologies
from chaos.fault import Fault
from chaos.needs import unavailable, unmet
from chaos.registry import FAULTS
from chaos.targets import AGENTS, NODES, SERVER_PROXIES
from cluster.errors import ConfigurationError, EngineError
from cluster.keys import Key
from cluster.platform import images
from cluster.platform.docker_platform import DockerPlatform

SCHEMA_ID = "meshbench/faults/1"
WIDTH = 100
_INDENT = "    "
_EVERY_MESH = Fault.meshes
_PAGE = """\
# Faults

Written by `meshbench faults --markdown` from what every fault declares in its file; a test holds it current.
`meshbench faults --json` says the same to programs. A step of a timeline is written as in
[the scenario file](scenario-file.md).
How a new one is written: [adding a fault](adding-a-fault.md). `meshbench selftest faults` tries each of them here.

Any node is one of
`{nodes}`.
Before any of them but `minority` and `majority` may stand `agent of` or, in mesh `mtls`, `proxy of`.
"""


def unmet_here() -> dict[str, str] | None:
    """The needs of faults that the engine's host does not meet: word -> why; None where there is no engine with our
    images to ask."""
    try:
        if not images.image("base").present:
            return None
        return unmet({need for fault in FAULTS.values() for need in fault.needs}, DockerPlatform())
    except (ConfigurationError, EngineError):
        return None


def table(
    faults: Iterable[type[Fault]] | None = None, *, unmet_needs: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """All of it, as JSON has it. unmet_needs: of the engine's host, None where it was not asked."""
    return {"schema": SCHEMA_ID, "faults": [_row(fault, unmet_needs) for fault in faults or FAULTS.values()]}


def _row(fault: type[Fault], unmet_needs: Mapping[str, str] | None) -> dict[str, Any]:
    return {
        "name": fault.name,
        "family": fault.family(),
        "kind": "fault" if fault.lasts else "change",
        "does": fault.does,
        "bites": fault.bites,
        "heals": fault.heals,
        "good": fault.good,
        "known_as": fault.known_as,
        "example": dict(fault.example),
        "unavailable": None if unmet_needs is None else unavailable(fault, unmet_needs),
        "targets": list(fault.targets),
        "keys": {name: key.as_json() for name, key in fault.declared_keys().items()},
        "topologies": list(fault.topologies),
        "meshes": list(fault.meshes),
        "least_pods": fault.least_pods,
        "needs": list(fault.needs),
        "lasts": fault.lasts,
        "may_stay": fault.may_stay,
        "isolates": fault.isolates,
        "hits": fault.hits,
        "loses_node": fault.loses_node,
        "intends": fault.intends,
    }


def lines(fault: type[Fault], *, unmet_needs: Mapping[str, str] | None = None) -> Iterator[str]:
    """For people, no longer than WIDTH; the first line begins with the name."""
    yield f"{fault.name:21} {fault.family():12}{_healing(fault)}"
    told = [fault.does, f"targets: {', '.join(short_targets(fault.targets))}"]
    told += [f"{name}: {_key(key)}" for name, key in fault.declared_keys().items()]
    told += [f"only in: {where}"] if (where := _where(fault)) else []
    told += [f"needs: {', '.join(fault.needs)}"] if fault.needs else []
    told += [f"NOT AVAILABLE HERE: {why}"] if (why := unavailable(fault, unmet_needs or {})) else []
    for paragraph in told:
        yield from textwrap.wrap(paragraph, WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT)


def page(faults: Iterable[type[Fault]] | None = None) -> str:
    """docs/faults.md."""
    head = _PAGE.format(nodes="`, `".join(NODES))
    return "\n".join([head, *(line for fault in faults or FAULTS.values() for line in _section(fault))])


def _section(fault: type[Fault]) -> Iterator[str]:
    yield from (f"## `{fault.name}`", "")
    yield from textwrap.wrap(f"{fault.does[:1].upper()}{fault.does[1:]}.", 120)
    yield ""
    facts = {
        "family": fault.family(),
        "targets": ", ".join(short_targets(fault.targets, mark="`")),
        "proof": fault.bites,
        "healed": fault.heals,
        "a good cluster": fault.good,
        "known as": fault.known_as,
        "ends": _healing(fault),
        "only in": _where(fault),
        "needs": ", ".join(fault.needs),
    }
    for name, words in facts.items():
        yield from textwrap.wrap(f"- {name}: {words}", 120, subsequent_indent="  ") if words else ()
    yield from ("", "```yaml", f"- {{{', '.join(_example(fault))}}}", "```", "")
    if keys := fault.declared_keys():
        yield from ("| key | | |", "|---|---|---|")
        yield from (f"| `{name}` | {key.meaning} | {_values(key)} |" for name, key in keys.items())
        yield ""


def short_targets(targets: Sequence[str], *, mark: str = "") -> Iterator[str]:
    """The words, all those for nodes in one, those for the agents of all of these nodes too. mark: around a word."""
    shorts = {NODES: "any node", AGENTS: "agent of any node", SERVER_PROXIES: "proxy of any node"}
    whole = {word for words in shorts if set(words) <= set(targets) for word in words}
    yield from (short for words, short in shorts.items() if set(words) <= set(targets))
    yield from (f"{mark}{word}{mark}" for word in targets if word not in whole)


def _example(fault: type[Fault]) -> Iterator[str]:
    """A step of a timeline, key by key."""
    yield from ("at: 15s", f"fault: {fault.name}", f"target: {fault.targets[0]}")
    yield from (
        f"{key}: {value if not isinstance(value, bool) else str(value).lower()}" for key, value in fault.example.items()
    )
    if fault.lasts:
        yield "heal_after: 20s"


def _healing(fault: type[Fault]) -> str:
    if not fault.lasts:
        return "planned change, over when it is done"
    return "healed after heal_after" + (", or never (of MySQL pods)" if fault.may_stay else "")


def _where(fault: type[Fault]) -> str:
    """Where it fits, as far as it does not fit everywhere."""
    told = [] if fault.topologies == topologies.ALL else [f"topology {_or(fault.topologies)}"]
    told += [] if fault.meshes == _EVERY_MESH else [f"mesh {_or(fault.meshes)}"]
    told += [f"{fault.least_pods} pods or more"] if fault.least_pods > 1 else []
    return "; ".join(told)


def _or(words: Sequence[str]) -> str:
    return ", ".join(words[:-1]) + f" or {words[-1]}" if len(words) > 1 else words[0]


def _key(key: Key) -> str:
    return f"{key.meaning}; {_values(key)}"


def _values(key: Key) -> str:
    """``a whole number, 1 to 9; default 1``."""
    if key.required:
        return f"{key.expected}; required"
    if key.default is None:
        return f"{key.expected}; may be left out"
    default = key.show(key.default)
    if default in ("", {}):
        return key.expected  # its meaning says that one must be given
    return f"{key.expected}; default {str(default).lower() if isinstance(default, bool) else default}"
