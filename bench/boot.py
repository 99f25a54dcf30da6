"""``make bench-boot``: how fast a whole system is there, measured against pods that initialise as they start.

A group of three behind Envoy, from nothing to the first write through the proxy: once with our images, which ship a
prepared data directory, and once with the same image less that directory, so that its entrypoint initialises it at
start as the official image's does. Both in one run, in turns, so that the machine's mood favours neither; the ratio is
the result, and seconds belong to this machine. Prints a table and writes ``runs/bench/boot.json``.
"""

from __future__ import annotations

import argparse
import json
import secrets
import statistics
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from cluster.platform import images, keeper
from cluster.platform.docker_platform import DockerPlatform
from cluster.platform.platform import Platform
from cluster.topology import Topology
from mesh.spec import mesh_spec
from scenarios.cli.exit_codes import PASS
from scenarios.run import host
from scenarios.run.boot import assemble, boot, first_write
from scenarios.signals import exit_code, interruptible, undisturbed

RESULT = Path("runs") / "bench" / "boot.json"
EMPTY = "meshbench/mysql-empty"


@interruptible()
def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench-boot", description="how fast a whole system is deployed")
    parser.add_argument("--trials", type=int, default=3, help="of each kind, in turns")
    trials: int = parser.parse_args().trials
    platform = DockerPlatform()
    prepared = images.require(platform.image("mysql"))
    kinds = {"prepared": prepared, "initialised at start": _empty_image(prepared)}
    keeper.token()  # once a process, so it is no part of its first boot
    booted_s: dict[str, list[float]] = {kind: [] for kind in kinds}
    whole_s: list[float] = []
    for number in range(trials):
        for kind, image in kinds.items():
            ready_s, removed_s = deploy(image, platform)
            booted_s[kind].append(ready_s)
            if kind == "prepared":
                whole_s.append(removed_s)
            print(f"trial {number + 1} of {trials}, {kind}: first write after {ready_s:.2f} s", flush=True)
    ours, theirs = (statistics.median(booted_s[kind]) for kind in kinds)
    result = {
        "schema": "meshbench/bench-boot/1",
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "host": host.describe(),
        "what": "group of 3 behind Envoy, nothing to the first write through the proxy",
        "boot_ratio": round(theirs / ours, 3),
        "seconds": round(ours, 3),
        "seconds_initialised_at_start": round(theirs, 3),
        "clusters_per_hour": round(3600 / statistics.median(whole_s)),
        "trials": booted_s,
    }
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    print(f"\n{'a group of 3 behind Envoy':28}{'median':>9}{'fastest':>9}{'slowest':>9}")
    for kind, seconds in booted_s.items():
        print(f"{kind:28}{statistics.median(seconds):8.2f}s{min(seconds):8.2f}s{max(seconds):8.2f}s")
    print(f"{'ratio of the medians':28}{theirs / ours:8.2f}x")
    print(f"{'deployed and removed':28}{result['clusters_per_hour']:>9} an hour, one after the other")
    print(f"\nwritten to {RESULT}")
    return PASS


def deploy(image: str, platform: Platform) -> tuple[float, float]:
    """Seconds from nothing to the first write through Envoy, and to when all is removed again."""
    began_s = time.monotonic()
    topology = Topology(kind="group", pods=3, image=image)
    cluster, mesh = assemble(
        topology, mesh_spec("gateway", "envoy"), platform=platform, run_id=secrets.token_hex(4), down_after_s=1.0
    )
    try:
        boot(cluster, mesh)
        first_write(cluster, mesh)
        ready_s = time.monotonic() - began_s
    finally:
        with undisturbed():
            cluster.stop()
    return ready_s, time.monotonic() - began_s


def _empty_image(base: str) -> str:
    """The default image without its data directory's content, built on the spot; returns its reference."""
    tag = f"{EMPTY}:{base.rpartition(':')[2]}"
    if not images.exists(tag):
        dockerfile = f"FROM {base}\nRUN find /var/lib/mysql -mindepth 1 -delete\n"
        images.build_from(dockerfile, tag, name="mysql-empty")
    return tag


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt as ended:
        print("interrupted; everything of this run has been removed", file=sys.stderr)
        sys.exit(exit_code(ended))
