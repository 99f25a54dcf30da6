"""certificate-expired: a proxy has a certificate whose notAfter is past, as when nobody renewed it.

Bites when a peer that looks at it refuses new sessions. Live ones go on: a certificate is looked at when a session
begins.
"""

from __future__ import annotations

from dataclasses import dataclass

from chaos.proxy.certificates import BadCertificate


@dataclass(frozen=True, kw_only=True)
class CertificateExpired(BadCertificate):
    name = "certificate-expired"
    does = "nobody renewed a certificate: live sessions go on, new ones are refused, while every health check is green"
    bites = "a new session is refused because the certificate that the proxy shows has expired"
    good = "pooled sessions carry the load; what reconnects fails until the certificate is renewed; no money is lost"
    kind_of_certificate = "expired"
