"""What was observed of a region, as numbers with errors and the projection that predicts them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ..inputs.region import AgeSex, Observation, Region, Span
from ..inputs.units import persons_per
from ..kernel import age_groups
from ..kernel.hukou import RegisteredPopulation
from ..kernel.projection import FLOWS, URBAN, Projection, Schedules, project
from .base_population import GROUPS, by_residence, by_sex, census_of, has_ages, table_of
from .calibration import Evidence
from .parameters import Setting, levels_after, levels_before, natural
from .pooling import logit, share_of
from .standards import Standard

Array = NDArray[np.float64]

# Standard errors by kind of observation. Age groups carry what the schedules and the coverage
# factors miss (the largest misfit of withheld groups is reported); totals and urban totals what a
# census misses; annual figures an error of their own, as their yearly gains show
# (benchmarks/pooling.py), and a bias that grows since the last census.
GROUP_ERROR = 0.06  # log, an age-sex group of the region
RESIDENCE_GROUP_ERROR = 0.08  # log, an age-sex-residence group
TOTAL_ERROR = 0.005  # log, a census total
URBAN_ERROR = 0.01  # log, a census urban total
COMMUNIQUE_ERROR = 0.0012  # share, the rate of one annual figure
# share, the rate of one figure from another kind of source: a plan rounds and does not say when; a
# sample survey errs by 0.0442 log odds, as that of 2005 in the provinces (point_error of the
# provinces known in 2010, seeds/pooling.json), at their share of 0.43 then
RATE_ERROR = {"plan": 0.003, "survey": 0.011}
RATE_DRIFT = 0.0005  # share for every year since the census
LATER_TOTAL_ERROR = 0.003  # log, a communique's total
VITAL_ERROR = 0.03  # log, a communique's births or deaths


@dataclass(frozen=True)
class Inputs:
    """A region as arrays: all that a projection of it needs but its parameters.

    Attributes
    ----------
    id : str
    earlier, counted : ndarray, shape (residence, sex, age)
        Populations of the earlier census and of the base one, on the boundary of the census.
    base : ndarray, shape (residence, sex, age)
        Population of the base year on the boundary of today.
    years : int
        From the earlier census to the base.
    schedules_before, schedules_after : Schedules
        With the death rates of the years before and after the base.
    bound : float
        Upper limit of the reclassification hazard, per year.
    absent : float
        Registered people living elsewhere in the base year, where known; otherwise 0.
    yearly_mortality : float
        Factor on death rates from one year to the next after the base.
    registered : RegisteredPopulation, optional
        Where the urban registered are known in the base year, with all, and in an earlier year.
    """

    id: str
    earlier: Array
    counted: Array
    base: Array
    years: int
    schedules_before: Schedules
    schedules_after: Schedules
    bound: float
    absent: float
    yearly_mortality: float
    registered: RegisteredPopulation | None = None

    def setting(self, population: Array) -> Setting:
        """Fixed quantities of a projection that starts from ``population``."""
        schedules = self.schedules_after
        ends = [urban_share(self.earlier), urban_share(self.counted)]
        return Setting(
            residents=float(population.sum()),
            urban_share=urban_share(population),
            usual_share=float(share_of(logit(ends).mean())),
            peak_exit=float(max(schedules.rural_to_urban.max(), schedules.departure.max())),
            peak_departure=float(schedules.departure.max()),
            absent=self.absent * float(population.sum() / self.counted.sum()),
        )

    def mortality_trend(self, years: int) -> Array:
        """Factor on death rates in each year after the base, shape (year,)."""
        return np.asarray(self.yearly_mortality ** (np.arange(years) + 1.0))

    def before(self, theta: Array) -> Projection:
        """Project the earlier census to the base under transformed parameters (parameter, draw)."""
        return self.before_of(natural(theta, self.bound))

    def before_of(self, values: Mapping[str, Array]) -> Projection:
        """Project the earlier census to the base under parameters in their own units."""
        setting = replace(self.setting(self.earlier), absent=0.0)
        levels = levels_before(values, setting, self.years)
        return project(self.earlier, self.schedules_before, levels)

    def after(self, theta: Array, years: int) -> Projection:
        """Project the base census onwards, with period factors and no further uncertainty."""
        setting = self.setting(self.counted)
        levels = levels_after(
            natural(theta, self.bound),
            setting,
            years,
            mortality_trend=self.mortality_trend(years),
        )
        absent = np.full(theta.shape[1], setting.absent)
        return project(self.counted, self.schedules_after, levels, absent=absent)


def urban_share(population: Array) -> float:
    """Share of urban residents of a population (residence, sex, age)."""
    return float(population[URBAN].sum() / population.sum())


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
    kinds: Mapping[str, str] | None = None,
    pace: ExpectedGain | None = None,
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
    kinds : mapping of str to str, optional
        Kind of each source; errors differ by it.
    pace : ExpectedGain, optional
        What the region's later pace is expected to be from that of its parent.
    restated : bool
        Whether the region's boundary moved in the base year: later figures are then on another
        boundary than its censuses and cannot be used.
    withheld : frozenset of int
        Indices of `GROUPS` left out, to be predicted.

    Returns
    -------
    Evidence
        Census of 2020 by age and sex (and residence, where published; not at all where the ages of
        either census are borrowed), its total and urban total; rates, totals, births and deaths
        of later years on the same census.
    list of str
        A label for each observation.
    """
    span = standard.span
    census = census_of(region, span.base)
    table = table_of(region, span.base) if ages_are_observed(region, span) else None
    kept = [g for g in range(len(GROUPS)) if g not in withheld]
    rows = _Rows()
    if table is not None:
        _add_groups(rows, table, kept, span.base)
    rows.add(f"census {span.base}, total", np.log(census.total), TOTAL_ERROR)
    rows.add(f"census {span.base}, urban", np.log(census.urban), URBAN_ERROR)
    later = [] if restated else _later_rows(region, rows, span.base, kinds or {})
    years = max((year for year, _ in later), default=span.base) - span.base
    if pace is not None:
        rows.add(f"pace expected over {pace.years} years", pace.gain, pace.error)
        years = max(years, pace.years)

    def predict(theta: Array) -> Array:
        end = inputs.before(theta)
        parts = [np.log(end.urban[-1] + end.rural[-1])[None], np.log(end.urban[-1])[None]]
        if table is not None:
            groups = counted_groups(end, standard, residence=table.by_residence)[..., kept, :]
            parts.insert(0, np.log(groups).reshape(-1, theta.shape[1]))
        if years:
            path = inputs.after(theta, years)
            parts.extend(measure(path, year - span.base)[None] for year, measure in later)
            if pace is not None:
                parts.append(gain_of(path, pace.years)[None])
        return np.concatenate(parts)

    return Evidence(np.array(rows.observed), np.array(rows.error), predict), rows.labels


