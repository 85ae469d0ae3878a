"""Figures that follow from printed ones: earlier rates, parents' rates, what differs."""

from __future__ import annotations

from typing import NamedTuple

from ..kernel.hukou import RegisteredPopulation
from ..variables import WAN
from .region import BASE_YEAR, SPAN, Observation, Region, Span
from .units import persons_per


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
            lines.append(
                f"urbanization rate {o.since}: {rate.value:g} - {o.value:g} = "
                f"{rate.value - o.value:.2f} %{_caution(o)} ({o.source}, {o.place})"
            )
        elif o.indicator == "urbanization_rate_gap" and o.relative_to is not None:
            sign = 1.0 if o.direction == "below" else -1.0
            operator = "+" if o.direction == "below" else "-"
            lines.append(
                f"urbanization rate of {o.relative_to} {o.year}: {rate.value:g} {operator} "
                f"{o.value:g} = {rate.value + sign * o.value:.2f} % ({o.source}, {o.place})"
            )
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
        line = f"{year}: {urban / WAN:.2f} 万 urban"
        if year in everybody:
            total = everybody[year][0]
            line += f" of {total / WAN:.2f} 万, {100 * urban / total:.2f} %"
        else:
            line += "; all registered not known, so no rate"
        if year == census.year:
            line += f", beside {100 * census.urban / census.total:.2f} % of residents"
        lines.append(f"{line} ({source})")
    return lines


def _caution(o: Observation) -> str:
    return ", on another census vintage" if o.vintage == "mixed" else ""


class CensusDiscrepancy(NamedTuple):
    """A printed figure of the base year that is not what the census counted.

    Attributes
    ----------
    figure : Observation
        As it is printed.
    printed, counted : float
        In 万 persons, or percent.
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
        unit = "points" if o.indicator == "urbanization_rate" else "万"
        lines.append(
            f"{o.indicator} {o.year}: {o.value:g} printed, {counted:.2f} counted, "
            f"{value - counted:+.2f} {unit} ({o.source}, {o.place})"
        )
    return lines
