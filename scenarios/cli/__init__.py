"""The command line, and its verbs that run nothing."""
