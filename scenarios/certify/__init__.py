"""Certificates: trials by a plan, the bundle of all evidence, and its verification."""
