"""The contracts of ``summary.json``, ``matrix.json``, ``nightly.json`` and the like: JSON Schemas beside this file.

A document that breaks its schema is not written.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from jsonschema import Draft202012Validator

SCHEMA_ID = "meshbench/summary/1"
MATRIX_ID = "meshbench/matrix/1"
TRIALS_ID = "meshbench/trials/1"
NIGHTLY_ID = "meshbench/nightly/1"
CERTIFICATE_ID = "meshbench/certificate/1"
COMPARISON_ID = "meshbench/comparison/1"
CAPACITY_ID = "meshbench/capacity/1"

Document = Literal[
    "summary",
    "matrix",
    "faults",
    "nightly",
    "certificate",
    "verification",
    "comparison",
    "live",
    "trials",
    "capacity",
]


def schema(document: Document = "summary") -> dict[str, Any]:
    """The schema, JSON Schema 2020-12."""
    loaded: dict[str, Any] = json.loads((Path(__file__).parent / f"{document}.schema.json").read_text())
    return loaded


def validate(content: Mapping[str, Any], document: Document = "summary") -> None:
    """Raise jsonschema.ValidationError unless ``content`` keeps the contract."""
    Draft202012Validator(schema(document)).validate(content)
