"""A sealed run judged again: as it was left or not at all, unless it is said; and by other gates, which is said too."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from checks.evidence import openings
from history.history import OBSERVED_SCHEMA, OPS_SCHEMA
from reports.schema import validate
from reports.seal import CHECKSUMS, EVIDENCE, alterations, evidence_of
from scenarios.cli.cli import main
from scenarios.run.judging import judged_and_sealed

pytestmark = pytest.mark.usefixtures("no_figures")

MANIFEST = {
    "schema": "meshbench/manifest/1",
    "scenario": {
        "name": "small",
        "topology": {"kind": "single", "pods": 1},
        "workload": {"name": "transfer"},
        "faults": [],
        "gates": {"lost": 0, "write_outage": "30s", "require": ["durability"]},
    },
    "gates": {"lost": 0, "write_outage_ms": 30_000, "require": ["durability"]},
    "seed": 7,
    "topology": {"kind": "single", "pods": 1, "primaries": 1, "pods_at_end": 1},
    "mesh": {"mode": "direct", "proxy": None},
    "host": {"steal_percent": 0.0, "cpu_pressure_percent": 0.0},
    "load": {
        **{"offered": 2, "ok": 2, "fail": 0, "unknown": 0, "complete": True, "dead": []},
        **{"zero_ns": 1, "rows": {"load1": 2}},
    },
}
#: Every file of a run, as `whole` makes it; a test holds the list true.
FILES = (
    *("manifest.json", "ops/load1.parquet", "final/accounts.parquet", "final/transfers.parquet", "final/nodes.json"),
    *("faults.jsonl", "decisions.jsonl", "observed.parquet", "series.csv", "logs/node1-mysqld.log"),
    *("summary.json", "report.html", "summary.md", "junit.xml", "metrics.prom"),
    *("timeline.png", "latency.png", "waterfall.png", "hdr/response.hlog", "hdr/service.hlog", CHECKSUMS),
)


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes() or b"\n")
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def less_a_row(file: Path) -> None:
    if file.suffix == ".parquet":
        table = pq.read_table(file)
        pq.write_table(table.slice(0, max(len(table) - 1, 0)), file)
    else:
        file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:-1]))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "a byte changed": flip,
    "cut in half": lambda file: file.write_bytes(file.read_bytes()[: file.stat().st_size // 2]),
    "emptied": lambda file: file.write_bytes(b""),
    "a row removed": less_a_row,
    "removed": lambda file: file.unlink(),
    "for nobody to read": lambda file: file.chmod(0),
}


@pytest.fixture(scope="module")
def whole(no_figures: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two transfers, one of them lost, sealed as `Run` seals it; tests work on copies."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    for part in ("ops", "final", "logs"):
        (folder / part).mkdir(parents=True)
    op = {"process": 0, "f": "transfer", "value": '{"src":1,"dst":2,"amount":5}', "outcome": "ok", "attempt": 1}
    op |= {"intended_ns": 1, "start_ns": 2, "end_ns": 3_000_000, "server": "node1"}
    rows = [op | {"key": key} for key in ("1-0-0", "1-0-1")]
    pq.write_table(pa.Table.from_pylist(rows, schema=OPS_SCHEMA), folder / "ops" / "load1.parquet")
    accounts = pd.DataFrame({"node": ["node1"] * 2, "id": [1, 2], "opening": [50, 50], "balance": [45, 55]})
    accounts.to_parquet(folder / "final" / "accounts.parquet")
    transfers = pd.DataFrame({"node": ["node1"], "id": ["1-0-0"], "src": [1], "dst": [2], "amount": [5]})
    transfers.to_parquet(folder / "final" / "transfers.parquet")
    sample = {"at_ns": 5, "kind": "pod", "name": "node1", "up": True}
    pq.write_table(pa.Table.from_pylist([sample], schema=OBSERVED_SCHEMA), folder / "observed.parquet")
    node = {"role": "primary", "state": "ONLINE", "gtid_executed": "", "checksums": {"accounts": 1, "transfers": 2}}
    (folder / "final" / "nodes.json").write_text(json.dumps({"node1": node}, indent=1))
    (folder / "faults.jsonl").write_text("")
    (folder / "decisions.jsonl").write_text('{"at_ns": 4, "event": "promoted", "epoch": 1, "pod": "node1"}\n')
    (folder / "series.csv").write_text("second,ok\n0,2\n")
    (folder / "logs" / "node1-mysqld.log").write_text("ready\nbye\n")
    opened = {"accounts": openings.described("transfer", "accounts", accounts)}
    manifest = MANIFEST | {"opened": opened, EVIDENCE: evidence_of(folder)}
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2))
    judged_and_sealed(folder)
    return folder


@pytest.fixture
def run(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "run"))


def judged(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = main(["judge", *map(str, words)])
    said = capsys.readouterr()
    return code, said.out, said.err


def summary_of(folder: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((folder / "summary.json").read_text())
    validate(loaded)
    return loaded


def test_a_run_as_it_was_left_is_judged_and_the_list_of_its_files_is_whole(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evidence_of(run) == sorted(FILES)
    code, out, err = judged(capsys, run)
    assert (code, err) == (1, "")
    assert "Altered" not in out
    assert "Unsealed" not in out
    assert (summary_of(run)["sealed"], summary_of(run)["altered"]) == ("yes", [])


@pytest.mark.parametrize(
    "damage",
    [
        "a byte changed",
        "removed",
        *(
            pytest.param(damage, marks=pytest.mark.slow)
            for damage in DAMAGES
            if damage not in ("a byte changed", "removed")
        ),
    ],
)
@pytest.mark.parametrize("name", FILES)
def test_whatever_happens_to_any_file_of_a_sealed_run_ends_with_2_and_one_line_that_names_it(
    run: Path, name: str, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (run / name).read_bytes()
    DAMAGES[damage](run / name)
    if (run / name).exists() and (run / name).read_bytes() == before and damage != "for nobody to read":
        pytest.skip("an empty file has nothing to lose")
    code, out, err = judged(capsys, run)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert err.startswith("meshbench: ")
    assert name in err
    assert "--unsealed" in err


@pytest.mark.slow
def test_a_line_taken_out_of_the_seal_with_its_file_or_without_is_missed(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = (run / CHECKSUMS).read_text().splitlines(keepends=True)
    for name in FILES[:-1]:
        (run / CHECKSUMS).write_text("".join(line for line in lines if not line.endswith(f"  {name}\n")))
        code, _, err = judged(capsys, run)
        assert (code, name in err) == (2, True)


@pytest.mark.parametrize("name", ["ops/extra.parquet", "final/x.parquet", "logs/x.log"])
def test_evidence_that_was_added_ends_with_2(run: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(run / "final" / "transfers.parquet", run / name)
    code, _, err = judged(capsys, run)
    assert (code, err.count("\n"), f"{name} has no sum" in err) == (2, 1, True)


@pytest.mark.slow
def test_notes_of_a_user_are_not_evidence(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (run / "notes.txt").write_text("seen on Monday")
    assert judged(capsys, run)[0] == 1


def test_an_edited_run_is_judged_on_request_and_every_report_says_that_it_was_edited(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = json.loads((run / "manifest.json").read_text())
    gates: dict[str, Any] = {"lost": 100_000, "require": []}
    manifest |= {"gates": gates, "scenario": manifest["scenario"] | {"gates": gates}}
    (run / "manifest.json").write_text(json.dumps(manifest))
    code, out, _ = judged(capsys, run, "--unsealed", "--out", tmp_path / "out")
    summary = summary_of(tmp_path / "out")
    assert (code, summary["sealed"]) == (0, "altered")
    assert summary["altered"] == [{"name": "manifest.json", "what": "was changed"}]
    for text in (out, (tmp_path / "out" / "report.html").read_text(), (tmp_path / "out" / "summary.md").read_text()):
        assert "Altered after the run: manifest.json was changed" in " ".join(text.split())
    properties = {
        one.attrib["name"]: one.attrib["value"] for one in ET.parse(tmp_path / "out" / "junit.xml").iter("property")
    }
    assert properties["sealed"] == "altered"
    assert "manifest.json was changed" in properties["provenance"]


@pytest.mark.parametrize("place", [".", "again", "ops"])
def test_no_report_is_written_into_a_sealed_run(run: Path, place: str, capsys: pytest.CaptureFixture[str]) -> None:
    seal = (run / CHECKSUMS).read_bytes()
    latest = run.parent / "latest"
    latest.symlink_to(run)
    for words in ([], ["--unsealed"], ["--set", "gates.lost=9"]):
        code, out, err = judged(capsys, latest, "--out", latest / place, *words)
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert "sealed run" in err
    assert alterations(run) == []
    assert (run / CHECKSUMS).read_bytes() == seal


@pytest.mark.slow
def test_a_run_judged_elsewhere_is_as_it_was_and_the_reports_have_no_seal(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    latest = tmp_path / "latest"
    latest.symlink_to(run)
    assert judged(capsys, latest, "--out", tmp_path / "out")[0] == 1
    assert alterations(run) == []
    assert not (tmp_path / "out" / CHECKSUMS).exists()
    assert summary_of(tmp_path / "out") == summary_of(run)


def test_a_folder_made_elsewhere_is_judged_and_called_unsealed_and_judging_gives_it_no_seal(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (run / CHECKSUMS).unlink()
    (run / "manifest.json").write_text(json.dumps(MANIFEST))
    code, _, err = judged(capsys, run)
    assert code == 2, "a run's own summary says that it was sealed"
    assert "SHA256SUMS is gone, though summary.json is that of a sealed run" in err
    (run / "summary.json").unlink()
    code, out, err = judged(capsys, run, "--out", run)
    assert (code, err) == (1, "")
    assert "Unsealed: without SHA256SUMS" in out
    assert "Unsealed" in (run / "report.html").read_text()
    assert summary_of(run)["sealed"] == "no"
    assert not (run / CHECKSUMS).exists()


@pytest.mark.slow
def test_a_second_opinion_decides_and_every_report_says_that_it_is_one(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--set", "gates.lost=1", "--set", "gates.write_outage=10s", "--set", "gates.require=[durability, torn]"]
    code, out, _ = judged(capsys, run, *words, "--out", tmp_path / "out")
    summary = summary_of(tmp_path / "out")
    assert (code, summary["verdict"], summary["sealed"]) == (1, "fail", "yes")  # torn cannot be decided without entries
    assert summary["second_opinion"] == [
        {"name": "lost", "own": 0, "used": 1},
        {"name": "write_outage_ms", "own": 30_000, "used": 10_000},
        {"name": "require", "own": ["durability"], "used": ["durability", "torn"]},
    ]
    said = "gates other than the run's: lost 1 (the run's: 0); write_outage_ms 10 s (the run's: 30 s); "
    for text in (out, (tmp_path / "out" / "report.html").read_text(), (tmp_path / "out" / "summary.md").read_text()):
        assert said in " ".join(text.split()).replace("&#39;", "'").replace("\\", "")
    assert judged(capsys, run, "--set", "gates.lost=1")[0] == 0
    assert judged(capsys, run, "--set", "gates.write_outage=null", "--set", "gates.lost=1")[0] == 0
    assert judged(capsys, run)[0] == 1


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("load.rate=5", "other gates, such as gates.write_outage=30s"),
        ("gatesx=5", "other gates, such as"),
        ("gates.lst=5", "unknown key; did you mean 'lost'?"),
        ("gates.lost=many", "gates.lost: "),
        ("gates.require=[durabilty]", "unknown check 'durabilty'"),
        ("gates=5", "expected a mapping"),
        ("gates.lost", "expected key=value"),
    ],
)
def test_a_second_opinion_by_what_is_no_gate_ends_with_2_and_one_line(
    run: Path, setting: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = judged(capsys, run, "--set", setting)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert f"--set {setting}: " in err
    assert said in err


@pytest.mark.parametrize("place", ["summary.json", "summary.json/below"])
def test_reports_that_cannot_be_written_are_a_mistake_of_the_command_line(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    (tmp_path / "summary.json").write_text("in the way")
    code, _, err = judged(capsys, run, "--out", tmp_path / place)
    assert code == 2
    assert err.startswith("meshbench: --out ")
    assert err.count("\n") == 1


def test_a_pipe_in_place_of_a_file_is_not_waited_for(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("manifest.json", "summary.json"):
        (run / name).unlink()
    (run / CHECKSUMS).unlink()
    os.mkfifo(run / "manifest.json")
    code, _, err = judged(capsys, run)
    assert code == 2
    assert "manifest.json: is no file" in err


def test_a_capacity_run_that_was_changed_is_no_altered_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "capacity.json").write_text("{}")
    (tmp_path / CHECKSUMS).write_text(f"{'0' * 64}  capacity.json\n")
    code, _, err = judged(capsys, tmp_path)
    assert code == 2
    assert err.startswith(f"meshbench: {tmp_path}: a capacity run cannot be judged again or traced; ")
    assert err.count("\n") == 1
