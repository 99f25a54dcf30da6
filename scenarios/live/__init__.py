"""What is going on in a run right now, for whoever looks on while it lasts."""
