"""PODS: images, Testcontainers, replication, role agent and observer. Knows nothing of the other rooms."""
