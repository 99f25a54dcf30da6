"""Envoy's use of the certificates of a run (`mesh.proxies.tls`): its transport sockets, and where the files are."""

from __future__ import annotations

from typing import Any

CERTIFICATE_FILE = "/etc/envoy/certificate.pem"
KEY_FILE = "/etc/envoy/key.pem"
AUTHORITY_FILE = "/etc/envoy/authority.pem"

_TRANSPORT_SOCKETS = "type.googleapis.com/envoy.extensions.transport_sockets"


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
