"""``make bench-boot``: how fast a whole system is there, measured against pods that initialise as they start.

    python -m bench.boot [--trials N] [--parallel K]

A group of three behind Envoy, from nothing to the first write through the proxy: once with our images, which ship a
prepared data directory, and once with the same image less that directory, so that its entrypoint initialises it at
start as the official image's does. Both in one run, in turns, so that the machine's mood favours neither; the ratio is
the result, and seconds belong to this machine. With ``--parallel`` K systems are then deployed at once, as often.
Prints where the time goes, step by step, and a table, and writes ``runs/bench/boot.json``.
"""

from __future__ import annotations

import argparse
import json
import secrets
import statistics
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cluster.operations.boot_steps import Step, critical_path
from cluster.platform import images, keeper
from cluster.platform.docker_engine import engine_memory_bytes
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
#: What one system may use of the engine's memory before it has done anything: three servers and a proxy. More systems
#: at once than fit would measure the swap, or the kernel's choice of whom to kill.
SYSTEM_BYTES = 2 * 2**30


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """One system. ready_s: from nothing to its first write; removed_s: until nothing was left of it."""

    ready_s: float
    removed_s: float
    steps: Sequence[Step]
    began_s: float


@interruptible()
def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    trials: int = options.trials
    platform = DockerPlatform()
    prepared = images.require(platform.image("mysql"))
    kinds = {"prepared": prepared, "initialised at start": _empty_image(prepared)}
    keeper.token()  # once a process, so it is no part of its first boot
    deployed: dict[str, list[Deployed]] = {kind: [] for kind in kinds}
    for number in range(trials):
        for kind, image in kinds.items():
            deployed[kind].append(deploy(image, platform))
            ready_s = deployed[kind][-1].ready_s
            print(f"trial {number + 1} of {trials}, {kind}: first write after {ready_s:.2f} s", flush=True)
    parallel = at_once(options.parallel, prepared, platform, rounds=trials) if options.parallel else None
    ours, theirs = (statistics.median(one.ready_s for one in deployed[kind]) for kind in kinds)
    typical = sorted(deployed["prepared"], key=lambda one: one.ready_s)[(trials - 1) // 2]
    result: dict[str, Any] = {
        "schema": "meshbench/bench-boot/1",
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "host": host.describe(),
        "what": "group of 3 behind Envoy, nothing to the first write through the proxy",
        "boot_ratio": round(theirs / ours, 3),
        "seconds": round(ours, 3),
        "seconds_initialised_at_start": round(theirs, 3),
        "clusters_per_hour": round(3600 / statistics.median(one.removed_s for one in deployed["prepared"])),
        "trials": {kind: [one.ready_s for one in each] for kind, each in deployed.items()},
        "steps": rows(typical.steps, began_s=typical.began_s),
        "parallel": parallel,
    }
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    print(f"\nwhere {typical.ready_s:.2f} s went; what has a * the end has waited for\n")
    print(step_table(result["steps"]))
    print(f"\n{'a group of 3 behind Envoy':28}{'median':>9}{'fastest':>9}{'slowest':>9}")
    for kind, each in deployed.items():
        seconds = [one.ready_s for one in each]
        print(f"{kind:28}{statistics.median(seconds):8.2f}s{min(seconds):8.2f}s{max(seconds):8.2f}s")
    print(f"{'ratio of the medians':28}{theirs / ours:8.2f}x")
    print(f"{'deployed and removed':28}{result['clusters_per_hour']:>9} an hour, one after the other")
    if parallel:
        together = f"{parallel['at_once']} at once: first write after {parallel['seconds']:.2f} s (median)"
        print(f"{'':28}{parallel['clusters_per_hour']:>9} an hour, {together}")
    print(f"\nwritten to {RESULT}")
    return PASS


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Exits with 2 where they make no sense, or where the engine's memory does not hold so many systems."""
    parser = argparse.ArgumentParser(prog="make bench-boot", description="how fast a whole system is deployed")
    parser.add_argument("--trials", type=int, default=3, metavar="N", help="of each kind, in turns (default 3)")
    parser.add_argument("--parallel", type=int, metavar="K", help="then also K systems at once, as often")
    options = parser.parse_args(arguments)
    if options.trials < 1:
        parser.error(f"--trials: must be 1 or more, not {options.trials}")
    if options.parallel is not None:
        if options.parallel < 2:
            parser.error(f"--parallel: must be 2 or more, not {options.parallel}; one at a time is measured anyway")
        fit = engine_memory_bytes() // SYSTEM_BYTES
        if options.parallel > fit:
            each = f"{SYSTEM_BYTES / 2**30:g} GiB"
            parser.error(f"--parallel: at {each} a system this engine's memory holds {fit}, not {options.parallel}")
    return options


def deploy(image: str, platform: Platform) -> Deployed:
    """A system from nothing to the first write through Envoy, and removed again."""
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
    removed_s = time.monotonic() - began_s
    return Deployed(ready_s=ready_s, removed_s=removed_s, steps=cluster.nodes.steps.taken, began_s=began_s)


def at_once(systems: int, image: str, platform: Platform, *, rounds: int) -> dict[str, Any]:
    """So many systems at once, so many times: ``at_once``, ``seconds`` (median, of one, to its first write) and
    ``clusters_per_hour``, their removal included."""
    ready_s: list[float] = []
    round_s: list[float] = []
    with ThreadPoolExecutor(max_workers=systems, thread_name_prefix="system") as pool:
        for _ in range(rounds):
            began_s = time.monotonic()
            each = list(pool.map(lambda _: deploy(image, platform), range(systems)))
            round_s.append(time.monotonic() - began_s)
            ready_s += [one.ready_s for one in each]
            print(f"{systems} at once: all deployed and removed after {round_s[-1]:.2f} s", flush=True)
    return {
        "at_once": systems,
        "seconds": round(statistics.median(ready_s), 3),
        "clusters_per_hour": round(systems * 3600 / statistics.median(round_s)),
    }


def rows(steps: Sequence[Step], *, began_s: float) -> list[dict[str, Any]]:
    """The steps by their beginning: ``what``, ``pod`` (empty: of the whole system), ``begin_s`` and ``end_s`` since
    ``began_s``, and whether it is on the ``critical_path``."""
    critical = critical_path(steps)
    return [
        {
            "what": step.what,
            "pod": step.pod,
            "begin_s": round(step.begin_s - began_s, 3),
            "end_s": round(step.end_s - began_s, 3),
            "critical_path": step in critical,
        }
        for step in sorted(steps, key=lambda step: step.begin_s)
    ]


def step_table(steps: Sequence[dict[str, Any]]) -> str:
    """The rows as text, one a line."""
    lines = [f"{'from':>7}{'to':>8}{'lasts':>8}   {'pod':10}step"]
    for one in steps:
        mark = "*" if one["critical_path"] else " "
        lasts_s = one["end_s"] - one["begin_s"]
        lines.append(f"{one['begin_s']:6.2f}s{one['end_s']:7.2f}s{lasts_s:7.2f}s {mark} {one['pod']:10}{one['what']}")
    return "\n".join(lines)


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
