"""The mysqld options that a scenario asks for: held against the image before anything starts, against every pod after.

Why each rule is as it is: docs/decisions/0017.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from cluster.errors import ConfigurationError
from cluster.mysqld import mysqld, option_file
from cluster.mysqld.incompatible import too_large, unfit
from cluster.mysqld.minimum_version import parse_version, require_version
from cluster.mysqld.mysql_image import ServerAnswer, ask, split_defaults
from cluster.mysqld.option_file import FileOption
from cluster.mysqld.option_names import LOOSE, canonical, meaning, nearest
from cluster.mysqld.option_rules import refused_in_file, reserved
from cluster.mysqld.options import Asked, effects, normal, unknown, written_value
from cluster.platform.images import image
from cluster.topologies.lookup import REPLICATIONS, replication_of
from cluster.topology import Topology

log = logging.getLogger("meshbench")

CONFIG = "mysql.config"
_ERROR = re.compile(r"Error while setting value '(?P<value>.*)' to '(?P<name>[^']*)'")


def asked_options(topology: Topology, answer: ServerAnswer) -> list[Asked]:
    """Every option of the user's, in the order in which mysqld reads them: of one name the last wins."""
    config = [Asked(written=key, value=written_value(value), source=CONFIG) for key, value in topology.config.items()]
    if topology.my_cnf is None:
        return config
    options = _file_options(topology.my_cnf, answer)
    return [*(Asked(written=one.name, value=one.given, source=one.where) for one in options), *config]


def _file_options(file: Path, answer: ServerAnswer) -> list[FileOption]:
    """With their lines; without them should the image's own mysqld read the file otherwise than we do."""
    ours = option_file.read(file).of(option_file.groups_of(parse_version(answer.version)))
    if option_file.printed(ours).split() == answer.file_printed.split():
        return ours
    return [
        FileOption(name=name, value=value, group="mysqld", where=file.name)
        for name, value in split_defaults(answer.file_printed)
    ]


def require_mysql(topology: Topology, *, switchover: bool = False) -> None:
    """Raise ConfigurationError, before anything starts, when the image's MySQL is too old for the topology, does not
    know an option that was asked for, or cannot use its value. switchover: whether one is planned."""
    answer = _answer(topology)
    require_version(answer.version, image=_reference(topology), kind=topology.kind, switchover=switchover)
    problems = []
    if topology.my_cnf is not None:
        problems += refused_in_file(_file_options(topology.my_cnf, answer), kind=topology.kind)
    asked, names = asked_options(topology, answer), answer.known.names
    problems += [why for one in asked if (why := _misspelt(one, names) or _misplaced(one, topology))]
    problems += [why for one in asked if one.source == CONFIG and (why := _yaml_word(one, topology, answer))]
    problems += _refused(answer, asked)
    problems += _unfit(topology, answer)
    if problems:
        raise ConfigurationError("\n".join(dict.fromkeys(problems)))


def refuse_plaintext_where_none_is_let_in(topology: Topology, *, tls: str) -> None:
    """Raise ConfigurationError when the load is to do without TLS and mysqld is to let nobody in without it."""
    demanded = normal(_answer(topology).known.values.get("require_secure_transport", "")) == "1"
    if tls == "disabled" and demanded:
        raise ConfigurationError(
            "mysql.tls: disabled, and require_secure_transport=ON refuses sessions without TLS; leave one of them out"
        )


def _unfit(topology: Topology, answer: ServerAnswer) -> list[str]:
    """A line for every option under which this topology's replication cannot work, or that this machine cannot hold."""
    source = {one.name: one.source for one in asked_options(topology, answer)}
    found = {
        name: f"topology {topology.kind}: {why}" for name, why in unfit(topology.kind, answer.known.values).items()
    }
    found |= too_large(topology.pods, answer.memory_bytes, answer.known.values)
    return [f"{source.get(name, CONFIG)}: {name}: {why}" for name, why in found.items()]


def _misspelt(one: Asked, names: Collection[str]) -> str | None:
    if one.written != one.written.lower():
        return f"{one.source}: {one.written}: mysqld accepts lower case only; write {one.written.lower()}"
    # what only a component of the data directory may know (a.b), or was to be forgotten, the running pods tell
    left_open = "." in one.name or (one.source != CONFIG and one.written.replace("-", "_").startswith(LOOSE))
    if not names or left_open or meaning(one.name, one.value, names) is not None:
        return None
    near = nearest(one.name, names)
    return unknown(one, names) + (" It is set by meshbench itself" if near and reserved(near, "") else "")


