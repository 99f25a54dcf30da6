"""What the mysqlds of a run said in their error logs: which lines mean what, and reading them out of a run folder."""
