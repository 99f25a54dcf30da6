"""Fresh trials of A's and of B's configuration in turns: a machine that is slower now is slower for both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from cluster.errors import ConfigurationError, HarnessError
from cluster.platform.platform import Platform
from history.manifest import Sentinel
from reports.text.units import duration
from reports.trends.comparison import OUTAGE, PairComparison
from reports.trends.confirmation import Fresh
from reports.trends.row import TrialRow, row_of
from scenarios.compare.checkouts import NoCheckoutError, checked_out, run_of
from scenarios.compare.configuration import Configuration, configuration_of
from scenarios.compare.gate import Again
from scenarios.run.needs import require_needs
from scenarios.run.run import require_images
from scenarios.run.versions import checkout
from scenarios.schema.read import read_scenario
from scenarios.trials.loop import Planned, Trials, say
from scenarios.user_code.pod import look

#: One trial of a configuration: its number, from 1, its seed, and how often it was tried before and one. None where
#: it was not judged.
OneTrial = Callable[[int, int, int], TrialRow | None]


class InTurns:
    """Runs pairs again; an object of it is a `scenarios.compare.gate.Rerun`."""

    def __init__(
        self, *, runs: Path, platform: Platform, trials: int, sentinel: Callable[[], Sentinel] | None = None
    ) -> None:
        """trials: of each side. sentinel: measured before each run, where there is one."""
        self._runs, self._platform, self._number, self._sentinel = runs, platform, trials, sentinel
        self._here = checkout()
        self._id = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")

    def __call__(self, pairs: Sequence[PairComparison]) -> Again:
        """Raises ConfigurationError where this machine lacks what a run needs, and KeyboardInterrupt."""
        fresh: dict[str, Fresh] = {}
        notes: list[str] = []
        with ExitStack() as code:
            trees: dict[str, Path] = {}
            for compared in pairs:
                found = self._pair(compared, trees, code, notes)
                if found is not None:
                    fresh[compared.pair.name] = found
        return Again(fresh, "; ".join(dict.fromkeys(notes)))

    def _pair(
        self, compared: PairComparison, trees: dict[str, Path], code: ExitStack, notes: list[str]
    ) -> Fresh | None:
        pair = compared.pair
        of_a, of_b = (configuration_of(rows[-1]) for rows in (pair.a, pair.b))
        run_b = self._side(of_b, compared, trees, code)
        if isinstance(run_b, str):
            notes.append(f"{pair.name}: B cannot be run again: {run_b}")
            return None
        run_a = "it is the same code and settings as B" if of_a == of_b else self._side(of_a, compared, trees, code)
        if isinstance(run_a, str):
            notes.append(f"{pair.name}: A was not run again: {run_a}")
        both = [run_b] if isinstance(run_a, str) else [run_a, run_b]
        seed = 1 + max((row.seed or 0 for row in (*pair.a, *pair.b)), default=0)
        say(f"compare: {pair.name} is run again, {self._number} trials of {'A and B in turns' if both[1:] else 'B'}")
        rows = self._in_turns(both, seed=seed)
        return Fresh(a=[] if isinstance(run_a, str) else rows[0], b=rows[-1])

    def _in_turns(self, sides: Sequence[OneTrial], *, seed: int) -> list[list[TrialRow]]:
        """The fresh trials of each side, void ones too. Who goes first changes with every round."""
        rows: list[list[TrialRow]] = [[] for _ in sides]
        repeats = self._number  # of void trials, so that a noisy machine has an end
        for number in range(1, self._number + 1):
            order = list(range(len(sides)))[:: 1 if number % 2 else -1]
            for side in order:
                row = sides[side](number, seed + number - 1, 1)
                if (row is None or not row.counts) and repeats:
                    repeats -= 1
                    rows[side] += [] if row is None else [row]
                    row = sides[side](number, seed + number - 1, 2)
                rows[side] += [] if row is None else [row]
        return rows

    def _side(
        self, wanted: Configuration | str, compared: PairComparison, trees: dict[str, Path], code: ExitStack
    ) -> OneTrial | str:
        """How to run one trial of a configuration; or why that cannot be done, in a line."""
        if isinstance(wanted, str):
            return wanted
        if wanted.commit is None or wanted.code == (self._here["commit"], bool(self._here["dirty"])):
            return self._of_this_code(wanted, cell=compared.pair.cell)
        if wanted.changed:
            return f"it is of commit {wanted.commit[:10]} with changes that were never committed"
        if wanted.commit not in trees:
            say(f"compare: checking out commit {wanted.commit[:10]}, and building its images …")
            try:
                trees[wanted.commit] = code.enter_context(checked_out(wanted.commit))
            except NoCheckoutError as error:
                return str(error)
        return self._of_other_code(trees[wanted.commit], wanted, scenario=compared.pair.scenario)

    def _of_this_code(self, wanted: Configuration, *, cell: str) -> OneTrial | str:
        try:
            scenario = read_scenario(wanted.name, settings=list(wanted.settings), look=look)
        except ConfigurationError as error:
            return " | ".join(str(error).splitlines())
        require_images(scenario, self._platform)
        require_needs(scenario, self._platform)
        trials = Trials(
            runs=self._runs,
            platform=self._platform,
            kind="compare",
            name=scenario.name,
            id=self._id,
            sentinel=self._sentinel,
        )

        def one_trial(number: int, seed: int, attempt: int) -> TrialRow | None:
            planned = Planned(
                scenario=scenario.with_seed(seed), name=wanted.name, number=number, settings=wanted.settings, cell=cell
            )
            trial = trials.run(planned, attempt)
            if trial.summary is None or trial.folder is None:
                say(f"compare: a trial was not judged: {trial.broke}")
                return None
            return self._told(row_of(trial.folder, runs=self._runs))

        return one_trial

    def _of_other_code(self, tree: Path, wanted: Configuration, *, scenario: str) -> OneTrial:
        def one_trial(number: int, seed: int, attempt: int) -> TrialRow | None:
            del number, attempt  # other code may be older than both
            try:
                folder = run_of(tree, wanted.words(seed), scenario=scenario, runs=self._runs)
            except HarnessError as error:
                say(f"compare: {error}")
                return None
            return self._told(row_of(folder, runs=self._runs))

        return one_trial

    def _told(self, row: TrialRow) -> TrialRow:
        say(f"compare: {row.verdict}, write outage {duration(row.numbers.get(OUTAGE))}: {row.folder}")
        return row
