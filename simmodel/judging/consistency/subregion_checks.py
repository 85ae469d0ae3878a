"""Parts against the whole: counties' and urban districts' targets beside their prefecture's."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ...inputs.region import Region
from ...texts import NOTHING, Bilingual, bilingual
from ...variables import WAN
from ..implied_urban import ImpliedUrban, implied_urban
from ..intervals import ProjectedQuantiles
from ..projection_summary import ProjectionSummary, RegionProjection, are_whole
from ..target import (
    DISTRICT,
    NEAR_POINTS,
    RATE,
    URBAN,
    Aim,
    aims,
    aims_of,
    cited_aims,
    printed_values,
    target_years,
)
from ..wording import aim_words, persons, printed
from .findings import Finding, Grade

# Parts may aim at more than the whole; beyond this share it is strained. Assumed.
AMBITIOUS_SHARE: Final = 0.10


def children_sum(
    region: Region, children: Sequence[Region], outlook: ProjectionSummary
) -> Iterator[Finding]:
    """Children's targets against the parent's, in urban head-counts.

    All children need a target of the year, and together they have to be the whole.
    """
    course = outlook.courses.get(region.id)
    courses = [outlook.courses[child.id] for child in children if child.id in outlook.courses]
    if course is None or not children or len(courses) < len(children):
        return
    if not are_whole([c.base for c in courses], course.base):
        return
    for year in target_years(region):
        if year not in course.total:
            continue
        found = [implied_urban(r, year, c) for r, c in zip(children, courses, strict=True)]
        parts = [part for part in found if part is not None]
        if len(parts) < len(children):
            continue
        value = sum(part.value for part in parts)
        projected = sum(part.projected for part in parts)
        ceiling = sum(part.ceiling for part in parts)
        for aim in (*aims_of(region, URBAN, year), *aims_of(region, RATE, year)):
            least, whole, most = _whole(aim, course.total[year])
            grade: Grade = "fine"
            if ceiling < least:
                grade = "contradiction"
            elif max(value, projected) < least or (
                min(value, projected) > (1.0 + AMBITIOUS_SHARE) * most
            ):
                grade = "strained"
            words = aim_words(aim)
            if aim.is_rate:
                total = persons(course.total[year].p50)
                words = bilingual(
                    "consistency.rate_of_total", aim=words, total=total, urban=persons(whole)
                )
            yield Finding(
                "children_sum",
                region.id,
                year,
                tuple(dict.fromkeys([aim.target.indicator, *_indicators(parts)])),
                (*aim.values, *(v for p in parts for v in p.aims[0].values)),
                value,
                whole,
                "persons",
                grade,
                *bilingual(
                    "consistency.children_sum",
                    place=region.names,
                    year=year,
                    sum=persons(value),
                    terms=_terms(children, parts, "judging.comma"),
                    projected=persons(projected),
                    aim=words,
                    shortfall=_shortfall(value, whole, least, most, ceiling),
                ),
                tuple(dict.fromkeys([*cited_aims(aim), *cited_aims(*(p.aims[0] for p in parts))])),
            )


def _terms(regions: Sequence[Region], parts: Sequence[ImpliedUrban], separator: str) -> Bilingual:
    """Each part with the urban residents that its own targets mean."""
    return bilingual(separator).join(
        bilingual("consistency.term", place=region.names, terms=part.terms)
        for region, part in zip(regions, parts, strict=True)
    )


def _indicators(parts: Sequence[ImpliedUrban]) -> list[str]:
    return [p.aims[0].target.indicator for p in parts]


def _whole(aim: Aim, total: ProjectedQuantiles) -> tuple[float, float, float]:
    """Least, printed and most urban residents that a parent's target means."""
    if not aim.is_rate:
        return aim.interval.low, aim.low, aim.interval.high
    middle = min(max(aim.low, 0.0), aim.high)
    return (
        aim.interval.low / 100.0 * total.p01,
        middle / 100.0 * total.p50,
        aim.interval.high / 100.0 * total.p99,
    )


def _shortfall(value: float, whole: float, least: float, most: float, ceiling: float) -> Bilingual:
    """What parts lack or have beyond the whole, and how far they may go."""
    if value > most:
        return bilingual("consistency.parts_more", excess=persons(value - whole))
    if value >= least:
        return NOTHING
    lacking = persons(whole - value)
    if math.isinf(ceiling):
        return bilingual("consistency.parts_short_open", lacking=lacking)
    reach = "consistency.parts_could_reach" if ceiling >= least else "consistency.parts_reach_only"
    return bilingual(reach, lacking=lacking, ceiling=persons(ceiling))


