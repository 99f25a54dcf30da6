"""Usage of pods: read from cgroups of both versions, spread over a stretch, told apart by kind."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pymysql
import pytest

import scenarios.run.cpu_time
from cluster.cluster import Cluster
from cluster.guests import open_guest
from cluster.platform import ownership
from cluster.platform.fake import FakePlatform, FakeProcess
from cluster.topology import Topology
from scenarios.capacity.counters import Counted, Server
from scenarios.capacity.usage import MIB, Meter, Reading, kinds, usage_of
from scenarios.run.cpu_time import Spent, cgroup_of

ID = "5eed48cf0c8c" * 5


def made(folder: Path, files: Mapping[str, str]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return folder


V1_STAT = "cache 900\ninactive_file 7\nhierarchical_memory_limit 9223372036854771712\ntotal_inactive_file 1048576\n"
V2_STAT = "anon 3145728\nfile 2097152\ninactive_anon 11\ninactive_file 1048576\nactive_file 1048576\n"
V1 = {
    f"memory/docker/{ID}/memory.usage_in_bytes": "5242880\n",
    f"memory/docker/{ID}/memory.stat": V1_STAT,
    f"cpuacct/docker/{ID}/cpuacct.usage": "2500000000\n",
}
V1_LINES = f"9:memory:/docker/{ID}\n4:cpuacct:/docker/{ID}\n0::/docker/{ID}\n"
V2 = {
    f"system.slice/docker-{ID}.scope/memory.current": "5242880\n",
    f"system.slice/docker-{ID}.scope/memory.stat": V2_STAT,
    f"system.slice/docker-{ID}.scope/cpu.stat": "usage_usec 2500000\nuser_usec 1\n",
}
V2_LINES = f"0::/system.slice/docker-{ID}.scope\n"


@pytest.mark.parametrize(("lines", "files"), [(V1_LINES, V1), (V2_LINES, V2)])
def test_the_working_set_leaves_out_files_that_nobody_used_lately(
    tmp_path: Path, lines: str, files: Mapping[str, str]
) -> None:
    cgroup = cgroup_of(ID, lines, root=made(tmp_path, files))
    assert cgroup.working_set() == 4 * MIB
    assert cgroup.read() == Spent(2.5, None)


def test_a_working_set_that_cannot_be_read_whole_is_not_known(tmp_path: Path) -> None:
    without_stat = {name: content for name, content in V1.items() if "memory.stat" not in name}
    assert cgroup_of(ID, V1_LINES, root=made(tmp_path, without_stat)).working_set() is None
    assert cgroup_of(ID, "0::/\n9:memory:/\n", root=tmp_path).working_set() is None


def test_more_idle_file_pages_than_were_charged_a_moment_ago_are_no_negative_memory(tmp_path: Path) -> None:
    files = {**V1, f"memory/docker/{ID}/memory.usage_in_bytes": "1000\n"}
    assert cgroup_of(ID, V1_LINES, root=made(tmp_path, files)).working_set() == 0


def cluster_of(*, pods: int = 2) -> Cluster:
    number = itertools.count(1)

    def cast(pod: str, role: str, process: FakeProcess) -> FakeProcess:
        process.id = f"{pod}-{role}-{next(number)}"
        return process

    cluster = Cluster(Topology(kind="async", pods=pods), platform=FakePlatform(cast=cast), run_id="0a1b2c3d")
    cluster.nodes.open_network()
    for pod in cluster.pods.values():
        pod.open_namespace(cluster.network, {})
        for role in ("mysqld", "agent"):
            pod.add(role, "an image", [])
    return cluster


def test_every_container_has_a_kind_and_a_sidecar_in_the_load_pod_is_a_proxy() -> None:
    cluster = cluster_of()
    for name, roles in {
        "gateway": ["haproxy"],
        "control": ["control"],
        "observer": ["observer"],
        "load1": ["locust3", "envoy"],
        "load-master": ["locust3"],
    }.items():
        pod = open_guest(cluster.nodes, name, cluster.network.address("client"))
        for role in roles:
            pod.add(role, "an image", [])
    cluster.pods["node2"].add("mysqld-again", "an image", [])
    cluster.pods["node2"].add("nfs", "an image", [])
    told = kinds(cluster, writable={"node1": True})
    by_name = {container.rsplit("-", 1)[0]: kind for container, kind in told.items()}
    assert by_name == {
        "node1-pause": "pause",
        "node1-mysqld": "primary",
        "node1-agent": "agent",
        "node2-pause": "pause",
        "node2-mysqld": "replica",
        "node2-agent": "agent",
        "node2-mysqld-again": "replica",
        "node2-nfs": "other",
        "gateway-pause": "pause",
        "gateway-haproxy": "proxy",
        "control-pause": "pause",
        "control-control": "control",
        "observer-pause": "pause",
        "observer-observer": "observer",
        "load1-pause": "pause",
        "load1-locust3": "load",
        "load1-envoy": "proxy",
        "load-master-pause": "pause",
        "load-master-locust3": "load",
    }


def counted(*, writable: bool = True, so_far: float = 0.0, waiting: int = 0, running: float = 2.0) -> Counted:
    """so_far: how often everything was counted, and for how many milliseconds."""
    return Counted(
        writable=writable,
        fsyncs=so_far,
        fsync_s=so_far / 1000,
        row_lock_waits=so_far,
        row_lock_s=so_far / 1000,
        flow_control_s=None,
        threads_running=running,
        threads_connected=10.0,
        max_connections=151,
        waiting=waiting,
    )


def reading(at_s: float, spent: Mapping[str, float], **more: Any) -> Reading:
    facts: dict[str, Any] = {
        "host_s": at_s,
        "harness_s": at_s / 10,
        "working_set": {},
        "kinds": {"m": "primary", "r1": "replica", "r2": "replica", "p": "proxy"},
        "servers": {},
    }
    return Reading(
        at_ns=round(at_s * 1e9), spent={name: Spent(used_s, None) for name, used_s in spent.items()}, **facts | more
    )


def over(readings: list[Reading], since_s: float, until_s: float, **more: Any) -> Any:
    return usage_of(readings, since_ns=round(since_s * 1e9), until_ns=round(until_s * 1e9), **more)


def test_cpu_time_is_that_of_the_stretch_alone() -> None:
    readings = [reading(at, {"m": used}) for at, used in ((10, 5.0), (11, 5.5), (12, 6.5), (13, 9.5))]
    usage = over(readings, 11, 12, transactions=200)
    assert usage.pods["primary"].cpu_cores == pytest.approx(1.0)
    assert usage.pods["primary"].cpu_us_per_txn == pytest.approx(5000)
    assert usage.host_cpu_cores == pytest.approx(1.0)
    assert usage.harness_cpu_cores == pytest.approx(0.1)
    half = over(readings, 11.5, 12.5, transactions=200)
    assert half.pods["primary"].cpu_cores == pytest.approx(0.5 * 1.0 + 0.5 * 3.0)


def test_containers_of_a_kind_are_summed_and_counted() -> None:
    sizes = {"r1": 300 * MIB, "r2": 200 * MIB}
    readings = [
        reading(0, {"m": 1.0, "r1": 1.0, "r2": 1.0}),
        reading(2, {"m": 2.0, "r1": 1.2, "r2": 1.4}, working_set=sizes),
    ]
    usage = over(readings, 0, 2)
    assert usage.pods["replica"].pods == 2
    assert usage.pods["replica"].cpu_cores == pytest.approx(0.3)
    assert usage.pods["replica"].busiest_cpu_cores == pytest.approx(0.2)
    assert usage.pods["replica"].memory_mib == 500
    assert usage.pods["primary"].memory_mib is None
    assert usage.pods["primary"].cpu_us_per_txn is None
    assert usage.memory_mib("replica") == 500
    assert usage.memory_mib() is None
    assert usage.cpu_cores("primary", "replica", "proxy") == pytest.approx(0.8)


def test_a_mysqld_that_was_started_again_counts_from_its_new_beginning() -> None:
    readings = [reading(0, {"m": 90.0}), reading(1, {}), reading(2, {"m": 0.5})]
    assert over(readings, 0, 2).pods["primary"].cpu_cores == pytest.approx(0.25)


def test_a_container_that_a_reading_missed_goes_on_from_where_it_was_last_seen() -> None:
    readings = [reading(0, {"m": 90.0}), reading(1, {}), reading(2, {"m": 91.0})]
    assert over(readings, 0, 2).pods["primary"].cpu_cores == pytest.approx(0.5)
    assert over([reading(0, {}), *readings[1:], reading(3, {"m": 92.0})], 1, 3).pods["primary"].cpu_cores == 0.5


def test_cpu_time_goes_to_what_a_mysqld_was_at_the_time() -> None:
    """A failover between the second reading and the third."""
    turned = {"m": "replica", "r1": "primary"}
    readings = [
        reading(0, {"m": 1.0, "r1": 1.0}),
        reading(1, {"m": 1.6, "r1": 1.1}),
        reading(2, {"m": 1.7, "r1": 1.9}, kinds=turned),
    ]
    usage = over(readings, 0, 2)
    assert usage.pods["primary"].cpu_cores == pytest.approx((0.6 + 0.8) / 2)
    assert usage.pods["replica"].cpu_cores == pytest.approx((0.1 + 0.1) / 2)


def test_counters_are_the_primarys_a_second_and_the_queue_is_the_longest_of_the_replicas() -> None:
    readings = [
        reading(
            at,
            {"m": 1.0},
            servers={
                "node2": counted(so_far=400.0 * at, running=2.0 + 2 * at, waiting=999),
                "node1": counted(writable=False, so_far=9.0, waiting=queue),
            },
        )
        for at, queue in ((0, 500), (1, 7), (2, 40))
    ]
    usage = over(readings, 0, 2)
    assert usage.server == {
        "fsyncs_per_s": pytest.approx(400),
        "fsync_share": pytest.approx(0.4),
        "row_lock_waits_per_s": pytest.approx(400),
        "row_lock_wait_share": pytest.approx(0.4),
        "threads_running": pytest.approx(5.0),
        "threads_connected": pytest.approx(10.0),
        "max_connections": 151,
        "applier_queue": 40,
    }


def test_a_server_that_is_silent_for_a_while_has_counters_of_the_rest() -> None:
    servers = [{"node1": counted(so_far=100.0)}, {}, {"node1": counted(so_far=900.0)}, {"node1": counted(so_far=950.0)}]
    readings = [reading(at, {"m": 1.0}, servers=told) for at, told in enumerate(servers)]
    assert over(readings, 0, 3).server["fsyncs_per_s"] == pytest.approx(50)
    assert "fsyncs_per_s" not in over(readings, 0, 2).server


def test_a_stretch_without_readings_is_refused() -> None:
    with pytest.raises(ValueError, match="no two readings"):
        over([reading(0, {"m": 1.0}), reading(1, {"m": 2.0})], 5, 6)


class Cursor:
    def __init__(self, tables: Iterator[list[tuple[Any, ...]]]) -> None:
        self._tables = tables
        self._rows: list[tuple[Any, ...]] = []

    def __enter__(self) -> Cursor:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def execute(self, *_: object) -> None:
        self._rows = next(self._tables)

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self._rows

    def fetchone(self) -> tuple[Any, ...]:
        return self._rows[0]


class Session:
    def __init__(self, *tables: list[tuple[Any, ...]]) -> None:
        self._tables = iter(tables)
        self.closed = False

    def cursor(self) -> Cursor:
        return Cursor(self._tables)

    def _force_close(self) -> None:
        self.closed = True


STATUS = [("Innodb_data_fsyncs", "100"), ("Innodb_row_lock_waits", "3"), ("Innodb_row_lock_time", "1500")]
UUID = "3e11fa47-71ca-11e1-9e33-c80aa9429562"


def test_what_a_server_tells_is_taken_and_what_it_does_not_know_stays_unknown() -> None:
    files = [("wait/io/file/innodb/innodb_log_file", 90, 2 * 10**12), ("wait/io/file/sql/binlog", 60, 10**12)]
    waiting = [(f"{UUID}:5-9",), ("",), (f"{UUID}:8-10",)]
    told = Server(lambda: Session(STATUS, files, [(0, 151, f"{UUID}:1-4")], waiting)).ask()
    assert told == Counted(
        writable=True,
        fsyncs=160,
        fsync_s=3.0,
        row_lock_waits=3,
        row_lock_s=1.5,
        flow_control_s=None,
        threads_running=None,
        threads_connected=None,
        max_connections=151,
        waiting=6,
    )


def test_without_a_performance_schema_the_time_within_syncs_is_not_known() -> None:
    told = Server(lambda: Session(STATUS, [], [(1, 151, "")], [])).ask()
    assert told is not None
    assert (told.fsyncs, told.fsync_s, told.writable, told.waiting) == (100, None, False, 0)


def test_a_server_that_does_not_answer_is_asked_again_over_a_new_session() -> None:
    sessions = iter([Session(), Session(STATUS, [], [(0, 151, "")], [])])
    opened: list[Session] = []

    def connect() -> Session:
        opened.append(session := next(sessions))
        if len(opened) == 1:
            session.cursor = lambda: (_ for _ in ()).throw(pymysql.OperationalError(2013, "lost"))  # type: ignore[method-assign]
        return session

    server = Server(connect)
    assert server.ask() is None
    assert opened[0].closed
    assert server.ask() is not None


def test_a_meter_reads_the_cgroups_of_a_runs_containers_and_asks_its_servers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = cluster_of(pods=1)
    mysqld = cluster.pods["node1"].containers["mysqld"].id
    made(tmp_path, {f"cpuacct/{mysqld}/cpuacct.usage": "1000000000", f"memory/{mysqld}/memory.usage_in_bytes": "0"})
    made(tmp_path, {f"memory/{mysqld}/memory.stat": "total_inactive_file 0"})
    monkeypatch.setattr(scenarios.run.cpu_time, "_ROOT", tmp_path)
    monkeypatch.setattr(ownership, "pids", lambda _, known: [] if mysqld in known else [(mysqld, 1)])
    of_pid = cgroup_of(mysqld, f"1:cpuacct:/{mysqld}\n2:memory:/{mysqld}\n", root=tmp_path)
    monkeypatch.setattr(scenarios.run.cpu_time, "cgroup_of", lambda *_: of_pid)
    answers: list[list[tuple[Any, ...]]] = [STATUS, [], [(0, 151, "")], []]
    monkeypatch.setattr(cluster, "connect", lambda *_, **__: Session(*answers * 9))
    meter = Meter("0a1b2c3d", cluster)
    meter.start()
    (tmp_path / f"cpuacct/{mysqld}/cpuacct.usage").write_text("3000000000")
    (tmp_path / f"memory/{mysqld}/memory.usage_in_bytes").write_text(str(300 * MIB))
    usage = meter.stop(transactions=1000)
    assert usage.pods["primary"].cpu_us_per_txn == pytest.approx(2000)
    assert usage.pods["primary"].memory_mib == 300
    assert usage.server["max_connections"] == 151
    assert meter.usage(transactions=500).pods["primary"].cpu_us_per_txn == pytest.approx(4000)
