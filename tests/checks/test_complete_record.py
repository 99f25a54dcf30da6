"""What a run recorded and what is gone from its folder: the folders of real runs pass, and each with a piece less is
void, or is refused in one line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from checks.judge import Judgement, judge
from history.history import load_history
from history.json_files import HistoryError

RECORDED = Path(__file__).parents[1] / "fixtures" / "recorded"
#: The largest two take twice as long; of each, tests/test_old_folders.py judges the whole folder in the fast tests.
KINDS = (pytest.param("group", marks=pytest.mark.slow), pytest.param("async", marks=pytest.mark.slow), "single")


@pytest.fixture(params=KINDS)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of a folder that a real run left."""
    return Path(shutil.copytree(RECORDED / request.param, tmp_path / "run"))


def judged(folder: Path) -> Judgement:
    return judge(load_history(folder))


def edit(file: Path, change: Callable[[dict[str, Any]], object]) -> None:
    content = json.loads(file.read_text())
    change(content)
    file.write_text(json.dumps(content))


def without(path: str) -> Callable[[dict[str, Any]], object]:
    """Remove the key at a dotted path."""
    *parents, last = path.split(".")

    def change(content: dict[str, Any]) -> None:
        for key in parents:
            content = content[key]
        del content[last]

    return change


def test_the_folder_of_a_run_passes_as_it_was_left(folder: Path) -> None:
    judgement = judged(folder)
    assert (judgement.verdict, judgement.void_reasons) == ("pass", [])


@pytest.mark.parametrize("name", ["final/nodes.json", "decisions.jsonl", "logs/node1-mysqld.log"])
def test_a_file_that_the_run_had_recorded_and_is_gone_is_named_and_voids(folder: Path, name: str) -> None:
    (folder / name).unlink()
    judgement = judged(folder)
    assert judgement.verdict == "void"
    assert judgement.void_reasons[0] == (
        f"the record is not whole: {name} is gone from the folder, and the run had recorded it"
    )


def test_of_many_files_that_are_gone_the_first_are_named(folder: Path) -> None:
    shutil.rmtree(folder / "logs")
    (reason,) = judged(folder).void_reasons
    assert "logs/control-control.log" in reason
    assert "are gone from the folder, and the run had recorded them" in reason


def test_a_manifest_that_is_gone_is_missed_where_a_control_plane_has_decided(folder: Path) -> None:
    (folder / "manifest.json").unlink()
    assert any("manifest.json is gone" in reason for reason in judged(folder).void_reasons)


def test_what_is_made_of_the_operations_is_no_evidence(folder: Path) -> None:
    assert "series.csv" in json.loads((folder / "manifest.json").read_text())["evidence"]
    assert not (folder / "series.csv").exists()
    assert judged(folder).verdict == "pass"


def test_a_folder_that_does_not_list_what_was_recorded_may_hold_less(folder: Path) -> None:
    edit(folder / "manifest.json", without("evidence"))
    (folder / "final" / "nodes.json").unlink()
    shutil.rmtree(folder / "logs")
    assert judged(folder).void_reasons == []


def test_a_folder_with_nothing_but_operations_and_tables_is_judged_as_far_as_it_goes(folder: Path) -> None:
    for name in ("manifest.json", "faults.jsonl", "decisions.jsonl", "observed.parquet", "final/nodes.json"):
        (folder / name).unlink()
    shutil.rmtree(folder / "logs")
    judgement = judged(folder)
    assert (judgement.verdict, judgement.void_reasons) == ("pass", [])
    assert "unknown" in {check.verdict for check in judgement.checks}


@pytest.mark.slow
@pytest.mark.parametrize("key", ["gtid_executed", "role", "state", "checksums"])
@pytest.mark.parametrize("null", [True, False])
def test_pods_of_which_nodes_json_tells_less_prove_nothing(folder: Path, key: str, null: bool) -> None:
    def less(nodes: dict[str, Any]) -> None:
        for record in nodes.values():
            if null:
                record[key] = None
            else:
                del record[key]

    edit(folder / "final" / "nodes.json", less)
    judgement = judged(folder)
    assert judgement.verdict != "pass"
    assert any(f"does not tell {key} of node1" in reason for reason in judgement.void_reasons)


@pytest.mark.parametrize(
    "path",
    [
        "schema",
        "scenario",
        "gates",
        "opened",
        "host.cpu_pressure_percent",
        "scenario.gates",
        "load.rows",
        "topology.kind",
    ],
)
def test_a_key_that_every_run_records_and_is_gone_voids_or_is_refused(folder: Path, path: str) -> None:
    edit(folder / "manifest.json", without(path))
    try:
        judgement = judged(folder)
    except HistoryError as refused:
        assert path in str(refused)  # noqa: PT017  either will do, and both name the key
    else:
        assert judgement.verdict == "void"
        assert any(path in reason for reason in judgement.void_reasons)


def test_a_machine_that_cannot_tell_its_pressure_says_null(folder: Path) -> None:
    edit(folder / "manifest.json", lambda manifest: manifest["host"].update(cpu_pressure_percent=None))
    assert judged(folder).verdict == "pass"


@pytest.mark.parametrize("opened", ["x", 7, [1]])
def test_what_set_up_filled_is_an_object(folder: Path, opened: Any) -> None:
    edit(folder / "manifest.json", lambda manifest: manifest.update(opened=opened))
    with pytest.raises(HistoryError, match=r"manifest\.json: 'opened' must be an object"):
        judged(folder)


@pytest.mark.parametrize("schema", ["meshbench/manifest/99", 7])
def test_a_manifest_of_another_schema_is_refused(folder: Path, schema: Any) -> None:
    edit(folder / "manifest.json", lambda manifest: manifest.update(schema=schema))
    with pytest.raises(HistoryError, match=r"'schema' must be one of meshbench/manifest/1, not"):
        judged(folder)


def test_a_load_pod_that_died_voids_whatever_else_is_said(folder: Path) -> None:
    edit(folder / "manifest.json", lambda manifest: manifest["load"].update(dead=["load1"]))
    assert any("load pod load1 exited early" in reason for reason in judged(folder).void_reasons)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda m: m["gates"].pop("write_outage_ms"), "'gates.write_outage_ms' is null, and 'scenario"),
        (lambda m: m["gates"].update(write_outage_ms=1000), "'gates.write_outage_ms' is 1000, and"),
        (lambda m: m["gates"].update(lost=5), "'gates.lost' is 5, and 'scenario.gates.lost' 0"),
        (lambda m: m["gates"].update(brownout_ms=60_000), "'gates.brownout_ms' is 60000, and"),
        (lambda m: m["gates"]["require"].pop(), "'gates.require' is"),
        (lambda m: m.update(gates=None), "'gates.lost' is null, and"),
    ],
)
def test_gates_that_are_not_those_of_the_scenario_are_refused(
    folder: Path, change: Callable[[dict[str, Any]], object], told: str
) -> None:
    edit(folder / "manifest.json", change)
    with pytest.raises(HistoryError) as caught:
        judged(folder)
    assert told in str(caught.value)
    assert "expected the same" in str(caught.value)


def test_a_key_that_is_there_twice_is_refused(folder: Path) -> None:
    text = (folder / "manifest.json").read_text().rstrip().removesuffix("}")
    (folder / "manifest.json").write_text(text + ', "gates": {}}')
    with pytest.raises(HistoryError, match="key 'gates' is there twice"):
        judged(folder)
