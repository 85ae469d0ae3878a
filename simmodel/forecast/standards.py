"""National standards and provincial patterns of mortality, fertility and rural exit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from functools import cached_property
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..errors import CalibrationError
from ..inputs.region import SPAN, Region, Span
from ..kernel import age_groups, life_table, migration
from ..kernel.projection import FEMALE, LEVELS, MALE, RURAL, URBAN, Schedules, project
from ..texts import say
from .base_population import (
    AGES,
    GROUPS,
    by_residence,
    by_sex,
    population_by_residence,
    rows_by_residence,
    same_cohorts_earlier,
    table_of,
)

Array = NDArray[np.float64]

# Cohorts of 2020 that were alive at the census of 2010.
FIRST_SURVIVING = GROUPS.index(10)
# Youngest ages in 2010 of the cohorts to which schedules are fitted: up to 60-64, beyond which
# mortality leaves too little to tell leaving from dying.
FITTED = tuple(range(0, 65, 5))
# Share of its upper limit at which the age-neutral hazard is set while the schedule is fitted.
NEUTRAL_SHARE = 0.7
# Least upper limit, per year: where villages take people in, nothing is left to read it from.
LEAST_BOUND = 0.001
# Gain of life expectancy after 2020 over that of 2010-20: an assumption, stated in docs/model.md.
GAIN_SHARE = 2.0 / 3.0


@dataclass(frozen=True)
class Standard:
    """National patterns that every region is shrunk towards.

    Attributes
    ----------
    single_years : ndarray, shape (residence, sex, age)
        Persons by single year of age.
    single_year : int
        Year of that count.
    registered_rates : ndarray, shape (residence, sex, age)
        Central death rates as the base census registered them.
    death_rates : mapping of str to ndarray, shape (residence, sex, age)
        Central death rates at the published life expectancy: ``before`` the base year (the middle
        between the censuses) and ``after`` it (the base year itself).
    birth_rates : ndarray, shape (residence, age)
        Births per woman-year of the base year, at the level of the children counted.
    coverage : ndarray, shape (sex, group)
        Count of the base census over what the earlier one and the life table leave, by age.
    male_share : float
        Share of boys among births.
    yearly_mortality : float
        Factor on death rates from one year to the next after the base.
    span : Span
        The two censuses.
    """

    single_years: Array
    single_year: int
    registered_rates: Array
    death_rates: Mapping[str, Array]
    birth_rates: Array
    coverage: Array
    male_share: float
    yearly_mortality: float
    span: Span = SPAN

    def single_years_of(self, year: int) -> Array:
        """Persons by single year of the same cohorts at another census, for shares in groups."""
        return same_cohorts_earlier(self.single_years, self.single_year - year)

    def mortality_of_gain(self, years: Array) -> Array:
        """Factor on death rates that adds ``years`` to life expectancy at birth (both sexes)."""
        factors, expectancy = self._expectancy_by_factor
        base = np.interp(0.0, np.log(factors), expectancy)
        # Interpolation needs rising abscissae; life expectancy falls with the factor.
        wanted = base + np.asarray(years, dtype=float)
        return np.asarray(np.exp(np.interp(wanted, expectancy[::-1], np.log(factors)[::-1])))

    @cached_property
    def _expectancy_by_factor(self) -> tuple[Array, Array]:
        """Factors on death rates, and the life expectancy at each."""
        rates = self.death_rates["after"].mean(axis=0)
        factors = np.exp(np.linspace(-2.5, 2.5, 201))
        expectancy = [
            np.mean([life_table.life_expectancy(f * rates[s], s) for s in (FEMALE, MALE)])
            for f in factors
        ]
        return factors, np.array(expectancy)


def national_standard(china: Region, span: Span = SPAN) -> Standard:
    """Patterns of the nation from its census tables and published life expectancies."""
    standards = china.standards
    if standards is None:
        raise CalibrationError(say("forecast.no_standards"))
    single = rows_by_residence(standards.population_by_single_year)
    deaths = rows_by_residence(standards.deaths_by_single_year)
    births = standards.births_by_single_year
    observed = {(o.indicator, o.year, o.sex, o.residence): o for o in china.observations}

    def figure(indicator: str, year: int, sex: str | None, residence: str | None = None) -> float:
        for key in ((indicator, year, sex, residence), (indicator, year, sex, "total")):
            if key in observed:
                return float(observed[key].value)
        for key in ((indicator, year, "both", "total"), (indicator, year, None, None)):
            if sex in (None, "both") and key in observed:
                return float(observed[key].value)
        raise CalibrationError(
            say("forecast.no_observation", indicator=indicator, year=year, sex=sex)
        )

    # Before the year of the only figure, the same: boys' surplus is no part of what is forecast.
    ratios = [o.year for o in china.observations if o.indicator == "sex_ratio_at_birth"]
    ratio = figure("sex_ratio_at_birth", max(span.base, min(ratios, default=0)), None) / 100.0
    male_share = ratio / (1.0 + ratio)

    def expectancies(year: int) -> list[float]:
        if ("life_expectancy", year, "female", None) in observed:
            return [figure("life_expectancy", year, s) for s in ("female", "male")]
        both, gap = (
            figure("life_expectancy", year, "both"),
            figure("life_expectancy_gap", year, None),
        )
        # Births of both sexes live the mean of the two, weighted by their share.
        return [both + gap * male_share, both - gap * (1.0 - male_share)]

    later = expectancies(span.base)
    # Where none is published for the earlier census, death rates are taken to have stood still.
    known = any(
        o.indicator == "life_expectancy" and o.year == span.first for o in china.observations
    )
    earlier = expectancies(span.first) if known else later
    expectancy = {"before": list(np.mean([earlier, later], axis=0)), "after": later}
    raw = deaths / single
    raw_total = deaths.sum(axis=0) / single.sum(axis=0)
    death_rates = {}
    for period, expected in expectancy.items():
        rates = np.empty_like(raw)
        for sex in (FEMALE, MALE):
            shift = life_table.brass_alpha(raw_total[sex], sex, expected[sex])
            for residence in (URBAN, RURAL):
                rates[residence, sex] = life_table.brass_relational(raw[residence, sex], sex, shift)
        death_rates[period] = rates
    birth_rates = np.zeros((2, AGES))
    mothers = slice(births.first_age, births.first_age + len(births.urban))
    for residence, row in enumerate((births.urban, births.rural)):
        birth_rates[residence, mothers] = row / single[residence, FEMALE, mothers]
    # The long-form sample gives pattern and differential; the level is that of the infants counted.
    infants = by_sex(table_of(china, span.base))[:, 0].sum()
    draft = Standard(
        single,
        standards.population_by_single_year.year,
        raw,
        death_rates,
        birth_rates,
        np.ones((2, len(GROUPS))),
        male_share,
        1.0,
        span,
    )
    women = population_by_residence(china, span.base, draft.single_years_of(span.base))[:, FEMALE]
    draft = replace(draft, birth_rates=birth_rates * infants / (birth_rates * women).sum())
    weights = np.array([1.0 - male_share, male_share])
    gain = weights @ (np.array(later) - np.array(earlier)) / span.years * GAIN_SHARE
    yearly = float(draft.mortality_of_gain(np.array(gain)))
    return replace(draft, coverage=_coverage(china, draft), yearly_mortality=yearly)


def _coverage(china: Region, standard: Standard) -> Array:
    """Count of the base census over what the nation's cohorts, closed to migration, leave."""
    pattern = Pattern.of(china, standard)
    start = population_by_residence(
        china, standard.span.first, standard.single_years_of(standard.span.first)
    )
    expected = _survivors(start, pattern).sum(axis=0)
    counted = by_sex(table_of(china, standard.span.base))
    coverage = np.ones_like(counted)
    coverage[:, FIRST_SURVIVING:] = counted[:, FIRST_SURVIVING:] / expected[:, FIRST_SURVIVING:]
    return coverage


