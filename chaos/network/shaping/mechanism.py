"""How a pod's packets are shaped: by netem where the kernel has it, else by a program of ours behind NFQUEUE.

Both live in the pod's network namespace and in its pause container, and go with them. What stands there is always asked
of the pod, so that another process can undo it.
"""

from __future__ import annotations

import dataclasses
import json
import re
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos.network.shaping import nfqueue
from chaos.network.shaping.shape import Shape
from chaos.network.shaping.tc import DEVICES, Detour, netem
from chaos.network.traffic import Traffic
from cluster.errors import HarnessError
from cluster.platform.platform import Pod

PROGRAM = Path(nfqueue.__file__)
#: A heartbeat comes five times a second; on a busy machine it may be late.
ALIVE_S = 1.5
_START = """
set -e
cat > {base}.py <<'PROGRAM'
{program}PROGRAM
setsid python3 {base}.py '{asked}' > {base}.log 2>&1 < /dev/null &
echo $! > {base}.pid
for _ in $(seq 200); do test -e {base}.json && break; kill -0 $! 2>/dev/null || break; sleep 0.05; done
test -e {base}.json || {{ tail -n1 {base}.log; exit 1; }}
iptables-restore --noflush --wait <<'RULES'
*mangle
:{chain} - [0:0]
{rules}
COMMIT
RULES
"""
_STOP = """
iptables --wait -t mangle -S | sed -n 's/^-A \\(.* -j {chain}\\)$/\\1/p' | while read -r hook; do
  iptables --wait -t mangle -D $hook
done
iptables --wait -t mangle -F {chain} 2>/dev/null && iptables --wait -t mangle -X {chain}
if pid=$(cat {base}.pid 2>/dev/null) && grep -qs {base}.py /proc/$pid/cmdline; then
  kill $pid
  for _ in $(seq 40); do kill -0 $pid 2>/dev/null || break; sleep 0.05; done
  kill -9 $pid 2>/dev/null
fi
rm -f {base}.*
true
"""
_LOOK = """
echo rules $(iptables --wait -t mangle -S | grep -c -- {chain})
pid=$(cat {base}.pid 2>/dev/null) && grep -qs {base}.py /proc/$pid/cmdline && echo process $pid
test -e {base}.json && cat {base}.json && echo
"""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What of a shaping stands on a pod. mechanism: ``netem``, ``tbf`` or ``nfqueue``; None where nothing does. works:
    all of it, and its program lives. facts: what it has done, for the record."""

    mechanism: str | None
    works: bool
    facts: Mapping[str, Any]

    def as_seen(self) -> dict[str, Any]:
        return {"mechanism": self.mechanism, "in_place": self.works, **self.facts}


@dataclass(frozen=True, kw_only=True)
class Shaping:
    """One shaping of a pod's traffic. name: the fault's; words: what tells it from another of this name there.
    mark_bit: its bit in the marks of packets, 0 to 15, one for each name."""

    pod: Pod
    traffic: Traffic
    name: str
    words: str
    mark_bit: int = 0

    @property
    def number(self) -> int:
        """Of its queue and its filters."""
        return zlib.crc32(f"{self.name} {self.words}".encode()) % 60_000 + 1

    @property
    def _chain(self) -> str:
        return f"MESHBENCH-{self.name}-{self.number:04x}"

    @property
    def _base(self) -> str:
        return f"/tmp/meshbench-{self.name}-{self.number:04x}"

    @property
    def _detour(self) -> Detour:
        return Detour(number=self.number, traffic=self.traffic)

    def start(self, shape: Shape, *, seed: int) -> None:
        """By netem where that is possible and no other detour stands on the pod: packets take one alone."""
        taken, _ = self.pod.probe_in_namespace("bash", "-c", f"ip -o link show type ifb | grep -q ': {DEVICES}'")
        if taken == 0 or not self.detour(netem(shape)):
            self._queue(shape, seed=seed)

    def detour(self, discipline: str) -> bool:
        """Whether the packets now go through this discipline; nothing is left where they do not."""
        code, _ = self.pod.probe_in_namespace("bash", "-c", self._detour.build(discipline))
        if code != 0:
            self._run(self._detour.remove())
        return code == 0

    def _queue(self, shape: Shape, *, seed: int) -> None:
        mark = 1 << (16 + self.mark_bit)
        asked = {
            "queue": self.number,
            "mark": mark,
            "state": f"{self._base}.json",
            "seed": seed,
            "shape": dataclasses.asdict(shape),
        }
        verdict = f"NFQUEUE --queue-num {self.number} --queue-bypass"
        handled = f"-A {self._chain} -m mark --mark {mark:#x}/{mark:#x} -j RETURN"
        rules = [handled, *self.traffic.rules(self._chain, verdict, sending="POSTROUTING")]
        script = _START.format(
            base=self._base,
            chain=self._chain,
            program=PROGRAM.read_text(),
            asked=json.dumps(asked),
            rules="\n".join(rules),
        )
        self._run(script)

    def stop(self) -> None:
        """Remove whatever stands, by whomever it was put there; twice is as good as once."""
        self._run(_STOP.format(chain=self._chain, base=self._base) + self._detour.remove())

    def look(self) -> Standing:
        look = _LOOK.format(chain=self._chain, base=self._base) + self._detour.look() + "\ntrue"
        return standing(self._run(look), ways=self.traffic.ways, now_ns=time.monotonic_ns())

    def _run(self, script: str) -> str:
        code, printed = self.pod.probe_in_namespace("bash", "-c", script)
        if code != 0:
            last = (printed.strip().splitlines() or ["nothing"])[-1]
            raise HarnessError(f"{self.pod.name}: {self.name} could not be put in place or undone: {last}")
        return printed


def standing(printed: str, *, ways: int, now_ns: int) -> Standing:
    """From what `_LOOK` and a detour's `look` print. ways: how many devices a whole detour has."""
    rules = re.search(r"^rules ([1-9]\d*)$", printed, re.M) is not None
    process = re.search(r"^process \d+$", printed, re.M) is not None
    beat = re.search(r"^\{.*\}$", printed, re.M)
    passed = re.findall(r"^qdisc (\w+) .*\n Sent \d+ bytes (\d+) pkt \(dropped (\d+)", printed, re.M)
    if rules or process:
        facts: dict[str, Any] = json.loads(beat[0]) if beat else {}
        age_s = (now_ns - facts.pop("at_ns", 0)) / 1e9
        facts.pop("pid", None)
        works = rules and process and age_s < ALIVE_S
        return Standing(mechanism="nfqueue", works=works, facts=facts | {"heartbeat_age_ms": round(age_s * 1000)})
    if passed:
        facts = {"handled": sum(int(one[1]) for one in passed), "dropped": sum(int(one[2]) for one in passed)}
        return Standing(mechanism=passed[0][0], works=len(passed) == ways, facts=facts)
    return Standing(mechanism=None, works=False, facts={})
