"""The part of a scenario that names the workload, and the checks that must be decided with it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import Field, model_serializer, model_validator

from cluster.topology import Kind
from loadgen.config import WorkloadConfig
from loadgen.errors import ConfigError
from loadgen.registry import WORKLOADS, own_file, resolve
from scenarios.section import MisfitError, Section

_ALWAYS = ("availability", "convergence")
_KEYED = ("durability", "duplicates", *_ALWAYS)
#: Checks that must be decided for a run to pass (gate ``require``), unless the scenario names others: by workload.
REQUIRED: dict[str, tuple[str, ...]] = {
    "transfer": ("durability", "conservation", "duplicates", "torn", *_ALWAYS),
    "tpcb": (*_KEYED, "tpcb"),
    "smallbank": (*_KEYED, "smallbank"),
    "tpcc": (*_KEYED, "tpcc"),
    "append": (*_KEYED, "append"),
    "mixed-read": (*_KEYED, "registers", "staleness"),
}
#: The same for a user's own: with a final table ``keys``, and without.
REQUIRED_OF_KEYED, REQUIRED_OF_OTHERS = _KEYED, _ALWAYS


def required(checks: Sequence[str], kind: Kind) -> list[str]:
    """The checks of a workload that must be decided, and of its topology: where there are replicas, that none of them
    was a primary beside the primary."""
    return [*checks, *([] if kind == "single" else ["replication"])]


class WorkloadSection(Section):
    """In a scenario the workload's own keys stand beside its name; here they are ``options``, every default filled in.

    name: one of loadgen.registry.WORKLOADS, a user's ``path/to/file.py:ClassName``, or the path of a locustfile.
    file: where the user's file is, once `scenarios.read` has found it. keyed: whether a user's own has a final table
    ``keys``, found likewise.
    """

    name: str
    options: dict[str, Any] = Field(default_factory=dict)
    file: Path | None = None
    keyed: bool = False

    @model_validator(mode="before")
    @classmethod
    def _with_defaults(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        keys = dict(value)
        if "locustfile" in keys and "name" in keys:
            raise MisfitError(("locustfile",), "name and locustfile exclude each other; keep one")
        name = keys.pop("locustfile", None) or keys.pop("name", None)
        if not isinstance(name, str):
            raise MisfitError(("name",), f"expected one of {', '.join(WORKLOADS)}, or path/to/file.py:ClassName")
        if name.endswith(".py") and keys:
            raise MisfitError((str(next(iter(keys))),), "means nothing for a locustfile; leave it out")
        if not name.endswith(".py") and own_file(name) is None:
            keys = _resolved(name, keys)
        return {"name": name, "options": keys}

    @model_serializer
    def _flat(self) -> dict[str, Any]:
        return {"name": self.name, **self.options}

    @property
    def is_locustfile(self) -> bool:
        return self.name.endswith(".py")

    @property
    def is_own(self) -> bool:
        return self.name not in WORKLOADS

    @property
    def decides(self) -> frozenset[str]:
        """The checks that a run of it can decide."""
        of_own = REQUIRED_OF_KEYED if self.keyed else REQUIRED_OF_OTHERS
        return frozenset({*REQUIRED.get(self.name, of_own), "latency", "replication"})

    @property
    def reads(self) -> bool:
        """Whether its clients read; a user's own may."""
        return self.name != "tpcb" and self.options.get("read_share") != 0

    @property
    def writes(self) -> bool:
        return self.options.get("read_share") != 1

    def config(self, *, isolation: str, file: str | None = None) -> WorkloadConfig:
        """What loadgen is told. file: where a user's own file is for the one who is told, if not where it is here."""
        place = file or self.file
        name = f"{place}:{self.name.rpartition(':')[2]}" if place and self.is_own else self.name
        return WorkloadConfig(name=name, isolation=isolation, options=self.options)


def _resolved(name: str, keys: dict[str, Any]) -> dict[str, Any]:
    try:
        return resolve(WorkloadConfig(name=name, isolation="repeatable-read", options=keys))[1].as_json()
    except ConfigError as error:
        raise MisfitError(tuple(error.key.split(".")[1:]), error.message) from None
