"""Targets as intervals: what a plan asks for, and how many urban residents it means."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from ..inputs.region import BASE_YEAR, Region, Target
from .consistency.findings import Interval, printed
from .consistency.source_checks import amount
from .projection_summary import RegionProjection
from .verdicts import half_last_digit, printed_rate

RATE: Final = "urbanization_rate"
URBAN: Final = "urban_population"
TOTAL: Final = "total_population"
DISTRICT: Final = "urban_district_population"
JOBS: Final = "new_urban_jobs"


@dataclass(frozen=True)
class Aimed:
    """What a target asks for.

    Attributes
    ----------
    target : Target
    open : Interval
        Persons or percent, rounding included; open above where the text says at least.
    low, high : float
        As printed; they differ for a band of change a year.
    """

    target: Target
    open: Interval
    low: float
    high: float

    @property
    def rate(self) -> bool:
        """Whether it is a rate, in percent."""
        return self.target.indicator == RATE

    @property
    def values(self) -> tuple[float, ...]:
        """The printed values, a band's ends derived from its base."""
        return (self.low,) if self.low == self.high else (self.low, self.high)

    @property
    def exact(self) -> Interval:
        """What is asked for without rounding."""
        return Interval(self.low, self.open.high if self.target.comparison == ">=" else self.high)

    def words(self) -> tuple[str, str]:
        """The target as printed, in English and Chinese."""
        if self.low != self.high:
            scale = 1.0 if self.rate else 1e-4
            low, high = printed(self.low * scale), printed(self.high * scale)
            ends = (self.target.change_low, self.target.change_high)
            steps = [f"{c:+g}" for c in ends if c is not None]
            unit, of, unit_zh, of_zh = (
                ("%", "points", "%", "个百分点") if self.rate else ("万", "万", "万人", "万人")
            )
            return (
                f"{low} to {high} {unit} ({' to '.join(steps)} {of} a year)",
                f"{low}—{high}{unit_zh}（每年变动{'至'.join(steps)}{of_zh}）",
            )
        sign, sign_zh = ("≥", "不低于") if self.target.comparison == ">=" else ("≈", "约")
        if self.rate:
            return f"{sign} {printed(self.low)} %", f"{sign_zh}{printed(self.low)}%"
        value = printed(self.low / 1e4)
        return f"{sign} {value} 万", f"{sign_zh}{value}万人"


def aimed(region: Region, target: Target) -> Aimed | None:
    """A target as an interval; None where it aims at another region's rate.

    "At least" is open above, "about" leaves half a unit of the last digit on both sides, and a
    band of change a year lies between its two ends: the upper is the most the plan allows.
    """
    most = 100.0 if target.indicator == RATE else math.inf
    if target.change_low is not None and target.change_high is not None:
        since = target.since if target.since is not None else BASE_YEAR
        base = _base_of(region, target.indicator)
        steps = (amount(c, target.unit) for c in (target.change_low, target.change_high))
        low, high = (base + step * (target.year - since) for step in steps)
        return Aimed(target, Interval(low, high), low, high)
    if target.value is None:
        return None
    value = amount(target.value, target.unit)
    if target.comparison == ">=":
        return Aimed(target, Interval(value, most), value, value)
    slack = half_last_digit(target.value)
    ends = [amount(target.value + s, target.unit) for s in (-slack, slack)]
    return Aimed(target, Interval(ends[0], min(ends[1], most)), value, value)


def _base_of(region: Region, indicator: str) -> float:
    """The figure of the base year that a plan counts its change from: printed, else counted."""
    if indicator == RATE:
        return printed_rate(region)
    for o in region.observations:
        if o.indicator == indicator and o.year == BASE_YEAR:
            return amount(o.value, o.unit)
    census = region.baseline.census
    return float(census.urban if indicator == URBAN else census.total)


def aims_of(region: Region, indicator: str, year: int | None = None) -> list[Aimed]:
    """Targets of one indicator as intervals, by year."""
    found = [
        aim
        for t in region.targets
        if t.indicator == indicator and year in (None, t.year)
        if (aim := aimed(region, t)) is not None
    ]
    return sorted(found, key=lambda aim: aim.target.year)


def cited_aims(*aims: Aimed) -> tuple[str, ...]:
    """Source and place of some targets, each once."""
    return tuple(dict.fromkeys(f"{a.target.source}, {a.target.place}" for a in aims))


def values_of(*aims: Aimed) -> tuple[float, ...]:
    """Their printed values."""
    return tuple(value for aim in aims for value in aim.values)


def target_years(region: Region) -> list[int]:
    """Years of a region's targets, each once."""
    return sorted({t.year for t in region.targets})


@dataclass(frozen=True)
class UrbanAim:
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
    aims : tuple of Aimed
        The targets concerned, that which gives the value first.
    words, words_zh : str
        How the value comes about.
    """

    value: float
    projected: float
    ceiling: float
    usual_ceiling: float
    aims: tuple[Aimed, ...]
    words: str
    words_zh: str


def urban_aim(region: Region, year: int, course: RegionProjection) -> UrbanAim | None:
    """Urban residents that a region's own targets of a year mean; None without such targets."""
    counts, rates = aims_of(region, URBAN, year), aims_of(region, RATE, year)
    total = course.total.get(year)
    if total is None or not (counts or rates):
        return None
    ceilings = [c.open.high for c in counts]
    most = min([*ceilings, *(r.open.high / 100.0 * total.p99 for r in rates)])
    usual = min([*ceilings, *(r.open.high / 100.0 * total.p50 for r in rates)])
    if all(r.target.comparison == ">=" and r.low == r.high for r in rates):
        # A rate of at least so much bounds nothing but by all residents being urban.
        most = usual = min([*ceilings, math.inf])
    if counts:
        value = projected = counts[0].low
        words, words_zh = printed(value / 1e4), printed(value / 1e4)
    else:
        share = rates[0].low / 100.0
        value, projected = share * course.base.total, share * total.p50
        terms = f"{printed(rates[0].low)} % × {course.base.total / 1e4:.1f}"
        words = words_zh = f"{terms} = {value / 1e4:.1f}"
    return UrbanAim(value, projected, most, usual, (*counts, *rates), words, words_zh)
