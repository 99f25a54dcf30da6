"""What the cluster and those who break it may ask of whatever stands in front of the nodes (`mesh` is one)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from cluster.mysqld.mysqld import PORT
from cluster.platform.platform import Pod

#: Asks a proxy for its endpoints: pool -> pod -> at least ``{"healthy": bool}``. Raises OSError, ValueError or KeyError
#: without a usable answer.
AskPools = Callable[[], Mapping[str, Mapping[str, Mapping[str, Any]]]]


#: What a certificate is like. foreign: of an authority that nobody in the run trusts.
CertificateKind = Literal["valid", "expired", "foreign"]


class Certificates(Protocol):
    """Those of a mesh's proxies, which know each other by them. Pods are named; each has one proxy."""

    def file(self) -> str:
        """Where a proxy has its certificate and key, one file. One renamed over it is used for new sessions."""

    def issue(self, pod: str, kind: CertificateKind) -> bytes:
        """The content of such a file, made anew."""

    def loaded(self, pod: str) -> Mapping[str, Any]:
        """What the proxy uses now: at least ``serial`` and ``expires`` (ISO 8601). Raises OSError, ValueError."""

    def refusal(self, pod: str) -> str:
        """Why no new session with the proxy comes about now, or by way of it; empty where one does."""


@dataclass(frozen=True, kw_only=True)
class Drain:
    """How a proxy is made to take no new sessions while those that live go on. Both are run in its own container.

    stop: takes none from then on. resume: takes them again; None where only a new start of the process does that.
    """

    stop: tuple[str, ...]
    resume: tuple[str, ...] | None = None


class Front(Protocol):
    def attend_node(self, pod: Pod) -> None:
        """Put into a MySQL pod that came later what is needed there."""

    def proxies(self) -> Mapping[str, AskPools]:
        """Every proxy that has been started, by its name."""

    @property
    def containers(self) -> Collection[str]:
        """What the containers of its proxies are called in their pods."""

    @property
    def session_ports(self) -> tuple[int, ...]:
        """TCP ports at which the sessions of clients come to a MySQL pod, as a firewall in that pod sees them."""

    @property
    def certificates(self) -> Certificates | None:
        """None where the proxies have none."""

    @property
    def drain(self) -> Drain | None:
        """Of each proxy of the clients; None where there is none, or none that can."""


class NoFront:
    """Nothing stands there."""

    def attend_node(self, pod: Pod) -> None:
        """Nothing is needed."""

    def proxies(self) -> Mapping[str, AskPools]:
        return {}

    @property
    def containers(self) -> Collection[str]:
        return ()

    @property
    def session_ports(self) -> tuple[int, ...]:
        return (PORT,)

    @property
    def certificates(self) -> Certificates | None:
        return None

    @property
    def drain(self) -> Drain | None:
        return None
