"""What would it take: the smallest change of levers that makes a target as likely as asked."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import Fault, FaultError, ScenarioError, SimmodelError, among, did_you_mean, shown
from ..forecast.calibration import Normal
from ..forecast.fit import Atlas, lineage
from ..forecast.parameters import retained
from ..forecast.uncertainty import BLOCK
from ..inputs.region import BASE_YEAR, Target, UrbanDistrict
from ..inputs.scenario import LEVERS, Scenario
from ..inputs.seeds import Seeds
from ..judging.historical_rates import Experience, Standing
from ..judging.verdicts import NEAR_POINTS, Aim, aims, margins
from ..kernel.projection import FLOWS
from ..simulation.projector import Cast, Ensemble, district_population
from .lever_search import DIGITS, Found, Room, Scale, Trials, Values, nearest, partly, share_of_all

Array = NDArray[np.float64]

# The flows a lever multiplies; life expectancy is added to, and changes deaths. Registration moves
# nobody.
FLOWS_OF: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "rural_exit": ("rural_to_urban", "rural_departures"),
        "local_retention": ("rural_to_urban",),
        "arrivals": ("urban_arrivals", "rural_arrivals"),
        "urban_out_migration": ("urban_departures",),
        "reclassification": ("reclassified",),
        "fertility": ("urban_births", "rural_births"),
        "urban_registration": (),
        "life_expectancy": ("urban_deaths", "rural_deaths"),
    }
)
# Whom a lever's flow is a share of, where planners think of it as one.
AT_RISK: Final = MappingProxyType(
    {"rural_exit": "rural", "reclassification": "rural", "urban_out_migration": "urban"}
)
INDICATORS: Final = (
    "urbanization_rate",
    "urban_population",
    "total_population",
    "urban_district_population",
)
NOT_MODELLED: Final = "new_urban_jobs"
OWN_VALUE: Final = "--target"
# Draws are kept while levers are tried: 100,000 of one region over fifteen years are 0.1 GB.
MOST_DRAWS: Final = 100_000
FRONTIER_POINTS: Final = 25
# A count below this share of the present one was meant in another unit.
LEAST_COUNT_SHARE: Final = 0.01
WORKING_AGES: Final = range(15, 65, 5)


@dataclass(frozen=True)
class Question:
    """What is asked.

    Attributes
    ----------
    region : str
        Region or urban district.
    indicator : str
    year : int
    levers : tuple of str
    probability : float
        Share of draws that is to meet the target.
    target : float or None
        A value of one's own instead of the plan's: percent for rates, persons for counts.
    """

    region: str
    indicator: str
    year: int
    levers: tuple[str, ...]
    probability: float = 0.5
    target: float | None = None


@dataclass(frozen=True)
class Change:
    """What becomes of one lever.

    Attributes
    ----------
    lever : str
    before, value : float
        Of the lever: its present mean over the years up to the target's, and what it would take.
    persons : float
        Change of the lever's own flow beside the other levers' changes, persons a year in the mean
        over draws and those years.
    quantity : (float, float) or None
        What the lever multiplies, before and after, as planners know it: the share retained; a
        share of villagers or townspeople a year; arrivals a year; children per woman. Medians.
    """

    lever: str
    before: float
    value: float
    persons: float
    quantity: tuple[float, float] | None


@dataclass(frozen=True)
class Way:
    """A setting of levers and how likely it makes the target."""

    changes: tuple[Change, ...]
    probability: float
    enough: bool

    @property
    def values(self) -> dict[str, float]:
        """Value of each lever."""
        return {change.lever: change.value for change in self.changes}


@dataclass(frozen=True)
class Pace:
    """How fast something goes from the base year to the target's, beside experience.

    Attributes
    ----------
    points : float or None
        Percentage points of the rate a year.
    growth : float or None
        Growth of urban population a year, as a share.
    standing : Standing or None
        None where nothing is known to compare with.
    """

    points: float | None
    growth: float | None
    standing: Standing | None


@dataclass(frozen=True)
class Emptied:
    """The age group that the change leaves smallest.

    Attributes
    ----------
    residence : str
        ``urban`` or ``rural``.
    ages : str
        Five-year group in the target's year, like ``20-24``.
    left : float
        Share left, of mean persons.
    beside : str
        ``unchanged``: of those there are without the change; ``cohort``: of the same people as
        the base year counted them.
    unchanged : float
        The same share without the change.
    """

    residence: str
    ages: str
    left: float
    beside: str
    unchanged: float


@dataclass(frozen=True)
class Answer:
    """What it would take.

    Attributes
    ----------
    question : Question
    scenario : Scenario
    aim : Aim
        The target solved for.
    wanted : float
        Its value; of another region's rate its median under the solution, percent.
    base_probability : float
        Under the scenario as it stands.
    way : Way
        The least change that suffices, of all levers together; else the best there is.
    settings : tuple of str
        ``key=value`` that put it back into the scenario.
    alone : tuple of Way
        What each lever would take by itself.
    together : (float, Way) or None
        The share of all those single changes that suffices when they are made together.
    frontier : ndarray, shape (point, lever)
        Of two levers: values that just suffice.
    target_pace, solved_pace : Pace
        Of the target, and of the median path under the solution.
    emptied : Emptied
    """

    question: Question
    scenario: Scenario
    aim: Aim
    wanted: float
    base_probability: float
    way: Way
    settings: tuple[str, ...]
    alone: tuple[Way, ...]
    together: tuple[float, Way] | None
    frontier: Array
    target_pace: Pace
    solved_pace: Pace
    emptied: Emptied

    @property
    def already(self) -> bool:
        """Whether the target is as likely as asked without any change."""
        return self.base_probability >= self.question.probability

    @property
    def observed_percentile(self) -> float | None:
        """Where the target's pace stands among what regions have done, 0 to 100."""
        standing = self.target_pace.standing
        if standing is None or self.question.indicator == "total_population":
            return None
        if self.question.indicator == "urbanization_rate":
            return standing.points_percentile
        return standing.growth_percentile


