"""``meshbench list`` and ``faults``: what there is to run, and to break."""

from __future__ import annotations

from typing import Annotated

import typer

from scenarios.cli.exit_codes import PASS
from scenarios.cli.options import LOOK
from scenarios.signals import at_once


def register(app: typer.Typer) -> None:
    app.command("list", rich_help_panel=LOOK)(list_scenarios)
    app.command(rich_help_panel=LOOK)(faults)


def list_scenarios() -> int:
    """the scenarios of the catalogue, their gates, and how each should end"""
    with at_once():
        from scenarios.cli import listing
        from scenarios.schema.read import catalogue, read_scenario

    for name in catalogue():
        print("\n".join(listing.lines(read_scenario(name))))
    return PASS


def faults(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="for programs; schema in reports/faults.schema.json")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="as docs/faults.md")] = False,
) -> int:
    """every fault and planned change, its keys, and where it fits"""
    if as_json and markdown:
        raise typer.BadParameter("not with --json; choose one", param_hint="--markdown")
    with at_once():
        import json

        from chaos.registry import FAULTS
        from scenarios.cli import faults as fault_table

    if as_json:
        print(json.dumps(fault_table.table(unmet_needs=fault_table.unmet_here()), indent=2))
    elif markdown:
        print(fault_table.page(), end="")
    else:
        needs = fault_table.unmet_here()
        print("\n".join(line for fault in FAULTS.values() for line in fault_table.lines(fault, unmet_needs=needs)))
    return PASS
