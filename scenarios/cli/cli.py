"""The command line: ``meshbench run | judge | list | faults | selftest | matrix | worker | up | status | down | doctor
| gc``.

Exit codes: 0 pass, 1 a gate failed, 2 usage or configuration error, 3 void, 4 harness error; interrupted: 130 by
Ctrl-C, 143 by SIGTERM, 129 by SIGHUP, 141 as the reader of a pipe went away. A verdict that could not be printed has
its own code.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import json
import logging
import sys
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

from chaos.registry import FAULTS
from cluster.errors import ConfigurationError, HarnessError
from cluster.mysqld import option_file
from cluster.platform import ownership
from cluster.platform.docker_engine import require_engine
from cluster.platform.docker_platform import DockerPlatform
from history.json_files import HistoryError
from loadgen.errors import ConfigError
from reports.formats.console import print_table
from reports.matrix.console import print_matrix
from reports.summary_types import Summary
from reports.text.visible import visible
from scenarios.cli import faults as fault_table
from scenarios.cli import listing, selftest
from scenarios.cli.doctor import examine
from scenarios.cli.worker import work
from scenarios.last_resort import FOREIGN_ERRORS, foreign
from scenarios.load.remote_workers import elsewhere
from scenarios.matrix.matrix import Matrix
from scenarios.matrix.plan import plan
from scenarios.outlet import settle
from scenarios.progress import Progress
from scenarios.run.judging import judged_again
from scenarios.run.needs import require_needs
from scenarios.run.run import Run, require_images
from scenarios.run.run_folder import CWD_IS_GONE
from scenarios.schema.read import catalogue, read_gates, read_scenario
from scenarios.schema.scenario import Scenario
from scenarios.signals import exit_code, interruptible, undisturbed
from scenarios.standing import standing
from scenarios.standing import verbs as standing_verbs
from scenarios.user_code.pod import look

PASS, FAIL, USAGE, VOID, BROKE = 0, 1, 2, 3, 4
_EXIT_OF = {"pass": PASS, "fail": FAIL, "void": VOID}
#: No space, no quota, read-only, not allowed, not a folder, gone: the place is wrong, and no gate or harness.
_OF_THE_PLACE = frozenset(
    (
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EROFS,
        errno.EACCES,
        errno.EPERM,
        errno.ENOTDIR,
        errno.EISDIR,
        errno.ENOENT,
        errno.EFBIG,
        errno.ENAMETOOLONG,
        errno.ELOOP,
    )
)

log = logging.getLogger("meshbench")


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse, do, and say in one line what went wrong."""
    settle()
    words = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args(words)
    try:
        code = int(options.do(options, words))
        sys.stdout.flush()
        return code
    except (ConfigurationError, ConfigError) as error:
        _say(f"meshbench: {error}", keep="\n")  # a line for each mistake
        return USAGE
    except HistoryError as error:
        _say(f"meshbench: {error}")
        return USAGE
    except HarnessError as error:
        _say(f"meshbench: harness error, run not judged: {error}")
        return BROKE
    except FOREIGN_ERRORS as error:
        _say(f"meshbench: {foreign(error)}")
        return BROKE
    except OSError as error:
        _say(f"meshbench: {_unreadable(error)}")
        return USAGE if error.errno in _OF_THE_PLACE else BROKE
    except KeyboardInterrupt as ended:
        # nothing, unless it came just as a run began to remove its containers
        with undisturbed(), contextlib.suppress(*FOREIGN_ERRORS, OSError):
            ownership.remove_own()
        print("meshbench: interrupted; everything of this run has been removed", file=sys.stderr)
        return exit_code(ended)
    except Exception as bug:  # noqa: BLE001  exit code 1 means that a gate failed, so a bug must not end with it
        _say(traceback.format_exc(), keep="\n")
        _say(f"meshbench: internal error (please report), run not judged: {bug!r}")
        return BROKE


