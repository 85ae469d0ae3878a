"""Do targets fit each other, the projection, and what regions have done? All findings together.

Here what several targets of one year imply, and population targets beside the trend; the other
codes stand in `paces`, `parts`, `provisions` and `documents`. Each rule takes plain declarations
and what is projected. Thresholds that no source gives are assumed and stand in docs/model.md.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from ...inputs.region import BASE_YEAR, Region
from ..historical_rates import HistoricalRates
from ..projection_summary import ProjectionSummary, RegionProjection
from ..target_intervals import (
    RATE,
    TOTAL,
    URBAN,
    Aimed,
    aims_of,
    cited_aims,
    target_years,
    values_of,
)
from .findings import (
    Finding,
    Interval,
    ProjectedQuantiles,
    bounds,
    grade_against,
    ordered,
    printed,
    wan,
    wan_zh,
)
from .growth_rate_checks import near_gap, pace, parent_gap
from .jobs_and_land_checks import density, jobs
from .source_checks import amount, censuses_of, document, gaps, rebasing
from .subregion_checks import children_sum, districts_sum


def check(
    checked: Sequence[str],
    regions: Mapping[str, Region],
    kinds: Mapping[str, str],
    outlook: ProjectionSummary,
    experience: HistoricalRates,
) -> list[Finding]:
    """Check the targets and printed figures of some regions.

    Parameters
    ----------
    checked : sequence of str
        Regions whose targets are checked; those without targets are left out.
    regions : mapping of str to Region
        All that are known.
    kinds : mapping of str to str
        Kind of each source.
    outlook : ProjectionSummary
    experience : HistoricalRates

    Returns
    -------
    list of Finding
        The gravest first.
    """
    found: list[Finding] = []
    those = [regions[name] for name in checked if regions[name].targets]
    for region in those:
        children = [other for other in regions.values() if other.parent == region.id]
        found += rate_count_total(region, outlook)
        found += total_trend(region, outlook)
        found += pace(region, outlook, experience)
        found += children_sum(region, children, outlook)
        found += districts_sum(region, regions, outlook)
        found += parent_gap(region, children, outlook, experience)
        found += near_gap(region, regions, outlook, experience)
        found += jobs(region, outlook)
        found += density(region, outlook)
        found += rebasing(region, kinds)
        found += document(region)
    found += gaps(those, regions)
    return ordered(found)


def rate_count_total(region: Region, outlook: ProjectionSummary) -> Iterator[Finding]:
    """Rate, head-count and total of one year: two of them imply the third.

    The implied total, else head-count, else rate is held against the projection; all three given
    are held against each other too.
    """
    course = outlook.courses.get(region.id)
    for year in target_years(region):
        rates, counts, totals = (aims_of(region, i, year) for i in (RATE, URBAN, TOTAL))
        for rate in rates:
            for total in totals:
                for count in counts:
                    yield _each_other(region, year, rate, count, total)
        if course is None or year not in course.total:
            continue
        for rate in rates:
            for count in counts:
                yield _implied(
                    region, year, (count, rate), course, TOTAL, _shares(count.open, rate.open),
                    _shares(count.exact, rate.exact),
                )  # fmt: skip
            for total in totals if not counts else []:
                yield _implied(
                    region, year, (total, rate), course, URBAN, _products(total.open, rate.open),
                    _products(total.exact, rate.exact),
                )  # fmt: skip
        for count in counts if not rates else []:
            for total in totals:
                yield _implied(
                    region, year, (count, total), course, RATE, _rates(count.open, total.open),
                    _rates(count.exact, total.exact),
                )  # fmt: skip


def _shares(count: Interval, rate: Interval) -> Interval:
    """Totals of which a count can be a rate."""
    if rate.high <= 0.0:
        return Interval(0.0 if count.low <= 0.0 else math.inf, math.inf)
    high = math.inf if rate.low <= 0.0 else 100.0 * count.high / rate.low
    return Interval(100.0 * count.low / rate.high, high)


def _products(total: Interval, rate: Interval) -> Interval:
    """Counts that can be a rate of a total."""
    high = math.inf if math.isinf(total.high) else total.high * rate.high / 100.0
    return Interval(total.low * rate.low / 100.0, high)


def _rates(count: Interval, total: Interval) -> Interval:
    """Rates that a count can be of a total, at most all of it."""
    low = 0.0 if math.isinf(total.high) else 100.0 * count.low / total.high
    high = 100.0 if total.low <= 0.0 else 100.0 * count.high / total.low
    return Interval(low, min(high, 100.0))


IMPLIED_WORDS: Final = {
    TOTAL: ("residents", "常住人口"),
    URBAN: ("urban residents", "城镇人口"),
    RATE: ("urban", "城镇化率"),
}


def _implied(
    region: Region,
    year: int,
    given: tuple[Aimed, Aimed],
    course: RegionProjection,
    what: str,
    open_: Interval,
    exact: Interval,
) -> Finding:
    """What two targets imply, against its projection."""
    spread = {TOTAL: course.total, URBAN: course.urban, RATE: course.rate}[what][year]
    unit = "percent" if what == RATE else "persons"
    grade = grade_against(open_, spread)
    # Told from its nearer end: above the projection the least, below it the most that is implied.
    value = exact.nearest(spread.p50)
    if value == spread.p50:
        value = exact.low if math.isinf(exact.high) else exact.high
    shown = exact
    if exact.low > spread.p50:
        shown = Interval(exact.low, math.inf)
    elif exact.high < spread.p50:
        shown = Interval(0.0, exact.high)
    implied, implied_zh = bounds(shown, unit)
    sum_ = _arithmetic(what, given, value == exact.low)
    name, name_zh = IMPLIED_WORDS[what]
    (first, first_zh), (second, second_zh) = (aim.words() for aim in given)
    of = {TOTAL: "urban at", URBAN: "residents at", RATE: "urban of"}[what]
    projected, projected_zh = _ranges(spread, unit)
    counted, counted_zh = _counted(course, what == TOTAL)
    counted = "" if what == RATE else f", and {counted}"
    counted_zh = "" if what == RATE else f"，{counted_zh}"
    beyond, beyond_zh = ("", "") if grade != "contradiction" else _beyond(value, spread)
    if what == RATE:
        beyond, beyond_zh = "", ""
    tail = " residents" if what == RATE else ""
    return Finding(
        "rate_count_total",
        region.id,
        year,
        tuple(aim.target.indicator for aim in given),
        values_of(*given),
        value,
        spread.p50,
        unit,
        grade,
        f"{region.names.en} {year}: {first} {of} {second}{tail} implies {implied} {name} ({sum_}), "
        f"where {projected} are projected{counted}{beyond}.",
        f"{region.names.zh}{year}年{first_zh}与{second_zh}两项目标意味着{name_zh}{implied_zh}"
        f"（{sum_}），而预测为{projected_zh}{counted_zh}{beyond_zh}。",
        cited_aims(*given),
    )


def _arithmetic(what: str, given: tuple[Aimed, Aimed], lower: bool) -> str:
    """How an end of what two targets imply comes about."""
    first, second = given
    if what == URBAN:
        one, two = (first.low, second.low) if lower else (first.high, second.high)
        return f"{printed(one / 1e4)} × {printed(two)} %"
    one, two = (first.low, second.high) if lower else (first.high, second.low)
    if what == TOTAL:
        return f"{printed(one / 1e4)} / {printed(two)} %"
    return f"{printed(one / 1e4)} / {printed(two / 1e4)}"


def _each_other(region: Region, year: int, rate: Aimed, count: Aimed, total: Aimed) -> Finding:
    """All three of one year against each other."""
    open_ = _products(total.open, rate.open)
    meets = open_.meets(count.open)
    exact = _products(total.exact, rate.exact)
    value = exact.nearest(count.low)
    words, words_zh = zip(*(aim.words() for aim in (rate, total, count)), strict=True)
    implied, implied_zh = bounds(exact)
    return Finding(
        "rate_count_total",
        region.id,
        year,
        (RATE, URBAN, TOTAL),
        values_of(rate, count, total),
        value,
        count.low,
        "persons",
        "fine" if meets else "contradiction",
        f"{region.names.en} {year}: {words[0]} of {words[1]} residents is {implied} urban, "
        + ("which fits" if meets else "which does not fit")
        + f" the head-count target of {words[2]}.",
        f"{region.names.zh}{year}年{words_zh[1]}人口的{words_zh[0]}为城镇人口{implied_zh}，与城镇人口"
        f"目标{words_zh[2]}" + ("相符。" if meets else "不符。"),
        cited_aims(rate, count, total),
    )


def total_trend(region: Region, outlook: ProjectionSummary) -> Iterator[Finding]:
    """A population target against the projected total."""
    course = outlook.courses.get(region.id)
    if course is None:
        return
    for aim in aims_of(region, TOTAL):
        year = aim.target.year
        if year not in course.total:
            continue
        spread = course.total[year]
        grade = grade_against(aim.open, spread)
        since, known = _latest_total(region, course, year)
        growth = 100.0 * (aim.low / known - 1.0)
        past, past_zh = _between_censuses(region)
        projected, projected_zh = _ranges(spread)
        asked = aim.exact.nearest(spread.p50)
        beyond, beyond_zh = ("", "") if grade != "contradiction" else _beyond(asked, spread)
        words, words_zh = aim.words()
        yield Finding(
            "total_trend",
            region.id,
            year,
            (TOTAL,),
            aim.values,
            aim.low,
            spread.p50,
            "persons",
            grade,
            f"{region.names.en} {year}: {words} residents is {growth:+.1f} % on the "
            f"{printed(known / 1e4)} 万 of {since}, the latest figure known{past}; {projected} "
            f"are projected{beyond}.",
            f"{region.names.zh}{year}年常住人口{words_zh}，比最近的{since}年"
            f"{printed(known / 1e4)}万人变动{growth:+.1f}%{past_zh}；"
            f"预测为{projected_zh}{beyond_zh}。",
            cited_aims(aim),
        )


def _latest_total(region: Region, course: RegionProjection, before: int) -> tuple[int, float]:
    """Year and persons of the latest known total before a year, on the base census."""
    found = (BASE_YEAR, course.base.total)
    for o in region.observations:
        if o.indicator == TOTAL and BASE_YEAR < o.year < before and o.year > found[0]:
            found = (o.year, amount(o.value, o.unit))
    return found


def _between_censuses(region: Region) -> tuple[str, str]:
    """How a region's total moved between its last two censuses."""
    censuses = [c for c in censuses_of(region) if c.year <= BASE_YEAR]
    if len(censuses) < 2:
        return "", ""
    first, last = censuses[-2:]
    verb, verb_zh = ("fell", "减至") if last.total < first.total else ("rose", "增至")
    one, two = f"{first.total / 1e4:,.2f}", f"{last.total / 1e4:,.2f}"
    return (
        f", for a population that {verb} from {one} to {two} 万 between the censuses of "
        f"{first.year} and {last.year}",
        f"，而{first.year}至{last.year}年两次普查间由{one}万人{verb_zh}{two}万人",
    )


