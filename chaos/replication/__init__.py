"""Faults of replication: what makes a replica fall behind, on which every failover depends."""
