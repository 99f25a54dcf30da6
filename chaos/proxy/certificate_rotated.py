"""certificate-rotated: a planned change: a proxy gets a new certificate and key of the same authority under load.

Shows when the proxy says that it uses the new one and a new session comes about. There is nothing to heal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from chaos.fault import Context, Evidence, Fault, Injection, Mode, Refutations, Victim
from chaos.probes import process
from chaos.proxy.certificates import certificates, loaded_by, put
from chaos.targets import SERVER_PROXIES


@dataclass(frozen=True, kw_only=True)
class CertificateRotated(Fault):
    name = "certificate-rotated"
    does = "a certificate is renewed in time: nobody may notice"
    bites = "the proxy uses the new certificate, and a new session comes about"
    heals = "nothing is broken: the new certificate is as good as the old one"
    good = "no session is cut, no operation fails"
    known_as = "Istio and cert-manager certificate rotation"
    targets = ("proxy", *SERVER_PROXIES)
    meshes: ClassVar[tuple[Mode, ...]] = ("mtls",)
    lasts = False
    refuted_by = Refutations(bitten={"rotated": (False,)})

    def on(self, victim: Victim, context: Context) -> Rotated:
        return Rotated(fault=self, victim=victim, context=context)


@dataclass(kw_only=True)
class Rotated(Injection[CertificateRotated]):
    """before: what the proxy used when it was struck."""

    before: Mapping[str, Any] | None = None

    def inject(self) -> None:
        there = certificates(self)
        self.before = there.loaded(self.pod)
        put(process(self.cluster, self.victim), there, there.issue(self.pod, "valid"))

    def effect(self) -> Evidence:
        there = certificates(self)
        loaded = loaded_by(there, self.pod)
        rotated = self.before is not None and loaded is not None and loaded["serial"] != self.before["serial"]
        refusal = there.refusal(self.pod)
        seen = {"rotated": rotated, "refusal": refusal, "certificate": loaded, "was": self.before}
        return Evidence(ok=rotated and not refusal, seen=seen)

    def heal(self) -> None:
        """Nothing is broken."""

    def residue(self) -> Evidence:
        refusal = certificates(self).refusal(self.pod)
        return Evidence(ok=not refusal, seen={"refusal": refusal})
