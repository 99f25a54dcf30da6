"""The run folder's contract: every file of a run as typed records, read with care. Knows no other room."""
