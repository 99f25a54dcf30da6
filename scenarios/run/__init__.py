"""One run: from a checked scenario to a judged and sealed run folder."""
