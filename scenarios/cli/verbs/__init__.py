"""A file a verb, or a small family of verbs: its words, and what does the work (see `scenarios.cli.cli`)."""
