"""Faults of a node's disk: full, slow, read-only, failing, cut off; logs that are lost."""
