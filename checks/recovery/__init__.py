"""The way from a fault to service as before, step by step. Judges nothing."""
