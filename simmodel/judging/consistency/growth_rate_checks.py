"""Paces that targets ask for, beside what the region and others like it have done."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ...inputs.region import BASE_YEAR, Observation, Region
from ..historical_rates import HistoricalRates, PercentileRank
from ..projection_summary import ProjectionSummary, RegionProjection, are_whole
from ..target_intervals import RATE, URBAN, Aimed, aims_of, cited_aims
from ..verdicts import NEAR_POINTS
from .findings import Finding, Grade, Interval, grade_against, wan, wan_zh
from .source_checks import amount, censuses_of

# A pace above this percentile of what regions have done is strained; so is one this many times the
# plan's own past pace, where it is also above the region's pace between the censuses. Assumed.
RARE_PERCENTILE: Final = 90.0
OWN_PACE_FACTOR: Final = 1.4
# Which observations of the base year and later stand on its census.
ON_BASE_CENSUS: Final = ("census_2020", "post_2020_census")


@dataclass(frozen=True)
class StartingPoint:
    """A figure on the way to a target.

    Attributes
    ----------
    year : int
    value : float
        Percent or persons.
    high : float
        The most it may be: above ``value`` where the base is estimated.
    exceedable : bool
        Whether it is a target that may be exceeded.
    words, words_zh : str
    estimated : bool
        Whether territory was moved, so that nobody has counted it.
    """

    year: int
    value: float
    high: float
    exceedable: bool
    words: str
    words_zh: str
    estimated: bool = False


@dataclass(frozen=True)
class RequiredGrowth:
    """A constant pace from a point to a target, in points or persons a year."""

    start: StartingPoint
    value: float
    years: int

    def pace(self, *, kindly: bool) -> float:
        """The pace; from the most that the start may be if ``kindly``."""
        return (self.value - (self.start.high if kindly else self.start.value)) / self.years

    def growth(self, *, kindly: bool) -> float | None:
        """Growth a year, a share; None where it starts from nothing."""
        start = self.start.high if kindly else self.start.value
        if start <= 0.0 or self.value <= 0.0:
            return None
        return float((self.value / start) ** (1.0 / self.years) - 1.0)


def pace(
    region: Region, outlook: ProjectionSummary, experience: HistoricalRates
) -> Iterator[Finding]:
    """Each target of a rate or head-count against the point before it.

    Held against the plan's own past pace where it prints one, else the region's between the
    censuses, and against what regions that started alike have done. A target before it that may
    be exceeded is not a fixed point: a contradiction needs the gentlest way to be too fast.
    """
    course = outlook.courses.get(region.id)
    if course is None:
        return
    for indicator in (RATE, URBAN):
        points = [*_known_points(region, course, indicator)]
        for aim in aims_of(region, indicator):
            ways = _ways(points, aim)
            yield _pace_finding(region, course, experience, aim, ways)
            words, words_zh = aim.words()
            year = aim.target.year
            free = aim.target.comparison == ">="
            points.append(
                StartingPoint(
                    year, aim.low, aim.low, free, f"{words} in {year}", f"{year}年的{words_zh}"
                )
            )


def _known_points(
    region: Region, course: RegionProjection, indicator: str
) -> Iterator[StartingPoint]:
    """The base year and what was published since on its census, by year.

    In the base year a plan's own figure comes before the census count: its authors start there.
    """
    base = course.base
    value, ends = (
        (base.rate, base.rate_range) if indicator == RATE else (base.urban, base.urban_range)
    )
    high = ends.high
    figures = [o for o in region.observations if o.indicator == indicator]
    own = [o for o in figures if o.year == BASE_YEAR and o.vintage in ON_BASE_CENSUS]
    if own and not base.estimated:
        value = high = amount(own[0].value, own[0].unit)
    yield _point(BASE_YEAR, value, high, indicator, base.estimated)
    later = [o for o in figures if o.year > BASE_YEAR and o.vintage in ON_BASE_CENSUS]
    for o in sorted(later, key=lambda o: o.year):
        value = amount(o.value, o.unit)
        yield _point(o.year, value, value, indicator, False)


def _point(year: int, value: float, high: float, indicator: str, estimated: bool) -> StartingPoint:
    about, about_zh = ("an estimated ", "估计的") if estimated else ("", "")
    if indicator == RATE:
        words, words_zh = f"{value:.2f} %", f"{value:.2f}%"
    else:
        words, words_zh = f"{value / 1e4:.2f} 万", f"{value / 1e4:.2f}万人"
    return StartingPoint(
        year,
        value,
        high,
        False,
        f"{about}{words} in {year}",
        f"{year}年{about_zh}{words_zh}",
        estimated,
    )


def _ways(points: Sequence[StartingPoint], aim: Aimed) -> list[RequiredGrowth]:
    """The way from the point before a target, and those past points that may be exceeded."""
    found: list[RequiredGrowth] = []
    before = [p for p in points if p.year < aim.target.year]
    before = sorted(before, key=lambda p: (p.year, p.value))
    for point in reversed(before):
        found.append(RequiredGrowth(point, aim.low, aim.target.year - point.year))
        if not point.exceedable:
            break
    return found


def _pace_finding(
    region: Region,
    course: RegionProjection,
    experience: HistoricalRates,
    aim: Aimed,
    ways: Sequence[RequiredGrowth],
) -> Finding:
    step = ways[0]
    gentle = min(ways, key=lambda way: way.pace(kindly=True))
    rate = aim.rate
    scale = 1.0 if rate else 1e-4
    own = _own_pace(region, aim)
    census = _census_pace(region, rate)
    asked = gentle.pace(kindly=True)
    standing = _standings(region, course, experience, aim, (gentle, step))
    fastest = _fastest(standing[0], rate)
    percentile = _percentile(standing[0], rate)
    measure = asked if rate else gentle.growth(kindly=True)
    done = census is not None and asked <= census
    grade: Grade = "fine"
    if measure is not None and fastest is not None and measure > fastest and not done:
        grade = "contradiction"
    rare = percentile is not None and percentile > RARE_PERCENTILE
    beyond_own = own is not None and asked > OWN_PACE_FACTOR * own[0] and not done
    steep = step.pace(kindly=True) if rate else step.growth(kindly=True)
    most = _fastest(standing[1], rate)
    alone = gentle is not step and steep is not None and most is not None and steep > most
    if grade == "fine" and (rare or beyond_own or alone):
        grade = "strained"
    reference, source = (own[0], own[1]) if own is not None else (census, None)
    text, text_zh = _pace_words(region, aim, step, gentle)
    unit_zh = "个百分点" if rate else "万人"
    old, old_zh = (" on the old boundary", "按旧区划") if course.base.estimated else ("", "")
    if own is not None:
        text += f", against {own[0] * scale:.2f} in the plan's own {own[1].since}–{own[1].year}"
        text_zh += f"，而文本所载{own[1].since}—{own[1].year}年每年{own[0] * scale:.2f}{unit_zh}"
    if census is not None:
        text += f"{' and' if own else ', against'} {census * scale:.2f} between the censuses{old}"
        text_zh += f"，两次普查间{old_zh}每年{census * scale:.2f}{unit_zh}"
    usual, usual_zh = _placed(standing[0], rate)
    text, text_zh = text + usual, text_zh + usual_zh
    if alone:
        text += f"; none has made {step.pace(kindly=False) * scale:.2f}"
        text_zh += f"；每年{step.pace(kindly=False) * scale:.2f}{unit_zh}则无先例"
    places = cited_aims(aim)
    if source is not None:
        places = (*places, f"{source.source}, {source.place}")
    return Finding(
        "pace",
        region.id,
        aim.target.year,
        (aim.target.indicator,),
        aim.values,
        step.pace(kindly=False),
        reference,
        "points a year" if rate else "persons a year",
        grade,
        f"{text}.",
        f"{text_zh}。",
        places,
    )


def _pace_words(
    region: Region, aim: Aimed, step: RequiredGrowth, gentle: RequiredGrowth
) -> tuple[str, str]:
    """The pace of a target in words, and its gentlest reading where that is another."""
    scale, unit, unit_zh = (1.0, "points", "个百分点") if aim.rate else (1e-4, "万", "万人")
    words, words_zh = aim.words()
    paces = [f"{step.pace(kindly=False) * scale:.2f}"]
    if aim.high > aim.low:
        highest = RequiredGrowth(step.start, aim.high, step.years).pace(kindly=False)
        paces.append(f"{highest * scale:.2f}")
    text = (
        f"{region.names.en} {aim.target.year}: from {step.start.words} to {words} is "
        f"{' to '.join(paces)} {unit} a year"
    )
    text_zh = (
        f"{region.names.zh}由{step.start.words_zh}到{aim.target.year}年{words_zh}，每年需增"
        f"{'至'.join(paces)}{unit_zh}"
    )
    growth = None if aim.rate else step.growth(kindly=False)
    if growth is not None:
        text, text_zh = f"{text} ({100 * growth:.1f} %)", f"{text_zh}（{100 * growth:.1f}%）"
    asked = gentle.pace(kindly=True) * scale
    if gentle is not step:
        return (
            f"{text}, or {asked:.2f} all the way from {gentle.start.words} if what lies between "
            "is exceeded",
            f"{text_zh}；若超额完成其间目标、自{gentle.start.words_zh}起均匀推进，则为{asked:.2f}{unit_zh}",
        )
    if gentle.start.estimated:
        most = gentle.start.high * scale
        unit_of_most = (" %", "%") if aim.rate else (" 万", "万人")
        return (
            f"{text}, {max(asked, 0.0):.2f} if it started from {most:.2f}{unit_of_most[0]}, the "
            "most it may have been",
            f"{text_zh}（若基数取上限{most:.2f}{unit_of_most[1]}，则为{max(asked, 0.0):.2f}"
            f"{unit_zh}）",
        )
    return text, text_zh


def _own_pace(region: Region, aim: Aimed) -> tuple[float, Observation] | None:
    """The past pace that a target's own document prints."""
    indicator = f"{aim.target.indicator}_change_per_year"
    for o in region.observations:
        if o.indicator == indicator and o.source == aim.target.source:
            return amount(o.value, o.unit), o
    return None


