"""Planned changes under load: nothing breaks, and the service should hold."""
