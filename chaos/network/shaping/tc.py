"""Packets of a pod on a detour through a queueing discipline of `tc`, each way through a device of its own (IFB).

Filters on the pod's interface send the packets of a `Traffic` there and nothing else; both ways work alike. The script
ends with an error where the kernel lacks any of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from chaos.network.shaping.shape import Shape
from chaos.network.traffic import Traffic

INTERFACE = "eth0"
#: How the devices of all detours begin.
DEVICES = "mb"
#: Packets that may wait; netem's own default of 1,000 would lose what a busy link delays.
LIMIT = 100_000
TCP = 6


def netem(shape: Shape) -> str:
    """As `tc qdisc add dev … root` takes it."""
    like_last = f" {shape.correlation:g}%" if shape.correlation else ""
    words = [f"netem limit {LIMIT}"]
    if shape.latency_s or shape.jitter_s:
        words.append(f"delay {_ms(shape.latency_s)}")
        if shape.jitter_s:
            words.append(f"{_ms(shape.jitter_s)}{like_last if not shape.reorder else ''}")
    if shape.reorder:
        words.append(f"reorder {shape.reorder:g}%{like_last} gap {shape.gap}")
    if shape.loss:
        words.append(f"loss {_loss(shape)}")
    if shape.duplicate:
        words.append(f"duplicate {shape.duplicate:g}%{like_last}")
    if shape.corrupt:
        words.append(f"corrupt {shape.corrupt:g}%{like_last}")
    if shape.jitter_s and not shape.reorder:
        words.append("rate 100gbit")  # with a rate netem lets no packet overtake another, and this one slows none
    return " ".join(words)


def _loss(shape: Shape) -> str:
    """With correlation as a chain of two states: netem's own correlation of ``loss random`` loses fewer than asked."""
    if not shape.correlation:
        return f"random {shape.loss:g}%"
    share, unlike = shape.loss / 100, 1 - shape.correlation / 100
    return f"gemodel {100 * share * unlike:g}% {100 * (1 - share) * unlike:g}%"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:g}ms"


def token_bucket(bytes_per_s: float) -> str:
    """As `tc qdisc add dev … root` takes it: 10 ms may pass at once, 100 ms may wait."""
    burst = max(4_000, round(bytes_per_s / 100))
    return f"tbf rate {round(bytes_per_s * 8)}bit burst {burst} latency 100ms"


@dataclass(frozen=True, kw_only=True)
class Detour:
    """number: tells this one from others on the pod, 1 to 65535."""

    number: int
    traffic: Traffic

    def build(self, discipline: str) -> str:
        """A shell script; what it has left where it failed, `remove` removes."""
        lines = [f"tc qdisc show dev {INTERFACE} | grep -q clsact || tc qdisc add dev {INTERFACE} clsact"]
        for hook, device in self._hit().items():
            lines += [
                f"ip link add {device} type ifb",
                f"ip link set {device} up",
                f"tc qdisc add dev {device} root {discipline}",
            ]
            lines += [f"{self._filter('add', hook)} u32 {filtered}" for filtered in self._filters(hook, device)]
        return "\n".join(["set -e", *lines])

    def remove(self) -> str:
        """A shell script that may run twice, and where nothing was built."""
        lines = [f"{self._filter('del', hook)} 2>/dev/null; ip link del {device} 2>/dev/null"
                 for hook, device in self._devices().items()]  # fmt: skip
        others = f"ip -o link show type ifb | grep -q ': {DEVICES}'"
        return "\n".join([*lines, f"{others} || tc qdisc del dev {INTERFACE} clsact 2>/dev/null; true"])

    def look(self) -> str:
        """A shell script that prints the discipline of each of its devices, with what has passed it."""
        return "\n".join(f"tc -s qdisc show dev {device} 2>/dev/null" for device in self._devices().values())

    def _devices(self) -> dict[str, str]:
        return {"egress": f"{DEVICES}{self.number:04x}o", "ingress": f"{DEVICES}{self.number:04x}i"}

    def _hit(self) -> dict[str, str]:
        hit = {"egress": self.traffic.sent, "ingress": self.traffic.received}
        return {hook: device for hook, device in self._devices().items() if hit[hook]}

    def _filter(self, verb: str, hook: str) -> str:
        kind = " u32" if verb == "del" else ""
        return f"tc filter {verb} dev {INTERFACE} {hook} protocol ip pref {self.number}{kind}"

    def _filters(self, hook: str, device: str) -> list[str]:
        """In order: who is spared, then who is sent to the device."""
        end = "dst" if hook == "egress" else "src"
        spared = [f"match ip {end} {address}/32 flowid :1" for address in self.traffic.exempt]
        who = [f"match ip {end} {address}/32" for address in self.traffic.addresses] or ["match u32 0 0"]
        service = [
            f" match ip protocol {TCP} 0xff match ip {port_of} {port} 0xffff"
            for port in self.traffic.ports
            for port_of in ("sport", "dport")
        ] or [""]
        redirect = f"action mirred egress redirect dev {device}"
        return [*spared, *(f"{one}{which} {redirect}" for one in who for which in service)]
