"""Samples every node and every proxy while a run lasts. A pod of its own."""
