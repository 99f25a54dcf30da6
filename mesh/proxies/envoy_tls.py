"""Envoy's use of the certificates of a run (`mesh.modes.tls`): its transport sockets, and where the files are.

Its own certificate and key are one file, a secret of Envoy's discovery service (SDS). When another one is renamed over
it, new sessions use that and live ones go on, as with the agents of Istio: Envoy watches the folder for renames. What
is named in the configuration itself, as the authority is, Envoy reads at its start alone.
"""

from __future__ import annotations

import json
from typing import Any

CERTIFICATE_FILE = "/etc/envoy/certificate.json"
AUTHORITY_FILE = "/etc/envoy/authority.pem"

_OWN = "own"
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


def secret(*, certificate: bytes, key: bytes) -> bytes:
    """The content of CERTIFICATE_FILE. Both PEM."""
    pair = {
        "certificate_chain": {"inline_string": certificate.decode()},
        "private_key": {"inline_string": key.decode()},
    }
    typed = {"@type": f"{_TRANSPORT_SOCKETS}.tls.v3.Secret", "name": _OWN, "tls_certificate": pair}
    return json.dumps({"resources": [typed]}).encode()


def _socket(kind: str, context: dict[str, Any]) -> dict[str, Any]:
    typed = {"@type": f"{_TRANSPORT_SOCKETS}.tls.v3.{kind}", **context}
    return {"name": "envoy.transport_sockets.tls", "typed_config": typed}


def _common() -> dict[str, Any]:
    return {
        # Envoy as a client stops at 1.2 unless told otherwise
        "tls_params": {"tls_minimum_protocol_version": "TLSv1_2", "tls_maximum_protocol_version": "TLSv1_3"},
        "tls_certificate_sds_secret_configs": [
            {
                "name": _OWN,
                "sds_config": {"resource_api_version": "V3", "path_config_source": {"path": CERTIFICATE_FILE}},
            }
        ],
        "validation_context": {"trusted_ca": {"filename": AUTHORITY_FILE}},
    }
