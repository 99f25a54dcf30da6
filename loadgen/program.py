"""What the two programs in a load pod, `loadgen.locustfile` and `loadgen.guest`, say and are told in the same way."""

from __future__ import annotations

import json
import traceback
from typing import Any

from locust.argument_parser import LocustArgumentParser

EXIT_CONFIG, EXIT_REFUSED, EXIT_BROKE = 2, 3, 4


def emit(event: str, **fields: Any) -> None:
    """One JSON event, a line of standard output."""
    print(json.dumps({"event": event, **fields}), flush=True)


def blame(bug: BaseException) -> str:
    """What broke and where, in one line."""
    where = "".join(
        f" ({at.filename}:{at.lineno}, in {at.name})" for at in traceback.extract_tb(bug.__traceback__)[-1:]
    )
    return f"the load generator broke: {type(bug).__name__}: {bug}{where}"


def add_option(parser: LocustArgumentParser, **_: Any) -> None:
    parser.add_argument("--load-config", metavar="FILE", help="what to do, as LoadConfig in JSON")
    parser.add_argument("--joining", metavar="FILE", help="master: what workers on other machines are to do")
