"""One mysqld: its command line, its options, its image, and what it writes to its error log."""
