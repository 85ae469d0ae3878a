"""Scenario discovery: ranges of a few parameters within which a target is mostly met.

The patient rule induction method of Friedman and Fisher 1999 (doi:10.1023/A:1008894516817), with
the measures and quasi-p-values of Bryant and Lempert 2010 (doi:10.1016/j.techfore.2009.08.002), and
the objective of Kwakkel and Jaxa-Rozen 2016 (doi:10.1016/j.envsoft.2015.11.020), which lets choices
compete with ranges although a choice takes more runs away than a slice of a range.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

# Share of the runs in a box that one peel takes away.
PEEL: Final = 0.05
# A box is not peeled below this share of all runs, nor this number.
LEAST_MASS: Final = 0.02
LEAST_RUNS: Final = 10
# Of the boxes on the way the best by density and coverage is kept: their harmonic mean with
# coverage weighing this much against density (an F measure with beta squared of a quarter).
COVERAGE_WEIGHT: Final = 0.25
# A limit that chance explains oftener is dropped.
SIGNIFICANT: Final = 0.05
# A further box is told if it holds this share of the runs that meet the target, and is at least
# this dense beside the first.
LEAST_COVERAGE: Final = 0.05
LEAST_DENSITY: Final = 0.5


@dataclass(frozen=True)
class Box:
    """Limits of parameters, which lie inside; missing where there is none.

    Attributes
    ----------
    low, high : ndarray, shape (parameter,)
        In the parameters' own units.
    p_low, p_high : ndarray, shape (parameter,)
        Quasi-p-values: how often chance would make the box as dense were the limit without effect.
    density : float
        Share of the runs in the box that meet the target.
    coverage : float
        Share of the runs meeting the target that lie in the box; missing where no run does.
    mass : float
        Share of all runs that lie in the box.
    """

    low: Array
    high: Array
    p_low: Array
    p_high: Array
    density: float
    coverage: float
    mass: float

    @property
    def limited(self) -> bool:
        """Whether the box has a limit at all."""
        return not (np.isnan(self.low).all() and np.isnan(self.high).all())


def boxes(values: Array, met: Array, most: int = 3) -> list[Box]:
    """Find boxes that hold the runs which meet a target, one after the other.

    A box is peeled slice by slice; of the boxes on the way the one of the best density and coverage
    is kept; limits that chance explains are dropped, and the box is peeled again with the others.
    The next is sought among the runs outside it, and its density, coverage and mass leave out the
    runs of the boxes before.

    Parameters
    ----------
    values : ndarray, shape (run, parameter)
        Of a design that samples the parameters; discrete choices as ordered numbers.
    met : ndarray, shape (run,)
        0 or 1, or the share of a run's draws that meet the target.
    most : int
        How many boxes to look for.

    Returns
    -------
    list of Box
        The first is always there: without limits where no part of the ranges sets itself apart, or
        where none or all of the runs meet the target.

    Examples
    --------
    >>> values = np.arange(100.0)[:, None]
    >>> box = boxes(values, values[:, 0] >= 60.0)[0]
    >>> box.low.item(), box.high.item(), box.density, box.coverage, box.mass
    (60.0, nan, 1.0, 1.0, 0.4)
    """
    met = np.asarray(met, dtype=float)
    left = np.ones(len(met), dtype=bool)
    found: list[Box] = []
    while len(found) < most:
        limits = _best(values, met, left, np.ones((2, values.shape[1]), dtype=bool))
        limits, _ = _needed(limits, values, met, left)
        # Again with those alone that are needed: slices of the others no longer take runs away.
        limits = _best(values, met, left, np.isfinite(limits))
        limits, chances = _needed(limits, values, met, left)
        inside = left & _inside(limits, values)
        box = _described(limits, chances, met, inside)
        if found and not (
            box.limited
            and box.coverage >= LEAST_COVERAGE
            and box.density >= LEAST_DENSITY * found[0].density
        ):
            break
        found.append(box)
        left &= ~inside
        if not met[left].any():
            break
    return found


def discover(values: Array, met: Array, most: int = 3) -> dict[str, Array]:
    """Find the boxes of many outcomes.

    Parameters
    ----------
    values : ndarray, shape (run, parameter)
    met : ndarray, shape (run, outcome)
    most : int
        As in `boxes`.

    Returns
    -------
    dict of str to ndarray
        ``box_low``, ``box_high``, ``box_p_low``, ``box_p_high``, shape (box, outcome, parameter),
        and ``density``, ``coverage``, ``mass``, shape (box, outcome), of `Box`; missing where an
        outcome has fewer boxes.
    """
    shape = (most, met.shape[1])
    found = {
        name: np.full((*shape, values.shape[1]), np.nan)
        for name in ("box_low", "box_high", "box_p_low", "box_p_high")
    } | {name: np.full(shape, np.nan) for name in ("density", "coverage", "mass")}
    for k in range(met.shape[1]):
        for i, box in enumerate(boxes(values, met[:, k], most)):
            for name, table in found.items():
                table[i, k] = getattr(box, name.removeprefix("box_"))
    return found


def _best(values: Array, met: Array, left: Mask, allowed: Mask) -> Array:
    """Limits of the best box on the way from all that is left to the smallest.

    Limits are (2, parameter), low ends first; only those allowed are moved.
    """
    total = met[left].sum()
    best, merit = _open(values.shape[1]), -1.0
    for limits, inside in _peeled(values, met, left, allowed):
        hits, runs = met[inside].sum(), inside.sum()
        # F measure of density (hits / runs) and coverage (hits / total), without their zeros.
        reached = (1.0 + COVERAGE_WEIGHT) * hits / (COVERAGE_WEIGHT * total + runs)
        if reached > merit:
            best, merit = limits, reached
    return best


def _peeled(values: Array, met: Array, left: Mask, allowed: Mask) -> Iterator[tuple[Array, Mask]]:
    """Boxes with the runs in them, each cut out of the one before."""
    least = max(LEAST_RUNS, LEAST_MASS * len(met))
    limits, inside = _open(values.shape[1]), left
    while True:
        yield limits, inside
        at = np.flatnonzero(inside)
        here, density = values[at], met[at].mean()
        ranked = np.sort(here, axis=0)
        slice_ = max(1, int(PEEL * len(at)))
        # Runs that stay when the lowest slice, or the highest, goes with all equal to its end.
        stays = np.stack([here > ranked[slice_ - 1], here < ranked[-slice_]])
        kept = stays.sum(axis=1)
        denser = np.einsum("sij,i->sj", stays, met[at]) / np.maximum(kept, 1) - density
        gain = denser / np.maximum(len(at) - kept, 1)
        gain[(kept < least) | ~allowed] = -np.inf
        side, j = np.unravel_index(int(gain.argmax()), gain.shape)
        if gain[side, j] <= 0.0:
            return
        inside = np.zeros_like(left)
        inside[at[stays[side, :, j]]] = True
        limits = limits.copy()
        limits[side, j] = values[inside, j].min() if side == 0 else values[inside, j].max()


def _needed(limits: Array, values: Array, met: Array, left: Mask) -> tuple[Array, Array]:
    """Drop the limits that chance explains, the likeliest first; the others' quasi-p-values."""
    limits = limits.copy()
    while True:
        inside = left & _inside(limits, values)
        chances = np.full(limits.shape, np.nan)
        for side, j in np.argwhere(np.isfinite(limits)):
            without = limits.copy()
            without[side, j] = _open(1)[side, 0]
            density = met[left & _inside(without, values)].mean()
            chances[side, j] = _at_least(met[inside].sum(), inside.sum(), density)
        if not (chances > SIGNIFICANT).any():
            return limits, chances
        side, j = np.unravel_index(int(np.nanargmax(chances)), chances.shape)
        limits[side, j] = _open(1)[side, 0]


def _at_least(hits: float, runs: int, chance: float) -> float:
    """Probability of so many hits or more; hits may be a sum of shares."""
    return float(betainc(hits, runs - hits + 1.0, chance)) if hits > 0.0 else 1.0


def _described(limits: Array, chances: Array, met: Array, inside: Mask) -> Box:
    hits, total = float(met[inside].sum()), float(met.sum())
    low, high = np.where(np.isfinite(limits), limits, np.nan)
    return Box(
        low,
        high,
        p_low=chances[0],
        p_high=chances[1],
        density=hits / int(inside.sum()),
        coverage=hits / total if total > 0.0 else np.nan,
        mass=int(inside.sum()) / len(met),
    )


def _open(count: int) -> Array:
    return np.repeat([[-np.inf], [np.inf]], count, axis=1)


def _inside(limits: Array, values: Array) -> Mask:
    return np.asarray(np.all((values >= limits[0]) & (values <= limits[1]), axis=1))
