"""The house rules that no other test would notice: where packages load from, and which way imports go."""

from __future__ import annotations

import ast
import importlib
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("cluster", "mesh", "loadgen", "chaos", "checks", "reports", "scenarios")
MAY_IMPORT = {
    "cluster": set(),
    "mesh": {"cluster"},
    "loadgen": {"cluster"},
    "chaos": {"cluster"},
    "checks": set(),
    "reports": {"checks"},
    "scenarios": set(ROOMS),
}
#: Importing Locust patches the process: only what runs in the load pod may.
LOCUST_SIDE = {
    "loadgen/ending.py",
    "loadgen/guest.py",
    "loadgen/hub_transport.py",
    "loadgen/joining.py",
    "loadgen/locustfile.py",
    "loadgen/look.py",
    "loadgen/own_arguments.py",
    "loadgen/driver.py",
    "loadgen/plain.py",
    "loadgen/program.py",
    "loadgen/rendezvous.py",
    "loadgen/start.py",
    "loadgen/users.py",
    "loadgen/watch.py",
}


#: The only files that open a session: ours, the load's, and the yardstick of the benchmark, which is as anybody's.
OPENS_SESSIONS = {"cluster/session.py", "loadgen/connection.py", "loadgen/plain.py"}


def imported(file: Path) -> set[str]:
    """Top-level names of everything a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_is_loaded_from_this_repository(room: str) -> None:
    loaded = importlib.import_module(room).__file__
    assert loaded is not None
    assert Path(loaded).is_relative_to(ROOT)


@pytest.mark.parametrize("room", ROOMS)
def test_imports_go_one_way(room: str) -> None:
    for file in (ROOT / room).rglob("*.py"):
        strangers = imported(file) & set(ROOMS) - MAY_IMPORT[room] - {room}
        assert not strangers, f"{file.relative_to(ROOT)} imports {', '.join(sorted(strangers))}"


def test_only_the_load_pod_imports_locust() -> None:
    for room in ROOMS:
        for file in (ROOT / room).rglob("*.py"):
            name = file.relative_to(ROOT).as_posix()
            assert name in LOCUST_SIDE or not imported(file) & {"locust", "gevent"}, name


def test_http_to_pods_has_one_door_which_knows_no_proxies() -> None:
    for room in ROOMS:
        for file in (ROOT / room).rglob("*.py"):
            name, text = file.relative_to(ROOT).as_posix(), file.read_text()
            assert name == "cluster/plain_http.py" or not re.search(r"\burlopen\(|build_opener|urlretrieve", text), name
            used = set(re.findall(r"^ *(?:import|from) (requests\S*|httpx|aiohttp)", text, re.MULTILINE))
            assert used <= {"requests.exceptions"}, name  # of Docker's library


def test_testcontainers_is_imported_only_after_it_was_settled() -> None:
    """It reads the user's own settings as it is imported, and then has an engine of its own."""
    for room in ROOMS:
        for file in (ROOT / room).rglob("*.py"):
            text = file.read_text()
            assert not re.search(r"^(import|from) testcontainers", text, re.MULTILINE), file


def test_the_pod_side_of_the_tools_image_needs_nothing_that_is_not_in_it() -> None:
    """Agent, observer and control plane start with PyMySQL alone."""
    allowed = {"pymysql", "cluster"}
    cluster = (
        "agent",
        "assignment",
        "gossip",
        "json_http",
        "lease",
        "observer",
        "plain_http",
        "poller",
        "replication",
        "role",
        "session",
        "status",
    )
    control = [file for file in (ROOT / "mesh" / "control").glob("*.py") if file.stem != "handle"]
    for file in [*(ROOT / "cluster" / f"{name}.py" for name in cluster), *control]:
        assert imported(file) - set(sys.stdlib_module_names) <= allowed | {"mesh"}, file.name


def opens_a_session(file: Path) -> bool:
    """Whether PyMySQL's connect, or one of its other names, is called there."""
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("connect", "Connect", "Connection")
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in ("pymysql", "connections")
        for node in ast.walk(ast.parse(file.read_text()))
    )


def imports_by_name(file: Path) -> set[str]:
    """What a file takes from PyMySQL by ``from … import``."""
    return {
        alias.name
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module == "pymysql"
        for alias in node.names
    }


def test_every_session_is_opened_in_one_of_two_ways() -> None:
    """Else it would have whatever the user's options make of a session: cluster/session.py says what that does."""
    found = {
        file.relative_to(ROOT).as_posix()
        for room in ROOMS
        for file in (ROOT / room).rglob("*.py")
        if opens_a_session(file) or imports_by_name(file) & {"connect", "Connect", "Connection"}
    }
    assert found == OPENS_SESSIONS


def test_no_index_or_mirror_is_written_down() -> None:
    for pattern in ("requirements*.lock", "*.sh", "packages", "Dockerfile", "Makefile"):
        for file in ROOT.rglob(pattern):
            if ".venv" not in file.parts:
                assert "://" not in file.read_text(), file
