"""Which mechanism shapes a pod's packets, and what is known of one that stands there."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import cast

import pytest

from chaos.network.shaping.mechanism import Shaping, standing
from chaos.network.shaping.shape import Shape
from chaos.network.traffic import Traffic
from cluster.errors import HarnessError
from cluster.platform.platform import Pod

NOW_NS = 10_000_000_000
TBF = (
    "qdisc tbf 8001: root refcnt 2 rate 8Mbit burst 10000b lat 100ms \n"
    " Sent 5120 bytes 40 pkt (dropped 3, overlimits 9 requeues 0) \n backlog 0b 0p requeues 0\n"
)


@dataclass
class Bash:
    """A pod that runs no script and remembers all. lacks: what makes a script that has it fail. detours: devices of
    another shaping stand there."""

    lacks: str = "\0"
    name: str = "node2"
    detours: bool = False
    ran: list[str] = field(default_factory=list)

    def probe_in_namespace(self, *command: str) -> tuple[int, str]:
        script = command[-1]
        self.ran.append(script)
        if script.startswith("ip -o link show"):
            return (0 if self.detours else 1), ""
        return (1 if self.lacks in script else 0), ""


def shaping(pod: Bash, *, words: str = "node-node None to") -> Shaping:
    return Shaping(pod=cast(Pod, pod), traffic=Traffic(received=False), name="delay", words=words, mark_bit=2)


def test_netem_is_taken_where_the_kernel_has_it() -> None:
    pod = Bash()
    shaping(pod).start(Shape(latency_s=0.05), seed=1)
    assert "root netem limit 100000 delay 50ms" in pod.ran[-1]
    assert not any("NFQUEUE" in script for script in pod.ran)


def test_without_netem_what_was_begun_is_removed_and_nfqueue_taken() -> None:
    pod = Bash(lacks="root netem")
    made = shaping(pod)
    made.start(Shape(latency_s=0.05), seed=1)
    removed, started = pod.ran[-2:]
    assert "ip link del mb" in removed
    assert f"-j NFQUEUE --queue-num {made.number} --queue-bypass" in started
    assert "-m mark --mark 0x40000/0x40000 -j RETURN" in started, "what has passed is not handed over again"
    assert started.index("setsid python3") < started.index("iptables-restore"), "the program waits for the packets"
    (asked,) = [line for line in started.splitlines() if line.startswith("setsid")]
    told = json.loads(asked.split("'")[1])
    assert (told["mark"], told["queue"], told["shape"]["latency_s"]) == (1 << 18, made.number, 0.05)


def test_what_the_pod_said_last_is_why_it_could_not_be(monkeypatch: pytest.MonkeyPatch) -> None:
    pod = Bash(detours=True)
    monkeypatch.setattr(pod, "probe_in_namespace", lambda *_: (1, "one\nOperation not permitted\n"))
    with pytest.raises(HarnessError, match=r"^node2: delay could not be put .*: Operation not permitted$"):
        shaping(pod).start(Shape(latency_s=0.05), seed=1)


def test_a_second_shaping_of_a_pod_goes_through_nfqueue_since_packets_take_one_detour_alone() -> None:
    pod = Bash(detours=True)
    shaping(pod).start(Shape(loss=5), seed=1)
    assert not any("netem limit" in script for script in pod.ran)
    assert "NFQUEUE" in pod.ran[-1]


def test_two_of_one_name_are_told_apart_by_their_words() -> None:
    assert shaping(Bash()).number != shaping(Bash(), words="proxy-node None to").number
    assert shaping(Bash()).number == shaping(Bash()).number


def looked(*, rules: int = 5, process: str = "process 17", age_ns: int = 100_000_000) -> str:
    beat = json.dumps({"at_ns": NOW_NS - age_ns, "pid": 17, "held": 2, "handled": 40})
    return f"rules {rules}\n{process}\n{beat}\n"


def test_rules_process_and_heartbeat_together_work() -> None:
    stands = standing(looked(), ways=1, now_ns=NOW_NS)
    assert (stands.mechanism, stands.works) == ("nfqueue", True)
    assert stands.as_seen() == {
        "mechanism": "nfqueue", "in_place": True, "held": 2, "handled": 40, "heartbeat_age_ms": 100,
    }  # fmt: skip


def test_a_program_that_hangs_or_has_died_or_has_no_rules_does_not_work() -> None:
    for printed in (looked(age_ns=2_000_000_000), looked(process=""), looked(rules=0), "rules 5\nprocess 17\n"):
        stands = standing(printed, ways=1, now_ns=NOW_NS)
        assert (stands.mechanism, stands.works) == ("nfqueue", False)


def test_a_detour_stands_when_all_its_devices_do() -> None:
    both = standing("rules 0\n" + TBF + TBF, ways=2, now_ns=NOW_NS)
    assert (both.mechanism, both.works, both.facts) == ("tbf", True, {"handled": 80, "dropped": 6})
    assert not standing("rules 0\n" + TBF, ways=2, now_ns=NOW_NS).works


def test_where_nothing_stands_nothing_is_said() -> None:
    nothing = standing("rules 0\n", ways=1, now_ns=NOW_NS)
    assert (nothing.mechanism, nothing.works, nothing.as_seen()) == (
        None,
        False,
        {"mechanism": None, "in_place": False},
    )
