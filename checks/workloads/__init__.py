"""The checks of one workload each: its own invariants on the final tables."""
