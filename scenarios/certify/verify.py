"""A bundle checked by whoever received it: every byte, every trial, every number; without Docker and without a network.

Everything that can be computed is computed anew and compared; what cannot (whether the runs took place as they are
recorded) is what the signature is for. Nothing is written but below the folder for temporary files, and never more than
the bundle holds.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cluster.errors import ConfigurationError
from history.json_files import HistoryError, read_object
from reports.certificate.archive import DamagedError, NotAnArchiveError, assert_canonical, unpack
from reports.certificate.bundle import (
    CERTIFICATE,
    ENVIRONMENT,
    PAGE,
    PLAN,
    REQUIRED,
    RUNS,
    TRIALS,
    environment_of,
    in_bundle,
    place_of,
)
from reports.certificate.certificate_types import Certificate
from reports.certificate.decide import decide
from reports.certificate.dsse import fingerprint
from reports.certificate.environment import Environment
from reports.certificate.integrity import (
    Problem,
    Signed,
    member_problems,
    signature_problems,
    signer_of,
    statement_problems,
)
from reports.certificate.outcome import Outcome, outcomes_of
from reports.certificate.page import certificate_html
from reports.certificate.plan import Plan, earlier_attempts_of, plan_of
from reports.certificate.verification import VERIFICATION_ID, PlanRow, Verification
from scenarios.certify.recheck import JUDGED, attempt_problems, differences, order_problems
from scenarios.run.versions import checkout

#: Where a certificate puts into words what it also says in numbers. Another version of meshbench may word it otherwise.
_IN_WORDS = re.compile(r"\S*\.(why|bound_words|family|sampling|assumptions)(\[\d+\])? is ")


@dataclass(kw_only=True)
class _Found:
    """As far as the check came."""

    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    signed: Signed = field(default_factory=lambda: Signed(fingerprint=None, by_given_key=None))
    members: int = 0
    plan: Plan | None = None
    frozen_at: str = ""
    earlier_attempts: int | None = None
    outcomes: Sequence[Outcome] = ()
    certificate: Certificate | None = None
    environment: Environment | None = None


def verify(bundle: Path, *, key: Ed25519PublicKey | None = None) -> Verification:
    """Check a bundle. key: by whom it must be signed; None: by anybody or nobody.

    Raises ConfigurationError where there is no such file, or one that is no bundle.
    """
    if not bundle.is_file():
        what = "is a folder" if bundle.is_dir() else "this is no file" if bundle.exists() else "there is no such file"
        raise ConfigurationError(f"{bundle}: {what}; give the zip that `meshbench certify` wrote")
    found = _Found()
    with tempfile.TemporaryDirectory(prefix="meshbench-verify-") as place:
        try:
            _check(bundle, Path(place), key, found)
        except NotAnArchiveError:
            raise ConfigurationError(f"{bundle}: this is no certificate, nor any other zip file") from None
        except DamagedError as damaged:
            found.problems += [Problem("the archive:", problem) for problem in damaged.problems]
    return _content(bundle, found)


def _check(bundle: Path, place: Path, key: Ed25519PublicKey | None, found: _Found) -> None:
    unpacked = place / "bundle"
    unpacked.mkdir()
    names = unpack(bundle, unpacked)
    if not {*REQUIRED} & {*names}:
        raise ConfigurationError(f"{bundle}: this zip file is no certificate: it has no {PLAN}, no {TRIALS}, …")
    found.members = len(names)
    found.problems += member_problems(unpacked, names)
    if any(name not in names for name in REQUIRED):
        return
    found.signed, problems = signature_problems(unpacked, names, key)
    found.problems += problems
    if not found.problems:
        assert_canonical(bundle, unpacked, names, beside=place / "again.zip")
    try:
        _check_content(unpacked, names, found)
    except HistoryError as error:  # whatever cannot be read or cannot be so: the message names it
        found.problems.append(Problem("the content:", str(error).replace(f"{unpacked}/", "")))


def _check_content(unpacked: Path, names: Sequence[str], found: _Found) -> None:
    """The plan, then the trials, then all that follows from both. Raises HistoryError for what cannot be read or cannot
    be of this plan."""
    content = read_object(unpacked / PLAN) or {}
    found.plan = plan = plan_of(content, place=PLAN)
    found.frozen_at = str(content.get("frozen_at"))
    found.earlier_attempts = earlier_attempts_of(content, place=PLAN)
    found.outcomes = outcomes = outcomes_of(unpacked / TRIALS)
    folders = [place_of(outcome.folder) for outcome in outcomes if outcome.folder is not None]
    found.problems += _strays(names, folders)
    for outcome in outcomes:
        found.problems += attempt_problems(plan, outcome, unpacked)
    found.problems += order_problems(found.frozen_at, outcomes, unpacked)
    found.environment = environment_of([unpacked / folder for folder in folders])
    found.problems += _changed(ENVIRONMENT, read_object(unpacked / ENVIRONMENT), found.environment)
    found.certificate = decide(plan, outcomes)
    found.problems += _changed_certificate(read_object(unpacked / CERTIFICATE), found)
    found.problems += statement_problems(unpacked, found.certificate)
    signer = signer_of(unpacked, names)
    page = certificate_html(
        found.certificate,
        plan=content,
        attempts=[outcome.as_json() for outcome in outcomes],
        environment=found.environment,
        signer=None if signer is None else fingerprint(signer),
        link=in_bundle,
    )
    if (unpacked / PAGE).read_bytes() == page.encode():
        return
    if _made_by(found) == _checked_by():
        found.problems.append(Problem(PAGE, "is not the page that plan, trials and environment give"))
    else:
        found.notes.append(f"{PAGE} is of another version of meshbench and was not checked; what is told here was")


def _strays(names: Sequence[str], folders: Sequence[str]) -> Iterator[Problem]:
    """Files below runs/ that belong to no attempt."""
    for name in names:
        if name.startswith(f"{RUNS}/") and not any(name.startswith(f"{folder}/") for folder in folders):
            yield Problem(name, f"is of no attempt in {TRIALS}")


def _changed_certificate(told: Any, found: _Found) -> Iterator[Problem]:
    """What does not follow; that it is worded otherwise is a note, where another version of meshbench has made it."""
    changed = list(differences(told, found.certificate))
    worded = [] if _made_by(found) == _checked_by() else [one for one in changed if _IN_WORDS.match(one)]
    if worded:
        found.notes.append(f"{CERTIFICATE} is worded as another version of meshbench does; what is told here is anew")
    yield from _problems(CERTIFICATE, [one for one in changed if one not in worded])


def _changed(name: str, told: Any, anew: Any) -> Iterator[Problem]:
    yield from _problems(name, differences(told, anew))


def _problems(name: str, changed: Iterable[str]) -> Iterator[Problem]:
    for difference in changed:
        yield Problem(name, f"does not follow from plan and trials: {difference}")


def _content(bundle: Path, found: _Found) -> Verification:
    judged = sum(outcome.verdict in JUDGED for outcome in found.outcomes)
    with bundle.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return {
        "schema": VERIFICATION_ID,
        "bundle": bundle.name,
        "sha256": digest,
        "verdict": "not sound" if found.problems else "sound",
        "problems": [{"of": problem.of, "what": problem.what} for problem in found.problems],
        "signature": {"fingerprint": found.signed.fingerprint, "by_given_key": found.signed.by_given_key},
        "checked": {"members": found.members, "judged_again": judged, "not_judged": len(found.outcomes) - judged},
        "notes": found.notes,
        "checked_by": _checked_by(),
        "made_by": _made_by(found),
        "plan": None if found.plan is None else _plan(found.plan, found),
        "certificate": found.certificate,
        "environment": found.environment,
    }


def _plan(plan: Plan, found: _Found) -> PlanRow:
    return {"digest": plan.digest, "frozen_at": found.frozen_at, "earlier_attempts": found.earlier_attempts}


def _made_by(found: _Found) -> str | None:
    return None if found.plan is None else _commit(found.plan.commit, found.plan.dirty)


def _checked_by() -> str | None:
    own = checkout()
    return _commit(own["commit"], own["dirty"])


def _commit(commit: str | None, dirty: bool | None) -> str | None:
    return None if commit is None else f"{commit}{'+' if dirty else ''}"
