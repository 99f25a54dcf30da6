"""Arguments of a user's own locustfile (``init_command_line_parser``), and what a scenario gives for them.

Locust itself logs what goes wrong in a listener and goes on, so that an argument named as one of Locust's would be
missing without a word; and it ends with argparse's usage where one is required.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, NoReturn

from locust import events
from locust.argument_parser import LocustArgumentParser, get_empty_argument_parser, setup_parser_arguments

from loadgen.errors import ConfigError
from loadgen.user_code.importing import broken, place
from loadgen.worker.events import add_option

#: What a scenario may give of Locust's own options; the others are meshbench's to set.
ALLOWED = frozenset({"tags", "exclude_tags", "host", "stop_timeout", "user_classes"})


class _MisuseError(Exception):
    """argparse's words, which it would print before it ends the process."""


class _Parser(LocustArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _MisuseError(message)

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        raise _MisuseError(message or f"ends the process with {status}")


def require_arguments(arguments: list[str], users: list[str], file: Path) -> None:
    """Raise ConfigError unless Locust, with the listeners of the user's file, takes these arguments, and none is an
    option that meshbench sets. users: the names of the classes of users that there are."""
    parser, locust_s = _parser(file)
    try:
        if ours := sorted(_given(arguments, file) & locust_s - ALLOWED):
            raise ConfigError(
                f"{_spelling(parser, ours[0])} is an option of Locust's or of meshbench's own, which the scenario "
                "decides; leave it out",
                key="load.arguments",
            )
        parsed = parser.parse_args(arguments)
    except ConfigError:
        raise
    except _MisuseError as misuse:
        raise ConfigError(_words(str(misuse), file), key="load.arguments") from None
    except (Exception, SystemExit) as error:  # noqa: BLE001  a type or an action of their own may raise anything
        raise ConfigError(broken(error, file), key="load.arguments") from None
    if unknown := [name for name in parsed.user_classes if name not in users]:
        raise ConfigError(
            f"{file} has no class of users {unknown[0]!r}; it has {', '.join(users)}", key="load.arguments"
        )


def _parser(file: Path) -> tuple[_Parser, frozenset[str]]:
    """A parser with everything that Locust, meshbench and the user's file take, and the names of what is not the
    user's. Raises ConfigError where a name is there twice."""
    parser = get_empty_argument_parser(default_config_files=[])
    parser.__class__ = _Parser
    setup_parser_arguments(parser)  # type: ignore[no-untyped-call]
    add_option(parser)
    known = [action.dest for action in parser._actions]
    for listener in list(events.init_command_line_parser._handlers):
        if listener is add_option:
            continue
        try:
            listener(parser=parser)
        except argparse.ArgumentError as clash:
            raise ConfigError(
                f"{place(clash, file)}: its own argument {clash.argument_name} is one of Locust's or of meshbench's; "
                "give it another name",
                key="workload",
            ) from None
        except (Exception, SystemExit) as error:  # noqa: BLE001  whatever a listener raises, Locust only logs it
            raise ConfigError(broken(error, file), key="workload") from None
    added = [action for action in parser._actions[len(known) :] if action.dest in known]
    if added:
        raise ConfigError(
            f"{file}: its own argument {'/'.join(added[0].option_strings)} is stored as {added[0].dest!r}, which is "
            "one of Locust's or of meshbench's; give it another name",
            key="workload",
        )
    return parser, frozenset(known)


def _given(arguments: list[str], file: Path) -> set[str]:
    """The names of what the arguments themselves say, defaults and environment apart."""
    parser, _ = _parser(file)
    for action in parser._actions:
        action.default, action.required = argparse.SUPPRESS, False
        if action.nargs == 0 and action.dest in ("help", "version"):  # which would print, and end the process
            action.__class__, action.const = argparse._StoreTrueAction, True
    found: Any = argparse.ArgumentParser.parse_known_args(parser, arguments)[0]
    return set(vars(found))


def _words(message: str, file: Path) -> str:
    """argparse's words in one line, with whose argument it is and where it would be given."""
    said = " ".join(message.removeprefix(": ").split())
    if "are required" in said:
        name = said.rpartition(":")[2].split(",")[0].strip()
        key = name.split("/")[-1].lstrip("-")
        return f"{file} needs its own argument {name}: load.arguments: {{{key}: …}}"
    return f"{file}: {said}"


def _spelling(parser: argparse.ArgumentParser, name: str) -> str:
    return next(("/".join(one.option_strings) or name for one in parser._actions if one.dest == name), name)
