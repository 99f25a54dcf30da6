"""A scenario as a typed document: every key, its default, its bounds. Reading YAML is `scenarios.schema.read`.

Shorthands are accepted where one
word says it all: ``topology: group``, ``mesh: envoy``, ``mesh: direct``, ``mesh: mtls``, ``workload: transfer``.
"""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    AliasChoices,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    SerializerFunctionWrapHandler,
    ValidationInfo,
    field_validator,
    model_serializer,
    model_validator,
)

from chaos.applicability import misfit
from chaos.fault import Setting
from chaos.injector import PHASE_S
from chaos.survivable import Beyond, System, beyond
from chaos.timeline import PlannedFault
from cluster.duration import show_duration
from cluster.extras import distinct
from cluster.mysqld.mysql_image import REFERENCE_EXPECTED, is_reference
from cluster.mysqld.option_names import canonical
from cluster.mysqld.option_rules import RESERVED_WHY, reserved, unusable
from cluster.mysqld.options import written_value
from cluster.topologies.lookup import REPLICATIONS, kinds, replication_of
from cluster.topologies.replication import CanPromote, Replication
from cluster.topology import MAX_PODS, Topology
from loadgen.config import Isolation, Tls
from mesh.proxies.lookup import PROXIES
from scenarios.schema.composition import EARLIER, Composition, Entry, Place, expanded
from scenarios.schema.duration import PositiveDuration
from scenarios.schema.faults import FaultSection
from scenarios.schema.gates import Expectation, GatesSection
from scenarios.schema.load import OF_LOCUSTFILES, LoadSection, default_load
from scenarios.schema.mesh import MeshSection, mesh_word
from scenarios.schema.section import MisfitError, Section, one_of_words
from scenarios.schema.workload import WorkloadSection


def _word(key: str) -> BeforeValidator:
    """Accept a bare word for a section: it fills ``key``."""
    return BeforeValidator(lambda value: {key: value} if isinstance(value, str) else value)


class TopologySection(Section):
    kind: Annotated[str, BeforeValidator(lambda value: one_of_words(value, kinds()))]
    pods: int = Field(default=0, ge=1, le=MAX_PODS)

    @property
    def replication(self) -> Replication:
        return replication_of(self.kind)

    @model_validator(mode="before")
    @classmethod
    def _default_pods(cls, value: Any) -> Any:
        if isinstance(value, dict) and "pods" not in value:
            replication = REPLICATIONS.get(str(value.get("kind")))
            return {**value, "pods": 3 if replication is None or replication.replicates else 1}
        return value

    @model_validator(mode="after")
    def _single_is_one(self) -> Self:
        if not self.replication.replicates and self.pods != 1:
            raise ValueError(
                f"pods must be 1 for kind {self.kind}, not {self.pods}; every other kind takes 1 to {MAX_PODS}"
            )
        return self


def _image_reference(value: str) -> str:
    if not is_reference(value):
        raise ValueError(REFERENCE_EXPECTED)
    return value


#: Letters of all options together: Linux takes 128 KiB in one argument, and some stand around them.
LONGEST_COMMAND = 60_000


def _mysqld_options(value: Any) -> Any:
    """Options of components may be written as a mapping, too: ``{validate_password: {policy: LOW}}``. A value left out
    is an empty one; YAML's null in words was refused before."""
    if not isinstance(value, dict):
        raise ValueError("expected a mapping of mysqld options, such as {sync_binlog: 0}; leave it out for none")
    found: dict[str, Any] = {}
    for key, setting in value.items():
        within = setting.items() if isinstance(setting, dict) else [(None, setting)]
        found |= {key if inner is None else f"{key}.{inner}": "" if one is None else one for inner, one in within}
    for key, setting in found.items():
        if not isinstance(key, str) or not re.fullmatch(r"[A-Za-z][\w-]*(\.[\w-]+)?", key, re.ASCII):
            raise MisfitError((str(key),), f"{key!r:.80} is not the name of a mysqld option")
        if reserved(canonical(key), ""):
            raise MisfitError((key,), RESERVED_WHY)
        if key != key.lower():
            raise MisfitError((key,), f"mysqld accepts lower case only; write {key.lower()}")
        if not isinstance(setting, str | int | float):
            raise MisfitError(
                (key,),
                f"expected a word, a number, true or false; got {setting!r:.80}. "
                "Write '' for an empty value, and quote what YAML reads otherwise",
            )
        if "\n" in str(setting) or "\0" in str(setting):
            raise MisfitError((key,), "an option is one line")
    if sum(len(key) + len(str(setting)) for key, setting in found.items()) > LONGEST_COMMAND:
        raise ValueError(
            f"longer than {LONGEST_COMMAND:,} characters, more than a command line takes; use mysql.my_cnf"
        )
    return found


