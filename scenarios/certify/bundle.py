"""The bundle of a certificate, written from its folder and the folders of its runs."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from cluster.errors import ConfigurationError
from history.json_files import HistoryError, read_lines, read_object
from reports.certificate import dsse
from reports.certificate.archive import write_archive
from reports.certificate.bundle import (
    CERTIFICATE,
    ENVIRONMENT,
    PLAN,
    SIGNER,
    STATEMENT,
    TRIALS,
    USERS_PLAN,
    environment_json,
    files_of_run,
    place_of,
)
from reports.certificate.statement import PAYLOAD_TYPE, statement
from reports.seal import CHECKSUMS, alterations, checksums_of, in_words
from scenarios.certify.keys import private_key


def write_bundle(folder: Path, *, key: Path | None = None) -> Path:
    """Write ``<folder>.zip`` beside the folder of a certificate that is decided; returns it.

    key: PEM file of the private key to sign with, None to sign nothing. Raises ConfigurationError for a key that is
    none, and HistoryError where a run's folder is gone or not as its run left it.
    """
    signing = None if key is None else private_key(key)
    certificate = read_object(folder / CERTIFICATE)
    if certificate is None:
        raise HistoryError(f"{folder}: no {CERTIFICATE}, so nothing is decided yet")
    runs = _runs(folder)
    members = {name: folder / name for name in (PLAN, USERS_PLAN, TRIALS, CERTIFICATE) if (folder / name).exists()}
    for place, run in runs.items():
        members |= files_of_run(run, place)
    bundle = folder.with_name(f"{folder.name}.zip")
    with tempfile.TemporaryDirectory(prefix="meshbench-bundle-") as made:
        made_here = Path(made)

        def add(name: str, content: bytes) -> None:
            members[name] = made_here / name
            members[name].write_bytes(content)

        add(ENVIRONMENT, environment_json(list(runs.values())))
        if signing is not None:
            add(SIGNER, dsse.pem(signing.public_key()))
        sums = checksums_of(members).encode()
        add(CHECKSUMS, sums)
        payload = statement(certificate, sums=sums, plan=members[PLAN].read_bytes())
        add(STATEMENT, dsse.to_json(dsse.sealed(payload, payload_type=PAYLOAD_TYPE, key=signing)))
        try:
            write_archive(bundle, members)
        except ValueError as error:
            raise ConfigurationError(f"{bundle}: not written, because of the name of a file: {error}") from None
    return bundle


def _runs(folder: Path) -> dict[str, Path]:
    """Place in the bundle -> folder, of every attempt that left one."""
    runs = {}
    for where, attempt in read_lines(folder / TRIALS, what="trial"):
        if attempt.get("folder") is None:
            continue
        run = folder / str(attempt["folder"])
        runs[place_of(str(attempt["folder"]))] = run
        if problem := _problem_of(run, attempt):
            raise HistoryError(f"{where.rpartition(':')[0]}: {run} {problem}, so that the evidence is not whole")
    return runs


def _problem_of(run: Path, attempt: dict[str, Any]) -> str | None:
    """Why the folder of an attempt is no evidence; one that broke or was cut off needs no seal."""
    if not run.is_dir():
        return "is gone"
    if attempt.get("seal") is None:
        return None
    altered = alterations(run)
    if altered is None:
        return "has no seal"
    return f"is not as the run left it ({in_words(altered)})" if altered else None
