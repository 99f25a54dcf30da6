"""What a fault is, and what counts as evidence. One fault a file, in the folder of its family; `chaos.noop` is the
template, docs/adding-a-fault.md the guide.

A fault is a frozen dataclass: its fields are its keys in YAML (`cluster.keys`), its class says where it fits. ``on``
gives the Injection, one fault on one pod, before anything has happened: it looks before, breaks, looks again, heals.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, Literal, TypeVar

from chaos import topologies
from cluster.cluster import Cluster
from cluster.extras import Extra
from cluster.keys import Keys, Mistake
from cluster.topology import Kind
from cluster.wait import WaitTimeoutError, wait_until
from history.fault_lines import Hits, Intent, Part
from history.fault_lines import Kind as StepKind
from history.faults import EVERYONE

Mode = Literal["direct", "gateway", "sidecar", "mtls"]


@dataclass(frozen=True, kw_only=True)
class Measure:
    """How much of a fault there is, against what its keys promised: ``added round trip``, 50 promised, 51.3 measured.

    tolerance: how far they may be apart, in ``unit``, for `meshbench selftest faults`.
    """

    what: str
    unit: str
    promised: float
    measured: float
    tolerance: float

    @property
    def kept(self) -> bool:
        return abs(self.measured - self.promised) <= self.tolerance


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What a probe on real pods showed. ok: it shows what was claimed; seen: the probe's words, JSON-serialisable.

    measures: of a fault with a size, how much there is; ok may be looser than their tolerances, since a run's pods are
    busy. They are recorded in ``seen`` as ``measured``.
    """

    ok: bool
    seen: dict[str, Any] = field(default_factory=dict)
    measures: tuple[Measure, ...] = ()

    def as_seen(self) -> dict[str, Any]:
        """What faults.jsonl records of it."""
        measured = {"measured": [vars(measure) for measure in self.measures]} if self.measures else {}
        return self.seen | measured


@dataclass(frozen=True, kw_only=True)
class Victim:
    """What is hit. pod: its name, of a MySQL pod or of one around them; part: what of it."""

    pod: str
    part: Part = "node"


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a fault may use. peers: the pods that its key ``peer`` means, if it has one. rng: of the step, seeded."""

    cluster: Cluster
    peers: tuple[str, ...] = ()
    rng: random.Random = field(default_factory=random.Random)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Where a step is to strike. mesh: its mode; proxy: its product, None without one."""

    kind: Kind
    pods: int
    mesh: Mode
    proxy: str | None = "envoy"


@dataclass(frozen=True, kw_only=True)
class Refutations:
    """Values of fields of the evidence with which it did not bite, or is not over, whatever else is said."""

    bitten: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    clean: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)

    def as_json(self) -> dict[str, dict[str, list[Any]]]:
        steps = {"bitten": self.bitten, "clean": self.clean}
        return {step: {name: list(values) for name, values in fields.items()} for step, fields in steps.items()}


