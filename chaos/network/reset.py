"""reset: live TCP connections of a pod are reset again and again: both sides get an RST, and may connect anew at once.

As a firewall or a load balancer does that loses its table. The kernel destroys the pod's established sockets (`ss -K`),
busy or idle, and what it destroyed is counted. Bites when connections were reset and the loop runs. Heals by ending the
loop in the pod's namespace.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from chaos.fault import Context, Evidence, Injection, Refutations, Setting, Victim
from chaos.network.link import LinkFault
from chaos.network.traffic import Traffic
from chaos.probes import pod_named
from cluster.keys import Mistake, duration
from cluster.platform.platform import Pod

#: In the pod: the loop's process, and a line for each connection that it has reset.
RUNS, LOG = "/tmp/meshbench-reset.pid", "/tmp/meshbench-reset.log"
LOOP = f"echo $$ >{RUNS}; while :; do ss -KHtn state established {{which}} >>{LOG}; sleep {{every}}; done"


@dataclass(frozen=True, kw_only=True)
class Reset(LinkFault):
    every: float = duration("between two resets of all connections", default=1.0, at_least=0.05, at_most=60.0)

    name = "reset"
    does = "connections break with an RST, again and again, and can be opened anew: a firewall that forgets them"
    bites = "connections were reset, counted by the kernel's own list of what it destroyed"
    heals = "the loop that resets them is ended"
    good = "clients reconnect and retry; replication resumes by itself, and no failover comes of it"
    known_as = "Toxiproxy reset_peer"
    needs = ("socket destroy",)
    refuted_by = Refutations(bitten={"connections_reset": (0,), "runs": (False,)}, clean={"runs": (True,)})

    def misfit(self, target: str, setting: Setting) -> Mistake | None:
        if self.direction != "both":
            why = "an RST goes to both sides; leave direction out"
            return Mistake(key="direction", why=why, got=self.direction)
        return super().misfit(target, setting)

    def on(self, victim: Victim, context: Context) -> Resets:
        return Resets(fault=self, victim=victim, context=context)


class Resets(Injection[Reset]):
    @property
    def _where(self) -> Pod:
        return pod_named(self.cluster, self.pod)

    def inject(self) -> None:
        traffic = self.fault.traffic(self.victim, self.context)
        loop = LOOP.format(which=which(traffic), every=f"{self.fault.every:g}")
        self._where.run_in_namespace("bash", "-c", f"setsid nohup bash -c {shlex.quote(loop)} >/dev/null 2>&1 &")

    def effect(self) -> Evidence:
        code, listing = self._where.probe_in_namespace("cat", LOG)
        count = len(listing.splitlines()) if code == 0 else 0
        return Evidence(ok=count > 0 and self._runs(), seen={"connections_reset": count, "runs": self._runs()})

    def heal(self) -> None:
        script = f"[ -e {RUNS} ] && kill -- -$(cat {RUNS}); rm -f {RUNS} {LOG}"
        self._where.run_in_namespace("bash", "-c", script)

    def residue(self) -> Evidence:
        left = self._where.run_in_namespace("find", "/tmp", "-name", "meshbench-reset.*").split()
        return Evidence(ok=not left and not self._runs(), seen={"runs": self._runs(), "files": left})

    def _runs(self) -> bool:
        return self._where.probe_in_namespace("bash", "-c", f"kill -0 $(cat {RUNS})")[0] == 0


def which(traffic: Traffic) -> str:
    """The filter of `ss` for these connections."""
    if traffic.addresses:
        return "'( " + " or ".join(f"dst {address}" for address in traffic.addresses) + " )'"
    return " ".join(f"not dst {address}" for address in ("127.0.0.0/8", *traffic.exempt)).replace(" not", " and not")