def _path_word(value: Any) -> Any:
    if value is not None and (not isinstance(value, str | Path) or not str(value)):
        raise ValueError("expected the path of an option file, or nothing")
    return value


class MySQLSection(Section):
    image: Annotated[str, AfterValidator(_image_reference)] = "default"
    my_cnf: Annotated[Path | None, Field(strict=False), BeforeValidator(_path_word)] = None
    config: Annotated[dict[str, str | int | float | bool], BeforeValidator(_mysqld_options)] = Field(
        default_factory=dict
    )
    isolation: Isolation = "repeatable-read"
    tls: Tls = "auto"


#: How long a primary may be silent before it is suspected.
DOWN_AFTER_S = 1.0


class ControlSection(Section):
    """The control plane. down_after: how long a primary may be silent before it is suspected; None where nobody but the
    group itself, or nobody at all, fails over."""

    down_after: PositiveDuration | None = None


class Scenario(Section):
    """One scenario file. description: also read as ``teaches``, which is its name in manifest.json and summary.json."""

    model_config = ConfigDict(serialize_by_alias=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=64)
    description: str = Field(
        min_length=1, validation_alias=AliasChoices("description", "teaches"), serialization_alias="teaches"
    )
    topology: Annotated[TopologySection, _word("kind")]
    mysql: MySQLSection = MySQLSection()
    mesh: Annotated[MeshSection, BeforeValidator(mesh_word)]
    control: ControlSection = ControlSection()
    workload: Annotated[WorkloadSection, _word("name")]
    load: LoadSection = Field(default_factory=default_load)
    faults: list[Entry] = Field(default_factory=list)
    survivable: bool | None = None
    gates: GatesSection = Field(default=GatesSection(), validate_default=True)
    expect: Annotated[Expectation, _word("verdict")] = Expectation()
    seed: int = Field(default=1, ge=0, lt=2**63)
    #: The timeline as it was written, where it has compositions; ``faults`` has plain steps alone then.
    _composed: list[FaultSection | Composition] = PrivateAttr(default_factory=list)
    #: Where each plain step was written.
    _places: list[Place] = PrivateAttr(default_factory=list)

    def __eq__(self, other: object) -> bool:
        """Whether both say the same; how the timeline was written is no part of that."""
        return isinstance(other, Scenario) and vars(self) == vars(other)

    __hash__ = Section.__hash__

    @model_validator(mode="before")
    @classmethod
    def _has_one_description(cls, value: Any) -> Any:
        if isinstance(value, dict) and {"description", "teaches"} <= value.keys():
            raise MisfitError(("teaches",), "means the same as description; keep one")
        return value

    @model_validator(mode="before")
    @classmethod
    def _locustfile_is_a_workload(cls, value: Any) -> Any:
        if not isinstance(value, dict) or "locustfile" not in value:
            return value
        if "workload" in value:
            raise MisfitError(("locustfile",), "workload and locustfile exclude each other; keep one")
        rest = {key: inner for key, inner in value.items() if key != "locustfile"}
        return rest | {"workload": {"locustfile": value["locustfile"]}}

    @field_validator("gates")
    @classmethod
    def _require_what_the_workload_shows(cls, gates: GatesSection, known: ValidationInfo) -> GatesSection:
        workload: WorkloadSection | None = known.data.get("workload")
        if gates.require is not None or workload is None or workload.is_own:
            return gates  # scenarios.schema.read decides for a user's own, once it has looked at it
        topology: TopologySection | None = known.data.get("topology")
        kind = "single" if topology is None else topology.kind
        return gates.model_copy(update={"require": workload.required(kind)})

    @model_validator(mode="after")
    def _load_fits_the_workload(self) -> Self:
        load, workload = self.load, self.workload
        if load.think_time is not None and load.think_time.distribution == "tpcc" and workload.name != "tpcc":
            raise MisfitError(("load", "think_time"), f"tpcc is for the workload tpcc, not {workload.name}")
        if load.environment and not workload.is_own:
            raise MisfitError(("load", "environment"), "is for a locustfile or a class of your own; leave it out")
        if load.arguments and not workload.is_locustfile:
            raise MisfitError(("load", "arguments"), "is for a locustfile only; leave it out")
        if workload.is_locustfile:
            if load.calibrate is not None:
                raise MisfitError(("load",), "a share of the measured maximum does not apply to a locustfile")
            for key in type(load).model_fields:
                if key in load.model_fields_set and key not in OF_LOCUSTFILES:
                    raise MisfitError(("load", key), "does not apply to a locustfile, which has its own; leave it out")
            for key in ("isolation", "tls"):
                if getattr(self.mysql, key) != MySQLSection.model_fields[key].default:
                    raise MisfitError(("mysql", key), "does not apply to a locustfile, whose sessions are its own")
        return self

    @model_validator(mode="after")
    def _control_fits_the_topology(self) -> Self:
        kind, given = self.topology.kind, self.control.down_after
        replication = self.topology.replication
        if given is not None and not isinstance(replication, CanPromote):
            who = "the group elects by itself" if replication.elects_by_itself else "nobody fails over"
            raise MisfitError(
                ("control", "down_after"), f"does not apply to topology {kind}, where {who}; leave it out"
            )
        if given is None and isinstance(replication, CanPromote):
            return self.model_copy(update={"control": self.control.model_copy(update={"down_after": DOWN_AFTER_S})})
        return self

    @model_validator(mode="after")
    def _settings_do_something(self) -> Self:
        mesh, kind = self.mesh, self.topology.kind
        proxy = None if mesh.proxy is None else PROXIES[mesh.proxy]
        if proxy is None:
            return self
        for key, why in proxy.pointless(self.topology_spec()).items():
            if mesh.settings[key] != proxy.settings().written()[key]:
                raise MisfitError(("mesh", key), f"does not apply to topology {kind}, where {why}")
        return self

    @model_serializer(mode="wrap")
    def _as_read_again(self, rest: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without what does not apply to a locustfile, so that the document can be read again."""
        document: dict[str, Any] = rest(self)
        if self.workload.is_locustfile:
            document["load"] = {key: document["load"][key] for key in OF_LOCUSTFILES}
        return document

    @model_validator(mode="after")
    def _composed_of_plain_steps(self) -> Self:
        return self._expanded(self.faults)

    def _expanded(self, written: Sequence[FaultSection | Composition]) -> Self:
        plain = expanded(written, seed=self.seed, back_s=self.topology.replication.back_s)
        scenario = self.model_copy(update={"faults": [step for _, step in plain]})
        scenario._places = [place for place, _ in plain]
        if any(isinstance(entry, Composition) for entry in written):
            scenario._composed = list(written)
        return scenario

    def with_seed(self, seed: int) -> Self:
        """The same with another seed, and what is drawn from it drawn anew."""
        scenario = self.model_copy(update={"seed": seed})
        return scenario._expanded(self._composed) if self._composed else scenario

    def composed(self) -> list[dict[str, Any]]:
        """The timeline as it was written, where it has compositions; else nothing."""
        return [entry.model_dump(mode="json", exclude_none=True) for entry in self._composed]

    @model_validator(mode="after")
    def _survives(self) -> Self:
        """Compositions never take more than the topology survives, unless the scenario says so."""
        if self.survivable is False or (self.survivable is None and not self._composed):
            return self
        if too_much := self.too_much():
            why = f"{self._told(too_much)}; give the steps more time, or say survivable: false"
            raise MisfitError(("faults", *self._places[too_much.steps[-1]]), why)
        return self

    def too_much(self) -> Beyond | None:
        """Where the timeline takes more nodes than the topology survives; None where it does not."""
        return beyond(self.timeline(), self._system())

    @property
    def can_lose(self) -> int:
        """How many nodes the topology can lose at the same time, whoever they are."""
        return self._system().can_lose_any

    def _system(self) -> System:
        replication = self.topology.replication
        given = {canonical(key): value for key, value in self.mysql.config.items()}
        count = given.get(replication.wait_count_option or "", 1)
        return System(replication=replication, nodes=self.topology.pods, wait_count=int(count))

    def notices(self) -> Iterator[str]:
        """What its author may not have meant, a line each."""
        if self.survivable is None and (too_much := self.too_much()):
            yield f"{self._told(too_much)}; say survivable: false where that is meant"
        steps = self.timeline()
        for number, step in enumerate(steps):
            if step.heal_after_s is not None and (step.at_s or 0) + step.heal_after_s > self.load.duration:
                where = ".".join(map(str, ("faults", *self._places[number])))
                after = show_duration(step.heal_after_s)
                yield f"{where}: the load ends before its heal_after ({after}) is over, and it is healed then"
        if steps and all(step.at_s is None for step in steps):
            yield "every step waits for an event, and none brings one about: void unless something fails by itself"

    def _told(self, too_much: Beyond) -> str:
        nodes = self.topology.pods
        return (
            f"up to {too_much.lost} of {nodes} nodes would be gone at the same time, and topology {self.topology.kind} "
            f"goes on with at most {too_much.can_lose} of {nodes} gone"
        )

    @model_validator(mode="after")
    def _faults_fit(self) -> Self:
        latest_s = self.load.duration - PHASE_S - self.mesh.cycle_s
        steps = self.timeline()
        for number, step in enumerate(self.steps):
            place = self._places[number]
            if step.at is not None and step.at > latest_s:
                raise self._too_late(step.at, place)
            if step.after is not None and step.after.delay > latest_s:
                raise MisfitError(
                    ("faults", *place, "after", "delay"),
                    f"{show_duration(step.after.delay)} after its event the load ({show_duration(self.load.duration)}) "
                    "is over; make the load longer, or the delay shorter",
                )
            setting = Setting(
                kind=self.topology.kind, pods=self.topology.pods, mesh=self.mesh.mode, proxy=self.mesh.proxy
            )
            if wrong := misfit(steps[number], setting, timeline=steps):
                raise MisfitError(("faults", *place, wrong.key), wrong.why)
        if (most := self.topology.pods + self.spare_pods) > MAX_PODS:
            raise MisfitError(
                ("faults",), f"with every scale-out there would be {most} pods; at most {MAX_PODS} can be"
            )
        return self

    def _too_late(self, at_s: float, place: Place) -> MisfitError:
        """A step that begins when the load may be over. place: where it was written below ``faults``."""
        number, *inside = place
        later = show_duration(PHASE_S + self.mesh.cycle_s)
        when = f"{show_duration(at_s)} plus up to {later}, which the seed adds, is not within "
        when += f"load.duration ({show_duration(self.load.duration)}); make the load longer, or "
        if not inside:
            return MisfitError(("faults", number, "at"), when + "the fault earlier")
        kind = str(inside[0])  # a step of a composition has no moment of its own to change
        return MisfitError(("faults", number, kind), f"its step at {when}{EARLIER[kind]}")

    @model_validator(mode="after")
    def _options_work(self) -> Self:
        kind, isolation = self.topology.kind, self.load_isolation
        if isolation is not None and (why := unusable("transaction_isolation", isolation, kind=kind)):
            raise MisfitError(("mysql", "isolation"), why)
        for key, value in self.mysql.config.items():
            if why := unusable(key, written_value(value), kind=kind, isolation=isolation):
                raise MisfitError(("mysql", "config", key), why)
        return self

    @model_validator(mode="after")
    def _enough_replicas_to_wait_for(self) -> Self:
        given = {canonical(key): key for key in self.mysql.config}
        key = given.get(self.topology.replication.wait_count_option or "")
        replicas = self.topology.pods - 1
        if key is None:
            return self
        if not (isinstance(count := self.mysql.config[key], int) and 1 <= count <= replicas):
            raise MisfitError(
                ("mysql", "config", key), f"expected 1 to {replicas}, the number of replicas; got {count!r}"
            )
        return self

    @property
    def load_isolation(self) -> str | None:
        """The level of the load's sessions; None where they are a locustfile's own."""
        return None if self.workload.is_locustfile else self.mysql.isolation

    @property
    def shift_s(self) -> float:
        """How much later the seed makes all steps of the timeline together, so that trials meet a proxy that looks
        rarely at every phase of its cycle; their distances stay as they are written."""
        return random.Random(f"{self.seed}/cycle").uniform(0, self.mesh.cycle_s)

    @property
    def spare_pods(self) -> int:
        """How many pods the timeline adds."""
        return sum(step.fault.intends == "pod_added" for step in self.timeline())

    @property
    def down_after_s(self) -> float:
        """What the control plane is told; where it never fails over, its own default."""
        return self.control.down_after or DOWN_AFTER_S

    def topology_spec(self) -> Topology:
        return Topology(
            kind=self.topology.kind,
            pods=self.topology.pods,
            image=None if self.mysql.image == "default" else self.mysql.image,
            config=self.mysql.config,
            my_cnf=self.mysql.my_cnf,
            extras=distinct(extra for step in self.timeline() for extra in step.fault.extras),
        )

    def unknown_to(self, variables: Collection[str]) -> str | None:
        """What a step asks of a server that has these variables alone and cannot do it, in one line."""
        for number, step in enumerate(self.timeline()):
            if wrong := step.fault.unknown_to(variables):
                place = ".".join(map(str, ("faults", *self._places[number], wrong.key)))
                return f"{place}: {wrong.why}"
        return None

    def timeline(self) -> list[PlannedFault]:
        return [step.planned() for step in self.steps]

    @property
    def steps(self) -> list[FaultSection]:
        """The timeline's plain steps."""
        return [step for step in self.faults if isinstance(step, FaultSection)]
