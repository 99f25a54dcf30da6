"""``meshbench doctor``: what this machine has for a run, each thing ok, degraded or missing, and how to fix it."""

from __future__ import annotations

import os
import platform
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cluster.errors import ConfigurationError, EngineError, HarnessError
from cluster.platform import images, ownership, reach
from cluster.platform.docker_engine import address, engine_facts
from scenarios.cli import package_updates
from scenarios.run.cpu_time import lacking

State = Literal["ok", "degraded", "missing"]

CORES, MEMORY_GIB, DISK_GIB = 2, 6, 5


@dataclass(frozen=True, kw_only=True)
class Finding:
    """fix: what to do about it; empty when ok."""

    what: str
    state: State
    found: str
    fix: str = ""


def examine() -> list[Finding]:
    """Look at everything once; what has to be started for that (a pod, to reach it) is removed again."""
    engine = _engine()
    findings = [engine, _cores(), _memory(), _disk(), _clock(), _kernel(), _noise()]
    if engine.state != "missing":
        found = _images()
        findings += [*found, _runs()]
        if images.image("base").present:
            findings.append(_reach())
        if all(one.state == "ok" for one in found):
            findings.append(_newer())
    return findings


def _engine() -> Finding:
    try:
        version = engine_facts()
    except (ConfigurationError, EngineError) as error:
        return Finding(what="engine", state="missing", found="none answers", fix=str(error))
    found = f"Docker Engine {version['Version']}, API {version['ApiVersion']}, {version['Os']}/{version['Arch']}"
    found += f", at {address().host} (from {address().configured})"
    if version["Arch"] != "amd64":
        return Finding(what="engine", state="degraded", found=found, fix="the images are built for amd64")
    return Finding(what="engine", state="ok", found=found)


def _enough(what: str, have: float, want: float, unit: str, fix: str) -> Finding:
    state: State = "ok" if have >= want else "degraded"
    return Finding(what=what, state=state, found=f"{have:g} {unit}", fix="" if state == "ok" else fix)


def _cores() -> Finding:
    return _enough("cores", os.cpu_count() or 1, CORES, "cores", f"{CORES} or more, else trials may be void")


def _memory() -> Finding:
    gib = round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1)
    return _enough("memory", gib, MEMORY_GIB, "GiB", f"a group of three needs {MEMORY_GIB} GiB or more")


def _disk() -> Finding:
    try:
        here = Path.cwd()
        with tempfile.TemporaryFile(dir=here) as trial:  # where ./runs will be
            trial.write(b"meshbench")
            trial.flush()
        gib = round(shutil.disk_usage(here).free / 2**30, 1)
    except FileNotFoundError:
        return Finding(what="disk", state="missing", found="this folder was deleted", fix="cd to an existing folder")
    except OSError as error:
        found = f"{here} cannot be written to: {error.strerror}"
        return Finding(what="disk", state="degraded", found=found, fix="choose where to keep runs: --runs DIR")
    return _enough("disk", gib, DISK_GIB, f"GiB free in {here}", f"images and runs need {DISK_GIB} GiB or more")


def _clock() -> Finding:
    resolution_us = time.get_clock_info("monotonic").resolution * 1e6
    source = Path("/sys/devices/system/clocksource/clocksource0/current_clocksource")
    name = source.read_text().strip() if source.exists() else "unknown"
    return _state_of_clock(name, resolution_us)


def _state_of_clock(name: str, resolution_us: float) -> Finding:
    found = f"{name}, resolution {resolution_us:g} us"
    if resolution_us > 1:
        return Finding(what="clock", state="degraded", found=found, fix="latencies are no finer than this")
    return Finding(what="clock", state="ok", found=found)


def _kernel() -> Finding:
    if platform.system() != "Linux":
        fix = "pods are reached by address and share the host's clock: run meshbench on the engine's own Linux host"
        return Finding(what="kernel", state="missing", found=platform.system(), fix=fix)
    freezers = (Path("/sys/fs/cgroup/freezer"), Path("/sys/fs/cgroup/cgroup.controllers"))
    checks: dict[str, Callable[[], bool]] = {
        "freezer (fault pause)": lambda: any(one.exists() for one in freezers),
        "iptables (fault partition)": lambda: Path("/proc/net/ip_tables_names").exists() or _has_nf_tables(),
    }
    lacking = [name for name, there in checks.items() if not there()]
    found = f"Linux {platform.release()}"
    if lacking:
        return Finding(what="kernel", state="degraded", found=found, fix=f"not found: {', '.join(lacking)}")
    return Finding(what="kernel", state="ok", found=f"{found}: freezer, iptables")


def _has_nf_tables() -> bool:
    return Path("/proc/sys/net/netfilter").exists()


def _noise() -> Finding:
    if lacks := lacking():
        fix = "runs here cannot be void because others had the CPU; look at `host` in summary.json yourself"
        return Finding(what="host noise", state="degraded", found=f"the kernel lacks {', '.join(lacks)}", fix=fix)
    return Finding(what="host noise", state="ok", found="pressure information and CPU time by cgroup are readable")


def _images() -> list[Finding]:
    return [
        Finding(what=f"image {one.name}", state="ok", found=one.tag)
        if one.present
        else Finding(what=f"image {one.name}", state="missing", found=one.tag, fix="run `make images`")
        for one in images.ALL
    ]


def _reach() -> Finding:
    """A real pod in a network of its own, as every run has: an engine that answers may have pods that do not."""
    run_id = f"doctor-{secrets.token_hex(4)}"
    began_s = time.monotonic()
    try:
        place = reach.try_once(run_id)
    except ConfigurationError as error:
        return Finding(what="pods", state="missing", found="one was started and cannot be reached", fix=str(error))
    except (HarnessError, EngineError) as error:
        return Finding(what="pods", state="missing", found="one could not be tried", fix=str(error))
    finally:
        ownership.remove(run_id)
    found = f"one was started, reached at {place} and is removed ({time.monotonic() - began_s:.1f} s)"
    return Finding(what="pods", state="ok", found=found)


def _newer() -> Finding:
    """What the registries offer beyond what the images were built of: the same tag would be another MySQL today."""
    found, silent = package_updates.look()
    unknown = f"whether there are newer ones of {', '.join(silent)} is not known" if silent else ""
    if not found:
        return Finding(what="versions", state="ok", found=unknown or "the images are up to date")
    told = f"newer versions are available: {', '.join(found)}" + (f"; {unknown}" if unknown else "")
    fix = "to upgrade: `make clean images`; runs from before and after are not comparable"
    return Finding(what="versions", state="degraded", found=told, fix=fix)


def _runs() -> Finding:
    runs = ownership.live_runs()
    return Finding(what="runs", state="ok", found=f"{len(runs)} under way or up" if runs else "none under way or up")
