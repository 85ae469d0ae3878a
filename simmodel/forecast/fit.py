"""Priors and posteriors of all regions: nation, then provinces, prefectures and counties.

Each region is shrunk towards the one it belongs to: its prior is the parent's posterior mean with a
spread between regions. Local retention, in- and out-migration depend on where the boundary runs and
are not handed down.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ..errors import CalibrationError
from ..inputs.derived_figures import registered_of, registered_people
from ..inputs.region import SPAN, Baseline, BoundaryEvent, History, Region, Span
from ..inputs.region_tree import RegionTree
from ..kernel import age_groups
from ..texts import say
from ..variables import DATA, PRIOR
from .base_population import (
    GROUPS,
    borrowed_population,
    broad_shares,
    by_residence,
    by_sex,
    census_of,
    has_ages,
    is_by_residence,
    population_by_residence,
    raked_population,
    table_of,
    transferred_persons,
)
from .calibration import SAMPLE, Evidence, Normal, Posterior, at_mode, calibrate
from .observations import (
    ExpectedGain,
    Inputs,
    ages_are_observed,
    counted_groups,
    evidence_of,
    gain_of,
    last_observed_year,
    urban_share,
)
from .parameters import NAMES
from .pooling import LEAST_PACE, Departure, Pooling, Record, depart, logit, reported
from .standards import Pattern, Remember, Standard, fit_exit, made_again, national_standard
from .uncertainty import POOLED_YEARS, PaceNoise

Array = NDArray[np.float64]

# Mean time in the region of those registered elsewhere, in years: turns the stock that the census
# counts into arrivals a year. An assumption; the prior around it is wide.
MEAN_STAY = 5.0
# Of the people a prefecture counts as registered in another county of the province, the share
# taken to come from outside the prefecture. An assumption, inside the same wide prior.
FROM_OUTSIDE_THE_PREFECTURE = 0.5


@dataclass(frozen=True)
class TypicalRate:
    """What is usual at a level: a rate, and the spread of its logarithm between regions."""

    rate: float
    spread: float


# Arrivals a year per resident where no stock registered elsewhere is known: geometric mean of what
# the shipped regions' stocks imply, and the spread of another region about it
# (benchmarks/borrowing.py re-makes both). It adds to the spread of a region whose stock is known.
TYPICAL_IN_MIGRATION = {
    "prefecture": TypicalRate(0.0094, 0.65),
    "county": TypicalRate(0.0089, 0.95),
}

# Prior mean (transformed scale) of what is not handed down, and of what the nation starts from.
# Rates per year: urban departure 1 %, moves from town to village 0.2 %. Reclassification: seven
# tenths of its upper limit. None of these is a published figure; docs/model.md says so.
START = {
    "local_retention": 0.0,
    "arrivals_urban_share": 0.85,
    "urban_out_migration": np.log(0.01),
    "return_to_villages": np.log(0.002),
    "reclassification": 0.85,
    "fertility_earlier": 0.0,
    "fertility_middle": 0.0,
    "fertility_base": 0.0,
    "mortality": 0.0,
    "period_exit": 0.0,
    "period_arrivals": 0.0,
    "period_reclassification": 0.0,
    "period_fertility": 0.0,
    "period_mortality": 0.0,
}
# What is taken of the years after 2020 in particular, before the nation's figures are seen. Of
# mortality half of what Guizhou's published deaths showed: registered differentials overstate.
AFTER_2020 = {
    "period_exit": -0.3,
    "period_reclassification": -0.3,
    "period_fertility": -0.10,
    "period_mortality": -0.10,
}
# Prior spread (transformed scale) between a region and the one it is shrunk towards.
SPREAD = {
    "rural_exit": 0.35,
    "local_retention": 1.2,
    "arrivals": 0.7,
    "arrivals_urban_share": 0.7,
    "urban_out_migration": 0.4,
    "return_to_villages": 0.7,
    "reclassification": 0.8,
    "fertility_earlier": 0.3,
    "fertility_middle": 0.3,
    "fertility_base": 0.3,
    "mortality": 0.05,
    "period_exit": 0.5,
    "period_arrivals": 0.25,
    "period_reclassification": 0.5,
    "period_fertility": 0.10,
    "period_mortality": 0.10,
}
# Local death rates come from the province's registered differential; counties add little to it.
SPREAD_WITHIN_PROVINCE = {"mortality": 0.02}
NOT_HANDED_DOWN = ("local_retention", "urban_out_migration", "arrivals_urban_share")
# The nation is closed: all rural exits stay, nobody arrives or leaves.
CLOSED = {
    "local_retention": 20.0,
    "arrivals": -30.0,
    "arrivals_urban_share": 0.0,
    "urban_out_migration": -30.0,
}
# Spread of the nation's period factors, which nothing above the nation informs.
NATIONAL_SPREAD = {"period_exit": 0.5, "period_reclassification": 0.5, "period_fertility": 0.2}

# A parameter whose posterior is nearly as wide as its prior was decided by the prior.
PRIOR_DECIDES = 0.8
# Two parameters correlated below this are known by their sum only.
SUM_ONLY = -0.8


@dataclass(frozen=True)
class Calibrated:
    """One region after calibration.

    Attributes
    ----------
    inputs : Inputs
    posterior : Posterior
    labels : tuple of str
        Of the observations, in the order of ``fit.residuals``.
    """

    inputs: Inputs
    posterior: Posterior
    labels: tuple[str, ...]


def is_whole(regions: Mapping[str, Region], region_id: str) -> bool:
    """Whether all parts of a region are there: their censuses add up to its own."""
    parts = [regions[i].baseline.census for i in RegionTree.of(regions).children(region_id)]
    own = regions[region_id].baseline.census
    gaps = [
        abs(sum(getattr(part, count) for part in parts) - getattr(own, count))
        for count in ("urban", "rural")
    ]
    return bool(parts) and max(gaps) <= LARGEST_GAP * own.total


def aged_parts(regions: Mapping[str, Region], region_id: str, span: Span = SPAN) -> list[str]:
    """All parts of a region where they are all there with ages of their own; otherwise none."""
    parts = list(RegionTree.of(regions).children(region_id))
    aged = all(has_ages(regions[part], year) for part in parts for year in (span.first, span.base))
    return parts if aged and is_whole(regions, region_id) else []


def ages_from(regions: Mapping[str, Region], region_id: str, year: int) -> str:
    """Nearest region, itself or above, with ages of its own at the census of ``year``."""
    for ancestor in RegionTree.of(regions).lineage(region_id):
        if has_ages(regions[ancestor], year):
            return ancestor
    raise CalibrationError(say("forecast.nothing_above_by_age", region=region_id))


# Largest share of a region's residents by which its parts, when all are there, may miss it: tables
# of different volumes of one census differ by a few persons.
LARGEST_GAP = 0.001


class Atlas:
    """Arrays of all regions, made from their figures when asked for and kept.

    Parameters
    ----------
    regions : mapping of str to Region
        With the nation under ``china``.
    pooling : mapping of str to Pooling
        By level: how regions depart from the pace of what they belong to.
    span : Span
        The two censuses; those before the base year of the seeds serve to look back.
    kinds : mapping of str to str
        Kind of each source.
    arrivals : float, optional
        Arrivals a year per resident where no stock of people registered elsewhere is known;
        without it such a stock is required.
    remember : callable, optional
        Gives the standard and the patterns, which take longest to make: as `standards.made_again`,
        or from where they were kept.
    """

    def __init__(
        self,
        regions: Mapping[str, Region],
        pooling: Mapping[str, Pooling],
        *,
        span: Span = SPAN,
        kinds: Mapping[str, str] = MappingProxyType({}),
        arrivals: float | None = None,
        remember: Remember = made_again,
    ):
        if "china" not in regions:
            raise CalibrationError(say("forecast.needs_china"))
        self.regions = regions
        self.tree = RegionTree.of(regions)
        self.pooling = pooling
        self.span = span
        self.kinds = kinds
        self.arrivals = arrivals
        self._patterns: dict[str, Pattern] = {}
        self._remember = remember
        self.standard: Standard = remember(
            "standard", Standard, lambda: national_standard(regions["china"], span)
        )
        self._whole: dict[str, bool] = {}
        self._inputs: dict[str, Inputs] = {}

    def pattern(self, region_id: str) -> Pattern:
        """Patterns of the nearest region, itself or above, with tables by residence."""
        for ancestor in self.tree.lineage(region_id):
            region = self.regions[ancestor]
            if is_by_residence(region, self.span.base):
                if ancestor not in self._patterns:
                    self._patterns[ancestor] = self._remember(
                        ancestor, Pattern, partial(fitted_pattern, region, self.standard)
                    )
                return self._patterns[ancestor]
        raise CalibrationError(say("forecast.nothing_above_by_residence", region=region_id))

    def made_of(self, region_id: str) -> list[str]:
        """Counties whose populations a region is the sum of: all there, with ages of their own."""
        if is_by_residence(self.regions[region_id], self.span.base):
            return []
        return aged_parts(self.regions, region_id, self.span)

    def is_whole(self, region_id: str) -> bool:
        """Whether all parts of a region are there: their censuses add up to its own."""
        if region_id not in self._whole:
            self._whole[region_id] = is_whole(self.regions, region_id)
        return self._whole[region_id]

    def population(self, region_id: str, year: int) -> Array:
        """Census population on the boundary of the census, (residence, sex, age).

        A prefecture is the sum of its counties where all of them are there, so that they add up in
        every cell. A region without ages has those of the nearest one above.
        """
        region = self.regions[region_id]
        single = self.standard.single_years_of(year)
        if is_by_residence(region, year):
            return population_by_residence(region, year, single)
        if parts := self.made_of(region_id):
            return np.asarray(sum(self.population(part, year) for part in parts))
        if (lender := ages_from(self.regions, region_id, year)) != region_id:
            groups = age_groups.group_ages(self.population(lender, year), GROUPS)
            census = census_of(region, year)
            shares = broad_shares(census)
            return borrowed_population(groups, census.urban, census.rural, shares, single)
        for ancestor in self.tree.lineage(region_id):
            if is_by_residence(self.regions[ancestor], year):
                return raked_population(region, self.regions[ancestor], year, single)
        raise CalibrationError(say("forecast.nothing_above_by_residence", region=region_id))

    def base(self, region_id: str) -> Array:
        """Population of the base year on the boundary of today, (residence, sex, age)."""
        population = self.population(region_id, self.span.base)
        for event in self.transfers(region_id):
            left = self.population(event.from_, self.span.base)
            moved = left * (transferred_persons(self.regions[event.to]) / left.sum())
            population = population + (moved if region_id == event.to else -moved)
        return population

    def transfers(self, region_id: str) -> list[BoundaryEvent]:
        """Transfers of territory of the base year in which a region gained or lost."""
        return [
            event
            for owner in self.regions.values()
            for event in owner.boundary_events
            if event.year == self.span.base and region_id in (event.from_, event.to)
        ]

    def inputs(self, region_id: str) -> Inputs:
        """All that a projection of a region needs but its parameters."""
        if region_id not in self._inputs:
            region = self.regions[region_id]
            pattern = self.pattern(region_id)
            everybody = registered_people(region, "registered_population")
            registered = everybody.get(self.span.base, (0.0, ""))[0]
            counted = self.population(region_id, self.span.base)
            self._inputs[region_id] = Inputs(
                id=region_id,
                earlier=self.population(region_id, self.span.first),
                counted=counted,
                base=self.base(region_id),
                years=self.span.years,
                schedules_before=pattern.schedules("before"),
                schedules_after=pattern.schedules("after"),
                bound=pattern.reclassification_bound,
                absent=max(registered - counted.sum(), 0.0),
                yearly_mortality=self.standard.yearly_mortality,
                registered=registered_of(region, self.span),
            )
        return self._inputs[region_id]

    def prior(self, region_id: str, parent: Normal | None) -> Normal:
        """Prior of a region, shrunk towards its parent's posterior."""
        region = self.regions[region_id]
        start = START | (AFTER_2020 if self.span.base == SPAN.base else {})
        handed_down = dict(zip(NAMES, parent.mean, strict=True)) if parent is not None else {}
        mean, spread = [], []
        for name in NAMES:
            if parent is None and name in CLOSED:
                mean.append(CLOSED[name])
                spread.append(0.01)
                continue
            if name == "arrivals":
                mean.append(np.log(arrival_rate(region, self.arrivals)))
            elif name == "rural_exit" and is_by_residence(region, self.span.base):
                mean.append(np.log(self.pattern(region_id).exit_mean))
            elif name in handed_down and name not in NOT_HANDED_DOWN:
                # The nation has no arrivals to hand down a period factor for.
                mean.append(handed_down[name])
            else:
                mean.append(start[name])
            national = NATIONAL_SPREAD if parent is None else {}
            within = SPREAD_WITHIN_PROVINCE if region.level in ("prefecture", "county") else {}
            usual = national.get(name, within.get(name, SPREAD[name]))
            if (
                name == "arrivals"
                and self.arrivals is None
                and region.level in TYPICAL_IN_MIGRATION
            ):
                known = bool(arrival_rates(region))
                usual = (
                    usual if known else np.hypot(usual, TYPICAL_IN_MIGRATION[region.level].spread)
                )
            spread.append(usual)
        return Normal(np.array(mean), np.diag(np.array(spread) ** 2))


