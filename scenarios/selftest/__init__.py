"""``meshbench selftest faults``: every fault on live pods, with proof that it bit and that nothing of it is left."""
