"""Mutual TLS for one run: an authority made for it, certificates for its pods, and Envoy's use of both.

Keys exist in this process's memory and in the pods' own files, nowhere else; the authority's key never leaves this
process. Nothing is revoked or renewed: all of it ends with the run, and expires within days whatever happens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

VALID_FOR = timedelta(days=3)
#: Clocks of pods and host are one; a certificate must not be refused because the host's was set back a little.
BACKDATED_BY = timedelta(minutes=5)

CERTIFICATE_FILE = "/etc/envoy/certificate.pem"
KEY_FILE = "/etc/envoy/key.pem"
AUTHORITY_FILE = "/etc/envoy/authority.pem"

Side = Literal["client", "server"]
_PURPOSE = {"client": ExtendedKeyUsageOID.CLIENT_AUTH, "server": ExtendedKeyUsageOID.SERVER_AUTH}
_TRANSPORT_SOCKETS = "type.googleapis.com/envoy.extensions.transport_sockets"


@dataclass(frozen=True, kw_only=True)
class Identity:
    """The certificate of one Envoy and its key, and the authority it trusts. All PEM."""

    certificate: bytes
    key: bytes = field(repr=False)
    authority: bytes

    @property
    def files(self) -> Mapping[str, bytes]:
        """Path in the container -> content."""
        return {CERTIFICATE_FILE: self.certificate, KEY_FILE: self.key, AUTHORITY_FILE: self.authority}


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

    def issue(self, pod: str, side: Side) -> Identity:
        """A certificate made out to a pod's name, good for one side of a connection only."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            self._builder(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, pod)]), key)
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

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - BACKDATED_BY)
            .not_valid_after(now + VALID_FOR)
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


def to_server() -> dict[str, Any]:
    """Envoy's transport socket of the client side: the certificate must be made out to the endpoint's host name."""
    context = {"auto_host_sni": True, "auto_sni_san_validation": True, "common_tls_context": _common()}
    return _socket("UpstreamTlsContext", context)


def from_client() -> dict[str, Any]:
    """Envoy's transport socket on the server side: clients must have a certificate of this run's authority."""
    return _socket("DownstreamTlsContext", {"require_client_certificate": True, "common_tls_context": _common()})


def plaintext() -> dict[str, Any]:
    typed = {"@type": f"{_TRANSPORT_SOCKETS}.raw_buffer.v3.RawBuffer"}
    return {"name": "envoy.transport_sockets.raw_buffer", "typed_config": typed}


def _socket(kind: str, context: dict[str, Any]) -> dict[str, Any]:
    typed = {"@type": f"{_TRANSPORT_SOCKETS}.tls.v3.{kind}", **context}
    return {"name": "envoy.transport_sockets.tls", "typed_config": typed}


def _common() -> dict[str, Any]:
    return {
        # Envoy as a client stops at 1.2 unless told otherwise
        "tls_params": {"tls_minimum_protocol_version": "TLSv1_2", "tls_maximum_protocol_version": "TLSv1_3"},
        "tls_certificates": [
            {"certificate_chain": {"filename": CERTIFICATE_FILE}, "private_key": {"filename": KEY_FILE}}
        ],
        "validation_context": {"trusted_ca": {"filename": AUTHORITY_FILE}},
    }
