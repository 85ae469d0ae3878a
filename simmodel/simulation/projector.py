"""Scenario, seeds and posteriors in; labelled ensembles out: where arrays get their labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..errors import ScenarioError
from ..forecast.calibration import Normal
from ..forecast.fit import Atlas, pace_noise
from ..forecast.observations import Inputs
from ..forecast.parameters import NAMES, levels_after, natural, transformed
from ..forecast.uncertainty import BLOCK, PaceNoise, pace_factors, standard_normal
from ..inputs.region import BASE_YEAR, Programme, UrbanDistrict
from ..inputs.scenario import Scenario
from ..inputs.units import persons_per
from ..kernel.growth_components import rate_change, urban_growth
from ..kernel.hukou import conversion_hazard, natural_increase, project_registered
from ..kernel.projection import FLOWS, Projection, project
from ..kernel.reconcile import reconcile
from ..levers import LEVERS
from ..variables import (
    AGES,
    COORDINATES,
    DISTRICT,
    QUANTILES,
    RATE_CHANGE,
    REGISTERED,
    REMAINDERS,
    RESIDENCES,
    RURAL_LEDGER,
    SEXES,
    STOCKS,
    URBAN_GROWTH,
    URBAN_LEDGER,
    Variable,
)
from ..variables import FLOWS as FLOW_VARIABLES
from .quantiles import RELATIVE_ERROR, Exact, Sketch, Summary

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Ensemble:
    """All draws of all regions of a scenario.

    Attributes
    ----------
    regions : tuple of str
        Those the scenario names and their descendants.
    references : tuple of str
        Regions projected only to be compared with; behind the others on the region axis.
    years : ndarray, shape (year,)
        From the base year to the horizon.
    urban, rural : ndarray, shape (region, year, draw)
        Persons.
    flows : ndarray, shape (region, year - 1, flow, draw)
        Persons a year, in the order of `projection.FLOWS`.
    programmes : mapping of str to ndarray, shape (region, year - 1)
        Persons a year by programme, the same in every draw.
    districts : mapping of str to ndarray, shape (year, draw)
        Population of urban districts.
    remainders : mapping of str to ndarray, shape (residence, year, draw)
        Of regions of which some parts are projected and others not there: what those others have,
        urban and rural; less than nothing where the parts outgrow the whole.
    registered : mapping of str to ndarray, shape (residence, year, draw)
        Registered people of the regions that have the figures.
    absent : mapping of str to ndarray, shape (year, draw)
        Registered people living elsewhere, of the regions where they are known.
    """

    regions: tuple[str, ...]
    references: tuple[str, ...]
    years: NDArray[np.int64]
    urban: Array
    rural: Array
    flows: Array
    programmes: Mapping[str, Array]
    districts: Mapping[str, Array]
    remainders: Mapping[str, Array] = field(default_factory=dict)
    registered: Mapping[str, Array] = field(default_factory=dict)
    absent: Mapping[str, Array] = field(default_factory=dict)

    def row(self, region_id: str) -> int:
        """Place of a region on the region axis."""
        return (*self.regions, *self.references).index(region_id)

    def rate(self, region_id: str) -> Array:
        """Urbanization rate, a share, (year, draw)."""
        urban, rural = self.urban[self.row(region_id)], self.rural[self.row(region_id)]
        return np.asarray(urban / (urban + rural))


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


Sums = tuple[tuple[int, list[int]], ...]


def parts_of(region_id: str, named: Sequence[str], atlas: Atlas) -> list[int]:
    """Places of a region's parts among those named, in an order that no run changes."""
    return [named.index(i) for i in atlas.tree.children(region_id) if i in named]


def sums_of(named: Sequence[str], atlas: Atlas) -> Sums:
    """Places of the wholes among the regions named, each with those of its parts; the top first."""
    wholes = [i for i in atlas.tree.from_the_top() if i in named and atlas.is_whole(i)]
    return tuple((named.index(i), rows) for i in wholes if (rows := parts_of(i, named, atlas)))


def add_up(sums: Sums, urban: Array, rural: Array, flows: Array) -> None:
    """Make parts add up to their wholes, in place; arrays as in `Ensemble`."""
    for at, rows in sums:
        urban[rows], rural[rows], flows[rows] = reconcile(
            (urban[at], rural[at], flows[at]), (urban[rows], rural[rows], flows[rows])
        )


