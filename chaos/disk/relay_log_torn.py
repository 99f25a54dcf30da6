"""relay-log-torn: a replica crashes, and its relay log ends in the middle of an event.

mysqld is frozen, the last bytes of its newest relay log are cut off, and it is killed. Its start finds what it had
received torn; relay_log_recovery, which is on, throws all of it away that was not applied, and has it sent again. Bites
when mysqld has ended with code 137 and the cut is noted in its container. Heals by starting the container.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

from chaos import sql
from chaos.fault import Context, Evidence, Fault, Injection, Refutations, Victim
from chaos.probes import answers, process
from chaos.process.kill import SIGKILLED
from chaos.replication import channel
from chaos.topologies import PROMOTED
from cluster.errors import EngineRefusedError, HarnessError, NotThereError
from cluster.platform.platform import FROZEN, RUNNING, CanFreeze
from cluster.wait import wait_until

FREEZE_TIMEOUT_S = 10.0
EXIT_TIMEOUT_S = 20.0
#: Less than the header of any event.
CUT_BYTES = 11
NOTE = "/tmp/meshbench-torn"
_TEAR = """
pid=$(grep -ls {container} /proc/[0-9]*/cgroup | head -n1 | cut -d/ -f3)
newest=$(ls /proc/$pid/root{basename}.[0-9]* | sort | tail -n1) || exit 1
truncate --size=-{cut} "$newest" && basename "$newest" > /proc/$pid/root{note}
"""


@dataclass(frozen=True, kw_only=True)
class RelayLogTorn(Fault):
    name = "relay-log-torn"
    does = "a replica that crashed while it wrote what it received: its relay log ends in the middle of an event"
    bites = "mysqld has ended with code 137, and the end of its newest relay log was cut off"
    heals = "the container is started again; what was received and not applied is sent again"
    good = "the replica follows again by itself, and has everything, as long as somebody still has it"
    targets = ("one_replica", "replicas", "candidate")
    topologies = PROMOTED
    least_pods = 2
    needs = ("cgroup freezer",)
    loses_node = True
    crashes = True
    refuted_by = Refutations(
        bitten={"container": ("running",), "torn": (None,), "answers": (True,)},
        clean={"follows": (False,), "torn": (True,)},
    )

    def on(self, victim: Victim, context: Context) -> Torn:
        return Torn(fault=self, victim=victim, context=context)


class Torn(Injection[RelayLogTorn]):
    def inject(self) -> None:
        container = process(self.cluster, self.victim)
        basename = sql.value(self.cluster, self.pod, "SELECT @@global.relay_log_basename")
        if not isinstance(container, CanFreeze):
            raise HarnessError(f"{container.name}: nothing can be frozen where it runs")

        def frozen() -> bool:
            if container.state() != FROZEN:
                container.freeze()
            return True

        wait_until(f"the engine freezes {self.pod}", frozen, timeout_s=FREEZE_TIMEOUT_S, tolerate=EngineRefusedError)
        script = _TEAR.format(container=container.id, basename=basename, cut=CUT_BYTES, note=NOTE)
        code, said = self.cluster.platform.on_host(script)
        container.kill()
        if code != 0:
            raise HarnessError(f"{self.pod}: its relay log could not be cut: {said.strip()[-300:]}")
        container.wait(timeout_s=EXIT_TIMEOUT_S)

    def effect(self) -> Evidence:
        state = process(self.cluster, self.victim).state()
        if state != SIGKILLED:
            return Evidence(ok=False, seen={"container": state.word, "torn": None})
        torn, answered = self._torn(), answers(self.cluster, self.victim)
        return Evidence(
            ok=torn is not None and not answered, seen={"container": state.word, "torn": torn, "answers": answered}
        )

    def heal(self) -> None:
        container = process(self.cluster, self.victim)
        if container.state() == FROZEN and isinstance(container, CanFreeze):
            container.thaw()
        if container.state().word == "exited":
            container.start()
        container.exec("rm", "-f", NOTE, user="0")

    def residue(self) -> Evidence:
        def look() -> Evidence:
            here, torn = channel.look(self.cluster, self.pod), self._torn() is not None
            follows = here is None or (here.receiver == "ON" and here.applier == "ON")
            return Evidence(ok=follows and not torn, seen={"follows": follows, "torn": torn})

        if process(self.cluster, self.victim).state() != RUNNING:
            return Evidence(ok=False, seen={"follows": False})
        return sql.told(look)

    def _torn(self) -> str | None:
        """The relay log that was cut, as was noted; None where none was."""
        note = io.BytesIO()
        try:
            process(self.cluster, self.victim).fetch(NOTE, note)
        except NotThereError:
            return None
        return note.getvalue().decode().strip()
