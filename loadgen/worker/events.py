"""What the two programs in a load pod, `locustfile` and `user_locustfile` beside this, say and are told alike."""

from __future__ import annotations

from typing import Any

from locust.argument_parser import LocustArgumentParser

from history.load_events import LoadEvent
from loadgen.worker import channel

EXIT_CONFIG, EXIT_REFUSED, EXIT_BROKE = 2, 3, 4


def emit(event: LoadEvent) -> None:
    """One JSON event, a line of the channel for events."""
    channel.say(event.to_json())


def add_option(parser: LocustArgumentParser, **_: Any) -> None:
    parser.add_argument("--load-config", metavar="FILE", help="what to do, as LoadConfig in JSON")
    parser.add_argument("--joining", metavar="FILE", help="master: what workers on other machines are to do")
