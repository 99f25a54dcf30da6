"""agent-slow: a role agent answers everybody late, as one does on a machine that swaps.

A test hook in the agent does that, a file in its own container (`cluster.agent.misled`). Bites when an answer takes at
least nine tenths of what was asked for. Heals by removing the file.
"""

from __future__ import annotations

from dataclasses import dataclass

from chaos.fault import Context, Evidence, Fault, Injection, Measure, Refutations, Victim
from chaos.probes import process
from chaos.proxy.agents import answer_of, let_be, mislead, misled
from chaos.targets import AGENTS
from cluster.agent.misled import LATENCY
from cluster.keys import duration

#: Within that an agent answers that nobody slows, on a machine that is busy.
PROMPT_S = 0.5


@dataclass(frozen=True, kw_only=True)
class AgentSlow(Fault):
    latency: float = duration("how late each answer is", default=2.0, at_least=0.1, at_most=5.0)

    name = "agent-slow"
    does = "a health check that answers late: beyond the proxies' check timeout and the lease, as good as none"
    bites = "an answer of the agent takes at least nine tenths of what was asked for"
    heals = "the file that slows the agent is removed"
    good = "a pod whose agent is slower than check and lease is replaced, once and without flapping"
    targets = AGENTS
    refuted_by = Refutations(bitten={"slowed": (False,)}, clean={"slowed": (True,)})

    def on(self, victim: Victim, context: Context) -> Slowed:
        return Slowed(fault=self, victim=victim, context=context)


class Slowed(Injection[AgentSlow]):
    def inject(self) -> None:
        mislead(process(self.cluster, self.victim), LATENCY, f"{self.fault.latency:g}")

    def effect(self) -> Evidence:
        promised_s = self.fault.latency
        answer = answer_of(self.cluster, self.pod, "/health", timeout_s=promised_s + 2.0)
        file = misled(process(self.cluster, self.victim), LATENCY)
        if answer is None:
            return Evidence(ok=False, seen={"slowed": file, "answers": False})
        measure = Measure(
            what="time to answer",
            unit="ms",
            promised=promised_s * 1000,
            measured=round(answer.took_s * 1000, 1),
            tolerance=max(100.0, promised_s * 100),
        )
        # a busy machine may be slow by itself: only with the file it is this fault
        return Evidence(ok=file and answer.took_s >= 0.9 * promised_s, seen={"slowed": file}, measures=(measure,))

    def heal(self) -> None:
        let_be(process(self.cluster, self.victim), LATENCY)

    def residue(self) -> Evidence:
        file = misled(process(self.cluster, self.victim), LATENCY)
        answer = answer_of(self.cluster, self.pod, "/health")
        took_ms = None if answer is None else round(answer.took_s * 1000, 1)
        prompt = answer is not None and answer.took_s <= PROMPT_S
        return Evidence(ok=not file and prompt, seen={"slowed": file, "answered_after_ms": took_ms})