def check(question: Question, scenario: Scenario, seeds: Seeds) -> list[Aim]:
    """Find the targets a question means, or say everything that is wrong with it.

    Parameters
    ----------
    question : Question
    scenario : Scenario
    seeds : Seeds

    Returns
    -------
    list of Aim
        The least demanding first; that of another region's rate last.

    Raises
    ------
    FaultError
        With one fault for everything wrong.
    SimmodelError
        If the scenario asks for more draws than can be kept.
    """
    faults = [*_lever_faults(question.levers), *_probability_faults(question.probability)]
    found: list[Aim] = []
    if question.indicator == NOT_MODELLED:
        problem = "is not modelled; no lever reaches it"
        faults.append(_fault("--indicator", problem, NOT_MODELLED, among(INDICATORS)))
    elif question.indicator not in INDICATORS:
        allowed = among(INDICATORS) + did_you_mean(question.indicator, INDICATORS)
        faults.append(_fault("--indicator", "does not exist", shown(question.indicator), allowed))
    else:
        here = list(_place_faults(question, scenario, seeds)) or list(
            _year_faults(question, scenario)
        )
        faults += here
        if not here and question.target is not None:
            faults += _value_faults(question, seeds)
        elif not here:
            found = _targets(question, seeds)
            if not found:
                faults.append(_no_target(question, seeds))
    if faults:
        raise FaultError(faults)
    if scenario.ensemble.draws > MOST_DRAWS:
        raise SimmodelError(
            f"{scenario.scenario}: solve keeps at most {MOST_DRAWS} draws; found "
            f"{scenario.ensemble.draws}; choose fewer with --draws"
        )
    return found if question.target is None else [_own_aim(question, question.target)]


def _fault(option: str, problem: str, found: str, allowed: str) -> Fault:
    return Fault(option, None, "", problem, found, allowed)


def _lever_faults(levers: Sequence[str]) -> Iterator[Fault]:
    for place, lever in enumerate(levers):
        if lever not in LEVERS:
            allowed = among(LEVERS) + did_you_mean(lever, LEVERS)
            yield _fault("--lever", "does not exist", shown(lever), allowed)
        elif lever in levers[:place]:
            yield _fault("--lever", "stands twice", lever, "each once")


