"""What the two programs in a load pod, `locustfile` and `user_locustfile` beside this, say and are told alike."""

from __future__ import annotations

import json
from typing import Any

from locust.argument_parser import LocustArgumentParser

from loadgen.worker import channel

EXIT_CONFIG, EXIT_REFUSED, EXIT_BROKE = 2, 3, 4


def emit(event: str, **fields: Any) -> None:
    """One JSON event, a line of the channel for events."""
    channel.say(json.dumps({"event": event, **fields}).encode())


def add_option(parser: LocustArgumentParser, **_: Any) -> None:
    parser.add_argument("--load-config", metavar="FILE", help="what to do, as LoadConfig in JSON")
    parser.add_argument("--joining", metavar="FILE", help="master: what workers on other machines are to do")
