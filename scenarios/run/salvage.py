"""The steps after the load: each is taken, whatever became of the one before, and what fails is written down.

A run that has ended is always judged. What a step could not record is evidence that is missing, in words, in the
manifest; judging then says what that means (`checks.judge`). A step that is no evidence leaves a note.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from scenarios.last_resort import in_one_line, keep_traceback
from scenarios.run.manifest_content import ManifestContent
from scenarios.run.run_folder import RunFolder

log = logging.getLogger("meshbench")


class Salvage:
    """manifest: gets ``missing`` ({what, why} each) and ``notes`` (sentences) where there is something to tell."""

    def __init__(self, manifest: ManifestContent, folder: RunFolder) -> None:
        self._manifest = manifest
        self._folder = folder

    def note(self, sentence: str) -> None:
        """Say something on the run's page."""
        log.warning("note: %s", sentence)
        self._manifest.setdefault("notes", []).append(sentence)

    @contextmanager
    def step(self, what: str, *, evidence: bool = True) -> Iterator[None]:
        """Take a step and go on if it fails. what: is recorded by it, in words. evidence: whether judging needs it;
        where not, what is the deed, such as ``writing series.csv``."""
        try:
            yield
        except Exception as error:  # noqa: BLE001  whatever it was, the rest of the run is to be judged
            keep_traceback(error, self._folder)
            why = in_one_line(error)
            if evidence:
                log.warning("%s could not be recorded: %s", what, why)
                self._manifest.setdefault("missing", []).append({"what": what, "why": why})
            else:
                self.note(f"{what} failed: {why}")
