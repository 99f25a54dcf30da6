"""The ways to replicate, one file each."""
