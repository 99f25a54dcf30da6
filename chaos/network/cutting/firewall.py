"""A fault's own chain of iptables in a pod's network namespace: put there at once, counted, and taken away whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cluster.platform.platform import Pod


@dataclass(frozen=True, kw_only=True)
class Chain:
    """name: of the chain, and of no other fault's: two may strike one pod."""

    pod: Pod
    name: str

    def put(self, rules: Sequence[str]) -> None:
        """rules: of the chain and of the built-in ones that lead to it, as iptables-save writes them.

        One commit: either all rules stand or none, and all of them from the same moment on.
        """
        table = "\n".join(["*filter", f":{self.name} - [0:0]", *rules, "COMMIT", ""])
        self.pod.run_in_namespace("bash", "-c", f"iptables-restore --noflush --wait <<'RULES'\n{table}RULES")

    def counted(self, verdict: str) -> int | None:
        """How many packets got that verdict; None when no rule gives it."""
        code, listing = self.pod.probe_in_namespace("iptables", "--wait", "-nvxL", self.name)
        counts = [int(words[0]) for words in map(str.split, listing.splitlines()) if words[2:3] == [verdict]]
        return sum(counts) if code == 0 and counts else None

    def standing(self) -> list[str]:
        """What of it there is, as iptables-save writes it."""
        listing = self.pod.run_in_namespace("iptables", "--wait", "-S")
        return [line for line in listing.splitlines() if self.name in line.split()]

    def remove(self) -> None:
        """Nothing of it is there afterwards, whoever put it there."""
        if standing := self.standing():
            hooks = [line.replace("-A ", "-D ", 1) for line in standing if line.endswith(f"-j {self.name}")]
            for command in (*hooks, f"-F {self.name}", f"-X {self.name}"):
                self.pod.run_in_namespace("iptables", "--wait", *command.split())
