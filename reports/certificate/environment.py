"""What the runs of a certificate were made of and where they ran, counted over all of them.

A fact that was the same in every run has one value; one that was not (another MySQL, a dirty checkout, another machine)
shows each value with the number of runs that had it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypedDict

#: Of a machine; how noisy it was differs from run to run and is told as the worst.
_OF_MACHINE = ("cores", "memory_gib", "kernel", "machine")
_NOISE = ("steal_percent", "cpu_pressure_percent", "foreign_cpu_percent")


class Value(TypedDict):
    value: Any
    runs: int


class Fact(TypedDict):
    """name: ``versions.mysqld``, ``images.…``, ``host.cores``. values: the one of most runs first."""

    name: str
    values: list[Value]


class Environment(TypedDict):
    """runs: how many run folders there are. noisiest: the largest share measured in any run, None where none was."""

    schema: str
    runs: int
    facts: list[Fact]
    noisiest: dict[str, float | None]


def environment(manifests: Sequence[Mapping[str, Any]]) -> Environment:
    """manifests: content of each run's manifest.json, in the order of the trials."""
    counted: dict[str, Counter[str]] = {}
    for manifest in manifests:
        for name, value in _facts(manifest):
            counted.setdefault(name, Counter())[json.dumps(value, sort_keys=True)] += 1
    return {
        "schema": "meshbench/certificate-environment/1",
        "runs": len(manifests),
        "facts": [
            {"name": name, "values": [{"value": json.loads(value), "runs": runs} for value, runs in each.most_common()]}
            for name, each in sorted(counted.items())
        ],
        "noisiest": {name: _largest(manifests, name) for name in _NOISE},
    }


def _facts(manifest: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    host = _part(manifest, "host")
    yield from ((f"host.{name}", host[name]) for name in _OF_MACHINE if name in host)
    yield from ((f"images.{name}", value) for name, value in _part(manifest, "images").items())
    for name, value in _part(manifest, "versions").items():
        if isinstance(value, Mapping):
            yield from ((f"versions.{name}.{inner}", each) for inner, each in value.items())
        else:
            yield f"versions.{name}", value


def _part(manifest: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = manifest.get(name)
    return part if isinstance(part, Mapping) else {}


def _largest(manifests: Sequence[Mapping[str, Any]], name: str) -> float | None:
    shares = [_part(manifest, "host").get(name) for manifest in manifests]
    return max((share for share in shares if isinstance(share, int | float)), default=None)