def _probability_faults(probability: float) -> Iterator[Fault]:
    if not 0.0 < probability < 1.0:
        hint = ""
        if 1.0 < probability < 100.0:
            hint = f". Did you mean {probability / 100:g}?"
        allowed = "a share above 0 and below 1" + hint
        yield _fault("--probability", "is out of range", f"{probability:g}", allowed)


def _place_faults(question: Question, scenario: Scenario, seeds: Seeds) -> Iterator[Fault]:
    place, districts = question.region, seeds.districts()
    wants_district = question.indicator == "urban_district_population"
    known = list(districts) if wants_district else list(seeds.regions)
    if place not in known:
        problem = "does not exist"
        if place in districts:
            problem = "is an urban district, of which only urban_district_population is known"
        elif place in seeds.regions:
            problem = "is not an urban district"
        allowed = among(known) + did_you_mean(place, known)
        yield _fault("--region", problem, shown(place), allowed)
        return
    owner = districts[place][0] if wants_district else place
    if not {owner, *seeds.ancestors(owner)} & set(scenario.regions):
        allowed = f"{among(scenario.regions)}, and those inside of them"
        yield _fault("--region", f"is not in {scenario.scenario}", shown(place), allowed)
    elif wants_district and districts[place][1].population is None:
        allowed = among(i for i, (_, d) in districts.items() if d.population is not None)
        yield _fault("--region", "has no population to start from", shown(place), allowed)


def _year_faults(question: Question, scenario: Scenario) -> Iterator[Fault]:
    allowed = f"a year from {BASE_YEAR + 1} to {scenario.horizon}, the scenario's horizon"
    if question.year <= BASE_YEAR:
        yield _fault("--year", "is not after the base year", str(question.year), allowed)
    elif question.year > scenario.horizon:
        yield _fault("--year", "is past the horizon", str(question.year), allowed)


def _value_faults(question: Question, seeds: Seeds) -> Iterator[Fault]:
    value = question.target
    assert value is not None
    if question.indicator == "urbanization_rate":
        if not 0.0 < value < 100.0 or value <= 1.0:
            hint = f". Did you mean {100 * value:g}?" if 0.0 < value <= 1.0 else ""
            allowed = "a rate in percent, above 1 and below 100" + hint
            yield _fault(OWN_VALUE, "is not a rate in percent", f"{value:g}", allowed)
        return
    now = _present_count(question, seeds)
    if not (math.isfinite(value) and value >= LEAST_COUNT_SHARE * now):
        # A figure in 万 that would be near the present one is what was meant.
        meant = 1e4 * value
        hint = f". Did you mean {meant:.0f}?" if 0.1 * now < meant < 10.0 * now else ""
        allowed = f"a number of persons; {now:,.0f} in {BASE_YEAR}{hint}"
        yield _fault(OWN_VALUE, "is not a number of persons here", f"{value:g}", allowed)


def _present_count(question: Question, seeds: Seeds) -> float:
    if question.indicator == "urban_district_population":
        figure = seeds.districts()[question.region][1].population
        assert figure is not None
        return figure.value * (1e4 if figure.unit == "10k_persons" else 1.0)
    census = seeds.regions[question.region].baseline.census
    return float(census.urban if question.indicator == "urban_population" else census.total)


def _all_aims(seeds: Seeds) -> Iterator[Aim]:
    for region in seeds.regions.values():
        yield from aims(region)


def _targets(question: Question, seeds: Seeds) -> list[Aim]:
    found = [
        aim
        for aim in _all_aims(seeds)
        if (aim.region, aim.target.indicator, aim.target.year)
        == (question.region, question.indicator, question.year)
    ]
    return sorted(found, key=lambda a: math.inf if a.threshold is None else a.threshold)


