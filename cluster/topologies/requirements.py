"""What a way to replicate demands of MySQL, as data: a version, options that it cannot work with."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

Version = tuple[int, int, int]


class Floor(NamedTuple):
    """The oldest MySQL, and the newest thing used there: what the MySQL 8.0 reference manual says of it."""

    version: Version
    why: str


class OptionRule(NamedTuple):
    """An option that a scenario may not set so. wrong: whether a value, in normal form, cannot work. why: what users
    read."""

    option: str
    wrong: Callable[[str], bool]
    why: str


class Unfit(NamedTuple):
    """An option under which replication does not come about, in words that would name no option.

    word: the one of its value that matters, in MySQL's normal form. why: what happens then.
    """

    variable: str
    word: str
    why: str


def off(value: str) -> bool:
    return value == "0"


#: Wherever there are replicas.
RULES_OF_REPLICAS = (
    *(
        OptionRule(name, off, "must be ON: a node that takes over must have logged what it received")
        for name in ("log_replica_updates", "log_slave_updates")
    ),
    OptionRule("persisted_globals_load", off, "must be ON: a node that restarts would come back writable"),
)
UNFIT_FOR_REPLICAS = (
    Unfit(
        "transaction_read_only",
        "1",
        "plugins that replication needs write when they start, and then do not start",
    ),
)
