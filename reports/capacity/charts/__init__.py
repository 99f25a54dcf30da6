"""The figures of a capacity run."""
