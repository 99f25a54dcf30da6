"""The run folder: where a run leaves everything by which it can be judged again."""

from __future__ import annotations

import json
import logging
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cluster.errors import ConfigurationError
from reports.seal import sealed_run_around

log = logging.getLogger("meshbench")

#: The link to the last run that was judged.
LATEST = "latest"
#: What a run writes at the very least, summary and pages included; less is found out before anything starts.
LEAST_BYTES = 4 * 2**20


class RunFolder:
    """``runs/<scenario>/<UTC time>-<seed>/``; ``runs/latest`` points at the last that was judged."""

    def __init__(self, runs: Path, *, scenario: str, seed: int) -> None:
        """Raises ConfigurationError when no run can be written there."""
        if scenario == LATEST:
            raise ConfigurationError(
                f"scenario {LATEST}: {runs / LATEST} is the link to the last run; take another name"
            )
        self._runs = runs
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        self.path = fresh(runs / scenario, f"{stamp}-{seed}")
        try:
            for part in ("ops", "final", "logs"):
                (self.path / part).mkdir()
            trial = self.path / ".trial"
            trial.write_bytes(bytes(LEAST_BYTES))
            trial.unlink()
        except OSError as error:
            shutil.rmtree(self.path, ignore_errors=True)
            raise _no_place(self.path.parent, error) from None

    def point_latest(self) -> None:
        """Let ``runs/latest`` point here: only a run that was judged may, not one that broke or was interrupted."""
        point(self._runs / LATEST, self.path)

    def write_json(self, name: str, content: dict[str, Any]) -> None:
        """Write beside and rename, so that a crash leaves no half file."""
        part = self.path / f"{name}.part"
        part.write_text(json.dumps(content, indent=2, sort_keys=False) + "\n")
        part.replace(self.path / name)


def fresh(parent: Path, name: str) -> Path:
    """Make a folder of this name, with a number when there is one already: two of one second get a folder each."""
    number = 1
    try:
        if (run := sealed_run_around(parent)) is not None:
            raise ConfigurationError(f"{parent}: {run} is a sealed run, which stays as it is; give another folder")
        parent.mkdir(parents=True, exist_ok=True)
        while True:
            folder = parent / (name if number == 1 else f"{name}.{number}")
            try:
                folder.mkdir()
            except FileExistsError:
                number += 1
                continue
            return folder
    except OSError as error:
        raise _no_place(parent, error) from None


CWD_IS_GONE = "the folder it was started in has been deleted; cd to an existing one"


def _no_place(parent: Path, error: OSError) -> ConfigurationError:
    try:
        Path.cwd()
    except FileNotFoundError:
        return ConfigurationError(CWD_IS_GONE)
    return ConfigurationError(f"{parent}: run folders cannot be made there ({error.strerror or error})")


def point(link: Path, folder: Path) -> None:
    """Let ``link`` lead to a folder beside or below it; there is never a moment without a link. Where that cannot be
    done it is said, and no more: what was run and judged is there without it."""
    if link.exists() and not link.is_symlink():
        log.warning("%s is no link, and stays as it is: it does not lead to %s", link, folder)
        return
    pointer = link.with_name(f".{link.name}-{folder.name}")
    try:
        pointer.unlink(missing_ok=True)
        pointer.symlink_to(folder.relative_to(link.parent))
        pointer.replace(link)
    except OSError as error:
        log.warning("%s cannot be made to lead to %s: %s", link, folder, error.strerror or error)
