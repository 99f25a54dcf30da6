"""What became of one operation of a run, from when it was due to where it is at the end."""
