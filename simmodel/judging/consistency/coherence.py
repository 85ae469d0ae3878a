"""Do targets fit each other, the projection, and what regions have done? All findings together.

Here what several targets of one year imply, and population targets beside the trend; the other
codes are in `growth_rate_checks`, `subregion_checks`, `jobs_and_land_checks` and `source_checks`.
Each rule takes plain declarations and what is projected. Thresholds that no source gives are
assumed (docs/model.md).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence

from ...inputs.region import BASE_YEAR, Region
from ...texts import NOTHING, Bilingual, bilingual
from ...variables import WAN
from ..historical_rates import HistoricalRates
from ..intervals import Interval, ProjectedQuantiles
from ..projection_summary import ProjectionSummary, RegionProjection
from ..target import (
    RATE,
    TOTAL,
    URBAN,
    Aim,
    aims_of,
    amount,
    cited_aims,
    printed_values,
    target_years,
)
from ..wording import aim_words, bounds, persons, printed, printed_persons
from .findings import Finding, grade_against, ordered
from .growth_rate_checks import near_gap, pace, parent_gap
from .jobs_and_land_checks import density, jobs
from .source_checks import censuses_of, document, gaps, rebasing
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
                yield _implied(region, year, (count, rate), course, TOTAL, _shares)
            for total in totals if not counts else []:
                yield _implied(region, year, (total, rate), course, URBAN, _products)
        for count in counts if not rates else []:
            for total in totals:
                yield _implied(region, year, (count, total), course, RATE, _rates)


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


def _implied(
    region: Region,
    year: int,
    given: tuple[Aim, Aim],
    course: RegionProjection,
    what: str,
    implied: Callable[[Interval, Interval], Interval],
) -> Finding:
    """What two targets imply, against its projection."""
    quantiles = {TOTAL: course.total, URBAN: course.urban, RATE: course.rate}[what][year]
    unit = "percent" if what == RATE else "persons"
    first, second = given
    grade = grade_against(implied(first.interval, second.interval), quantiles)
    exact = implied(first.exact, second.exact)
    # Told from its nearer end: above the projection the least, below it the most that is implied.
    value = exact.nearest(quantiles.p50)
    if value == quantiles.p50:
        value = exact.low if math.isinf(exact.high) else exact.high
    shown = exact
    if exact.low > quantiles.p50:
        shown = Interval(exact.low, math.inf)
    elif exact.high < quantiles.p50:
        shown = Interval(0.0, exact.high)
    beside = beyond = NOTHING
    if what != RATE:
        beside = bilingual("consistency.beside", counted=_counted(course, what == TOTAL))
        beyond = _beyond(value, quantiles) if grade == "contradiction" else NOTHING
    return Finding(
        "rate_count_total",
        region.id,
        year,
        tuple(aim.target.indicator for aim in given),
        printed_values(*given),
        value,
        quantiles.p50,
        unit,
        grade,
        *bilingual(
            f"consistency.implied.{what}",
            place=region.names,
            year=year,
            first=aim_words(first),
            second=aim_words(second),
            implied=bounds(shown, unit),
            terms=_arithmetic(what, given, value == exact.low),
            projected=_range(quantiles, unit),
            beside=beside,
            beyond=beyond,
        ),
        cited_aims(*given),
    )


def _arithmetic(what: str, given: tuple[Aim, Aim], lower: bool) -> str:
    """How an end of what two targets imply comes about."""
    first, second = given
    if what == URBAN:
        one, two = (first.low, second.low) if lower else (first.high, second.high)
        return f"{printed(one / WAN)} × {printed(two)} %"
    one, two = (first.low, second.high) if lower else (first.high, second.low)
    if what == TOTAL:
        return f"{printed(one / WAN)} / {printed(two)} %"
    return f"{printed(one / WAN)} / {printed(two / WAN)}"


def _each_other(region: Region, year: int, rate: Aim, count: Aim, total: Aim) -> Finding:
    """All three of one year against each other."""
    meets = _products(total.interval, rate.interval).meets(count.interval)
    exact = _products(total.exact, rate.exact)
    return Finding(
        "rate_count_total",
        region.id,
        year,
        (RATE, URBAN, TOTAL),
        printed_values(rate, count, total),
        exact.nearest(count.low),
        count.low,
        "persons",
        "fine" if meets else "contradiction",
        *bilingual(
            "consistency.three_fit" if meets else "consistency.three_do_not_fit",
            place=region.names,
            year=year,
            rate=aim_words(rate),
            total=aim_words(total),
            count=aim_words(count),
            implied=bounds(exact),
        ),
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
        quantiles = course.total[year]
        grade = grade_against(aim.interval, quantiles)
        since, known = _latest_total(region, course, year)
        asked = aim.exact.nearest(quantiles.p50)
        yield Finding(
            "total_trend",
            region.id,
            year,
            (TOTAL,),
            aim.values,
            aim.low,
            quantiles.p50,
            "persons",
            grade,
            *bilingual(
                "consistency.total_trend",
                place=region.names,
                year=year,
                aim=aim_words(aim),
                growth=100.0 * (aim.low / known - 1.0),
                known=printed_persons(known),
                since=since,
                past=_between_censuses(region),
                projected=_range(quantiles),
                beyond=_beyond(asked, quantiles) if grade == "contradiction" else NOTHING,
            ),
            cited_aims(aim),
        )


def _latest_total(region: Region, course: RegionProjection, before: int) -> tuple[int, float]:
    """Year and persons of the latest known total before a year, on the base census."""
    found = (BASE_YEAR, course.base.total)
    for o in region.observations:
        if o.indicator == TOTAL and BASE_YEAR < o.year < before and o.year > found[0]:
            found = (o.year, amount(o.value, o.unit))
    return found


def _between_censuses(region: Region) -> Bilingual:
    """How a region's total moved between its last two censuses."""
    censuses = [c for c in censuses_of(region) if c.year <= BASE_YEAR]
    if len(censuses) < 2:
        return NOTHING
    first, last = censuses[-2:]
    return bilingual(
        "consistency.total_fell" if last.total < first.total else "consistency.total_rose",
        start=f"{first.total / WAN:,.2f}",
        end=f"{last.total / WAN:,.2f}",
        first=first.year,
        last=last.year,
    )


def _range(quantiles: ProjectedQuantiles, unit: str = "persons") -> Bilingual:
    """The median and where 98 of 100 draws lie, in words."""
    low, median, high = quantiles.p01, quantiles.p50, quantiles.p99
    if unit == "persons":
        number = persons(low).en.split()[0]
        return bilingual(
            "consistency.count_range", median=persons(median), low=number, high=persons(high)
        )
    return bilingual("consistency.rate_range", median=median, low=low, high=high)


def _beyond(asked: float, quantiles: ProjectedQuantiles) -> Bilingual:
    """How far a value lies outside nearly all draws; nothing where it lies inside."""
    edge = quantiles.nearly_all.nearest(asked)
    if edge == asked or math.isinf(asked):
        return NOTHING
    return bilingual(
        "consistency.above_range" if asked > edge else "consistency.below_range",
        distance=persons(abs(asked - edge)),
        share=100.0 * abs(asked / edge - 1.0),
    )


def _counted(course: RegionProjection, total: bool = True) -> Bilingual:
    """What the base year had."""
    value = course.base.total if total else course.base.urban
    if course.base.estimated:
        return bilingual("consistency.lived_there", persons=persons(value), year=BASE_YEAR)
    return bilingual("consistency.census_counted", persons=printed_persons(value), year=BASE_YEAR)
