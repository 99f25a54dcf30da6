"""rolling-upgrade: every node gets another image in turn, replicas first and the primary last, on the data that it has.

Its mysqld ends in order and a container of the other image takes its place: same volume, address and options. The
primary hands over before its turn. Took effect on a node when it runs the other image and answers. Not undone: going
back is another upgrade, and MySQL refuses a data directory that a newer version has upgraded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from chaos import sql
from chaos.changes.rolling_restart import hand_over
from chaos.fault import Context, Evidence, Refutations, Setting, Victim
from chaos.probes import answers, process
from chaos.process.restart import ANSWER_TIMEOUT_S, Restart, Restarted
from cluster.errors import RefusedError
from cluster.keys import Mistake, word
from cluster.mysqld.mysql_image import REFERENCE_EXPECTED, is_reference
from cluster.operations.scaling import OWN_VOLUME
from cluster.operations.start import replace_mysqld
from cluster.wait import WaitTimeoutError, wait_until

#: The image of meshbench itself.
DEFAULT = "default"


@dataclass(frozen=True, kw_only=True)
class RollingUpgrade(Restart):
    to: str = word("the image that every node gets, as `mysql.image` has it; required", of=(), default="")

    name = "rolling-upgrade"
    does = "another image for all nodes in turn, on the data they have: two versions side by side for a while"
    bites = "of each node: a container of the other image runs in place of the old one, and answers"
    heals = "not undone; a node that was interrupted is started"
    good = "no acknowledged write is lost, and writes stop once, for the switchover"
    known_as = "kubectl set image; roachtest mixed-version upgrade"
    example: ClassVar[Mapping[str, Any]] = {"to": DEFAULT}
    targets = ("all", "replicas", "one_replica")
    least_pods = 2
    extras = (OWN_VOLUME,)
    one_by_one = True
    refuted_by = Refutations(
        bitten={"replaced": (False,), "answers": (False,)},
        clean={"container": ("exited", "frozen"), "answers": (False,)},
    )

    def on(self, victim: Victim, context: Context) -> Upgraded:
        return Upgraded(fault=self, victim=victim, context=context)

    def misfit(self, target: str, setting: Setting) -> Mistake | None:
        if not self.to:
            return Mistake(key="to", why="is required, such as mysql:9.1, or default for the image of meshbench")
        if not is_reference(self.to):
            return Mistake(key="to", why=f"{REFERENCE_EXPECTED}, got {self.to!r:.80}")
        if self.how == "kill":
            return Mistake(key="how", why="an upgrade ends mysqld in order; leave it out")
        return super().misfit(target, setting)

    def images(self) -> tuple[str, ...]:
        return () if self.to in ("", DEFAULT) else (self.to,)


class Upgraded(Restarted):
    """replaced: the name of the container that was there before."""

    fault: RollingUpgrade
    replaced: str = ""

    def inject(self) -> None:
        cluster, pod = self.cluster, self.pod
        hand_over(cluster, pod)
        old = process(cluster, self.victim)
        old.kill(grace_s=round(self.fault.grace))
        self.ended_with = old.wait(timeout_s=self.fault.grace)
        if self.ended_with is None:
            raise RefusedError(f"{pod} did not end within {self.fault.grace:g} s")
        image = cluster.platform.image("mysql") if self.fault.to == DEFAULT else self.fault.to
        replace_mysqld(cluster.nodes, cluster.pods[pod], image=image)
        self.replaced = old.name
        try:
            wait_until(f"{pod} answers again", lambda: answers(cluster, self.victim), timeout_s=ANSWER_TIMEOUT_S)
        except WaitTimeoutError as never:
            raise RefusedError(f"{never}; its image is {image}") from never

    def effect(self) -> Evidence:
        def look() -> Evidence:
            container = process(self.cluster, self.victim)
            replaced = bool(self.replaced) and container.name != self.replaced
            answered = answers(self.cluster, self.victim)
            version = sql.value(self.cluster, self.pod, "SELECT @@version") if answered else None
            seen = {"replaced": replaced, "answers": answered, "image": container.image, "version": version}
            return Evidence(ok=replaced and answered, seen=seen)

        return sql.told(look)
