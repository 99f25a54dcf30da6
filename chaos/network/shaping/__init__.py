"""How packets are delayed, lost, duplicated, reordered, corrupted and slowed: by `tc`, or by a program of ours."""