def _ranges(spread: ProjectedQuantiles, unit: str = "persons") -> tuple[str, str]:
    """The median and where 98 of 100 draws lie, in words."""
    if unit == "persons":
        low, high = wan(spread.p01).split()[0], wan(spread.p99)
        return (
            f"{wan(spread.p50)} (98 of 100 draws: {low} to {high})",
            f"{wan_zh(spread.p50)}（98%的模拟在{low}—{wan_zh(spread.p99)}之间）",
        )
    low, high = f"{spread.p01:.1f}", f"{spread.p99:.1f}"
    return (
        f"{spread.p50:.1f} % (98 of 100 draws: {low} to {high} %)",
        f"{spread.p50:.1f}%（98%的模拟在{low}%—{high}%之间）",
    )


def _beyond(asked: float, spread: ProjectedQuantiles) -> tuple[str, str]:
    """How far a value lies outside nearly all draws; nothing where it lies inside."""
    edge = spread.nearly_all.nearest(asked)
    if edge == asked or math.isinf(asked):
        return "", ""
    short, share = abs(asked - edge), 100.0 * abs(asked / edge - 1.0)
    side = ("above", "高出") if asked > edge else ("below", "低出")
    return (
        f"; {wan(short)} ({share:.0f} %) {side[0]} the end of that range",
        f"，{side[1]}该区间{wan_zh(short)}（{share:.0f}%）",
    )


def _counted(course: RegionProjection, total: bool = True) -> tuple[str, str]:
    """What the base year had."""
    value = course.base.total if total else course.base.urban
    if course.base.estimated:
        return (
            f"about {wan(value)} lived there in {BASE_YEAR} on today's boundary",
            f"{BASE_YEAR}年按现行区划约{wan_zh(value)}",
        )
    return (
        f"the census of {BASE_YEAR} counted {printed(value / 1e4)} 万",
        f"{BASE_YEAR}年普查为{printed(value / 1e4)}万人",
    )
