"""How many urban residents a region's targets of a year mean."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..inputs.region import Region
from ..variables import WAN
from .projection_summary import RegionProjection
from .target import RATE, URBAN, Aim, aims_of
from .wording import printed


@dataclass(frozen=True)
class ImpliedUrban:
    """How many urban residents a region's targets of a year mean.

    Attributes
    ----------
    value : float
        The head-count aimed at, or the rate aimed at times the total of the base year.
    projected : float
        The same with the median total of the year.
    ceiling, usual_ceiling : float
        The most that its targets allow, with the 99th percentile and with the median of the
        total; infinite where nothing bounds it.
    aims : tuple of Aim
        The targets concerned, that which gives the value first.
    terms : str
        How the value comes about, in 10 thousand persons.
    """

    value: float
    projected: float
    ceiling: float
    usual_ceiling: float
    aims: tuple[Aim, ...]
    terms: str


def implied_urban(region: Region, year: int, course: RegionProjection) -> ImpliedUrban | None:
    """Urban residents that a region's own targets of a year mean; None without such targets."""
    counts, rates = aims_of(region, URBAN, year), aims_of(region, RATE, year)
    total = course.total.get(year)
    if total is None or not (counts or rates):
        return None
    ceilings = [c.interval.high for c in counts]
    most = min([*ceilings, *(r.interval.high / 100.0 * total.p99 for r in rates)])
    usual = min([*ceilings, *(r.interval.high / 100.0 * total.p50 for r in rates)])
    if all(r.target.comparison == ">=" and not r.is_band for r in rates):
        # A rate of at least so much bounds nothing but by all residents being urban.
        most = usual = min([*ceilings, math.inf])
    if counts:
        value = projected = counts[0].low
        terms = printed(value / WAN)
    else:
        share = rates[0].low / 100.0
        value, projected = share * course.base.total, share * total.p50
        factors = f"{printed(rates[0].low)} % × {course.base.total / WAN:.1f}"
        terms = f"{factors} = {value / WAN:.1f}"
    return ImpliedUrban(value, projected, most, usual, (*counts, *rates), terms)
