"""What the self-test tries, and on which systems: for each fault a row for each part of a pod that it can hit.

Made from what faults, targets and topologies declare; no fault is named here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from chaos.applicability import misfit
from chaos.fault import Fault, Setting
from chaos.needs import unavailable
from chaos.targets import TARGETS, node_of, part_of
from chaos.timeline import PlannedFault

#: The systems, most wanted first: a fault is tried on the first one that it fits.
SETTINGS = (
    Setting(kind="group", pods=3, mesh="gateway"),
    Setting(kind="async", pods=3, mesh="gateway"),
    Setting(kind="semisync", pods=3, mesh="gateway"),
    Setting(kind="group", pods=3, mesh="mtls"),
    Setting(kind="group", pods=3, mesh="sidecar"),
    Setting(kind="group-multi", pods=3, mesh="gateway"),
    Setting(kind="single", pods=1, mesh="gateway"),
    Setting(kind="group", pods=5, mesh="gateway"),
)
#: Whom of the nodes, most wanted first: a replica costs no failover.
_NODES = ("one_replica", "primary")
#: Load pods are part of a run; no load runs here.
_NOT_HERE = ("load",)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One thing to try. setting: None where it cannot be tried; unsupported says why then."""

    fault: type[Fault]
    target: str
    setting: Setting | None
    unsupported: str = ""

    def planned(self) -> PlannedFault:
        return _planned(self.fault, self.target)


def rows(
    faults: Iterable[type[Fault]], *, unmet_needs: Mapping[str, str], settings: Sequence[Setting] = SETTINGS
) -> list[Row]:
    """Everything to try, those of one system together; on one of their own those with nodes that are started with more
    than others (`cluster.extras`). settings: most wanted first. unmet_needs: of the engine's host."""
    found = [row for fault in faults for row in _rows(fault, unmet_needs, settings)]
    order = [None, *settings]
    return sorted(found, key=lambda row: (order.index(row.setting), bool(row.fault.extras)))


def _rows(fault: type[Fault], unmet_needs: Mapping[str, str], settings: Sequence[Setting]) -> Iterator[Row]:
    if why := unavailable(fault, unmet_needs):
        yield Row(fault=fault, target=fault.targets[0], setting=None, unsupported=why)
        return
    for targets in _by_part(fault).values():
        fits = ((target, setting) for setting in settings for target in targets if _fits(fault, target, setting))
        target, setting = next(fits, (targets[0], None))
        why = "" if setting else "it fits none of the systems that the self-test starts"
        yield Row(fault=fault, target=target, setting=setting, unsupported=why)


def _by_part(fault: type[Fault]) -> dict[tuple[str, bool], list[str]]:
    """Its targets, those of one part of a pod together, most wanted first. Proxies of clients and of nodes differ."""
    parts: dict[tuple[str, bool], list[str]] = {}
    for target in fault.targets:
        if part_of(target) not in _NOT_HERE:
            parts.setdefault((part_of(target), " of " in target), []).append(target)
    return {part: sorted(targets, key=_wanted) for part, targets in parts.items()}


def _wanted(target: str) -> tuple[int, int]:
    node = node_of(target)
    return _NODES.index(node) if node in _NODES else len(_NODES), TARGETS.index(target)


def _fits(fault: type[Fault], target: str, setting: Setting) -> bool:
    return misfit(_planned(fault, target), setting) is None


def _planned(fault: type[Fault], target: str) -> PlannedFault:
    return PlannedFault(fault=fault.read(fault.example), target=target, at_s=0.0)  # type: ignore[arg-type]
