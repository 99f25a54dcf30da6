"""A run's report in every format it is written in."""