def _census_pace(region: Region, rate: bool) -> float | None:
    """Points or persons a year between the last two censuses, each on its own boundary."""
    censuses = [c for c in censuses_of(region) if c.year <= BASE_YEAR and c.total > 0]
    if len(censuses) < 2:
        return None
    first, last = censuses[-2:]
    ends = [100.0 * c.urban / c.total if rate else float(c.urban) for c in (first, last)]
    return (ends[1] - ends[0]) / (last.year - first.year)


def _standings(
    region: Region,
    course: RegionProjection,
    experience: HistoricalRates,
    aim: Aimed,
    ways: Sequence[RequiredGrowth],
) -> list[PercentileRank]:
    """Where ways stand among what regions that started alike have done."""
    found = []
    for way in ways:
        if aim.rate:
            start = way.start.high / 100.0
            points, growth = way.pace(kindly=True), None
        else:
            known = course.total.get(way.start.year)
            total = course.base.total if known is None else known.p50
            start = way.start.high / total
            points, growth = None, way.growth(kindly=True)
        share = min(max(start, 0.0), 1.0)
        found.append(experience.standing(region.level, share, points=points, growth=growth))
    return found


def _placed(standing: PercentileRank, rate: bool) -> tuple[str, str]:
    """Where a pace stands among what regions that started alike have done, in words."""
    percentile, fastest = _percentile(standing, rate), _fastest(standing, rate)
    if percentile is None or fastest is None:
        return "", ""
    if percentile >= 100.0:
        most = f"{fastest:.2f} points" if rate else f"{100 * fastest:.1f} %"
        most_zh = f"{fastest:.2f}个百分点" if rate else f"{100 * fastest:.1f}%"
        return (
            f"; none was faster (at most {most} a year) of {standing.reference_en}",
            f"；没有更快的先例（最快每年{most_zh}；参照：{standing.reference_zh}）",
        )
    return (
        f"; faster than {percentile:.0f} % of {standing.reference_en}",
        f"；快于参照的{percentile:.0f}%（{standing.reference_zh}）",
    )


