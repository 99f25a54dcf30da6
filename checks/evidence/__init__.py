"""What the checks stand on: views of the recorded ops, tables and samples. Judges nothing."""
