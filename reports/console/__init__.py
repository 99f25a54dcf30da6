"""``runs/index.html``: all runs of a folder on one page."""
