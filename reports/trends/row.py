"""A trial as one row: what was run on what, how it ended, and its numbers. From summary.json and manifest.json alone.

The folder's other files are not opened, and whether they are as the run left them is for whoever needs to know
(`reports.seal.alterations`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from os.path import relpath
from pathlib import Path
from typing import Any, cast

from history.fields import read
from history.json_files import HistoryError, read_object
from history.manifest import MeshSection, PartOf, read_manifest
from reports.seal import CHECKSUMS, MANIFEST
from reports.summary_types import Summary
from reports.trends.metrics import numbers

#: Keys of a scenario that change nothing of what happens in a trial.
ABOUT_IT = frozenset({"name", "description", "teaches", "seed", "gates", "expect"})


@dataclass(frozen=True, kw_only=True)
class TrialRow:
    """One sealed run.

    folder: relative to the runs folder. seal: SHA-256 of its SHA256SUMS, by which a row is known. scenario_digest:
    SHA-256 of the scenario as resolved without name, texts, seed and gates: trials of equal digest are comparable.
    cell: such as ``group / envoy``. mesh: as a scenario has it in one word. started_at: ISO 8601, UTC. dirty: whether
    the checkout differed from its commit; None outside of one. host: the machine in words. expected: the verdict that
    the scenario is meant to end with. numbers: by the names of `reports.trends.metrics.METRICS`, those that are known.
    """

    folder: str
    seal: str
    scenario: str
    scenario_digest: str
    cell: str
    topology: str
    pods: int | None
    mesh: str
    workload: str
    seed: int | None
    started_at: str
    commit: str | None
    dirty: bool | None
    versions: Mapping[str, Any]
    images: Mapping[str, Any]
    host: str
    verdict: str
    expected: str = "pass"
    why: str
    void_reasons: tuple[str, ...]
    command: tuple[str, ...]
    part_of: PartOf | None
    numbers: Mapping[str, float]

    @property
    def counts(self) -> bool:
        """Whether its numbers may be compared with others: never those of a trial that is void, whatever else it is."""
        return self.verdict != "void" and not self.void_reasons

    def as_json(self) -> dict[str, Any]:
        """JSON-serialisable; `from_json` reads it."""
        return asdict(self)


def from_json(content: Mapping[str, Any]) -> TrialRow:
    """The row; keys that it does not know are left out. Raises HistoryError where one is missing."""
    known = {field.name: content[field.name] for field in fields(TrialRow) if field.name in content}
    try:
        part_of = known["part_of"]
        known["part_of"] = None if part_of is None else read(PartOf, part_of, place="a row of the history")
        known |= {name: tuple(known[name]) for name in ("void_reasons", "command")}
        return TrialRow(**known)
    except (KeyError, TypeError) as error:
        raise HistoryError(f"a row of the history cannot be read: {error}") from None


def row_of(folder: Path, *, runs: Path) -> TrialRow:
    """The row of a sealed run folder. Raises HistoryError where it is none, or one of the files cannot be read."""
    summary, manifest = read_object(folder / "summary.json"), read_object(folder / MANIFEST)
    for name, content in ((MANIFEST, manifest), ("summary.json", summary)):
        if content is None:
            raise HistoryError(f"{folder}: there is no {name}: not a run that ended and was judged")
    seal = seal_of(folder)
    try:
        return _row(cast("Summary", summary), manifest or {}, folder=relpath(folder, runs), seal=seal)
    except (KeyError, TypeError, AttributeError) as error:
        raise HistoryError(f"{folder}: summary.json is not of a run: {in_words(error)}") from None


def in_words(error: Exception) -> str:
    """What is wrong with the content of a file that was read as if it were right."""
    if isinstance(error, KeyError):
        return f"there is no {error.args[0]} in it"
    if isinstance(error, ValueError):
        return str(error)
    return "one of its values is not of the kind that it should be"


def seal_of(folder: Path) -> str:
    """SHA-256 of its SHA256SUMS. Raises HistoryError where it has none that can be read."""
    try:
        return hashlib.sha256((folder / CHECKSUMS).read_bytes()).hexdigest()
    except OSError as error:
        raise HistoryError(f"{folder}: {CHECKSUMS} cannot be read ({error.strerror}): not a sealed run") from None


def _row(summary: Summary, content: Mapping[str, Any], *, folder: str, seal: str) -> TrialRow:
    manifest = read_manifest(content, name=f"{folder}/{MANIFEST}")
    topology, mesh, part_of = manifest.topology.kind or "", mesh_word(manifest.mesh), manifest.part_of
    return TrialRow(
        folder=Path(folder).as_posix(),
        seal=seal,
        scenario=manifest.scenario.name or "",
        scenario_digest=scenario_digest(content.get("scenario") or {}),
        cell=(part_of and part_of.cell) or f"{topology} / {mesh}",
        topology=topology,
        pods=manifest.topology.pods,
        mesh=mesh,
        workload=manifest.workload_name or "",
        seed=manifest.seed,
        started_at=manifest.started_at or "",
        commit=manifest.versions.get("commit"),
        dirty=manifest.versions.get("dirty"),
        versions=manifest.versions,
        images=manifest.images,
        host=host_words(content.get("host") or {}),
        verdict=summary["verdict"],
        expected=str(manifest.scenario.expect.verdict or "pass"),
        why=summary["why"],
        void_reasons=tuple(summary["void_reasons"]),
        command=manifest.command or (),
        part_of=part_of,
        numbers=numbers(summary),
    )


def scenario_digest(scenario: Mapping[str, Any]) -> str:
    """SHA-256 of a resolved scenario, but for what changes nothing of a trial. scenario: as in manifest.json."""
    decisive = {key: value for key, value in scenario.items() if key not in ABOUT_IT}
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()


def mesh_word(mesh: MeshSection) -> str:
    """A mesh in one word, as on the command line: the proxy of a gateway, else the mode."""
    return (mesh.proxy if mesh.mode == "gateway" else mesh.mode) or ""


def host_words(host: Mapping[str, Any]) -> str:
    """What tells one machine from another: ``x86_64, 2 cores, 23.5 GiB, kernel 6.18.44``; empty where unknown."""
    parts = (("machine", "{}"), ("cores", "{} cores"), ("memory_gib", "{} GiB"), ("kernel", "kernel {}"))
    return ", ".join(words.format(host[key]) for key, words in parts if host.get(key) is not None)