def _misplaced(one: Asked, topology: Topology) -> str | None:
    if one.source == CONFIG or one.name != topology.replication.wait_count_option:
        return None
    return f"{one.source}: {one.written}: the control plane must know it; put it into mysql.config"


def _yaml_word(one: Asked, topology: Topology, answer: ServerAnswer) -> str | None:
    """YAML's on, off, true and false are meant for a switch; an option that takes any words would take them too."""
    if not isinstance(topology.config[one.written], bool):
        return None
    found = meaning(one.name, one.value, answer.known.names)
    default = answer.known.defaults.get(found.variable, "0") if found else "0"
    if normal(default) and not default.startswith("/") and "," not in default:
        return None
    return f"{one.source}: {one.written}: is not a boolean option, but YAML reads the value as a boolean; quote it"


def plugin_arguments(topology: Topology) -> list[str]:
    """``--plugin-load-add=LIBRARY`` of every library that the user has mysqld load: it goes on without one that it
    cannot load."""
    named = [one.value for one in asked_options(topology, _answer(topology)) if one.name == "plugin_load_add"]
    libraries = [word.rpartition("=")[2].strip("\"' ") for value in named for word in value.split(";")]
    return [f"--plugin-load-add={library}" for library in libraries if library]


def in_effect(topology: Topology, variables: Mapping[str, Mapping[str, str]]) -> list[dict[str, Any]]:
    """Every option asked for as the manifest has it: option, from, asked, effective by pod, note.

    Raises ConfigurationError naming each that is not in effect. variables: pod -> its SHOW GLOBAL VARIABLES.
    """
    answer = _answer(topology)
    found, problems = [], []
    for one in effects(asked_options(topology, answer), variables, answer.known):
        row = one.as_json()
        if not one.effective and (why := not_loaded(topology.kind, one.asked.name)):
            row["note"] = f"not in effect: {why}"
            log.warning("%s: %s is %s", one.asked.source, one.asked.written, row["note"])
        elif one.wrong:
            problems.append(one.wrong)
        found.append(row)
    if problems:
        raise ConfigurationError("\n".join(problems))
    return found


def known_options(topology: Topology) -> Mapping[str, str]:
    """Every option that the image's mysqld has a value for -> its default, as its help shows it."""
    return _answer(topology).known.defaults


def error_log(topology: Topology) -> str | None:
    """The file that mysqld logs into, as its options name it, which may be empty; None: its container's output."""
    options = [*split_defaults(_answer(topology).all_printed), *topology.config.items()]
    named = [value for name, value in options if canonical(name) == "log_error"]
    return None if not named or named[-1] == "stderr" else written_value(named[-1] or "")


def _reference(topology: Topology) -> str:
    """The image that is asked: in a run the one it began with, before a run the one that would be started now."""
    return topology.image or topology.default_image or image("mysql").tag


def _answer(topology: Topology) -> ServerAnswer:
    file = None if topology.my_cnf is None else option_file.read(topology.my_cnf).content
    return ask(_reference(topology), my_cnf=file, arguments=tuple(mysqld.config_arguments(topology.config)))


def _refused(answer: ServerAnswer, asked: Sequence[Asked]) -> list[str]:
    """A line for every value that mysqld cannot use; its own words where it names no option."""
    found = [_ERROR.search(line) for line in answer.refused]
    if not any(found):
        return [f"mysql.config or mysql.my_cnf: mysqld says: {line}" for line in answer.refused]
    source = {one.name: one.source for one in asked}
    return [
        f"{source.get(name, CONFIG)}: {name}: MySQL cannot use the value {one['value']!r}"
        for one in found
        if one and (name := canonical(one["name"]))
    ]


def not_loaded(kind: str, name: str) -> str | None:
    """Why a plugin's option has nothing to act on in a topology, or None. name: as `canonical` gives it."""
    known = {prefix: plugin for one in REPLICATIONS.values() for prefix, plugin in one.plugins.items()}
    for prefix, plugin in known.items():
        if name.startswith(prefix) and prefix not in replication_of(kind).plugins:
            return f"topology {kind} has no {plugin}"
    return None
