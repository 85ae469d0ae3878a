"""Each chart takes Datasets and plain rows and returns a Figure; `save` writes one."""

from .comparison import compare
from .fan_figure import fan, urban_population_fan
from .ledger import ledger
from .matrix import matrix
from .parallel_drawing import save
from .pyramid import pyramid
from .registered import registered, registered_regions
from .waterfall import waterfall, waterfall_difference

__all__ = [
    "compare",
    "fan",
    "ledger",
    "matrix",
    "pyramid",
    "registered",
    "registered_regions",
    "save",
    "urban_population_fan",
    "waterfall",
    "waterfall_difference",
]
