"""A local page on which the levers of a region are moved."""
