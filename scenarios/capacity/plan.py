"""What a capacity is asked of: words of the command line, checked before anything starts.

The system is that of a scenario, or of the catalogue's ``steady`` in the topology named. How much is asked of it and
when, what breaks and what has to hold is what is searched, so the scenario's own rate, faults and gates are left out.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cluster.duration import show_duration
from cluster.errors import ConfigurationError
from cluster.topologies.lookup import kinds, replication_of
from cluster.topologies.replication import CanForceQuorum
from history.vocabulary import is_locustfile, is_own
from loadgen.workloads.registry import WORKLOADS
from reports.capacity.objective import Objective, parse
from scenarios.capacity.offered import KEPT
from scenarios.matrix.named import require_agreement
from scenarios.matrix.plan import replicating
from scenarios.schema.mesh import mesh_words
from scenarios.schema.read import catalogue, read_scenario
from scenarios.schema.scenario import Scenario
from scenarios.schema.told import brief
from scenarios.user_code.lookup import Look

#: What a bare topology is measured with.
BASE = "steady"
#: What a group gets that is named alone, as whoever runs one sets it: a dead member is expelled at once, and one that
#: is on its way back does not hold the others up (see the scenario primary-kill). ``--set`` still has its way.
OF_GROUPS = (
    "mysql.config.group_replication_member_expel_timeout=0",
    "mysql.config.group_replication_paxos_single_leader=true",
)
#: Sections that the search decides about.
DECIDED = ("faults", "gates", "expect", "survivable")
#: Arrivals a second that the scenario is read with; the search offers its own.
_ANY_RATE = 100.0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """scenario: sound, without faults. name, settings: the words after ``meshbench run`` and ``--set`` that read the
    same system. lose: how many nodes, 0 or 1. left_out: what of the scenario is not measured, a line each."""

    scenario: Scenario
    name: str
    settings: Sequence[str]
    objectives: Sequence[Objective]
    lose: int
    left_out: Sequence[str]
    look: Look | None

    def run_of(self, load: dict[str, Any], *, faults: Sequence[dict[str, Any]], gates: dict[str, Any]) -> Planning:
        """An ordinary run of this system. load: keys beside those that are kept; faults, gates: as in a scenario."""
        words = [
            *self.settings,
            f"load={_yaml(_kept(self.scenario) | load)}",
            *_environment(self.scenario),
            f"gates={_yaml(gates)}",
            f"faults={_yaml(list(faults))}",
        ]
        return Planning(
            scenario=read_scenario(self.name, settings=words, seed=self.scenario.seed, look=self.look), settings=words
        )


@dataclass(frozen=True, kw_only=True)
class Planning:
    """A run before it is run. settings: the ``--set`` words that make it so."""

    scenario: Scenario
    settings: Sequence[str]


def plan(
    subject: str,
    *,
    slo: Sequence[str],
    topology: str | None = None,
    mesh: str | None = None,
    workload: str | None = None,
    lose: int = 0,
    settings: Sequence[str] = (),
    seed: int | None = None,
    look: Look | None = None,
) -> Plan:
    """Check everything. subject: a scenario or a topology. look: as `read_scenario` takes it.

    Raises ConfigurationError with a line for every mistake.
    """
    objectives = _objectives(slo)
    _require_word("--topology", topology, kinds())
    _require_word("--mesh", mesh, mesh_words())
    if workload is not None and is_locustfile(workload):
        raise ConfigurationError(_no_rate(f"--workload {brief(workload)}"))
    _require_word("--workload", workload if workload is None or not is_own(workload) else None, list(WORKLOADS))
    for setting in settings:
        _refuse_decided(setting)
    name, chosen = _subject(subject, topology)
    blame = dict.fromkeys(chosen, f"capacity {subject}")
    for section, word, option in _named(subject, topology=topology, mesh=mesh, workload=workload):
        require_agreement(option, section, word, settings)
        blame[f"{section}={word}"] = option
    words = [f"{section}={word}" for section, word in (("mesh", mesh), ("workload", workload)) if word is not None]
    words += settings
    own = _as_written(name, [*chosen, *words], seed=seed, blame=blame)
    if topology is not None:
        chosen.append(replicating(own, topology))
        blame[chosen[-1]] = f"--topology {topology}"
    chosen += words
    # Without what is left out: a fault that the system asked for could not have is none of a capacity's.
    bare = [*chosen, "faults=[]", "gates={}", "expect=pass", "survivable=null"]
    given = read_scenario(name, settings=bare, blame=blame, seed=seed, look=look)
    if given.workload.is_locustfile:
        raise ConfigurationError(_no_rate(f"{brief(name)}: {brief(given.workload.name)}"))
    _require_survivors(given, lose)
    left_out = _left_out(own) if name != BASE else []
    load = [f"load={_yaml(_kept(given) | {'model': 'poisson', 'rate': _ANY_RATE})}", *_environment(given)]
    scenario = read_scenario(name, settings=[*bare, *load], blame=blame, seed=seed, look=look)
    return Plan(
        scenario=scenario,
        name=name,
        settings=bare,
        objectives=objectives,
        lose=lose,
        left_out=left_out,
        look=look,
    )


def _objectives(slo: Sequence[str]) -> tuple[Objective, ...]:
    if not slo:
        raise ConfigurationError("--slo: needed at least once, such as --slo 'response_p99<=250ms'")
    found: list[Objective] = []
    wrong: list[str] = []
    for text in slo:
        try:
            found.append(parse(text))
        except ValueError as mistake:
            wrong.append(str(mistake))
    if wrong:
        raise ConfigurationError("\n".join(wrong))
    for one in found:
        if sum(one.metric == other.metric for other in found) > 1:
            raise ConfigurationError(f"--slo {brief(one.text)}: {one.metric} is bounded twice; keep the stricter one")
    return tuple(found)


def _no_rate(what: str) -> str:
    return (
        f"{what}: a locustfile has loops of its own, so no rate can be offered to it; allowed: {', '.join(WORKLOADS)}, "
        "or a class of your own (FILE.py:CLASS)"
    )


def _subject(word: str, topology: str | None) -> tuple[str, list[str]]:
    """The scenario to read and the settings that make it what the word says."""
    if not word.strip():
        raise ConfigurationError("SCENARIO|TOPOLOGY: is empty; give a name of `meshbench list`, a file, or a topology")
    if word in kinds():
        if topology is not None:
            raise ConfigurationError(f"{word} --topology {topology}: two topologies; name one, or a scenario first")
        groups = OF_GROUPS if isinstance(replication_of(word), CanForceQuorum) else ()
        return BASE, [f"topology={word}", *groups]
    if word not in catalogue() and "." not in word and "/" not in word:
        near = difflib.get_close_matches(word, [*catalogue(), *kinds()], n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ConfigurationError(
            f"{brief(word)}: no such scenario, topology or file; {hint}`meshbench list` names the catalogue, "
            f"topologies are {', '.join(kinds())}"
        )
    return word, []


def _named(
    subject: str, *, topology: str | None, mesh: str | None, workload: str | None
) -> Iterator[tuple[str, str, str]]:
    """Section of a scenario, what the command line names in it beside ``--set``, and with which words."""
    if subject in kinds():
        yield "topology", subject, f"capacity {subject}"
    for section, word in (("topology", topology), ("mesh", mesh), ("workload", workload)):
        if word is not None:
            yield section, word, f"--{section} {brief(word)}"


def _as_written(name: str, words: Sequence[str], *, seed: int | None, blame: Mapping[str, str]) -> Scenario:
    """The scenario with its faults, in its own topology; as the words make it where the file leaves that open."""
    try:
        return read_scenario(name, seed=seed)
    except ConfigurationError:
        return read_scenario(name, settings=[*words, "gates={}"], seed=seed, blame=blame)


def _require_word(option: str, word: str | None, known: Sequence[str]) -> None:
    if word is None or word in known:
        return
    near = difflib.get_close_matches(word, known, n=1)
    hint = f"did you mean {near[0]!r}? Allowed" if near else "allowed"
    raise ConfigurationError(f"{option}: unknown word {brief(word)!r}; {hint}: {', '.join(known)}")


def _refuse_decided(setting: str) -> None:
    """Of what the search decides nothing can be set."""
    key = setting.partition("=")[0]
    section, _, within = key.partition(".")
    if section in DECIDED:
        raise ConfigurationError(
            f"--set {brief(setting)}: a capacity has no {section} of its own, it searches a rate; leave it out"
        )
    if section == "load" and within.partition(".")[0] not in KEPT:
        allowed = ", ".join(f"load.{one}" for one in KEPT)
        raise ConfigurationError(
            f"--set {brief(setting)}: how much is offered, and when, is searched; of the load can be set: {allowed}"
        )


def _require_survivors(scenario: Scenario, lose: int) -> None:
    if not 0 <= lose <= 1:
        raise ConfigurationError(f"--lose {lose}: expected 0 or 1; more than one node at a time is not measured")
    if lose > scenario.can_lose:
        pods = scenario.topology.pods
        raise ConfigurationError(
            f"--lose {lose}: topology {scenario.topology.kind} with {pods} {'pod' if pods == 1 else 'pods'} goes on "
            f"with at most {scenario.can_lose} of them gone"
        )


def _left_out(given: Scenario) -> list[str]:
    """What the scenario says and a capacity leaves out. given: as it stands in its file, in its own topology."""
    found = []
    if given.steps:
        steps = ", ".join(f"{step.planned().fault.name} {step.planned().target}" for step in given.steps)
        found.append(f"the faults of {given.name} are left out ({steps}): a capacity is that of a sound system")
    rate = f" {given.load.rate:g}/s" if isinstance(given.load.rate, float) else ""
    found.append(
        f"the load of {given.name} ({given.load.model}{rate} for {show_duration(given.load.duration)}) is left out: "
        "rates are searched"
    )
    return found


def _kept(scenario: Scenario) -> dict[str, Any]:
    """The keys of its load that are kept, as in a file; what is as by default is left out, and `_environment`."""
    written = scenario.load.model_dump(mode="json", include=set(KEPT) - {"environment"}, exclude_defaults=True)
    return dict(written)


def _environment(scenario: Scenario) -> list[str]:
    """Its variables as a setting of their own, which is recorded without their values; none where it has none."""
    environment = scenario.load.environment
    return [f"load.environment={_yaml(environment)}"] if environment else []


def _yaml(value: Any) -> str:
    """In one line, as a word of the command line: JSON is YAML."""
    return json.dumps(value, ensure_ascii=False)
