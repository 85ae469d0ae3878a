"""What the projection says of every region that a check of targets asks about."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..errors import ScenarioError
from ..forecast.base_population import census_of
from ..forecast.calibration import Normal
from ..forecast.fit import Atlas
from ..inputs.region import BASE_YEAR, Region
from ..inputs.scenario import Scenario
from ..kernel.projection import URBAN
from ..simulation.datasets import population_at
from ..simulation.projector import EXACT_BYTES, Projector, bytes_needed, references_of
from ..simulation.quantiles import Exact, Sketch
from ..texts import say
from .intervals import Interval, ProjectedQuantiles
from .target import JOBS, NEAR_POINTS, RATE

Array = NDArray[np.float64]

SHARES = (0.01, 0.1, 0.5, 0.9, 0.99)
REST_SHARE = 0.01
WORKING_AGES = slice(15, 60)  # completed years; the census's own 15–59


@dataclass(frozen=True)
class BasePopulation:
    """A region in the base year on the boundary of today.

    Attributes
    ----------
    total, urban : float
        Persons; the urban ones estimated where territory was moved.
    urban_range : Interval
        Urban residents if all who were moved with territory were rural, or all urban; without a
        move both ends are the count.
    """

    total: float
    urban: float
    urban_range: Interval

    @property
    def rate(self) -> float:
        """Urbanization rate, percent."""
        return 100.0 * self.urban / self.total

    @property
    def rate_range(self) -> Interval:
        """Its range, percent."""
        return self.urban_range.scaled(100.0 / self.total)

    @property
    def estimated(self) -> bool:
        """Whether territory was moved, so that no census has counted today's region."""
        return self.urban_range.low < self.urban_range.high


@dataclass(frozen=True)
class WorkingAgePopulation:
    """Urban residents aged 15 to 59, in persons, and their share of all urban residents."""

    base: float
    projected: ProjectedQuantiles
    share: float


@dataclass(frozen=True)
class RegionProjection:
    """A region's projected course, by year.

    Attributes
    ----------
    base : BasePopulation
    total, urban : mapping of int to ProjectedQuantiles
        Persons.
    rate : mapping of int to ProjectedQuantiles
        Percent.
    working_age : mapping of int to WorkingAgePopulation
        Of the years asked for.
    lead : mapping of str to (mapping of int to ProjectedQuantiles)
        By region whose rate a target aims at: own rate less that one's in the same draw,
        percentage points.
    at_rate_of : mapping of str to (mapping of int to ProjectedQuantiles)
        Urban residents, persons, if the rate were that region's in the same draw and
        `target.NEAR_POINTS` more: the most that "near" allows.
    """

    base: BasePopulation
    total: Mapping[int, ProjectedQuantiles] = field(default_factory=dict)
    urban: Mapping[int, ProjectedQuantiles] = field(default_factory=dict)
    rate: Mapping[int, ProjectedQuantiles] = field(default_factory=dict)
    working_age: Mapping[int, WorkingAgePopulation] = field(default_factory=dict)
    lead: Mapping[str, Mapping[int, ProjectedQuantiles]] = field(default_factory=dict)
    at_rate_of: Mapping[str, Mapping[int, ProjectedQuantiles]] = field(default_factory=dict)


@dataclass(frozen=True)
class ProjectionSummary:
    """What is projected.

    Attributes
    ----------
    courses : mapping of str to RegionProjection
        By region.
    districts : mapping of str to (mapping of int to ProjectedQuantiles)
        Population of urban districts by year, persons.
    horizon : int
        Last year projected.
    """

    courses: Mapping[str, RegionProjection]
    districts: Mapping[str, Mapping[int, ProjectedQuantiles]]
    horizon: int


def are_whole(parts: Sequence[BasePopulation], whole: BasePopulation) -> bool:
    """Whether parts make up a whole, but for a share of `REST_SHARE` of its people."""
    return sum(part.total for part in parts) > (1.0 - REST_SHARE) * whole.total


def base_of(atlas: Atlas, region_id: str) -> BasePopulation:
    """A region's base year on the boundary of today."""
    population = atlas.base(region_id)
    total, urban = float(population.sum()), float(population[URBAN].sum())
    if not atlas.transfers(region_id):
        return BasePopulation(total, urban, Interval(urban, urban))
    counted = census_of(atlas.regions[region_id], BASE_YEAR)
    moved = total - counted.total
    ends = sorted((float(counted.urban), counted.urban + moved))
    return BasePopulation(total, urban, Interval(max(ends[0], 0.0), min(ends[1], total)))


def beyond_horizon(
    checked: Sequence[str], regions: Mapping[str, Region], horizon: int
) -> str | None:
    """Say which targets of regions are too late to be held against a projection; None if none is.

    Parameters
    ----------
    checked : sequence of str
    regions : mapping of str to Region
    horizon : int
        Last year projected.
    """
    late = dict.fromkeys(
        f"{name} {target.year}"
        for name in checked
        for target in regions[name].targets
        if target.year > horizon
    )
    if not late:
        return None
    return say("judging.too_late", horizon=horizon, targets=", ".join(late))


def trend_of(regions: Mapping[str, Region]) -> Scenario:
    """A trend without any measure, of all regions with targets to the latest of their years.

    Raises
    ------
    ScenarioError
        If no region has targets.
    """
    named = [name for name, region in regions.items() if region.targets]
    if not named:
        raise ScenarioError(say("judging.no_targets"))
    horizon = max(target.year for name in named for target in regions[name].targets)
    return Scenario.model_validate({"scenario": "trend", "regions": named, "horizon": horizon})


