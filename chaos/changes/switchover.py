"""switchover: the primary hands over on purpose, asked of the control plane, as before maintenance.

Shows when another pod is the primary, as a majority sees it. There is nothing to heal: the old primary goes on as a
replica, which is what must be shown of it afterwards.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from chaos.fault import Context, Evidence, Fault, Injection, Refutations, Victim
from chaos.topologies import ONE_PRIMARY
from cluster.wait import WaitTimeoutError

log = logging.getLogger("meshbench")

LOOK_TIMEOUT_S = 2.0


@dataclass(frozen=True, kw_only=True)
class Switchover(Fault):
    name = "switchover"
    does = "a planned change of the primary: no acknowledged write may be lost, and the outage should be short"
    bites = "another pod is the primary, as a majority sees it"
    heals = "nothing is broken: the old primary goes on as a replica"
    good = "an outage of at most a second or two, no acknowledged write lost, no failed transaction beyond a retry"
    known_as = "MySQL Shell setPrimaryInstance; Orchestrator graceful-master-takeover"
    targets = ("primary",)
    topologies = ONE_PRIMARY
    least_pods = 2
    lasts = False
    hits = "node"
    intends = "new_primary"
    refuted_by = Refutations(bitten={"primary": (None,)})

    def on(self, victim: Victim, context: Context) -> HandedOver:
        return HandedOver(fault=self, victim=victim, context=context)


@dataclass(kw_only=True)
class HandedOver(Injection[Switchover]):
    """silence: what came instead of the control plane's answer; then only the pods can tell whether it was done."""

    silence: str = ""

    def inject(self) -> None:
        control = self.cluster.control  # who knows who is primary
        try:
            control.switchover()  # once: a refusal is what was to be found out
        except OSError as silence:
            self.silence = f"the control plane does not answer: {silence}"
            log.warning("switchover: %s", self.silence)

    def effect(self) -> Evidence:
        told = {"reason": self.silence} if self.silence else {}
        try:
            primary = self.cluster.membership.primary(timeout_s=LOOK_TIMEOUT_S)
        except WaitTimeoutError:
            return Evidence(ok=False, seen={"primary": None, **told})
        return Evidence(ok=primary != self.pod, seen={"primary": primary, **told})

    def heal(self) -> None:
        """Nothing is broken."""

    def residue(self) -> Evidence:
        serving = self.cluster.membership.in_service(self.pod)
        return Evidence(ok=serving, seen={"in_service": serving})
