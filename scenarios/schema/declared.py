"""Keys that a fault, a workload or a proxy declares itself (`cluster.keys`), within the section of a scenario that
names it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from pydantic import ModelWrapValidatorHandler, ValidationError
from pydantic_core import InitErrorDetails

from cluster.keys import Keys, Mistake, MistakesError
from scenarios.schema.section import MisfitError, Section
from scenarios.schema.told import spelt

S = TypeVar("S", bound=Section)


def validated(
    handler: ModelWrapValidatorHandler[S], common: Mapping[str, Any], *, into: str, read: Callable[[], Keys]
) -> S:
    """A section with all mistakes at once: its own, and those of the declared keys.

    common: the section's own keys. into: the field that takes the declared ones, as YAML has them, defaults filled in.
    read: reads them; raises MistakesError.
    """
    declared: dict[str, Any] = {}
    mistakes: list[InitErrorDetails] = []
    try:
        declared = read().written()
    except MistakesError as error:
        mistakes = [_detail(mistake) for mistake in error.mistakes]
    try:
        section = handler({**common, into: declared})
    except ValidationError as error:
        mistakes += [_again(detail) for detail in error.errors()]
    if mistakes:
        raise ValidationError.from_exception_data(into, mistakes)
    return section


def without_nulls_of_others(
    written: Mapping[str, Any], kind: type[Keys], others: Iterable[type[Keys]]
) -> dict[str, Any]:
    """Without the keys of others that are null: a resolved scenario once had all of them."""
    foreign = {key for other in others for key in other.declared_keys()} - kind.declared_keys().keys()
    return {key: value for key, value in written.items() if value is not None or key not in foreign}


def _detail(mistake: Mistake) -> InitErrorDetails:
    nothing = mistake.got is None and not mistake.why.startswith("expected")
    error = MisfitError((), mistake.why if nothing else f"{mistake.why}, got {spelt(mistake.got)}")
    place = tuple(mistake.key.split("."))
    return InitErrorDetails(type="value_error", loc=place, input=mistake.got, ctx={"error": error})


def _again(error: Any) -> InitErrorDetails:
    details = InitErrorDetails(type=error["type"], loc=error["loc"], input=error["input"])
    return InitErrorDetails(**details, ctx=error["ctx"]) if "ctx" in error else details
