"""Faults of a process: killed, frozen."""
