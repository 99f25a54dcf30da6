"""Sound run folders, one for each workload and topology, as a run of twelve seconds would have left them.

Behind a gateway; the primary is killed at three seconds. In a group and with replicas, node2 takes over at four and
node1 comes back at seven; a single pod is started again at four and a half and takes writes from five and a half on.
"""

from __future__ import annotations

import json
import random
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from chaos.fault import Evidence
from chaos.journal import Record
from checks.evidence import openings
from history.history import OPS_SCHEMA
from scenarios.schema.scenario import Scenario
from tests.checks.altered import ledgers
from tests.checks.altered.folders import DECISIONS, FAULTS, MANIFEST, NODES, OBSERVED, OPS, Folder, Row
from tests.checks.altered.ledger_tpcc import TpcC
from tests.checks.altered.ledgers import Ledger
from tests.checks.altered.observed import KILL_MS, Sight, decisions, observed

WORKLOADS: dict[str, Callable[[random.Random], Ledger]] = {
    "transfer": ledgers.Transfers,
    "tpcb": ledgers.TpcB,
    "smallbank": ledgers.SmallBank,
    "tpcc": TpcC,
    "append": ledgers.Append,
    "mixed-read": ledgers.MixedRead,
    "keyed": ledgers.Inbox,
}
TOPOLOGIES = ("single", "async", "group")

#: More than a week after the machine was started.
ZERO_NS = 10**15
LOAD_MS, EVERY_MS = 12_000, 230
#: The gateway's answer while nobody takes writes.
CLOSED = (2013, "closed before the greeting")
KEYED_REQUIRE = ["durability", "duplicates", "availability", "convergence"]


def at_ns(at_ms: float) -> int:
    return ZERO_NS + round(at_ms * 1e6)


@dataclass(frozen=True, kw_only=True)
class Story:
    """When what happened, in milliseconds of the load. back: writes are taken again. healed: the pod was started.
    clean: it is in service. leader: who takes writes then."""

    topology: str
    back_ms: float
    healed_ms: float
    clean_ms: float
    leader: str

    @property
    def pods(self) -> list[str]:
        return ["node1"] if self.topology == "single" else ["node1", "node2", "node3"]


STORIES = {
    "single": Story(topology="single", back_ms=5_500, healed_ms=4_500, clean_ms=5_900, leader="node1"),
    "async": Story(topology="async", back_ms=4_100, healed_ms=6_000, clean_ms=7_300, leader="node2"),
    "group": Story(topology="group", back_ms=4_100, healed_ms=6_000, clean_ms=7_300, leader="node2"),
}
UUIDS = {"node1": "68476d5f-ea57-11f1-b994-0242c612d80b", "node2": "6873698d-ea57-11f1-aa1b-0242c612d80d"}
GROUP_UUID = "55a71968-15fa-4724-8787-7aa8d8181dfb"
SET_UP_GTIDS = 6


@cache
def base(workload: str, topology: str) -> Folder:
    """The sound folder; copy it before altering it."""
    story, rng = STORIES[topology], random.Random(f"{workload}/{topology}")
    ledger = WORKLOADS[workload](rng)
    folder = Folder(workload, topology, made={})
    opened = {
        name: openings.described(workload, name, pd.DataFrame(rows))
        for name, (_, rows) in ledger.tables().items()
        if openings.is_fixed(workload, name)
    }
    commits = _operations(folder, story, ledger, rng)
    for name, (schema, rows) in ledger.tables().items():
        placed = [{"node": pod, **row} for pod in story.pods for row in rows]
        folder.tables[f"final/{name}.parquet"] = pa.Table.from_pylist(placed, schema=schema)
    executed = gtid_set(commits)
    tables = ["inboxes", "messages"] if workload == "keyed" else [name for name in ledger.tables() if name != "keys"]
    sums = {name: 1000 + number for number, name in enumerate(tables)}
    folder.objects[NODES] = {
        pod: {
            "role": "primary" if pod == story.leader else "replica",
            "state": "ONLINE",
            "gtid_executed": executed,
            "checksums": dict(sums),
        }
        for pod in story.pods
    }
    sight = Sight(
        story=story,
        at_ns=at_ns,
        executed=lambda now_ns: gtid_set([commit for commit in commits if commit[2] <= now_ns]),
    )
    folder.tables[OBSERVED] = observed(sight)
    if topology != "single":
        folder.lines[DECISIONS] = decisions(sight)
    scenario = _scenario(ledger, topology)
    folder.lines[FAULTS] = _faults(scenario, story)
    folder.objects[MANIFEST] = _manifest(scenario, story, folder.rows(OPS)) | {"opened": opened}
    return folder


