"""What several verbs have in common: groups of the help, options, and what completes in a shell.

Nothing here, and nothing in a verb's own file, imports a library at once but typer: see `scenarios.cli.cli`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

#: The groups of ``meshbench --help``, in its order.
RUN, JUDGE, CERTIFY, LOOK, MACHINE = GROUPS = ("Run", "Judge and compare", "Certify", "Look", "Machine")


def scenario_names(incomplete: str) -> Iterator[str]:
    """Those of the catalogue that begin so. Where none does the shell goes on with the names of files."""
    files = sorted((Path(__file__).parents[1] / "catalogue").glob("*.yaml"))
    yield from (file.stem for file in files if file.stem.startswith(incomplete))


def topology_words(incomplete: str) -> Iterator[str]:
    """Every way to replicate that begins so; of a list with commas the last word."""
    from cluster.topologies.lookup import kinds

    yield from _last_of_list(incomplete, kinds())


def mesh_words(incomplete: str) -> Iterator[str]:
    """Every mesh that begins so; of a list with commas the last word."""
    from scenarios.schema.mesh import mesh_words as words

    yield from _last_of_list(incomplete, words())


def _last_of_list(incomplete: str, words: tuple[str, ...] | list[str]) -> Iterator[str]:
    done, comma, begun = incomplete.rpartition(",")
    yield from (done + comma + word for word in words if word.startswith(begun))


def folder(text: str | Path) -> Path:
    """A path, but not an empty one, as an unset variable is: that would be the current folder. Raises BadParameter."""
    if not str(text):
        raise typer.BadParameter("is empty; give a folder, or leave it out")
    return Path(text)


ScenarioName = Annotated[
    str,
    typer.Argument(
        metavar="SCENARIO", help="a name from `meshbench list`, or a YAML file", autocompletion=scenario_names
    ),
]
RunFolder = Annotated[Path, typer.Argument(metavar="FOLDER", help="a run folder, such as runs/latest")]
Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="override one key, load.rate=500; repeatable")
]
Seed = Annotated[
    int | None,
    typer.Option("--seed", metavar="N", help="decides arrivals, operations and the exact moment of faults"),
]
Metrics = Annotated[
    str | None,
    typer.Option("--metrics", metavar="ADDRESS:PORT", help="tell Prometheus there what goes on, 127.0.0.1:9464"),
]
Runs = Annotated[Path, typer.Option("--runs", metavar="DIR", help="where to keep run folders", parser=folder)]
RunsRead = Annotated[Path, typer.Option("--runs", metavar="DIR", help="where run folders are", parser=folder)]
#: The default of both.
RUNS = Path("runs")


def command(context: typer.Context) -> list[str]:
    """The whole command as it was given, for a record of how to do it again: ``meshbench run primary-kill``."""
    return ["meshbench", *context.obj]