def _no_target(question: Question, seeds: Seeds) -> Fault:
    """Say which targets the region has, and that one of one's own can be given."""
    there = dict.fromkeys(
        (aim.target.indicator, aim.target.year)
        for aim in _all_aims(seeds)
        if aim.region == question.region and aim.target.indicator != NOT_MODELLED
    )
    has = among(f"{indicator} {year}" for indicator, year in there)
    found = f"{question.indicator} {question.year}"
    problem = f"no plan has such a target of {question.region}"
    return _fault("--year", problem, found, f"{has}, or a value of your own as {OWN_VALUE}")


def _own_aim(question: Question, value: float) -> Aim:
    rate = question.indicator == "urbanization_rate"
    district = question.indicator == "urban_district_population"
    target = Target.model_validate(
        {
            "indicator": question.indicator,
            "value": value,
            "unit": "percent" if rate else "persons",
            "year": question.year,
            "comparison": ">=",
            "source": "target",
            "place": OWN_VALUE,
            "region": question.region if district else None,
        }
    )
    return Aim(question.region, target, value, value)


class Stage:
    """The place of a question in all draws, to be seen under other levers.

    Parameters
    ----------
    question : Question
        As `check` passed it.
    scenario : Scenario
    atlas : Atlas
    posteriors : mapping of str to Normal
    """

    def __init__(
        self,
        question: Question,
        scenario: Scenario,
        atlas: Atlas,
        posteriors: Mapping[str, Normal],
    ):
        self.question, self.scenario, self.atlas = question, scenario, atlas
        self.years = question.year - BASE_YEAR
        self.district = _district(atlas, question.region)
        self.places = (question.region,) if self.district is None else self.district.counties
        # Draws of a year do not depend on the years after it; knots after it are no fault here.
        shorter = Scenario.model_validate(
            scenario.resolved() | {"horizon": question.year, "levers": {}}
        )
        self.cast = Cast(shorter, atlas, posteriors, regions=self.places, keep=True)
        self.keys = {lever: self._keys(lever) for lever in question.levers}

    def _keys(self, lever: str) -> tuple[str | None, ...]:
        """Whose lever rules here: a region's own, or the general one (None)."""
        own = self.scenario.levers.by_region

        def ruling(place: str) -> str | None:
            for region_id in lineage(self.atlas.regions, place):
                if region_id in own and getattr(own[region_id], lever) is not None:
                    return region_id
            return None

        return tuple(dict.fromkeys(ruling(place) for place in self.places))

    def present(self, lever: str) -> float:
        """Value of a lever as the scenario has it, in the mean of the years up to the target's."""
        by_place = [
            [
                self.scenario.lever_at(lever, lineage(self.atlas.regions, place), year)
                for year in range(BASE_YEAR + 1, self.question.year + 1)
            ]
            for place in self.places
        ]
        flat = [value for row in by_place for value in row]
        if len(set(flat)) == 1:
            return flat[0]
        return float(f"{np.mean(flat):.{DIGITS}g}")

    def settings(self, values: Mapping[str, float]) -> tuple[str, ...]:
        """``key=value`` that put values of levers into the scenario."""
        return tuple(
            f"{'.'.join(filter(None, ('levers', key, lever)))}={value!r}"
            for lever, value in values.items()
            for key in self.keys[lever]
        )

    def under(self, values: Mapping[str, float]) -> Scenario:
        """The scenario with levers held at values from the first year on."""
        if not values:
            return self.scenario
        data: dict[str, Any] = self.scenario.resolved()
        for lever, value in values.items():
            for key in self.keys[lever]:
                where = data["levers"] if key is None else data["levers"][key]
                where[lever] = float(value)
        return Scenario.model_validate(data)

    def ensembles(self, values: Mapping[str, float]) -> list[Ensemble]:
        """All draws under values of levers, in blocks."""
        scenario = self.under(values)
        blocks = range(self.cast.blocks)
        parts = [self.cast.ensemble(scenario, block, registered=False) for block in blocks]
        if self.district is None:
            return parts
        return [
            replace(p, districts={self.district.id: district_population(p, self.district)})
            for p in parts
        ]

    def margins(self, aim: Aim, values: Mapping[str, float]) -> Array:
        """Margin of every draw in the target's year, (draw,)."""
        parts = [margins(part, aim)[self.years] for part in self.ensembles(values)]
        return np.concatenate(parts)

    def trials(self, aim: Aim, levers: Sequence[str], asked: float) -> Trials:
        """Trials of some levers, the others as the scenario has them."""

        def tried(values: Values) -> Array:
            try:
                return self.margins(aim, dict(zip(levers, values, strict=True)))
            except ScenarioError:  # a programme that finds nobody left to move
                return np.zeros(0)

        return Trials(tried, asked)

    def flow(self, parts: Sequence[Ensemble], lever: str) -> Array:
        """A lever's own flow here, persons a year in the mean of the years, (draw,)."""
        at = [FLOWS.index(name) for name in FLOWS_OF[lever]]
        return np.concatenate(
            [
                sum(p.flows[p.row(place)][:, at].sum(axis=1).mean(axis=0) for place in self.places)
                for p in parts
            ]
        )

    def quantity(self, parts: Sequence[Ensemble], lever: str, value: float) -> float | None:
        """What a lever multiplies, as planners know it: see `Change`."""
        if lever == "local_retention":
            return self._over_places(
                lambda place: retained(self._drawn(place, "local_retention"), np.asarray(value))
            )
        if lever == "fertility":
            return self._over_places(lambda place: value * self._children(place))
        if lever in ("life_expectancy", "urban_registration"):
            return None
        flow = self.flow(parts, lever)
        if lever not in AT_RISK:
            return float(np.median(flow))
        exposed = np.concatenate(
            [
                sum(getattr(p, AT_RISK[lever])[p.row(i), :-1].mean(axis=0) for i in self.places)
                for p in parts
            ]
        )
        return float(np.median(flow / exposed))

    def _over_places(self, of: Callable[[str], Array]) -> float:
        """Median of a quantity; of a district's counties the mean by rural population."""
        people = [self.atlas.inputs(place).base[1].sum() for place in self.places]
        return float(np.average([np.median(of(i)) for i in self.places], weights=people))

    def _drawn(self, place: str, parameter: str) -> Array:
        drawn = [
            self.cast.drawn(place, block).values[parameter] for block in range(self.cast.blocks)
        ]
        return np.concatenate(drawn)[: self.scenario.ensemble.draws]

    def _children(self, place: str) -> Array:
        """Children per woman without levers, both residences alike, before the years' straying."""
        inputs = self.atlas.inputs(place)
        women = inputs.base[:, 0, 15:50].sum(axis=1)
        children = np.average(inputs.schedules_after.fertility.sum(axis=1), weights=women)
        level = self._drawn(place, "fertility_base") * self._drawn(place, "period_fertility")
        return np.asarray(children * level)

    def population(self, values: Mapping[str, float]) -> Array:
        """Mean persons of the first block of draws in the target's year, (residence, sex, age)."""
        scenario, kept = self.under(values), min(BLOCK, self.scenario.ensemble.draws)
        ends = [
            self.cast.project(scenario, i, 0, keep_population=True).population for i in self.places
        ]
        return np.asarray(np.sum([end[..., :kept].mean(axis=-1) for end in ends], axis=0))


