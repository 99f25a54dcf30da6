"""The world of fakes, for every test of a run."""

from __future__ import annotations

from tests.scenarios.run.world import world

__all__ = ["world"]