Commit = tuple[str, int, int]


def gtid_set(commits: list[Commit]) -> str:
    """commits: (uuid, number, when)."""
    newest: dict[str, int] = {}
    for uuid, number, _ in commits:
        newest[uuid] = max(number, newest.get(uuid, 0))
    return ",".join(f"{uuid}:1-{last}" if last > 1 else f"{uuid}:1" for uuid, last in sorted(newest.items()))


def _operations(folder: Folder, story: Story, ledger: Ledger, rng: random.Random) -> list[Commit]:
    """Write the operations; returns what was committed, in order."""
    uuid_of = {pod: GROUP_UUID if story.topology == "group" else UUIDS[pod] for pod in ("node1", "node2")}
    commits: list[Commit] = [(uuid_of["node1"], number, at_ns(-2000)) for number in range(1, SET_UP_GTIDS + 1)]
    made: dict[str, list[str]] = {n: [] for n in ("acked", "present", "absent", "failed", "refused", "reads")}
    rows: list[Row] = []
    in_doubt = ["present", "absent"]
    for number in range(LOAD_MS // EVERY_MS):
        intended_ms = number * EVERY_MS + rng.uniform(0, 40)
        key = f"7-0-{number}"
        f, value = ledger.draw(rng, number)
        reads = f in ("read", "balance", "order-status")
        start_ms = intended_ms + rng.uniform(0.2, 1.0)
        end_ms = start_ms + rng.uniform(3, 12)
        leader = "node1" if intended_ms < KILL_MS else story.leader
        row: Row = {"outcome": "ok", "errno": None, "error": None, "server": leader, "gtid": None}
        fate = "reads" if reads else "acked"
        if KILL_MS - 200 <= intended_ms < story.back_ms and not reads:
            row |= {"server": "node1", "errno": 2013, "error": "lost connection to the server during query"}
            if in_doubt:
                fate, row["outcome"] = in_doubt.pop(0), "unknown"
                end_ms = KILL_MS + rng.uniform(0, 100) if intended_ms < KILL_MS else end_ms
            else:
                fate, row["outcome"], row["server"] = "failed", "fail", None
                row["errno"], row["error"] = CLOSED
        elif KILL_MS - 200 <= intended_ms < story.back_ms:
            row |= {"outcome": "fail", "server": None, "errno": CLOSED[0], "error": CLOSED[1]}
        if number == 10 and ledger.refusal is not None:
            fate, (f, value, refused) = "refused", ledger.refusal
            row |= {"outcome": "fail", "error": refused}
        if fate in ("acked", "present") or row["outcome"] == "ok":
            value = ledger.apply(key, f, value)
        if fate in ("acked", "present"):
            uuid = uuid_of[leader]
            nth = 1 + sum(commit[0] == uuid for commit in commits)
            commits.append((uuid, nth, at_ns(end_ms)))
            row["gtid"] = f"{uuid}:{nth}" if fate == "acked" else None
        made[fate].append(key)
        rows.append(
            row
            | {
                "process": number % 4,
                "f": f,
                "key": key,
                "value": json.dumps(value, separators=(",", ":")),
                "attempt": 1,
                "intended_ns": at_ns(intended_ms),
                "start_ns": at_ns(start_ms),
                "end_ns": at_ns(end_ms),
            }
        )
    folder.made = made
    folder.tables[OPS] = pa.Table.from_pylist(rows, schema=OPS_SCHEMA)
    return commits


def _scenario(ledger: Ledger, topology: str) -> Scenario:
    own = ledger.options["name"].endswith("Inbox")
    heal_after = "1500ms" if topology == "single" else "3s"
    return Scenario.model_validate(
        {
            "name": "altered",
            "teaches": "what a judge makes of it",
            "topology": {"kind": topology},
            "mesh": {"mode": "gateway", "proxy": "envoy"},
            "workload": ledger.options,
            "load": {"model": "poisson", "rate": 4, "duration": "12s", "connections": 4},
            "faults": [{"at": "2s", "fault": "kill", "target": "primary", "heal_after": heal_after}],
            "gates": {"lost": 0, "write_outage": "10s", **({"require": KEYED_REQUIRE} if own else {})},
            "seed": 7,
        }
    )


def _faults(scenario: Scenario, story: Story) -> list[Row]:
    """As chaos writes them."""
    planned = scenario.timeline()[0]
    before = {"container": "running", "exit_code": 0, "answers": True}
    back = {"container": "running", "answers": True, "in_service": True, "caught_up": True, "assisted_rejoin": False}
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / FAULTS
        told = Record(file, steps=1).story(planned.asked(), at_ns(KILL_MS - 20), 0)
        told.befalls("node1", isolates_from=())
        told.note("injected", at_ns(KILL_MS), Evidence(ok=True, seen={"done_ns": at_ns(KILL_MS + 120)}))
        seen = {"before": before, "container": "exited", "exit_code": 137, "answers": False}
        told.note("bitten", at_ns(KILL_MS + 130), Evidence(ok=True, seen=seen))
        told.note("healed", at_ns(story.healed_ms))
        told.note("clean", at_ns(story.clean_ms), Evidence(ok=True, seen=back))
        return [json.loads(line) for line in file.read_text().splitlines()]


def _manifest(scenario: Scenario, story: Story, ops: list[Row]) -> Row:
    """As the runner writes it."""
    count = Counter(op["outcome"] for op in ops)
    refusals = ("insufficient-funds", "unused-item", "declined")
    late = {"p50": 0.6, "p90": 0.9, "p99": 1.0, "p999": 1.0, "max": 1.0}
    load: dict[str, Any] = {
        "offered": len(ops),
        "ok": count["ok"],
        "fail": count["fail"],
        "unknown": count["unknown"],
        "refused": sum(op["error"] in refusals for op in ops),
        "overflow": 0,
        "expired": 0,
        "retries": 0,
        "in_flight": 0,
        "cpu_s": 0.05,
        "connections_opened": 8,
        "lateness_ms": late,
        "complete": True,
        "dead": [],
        "torn_lines": 0,
        "zero_ns": ZERO_NS,
        "rows": {"load1": len(ops)},
    }
    pods = len(story.pods)
    return {
        "schema": "meshbench/manifest/1",
        "scenario": scenario.model_dump(mode="json"),
        "gates": scenario.gates.numbers(),
        "seed": 7,
        "command": ["meshbench", "run", "altered.yaml"],
        "started_at": "2026-01-01T12:00:00+00:00",
        "monotonic_zero_unix_ns": 1_767_268_800_000_000_000 - ZERO_NS,
        "git_commit": "c214b16c1bfacfe1a02c2a34bbd890fdc248b865",
        "versions": {"python": "3.11.7", "mysql": "9.7.4-2", "docker_engine": "27.0.1"},
        "host": {
            "cores": 2,
            "memory_gib": 23.5,
            "kernel": "6.18.44",
            "machine": "x86_64",
            "steal_percent": 0.4,
            "busy_percent": 27.2,
            "cpu_pressure_s": 0.4,
        },
        "topology": {"kind": story.topology, "pods": pods, "primaries": 1, "pods_at_end": pods},
        "mesh": {"mode": "gateway", "proxy": "envoy"},
        "durations_s": {"boot": 8.3, "set_up": 0.1, "load": 13.5, "heal": 0.0, "converge": 0.0, "collect": 0.5},
        "boot_s": 8.3,
        "load_model": {
            "model": "poisson",
            "connections": 4,
            "loop": "open: random (Poisson) arrivals, 4/s on average",
            "expected_arrivals": 48.0,
            "retry": "none",
            "reconnect": "immediately",
        },
        "variables": {pod: {"version": "9.7.4-2", "sync_binlog": "1"} for pod in story.pods},
        "images": {"meshbench/mysql:d00b0d5659d7": "sha256:e7b8"},
        "load": load,
        "assisted_rejoins": [],
    }
