"""What matters: indices of the outcomes of an experiment, and the boxes of its targets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..simulation.projector import EXACT_BYTES
from . import sensitivity
from .designs import Design
from .experiment import Experiment
from .prim import discover

Array = NDArray[np.float64]

# Dimensions of what an analysis finds, by name, where they are not outcome by parameter.
_PAIRS: Final = ("outcome", "parameter", "parameter_2")
_BOXES: Final = ("box", "outcome", "parameter")
DIMENSIONS: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(("S2", "S2_low", "S2_high"), _PAIRS),
    **dict.fromkeys(("box_low", "box_high", "box_p_low", "box_p_high"), _BOXES),
    **dict.fromkeys(("density", "coverage", "mass"), ("box", "outcome")),
    **dict.fromkeys(("low_at", "high_at"), ("parameter",)),
}


def analyse(experiment: Experiment, design: Design, values: Array) -> dict[str, xr.DataArray]:
    """Indices of all outcomes.

    Parameters
    ----------
    experiment : Experiment
    design : Design
    values : ndarray, shape (run, outcome)

    Returns
    -------
    dict of str to DataArray
        By outcome and parameter, or as `DIMENSIONS` says; missing where an outcome has no such
        index.
    """
    # As many outcomes together as leave room for the products of the estimators.
    together = max(1, EXACT_BYTES // 16 // max(1, 8 * values.shape[0]))
    groups = [
        _indices(experiment, design, np.ascontiguousarray(values[:, start : start + together]))
        for start in range(0, values.shape[1], together)
    ]
    found = {
        name: _array(name, np.concatenate([group[name] for group in groups]))
        for name in (groups[0] if groups else {})
    }
    targets = np.flatnonzero(experiment.met)
    if experiment.method == "one_at_a_time":
        ends = np.array([dimension.ends for dimension in experiment.dimensions])
        found |= {"low_at": _array("low_at", ends[:, 0]), "high_at": _array("high_at", ends[:, 1])}
    if experiment.method in ("sobol", "discovery") and targets.size:
        rows = _independent(experiment, design)
        met = np.ascontiguousarray(values[rows][:, targets])
        given = sensitivity.importance(
            design.values[rows], met, experiment.resamples, experiment.seed
        )
        found |= {
            n: _array(n, _among_all(v, targets, len(experiment.met), 0)) for n, v in given.items()
        }
    if experiment.method == "discovery" and targets.size:
        boxes = discover(design.values, values[:, targets])
        found |= {
            n: _array(n, _among_all(v, targets, len(experiment.met), 1)) for n, v in boxes.items()
        }
    return found


def _indices(experiment: Experiment, design: Design, values: Array) -> dict[str, Array]:
    """Indices of some outcomes, each with outcomes on its first axis."""
    count = len(experiment.dimensions)
    if experiment.method == "sobol":
        return sensitivity.sobol(
            values, count, experiment.second_order, experiment.resamples, experiment.seed
        )
    if experiment.method == "morris":
        assert design.steps is not None
        return sensitivity.morris(values, design.steps, experiment.resamples, experiment.seed)
    if experiment.method == "one_at_a_time":
        return sensitivity.one_at_a_time(values)
    if experiment.method == "grid":
        return {"span": _span(design.values, values)}
    return {}


def _span(design: Array, values: Array) -> Array:
    """Largest less smallest mean of the outcomes at the levels of each parameter of a grid."""
    spans = []
    for column in design.T:
        levels = [values[column == level].mean(axis=0) for level in np.unique(column)]
        spans.append(np.ptp(levels, axis=0))
    return np.stack(spans, axis=1)


def _independent(experiment: Experiment, design: Design) -> NDArray[np.intp]:
    """Runs that are independent of each other: of a Sobol' design those of its two samples."""
    runs = np.arange(design.values.shape[0])
    if experiment.method != "sobol":
        return runs
    block = (2 if experiment.second_order else 1) * len(experiment.dimensions) + 2
    return np.flatnonzero((runs % block == 0) | (runs % block == block - 1))


def _among_all(some: Array, places: NDArray[np.intp], count: int, axis: int) -> Array:
    """Values of some outcomes among all, the others missing."""
    shape = list(some.shape)
    shape[axis] = count
    found = np.full(shape, np.nan)
    found[(slice(None),) * axis + (places,)] = some
    return found


def _array(name: str, values: Array) -> xr.DataArray:
    return xr.DataArray(values, dims=DIMENSIONS.get(name, ("outcome", "parameter")))
