"""What the engine keeps of what a container of ours prints, whatever its own default for that is.

Much is read from containers' logs: the events of the load, what a process said before it ended. An engine may keep none
of it (``none``), send it elsewhere (``fluentd``), or cut it off at a kilobyte (rotation), so every container that is
created here says for itself how its log is kept. Each option is named: the engine adds its own default of those that
are not, where its driver is the same.
"""

from __future__ import annotations

from docker.types import LogConfig

#: No rotation: a size that no disk has. Nothing is dropped when a container prints faster than it is written.
LOG_CONFIG = LogConfig(
    type="json-file", config={"max-size": "1000t", "max-file": "1", "compress": "false", "mode": "blocking"}
)
