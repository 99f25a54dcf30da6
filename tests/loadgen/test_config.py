"""The configuration file: round trip, and one clear message for each mistake."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from loadgen.config import LoadConfig
from loadgen.errors import ConfigError

Build = Callable[..., LoadConfig]


def test_round_trip(load_config: Build) -> None:
    config = load_config(endpoints=(("10.0.0.1", 3306), ("10.0.0.2", 3306)), password="secret")
    assert LoadConfig.from_json(config.to_json()) == config
    assert "secret" not in repr(config)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rate": 0}, "rate: expected above 0, got 0"),
        ({"rate": "fast"}, "'>' not supported"),
        ({"model": "closed"}, "model: expected one of poisson, constant, got 'closed'"),
        ({"endpoints": []}, "endpoints: expected at least one"),
        ({"connections": 10_001}, "connections: expected 1 to 10000"),
        ({"burst": 3}, "unknown key 'burst'"),
        ({"workload": None}, "workload: expected a JSON object"),
        ({"workload": {"name": "tpcc"}}, "missing 1 required"),
        ({"workload": {"name": "tpcc", "isolation": "snapshot"}}, "workload.isolation: expected one of read-unc"),
    ],
)
def test_mistakes(load_config: Build, change: dict[str, Any], message: str) -> None:
    raw = json.loads(load_config().to_json()) | change
    with pytest.raises(ConfigError, match=message):
        LoadConfig.from_json(json.dumps(raw))


@pytest.mark.parametrize("text", ["", "[]", "{}"])
def test_not_a_configuration(text: str) -> None:
    with pytest.raises(ConfigError):
        LoadConfig.from_json(text)
