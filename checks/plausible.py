"""Whether a record is of the trial that it claims to be. What is wrong with one is told by this rule:

- A file that cannot be right as a record (broken types, impossible times, unknown words, numbers that do not add up) is
  refused when it is read: HistoryError, exit code 2, with file and row (`history.rows`, `history.fault_lines`,
  `history.manifest`).
- A record that can be, but says that the trial was not what it claims, is void: here. Another fault, target or pod than
  planned, a fault outside of the load, evidence that says the opposite of its step, two pods promoted at once, a pod of
  which nothing is told at the end; and in `checks.complete` operations that were counted and are not there.
- A state of the database that must not be (rows, sums, primaries) fails the check that is concerned.

Nothing here says what became of the money, so nothing here hides that a check found some of it lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from checks.evidence.due import last_due_ns
from checks.evidence.ledger import tabled_nodes
from checks.evidence.operations import reads, writes
from checks.evidence.quarantine import quarantined
from checks.stories import contradictions, name_of, pods_of_run
from history.faults import FaultRecord
from history.fields import spelt
from history.history import History
from history.older.faults import BY_NAME
from history.vocabulary import is_own

#: Where the manifest does not tell when the load began, its first arrival may have come this much later.
_FIRST_ARRIVAL_NS = 1_000_000_000
#: A pod must have been what it is said not to be for so long: roles change while a step looks for its target.
_SETTLED_NS = 2_000_000_000
#: Field of the evidence of any fault -> values with which it has not bitten, or is not over.
_NEVER_BITTEN: Mapping[str, Sequence[Any]] = {"ok": (False,), "bitten": (False,)}
_NEVER_CLEAN: Mapping[str, Sequence[Any]] = {"ok": (False,), "clean": (False,), "caught_up": (False,)}


def implausible(history: History) -> list[str]:
    """Why the record is not of the trial that it claims to be, one line each."""
    return [
        *contradictions(history),
        *_outside_of_the_load(history),
        *_other_pod(history),
        *_refuted(history.faults),
        *_pods_not_told_of(history),
        *_operations_of_others(history),
        *_quarantined_in_a_group(history),
    ]


def _operations_of_others(history: History) -> Iterator[str]:
    """Writes on record as reads, and writes that a pod acknowledged which is none of the run's."""
    acked = history.ops[history.ops["outcome"] == "ok"]
    asked = reads(acked, history.workload)
    name = history.run.workload_name
    if name is not None and not is_own(name) and len(odd := asked[asked["gtid"].notna()]):
        first = odd.iloc[0]
        yield f"operation {first['key']!s:.80} is on record as a {first['f']}, and has a GTID, as only a write has"
    pods = {one.name for one in history.samples if one.kind == "pod"} | set(history.nodes or {})
    servers = set(writes(acked, history.workload)["server"].dropna()) - pods
    if servers and history.samples and history.nodes:
        yield f"writes are on record as acknowledged by {min(servers)!s:.80}, which is not a pod of this run"


def _quarantined_in_a_group(history: History) -> Iterator[str]:
    if history.run.topology.is_group and (aside := quarantined(history)):
        yield f"final/nodes.json calls {', '.join(sorted(aside))} quarantined, and in a group nobody is"


def _outside_of_the_load(history: History) -> Iterator[str]:
    if history.ops.empty:
        return
    intended = history.ops["intended_ns"]
    zero_ns = history.run.load.zero_ns
    begun_ns = int(intended.min()) - _FIRST_ARRIVAL_NS if zero_ns is None else zero_ns
    ended_ns = last_due_ns(history)
    for fault in history.faults:
        if fault.injected_ns is None:
            continue
        if fault.injected_ns < begun_ns:
            yield f"{name_of(fault)} came before the load had begun, so nothing shows what it did to it"
        if fault.injected_ns > ended_ns:
            yield f"{name_of(fault)} came after the load had ended, so nothing shows what it did to it"


def _other_pod(history: History) -> Iterator[str]:
    """Faults that hit a pod which is none of the cluster's, or not of the part that its target names."""
    known = pods_of_run(history)
    for fault in history.faults:
        if not fault.of_mysql_pods or fault.injected_ns is None:
            continue
        if not fault.pods:
            yield f"{name_of(fault)} was injected, and nothing says which pod it hit"
        for pod in fault.pods:
            if known and pod not in known:
                yield f"{name_of(fault)} hit {pod}, which is not a pod of this run ({', '.join(sorted(known))})"
            elif history.run.topology.primaries_meant == 1 and _was_another(history, fault, pod, fault.injected_ns):
                yield f"{name_of(fault)} was to hit {fault.target}, and {pod} had another role then"


