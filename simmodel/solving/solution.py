"""What would it take: the smallest change of levers that makes a target as likely as asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..inputs.region import BASE_YEAR
from ..inputs.scenario import Scenario
from ..judging.historical_rates import HistoricalRates, PercentileRank
from ..judging.target import NEAR_POINTS, RATE, URBAN, Aim, margins
from ..simulation.ensemble import Ensemble
from .lever_search import (
    DIGITS,
    LeverSpace,
    SearchResult,
    Trials,
    Values,
    nearest,
    partly,
    share_of_all,
)
from .problem import SolveProblem, medians, scale_of
from .question import Question

Array = NDArray[np.float64]

FRONTIER_POINTS: Final = 25
WORKING_AGES: Final = range(15, 65, 5)


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
class LeverSetting:
    """A setting of levers and how likely it makes the target."""

    changes: tuple[Change, ...]
    probability: float
    enough: bool

    @property
    def values(self) -> dict[str, float]:
        """Value of each lever."""
        return {change.lever: change.value for change in self.changes}


@dataclass(frozen=True)
class UrbanGrowth:
    """How fast something goes from the base year to the target's, beside experience.

    Attributes
    ----------
    points : float or None
        Percentage points of the rate a year.
    growth : float or None
        Growth of urban population a year, as a share.
    rank : PercentileRank or None
        None where nothing is known to compare with.
    """

    points: float | None
    growth: float | None
    rank: PercentileRank | None


@dataclass(frozen=True)
class DepletedAgeGroup:
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
    way : LeverSetting
        The least change that suffices, of all levers together; else the best there is.
    settings : tuple of str
        ``key=value`` that put it back into the scenario.
    alone : tuple of LeverSetting
        What each lever would take by itself.
    together : (float, LeverSetting) or None
        The share of all those single changes that suffices when they are made together.
    frontier : ndarray, shape (point, lever)
        Of two levers: values that just suffice.
    target_pace, solved_pace : UrbanGrowth
        Of the target, and of the median path under the solution.
    depleted : DepletedAgeGroup
    """

    question: Question
    scenario: Scenario
    aim: Aim
    wanted: float
    base_probability: float
    way: LeverSetting
    settings: tuple[str, ...]
    alone: tuple[LeverSetting, ...]
    together: tuple[float, LeverSetting] | None
    frontier: Array
    target_pace: UrbanGrowth
    solved_pace: UrbanGrowth
    depleted: DepletedAgeGroup

    @property
    def already(self) -> bool:
        """Whether the target is as likely as asked without any change."""
        return self.base_probability >= self.question.probability

    @property
    def observed_percentile(self) -> float | None:
        """Where the target's pace stands among what regions have done, 0 to 100."""
        rank = self.target_pace.rank
        if rank is None:
            return None
        return rank.points_percentile if self.aim.is_rate else rank.growth_percentile


def solve(problem: SolveProblem, targets: Sequence[Aim], experience: HistoricalRates) -> Answer:
    """Find the smallest change of levers under which a target is as likely as asked.

    Parameters
    ----------
    problem : SolveProblem
        Of the question.
    targets : sequence of Aim
        As `check` found them. Of several, the first that is not yet as likely as asked; where all
        are, the last.
    experience : HistoricalRates
        What regions have done.

    Raises
    ------
    ScenarioError
        If the scenario cannot be projected as it stands.
    """
    question, scenario, asked = problem.question, problem.scenario, problem.question.probability
    as_it_is = problem.ensembles({})
    standing_now = [
        float((np.concatenate([margins(p, aim)[problem.years] for p in as_it_is]) >= 0.0).mean())
        for aim in targets
    ]
    open_ = [i for i, probability in enumerate(standing_now) if probability < asked]
    chosen = open_[0] if open_ else len(targets) - 1
    aim, base_probability = targets[chosen], standing_now[chosen]

    def way(found: SearchResult, levers: Sequence[str]) -> LeverSetting:
        values = dict(zip(levers, found.values, strict=True))
        after = problem.ensembles(values)
        changes = []
        for lever, value in values.items():
            others = {i: v for i, v in values.items() if i != lever}
            without = problem.ensembles(others) if others else as_it_is
            persons = float((problem.flow(after, lever) - problem.flow(without, lever)).mean())
            present = problem.present(lever)
            old = problem.quantity(as_it_is, lever, present)
            new = problem.quantity(after, lever, value)
            quantity = None if old is None or new is None else (old, new)
            changes.append(Change(lever, present, value, persons, quantity))
        return LeverSetting(tuple(changes), found.probability, found.enough)

    levers = question.levers
    start = tuple(problem.present(lever) for lever in levers)
    singles = [
        nearest(problem.trials(aim, (lever,), asked), scale_of(lever), value)
        for lever, value in zip(levers, start, strict=True)
    ]
    alone = tuple(way(found, (lever,)) for lever, found in zip(levers, singles, strict=True))
    frontier, together = np.zeros((0, len(levers))), None
    if len(levers) == 1:
        best = singles[0]
    else:
        trials = problem.trials(aim, levers, asked)
        best, frontier = _mix(trials, levers, start, singles)
        if all(f.enough for f in singles) and not trials.enough(start):
            ends = tuple(f.values[0] for f in singles)
            share = share_of_all(trials, start, ends)
            if share is not None:
                values = partly(start, ends, share)
                found = SearchResult(values, trials.probability(values), True)
                together = (share, way(found, levers))
    solved = way(best, levers)
    after = problem.ensembles(solved.values)
    wanted = _wanted(after, aim)
    return Answer(
        question,
        scenario,
        aim,
        wanted,
        base_probability,
        solved,
        problem.settings(solved.values),
        alone,
        together,
        frontier,
        _target_pace(problem, after, wanted, experience),
        _median_pace(problem, after, experience),
        _most_depleted(problem, solved.values),
    )


