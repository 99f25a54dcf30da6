"""The rules of retry, reconnect and pool; and how long users think."""

from __future__ import annotations

import random
from statistics import mean
from typing import Any

import pytest

from loadgen.arrivals import think
from loadgen.client.client import Client, Runs
from loadgen.client.connection import NoServerError
from loadgen.outcome import Result
from loadgen.policy import Policy, delay_s, resolved
from loadgen.wire.session import Session
from loadgen.workload import Op
from loadgen.workloads.tpcc import MIX

DRAWS = 4000
OP = Op(f="transfer", key="7-0-0", value={})


def test_backoff_doubles_up_to_its_cap_with_full_jitter() -> None:
    rng = random.Random(7)
    for failures, longest_s in ((1, 0.1), (2, 0.2), (3, 0.4), (5, 1.0), (5000, 1.0)):
        drawn = [delay_s(rng, base_s=0.1, cap_s=1.0, failures=failures) for _ in range(DRAWS)]
        assert 0 <= min(drawn) < 0.01 * longest_s
        assert 0.99 * longest_s < max(drawn) <= longest_s
        assert mean(drawn) == pytest.approx(longest_s / 2, rel=0.05)


def test_only_a_key_in_doubt_is_resolved() -> None:
    there = Result(outcome="fail", errno=1062)
    assert resolved(there, in_doubt=True).outcome == "ok"
    assert resolved(there, in_doubt=False) is there
    for other in (Result(outcome="fail", errno=1213), Result(outcome="unknown", errno=2013), Result(outcome="ok")):
        assert resolved(other, in_doubt=True) is other


class Silent:
    """A wire that nobody speaks on."""

    def __init__(self) -> None:
        self.open = True
        self.gtids: list[str] = []
        self.asked = 0

    def query(self, command: bytes) -> int:
        raise AssertionError(command)

    def query_all(self, command: bytes) -> list[int]:
        raise AssertionError(command)

    def fetch(self) -> tuple[tuple[Any, ...], ...]:
        raise AssertionError("nothing was asked")

    def ended(self) -> bool:
        return False

    def forget_gtids(self) -> None:
        pass

    def close(self) -> None:
        self.open = False


class Connections:
    """A connector that fails as often as told before each session."""

    def __init__(self, *failures: int) -> None:
        self.failures = list(failures)
        self.tried = 0
        self.wires: list[Silent] = []

    def connect(self) -> Session:
        self.tried += 1
        if self.failures and self.failures[0] > 0:
            self.failures[0] -= 1
            raise NoServerError("refused", errno=2003)
        self.failures = self.failures[1:]
        wire = Silent()
        self.wires.append(wire)
        return Session(wire, server="node1", hang_up=wire.close)


class Breaks:
    """A workload each of whose operations loses the connection."""

    def run(self, session: Any, op: Op) -> None:
        del session, op
        raise ConnectionResetError


def client(connections: Connections, policy: Policy, workload: Runs | None = None) -> Client:
    return Client(connections, workload or Breaks(), policy=policy, rng=random.Random(7))


def test_immediately_means_that_the_next_operation_connects() -> None:
    connections = Connections(0, 2)
    one = client(connections, Policy())
    assert one.attempt(OP).outcome == "fail"
    one.make_ready()
    assert connections.tried == 1
    assert [one.attempt(OP).errno for _ in range(2)] == [2003, 2003]
    assert connections.tried == 3


def test_with_backoff_a_client_takes_nothing_until_it_is_connected_again() -> None:
    connections = Connections(0, 4)
    one = client(connections, Policy(reconnect="backoff", reconnect_backoff_s=1e-4, reconnect_cap_s=1e-3))
    assert one.attempt(OP).outcome == "fail"
    one.make_ready()
    assert connections.tried == 1 + 5
    assert [wire.open for wire in connections.wires] == [False, True]


def test_an_old_session_is_replaced_between_operations() -> None:
    class Fine:
        def run(self, session: Any, op: Op) -> None:
            pass

    connections = Connections()
    one = client(connections, Policy(max_lifetime_s=1e-9), Fine())
    for _ in range(3):
        one.make_ready()
        assert one.attempt(OP).outcome == "ok"
    assert [wire.open for wire in connections.wires] == [False, False, True]
    kept = Connections()
    other = client(kept, Policy(max_lifetime_s=3600), Fine())
    for _ in range(3):
        other.make_ready()
        other.attempt(OP)
    assert kept.tried == 1


def test_lifetimes_differ_a_little() -> None:
    policy, rng = Policy(max_lifetime_s=1000), random.Random(7)
    drawn = [policy.lifetime_s(rng) for _ in range(DRAWS)]
    assert 975 <= min(drawn) < 976
    assert 999 < max(drawn) <= 1000


def test_users_think_as_told() -> None:
    rng = random.Random(7)
    exponential = think.Think(kind="exponential", mean_s=0.2)
    drawn = [exponential.pause_s(rng, done="a", coming="b") for _ in range(DRAWS)]
    assert mean(drawn) == pytest.approx(0.2, abs=4 * 0.2 / DRAWS**0.5)
    constant = think.Think(kind="constant", mean_s=0.2)
    assert constant.pause_s(rng, done="a", coming="b") == 0.2
    first = [constant.pause_s(rng, done=None, coming="b") for _ in range(DRAWS)]
    assert mean(first) == pytest.approx(0.1, abs=0.01)
    assert max(first) <= 0.2
    assert think.Think().pause_s(rng, done=None, coming="b") == 0


def test_terminals_of_tpcc_key_in_and_think_as_clause_5_2_5_says() -> None:
    assert set(think.KEYING_S) == set(think.THINKING_S) == set(MIX)
    rng, tpcc = random.Random(7), think.Think(kind="tpcc")
    drawn = [tpcc.pause_s(rng, done="delivery", coming="new-order") for _ in range(DRAWS)]
    assert min(drawn) >= 18
    assert max(drawn) <= 18 + 10 * 5
    assert mean(drawn) == pytest.approx(18 + 5, abs=4 * 5 / DRAWS**0.5)
