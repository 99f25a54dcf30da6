"""agent-lies: a role agent answers proxies the opposite of what is true when it strikes, and keeps to it: a replica's
calls its pod the primary, the primary's denies it.

A test hook in the agent does that, a file in its own container (`cluster.agent.misled`). Bites when what it answers
contradicts what its mysqld says of itself. Heals by removing the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from chaos.fault import Context, Evidence, Fault, Injection, Refutations, Victim
from chaos.probes import process
from chaos.proxy.agents import answer_of, let_be, mislead, misled
from chaos.targets import AGENTS
from cluster.agent.misled import CLAIM


@dataclass(frozen=True, kw_only=True)
class AgentLies(Fault):
    name = "agent-lies"
    does = "a health check that is wrong: a replica calls itself the primary, or the primary denies that it is one"
    bites = "the agent's answer to /primary contradicts what mysqld says of itself, asked past the agent"
    heals = "the file that misleads the agent is removed, and it tells the truth again"
    good = (
        "no write is acknowledged by the replica that calls itself primary, since it is read-only; clients see errors, "
        "not lost money, until the lie ends"
    )
    targets = AGENTS
    refuted_by = Refutations(bitten={"lies": (False,)}, clean={"lies": (True,)})

    def on(self, victim: Victim, context: Context) -> Lying:
        return Lying(fault=self, victim=victim, context=context)


class Lying(Injection[AgentLies]):
    def inject(self) -> None:
        claimed = HTTPStatus.SERVICE_UNAVAILABLE if self._leads() else HTTPStatus.OK
        mislead(process(self.cluster, self.victim), CLAIM, str(int(claimed)))

    def effect(self) -> Evidence:
        answer, leads = answer_of(self.cluster, self.pod, "/primary"), self._leads()
        lies = answer is not None and leads is not None and (answer.code == HTTPStatus.OK) != leads
        code = answer.code if answer else None
        return Evidence(ok=lies, seen={"lies": lies, "primary_answered": code, "mysqld_is_primary": leads})

    def heal(self) -> None:
        let_be(process(self.cluster, self.victim), CLAIM)

    def residue(self) -> Evidence:
        left = misled(process(self.cluster, self.victim), CLAIM)
        look = self.effect()
        return Evidence(ok=not left and not look.ok, seen={"file": left, **look.seen})

    def _leads(self) -> bool | None:
        """Whether mysqld itself says that it takes writes; None when it does not answer."""
        status = self.cluster.status([self.cluster.pods[self.pod]])[self.pod]
        return None if status is None else status.writable