def _district(atlas: Atlas, place: str) -> UrbanDistrict | None:
    for region in atlas.regions.values():
        for district in region.urban_districts:
            if district.id == place:
                return district
    return None


def scale_of(lever: str) -> Scale:
    """Range of a lever and its scale of effort."""
    rule = LEVERS[lever]
    return Scale(rule.low, rule.high, added=rule.neutral == 0.0)


def solve(stage: Stage, targets: Sequence[Aim], experience: Experience) -> Answer:
    """Find the smallest change of levers under which a target is as likely as asked.

    Parameters
    ----------
    stage : Stage
        Of the question.
    targets : sequence of Aim
        As `check` found them. Of several, the first that is not yet as likely as asked; where all
        are, the last.
    experience : Experience
        What regions have done.

    Raises
    ------
    ScenarioError
        If the scenario cannot be projected as it stands.
    """
    question, scenario, asked = stage.question, stage.scenario, stage.question.probability
    as_it_is = stage.ensembles({})
    standing_now = [
        float((np.concatenate([margins(p, aim)[stage.years] for p in as_it_is]) >= 0.0).mean())
        for aim in targets
    ]
    open_ = [i for i, probability in enumerate(standing_now) if probability < asked]
    chosen = open_[0] if open_ else len(targets) - 1
    aim, base_probability = targets[chosen], standing_now[chosen]

    def way(found: Found, levers: Sequence[str]) -> Way:
        values = dict(zip(levers, found.values, strict=True))
        after = stage.ensembles(values)
        changes = []
        for lever, value in values.items():
            others = {i: v for i, v in values.items() if i != lever}
            without = stage.ensembles(others) if others else as_it_is
            persons = float((stage.flow(after, lever) - stage.flow(without, lever)).mean())
            present = stage.present(lever)
            old = stage.quantity(as_it_is, lever, present)
            new = stage.quantity(after, lever, value)
            quantity = None if old is None or new is None else (old, new)
            changes.append(Change(lever, present, value, persons, quantity))
        return Way(tuple(changes), found.probability, found.enough)

    levers = question.levers
    start = tuple(stage.present(lever) for lever in levers)
    singles = [
        nearest(stage.trials(aim, (lever,), asked), scale_of(lever), value)
        for lever, value in zip(levers, start, strict=True)
    ]
    alone = tuple(way(found, (lever,)) for lever, found in zip(levers, singles, strict=True))
    frontier, together = np.zeros((0, len(levers))), None
    if len(levers) == 1:
        best = singles[0]
    else:
        trials = stage.trials(aim, levers, asked)
        best, frontier = _mix(trials, levers, start, singles)
        if all(f.enough for f in singles) and not trials.enough(start):
            ends = tuple(f.values[0] for f in singles)
            share = share_of_all(trials, start, ends)
            if share is not None:
                values = partly(start, ends, share)
                found = Found(values, trials.probability(values), True)
                together = (share, way(found, levers))
    solved = way(best, levers)
    after = stage.ensembles(solved.values)
    wanted = _wanted(after, aim)
    return Answer(
        question,
        scenario,
        aim,
        wanted,
        base_probability,
        solved,
        stage.settings(solved.values),
        alone,
        together,
        frontier,
        _target_pace(stage, after, wanted, experience),
        _median_pace(stage, after, experience),
        _emptied(stage, solved.values),
    )


