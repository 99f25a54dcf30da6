"""Which packets of a pod a fault of the network hits, and the iptables rules that pick them out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """Packets between a pod and others, as the pod's own network namespace sees them; never what it says to itself.

    peers, addresses: with whom, by name and by IPv4 address; empty: with everybody but ``exempt`` (the host and the
    observer, as behind a management network). ports: TCP ports of a service, at either end; empty: every packet.
    sent, received: which way they go, seen from the pod.
    """

    peers: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    exempt: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    sent: bool = True
    received: bool = True

    @property
    def ways(self) -> int:
        """How many of the two directions are hit: a round trip meets the fault so many times."""
        return self.sent + self.received

    def rules(self, chain: str, verdict: str, *, sending: str = "OUTPUT", receiving: str = "INPUT") -> list[str]:
        """For iptables-restore: a chain that gives these packets a verdict, and the hooks that lead there.

        verdict: as it stands after ``-j``. sending, receiving: the built-in chains of the table.
        """
        ports = f"-p tcp -m multiport --ports {','.join(map(str, self.ports))} " if self.ports else ""
        loopback = [f"-A {chain} -{way} lo -j RETURN" for way in "io"]
        friends = [f"-A {chain} -{end} {address} -j RETURN" for address in self.exempt for end in "sd"]
        hit = [f"-{end} {address} " for address in self.addresses for end in "sd"] if self.addresses else [""]
        return [
            *loopback,
            *friends,
            *(f"-A {chain} {who}{ports}-j {verdict}" for who in hit),
            *([f"-I {receiving} -j {chain}"] if self.received else []),
            *([f"-I {sending} -j {chain}"] if self.sent else []),
        ]
