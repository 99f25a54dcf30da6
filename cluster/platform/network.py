"""The network of one run, as addresses: who is where in it, settled before anybody starts."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from cluster.topology import MAX_PODS


@dataclass(frozen=True, kw_only=True)
class RunNetwork:
    """name: the engine's name of it. subnet: a /24. Addresses below are those a run gives out."""

    name: str
    subnet: ipaddress.IPv4Network

    @property
    def gateway(self) -> str:
        """The host's own address in this network: how the harness reaches the pods."""
        return str(self.subnet[1])

    def address(self, role: str, index: int = 0) -> str:
        """A fixed address, so that every pod's configuration can be written before any of them starts."""
        return str(self.subnet[_FIRST[role] + index])

    @property
    def node_names(self) -> dict[str, str]:
        """The name and address of every MySQL pod there may ever be in this run, so that all pods know them from the
        start."""
        return {f"node{index + 1}": self.address("node", index) for index in range(MAX_PODS)}

    @property
    def applications(self) -> str:
        """The addresses of load pods and of a user's own clients, first and last, as iptables' iprange writes them."""
        return f"{self.address('load')}-{self.subnet[_FIRST['observer'] - 1]}"


#: unmeshed: load pods beside those that a mesh redirects.
_FIRST = {"node": 11, "proxy": 31, "control": 41, "load": 51, "client": 81, "observer": 91, "unmeshed": 101}
