"""How a pod gets its part at boot: once more where mysqld failed at something that passes, and in one line where not.

START GROUP_REPLICATION may fail on a busy machine although nothing is wrong: the group's view does not come within its
minute, or the communication layer is not ready. Nothing else is worth another try: a statement that mysqld refuses, it
refuses again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pymysql

from cluster.errors import ConfigurationError, HarnessError
from cluster.mysqld.mysqld_log import last_errors
from cluster.platform.platform import Pod
from cluster.topology import Topology

log = logging.getLogger("meshbench")

TRIES = 3
#: No further try once so long has gone by: START GROUP_REPLICATION alone takes up to a minute to fail.
PATIENCE_S = 70.0
#: The same where the user's own options, file or image are the likelier reason: a minute in vain is enough.
PATIENCE_WITH_THEIRS_S = 20.0
PAUSE_S = 1.0


def tried(
    what: str,
    deed: Callable[[], None],
    *,
    undo: Callable[[], None] = lambda: None,
    passing: frozenset[int],
    patience_s: float = PATIENCE_S,
) -> None:
    """Do it, and once more after one of these errors, up to TRIES times within patience_s; raises pymysql.MySQLError.

    what: in words, such as ``node2 joins its group``. undo: puts the pod back to where it was before; may fail.
    """
    begin = time.monotonic()
    for number in range(1, TRIES + 1):
        try:
            deed()
        except pymysql.MySQLError as error:
            lasted_s = time.monotonic() - begin
            if number_of(error) not in passing or number == TRIES or lasted_s > patience_s:
                raise
            log.info("%s: failed after %.0f s (%s); trying again", what, lasted_s, _words(error))
        else:
            return
        try:
            undo()
        except pymysql.MySQLError as error:
            log.info("%s: %s", what, _words(error))
        time.sleep(PAUSE_S)


def brought(topology: Topology) -> list[str]:
    """The keys of the scenario with which the user decides what mysqld does."""
    theirs = {"mysql.config": topology.config, "mysql.my_cnf": topology.my_cnf, "mysql.image": topology.image}
    return [key for key, given in theirs.items() if given]


@contextmanager
def told_in_a_line(what: str, pod: Pod, topology: Topology) -> Iterator[None]:
    """What MySQL refuses in here becomes one line with what its error log says.

    ConfigurationError where the image, an option file or an option is the user's, else HarnessError. what: in words,
    such as ``node1 could not be set up``.
    """
    try:
        yield
    except pymysql.MySQLError as error:
        said = last_errors(pod, topology)
        told = f"{what}: {_words(error)}" + (f"; its error log says: {' | '.join(said)}" if said else "")
        if theirs := brought(topology):
            raise ConfigurationError(f"{told}; see {' and '.join(theirs)} of the scenario") from error
        raise HarnessError(told) from error


def number_of(error: pymysql.MySQLError) -> int | None:
    return error.args[0] if error.args and isinstance(error.args[0], int) else None


def _words(error: pymysql.MySQLError) -> str:
    return " ".join(str(error).split())
