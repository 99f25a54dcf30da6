"""Every container that is created here names its own log configuration, so that no default of the engine's is asked."""

from __future__ import annotations

import ast
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.operations.boot_steps import BootSteps
from cluster.platform import ownership
from cluster.platform.docker_engine import client
from cluster.platform.docker_platform import DockerPlatform
from cluster.platform.logs import LOG_CONFIG

ROOT = Path(__file__).parents[3]
ROOMS = ("cluster", "mesh", "chaos", "loadgen", "scenarios", "reports")
#: Options of the json-file driver that an engine's own default could otherwise add, and that lose lines.
LOSING = {"max-size", "max-file", "compress", "mode"}


def creations() -> Iterator[tuple[str, ast.Call]]:
    """Every call that creates a container."""
    for room in ROOMS:
        for file in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text())):
                if not isinstance(node, ast.Call):
                    continue
                of = node.func.value if isinstance(node.func, ast.Attribute) else None
                containers = isinstance(of, ast.Attribute) and of.attr == "containers"
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if (containers and name in ("create", "run")) or name in ("with_kwargs", "create_container"):
                    yield f"{file.relative_to(ROOT)}:{node.lineno}", node


@pytest.mark.slow
def test_every_container_names_its_log_configuration() -> None:
    found = dict(creations())
    assert {place.partition(":")[0] for place in found} >= {
        "cluster/platform/docker_pod.py",
        "cluster/platform/one_off.py",
    }
    without = [
        place
        for place, call in found.items()
        if not any(key.arg == "log_config" and getattr(key.value, "id", "") == "LOG_CONFIG" for key in call.keywords)
    ]
    assert without == []


def test_testcontainers_is_used_in_one_place_alone() -> None:
    users = [
        str(file.relative_to(ROOT))
        for room in ROOMS
        for file in (ROOT / room).rglob("*.py")
        if "DockerContainer(" in file.read_text()
    ]
    assert users == ["cluster/platform/docker_pod.py"]


def test_nothing_that_loses_lines_is_left_to_the_engine() -> None:
    assert LOG_CONFIG["Type"] == "json-file"
    assert set(LOG_CONFIG["Config"]) == LOSING
    assert LOG_CONFIG["Config"]["mode"] == "blocking"


@pytest.mark.engine
def test_the_engine_keeps_the_log_of_a_pod_as_it_was_told() -> None:
    client()  # settles how Testcontainers starts containers
    run_id = secrets.token_hex(4)
    try:
        container = (
            DockerPlatform()
            .pod(run_id=run_id, name="talker", address="", steps=BootSteps())
            .start_on_host("try", ["echo", "kept"], files={})
        )
        assert container.wait(timeout_s=30) == 0
        told = client().containers.get(container.name).attrs["HostConfig"]["LogConfig"]
        assert told == {"Type": LOG_CONFIG["Type"], "Config": LOG_CONFIG["Config"]}
        assert container.logs(stdout_only=True) == b"kept\n"
    finally:
        ownership.remove(run_id)
