"""``meshbench certify``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scenarios.cli.exit_codes import FAIL, PASS
from scenarios.cli.options import CERTIFY, RUNS, Runs
from scenarios.signals import at_once


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel=CERTIFY)(certify)


def certify(
    *,
    plan: Annotated[Path, typer.Argument(metavar="PLAN.yaml", help="what is claimed, of which systems")],
    plan_only: Annotated[bool, typer.Option("--plan-only", help="show what would be done, and start nothing")] = False,
    new: Annotated[bool, typer.Option("--new", help="begin anew, also where a certificate has not ended")] = False,
    key: Annotated[Path | None, typer.Option(metavar="FILE", help="private key (Ed25519, PEM) to sign with")] = None,
    runs: Runs = RUNS,
) -> int:
    """run trials by a plan fixed before the first, until its claims are certified or refused

    Writes runs/certificates/NAME-TIME/ and, once it is decided, the bundle NAME-TIME.zip for `meshbench verify`. What
    was interrupted or killed goes on where it was. Exit code: 0 certified, 1 refused or incomplete.
    """
    with at_once():
        from reports.certificate.console import certificate_lines, plan_lines
        from scenarios.certify.certify import certified
        from scenarios.certify.keys import private_key
        from scenarios.certify.plan_file import read_plan
        from scenarios.user_code.pod import look

    resolved = read_plan(plan, look=None if plan_only else look)
    if key is not None:
        private_key(key)  # raises before anything starts
    print("\n".join(plan_lines(resolved.plan, trial_s=resolved.trial_s)), flush=True)
    if plan_only:
        return PASS
    certificate, folder, bundle = certified(resolved, file=plan, runs=runs, new=new, key=key)
    print("\n".join(certificate_lines(certificate)))
    print(f"  {folder if bundle is None else bundle}")
    return PASS if certificate["verdict"] == "certified" else FAIL