def fitted_pattern(region: Region, standard: Standard) -> Pattern:
    """Age patterns of a region with tables by residence, its rural exit fitted."""
    return fit_exit(region, Pattern.of(region, standard), standard)


def arrival_rate(region: Region, unknown: float | None = None) -> float:
    """Prior mean of arrivals a year per resident, from the stocks registered elsewhere.

    Where no stock is known: ``unknown``, or else what is usual at the region's level.

    Raises
    ------
    CalibrationError
        If no stock is known and nothing is known of the level.
    """
    if rates := arrival_rates(region):
        return max(float(np.mean(rates)), 1e-5)
    if unknown is not None:
        return unknown
    if region.level in TYPICAL_IN_MIGRATION:
        return TYPICAL_IN_MIGRATION[region.level].rate
    raise CalibrationError(say("forecast.needs_registered_elsewhere", region=region.id))


def arrival_rates(region: Region) -> list[float]:
    """Arrivals a year per resident as each census's stock registered elsewhere implies them."""
    rates = []
    items: list[Baseline | History] = [region.baseline, *region.history]
    for item in items:
        stock = item.registered_elsewhere
        if stock is None or stock.other_province is None:
            continue
        outside = float(stock.other_province)
        within = float(stock.other_county_same_province or 0)
        if region.level == "prefecture":
            outside += FROM_OUTSIDE_THE_PREFECTURE * within
        elif region.level == "county":
            outside += within
        rates.append(outside / item.census.total / MEAN_STAY)
    return rates


