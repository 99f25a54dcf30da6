"""``python -m cluster.clean``: remove what dead runs left and every image built here. Used by ``make clean``."""

from __future__ import annotations

import sys

from cluster import keeper, labels
from cluster.engine import client
from cluster.errors import ConfigurationError
from cluster.images import LABEL


def main() -> int:
    try:
        engine = client()
    except ConfigurationError:
        return 0  # without an engine there is nothing on it
    for gone in labels.reap():
        print(f"removed {gone}")
    living = labels.live_runs()
    if living or keeper.living():
        print(f"under way: {', '.join(sorted(living)) or 'a run that begins'}; its images stay", file=sys.stderr)
        return 2
    for image in engine.images.list(filters={"label": LABEL}):
        name = image.tags[0] if image.tags else image.short_id
        engine.images.remove(name, force=True)
        print(f"removed image {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
