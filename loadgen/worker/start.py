"""How every load program is started: as Locust itself, but for who may speak on standard output.

    python3 -m loadgen.worker.start LOCUST'S OPTIONS

Standard output carries our JSON events alone; whatever else is printed goes to standard error
(`loadgen.worker.channel`). However Locust ends, somebody says so: a user's code may end the process from anywhere, and
that is not for others to find out by a silence.
"""

from __future__ import annotations

import sys
from typing import NoReturn

from loadgen.worker import channel


def main() -> NoReturn:
    channel.take()  # before anything of a user's is imported
    import locust.main

    from loadgen.worker import ending

    bug: BaseException | None = None
    try:
        locust.main.main()  # type: ignore[no-untyped-call]
    except BaseException as error:  # noqa: BLE001  SystemExit as a rule; what it means is told below
        bug = error
    sys.exit(ending.told(bug))


if __name__ == "__main__":
    main()
