"""The image's own mysqld about options and option files, and a pod with Debian's option file. Needs the engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cluster.cluster import Cluster
from cluster.errors import ConfigurationError
from cluster.mysqld import option_file
from cluster.mysqld.minimum_version import parse_version
from cluster.mysqld.mysql_image import ask
from cluster.mysqld.mysqld_log import file_text
from cluster.mysqld.option_rules import refused_in_file
from cluster.mysqld.requested import asked_options, error_log, in_effect, require_mysql
from cluster.platform.images import image
from cluster.topology import Topology
from scenarios.run.collect import variables
from tests.cluster.mysqld.test_option_file import DEBIAN, written

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("engine")]

#: Every rule by which mysqld reads a file, once.
TRICKY = r"""
[client]
port=1
[mysqld]
  sync_binlog = 0   # comment
sql_mode="ANSI,  NO_ZERO_DATE"  # x
init_connect='SET NAMES utf8mb4; SET @a = "x"'
log-error = "a#b"
max_connections=\s5
net_read_timeout=5#c
skip-name-resolve # flag
loose-x =
loose-q = "a"b
loose-w = 'it''s'
loose-tr = abc\
loose-p = C:\qx\\y
[mysqld-9.7]
loose-y=1
[mysqld-8.0]
loose-z=1
[ mysqld ]
loose-sp=1
[server]x
loose-g=1
[MYSQLD]
!include one.cnf
loose-after=1
!includedir conf.d
loose-tail=1
"""


def test_our_reading_of_an_option_file_is_the_server_s(tmp_path: Path) -> None:
    written(tmp_path, "[server]\nloose-one=1\n", "one.cnf")
    written(tmp_path, "[mysqld]\nloose-last=1", "conf.d/z.cnf")
    written(tmp_path, "[mysqld]\nloose-first=1\r\n", "conf.d/a.cnf")
    written(tmp_path, "[mysqld]\nloose-ini=1\n", "conf.d/b.ini")
    file = option_file.read(written(tmp_path, TRICKY))
    answer = ask(image("mysql").tag, my_cnf=file.content, arguments=())
    ours = file.of(option_file.groups_of(parse_version(answer.version)))
    assert option_file.printed(ours).split() == answer.file_printed.split()
    topology = Topology(kind="single", pods=1, my_cnf=file.files[0])
    assert {one.source.partition(":")[0] for one in asked_options(topology, answer)} == {
        "my.cnf",
        "one.cnf",
        "a.cnf",
        "z.cnf",
    }


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("rpl_semi_sync_master_timeout", 1000, "did you mean rpl_semi_sync_source_timeout?"),
        ("group_replication_consistancy", "AFTER", "did you mean group_replication_consistency?"),
        ("gtid-mod", "ON", "did you mean gtid_mode? It is set by meshbench itself"),
        ("slave_net_timeot", 4, "did you mean replica_net_timeout?"),
        ("query_cache_size", 0, "no such option any more"),
        ("not_a_variable", 1, "this MySQL has no such option"),
        ("init_connect", True, "is not a boolean option"),
        ("sql_mode", "NO", "cannot use the value 'NO'"),
        ("collation_server", "zz", "Unknown collation: 'zz'"),
        ("tmpdir", "/nope", "Can't get stat of '/nope'"),
    ],
)
def test_an_option_that_cannot_be_is_refused_before_anything_starts(
    name: str, value: str | int | bool, says: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        require_mysql(Topology(kind="single", pods=1, config={name: value}))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_s_group_of_the_image_s_version_and_its_misspelt_names_are_refused_with_their_lines(
    tmp_path: Path,
) -> None:
    file = written(
        tmp_path, "[mysqld]\nSync_binlog=0\nbinlog_cache_siz=1\n[mysqld-9.7]\nport=3307\n[mysqld-8.0]\nport=1\n"
    )
    with pytest.raises(ConfigurationError) as caught:
        require_mysql(Topology(kind="single", pods=1, my_cnf=file))
    assert str(caught.value).splitlines() == [
        "my.cnf:5: port: is set by meshbench itself; leave it out",
        "my.cnf:2: Sync_binlog: mysqld accepts lower case only; write sync_binlog",
        "my.cnf:3: binlog_cache_siz: this MySQL has no such option; did you mean binlog_cache_size?",
    ]


def test_debian_s_file_without_its_address_serves_and_its_error_log_is_read(
    tmp_path: Path, cluster: Callable[..., Cluster]
) -> None:
    text = DEBIAN.replace("bind-address\t\t= 127", "# bind-address = 127") + "secure_file_priv = /var/lib/mysql-files\n"
    topology = Topology(kind="single", pods=1, my_cnf=written(tmp_path, text, "mysqld.cnf"))
    assert refused_in_file(option_file.read(tmp_path / "mysqld.cnf").options, kind="single") == []
    require_mysql(topology)
    running = cluster(topology)
    found = in_effect(topology, variables(running))
    effective = {one["option"]: one["effective"].get("node1") for one in found}
    assert effective["secure_file_priv"] == "/var/lib/mysql-files/"
    assert effective["myisam-recover-options"] == "BACKUP"
    path = error_log(topology)
    assert path == "/var/log/mysql/error.log"
    assert b"ready for connections" in file_text(running.pods["node1"].containers["mysqld"], path)


def test_a_mysqld_that_cannot_start_is_told_with_its_words_from_its_file(cluster: Callable[..., Cluster]) -> None:
    config: dict[str, str | int | float | bool] = {"log_error": "own", "lower_case_table_names": 1}
    with pytest.raises(ConfigurationError, match=r"ended at start .*It said: .*Different lower_case_table_names"):
        cluster(Topology(kind="single", pods=1, config=config))


def test_a_component_that_is_not_there_is_told_by_name(cluster: Callable[..., Cluster]) -> None:
    topology = Topology(kind="single", pods=1, config={"validate_password.policy": "LOW"})
    require_mysql(topology)
    with pytest.raises(ConfigurationError, match="its component validate_password is not installed"):
        in_effect(topology, variables(cluster(topology)))
