"""mtu-black-hole: packets above a size vanish, without the ICMP that would tell their sender to send smaller ones, as
on a tunnel whose overhead nobody has reckoned with.

Handshakes, health checks and small statements pass; a big row, a big statement or a CLONE hangs. Bites when a small
message is acknowledged and a big one is not, and packets were dropped. Heals by removing the chain: what hangs goes on.
"""

from __future__ import annotations

from dataclasses import dataclass

from chaos.fault import Context, Evidence, Injection, Refutations, Setting, Victim
from chaos.network.cutting.ends import ends
from chaos.network.cutting.firewall import Chain
from chaos.network.link import LinkFault
from chaos.probes import pod_named
from cluster.keys import Mistake, whole

SMALL, BIG = 100, 4000
#: Sends so many bytes to an address and port, and prints how many of them are not acknowledged half a second later.
PROBE = """
import fcntl, socket, struct, sys, termios, time
address, port, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
with socket.create_connection((address, port), timeout=1) as connection:
    connection.sendall(b"x" * size)
    time.sleep(0.5)
    print(struct.unpack("i", fcntl.ioctl(connection, termios.TIOCOUTQ, bytes(4)))[0])
"""


@dataclass(frozen=True, kw_only=True)
class MtuBlackHole(LinkFault):
    mtu: int = whole("the largest IP packet that passes", default=1000, unit="bytes", at_least=576, at_most=1499)

    name = "mtu-black-hole"
    does = "packets above a size vanish in silence: small statements and health checks pass, big rows hang"
    bites = "a message of 100 bytes is acknowledged, one of 4000 is not, and packets were dropped"
    heals = "the firewall chain is removed; what hangs is sent again and goes on"
    good = "statements that hang time out and are told as unknown; a node that replicates nothing big is not read from"
    needs = ("iptables",)
    refuted_by = Refutations(bitten={"rule": (False,), "packets_dropped": (0,), "big_acknowledged": (True,)})

    def misfit(self, target: str, setting: Setting) -> Mistake | None:
        far_loads = self.link == "client-proxy" or (self.link == "proxy-node" and setting.mesh != "gateway")
        if (self.direction == "from" and target == "load") or (
            self.direction == "to" and far_loads and target != "load"
        ):
            why = "a load pod listens to nobody, so that nothing could prove what it no longer receives; use both"
            return Mistake(key="direction", why=why, got=self.direction)
        return super().misfit(target, setting)

    def on(self, victim: Victim, context: Context) -> Swallowed:
        return Swallowed(fault=self, victim=victim, context=context)


@dataclass(kw_only=True)
class Swallowed(Injection[MtuBlackHole]):
    def __post_init__(self) -> None:
        self._chain = Chain(pod=pod_named(self.cluster, self.pod), name="MESHBENCH-MTU")
        self._traffic = self.fault.traffic(self.victim, self.context)

    def inject(self) -> None:
        # what the kernel will cut into segments later is longer still here, and each of them would be too long
        rules = self._traffic.rules(self._chain.name, "DROP")
        longer = f"-m length --length {self.fault.mtu + 1}:65535 -j DROP"
        self._chain.put([rule.replace("-j DROP", longer) for rule in rules])

    def effect(self) -> Evidence:
        dropped = self._chain.counted("DROP")
        small, big = self._acknowledged(SMALL), self._acknowledged(BIG)
        dropped = dropped if dropped is None else self._chain.counted("DROP")
        seen = {
            "rule": dropped is not None,
            "packets_dropped": dropped or 0,
            "small_acknowledged": small,
            "big_acknowledged": big,
        }
        return Evidence(ok=small and not big and bool(dropped), seen=seen)

    def heal(self) -> None:
        self._chain.remove()

    def residue(self) -> Evidence:
        standing, big = self._chain.standing(), self._acknowledged(BIG)
        return Evidence(ok=not standing and big, seen={"rules": standing, "big_acknowledged": big})

    def _acknowledged(self, size: int) -> bool:
        """Whether a message of so many bytes arrives, in the direction that is hit."""
        pair = ends(self.cluster, self.victim, self._traffic, victim_asks=not self._traffic.received)
        code, said = pair.asks.probe_in_namespace("python3", "-c", PROBE, pair.asked.address, str(pair.port), str(size))
        return code == 0 and said.strip() == "0"
