"""Parts against the whole: counties' and urban districts' targets beside their prefecture's."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ...inputs.region import Region, Target
from ..projection_summary import ProjectionSummary, RegionProjection, are_whole
from ..target_intervals import (
    DISTRICT,
    RATE,
    URBAN,
    Aimed,
    UrbanAim,
    aims_of,
    cited_aims,
    target_years,
    urban_aim,
    values_of,
)
from ..verdicts import NEAR_POINTS
from .findings import Finding, Grade, ProjectedQuantiles, printed, wan, wan_zh

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
        found = [urban_aim(r, year, c) for r, c in zip(children, courses, strict=True)]
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
            english = ", ".join(
                f"{r.names.en} {p.words}" for r, p in zip(children, parts, strict=True)
            )
            chinese = "，".join(
                f"{r.names.zh}{p.words_zh}" for r, p in zip(children, parts, strict=True)
            )
            words, words_zh = aim.words()
            if aim.rate:
                words = f"{words} of a projected {wan(course.total[year].p50)}, {wan(whole)}"
                words_zh += f"乘预测总人口{wan_zh(course.total[year].p50)}，即{wan_zh(whole)}"
            tail, tail_zh = _short(value, whole, least, most, ceiling)
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
                f"{region.names.en} {year}: its parts' own targets add up to {wan(value)} urban "
                f"({english} 万; with projected totals {wan(projected)}), against {words} for the "
                f"whole{tail}.",
                f"{region.names.zh}{year}年各区县目标合计城镇人口{wan_zh(value)}（{chinese}万人；"
                f"按预测总人口为{wan_zh(projected)}），而全域目标为{words_zh}{tail_zh}。",
                tuple(dict.fromkeys([*cited_aims(aim), *cited_aims(*(p.aims[0] for p in parts))])),
            )


def _indicators(parts: Sequence[UrbanAim]) -> list[str]:
    return [p.aims[0].target.indicator for p in parts]


def _whole(aim: Aimed, total: ProjectedQuantiles) -> tuple[float, float, float]:
    """Least, printed and most urban residents that a parent's target means."""
    if not aim.rate:
        return aim.open.low, aim.low, aim.open.high
    middle = min(max(aim.low, 0.0), aim.high)
    return (
        aim.open.low / 100.0 * total.p01,
        middle / 100.0 * total.p50,
        aim.open.high / 100.0 * total.p99,
    )


def _short(
    value: float, whole: float, least: float, most: float, ceiling: float
) -> tuple[str, str]:
    """What parts lack or have beyond the whole, and how far they may go."""
    if value > most:
        return f": {wan(value - whole)} more", f"，多出{wan_zh(value - whole)}"
    if value >= least:
        return "", ""
    text, text_zh = f": {wan(whole - value)} short", f"，尚缺{wan_zh(whole - value)}"
    if math.isinf(ceiling):
        return (
            f"{text}, which those with a target of at least so much would have to add",
            f"{text_zh}，须由下限目标超额补足",
        )
    reach, reach_zh = (
        ("could reach", "至多可达") if ceiling >= least else ("reach only", "至多只达")
    )
    return (
        f"{text}; exceeding their targets as far as their own rates and the projection allow, they "
        f"{reach} {wan(ceiling)}",
        f"{text_zh}；即使在各自城镇化率目标和预测人口上限内超额完成，{reach_zh}{wan_zh(ceiling)}",
    )


def districts_sum(
    region: Region, regions: Mapping[str, Region], outlook: ProjectionSummary
) -> Iterator[Finding]:
    """Urban districts' targets against the whole they lie in: parts cannot exceed it.

    Together against what the region aims at; each against what its own counties aim at.
    """
    course = outlook.courses.get(region.id)
    districts = {d.id: d for d in region.urban_districts}
    for year in target_years(region):
        aims = {a.target.region: a for a in aims_of(region, DISTRICT, year)}
        aims = {name: aim for name, aim in aims.items() if name in districts}
        if not aims:
            continue
        if course is not None and year in course.total:
            for whole in _wholes(region, regions, year, course):
                yield _parts(
                    region.id,
                    (region.names.en, region.names.zh),
                    year,
                    list(aims.values()),
                    [(districts[str(n)].names.en, districts[str(n)].names.zh) for n in aims],
                    whole,
                )
        for name, aim in aims.items():
            district = districts[str(name)]
            found = [
                urban_aim(regions[c], year, outlook.courses[c])
                for c in district.counties
                if c in outlook.courses
            ]
            counties = [part for part in found if part is not None]
            if len(counties) < len(district.counties):
                continue
            named = [regions[c].names for c in district.counties]
            whole = Whole(
                sum(c.value for c in counties),
                sum(c.ceiling for c in counties),
                sum(c.usual_ceiling for c in counties),
                "its own "
                + ("county's" if len(named) == 1 else "counties'")
                + " aim, "
                + ", ".join(f"{n.en} {c.words}" for n, c in zip(named, counties, strict=True))
                + " 万",
                "所在区县的目标"
                + "、".join(f"{n.zh}{c.words_zh}" for n, c in zip(named, counties, strict=True))
                + "万人",
                tuple(c.aims[0] for c in counties),
                (),
            )
            names = (district.names.en, district.names.zh)
            yield _parts(district.id, names, year, [aim], [names], whole)


