"""The configuration file: round trip, and one clear message for each mistake."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from loadgen.config import LoadConfig
from loadgen.errors import ConfigError
from loadgen.policy import Policy

Build = Callable[..., LoadConfig]


def test_a_configuration_survives_json_and_shows_no_password(load_config: Build) -> None:
    config = load_config(
        endpoints=(("10.0.0.1", 3306), ("10.0.0.2", 3306)),
        password="secret",
        shape=((0.5, 1.0, 2.0), (0.5, 2.0, 2.0)),
        model="poisson",
        policy=Policy(retry="safe"),
    )
    assert LoadConfig.from_json(config.to_json()) == config
    assert "secret" not in repr(config)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rate": 0}, "rate: expected above 0, got 0"),
        ({"rate": "fast"}, "'>' not supported"),
        ({"model": "open"}, "model: expected one of poisson, constant, closed, got 'open'"),
        ({"model": "closed"}, "users: expected 1 to backlog_cap for model closed, else 0, got 0"),
        ({"users": 3}, "users: expected 1 to backlog_cap for model closed, else 0, got 3"),
        ({"model": "closed", "users": 3, "backlog_cap": 2}, "users: expected 1 to backlog_cap"),
        ({"shape": [[2, 1, 1]]}, "shape: expected pieces of 1 s, got '2 s'"),
        ({"shape": [[1, 1, -1]]}, "shape: expected rates of 0 or more"),
        ({"shape": [[1, 0, 0]]}, "shape: expected a rate above 0 somewhere"),
        ({"think": {"kind": "gamma"}}, "think.kind: expected one of none, constant, exponential, tpcc, got 'gamma'"),
        ({"think": {"kind": "constant"}}, "think.mean_s: expected above 0"),
        ({"policy": {"retry": "always"}}, "policy.retry: expected one of none, safe, idempotent, got 'always'"),
        ({"policy": {"retry_attempts": 0}}, "policy.retry_attempts: expected at least 1, got 0"),
        ({"policy": {"patience": 1}}, "policy: unknown key 'patience'"),
        ({"endpoints": []}, "endpoints: expected at least one"),
        ({"connections": 10_001}, "connections: expected 1 to 10000"),
        ({"burst": 3}, "unknown key 'burst'"),
        ({"workload": None}, "workload: expected a JSON object"),
        ({"workload": {"name": "tpcc"}}, "missing 1 required"),
        ({"workload": {"name": "tpcc", "isolation": "snapshot"}}, "workload.isolation: expected one of read-unc"),
    ],
)
def test_a_key_that_is_wrong_or_missing_is_refused_by_name(
    load_config: Build, change: dict[str, Any], message: str
) -> None:
    raw = json.loads(load_config().to_json()) | change
    with pytest.raises(ConfigError, match=message):
        LoadConfig.from_json(json.dumps(raw))


@pytest.mark.parametrize("text", ["", "[]", "{}"])
def test_what_is_no_configuration_at_all_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        LoadConfig.from_json(text)
