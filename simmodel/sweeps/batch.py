"""Many runs of one scenario that differ in a few values: levers by run in, outcomes by run out.

A run is a column of the kernel, or as many columns as there are draws to be averaged over. All
work of a family of regions travels in one object that needs no file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ..errors import ScenarioError
from ..forecast.calibration import Normal
from ..forecast.fit import Atlas, pace_noise
from ..forecast.observations import Inputs
from ..forecast.parameters import NAMES, natural
from ..forecast.standards import Standard
from ..forecast.uncertainty import FACTORS, PaceNoise, held_factors, pace_factors, standard_normal
from ..indicators import INDICATORS
from ..inputs.region import BASE_YEAR, UrbanDistrict
from ..inputs.scenario import Path, Scenario
from ..judging.target import Aim, judged_aims, margins
from ..kernel.projection import FLOWS, Projection
from ..levers import LEVERS
from ..simulation.ensemble import (
    Ensemble,
    Family,
    Sums,
    aged_residents,
    ages_asked,
    assemble,
    district_population,
)
from ..simulation.projector import RegionDraws, on_its_scale, programme_flow, references_of, sums_of
from .sweep_file import Outcome, VariedSetting

Array = NDArray[np.float64]

# Columns of the kernel computed together, of all regions, where a run has not more: enough that
# what comes with each chunk does not count, few enough that its arrays stay near the processor.
COLUMNS = 4096


@dataclass(frozen=True)
class LeverForm:
    """A lever of a region as a sum: a path, and columns of the design times weights by year.

    Attributes
    ----------
    path : ndarray, shape (year,)
        What no column decides; one year stands for all where everything is the same in each.
    columns : tuple of int
        Of the design.
    weights : ndarray, shape (column, year)
    """

    path: Array
    columns: tuple[int, ...] = ()
    weights: Array = field(default_factory=lambda: np.zeros((0, 1)))

    def by_run(self, values: Array) -> Array:
        """The lever in every run.

        Parameters
        ----------
        values : ndarray, shape (run, parameter)

        Returns
        -------
        ndarray, shape (year, run), (year, 1), (1, run) or (1, 1)
        """
        found = self.path[:, None]
        # Term by term: a run's numbers never depend on how many others there are.
        for column, weight in zip(self.columns, self.weights, strict=True):
            found = found + weight[:, None] * values[:, column]
        return found


@dataclass(frozen=True)
class Member:
    """One region of a family, with all that its projection needs.

    Attributes
    ----------
    inputs : Inputs
    posterior : Normal
    theta : ndarray, shape (parameter, draw)
        Draws of the posterior, or its mean.
    factors : mapping of str to ndarray, shape (year, draw) or (year, 1)
        Of the years after the base, as drawn or at their medians, without what a column sets.
    lineage : tuple of PaceNoise
    levers : mapping of str to LeverForm
    stated : tuple of (str, float or None, int or None)
        Parameters that are not drawn: name, and the scenario's value or the design's column.
    held : tuple of (str, str, int)
        Factors that the design sets: region, name, column.
    programmes : mapping of str to ndarray, shape (year,)
        Persons moved by each programme of the scenario or design.
    """

    inputs: Inputs
    posterior: Normal
    theta: Array
    factors: Mapping[str, Array]
    lineage: tuple[PaceNoise, ...]
    levers: Mapping[str, LeverForm]
    stated: tuple[tuple[str, float | None, int | None], ...]
    held: tuple[tuple[str, str, int], ...]
    programmes: Mapping[str, Array]


@dataclass(frozen=True)
class Batch:
    """All that the runs of one family of regions need; it opens no file and can be sent away.

    Attributes
    ----------
    scenario : str
        Name, for errors.
    regions : tuple of str
        Those projected; each the place of a member.
    members : tuple of Member
    sums : tuple
        Which members add up to which, as `projector.sums_of` says.
    years : ndarray, shape (year + 1,)
    draws : int
        That a run is averaged over; 1 at the median.
    standard : Standard
        For years added to life expectancy.
    programmes : tuple of str
        Running in every run.
    switches : mapping of str to int
        Programmes switched by a column of the design.
    outcomes : tuple of Outcome
    districts : mapping of str to UrbanDistrict
        Those of the outcomes.
    aims : tuple of tuple of Aim
        Of each outcome: the targets to be met; none where its value is asked.
    """

    scenario: str
    regions: tuple[str, ...]
    members: tuple[Member, ...]
    sums: Sums
    years: NDArray[np.int64]
    draws: int
    standard: Standard
    programmes: tuple[str, ...]
    switches: Mapping[str, int]
    outcomes: tuple[Outcome, ...]
    districts: Mapping[str, UrbanDistrict]
    aims: tuple[tuple[Aim, ...], ...]

    @property
    def runs_together(self) -> int:
        """Runs computed in one chunk."""
        return max(1, COLUMNS // (self.draws * len(self.members)))


def evaluate(batch: Batch, values: Array) -> Array:
    """Outcomes of many runs.

    Parameters
    ----------
    batch : Batch
    values : ndarray, shape (run, parameter)
        The design, or any part of it: a run is the same to the bit whichever others are beside it.

    Returns
    -------
    ndarray, shape (run, outcome)
        Values in the units of the outputs; of targets the share of draws in which they are met.

    Raises
    ------
    ScenarioError
        If a run asks for what the model cannot do.
    """
    found = np.empty((values.shape[0], len(batch.outcomes)))
    # The kernel takes one path of programmes for all its columns: runs with the same ones together.
    switched = values[:, list(batch.switches.values())] > 0.5
    for on in np.unique(switched, axis=0) if batch.switches else switched[:1]:
        running = [*batch.programmes, *np.array(list(batch.switches), dtype=str)[on]]
        runs = np.flatnonzero((switched == on).all(axis=1))
        for start in range(0, runs.size, batch.runs_together):
            some = runs[start : start + batch.runs_together]
            found[some] = _chunk(batch, values[some], running)
    return found


def _chunk(batch: Batch, values: Array, running: Sequence[str]) -> Array:
    """Outcomes of the runs of one chunk, all with the same programmes."""
    drawn = {
        region_id: (_drawn(member, values, batch.draws), _levers(member, values, batch))
        for region_id, member in zip(batch.regions, batch.members, strict=True)
    }

    def project(region_id: str, until: int, *, keep_population: bool = False) -> Projection:
        draws, levers = drawn[region_id]
        years = until - BASE_YEAR
        moved = np.zeros(years)
        for name in running:
            moved += batch.members[batch.regions.index(region_id)].programmes[name][:years]
        try:
            return draws.project(
                levers={name: lever[:years] for name, lever in levers.items()},
                programmes=moved,
                years=years,
                keep_population=keep_population,
            )
        except ValueError as error:
            raise ScenarioError(f"{batch.scenario}: {region_id}: {error}") from None

    def population(region_id: str, year: int) -> Array:
        return project(region_id, year, keep_population=True).population

    family = Family(batch.regions, (), batch.years, batch.sums)
    whole = assemble(family, [project(i, int(batch.years[-1])) for i in batch.regions])
    asked = ages_asked((o.region, o.indicator, o.year) for o in batch.outcomes)
    districts = {name: district_population(whole, d) for name, d in batch.districts.items()}
    aged = aged_residents(whole, asked, population)
    whole = replace(whole, districts=districts, aged=aged)
    columns = [_of_draws(whole, o, a) for o, a in zip(batch.outcomes, batch.aims, strict=True)]
    # Of each run over its own draws only, in their order.
    if batch.draws > 1:
        columns = [np.ascontiguousarray(c).reshape(-1, batch.draws).mean(axis=1) for c in columns]
    return np.stack(columns, axis=1)


def _drawn(member: Member, values: Array, draws: int) -> RegionDraws:
    """A region's parameters and factors in every run and draw, draws innermost."""
    runs = values.shape[0]
    theta, factors = member.theta, dict(member.factors)
    if draws > 1:
        theta = np.tile(theta, runs)
        factors = {n: f if f.shape[1] == 1 else np.tile(f, runs) for n, f in factors.items()}
    if member.stated:
        index = [NAMES.index(name) for name, _, _ in member.stated]
        rows = [
            on_its_scale(member.inputs, name, np.array([value]))
            if column is None
            else np.repeat(on_its_scale(member.inputs, name, values[:, column]), draws)
            for name, value, column in member.stated
        ]
        theta = member.posterior.given(theta, index, np.stack(np.broadcast_arrays(*rows)))
    if member.held:
        held: dict[str, dict[str, float | Array]] = {}
        for region, name, column in member.held:
            held.setdefault(region, {})[name] = np.repeat(values[:, column], draws)
        stated = held_factors(member.lineage, factors["exit"].shape[0], held)
        factors |= {name: factors[name] * factor for name, factor in stated.items()}
    return RegionDraws(member.inputs, natural(theta, member.inputs.bound), factors)


