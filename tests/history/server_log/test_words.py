"""MySQL's own words: lines of a real error log become events with times, by their codes; the rest is passed over."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from history.manifest import read_manifest
from history.server_log.read import MOST_TOLD, ServerLog, read_server_log
from history.server_log.words import FELL_BACK, TEXT_LIMIT, WORDS, Fallback, Said, fallbacks, folded, said

SECOND = 1_000_000_000
#: 2026-11-27T14:48:50Z, at which CLOCK_MONOTONIC was 100 s.
ZERO_UNIX_NS = 1_795_790_930 * SECOND - 100 * SECOND
MANIFEST = {"monotonic_zero_unix_ns": ZERO_UNIX_NS, "variables": {"node1": {"log_error": "stderr"}}}

START = "2026-11-27T14:48:21.919936Z 0 [System] [MY-015015] [Server] MySQL Server - start."
READY = "2026-11-27T14:48:29.953541Z 0 [System] [MY-010931] [Server] /usr/sbin/mysqld: ready for connections."
NUMA = "get_mempolicy: Operation not permitted"
FALLBACK = (
    "2026-11-27T14:48:56.200305Z 121 [Warning] [MY-011153] [Repl] Timeout waiting for reply of binlog (file: "
    "binlog.000001, pos: 117547), semi-sync up to file binlog.000001, position 116787."
)
RETURN = (
    "2026-11-27T14:49:06.000000Z 0 [Note] [MY-011156] [Repl] Semi-sync replication switched ON at (binlog.000001, 9)."
)
UNREACHABLE = (
    "2026-11-27T14:51:00.293175Z 0 [Warning] [MY-011493] [Repl] Plugin group_replication reported: 'Member with "
    "address node2:3306 has become unreachable.'"
)
REMOVED = (
    "2026-11-27T14:51:01.326652Z 0 [Warning] [MY-011499] [Repl] Plugin group_replication reported: 'Members removed "
    "from the group: node1:3306, node2:3306'"
)
EXPELLED = (
    "2026-11-27T14:51:08.677713Z 0 [ERROR] [MY-011505] [Repl] Plugin group_replication reported: 'Member was expelled "
    "from the group due to network failures, changing member status to ERROR.'"
)


def told(*lines: str) -> list[Said]:
    return list(said(lines, pod="node1", zero_unix_ns=ZERO_UNIX_NS))


def test_a_fallback_of_semi_sync_is_an_event_on_the_clock_of_the_run() -> None:
    (one,) = told(START, NUMA, FALLBACK)
    assert (one.pod, one.code, one.kind) == ("node1", "MY-011153", "semi-sync")
    assert one.at_ns == 106_200_305_000
    assert one.text.startswith("Timeout waiting for reply of binlog (file: binlog.000001")
    assert one.what.startswith("semi-sync fell back")


def test_a_log_of_a_sound_server_tells_nothing() -> None:
    assert told(START, NUMA, "", "garbage", "2026-11-27 [MY-011153]", "x" * 5000) == []


def test_words_of_a_group_name_the_member_and_leave_out_who_reported_them() -> None:
    unreachable, removed, expelled = told(UNREACHABLE, REMOVED, EXPELLED)
    assert unreachable.what == "a member became unreachable: node2"
    assert unreachable.text == "Member with address node2:3306 has become unreachable."
    assert removed.what == "members were removed from the group: node1, node2"
    assert expelled.what == "this member was expelled from the group"


def test_a_crash_is_told_by_its_signal() -> None:
    (one,) = told("2026-11-27T14:48:51Z UTC - mysqld got signal 11 ;")
    assert (one.kind, one.text, one.at_ns) == ("crash", "mysqld got signal 11 ;", 101 * SECOND)


def test_a_log_in_the_time_of_its_system_is_of_the_same_moment() -> None:
    assert told(FALLBACK.replace("T14:48:56.200305Z", "T22:48:56.200305+08:00")) == told(FALLBACK)


@pytest.mark.parametrize(
    "time", ["2026-13-27T14:48:56.200305Z", "2026-11-27T25:48:56.200305Z", "0000-00-00T00:00:00.000000Z"]
)
def test_a_time_that_the_calendar_does_not_have_is_none(time: str) -> None:
    assert told(FALLBACK.replace("2026-11-27T14:48:56.200305Z", time)) == []


def test_a_long_text_is_cut() -> None:
    (one,) = told("2026-11-27T14:48:51.000000Z 7 [ERROR] [MY-010584] [Repl] " + "x" * 3000)
    assert len(one.text) == TEXT_LIMIT


def test_every_code_of_the_table_is_one_and_means_something() -> None:
    assert all(re.fullmatch(r"MY-\d{6}|signal", code) for code in WORDS)
    assert all(what and not what.endswith(".") for _, what in WORDS.values())
    assert WORDS.keys() >= FELL_BACK


def test_what_is_said_again_and_again_is_told_once_but_each_member_by_itself() -> None:
    retries = [f"2026-11-27T14:49:0{n}.000000Z 7 [ERROR] [MY-010584] [Repl] attempt {n}/86400" for n in range(5)]
    (one,) = folded(told(*retries))
    assert (one.times, one.text) == (5, "attempt 0/86400")
    assert len(folded(told(UNREACHABLE, UNREACHABLE.replace("node2", "node3")))) == 2


def test_a_fallback_lasts_until_the_return_or_for_good() -> None:
    assert fallbacks(told(FALLBACK, RETURN), from_ns=0) == [
        Fallback(pod="node1", code="MY-011153", at_ns=106_200_305_000, until_ns=116 * SECOND)
    ]
    assert [one.until_ns for one in fallbacks(told(FALLBACK, FALLBACK), from_ns=0)] == [None]
    assert fallbacks(told(FALLBACK, RETURN), from_ns=117 * SECOND) == [], "it was over before the load"


def test_semi_sync_that_is_switched_off_on_purpose_did_not_fall_back() -> None:
    off = "2026-11-27T14:48:56.200305Z 9 [Note] [MY-011155] [Repl] Semi-sync replication switched OFF."
    purpose = "2026-11-27T14:48:56.200399Z 9 [Note] [MY-011144] [Repl] Semi-sync replication disabled on the source."
    assert fallbacks(told(off, purpose), from_ns=0) == []
    assert len(fallbacks(told(off), from_ns=0)) == 1


def read_log(folder: Path, manifest: dict[str, object]) -> ServerLog:
    return read_server_log(folder, read_manifest(manifest))


def logs(folder: Path, **text: str) -> Path:
    for pod, content in text.items():
        (folder / f"{pod}-mysqld.log").write_text(content)
    return folder


def test_the_logs_of_all_pods_are_one_story_in_order_of_time(tmp_path: Path) -> None:
    (tmp_path / "node1-agent.log").write_text(FALLBACK)
    found = read_log(
        logs(tmp_path, node2=f"{READY}\n{UNREACHABLE}", node1=f"{START}\n{NUMA}\n{READY}\n{FALLBACK}\n"), MANIFEST
    )
    told = [(one.pod, one.code) for one in found.said if one.kind != "server"]
    assert told == [("node1", "MY-011153"), ("node2", "MY-011493")]
    assert found.missing == {}


@pytest.mark.parametrize(
    ("variables", "text", "why"),
    [
        ({"log_error": "/var/lib/mysql/error.log"}, START, "log_error = /var/lib/mysql/error.log keeps them from"),
        ({"log_error": "/var/lib/mysql/error.log"}, None, "log_error = /var/lib/mysql/error.log keeps them from"),
        ({"log_error": "stderr"}, FALLBACK, "its beginning was cut off"),
        ({"log_error_verbosity": "1"}, READY, "log_error_verbosity = 1 hides warnings"),
        ({"log_error_suppression_list": "MY-011153"}, READY, "log_error_suppression_list = MY-011153"),
        ({}, '{"prio": 0, "err_code": 11153}', "no line of its log has the format of MySQL's error log"),
        ({}, "", "no line of its log has the format of MySQL's error log"),
        ({}, None, "no log of its mysqld is in the folder"),
    ],
)
def test_words_that_are_not_there_are_said_to_be_missing(
    tmp_path: Path, variables: dict[str, str], text: str | None, why: str
) -> None:
    folder = tmp_path if text is None else logs(tmp_path, node1=text)
    found = read_log(folder, MANIFEST | {"variables": {"node1": variables}})
    assert why in found.missing["node1"]


@pytest.mark.parametrize("manifest", [{}, {"variables": {"node1": {}}}, {"monotonic_zero_unix_ns": None}])
def test_without_the_wall_clock_no_time_of_a_log_is_known(tmp_path: Path, manifest: dict[str, object]) -> None:
    found = read_log(logs(tmp_path, node1=FALLBACK), manifest)
    assert found.said == ()
    assert "has no wall clock" in found.missing["node1"]


def test_bytes_that_are_no_text_and_lines_without_end_are_passed_over(tmp_path: Path) -> None:
    junk = b"\xff\xfe\x00" * 9000 + b"\n" + FALLBACK.encode() + b"\n" + b"x" * 100_000
    (tmp_path / "node1-mysqld.log").write_bytes(junk)
    (tmp_path / "node2-mysqld.log").mkdir()
    assert [one.code for one in read_log(tmp_path, MANIFEST).said] == ["MY-011153"]


def test_a_log_that_is_here_although_it_was_to_be_elsewhere_is_read(tmp_path: Path) -> None:
    variables = {"node1": {"log_error": "/var/lib/mysql/error.log"}}
    found = read_log(logs(tmp_path, node1=f"{READY}\n{FALLBACK}"), MANIFEST | {"variables": variables})
    assert ([one.code for one in found.said], found.missing) == (["MY-010931", "MY-011153"], {})


def test_a_server_in_a_loop_is_told_up_to_a_limit(tmp_path: Path) -> None:
    lines = [UNREACHABLE.replace("node2", f"node{number}") for number in range(MOST_TOLD + 5)]
    found = read_log(logs(tmp_path, node1="\n".join([READY, *lines])), MANIFEST)
    assert len(found.said) == MOST_TOLD
    assert "only the first" in found.missing["node1"]