@dataclass(frozen=True)
class Pattern:
    """Age patterns of a province (or the nation), shared by the regions within it.

    Attributes
    ----------
    death_rates : mapping of str to ndarray, shape (residence, sex, age)
        Central death rates ``before`` and ``after`` the base year, as in `Standard`.
    birth_rates : ndarray, shape (residence, age)
        Births per woman-year.
    local_parameters : ndarray, shape (sex, 7), or None
        Rogers-Castro parameters of moves from villages to own towns; None until `fit_exit` has
        found them.
    departure_parameters : ndarray, shape (sex, 7)
        Rogers-Castro parameters of leaving the region; the standard's until `fit_exit`.
    exit_mean : float
        Mean rural exit, per year, over ages 0-64.
    reclassification_bound : float
        Upper limit, per year, to an age-neutral hazard.
    male_share : float
        Share of boys among births.
    """

    death_rates: Mapping[str, Array]
    birth_rates: Array
    local_parameters: Array | None
    departure_parameters: Array
    exit_mean: float
    reclassification_bound: float
    male_share: float

    @classmethod
    def of(cls, region: Region, standard: Standard) -> Pattern:
        """Mortality and fertility patterns of a region with tables by residence."""
        death_rates = {
            period: rates * _mortality_ratio(region, standard)[:, :, None]
            for period, rates in standard.death_rates.items()
        }
        birth_rates = standard.birth_rates * _fertility_ratio(region, standard)[:, None]
        general = np.array([migration.STANDARD, migration.STANDARD])
        male_share = standard.male_share
        return cls(death_rates, birth_rates, None, general, np.nan, np.nan, male_share)

    @cached_property
    def local_schedule(self) -> Array:
        """Moves to own towns by sex and age at 1 January, mean one over 0-64, (sex, age)."""
        if self.local_parameters is None:
            return np.ones((2, AGES))
        return _mean_one(self.local_parameters)

    @cached_property
    def departure_schedule(self) -> Array:
        """Departures by sex and age at 1 January, mean one over ages 0-64, shape (sex, age)."""
        return _mean_one(self.departure_parameters)

    def schedules(self, period: str) -> Schedules:
        """Kernel schedules with the death rates ``before`` or ``after`` the base year."""
        death = np.empty((2, 2, AGES))
        infants = np.empty((2, 2))
        for residence in (URBAN, RURAL):
            for sex in (FEMALE, MALE):
                death[residence, sex], infants[residence, sex] = life_table.calendar_year_rates(
                    self.death_rates[period][residence, sex], sex
                )
        general = migration.calendar_year_schedule(migration.STANDARD)
        # Women aged x on 1 January spend half the year at x and half at x + 1.
        later = np.concatenate((self.birth_rates[:, 1:], np.zeros((2, 1))), axis=1)
        return Schedules(
            death=death,
            infant_death=infants,
            rural_to_urban=self.local_schedule,
            departure=self.departure_schedule,
            arrivals=np.broadcast_to(general / general.sum() / 2.0, (2, 2, AGES)).copy(),
            fertility=0.5 * (self.birth_rates + later),
            male_share=self.male_share,
        )


