"""A comparison of two groups of trials as JSON, in words, and as a page."""
