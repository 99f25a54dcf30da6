"""The scenario file: every section as a typed document, and how it is read."""
