"""The workloads, one file each, and how a user's own class becomes one."""
