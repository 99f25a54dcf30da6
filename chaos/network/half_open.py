"""half-open: that a connection ends is not heard: FINs and RSTs between a pod and others are dropped, all else passes.

As behind a firewall that has forgotten its connections. Bites when a connection that one side has closed is stuck, its
FIN sent and never acknowledged or answered, and packets were dropped. Heals by removing the chain: the kernels send
their FINs again, and connections end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chaos.fault import Context, Evidence, Injection, Refutations, Victim
from chaos.network.cutting.ends import ends
from chaos.network.cutting.firewall import Chain
from chaos.network.link import LinkFault
from chaos.probes import pod_named
from cluster.platform.platform import Pod

#: Where a socket stands that has sent its FIN and not heard of it, or not got the other one.
STUCK = ("fin-wait-1", "fin-wait-2", "last-ack", "closing")
#: Open, read for a moment what the other side has to say, close.
PROBE = "exec 3<>/dev/tcp/{address}/{port}; timeout 0.3 cat <&3; exec 3>&-; sleep 0.5"


@dataclass(frozen=True, kw_only=True)
class HalfOpen(LinkFault):
    name = "half-open"
    does = "no side hears that the other one has closed, or crashed: sessions wait for somebody who is gone"
    bites = "a connection that one side has closed is stuck in FIN-WAIT or LAST-ACK, and FINs or RSTs were dropped"
    heals = "the firewall chain is removed, and connections that were closed end"
    good = "timeouts and keepalives find dead sessions; no pool runs dry, and a failover needs no FIN to be noticed"
    known_as = "Toxiproxy slow_close"
    needs = ("iptables",)
    refuted_by = Refutations(bitten={"rule": (False,), "packets_dropped": (0,), "stuck": (0,)})

    def on(self, victim: Victim, context: Context) -> NeverClosed:
        return NeverClosed(fault=self, victim=victim, context=context)


@dataclass(kw_only=True)
class NeverClosed(Injection[HalfOpen]):
    def __post_init__(self) -> None:
        self._chain = Chain(pod=pod_named(self.cluster, self.pod), name="MESHBENCH-HALF-OPEN")
        self._traffic = self.fault.traffic(self.victim, self.context)

    def inject(self) -> None:
        closing = self._closing.name
        self._closing.put([f"-A {closing} -p tcp --tcp-flags {flag} {flag} -j DROP" for flag in ("FIN", "RST")])
        self._chain.put(self._traffic.rules(self._chain.name, closing))

    def effect(self) -> Evidence:
        dropped = self._closing.counted("DROP")
        seen: dict[str, Any] = {"rule": dropped is not None, "packets_dropped": dropped or 0, "stuck": 0}
        if dropped is None:
            return Evidence(ok=False, seen=seen)
        seen |= {"stuck": self._stuck(), "packets_dropped": self._closing.counted("DROP") or 0}
        return Evidence(ok=bool(seen["stuck"] and seen["packets_dropped"]), seen=seen)

    def heal(self) -> None:
        self._chain.remove()
        self._closing.remove()

    def residue(self) -> Evidence:
        standing, stuck = [*self._chain.standing(), *self._closing.standing()], self._stuck()
        return Evidence(ok=not standing and not stuck, seen={"rules": standing, "stuck": stuck})

    @property
    def _closing(self) -> Chain:
        return Chain(pod=self._chain.pod, name=f"{self._chain.name}-ENDS")

    def _stuck(self) -> int:
        """How many sockets wait for the end of a connection between the two, once one more was closed."""
        pair = ends(self.cluster, self.victim, self._traffic)
        pair.asks.probe_in_namespace("bash", "-c", PROBE.format(address=pair.asked.address, port=pair.port))
        return _ending(pair.asks, pair.asked) + _ending(pair.asked, pair.asks)


def _ending(pod: Pod, other: Pod) -> int:
    states = [word for state in STUCK for word in ("state", state)]
    return len(pod.run_in_namespace("ss", "-Htn", *states, "dst", other.address).splitlines())
