"""The certificates of a running mesh, for those who break or renew them (`cluster.front.Certificates`)."""

from __future__ import annotations

import json
import socket
import ssl
import tempfile
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from cluster.agent.agent import greets
from cluster.front import CertificateKind
from cluster.platform.platform import Pod
from mesh.endpoints import get
from mesh.modes.envoy_pod import ADMIN_TIMEOUT_S, admin
from mesh.modes.tls import Authority, Side
from mesh.proxies.envoy import INBOUND_PORT
from mesh.proxies.envoy_tls import CERTIFICATE_FILE, secret
from mesh.proxies.proxy import WRITE_PORT

TIMEOUT_S = 2.0
#: Less than certificates are backdated by: this one was good once.
EXPIRED_SINCE = timedelta(minutes=1)


class RunCertificates:
    """servers: the pods of the Envoys beside mysqld; clients: those of the sidecars."""

    def __init__(self, authority: Authority, *, servers: Sequence[Pod], clients: Sequence[Pod]) -> None:
        self._authority = authority
        self._pods: Mapping[str, tuple[Pod, Side]] = {
            **{pod.name: (pod, "server") for pod in servers},
            **{pod.name: (pod, "client") for pod in clients},
        }

    def file(self) -> str:
        return CERTIFICATE_FILE

    def issue(self, pod: str, kind: CertificateKind) -> bytes:
        _, side = self._pods[pod]
        match kind:
            case "valid":
                identity = self._authority.issue(pod, side)
            case "expired":
                identity = self._authority.issue(pod, side, until=-EXPIRED_SINCE)
            case "foreign":
                identity = Authority("of somebody else").issue(pod, side)
        return secret(certificate=identity.certificate, key=identity.key)

    def loaded(self, pod: str) -> Mapping[str, Any]:
        found = json.loads(partial(get, admin(self._pods[pod][0]), ADMIN_TIMEOUT_S)("/certs"))["certificates"]
        own = next((one["cert_chain"][0] for one in found if one.get("cert_chain")), None)
        if own is None:
            raise ValueError(f"the Envoy of {pod} has no certificate")
        return {"serial": own["serial_number"], "expires": own["expiration_time"]}

    def refusal(self, pod: str) -> str:
        """Of a server: with a client of the run who looks at what it is shown. Of a sidecar: through it to a node."""
        where, side = self._pods[pod]
        if side == "server":
            return self._refused_by_a_client(where)
        greeted = greets(where.address, port=WRITE_PORT, timeout_s=TIMEOUT_S)
        return "" if greeted else "no greeting of MySQL comes through its sidecar"

    def _refused_by_a_client(self, server: Pod) -> str:
        try:
            with (
                socket.create_connection((server.address, INBOUND_PORT), timeout=TIMEOUT_S) as plain,
                self._client().wrap_socket(plain, server_hostname=server.name) as session,
            ):
                return "" if session.recv(5) else "closed without a greeting of MySQL"
        except ssl.SSLCertVerificationError as refused:
            return refused.verify_message
        except OSError as error:
            return str(error) or type(error).__name__

    def _client(self) -> ssl.SSLContext:
        identity = self._authority.issue("a client", "client")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=identity.authority.decode())
        with tempfile.TemporaryDirectory() as folder:  # OpenSSL takes a certificate and its key from files alone
            pair = Path(folder) / "pair.pem"
            pair.touch(mode=0o600)
            pair.write_bytes(identity.certificate + identity.key)
            context.load_cert_chain(pair)
        return context
