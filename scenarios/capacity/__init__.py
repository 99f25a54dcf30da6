"""How much a system carries: one system, load after measured load, and what is searched and compared with it."""