def _percentile(standing: PercentileRank, rate: bool) -> float | None:
    return standing.points_percentile if rate else standing.growth_percentile


def _fastest(standing: PercentileRank, rate: bool) -> float | None:
    return standing.fastest_points if rate else standing.fastest_growth


def parent_gap(
    region: Region,
    children: Sequence[Region],
    outlook: ProjectionSummary,
    experience: HistoricalRates,
) -> Iterator[Finding]:
    """A parent's target rate, and what its children's projections leave to the stated remainder."""
    course = outlook.courses.get(region.id)
    known = [
        (child, outlook.courses[child.id]) for child in children if child.id in outlook.courses
    ]
    if course is None or not known:
        return
    rest_total = course.base.total - sum(c.base.total for _, c in known)
    rest_urban = course.base.urban - sum(c.base.urban for _, c in known)
    if are_whole([c.base for _, c in known], course.base):
        return
    start = 100.0 * rest_urban / rest_total
    for aim in aims_of(region, RATE):
        year = aim.target.year
        if year not in course.total:
            continue
        total = course.total[year].p50 - sum(c.total[year].p50 for _, c in known)
        urban = aim.low / 100.0 * course.total[year].p50 - sum(c.urban[year].p50 for _, c in known)
        if total <= 0.0:
            continue
        needed, years = 100.0 * urban / total, year - BASE_YEAR
        points = (needed - start) / years
        standing = experience.standing(
            region.level, min(max(start / 100.0, 0.0), 1.0), points=points, growth=None
        )
        percentile = standing.points_percentile
        grade: Grade = "fine"
        if points > standing.fastest_points or needed > 100.0:
            grade = "contradiction"
        elif percentile is not None and percentile > RARE_PERCENTILE:
            grade = "strained"
        placed, placed_zh = _placed(standing, rate=True)
        named = ", ".join(f"{child.names.en} {c.rate[year].p50:.1f} %" for child, c in known)
        named_zh = "、".join(f"{r.names.zh}{c.rate[year].p50:.1f}%" for r, c in known)
        words, words_zh = aim.words()
        yield Finding(
            "parent_gap",
            region.id,
            year,
            (RATE,),
            aim.values,
            needed,
            start,
            "percent",
            grade,
            f"{region.names.en} {year}: with {named} as projected, {words} for the whole asks "
            f"{needed:.1f} % of the stated remainder ({wan(total)}), which had {start:.1f} % in "
            f"{BASE_YEAR}: {points:.2f} points a year{placed}.",
            f"{region.names.zh}{year}年{words_zh}：若{named_zh}（预测中值），其余地区（{wan_zh(total)}）须由"
            f"{BASE_YEAR}年的{start:.1f}%升至{needed:.1f}%，每年{points:.2f}个百分点{placed_zh}。",
            cited_aims(aim),
        )