@dataclass(frozen=True)
class Whole:
    """What parts have to fit into: as printed, and the most it may be."""

    value: float
    ceiling: float
    usual_ceiling: float
    words: str
    words_zh: str
    aims: tuple[Aimed, ...]
    targets: tuple[Target, ...]


def _wholes(
    region: Region, regions: Mapping[str, Region], year: int, course: RegionProjection
) -> Iterator[Whole]:
    """The urban residents that each of a region's targets of a year means."""
    total = course.total[year]
    for aim in (*aims_of(region, URBAN, year), *aims_of(region, RATE, year)):
        words, words_zh = aim.words()
        if not aim.rate:
            high = aim.open.high
            english = f"{words} urban residents of the whole"
            yield Whole(aim.low, high, high, english, f"全域城镇人口目标{words_zh}", (aim,), ())
        elif aim.high != aim.low or aim.target.comparison != ">=":
            share = aim.high / 100.0
            yield Whole(
                share * total.p50,
                aim.open.high / 100.0 * total.p99,
                aim.open.high / 100.0 * total.p50,
                f"the {wan(share * total.p50)} that {printed(aim.high)} % of a projected "
                f"{wan(total.p50)} are",
                f"预测总人口{wan_zh(total.p50)}的{printed(aim.high)}%即{wan_zh(share * total.p50)}",
                (aim,),
                (),
            )
    for target in region.targets:
        other = target.relative_to
        if target.year != year or other is None or year not in course.at_rate_of.get(other, {}):
            continue
        alike, names = course.at_rate_of[other][year], regions[other].names
        value = alike.p50 - NEAR_POINTS / 100.0 * total.p50
        yield Whole(
            value,
            alike.p99,
            alike.p50,
            f"the {wan(value)} urban residents that a rate like {names.en}'s would mean",
            f"达到{names.zh}城镇化率时的城镇人口{wan_zh(value)}",
            (),
            (target,),
        )


def _parts(
    place: str,
    names: tuple[str, str],
    year: int,
    aims: Sequence[Aimed],
    parts: Sequence[tuple[str, str]],
    whole: Whole,
) -> Finding:
    """Parts against the whole."""
    value, least = sum(a.low for a in aims), sum(a.open.low for a in aims)
    grade: Grade = "fine"
    if least > whole.ceiling:
        grade = "contradiction"
    elif least > whole.usual_ceiling:
        grade = "strained"
    words = " + ".join(f"{n[0]} {printed(a.low / 1e4)}" for a, n in zip(aims, parts, strict=True))
    words_zh = "+".join(f"{n[1]}{printed(a.low / 1e4)}" for a, n in zip(aims, parts, strict=True))
    if len(aims) > 1:
        words, words_zh = f"{words} = {wan(value)}", f"{words_zh}={wan_zh(value)}"
    else:
        words, words_zh = f"{aims[0].words()[0]}", f"{aims[0].words()[1]}"
    most, most_zh = "", ""
    if grade != "fine":
        fixed = whole.ceiling == whole.usual_ceiling
        even = "after rounding" if fixed else "at the 99th percentile of the projection"
        even_zh = "计入四舍五入" if fixed else "即使取预测的99%分位也"
        most = f"; {even} at most {wan(whole.ceiling)}"
        most_zh = f"；{even_zh}至多{wan_zh(whole.ceiling)}"
    verb, verb_zh = ("is within", "未超过") if value <= whole.value else ("is more than", "超过")
    if grade == "fine" and value > whole.value:
        most, most_zh = ", within what that leaves open", "，但在其允许范围内"
    places = [*cited_aims(*aims, *whole.aims), *(f"{t.source}, {t.place}" for t in whole.targets)]
    return Finding(
        "children_sum",
        place,
        year,
        tuple(dict.fromkeys([DISTRICT, *(a.target.indicator for a in whole.aims)]))
        + tuple(t.indicator for t in whole.targets),
        (*values_of(*aims), *values_of(*whole.aims)),
        value,
        whole.value,
        "persons",
        grade,
        f"{names[0]} {year}: the urban district target of {words} {verb} {whole.words}{most}.",
        f"{names[1]}{year}年城区人口目标{words_zh}，{verb_zh}{whole.words_zh}{most_zh}。",
        tuple(dict.fromkeys(places)),
    )
