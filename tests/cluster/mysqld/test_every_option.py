"""Every option that MySQL 9.7 has, as its ``mysqld --verbose --help`` lists them (names and defaults, recorded).

Without an engine: each is taken with its default, or refused in one line. What running pods make of them is
scenarios/test_every_option_on_pods.py.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from cluster.errors import ConfigurationError
from cluster.mysqld import requested
from cluster.mysqld.mysql_image import ServerAnswer, help_names, help_values
from cluster.mysqld.option_names import OLDER
from cluster.mysqld.option_rules import RESERVED, SAID_AS_WELL, ruled
from cluster.mysqld.options import Asked, Known, effects
from cluster.topology import Topology
from scenarios.schema.scenario import MySQLSection

HELP = (Path(__file__).parent / "mysqld_9_7_help.txt").read_text()
DEFAULTS = help_values(HELP)
KNOWN = Known(values=DEFAULTS, defaults=DEFAULTS, unshown=help_names(HELP))
ANSWER = ServerAnswer(version="mysqld  Ver 9.7.4-2 for Linux on x86_64 ((Debian))", known=KNOWN)
WITH_A_DEFAULT = sorted(name for name, value in DEFAULTS.items() if value != "(No default value)")


@pytest.fixture
def image(monkeypatch: pytest.MonkeyPatch) -> None:
    """An image that answers as MySQL 9.7 does."""
    monkeypatch.setattr(requested, "ask", lambda *_, **__: ANSWER)


def refusal(name: str, value: str) -> str | None:
    """What a user of that option reads before anything starts, or None."""
    try:
        config = MySQLSection.model_validate({"config": {name: value}}).config
        requested.require_mysql(Topology(kind="single", pods=1, image="own:1", config=config))
    except (ValidationError, ConfigurationError) as error:
        return str(error.errors()[0]["msg"]) if isinstance(error, ValidationError) else str(error)
    return None


@pytest.mark.parametrize(("asked_gib", "pods", "fits"), [(900, 1, False), (12, 3, False), (12, 1, True), (5, 3, True)])
def test_a_buffer_pool_that_would_fill_the_machine_is_refused_before_anything_starts(
    monkeypatch: pytest.MonkeyPatch, asked_gib: int, pods: int, fits: bool
) -> None:
    known = Known(values=DEFAULTS | {"innodb_buffer_pool_size": str(asked_gib * 1024**3)}, defaults=DEFAULTS)
    answer = replace(ANSWER, known=known, memory_bytes=23 * 1024**3)
    monkeypatch.setattr(requested, "ask", lambda *_, **__: answer)
    config = {"innodb_buffer_pool_size": f"{asked_gib}G"}
    topology = Topology(kind="group", pods=pods, image="own:1", config=config)
    if fits:
        requested.require_mysql(topology)
        return
    with pytest.raises(ConfigurationError, match=r"innodb_buffer_pool_size: .* more than this machine's 23\.0 GiB"):
        requested.require_mysql(topology)


def test_the_list_is_the_server_s() -> None:
    assert len(KNOWN.names) > 800
    assert {"sync_binlog", "group_replication_consistency", "clone_max_concurrency"} <= DEFAULTS.keys()
    assert {"user", "plugin_load_add", "replicate_do_db", "ansi"} <= KNOWN.unshown


@pytest.mark.usefixtures("image")
def test_every_option_is_taken_with_its_default_but_those_that_are_reserved() -> None:
    refused = {name: why for name in WITH_A_DEFAULT if (why := refusal(name, DEFAULTS[name])) is not None}
    assert refused.keys() == {*RESERVED} & {*WITH_A_DEFAULT}
    assert all("\n" not in why and "is set by meshbench itself" in why for why in refused.values())


@pytest.mark.usefixtures("image")
def test_every_name_with_a_letter_too_few_is_refused_and_the_nearest_is_told() -> None:
    for name in WITH_A_DEFAULT[::8]:
        short = name[:-1]
        if short in KNOWN.names or f"{short}s" in RESERVED or name in RESERVED:
            continue
        why = refusal(short, "1")
        assert why is not None
        assert "this MySQL has no such option" in why
        assert "\n" not in why


def test_what_is_ruled_out_or_replaced_is_real() -> None:
    of_other_versions = {"log_slave_updates", "slave_preserve_commit_order"}
    assert ruled() <= KNOWN.names | of_other_versions
    assert {new for new in OLDER.values() if new} <= KNOWN.names
    assert not set(OLDER) & set(KNOWN.names)
    only_as_words = {"defaults_extra_file", "defaults_file", "defaults_group_suffix", "login_path", "no_defaults"}
    assert set(RESERVED) - set(KNOWN.names) <= only_as_words | {"print_defaults"}
    assert SAID_AS_WELL.keys() <= {*RESERVED}


@pytest.mark.parametrize(
    "value", ["", ".", "..", "/", "-", ",", "'", "1e99", "1e-99", "NaN", "-inf", "١", "5x", "\\", "k"]
)
def test_no_value_however_odd_breaks_the_comparison(value: str) -> None:
    shown = {name: default for name, default in DEFAULTS.items() if default != "(No default value)"}
    asked_for = [Asked(written=name, value=value, source="mysql.config") for name in sorted(KNOWN.names)]
    found = effects(asked_for, {"node1": shown | {"log_bin": "ON", "log_bin_basename": "/var/lib/mysql/binlog"}}, KNOWN)
    assert len(found) == len(asked_for)
    assert all(one.wrong is None or one.wrong.startswith("mysql.config: ") for one in found)


def test_libraries_that_a_file_has_mysqld_load_are_asked_for_on_the_pods(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "my.cnf"
    file.write_text("[mysqld]\nplugin-load-add = audit_log.so\nplugin_load_add='a=one.so;two.so'\n")
    printed = "--plugin-load-add=audit_log.so --plugin_load_add=a=one.so;two.so "
    monkeypatch.setattr(requested, "ask", lambda *_, **__: replace(ANSWER, file_printed=printed, all_printed=printed))
    topology = Topology(kind="single", pods=1, image="own:1", my_cnf=file)
    libraries = [one.removeprefix("--plugin-load-add=") for one in requested.plugin_arguments(topology)]
    assert libraries == ["audit_log.so", "one.so", "two.so"]
    assert requested.plugin_arguments(Topology(kind="single", pods=1, image="own:1")) == []
