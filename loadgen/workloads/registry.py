"""Every workload by its name, and how a user's own class becomes one: ``path/to/file.py:ClassName``.

A user's class is imported and checked by `loadgen.workloads.user_class`, which happens in a load pod or in the look
before the start, never on the host.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from loadgen.config import WorkloadConfig
from loadgen.errors import ConfigError
from loadgen.options import Options
from loadgen.user_code.importing import broken
from loadgen.workload import Workload
from loadgen.workloads.append import Append
from loadgen.workloads.contract import Held
from loadgen.workloads.mixed_read import MixedRead
from loadgen.workloads.smallbank import SmallBank
from loadgen.workloads.tpcb import TpcB
from loadgen.workloads.tpcc import TpcC
from loadgen.workloads.transfer import Transfer
from loadgen.workloads.user_class import made, options_of, own_class

#: Name in a scenario -> class. Each has an attribute Options, and its constructor takes one of these.
WORKLOADS: Mapping[str, type[Any]] = {
    "transfer": Transfer,
    "tpcb": TpcB,
    "smallbank": SmallBank,
    "tpcc": TpcC,
    "append": Append,
    "mixed-read": MixedRead,
}


def own_file(name: str) -> Path | None:
    """The file of a user's own workload, or None when the name is not of that form."""
    file, colon, _ = name.rpartition(":")
    return Path(file) if colon and file.endswith(".py") else None


def resolve(config: WorkloadConfig) -> tuple[Workload, Options]:
    """The workload and its options with every default filled in. Raises ConfigError."""
    file = own_file(config.name)
    if file is not None:
        return _own(config, file)
    kind = WORKLOADS.get(config.name)
    if kind is None:
        raise ConfigError(
            f"expected one of {', '.join(WORKLOADS)}, or path/to/file.py:ClassName, got {config.name!r}",
            key="workload.name",
        )
    options: Options = kind.Options.read(config.options, of=config.name)
    workload: Workload = kind(options)
    return workload, options


def create(config: WorkloadConfig) -> Workload:
    """The workload alone. Raises ConfigError."""
    return resolve(config)[0]


def _own(config: WorkloadConfig, file: Path) -> tuple[Workload, Options]:
    kind = own_class(file, config.name.rpartition(":")[2])
    asked = options_of(kind, file)
    try:
        options = asked.read(config.options, of=config.name)
    except ConfigError:
        raise
    except Exception as error:  # noqa: BLE001  their own __post_init__ may raise anything
        raise ConfigError(broken(error, file), key="workload") from None
    return Held(made(kind, options, file), name=config.name, file=file), options
