"""Registered (hukou) population: natural increase, and conversion from rural to urban hukou.

Arrays in, arrays out. Residences are indexed urban 0, rural 1, as in `projection`; draws are the
innermost axis. Equations and what they assume: docs/model.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .projection import RURAL, URBAN, Flow, Projection

Array = NDArray[np.float64]

# The hazard is the root of a convex polynomial: Newton's steps reach it from above, and have
# converged long before so many.
NEWTON_STEPS = 30


@dataclass(frozen=True)
class RegisteredPopulation:
    """Registered population of a region as published, in persons.

    Attributes
    ----------
    urban, rural : float
        At the end of the base year.
    earlier_urban : float
        Urban registered population at the end of an earlier year.
    years : int
        From that year to the base.
    """

    urban: float
    rural: float
    earlier_urban: float
    years: int


def natural_increase(path: Projection) -> Array:
    """Rate of natural increase of the residents, by residence.

    Parameters
    ----------
    path : Projection
        Of the resident population.

    Returns
    -------
    ndarray, shape (residence, year, draw)
        Births less deaths per mean population of the year; 0 where there is none.
    """
    rates = []
    for births_of, deaths_of, people in (
        (Flow.URBAN_BIRTHS, Flow.URBAN_DEATHS, path.urban),
        (Flow.RURAL_BIRTHS, Flow.RURAL_DEATHS, path.rural),
    ):
        births, deaths = path.flows[:, births_of], path.flows[:, deaths_of]
        mean = 0.5 * (people[:-1] + people[1:])
        rates.append(np.divide(births - deaths, mean, out=np.zeros_like(mean), where=mean > 0.0))
    return np.stack(rates)


def conversion_hazard(counted: RegisteredPopulation, increase: Array) -> Array:
    """Annual hazard of conversion that leads from the earlier urban count to that of the base.

    Parameters
    ----------
    counted : RegisteredPopulation
    increase : ndarray, shape (residence, year, draw)
        Natural increase of the years between the two counts.

    Returns
    -------
    ndarray, shape (draw,)
        Per year; 0 where natural increase alone gives at least the count of the base, and where
        nobody has rural registration.

    Examples
    --------
    Nobody is born or dies, and in two years a tenth of 1,000 and a tenth of 900 convert:

    >>> counted = RegisteredPopulation(urban=390.0, rural=810.0, earlier_urban=200.0, years=2)
    >>> conversion_hazard(counted, np.zeros((2, 2, 1))).round(6)
    array([0.105361])
    """
    if counted.rural <= 0.0:
        return np.zeros(increase.shape[-1])
    # Those converted in year k are rural (k) * (x - 1), with x = e^h, and grow by urban increase
    # until the base; rural (k) is the rural count of the base with conversion and increase undone.
    ahead = np.cumsum(increase[:, ::-1], axis=1)[:, ::-1] - increase
    grown = np.exp(ahead[URBAN] - ahead[RURAL])
    left = np.arange(counted.years - 1, -1, -1)[:, None]
    natural = counted.earlier_urban * np.exp(increase[URBAN].sum(axis=0))
    converted = np.maximum(counted.urban - natural, 0.0) / counted.rural
    # Never below the root: with the least growth for all, x ** years - 1 is the share converted.
    x = (1.0 + converted / grown.min(axis=0)) ** (1.0 / counted.years)
    for _ in range(NEWTON_STEPS):
        powers = grown * x**left
        value = (x - 1.0) * powers.sum(axis=0) - converted
        slope = powers.sum(axis=0) + (x - 1.0) * (left * powers).sum(axis=0) / x
        x = np.maximum(x - value / slope, 1.0)
    return np.asarray(np.log(x))


def project_registered(
    counted: RegisteredPopulation, increase: Array, hazard: Array, multiplier: Array
) -> Array:
    """Project the registered population of the base year by year.

    Parameters
    ----------
    counted : RegisteredPopulation
    increase : ndarray, shape (residence, year, draw)
        Natural increase of the years after the base.
    hazard : ndarray, shape (draw,)
        Of conversion from rural to urban registration, per year.
    multiplier : ndarray, shape (year,)
        On the hazard.

    Returns
    -------
    ndarray, shape (residence, year + 1, draw)
        Persons at the end of each year, the base first.

    Notes
    -----
    Both stocks first grow by their natural increase; then a share 1 - exp(-hazard * multiplier) of
    the rural one converts, so that never more convert than there are. Nobody moves registration
    across the region's boundary.
    """
    years, draws = increase.shape[1:]
    people = np.empty((2, years + 1, draws))
    people[URBAN, 0], people[RURAL, 0] = counted.urban, counted.rural
    grown = np.exp(increase)
    converting = -np.expm1(-hazard * multiplier[:, None])
    for year in range(years):
        before = people[:, year] * grown[:, year]
        converted = before[RURAL] * converting[year]
        people[URBAN, year + 1] = before[URBAN] + converted
        people[RURAL, year + 1] = before[RURAL] - converted
    return people
