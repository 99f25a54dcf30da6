"""A night: many trials of a suite, how it ended, and what moved since the nights before."""
