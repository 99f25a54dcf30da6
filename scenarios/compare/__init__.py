"""``meshbench compare``: what is compared with what, and the rerun that confirms what is flagged."""
