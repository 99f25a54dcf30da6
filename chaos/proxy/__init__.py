"""Faults of what stands between clients and nodes: proxies, their certificates, and the role agents that they ask."""
