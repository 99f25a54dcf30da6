"""FAULTS: one fault one file one name. Imports `cluster` and nothing else of ours."""

from __future__ import annotations

from collections.abc import Mapping

from chaos.fault import Fault
from chaos.kill import Kill
from chaos.partition import Partition
from chaos.pause import Pause
from chaos.scale_in import ScaleIn
from chaos.scale_out import ScaleOut
from chaos.switchover import Switchover

#: Every fault and every operation by the word that scenarios use.
FAULTS: Mapping[str, Fault] = {
    one.name: one for one in (Kill(), Pause(), Partition(), ScaleOut(), ScaleIn(), Switchover())
}
