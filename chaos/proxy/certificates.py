"""What the faults of certificates have in common: another one is renamed into place in a proxy's own container, where
the good one waits under another name until it is put back.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from chaos.fault import Context, Evidence, Fault, Injection, Mode, Refutations, Victim
from chaos.probes import process
from chaos.targets import SERVER_PROXIES
from cluster.errors import HarnessError
from cluster.front import CertificateKind, Certificates
from cluster.platform.platform import Process

GOOD = ".good"


@dataclass(frozen=True, kw_only=True)
class BadCertificate(Fault):
    """kind_of_certificate: what it is like that the proxy is given."""

    kind_of_certificate: ClassVar[CertificateKind]
    heals = "the good certificate is renamed back into place"
    targets = ("proxy", *SERVER_PROXIES)
    meshes: ClassVar[tuple[Mode, ...]] = ("mtls",)
    refuted_by = Refutations(bitten={"refusal": ("",), "replaced": (False,)}, clean={"replaced": (True,)})

    def on(self, victim: Victim, context: Context) -> Replaced:
        return Replaced(fault=self, victim=victim, context=context)


class Replaced(Injection[BadCertificate]):
    """Live sessions go on: a certificate is looked at when a session begins."""

    def inject(self) -> None:
        there = certificates(self)
        put(process(self.cluster, self.victim), there, there.issue(self.pod, self.fault.kind_of_certificate), keep=True)

    def effect(self) -> Evidence:
        there = certificates(self)
        replaced, refusal, loaded = self._replaced(), there.refusal(self.pod), loaded_by(there, self.pod)
        return Evidence(
            ok=replaced and bool(refusal), seen={"replaced": replaced, "refusal": refusal, "certificate": loaded}
        )

    def heal(self) -> None:
        file = certificates(self).file()
        run(process(self.cluster, self.victim), f"if [ -e {file}{GOOD} ]; then mv {file}{GOOD} {file}; fi")

    def residue(self) -> Evidence:
        there = certificates(self)
        replaced, refusal, loaded = self._replaced(), there.refusal(self.pod), loaded_by(there, self.pod)
        return Evidence(
            ok=not replaced and not refusal, seen={"replaced": replaced, "refusal": refusal, "certificate": loaded}
        )

    def _replaced(self) -> bool:
        return process(self.cluster, self.victim).exec("test", "-e", certificates(self).file() + GOOD)[0] == 0


def certificates(injection: Injection[Any]) -> Certificates:
    """Raises HarnessError where the mesh has none, which the faults' ``meshes`` rule out."""
    found = injection.cluster.front.certificates
    if found is None:
        raise HarnessError("the mesh has no certificates")
    return found


def put(process: Process, there: Certificates, content: bytes, *, keep: bool = False) -> None:
    """Rename a new certificate into place. keep: the one before stays beside it, if none does already."""
    file, text = there.file(), base64.b64encode(content).decode()
    kept = f"[ -e {file}{GOOD} ] || cp -p {file} {file}{GOOD}; " if keep else ""
    run(process, f"set -e; {kept}echo {text} | base64 -d >{file}.new; chmod 644 {file}.new; mv {file}.new {file}")


def run(process: Process, script: str) -> None:
    """As root in the proxy's container; raises HarnessError."""
    if process.exec("sh", "-c", script, user="root")[0] != 0:
        raise HarnessError(f"{process.name}: its certificate could not be replaced")


def loaded_by(there: Certificates, pod: str) -> Mapping[str, Any] | None:
    """What the proxy says that it uses; None when it does not answer."""
    try:
        return there.loaded(pod)
    except (OSError, ValueError, KeyError):
        return None
