"""``meshbench verify``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scenarios.cli.exit_codes import FAIL, PASS
from scenarios.cli.options import CERTIFY
from scenarios.signals import at_once


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel=CERTIFY)(verify)


def verify(
    *,
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="the zip file that `meshbench certify` wrote")],
    key: Annotated[
        Path | None, typer.Option("--key", metavar="PUB", help="public key (PEM) of whoever must have signed it")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="for programs; schema in reports/verification.schema.json")
    ] = False,
) -> int:
    """check a certificate: every byte, trial and number, without Docker and without a network

    Exit code: 0 where the document is sound, whatever it certifies or refuses; 1 where it is not; 2 where the file is
    no certificate.
    """
    with at_once():
        import json

        from reports.certificate.verification import lines
        from reports.schema import validate
        from reports.text.visible import visible
        from scenarios.certify.keys import public_key
        from scenarios.certify.verify import verify as verified
        from scenarios.signals import interruptible

    with interruptible("interrupted: removing what was unpacked …"):
        found = verified(bundle, key=None if key is None else public_key(key))
    validate(found, "verification")
    if as_json:
        print(json.dumps(found, indent=2, allow_nan=False))
    else:
        print("\n".join(visible(line) for line in lines(found)))
    return PASS if found["verdict"] == "sound" else FAIL