def _levers(member: Member, values: Array, batch: Batch) -> dict[str, Array]:
    levers = {name: form.by_run(values) for name, form in member.levers.items()}
    levers["life_expectancy"] = batch.standard.mortality_of_gain(levers["life_expectancy"])
    return {
        name: np.repeat(lever, batch.draws, axis=1) if lever.shape[1] > 1 else lever
        for name, lever in levers.items()
    }


def _of_draws(whole: Ensemble, outcome: Outcome, targets: Sequence[Aim]) -> Array:
    """An outcome in every column, (run x draw,)."""
    at = outcome.year - BASE_YEAR
    if outcome.met:
        met = [margins(whole, aim)[at] >= 0.0 for aim in targets]
        together: Array = np.logical_and.reduce(met).astype(float)
        return together
    if outcome.indicator in INDICATORS:
        return np.asarray(whole.values(outcome.indicator, outcome.region)[at])
    row = whole.row(outcome.region)
    if outcome.indicator in FLOWS:
        flow: Array = whole.flows[row, at - 1, FLOWS.index(outcome.indicator)]
        return flow
    return np.asarray(whole.rural[row, at])


def owner_of(place: str, atlas: Atlas) -> tuple[str, UrbanDistrict | None]:
    """Region of an outcome's place, with the urban district if it is one."""
    for region_id, region in atlas.regions.items():
        for district in region.urban_districts:
            if district.id == place:
                return region_id, district
    return place, None