def regions_needed(checked: Sequence[str], regions: Mapping[str, Region]) -> tuple[str, ...]:
    """Regions whose projection the check of some regions' targets asks for."""
    needed: dict[str, None] = {}
    for region_id in checked:
        region = regions[region_id]
        if not region.targets:
            continue
        needed[region_id] = None
        rates = any(t.indicator == RATE for t in region.targets)
        for child, other in regions.items():
            if other.parent == region_id and (other.targets or (rates and _leaves_rest(region))):
                needed[child] = None
        for district in region.urban_districts:
            needed |= dict.fromkeys(district.counties)
    return tuple(needed)


def regions_behind(checked: Sequence[str], atlas: Atlas) -> frozenset[str]:
    """Regions whose posteriors the check of some regions' targets rests on."""
    needed = regions_needed(checked, atlas.regions)
    projected = (*needed, *references_of(needed, atlas))
    return frozenset(a for name in projected for a in atlas.tree.lineage(name))


def _leaves_rest(region: Region) -> bool:
    """Whether some of a region's parts may be missing from the seeds."""
    return region.level in ("nation", "province")


def summarize_projection(
    scenario: Scenario,
    atlas: Atlas,
    posteriors: Mapping[str, Normal],
    checked: Sequence[str],
    *,
    progress: Callable[[str], None] = lambda _: None,
) -> ProjectionSummary:
    """Project what the check of some regions' targets asks for.

    Parameters
    ----------
    scenario : Scenario
        Its levers, programmes, horizon and ensemble.
    atlas : Atlas
    posteriors : mapping of str to Normal
    checked : sequence of str
    progress : callable, optional
        Called with the share of draws done.

    Raises
    ------
    ScenarioError
        If a programme moves more people than there are.
    """
    needed = regions_needed(checked, atlas.regions)
    if not needed:
        return ProjectionSummary({}, {}, scenario.horizon)
    projector = Projector(scenario, atlas, posteriors, regions=needed)
    kind: type[Exact] | type[Sketch] = (
        Exact if bytes_needed(scenario, atlas) <= EXACT_BYTES else Sketch
    )
    kept: dict[tuple[str, str], Exact | Sketch] = {}

    def keep(name: str, what: str, values: Array) -> None:
        kept.setdefault((name, what), kind()).add(values)

    for block in range(projector.blocks):
        progress(f"{100 * block // projector.blocks} %")
        ensemble = projector.ensemble(scenario, block)
        for region_id in projector.named:
            row = ensemble.row(region_id)
            urban = ensemble.urban[row]
            total = urban + ensemble.rural[row]
            keep(region_id, "urban", urban)
            keep(region_id, "total", total)
            keep(region_id, "rate", 100.0 * urban / total)
            for other in aims_at(atlas.regions[region_id]):
                rate = ensemble.rate(other)
                keep(region_id, f"lead on {other}", 100.0 * (urban / total - rate))
                keep(region_id, f"at the rate of {other}", (rate + NEAR_POINTS / 100.0) * total)
        for district, population in ensemble.districts.items():
            keep(district, "district", population)

    def spreads(name: str, what: str) -> dict[int, ProjectedQuantiles]:
        rows = kept[name, what].quantiles(SHARES)
        return {
            int(y): ProjectedQuantiles(*map(float, r))
            for y, r in zip(projector.years, rows, strict=True)
        }

    courses = {
        region_id: RegionProjection(
            base_of(atlas, region_id),
            spreads(region_id, "total"),
            spreads(region_id, "urban"),
            spreads(region_id, "rate"),
            _working_ages(scenario, atlas, posteriors, region_id),
            {o: spreads(region_id, f"lead on {o}") for o in aims_at(atlas.regions[region_id])},
            {
                o: spreads(region_id, f"at the rate of {o}")
                for o in aims_at(atlas.regions[region_id])
            },
        )
        for region_id in projector.named
    }
    districts = {
        district.id: spreads(district.id, "district")
        for region_id in needed
        for district in atlas.regions[region_id].urban_districts
        if district.population is not None
    }
    return ProjectionSummary(courses, districts, scenario.horizon)


def aims_at(region: Region) -> tuple[str, ...]:
    """Regions whose rate a region's targets aim at."""
    named = (t.relative_to for t in region.targets if t.relative_to is not None)
    return tuple(dict.fromkeys(named))


def _working_ages(
    scenario: Scenario, atlas: Atlas, posteriors: Mapping[str, Normal], region_id: str
) -> dict[int, WorkingAgePopulation]:
    """Urban residents of working age in the years of a region's targets of jobs."""
    years = {
        t.year
        for t in atlas.regions[region_id].targets
        if t.indicator == JOBS and t.year <= scenario.horizon
    }
    base = float(atlas.base(region_id)[URBAN][:, WORKING_AGES].sum())
    found = {}
    for year in sorted(years):
        urban = population_at(scenario, atlas, posteriors, region_id, year)[URBAN]
        working = urban[:, WORKING_AGES].sum(axis=(0, 1))
        share = float(np.median(working / urban.sum(axis=(0, 1))))
        found[year] = WorkingAgePopulation(
            base, ProjectedQuantiles(*map(float, np.quantile(working, SHARES))), share
        )
    return found
