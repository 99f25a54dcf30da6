"""Whole runs that no catalogue story covers: a user's own image and option file, no proxy, and a load pod that dies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pandas as pd
import pytest

from cluster.platform import images, ownership
from cluster.platform.docker_platform import DockerPlatform
from history.load_events import Second
from scenarios.cli.cli import main
from scenarios.run.run import Run, require_images
from scenarios.schema.read import read_scenario

pytestmark = pytest.mark.engine

BASE = """\
name: mine
teaches: what the tests want to know
topology: {topology}
mesh: {mesh}
workload: {{name: transfer, accounts: 200}}
load: {{rate: 100, duration: {duration}, connections: 8}}
"""
OWN_IMAGE = "meshbench-test/own-mysql:1"


def run(file: Path, text: str, on_second: Any = lambda _: None) -> tuple[Any, Path]:
    """Write the scenario, run it, return summary and folder."""
    file.write_text(text)
    scenario = read_scenario(str(file))
    platform = DockerPlatform()
    require_images(scenario, platform)
    one = Run(scenario, platform=platform, runs=file.parent / "runs", command=["meshbench", "run", str(file)])
    return one.execute(on_second), one.folder


@pytest.fixture
def own_image(engine: docker.DockerClient) -> Iterator[str]:
    """An image of another name that follows the official one's convention."""
    engine.images.get(images.image("mysql").tag).tag(OWN_IMAGE)
    yield OWN_IMAGE
    engine.images.remove(OWN_IMAGE)


def test_a_user_s_image_and_option_file_are_what_is_tested(own_image: str, tmp_path: Path) -> None:
    options = ["innodb_buffer_pool_size = 96M", "max_connections = 77", "require_secure_transport"]
    (tmp_path / "my.cnf").write_text("\n".join(["[mysqld]", *options, ""]))
    mysql = f"mysql: {{image: '{own_image}', my_cnf: my.cnf, config: {{max_connections: 88}}}}\n"
    text = BASE.format(topology="single", mesh="envoy", duration="5s") + mysql
    summary, folder = run(tmp_path / "mine.yaml", text)
    assert summary["verdict"] == "pass", summary["why"]
    manifest = json.loads((folder / "manifest.json").read_text())
    effective = manifest["variables"]["node1"]
    assert effective["innodb_buffer_pool_size"] == str(96 * 2**20), "from the option file"
    assert effective["max_connections"] == "88", "the scenario's config wins over the option file"
    assert manifest["load_model"]["tls"], "which the option file demands"
    assert own_image in manifest["images"]


def test_without_a_proxy_clients_find_the_new_primary_themselves(tmp_path: Path) -> None:
    config = "mysql: {config: {group_replication_member_expel_timeout: 0}}\n"
    fault = "faults:\n  - {at: 3s, fault: kill, target: primary, heal_after: never}\n"
    text = BASE.format(topology="group", mesh="direct", duration="16s") + config + fault
    summary, _ = run(tmp_path / "mine.yaml", text)
    assert summary["verdict"] == "pass", summary["why"]
    steps = {step["step"]: step for step in summary["faults"][0]["waterfall"]}
    assert steps["first_ack"]["at_ns"] >= steps["elected"]["at_ns"] > steps["injected"]["at_ns"]
    assert steps["rerouted"]["source"].startswith("ops")


def test_a_load_pod_that_dies_voids_the_trial_and_keeps_its_history(
    engine: docker.DockerClient, tmp_path: Path
) -> None:
    def kill_in_second_second(second: Second) -> None:
        if round(second.t_s) == 2:
            mine: dict[str, str | list[str] | bool] = {
                "label": f"{ownership.OWNER}={ownership.owner()}",
                "name": "load2-locust",
            }
            engine.containers.list(filters=mine)[0].kill()

    text = BASE.format(topology="single", mesh="envoy", duration="8s, workers: 2")
    summary, folder = run(tmp_path / "mine.yaml", text, kill_in_second_second)
    assert summary["verdict"] == "void"
    assert "load pod load2 (exit code 137) exited early" in summary["why"]
    lasted_s = {}
    for name in ("load1", "load2"):
        ops = pd.read_parquet(folder / "ops" / f"{name}.parquet")
        lasted_s[name] = (ops["end_ns"].max() - ops["intended_ns"].min()) / 1e9
    assert 1 < lasted_s["load2"] < 6, "what was recorded before the kill must still be there"
    assert lasted_s["load1"] > 7, "one that dies takes nobody with it"
    assert summary["rpo"]["lost"] == 0


def test_a_table_that_two_pods_were_told_to_ignore_fails_the_run_naming_pods_table_and_option(tmp_path: Path) -> None:
    config = "mysql: {config: {replicate_wild_ignore_table: meshbench.entries}}\n"
    text = BASE.format(topology="{kind: async, pods: 3}", mesh="direct", duration="4s") + config
    summary, folder = run(tmp_path / "mine.yaml", text)
    assert summary["verdict"] == "fail"
    assert {"durability", "convergence"} <= set(summary["failed"])
    nodes = json.loads((folder / "final" / "nodes.json").read_text())
    for name in ("node2", "node3"):
        (entry,) = nodes[name]["unread"]
        assert (entry["table"], entry["errno"]) == ("entries", 1146)
    checks = {one["name"]: one for one in summary["checks"]}
    for name in ("durability", "convergence"):
        witness = next(one for one in checks[name]["witness"] if one["what"] == "table")
        assert (witness["node"], witness["table"]) == ("node2", "entries")
        assert "replicate_wild_ignore_table" in witness["because"]
    assert main(["judge", str(folder)]) == 1
