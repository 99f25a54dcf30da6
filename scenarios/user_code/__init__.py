"""A user's own workload or locustfile on its way into the load pods."""
