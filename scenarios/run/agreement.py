"""No load begins on pods that do not agree: it would be judged on what was wrong before it.

Pods agree when all are in service and have executed the same transactions. Whether they hold the same rows is not asked
here: an option that keeps changes from a replica (`replicate_do_db`) leaves its transactions equal and its tables
empty, and to find that out is what the run is for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from checks.evidence.unread import filters
from cluster.cluster import Cluster
from cluster.errors import ConfigurationError, HarnessError

TIMEOUT_S = 120.0


def require_agreement(cluster: Cluster, manifest: Mapping[str, Any]) -> None:
    """Wait until the pods agree after the set-up. manifest: of the run, with the options in effect.

    Raises ConfigurationError where an option of the user's keeps changes from pods, else HarnessError.
    """
    if cluster.membership.wait_converged(timeout_s=TIMEOUT_S) and not cluster.membership.quarantined():
        return
    told = f"the nodes did not agree after set-up, so no load was started: {cluster.membership.disagreement()}"
    if because := filters(manifest):
        raise ConfigurationError(f"{told}; {because} keeps changes from pods")
    raise HarnessError(told)