# Draws are kept, and quantiles exact, while the arrays of an ensemble stay below this; above, they
# pass through `quantiles.Sketch` block by block.
EXACT_BYTES = 512 * 2**20


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
        districts=_joined([p.districts for p in parts]),
        remainders=_joined([p.remainders for p in parts]),
        registered=_joined([p.registered for p in parts]),
        absent=_joined([p.absent for p in parts]),
    )


def _joined(parts: Sequence[Mapping[str, Array]]) -> dict[str, Array]:
    """Blocks of draws of several named arrays, one after the other."""
    return {name: np.concatenate([p[name] for p in parts], axis=-1) for name in parts[0]}


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
    cast = Cast(scenario, atlas, posteriors)
    for block in range(cast.blocks):
        progress(f"{100 * block // cast.blocks} %")
        yield cast.ensemble(scenario, block)


class Cast:
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
        Keep the draws, so that other levers meet the same ones without making them anew.
    """

    def __init__(
        self,
        scenario: Scenario,
        atlas: Atlas,
        posteriors: Mapping[str, Normal],
        *,
        regions: Sequence[str] | None = None,
        keep: bool = False,
    ):
        self.atlas, self._posteriors, self._keep = atlas, posteriors, keep
        self.regions = regions_of(scenario, atlas) if regions is None else tuple(regions)
        self.references = references_of(self.regions, atlas)
        self.named = (*self.regions, *self.references)
        self.sums = sums_of(self.named, atlas)
        self.years = np.arange(BASE_YEAR, scenario.horizon + 1)
        self._seed, self._draws = scenario.ensemble.seed, scenario.ensemble.draws
        self._fixed = scenario.parameters
        self.blocks = (self._draws + BLOCK - 1) // BLOCK
        everywhere = dict.fromkeys(a for i in self.named for a in atlas.tree.lineage(i))
        self._noise = {i: pace_noise(atlas, i, self.years.size - 1) for i in everywhere}
        self._kept: dict[tuple[str, int], Drawn] = {}

    def drawn(self, region_id: str, block: int) -> Drawn:
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
        self, scenario: Scenario, region_id: str, block: int, *, keep_population: bool = False
    ) -> Projection:
        """Project one region under a scenario's levers and programmes in one block of draws.

        Raises
        ------
        ScenarioError
            If a programme moves more people than there are.
        """
        ancestry = self.atlas.tree.lineage(region_id)
        years = self.years[1:]
        moved = np.zeros(years.size) + sum(
            programme_flow(self.atlas, region_id, name, years) for name in scenario.programmes
        )
        drawn = self.drawn(region_id, block)
        try:
            return drawn.project(
                levers=lever_paths(scenario, self.atlas, ancestry, years),
                programmes=moved,
                keep_population=keep_population,
            )
        except ValueError as error:
            raise ScenarioError(f"{scenario.scenario}: {region_id}: {error}") from None

    def ensemble(self, scenario: Scenario, block: int, *, registered: bool = True) -> Ensemble:
        """Project all regions under a scenario's levers and programmes in one block of draws.

        Without the ``registered`` people where only residents are wanted: they take a projection
        more.
        """
        kept = min(BLOCK, self._draws - block * BLOCK)
        urban = np.empty((len(self.named), self.years.size, kept))
        rural = np.empty_like(urban)
        flows = np.empty((len(self.named), self.years.size - 1, len(FLOWS), kept))
        people, absent = {}, {}
        for row, region_id in enumerate(self.named):
            path = self.project(scenario, region_id, block)
            urban[row], rural[row] = path.urban[:, :kept], path.rural[:, :kept]
            flows[row] = path.flows[:, :, :kept]
            inputs = self.atlas.inputs(region_id)
            if inputs.absent > 0.0 and row < len(self.regions):
                absent[region_id] = path.absent[:, :kept]
            if registered and inputs.registered is not None and row < len(self.regions):
                people[region_id] = self.registered(scenario, region_id, block, path)[..., :kept]
        add_up(self.sums, urban, rural, flows)
        programmes = {
            name: np.array(
                [programme_flow(self.atlas, i, name, self.years[1:]) for i in self.named]
            )
            for name in scenario.programmes
        }
        whole = Ensemble(
            self.regions, self.references, self.years, urban, rural, flows, programmes, {}
        )
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
            districts=districts,
            remainders=remainders,
            registered=people,
            absent=absent,
        )

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
class Drawn:
    """Draws of one region in one block, before any lever.

    Attributes
    ----------
    inputs : Inputs
    values : mapping of str to ndarray, shape (draw,)
        Parameters in their own units.
    factors : mapping of str to ndarray, shape (year, draw)
        As `uncertainty.pace_factors` makes them; one draw may stand for all.
    """

    inputs: Inputs
    values: Mapping[str, Array]
    factors: Mapping[str, Array]

    def project(
        self,
        *,
        levers: Mapping[str, Array] | None = None,
        programmes: Array | None = None,
        keep_population: bool = False,
    ) -> Projection:
        """Project from the base.

        Parameters
        ----------
        levers : mapping of str to ndarray, shape (year,), (year, draw) or (1, draw), optional
            As `lever_paths` makes them, or different from draw to draw.
        programmes : ndarray, shape (year,), optional
            Persons moved into towns.
        keep_population : bool
            Whether the population by age of the last year is wanted.
        """
        years = self.factors["exit"].shape[0]
        setting = self.inputs.setting(self.inputs.base)
        levels = levels_after(
            self.values,
            setting,
            years,
            mortality_trend=self.inputs.mortality_trend(years),
            factors=self.factors,
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
) -> Drawn:
    """Draw a region's parameters and its uncertain years after the base.

    Parameters
    ----------
    inputs : Inputs
    posterior : Normal
    noise : sequence of PaceNoise
        Of the region and of all it lies in, itself first.
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
    return Drawn(inputs, natural(theta, inputs.bound), factors)


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


