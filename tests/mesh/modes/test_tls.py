"""Certificates: a handshake between two of one run succeeds, every other one fails."""

from __future__ import annotations

import json
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from mesh.modes.tls import Authority, Identity
from mesh.proxies.envoy_tls import CERTIFICATE_FILE, from_client


def context(identity: Identity, folder: Path, *, server: bool) -> ssl.SSLContext:
    """What Envoy's transport sockets demand, in OpenSSL's terms: a certificate from both, and the server's name."""
    folder.mkdir()
    for name in ("certificate", "key", "authority"):
        (folder / name).write_bytes(getattr(identity, name))
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    made.verify_mode = ssl.CERT_REQUIRED
    made.load_cert_chain(folder / "certificate", folder / "key")
    made.load_verify_locations(folder / "authority")
    return made


def shake_hands(client: Identity, server: Identity, folder: Path, *, name: str) -> None:
    """A TLS handshake in memory; raises ssl.SSLError when either side refuses."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    left = context(client, folder / "client", server=False).wrap_bio(to_client, to_server, server_hostname=name)
    right = context(server, folder / "server", server=True).wrap_bio(to_server, to_client, server_side=True)
    waiting = [left, right]
    for _ in range(6):
        for side in list(waiting):
            try:
                side.do_handshake()
                waiting.remove(side)
            except ssl.SSLWantReadError:
                continue
    assert not waiting


RUN = Authority("0a1b2c3d")
CLIENT, SERVER = RUN.issue("load1", "client"), RUN.issue("node1", "server")


def test_two_of_one_run_shake_hands(tmp_path: Path) -> None:
    shake_hands(CLIENT, SERVER, tmp_path, name="node1")


@pytest.mark.parametrize(
    ("client", "server", "name"),
    [
        pytest.param(CLIENT, SERVER, "node2", id="a server that is another pod"),
        pytest.param(Authority("other").issue("load1", "client"), SERVER, "node1", id="a client of another run"),
        pytest.param(CLIENT, Authority("other").issue("node1", "server"), "node1", id="a server of another run"),
        pytest.param(CLIENT, RUN.issue("node1", "server", until=-timedelta(minutes=1)), "node1", id="one that expired"),
        pytest.param(RUN.issue("node2", "server"), SERVER, "node1", id="a client that shows a server's certificate"),
        pytest.param(CLIENT, RUN.issue("node1", "client"), "node1", id="a server that shows a client's certificate"),
    ],
)
def test_everybody_else_is_refused(client: Identity, server: Identity, name: str, tmp_path: Path) -> None:
    with pytest.raises(ssl.SSLError):
        shake_hands(client, server, tmp_path, name=name)


def test_envoy_gets_certificate_and_key_as_one_file_that_can_be_replaced_at_once() -> None:
    (own,) = json.loads(CLIENT.files[CERTIFICATE_FILE])["resources"]
    pair = own["tls_certificate"]
    assert pair["certificate_chain"]["inline_string"].encode() == CLIENT.certificate
    assert pair["private_key"]["inline_string"].encode() == CLIENT.key
    (wanted,) = from_client()["typed_config"]["common_tls_context"]["tls_certificate_sds_secret_configs"]
    assert wanted["name"] == own["name"]
    assert wanted["sds_config"]["path_config_source"] == {"path": CERTIFICATE_FILE}


def test_certificates_end_within_days() -> None:
    until = x509.load_pem_x509_certificate(CLIENT.certificate).not_valid_after_utc
    assert datetime.now(UTC) < until < datetime.now(UTC) + timedelta(days=7)


def test_a_key_does_not_show_when_an_identity_is_printed() -> None:
    assert "PRIVATE KEY" in CLIENT.key.decode()
    assert "PRIVATE KEY" not in repr(CLIENT)
