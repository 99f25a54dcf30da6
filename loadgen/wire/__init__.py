"""MySQL's protocol as a load worker speaks it: the hot path."""
