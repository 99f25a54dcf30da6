"""``meshbench selftest faults``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from scenarios.cli.options import MACHINE, RUNS, folder
from scenarios.signals import at_once


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel=MACHINE)(selftest)


def _families(incomplete: str) -> Iterator[str]:
    from chaos.registry import FAULTS

    yield from dict.fromkeys(fault.family() for fault in FAULTS.values() if fault.family().startswith(incomplete))


def _faults(incomplete: str) -> Iterator[str]:
    from chaos.registry import FAULTS

    yield from (name for name in FAULTS if name.startswith(incomplete))


def selftest(
    *,
    what: Annotated[str, typer.Argument(metavar="faults", autocompletion=lambda: ["faults"])],
    family: Annotated[
        str | None, typer.Option(metavar="FAMILY", help="only the faults of one family", autocompletion=_families)
    ] = None,
    fault: Annotated[str | None, typer.Option(metavar="NAME", help="only this one", autocompletion=_faults)] = None,
    runs: Annotated[
        Path, typer.Option("--runs", metavar="DIR", help="writes DIR/selftest/faults.json", parser=folder)
    ] = RUNS,
) -> int:
    """every fault on live pods: does it bite, and is it gone afterwards?

    Exit code: 0 where every fault is bitten and clean or cannot be here, else 1.
    """
    with at_once():
        from scenarios.cli.selftest import try_faults

    return try_faults(what, family=family, fault=fault, runs=runs)