def _unreadable(error: OSError) -> str:
    """What cannot be read or written; a folder that is gone from below us is an error without a path."""
    try:
        Path.cwd()
    except FileNotFoundError:
        return CWD_IS_GONE
    return f"cannot read or write: {error}"


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, as every other mistake is told."""

    def error(self, message: str) -> NoReturn:
        _say(f"meshbench: {message}; see `{self.prog} --help`")
        self.exit(USAGE)


def _say(text: str, *, keep: str = "") -> None:
    """Tell the user; control characters in texts of files and the engine do nothing to the terminal."""
    print(visible(text, keep=keep), file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="meshbench",
        description="What happens to money and to latency when a replicated MySQL behind a mesh proxy loses a part.",
        epilog="Exit codes: 0 pass, 1 a gate failed, 2 usage or configuration error, 3 void, 4 harness error; "
        "interrupted: 129 (the terminal closed), 130 (Ctrl-C), 141 (the reader of a pipe went away), 143 (SIGTERM).",
    )
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    run = verbs.add_parser("run", help="run a scenario and judge it")
    run.add_argument("scenario", help="a name from `meshbench list`, or a YAML file")
    run.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="override one key, load.rate=500; repeatable",
    )
    run.add_argument("--seed", type=int, help="decides arrivals, operations and the exact moment of faults")
    run.add_argument("--live", action="store_true", help="Locust's web page while it runs, on 127.0.0.1 only")
    run.add_argument(
        "--remote-workers", type=int, default=0, metavar="N", help="how many of load.workers join from other machines"
    )
    run.add_argument("--bind", metavar="ADDRESS[:PORT]", help="address of this machine where they connect (port 5557)")
    run.add_argument(
        "--runs", type=Path, default=Path("runs"), metavar="DIR", help="where to keep run folders (default ./runs)"
    )
    run.set_defaults(do=_run)

    again = verbs.add_parser("judge", help="judge a run folder again, offline, without Docker")
    again.add_argument("folder", type=Path, help="a run folder, such as runs/latest")
    again.add_argument("--out", type=Path, metavar="DIR", help="write the reports there; not into a sealed run")
    again.add_argument("--unsealed", action="store_true", help="judge it even if it was changed after the run")
    again.add_argument(
        "--set", action="append", default=[], metavar="gates.KEY=VALUE", help="a second opinion, with another gate"
    )
    again.set_defaults(do=_judge)

    matrix = verbs.add_parser(
        "matrix", help="run a scenario under every topology and mesh, and compare them on one page"
    )
    matrix.add_argument("scenario", help="a name from `meshbench list`, or a YAML file")
    matrix.add_argument("--topology", required=True, type=_words, metavar="A,B,…", help="such as async,semisync,group")
    matrix.add_argument("--mesh", required=True, type=_words, metavar="A,B,…", help="such as direct,envoy")
    matrix.add_argument("--trials", type=int, default=1, metavar="N", help="trials per combination, default 1")
    matrix.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="as for run, in every cell")
    matrix.add_argument("--seed", type=int, help="seed of trial 1 of every combination; trial 2 gets the next")
    matrix.add_argument(
        "--runs", type=Path, default=Path("runs"), metavar="DIR", help="where to keep everything (default ./runs)"
    )
    matrix.set_defaults(do=_matrix)

    worker = verbs.add_parser("worker", help="be a load worker of a run on another machine")
    worker.add_argument("place", metavar="ADDRESS[:PORT]", help="the address that run was given as --bind")
    worker.set_defaults(do=_worker)

    verbs.add_parser("list", help="the scenarios of the catalogue, their gates, and how each should end").set_defaults(
        do=_list
    )
    faults = verbs.add_parser("faults", help="every fault and planned change, its keys, and where it fits")
    form = faults.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="for programs; schema in reports/faults.schema.json")
    form.add_argument("--markdown", action="store_true", help="as docs/faults.md")
    faults.set_defaults(do=_faults)
    selftest.add_to(verbs)
    standing_verbs.add_verbs(verbs)
    verbs.add_parser("doctor", help="what this machine has, and what it lacks").set_defaults(do=_doctor)
    gc = verbs.add_parser("gc", help="remove what dead runs have left")
    gc.add_argument("runs", nargs="*", metavar="RUN", help="also remove this run, whoever owns it; an id shown by gc")
    gc.set_defaults(do=_gc)
    return parser


def _run(options: argparse.Namespace, words: list[str]) -> int:
    scenario = read_scenario(options.scenario, settings=options.set, seed=options.seed, look=look)
    platform = DockerPlatform()
    require_images(scenario, platform)
    require_needs(scenario, platform)
    others = elsewhere(scenario, workers=options.remote_workers, bind=options.bind)
    progress = Progress(duration_s=scenario.load.duration)
    log.setLevel(logging.INFO)
    log.addHandler(progress)
    try:
        with interruptible():
            for told in brought_along(scenario):
                log.info("%s", told)
            for gone in ownership.reap():
                log.info("left by a dead run, removed: %s", gone)
            log.info("%s: %s", scenario.name, scenario.description)
            for said in scenario.notices():
                log.info("%s", said)
            run = Run(
                scenario,
                platform=platform,
                runs=options.runs,
                command=["meshbench", *words],
                live=options.live,
                elsewhere=others,
            )
            summary = _executed(run, progress)
    finally:
        log.removeHandler(progress)
    print_table(summary, folder=run.folder)
    return _EXIT_OF[summary["verdict"]]


def brought_along(scenario: Scenario) -> Iterator[str]:
    """What of the user's files goes into the pods, a line each."""
    if scenario.workload.folder is not None:
        yield scenario.workload.folder.told()
    if (cnf := scenario.mysql.my_cnf) is not None and (included := option_file.read(cnf).files[1:]):
        yield f"{cnf.name} brings along: {', '.join(map(str, included))}"


