"""Every mistake in a fault's file is found when it is imported, in one line that names the file and the fact."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

import chaos.process
from chaos import noop, registry
from history.fields import DeclarationError

SOURCE = Path(noop.__file__).read_text().replace('"noop"', '"copied"')
TARGETS = "    targets = NODES\n"
numbers = itertools.count()


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of the family ``process`` that nobody has imported yet."""
    monkeypatch.setattr(chaos.process, "__path__", [*chaos.process.__path__, str(tmp_path)])
    return tmp_path / f"copied{next(numbers)}.py"


def test_the_file_that_is_copied_is_whole(module: Path) -> None:
    module.write_text(SOURCE)
    assert "copied" in registry.declared()


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (
            "default=1, at_least",
            "default=500, at_least",
            "the default of the key marks is 500: expected a whole",
        ),
        ("default=0.0, at_most", 'default="0s", at_most', "the default of the key takes is '0s': expected "),
        (TARGETS, '    targets = "primary"\n', "targets is 'primary'; expected a tuple of words, such as ('primary',)"),
        (TARGETS, '    targets = ("leader",)\n', "leader is no word of targets; chaos/targets.py has them"),
        (TARGETS, "", "copied does not say targets"),
        (TARGETS, f'{TARGETS}    topologies = "group"\n', "topologies is 'group'; expected a tuple of words"),
        (
            TARGETS,
            f'{TARGETS}    topologies = ("grup",)\n',
            "grup is no word of topologies; cluster/topologies/",
        ),
        (TARGETS, f'{TARGETS}    meshes = ("envoy",)\n', "envoy is no word of meshes; chaos/fault.py has them"),
        (TARGETS, f'{TARGETS}    needs = ("luck",)\n', "luck is no word of needs; chaos/needs.py has them"),
        (
            TARGETS,
            f'{TARGETS}    intends = "restrated"\n',
            "'restrated' is nothing that a fault intends; one of",
        ),
        (TARGETS, f'{TARGETS}    example = {{"mark": 1}}\n', "the example of copied is none: mark: unknown key"),
        (
            'name = "copied"',
            'name = "swap Storm"',
            "the name 'swap Storm' is none: lower-case letters, digits",
        ),
        ('    name = "copied"\n', "", 'Noop has no name, so no scenario can have it; say name = "…"'),
        ("takes: float", "weight: float", "every step has a key weight; give the fault's another name"),
        ("takes: float", "mix: float", "every step has a key mix; give the fault's another name"),
        ("takes: float", "peer: float", "the key peer is the word of a target, and not a duration"),
        (
            'whole("how many marks it leaves", default=1, at_least=1, at_most=100)',
            "3.5j",
            "copied: the default of a ",
        ),
        (
            '    marks: int = whole("how many marks it leaves", default=1, at_least=1, at_most=100)\n',
            "    marks: int\n",
            "the key marks has no meaning and no default; declare it with duration(…), whole(…) or the like",
        ),
        ("@dataclass(frozen=True, kw_only=True)\n", "", "Noop has keys and is no dataclass; write @dataclass("),
        ("    def on(", "    def off(", "copied has no method on"),
        ("    def inject(", "    def eject(", "Marked has no method inject"),
        ('bitten={"marks": (0,)}', 'bitten={"marks": 0}', "refuted_by: marks is 0; expected a tuple of values"),
        ('Refutations(bitten={"marks": (0,)})', "{}", "refuted_by is {}; expected Refutations(bitten="),
    ],
)
def test_a_mistake_is_one_line_with_the_file_and_the_fact(module: Path, before: str, after: str, says: str) -> None:
    assert before in SOURCE
    module.write_text(SOURCE.replace(before, after))
    with pytest.raises(DeclarationError) as caught:
        registry.declared()
    assert str(caught.value).startswith(f"chaos.process.{module.stem}: {says}")
    assert "\n" not in str(caught.value)
