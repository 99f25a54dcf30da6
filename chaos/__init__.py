"""Faults and planned changes: one fault, one file, one name (`chaos.registry`). Imports `cluster`, `history` alone."""
