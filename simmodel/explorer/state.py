"""A state of the explorer's page: what a reader has chosen, and the address that holds it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Final, NamedTuple
from urllib.parse import parse_qsl, urlencode

from ..errors import ScenarioError, among, did_you_mean, shown
from ..forecast.fit import Atlas
from ..inputs.region import BASE_YEAR, Region
from ..inputs.scenario import Scenario
from ..inputs.scenario_file import with_values
from ..judging.projection_summary import trend_of
from ..levers import LEVERS
from ..report.wording import Phrases
from ..simulation.projector import regions_of
from ..texts import LANGUAGES, Language, say, text

# The sensible part of what a lever may be: a slider shows more only where more is set.
# Factors, and years added.
SENSIBLE: Final = {True: (0.0, 3.0), False: (-5.0, 5.0)}
STEP: Final = {True: 0.05, False: 0.5}
# Digits and signs as wide as Chinese characters, as input methods write them.
_WIDE: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?\Z", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class State:
    """What a reader of the page has chosen.

    Attributes
    ----------
    region : str
    language : {"zh", "en"}
    by : int or None
        Year until which the moved levers are reached step by step; None where they hold at once.
    levers : mapping of str to float
        Those that were moved, in the order of `scenario.LEVERS`.
    """

    region: str
    language: Language
    by: int | None = None
    levers: Mapping[str, float] = field(default_factory=dict)

    def moved(self, lever: str, value: float | None) -> State:
        """The state with one lever moved, or as the base has it where there is no value."""
        new = {name: old for name, old in self.levers.items() if name != lever}
        if value is not None:
            new[lever] = value
        return replace(self, levers={name: new[name] for name in LEVERS if name in new})

    def query(self) -> str:
        """What stands behind the question mark of the state's address.

        Examples
        --------
        >>> State("wuwei", "en", 2030, {"arrivals": 1.5}).query()
        'region=wuwei&lang=en&by=2030&arrivals=1.5'
        """
        items: dict[str, object] = {"region": self.region, "lang": self.language}
        if self.by is not None:
            items["by"] = self.by
        return urlencode(items | {name: shortest(value) for name, value in self.levers.items()})


class InputProblem(NamedTuple):
    """What is wrong with something a reader gave: the key of a text, and its places."""

    key: str
    places: Mapping[str, object]


def describe(phrases: Phrases, problem: InputProblem) -> str:
    """What is wrong with something a reader gave, in words."""
    places = dict(problem.places)
    if "lever" in places:
        places["lever"] = phrases.say(f"levers.{places['lever']}")
    for key in {"instead", "place"} & places.keys():
        places[key] = phrases.place(str(places[key]))
    if places.get("near"):
        places["near"] = phrases.say("explorer.did_you_mean", near=places["near"])
    return phrases.say(problem.key, **places)


def state_of(
    query: str, state: State, regions: Sequence[str], horizon: int
) -> tuple[State, list[InputProblem]]:
    """State that an address asks for, and everything that is wrong with the address.

    What is wrong is left out: a lever stays as the base has it.

    Parameters
    ----------
    query : str
        What stands behind the question mark.
    state : State
        Region and language where the address names none, or none there is.
    regions : sequence of str
        Those that can be shown.
    horizon : int
        Last year of the base scenario.
    """
    faults: list[InputProblem] = []
    seen: set[str] = set()
    for key, value in parse_qsl(query, keep_blank_values=True):
        if key in seen:
            faults.append(InputProblem("explorer.twice", {"word": key}))
            continue
        seen.add(key)
        found = _with_item(state, key, value, regions, horizon)
        if isinstance(found, InputProblem):
            faults.append(found)
        else:
            state = found
    return state, faults


def _with_item(
    state: State, key: str, value: str, regions: Sequence[str], horizon: int
) -> State | InputProblem:
    """A state with one item of an address, or what is wrong with the item."""
    if key == "region":
        if value in regions:
            return replace(state, region=value)
        places = {"found": value, "instead": state.region}
        return _unknown("explorer.no_region", value, regions, places)
    if key == "lang":
        known = next((one for one in LANGUAGES if one == value), None)
        if known is None:
            return InputProblem("explorer.no_language", {"found": value})
        return replace(state, language=known)
    if key == "by":
        years = phase_in_years(horizon)
        year = next((year for year in years if str(year) == value), None)
        if year is None:
            allowed = among(map(str, years))
            return InputProblem("explorer.no_year", {"found": value, "allowed": allowed})
        return replace(state, by=year)
    if key in LEVERS:
        number = parse_value(value, key)
        return number if isinstance(number, InputProblem) else state.moved(key, number)
    places = {"found": key, "allowed": among(LEVERS)}
    return _unknown("explorer.no_lever", key, tuple(LEVERS), places)


def shortest(value: float) -> str:
    """A number in as few digits as tell it from every other.

    Examples
    --------
    >>> shortest(1.0), shortest(1.25), shortest(0.1 + 0.2)
    ('1', '1.25', '0.30000000000000004')
    """
    return repr(float(value)).removesuffix(".0")


def parse_value(typed: str, lever: str) -> float | InputProblem:
    """Value of a lever from what was typed, or what is wrong with it.

    Examples
    --------
    >>> parse_value("×1.25", "arrivals"), parse_value("−2", "life_expectancy")
    (1.25, -2.0)
    >>> parse_value("12", "arrivals").key, parse_value("much", "arrivals").key
    ('explorer.out_of_bounds', 'explorer.no_number')
    """
    rule = LEVERS[lever]
    number = typed.translate(_WIDE).strip().removeprefix("×").replace("−", "-")
    for language in LANGUAGES:
        number = number.removesuffix(text("explorer.times", language)).rstrip()
    places = {"lever": lever, "found": typed, "low": f"{rule.low:g}", "high": f"{rule.high:g}"}
    if not _NUMBER.match(number):
        return InputProblem("explorer.no_number", places)
    value = float(number) + 0.0
    if not rule.low <= value <= rule.high:
        return InputProblem("explorer.out_of_bounds", places)
    return value


def phase_in_years(horizon: int) -> tuple[int, ...]:
    """Years until which levers can be moved step by step: every fifth, and the last.

    Examples
    --------
    >>> phase_in_years(2035), phase_in_years(2032), phase_in_years(2021)
    ((2025, 2030, 2035), (2025, 2030, 2032), (2021,))
    """
    fifths = range(BASE_YEAR + 5, horizon, 5)
    return (*fifths, horizon)


def slider_range(lever: str, value: float) -> tuple[float, float]:
    """Ends of a lever's slider: the sensible part, or all where the value lies beyond it.

    Examples
    --------
    >>> slider_range("arrivals", 1.5), slider_range("arrivals", 4.0)
    ((0.0, 3.0), (0.0, 10.0))
    >>> slider_range("life_expectancy", 0.0)
    (-5.0, 5.0)
    """
    rule = LEVERS[lever]
    low, high = SENSIBLE[rule.multiplies]
    return (low, high) if low <= value <= high else (rule.low, rule.high)


def trend_base(regions: Mapping[str, Region], draws: int | None, seed: int | None) -> Scenario:
    """The trend without any measure, with an ensemble as asked for.

    Raises
    ------
    ScenarioError
        If no region has targets.
    FaultError
        If the ensemble cannot be like that.
    """
    title = {language: text("explorer.trend", language) for language in LANGUAGES}
    trend = Scenario.model_validate(trend_of(regions).complete() | {"title": title})
    asked = {"draws": draws, "seed": seed}
    overrides = [f"ensemble.{key}={value}" for key, value in asked.items() if value is not None]
    parents = {name: region.parent for name, region in regions.items()}
    return with_values(trend, overrides, region_ids=parents, programme_ids=())


def first_region(
    region: str | None, base: Scenario, atlas: Atlas, *, preferred_level: str | None = None
) -> str:
    """Region to be shown first: the one asked for, else the scenario's first.

    Parameters
    ----------
    region : str or None
        The one asked for.
    base : Scenario
    atlas : Atlas
    rather : str or None
        Level of region to be preferred to others.

    Raises
    ------
    ScenarioError
        If it is not in the scenario.
    """
    there = regions_of(base, atlas)
    if region is None:
        return next((i for i in there if atlas.regions[i].level == preferred_level), there[0])
    if region not in there:
        raise ScenarioError(
            say(
                "explorer.region_not_there",
                scenario=base.scenario,
                found=shown(region),
                allowed=among(there) + did_you_mean(region, there),
            )
        )
    return region


def _unknown(
    key: str, word: str, known: Sequence[str], places: Mapping[str, object]
) -> InputProblem:
    """That a word is not among those known, with the nearest of them where one is near."""
    return InputProblem(
        key, {**places, "near": next(iter(get_close_matches(word, known, n=1)), "")}
    )
