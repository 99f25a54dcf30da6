"""An option file as mysqld reads it; what stands here was held against ``mysqld --print-defaults`` of MySQL 9.7."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.errors import ConfigurationError
from cluster.mysqld import mysqld
from cluster.mysqld.option_file import MOST_FILES, FileOption, groups_of, printed, read
from cluster.topology import Topology

#: Debian's /etc/mysql/mysql.conf.d/mysqld.cnf, as Ubuntu's, with what is commented out there in part switched on.
DEBIAN = """\
#
# The MySQL database server configuration file.
[mysqld]
user\t\t= mysql
pid-file\t= /var/run/mysqld/mysqld.pid
socket\t= /var/run/mysqld/mysqld.sock
port\t\t= 3306
datadir\t= /var/lib/mysql
tmpdir\t\t= /tmp
bind-address\t\t= 127.0.0.1
mysqlx-bind-address\t= 127.0.0.1
key_buffer_size\t\t= 16M
myisam-recover-options  = BACKUP
log_error = /var/log/mysql/error.log
"""


def written(folder: Path, text: str, name: str = "my.cnf") -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def only(file: Path) -> FileOption:
    [found] = read(file).options
    return found


@pytest.mark.parametrize(
    ("line", "prints"),
    [
        ("  port = 3306   # comment", "--port=3306"),
        ('sql_mode="ANSI,  NO_ZERO_DATE"  # x', "--sql_mode=ANSI,  NO_ZERO_DATE"),
        ("init_connect='SET NAMES utf8mb4; SET a = \"x\"'", '--init_connect=SET NAMES utf8mb4; SET a = "x"'),
        ('log-error = "a#b"', "--log-error=a#b"),
        (r"max_connections=\s5", "--max_connections= 5"),
        ("a=b#c", "--a=b"),
        ("skip-name-resolve", "--skip-name-resolve"),
        ("flag # comment", "--flag"),
        ("loose-x = ", "--loose-x="),
        ('q = "a"b', '--q="a"b'),
        ("w = 'it''s'", "--w=it''s"),
        ("tr = abc\\", "--tr=abc\\"),
        ("p = C:\\qx\\\\y", "--p=C:\\qx\\y"),
        ("space here = 2", "--space here=2"),
        ("--x=1", "----x=1"),
        ("dos = 1\r", "--dos=1"),
    ],
)
def test_a_line_is_read_as_mysqld_reads_it(tmp_path: Path, line: str, prints: str) -> None:
    file = written(tmp_path, f"# first\n\n[mysqld]\n; a comment\n{line}\n")
    assert printed(read(file).options) == prints
    assert only(file).where == "my.cnf:5"


def test_groups_are_those_of_the_server_and_of_its_version_in_any_case(tmp_path: Path) -> None:
    groups = {"client": "a", "mysqld": "b", "mysqld-9.7": "c", "mysqld-8.0": "d", "MYSQLD": "e", " mysqld ": "f"}
    text = "".join(f"[{group}]\n{name}=1\n" for group, name in groups.items()) + "[server]x\ng=1"
    found = read(written(tmp_path, text)).of(groups_of((9, 7, 4)))
    assert [one.name for one in found] == ["b", "c", "e", "g"]


def test_included_files_come_along_in_their_place_with_their_own_lines(tmp_path: Path) -> None:
    written(tmp_path, "[server]\nfromone=1\n", "sub/one.cnf")
    written(tmp_path, "[mysqld]\nz=1", "sub/conf.d/z.cnf")
    written(tmp_path, "[mysqld]\na=1\n!include ../one.cnf\n", "sub/conf.d/a.cnf")
    written(tmp_path, "[mysqld]\nini=1\n", "sub/conf.d/b.ini")
    main = written(tmp_path, "[mysqld]\n!include sub/one.cnf\nafter=1\n  ! includedir  sub/conf.d/ \ntail=1\n")
    found = read(main)
    assert printed(found.options) == "--fromone=1 --after=1 --a=1 --fromone=1 --z=1 --tail=1"
    assert [one.where for one in found.options][:2] == ["one.cnf:2", "my.cnf:3"]
    assert [one.name for one in found.files] == ["my.cnf", "one.cnf", "a.cnf", "one.cnf", "z.cnf"]
    flat = written(tmp_path, found.content.decode(), "flat.cnf")
    assert printed(read(flat).options) == printed(found.options), "one file in the pod says the same"
    assert [one.group for one in read(flat).options] == [one.group for one in found.options]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("port=1\n", "my.cnf:1: an option before the first group"),
        ("\ufeff[mysqld]\nport=1\n", "my.cnf:1: an option before the first group"),
        ("[mysqld]\n[mysqld\n", r"my.cnf:2: expected a group such as \[mysqld\]"),
        ("[mysqld]\n\n!includedir /etc/nope.d/\n", "my.cnf:3: !includedir /etc/nope.d/: not on this machine"),
        ("!include nope.cnf\n", "my.cnf:1: !include nope.cnf: not on this machine"),
        ("[mysqld]\na=\0\n", "is no option file"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        read(written(tmp_path, text))


def test_comments_may_be_in_any_encoding_and_options_are_utf_8(tmp_path: Path) -> None:
    file = tmp_path / "my.cnf"
    file.write_bytes(b"# gr\xfc\xdfe\n[mysqld]\nreport_user = caf\xc3\xa9\n")
    assert only(file).value == "café"
    file.write_bytes(b"[mysqld]\nreport_user = caf\xe9\n")
    with pytest.raises(ConfigurationError, match=r"my.cnf:2: expected UTF-8"):
        read(file)


def test_a_file_that_includes_itself_comes_to_an_end(tmp_path: Path) -> None:
    assert len(read(written(tmp_path, "[mysqld]\na=1\n!include my.cnf\n")).options) == 11
    with pytest.raises(ConfigurationError, match=f"more than {MOST_FILES} files"):
        read(written(tmp_path, "!include my.cnf\n" * 3))


def test_a_pod_gets_what_may_be_changed_before_the_user_s_file_and_the_rest_on_the_command_line(tmp_path: Path) -> None:
    file = written(tmp_path, "[mysqld]\nsecure_file_priv = /var/lib/mysql-files\n")
    topology = Topology(kind="semisync", pods=2, my_cnf=file, config={"sync_binlog": 0})
    ours, theirs = "--loose-rpl_semi_sync_replica_enabled=ON", "--loose-rpl_semi_sync_source_timeout=1"
    own = ["--plugin-load-add=x.so", theirs, ours]
    arguments = mysqld.command(topology, index=0, name="node1", own=own)
    content = (mysqld.user_file(topology, own=own) or b"").decode().splitlines()
    assert arguments[0] == f"--defaults-extra-file={mysqld.USER_CNF}"
    assert content.index("secure-file-priv=") < content.index("secure_file_priv = /var/lib/mysql-files")
    assert theirs.removeprefix("--") in content
    assert {"--plugin-load-add=x.so", ours, "--sync_binlog=0"} <= {*arguments}
    assert "--secure-file-priv=" not in arguments


def test_options_that_begin_with_password_are_printed_as_mysqld_hides_them(tmp_path: Path) -> None:
    file = tmp_path / "my.cnf"
    file.write_text("[mysqld]\npassword_history = 5\npassword_require_current\nsync_binlog = 0\n")
    found = read(file)
    assert printed(found.options) == "--password=***** --password=***** --sync_binlog=0", "tried on MySQL 9.7"
    assert [one.name for one in found.options] == ["password_history", "password_require_current", "sync_binlog"]
