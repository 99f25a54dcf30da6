"""The contract of ``summary.json``: its JSON Schema lies beside this file; a summary that breaks it is not written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

SCHEMA_ID = "meshbench/summary/1"
_FILE = Path(__file__).with_name("summary.schema.json")


def schema() -> dict[str, Any]:
    """The schema, JSON Schema 2020-12."""
    loaded: dict[str, Any] = json.loads(_FILE.read_text())
    return loaded


def validate(summary: dict[str, Any]) -> None:
    """Raise jsonschema.ValidationError unless ``summary`` keeps the contract."""
    Draft202012Validator(schema()).validate(summary)
