"""The suite file of ``meshbench nightly``: which scenarios, under which topologies and meshes, how often, how long.

A mistake is one line with the file, the key, and what may stand there, as in a scenario.
"""

from __future__ import annotations

import difflib
import json
import os
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator

from cluster.duration import parse_duration
from cluster.errors import ConfigurationError
from cluster.topologies.lookup import kinds
from reports.trends.metrics import METRICS
from scenarios.schema.duration import PositiveDuration
from scenarios.schema.mesh import mesh_words
from scenarios.schema.read import Origin, explained
from scenarios.schema.section import MisfitError, Section, UnknownWordError, not_one_of
from scenarios.schema.told import brief
from scenarios.schema.yaml_lines import load

SUITES = Path(__file__).parents[1] / "suites"


def _of(words: list[str], known: list[str], what: str) -> list[str]:
    for word in words:
        if word not in known:
            raise UnknownWordError(not_one_of(word, known, what=what))
        if words.count(word) > 1:
            raise UnknownWordError(f"{word} is there twice; keep one")
    return words


Topologies = Annotated[
    list[str], AfterValidator(lambda words: _of(words, list(kinds()), "topology")), Field(min_length=1)
]
Meshes = Annotated[list[str], AfterValidator(lambda words: _of(words, mesh_words(), "mesh")), Field(min_length=1)]


def _share(value: Any) -> Any:
    """``20%`` -> 0.2."""
    text = value.strip() if isinstance(value, str) else ""
    try:
        share = float(text.removesuffix("%")) / 100 if text.endswith("%") else None
    except ValueError:
        share = None
    if share is None or not 0 <= share <= 100:
        raise ValueError("expected a share of the median before, such as 20%")
    return share


class LeastSection(Section):
    """The smallest change of one metric that matters. relative: of the median before. absolute: in its own unit."""

    relative: Annotated[float, BeforeValidator(_share)] | None = None
    absolute: float | None = Field(default=None, ge=0)


def _least(value: Any) -> Any:
    return {"relative": value} if isinstance(value, str) else value


class CompareSection(Section):
    """How tonight is held against earlier nights. nights: so many of them at most; 0: not at all. rerun: trials of each
    side that are run again before something counts as worse; 0: none, and then nothing does."""

    nights: int = Field(default=14, ge=0, le=1000)
    rerun: int = Field(default=6, ge=0, le=100)
    least: dict[str, Annotated[LeastSection, BeforeValidator(_least)]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _known_metrics(self) -> CompareSection:
        for name in self.least:
            if name not in METRICS:
                raise MisfitError(("least", name), not_one_of(name, list(METRICS), what="metric"))
        return self


class SuiteScenario(Section):
    """scenario: a name of the catalogue, or a file, relative to the suite. set: as ``--set`` has it. topologies,
    meshes: in place of the suite's."""

    scenario: str = Field(min_length=1)
    set: dict[str, Any] = Field(default_factory=dict)
    topologies: Topologies | None = None
    meshes: Meshes | None = None

    def settings(self) -> list[str]:
        """``key=value`` words, as after ``--set``."""
        return [f"{key}={_as_word(value)}" for key, value in self.set.items()]


def _scenario(value: Any) -> Any:
    return {"scenario": value} if isinstance(value, str) else value


class Suite(Section):
    """topologies, meshes: of every scenario; None: each has its own. trials: of each cell. seed: of the first trials,
    then counting up. voids: so many void or broken trials are run again at most. budget: None: no limit."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=64)
    description: str = ""
    scenarios: list[Annotated[SuiteScenario, BeforeValidator(_scenario)]] = Field(min_length=1)
    topologies: Topologies | None = None
    meshes: Meshes | None = None
    trials: int = Field(default=3, ge=1, le=1000)
    seed: int = Field(default=1, ge=0, lt=2**62)
    budget: PositiveDuration | None = None
    voids: int = Field(default=10, ge=0, le=1000)
    compare: CompareSection = Field(default_factory=CompareSection)


def suites() -> dict[str, Path]:
    """Name -> file of every suite that comes with meshbench, sorted."""
    return {file.stem: file for file in sorted(SUITES.glob("*.yaml"))}


def suite_file(name_or_file: str) -> Path:
    """``smoke`` and ``smoke.yaml`` are those that come along, unless there is such a file here. Raises
    ConfigurationError."""
    if not name_or_file.strip():
        raise ConfigurationError(f"SUITE: is empty; give a file, or one that comes along: {', '.join(suites())}")
    file = Path(name_or_file)
    if os.path.isfile(file):  # noqa: PTH113  Path.is_file raises for a name that is too long
        return file
    named = suites().get(name_or_file.removesuffix(".yaml"))
    if named is None:
        near = difflib.get_close_matches(name_or_file.removesuffix(".yaml"), suites(), n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        what = "is a folder, not a file" if os.path.isdir(file) else "no such suite or file"  # noqa: PTH112  as above
        raise ConfigurationError(f"{brief(name_or_file)}: {what}; {hint}those that come along: {', '.join(suites())}")
    return named


def read_suite(file: Path, *, budget: str | None = None) -> Suite:
    """budget: of the command line, in place of the file's. Raises ConfigurationError with a line for every mistake."""
    document, lines = load(file)
    try:
        suite = Suite.model_validate(document)
    except ValidationError as error:
        origin = Origin(file=str(file), lines=lines, words={})
        problems = [explained(dict(one), origin, document=Suite) for one in error.errors()]
        raise ConfigurationError("\n".join(dict.fromkeys(problems))) from None
    if budget is None:
        return suite
    try:
        limit_s = parse_duration(budget)
    except ValueError as error:
        raise ConfigurationError(f"--budget {brief(budget)}: {error}") from None
    if not limit_s:
        raise ConfigurationError(f"--budget {brief(budget)}: expected more than 0")
    return suite.model_copy(update={"budget": limit_s})


def _as_word(value: Any) -> str:
    """A value as YAML reads it again; text that is no more than itself needs no quotes."""
    if not isinstance(value, str):
        return json.dumps(value, default=str)
    try:
        plain = yaml.safe_load(value) == value
    except yaml.YAMLError:
        plain = False
    return value if plain else json.dumps(value)
