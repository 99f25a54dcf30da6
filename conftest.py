"""pytest options and fixtures shared by every test of the repository."""
