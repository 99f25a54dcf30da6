"""What `make bench-*` runs: boot and load, each against a yardstick in the same run."""
