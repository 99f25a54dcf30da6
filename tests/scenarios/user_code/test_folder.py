"""What comes along with a user's own file: the folder that is its own, within bounds, and nothing from elsewhere."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from cluster.errors import ConfigurationError
from cluster.platform.images import POD_ROOMS
from scenarios.schema.user_keys import argument_list, secrets_of, without_values
from scenarios.user_code import folder as room
from scenarios.user_code.folder import MAX_BYTES, MAX_FILES, own_folder


@pytest.fixture
def own(tmp_path: Path) -> Path:
    (tmp_path / "own").mkdir()
    file = tmp_path / "own" / "locustfile.py"
    file.write_text("x = 1")
    return file


def names(file: Path) -> list[str]:
    return [name for name, _ in own_folder(file).files]


def test_neighbours_come_along_and_what_no_load_needs_stays_behind(own: Path) -> None:
    for name in (
        ".git/config",
        "__pycache__/a.pyc",
        "runs/a/ops",
        ".venv/a",
        "here/pyvenv.cfg",
        "here/a",
        "locust.conf",
    ):
        (own.parent / name).parent.mkdir(parents=True, exist_ok=True)
        (own.parent / name).write_text("")
    (own.parent / "data").mkdir()
    (own.parent / "data" / "accounts.csv").write_bytes(b"\x00\xff")
    assert names(own) == ["data/accounts.csv", "locustfile.py"]
    assert own_folder(own).for_pod()[f"{room.POD_FOLDER}/data/accounts.csv"] == b"\x00\xff"
    assert own_folder(own).told().endswith("(2 files, 7 bytes): data/accounts.csv")


def test_links_out_of_the_folder_sockets_and_pipes_stay_behind(own: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("no")
    (own.parent / "out").symlink_to(tmp_path / "secret")
    (own.parent / "nowhere").symlink_to(tmp_path / "gone")
    (own.parent / "up").symlink_to(tmp_path)
    (own.parent / "again.csv").symlink_to(own)
    os.mkfifo(own.parent / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(own.parent / "socket"))
        assert names(own) == ["again.csv", "locustfile.py"]


def test_a_link_to_itself_stays_behind_as_other_links_do(own: Path) -> None:
    (own.parent / "self").symlink_to("self")
    (own.parent / "there").symlink_to("back")
    (own.parent / "back").symlink_to("there")
    assert names(own) == ["locustfile.py"]


def test_too_many_files_are_refused_with_the_numbers(own: Path) -> None:
    for number in range(MAX_FILES - 1):
        (own.parent / f"{number}.csv").write_text("")
    assert len(names(own)) == MAX_FILES
    (own.parent / "one-more.csv").write_text("")
    with pytest.raises(
        ConfigurationError, match=r"more than 200 files or 10 MB \(201 files .*into a folder of its own"
    ):
        own_folder(own)


def test_too_many_bytes_are_refused_with_the_numbers_and_not_read(own: Path) -> None:
    with (own.parent / "big").open("wb") as file:
        file.truncate(MAX_BYTES * 1000)
    with pytest.raises(
        ConfigurationError, match=r"more than 200 files or 10 MB \(2 files with 10000\.0 MB until big\)"
    ):
        own_folder(own)


def test_a_file_in_a_home_folder_or_at_the_top_of_a_disk_comes_alone(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (own.parent / "diary.txt").write_text("dear diary")
    monkeypatch.setenv("HOME", str(own.parent))
    assert names(own) == ["locustfile.py"]
    assert "is copied alone into the load pods: " in own_folder(own).told()
    assert "is a home folder" in own_folder(own).told()
    monkeypatch.setenv("HOME", "/nowhere")
    assert len(names(own)) == 2
    monkeypatch.setattr(room, "gettempdir", lambda: str(own.parent))
    assert names(own) == ["locustfile.py"]
    assert room._no_folder_of_its_own(Path("/"))
    assert room._no_folder_of_its_own(Path("/srv"))


@pytest.mark.parametrize("name", POD_ROOMS)
def test_a_module_of_the_name_of_ours_is_refused(own: Path, name: str) -> None:
    (own.parent / name).mkdir()
    (own.parent / name / "notes.txt").write_text("no module")
    assert len(names(own)) == 2
    (own.parent / name / "__init__.py").write_text("")
    with pytest.raises(ConfigurationError, match=f"a module called {name} would shadow one of ours; rename it"):
        own_folder(own)


def test_messages_are_in_the_user_s_words(own: Path) -> None:
    folder = own_folder(own)
    assert folder.in_their_words(f"{folder.in_pod}:3: broke") == f"{own}:3: broke"


def test_arguments_are_words_of_a_command_line() -> None:
    assert argument_list(["--bank", "a"]) == ("--bank", "a")
    assert argument_list({"bank": "-a", "fast": True}) == ("--bank=-a", "--fast")


def test_what_names_a_secret_is_hidden_in_logs_and_commands() -> None:
    assert secrets_of({"BANK_TOKEN": "a", "BANK": "b", "DB_PASSWORD": "c", "EMPTY_KEY": ""}) == ["a", "c"]
    words = ["run", "--set", "load.environment.BANK=a=b", "--set=load.environment={A: b}", "load.rate=5"]
    words += [
        "load={environment: {A: b}, rate: 5}",
        "--set=load={\nenvironment: {A: b}}",
        "load={rate: 5}",
        "workload=a",
    ]
    assert without_values(words) == [
        "run",
        "--set",
        "load.environment.BANK=(not recorded)",
        "--set=load.environment=(not recorded)",
        "load.rate=5",
        "load=(not recorded)",
        "--set=load=(not recorded)",
        "load={rate: 5}",
        "workload=a",
    ]
