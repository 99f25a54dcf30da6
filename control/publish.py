"""Publishing the pools to every Envoy: two files, each replaced by renaming, and only when something changed."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path

from mesh.proxies import eds


def publish(folder: Path, pods: Mapping[str, str], *, serving: Mapping[str, Collection[str]]) -> None:
    """pods: name -> address. serving: pool -> the pods that may take its sessions."""
    for pool in eds.POOLS:
        scratch = folder / f".{pool}.json"
        scratch.write_text(json.dumps(eds.endpoints(pool, pods=pods, serving=serving[pool])))
        scratch.chmod(0o644)  # Envoy runs as a user of its own
        scratch.replace(folder / f"{pool}.json")