def _mean_one(parameters: Array) -> Array:
    schedule = np.array([migration.calendar_year_schedule(row) for row in parameters])
    return np.asarray(schedule / schedule[:, :65].mean())


def _mortality_ratio(region: Region, standard: Standard) -> Array:
    """Registered deaths over those at the nation's registered rates, shape (residence, sex).

    Deaths are under-reported; comparing registered with registered keeps the local differential
    and leaves the level to the published life expectancy.
    """
    table = region.baseline.deaths
    if table is None:
        return np.ones((2, 2))
    ages = tuple(table.ages)
    national = standard.registered_rates * standard.single_years
    rates = age_groups.group_ages(national, ages) / age_groups.group_ages(
        standard.single_years, ages
    )
    people = by_residence(table_of(region, standard.span.base), ages)
    deaths = rows_by_residence(table).sum(axis=-1)
    return np.asarray(deaths / (rates * people).sum(axis=-1))


def _fertility_ratio(region: Region, standard: Standard) -> Array:
    """Sampled births over those at national rates by residence, scaled to one in all."""
    births = region.baseline.births_longform
    if births is None:
        return np.ones(2)
    women = population_by_residence(
        region, standard.span.base, standard.single_years_of(standard.span.base)
    )[:, FEMALE]
    expected = (standard.birth_rates * women).sum(axis=1)
    sampled = np.array([births.urban, births.rural], dtype=float)
    return np.asarray(sampled / expected / (sampled.sum() / expected.sum()))


