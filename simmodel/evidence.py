"""What was observed of a region, as numbers with errors and the projection that predicts them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from . import graduation
from .baseline import GROUPS, by_residence, by_sex, census_of, table_of
from .calibration import Evidence
from .parameters import Setting, decade_levels, later_levels, natural
from .projection import FLOWS, Projection, Schedules, project
from .region import BASE_YEAR, Region
from .standards import Standard

Array = NDArray[np.float64]

# Standard errors. Age groups carry what the schedules and the coverage factors miss (the largest
# misfit of withheld groups is reported); totals and urban totals what a census misses; annual
# communiques a bias that grows since the last census (design: Gansu's for 2019 was 2.5 points off
# after nine years, so about 0.1 to 0.3 points a year).
GROUP_ERROR = 0.06  # log, an age-sex group of the region
RESIDENCE_GROUP_ERROR = 0.08  # log, an age-sex-residence group
TOTAL_ERROR = 0.005  # log, a census total
URBAN_ERROR = 0.01  # log, a census urban total
RATE_ERROR = 0.0015  # share, the rate of one communique
RATE_DRIFT = 0.0005  # share for every year since the census
LATER_TOTAL_ERROR = 0.003  # log, a communique's total
VITAL_ERROR = 0.03  # log, a communique's births or deaths


@dataclass(frozen=True)
class Inputs:
    """A region as arrays: all that a projection of it needs but its parameters.

    Attributes
    ----------
    id : str
    start : mapping of int to ndarray, shape (residence, sex, age)
        Census populations of 2010 and 2020, on the boundary of the census.
    base : ndarray, shape (residence, sex, age)
        Population of the base year on the boundary of today.
    schedules : mapping of int to Schedules
        With the death rates of 2015 (for 2010-20) and 2020.
    bound : float
        Upper limit of the reclassification hazard, per year.
    absent : float
        Registered people living elsewhere in 2020, where known; otherwise 0.
    yearly_mortality : float
        Factor on death rates from one year to the next after 2020.
    """

    id: str
    start: Mapping[int, Array]
    base: Array
    schedules: Mapping[int, Schedules]
    bound: float
    absent: float
    yearly_mortality: float

    def setting(self, population: Array) -> Setting:
        """Fixed quantities of a projection that starts from ``population``."""
        schedules = self.schedules[2020]
        return Setting(
            residents=float(population.sum()),
            peak_exit=float(max(schedules.rural_to_urban.max(), schedules.departure.max())),
            peak_departure=float(schedules.departure.max()),
            absent=self.absent * float(population.sum() / self.start[BASE_YEAR].sum()),
        )

    def mortality_trend(self, years: int) -> Array:
        """Factor on death rates in each year after the base, shape (year,)."""
        return np.asarray(self.yearly_mortality ** (np.arange(years) + 1.0))

    def decade(self, theta: Array) -> Projection:
        """Project 2010 to 2020 under transformed parameters (parameter, draw)."""
        start = self.start[2010]
        setting = replace(self.setting(start), absent=0.0)
        levels = decade_levels(natural(theta, self.bound), setting, 2010)
        return project(start, self.schedules[2015], levels)

    def later(self, theta: Array, years: int) -> Projection:
        """Project the census of 2020 onwards, with period factors and no further uncertainty."""
        start = self.start[BASE_YEAR]
        levels = later_levels(
            natural(theta, self.bound),
            self.setting(start),
            years,
            mortality_trend=self.mortality_trend(years),
        )
        absent = np.full(theta.shape[1], self.setting(start).absent)
        return project(start, self.schedules[2020], levels, absent=absent)


@dataclass
class _Rows:
    """Observations being collected, with the label each is reported under."""

    labels: list[str] = field(default_factory=list)
    observed: list[float] = field(default_factory=list)
    error: list[float] = field(default_factory=list)

    def add(self, label: str, observed: float, error: float) -> None:
        self.labels.append(label)
        self.observed.append(observed)
        self.error.append(error)


def evidence_of(
    region: Region,
    inputs: Inputs,
    standard: Standard,
    *,
    restated: bool = False,
    withheld: frozenset[int] = frozenset(),
) -> tuple[Evidence, list[str]]:
    """Observations of a region and the projection through them.

    Parameters
    ----------
    region : Region
    inputs : Inputs
    standard : Standard
        For the coverage factors of the census.
    restated : bool
        Whether the region's boundary moved in the base year: later figures are then on another
        boundary than its censuses and cannot be used.
    withheld : frozenset of int
        Indices of `GROUPS` left out, to be predicted.

    Returns
    -------
    Evidence
        Census of 2020 by age and sex (and residence, where published), its total and urban total;
        rates, totals, births and deaths of later years on the same census.
    list of str
        A label for each observation.
    """
    census = census_of(region, BASE_YEAR)
    table = table_of(region, BASE_YEAR)
    kept = [g for g in range(len(GROUPS)) if g not in withheld]
    rows = _Rows()
    if table.by_residence:
        counted = by_residence(table)
        names = [(r, s) for r in ("urban", "rural") for s in ("female", "male")]
        error = RESIDENCE_GROUP_ERROR
    else:
        counted = by_sex(table)[None]
        names = [("total", s) for s in ("female", "male")]
        error = GROUP_ERROR
    for (residence, sex), row in zip(names, counted.reshape(-1, len(GROUPS)), strict=True):
        for g in kept:
            rows.add(f"census 2020, {residence}, {sex}, {GROUPS[g]}+", np.log(row[g]), error)
    rows.add("census 2020, total", np.log(census.total), TOTAL_ERROR)
    rows.add("census 2020, urban", np.log(census.urban), URBAN_ERROR)
    later = [] if restated else _later_rows(region, rows)
    years = max((year for year, _ in later), default=BASE_YEAR) - BASE_YEAR

    def predict(theta: Array) -> Array:
        end = inputs.decade(theta)
        groups = counted_groups(end, standard, residence=table.by_residence)[..., kept, :]
        parts = [
            np.log(groups).reshape(-1, theta.shape[1]),
            np.log(end.urban[-1] + end.rural[-1])[None],
            np.log(end.urban[-1])[None],
        ]
        if years:
            path = inputs.later(theta, years)
            parts.extend(measure(path, year - BASE_YEAR)[None] for year, measure in later)
        return np.concatenate(parts)

    return Evidence(np.array(rows.observed), np.array(rows.error), predict), rows.labels


def counted_groups(end: Projection, standard: Standard, *, residence: bool) -> Array:
    """What a census would count by age group at the end of a projection, coverage included.

    Shape (residence, sex, group, draw); the residence axis has length one for the total.
    """
    groups = graduation.join_groups(end.population, GROUPS, axis=2)
    groups = groups * standard.coverage[..., None]
    return groups if residence else groups.sum(axis=0, keepdims=True)


Measure = Callable[[Projection, int], Array]


def _rate(path: Projection, year: int) -> Array:
    return np.asarray(path.urban[year] / (path.urban[year] + path.rural[year]))


def _total(path: Projection, year: int) -> Array:
    return np.asarray(np.log(path.urban[year] + path.rural[year]))


def _flow(*names: str) -> Measure:
    index = [FLOWS.index(name) for name in names]
    return lambda path, year: np.asarray(np.log(path.flows[year - 1, index].sum(axis=0)))


MEASURES: Mapping[str, Measure] = {
    "urbanization_rate": _rate,
    "total_population": _total,
    "births": _flow("urban_births", "rural_births"),
    "deaths": _flow("urban_deaths", "rural_deaths"),
}


def _later_rows(region: Region, rows: _Rows) -> list[tuple[int, Measure]]:
    """Add a region's figures after 2020; only those on the census of 2020 can be used."""
    later: list[tuple[int, Measure]] = []
    for o in region.observations:
        if o.vintage != "post_2020_census" or o.year <= BASE_YEAR or o.indicator not in MEASURES:
            continue
        h = o.year - BASE_YEAR
        label = f"{o.indicator} {o.year}"
        if o.indicator == "urbanization_rate":
            rows.add(label, o.value / 100.0, float(np.hypot(RATE_ERROR, RATE_DRIFT * h)))
        else:
            scale = 1.0 if o.unit == "persons" else 1e4
            error = LATER_TOTAL_ERROR if o.indicator == "total_population" else VITAL_ERROR
            rows.add(label, float(np.log(o.value * scale)), error)
        later.append((o.year, MEASURES[o.indicator]))
    return later


def last_observed_year(region: Region) -> int:
    """Latest year of which a rate on the census of 2020 is known."""
    years = [
        o.year
        for o in region.observations
        if o.vintage == "post_2020_census" and o.indicator == "urbanization_rate"
    ]
    return max([BASE_YEAR, *years])