def _mix(
    trials: Trials, levers: Sequence[str], start: Values, singles: Sequence[Found]
) -> tuple[Found, Array]:
    """Least effort of several levers together, and of two what just suffices."""
    scales = [scale_of(lever) for lever in levers]
    none = np.zeros((0, len(levers)))
    if trials.enough(start):
        return Found(start, trials.probability(start), True), none
    sides = [
        -1.0 if found.values[0] < value else 1.0
        for found, value in zip(singles, start, strict=True)
    ]
    room = Room(trials, scales, start, sides)
    ends = tuple(found.values[0] for found in singles)
    frontier = room.frontier(FRONTIER_POINTS) if len(levers) == 2 else none
    # Where to begin: a lever that suffices alone, the frontier's shortest, else all together.
    known = [
        room.moves((*start[:i], ends[i], *start[i + 1 :]))
        for i, found in enumerate(singles)
        if found.enough
    ]
    corner = room.moves(ends)
    known += list(frontier)
    if known:
        begin = min(known, key=lambda moves: float(moves @ moves))
    elif trials.enough(room.values(corner)):
        begin = corner
    else:
        begin = room.ascend(corner)
    moves = room.least_effort(begin) if begin.any() else None
    found_mix = None if moves is None else room.rounded(moves)
    if found_mix is not None:
        return found_mix, np.array([room.values(m) for m in frontier]).reshape(-1, len(levers))
    values = tuple(
        v if v in (scale.low, scale.high, s) else float(f"{v:.{DIGITS}g}")
        for v, s, scale in zip(room.values(begin), start, scales, strict=True)
    )
    # A lever that can do nothing below the least of mixes may still do best at its bound.
    candidates = [values, ends, *((*start[:i], e, *start[i + 1 :]) for i, e in enumerate(ends))]
    best = max(candidates, key=lambda v: (trials.probability(v), trials.slack(v)))
    return Found(best, trials.probability(best), False), none


