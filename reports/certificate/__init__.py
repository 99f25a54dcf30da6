"""A certificate: claims on a system, a plan of trials fixed before the first one, and what came out."""