def _mix(
    trials: Trials, levers: Sequence[str], start: Values, singles: Sequence[SearchResult]
) -> tuple[SearchResult, Array]:
    """Least effort of several levers together, and of two what just suffices."""
    scales = [scale_of(lever) for lever in levers]
    none = np.zeros((0, len(levers)))
    if trials.enough(start):
        return SearchResult(start, trials.probability(start), True), none
    sides = [
        -1.0 if found.values[0] < value else 1.0
        for found, value in zip(singles, start, strict=True)
    ]
    room = LeverSpace(trials, scales, start, sides)
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
    return SearchResult(best, trials.probability(best), False), none


def _wanted(parts: Sequence[Ensemble], aim: Aim) -> float:
    """Value of a target; of another region's rate the median of the least that counts."""
    if aim.value is not None:
        return aim.value
    assert aim.target.relative_to is not None
    index = aim.target.year - BASE_YEAR
    rates = [100.0 * part.rate(aim.target.relative_to)[index] for part in parts]
    return float(np.median(np.concatenate(rates))) - NEAR_POINTS


def _target_pace(
    problem: SolveProblem, parts: Sequence[Ensemble], wanted: float, experience: HistoricalRates
) -> UrbanGrowth:
    """Growth from the base year to the target, its other half with the median total population."""
    of, indicator = medians(problem, parts), problem.question.indicator
    rate, urban, total = (of[name] for name in ("rate", "urban", "total"))
    if indicator == RATE:
        share = wanted / 100.0
        return _pace(problem, rate[0], share, share * total[1] / urban[0], experience)
    if indicator == URBAN:
        return _pace(problem, rate[0], wanted / total[1], wanted / urban[0], experience)
    if problem.district is None:
        return UrbanGrowth(None, None, None)
    district = [part.districts[problem.district.id][0, 0] for part in parts]
    return _pace(problem, rate[0], None, wanted / float(district[0]), experience)


def _median_pace(
    problem: SolveProblem, parts: Sequence[Ensemble], experience: HistoricalRates
) -> UrbanGrowth:
    of = medians(problem, parts)
    rate, urban = of["rate"], of["urban"]
    return _pace(problem, rate[0], rate[1], urban[1] / urban[0], experience)


def _pace(
    problem: SolveProblem,
    start: float,
    end: float | None,
    ratio: float,
    experience: HistoricalRates,
) -> UrbanGrowth:
    points = None if end is None else 100.0 * (end - start) / problem.years
    growth = ratio ** (1.0 / problem.years) - 1.0
    level = problem.atlas.regions[problem.places[0]].level
    rank = experience.standing(str(level), start, points=points, growth=growth)
    return UrbanGrowth(points, growth, rank)


def _most_depleted(problem: SolveProblem, values: Mapping[str, float]) -> DepletedAgeGroup:
    """Working ages of which least is left, beside no change and beside the base year's cohort."""
    changed, unchanged = problem.population(values), problem.population({})
    base = np.sum([problem.atlas.inputs(place).base for place in problem.places], axis=0)
    found = []
    for residence, name in enumerate(("urban", "rural")):
        for age in WORKING_AGES:

            def persons(of: Array, first: int, residence: int = residence) -> float:
                return float(of[residence, :, first : first + 5].sum())

            now, otherwise = persons(changed, age), persons(unchanged, age)
            ages = f"{age}-{age + 4}"
            if otherwise > 0:
                found.append(DepletedAgeGroup(name, ages, now / otherwise, "unchanged", 1.0))
            if age >= problem.years and (then := persons(base, age - problem.years)) > 0:
                found.append(DepletedAgeGroup(name, ages, now / then, "cohort", otherwise / then))
    return min(found, key=lambda group: group.left)
