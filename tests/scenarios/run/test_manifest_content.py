"""What a run writes into manifest.json (manifest_content.py) and what is read of it (history.manifest): same names."""

from __future__ import annotations

from dataclasses import fields
from typing import get_type_hints

import pytest

from history.manifest import HostSection, Manifest, MeshSection, TopologySection
from scenarios.run.manifest_content import HostContent, ManifestContent, MeshContent, TopologyContent


@pytest.mark.parametrize(
    ("read", "written"),
    [
        (Manifest, ManifestContent),
        (TopologySection, TopologyContent),
        (MeshSection, MeshContent),
        (HostSection, HostContent),
    ],
)
def test_whatever_is_read_of_a_manifest_is_written(read: type, written: type) -> None:
    missing = {field.name for field in fields(read)} - get_type_hints(written).keys()
    assert not missing, f"{read.__name__} reads what no run writes"
