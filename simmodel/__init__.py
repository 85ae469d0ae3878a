"""simmodel: urbanization scenario simulation, from census to a verdict on every target."""

__version__ = "0.1.0"
