"""simmodel: urbanization scenario simulation, from census to a verdict on every target.

What the command line does, as functions; `simmodel.plot` draws what they return.

>>> import simmodel as sm
>>> ds = sm.run("trend", draws=20, set={"regions": ["wuwei"]})
>>> sm.verdict_table(ds)[["indicator", "year", "target"]].values.tolist()[-1]
['urbanization_rate', 2035, 65.0]
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from . import plot
    from .api import (
        Solution,
        ages,
        ledger_table,
        load_region,
        load_scenario,
        quantities,
        regions,
        run,
        simulate,
        solve,
        sweep,
        targets,
        verdict_table,
    )
    from .errors import SimmodelError

__all__ = [
    "SimmodelError",
    "Solution",
    "ages",
    "ledger_table",
    "load_region",
    "load_scenario",
    "plot",
    "quantities",
    "regions",
    "run",
    "simulate",
    "solve",
    "sweep",
    "targets",
    "verdict_table",
]


def __getattr__(name: str) -> object:
    """Import a name of ``__all__`` when it is first wanted: that of the package costs nothing."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "plot":
        return import_module(".plot", __name__)
    home = "errors" if name == "SimmodelError" else "api"
    return getattr(import_module(f".{home}", __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
