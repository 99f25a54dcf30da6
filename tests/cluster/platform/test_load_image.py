"""The load image with a user's packages: which lines it takes, what it keeps, and pip's last words."""

from __future__ import annotations

import pytest

from cluster.errors import ConfigurationError
from cluster.platform.load_image import _lines, last_words, ours, tag_of


def test_packages_with_versions_markers_and_indexes_are_taken() -> None:
    text = (
        "numpy>=2  # fast\n\npandas[excel]==2.2.* ; python_version > '3.8'\n--index-url https://index.example/simple\n"
    )
    assert _lines(text.encode(), "req.txt") == text.splitlines()


@pytest.mark.parametrize(
    "line",
    [
        "-r other.txt",
        "-e .",
        "./wheels/a.whl",
        "/opt/a.whl",
        "file:///a",
        "--requirement=x",
        "../x",
        "git+https://x/y.git",
        "y @ https://x/y.whl",
    ],
)
def test_what_leads_to_other_files_is_refused_with_its_line(line: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^req.txt:2: .* is no package name; list packages of the index"):
        _lines(f"numpy\n{line}\n".encode(), "req.txt")


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"^req.txt: not UTF-8 text"):
        _lines(b"\xff\xfe", "req.txt")


def test_the_packages_of_the_load_generator_keep_their_versions() -> None:
    names = {line.partition("==")[0].lower() for line in ours()}
    assert {"locust", "gevent", "pymysql", "orjson"} <= names


def test_another_line_and_another_base_are_another_image() -> None:
    tags = {tag_of(["numpy"], "tools:1"), tag_of(["numpy"], "tools:2"), tag_of(["numpy", "pandas"], "tools:1")}
    assert len(tags) == 3
    assert tag_of(["numpy"], "tools:1") in tags


@pytest.mark.parametrize(
    ("printed", "told"),
    [
        (
            "ERROR: Could not find a version that satisfies the requirement x (from versions: none)\n"
            "ERROR: No matching distribution found for x\n\n[notice] a new pip\n",
            "Could not find a version that satisfies the requirement x (from versions: none); "
            "No matching distribution found for x",
        ),
        ("  something\n  else went wrong\n", "else went wrong"),
        ("", "it said nothing"),
    ],
)
def test_pip_s_last_words_are_one_line(printed: str, told: str) -> None:
    assert last_words(printed) == told
