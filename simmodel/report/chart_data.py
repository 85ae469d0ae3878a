"""The numbers that a report's own charts show: plain lists and words, rounded for the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..charts.fan import WIDE_AND_NARROW, fan_of, observed_point
from ..charts.labels import DISPLAYS, parts_of
from ..charts.matrix import CLASSES
from ..charts.pyramid import age_groups, by_group
from ..charts.style import LINE_COLORS, PART_COLORS, RESIDENCE_COLORS
from ..indicators import INDICATORS
from ..judging.likelihood import likelihood_class
from ..judging.verdicts import Verdict
from ..results.run import observation_marks
from ..texts import keys
from ..variables import COMPONENTS, RESIDENCES, SEXES, WAN
from .contents import Case, ReportContents
from .wording import Key, Phrases, all_targets

SHOWN: Final = tuple(
    name for name, one in INDICATORS.items() if one.in_dataset and one.of == "region"
)
# Levels of the bands and of the median.
LEVELS: Final = tuple(sorted({0.5, *(level for band in WIDE_AND_NARROW for level in band)}))
DIGITS: Final = 4
# From the unit of a Dataset to that of the page, by prefix of the components' variables.
SCALES: Final = {"growth": ("urban_growth", 1 / WAN), "rate": ("rate_change", 100.0)}


def color_of(contents: ReportContents, name: str) -> str:
    """Colour of a scenario's line."""
    order = [case.name for case in contents.cases]
    return LINE_COLORS[order.index(name) % len(LINE_COLORS)]


def shade(probability: float | None) -> str:
    """Class of a probability, as the page's style sheet has it: c0 to c4; empty without one.

    Examples
    --------
    >>> shade(0.05), shade(0.5), shade(0.95), shade(None)
    ('c0', 'c2', 'c4', '')
    """
    if probability is None:
        return ""
    return f"c{list(CLASSES).index(likelihood_class(probability))}"


def places_of(contents: ReportContents, region_id: str) -> list[str]:
    """Places that a region's charts can show: itself, and parts without a section of theirs."""
    parts = contents.parts_of(region_id)
    return [region_id, *(i for i in parts if i not in contents.regions)]


def page_data(contents: ReportContents, phrases: Phrases) -> dict[str, Any]:
    """All that the page's script reads."""
    say = phrases.say
    named = [i for region_id in contents.regions for i in places_of(contents, region_id)]
    units = {
        "percent": ("report.rate", "report.rate_range", "report.in_percent"),
        "persons": ("report.wan", "report.wan_range", "report.in_wan"),
    }
    return {
        "words": {
            name: say(f"report.js.{name}")
            for name in (key.removeprefix("js.") for key in keys("report") if key[:3] == "js.")
        },
        "scenarios": [
            {
                "name": case.name,
                "title": phrases.title(case.scenario),
                "color": color_of(contents, case.name),
            }
            for case in contents.cases
        ],
        "measures": {
            name: {
                "name": say(f"indicators.{name}"),
                "unit": say(unit, value="").replace(" ", "\u00a0"),
                "range": say(ends, low="{low}", high="{high}"),
                "axis": say(f"indicators.{name}") + say("report.bracketed", text=say(axis)),
            }
            for name in SHOWN
            for unit, ends, axis in [units[INDICATORS[name].unit]]
        },
        "years": {case.name: case.dataset["year"].values.tolist() for case in contents.cases},
        "places": {place: _place(contents, phrases, place) for place in named},
        "courses": {
            case.name: {place: _course(case, place) for place in named if case.has(place)}
            for case in contents.cases
        },
        "parts": [
            {
                "name": c.name,
                "title": say(f"charts.component.{c.name}"),
                "color": PART_COLORS[c.name],
            }
            for c in COMPONENTS
        ],
        "growth": {
            case.name: {place: _growth(case, place) for place in named if case.has(place)}
            for case in contents.cases
        },
        "residences": {
            name: {"title": say(f"charts.residence.{name}"), "color": color}
            for name, color in RESIDENCE_COLORS.items()
        },
        "ages": {
            case.name: {i: _ages(case, i) for i in case.scenario.regions} for case in contents.cases
        },
    }


def _rounded(values: NDArray[np.float64]) -> list[float]:
    return [round(float(value), DIGITS) for value in values]


def _course(case: Case, place: str) -> dict[str, dict[str, list[float]]]:
    fans = {name: fan_of(case.dataset, place, DISPLAYS[name], levels=LEVELS) for name in SHOWN}
    return {
        name: {f"p{100 * level:02.0f}": _rounded(values) for level, values in fan.quantiles.items()}
        for name, fan in fans.items()
    }


def _growth(case: Case, place: str) -> dict[str, dict[str, list[float]]]:
    return {
        key: {
            name: _rounded(values * scale)
            for name, values in parts_of(case.dataset, place, prefix).items()
        }
        for key, (prefix, scale) in SCALES.items()
    }


def _ages(case: Case, region_id: str) -> dict[str, Any]:
    people = case.ages["population"].sel(region=region_id)
    years = [int(year) for year in people["year"].values]
    return {
        "years": years,
        "groups": age_groups(),
        "persons": {
            year: {
                residence: {
                    sex: _rounded(
                        by_group(people.sel(year=year, residence=residence, sex=sex).values) / WAN
                    )
                    for sex in SEXES
                }
                for residence in RESIDENCES
            }
            for year in years
        },
    }


def _place(contents: ReportContents, phrases: Phrases, place: str) -> dict[str, Any]:
    case = contents.cases_of(place)[0]
    marks = [
        {
            "measure": mark["indicator"],
            "year": point.year,
            "value": round(point.value, DIGITS),
            "other": not point.comparable,
        }
        for mark in observation_marks(case.scenario, contents.atlas)
        if mark["region"] == place and mark["indicator"] in SHOWN
        for point in [observed_point(mark, DISPLAYS[str(mark["indicator"])])]
    ]
    targets = [
        _target(phrases, next(iter(found.values())), found)
        for key, found in all_targets(contents).items()
        if _is_shown(key, place)
    ]
    return {"name": phrases.place(place), "marks": marks, "targets": targets}


def _printed(value: float | None, indicator: str) -> float | None:
    return None if value is None else round(value * DISPLAYS[indicator].printed, DIGITS)


def _is_shown(key: Key, place: str) -> bool:
    return key[0] == place and key[1] in SHOWN


def _target(phrases: Phrases, first: Verdict, found: dict[str, Verdict]) -> dict[str, Any]:
    fixed = first.relative_to is None
    return {
        "measure": first.indicator,
        "year": first.year,
        "value": _printed(first.target, first.indicator) if fixed else None,
        "text": aim_of_all(phrases, [first]),
        "chances": {
            name: {
                "text": phrases.count(v)
                if v.probability is None
                else phrases.chance(v.probability),
                "shade": shade(v.probability),
            }
            for name, v in found.items()
        },
    }


def aim_of_all(phrases: Phrases, verdicts: Sequence[Verdict]) -> str:
    """What a target asks for in any scenario: without the other region's rate, which varies."""
    first = verdicts[0]
    if first.relative_to is not None:
        return phrases.say("report.near_plain", place=phrases.place(first.relative_to))
    return phrases.aim(first)
