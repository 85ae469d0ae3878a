"""What is asked of `solve`, and all that can be wrong with it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ..errors import Fault, FaultError, SimmodelError, among, did_you_mean, shown
from ..indicators import INDICATORS, modelled
from ..inputs.region import BASE_YEAR, Target
from ..inputs.scenario import Scenario
from ..inputs.seeds import Seeds
from ..judging.target import TOTAL, URBAN, Aim, amount, judged_aims, own_aim
from ..levers import LEVERS
from ..texts import say
from ..variables import WAN

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
    if question.indicator not in INDICATORS:
        allowed = among(modelled()) + did_you_mean(question.indicator, modelled())
        problem, found_there = say("solving.does_not_exist"), shown(question.indicator)
        faults.append(_fault("--indicator", problem, found_there, allowed))
    elif not INDICATORS[question.indicator].modelled:
        problem = say("solving.not_modelled")
        faults.append(_fault("--indicator", problem, question.indicator, among(modelled())))
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
            say(
                "solving.too_many_draws",
                scenario=scenario.scenario,
                most=MOST_DRAWS,
                found=scenario.ensemble.draws,
            )
        )
    return found if question.target is None else [_own_aim(question, question.target)]


def _fault(option: str, problem: str, found: str, allowed: str) -> Fault:
    return Fault(option, None, "", problem, found, allowed)


def _lever_faults(levers: Sequence[str]) -> Iterator[Fault]:
    for place, lever in enumerate(levers):
        if lever not in LEVERS:
            allowed = among(LEVERS) + did_you_mean(lever, LEVERS)
            yield _fault("--lever", say("solving.does_not_exist"), shown(lever), allowed)
        elif lever in levers[:place]:
            yield _fault("--lever", say("solving.twice"), lever, say("solving.each_once"))


def _probability_faults(probability: float) -> Iterator[Fault]:
    if not 0.0 < probability < 1.0:
        hint = _hint(f"{probability / 100:g}") if 1.0 < probability < 100.0 else ""
        allowed = say("solving.share_allowed", hint=hint)
        yield _fault("--probability", say("solving.out_of_range"), f"{probability:g}", allowed)


def _hint(value: str) -> str:
    return say("solving.did_you_mean", value=value)


def _is_of_district(question: Question) -> bool:
    return INDICATORS[question.indicator].of == "district"


def _place_faults(question: Question, scenario: Scenario, seeds: Seeds) -> Iterator[Fault]:
    place, districts = question.region, seeds.districts()
    wants_district = _is_of_district(question)
    known = list(districts) if wants_district else list(seeds.regions)
    if place not in known:
        problem = say("solving.does_not_exist")
        if place in districts:
            of_districts = among(i for i in modelled() if INDICATORS[i].of == "district")
            problem = say("solving.is_district", indicators=of_districts)
        elif place in seeds.regions:
            problem = say("solving.no_district")
        allowed = among(known) + did_you_mean(place, known)
        yield _fault("--region", problem, shown(place), allowed)
        return
    owner = districts[place][0] if wants_district else place
    if not {owner, *seeds.tree.ancestors(owner)} & set(scenario.regions):
        problem = say("solving.not_in_scenario", scenario=scenario.scenario)
        allowed = say("solving.inside_allowed", regions=among(scenario.regions))
        yield _fault("--region", problem, shown(place), allowed)
    elif wants_district and districts[place][1].population is None:
        allowed = among(i for i, (_, d) in districts.items() if d.population is not None)
        yield _fault("--region", say("solving.no_population"), shown(place), allowed)


def _year_faults(question: Question, scenario: Scenario) -> Iterator[Fault]:
    allowed = say("solving.year_allowed", first=BASE_YEAR + 1, last=scenario.horizon)
    if question.year <= BASE_YEAR:
        yield _fault("--year", say("solving.not_after_base"), str(question.year), allowed)
    elif question.year > scenario.horizon:
        yield _fault("--year", say("solving.past_horizon"), str(question.year), allowed)


def _value_faults(question: Question, seeds: Seeds) -> Iterator[Fault]:
    value = question.target
    assert value is not None
    if INDICATORS[question.indicator].unit == "percent":
        if not 0.0 < value < 100.0 or value <= 1.0:
            hint = _hint(f"{100 * value:g}") if 0.0 < value <= 1.0 else ""
            allowed = say("solving.rate_allowed", hint=hint)
            yield _fault(OWN_VALUE, say("solving.not_a_rate"), f"{value:g}", allowed)
        return
    now = _present_count(question, seeds)
    if not (math.isfinite(value) and value > 0.0 and value >= LEAST_COUNT_SHARE * (now or 0.0)):
        allowed = say("solving.positive_allowed")
        if now is not None:
            # A figure in 10 thousand that would be near the present one is what was meant.
            meant = WAN * value
            hint = _hint(f"{meant:.0f}") if 0.1 * now < meant < 10.0 * now else ""
            allowed = say("solving.count_allowed", now=f"{now:,.0f}", year=BASE_YEAR, hint=hint)
        yield _fault(OWN_VALUE, say("solving.not_a_count"), f"{value:g}", allowed)


def _present_count(question: Question, seeds: Seeds) -> float | None:
    """Persons of the base year; None where no figure of the seeds counts them."""
    if _is_of_district(question):
        figure = seeds.districts()[question.region][1].population
        assert figure is not None
        return amount(figure.value, figure.unit)
    census = seeds.regions[question.region].baseline.census
    counted = {URBAN: census.urban, TOTAL: census.total}.get(question.indicator)
    return None if counted is None else float(counted)


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
        if aim.region == question.region and INDICATORS[aim.target.indicator].modelled
    )
    has = among(f"{indicator} {year}" for indicator, year in there)
    return _fault(
        "--year",
        say("solving.no_target", region=question.region),
        f"{question.indicator} {question.year}",
        say("solving.own_allowed", targets=has, option=OWN_VALUE),
    )


def _own_aim(question: Question, value: float) -> Aim:
    target = Target.model_validate(
        {
            "indicator": question.indicator,
            "value": value,
            "unit": INDICATORS[question.indicator].unit,
            "year": question.year,
            "comparison": ">=",
            "source": "target",
            "place": OWN_VALUE,
            "region": question.region if _is_of_district(question) else None,
        }
    )
    return own_aim(question.region, target)
