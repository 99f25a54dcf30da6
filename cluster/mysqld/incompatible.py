"""Options under which MySQL's own replication cannot work, because its internal sessions inherit them.

Each was tried on MySQL 9.7, where mysqld starts and serves all the same: what then fails is a plugin, or a member that
joins, some seconds later and in words that name no option.
"""

from __future__ import annotations

from collections.abc import Mapping

from cluster.mysqld.options import normal
from cluster.topologies.lookup import replication_of

#: What mysqld takes for itself when it starts, or as data comes in, whatever else the machine needs.
BUFFERS = ("innodb_buffer_pool_size", "innodb_log_buffer_size", "key_buffer_size")
_GIB = 1024**3


def too_large(pods: int, memory_bytes: int, values: Mapping[str, str]) -> dict[str, str]:
    """The largest buffer, where those of all pods are more than their machine has -> why; else nothing.

    memory_bytes: of that machine, all of it, or 0 where nobody knows. values: variable -> its value, in bytes.
    """
    shown = {name: normal(values.get(name, "")) for name in BUFFERS}
    sizes = {name: int(size) for name, size in shown.items() if size.isdigit()}
    total = sum(sizes.values())
    if not memory_bytes or pods * total <= memory_bytes:
        return {}
    largest = max(sizes, key=lambda name: sizes[name])
    there = f"this machine's {memory_bytes / _GIB:,.1f} GiB of memory"
    return {largest: f"{pods} x {total / _GIB:,.1f} GiB of buffers are more than {there}"}


def unfit(kind: str, values: Mapping[str, str]) -> dict[str, str]:
    """Variables under which a topology does not come about -> why. values: variable -> its value on the pods."""
    return {
        one.variable: f"under {one.word.upper() if one.word != '1' else 'ON'} {one.why}"
        for one in replication_of(kind).unfit
        if one.word in normal(values.get(one.variable, "")).split(",")
    }
