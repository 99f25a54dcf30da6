"""The history beside the runs: brought up to date, and asked."""
