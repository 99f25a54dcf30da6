"""What mypy reads (``*_types.py``) and the schemas that tools read name the same members."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import NoneType
from typing import Any, NotRequired, TypedDict, get_args, get_origin, get_type_hints, is_typeddict

import pytest

from reports.capacity.content import CapacityContent
from reports.certificate.certificate_types import Certificate
from reports.comparison.comparison_types import ComparisonContent
from reports.matrix.matrix_types import Matrix
from reports.nightly.nightly_types import Nightly
from reports.schema import schema
from reports.summary_types import Summary
from reports.trials.trials_types import TrialsContent


def unlike(place: str, hint: Any, node: Mapping[str, Any], whole: Mapping[str, Any]) -> Iterator[str]:
    """Where a type and a part of the schema do not name the same members, at any depth."""
    node = next((option for option in node.get("anyOf", []) if option != {"type": "null"}), node)
    if "$ref" in node:
        node = whole["$defs"][node["$ref"].rpartition("/")[2]]
    options = [option for option in get_args(hint) if option is not NoneType]
    if get_origin(hint) is NotRequired or (NoneType in get_args(hint) and len(options) == 1):
        yield from unlike(place, options[0], node, whole)
    elif is_typeddict(hint):
        members = get_type_hints(hint)
        named = {*node.get("properties", {}), *node.get("required", [])}
        for name in sorted(members.keys() ^ named):
            yield f"{place}.{name} is {'not in the schema' if name in members else 'in the schema alone'}"
        others = node.get("additionalProperties")
        for name in members.keys() & named:
            below = node.get("properties", {}).get(name, others if isinstance(others, dict) else {})
            yield from unlike(f"{place}.{name}", members[name], below, whole)
    elif get_origin(hint) is list:
        yield from unlike(f"{place}[]", get_args(hint)[0], node.get("items", {}), whole)
    elif node.get("properties"):
        yield f"{place} has members in the schema, and no names in the types"


def test_types_and_schema_name_the_same_members() -> None:
    assert list(unlike("summary", Summary, schema(), schema())) == []
    assert list(unlike("matrix", Matrix, schema("matrix"), schema("matrix"))) == []
    assert list(unlike("trials", TrialsContent, schema("trials"), schema("trials"))) == []
    assert list(unlike("nightly", Nightly, schema("nightly"), schema("nightly"))) == []
    assert list(unlike("certificate", Certificate, schema("certificate"), schema("certificate"))) == []
    assert list(unlike("capacity", CapacityContent, schema("capacity"), schema("capacity"))) == []
    assert list(unlike("comparison", ComparisonContent, schema("comparison"), schema("comparison"))) == []


class Wheel(TypedDict):
    spokes: int


class Bicycle(TypedDict):
    wheels: list[Wheel]
    bell: Wheel | None
    lamp: NotRequired[str]


WHEEL: dict[str, Any] = {"type": "object", "properties": {"spokes": {"type": "integer"}}}
BICYCLE: dict[str, Any] = {
    "properties": {"wheels": {"items": {"$ref": "#/$defs/wheel"}}, "bell": WHEEL, "lamp": {"type": "string"}},
    "$defs": {"wheel": WHEEL},
}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({}, []),
        ({"$defs": {"wheel": {"properties": {}}}}, ["bicycle.wheels[].spokes is not in the schema"]),
        ({"required": ["saddle"]}, ["bicycle.saddle is in the schema alone"]),
        (
            {"properties": BICYCLE["properties"] | {"lamp": WHEEL}},
            ["bicycle.lamp has members in the schema, and no names in the types"],
        ),
    ],
)
def test_a_member_that_only_one_of_them_has_is_found(change: dict[str, Any], says: list[str]) -> None:
    changed = BICYCLE | change
    assert list(unlike("bicycle", Bicycle, changed, changed)) == says
