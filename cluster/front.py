"""What the cluster and those who break it may ask of whatever stands in front of the nodes (`mesh` is one)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from cluster.platform.platform import Pod

#: Asks a proxy for its endpoints: pool -> pod -> at least ``{"healthy": bool}``. Raises OSError, ValueError or KeyError
#: without a usable answer.
AskPools = Callable[[], Mapping[str, Mapping[str, Mapping[str, Any]]]]


class Front(Protocol):
    def attend_node(self, pod: Pod) -> None:
        """Put into a MySQL pod that came later what is needed there."""

    def proxies(self) -> Mapping[str, AskPools]:
        """Every proxy that has been started, by its name."""


class NoFront:
    """Nothing stands there."""

    def attend_node(self, pod: Pod) -> None:
        """Nothing is needed."""

    def proxies(self) -> Mapping[str, AskPools]:
        return {}
