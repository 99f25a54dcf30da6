"""When operations are due: curves, random arrivals, think times."""
