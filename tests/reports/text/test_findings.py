"""What a check found is told in a sentence, with the nodes, the numbers and the money in it, and no name of a field."""

from __future__ import annotations

from typing import Any

import pytest

from checks.registry import CHECKS
from checks.verdict import Verdict, unknown
from reports.text.findings import finding
from reports.text.witnesses import witness_words


def failed(name: str, witness: list[dict[str, Any]] | None = None, **measured: Any) -> Verdict:
    return Verdict(name=name, verdict="fail", expected="no such thing", measured=measured, witness=witness or [])


def passed(name: str, **measured: Any) -> Verdict:
    return Verdict(name=name, verdict="pass", expected="no such thing", measured=measured)


LOST = {"key": "7-0-9", "amount": 9778, "server": "node1", "end_ns": 3_000_000_000, "missing": ["node3"], "altered": []}
NODES = ["node1", "node2", "node3"]


@pytest.mark.parametrize(
    ("check", "words"),
    [
        (
            failed("durability", [LOST], acked=3282, lost=2, lost_amount=9778, nodes=NODES, missing_on={"node3": 2}),
            "2 of 3,282 acknowledged transfers (97.78) are missing on node3.",
        ),
        (
            failed("durability", acked=9, lost=1, lost_amount=None, nodes=NODES, missing_on=dict.fromkeys(NODES, 1)),
            "1 of 9 acknowledged transactions is missing on every node.",
        ),
        (
            failed("durability", acked=9, lost=3, lost_amount=30, nodes=NODES, missing_on={"node2": 1, "node3": 2}),
            "3 of 9 acknowledged transfers (0.30) are missing on node2 (1) and node3 (2).",
        ),
        (
            passed("durability", acked=9, lost=2, lost_amount=30, nodes=NODES, missing_on={"node2": 2}),
            "2 of 9 acknowledged transfers (0.30) are missing on node2, which the gates of this run allow.",
        ),
        (
            passed("durability", acked=9, lost=0, lost_amount=0, altered=0, nodes=NODES),
            "No money is lost: all 9 acknowledged transfers are on every node in service.",
        ),
        (
            failed("conservation", off=2, negative=1, strays=0, nodes_off=0),
            "Money was made or destroyed: 2 balances are not their opening plus their entries; 1 account is overdrawn.",
        ),
        (
            failed("duplicates", duplicated=1, failed_present=2, unrequested=0),
            "1 write is stored twice; 2 writes that the client was told had failed are in the database.",
        ),
        (failed("torn", torn=1, orphan_entries=2), "1 transfer is stored only in part; 2 entries have no transfer."),
        (
            failed(
                "convergence",
                [
                    {"what": "state", "node": "node3", "expected": "ONLINE", "found": "RECOVERING"},
                    {
                        "what": "checksum",
                        "table": "accounts",
                        "expected": "equal",
                        "found": {"node1": 1, "node2": 1, "node3": 2},
                    },
                ],
            ),
            "The nodes do not agree: node3 is not in service at the end (state RECOVERING); table accounts has other "
            "contents on some of them (node1 and node2 alike, node3 differs).",
        ),
        (
            failed("replication", two_primaries_reachable_ms=5799, writes_out_of_turn=3),
            "Split brain: clients could write to two primaries for 5.8 s; 3 writes were accepted by a node after "
            "another had become primary.",
        ),
        (
            failed("replication", acknowledged_at_old_primary=2, writes_at_old_primary=9),
            "Split brain: 2 writes were accepted by the old primary after another had been made primary.",
        ),
        (
            Verdict(name="replication", verdict="pass", expected="x", measured={"writes_at_old_primary": 9}),
            "There were never two primaries that clients could write to. 9 writes went to the old primary after "
            "another had been made the primary.",
        ),
        (
            failed("latency", [{"gate": "response_p99_after_ms", "expected_ms": 250, "found_ms": 8700}]),
            "Response times exceed their gates: response p99 after was 8.7 s, at most 250 ms is allowed.",
        ),
        (
            failed("tpcc", [{"what": "condition_5", "o": 7}], orders=90, condition_5=1, condition_6=0),
            "tpcc failed: condition 5 does not hold in 1 row.",
        ),
        (
            Verdict(name="latency", verdict="unknown", expected="no gate set", measured={"whole": {}, "reason": "x"}),
            "Response times were measured; no gate limits them.",
        ),
        (
            unknown("torn", expected="x", reason="final/entries.parquet is missing"),
            "torn could not be decided: final/entries.parquet is missing.",
        ),
    ],
)
def test_a_finding_is_a_sentence(check: Verdict, words: str) -> None:
    assert finding(check) == words


@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.parametrize("outcome", ["pass", "fail", "unknown"])
def test_every_check_has_words_for_every_outcome(name: str, outcome: Any) -> None:
    """Also for a verdict that measured nothing, which a folder from elsewhere may lead to."""
    words = finding(Verdict(name=name, verdict=outcome, expected="what is right"))
    assert words.endswith(".")
    assert "None" not in words
    assert "_" not in words


@pytest.mark.parametrize(
    ("name", "witness", "words"),
    [
        (
            "durability",
            LOST,
            "transfer 7-0-9 of 97.78, acknowledged by node1 at 3 s, is missing on node3.",
        ),
        (
            "durability",
            LOST | {"missing": [], "altered": [{"node": "node2", "src": 1, "dst": 2, "amount": 5}]},
            "transfer 7-0-9 of 97.78, acknowledged by node1 at 3 s, is stored with other contents: node: node2, "
            "src: 1, dst: 2, amount: 5.",
        ),
        (
            "durability",
            LOST | {"held_in_quarantine": ["node1"]},
            "transfer 7-0-9 of 97.78, acknowledged by node1 at 3 s, is missing on node3; only node1, which is "
            "quarantined, holds it.",
        ),
        ("duplicates", {"key": "k", "what": "stored twice", "nodes": ["node1"]}, "k: stored twice, on node1."),
        (
            "conservation",
            {"node": "node2", "account": "3", "found": 5, "expected": 7},
            "account 3 on node2 holds 5, expected 7.",
        ),
        ("tpcb", {"what": "tellers", "node": "node1", "found": 3}, "tellers: node: node1, found: 3."),
        ("replication", {"what": "two writable primaries", "start_ns": 4}, "two writable primaries: start: at 0 s."),
    ],
)
def test_a_witness_is_a_sentence(name: str, witness: dict[str, Any], words: str) -> None:
    check = failed(name, [witness])
    assert witness_words(check, lambda at_ns: f"at {at_ns / 1e9:.0f} s") == [words]
