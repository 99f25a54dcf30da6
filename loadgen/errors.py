"""The one way a load can be asked for wrongly."""

from __future__ import annotations


class ConfigError(ValueError):
    """The load configuration cannot be used; its text is one line that begins with the key.

    key: the key's place with dots, such as ``workload.skew.size``; empty where none is to blame.
    message: the text without it.
    """

    def __init__(self, message: str, *, key: str = "") -> None:
        super().__init__(f"{key}: {message}" if key else message)
        self.key, self.message = key, message


def require(holds: bool, key: str, expected: str, got: object) -> None:
    """Raise ConfigError unless it holds."""
    if not holds:
        raise ConfigError(f"expected {expected}, got {got!r}", key=key)
