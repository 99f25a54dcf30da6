"""``runs/certificates/<name>-<time>/``: a certificate under way, on the disk before it is believed.

``plan.json`` is there before the first trial and never changes. ``started.json`` names the trial under way before it
starts, so that one that was cut off is known to have been begun. ``trials.jsonl`` has a line for each that ended. Each
is synced before anything else is done, and a crash between any two leaves what the next start goes on from.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from cluster.errors import ConfigurationError
from history.json_files import HistoryError, read_object
from reports.certificate.certificate_types import Certificate
from reports.certificate.outcome import Outcome, outcomes_of
from reports.certificate.plan import Plan, differences, plan_of
from reports.certificate.standing import Standing, standing
from reports.files import write_atomically
from reports.schema import validate
from scenarios.run.run_folder import fresh

CERTIFICATES = "certificates"
PLAN, STARTED, TRIALS, CERTIFICATE = "plan.json", "started.json", "trials.jsonl", "certificate.json"


class CertificateFolder:
    """One certificate's files. Whoever has it open is the only one: a second process is refused."""

    def __init__(self, path: Path) -> None:
        """Raises ConfigurationError where another process has it, HistoryError where it cannot be read."""
        self.path = path
        self._lock = os.open(path / PLAN, os.O_RDONLY)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            raise ConfigurationError(f"{path}: another process is certifying this plan; let it end first") from None
        try:
            self.plan = plan_of(read_object(path / PLAN) or {}, place=str(path / PLAN))
            _drop_half_a_line(path / TRIALS)
            self.outcomes = outcomes_of(path / TRIALS)
            standing(self.plan, self.outcomes)  # raises where they are not of this plan
        except BaseException:
            self.close()
            raise

    @classmethod
    def frozen(cls, plan: Plan, *, runs: Path, file: Path) -> Self:
        """A new one. file: PLAN.yaml, of which a copy is kept for people."""
        now = datetime.now(UTC)
        earlier = earlier_attempts(plan, runs=runs)
        path = fresh(runs / CERTIFICATES, f"{plan.name}-{now.strftime('%Y%m%dT%H%M%SZ')}")
        write_atomically(path / "PLAN.yaml", file.read_bytes())
        _write_json(path / PLAN, plan.as_json(frozen_at=now.isoformat(timespec="seconds"), earlier_attempts=earlier))
        _sync(path)
        return cls(path)

    @property
    def standing(self) -> Standing:
        return standing(self.plan, self.outcomes)

    def close(self) -> None:
        os.close(self._lock)

    def begin(self, number: int, attempt: int) -> None:
        """Say which trial starts now."""
        _write_json(self.path / STARTED, {"number": number, "attempt": attempt})
        _sync(self.path)

    def was_begun(self) -> bool:
        """Whether the trial that is next was begun already, and was cut off: no line says how it ended."""
        state, said = self.standing, read_object(self.path / STARTED) or {}
        return (said.get("number"), said.get("attempt")) == (state.number, state.attempt)

    def append(self, outcome: Outcome) -> None:
        """Add a trial that ended."""
        line = json.dumps(outcome.as_json(), ensure_ascii=False, allow_nan=False) + "\n"
        with (self.path / TRIALS).open("ab") as file:
            file.write(line.encode())
            file.flush()
            os.fsync(file.fileno())
        _sync(self.path)
        self.outcomes.append(outcome)

    def conclude(self, certificate: Certificate) -> None:
        """Write what it has come to so far."""
        validate(certificate, "certificate")
        _write_json(self.path / CERTIFICATE, certificate)


def earlier_attempts(plan: Plan, *, runs: Path) -> int:
    """How many certificates of this plan were begun below ``runs``, whatever became of them: who repeats one until it
    passes has another error rate than the plan."""
    number = 0
    for file in (runs / CERTIFICATES).glob(f"*/{PLAN}"):
        try:
            number += plan.is_again(plan_of(read_object(file) or {}, place=str(file)))
        except HistoryError:
            continue  # nobody can say of what it was
    return number


def newest(name: str, *, runs: Path) -> CertificateFolder | None:
    """The last one that was begun of this name, None where there is none. Raises as CertificateFolder does."""
    stamped = re.compile(rf"{re.escape(name)}-[0-9]{{8}}T[0-9]{{6}}Z(\.[0-9]+)?")
    found = [one for one in (runs / CERTIFICATES).glob(f"{name}-*") if stamped.fullmatch(one.name)]
    return next((CertificateFolder(one) for one in sorted(found, reverse=True) if (one / PLAN).is_file()), None)


def require_same(plan: Plan, frozen: CertificateFolder) -> None:
    """Raise ConfigurationError where a plan is not the one that was frozen, saying in what."""
    if changed := list(differences(frozen.plan, plan)):
        raise ConfigurationError(
            f"{frozen.path} was begun with another plan: {', '.join(changed)} differ"
            f"{'s' if len(changed) == 1 else ''}. A plan is not changed after its first trial: put it back to go on, "
            "or begin anew with --new"
        )


def _drop_half_a_line(file: Path) -> None:
    """What a crash in the middle of writing left of a line says nothing; its trial is known to have been begun."""
    if file.exists() and not (content := file.read_bytes()).endswith(b"\n") and content:
        os.truncate(file, content.rfind(b"\n") + 1)


def _write_json(file: Path, content: Mapping[str, Any]) -> None:
    write_atomically(file, json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False).encode() + b"\n")


def _sync(folder: Path) -> None:
    """Names are on the disk, too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
