"""Sensitivity of outcomes to parameters: effects, indices and their intervals.

All outcomes of a sweep together: a bootstrap resample is a row of weights on the runs, and each
index a ratio of weighted means, so that one product of matrices serves every outcome and resample.
"""

from __future__ import annotations

import zlib
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Ends of an interval, as shares of the resamples.
INTERVAL: Final = (0.025, 0.975)
# The distance that chance alone exceeds once in twenty.
BY_CHANCE: Final = 0.95
# An outcome that varies by no more than this share of its size is constant: rounding, not effect.
ROUNDING: Final = 1e-12


def one_at_a_time(outcomes: Array) -> dict[str, Array]:
    """Outcomes with one parameter at an end of its range and the others at the base.

    Parameters
    ----------
    outcomes : ndarray, shape (run, outcome)
        Of a one-at-a-time design.

    Returns
    -------
    dict of str to ndarray, shape (outcome, parameter)
        ``low``, ``base``, ``high``.

    Examples
    --------
    >>> found = one_at_a_time(np.array([[10.0], [9.0], [13.0]]))
    >>> {name: values.item() for name, values in found.items()}
    {'low': 9.0, 'base': 10.0, 'high': 13.0}
    """
    low, high = outcomes[1::2].T, outcomes[2::2].T
    return {"low": low, "base": np.broadcast_to(outcomes[:1].T, low.shape), "high": high}


def morris(outcomes: Array, steps: Array, resamples: int, seed: int) -> dict[str, Array]:
    """Elementary effects: what an outcome gains when a parameter goes through its whole range.

    Parameters
    ----------
    outcomes : ndarray, shape (run, outcome)
    steps : ndarray, shape (run, parameter)
        Of Morris' trajectories, as the design gives them.
    resamples : int
        Of whole trajectories, for the intervals of ``mu_star``.
    seed : int

    Returns
    -------
    dict of str to ndarray, shape (outcome, parameter)
        ``mu``, ``mu_star`` with ``mu_star_low`` and ``mu_star_high``, ``sigma``: mean, mean size
        and standard deviation of the effects, in the outcome's unit.
    """
    count = steps.shape[1]
    moved = np.diff(steps.reshape(-1, count + 1, count), axis=1)
    gained = np.diff(outcomes.reshape(-1, count + 1, outcomes.shape[1]), axis=1)
    # One parameter moves at a time: put the steps of a trajectory in the parameters' order.
    order = np.argmax(moved != 0.0, axis=2).argsort(axis=1)[:, :, None]
    size = np.take_along_axis(moved.sum(axis=2)[:, :, None], order, axis=1)
    effects = np.take_along_axis(gained, order, axis=1) / size
    weights = _weights(len(effects), resamples, seed, "morris")
    sizes = weights @ np.abs(effects).reshape(len(effects), -1)
    estimate, low, high = (
        part.reshape(effects.shape[1:]).T for part in _interval(sizes / len(effects))
    )
    return {
        "mu": effects.mean(axis=0).T,
        "mu_star": estimate,
        "mu_star_low": low,
        "mu_star_high": high,
        "sigma": effects.std(axis=0, ddof=1).T,
    }


def sobol(
    outcomes: Array, count: int, second_order: bool, resamples: int, seed: int
) -> dict[str, Array]:
    """Sobol' indices: the share of an outcome's variance that parameters account for.

    The estimators are SALib's: Saltelli et al. 2010 (doi:10.1016/j.cpc.2009.09.018) for first and
    total order, Saltelli 2002 (doi:10.1016/S0010-4655(02)00280-1) for second.

    Parameters
    ----------
    outcomes : ndarray, shape (run, outcome)
        Of a Sobol' design.
    count : int
        Number of parameters.
    second_order : bool
        As in the design.
    resamples : int
        Of the points of the base sample, for the intervals.
    seed : int

    Returns
    -------
    dict of str to ndarray
        ``S1`` and ``ST``, shape (outcome, parameter), and where wanted ``S2``, shape (outcome,
        parameter, parameter), known above its diagonal; each with ``_low`` and ``_high``, its 95 %
        percentile bootstrap interval. Missing where the outcome is constant.
    """
    block = (2 if second_order else 1) * count + 2
    centred = outcomes - outcomes.mean(axis=0)
    points = centred.reshape(-1, block, outcomes.shape[1])
    a, b = points[:, 0], points[:, -1]
    ab, ba = points[:, 1 : count + 1], points[:, count + 1 : -1]
    weights = _weights(len(points), resamples, seed, "sobol") / len(points)
    variance = weights @ (a**2 + b**2) / 2.0 - ((weights @ (a + b)) / 2.0) ** 2
    variance[:, _constant(outcomes)] = np.nan
    variance[variance <= 0.0] = np.nan

    first = [weights @ (b * (ab[:, j] - a)) / variance for j in range(count)]
    total = [weights @ ((a - ab[:, j]) ** 2) / (2.0 * variance) for j in range(count)]
    found = {**_named("S1", first), **_named("ST", total)}
    if second_order:
        missing = np.full((outcomes.shape[1], count, count), np.nan)
        pairs = {f"S2{end}": missing.copy() for end in ("", "_low", "_high")}
        neither = a * b
        for j in range(count):
            for k in range(j + 1, count):
                both = weights @ (ba[:, j] * ab[:, k] - neither) / variance
                for name, part in zip(pairs, _interval(both - first[j] - first[k]), strict=True):
                    pairs[name][:, j, k] = part
        found |= pairs
    return found