def _executed(run: Run, progress: Progress) -> Summary:
    """The summary of a run; what goes wrong names its folder."""
    try:
        return run.execute(progress.second)
    except HarnessError as error:
        raise HarnessError(f"{error} (logs of every container: {run.folder / 'logs'})") from error
    except OSError as error:
        if error.errno not in _OF_THE_PLACE:
            raise
        raise ConfigurationError(
            f"the run folder cannot be written: {error}; the run has ended, what it had recorded until then is in "
            f"{run.folder}"
        ) from error


def _worker(options: argparse.Namespace, _: list[str]) -> int:
    progress = Progress()
    log.setLevel(logging.INFO)
    log.addHandler(progress)
    try:
        with interruptible("interrupted: ending this worker …"):
            return work(options.place, progress)
    except KeyboardInterrupt as ended:
        print("meshbench: this worker has stopped; a run that it had joined goes on without it", file=sys.stderr)
        return exit_code(ended)
    finally:
        log.removeHandler(progress)


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",")]


def _matrix(options: argparse.Namespace, words: list[str]) -> int:
    """Exit code: of the worst cell. 1 one failed a gate, 4 one only broke, 3 one has only void trials, 0 all passed.

    A cell that is not applicable has no say. After Ctrl-C, SIGTERM and the like as for run, whatever was found until
    then.
    """
    planned = plan(
        options.scenario,
        topologies=options.topology,
        meshes=options.mesh,
        settings=options.set,
        trials=options.trials,
        seed=options.seed,
        look=look,
    )
    matrix = Matrix(planned, name=options.scenario, runs=options.runs, command=["meshbench", *words])
    with interruptible():
        ownership.reap()
        content = matrix.execute()
    print_matrix(content, folder=matrix.folder)
    if matrix.interrupted is not None:
        raise matrix.interrupted
    return {**_EXIT_OF, "broken": BROKE}[content["verdict"]]


def _judge(options: argparse.Namespace, _: list[str]) -> int:
    gates = read_gates(options.set)
    summary = judged_again(options.folder, out=options.out, unsealed=options.unsealed, gates=gates)
    print_table(summary, folder=options.out)
    return _EXIT_OF[summary["verdict"]]


def _list(*_: object) -> int:
    for name in catalogue():
        print("\n".join(listing.lines(read_scenario(name))))
    return PASS


def _faults(options: argparse.Namespace, _: list[str]) -> int:
    if options.json:
        print(json.dumps(fault_table.table(unmet_needs=fault_table.unmet_here()), indent=2))
    elif options.markdown:
        print(fault_table.page(), end="")
    else:
        needs = fault_table.unmet_here()
        print("\n".join(line for fault in FAULTS.values() for line in fault_table.lines(fault, unmet_needs=needs)))
    return PASS


def _doctor(*_: object) -> int:
    findings = examine()
    for one in findings:
        print(f"{one.state:10}{one.what:16}{one.found}" + (f"\n{'':10}{'':16}-> {one.fix}" if one.fix else ""))
    return USAGE if any(one.state == "missing" for one in findings) else PASS


def _gc(options: argparse.Namespace, _: list[str]) -> int:
    require_engine()
    up = {one.run_id: one.name for one in standing.find()}
    for run_id in options.runs:
        if run_id in up:
            raise ConfigurationError(
                f"gc {run_id}: this is cluster {up[run_id]}; `meshbench down {up[run_id]}` removes it"
            )
    gone = ownership.reap()
    for run_id in options.runs:
        gone += ownership.remove(run_id) or _nothing_of(run_id, gone)
    for one in gone:
        print(f"removed {one}")
    live, unknown = ownership.live_runs(), ownership.without_keeper()
    living = sorted(f"cluster {up[run_id]}" if run_id in up else f"run {run_id}" for run_id in live - unknown)
    print(f"{len(gone)} removed" + (f"; in use and left alone: {', '.join(living)}" if living else ""))
    for run_id in sorted(live & unknown):
        print(
            f"left alone: run {run_id}, of an older version: whether its owner lives cannot be seen from here; "
            f"`meshbench gc {run_id}` removes it"
        )
    return PASS


def _nothing_of(run_id: str, gone: list[str]) -> list[str]:
    """Raise ConfigurationError unless the run was removed a moment ago, as one whose owner is dead."""
    if not any(run_id in one for one in gone):
        raise ConfigurationError(
            f"gc {run_id}: nothing on this engine is of such a run; `meshbench gc` shows which are"
        )
    return []


if __name__ == "__main__":
    sys.exit(main())
