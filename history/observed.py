"""What the observer sampled, one typed record a sample. Reads observed.parquet; concludes nothing from it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import pandas as pd

#: Of observed.parquet, as `samples` reads them.
COLUMNS = ("at_ns", "kind", "name", "up", "role", "state", "read_only", "view", "endpoints")


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One sample of one pod or proxy.

    before_ns: when the same pod or proxy was sampled last, None at first: what it shows came about in between.
    states: member -> state (``ONLINE`` …) as this pod sees its group, empty if it sees none.
    healthy: pool -> pod -> whether this proxy sends sessions there, empty if it said nothing.
    """

    at_ns: int
    before_ns: int | None
    kind: str
    name: str
    up: bool
    role: str | None
    state: str | None
    read_only: bool | None
    states: Mapping[str, str]
    healthy: Mapping[str, Mapping[str, bool]]

    @property
    def leads(self) -> bool:
        """Whether the pod says that it is a primary in service; one whose role nobody sampled may be one."""
        return self.role in (None, "primary") and self.state in (None, "ONLINE")

    @property
    def open_for_writes(self) -> bool:
        """Whether the pod answers and is not read-only, whatever part it plays."""
        return self.up and self.read_only is False

    @property
    def writable(self) -> bool:
        """Whether the pod says that it is a primary in service that takes writes."""
        return self.open_for_writes and self.role == "primary" and self.leads


def samples(observed: pd.DataFrame | None) -> Iterator[Sample]:
    """All samples in order of time; none without a table."""
    if observed is None:
        return
    last: dict[tuple[str, str], int] = {}
    states, healthy = cache(_states), cache(_healthy)  # samples repeat themselves, so each text is parsed once
    ordered = observed.sort_values("at_ns", kind="stable")
    for at_ns, kind, name, up, role, state, read_only, view, endpoints in zip(
        *(ordered[column].tolist() for column in COLUMNS), strict=True
    ):
        source = (str(kind), str(name))
        yield Sample(
            at_ns=int(at_ns),
            before_ns=last.get(source),
            kind=source[0],
            name=source[1],
            up=up is True,
            role=_text(role),
            state=_text(state),
            read_only=read_only if isinstance(read_only, bool) else None,
            states=states(_text(view)),
            healthy=healthy(_text(endpoints)),
        )
        last[source] = int(at_ns)


def _states(view: str | None) -> Mapping[str, str]:
    return {str(member): str(seen).split("/")[0] for member, seen in _object(view).items()}


def _healthy(endpoints: str | None) -> Mapping[str, Mapping[str, bool]]:
    return {
        str(pool): {
            str(pod): endpoint.get("healthy") is True for pod, endpoint in pods.items() if isinstance(endpoint, Mapping)
        }
        for pool, pods in _object(endpoints).items()
        if isinstance(pods, Mapping)
    }


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _object(value: str | None) -> dict[str, Any]:
    """A JSON object in a cell, {} if it is none."""
    try:
        loaded = json.loads(value) if value is not None else None
    except (ValueError, RecursionError):
        loaded = None
    return loaded if isinstance(loaded, dict) else {}
