"""The two ways a run can end before it has proved anything."""

from __future__ import annotations


class ConfigurationError(Exception):
    """The user can fix it: one line that says what, where and how. Ends with exit code 2."""


class HarnessError(Exception):
    """meshbench or the engine under it failed; nothing was learnt about the system under test. Exit code 4."""
