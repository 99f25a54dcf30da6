"""What a bundle holds, and under which names; `archive` says how it becomes one file.

=====================  ==================================================================================
plan.json              the plan as it was frozen before the first trial; PLAN.yaml, what it was made from
trials.jsonl           every attempt in the order in which they ran
certificate.json       what the trials show
environment.json       what the runs were made of and where they ran
certificate.html       all of that for people
runs/…                 the folder of each run, as it left it
SHA256SUMS             of all of the above, and of signer.pem, the public key of who signed
statement.dsse.json    in-toto's statement on SHA256SUMS, signed or not
=====================  ==================================================================================
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from history.json_files import HistoryError, read_object
from reports.certificate.environment import Environment, environment
from reports.seal import CHECKSUMS, MANIFEST, evidence_of

PLAN, USERS_PLAN, TRIALS, CERTIFICATE = "plan.json", "PLAN.yaml", "trials.jsonl", "certificate.json"
ENVIRONMENT, PAGE, SIGNER, STATEMENT = "environment.json", "certificate.html", "signer.pem", "statement.dsse.json"
RUNS = "runs"
#: Without these nothing can be checked; PLAN.yaml is for people, and only a signed bundle has a signer.pem.
REQUIRED = (PLAN, TRIALS, CERTIFICATE, ENVIRONMENT, PAGE, CHECKSUMS, STATEMENT)
OPTIONAL = (USERS_PLAN, SIGNER)
#: From the folder of a certificate to that of all runs.
_UP = "../../"


def place_of(folder: str) -> str:
    """Where a run is in the bundle, of its folder as trials.jsonl names it: ``../../a/b`` -> ``runs/a/b``.

    Raises HistoryError where the name leads elsewhere.
    """
    path = PurePosixPath(folder.removeprefix(_UP))
    if not folder.startswith(_UP) or path.is_absolute() or ".." in path.parts or str(path) != folder.removeprefix(_UP):
        raise HistoryError(f"{TRIALS}: folder {folder!r} is no folder of a run, as ../../scenario/time-seed is")
    return f"{RUNS}/{path}"


def in_bundle(folder: str) -> str:
    """The same as a link on a page in the bundle."""
    return quote(place_of(folder))


def files_of_run(folder: Path, place: str) -> dict[str, Path]:
    """Name in the bundle -> file, of everything in and below the folder of a run."""
    return {f"{place}/{name}": folder / name for name in evidence_of(folder)}


def environment_of(folders: Sequence[Path]) -> Environment:
    """Content of environment.json. folders: of the runs; one that recorded no manifest, because it broke, is left out.

    Raises HistoryError where a manifest cannot be read.
    """
    return environment([content for folder in folders if (content := read_object(folder / MANIFEST)) is not None])


def json_bytes(content: Any) -> bytes:
    """A JSON file."""
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False).encode() + b"\n"