def _was_another(history: History, fault: FaultRecord, pod: str, at_ns: int) -> bool:
    """Whether the samples of the seconds before show that a pod was not what it was meant to be."""
    before = [one for one in history.samples if one.kind == "pod" and at_ns - _SETTLED_NS <= one.at_ns < at_ns]
    writable = {one.name for one in before} - {one.name for one in before if not one.writable}
    replicas = {one.name for one in before} - {one.name for one in before if not one.up or one.role != "replica"}
    if fault.meant_role == "primary":
        return pod in replicas and bool(writable)
    return fault.meant_role == "replica" and pod in writable


def _refuted(faults: Iterable[FaultRecord]) -> Iterator[str]:
    for fault in faults:
        bitten, clean = fault.bitten_evidence, fault.clean_evidence
        if fault.bitten and (
            said := _says(bitten, {**_NEVER_BITTEN, **fault.refuted("bitten")}) or _reached(fault, bitten)
        ):
            yield f"{name_of(fault)} is recorded as effective, but its evidence says {said}"
        if fault.bitten and fault.kind and _shows_nothing(fault, bitten):
            yield f"{name_of(fault)} is recorded as effective, but its evidence shows nothing of a {fault.fault}"
        if fault.bitten and (other := _of_another(fault, bitten)):
            yield f"{name_of(fault)} is recorded as effective, but its evidence is that of a {other}"
        if fault.bitten and fault.brings_about == "new_primary" and bitten.get("primary") in fault.pods:
            yield f"{name_of(fault)} is recorded as done, but its evidence says primary: {bitten['primary']}"
        if fault.clean and (said := _says(clean, {**_NEVER_CLEAN, **fault.refuted("clean")})):
            yield f"{name_of(fault)} is recorded as healed, but its evidence says {said}"


def _shows_nothing(fault: FaultRecord, evidence: Mapping[str, Any]) -> bool:
    """Whether evidence of our own journal has none of the fault's fields, or nothing in them."""
    shown = [name for name, values in fault.refuted("bitten").items() if None not in values]
    return bool(shown) and all(evidence.get(name) is None for name in shown)


def _of_another(fault: FaultRecord, evidence: Mapping[str, Any]) -> str:
    """Another fault whose fields the evidence has, where it has none of this one's; empty where there is none."""
    shown = fault.refuted("bitten").keys()
    if not shown or shown & evidence.keys():
        return ""
    others = (name for name, of in BY_NAME.items() if of.refuted_by["bitten"].keys() & evidence.keys())
    return next(others, "")


def _says(evidence: Mapping[str, Any], opposite: Mapping[str, Sequence[Any]]) -> str:
    """The fields that say the opposite, in words; empty where none does."""
    told = [
        f"{name}: {evidence[name] if isinstance(evidence[name], str) else spelt(evidence[name])}"
        for name, values in opposite.items()
        if name in evidence and any(evidence[name] is value or _same(evidence[name], value) for value in values)
    ]
    return ", ".join(told)


def _same(found: object, value: object) -> bool:
    if isinstance(found, str) and isinstance(value, str):
        return found.casefold() == value.casefold()
    return isinstance(found, bool) == isinstance(value, bool) and found == value  # else False is 0


def _reached(fault: FaultRecord, evidence: Mapping[str, Any]) -> str:
    """The peers that still reached a pod which was cut off from them; or that did not, where it was cut off from
    nobody."""
    reached = evidence.get("reached_from")
    if not isinstance(reached, Mapping):
        return ""
    if fault.isolates_from == () and (cut := [str(peer) for peer, whether in reached.items() if whether is False]):
        return f"no longer reached from: {', '.join(cut)}, and isolates_from names nobody"
    if not fault.isolated_from:
        return ""
    peers = [str(peer) for peer, whether in reached.items() if whether is True]
    return f"reached from: {', '.join(peers)}" if peers else ""


def _pods_not_told_of(history: History) -> Iterator[str]:
    """Every pod of which there are rows, or that is to be there at the end, has its record, as full as the others'."""
    nodes = history.nodes
    if nodes is None:
        return
    absent = [pod for pod in tabled_nodes(history) if pod not in nodes]
    pods = history.run.topology.pods_meant_at_end
    if absent:
        yield f"final/nodes.json does not tell of {', '.join(absent)}, of which there are rows in final/"
    elif pods is not None and len(nodes) < pods:
        yield f"final/nodes.json tells of {len(nodes)} pods, and {pods} were there at the end"
    for field in ("state", "role", "gtid_executed"):
        serving = {pod: one for pod, one in nodes.items() if isinstance(one, Mapping) and _may_serve(one)}
        silent = [pod for pod, one in serving.items() if one.get(field) is None]
        if silent and len(silent) < len(serving):
            yield f"final/nodes.json does not tell the {field} of {', '.join(silent)}, though it does of the others"


def _may_serve(node: Mapping[str, Any]) -> bool:
    """Whether a pod is not said to be out of service, as one that did not answer is."""
    return node.get("state") in ("ONLINE", None)
