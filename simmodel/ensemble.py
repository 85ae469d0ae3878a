"""Draws: named random streams, and how uncertain the years after the last observation are."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]

# Draws are made and projected in blocks of this size, always whole, so that a draw is the same
# whatever the size of the ensemble.
BLOCK = 1024

# Spread, on the log scale, of a region's pace around what its posterior expects, by level. The
# pace of a region without figures of its own after the base year is uncertain from the first year;
# that of one with figures from the year after the last, growing over three years. Set so that the
# prefectures' 80 % intervals of the rate are about as wide as the record of forecasts of countries
# at 35-50 % urban: 5.4, 10.2 and 15.6 points after 5, 10 and 15 years (docs/model.md).
PACE_SPREAD = {"nation": 0.25, "province": 0.30, "prefecture": 0.33, "county": 0.20}
# Tails: Student's t. Scores outside +-TRUNCATED are redrawn by construction: none is ever that far.
DEGREES_OF_FREEDOM, TRUNCATED = 3.0, 5.0
RAMP_YEARS = 3
# Yearly noise of the pace: autoregressive, stationary spread and correlation from year to year.
NOISE_SPREAD, NOISE_CORRELATION = 0.15, 0.7
# Spread of arrivals and urban departures (at once, where they are not observed), and of fertility
# and mortality (growing over 15 years).
CROSSING_SPREAD, FERTILITY_SPREAD, MORTALITY_SPREAD = 0.3, 0.25, 0.08
GROWING_YEARS = 15.0


def standard_normal(seed: int, name: str, block: int, shape: Sequence[int]) -> Array:
    """Standard normal numbers of the stream ``name`` in one block of draws.

    Parameters
    ----------
    seed : int
        Of the ensemble.
    name : str
        What the numbers are for; another name gives independent numbers.
    block : int
        Which block of `BLOCK` draws.
    shape : sequence of int
        Leading axes; the draw axis of length `BLOCK` is added.

    Returns
    -------
    ndarray, shape (*shape, BLOCK)
    """
    sequence = np.random.SeedSequence(seed, spawn_key=(zlib.crc32(name.encode()), block))
    return np.random.default_rng(sequence).standard_normal((*shape, BLOCK))


def heavy_tailed(standard: Array) -> Array:
    """Truncated Student's t numbers from standard normal ones, of unit scale.

    Examples
    --------
    The median stays, and nothing lies beyond the truncation:

    >>> heavy_tailed(np.array([0.0, 40.0])).round(6)
    array([0., 5.])
    """
    t = stats.t(DEGREES_OF_FREEDOM)
    low = t.cdf(-TRUNCATED)
    return np.asarray(t.ppf(low + (1.0 - 2.0 * low) * stats.norm.cdf(standard)))


def pace_factors(
    seed: int,
    block: int,
    lineage: Sequence[tuple[str, str, int]],
    years: NDArray[np.int64],
    base_year: int,
) -> Mapping[str, Array]:
    """Uncertain factors on the levels of the years after the base.

    Parameters
    ----------
    seed, block : int
        Of the ensemble, and which block of draws.
    lineage : sequence of (str, str, int)
        Region, level and last observed year, of the region itself and of all it lies in: what
        happens to the nation's pace happens to all its regions in the same draw.
    years : ndarray, shape (year,)
        Calendar years projected.
    base_year : int

    Returns
    -------
    mapping of str to ndarray, shape (year, draw)
        ``exit``, ``departure``, ``arrivals``, ``reclassification``, ``fertility``,
        ``mortality``.
    """
    log = {
        name: np.zeros((years.size, BLOCK))
        for name in (
            "exit",
            "departure",
            "arrivals",
            "reclassification",
            "fertility",
            "mortality",
        )
    }
    for region, level, observed in lineage:
        ramp = _ramp(years, observed, base_year)[:, None]
        for name in ("exit", "reclassification"):
            stream = f"pace/{name}/{region}"
            drift = heavy_tailed(standard_normal(seed, stream, block, ()))
            log[name] += PACE_SPREAD[level] * ramp * drift
    region, _, observed = lineage[0]
    for name in ("exit", "reclassification"):
        log[name] += _noise(seed, f"noise/{name}/{region}", block, years > observed)
    for name in ("arrivals", "departure"):
        unknown = (years > observed)[:, None]
        crossing = standard_normal(seed, f"{name}/{region}", block, ())
        log[name] += CROSSING_SPREAD * unknown * crossing
    since = np.minimum((years - base_year) / GROWING_YEARS, 1.0)[:, None]
    top = lineage[-2][0] if len(lineage) > 1 else region
    for name, spread in (("fertility", FERTILITY_SPREAD), ("mortality", MORTALITY_SPREAD)):
        # Shared by the regions of a province.
        log[name] += spread * since * standard_normal(seed, f"{name}/{top}", block, ())
    return {name: np.exp(values) for name, values in log.items()}


def _ramp(years: NDArray[np.int64], observed: int, base_year: int) -> Array:
    if observed == base_year:
        return np.ones(years.size)
    return np.asarray(np.clip((years - observed) / RAMP_YEARS, 0.0, 1.0))


def _noise(seed: int, stream: str, block: int, unknown: NDArray[np.bool_]) -> Array:
    """Autoregressive yearly noise of the years not yet observed, (year, draw)."""
    shocks = standard_normal(seed, stream, block, (unknown.size,))
    noise = np.zeros_like(shocks)
    state = shocks[0]
    for year in range(unknown.size):
        if year > 0:
            keep = NOISE_CORRELATION
            state = keep * state + np.sqrt(1.0 - keep**2) * shocks[year]
        noise[year] = NOISE_SPREAD * state * unknown[year]
    return noise
