"""STORIES: typed scenarios, the catalogue, the runner and the command line. Imports all other rooms."""
