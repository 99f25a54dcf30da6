"""Signed statements: the DSSE envelope, version 1, with Ed25519.

What is signed is never the text alone but its length, its type and their lengths with it (the pre-authentication
encoding, https://github.com/secure-systems-lab/dsse/blob/v1.0.0/protocol.md), so that a signature holds for one type of
document. An envelope without a signature is written, too: then nobody vouches for it.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key


class Signature(NamedTuple):
    """keyid: a hint whose key made it, which nothing vouches for."""

    keyid: str
    sig: bytes


class Envelope(NamedTuple):
    """payload: what was signed, as bytes of type ``payload_type``."""

    payload: bytes
    payload_type: str
    signatures: list[Signature]


def pae(payload_type: str, payload: bytes) -> bytes:
    """The bytes that are signed: ``DSSEv1 LEN(type) type LEN(payload) payload``, lengths in bytes."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def sealed(payload: bytes, *, payload_type: str, key: Ed25519PrivateKey | None) -> Envelope:
    """An envelope around the payload, signed by the key if there is one."""
    signatures = []
    if key is not None:
        signatures.append(Signature(fingerprint(key.public_key()), key.sign(pae(payload_type, payload))))
    return Envelope(payload, payload_type, signatures)


def holds(envelope: Envelope, signature: Signature, key: Ed25519PublicKey) -> bool:
    """Whether the key made this signature of the envelope's payload."""
    try:
        key.verify(signature.sig, pae(envelope.payload_type, envelope.payload))
    except InvalidSignature:
        return False
    return True


def fingerprint(key: Ed25519PublicKey) -> str:
    """SHA-256 of the key in DER (SubjectPublicKeyInfo), in hex.

    ``openssl pkey -pubin -in KEY -outform DER | sha256sum`` gives the same.
    """
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def pem(key: Ed25519PublicKey) -> bytes:
    """The public key as OpenSSL writes it."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def key_of_pem(content: bytes) -> Ed25519PublicKey:
    """The public key in a PEM file; raises ValueError unless it is one of Ed25519."""
    try:
        key = load_pem_public_key(content)
    except UnsupportedAlgorithm:
        raise ValueError("its key is of a kind that is not known") from None
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("its key is not of Ed25519")
    return key


def to_json(envelope: Envelope) -> bytes:
    """The envelope as a file: one spelling only, in standard base64."""
    content = {
        "payload": base64.b64encode(envelope.payload).decode("ascii"),
        "payloadType": envelope.payload_type,
        "signatures": [
            {"keyid": one.keyid, "sig": base64.b64encode(one.sig).decode("ascii")} for one in envelope.signatures
        ],
    }
    return json.dumps(content, indent=1).encode() + b"\n"


def from_json(content: bytes) -> Envelope:
    """The envelope in a file; raises ValueError, in one line, unless it is what `to_json` writes of it."""
    try:
        document: Any = json.loads(content)
        envelope = Envelope(
            payload=base64.b64decode(document["payload"], validate=True),
            payload_type=document["payloadType"],
            signatures=[
                Signature(one["keyid"], base64.b64decode(one["sig"], validate=True)) for one in document["signatures"]
            ],
        )
        written = to_json(envelope)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise ValueError("it is no DSSE envelope") from None
    if written != content:
        raise ValueError("it is not spelled as it was written")
    return envelope
