"""Options and images on a real engine: what cannot be as asked ends a run before its load, with one line an option."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from cluster.platform import images, ownership
from cluster.platform.docker_engine import client
from scenarios.cli.cli import main

pytestmark = pytest.mark.engine

BASE = """\
name: mine
teaches: what the tests want to know
topology: {topology}
mysql: {mysql}
mesh: direct
workload: {{name: transfer, accounts: 50}}
load: {{rate: 50, duration: 3s, connections: 4}}
"""
FAKE = "meshbench-test/fake-mysql:1"
SAYS = "FROM {base}\nRUN printf '#!/bin/sh\\necho {says}\\n' > /usr/sbin/mysqld && chmod 755 /usr/sbin/mysqld\n"
NONE = "FROM {base}\nRUN rm /usr/sbin/mysqld\n"


@pytest.fixture
def fake_image(engine: docker.DockerClient) -> Iterator[Callable[[str], str]]:
    """Builds an image out of a Dockerfile with ``base`` and ``says`` left open; the latter its mysqld prints."""

    def build(dockerfile: str, says: str = "") -> str:
        text = dockerfile.format(base=images.image("base").tag, says=f'"{says}"')
        engine.images.build(fileobj=io.BytesIO(text.encode()), tag=FAKE, rm=True)
        return FAKE

    yield build
    engine.images.remove(FAKE)


def told(file: Path, capsys: pytest.CaptureFixture[str], *, topology: str = "single", mysql: str) -> tuple[int, str]:
    """Run a scenario through the command line: exit code, and everything it complained of."""
    file.write_text(BASE.format(topology=topology, mysql=mysql))
    code = main(["run", str(file), "--runs", str(file.parent / "runs")])
    _, mark, said = capsys.readouterr().err.partition("meshbench: ")
    mine: dict[str, str | list[str] | bool] = {"label": f"{ownership.OWNER}={ownership.owner()}"}
    assert not client().containers.list(all=True, filters=mine), "everything that was started is removed"
    return code, mark + said.strip()


@pytest.mark.parametrize(
    ("dockerfile", "says", "expected"),
    [
        (SAYS, "mysqld  Ver 8.0.22 for Linux on x86_64", "has MySQL 8.0.22; topology semisync needs 8.0.26 or newer"),
        (SAYS, "mysqld  Ver 10.11.6-MariaDB for debian-linux-gnu on x86_64", "MariaDB is not supported"),
        (NONE, "", "no mysqld in it answers --version"),
    ],
)
def test_an_image_that_cannot_do_is_refused_before_anything_starts(
    dockerfile: str,
    says: str,
    expected: str,
    fake_image: Callable[..., str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    mysql = f"{{image: '{fake_image(dockerfile, says)}'}}"
    code, said = told(tmp_path / "mine.yaml", capsys, topology="semisync", mysql=mysql)
    assert code == 2
    assert said.startswith(f"meshbench: image {FAKE}")
    assert expected in said
    assert said.count("\n") == 0
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ("group_replication_member_expl_timeout: 0", "did you mean group_replication_member_expel_timeout?"),
        ("innodb_flush_log_at_trx_comit: 0", "did you mean innodb_flush_log_at_trx_commit?"),
        ("group_replication_consistency: EVENTUALLY", "MySQL cannot use the value 'EVENTUALLY'"),
        ("sync_binlog: often", "sync_binlog: MySQL cannot use the value 'often'"),
    ],
)
def test_an_option_that_mysql_would_drop_ends_the_run_before_anything_starts(
    config: str, expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = told(tmp_path / "mine.yaml", capsys, topology="group", mysql=f"{{config: {{{config}}}}}")
    assert code == 2
    assert said.startswith("meshbench: mysql.config: ")
    assert expected in said
    assert said.count("\n") == 0
    assert not (tmp_path / "runs").exists()


def test_an_option_file_may_not_say_what_meshbench_sets(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "own.cnf").write_text("[client]\nport=1\n[mysqld]\nport=3306\nloose-super-read-only\n")
    code, said = told(tmp_path / "mine.yaml", capsys, mysql="{my_cnf: own.cnf}")
    assert (code, said) == (2, "meshbench: own.cnf:5: loose-super-read-only: is set by meshbench itself; leave it out")


def test_an_option_that_is_not_in_effect_on_the_pods_ends_the_run_before_the_load(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = "loose_innodb_flush_log_at_trx_comit=0\nmax_connections=200000\nsort_buffer_size=1M\nlog_bin=own\n"
    (tmp_path / "own.cnf").write_text(f"[mysqld]\n{lines}")
    code, said = told(tmp_path / "mine.yaml", capsys, mysql="{my_cnf: own.cnf, config: {binlog-cache-size: 50000}}")
    unknown, cut = said.splitlines()
    assert code == 2
    assert "loose_innodb_flush_log_at_trx_comit" in unknown
    assert "did you mean innodb_flush_log_at_trx_commit?" in unknown
    assert "own.cnf:3: max_connections: asked '200000', but on node1 '" in cut
    [folder] = (tmp_path / "runs" / "mine").iterdir()
    assert not list(folder.glob("ops/*")), "no load was started"
