"""The commands as functions of Python: labelled data comes back; only `sweep` writes anything.

Everything after the first argument goes by its name.

What is wrong raises a `simmodel.SimmodelError` that says what the command line would say. Regions
that had to be calibrated again, and settings that move nobody, are warned of. Seeds are read and
their posteriors made ready once, and again when a file in the folder has changed.
"""

from .files import load_region, load_scenario, quantities, regions
from .questions import Solution, solve, targets
from .scenarios import ages, ledger_table, run, simulate, sweep, verdict_table

__all__ = [
    "Solution",
    "ages",
    "ledger_table",
    "load_region",
    "load_scenario",
    "quantities",
    "regions",
    "run",
    "simulate",
    "solve",
    "sweep",
    "targets",
    "verdict_table",
]
