"""Figures that follow from printed ones: earlier rates, parents' rates, what differs."""

from __future__ import annotations

from typing import NamedTuple

from ..kernel.hukou import RegisteredPopulation
from ..texts import Bilingual, say
from ..variables import WAN
from .region import BASE_YEAR, SPAN, Observation, Region, Span
from .units import persons_per
from .workbook.cells import INDICATORS


def derived_figures(region: Region) -> list[str]:
    """Sentences on the figures that a region's printed changes and gaps imply.

    A change since a year gives the rate of that year; a gap gives the rate of the region it is
    measured against. Both are computed here and never typed into the seeds.
    """
    rates = {o.year: o for o in region.observations if o.indicator == "urbanization_rate"}
    lines = []
    for o in region.observations:
        rate = rates.get(o.year)
        if rate is None:
            continue
        if o.indicator == "urbanization_rate_change" and o.since is not None:
            caution = say("inputs.derived.other_vintage") if o.vintage == "mixed" else ""
            said = say(
                "inputs.derived.earlier_rate",
                year=o.since,
                rate=rate.value,
                change=o.value,
                earlier=rate.value - o.value,
                caution=caution,
                source=o.source,
                place=o.place,
            )
            lines.append(said)
        elif o.indicator == "urbanization_rate_gap" and o.relative_to is not None:
            sign = 1.0 if o.direction == "below" else -1.0
            said = say(
                "inputs.derived.rate_of_other",
                region=o.relative_to,
                year=o.year,
                rate=rate.value,
                operator="+" if o.direction == "below" else "-",
                gap=o.value,
                other=rate.value + sign * o.value,
                source=o.source,
                place=o.place,
            )
            lines.append(said)
    return lines


def registered_people(region: Region, indicator: str) -> dict[int, tuple[float, str]]:
    """Persons by year of an observed indicator in the order of years, each with its source.

    The first of several figures of one year counts.
    """
    found: dict[int, tuple[float, str]] = {}
    for o in sorted(region.observations, key=lambda o: o.year):
        if o.indicator == indicator:
            persons = o.value * persons_per(o.unit)
            found.setdefault(o.year, (persons, f"{o.source}, {o.place}"))
    return found


def registered_of(region: Region, span: Span = SPAN) -> RegisteredPopulation | None:
    """Registered people of the base year and the earliest urban count since the census before it.

    None where one of the three is not known: nothing is carried on without an observed pace.
    """
    everybody = registered_people(region, "registered_population")
    urban = registered_people(region, "registered_urban_population")
    earlier = [year for year in urban if span.first <= year < span.base]
    if span.base not in everybody or span.base not in urban or not earlier:
        return None
    now = urban[span.base][0]
    return RegisteredPopulation(
        urban=now,
        rural=everybody[span.base][0] - now,
        earlier_urban=urban[earlier[0]][0],
        years=span.base - earlier[0],
    )


def registered_sentences(region: Region) -> list[str]:
    """Sentences on the urban registered people of every year with a figure."""
    everybody = registered_people(region, "registered_population")
    census = region.baseline.census
    lines = []
    for year, (urban, source) in registered_people(region, "registered_urban_population").items():
        share, beside = say("inputs.derived.registered_unknown"), ""
        if year in everybody:
            total = everybody[year][0]
            of_all = {"total": total / WAN, "share": 100 * urban / total}
            share = say("inputs.derived.registered_share", **of_all)
        if year == census.year:
            resident = 100 * census.urban / census.total
            beside = say("inputs.derived.beside_residents", share=resident)
        parts = {"year": year, "urban": urban / WAN, "share": share, "beside": beside}
        lines.append(say("inputs.derived.registered", **parts, source=source))
    return lines


class CensusDiscrepancy(NamedTuple):
    """A printed figure of the base year that is not what the census counted.

    Attributes
    ----------
    figure : Observation
        As it is printed.
    printed, counted : float
        In ten thousand persons, or percent.
    """

    figure: Observation
    printed: float
    counted: float


def census_discrepancies(region: Region) -> list[CensusDiscrepancy]:
    """Printed figures of the base year that differ from the census count."""
    census = region.baseline.census
    counted = {
        "urban_population": census.urban / WAN,
        "total_population": census.total / WAN,
        "urbanization_rate": 100.0 * census.urban / census.total,
    }
    found = []
    for o in region.observations:
        if o.year != BASE_YEAR or o.indicator not in counted:
            continue
        value = o.value / WAN if o.unit == "persons" else o.value
        if abs(value - counted[o.indicator]) >= 0.005:
            found.append(CensusDiscrepancy(o, value, counted[o.indicator]))
    return found


def discrepancy_sentences(region: Region) -> list[str]:
    """Sentences on printed figures of the base year that differ from the census count."""
    lines = []
    for o, value, counted in census_discrepancies(region):
        is_rate = o.indicator == "urbanization_rate"
        said = say(
            "inputs.derived.differs",
            indicator=Bilingual(o.indicator, INDICATORS.form(o.indicator)).spoken,
            year=o.year,
            printed=value,
            counted=counted,
            apart=value - counted,
            unit=say("inputs.derived.points" if is_rate else "inputs.derived.ten_thousands"),
            source=o.source,
            place=o.place,
        )
        lines.append(said)
    return lines
