"""Key files as OpenSSL makes them; and whatever else a user may give as one ends in one line that says what to do."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from cluster.errors import ConfigurationError
from reports.certificate.dsse import fingerprint
from scenarios.certify.keys import private_key, public_key


def openssl(*words: str | Path) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Private and public key, made with the commands of the documentation."""
    place = tmp_path_factory.mktemp("keys")
    key, public = place / "key.pem", place / "key.pub.pem"
    openssl("genpkey", "-algorithm", "ed25519", "-out", key)
    openssl("pkey", "-in", key, "-pubout", "-out", public)
    return key, public


def test_a_pair_of_openssl_is_read(pair: tuple[Path, Path]) -> None:
    key, public = pair
    assert fingerprint(private_key(key).public_key()) == fingerprint(public_key(public))


def test_the_wrong_half_of_a_pair_is_named(pair: tuple[Path, Path]) -> None:
    key, public = pair
    with pytest.raises(ConfigurationError, match=r"a public key, which cannot sign; .*openssl genpkey"):
        private_key(public)
    with pytest.raises(ConfigurationError, match=r"a private key, which stays with who signs; .*-pubout"):
        public_key(key)


def test_an_encrypted_key_is_named(pair: tuple[Path, Path], tmp_path: Path) -> None:
    locked = tmp_path / "locked.pem"
    openssl("pkey", "-in", pair[0], "-aes256", "-passout", "pass:secret", "-out", locked)
    with pytest.raises(ConfigurationError, match="this key is encrypted"):
        private_key(locked)


@pytest.mark.parametrize(("algorithm", "kind"), [("rsa", "RSA"), ("x25519", "X25519"), ("ed448", "Ed448")])
def test_a_key_of_another_kind_is_named(tmp_path: Path, algorithm: str, kind: str) -> None:
    key, public = tmp_path / "key.pem", tmp_path / "key.pub.pem"
    openssl("genpkey", "-algorithm", algorithm, "-out", key)
    openssl("pkey", "-in", key, "-pubout", "-out", public)
    for read, file in ((private_key, key), (public_key, public)):
        with pytest.raises(ConfigurationError, match=f"an Ed25519 key, not a key of kind {kind}"):
            read(file)


@pytest.mark.parametrize("content", [b"", b"no key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_file_that_is_no_key_is_named(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "key.pem"
    file.write_bytes(content)
    with pytest.raises(ConfigurationError, match="no private key in PEM"):
        private_key(file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    for place in (tmp_path / "key.pem", tmp_path, tmp_path / "a\0b"):
        with pytest.raises(ConfigurationError, match=r"there is no such file|this is no file"):
            public_key(place)
    (tmp_path / "large").write_bytes(b" " * 100_000)
    with pytest.raises(ConfigurationError, match="too large"):
        public_key(tmp_path / "large")
