"""Mutual TLS for one run: an authority made for it, and certificates for its pods.

Keys exist in this process's memory and in the pods' own files, nowhere else; the authority's key never leaves this
process. Nothing is revoked: all of it ends with the run, and expires within days whatever happens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mesh.proxies.envoy_tls import AUTHORITY_FILE, CERTIFICATE_FILE, secret

VALID_FOR = timedelta(days=3)
#: Clocks of pods and host are one; a certificate must not be refused because the host's was set back a little.
BACKDATED_BY = timedelta(minutes=5)

Side = Literal["client", "server"]
_PURPOSE = {"client": ExtendedKeyUsageOID.CLIENT_AUTH, "server": ExtendedKeyUsageOID.SERVER_AUTH}


@dataclass(frozen=True, kw_only=True)
class Identity:
    """The certificate of one Envoy and its key, and the authority it trusts. All PEM."""

    certificate: bytes
    key: bytes = field(repr=False)
    authority: bytes

    @property
    def files(self) -> Mapping[str, bytes]:
        """Path in the container -> content."""
        return {
            CERTIFICATE_FILE: secret(certificate=self.certificate, key=self.key),
            AUTHORITY_FILE: self.authority,
        }


class Authority:
    """Issues the certificates of one run (X.509 as RFC 5280 profiles it; P-256 keys)."""

    def __init__(self, run_id: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"meshbench run {run_id}")])
        certificate = (
            self._builder(self._name, self._key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(signs_certificates=True), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self._pem = certificate.public_bytes(Encoding.PEM)

    def issue(self, pod: str, side: Side, *, until: timedelta = VALID_FOR) -> Identity:
        """A certificate made out to a pod's name, good for one side of a connection only.

        until: how long from now it is good for; negative: it has expired (by less than it is backdated).
        """
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            self._builder(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, pod)]), key, until=until)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(pod)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([_PURPOSE[side]]), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        return Identity(
            certificate=certificate.public_bytes(Encoding.PEM),
            key=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
            authority=self._pem,
        )

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, until: timedelta = VALID_FOR
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - BACKDATED_BY)
            .not_valid_after(now + until)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
