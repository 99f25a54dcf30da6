"""restart: end a container of the pod and start it again at once, as systemd, a kubelet or an impatient operator would.

It lasts until the container answers again. Bites when the engine has started it anew. Nothing is left to heal, unless
it was interrupted in the middle; then the container is started.
"""

from __future__ import annotations

from dataclasses import dataclass

from chaos.fault import Context, Evidence, Fault, Injection, Refutations, Setting, Victim
from chaos.probes import answers, process
from chaos.process.kill import stands_again, start_again
from chaos.process.stop import GRACE_S
from chaos.targets import NODES
from cluster.errors import RefusedError
from cluster.keys import Mistake, duration, word
from cluster.wait import WaitTimeoutError, wait_until

#: For recovery from its log, which may be long after a kill under load.
ANSWER_TIMEOUT_S = 120.0


@dataclass(frozen=True, kw_only=True)
class Restart(Fault):
    how: str = word("stop: in order (SIGTERM); kill: as a crash (SIGKILL)", of=("stop", "kill"), default="stop")
    grace: float = duration(
        "how long it may take to end in order, before it is killed", default=GRACE_S, at_least=1.0, at_most=300.0
    )

    name = "restart"
    does = "a restart: the node is gone for as long as it takes to recover, which may be shorter than anybody notices"
    bites = "the process has ended, and the engine has started it anew"
    heals = "it is over when the process answers again; one that was interrupted is started"
    good = "a replica takes over, or nobody does because the node is back before; no acknowledged write is lost"
    known_as = "Chaos Mesh PodChaos pod-kill under a controller; systemctl restart mysql"
    targets = NODES
    lasts = False
    loses_node = True
    intends = "restarted"
    refuted_by = Refutations(
        bitten={"started_anew": (False,), "ended_with": (None,)},
        clean={"container": ("exited", "frozen"), "answers": (False,)},
    )

    def misfit(self, target: str, setting: Setting) -> Mistake | None:
        if self.how == "kill" and self.grace != GRACE_S:
            return Mistake(key="grace", why="a process that is killed ends at once; leave grace out, or give how: stop")
        return super().misfit(target, setting)

    def on(self, victim: Victim, context: Context) -> Restarted:
        return Restarted(fault=self, victim=victim, context=context)


@dataclass(kw_only=True)
class Restarted(Injection[Restart]):
    """began: when the container had been started before this. ended_with: its exit code."""

    began: str | None = None
    ended_with: int | None = None

    def inject(self) -> None:
        container = process(self.cluster, self.victim)
        self.began = container.began()
        container.kill(grace_s=round(self.fault.grace) if self.fault.how == "stop" else None)
        self.ended_with = container.wait(timeout_s=self.fault.grace)
        if self.ended_with is None:
            raise RefusedError(f"{self.pod} did not end within {self.fault.grace:g} s")
        container.start()
        try:
            wait_until(
                f"{self.pod} answers again", lambda: answers(self.cluster, self.victim), timeout_s=ANSWER_TIMEOUT_S
            )
        except WaitTimeoutError as never:
            raise RefusedError(str(never)) from never

    def effect(self) -> Evidence:
        began = process(self.cluster, self.victim).began()
        anew = self.began is not None and began != self.began
        seen = {"started_anew": anew, "ended_with": self.ended_with, "began_before": self.began, "began": began}
        return Evidence(ok=anew, seen=seen)

    def heal(self) -> None:
        start_again(self)

    def residue(self) -> Evidence:
        return stands_again(self)
