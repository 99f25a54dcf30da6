"""Test hook: what makes an agent lie about its mysqld, or answer late. It is two files in the agent's own container,
which the faults `agent-lies` and `agent-slow` write: nothing that comes over the network can reach it.
"""

from __future__ import annotations

from pathlib import Path

#: What it answers to /primary instead of the truth: an HTTP status, 200 or 503.
CLAIM = Path("/run/meshbench-claim")
#: How late every answer is, in seconds.
LATENCY = Path("/run/meshbench-latency")


def claim(file: Path = CLAIM) -> int | None:
    """None without the fault."""
    written = _content(file)
    return None if written is None else int(written)


def latency_s(file: Path = LATENCY) -> float:
    """0 without the fault."""
    return float(_content(file) or 0.0)


def _content(file: Path) -> str | None:
    try:
        return file.read_text()
    except FileNotFoundError:
        return None
