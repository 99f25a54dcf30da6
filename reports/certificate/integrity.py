"""Whether a bundle is as it was written: its members, their sums, and its statement with whoever signed it.

Reads the members where they were unpacked. What the runs show and whether the statistics follow from it is not asked
here; `scenarios.certify.verify` does.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from reports.certificate import dsse
from reports.certificate.bundle import OPTIONAL, PLAN, REQUIRED, RUNS, SIGNER, STATEMENT
from reports.certificate.statement import PAYLOAD_TYPE, statement
from reports.seal import CHECKSUMS, checksums_of, read_sums


class Problem(NamedTuple):
    """of: a member, a trial, a seed, the plan, the key. what: what is wrong with it, in words that follow its name."""

    of: str
    what: str

    def __str__(self) -> str:
        return f"{self.of} {self.what}"


@dataclass(frozen=True, kw_only=True)
class Signed:
    """fingerprint: of the key in the bundle that made the signature, None where nobody signed. by_given_key: whether
    that is the key of who asks, None where none was given."""

    fingerprint: str | None
    by_given_key: bool | None


def member_problems(unpacked: Path, names: Sequence[str]) -> Iterator[Problem]:
    """What is missing, what is too much, and what does not have the sum that SHA256SUMS names."""
    held = set(names)
    yield from (Problem(name, "is missing") for name in REQUIRED if name not in held)
    for name in names:
        if name not in (*REQUIRED, *OPTIONAL) and not name.startswith(f"{RUNS}/"):
            yield Problem(name, "is no member of a certificate: it was added")
    if CHECKSUMS not in held:
        return
    try:
        sums = read_sums(unpacked / CHECKSUMS)
    except (OSError, ValueError) as error:
        yield Problem(CHECKSUMS, f"cannot be read ({error})")
        return
    summed = held - {CHECKSUMS, STATEMENT}
    yield from (Problem(name, f"has no sum in {CHECKSUMS}: it was added") for name in sorted(summed - sums.keys()))
    yield from (Problem(name, f"is gone, though {CHECKSUMS} names it") for name in sorted(sums.keys() - held))
    wrong = [name for name in sorted(summed & sums.keys()) if _digest(unpacked / name) != sums[name]]
    yield from (Problem(name, f"was changed: it does not have its sum in {CHECKSUMS}") for name in wrong)
    if not wrong and summed == sums.keys():
        written = checksums_of({name: unpacked / name for name in summed}).encode()
        if (unpacked / CHECKSUMS).read_bytes() != written:
            yield Problem(CHECKSUMS, "was changed: it is not spelled as it was written")


def signature_problems(
    unpacked: Path, names: Sequence[str], key: Ed25519PublicKey | None
) -> tuple[Signed, list[Problem]]:
    """Who signed the statement, and what is wrong with that; also that its subject is the bundle's SHA256SUMS."""
    nobody = Signed(fingerprint=None, by_given_key=None if key is None else False)
    try:
        envelope = dsse.from_json((unpacked / STATEMENT).read_bytes())
    except ValueError as error:
        return nobody, [Problem(STATEMENT, f"cannot be read: {error}")]
    problems = []
    if envelope.payload_type != PAYLOAD_TYPE:
        problems.append(Problem(STATEMENT, f"is of type {envelope.payload_type!r}, not {PAYLOAD_TYPE}"))
    digest = hashlib.sha256((unpacked / CHECKSUMS).read_bytes()).hexdigest()
    if _subject(envelope.payload) != digest:
        problems.append(Problem(STATEMENT, f"is not about this bundle: its subject is another {CHECKSUMS}"))
    if not envelope.signatures:
        if SIGNER in names:
            problems.append(Problem(STATEMENT, f"has no signature, though the bundle has a {SIGNER}"))
        if key is not None:
            problems.append(Problem("the key", f"given ({dsse.fingerprint(key)}) has signed nothing: nobody has"))
        return nobody, problems
    signer = signer_of(unpacked, names)
    if signer is None:
        return nobody, [*problems, Problem(SIGNER, "is no public key of Ed25519, though there is a signature")]
    known = dsse.fingerprint(signer)
    [first, *more] = envelope.signatures
    if more or first.keyid != known or not dsse.holds(envelope, first, signer):
        problems.append(Problem(STATEMENT, f"has a signature that the key in {SIGNER} did not make ({known})"))
        return nobody, problems
    if key is not None and dsse.fingerprint(key) != known:
        problems.append(Problem("the key", f"given ({dsse.fingerprint(key)}) has not signed it; another has ({known})"))
    by_given_key = None if key is None else dsse.fingerprint(key) == known
    return Signed(fingerprint=known, by_given_key=by_given_key), problems


def statement_problems(unpacked: Path, certificate: Mapping[str, Any]) -> Iterator[Problem]:
    """Whether the statement says what certificate.json says, of this plan."""
    try:
        envelope = dsse.from_json((unpacked / STATEMENT).read_bytes())
    except ValueError:
        return  # which is told of the signature
    sums, plan = ((unpacked / name).read_bytes() for name in (CHECKSUMS, PLAN))
    if envelope.payload != statement(certificate, sums=sums, plan=plan):
        yield Problem(STATEMENT, "does not say what certificate.json and plan.json say")


def _subject(payload: bytes) -> str | None:
    """The digest that a statement is about, None where it names none."""
    try:
        document: Any = json.loads(payload)
        [subject] = document["subject"]
        return str(subject["digest"]["sha256"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def signer_of(unpacked: Path, names: Sequence[str]) -> Ed25519PublicKey | None:
    """The key that the bundle says has signed it; None where it names none."""
    if SIGNER not in names:
        return None
    content = (unpacked / SIGNER).read_bytes()
    try:
        key = dsse.key_of_pem(content)
    except ValueError:
        return None
    return key if dsse.pem(key) == content else None


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
