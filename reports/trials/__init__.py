"""Trials: one run among several, and what several say together."""
