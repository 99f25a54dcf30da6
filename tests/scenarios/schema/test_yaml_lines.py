"""What is no scenario, suite or plan at all is told in a line, in words that fit each of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.errors import ConfigurationError
from scenarios.schema.yaml_lines import load


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "expected a mapping, a line for each key, such as name: …; got nothing"),
        (b"- a\n- b\n", 'expected a mapping, a line for each key, such as name: …; got ["a", "b"]'),
        (b"\xff\xfe", "cannot be read: this is no text in UTF-8"),
        pytest.param(b"[" * 3000, "too deeply nested", marks=pytest.mark.slow),
    ],
)
def test_a_file_that_holds_no_keys_is_told_in_a_line(tmp_path: Path, content: bytes, told: str) -> None:
    file = tmp_path / "plan.yaml"
    file.write_bytes(content)
    with pytest.raises(ConfigurationError) as error:
        load(file)
    assert str(error.value) == f"{file}: {told}"


def test_a_folder_is_called_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is a folder, not a file"):
        load(tmp_path)
