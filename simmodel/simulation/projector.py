"""Scenario, atlas and posteriors in; ensembles out: a family of regions projected in all draws."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ..errors import ScenarioError
from ..forecast.calibration import Normal
from ..forecast.fit import Atlas, pace_noise
from ..forecast.observations import Inputs
from ..forecast.parameters import NAMES, levels_after, natural, transformed
from ..forecast.uncertainty import BLOCK, PaceNoise, pace_factors, standard_normal
from ..indicators import AgeRange
from ..inputs.region import BASE_YEAR, Programme
from ..inputs.scenario import Scenario
from ..inputs.units import persons_per
from ..kernel.hukou import conversion_hazard, natural_increase, project_registered
from ..kernel.projection import FLOWS, Projection, project
from ..levers import LEVERS
from ..texts import say
from .ensemble import (
    Asked,
    Ensemble,
    Family,
    Sums,
    aged_residents,
    ages_asked,
    assemble,
    district_population,
    joined,
)

Array = NDArray[np.float64]

# Draws are kept, and quantiles exact, while the arrays of an ensemble stay below this; above, they
# pass through `quantiles.Sketch` block by block.
EXACT_BYTES = 512 * 2**20


def targets_asked(regions: Sequence[str], atlas: Atlas, horizon: int) -> list[Asked]:
    """Return what the targets of regions ask for, up to the horizon."""
    return [
        (target.region or region_id, target.indicator, target.year)
        for region_id in regions
        for target in atlas.regions[region_id].targets
        if target.year <= horizon
    ]


def regions_of(scenario: Scenario, atlas: Atlas) -> tuple[str, ...]:
    """Regions a scenario projects: those it names, each followed by what lies inside it."""
    # A province named on its own does not bring the nation's other provinces, but its own
    # prefectures and counties.
    found = dict.fromkeys(
        i for name in scenario.regions for i in (name, *atlas.tree.descendants(name))
    )
    return tuple(found)


def references_of(regions: Sequence[str], atlas: Atlas) -> tuple[str, ...]:
    """Regions that ``regions`` need beside them.

    Those that their targets are compared with, and for a part of a whole whose parts are all there
    the whole and its other parts: a county is the same whichever regions are projected with it.
    """
    wanted: dict[str, None] = {}

    def need(region_id: str) -> None:
        parent = atlas.regions[region_id].parent
        if parent is not None and atlas.is_whole(parent):
            for other in (parent, *atlas.tree.children(parent)):
                if other not in wanted:
                    wanted[other] = None
                    need(other)

    for region_id in regions:
        need(region_id)
        for target in atlas.regions[region_id].targets:
            if target.relative_to is not None:
                wanted[target.relative_to] = None
                need(target.relative_to)
    return tuple(i for i in wanted if i not in regions)


def parts_of(region_id: str, named: Sequence[str], atlas: Atlas) -> list[int]:
    """Places of a region's parts among those named, in an order that no run changes."""
    return [named.index(i) for i in atlas.tree.children(region_id) if i in named]


def sums_of(named: Sequence[str], atlas: Atlas) -> Sums:
    """Places of the wholes among the regions named, each with those of its parts; the top first."""
    wholes = [i for i in atlas.tree.from_the_top() if i in named and atlas.is_whole(i)]
    return tuple((named.index(i), rows) for i in wholes if (rows := parts_of(i, named, atlas)))


def bytes_needed(scenario: Scenario, atlas: Atlas) -> int:
    """Memory that all draws of a scenario take, in bytes."""
    regions = regions_of(scenario, atlas)
    rows = len(regions) + len(references_of(regions, atlas))
    years = scenario.horizon - BASE_YEAR
    return rows * (2 * (years + 1) + len(FLOWS) * years) * scenario.ensemble.draws * 8


def simulate(
    scenario: Scenario,
    atlas: Atlas,
    posteriors: Mapping[str, Normal],
    *,
    progress: Callable[[str], None] = lambda _: None,
) -> Ensemble:
    """Project every region of a scenario in every draw, and keep all draws.

    Arguments and errors as in `blocks`.
    """
    parts = list(blocks(scenario, atlas, posteriors, progress=progress))
    if len(parts) == 1:
        return parts[0]
    return replace(
        parts[0],
        urban=np.concatenate([p.urban for p in parts], axis=-1),
        rural=np.concatenate([p.rural for p in parts], axis=-1),
        flows=np.concatenate([p.flows for p in parts], axis=-1),
        districts=joined([p.districts for p in parts]),
        remainders=joined([p.remainders for p in parts]),
        registered=joined([p.registered for p in parts]),
        absent=joined([p.absent for p in parts]),
        aged=joined([p.aged for p in parts]),
    )


