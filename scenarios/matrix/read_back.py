"""What was in force of the varied keys, from a run folder: what a run was told proves nothing about what it ran with.

| key | read from | held against |
|---|---|---|
| ``mysql.config.*`` | ``SHOW GLOBAL VARIABLES`` of every pod | what was asked, in MySQL's normal form |
| ``mesh.*`` | the configuration in force of every proxy | the scenario of the cell |
| ``faults.N.*`` | the lines of ``faults.jsonl`` of that step | the same |
| ``topology.pods`` | the pods that answered when the load began | the same |
| any other | the scenario in ``manifest.json`` | the same |
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from pathlib import Path
from typing import Any

from cluster.mysqld.options import Asked, Known, effects, normal, written_value
from history.faults import FaultRecord, fault_records
from history.json_files import read_lines, read_object
from history.manifest import Manifest, read_manifest
from reports.matrix.experiment import Effective, Varied
from reports.matrix.in_force import MEASURED
from scenarios.matrix.levels import step_number
from scenarios.schema.faults import FaultSection
from scenarios.schema.read import OPTIONS, place_of
from scenarios.schema.scenario import Scenario
from scenarios.schema.told import spelt

VARIABLES, PROXIES = "SHOW GLOBAL VARIABLES", "the proxies' configuration in force"
NOT_SHOWN = "no global variable shows it"
FAULTS, PODS, MANIFEST = "faults.jsonl", "the pods that answered", "the scenario in manifest.json"


def read_back(folder: Path, scenario: Scenario, varied: Sequence[Varied]) -> list[Effective]:
    """scenario: of the cell, of which this was a trial. Raises HistoryError where the folder cannot be read."""
    content = read_object(folder / "manifest.json") or {}
    manifest = read_manifest(content)
    faults = fault_records(read_lines(folder / "faults.jsonl", what="fault step"))
    return [_read(one, scenario, manifest, faults, content) for one in varied]


def unlike(effective: Sequence[Effective]) -> str | None:
    """Why a trial is none of its cell, in one line; None where everything asked for was in force."""
    return "; ".join(one.wrong for one in effective if one.wrong is not None) or None


def _read(
    one: Varied, scenario: Scenario, manifest: Manifest, faults: Sequence[FaultRecord], content: Mapping[str, Any]
) -> Effective:
    if one.key.startswith(OPTIONS):
        return _variable(one, scenario, manifest)
    if one.key.startswith("mesh.") and manifest.mesh.settings:
        name = one.key.removeprefix("mesh.")
        read = {proxy: told.get(name) for proxy, told in manifest.mesh.settings.items()}
        return _held(one, PROXIES, read, scenario.mesh.settings.get(name))
    number = step_number(one.key)
    if number is not None and not scenario.composed():
        record = next((fault for fault in faults if fault.id == number), None)
        return _fault(one, scenario.steps[number], record)
    if one.key == "topology.pods":
        return _held(one, PODS, {"": len(manifest.variables)}, scenario.topology.pods)
    asked, ran = scenario.model_dump(mode="json"), dict(content.get("scenario") or {})
    if scenario.composed():
        asked["faults"], ran["faults"] = scenario.composed(), content.get("composed")
    return _held(one, MANIFEST, {"": _at(ran, one.key)}, _at(asked, one.key))


def _held(one: Varied, source: str, read: Mapping[str, Any], wanted: Any) -> Effective:
    """wanted: as a run records it, every default filled in."""
    apart = next((who for who, value in read.items() if value != wanted), None)
    wrong = None if apart is None else _wrong(one, read[apart], apart)
    return Effective(key=one.key, asked=one.asked, source=source, read=dict(read), wrong=wrong)


def _wrong(one: Varied, value: Any, who: str) -> str:
    on = f" on {who}" if who else ""
    return f"{one.key}: asked {one.asked}, in force {value if isinstance(value, str) else spelt(value)}{on}"


def _variable(one: Varied, scenario: Scenario, manifest: Manifest) -> Effective:
    """An option of mysqld. One whose value is a word for what is in force (an alias, a number of a word) was compared
    by the run with what the image's mysqld makes of it, and is noted in the manifest with its values by pod."""
    name = one.key.removeprefix(OPTIONS)
    pods = {pod: {key: str(value) for key, value in told.items()} for pod, told in manifest.variables.items()}
    asked = Asked(written=name, value=written_value(scenario.mysql.config[name]), source="mysql.config")
    (effect,) = effects([asked], pods, Known())
    noted = [row for row in _rows(manifest.options) if row.get("option") == name]
    if not effect.effective:
        wrong = None
        if not pods:
            wrong = f"{one.key}: asked {one.asked}, and no pod told what was in force"
        elif effect.wrong and not any(row.get("note") == NOT_SHOWN for row in noted):
            wrong = f"{one.key}: asked {one.asked}, {min(pods)} has no such variable"
        return Effective(key=one.key, asked=one.asked, source=VARIABLES if wrong else NOT_SHOWN, read={}, wrong=wrong)
    known = {pod: normal(str(value)) for row in noted for pod, value in dict(row.get("effective") or {}).items()}
    apart = {pod: value for pod, value in effect.effective.items() if normal(value) != normal(asked.value)}
    wrong = None
    if effect.wrong and any(normal(value) != known.get(pod) for pod, value in apart.items()):
        pod = min(apart)
        wrong = _wrong(one, apart[pod], pod)
    return Effective(key=one.key, asked=one.asked, source=VARIABLES, read=dict(effect.effective), wrong=wrong)


def _rows(options: Any) -> list[Mapping[str, Any]]:
    return [row for row in options if isinstance(row, Mapping)] if isinstance(options, list) else []


def _fault(one: Varied, step: FaultSection, record: FaultRecord | None) -> Effective:
    """Of a key that the fault has its value, and what was measured of it; else what the fault was."""
    if record is None:
        absent = f"{one.key}: asked {one.asked}, and faults.jsonl has no such step"
        return Effective(key=one.key, asked=one.asked, source=FAULTS, read={}, wrong=absent)
    planned = step.planned().asked()
    parameters = dict(record.parameters)
    same = parameters == planned.parameters and all(
        getattr(record, name) == getattr(planned, name) for name in ("fault", "target", "peer", "after", "heal_after_s")
    )
    name = one.key.rpartition(".")[2]
    told = {"at": "at_s", "heal_after": "heal_after_s"}.get(name, name)
    recorded = {"target": record.target, "heal_after_s": record.heal_after_s, "peer": record.peer, **parameters}
    value = recorded.get(told, record.fault)
    read: dict[str, Any] = {"": value}
    for measure in record.bitten_evidence.get("measured") or []:
        read[f"{MEASURED}, {measure['what']}"] = f"{measure['measured']:g} {measure['unit']}"
    wrong = None if same else _wrong(one, value, "")
    return Effective(key=one.key, asked=one.asked, source=FAULTS, read=read, wrong=wrong)


def _at(document: Any, key: str) -> Any:
    """What stands at a key of a document; None where nothing does."""

    def below(value: Any, part: str | int) -> Any:
        if isinstance(value, list) and isinstance(part, int) and part < len(value):
            return value[part]
        return value.get(str(part)) if isinstance(value, Mapping) else None

    return reduce(below, place_of(key), document)
