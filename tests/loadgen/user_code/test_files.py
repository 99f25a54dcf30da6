"""A user's files on their way to another machine arrive as they were, and nowhere else than below their folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from loadgen.user_code.files import pack, unpack


def test_files_and_variables_arrive_as_they_were(tmp_path: Path) -> None:
    files = {"own.py": b"x = 1\n", "data/a.bin": b"\x00\xff", "empty": b""}
    packed = json.loads(json.dumps(pack(files, {"BANK": "acme"})))
    assert unpack(packed, tmp_path / "own") == {"BANK": "acme"}
    assert {name: (tmp_path / "own" / name).read_bytes() for name in files} == files


@pytest.mark.parametrize("path", ["../up.py", "/etc/own.py", "a/../../up.py"])
def test_a_path_out_of_the_folder_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(ValueError, match="leads out of the user's folder"):
        unpack(pack({path: b""}, {}), tmp_path / "own")
    assert list(tmp_path.iterdir()) == []
