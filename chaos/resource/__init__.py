"""Faults of what a process may use: CPU, memory, threads, connections."""
