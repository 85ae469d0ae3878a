"""What a plan provides for those it expects: jobs and built-up land beside urban growth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...inputs.region import BASE_YEAR, Region, Target
from ...texts import NOTHING, Bilingual, bilingual
from ..implied_urban import implied_urban
from ..projection_summary import ProjectionSummary, RegionProjection
from ..target import (
    DISTRICT,
    JOBS,
    URBAN,
    Aim,
    aims_of,
    amount,
    cited_aims,
    printed_values,
    target_years,
)
from ..wording import aim_words, persons, printed, printed_persons
from .findings import Finding, Grade


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
        aim = implied_urban(region, target.year, course)
        grown = working.projected.p50 - working.base
        reference = grown
        asked, aims = NOTHING, () if aim is None else (aim.aims[0],)
        if aim is not None:
            reference = aim.projected * working.share - working.base
            asked = bilingual(
                "consistency.jobs_asked",
                aim=aim_words(aim.aims[0]),
                implied=persons(reference),
                share=working.share,
                residents=persons(aim.projected),
                base=persons(working.base),
            )
        grade: Grade = "strained" if new < reference else "fine"
        cover = NOTHING
        if reference > new:
            cover = bilingual("consistency.jobs_cover", share=100 * new / reference)
        past, places = _past_jobs(region, target)
        yield Finding(
            "jobs",
            region.id,
            target.year,
            (JOBS, *(a.target.indicator for a in aims)),
            (printed_jobs, *printed_values(*aims)),
            new,
            reference,
            "persons",
            grade,
            *bilingual(
                "consistency.jobs_a_year" if a_year else "consistency.jobs",
                place=region.names,
                first=first,
                year=target.year,
                sign=Bilingual("≥" if target.comparison == ">=" else "≈", ""),
                jobs=printed_persons(printed_jobs),
                total=persons(new),
                past=past,
                grown=persons(grown),
                asked=asked,
                cover=cover,
            ),
            (f"{target.source}, {target.place}", *cited_aims(*aims), *places),
        )


def _past_jobs(region: Region, target: Target) -> tuple[Bilingual, tuple[str, ...]]:
    """New jobs of an earlier period as the same document prints them, and where."""
    for o in region.observations:
        if o.indicator == JOBS and o.source == target.source and o.since is not None:
            past = bilingual(
                "consistency.jobs_past",
                jobs=persons(amount(o.value, o.unit)),
                first=o.since + 1,
                last=o.year,
            )
            return past, (f"{o.source}, {o.place}",)
    return NOTHING, ()


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
        terms = bilingual("judging.comma").join(
            bilingual(
                "consistency.people_on_land",
                people=printed_persons(a.low),
                area=printed(a.target.built_up_area.value),
            )
            for a in aims
            if a.target.built_up_area
        )
        grade: Grade = "fine"
        beside, reference = NOTHING, None
        places: tuple[str, ...] = ()
        if base is not None:
            area, counted, place = base
            reference = counted / area
            grade = "strained" if target < reference else "fine"
            beside = bilingual(
                "consistency.density_base" if own else "consistency.density_base_towns_left_out",
                density=f"{reference:,.0f}",
                base_year=BASE_YEAR,
                people=persons(counted),
                area=printed(area),
                land=100 * (land / area - 1),
                growth=100 * (people / counted - 1),
            )
            places = (place,)
        yield Finding(
            "density",
            region.id,
            year,
            (*dict.fromkeys(a.target.indicator for a in aims), "built_up_area"),
            printed_values(*aims),
            target,
            reference,
            "persons per km2",
            grade,
            *bilingual(
                "consistency.density",
                place=region.names,
                year=year,
                terms=terms,
                density=f"{target:,.0f}",
                beside=beside,
                projected=_projected_density(region, aims, outlook, year, land),
            ),
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
    region: Region, aims: Sequence[Aim], outlook: ProjectionSummary, year: int, land: float
) -> Bilingual:
    """The density of the planned land with the projected median population."""
    people = 0.0
    for aim in aims:
        name = aim.target.region
        if name is None:
            course = outlook.courses.get(region.id)
            projected = None if course is None else course.urban.get(year)
        else:
            projected = outlook.districts.get(name, {}).get(year)
        if projected is None:
            return NOTHING
        people += projected.p50
    return bilingual(
        "consistency.density_projected", people=persons(people), density=f"{people / land:,.0f}"
    )