def calibrate_all(
    atlas: Atlas, *, progress: Callable[[str], None] = lambda _: None
) -> dict[str, Calibrated]:
    """Calibrate every region, parents first.

    Returns
    -------
    dict of str to Calibrated
        In the order of `in_order`.
    """
    done: dict[str, Calibrated] = {}
    for region_id in atlas.tree.from_the_top():
        progress(region_id)
        done[region_id] = calibrate_one(atlas, region_id, done)
    return done


def calibrate_one(atlas: Atlas, region_id: str, done: Mapping[str, Calibrated]) -> Calibrated:
    """Calibrate one region whose parent is in ``done``."""
    prior, evidence, labels = _problem(atlas, region_id, done)
    try:
        posterior = _calibrated(prior, evidence, again=not _is_aged(atlas, region_id))
    except CalibrationError as error:
        raise CalibrationError(say("forecast.of_region", region=region_id, problem=error)) from None
    return Calibrated(atlas.inputs(region_id), posterior, tuple(labels))


def _is_aged(atlas: Atlas, region_id: str) -> bool:
    return ages_are_observed(atlas.regions[region_id], atlas.span)


def _calibrated(prior: Normal, evidence: Evidence, *, again: bool) -> Posterior:
    """Calibrate; where little was observed, with more draws if too few count."""
    try:
        return calibrate(prior, evidence)
    except CalibrationError:
        if not again:
            raise
    return calibrate(prior, evidence, sample=8 * SAMPLE)


