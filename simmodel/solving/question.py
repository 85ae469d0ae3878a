"""What is asked of `solve`, and all that can be wrong with it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ..errors import Fault, FaultError, SimmodelError, among, did_you_mean, shown
from ..inputs.region import BASE_YEAR, Target
from ..inputs.scenario import Scenario
from ..inputs.seeds import Seeds
from ..inputs.units import persons_per
from ..judging.target import Aim, judged_aims, own_aim
from ..levers import LEVERS
from ..variables import WAN

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
# A count below this share of the present one was meant in another unit.
LEAST_COUNT_SHARE: Final = 0.01


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
    if not {owner, *seeds.tree.ancestors(owner)} & set(scenario.regions):
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
        meant = WAN * value
        hint = f". Did you mean {meant:.0f}?" if 0.1 * now < meant < 10.0 * now else ""
        allowed = f"a number of persons; {now:,.0f} in {BASE_YEAR}{hint}"
        yield _fault(OWN_VALUE, "is not a number of persons here", f"{value:g}", allowed)


def _present_count(question: Question, seeds: Seeds) -> float:
    if question.indicator == "urban_district_population":
        figure = seeds.districts()[question.region][1].population
        assert figure is not None
        return figure.value * persons_per(figure.unit)
    census = seeds.regions[question.region].baseline.census
    return float(census.urban if question.indicator == "urban_population" else census.total)


def _all_aims(seeds: Seeds) -> Iterator[Aim]:
    for region in seeds.regions.values():
        yield from judged_aims(region)


def _targets(question: Question, seeds: Seeds) -> list[Aim]:
    found = [
        aim
        for aim in _all_aims(seeds)
        if (aim.region, aim.target.indicator, aim.target.year)
        == (question.region, question.indicator, question.year)
    ]
    return sorted(found, key=lambda a: math.inf if a.relative_to else a.interval.low)


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
    return own_aim(question.region, target)
