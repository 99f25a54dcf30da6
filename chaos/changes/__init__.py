"""What people do to a cluster in use: planned changes, and what they forget to undo."""