def population_at(
    scenario: Scenario,
    atlas: Atlas,
    posteriors: Mapping[str, Normal],
    region_id: str,
    year: int,
) -> Array:
    """Population of a region by age at the end of a year, in the first block of draws.

    Returns
    -------
    ndarray, shape (residence, sex, age, draw)
        Persons; as many draws as the scenario asks for, `uncertainty.BLOCK` at most.
    """
    shorter = Scenario.model_validate(scenario.complete() | {"horizon": year, "levers": {}})
    cast = Cast(shorter, atlas, posteriors, regions=(region_id,))
    path = cast.project(scenario, region_id, 0, keep_population=True)
    return path.population[..., : min(BLOCK, scenario.ensemble.draws)]


def ages_dataset(
    dataset: xr.Dataset,
    scenario: Scenario,
    atlas: Atlas,
    posteriors: Mapping[str, Normal],
    regions: Sequence[str],
) -> xr.Dataset:
    """Population by residence, sex and age in the base year and at the horizon.

    Ages at the horizon are spread as in the first block of draws, and add up to the means of the
    whole ensemble, in which parts have been made to add up to their wholes.

    Parameters
    ----------
    dataset : Dataset
        The scenario's projection, as `Summaries.to_dataset` makes it.
    scenario : Scenario
    atlas : Atlas
    posteriors : mapping of str to Normal
    regions : sequence of str
        Of the projection.

    Returns
    -------
    Dataset
        ``population`` (region, year, residence, sex, age), persons.
    """
    first, last = BASE_YEAR, scenario.horizon
    people = np.empty((len(regions), 2, *atlas.base(regions[0]).shape))
    for row, region_id in enumerate(regions):
        mean = population_at(scenario, atlas, posteriors, region_id, last).mean(axis=-1)
        at_end = dataset.sel(region=region_id, year=last)
        for residence, name in enumerate(RESIDENCES):
            total = float(at_end[f"{name}_population_mean"])
            if total > 0.0:
                mean[residence] *= total / mean[residence].sum()
        people[row] = atlas.base(region_id), mean
    coordinates = {
        **{name: ("region", dataset.sel(region=list(regions))[name].values) for name in _NAMES},
        "region": list(regions),
        "year": np.array([first, last], dtype=np.int32),
        "residence": list(RESIDENCES),
        "sex": list(SEXES),
        "age": np.arange(people.shape[-1], dtype=np.int32),
    }
    found: dict[str, xr.DataArray] = {}
    _put(found, AGES, ("region", "year", "residence", "sex", "age"), people)
    named = xr.Dataset(found, coords=coordinates, attrs=dataset.attrs)
    for coordinate in named.coords:
        named[coordinate].attrs.update(COORDINATES.get(str(coordinate), {}))
    return named


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
    raise ScenarioError(f"programme {programme_id!r} does not exist")


