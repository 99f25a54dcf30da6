"""mysqld options in a scenario: values reach mysqld as they are written, and what cannot work is refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cluster.errors import ConfigurationError
from scenarios.cli.running import brought_along
from scenarios.schema.read import read_scenario
from scenarios.schema.scenario import Scenario

SINGLE = ["topology.kind=single", "topology.pods=1", "mesh=direct"]
MULTI = ["topology.kind=group-multi", "mesh=direct"]


def of_set(*settings: str, base: list[str] = SINGLE) -> Scenario:
    return read_scenario("steady", settings=[*base, *settings])


def of_file(folder: Path, config: str) -> Scenario:
    file = folder / "mine.yaml"
    file.write_text(
        "name: mine\nteaches: x\ntopology: single\nmesh: direct\nworkload: transfer\n"
        f"load: {{rate: 20, duration: 10s}}\nmysql:\n  config:\n{config}"
    )
    return read_scenario(str(file))


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("default_time_zone: +8:00", r"YAML reads \+8:00 as 480; quote it: '\+8:00'"),
        ("umask: 0640", "YAML reads 0640 as 416; quote it: '0640'"),
        ("sql_mode: NO", "YAML reads NO as false; quote it: 'NO'"),
        ("slow_query_log: yes", "YAML reads yes as true; quote it: 'yes', or write ON or OFF"),
        ("max_connections: 1_000", "YAML reads 1_000 as 1000"),
        ("max_connections: 0x10", "YAML reads 0x10 as 16"),
        ("max_connections: 0b11", "YAML reads 0b11 as 3"),
        ("max_connections: +5", r"YAML reads \+5 as 5"),
        ("long_query_time: 1.0e+3", r"YAML reads 1.0e\+3 as 1000.0"),
        ("long_query_time: .5", "YAML reads .5 as 0.5"),
        (f"max_connections: 0{'7' * 9999}", "YAML reads 0777.*… as something else; quote it: '0777.*…'"),
        ("max_connections: .inf", "YAML reads .inf as inf"),
        ("max_connections: .nan", "YAML reads .nan as nan"),
        ("report_user: 2024-01-02", "YAML reads 2024-01-02 as a date"),
        ("init_connect: NULL", "YAML reads NULL as nothing: write '' for an empty value, or quote it: 'NULL'"),
        ("init_connect: ~", "YAML reads ~ as nothing"),
        ("validate_password: {length: 010}", "YAML reads 010 as 8"),
    ],
)
def test_a_value_that_yaml_reads_otherwise_is_refused_with_its_place_and_how_to_write_it(
    tmp_path: Path, written: str, says: str
) -> None:
    with pytest.raises(ConfigurationError, match=rf"mine\.yaml:9: mysql\.config\.[a-z_.]+: .*{says}") as caught:
        of_file(tmp_path, f"    {written}\n")
    assert "\n" not in str(caught.value)
    key, _, value = written.partition(": ")
    for setting in (f"mysql.config.{key}={value}", f"mysql.config={{{written}}}", f"mysql={{config: {{{written}}}}}"):
        with pytest.raises(ConfigurationError, match=rf"^--set mysql.*{says}"):
            of_set(setting)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("default_time_zone: '+8:00'", "+8:00"),
        ('umask: "0640"', "0640"),
        ("sql_mode: 'NO'", "NO"),
        ("slow_query_log: on", True),
        ("slow_query_log: OFF", False),
        ("long_query_time: 0.10", 0.1),
        ("max_connections: 151", 151),
        ("host_cache_size: -1", -1),
        ("innodb_buffer_pool_size: 512M", "512M"),
        ("max_connections: 1e3", "1e3"),  # a word to YAML; mysqld says what it makes of it
        ("sql_mode:", ""),
        ("sql_mode: ''", ""),
        ("init_connect: 'NULL'", "NULL"),
        ("init_connect: SET NAMES utf8mb4; SELECT 1", "SET NAMES utf8mb4; SELECT 1"),
    ],
)
def test_a_value_that_is_what_was_written_is_taken(tmp_path: Path, written: str, value: Any) -> None:
    key, _, text = written.partition(":")
    assert of_file(tmp_path, f"    {written}\n").mysql.config == {key: value}
    assert of_set(f"mysql.config.{key}={text.strip()}").mysql.config == {key: value}


@pytest.mark.parametrize(
    "setting", ["mysql.config.validate_password.policy=LOW", "mysql.config={validate_password: {policy: LOW}}"]
)
def test_a_component_s_option_has_a_dot(setting: str) -> None:
    assert of_set(setting).mysql.config == {"validate_password.policy": "LOW"}


def test_the_scenario_that_a_run_records_can_be_read_again(tmp_path: Path) -> None:
    found = of_set("mysql.config.validate_password.policy=LOW", "mysql.config.sql_mode=", "mysql.config.umask='0640'")
    again = Scenario.model_validate(found.model_dump(mode="json"))
    assert again.mysql.config == {"validate_password.policy": "LOW", "sql_mode": "", "umask": "0640"}


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("loose-group_replication_bootstrap_group=ON", "is set by meshbench itself"),
        ("loose-server-id=4", "is set by meshbench itself"),
        ("skip-super-read-only=1", "is set by meshbench itself"),
        ("plugin_load=x.so", "is set by meshbench itself"),
        ("maximum-port=1", "is set by meshbench itself"),
        ("PORT=1", "is set by meshbench itself"),
        ("log_bin=off", "is set by meshbench itself"),
        ("Sync_binlog=0", "mysqld accepts lower case only; write sync_binlog"),
        ("a.b.c=1", "is not the name of a mysqld option"),
        ("=1", "is not the name of a mysqld option"),
        ("sync_binlog=[1]", "expected a word, a number, true or false"),
        ('init_connect="a\\nb"', "an option is one line"),
        ("innodb_read_only=ON", "must be OFF"),
        ("log_error_services='log_sink_json'", "must have log_sink_internal"),
    ],
)
def test_an_option_that_cannot_be_is_refused_before_an_engine_is_asked(setting: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"--set mysql\.config\..*{says}") as caught:
        of_set(f"mysql.config.{setting}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "setting",
    ["mysql.isolation=serializable", "mysql.config.transaction_isolation=SERIALIZABLE"],
)
def test_serializable_is_refused_where_every_member_writes_with_mysql_s_reason(setting: str) -> None:
    with pytest.raises(ConfigurationError, match=r"3098.*group_replication_enforce_update_everywhere_checks"):
        of_set(setting, base=MULTI)
    of_set(setting, base=["topology.kind=group", "mesh=direct"])


def test_statement_format_is_refused_with_a_level_that_needs_rows() -> None:
    with pytest.raises(ConfigurationError, match=r"binlog_format: STATEMENT cannot work with .*error 1665"):
        of_set("mysql.config.binlog_format=STATEMENT", "mysql.isolation=read-committed")
    of_set("mysql.config.binlog_format=STATEMENT")


def test_an_option_file_is_held_against_the_same_rules_with_its_own_lines(tmp_path: Path) -> None:
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "net.cnf").write_text("[mysqld]\n# only here\nbind-address = 127.0.0.1\n")
    file = tmp_path / "my.cnf"
    file.write_text(
        "[client]\nport = 3307\n[mysqld]\nloose_port = 3307\nskip-grant-tables\nbinlog_format = statement\n"
        "sync_binlog = 0\n!includedir conf.d\n"
    )
    with pytest.raises(ConfigurationError) as caught:
        of_set(f"mysql.my_cnf={file}", "mysql.isolation=read-committed")
    assert str(caught.value).splitlines() == [
        "my.cnf:4: loose_port: is set by meshbench itself; leave it out",
        "my.cnf:5: skip-grant-tables: is set by meshbench itself; leave it out",
        "my.cnf:6: binlog_format: STATEMENT cannot work with mysql.isolation read-committed: MySQL refuses every write "
        "of such a session with error 1665",
        "net.cnf:3: bind-address: is set by meshbench itself; leave it out",
    ]


def test_what_an_option_file_includes_is_listed(tmp_path: Path) -> None:
    (tmp_path / "more.cnf").write_text("[mysqld]\nsync_binlog = 0\n")
    file = tmp_path / "my.cnf"
    file.write_text("!include more.cnf\n")
    scenario = of_set(f"mysql.my_cnf={file}")
    assert scenario.mysql.my_cnf == file
    assert list(brought_along(scenario)) == [f"my.cnf brings along: {tmp_path / 'more.cnf'}"]


def test_an_option_file_that_the_command_line_names_is_relative_to_where_it_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my.cnf").write_text("[mysqld]\nsync_binlog = 0\n")
    monkeypatch.chdir(tmp_path)
    assert of_set("mysql.my_cnf=my.cnf").mysql.my_cnf == tmp_path / "my.cnf"


def test_quotes_that_the_shell_took_are_told_as_they_must_be_given() -> None:
    with pytest.raises(ConfigurationError, match=r"--set \"mysql\.config\.default_time_zone='\+8:00'\""):
        of_set("mysql.config.default_time_zone=+8:00")