def importance(values: Array, met: Array, resamples: int, seed: int) -> dict[str, Array]:
    """How far the runs that meet a target differ from all runs, parameter by parameter.

    The Kolmogorov-Smirnov distance between a parameter's distribution among the runs that meet the
    target and among all: 0 where meeting it says nothing about the parameter.

    Parameters
    ----------
    values : ndarray, shape (run, parameter)
        Of a design that samples the parameters.
    met : ndarray, shape (run, outcome)
        0 or 1, or the share of a run's draws that meet the target.
    resamples : int
        Of the runs dealt again, for what chance alone gives.
    seed : int

    Returns
    -------
    dict of str to ndarray, shape (outcome, parameter)
        ``importance``, and ``importance_chance``: the distance that a parameter of no influence
        exceeds once in twenty. Missing where no run meets the target; zero where all do.

    Examples
    --------
    >>> values = np.array([[1.0], [2.0], [3.0], [4.0]])
    >>> importance(values, values > 2.0, 20, 1)["importance"].item()
    0.5
    """
    met = np.asarray(met, dtype=float)
    dealt = [_stream(seed, "importance", k).permutation(len(met)) for k in range(resamples)]
    found = np.empty((met.shape[1], values.shape[1]))
    chance = np.empty_like(found)
    known: dict[bytes, Array] = {}  # parameters without ties share what chance gives
    for j in range(values.shape[1]):
        order = np.argsort(values[:, j], kind="stable")
        last = np.append(np.diff(values[order, j]) > 0.0, True)
        found[:, j] = _distance(met[order], last)
        ties = last.tobytes()
        if ties not in known:
            by_chance = np.stack([_distance(met[deal], last) for deal in dealt])
            known[ties] = np.quantile(by_chance, BY_CHANCE, axis=0)
        chance[:, j] = known[ties]
    return {"importance": found, "importance_chance": chance}


def _distance(met: Array, last: NDArray[np.bool_]) -> Array:
    """Distance between the distributions of runs in order; ``last`` of each value among equals."""
    among = np.cumsum(met, axis=0)
    total = np.where(among[-1] > 0.0, among[-1], np.nan)
    among_all = np.arange(1, len(met) + 1)[:, None] / len(met)
    return np.asarray(np.abs(among / total - among_all)[last].max(axis=0))


def _constant(outcomes: Array) -> NDArray[np.bool_]:
    return np.asarray(np.ptp(outcomes, axis=0) <= ROUNDING * np.abs(outcomes).max(axis=0))


def _weights(size: int, resamples: int, seed: int, name: str) -> Array:
    """How often each of ``size`` points counts: once in the first row, as drawn in the others."""
    weights = np.ones((resamples + 1, size))
    for k in range(resamples):
        drawn = _stream(seed, name, k).integers(size, size=size)
        weights[k + 1] = np.bincount(drawn, minlength=size)
    return weights


def _stream(seed: int, name: str, resample: int) -> np.random.Generator:
    key = (zlib.crc32(f"resamples/{name}".encode()), resample)
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def _interval(resampled: Array) -> tuple[Array, Array, Array]:
    """Estimate, low and high end from its value in the sample, first, and in each resample."""
    drawn = resampled[1:]
    ends = np.quantile(drawn, INTERVAL, axis=0)
    # A resample may miss the few runs in which an outcome differs: it says nothing then.
    partly = np.isnan(drawn).any(axis=0) & ~np.isnan(drawn).all(axis=0)
    ends[:, partly] = np.nanquantile(drawn[:, partly], INTERVAL, axis=0)
    return resampled[0], ends[0], ends[1]


def _named(name: str, resampled: list[Array]) -> dict[str, Array]:
    parts = zip(*map(_interval, resampled), strict=True)
    return {
        f"{name}{end}": np.stack(part, axis=1)
        for end, part in zip(("", "_low", "_high"), parts, strict=True)
    }
