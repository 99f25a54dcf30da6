"""What the faults that drop or refuse packets have in common: a chain of iptables, a cut, a cut for each of several."""
