"""``meshbench nightly``: many trials of a suite, night after night, and whether anything moved."""
