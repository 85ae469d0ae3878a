"""Tables by age: raking to margins, splitting age groups into single years and summing them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..errors import CalibrationError
from ..texts import say

Array = NDArray[np.float64]


def rake(pattern: Array, by_sex_age: Array, by_residence: Array, tolerance: float = 1e-12) -> Array:
    """Fit a residence x sex x age pattern to a region's own margins.

    Iterative proportional fitting: the result keeps the pattern's odds ratios and has exactly the
    margins given.

    Parameters
    ----------
    pattern : ndarray, shape (residence, sex, age)
        Persons of the population whose odds ratios are kept; a zero stays zero.
    by_sex_age : ndarray, shape (sex, age)
        Persons of the region by sex and age group.
    by_residence : ndarray, shape (residence,)
        Persons of the region by residence; the same sum as ``by_sex_age``.
    tolerance : float
        Largest error left in the residence margin, relative to the total.

    Returns
    -------
    ndarray, shape (residence, sex, age)
        Persons; the sex x age margin holds to rounding, the residence margin to ``tolerance``.

    Raises
    ------
    CalibrationError
        If the margins differ in their totals or cannot be met by this pattern.

    Examples
    --------
    A pattern without association is spread in proportion to the margins:

    >>> rake(np.ones((2, 1, 2)), np.array([[30.0, 70.0]]), np.array([40.0, 60.0]))[0]
    array([[12., 28.]])
    """
    total = by_sex_age.sum()
    if not np.isclose(total, by_residence.sum(), rtol=1e-9, atol=0.5):
        raise CalibrationError(
            say("forecast.margins_differ", total=total, by_residence=by_residence.sum())
        )
    if total > 0:
        by_residence = by_residence * (total / by_residence.sum())  # they may differ by rounding
    table = np.array(pattern, dtype=float)
    for _ in range(10_000):
        table *= _ratio(by_residence, table.sum(axis=(1, 2)))[:, None, None]
        table *= _ratio(by_sex_age, table.sum(axis=0))[None]
        if np.abs(table.sum(axis=(1, 2)) - by_residence).max() <= tolerance * max(total, 1.0):
            return table
    raise CalibrationError(say("forecast.raking_did_not_converge"))


def _ratio(target: Array, found: Array) -> Array:
    return np.divide(target, found, out=np.zeros_like(target), where=found > 0)


def split_groups(groups: Array, lower_bounds: Sequence[int], single_years: Array) -> Array:
    """Split age groups into single years whose totals are exactly those given.

    Parameters
    ----------
    groups : ndarray, shape (..., group)
        Persons by age group; the last group is open.
    lower_bounds : sequence of int
        First age of each group, rising from 0.
    single_years : ndarray, shape (..., age)
        A population by single year whose shares within each group are borrowed.

    Returns
    -------
    ndarray, shape (..., age)
        Persons by single year of age.

    Raises
    ------
    ValueError
        If there are not as many groups as lower bounds.
    CalibrationError
        If people fall into a group of which the borrowed population has nobody.

    Examples
    --------
    >>> split_groups(np.array([10.0, 6.0]), [0, 2], np.array([1.0, 3.0, 1.0, 1.0]))
    array([2.5, 7.5, 3. , 3. ])
    """
    if groups.shape[-1] != len(lower_bounds):
        raise ValueError(f"groups: {len(lower_bounds)} expected; found {groups.shape[-1]}")
    single = np.empty((*groups.shape[:-1], single_years.shape[-1]))
    bounds = [*lower_bounds, single_years.shape[-1]]
    for group, (first, stop) in enumerate(pairwise(bounds)):
        part = single_years[..., first:stop]
        total = part.sum(axis=-1, keepdims=True)
        if np.any((total == 0) & (groups[..., group : group + 1] > 0)):
            raise CalibrationError(say("forecast.nobody_of_age", first=first, last=stop - 1))
        share = np.divide(part, total, out=np.zeros_like(part), where=total > 0)
        single[..., first:stop] = groups[..., group : group + 1] * share
    return single


def group_ages(single: Array, lower_bounds: Sequence[int], axis: int = -1) -> Array:
    """Sum single years of age (along ``axis``) into the groups that start at ``lower_bounds``.

    Parameters
    ----------
    single : ndarray, any shape
        Persons by single year of age along ``axis``.
    lower_bounds : sequence of int
        First age of each group; the last is open.
    axis : int
        Of age.

    Returns
    -------
    ndarray, shape of ``single`` with groups for ages
        Persons.
    """
    return np.asarray(np.add.reduceat(single, list(lower_bounds), axis=axis))
