"""``meshbench doctor``, ``gc`` and ``completion``: of this machine, and of nobody's run."""

from __future__ import annotations

from typing import Annotated

import typer

from scenarios.cli.exit_codes import PASS, USAGE
from scenarios.cli.options import MACHINE
from scenarios.signals import at_once

SHELLS = ("bash", "zsh", "fish")


def register(app: typer.Typer) -> None:
    for verb in (doctor, gc, completion):
        app.command(rich_help_panel=MACHINE)(verb)


def doctor() -> int:
    """what this machine has, and what it lacks"""
    with at_once():
        from scenarios.cli.doctor import examine

    findings = examine()
    for one in findings:
        print(f"{one.state:10}{one.what:16}{one.found}" + (f"\n{'':10}{'':16}-> {one.fix}" if one.fix else ""))
    return USAGE if any(one.state == "missing" for one in findings) else PASS


def gc(
    *,
    runs: Annotated[
        list[str] | None,
        typer.Argument(metavar="[RUN …]", help="also remove this run, whoever owns it; an id shown by gc"),
    ] = None,
) -> int:
    """remove what dead runs have left"""
    with at_once():
        from scenarios.cli.leftovers import remove

    return remove(runs or [])


def completion(
    *,
    shell: Annotated[
        str, typer.Argument(metavar="SHELL", help="bash, zsh or fish", autocompletion=lambda: list(SHELLS))
    ],
) -> int:
    """print what lets a shell complete verbs, options and scenarios with Tab

    bash: `source <(meshbench completion bash)` in ~/.bashrc; zsh: the same with zsh in ~/.zshrc, after compinit;
    fish: `meshbench completion fish | source` in ~/.config/fish/config.fish.
    """
    from scenarios.cli.cli import completed

    if shell not in SHELLS:
        raise typer.BadParameter(
            f"expected {', '.join(SHELLS[:-1])} or {SHELLS[-1]}, got {shell!r}", param_hint="SHELL"
        )
    return completed(f"source_{shell}")