def blocks(
    scenario: Scenario,
    atlas: Atlas,
    posteriors: Mapping[str, Normal],
    *,
    progress: Callable[[str], None] = lambda _: None,
) -> Iterator[Ensemble]:
    """Project every region of a scenario, a block of draws at a time.

    Parameters
    ----------
    scenario : Scenario
    atlas : Atlas
    posteriors : mapping of str to Normal
        Of every region projected.
    progress : callable, optional
        Called with the share of draws done.

    Yields
    ------
    Ensemble
        `uncertainty.BLOCK` draws, or what is left for the last.

    Raises
    ------
    ScenarioError
        If a programme moves more people than there are.
    """
    asked = targets_asked(regions_of(scenario, atlas), atlas, scenario.horizon)
    projector = Projector(scenario, atlas, posteriors, asked=asked)
    for block in range(projector.blocks):
        progress(f"{100 * block // projector.blocks} %")
        yield projector.ensemble(scenario, block)


class Projector:
    """The regions of a scenario with their draws before any lever, kept to be used again.

    Parameters
    ----------
    scenario : Scenario
        Its regions, horizon, ensemble and fixed parameters count; levers and programmes come with
        each projection.
    atlas : Atlas
    posteriors : mapping of str to Normal
        Of every region projected.
    regions : sequence of str, optional
        Regions wanted, without what lies inside them, instead of all of the scenario.
    keep : bool
        Keep the draws, so that other levers meet the same ones without making them again.
    asked : iterable of Asked
        What is asked for by age: those people are kept in the years asked for, and no others.
    """

    def __init__(
        self,
        scenario: Scenario,
        atlas: Atlas,
        posteriors: Mapping[str, Normal],
        *,
        regions: Sequence[str] | None = None,
        keep: bool = False,
        asked: Iterable[Asked] = (),
    ):
        self.atlas, self._posteriors, self._keep = atlas, posteriors, keep
        self.regions = regions_of(scenario, atlas) if regions is None else tuple(regions)
        self.references = references_of(self.regions, atlas)
        self.named = (*self.regions, *self.references)
        self.years = np.arange(BASE_YEAR, scenario.horizon + 1)
        self.family = Family(self.regions, self.references, self.years, sums_of(self.named, atlas))
        self._ages = ages_asked(asked)
        self._seed, self._draws = scenario.ensemble.seed, scenario.ensemble.draws
        self._fixed = scenario.parameters
        self.blocks = (self._draws + BLOCK - 1) // BLOCK
        everywhere = dict.fromkeys(a for i in self.named for a in atlas.tree.lineage(i))
        self._noise = {i: pace_noise(atlas, i, self.years.size - 1) for i in everywhere}
        self._kept: dict[tuple[str, int], RegionDraws] = {}

    def drawn(self, region_id: str, block: int) -> RegionDraws:
        """Draws of a region in one block."""
        key = (region_id, block)
        if key in self._kept:
            return self._kept[key]
        found = draw(
            self.atlas.inputs(region_id),
            self._posteriors[region_id],
            [self._noise[i] for i in self.atlas.tree.lineage(region_id)],
            self.years.size - 1,
            (self._seed, block),
            self._fixed,
        )
        if self._keep:
            self._kept[key] = found
        return found

    def project(
        self,
        scenario: Scenario,
        region_id: str,
        block: int,
        *,
        until: int | None = None,
        keep_population: bool = False,
    ) -> Projection:
        """Project one region under a scenario's levers and programmes in one block of draws.

        ``until`` a year, instead of the horizon: no year depends on those after it.

        Raises
        ------
        ScenarioError
            If a programme moves more people than there are.
        """
        ancestry = self.atlas.tree.lineage(region_id)
        years = self.years[1:]
        if until is not None:
            years = years[years <= until]
        moved = np.zeros(years.size) + sum(
            programme_flow(self.atlas, region_id, name, years) for name in scenario.programmes
        )
        drawn = self.drawn(region_id, block)
        try:
            return drawn.project(
                levers=lever_paths(scenario, self.atlas, ancestry, years),
                programmes=moved,
                years=years.size,
                keep_population=keep_population,
            )
        except ValueError as error:
            said = {"scenario": scenario.scenario, "region": region_id, "problem": error}
            raise ScenarioError(say("simulation.cannot_project", **said)) from None

    def ensemble(self, scenario: Scenario, block: int, *, registered: bool = True) -> Ensemble:
        """Project all regions under a scenario's levers and programmes in one block of draws.

        Without the ``registered`` people where only residents are wanted: they take a projection
        more.
        """
        kept = min(BLOCK, self._draws - block * BLOCK)
        paths, people, absent = [], {}, {}
        for row, region_id in enumerate(self.named):
            path = self.project(scenario, region_id, block)
            paths.append(path)
            inputs = self.atlas.inputs(region_id)
            if inputs.absent > 0.0 and row < len(self.regions):
                absent[region_id] = path.absent[:, :kept]
            if registered and inputs.registered is not None and row < len(self.regions):
                people[region_id] = self.registered(scenario, region_id, block, path)[..., :kept]
        whole = assemble(self.family, paths, slice(kept))
        programmes = {
            name: np.array(
                [programme_flow(self.atlas, i, name, self.years[1:]) for i in self.named]
            )
            for name in scenario.programmes
        }
        districts = {
            district.id: district_population(whole, district)
            for region_id in self.regions
            for district in self.atlas.regions[region_id].urban_districts
            if district.population is not None and set(district.counties) <= set(self.named)
        }
        remainders = {
            region_id: np.stack([whole.urban[row], whole.rural[row]])
            - np.stack([whole.urban[parts].sum(axis=0), whole.rural[parts].sum(axis=0)])
            for row, region_id in enumerate(self.regions)
            if (parts := parts_of(region_id, self.named, self.atlas))
            and not self.atlas.is_whole(region_id)
        }
        return replace(
            whole,
            programmes=programmes,
            districts=districts,
            remainders=remainders,
            registered=people,
            absent=absent,
            aged=self._aged(scenario, block, whole),
        )

    def _aged(
        self, scenario: Scenario, block: int, whole: Ensemble
    ) -> dict[tuple[str, AgeRange], Array]:
        """People of the ages and years that were asked for, not a number in other years."""

        def population(region_id: str, year: int) -> Array:
            path = self.project(scenario, region_id, block, until=year, keep_population=True)
            return path.population[..., : whole.urban.shape[-1]]

        return aged_residents(whole, self._ages, population)

    def registered(self, scenario: Scenario, region_id: str, block: int, path: Projection) -> Array:
        """Registered people of a region beside its residents, (residence, year, draw).

        The hazard of conversion comes from the natural increase of the same draw between the
        counts; from the base on, the natural increase is that of the residents projected.
        """
        inputs = self.atlas.inputs(region_id)
        assert inputs.registered is not None
        before = natural_increase(inputs.before_of(self.drawn(region_id, block).values))
        hazard = conversion_hazard(inputs.registered, before[:, -inputs.registered.years :])
        ancestry = self.atlas.tree.lineage(region_id)
        lever = [
            scenario.lever_at("urban_registration", ancestry, int(year)) for year in self.years[1:]
        ]
        return project_registered(
            inputs.registered, natural_increase(path), hazard, np.array(lever)
        )


