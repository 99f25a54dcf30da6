"""wrong-ca: a proxy has a certificate of an authority that its peers do not trust, as when a cluster's root was changed
on one side alone.

Bites when a peer that looks at it refuses new sessions. Live ones go on.
"""

from __future__ import annotations

from dataclasses import dataclass

from chaos.proxy.certificates import BadCertificate


@dataclass(frozen=True, kw_only=True)
class WrongCA(BadCertificate):
    name = "wrong-ca"
    does = "the authority was changed on one side alone: new sessions are refused, while every health check is green"
    bites = "a new session is refused because nobody knows the authority of the certificate that the proxy shows"
    good = "pooled sessions carry the load; what reconnects fails until both sides trust one authority"
    kind_of_certificate = "foreign"
