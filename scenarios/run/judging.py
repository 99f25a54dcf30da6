"""A run folder judged: once by the run itself, which seals it, and again by anyone, offline.

Again means as the run left it, unless the user says that it need not be. Then nothing changes in the folder of a sealed
run; new reports go elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from checks.judge import judge
from checks.registry import GATES
from cluster.errors import ConfigurationError
from history.history import load_history, require_run
from history.json_files import HistoryError
from reports.provenance import Provenance
from reports.seal import alterations, in_words, seal, sealed_run_around
from reports.summary import summarise
from reports.summary_types import Summary
from reports.write import write_reports


def judged_and_sealed(folder: Path) -> Summary:
    """Judge what a run has recorded, write the reports beside it, and seal it all; returns the summary."""
    history = load_history(folder)
    summary = write_reports(history, judge(history), folder, provenance=Provenance(altered=[]))
    seal(folder)  # last: what is written after it would break it
    return summary


def judged_again(
    folder: Path, *, out: Path | None = None, unsealed: bool = False, gates: Mapping[str, Mapping[str, Any]]
) -> Summary:
    """The summary; its reports are written into ``out``, if that is given.

    unsealed: judge it even if it is not as the run left it. gates: of a second opinion, by name, as
    `scenarios.schema.read.read_gates` gives them. Raises HistoryError when the folder is altered, or is no run, and
    ConfigurationError when ``out`` is in a sealed run.
    """
    if out is not None and (run := sealed_run_around(out)) is not None:
        raise ConfigurationError(f"--out {out}: {run} is a sealed run, which stays as it is; give another folder")
    altered = alterations(folder)
    if altered and not unsealed:
        require_run(folder)
        raise HistoryError(
            f"{folder}: not as the run left it: {in_words(altered)}; --unsealed judges it all the same, and says so"
        )
    history = load_history(folder)
    own = history.gates
    if gates and isinstance(own, Mapping):  # else judging says what is wrong with them
        history = replace(history, other_gates=with_others(own, gates))
    provenance = Provenance(altered=altered, own_gates=own if gates else None)
    judgement = judge(history)
    if out is None:
        return summarise(history, judgement, provenance=provenance)
    try:
        return write_reports(history, judgement, out, provenance=provenance)
    except OSError as error:
        raise ConfigurationError(f"--out {out}: no report can be written there: {error.strerror or error}") from None


def with_others(own: Mapping[str, Any], gates: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The gates of a manifest, but for those named, which may also be no longer set."""
    named = {GATES[name].key if name in GATES else name for name in gates}
    kept = {key: value for key, value in own.items() if key not in named}
    return kept | {key: value for others in gates.values() for key, value in others.items()}
