"""The report of a matrix."""