def near_gap(
    region: Region,
    regions: Mapping[str, Region],
    outlook: ProjectionSummary,
    experience: HistoricalRates,
) -> Iterator[Finding]:
    """A target near another region's rate, against the projection of both in the same draw."""
    course = outlook.courses.get(region.id)
    for target in region.targets:
        other, year = target.relative_to, target.year
        if course is None or other is None or year not in course.lead.get(other, {}):
            continue
        lead, there = course.lead[other][year], outlook.courses[other]
        wanted = there.rate[year].p50 - NEAR_POINTS
        points = (wanted - course.base.rate) / (year - BASE_YEAR)
        standing = experience.standing(
            region.level, course.base.rate / 100.0, points=points, growth=None
        )
        placed, placed_zh = _placed(standing, rate=True)
        grade = grade_against(Interval(-NEAR_POINTS, math.inf), lead)
        before = course.base.rate - there.base.rate
        names = regions[other].names
        yield Finding(
            "parent_gap",
            region.id,
            year,
            (target.indicator,),
            (),
            lead.p50,
            -NEAR_POINTS,
            "points",
            grade,
            f"{region.names.en} {year}: near {names.en}'s rate is at most {NEAR_POINTS:g} point "
            f"below it; {before:+.2f} points in {BASE_YEAR} become {lead.p50:+.1f} in the "
            f"projection (98 of 100 draws: {lead.p01:+.1f} to {lead.p99:+.1f}); reaching "
            f"{wanted:.1f} % is {points:.2f} points a year{placed}.",
            f"{region.names.zh}{year}年接近{names.zh}平均水平（至多低{NEAR_POINTS:g}个百分点）：差距由"
            f"{BASE_YEAR}年的{before:+.2f}个百分点变为预测的{lead.p50:+.1f}（98%的模拟在"
            f"{lead.p01:+.1f}至{lead.p99:+.1f}之间）；达到{wanted:.1f}%每年需{points:.2f}个百分点{placed_zh}。",
            (f"{target.source}, {target.place}",),
        )
