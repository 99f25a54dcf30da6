"""The part of a scenario that names the workload, and the checks that must be decided with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from pydantic import Field, ModelWrapValidatorHandler, model_serializer, model_validator

from checks.check import Check
from checks.registry import CHECKS
from cluster.keys import Mistake, MistakesError
from cluster.topologies.lookup import replication_of
from history.vocabulary import WorkloadFacts
from loadgen.config import Isolation, WorkloadConfig
from loadgen.errors import ConfigError
from loadgen.options import Options
from loadgen.workloads.registry import WORKLOADS, declared_facts, own_file, resolve
from scenarios.schema.declared import validated
from scenarios.schema.section import MisfitError, Section
from scenarios.user_code.folder import OwnFolder


class WorkloadSection(Section):
    """In a scenario the workload's own keys stand beside its name; here they are ``options``, every default filled in.

    name: one of loadgen.workloads.registry.WORKLOADS, a user's ``path/to/file.py:ClassName``, or the path of a
    locustfile. requirements: of a user's own, a file that names the packages it needs. file, folder, requirements_file:
    where the user's files are, and what comes along, once `scenarios.schema.read` has found them. told: what a user's
    own says of itself; None until somebody has looked.
    """

    name: str
    options: dict[str, Any] = Field(default_factory=dict)
    requirements: str | None = None
    file: Path | None = None
    folder: OwnFolder | None = None
    requirements_file: Path | None = None
    told: WorkloadFacts | None = None

    @model_validator(mode="wrap")
    @classmethod
    def _with_defaults(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if not isinstance(value, dict):
            return handler(value)
        keys = dict(value)
        if "locustfile" in keys and "name" in keys:
            raise MisfitError(("locustfile",), "name and locustfile exclude each other; keep one")
        name = keys.pop("locustfile", None) or keys.pop("name", None)
        if not isinstance(name, str):
            raise MisfitError(("name",), f"expected one of {', '.join(WORKLOADS)}, or path/to/file.py:ClassName")
        is_own = name.endswith(".py") or own_file(name) is not None
        own: dict[str, Any] = {key: keys.pop(key) for key in ("requirements",) if is_own and key in keys}
        if name.endswith(".py") and keys:
            raise MisfitError((str(next(iter(keys))),), "does not apply to a locustfile; leave it out")
        if is_own:
            return handler({"name": name, "options": keys, **own})
        return validated(handler, {"name": name}, into="options", read=lambda: _options(name, keys))

    @model_serializer
    def _flat(self) -> dict[str, Any]:
        own = {} if self.requirements is None else {"requirements": self.requirements}
        return {"name": self.name, **self.options, **own}

    @property
    def is_locustfile(self) -> bool:
        return self.name.endswith(".py")

    @property
    def is_own(self) -> bool:
        return self.name not in WORKLOADS

    @property
    def facts(self) -> WorkloadFacts:
        """What its class says of itself; of a user's own that nobody has looked at yet what most are like."""
        if self.is_own:
            return self.told or WorkloadFacts(keyed=not self.is_locustfile)
        return declared_facts(WORKLOADS[self.name])

    @property
    def decides(self) -> frozenset[str]:
        """The checks that a run of it can decide; of a class that nobody has looked at yet all that it might."""
        return frozenset(check.name for check in self._deciding())

    def required(self, kind: str) -> list[str]:
        """The checks that must be decided for a run to pass (gate ``require``), unless the scenario names others.

        kind: of the topology; where there are no replicas, what needs them cannot be decided."""
        required = [check for check in self._deciding() if check.required]
        return [check.name for check in required if replication_of(kind).replicates or check.needs != "replicas"]

    def _deciding(self) -> Iterator[Check]:
        for check in CHECKS.values():
            if check.workload in (None, self.name) and (self.facts.keyed or check.needs != "keys"):
                yield check

    @property
    def reads(self) -> bool:
        """Whether its clients read; a user's own may."""
        return bool(self.facts.reads) and self.options.get("read_share") != 0

    @property
    def writes(self) -> bool:
        return self.options.get("read_share") != 1

    def config(self, *, isolation: Isolation, folder: str | None = None) -> WorkloadConfig:
        """What loadgen is told. folder: where a user's own file is for the one who is told, if not where it is here."""
        name = self.name
        if self.file is not None:
            place = self.file if folder is None else f"{folder}/{self.file.name}"
            name = f"{place}:{self.name.rpartition(':')[2]}"
        return WorkloadConfig(name=name, isolation=isolation, options=self.options)


def _options(name: str, keys: dict[str, Any]) -> Options:
    """Of a workload of ours, with every default; raises MistakesError."""
    try:
        if (kind := WORKLOADS.get(name)) is not None:
            kind.Options.read(keys, of=f"workload {name}", beside=("name",))
        return resolve(WorkloadConfig(name=name, isolation="repeatable-read", options=keys))[1]
    except ConfigError as error:
        raise MistakesError([Mistake(key=error.key.removeprefix("workload."), why=error.message)]) from None
