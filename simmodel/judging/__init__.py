"""Whether targets are met, how surely, and whether they fit each other."""
