"""The columns of an operation's row, derived from one declaration; files of others rest on these names and types."""

from __future__ import annotations

import pyarrow as pa

from history.history import OPS_SCHEMA
from history.ops import COLUMN_NAMES, REQUIRED


def test_the_table_is_the_contract_s() -> None:
    whole, small, text = pa.int64(), pa.int32(), pa.string()
    assert {field.name: (field.type, field.nullable) for field in OPS_SCHEMA} == {
        "process": (whole, False),
        "f": (text, False),
        "key": (text, False),
        "value": (text, False),
        "outcome": (text, False),
        "errno": (small, True),
        "error": (text, True),
        "attempt": (small, False),
        "intended_ns": (whole, False),
        "start_ns": (whole, False),
        "end_ns": (whole, False),
        "server": (text, True),
        "gtid": (text, True),
    }


def test_the_names_are_in_the_order_of_the_table() -> None:
    assert list(COLUMN_NAMES) == OPS_SCHEMA.names
    assert set(COLUMN_NAMES) - REQUIRED == {"errno", "error", "server", "gtid"}