@dataclass(frozen=True)
class RegionDraws:
    """Draws of one region in one block, before any lever.

    Attributes
    ----------
    inputs : Inputs
    values : mapping of str to ndarray, shape (draw,)
        Parameters in their own units.
    factors : mapping of str to ndarray, shape (year, draw)
        As `uncertainty.pace_factors` makes them; one draw may represent all.
    """

    inputs: Inputs
    values: Mapping[str, Array]
    factors: Mapping[str, Array]

    def project(
        self,
        *,
        levers: Mapping[str, Array] | None = None,
        programmes: Array | None = None,
        years: int | None = None,
        keep_population: bool = False,
    ) -> Projection:
        """Project from the base.

        Parameters
        ----------
        levers : mapping of str to ndarray, shape (year,), (year, draw) or (1, draw), optional
            As `lever_paths` makes them, or different from draw to draw.
        programmes : ndarray, shape (year,), optional
            Persons moved into towns.
        years : int, optional
            Fewer years than factors were drawn for.
        keep_population : bool
            Whether the population by age of the last year is wanted.
        """
        years = self.factors["exit"].shape[0] if years is None else years
        setting = self.inputs.setting(self.inputs.base)
        levels = levels_after(
            self.values,
            setting,
            years,
            mortality_trend=self.inputs.mortality_trend(years),
            factors={name: factor[:years] for name, factor in self.factors.items()},
            levers=levers,
        )
        return project(
            self.inputs.base,
            self.inputs.schedules_after,
            levels,
            absent=np.full(levels.shape[-1], setting.absent),
            programmes=programmes,
            keep_population=keep_population,
        )


