"""`meshbench serve`: the console, the run folders and the live view, in a browser of this machine."""