def district_population(ensemble: Ensemble, district: UrbanDistrict) -> Array:
    """Population of an urban district: its base times its counties' urban growth, (year, draw)."""
    assert district.population is not None
    scale = persons_per(district.population.unit)
    urban = sum(ensemble.urban[ensemble.row(county)] for county in district.counties)
    return np.asarray(district.population.value * scale * urban / np.asarray(urban)[:1])


_NAMES = ("name_en", "name_zh", "level")
# Sizes that a sketch counts as none: half a person, a hundred-thousandth of a point.
NIL = {"persons/year": 0.5, "share/year": 1e-7}


class Summaries:
    """Means and quantiles of every output, from an ensemble that comes whole or in blocks.

    Parameters
    ----------
    exact : bool
        Keep all draws; otherwise a `quantiles.Sketch` of each number.
    """

    def __init__(self, *, exact: bool):
        self._exact = exact
        self._kept: dict[str, tuple[Variable, str, Summary]] = {}
        self._first: Ensemble | None = None

    def add(self, ensemble: Ensemble) -> None:
        """Take a block of draws."""
        self._first = self._first or ensemble
        rows = [(v, "region", values) for v, values in _variables(ensemble)]
        if ensemble.districts:
            rows.append((DISTRICT, "district", np.stack(list(ensemble.districts.values()))))
        rows += [(v, "remainder", values) for v, values in _remainders(ensemble)]
        rows += [(v, "registered_region", values) for v, values in _registered(ensemble)]
        for variable, place, values in rows:
            if variable.name not in self._kept:
                summary = Exact() if self._exact else Sketch(NIL.get(variable.units, 0.0))
                self._kept[variable.name] = (variable, place, summary)
            self._kept[variable.name][2].add(values)

    def to_dataset(
        self, scenario: Scenario, atlas: Atlas, provenance: Mapping[str, str]
    ) -> xr.Dataset:
        """Label what was taken: (region, year, quantile), and ``<name>_mean`` beside each.

        Ledger and sums close on the means.
        """
        assert self._first is not None
        data: dict[str, xr.DataArray] = {}
        for variable, place, summary in self._kept.values():
            _put(
                data,
                variable,
                (place, "year", "quantile"),
                _from_base_year(variable, summary.quantiles(QUANTILES)),
            )
            mean = Variable(f"{variable.name}_mean", variable.units, f"{variable.long_name}, mean")
            _put(data, mean, (place, "year"), _from_base_year(variable, summary.mean()))
        coords = _coordinates(self._first, atlas)
        dataset = xr.Dataset(data, coords=coords, attrs=dict(provenance))
        dataset = dataset.assign_coords(quantile=("quantile", list(QUANTILES)))
        dataset.attrs["quantiles"] = (
            "exact" if self._exact else f"within {RELATIVE_ERROR:.2%} of the value"
        )
        return _described(dataset, scenario)


def draws_dataset(
    ensemble: Ensemble, scenario: Scenario, atlas: Atlas, provenance: Mapping[str, str]
) -> xr.Dataset:
    """Every draw, labelled: (region, year, draw)."""
    data: dict[str, xr.DataArray] = {}
    for variable, values in _variables(ensemble):
        _put(data, variable, ("region", "year", "draw"), _from_base_year(variable, values))
    if ensemble.districts:
        values = np.stack(list(ensemble.districts.values()))
        _put(data, DISTRICT, ("district", "year", "draw"), values)
    for variable, values in _remainders(ensemble):
        _put(data, variable, ("remainder", "year", "draw"), values)
    for variable, values in _registered(ensemble):
        _put(data, variable, ("registered_region", "year", "draw"), values)
    dataset = xr.Dataset(data, coords=_coordinates(ensemble, atlas), attrs=dict(provenance))
    return _described(dataset, scenario)


