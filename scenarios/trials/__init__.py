"""The same scenario several times: the loop that all verbs share which run more than once."""