def targets_of(outcome: Outcome, atlas: Atlas) -> tuple[Aim, ...]:
    """Targets of the plans that an outcome asks whether they are met."""
    region, _ = owner_of(outcome.region, atlas)
    return tuple(
        aim
        for aim in judged_aims(atlas.regions[region])
        if (aim.region, aim.target.indicator, aim.target.year)
        == (outcome.region, outcome.indicator, outcome.year)
    )


def families(outcomes: Sequence[Outcome], atlas: Atlas) -> list[tuple[tuple[str, ...], list[int]]]:
    """Regions that must be projected together, with the outcomes of each such family.

    Returns
    -------
    list of (tuple of str, list of int)
        Regions, and places of the outcomes; in the order of the outcomes.
    """
    found: list[tuple[dict[str, None], list[int]]] = []
    for place, outcome in enumerate(outcomes):
        region, district = owner_of(outcome.region, atlas)
        wanted = [region] if district is None else list(district.counties)
        if outcome.met:
            near = [a.target.relative_to for a in targets_of(outcome, atlas)]
            wanted += [i for i in near if i is not None]
        needed = dict.fromkeys([*wanted, *references_of(wanted, atlas)])
        own = [place]
        for other in [f for f in found if f[0].keys() & needed.keys()]:
            needed, own = other[0] | needed, [*other[1], *own]
            found.remove(other)
        found.append((needed, own))
    found.sort(key=lambda family: min(family[1]))
    return [(tuple(regions), sorted(own)) for regions, own in found]


def batch_of(
    scenario: Scenario,
    atlas: Atlas,
    posteriors: Mapping[str, Normal],
    settings: Sequence[VariedSetting],
    outcomes: Sequence[Outcome],
    regions: Sequence[str],
    draws: int | None,
) -> Batch:
    """Gather what the runs of one family need.

    Parameters
    ----------
    scenario : Scenario
    atlas : Atlas
    posteriors : mapping of str to Normal
    settings : sequence of VariedSetting
        What each column of the design sets.
    outcomes : sequence of Outcome
        Of this family.
    regions : sequence of str
        Of this family, as `families` says.
    draws : int or None
        That each run is averaged over, the first of the scenario's ensemble; at most `COLUMNS`.
        None for the median: parameters at the mean of the scale on which they are normal, and
        factors at one.
    """
    # Years after the last one asked for change none before.
    years = np.arange(BASE_YEAR, max(outcome.year for outcome in outcomes) + 1)
    switches = {p.name: column for column, p in enumerate(settings) if p.kind == "programme"}
    constant = tuple(name for name in scenario.programmes if name not in switches)
    districts = (owner_of(outcome.region, atlas)[1] for outcome in outcomes)
    return Batch(
        scenario=scenario.scenario,
        regions=tuple(regions),
        members=tuple(
            _member(scenario, atlas, posteriors, settings, region_id, years[1:], draws)
            for region_id in regions
        ),
        sums=sums_of(regions, atlas),
        years=years,
        draws=1 if draws is None else draws,
        standard=atlas.standard,
        programmes=constant,
        switches=switches,
        outcomes=tuple(outcomes),
        districts={d.id: d for d in districts if d is not None},
        aims=tuple(targets_of(o, atlas) if o.met else () for o in outcomes),
    )


