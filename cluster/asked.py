"""The mysqld options that a scenario asks for: held against the image before anything starts, against every pod after.

Why each rule is as it is: docs/decisions/0017.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any

from cluster import mysqld
from cluster.errors import ConfigurationError
from cluster.floor import require_version
from cluster.images import image
from cluster.mysql_image import ServerAnswer, ask
from cluster.options import LOOSE, Asked, canonical, effects, meaning, unknown, written_value
from cluster.replication import WAIT_COUNT
from cluster.topology import Topology, is_group
from cluster.unfit import unfit

log = logging.getLogger("meshbench")

CONFIG = "mysql.config"
_ERROR = re.compile(r"Error while setting value '(?P<value>.*)' to '(?P<name>[^']*)'")
#: What a plugin's options begin with -> the plugin, and in which topologies it is.
_OWNERS = {
    "group_replication_": ("Group Replication", is_group),
    "rpl_semi_sync_": ("semi-sync", lambda kind: kind == "semisync"),
}


def asked_options(topology: Topology, answer: ServerAnswer) -> list[Asked]:
    """Every option of the user's, in the order in which mysqld reads them: of one name the last wins."""
    file = "mysql.my_cnf" if topology.my_cnf is None else topology.my_cnf.name
    found = [Asked(written=name, value=value, source=file) for name, value in answer.file_options]
    config = [Asked(written=key, value=written_value(value), source=CONFIG) for key, value in topology.config.items()]
    return [*found, *config]


def require_mysql(topology: Topology, *, switchover: bool = False) -> None:
    """Raise ConfigurationError, before anything starts, when the image's MySQL is too old for the topology, does not
    know an option that was asked for, or cannot use its value. switchover: whether one is planned."""
    answer = _answer(topology)
    reference = topology.image or image("mysql").tag
    require_version(answer.version, image=reference, kind=topology.kind, switchover=switchover)
    _refuse_reserved(topology, answer)
    names = answer.known.names
    problems = []
    for one in asked_options(topology, answer) if names else []:
        # what only a component of the data directory may know (a.b), or was to be forgotten, the running pods tell
        left_open = "." in one.name or (one.source != CONFIG and one.written.replace("-", "_").startswith(LOOSE))
        if not left_open and meaning(one.name, one.value, names) is None:
            problems.append(unknown(one, names))
    problems += _refused(answer, asked_options(topology, answer))
    problems += _unfit(topology, answer)
    if problems:
        raise ConfigurationError("\n".join(dict.fromkeys(problems)))


def _unfit(topology: Topology, answer: ServerAnswer) -> list[str]:
    """A line for every option under which this topology's replication cannot work."""
    source = {one.name: one.source for one in asked_options(topology, answer)}
    found = unfit(topology.kind, answer.known.values)
    return [f"{source.get(name, CONFIG)}: {name}: topology {topology.kind}: {why}" for name, why in found.items()]


def in_effect(topology: Topology, variables: Mapping[str, Mapping[str, str]]) -> list[dict[str, Any]]:
    """Every option asked for as the manifest has it: option, from, asked, effective by pod, note.

    Raises ConfigurationError naming each that is not in effect. variables: pod -> its SHOW GLOBAL VARIABLES.
    """
    answer = _answer(topology)
    found, problems = [], []
    for one in effects(asked_options(topology, answer), variables, answer.known):
        row = one.as_json()
        if not one.effective and (why := _not_loaded(topology, one.asked.name)):
            row["note"] = f"not in effect: {why}"
            log.warning("%s: %s is %s", one.asked.source, one.asked.written, row["note"])
        elif one.wrong:
            problems.append(one.wrong)
        found.append(row)
    if problems:
        raise ConfigurationError("\n".join(problems))
    return found


def _answer(topology: Topology) -> ServerAnswer:
    reference = topology.image or image("mysql").tag
    return ask(reference, my_cnf=topology.my_cnf, arguments=tuple(mysqld.config_arguments(topology.config)))


def _refuse_reserved(topology: Topology, answer: ServerAnswer) -> None:
    """An option file may not say what meshbench sets, unless it says the same."""
    for one in asked_options(topology, answer):
        if one.source == CONFIG or one.name == "plugin_load_add":
            continue
        if mysqld.reserved(one.name, one.value) and mysqld.SAID_AS_WELL.get(one.name) != one.value.rstrip("/"):
            raise ConfigurationError(f"{one.source}: {one.written}: is set by meshbench itself; leave it out")
        if one.name == WAIT_COUNT and topology.kind == "semisync":
            raise ConfigurationError(
                f"{one.source}: {one.written}: the control plane must know it; put it into mysql.config"
            )


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


def _not_loaded(topology: Topology, name: str) -> str | None:
    """Why a plugin's option has nothing to act on, or None."""
    for prefix, (plugin, has) in _OWNERS.items():
        if name.startswith(prefix) and not has(topology.kind):
            return f"topology {topology.kind} has no {plugin}"
    return None
