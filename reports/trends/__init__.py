"""All runs of a folder as rows, their numbers, and what moved between them."""
