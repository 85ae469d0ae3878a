"""Age schedules of migration: the Rogers-Castro model schedule and its fit to cohort losses."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import least_squares

Array = NDArray[np.float64]

# Rogers, A. & Castro, L. J. (1981). Model Migration Schedules. IIASA Research Report RR-81-30:
# the standard labour-dominant schedule, seven parameters in the order of `rogers_castro`.
STANDARD = (0.02, 0.10, 0.06, 20.0, 0.10, 0.40, 0.003)
# Standard errors of an annual cohort rate and, on the log scale, of each shape parameter around the
# standard schedule: ridge terms of the fit.
RATE_SE = 0.003
LOG_SHAPE_SE = np.array([1.0, 0.5, 1.0, 0.25, 0.5, 0.3])


def rogers_castro(age: ArrayLike, parameters: ArrayLike = STANDARD) -> Array:
    r"""Model migration schedule at exact ages.

    Parameters
    ----------
    age : array_like, any shape
        Exact age in years.
    parameters : array_like, shape (7,)
        a1, alpha1 (children), a2, mu2, alpha2, lambda2 (labour force) and the constant c.

    Returns
    -------
    ndarray, shape of ``age``
        Rate per year, up to scale.

    Notes
    -----
    ``a1 exp(-alpha1 x) + a2 exp(-alpha2 (x - mu2) - exp(-lambda2 (x - mu2))) + c``.

    Examples
    --------
    At age mu2 the labour term is a2/e: 0.02 exp(-2) + 0.06 exp(-1) + 0.003 = 0.02778.

    >>> round(float(rogers_castro(20.0)), 5)
    0.02778
    """
    a1, alpha1, a2, mu2, alpha2, lambda2, c = np.asarray(parameters, dtype=float)
    x = np.asarray(age, dtype=float)
    # exp(-lambda2 (x - mu2)) overflows harmlessly towards "no labour moves" at very young ages.
    onset = np.exp(np.minimum(-lambda2 * (x - mu2), 700.0))
    return np.asarray(a1 * np.exp(-alpha1 * x) + a2 * np.exp(-alpha2 * (x - mu2) - onset) + c)


def calendar_year_schedule(parameters: ArrayLike, ages: int = 101) -> Array:
    """Schedule by age at 1 January: over the year those aged x are x + 1 on average.

    Parameters
    ----------
    parameters : array_like, shape (7,)
        As in `rogers_castro`.
    ages : int
        How many single years of age, from 0.

    Returns
    -------
    ndarray, shape (age,)
        Rate per year, up to scale.
    """
    return rogers_castro(np.arange(ages) + 1.0, parameters)


def cohort_mean(schedule: Array, first: int, width: int = 5, years: int = 10) -> float:
    """Mean of a schedule over the ages that a cohort passes through.

    Parameters
    ----------
    schedule : ndarray, shape (age,)
        Rate per year by age at 1 January.
    first : int
        Youngest age of the cohort at the start.
    width : int
        Number of single ages in the cohort.
    years : int
        Calendar years passed.

    Returns
    -------
    float
        Rate per year.

    Examples
    --------
    >>> cohort_mean(np.arange(20.0), first=0, width=1, years=3)
    1.0
    """
    passed = np.arange(first, first + width)[:, None] + np.arange(years)[None, :]
    return float(schedule[np.minimum(passed, schedule.size - 1)].mean())


def fit_schedule(first_ages: ArrayLike, annual_rates: ArrayLike, floor: float) -> Array:
    """Rogers-Castro parameters whose cohort means meet observed annual rates of loss.

    Parameters
    ----------
    first_ages : array_like, shape (cohort,)
        Youngest age of each five-year cohort at the start of the ten years.
    annual_rates : array_like, shape (cohort,)
        Annual rate of loss over the ten years, net of the age-neutral part.
    floor : float
        The constant c: rate per year at all ages, so that migration does not vanish at old ages.

    Returns
    -------
    ndarray, shape (7,)
        Parameters for `rogers_castro`, by least squares on the rates, shrunk towards the
        standard schedule where the cohorts do not determine the shape.
    """
    first = np.asarray(first_ages, dtype=int)
    observed = np.asarray(annual_rates, dtype=float)
    a1, alpha1, a2, mu2, alpha2, lambda2, _ = STANDARD
    level = float(observed.mean()) / cohort_mean(calendar_year_schedule(STANDARD), 0, 65)
    standard = np.log([a1 * level, alpha1, a2 * level, mu2, alpha2, lambda2])

    def parameters(log_shape: Array) -> Array:
        return np.append(np.exp(log_shape), floor)

    def residuals(log_shape: Array) -> Array:
        schedule = calendar_year_schedule(parameters(log_shape))
        fitted = np.array([cohort_mean(schedule, a) for a in first])
        shape = (log_shape - standard) / LOG_SHAPE_SE
        return np.concatenate(((fitted - observed) / RATE_SE, shape))

    fit = least_squares(residuals, standard)
    return parameters(np.asarray(fit.x))


def saturate(level: Array, bound: float) -> Array:
    """Bound a level smoothly from above, leaving it unchanged while it is well below the bound.

    A multiplier of ten on a peak rate would move more people than there are. The smooth minimum
    ``level (1 + (level / bound)^8)^(-1/8)`` changes a level of a third of the bound by two parts
    in a hundred thousand and can never reach the bound itself.

    Parameters
    ----------
    level : ndarray, any shape
        Peak rate per year, not negative.
    bound : float
        Above 0, in the same unit.

    Returns
    -------
    ndarray, shape of ``level``
        Below ``bound``.

    Examples
    --------
    >>> saturate(np.array([0.0, 0.3, 10.0]), 1.2).round(4)
    array([0. , 0.3, 1.2])
    """
    eighth = level / bound
    for _ in range(3):
        eighth = eighth * eighth
    # Three roots rather than a power: several times faster, and as exact.
    return np.asarray(level / np.sqrt(np.sqrt(np.sqrt(1.0 + eighth))))
