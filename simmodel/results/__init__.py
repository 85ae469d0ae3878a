"""A run from scenario to files, and what the terminal shows of it."""
