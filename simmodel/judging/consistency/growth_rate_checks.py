"""Paces that targets ask for, beside what the region and others like it have done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ...inputs.region import BASE_YEAR, Observation, Region
from ...texts import NOTHING, Bilingual, bilingual
from ...variables import WAN
from ..historical_rates import HistoricalRates, PercentileRank
from ..projection_summary import ProjectionSummary, RegionProjection, are_whole
from ..target import NEAR_POINTS, RATE, URBAN, Aim, aims, aims_of, amount, cited_aims
from ..wording import aim_words, percent, persons, points
from .findings import Finding, Grade, grade_against
from .source_checks import censuses_of

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
    words : Bilingual
    estimated : bool
        Whether territory was moved, so that nobody has counted it.
    """

    year: int
    value: float
    high: float
    exceedable: bool
    words: Bilingual
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
        known = [*_known_points(region, course, indicator)]
        for aim in aims_of(region, indicator):
            ways = _ways(known, aim)
            yield _pace_finding(region, course, experience, aim, ways)
            year = aim.target.year
            free = aim.target.comparison == ">="
            words = bilingual("consistency.start_target", aim=aim_words(aim), year=year)
            known.append(StartingPoint(year, aim.low, aim.low, free, words))


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
    words = bilingual(
        "consistency.start_estimated" if estimated else "consistency.start",
        figure=_figure(value, indicator == RATE),
        year=year,
    )
    return StartingPoint(year, value, high, False, words, estimated)


def _figure(value: float, rate: bool) -> Bilingual:
    """A rate or a head-count with two decimals."""
    if rate:
        return percent(value)
    return bilingual("judging.persons", value=f"{value / WAN:.2f}")


def _ways(known: Sequence[StartingPoint], aim: Aim) -> list[RequiredGrowth]:
    """The way from the point before a target, and those past points that may be exceeded."""
    found: list[RequiredGrowth] = []
    before = [p for p in known if p.year < aim.target.year]
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
    aim: Aim,
    ways: Sequence[RequiredGrowth],
) -> Finding:
    step = ways[0]
    gentle = min(ways, key=lambda way: way.pace(kindly=True))
    rate = aim.is_rate
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
    words = _pace_words(region, aim, step, gentle)
    if own is not None:
        words += bilingual(
            "consistency.own_pace",
            pace=_pace(own[0], rate, bare=True),
            since=own[1].since,
            until=own[1].year,
        )
    if census is not None:
        words += bilingual(
            "consistency.also_between_censuses" if own else "consistency.between_censuses",
            pace=_pace(census, rate, bare=True),
            boundary=bilingual("consistency.old_boundary") if course.base.estimated else NOTHING,
        )
    words += _placed(standing[0], rate)
    if alone:
        pace = _pace(step.pace(kindly=False), rate, bare=True)
        words += bilingual("consistency.none_made", pace=pace)
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
        *bilingual("consistency.sentence", words=words),
        places,
    )


def _pace(value: float, rate: bool, *, bare: bool = False) -> Bilingual:
    """Points or persons a year; ``bare`` is without its unit in English, which was said before."""
    said = points(value) if rate else _figure(value, rate)
    return Bilingual(f"{value * (1.0 if rate else 1 / WAN):.2f}", said.zh) if bare else said


def _pace_words(
    region: Region, aim: Aim, step: RequiredGrowth, gentle: RequiredGrowth
) -> Bilingual:
    """The pace of a target in words, and its gentlest reading where that is another."""
    scale = 1.0 if aim.is_rate else 1 / WAN
    ends = [step, RequiredGrowth(step.start, aim.high, step.years)] if aim.is_band else [step]
    paces = [f"{way.pace(kindly=False) * scale:.2f}" for way in ends]
    words = bilingual(
        "consistency.pace",
        place=region.names,
        year=aim.target.year,
        start=step.start.words,
        aim=aim_words(aim),
        pace=bilingual(
            "judging.points" if aim.is_rate else "judging.persons",
            value=bilingual("judging.to").join(Bilingual(pace, pace) for pace in paces),
        ),
    )
    growth = None if aim.is_rate else step.growth(kindly=False)
    if growth is not None:
        words += bilingual("consistency.growth", growth=100 * growth)
    asked = gentle.pace(kindly=True)
    if gentle is not step:
        pace = _pace(asked, aim.is_rate, bare=True)
        return words + bilingual("consistency.all_the_way", pace=pace, start=gentle.start.words)
    if gentle.start.estimated:
        return words + bilingual(
            "consistency.from_most",
            pace=_pace(max(asked, 0.0), aim.is_rate, bare=True),
            most=_figure(gentle.start.high, aim.is_rate),
        )
    return words


