"""Envelopes: what the specification signs is what we sign, and only one spelling of an envelope is taken."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from reports.certificate.dsse import Envelope, fingerprint, from_json, holds, key_of_pem, pae, pem, sealed, to_json

KIND = "application/vnd.in-toto+json"
KEY = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"a key of the tests").digest())
OTHER = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"another").digest())


def test_what_is_signed_is_the_specifications_own_example() -> None:
    assert pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_lengths_are_of_bytes_not_of_characters() -> None:
    assert pae("ü", "ä€".encode()) == b"DSSEv1 2 \xc3\xbc 5 \xc3\xa4\xe2\x82\xac"


def test_a_signature_holds_for_its_key_its_payload_and_its_type() -> None:
    envelope = sealed(b"{}", payload_type=KIND, key=KEY)
    [signature] = envelope.signatures
    assert signature.keyid == fingerprint(KEY.public_key())
    assert holds(envelope, signature, KEY.public_key())
    assert not holds(envelope, signature, OTHER.public_key())
    assert not holds(envelope._replace(payload=b"[]"), signature, KEY.public_key())
    assert not holds(envelope._replace(payload_type="text/plain"), signature, KEY.public_key())


def test_an_envelope_that_nobody_signed_has_no_signature() -> None:
    assert sealed(b"{}", payload_type=KIND, key=None).signatures == []


def test_an_envelope_is_read_as_it_was_written() -> None:
    envelope = sealed(b'{"a": 1}', payload_type=KIND, key=KEY)
    assert from_json(to_json(envelope)) == envelope
    assert set(json.loads(to_json(envelope))) == {"payload", "payloadType", "signatures"}


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"payload": 1}', b"\xff", b"[" * 100_000])
def test_what_is_no_envelope_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="no DSSE envelope"):
        from_json(content)


def test_an_envelope_of_another_spelling_is_refused() -> None:
    """Else bytes of the file could change without anybody noticing."""
    written = to_json(Envelope(b"{}!", KIND, []))
    for other in (written + b"\n", written.replace(b'"payload"', b'"more": 1, "payload"')):
        with pytest.raises(ValueError, match="not spelled"):
            from_json(other)


def test_the_spare_bits_of_base64_are_not_free() -> None:
    written = to_json(Envelope(b"{}", KIND, []))
    assert b'"e30="' in written
    with pytest.raises(ValueError, match="not spelled"):
        from_json(written.replace(b'"e30="', b'"e31="'))


def test_openssl_checks_the_signature_and_gives_the_same_fingerprint(tmp_path: Path) -> None:
    envelope = sealed(b'{"a": 1}', payload_type=KIND, key=KEY)
    public, signed, signature = tmp_path / "pub.pem", tmp_path / "signed", tmp_path / "sig"
    public.write_bytes(pem(KEY.public_key()))
    assert fingerprint(key_of_pem(public.read_bytes())) == fingerprint(KEY.public_key())
    written = json.loads(to_json(envelope))
    signed.write_bytes(pae(written["payloadType"], base64.b64decode(written["payload"])))
    signature.write_bytes(base64.b64decode(written["signatures"][0]["sig"]))
    told = subprocess.run(
        ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", public, "-rawin", "-in", signed, "-sigfile", signature],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Signature Verified Successfully" in told.stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-in", public, "-outform", "DER"], capture_output=True).stdout
    assert hashlib.sha256(der).hexdigest() == fingerprint(KEY.public_key())