def _problem(
    atlas: Atlas,
    region_id: str,
    done: Mapping[str, Calibrated],
    withheld: frozenset[int] = frozenset(),
) -> tuple[Normal, Evidence, list[str]]:
    region = atlas.regions[region_id]
    parent = done[region.parent].posterior.posterior if region.parent else None
    evidence, labels = evidence_of(
        region,
        atlas.inputs(region_id),
        atlas.standard,
        kinds=atlas.kinds,
        pace=expected_pace(atlas, region_id, parent),
        restated=bool(atlas.transfers(region_id)),
        withheld=withheld,
    )
    return atlas.prior(region_id, parent), evidence, labels


# Error of that gain of log odds where the draws of the ensemble carry its uncertainty: small beside
# theirs.
CARRIED_ERROR = 0.01


# Share of the expectation's error that is left to the posterior of a region with later figures of
# its own; the draws carry what they leave open. With more, the first figure would widen the
# forecast of far years, counting one uncertainty twice. An assumption.
LEFT_OPEN = 0.25


def urban_log_odds(population: Array) -> float:
    """Log odds of the urban share of a population (residence, sex, age)."""
    return float(logit(urban_share(population)))


def departure(atlas: Atlas, region_id: str, years: int, known: int = 0) -> Departure:
    """How a region's pace is expected to depart from its parent's in the years after the base.

    From its own record between the two censuses beside its parent's, and from how far its urban
    share lies above or below its parent's. Its figures of the first ``known`` years narrow it.
    """
    region = atlas.regions[region_id]
    assert region.parent is not None
    own, above = atlas.inputs(region_id), atlas.inputs(region.parent)
    earlier = urban_log_odds(own.earlier), urban_log_odds(above.earlier)
    counted = urban_log_odds(own.counted), urban_log_odds(above.counted)
    gain = counted[1] - earlier[1]
    record = Record(
        years=np.array([0.0, own.years]),
        gains=np.array([counted[0] - earlier[0] - gain]),
        offsets=np.array([earlier[0] - earlier[1]]),
        scale=max(gain / own.years, LEAST_PACE),
        noisy=np.zeros(2, dtype=bool),
    )
    offset = counted[0] - counted[1]
    return depart(atlas.pooling[region.level], record, offset, years, known)


