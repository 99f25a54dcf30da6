"""The ways a run can end before it has proved anything."""

from __future__ import annotations


class ConfigurationError(Exception):
    """The user can fix it: one line that says what, where and how. Ends with exit code 2."""


class HarnessError(Exception):
    """meshbench or the engine under it failed; nothing was learnt about the system under test. Exit code 4."""


class RefusedError(HarnessError):
    """The system under test refused what it was asked, or did not bring it to its end; the message is the reason. Where
    a step of the timeline asked for it, that is a finding."""


class EngineError(Exception):
    """Where the pods run, something failed; the message is that engine's own."""


class EngineRefusedError(EngineError):
    """It said no."""


class NotThereError(EngineRefusedError):
    """It has no such container, or that has no such file."""


class NameTakenError(EngineRefusedError):
    """It has a container of that name already."""


class EngineSilentError(EngineError):
    """It did not answer."""
