"""Faults of one node's clock, as its mysqld reads it; the host's stays as it is."""