def ages_are_observed(region: Region, span: Span) -> bool:
    """Whether both censuses have ages of the region's own: cells that are borrowed show nothing."""
    return has_ages(region, span.first) and has_ages(region, span.base)


def _add_groups(rows: _Rows, table: AgeSex, kept: list[int], year: int) -> None:
    """Add the age groups of a census."""
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
            rows.add(f"census {year}, {residence}, {sex}, {GROUPS[g]}+", np.log(row[g]), error)


@dataclass(frozen=True)
class ExpectedGain:
    """The later pace that a region is expected to have, as an observation.

    Attributes
    ----------
    years : int
        After the base.
    gain, error : float
        Gain of the log odds of the urban share over those years, and its standard error.
    """

    years: int
    gain: float
    error: float


def gain_of(path: Projection, years: int) -> Array:
    """Gain of the log odds of the urban share over the first years of a path, shape (draw,)."""
    odds = np.log(path.urban[[0, years]] / path.rural[[0, years]])
    return np.asarray(odds[1] - odds[0])


def counted_groups(end: Projection, standard: Standard, *, residence: bool) -> Array:
    """What a census would count by age group at the end of a projection, coverage included.

    Shape (residence, sex, group, draw); the residence axis has length one for the total.
    """
    groups = age_groups.group_ages(end.population, GROUPS, axis=2)
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


# Annual figures are chained to the census before them: those usable after each base year.
VINTAGE_AFTER = {2010: "pre_2020_census", 2020: "post_2020_census"}


def later_observations(region: Region, base: int) -> list[Observation]:
    """A region's figures after the base year that are on the base census."""
    vintage = VINTAGE_AFTER[base]
    return [
        o
        for o in region.observations
        if o.vintage == vintage and o.year > base and o.indicator in MEASURES
    ]


def _later_rows(
    region: Region, rows: _Rows, base: int, kinds: Mapping[str, str]
) -> list[tuple[int, Measure]]:
    later: list[tuple[int, Measure]] = []
    for o in later_observations(region, base):
        h = o.year - base
        label = f"{o.indicator} {o.year}"
        if o.indicator == "urbanization_rate":
            error = RATE_ERROR.get(kinds.get(o.source, ""), COMMUNIQUE_ERROR)
            rows.add(label, o.value / 100.0, float(np.hypot(error, RATE_DRIFT * h)))
        else:
            scale = persons_per(o.unit)
            error = LATER_TOTAL_ERROR if o.indicator == "total_population" else VITAL_ERROR
            rows.add(label, float(np.log(o.value * scale)), error)
        later.append((o.year, MEASURES[o.indicator]))
    return later


def last_observed_year(region: Region, base: int) -> int:
    """Latest year of which a rate on the base census is known; without any, the base year."""
    later = later_observations(region, base)
    return max([base, *(o.year for o in later if o.indicator == "urbanization_rate")])
