"""What a plan provides for those it expects: jobs and built-up land beside urban growth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...inputs.region import BASE_YEAR, Region, Target
from ..projection_summary import ProjectionSummary, RegionProjection
from ..target_intervals import (
    DISTRICT,
    JOBS,
    URBAN,
    Aimed,
    aims_of,
    cited_aims,
    target_years,
    urban_aim,
    values_of,
)
from .findings import Finding, Grade, printed, wan, wan_zh
from .source_checks import amount


def jobs(region: Region, outlook: ProjectionSummary) -> Iterator[Finding]:
    """New urban jobs against the growth of the urban population of working age.

    New jobs are a gross count, so that more jobs than growth prove nothing; fewer are strained.
    """
    course = outlook.courses.get(region.id)
    for target in region.targets:
        if target.indicator != JOBS or target.value is None or course is None:
            continue
        working = course.working_age.get(target.year)
        if working is None:
            continue
        first = target.from_ if target.from_ is not None else BASE_YEAR + 1
        years = target.year - first + 1
        a_year = target.unit.endswith("_per_year") or target.cumulative is False
        printed_jobs = amount(target.value, target.unit)
        new = printed_jobs * years if a_year else printed_jobs
        aim = urban_aim(region, target.year, course)
        grown = working.projected.p50 - working.base
        reference = grown
        asked, asked_zh = "", ""
        aims = () if aim is None else (aim.aims[0],)
        if aim is not None:
            implied = aim.projected * working.share - working.base
            reference = implied
            words, words_zh = aim.aims[0].words()
            asked = (
                f", and {words} would mean {wan(implied)} ({working.share:.3f} of "
                f"{wan(aim.projected)} less {wan(working.base)})"
            )
            asked_zh = (
                f"，而{words_zh}意味着增加{wan_zh(implied)}（{wan_zh(aim.projected)}×"
                f"{working.share:.3f}−{wan_zh(working.base)}）"
            )
        grade: Grade = "strained" if new < reference else "fine"
        share = f": the jobs cover {100 * new / reference:.0f} % of it" if reference > new else ""
        share_zh = f"，只及其{100 * new / reference:.0f}%" if reference > new else ""
        past, past_zh, places = _past_jobs(region, target)
        sign = "≥ " if target.comparison == ">=" else "≈ "
        per, per_zh = (" a year", "每年") if a_year else ("", "")
        yield Finding(
            "jobs",
            region.id,
            target.year,
            (JOBS, *(a.target.indicator for a in aims)),
            (printed_jobs, *values_of(*aims)),
            new,
            reference,
            "persons",
            grade,
            f"{region.names.en} {first}–{target.year}: {sign}{printed(printed_jobs / 1e4)} 万 new "
            f"urban jobs{per}, {wan(new)} in all{past}; urban residents aged 15–59 are projected "
            f"to change by {wan(grown)}{asked}{share}.",
            f"{region.names.zh}{first}—{target.year}年{per_zh}城镇新增就业"
            f"{printed(printed_jobs / 1e4)}万人，合计{wan_zh(new)}{past_zh}；"
            f"城镇15—59岁人口预测变动{wan_zh(grown)}{asked_zh}{share_zh}。",
            (f"{target.source}, {target.place}", *cited_aims(*aims), *places),
        )


def _past_jobs(region: Region, target: Target) -> tuple[str, str, tuple[str, ...]]:
    """New jobs of an earlier period as the same document prints them."""
    for o in region.observations:
        if o.indicator == JOBS and o.source == target.source and o.since is not None:
            value = wan(amount(o.value, o.unit)), wan_zh(amount(o.value, o.unit))
            span = f"{o.since + 1}–{o.year}"
            place = (f"{o.source}, {o.place}",)
            return f" after {value[0]} in {span}", f"（{span}年为{value[1]}）", place
    return "", "", ()


def density(region: Region, outlook: ProjectionSummary) -> Iterator[Finding]:
    """Built-up area against urban population, where a plan gives both.

    The base is the built-up area of all towns against the urban residents counted; an area that is
    the main city's alone (the document has another figure for its towns) is compared with nothing.
    """
    course = outlook.courses.get(region.id)
    base = _base_density(region, course)
    for year in target_years(region):
        aims = [
            aim
            for indicator in (URBAN, DISTRICT)
            for aim in aims_of(region, indicator, year)
            if aim.target.built_up_area is not None and aim.target.built_up_area.value > 0.0
        ]
        own = [aim for aim in aims if aim.target.region is None]
        aims = own or aims
        if not aims:
            continue
        land = sum(a.target.built_up_area.value for a in aims if a.target.built_up_area)
        people = sum(a.low for a in aims)
        target = people / land
        terms = ", ".join(
            f"{printed(a.low / 1e4)} 万 on {printed(a.target.built_up_area.value)} km²"
            for a in aims
            if a.target.built_up_area
        )
        terms_zh = "，".join(
            f"{printed(a.low / 1e4)}万人/{printed(a.target.built_up_area.value)}平方公里"
            for a in aims
            if a.target.built_up_area
        )
        then, then_zh = _projected_density(region, aims, outlook, year, land)
        grade: Grade = "fine"
        beside, beside_zh, reference = "", "", None
        places: tuple[str, ...] = ()
        if base is not None:
            area, counted, place = base
            reference = counted / area
            grade = "strained" if target < reference else "fine"
            wider = not own
            beside = (
                f", against {reference:,.0f} in {BASE_YEAR} ({wan(counted)} on {printed(area)} km² "
                f"of all towns): land {100 * (land / area - 1):+.0f} %"
                + (", other towns left out," if wider else "")
                + f" people {100 * (people / counted - 1):+.0f} %"
            )
            beside_zh = (
                f"，{BASE_YEAR}年为{reference:,.0f}人（全部城镇{wan_zh(counted)}/{printed(area)}平方公里）："
                f"用地{100 * (land / area - 1):+.0f}%"
                + ("（尚未计其他城镇）" if wider else "")
                + f"，人口{100 * (people / counted - 1):+.0f}%"
            )
            places = (place,)
        yield Finding(
            "density",
            region.id,
            year,
            (*dict.fromkeys(a.target.indicator for a in aims), "built_up_area"),
            values_of(*aims),
            target,
            reference,
            "persons per km2",
            grade,
            f"{region.names.en} {year}: {terms} is {target:,.0f} per km²{beside}{then}.",
            f"{region.names.zh}{year}年{terms_zh}，合每平方公里{target:,.0f}人{beside_zh}{then_zh}。",
            (*cited_aims(*aims), *places),
        )


def _base_density(
    region: Region, course: RegionProjection | None
) -> tuple[float, float, str] | None:
    """Built-up area of all towns in the base year, their residents, and the place in its source."""
    for o in region.observations:
        if o.indicator != "built_up_area" or o.year != BASE_YEAR or o.value <= 0.0:
            continue
        apart = any(
            other.indicator == "mean_town_built_up_area" and other.source == o.source
            for other in region.observations
        )
        if not apart and course is not None and course.base.urban > 0.0:
            return o.value, course.base.urban, f"{o.source}, {o.place}"
    return None


def _projected_density(
    region: Region, aims: Sequence[Aimed], outlook: ProjectionSummary, year: int, land: float
) -> tuple[str, str]:
    """The density of the planned land with the projected median population."""
    people = 0.0
    for aim in aims:
        name = aim.target.region
        if name is None:
            course = outlook.courses.get(region.id)
            spread = None if course is None else course.urban.get(year)
        else:
            spread = outlook.districts.get(name, {}).get(year)
        if spread is None:
            return "", ""
        people += spread.p50
    return (
        f"; with the {wan(people)} projected there, {people / land:,.0f}",
        f"；按预测人口{wan_zh(people)}为{people / land:,.0f}人",
    )
