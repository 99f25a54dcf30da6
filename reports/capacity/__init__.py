"""How much a system carries: the numbers of `meshbench capacity`, and its page."""