def fit_exit(region: Region, pattern: Pattern, standard: Standard) -> Pattern:
    """Fit moves to own towns and bound the age-neutral hazard, from cohorts between two censuses.

    The rural population of the earlier one is closed to migration, survived at rural mortality and
    multiplied by the national coverage of its cohort; what is missing at the later one left. The
    lowest rate of loss among those 35-64 at the start, net of what the whole region lost to the
    outside, is an upper limit to a hazard that is the same at every age.
    """
    start = population_by_residence(
        region, standard.span.first, standard.single_years_of(standard.span.first)
    )
    expected = _survivors(start, pattern) * standard.coverage
    counted = by_residence(table_of(region, standard.span.base))
    fitted = [GROUPS.index(age + 10) for age in FITTED]
    counted, expected = counted[..., fitted], expected[..., fitted]
    loss = -np.log(counted[RURAL] / expected[RURAL]) / 10.0
    outside = -np.log(counted.sum(axis=0) / expected.sum(axis=0)) / 10.0
    later = [i for i, age in enumerate(FITTED) if age >= 35]
    bound = float((loss - np.maximum(outside, 0.0))[:, later].mean(axis=0).min())
    bound = max(bound, LEAST_BOUND)
    neutral = NEUTRAL_SHARE * bound
    floor = 0.1 * bound
    # What the whole region lost at an age went to the outside, at the same rate from villages and
    # towns; the rest of what villages lost went to own towns.
    local = loss - neutral - np.maximum(outside, 0.0)
    rows = [
        migration.fit_schedule(FITTED, np.maximum(local[sex], floor), floor)
        for sex in (FEMALE, MALE)
    ]
    # Where a province loses people to the outside, the ages at which it does; the nation is closed.
    departures = pattern.departure_parameters
    if region.parent is not None:
        distant = np.maximum(outside, floor)
        departures = np.array(
            [migration.fit_schedule(FITTED, distant[sex], floor) for sex in (FEMALE, MALE)]
        )
    return replace(
        pattern,
        local_parameters=np.array(rows),
        departure_parameters=departures,
        exit_mean=float(np.maximum(loss - neutral, floor).mean()),
        reclassification_bound=bound,
    )


def _survivors(start: Array, pattern: Pattern) -> Array:
    """Those of the earlier census alive ten years later where nobody moves, by group."""
    levels = np.zeros((len(LEVELS), 10, 1))
    for name in ("urban_mortality", "rural_mortality"):
        levels[LEVELS.index(name)] = 1.0
    alive = project(start, pattern.schedules("before"), levels).population[..., 0]
    return age_groups.group_ages(alive, GROUPS)


Record = TypeVar("Record", Standard, Pattern)


class Remember(Protocol):
    """From a name, a kind of record and what makes it: the record, made or kept from before."""

    def __call__(self, name: str, kind: type[Record], make: Callable[[], Record], /) -> Record:
        """Return it."""


def made_again(_name: str, _kind: type[Record], make: Callable[[], Record]) -> Record:
    """Keep nothing."""
    return make()


def as_arrays(record: Standard | Pattern) -> dict[str, Array]:
    """Fields of a standard or pattern as arrays by name; spans are left out."""
    found: dict[str, Array] = {}
    for field in fields(record):
        value = getattr(record, field.name)
        parts = value if isinstance(value, Mapping) else {"": value}
        for name, part in parts.items():
            if part is not None and not isinstance(part, Span):
                found[f"{field.name}/{name}" if name else field.name] = np.asarray(part)
    return found


def from_arrays(kind: type[Record], arrays: Mapping[str, Array]) -> Record:
    """Return what `as_arrays` took apart.

    Raises
    ------
    TypeError
        If the arrays are those of something else.
    """
    values: dict[str, Any] = {f.name: None for f in fields(kind) if f.default is MISSING}
    for key, array in arrays.items():
        name, _, part = key.partition("/")
        value = array if array.ndim else array.item()
        values[name] = {**(values[name] or {}), part: value} if part else value
    return kind(**values)
