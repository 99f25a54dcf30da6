"""Every option of the image's mysqld, by name and with its default, in whole runs of the command line.

Some dozens go into one run on a single pod, which must pass, or be void on a noisy machine. Where it is refused,
halves of them are tried until a single option is left, whose refusal must be one line. Nothing may break the harness.
``make nightly`` does all of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cluster.mysqld.option_names import canonical
from cluster.mysqld.option_rules import reserved
from cluster.mysqld.requested import known_options
from cluster.topology import Topology
from scenarios.cli.cli import main

pytestmark = [pytest.mark.engine, pytest.mark.nightly, pytest.mark.usefixtures("engine")]

OPTIONS_A_RUN = 60
SMALL = ("topology.kind=single", "topology.pods=1", "mesh=direct", "load.duration=6s", "load.rate=20")
#: Options of which the default itself cannot be written, or says something else on a running pod, and why.
REFUSED_WITH_DEFAULT: dict[str, str] = {}
Tried = Callable[[dict[str, str]], tuple[int, str]]


@pytest.fixture
def tried(run_dir: Path, capsys: pytest.CaptureFixture[str]) -> Tried:
    """Run with these options; returns the exit code and what was said."""

    def run(options: dict[str, str]) -> tuple[int, str]:
        settings = (*SMALL, f"mysql.config={json.dumps(options)}")
        words = [word for setting in settings for word in ("--set", setting)]
        capsys.readouterr()
        code = main(["run", "steady", *words, "--runs", str(run_dir)])
        return code, capsys.readouterr().err

    return run


def refused(options: dict[str, str], tried: Tried) -> Iterator[tuple[str, str]]:
    """(option, what was said) of each that is refused; asserts that nothing else goes wrong."""
    code, said = tried(options)
    assert code in (0, 2, 3), (code, options, said[-2000:])
    if code == 2 and len(options) == 1:
        yield next(iter(options)), said
    elif code == 2:
        names = list(options)
        for half in (names[: len(names) // 2], names[len(names) // 2 :]):
            yield from refused({name: options[name] for name in half}, tried)


def test_every_option_with_its_default_is_taken_or_refused_in_one_line(tried: Tried) -> None:
    known = known_options(Topology(kind="single", pods=1))
    defaults = {
        name: value
        for name, value in known.items()
        if value != "(No default value)" and not reserved(canonical(name), value)
    }
    assert len(defaults) > 500
    found = dict[str, str]()
    names = sorted(defaults)
    for begin in range(0, len(names), OPTIONS_A_RUN):
        for name, said in refused({name: defaults[name] for name in names[begin : begin + OPTIONS_A_RUN]}, tried):
            assert "Traceback" not in said
            found[name] = [line for line in said.splitlines() if line.startswith("meshbench: ")][-1]
    assert found.keys() == REFUSED_WITH_DEFAULT.keys(), found
