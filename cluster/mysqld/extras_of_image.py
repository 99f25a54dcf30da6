"""Whether an image has what the extras of a run's nodes use, asked before anything starts."""

from __future__ import annotations

import secrets

from cluster.errors import ConfigurationError, EngineRefusedError
from cluster.extras import Extra
from cluster.mysqld.mysql_image import ASKED
from cluster.mysqld.option_names import canonical
from cluster.platform import images, one_off
from cluster.topology import Topology

TIMEOUT_S = 30.0


def require_extras(topology: Topology) -> None:
    """Raises ConfigurationError, a line each, where the image of the nodes lacks what an extra takes, or the scenario
    sets an option that an extra sets."""
    reference = topology.image or images.image("mysql").tag
    reasons = [f"image {reference}: {why}" for extra in topology.extras if (why := _lacking(reference, extra))]
    set_by = {_name(option): extra.name for extra in topology.extras for option in extra.options}
    reasons += [
        f"mysql.config: {written}: is set by meshbench, because a step needs nodes with {set_by[name]}; leave it out"
        for written in topology.config
        if (name := canonical(written)) in set_by
    ]
    if reasons:
        raise ConfigurationError("\n".join(reasons))


def _name(option: str) -> str:
    return canonical(option.removeprefix("--").partition("=")[0])


def _lacking(reference: str, extra: Extra) -> str:
    """Why an image cannot do it; empty where it can."""
    own_id = f"{ASKED}{secrets.token_hex(4)}"
    try:
        with one_off.started(reference, ["/bin/sh", "-c", extra.probe], own_id, files={}) as process:
            code = process.wait(timeout_s=TIMEOUT_S)
            said = process.logs(tail=1).decode(errors="replace").strip()
    except EngineRefusedError as error:
        return f"{extra.otherwise}: {error}"
    return "" if code == 0 else extra.otherwise + (f": {said}" if said else "")
