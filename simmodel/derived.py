"""Figures that follow from printed ones: earlier rates, parents' rates, what differs."""

from __future__ import annotations

from .region import BASE_YEAR, Observation, Region


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


def _caution(o: Observation) -> str:
    return ", on another census vintage" if o.vintage == "mixed" else ""


def differences(region: Region) -> list[str]:
    """Sentences on printed figures of the base year that differ from the census count."""
    census = region.baseline.census
    counted = {
        "urban_population": census.urban / 1e4,
        "total_population": census.total / 1e4,
        "urbanization_rate": 100.0 * census.urban / census.total,
    }
    lines = []
    for o in region.observations:
        if o.year != BASE_YEAR or o.indicator not in counted:
            continue
        value = o.value / 1e4 if o.unit == "persons" else o.value
        difference = value - counted[o.indicator]
        if abs(difference) >= 0.005:
            unit = "points" if o.indicator == "urbanization_rate" else "万"
            lines.append(
                f"{o.indicator} {o.year}: {o.value:g} printed, {counted[o.indicator]:.2f} counted, "
                f"{difference:+.2f} {unit} ({o.source}, {o.place})"
            )
    return lines
