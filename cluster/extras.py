"""What a node is started with beyond what every node has, because a fault of the run works through it.

A fault declares it as its class fact ``extras``; a run whose steps need none starts its nodes without. The image may be
a user's own: everything is a script in front of its own entrypoint, and an image that lacks what the script uses is
refused before anything starts (`cluster.mysqld.extras_of_image`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Extra:
    """name: its word, in the manifest and in messages.

    probe: a /bin/sh script that runs in a container of the image as its own user, and ends with 0 where the image has
    what ``before`` uses; what it prints last says what is missing. otherwise: what is missing, for people.
    before: a /bin/sh script that runs in mysqld's container at every start, before the image's own entrypoint; what it
    exports mysqld has, too.
    volume: where a volume of the pod's own is mounted, or empty. made_by: a bash script that fills it, once, in a
    container of our base image before mysqld's is there.
    options: mysqld's arguments; a scenario that sets one of them itself is refused. capabilities, devices: as for
    `Pod.add`.
    """

    name: str
    probe: str
    otherwise: str
    before: str
    volume: str = ""
    made_by: str = ""
    options: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()


def distinct(extras: Iterable[Extra]) -> tuple[Extra, ...]:
    """Each of them once, in the order of their names."""
    return tuple(sorted(set(extras), key=lambda extra: extra.name))