def _own_pace(region: Region, aim: Aim) -> tuple[float, Observation] | None:
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
    aim: Aim,
    ways: Sequence[RequiredGrowth],
) -> list[PercentileRank]:
    """Where ways stand among what regions that started alike have done."""
    found = []
    for way in ways:
        if aim.is_rate:
            start = way.start.high / 100.0
            pace, growth = way.pace(kindly=True), None
        else:
            known = course.total.get(way.start.year)
            total = course.base.total if known is None else known.p50
            start = way.start.high / total
            pace, growth = None, way.growth(kindly=True)
        share = min(max(start, 0.0), 1.0)
        found.append(experience.standing(region.level, share, points=pace, growth=growth))
    return found


def _placed(standing: PercentileRank, rate: bool) -> Bilingual:
    """Where a pace stands among what regions that started alike have done, in words."""
    percentile, fastest = _percentile(standing, rate), _fastest(standing, rate)
    if percentile is None or fastest is None:
        return NOTHING
    if percentile >= 100.0:
        most = points(fastest) if rate else percent(100 * fastest, 1)
        return bilingual("consistency.none_faster", most=most, reference=standing.reference)
    return bilingual("consistency.faster_than", percentile=percentile, reference=standing.reference)


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
        pace = (needed - start) / years
        standing = experience.standing(
            region.level, min(max(start / 100.0, 0.0), 1.0), points=pace, growth=None
        )
        percentile = standing.points_percentile
        grade: Grade = "fine"
        if pace > standing.fastest_points or needed > 100.0:
            grade = "contradiction"
        elif percentile is not None and percentile > RARE_PERCENTILE:
            grade = "strained"
        named = bilingual("judging.enumeration").join(
            bilingual(
                "consistency.region_rate", place=child.names, rate=percent(c.rate[year].p50, 1)
            )
            for child, c in known
        )
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
            *bilingual(
                "consistency.parent_gap",
                place=region.names,
                year=year,
                named=named,
                aim=aim_words(aim),
                needed=percent(needed, 1),
                rest=persons(total),
                start=percent(start, 1),
                base_year=BASE_YEAR,
                pace=points(pace),
                placed=_placed(standing, rate=True),
            ),
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
    for aim in aims(region):
        target = aim.target
        other, year = aim.relative_to, target.year
        if course is None or other is None or year not in course.lead.get(other, {}):
            continue
        lead, there = course.lead[other][year], outlook.courses[other]
        wanted = there.rate[year].p50 - NEAR_POINTS
        pace = (wanted - course.base.rate) / (year - BASE_YEAR)
        standing = experience.standing(
            region.level, course.base.rate / 100.0, points=pace, growth=None
        )
        yield Finding(
            "parent_gap",
            region.id,
            year,
            (target.indicator,),
            (),
            lead.p50,
            aim.interval.low,
            "points",
            grade_against(aim.interval, lead),
            *bilingual(
                "consistency.near_gap",
                place=region.names,
                year=year,
                other=regions[other].names,
                near=NEAR_POINTS,
                base_year=BASE_YEAR,
                before=course.base.rate - there.base.rate,
                median=lead.p50,
                low=lead.p01,
                high=lead.p99,
                wanted=percent(wanted, 1),
                pace=points(pace),
                placed=_placed(standing, rate=True),
            ),
            cited_aims(aim),
        )
