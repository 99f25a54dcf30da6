"""`meshbench verify` on bundles that were damaged, or changed without putting anything right."""

from __future__ import annotations

import random
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.scenarios.certify.forging import (
    edited_envelope,
    named,
    problems,
    rezipped,
)

pytestmark = pytest.mark.usefixtures("no_figures")


@pytest.mark.slow
def test_fifty_changed_bytes_are_seen_each(signed: Path, tmp_path: Path) -> None:
    """Without a key: whoever has none sees damage all the same."""
    whole, draw = signed.read_bytes(), random.Random(13)
    for at in draw.sample(range(len(whole)), 50):
        flipped = bytearray(whole)
        flipped[at] ^= draw.randrange(1, 256)
        (tmp_path / "bundle.zip").write_bytes(flipped)
        assert problems(tmp_path / "bundle.zip"), f"byte {at}"


@pytest.mark.parametrize(
    "member",
    [
        "plan.json",
        pytest.param("statement.dsse.json", marks=pytest.mark.slow),
        pytest.param("signer.pem", marks=pytest.mark.slow),
        pytest.param("SHA256SUMS", marks=pytest.mark.slow),
        pytest.param("certificate.html", marks=pytest.mark.slow),
    ],
)
def test_a_changed_byte_in_what_is_small_is_seen_even_where_the_archive_fits(
    signed: Path, tmp_path: Path, member: str
) -> None:
    """Of members that random bytes rarely meet; in an archive whose own checksums were put right."""
    draw = random.Random(member)
    for turn in range(4):
        bundle = tmp_path / str(turn) / "bundle.zip"
        bundle.parent.mkdir()
        shutil.copy(signed, bundle)

        def flip(unpacked: Path) -> None:
            content = bytearray((unpacked / member).read_bytes())
            content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
            (unpacked / member).write_bytes(content)

        assert problems(rezipped(bundle, flip))


@pytest.mark.slow
def test_a_member_that_was_changed_added_or_taken_out_is_named(signed: Path, tmp_path: Path) -> None:
    run = next(name for name in zipfile.ZipFile(signed).namelist() if name.endswith("ops/load1.parquet"))
    changes: dict[str, Callable[[Path], object]] = {
        run: lambda at: (at / run).write_bytes(b"other"),
        "extra.txt": lambda at: (at / "extra.txt").write_text("hello"),
        f"{run}.more": lambda at: (at / f"{run}.more").write_text("hello"),
        "environment.json": lambda at: (at / "environment.json").unlink(),
        "PLAN.yaml": lambda at: (at / "PLAN.yaml").unlink(),
    }
    for name, change in changes.items():
        bundle = tmp_path / name.replace("/", "-") / "bundle.zip"
        bundle.parent.mkdir()
        shutil.copy(signed, bundle)
        assert named(problems(rezipped(bundle, change)), name)


@pytest.mark.slow
def test_a_signature_that_was_taken_out_is_missed(signed: Path, ours: tuple[Path, Path], tmp_path: Path) -> None:
    bundle = Path(shutil.copy(signed, tmp_path / "bundle.zip"))

    def unsign(unpacked: Path) -> None:
        edited_envelope(unpacked / "statement.dsse.json")

    assert named(problems(rezipped(bundle, unsign)), "statement.dsse.json has no signature")