def _wanted(parts: Sequence[Ensemble], aim: Aim) -> float:
    """Value of a target; of another region's rate the median of the least that counts."""
    if aim.value is not None:
        return aim.value
    assert aim.target.relative_to is not None
    index = aim.target.year - BASE_YEAR
    rates = [100.0 * part.rate(aim.target.relative_to)[index] for part in parts]
    return float(np.median(np.concatenate(rates))) - NEAR_POINTS


def medians(stage: Stage, parts: Sequence[Ensemble]) -> dict[str, tuple[float, float]]:
    """Medians of rate, urban and total population in the base year and the target's."""

    def ends(values: Sequence[Array]) -> tuple[float, float]:
        together = np.concatenate(values, axis=-1)
        return float(np.median(together[0])), float(np.median(together[stage.years]))

    urban = [np.sum([p.urban[p.row(i)] for i in stage.places], axis=0) for p in parts]
    rural = [np.sum([p.rural[p.row(i)] for i in stage.places], axis=0) for p in parts]
    total = [u + r for u, r in zip(urban, rural, strict=True)]
    return {
        "rate": ends([u / t for u, t in zip(urban, total, strict=True)]),
        "urban": ends(urban),
        "total": ends(total),
    }


def _target_pace(
    stage: Stage, parts: Sequence[Ensemble], wanted: float, experience: Experience
) -> Pace:
    """Pace from the base year to the target, its other half with the median total population."""
    of, indicator = medians(stage, parts), stage.question.indicator
    rate, urban, total = (of[name] for name in ("rate", "urban", "total"))
    if indicator == "total_population":
        return Pace(None, None, None)
    if indicator == "urbanization_rate":
        share = wanted / 100.0
        return _pace(stage, rate[0], share, share * total[1] / urban[0], experience)
    if indicator == "urban_population":
        return _pace(stage, rate[0], wanted / total[1], wanted / urban[0], experience)
    assert stage.district is not None
    district = [part.districts[stage.district.id][0, 0] for part in parts]
    return _pace(stage, rate[0], None, wanted / float(district[0]), experience)


def _median_pace(stage: Stage, parts: Sequence[Ensemble], experience: Experience) -> Pace:
    of = medians(stage, parts)
    rate, urban = of["rate"], of["urban"]
    return _pace(stage, rate[0], rate[1], urban[1] / urban[0], experience)


def _pace(
    stage: Stage,
    start: float,
    end: float | None,
    ratio: float,
    experience: Experience,
) -> Pace:
    points = None if end is None else 100.0 * (end - start) / stage.years
    growth = ratio ** (1.0 / stage.years) - 1.0
    level = stage.atlas.regions[stage.places[0]].level
    standing = experience.standing(str(level), start, points=points, growth=growth)
    return Pace(points, growth, standing)


def _emptied(stage: Stage, values: Mapping[str, float]) -> Emptied:
    """Working ages of which least is left, beside no change and beside the base year's cohort."""
    changed, unchanged = stage.population(values), stage.population({})
    base = np.sum([stage.atlas.inputs(place).base for place in stage.places], axis=0)
    found = []
    for residence, name in enumerate(("urban", "rural")):
        for age in WORKING_AGES:

            def persons(of: Array, first: int, residence: int = residence) -> float:
                return float(of[residence, :, first : first + 5].sum())

            now, otherwise = persons(changed, age), persons(unchanged, age)
            ages = f"{age}-{age + 4}"
            if otherwise > 0:
                found.append(Emptied(name, ages, now / otherwise, "unchanged", 1.0))
            if age >= stage.years and (then := persons(base, age - stage.years)) > 0:
                found.append(Emptied(name, ages, now / then, "cohort", otherwise / then))
    return min(found, key=lambda group: group.left)
