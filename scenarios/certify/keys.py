"""The key that signs a certificate, and the one by which it is checked: PEM files of Ed25519, as OpenSSL makes them.

openssl genpkey -algorithm ed25519 -out certificates.pem
openssl pkey -in certificates.pem -pubout -out certificates.pub.pem
"""

from __future__ import annotations

from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from cluster.errors import ConfigurationError

_MAKE = "`openssl genpkey -algorithm ed25519 -out key.pem` makes one"
_PUBLIC = "`openssl pkey -in key.pem -pubout -out key.pub.pem` writes the public key of a pair"
#: A key of Ed25519 takes 200 bytes; whatever is much larger is another file.
_SIZE_MAX_BYTES = 1 << 16


def private_key(file: Path) -> Ed25519PrivateKey:
    """The key in a PEM file (PKCS #8, not encrypted). Raises ConfigurationError, which says how to get one."""
    content = _read(file)
    try:
        key = load_pem_private_key(content, password=None)
    except TypeError:
        raise ConfigurationError(
            f"{file}: this key is encrypted, and a run of many hours cannot ask for its passphrase; "
            f"`openssl pkey -in {file} -out plain.pem` decrypts it"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        told = "a public key, which cannot sign" if b"PUBLIC KEY" in content else "no private key in PEM"
        raise ConfigurationError(f"{file}: this is {told}; {_MAKE}") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigurationError(f"{file}: certificates are signed with an Ed25519 key, not {_kind(key)}; {_MAKE}")
    return key


def public_key(file: Path) -> Ed25519PublicKey:
    """The key in a PEM file (SubjectPublicKeyInfo). Raises ConfigurationError, which says how to get one."""
    content = _read(file)
    try:
        key = load_pem_public_key(content)
    except (ValueError, UnsupportedAlgorithm):
        told = "a private key, which stays with who signs" if b"PRIVATE KEY" in content else "no public key in PEM"
        raise ConfigurationError(f"{file}: this is {told}; {_PUBLIC}") from None
    if not isinstance(key, Ed25519PublicKey):
        raise ConfigurationError(f"{file}: certificates are signed with an Ed25519 key, not {_kind(key)}; {_PUBLIC}")
    return key


def _read(file: Path) -> bytes:
    try:
        if not file.is_file():  # to read a pipe would wait for ever
            what = "this is no file" if file.exists() else "there is no such file"
            raise ConfigurationError(f"{file}: {what}; give a key in PEM")
        if file.stat().st_size > _SIZE_MAX_BYTES:
            raise ConfigurationError(f"{file}: this is no key in PEM, it is too large")
        return file.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{file}: this key cannot be read: {error.strerror}") from None


def _kind(key: object) -> str:
    """The kind of a key in a word: ``RSA`` of RSAPrivateKey."""
    name = type(key).__name__.removesuffix("PublicKey").removesuffix("PrivateKey").strip("_")
    return f"a key of kind {name}"
