"""``meshbench --help``: the verbs in groups, as plain text that is the same in a pipe; and a verb nobody knows."""

from __future__ import annotations

import difflib
from typing import Any

from typer.core import TyperGroup

from scenarios.cli.options import GROUPS


class Verbs(TyperGroup):
    """A verb's group is its ``rich_help_panel``."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002  as typer calls it
        width = max(map(len, self.commands))
        for group in GROUPS:
            verbs = {
                name: verb for name, verb in self.commands.items() if getattr(verb, "rich_help_panel", "") == group
            }
            if verbs:
                with formatter.section(group):
                    formatter.write_dl(
                        [(f"{name:{width}}", verb.get_short_help_str(200)) for name, verb in verbs.items()]
                    )

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        verb = args[0]
        if verb not in self.commands and not verb.startswith("-") and not ctx.resilient_parsing:
            near = difflib.get_close_matches(verb, self.commands, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"expected one of {', '.join(sorted(self.commands))}"
            ctx.fail(f"unknown verb {verb!r}; {hint}")
        return super().resolve_command(ctx, args)
