"""Arrivals meet clients: the backlog, the record of every operation, how late the generator was."""