def _member(
    scenario: Scenario,
    atlas: Atlas,
    posteriors: Mapping[str, Normal],
    settings: Sequence[VariedSetting],
    region_id: str,
    years: NDArray[np.int64],
    draws: int | None,
) -> Member:
    ancestry = atlas.tree.lineage(region_id)
    # Always of the whole horizon, then cut: deviations are drawn for all of its years at once.
    horizon = scenario.horizon - BASE_YEAR
    noise = [pace_noise(atlas, i, horizon) for i in ancestry]
    inputs, posterior = atlas.inputs(region_id), posteriors[region_id]
    swept = {
        (one.region or "", one.name): column
        for column, one in enumerate(settings)
        if one.kind == "parameter"
    }
    fixed = _applicable_factors(scenario, ancestry, list(swept))
    held = tuple((i, n, c) for (i, n), c in swept.items() if n in fixed.get(i, {}))
    seed = scenario.ensemble.seed
    if draws is None:
        theta = posterior.mean[:, None]
        for i in ancestry:
            fixed[i].setdefault("pace", 1.0)
        for name in FACTORS[1:]:
            if not any(name in of_region for of_region in fixed.values()):
                fixed[region_id][name] = 1.0
        factors = pace_factors(seed, 0, noise, horizon, fixed)
    else:
        standard = standard_normal(seed, f"parameters/{region_id}", 0, (len(NAMES),))
        theta = posterior.draws(standard)[:, :draws]
        factors = pace_factors(seed, 0, noise, horizon, fixed)
    own = scenario.parameters.get(region_id, {})
    columns = {name: column for (i, name), column in swept.items() if i == region_id}
    stated = tuple(
        (name, None if name in columns else own[name], columns.get(name))
        for name in NAMES
        if name in columns or name in own
    )
    programmes = dict.fromkeys(
        [*scenario.programmes, *(p.name for p in settings if p.kind == "programme")]
    )
    count = years.size
    return Member(
        inputs=inputs,
        posterior=posterior,
        theta=np.ascontiguousarray(theta),
        factors={name: _short(name, f[:count, :draws]) for name, f in factors.items()},
        lineage=tuple(n.first(count) for n in noise),
        levers={name: lever_form(scenario, settings, name, ancestry, years) for name in LEVERS},
        stated=stated,
        held=held,
        programmes={name: programme_flow(atlas, region_id, name, years) for name in programmes},
    )


def _short(name: str, factor: Array) -> Array:
    """A factor without what repeats: one year stands for all; of the pace every year is kept."""
    same = name not in ("exit", "reclassification") and bool((factor == factor[0]).all())
    return factor[:1].copy() if same else factor.copy()


def _applicable_factors(
    scenario: Scenario, ancestry: Sequence[str], swept: Sequence[tuple[str, str]]
) -> dict[str, dict[str, float]]:
    """Factors that apply to a region, of those stated for it and all it belongs to.

    At one where a column of the design says what comes on top.
    """
    found = {
        i: {n: v for n, v in scenario.parameters.get(i, {}).items() if n in FACTORS}
        | {n: 1.0 for at, n in swept if at == i and n in FACTORS}
        for i in ancestry
    }
    for above in ancestry[1:]:
        for name in ("arrivals_factor", "departure_factor"):
            found[above].pop(name, None)
    for name in ("fertility_factor", "mortality_factor"):
        for above in [i for i in ancestry if name in found[i]][1:]:
            del found[above][name]
    return found


def lever_form(
    scenario: Scenario,
    settings: Sequence[VariedSetting],
    name: str,
    ancestry: Sequence[str],
    years: NDArray[np.int64],
) -> LeverForm:
    """A lever of a region as the scenario and the columns of a design together set it.

    Parameters
    ----------
    scenario : Scenario
    settings : sequence of VariedSetting
    name : str
        One of `scenario.LEVERS`.
    ancestry : sequence of str
        The region and its ancestors, nearest first: the first of them that sets the lever, in the
        scenario or the design, counts, else the general lever.
    years : ndarray, shape (year,)
    """
    own = scenario.levers.by_region
    here = {
        (p.region, p.year): column
        for column, p in enumerate(settings)
        if p.kind == "lever" and p.name == name
    }
    owner: str | None = None
    for region in ancestry:
        if (region in own and getattr(own[region], name) is not None) or any(
            region == at for at, _ in here
        ):
            owner = region
            break
    columns = {year: column for (region, year), column in here.items() if region == owner}
    if not columns:
        return LeverForm(np.array([scenario.lever_at(name, ancestry, int(y)) for y in years]))
    if None in columns:
        return LeverForm(np.zeros(1), (columns[None],), np.ones((1, 1)))
    source = scenario.levers if owner is None else own.get(owner)
    value = getattr(source, name, None)
    knots: Path = value if isinstance(value, tuple) else ()
    given = dict(knots)
    dates = sorted({*given, *(year for year in columns if year is not None)})
    if dates[0] > BASE_YEAR:
        dates, given = [BASE_YEAR, *dates], {BASE_YEAR: LEVERS[name].neutral} | given

    def alone(year: int | None) -> Array:
        """The path with 1 at one knot of the design and 0 at all others, or the fixed knots'."""
        at = [
            float(date == year)
            if year is not None
            else given.get(date, 0.0) * (date not in columns)
            for date in dates
        ]
        return np.asarray(np.interp(years, dates, at))

    varied = [year for year in columns if year is not None]
    weights = np.array([alone(year) for year in varied])
    return LeverForm(alone(None), tuple(columns[year] for year in varied), weights)
