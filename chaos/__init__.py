"""FAULTS: one fault one file one name. Imports `cluster` and nothing else of ours."""

from __future__ import annotations

from collections.abc import Mapping

from chaos.fault import Fault
from chaos.kill import Kill
from chaos.partition import Partition
from chaos.pause import Pause

#: Every fault by the word that scenarios use.
FAULTS: Mapping[str, Fault] = {fault.name: fault for fault in (Kill(), Pause(), Partition())}
