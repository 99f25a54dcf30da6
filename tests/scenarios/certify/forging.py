"""How certificates are forged, and what is said of them then."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from reports.certificate.archive import write_archive
from reports.schema import validate
from reports.seal import seal
from scenarios.certify.keys import public_key
from scenarios.certify.verify import verify
from scenarios.run.judging import judged_and_sealed
from tests.scenarios.certify.bundles import edited


def folder_of(place: Path) -> Path:
    return next(one for one in (place / "runs" / "certificates").iterdir() if one.is_dir())


def runs_of(folder: Path) -> list[Path]:
    """The runs of a certificate in the order of its attempts."""
    return sorted((folder.parent.parent / "old-single").iterdir())


def problems(bundle: Path, *, key: Path | None = None) -> list[str]:
    found = verify(bundle, key=None if key is None else public_key(key))
    validate(found, "verification")
    assert (found["verdict"] == "sound") == (not found["problems"])
    return [f"{one['of']} {one['what']}" for one in found["problems"]]


def named(found: list[str], *words: str) -> bool:
    """Whether one of the problems has all of these words."""
    return any(all(word in problem for word in words) for problem in found)


def rezipped(bundle: Path, change: Callable[[Path], object]) -> Path:
    """The bundle with its members changed, and nothing put right."""
    unpacked = bundle.parent / "unpacked"
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(unpacked)
    change(unpacked)
    files = [file for file in unpacked.rglob("*") if file.is_file()]
    write_archive(bundle, {file.relative_to(unpacked).as_posix(): file for file in files})
    return bundle


def edited_envelope(file: Path) -> None:
    content = json.loads(file.read_text())
    content["signatures"] = []
    file.write_text(json.dumps(content, indent=1) + "\n")


def change_line(place: Path, at: int, **changes: Any) -> None:
    """Change a line of trials.jsonl."""
    rows = [json.loads(row) for row in (place / "trials.jsonl").read_text().splitlines()]
    rows[at] |= changes
    (place / "trials.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def forge_manifest(folder: Path, at: int, *, judge: bool = True, **changes: Any) -> None:
    """Change the manifest of the run of a line, seal the run anew, and write the new seal into that line. judge: also
    judge it anew."""
    run = runs_of(folder)[at]

    def change(manifest: dict[str, Any]) -> None:
        for name, value in changes.items():
            whole = value is None or not isinstance(value, dict)
            manifest[name] = value if whole else manifest[name] | value

    edited(run / "manifest.json", change)
    seal(run)
    if judge:
        (run / "SHA256SUMS").unlink()
        judged_and_sealed(run)
    change_line(folder, at, seal=hashlib.sha256((run / "SHA256SUMS").read_bytes()).hexdigest())
