"""One logical client: where it connects to, and when it reconnects."""
