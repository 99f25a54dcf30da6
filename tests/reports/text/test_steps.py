"""Steps of a timeline and their evidence in words."""

from __future__ import annotations

from typing import Any, cast

import pytest

from reports.summary_types import FaultRow
from reports.text.steps import evidence_words, step_words


def step(**other: Any) -> FaultRow:
    row = {"name": "delay", "target": "primary", "pod": "node1", "peer": None, "parameters": {"at_s": 8.0}}
    return cast(FaultRow, row | other)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (step(), "delay of primary (node1)"),
        (step(pod=None), "delay of primary"),
        (step(target="proxy", pod="proxy"), "delay of proxy"),
        (
            step(parameters={"delay_s": 0.2, "link": "node-node", "latency": "200ms", "jitter": "0ms", "to": None}),
            "delay (link: node-node, latency: 200ms) of primary (node1)",
        ),
        (step(name="partition", peer="replicas"), "partition (peer: replicas) of primary (node1)"),
        (step(name="x", parameters={"retain": False, "rows": 0}), "x (retain: false, rows: 0) of primary (node1)"),
        (
            step(name="x", parameters={"variables": {"max_connections": 60}}),
            "x (max_connections: 60) of primary (node1)",
        ),
        (step(name="x", parameters={"back_off": "1s"}), "x (back off: 1s) of primary (node1)"),
    ],
)
def test_a_step_is_told_with_its_own_keys_and_without_those_that_ask_for_nothing(row: FaultRow, words: str) -> None:
    assert step_words(row) == words


def test_a_size_is_told_beside_what_was_promised() -> None:
    size = {"what": "added round trip", "unit": "ms", "promised": 50.0, "measured": 51.27, "tolerance": 5.0}
    assert evidence_words({"rule": True, "measured": [size]}) == (
        "added round trip: 51.3 ms (promised 50 ms), rule: true"
    )


@pytest.mark.parametrize("measured", [[{"what": "latency"}], ["latency"], 12, "much"])
def test_sizes_that_another_tool_wrote_are_shown_as_they_are(measured: Any) -> None:
    assert evidence_words({"measured": measured}).startswith("measured: ")