def expected_pace(atlas: Atlas, region_id: str, parent: Normal | None) -> ExpectedGain | None:
    """The later pace of a region as pooling expects it.

    Where the region has later figures of its own, the expectation has part of its error and they
    decide; where it has none, it is met and the draws carry the error. The nation has no parent:
    its pace is carried on, unless later figures tell it.
    """
    region = atlas.regions[region_id]
    if region.parent is None or parent is None:
        if last_observed_year(region, atlas.span.base) > atlas.span.base:
            return None
        own = atlas.inputs(region_id)
        gained = urban_log_odds(own.counted) - urban_log_odds(own.earlier)
        return ExpectedGain(POOLED_YEARS, gained * POOLED_YEARS / own.years, CARRIED_ERROR)
    above = atlas.inputs(region.parent).after(parent.mean[:, None], POOLED_YEARS)
    gain = float(gain_of(above, POOLED_YEARS)[0])
    mean, scale = departure(atlas, region_id, POOLED_YEARS).over(POOLED_YEARS)
    has_own = last_observed_year(region, atlas.span.base) > atlas.span.base
    error = max(LEFT_OPEN * scale * abs(gain), CARRIED_ERROR) if has_own else CARRIED_ERROR
    return ExpectedGain(POOLED_YEARS, gain * (1.0 + mean), error)


