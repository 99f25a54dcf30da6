"""The command line, ``meshbench VERB …``: a file a verb (or a small family) in ``scenarios/cli/verbs/``.

A new verb is one file there, and one line in `VERBS` below. The file declares the words and calls what does the work::

    def register(app: typer.Typer) -> None:
        app.command(rich_help_panel=JUDGE)(judge)


    def judge(context: typer.Context, *, folder: RunFolder, out: Annotated[Path | None, typer.Option(…)] = None) -> int:
        '''judge a run folder again, offline, without Docker'''  # the first line stands in `meshbench --help`
        with at_once():
            from scenarios.run.judging import judged_again

        return EXIT_OF[judged_again(folder, out=out)["verdict"]]

- It returns the exit code. What is wrong is raised: a ConfigurationError or HistoryError is told in one line, code 2.
- Its head imports typer and `scenarios.cli.options` (groups, shared options) and nothing slow: every verb's file is
  read for each ``--help`` and each Tab. The work's modules are imported in the verb, under `at_once`: there Ctrl-C
  ends the process without a traceback. The work itself is elsewhere: a test patches it where it is defined.
- ``autocompletion=`` of a Typer option takes a function of the word begun so far; without one a shell completes paths.
- `scenarios.cli.options.command` gives the words of the whole command, for a record.

Exit codes: 0 pass, 1 a gate failed, 2 usage or configuration error, 3 void, 4 harness error; interrupted: 130 by
Ctrl-C, 143 by SIGTERM, 129 by SIGHUP, 141 as the reader of a pipe went away. A verdict that could not be printed has
its own code.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from importlib import import_module

import typer
from typer.completion import get_completion_inspect_parameters, shell_complete
from typer.exceptions import TyperException

from reports.text.visible import visible
from scenarios.cli.exit_codes import USAGE
from scenarios.cli.grouped import Verbs
from scenarios.outlet import settle
from scenarios.signals import exit_code, undisturbed

#: Files in ``scenarios/cli/verbs/``, in the order of the help within each group.
VERBS = (
    "run",
    "matrix",
    "capacity",
    "nightly",
    "worker",
    "judge",
    "compare",
    "certify",
    "verify",
    "selftest",
    "standing",
    "look",
    "history",
    "serve",
    "trace",
    "machine",
)
NAME, COMPLETE = "meshbench", "_MESHBENCH_COMPLETE"
EPILOG = (
    "Exit codes: 0 pass, 1 a gate failed, 2 usage or configuration error, 3 void, 4 harness error; interrupted: "
    "129 (the terminal closed), 130 (Ctrl-C), 141 (the reader of a pipe went away), 143 (SIGTERM)."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse, do, and say in one line what went wrong."""
    settle()
    words = list(sys.argv[1:] if arguments is None else arguments)
    verbs = typer.main.get_command(application())
    if instruction := os.environ.get(COMPLETE):
        return completed(instruction)
    try:
        with verbs.make_context(NAME, list(words), obj=words) as context:
            code = int(verbs.invoke(context))
        sys.stdout.flush()
        return code
    except typer.Exit as done:  # --help
        return done.exit_code
    except TyperException as mistake:
        print(f"meshbench: {visible(_in_one_line(mistake, words))}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt as ended:
        from scenarios.cli.mistakes import remove_own

        with undisturbed():
            remove_own()
        print("meshbench: interrupted; everything of this run has been removed", file=sys.stderr)
        return exit_code(ended)
    except Exception as error:  # noqa: BLE001  exit code 1 means that a gate failed, so a bug must not end with it
        from scenarios.cli.mistakes import ended_by

        return ended_by(error)


def application() -> typer.Typer:
    """Every verb with its words."""
    app = typer.Typer(
        cls=Verbs,
        name=NAME,
        help="What happens to money and to latency when a replicated MySQL behind a mesh proxy loses a part.",
        epilog=EPILOG,
        subcommand_metavar="VERB …",
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
        add_completion=False,
        rich_markup_mode=None,
    )
    app.callback()(lambda: None)
    for name in VERBS:
        import_module(f"scenarios.cli.verbs.{name}").register(app)
    return app


def completed(instruction: str) -> int:
    """What a shell asks for at each Tab (``complete_bash``), or its script (``source_bash``); printed."""
    get_completion_inspect_parameters()  # makes typer's shells known
    with contextlib.suppress(BrokenPipeError):
        return shell_complete(typer.main.get_command(application()), {}, NAME, COMPLETE, instruction)
    return 0


def _in_one_line(mistake: TyperException, words: Sequence[str]) -> str:
    """``run: missing argument 'SCENARIO'; see `meshbench run --help```."""
    context = getattr(mistake, "ctx", None)  # none of a value that is missing: the verb is the first word then
    verb = context.command_path.removeprefix(NAME).strip() if context else words[0]
    said = " ".join((_of_a_value(mistake) or mistake.format_message()).split()).rstrip(".")
    return f"{f'{verb}: ' if verb else ''}{said[:1].lower()}{said[1:]}; see `{f'{NAME} {verb}'.strip()} --help`"


def _of_a_value(mistake: TyperException) -> str | None:
    """In the words of a scenario's mistakes, where the value of an option is none that its type allows; else None."""
    option, cause = getattr(mistake, "param", None), mistake.__cause__
    if option is None or cause is None:
        return None
    from pydantic import ValidationError  # which typer has imported to find out

    from scenarios.schema.read import EXPECTED
    from scenarios.schema.told import brief

    if not isinstance(cause, ValidationError) or (error := cause.errors()[0])["type"] not in EXPECTED:
        return None
    expected = EXPECTED[error["type"]].format(**error.get("ctx", {}))
    return f"{option.opts[-1]} {brief(str(error['input']))}: expected {expected}"


if __name__ == "__main__":
    sys.exit(main())
