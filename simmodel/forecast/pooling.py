"""Partial pooling of the pace of urbanization: shrinkage towards the parent, and departures.

The pace is the urban-rural growth difference, the yearly gain of the logit of the urban share. A
unit departs from what it is shrunk towards (its province, the nation, the panel) by a stationary
autoregressive process in continuous time; units differ in their variance, which makes the
departures Student's t. Arrays only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.special import betaln, gammaln

from ..errors import CalibrationError
from ..texts import say

Array = NDArray[np.float64]

# United Nations, World Urbanization Prospects 2018: growth difference, per year, towards which a
# country tends, at an urban share of 0 and its change with the share.
NORM_AT_ZERO, NORM_SLOPE = 0.032744, -0.015536
# A parent's pace below this, per year, is no measure for its children's departures.
LEAST_PACE = 0.005
# Years over which the further deviation of annual figures fades. The likelihood of the annual
# series at hand is flat between one year and seven; with two, five-year gains deviate as those of
# 2010-15.
REPORTING_MEMORY = 2.0


def logit(share: ArrayLike) -> Array:
    """Log odds of a share.

    Parameters
    ----------
    share : array_like, any shape
        Between 0 and 1.

    Returns
    -------
    ndarray, shape of ``share``
    """
    share = np.asarray(share, dtype=float)
    return np.asarray(np.log(share) - np.log1p(-share))


def share_of(log_odds: ArrayLike) -> Array:
    """Share of log odds.

    Parameters
    ----------
    log_odds : array_like, any shape

    Returns
    -------
    ndarray, shape of ``log_odds``
        Between 0 and 1.
    """
    return np.asarray(1.0 / (1.0 + np.exp(-np.asarray(log_odds, dtype=float))))


def norm(share: ArrayLike) -> Array:
    """Growth difference, per year, that countries tend to at an urban share (WUP 2018).

    Parameters
    ----------
    share : array_like, any shape
        Urban share, 0 to 1.

    Returns
    -------
    ndarray, shape of ``share``
        Log odds a year.
    """
    return np.asarray(NORM_AT_ZERO + NORM_SLOPE * np.asarray(share, dtype=float))


@dataclass(frozen=True)
class Pooling:
    """How the pace of the units of one level departs from what they are shrunk towards.

    Departures are shares of the parent's pace; those of a panel's topmost units, which are
    shrunk towards `norm`, are growth differences per year.

    Attributes
    ----------
    slope : float
        Expected departure for each logit that a unit's urban share lies above its parent's.
    shift : float
        Expected departure of all units.
    spread : float
        Stationary scale of the departure.
    memory : float
        Years in which the correlation of departures falls to 1/e.
    degrees_of_freedom : float
        Degrees of freedom of Student's t.
    point_error : float
        Standard error of one count's log odds.
    reporting : float
        Scale of the further departure of the pace that annual figures show from the one that
        censuses show, as a share of the parent's pace; it fades over `REPORTING_MEMORY`.
    """

    slope: float
    shift: float
    spread: float
    memory: float
    degrees_of_freedom: float
    point_error: float
    reporting: float = 0.0


@dataclass(frozen=True)
class Record:
    """What was seen of a unit, beside what it is shrunk towards.

    Attributes
    ----------
    years : ndarray, shape (point,)
        Dates of the counts, rising.
    gains : ndarray, shape (point - 1,)
        Gain of log odds between counts beyond what it is shrunk towards, in units of ``scale``.
    offsets : ndarray, shape (point - 1,)
        Log odds above the parent's at the start of each interval; 0 without a parent.
    scale : float
        The parent's pace, per year; 1 without a parent.
    noisy : ndarray of bool, shape (point,)
        Counts that carry `Pooling.point_error`; a full census between surveys does not.
    """

    years: Array
    gains: Array
    offsets: Array
    scale: float
    noisy: NDArray[np.bool_]


@dataclass(frozen=True)
class Departure:
    """What is expected of a unit in later years, given its record.

    Attributes
    ----------
    mean : ndarray, shape (year,)
        Expected departure in each later year, slope and shift included.
    covariance : ndarray, shape (year, year)
        Of the departures, in the sense of a Student's t scale matrix.
    degrees_of_freedom : float
    """

    mean: Array
    covariance: Array
    degrees_of_freedom: float

    def over(self, years: int) -> tuple[float, float]:
        """Mean departure over the first ``years``, and its t scale."""
        weights = np.zeros(self.mean.size)
        weights[:years] = 1.0 / years
        return float(weights @ self.mean), float(np.sqrt(weights @ self.covariance @ weights))


def integrated(memory: float, starts: Array, ends: Array, later: Array, until: Array) -> Array:
    """Covariance of two integrals of a process with unit variance and exponential correlation.

    Parameters
    ----------
    memory : float
        Years in which the correlation falls to 1/e.
    starts, ends : ndarray, shape (row,)
        Limits of the first integrals.
    later, until : ndarray, shape (column,)
        Limits of the second ones.

    Returns
    -------
    ndarray, shape (row, column)

    Examples
    --------
    Over a time far shorter than the memory the process is constant:

    >>> at = np.array([0.0])
    >>> integrated(1e4, at, at + 2.0, at, at + 3.0).round(2)
    array([[6.]])
    """

    def second(step: Array) -> Array:
        """The function whose second derivative is the correlation, but for a constant."""
        span = np.abs(step) / memory
        return np.asarray(memory**2 * (np.expm1(-span) + span))

    a, b, c, d = starts[:, None], ends[:, None], later[None, :], until[None, :]
    return np.asarray(second(a - d) - second(a - c) - second(b - d) + second(b - c))


def reported(pooling: Pooling, years: int) -> Array:
    """Covariance of the further deviation of annual figures, by year.

    Parameters
    ----------
    pooling : Pooling
        Of the unit's level.
    years : int
        How many, from the last census on.

    Returns
    -------
    ndarray, shape (year, year)
        Squares of departures, which are shares of a pace.
    """
    at = np.arange(years, dtype=float)
    process = integrated(REPORTING_MEMORY, at, at + 1.0, at, at + 1.0)
    return np.asarray(pooling.reporting**2 * process)


def _moments(pooling: Pooling, record: Record) -> tuple[Array, Array]:
    """Residual gains and their covariance."""
    starts, ends = record.years[:-1], record.years[1:]
    spans = ends - starts
    expected = (pooling.slope * record.offsets + pooling.shift) * spans
    covariance = pooling.spread**2 * integrated(pooling.memory, starts, ends, starts, ends)
    error = np.where(record.noisy, pooling.point_error / record.scale, 0.0) ** 2
    covariance += np.diag(error[:-1] + error[1:])
    inner = np.arange(spans.size - 1)
    covariance[inner, inner + 1] -= error[1:-1]  # one count ends an interval and begins the next
    covariance[inner + 1, inner] -= error[1:-1]
    return record.gains / record.scale - expected, covariance


def depart(
    pooling: Pooling, record: Record | None, offset: float, years: int, known: int = 0
) -> Departure:
    """Departures expected in the years after a unit's last count.

    Parameters
    ----------
    pooling : Pooling
        Of the unit's level.
    record : Record or None
        What was seen of the unit; None where there is one count only.
    offset : float
        Log odds above the parent's at the last count.
    years : int
        How many years to look ahead.
    known : int
        Of how many of them annual figures tell the mean departure. It is met as expected here:
        figures narrow what is left open, and what they say is for the caller.

    Returns
    -------
    Departure
        By year, conditional on what was seen.
    """
    ahead = np.arange(years, dtype=float)
    level = pooling.slope * offset + pooling.shift
    prior = pooling.spread**2 * integrated(pooling.memory, ahead, ahead + 1.0, ahead, ahead + 1.0)
    if record is None:
        return Departure(np.full(years, level), prior, pooling.degrees_of_freedom)
    residual, covariance = _moments(pooling, record)
    past = record.years - record.years[-1]
    between = integrated(pooling.memory, ahead, ahead + 1.0, past[:-1], past[1:])
    between *= pooling.spread**2
    weights = np.linalg.solve(covariance, between.T).T
    surprise = float(residual @ np.linalg.solve(covariance, residual))
    degrees_of_freedom = pooling.degrees_of_freedom + residual.size
    mean = level + weights @ residual
    # A unit that has varied less than most is likely to go on so.
    variance_multiplier = (pooling.degrees_of_freedom + surprise) / degrees_of_freedom
    left = variance_multiplier * (prior - weights @ between.T)
    if known > 0:
        seen = left[:, :known].mean(axis=1)
        total = seen[:known].mean() + reported(pooling, known).mean()
        left -= np.outer(seen, seen) / total
    return Departure(mean, (left + left.T) / 2.0, degrees_of_freedom)


def log_likelihood(pooling: Pooling, records: Sequence[Record]) -> float:
    """Log density of the records of many units, each a multivariate Student's t.

    Parameters
    ----------
    pooling : Pooling
        Of their level.
    records : sequence of Record
        One a unit.

    Returns
    -------
    float
    """
    total = 0.0
    for record in records:
        residual, covariance = _moments(pooling, record)
        root = np.linalg.cholesky(covariance)
        distance = float((np.linalg.solve(root, residual) ** 2).sum())
        size, degrees_of_freedom = residual.size, pooling.degrees_of_freedom
        # As a beta function: a difference of gamma functions loses all digits where the degrees of
        # freedom are many.
        total += float(gammaln(size / 2.0) - betaln(degrees_of_freedom / 2.0, size / 2.0))
        total -= size / 2.0 * float(np.log(degrees_of_freedom * np.pi)) + float(
            np.log(np.diag(root)).sum()
        )
        total -= size * float(np.log(record.scale))
        total -= (degrees_of_freedom + size) / 2.0 * float(np.log1p(distance / degrees_of_freedom))
    return total


POSITIVE = ("spread", "memory", "degrees_of_freedom", "point_error", "reporting")
# Starts of the search, as steps on the log scale of every positive attribute.
STARTS = (0.0, 0.7, -0.7)
# Where estimates are searched: a memory far below a year or beyond any record, and tails beyond the
# normal's, cannot be told apart.
BOUNDS = {"memory": (0.5, 50.0), "degrees_of_freedom": (1.0, 200.0)}


def fit(records: Sequence[Record], start: Pooling, free: Sequence[str]) -> Pooling:
    """Maximum-likelihood estimates of the ``free`` attributes, the others as in ``start``.

    Positive attributes are searched on the log scale (Nelder-Mead: a handful of parameters, and
    a likelihood that is flat near a spread of zero), from several starts.

    Parameters
    ----------
    records : sequence of Record
        One a unit.
    start : Pooling
        Where the search starts, and what is not searched.
    free : sequence of str
        Names of the attributes to be estimated.

    Returns
    -------
    Pooling
        Of the best of the searches.

    Raises
    ------
    CalibrationError
        If no search comes to an end.
    """

    def pooling_of(point: Array) -> Pooling:
        values = {
            name: float(np.exp(value)) if name in POSITIVE else float(value)
            for name, value in zip(free, point, strict=True)
        }
        return replace(start, **values)

    def misfit(point: Array) -> float:
        try:
            return -log_likelihood(pooling_of(point), records)
        except np.linalg.LinAlgError:
            return np.inf

    first = [getattr(start, name) for name in free]
    first = [np.log(v) if name in POSITIVE else v for name, v in zip(free, first, strict=True)]
    options = {"maxiter": 4000, "maxfev": 4000, "xatol": 1e-4, "fatol": 1e-4}
    bounds = [tuple(np.log(BOUNDS[name])) if name in BOUNDS else (None, None) for name in free]
    found = []
    for step in STARTS:
        shifted = [v + step if name in POSITIVE else v for name, v in zip(free, first, strict=True)]
        search = minimize(misfit, shifted, method="Nelder-Mead", bounds=bounds, options=options)
        if search.success:
            found.append((float(search.fun), search.x))
    if not found:
        raise CalibrationError(say("forecast.no_pooling"))
    return pooling_of(min(found, key=lambda pair: pair[0])[1])