def districts_sum(
    region: Region, regions: Mapping[str, Region], outlook: ProjectionSummary
) -> Iterator[Finding]:
    """Urban districts' targets against the whole they lie in: parts cannot exceed it.

    Together against what the region aims at; each against what its own counties aim at.
    """
    course = outlook.courses.get(region.id)
    districts = {d.id: d for d in region.urban_districts}
    for year in target_years(region):
        found = {a.region: a for a in aims_of(region, DISTRICT, year) if a.region in districts}
        if not found:
            continue
        if course is not None and year in course.total:
            names = [Bilingual(districts[n].names.en, districts[n].names.zh) for n in found]
            for whole in _wholes(region, regions, year, course):
                place = Bilingual(region.names.en, region.names.zh)
                yield _parts(region.id, place, year, list(found.values()), names, whole)
        for name, aim in found.items():
            district = districts[name]
            implied = [
                implied_urban(regions[c], year, outlook.courses[c])
                for c in district.counties
                if c in outlook.courses
            ]
            counties = [part for part in implied if part is not None]
            if len(counties) < len(district.counties):
                continue
            named = [regions[c] for c in district.counties]
            one = len(named) == 1
            whole = Whole(
                sum(c.value for c in counties),
                sum(c.ceiling for c in counties),
                sum(c.usual_ceiling for c in counties),
                bilingual(
                    "consistency.county_aim" if one else "consistency.county_aims",
                    terms=_terms(named, counties, "judging.enumeration"),
                ),
                tuple(c.aims[0] for c in counties),
            )
            place = Bilingual(district.names.en, district.names.zh)
            yield _parts(district.id, place, year, [aim], [place], whole)


@dataclass(frozen=True)
class Whole:
    """What parts have to fit into: as printed, and the most it may be."""

    value: float
    ceiling: float
    usual_ceiling: float
    words: Bilingual
    aims: tuple[Aim, ...]


def _wholes(
    region: Region, regions: Mapping[str, Region], year: int, course: RegionProjection
) -> Iterator[Whole]:
    """The urban residents that each of a region's targets of a year means."""
    total = course.total[year]
    for aim in (*aims_of(region, URBAN, year), *aims_of(region, RATE, year)):
        if not aim.is_rate:
            words = bilingual("consistency.whole_count", aim=aim_words(aim))
            yield Whole(aim.low, aim.interval.high, aim.interval.high, words, (aim,))
        elif aim.is_band or aim.target.comparison != ">=":
            share = aim.high / 100.0
            yield Whole(
                share * total.p50,
                aim.interval.high / 100.0 * total.p99,
                aim.interval.high / 100.0 * total.p50,
                bilingual(
                    "consistency.whole_rate",
                    urban=persons(share * total.p50),
                    rate=bilingual("judging.percent", value=printed(aim.high)),
                    total=persons(total.p50),
                ),
                (aim,),
            )
    for aim in aims(region):
        other = aim.relative_to
        if aim.target.year != year or other is None or year not in course.at_rate_of.get(other, {}):
            continue
        alike = course.at_rate_of[other][year]
        value = alike.p50 - NEAR_POINTS / 100.0 * total.p50
        words = bilingual(
            "consistency.whole_near", urban=persons(value), other=regions[other].names
        )
        yield Whole(value, alike.p99, alike.p50, words, (aim,))


def _parts(
    place: str,
    name: Bilingual,
    year: int,
    aims: Sequence[Aim],
    parts: Sequence[Bilingual],
    whole: Whole,
) -> Finding:
    """Parts against the whole."""
    value, least = sum(a.low for a in aims), sum(a.interval.low for a in aims)
    grade: Grade = "fine"
    if least > whole.ceiling:
        grade = "contradiction"
    elif least > whole.usual_ceiling:
        grade = "strained"
    words = aim_words(aims[0])
    if len(aims) > 1:
        terms = bilingual("consistency.plus").join(
            bilingual("consistency.term", place=part, terms=printed(a.low / WAN))
            for a, part in zip(aims, parts, strict=True)
        )
        words = bilingual("consistency.equals", terms=terms, sum=persons(value))
    most = NOTHING
    if grade != "fine":
        fixed = whole.ceiling == whole.usual_ceiling
        most = bilingual(
            "consistency.most_rounded" if fixed else "consistency.most_projected",
            most=persons(whole.ceiling),
        )
    elif value > whole.value:
        most = bilingual("consistency.left_open")
    own = [aim for aim in whole.aims if aim.relative_to is None]
    return Finding(
        "children_sum",
        place,
        year,
        tuple(dict.fromkeys([DISTRICT, *(a.target.indicator for a in whole.aims)])),
        (*printed_values(*aims), *printed_values(*own)),
        value,
        whole.value,
        "persons",
        grade,
        *bilingual(
            "consistency.within" if value <= whole.value else "consistency.more_than",
            place=name,
            year=year,
            parts=words,
            whole=whole.words,
            most=most,
        ),
        cited_aims(*aims, *whole.aims),
    )