@dataclass(frozen=True, kw_only=True)
class Fault(Keys, ABC):
    """Base of every fault and planned change.

    name: the word in YAML. does: what it does and teaches, for `meshbench faults`. bites, heals: how it is proved, and
    undone. good: what a good cluster does. known_as: its names elsewhere, such as ``Chaos Mesh PodChaos pod-kill;
    Jepsen kill!``; empty where nobody else has it. example: its keys as YAML has them, for the guide and for
    `meshbench selftest faults`. targets: the words it can have.
    topologies, meshes, least_pods: where it has a meaning. needs: words of `chaos.needs`, what of the engine's host and
    of the images it uses. extras: what its victims must have been started with.
    lasts: it goes on until it is healed; a planned change is over when it is done, and its heal undoes what one that
    failed has left. isolates: it cuts its pod off from its peers, or from everyone. hits: what it breaks, where that is
    not the part of the pod that the target names. loses_node: a MySQL node that it hits is gone for its peers, so that
    a failover is to be expected; not, where the node only gets slower. crashes: its mysqld ends without a word to its
    peers. may_stay: ``heal_after: never`` is allowed, for MySQL pods.
    one_by_one: its pods are taken in turn, the primary last: each must be back in service before the next.
    intends: what a planned change does to pods or primary, if anything. refuted_by: what evidence must not say.
    """

    name: ClassVar[str]
    does: ClassVar[str]
    bites: ClassVar[str]
    heals: ClassVar[str]
    good: ClassVar[str]
    known_as: ClassVar[str] = ""
    example: ClassVar[Mapping[str, Any]] = {}
    targets: ClassVar[tuple[str, ...]]
    topologies: ClassVar[tuple[Kind, ...]] = topologies.ALL
    meshes: ClassVar[tuple[Mode, ...]] = ("direct", "gateway", "sidecar", "mtls")
    least_pods: ClassVar[int] = 1
    needs: ClassVar[tuple[str, ...]] = ()
    extras: ClassVar[tuple[Extra, ...]] = ()
    lasts: ClassVar[bool] = True
    isolates: ClassVar[bool] = False
    hits: ClassVar[Hits | None] = None
    loses_node: ClassVar[bool] = False
    crashes: ClassVar[bool] = False
    may_stay: ClassVar[bool] = False
    one_by_one: ClassVar[bool] = False
    intends: ClassVar[Intent | None] = None
    refuted_by: ClassVar[Refutations] = Refutations()

    @abstractmethod
    def on(self, victim: Victim, context: Context) -> Injection[Any]:
        """This fault on one pod; nothing has happened yet."""

    def aimed(self, victims: Sequence[Victim], context: Context) -> list[Injection[Any]]:
        """This fault on each of the pods that a step hits; on fewer of them where it leaves some alone."""
        return [self.on(victim, context) for victim in victims]

    @property
    def proof_s(self) -> float:
        """How long it has to last at the very least to do what its keys say, and to be proved; 0 where any time will
        do."""
        return 0.0

    def loses_of(self, nodes: int) -> int:
        """How many of so many nodes that it hits are gone for those that go on, where it `loses_node`."""
        return nodes

    def misfit(self, target: str, setting: Setting) -> Mistake | None:
        """Why it cannot be, beyond what the class says; None where it can."""
        del target, setting
        return None

    def unknown_to(self, variables: Collection[str]) -> Mistake | None:
        """Why a server that has these variables cannot be asked for what its keys say; None where it can."""
        del variables
        return None

    def images(self) -> tuple[str, ...]:
        """References of the images that it starts, which must be on the engine before anything starts."""
        return ()

    @classmethod
    def family(cls) -> str:
        """The folder it stands in, such as ``process``."""
        return cls.__module__.split(".")[1]

    @property
    def kind(self) -> StepKind:
        return "fault" if self.lasts else "change"

    def isolates_from(self, victim: Victim, context: Context) -> tuple[str, ...]:
        """The pods, by name, that it cuts its own off from; EVERYONE for all of them, clients included."""
        del victim
        return (context.peers or (EVERYONE,)) if self.isolates else ()


F = TypeVar("F", bound=Fault)


@dataclass(kw_only=True)
class Injection(ABC, Generic[F]):
    """One fault on one pod. State that healing could use is kept on the object, but heal works from nothing, too:
    ``fault.on(victim, context).heal()`` mends a pod that another process has broken.
    """

    fault: F
    victim: Victim
    context: Context

    @property
    def cluster(self) -> Cluster:
        return self.context.cluster

    @property
    def pod(self) -> str:
        return self.victim.pod

    @abstractmethod
    def inject(self) -> None:
        """Break it. A planned change raises RefusedError when it was refused or did not come to its end: a finding.
        Whatever else is raised ends the run."""

    @abstractmethod
    def effect(self) -> Evidence:
        """Look once whether the fault shows on the pod right now; true of a broken pod, false of a sound one."""

    @abstractmethod
    def heal(self) -> None:
        """Undo it. May be called twice, or with nothing to heal."""

    @abstractmethod
    def residue(self) -> Evidence:
        """Look once whether anything of the fault is left on the pod; ok means nothing is."""


def await_evidence(what: str, look: Callable[[], Evidence], *, timeout_s: float) -> Evidence:
    """Look again and again until the evidence is ok or time runs out; returns the last that was seen."""
    last = Evidence(ok=False)

    def ok() -> bool:
        nonlocal last
        last = look()
        return last.ok

    try:
        wait_until(what, ok, timeout_s=timeout_s)
    except WaitTimeoutError:
        return last
    return last
