"""Urban growth and the change of the urbanization rate as sums of their components.

Arrays in, arrays out. Both decompositions are identities: they close in every year and draw,
wherever the flows come from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from ..variables import COMPONENTS, FLOWS, Component

Array = NDArray[np.float64]

_PLACE = {flow.name: place for place, flow in enumerate(FLOWS)}


def urban_growth(flows: Array) -> Array:
    """What each component adds to the urban population.

    Parameters
    ----------
    flows : ndarray, shape (..., year, flow, draw)
        Persons a year, in the order of `variables.FLOWS`.

    Returns
    -------
    ndarray, shape (..., component, year, draw)
        Persons a year, in the order of `variables.COMPONENTS`; they add up to the change of the
        urban population.
    """
    return _gains(flows, lambda component: component.urban)


def rural_growth(flows: Array) -> Array:
    """What each component adds to the rural population.

    Parameters
    ----------
    flows : ndarray, shape (..., year, flow, draw)
        Persons a year, in the order of `variables.FLOWS`.

    Returns
    -------
    ndarray, shape (..., component, year, draw)
        Persons a year, in the order of `variables.COMPONENTS`; they add up to the change of the
        rural population.
    """
    return _gains(flows, lambda component: component.rural)


def rate_change(urban: Array, rural: Array, flows: Array) -> Array:
    """What each component adds to the urbanization rate, exactly and symmetrically.

    A component that adds u to the urban and r to the rural population of a year adds

        ((1 - s) u - s r) / P

    to the rate, where s is the mean of the rates and P the mean of the populations at both ends of
    the year. With U, R and P for populations and d for a year's change, the sum over components is
    ((1 - s) dU - s dR) / P = (dU - s dP) / P, and as U = rate P, the change of a product is
    dU = P d(rate) + s dP with the means P and s: the sum is d(rate), with nothing left over.

    Parameters
    ----------
    urban, rural : ndarray, shape (..., year + 1, draw)
        Persons at the end of the year before the first, and of each year.
    flows : ndarray, shape (..., year, flow, draw)
        Persons a year, in the order of `variables.FLOWS`.

    Returns
    -------
    ndarray, shape (..., component, year, draw)
        Shares a year, in the order of `variables.COMPONENTS`. Over several years they are summed.

    Examples
    --------
    40 of 100 people live in towns; 12 more move there and 4 are born there: 56 of 104.

    >>> flows = np.zeros((1, len(FLOWS), 1))
    >>> flows[0, [_PLACE["rural_to_urban"], _PLACE["urban_births"]], 0] = 12.0, 4.0
    >>> parts = rate_change(np.array([[40.0], [56.0]]), np.array([[60.0], [48.0]]), flows)[:, 0, 0]
    >>> [round(float(part), 4) for part in parts[:2]], bool(np.isclose(parts.sum(), 56 / 104 - 0.4))
    ([0.0208, 0.1176], True)
    """
    total = urban + rural
    rate = urban / total
    middle = 0.5 * (rate[..., 1:, :] + rate[..., :-1, :])[..., None, :, :]
    people = 0.5 * (total[..., 1:, :] + total[..., :-1, :])[..., None, :, :]
    added = (1.0 - middle) * urban_growth(flows)
    added -= middle * rural_growth(flows)
    added /= people
    return np.asarray(added)


def sum_over_periods(a_year: Array, periods: Sequence[tuple[int, int]]) -> Array:
    """Sum what happens in each year over periods.

    Parameters
    ----------
    a_year : ndarray, shape (..., year, draw)
    periods : sequence of (int, int)
        Years gone at the start and at the end of each: (0, 5) is the first five years.

    Returns
    -------
    ndarray, shape (..., period, draw)

    Examples
    --------
    >>> sum_over_periods(np.array([[1.0], [2.0], [4.0]]), [(0, 2), (2, 3), (0, 3)])[:, 0].tolist()
    [3.0, 4.0, 7.0]
    """
    sums = [a_year[..., start:end, :].sum(axis=-2) for start, end in periods]
    return np.stack(sums, axis=-2)


def _gains(flows: Array, formula: Callable[[Component], str]) -> Array:
    """Sum the flows of each component with their signs, (..., component, year, draw)."""
    *before, years, _, draws = flows.shape
    gains = np.zeros((*before, len(COMPONENTS), years, draws))
    for place, component in enumerate(COMPONENTS):
        for term in formula(component).split():
            flow = flows[..., _PLACE[term[1:]], :]
            if term[0] == "+":
                gains[..., place, :, :] += flow
            else:
                gains[..., place, :, :] -= flow
    return gains
