"""A fan chart as plain data: described once, drawn by matplotlib, plotly and Excel.

`fan_of` describes what a Dataset holds of a region; what has quantiles from elsewhere makes a `Fan`
itself, of `observed_point` and `TargetPoint`. Nothing here draws.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .labels import (
    Display,
    Row,
    aim_text,
    chance,
    condition,
    draws_of,
    known,
    place_of,
    region_of,
    title_of,
)

Array = NDArray[np.float64]
Series = Literal["communique", "census", "other"]

# Levels at the ends of the bands, the widest first: they hold 90, 80 and 50 of 100 draws.
BANDS: Final = ((0.05, 0.95), (0.1, 0.9), (0.25, 0.75))
WIDE_AND_NARROW: Final = BANDS[::2]  # where three bands are too many
LEVELS: Final = tuple(sorted({0.5, *(level for band in BANDS for level in band)}))
# Vintages of observations that a projection from the base census can be held against.
_SERIES: Final[Mapping[str | None, Series]] = {
    "post_2020_census": "communique",
    "census": "census",
    "census_2010": "census",
    "census_2020": "census",
}


class ObservedPoint(NamedTuple):
    """An observation.

    Attributes
    ----------
    year : int
    value : float
        In the unit shown.
    series : {"communique", "census", "other"}
        Figures after the base census and on it, censuses, and figures of another vintage.
    """

    year: int
    value: float
    series: Series

    @property
    def comparable(self) -> bool:
        """Whether a projection from the base census can be held against it."""
        return self.series != "other"


class TargetPoint(NamedTuple):
    """A target.

    Attributes
    ----------
    year : int
    value : float or None
        In the unit shown; None where it is not known.
    comparison : {">=", "~", "near"}
        ``near`` is close to another region's rate, so that the value differs by scenario.
    text : str
        What is asked for.
    chance : tuple of str
        How surely it is met, a line each.
    condition : str or None
        What that is conditional on.
    source : str or None
        Id of its source.
    """

    year: int
    value: float | None
    comparison: str
    text: str
    chance: tuple[str, ...] = ()
    condition: str | None = None
    source: str | None = None

    @property
    def fixed(self) -> bool:
        """Whether it has a value of its own, the same in every scenario."""
        return self.value is not None and self.comparison != "near"


@dataclass(frozen=True, eq=False)
class Fan:
    """What a fan chart shows.

    Attributes
    ----------
    display : Display
        What is shown: its names, axis and unit.
    years : ndarray, shape (year,)
        The first is the base year, of which the census is known.
    quantiles : mapping of float to ndarray, shape (year,)
        In the unit shown, by level; the ends of the bands drawn, and 0.5.
    observations : tuple of ObservedPoint
        By year; those of the base year among them.
    targets : tuple of TargetPoint
        In the order of their source.
    place, scenario : str
        Name of the region and title of the scenario, in both languages.
    draws : int or None
        Of the ensemble.
    """

    display: Display
    years: NDArray[np.int64]
    quantiles: Mapping[float, Array]
    observations: tuple[ObservedPoint, ...] = ()
    targets: tuple[TargetPoint, ...] = ()
    place: str = ""
    scenario: str = ""
    draws: int | None = None

    @property
    def median(self) -> Array:
        """Median by year, shape (year,)."""
        return self.quantiles[0.5]

    @property
    def base(self) -> tuple[int, float]:
        """Year and value of the base, in which all draws agree."""
        return int(self.years[0]), float(self.median[0])

    @property
    def last_year(self) -> int:
        """The horizon."""
        return int(self.years[-1])

    def is_shown(self, target: TargetPoint) -> bool:
        """Whether a target has its place on the chart: a value, and a year within the horizon."""
        return target.value is not None and target.year <= self.last_year


def fan_of(
    ds: xr.Dataset,
    region: str,
    display: Display,
    marks: Iterable[Row] = (),
    verdicts: Iterable[Row] = (),
    levels: Sequence[float] = LEVELS,
) -> Fan:
    """Describe the fan of a region and an indicator.

    Parameters
    ----------
    ds : Dataset
        Projection of one scenario.
    region : str
        Id of the region.
    display : Display
        What to show.
    marks : iterable of mapping
        Observations: region, indicator, year, value, vintage.
    verdicts : iterable of mapping
        Rows of ``verdicts.csv``; those of other regions, indicators and scenarios are left aside.
    levels : sequence of float
        Levels of the quantiles wanted.

    Returns
    -------
    Fan

    Raises
    ------
    ScenarioError
        If the region is not in the projection.
    """
    here = region_of(ds, region)[display.variable]
    if "registered_region" in here.dims:
        here = here.sel(registered_region=region)
    scenario = ds.attrs.get("scenario")
    own = [
        row
        for row in verdicts
        if row["region"] == region and scenario in (None, row.get("scenario", scenario))
    ]
    observed = (
        observed_point(mark, display)
        for mark in marks
        if (mark["region"], mark["indicator"]) == (region, display.variable)
    )
    return Fan(
        display=display,
        years=ds["year"].values,
        quantiles={
            level: np.asarray(
                here.sel(quantile=level, method="nearest").values * display.scale, dtype=float
            )
            for level in levels
        },
        observations=tuple(sorted(observed, key=lambda point: point.year)),
        targets=target_points(own, display),
        place=place_of(ds, region),
        scenario=title_of(ds),
        draws=draws_of(ds),
    )


def observed_point(mark: Row, display: Display) -> ObservedPoint:
    """Return an observation of what is shown.

    Parameters
    ----------
    mark : mapping
        The observation: year, value, vintage.
    display : Display
        What is shown.
    """
    return ObservedPoint(
        int(mark["year"]),
        float(mark["value"]) * display.printed,
        _SERIES.get(mark["vintage"], "other"),
    )


def target_points(verdicts: Iterable[Row], display: Display) -> tuple[TargetPoint, ...]:
    """Return a region's targets for what is shown, in both languages.

    Parameters
    ----------
    verdicts : iterable of mapping
        Its rows of ``verdicts.csv``.
    display : Display
        What is shown.
    """
    return tuple(
        TargetPoint(
            int(row["year"]),
            float(row["target"]) * display.printed if known(row["target"]) else None,
            str(row["comparison"]),
            aim_text(row, display),
            tuple(chance(row)),
            condition(row),
            str(row["source"]) if row.get("source") else None,
        )
        for row in verdicts
        if row["indicator"] == display.variable
    )
