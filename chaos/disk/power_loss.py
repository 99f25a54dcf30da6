"""power-loss: a node's power fails, and what was written but not synced is lost with its memory.

mysqld is frozen, its file systems are shut down without writing back what only the page cache holds, and the process is
killed: the next mount finds what had reached the device, and replays the journal, as after a power failure. Two small
files prove it: one that was synced is there afterwards, one that was not has nothing in it. Heals by starting the
container again.

With ``sync_binlog=1`` and ``innodb_flush_log_at_trx_commit=1``, MySQL's defaults, no acknowledged transaction is lost
on the node; with 0 and 2 the last ones are. What a disk acknowledges is taken to be on it: no write cache lies.
"""

from __future__ import annotations

from dataclasses import dataclass

from chaos.disk.file_systems import DISK, MOUNTS, tried
from chaos.disk.shut_down import shut_down
from chaos.fault import Context, Evidence, Fault, Injection, Refutations, Victim
from chaos.probes import answers, process
from chaos.process.kill import SIGKILLED
from chaos.targets import NODES
from cluster.errors import EngineRefusedError, HarnessError
from cluster.platform.platform import FROZEN, RUNNING, CanFreeze
from cluster.wait import wait_until

FREEZE_TIMEOUT_S = 10.0
EXIT_TIMEOUT_S = 20.0
SYNCED, UNSYNCED = (f"{MOUNTS['binlog']}/meshbench-{word}" for word in ("synced", "unsynced"))


@dataclass(frozen=True, kw_only=True)
class PowerLoss(Fault):
    name = "power-loss"
    does = "a crash of the whole machine: memory is gone, and with it every write that was not synced to disk"
    bites = "mysqld has ended with code 137, its file systems shut down under it"
    heals = "the container is started again, on what had reached its disk; of two files that were written just before, "
    heals += "the one that was synced is there, and the other is empty"
    good = "with MySQL's default durability nothing is lost on the node; a replica takes over within the detection time"
    known_as = "Jepsen lazyfs lose-unfsynced-writes!; xfstests godown"
    targets = NODES
    needs = ("loop file systems", "cgroup freezer")
    extras = (DISK,)
    loses_node = True
    crashes = True
    refuted_by = Refutations(
        bitten={"container": ("running",), "exit_code": (0,), "answers": (True,)},
        clean={"answers": (False,), "synced_survived": (False,), "unsynced_survived": (True,)},
    )

    def on(self, victim: Victim, context: Context) -> PowerLost:
        return PowerLost(fault=self, victim=victim, context=context)


class PowerLost(Injection[PowerLoss]):
    def inject(self) -> None:
        container = process(self.cluster, self.victim)
        if not isinstance(container, CanFreeze):
            raise HarnessError(f"{container.name}: nothing can be frozen where it runs")

        def frozen() -> bool:
            if container.state() != FROZEN:
                container.freeze()
            return True

        # nothing that mysqld acknowledges may come after what its disk keeps
        wait_until(f"the engine freezes {self.pod}", frozen, timeout_s=FREEZE_TIMEOUT_S, tolerate=EngineRefusedError)
        try:
            mounts = tuple(MOUNTS.values())
            shut_down(self.cluster, container, mounts, written=(SYNCED, UNSYNCED), synced=(SYNCED,))
        finally:
            container.kill()
        container.wait(timeout_s=EXIT_TIMEOUT_S)

    def effect(self) -> Evidence:
        state = process(self.cluster, self.victim).state()
        answered = answers(self.cluster, self.victim)
        return Evidence(
            ok=state == SIGKILLED and not answered,
            seen={"container": state.word, "exit_code": state.code or 0, "answers": answered},
        )

    def heal(self) -> None:
        container = process(self.cluster, self.victim)
        if container.state() == FROZEN and isinstance(container, CanFreeze):
            container.thaw()
        if container.state().word == "exited":
            container.start()

    def residue(self) -> Evidence:
        state, answered = process(self.cluster, self.victim).state(), answers(self.cluster, self.victim)
        if state != RUNNING:
            return Evidence(ok=False, seen={"container": state.word, "answers": answered})
        synced, unsynced = (tried(self.cluster, self.pod, f"test -s {name}").ok for name in (SYNCED, UNSYNCED))
        return Evidence(
            ok=answered and synced and not unsynced,
            seen={
                "container": state.word,
                "answers": answered,
                "synced_survived": synced,
                "unsynced_survived": unsynced,
            },
        )