def pace_noise(atlas: Atlas, region_id: str, years: int) -> PaceNoise:
    """Yearly deviations of a region's pace after the base from what its posterior expects."""
    region = atlas.regions[region_id]
    pooling = atlas.pooling[region.level]
    known = last_observed_year(region, atlas.span.base) - atlas.span.base
    if region.parent is None:
        record = (0, known) if known > 0 else (-atlas.span.years, 0)
        return PaceNoise.beyond(region_id, pooling, reported(pooling, years), record, years)
    horizon = max(years, POOLED_YEARS)
    ahead = departure(atlas, region_id, horizon, known)
    return PaceNoise.of(region_id, ahead, reported(pooling, horizon), years, known)


def split_decided_by(atlas: Atlas, posteriors: Mapping[str, Normal], region_id: str) -> str:
    """Whether the prior or the data decide how internal migration and reclassification share.

    The prior does where the data hardly narrowed reclassification before or after the base, or say
    little more than the sum of reclassification and rural exit.

    Returns
    -------
    {"prior", "data"}
    """
    parent = atlas.regions[region_id].parent
    prior = atlas.prior(region_id, posteriors[parent] if parent is not None else None)
    posterior = posteriors[region_id]
    correlation = posterior.covariance / np.outer(posterior.spread, posterior.spread)
    for reclassified, exits in (
        ("reclassification", "rural_exit"),
        ("period_reclassification", "period_exit"),
    ):
        i, j = NAMES.index(reclassified), NAMES.index(exits)
        wide = posterior.spread[i] > PRIOR_DECIDES * prior.spread[i]
        if wide or correlation[i, j] < SUM_ONLY:
            return PRIOR
    return DATA


# Every fourth age group is withheld in turn, so that each is predicted once from its neighbours.
FOLDS = 4


def withheld_errors(
    atlas: Atlas, region_id: str, done: Mapping[str, Calibrated]
) -> tuple[Array, Array]:
    """Relative error of 2020 age groups predicted without having been seen.

    Returns
    -------
    ndarray, shape (residence, sex, group)
        Predicted over counted less one, at the posterior mode; the residence axis has length one
        where residence is not published by age.
    ndarray
        The same shape: the error of survival without migration, for comparison.

    Both are empty where the region's ages are borrowed.
    """
    region, inputs = atlas.regions[region_id], atlas.inputs(region_id)
    if not _is_aged(atlas, region_id):
        return np.empty(0), np.empty(0)
    table = table_of(region, atlas.span.base)
    counted = by_residence(table) if table.by_residence else by_sex(table)[None]
    errors = np.empty_like(counted)
    for fold in range(FOLDS):
        withheld = frozenset(range(fold, len(GROUPS), FOLDS))
        prior, evidence, _ = _problem(atlas, region_id, done, withheld)
        mode = at_mode(prior, evidence).mean
        predicted = _groups_at(mode, inputs, atlas, table.by_residence)
        columns = sorted(withheld)
        errors[..., columns] = (predicted / counted - 1.0)[..., columns]
    closed = done[region_id].posterior.posterior.mean.copy()
    for name in ("rural_exit", "arrivals", "urban_out_migration", "return_to_villages"):
        closed[NAMES.index(name)] = -30.0
    closed[NAMES.index("reclassification")] = -30.0
    alone = _groups_at(closed, inputs, atlas, table.by_residence) / counted - 1.0
    return errors, alone


def _groups_at(mean: Array, inputs: Inputs, atlas: Atlas, residence: bool) -> Array:
    end = inputs.before(mean[:, None])
    return counted_groups(end, atlas.standard, residence=residence)[..., 0]
