"""dns-failure: in a MySQL pod the names of the others no longer resolve; its own does.

Pods know each other's names from /etc/hosts, and the engine's own DNS server may know them, too. All containers of a
pod share both files: the names and the name servers are commented out. MySQL asks by name when a replica connects to
its source, and when a member joins a group; what is connected goes on. Proxies and load pods have addresses alone, and
are no targets. Bites when the name of another node does not resolve within a second. Heals by taking the comment signs
away.
"""

from __future__ import annotations

from dataclasses import dataclass

from chaos.fault import Context, Evidence, Fault, Injection, Refutations, Victim
from chaos.probes import pod_named
from chaos.targets import NODES

MARK = "#meshbench-dns "
RESOLVES_WITHIN_S = 1
FILES = "/etc/hosts /etc/resolv.conf"
#: Each is a mount of its own, so it cannot be replaced, only rewritten.
REWRITE = f"for file in {FILES}; do sed -E {{how}} $file >/tmp/meshbench-names; cat /tmp/meshbench-names >$file; done"


@dataclass(frozen=True, kw_only=True)
class DnsFailure(Fault):
    name = "dns-failure"
    does = "names no longer resolve: what is connected goes on, and a replica that must connect to a new source cannot"
    bites = "the name of another node does not resolve within a second"
    heals = "the names are back in the pod's /etc/hosts, and the name servers in its /etc/resolv.conf"
    good = "nothing, until somebody reconnects; then replication stands still there, and alarms, until names are back"
    known_as = "Chaos Mesh DNSChaos error"
    targets = NODES
    least_pods = 2
    refuted_by = Refutations(bitten={"hidden": (0,), "resolves": (True,)}, clean={"resolves": (False,)})

    def on(self, victim: Victim, context: Context) -> Nameless:
        return Nameless(fault=self, victim=victim, context=context)


class Nameless(Injection[DnsFailure]):
    def inject(self) -> None:
        self._rewrite(f"'/\\b{self.pod}$/! s/^([0-9.]+\\s+node[0-9]+|nameserver .*)$/{MARK}&/'")

    def effect(self) -> Evidence:
        hidden, resolves = self._hidden(), self._resolves()
        return Evidence(ok=hidden > 0 and not resolves, seen={"hidden": hidden, "resolves": resolves})

    def heal(self) -> None:
        if self._hidden():
            self._rewrite(f"'s/^{MARK}//'")

    def residue(self) -> Evidence:
        hidden, resolves = self._hidden(), self._resolves()
        return Evidence(ok=not hidden and resolves, seen={"hidden": hidden, "resolves": resolves})

    def _rewrite(self, how: str) -> None:
        pod_named(self.cluster, self.pod).run_in_namespace("bash", "-c", REWRITE.format(how=how))

    def _hidden(self) -> int:
        """How many names and name servers are there as comments."""
        command = ("bash", "-c", f"cat {FILES} | grep -c '^{MARK}'")
        return int(pod_named(self.cluster, self.pod).probe_in_namespace(*command)[1])

    def _resolves(self) -> bool:
        other = next(name for name in self.cluster.network.node_names if name != self.pod)
        asked = ("timeout", str(RESOLVES_WITHIN_S), "getent", "hosts", other)
        return pod_named(self.cluster, self.pod).probe_in_namespace(*asked)[0] == 0
