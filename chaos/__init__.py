"""FAULTS: one fault one file one name. Imports `cluster` and nothing else of ours."""

from __future__ import annotations

from collections.abc import Mapping

from chaos.changes.scale_in import ScaleIn
from chaos.changes.scale_out import ScaleOut
from chaos.changes.switchover import Switchover
from chaos.fault import Fault
from chaos.network.partition import Partition
from chaos.process.kill import Kill
from chaos.process.pause import Pause

#: Every fault and every operation by the word that scenarios use.
FAULTS: Mapping[str, Fault] = {
    one.name: one for one in (Kill(), Pause(), Partition(), ScaleOut(), ScaleIn(), Switchover())
}