def draw(
    inputs: Inputs,
    posterior: Normal,
    noise: Sequence[PaceNoise],
    years: int,
    seed_and_block: tuple[int, int],
    fixed: Mapping[str, Mapping[str, float]] = MappingProxyType({}),
) -> RegionDraws:
    """Draw a region's parameters and its uncertain years after the base.

    Parameters
    ----------
    inputs : Inputs
    posterior : Normal
    noise : sequence of PaceNoise
        Of the region and of all it belongs to, itself first.
    years : int
    seed_and_block : (int, int)
        Of the ensemble, and which block of draws.
    fixed : mapping of str to mapping of str to float
        Uncertain quantities with the same value in every draw, by region; the region's other
        parameters follow them as far as calibration ties them together.

    Raises
    ------
    ScenarioError
        If a parameter is fixed where the region cannot have it.
    """
    seed, block = seed_and_block
    standard = standard_normal(seed, f"parameters/{inputs.id}", block, (len(NAMES),))
    theta = posterior.draws(standard)
    if own := {n: v for n, v in fixed.get(inputs.id, {}).items() if n in NAMES}:
        values = [on_its_scale(inputs, name, np.array([value])) for name, value in own.items()]
        theta = posterior.given(theta, [NAMES.index(name) for name in own], np.array(values))
    factors = pace_factors(seed, block, noise, years, fixed)
    return RegionDraws(inputs, natural(theta, inputs.bound), factors)


def on_its_scale(inputs: Inputs, name: str, value: Array) -> Array:
    """Stated values of one parameter of a region on the scale where they are normal.

    Raises
    ------
    ScenarioError
        If the region cannot have one of them.
    """
    try:
        return transformed(name, value, inputs.bound)
    except ValueError as error:
        raise ScenarioError(f"parameters.{inputs.id}.{error}") from None


def lever_paths(
    scenario: Scenario,
    atlas: Atlas,
    ancestry: Sequence[str],
    years: NDArray[np.int64],
) -> dict[str, Array]:
    """Levers of a region by year; added life expectancy as its factor on death rates."""
    paths = {
        name: np.array([scenario.lever_at(name, ancestry, int(year)) for year in years])
        for name in LEVERS
    }
    paths["life_expectancy"] = atlas.standard.mortality_of_gain(paths["life_expectancy"])
    return paths


def programme_flow(
    atlas: Atlas, region_id: str, programme_id: str, years: NDArray[np.int64]
) -> Array:
    """Persons a programme moves into a region's towns, by year, (year,).

    A programme of a prefecture is spread over its counties by their rural population of the base
    year; above the prefecture it counts once.
    """
    owner, programme = _programme(atlas, programme_id)
    ancestry = atlas.tree.lineage(region_id)
    if owner in ancestry:
        inside = atlas.inputs(region_id).base[1].sum()
        share = float(inside / atlas.inputs(owner).base[1].sum())
    elif region_id in atlas.tree.lineage(owner):
        share = 1.0
    else:
        return np.zeros(years.size)
    running = (years >= programme.from_) & (years <= programme.to)
    persons = programme.value * persons_per(programme.unit)
    a_year = persons * programme.urban_share / (programme.to - programme.from_ + 1)
    return np.where(running, a_year * share, 0.0)


def _programme(atlas: Atlas, programme_id: str) -> tuple[str, Programme]:
    for region_id, region in atlas.regions.items():
        for programme in region.programmes:
            if programme.id == programme_id:
                return region_id, programme
    raise ScenarioError(say("simulation.no_programme", programme=programme_id))
