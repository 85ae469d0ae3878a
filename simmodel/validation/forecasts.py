"""What a hindcast is made of: a panel of units and the forecasts of a method. Plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Levels at which a forecast with a distribution is kept: dense enough to score by.
LEVELS = tuple(np.round(np.arange(0.005, 1.0, 0.005), 3).tolist())
MEDIAN = (0.5,)


@dataclass(frozen=True)
class Count:
    """One count of a unit.

    Attributes
    ----------
    year : float
        Date of the count; censuses in mid-year have a fraction.
    total, urban : float
        Persons.
    shares : tuple of float, or None
        Of ages 0-14, 15-59 and 60 and over, where known; they sum to one.
    """

    year: float
    total: float
    urban: float
    shares: tuple[float, float, float] | None = None

    @property
    def rate(self) -> float:
        """Urbanization rate, a share."""
        return self.urban / self.total


@dataclass(frozen=True)
class Panel:
    """Counts of many units.

    Attributes
    ----------
    points : mapping of str to tuple of Count
        By unit, in the order of the file; a unit's points in the order of their years.
    parents : mapping of str to str or None
        What each unit belongs to; a parent need not have points of its own.
    ages : mapping of str to mapping of float to ndarray, shape (residence, sex, group)
        Persons by year and age group (`base_population.GROUPS`), of units where they are known.
    """

    points: Mapping[str, tuple[Count, ...]]
    parents: Mapping[str, str | None]
    ages: Mapping[str, Mapping[float, Array]] = field(default_factory=dict)

    def until(self, origin: float) -> Panel:
        """What was known at ``origin``: later points are gone, and units without any left."""
        points = {
            unit: kept
            for unit, all_points in self.points.items()
            if (kept := tuple(p for p in all_points if p.year <= origin))
        }
        ages = {
            unit: seen
            for unit, tables in self.ages.items()
            if (seen := {year: table for year, table in tables.items() if year <= origin})
        }
        return replace(self, points=points, ages=ages)


@dataclass(frozen=True)
class Forecast:
    """What a method says of one unit in one year.

    Attributes
    ----------
    method, unit : str
    year : float
    levels : tuple of float
        Quantile levels, rising: `LEVELS`, or `MEDIAN` alone for a point forecast.
    rate : ndarray, shape (level,)
        Urbanization rate, a share.
    total : ndarray, shape (level,)
        Persons.
    """

    method: str
    unit: str
    year: float
    levels: tuple[float, ...]
    rate: Array
    total: Array

    def quantile(self, level: float) -> float:
        """Quantile of the rate; the median of a point forecast is its value."""
        return float(np.interp(level, self.levels, self.rate))
