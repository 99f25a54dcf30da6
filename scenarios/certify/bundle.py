"""The bundle of a certificate, written from its folder and the folders of its runs."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from urllib.parse import quote

from cluster.errors import ConfigurationError
from history.json_files import HistoryError, read_object
from reports.certificate import dsse
from reports.certificate.archive import write_archive
from reports.certificate.bundle import (
    CERTIFICATE,
    ENVIRONMENT,
    PAGE,
    PLAN,
    SIGNER,
    STATEMENT,
    TRIALS,
    USERS_PLAN,
    environment_of,
    files_of_run,
    in_bundle,
    json_bytes,
    place_of,
)
from reports.certificate.outcome import Outcome, outcomes_of
from reports.certificate.page import certificate_html
from reports.certificate.statement import PAYLOAD_TYPE, statement
from reports.files import write_atomically
from reports.seal import CHECKSUMS, alterations, checksums_of, in_words
from scenarios.certify.keys import private_key


def write_bundle(folder: Path, *, key: Path | None = None) -> Path:
    """Write ``<folder>.zip`` beside the folder of a certificate that is decided, and certificate.html into the folder;
    returns the zip.

    key: PEM file of the private key to sign with, None to sign nothing. Raises ConfigurationError for a key that is
    none, and HistoryError where a run's folder is gone or not as its run left it.
    """
    signing = None if key is None else private_key(key)
    certificate, plan = read_object(folder / CERTIFICATE), read_object(folder / PLAN)
    if certificate is None or plan is None:
        raise HistoryError(f"{folder}: no {CERTIFICATE} or no {PLAN}, so nothing is decided yet")
    outcomes = outcomes_of(folder / TRIALS)
    runs = _runs(folder, outcomes)
    environment = environment_of(list(runs.values()))
    page = partial(
        certificate_html,
        certificate,
        plan=plan,
        attempts=[outcome.as_json() for outcome in outcomes],
        environment=environment,
        signer=None if signing is None else dsse.fingerprint(signing.public_key()),
    )
    members = {name: folder / name for name in (PLAN, USERS_PLAN, TRIALS, CERTIFICATE) if (folder / name).exists()}
    for place, run in runs.items():
        members |= files_of_run(run, place)
    with tempfile.TemporaryDirectory(prefix="meshbench-bundle-") as made:

        def add(name: str, content: bytes) -> None:
            members[name] = Path(made) / name
            members[name].write_bytes(content)

        add(ENVIRONMENT, json_bytes(environment))
        add(PAGE, page(link=in_bundle).encode())
        if signing is not None:
            add(SIGNER, dsse.pem(signing.public_key()))
        sums = checksums_of(members).encode()
        add(CHECKSUMS, sums)
        payload = statement(certificate, sums=sums, plan=members[PLAN].read_bytes())
        add(STATEMENT, dsse.to_json(dsse.sealed(payload, payload_type=PAYLOAD_TYPE, key=signing)))
        bundle = folder.with_name(f"{folder.name}.zip")
        try:
            write_archive(bundle, members)
        except ValueError as error:
            raise ConfigurationError(f"{bundle}: not written, because of the name of a file: {error}") from None
    write_atomically(folder / PAGE, page(link=quote).encode())
    return bundle


def _runs(folder: Path, outcomes: Sequence[Outcome]) -> dict[str, Path]:
    """Place in the bundle -> folder, of every attempt that left one."""
    runs = {}
    for outcome in outcomes:
        if outcome.folder is None:
            continue
        run = Path(os.path.normpath(folder / outcome.folder))
        runs[place_of(outcome.folder)] = run
        if problem := _problem_of(run, outcome):
            raise HistoryError(f"{run}, of trial {outcome.number}, {problem}: without it the evidence is not whole")
    return runs


def _problem_of(run: Path, outcome: Outcome) -> str | None:
    """Why the folder of an attempt is no evidence; one that broke or was cut off needs no seal."""
    if not run.is_dir():
        return "is gone"
    if outcome.seal is None:
        return None
    altered = alterations(run)
    if altered is None:
        return "has no seal"
    return f"is not as the run left it ({in_words(altered)})" if altered else None