def _variables(ensemble: Ensemble) -> list[tuple[Variable, Array]]:
    """Values of the scenario's regions, (region, year, draw); flows start a year later."""
    count = len(ensemble.regions)
    urban, rural = ensemble.urban[:count], ensemble.rural[:count]
    total = urban + rural
    by_name = dict(zip((v.name for v in STOCKS), (urban, rural, total, urban / total), strict=True))
    rows = [(variable, by_name[variable.name]) for variable in STOCKS]
    rows += [(v, ensemble.flows[:count, :, i]) for i, v in enumerate(FLOW_VARIABLES)]
    for name, persons in ensemble.programmes.items():
        part = Variable(f"programme_{name}", "persons/year", f"part of programmes: {name}")
        rows.append((part, np.repeat(persons[:count, :, None], urban.shape[-1], axis=2)))
    flows = ensemble.flows[:count]
    growth, change = urban_growth(flows), rate_change(urban, rural, flows)
    rows += [(v, growth[:, i]) for i, v in enumerate(URBAN_GROWTH)]
    rows += [(v, change[:, i]) for i, v in enumerate(RATE_CHANGE)]
    return rows


def _remainders(ensemble: Ensemble) -> list[tuple[Variable, Array]]:
    """What regions have without the parts that are projected, (remainder, year, draw)."""
    if not ensemble.remainders:
        return []
    stocks = np.stack(list(ensemble.remainders.values()), axis=1)
    total = stocks.sum(axis=0)
    rate = np.divide(stocks[0], total, out=np.full_like(total, np.nan), where=total > 0.0)
    return list(zip(REMAINDERS, (stocks[0], total, rate), strict=True))


def _registered_regions(ensemble: Ensemble) -> list[str]:
    return [i for i in ensemble.regions if i in ensemble.registered or i in ensemble.absent]


def _registered(ensemble: Ensemble) -> list[tuple[Variable, Array]]:
    """Registered and absent people, (registered region, year, draw); nothing where none has any.

    What a region has no figures for is not a number.
    """
    named = _registered_regions(ensemble)
    if not named:
        return []
    unknown = np.full((ensemble.years.size, ensemble.urban.shape[-1]), np.nan)
    people = [ensemble.registered.get(i, (unknown, unknown)) for i in named]
    urban = np.stack([u for u, _ in people])
    total = np.stack([u + r for u, r in people])
    absent = np.stack([ensemble.absent.get(i, unknown) for i in named])
    return list(zip(REGISTERED, (urban, total, urban / total, absent), strict=True))


def _from_base_year(variable: Variable, values: Array) -> Array:
    """Put a year that is not a number before a flow: none leads to the base year."""
    if not variable.units.endswith("/year"):
        return values
    gap = np.full((values.shape[0], 1, *values.shape[2:]), np.nan)
    return np.concatenate((gap, values), axis=1)


def _put(
    data: dict[str, xr.DataArray], variable: Variable, dims: tuple[str, ...], values: Array
) -> None:
    attrs = {"units": variable.units, "long_name": variable.long_name}
    data[variable.name] = xr.DataArray(values, dims=dims, attrs=attrs)


def _coordinates(ensemble: Ensemble, atlas: Atlas) -> dict[str, object]:
    named = [atlas.regions[i] for i in ensemble.regions]
    coordinates: dict[str, object] = {
        "region": ("region", list(ensemble.regions)),
        "name_en": ("region", [r.names.en for r in named]),
        "name_zh": ("region", [r.names.zh for r in named]),
        "level": ("region", [r.level for r in named]),
        "year": ("year", ensemble.years.astype(np.int32)),
    }
    if ensemble.districts:
        coordinates["district"] = ("district", list(ensemble.districts))
    if ensemble.remainders:
        without = [
            " ".join(i for i in ensemble.regions if atlas.regions[i].parent == name)
            for name in ensemble.remainders
        ]
        coordinates["remainder"] = ("remainder", list(ensemble.remainders))
        coordinates["without"] = ("remainder", without)
    if with_figures := _registered_regions(ensemble):
        coordinates["registered_region"] = ("registered_region", with_figures)
    return coordinates


def _described(dataset: xr.Dataset, scenario: Scenario) -> xr.Dataset:
    for name, attrs in COORDINATES.items():
        if name in dataset.coords:
            dataset[name].attrs.update(attrs)
    dataset.attrs.update(
        scenario=scenario.scenario,
        title_en=scenario.title.en,
        title_zh=scenario.title.zh,
        description=scenario.description.en,
        description_zh=scenario.description.zh,
        base_year=BASE_YEAR,
        urban_ledger=URBAN_LEDGER,
        rural_ledger=RURAL_LEDGER,
    )
    return dataset
