"""The house rules that no other test would notice: where packages load from, and which way imports go."""

from __future__ import annotations

import ast
import importlib
import re
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
#: Room -> the rooms that it may import.
MAY_IMPORT = {
    "history": set(),
    "cluster": set(),
    "mesh": {"cluster"},
    "loadgen": {"cluster", "history"},
    "chaos": {"cluster", "history"},
    "control": {"mesh", "cluster", "history"},
    "observer": {"mesh", "cluster", "history"},
    "checks": {"history"},
    "reports": {"checks", "history"},
    "scenarios": {"history", "cluster", "mesh", "control", "observer", "loadgen", "chaos", "checks", "reports"},
    "bench": {"history", "cluster", "mesh", "control", "loadgen", "scenarios"},
}
ROOMS = tuple(MAY_IMPORT)
#: Importing Locust or gevent patches the process: only what runs in the load pod may, and the benchmark's own client.
LOCUST_SIDE = (
    "loadgen/worker/",
    "loadgen/driver/",
    "loadgen/user_code/",
    "loadgen/wire/gevent_transport.py",
    "bench/pymysql_client.py",
)
#: The programs of the pods that have PyMySQL alone beside Python.
POD_PROGRAMS = ("cluster.agent.agent", "control.__main__", "observer.observer")
#: Folders whose every file these programs import, without naming them.
FOUND_IN_FOLDERS = ("cluster/topologies", "mesh/proxies")
#: A folder with more modules than that is not seen at one glance.
MODULES_MAX = 18

#: The only files that open a session: ours, the load's, and the yardstick of the benchmark, which is as anybody's.
OPENS_SESSIONS = {"cluster/session.py", "loadgen/client/connection.py", "bench/pymysql_client.py"}


@cache
def looked_at(file: Path) -> list[ast.AST]:
    """All that a test here asks for of a file, wherever in it: its imports and calls."""
    return [
        node
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom | ast.Call)
    ]


@cache
def imported(file: Path) -> set[str]:
    """Top-level names of everything a file imports, wherever in it."""
    names: set[str] = set()
    for node in looked_at(file):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names


def names_taken_from(file: Path, module: str) -> set[str]:
    """What a file imports from a module by ``from … import``."""
    return {
        alias.name
        for node in looked_at(file)
        if isinstance(node, ast.ImportFrom) and node.module == module
        for alias in node.names
    }


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
            assert name.startswith(LOCUST_SIDE) or not imported(file) & {"locust", "gevent"}, name


def test_a_folder_is_seen_at_one_glance() -> None:
    for room in ROOMS:
        for folder in [ROOT / room, *(path for path in (ROOT / room).rglob("*") if path.is_dir())]:
            modules = [file.name for file in folder.glob("*.py") if file.name != "__init__.py"]
            assert len(modules) <= MODULES_MAX, f"{folder.relative_to(ROOT)}: {len(modules)} modules"


def test_http_to_pods_has_one_door_which_knows_no_proxies() -> None:
    for room in ROOMS:
        for file in (ROOT / room).rglob("*.py"):
            name, text = file.relative_to(ROOT).as_posix(), file.read_text()
            assert name == "cluster/plain_http.py" or not re.search(r"\burlopen\(|build_opener|urlretrieve", text), name
            used = set(re.findall(r"^ *(?:import|from) (requests\S*|httpx|aiohttp)", text, re.MULTILINE))
            assert used <= {"requests.exceptions"}, name  # of Docker's library


def test_only_the_platform_knows_of_docker() -> None:
    """Its library, what that stands on, and Testcontainers; elsewhere there are pods, processes and our own errors."""
    for room in ROOMS:
        for file in (ROOT / room).rglob("*.py"):
            name = file.relative_to(ROOT).as_posix()
            used = imported(file) & {"docker", "testcontainers", "requests", "urllib3"}
            assert not used or name.startswith("cluster/platform/"), f"{name} imports {', '.join(sorted(used))}"


def test_of_the_engine_only_the_platform_and_set_up_know() -> None:
    """No other room asks for the engine's own object, through which everything could be done behind the platform."""
    for room in ROOMS:
        for file in (ROOT / room).rglob("*.py"):
            name = file.relative_to(ROOT).as_posix()
            taken = names_taken_from(file, "cluster.platform.docker_engine")
            assert "client" not in taken or name.startswith("cluster/platform/"), name


def test_testcontainers_is_imported_only_after_it_was_settled() -> None:
    """It reads the user's own settings as it is imported, and then has an engine of its own."""
    for room in ROOMS:
        for file in (ROOT / room).rglob("*.py"):
            text = file.read_text()
            assert not re.search(r"^(import|from) testcontainers", text, re.MULTILINE), file


def modules() -> dict[str, Path]:
    """Every module of every room, by its dotted name."""
    files = [file for room in ROOMS for file in (ROOT / room).rglob("*.py")]
    return {file.relative_to(ROOT).with_suffix("").as_posix().replace("/", "."): file for file in files}


def needed(program: str) -> set[str]:
    """Our modules that a program needs, itself among them: what it imports, and what that imports."""
    ours, found, left = modules(), set[str](), [program]
    while left:
        name = left.pop()
        if name in ours and name not in found:
            found.add(name)
            left += dotted(ours[name])
    return found


@cache
def dotted(file: Path) -> list[str]:
    """Every module that a file imports, wherever in it, by its dotted name; of ``from a import b`` both a and a.b."""
    names = []
    for node in looked_at(file):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return names


def test_no_module_needs_itself() -> None:
    """No circle of imports, those for types alone among them: every module can be read after the ones below it."""
    files = modules()
    left = {name: {one for one in dotted(file) if one in files} - {name} for name, file in files.items()}
    while ready := [name for name, below in left.items() if not below & left.keys()]:
        for name in ready:
            del left[name]
    assert not left, f"in a circle, or above one: {', '.join(sorted(left))}"


@pytest.mark.parametrize("program", POD_PROGRAMS)
def test_a_program_of_a_pod_needs_nothing_that_is_not_in_its_image(program: str) -> None:
    """Agent, observer and control plane start with PyMySQL alone."""
    files, ours = modules(), needed(program)
    for folder in FOUND_IN_FOLDERS:
        ours |= {
            name for file in (ROOT / folder).glob("*.py") for name in needed(f"{folder.replace('/', '.')}.{file.stem}")
        }
    assert len(ours) > 5
    for name in ours:
        strangers = imported(files[name]) - set(sys.stdlib_module_names) - {"pymysql"} - set(ROOMS)
        assert not strangers, f"{program} needs {name}, which imports {', '.join(sorted(strangers))}"


def opens_a_session(file: Path) -> bool:
    """Whether PyMySQL's connect, or one of its other names, is called there."""
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("connect", "Connect", "Connection")
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in ("pymysql", "connections")
        for node in looked_at(file)
    )


def imports_by_name(file: Path) -> set[str]:
    """What a file takes from PyMySQL by ``from … import``."""
    return {
        alias.name
        for node in looked_at(file)
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
