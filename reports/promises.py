"""What each way to replicate promises about acknowledged commits, by MySQL's own documentation.

A matrix of a few trials can show that money was lost; that none was lost proves little. So the page sets the promise
beside the measurement. The promises hold for durable settings (sync_binlog = 1, innodb_flush_log_at_trx_commit = 1).
Source: MySQL 9.7 Reference Manual, chapters "Semisynchronous Replication" and "Group Replication".
"""

from __future__ import annotations

from typing import NamedTuple


class Promise(NamedTuple):
    """may_lose: whether the loss of the primary alone may lose acknowledged commits. why: in a few words."""

    may_lose: bool
    why: str


_GROUP = Promise(False, "a commit is acknowledged once a majority of the group has received it")
PROMISES = {
    "single": Promise(False, "there is one copy: nothing to fail over to, nothing to fall behind"),
    "async": Promise(True, "a commit is acknowledged before any replica has it"),
    "semisync": Promise(False, "a commit is acknowledged once a replica has it, unless the wait times out"),
    "group": _GROUP,
    "group-multi": _GROUP,
}
