"""What a target asks for: the one reading of it that verdicts, checks, solve and sweeps share."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..indicators import INDICATORS
from ..inputs.region import BASE_YEAR, Region, Target
from ..inputs.units import persons_per
from ..simulation.ensemble import Ensemble
from .intervals import Interval

Array = NDArray[np.float64]

RATE: Final = "urbanization_rate"
URBAN: Final = "urban_population"
TOTAL: Final = "total_population"
DISTRICT: Final = "urban_district_population"
JOBS: Final = "new_urban_jobs"
# "Close to" another region's rate: at most this many points below it.
NEAR_POINTS: Final = 1.0


@dataclass(frozen=True)
class Aim:
    """A target in comparable form: what has to reach what, by when.

    Attributes
    ----------
    region : str
        Region or urban district.
    target : Target
        As the plan has it.
    low, high : float
        As printed, a rate in percent or a number of persons; they differ for a band of change a
        year. Of a target near another region's rate both are 0.
    interval : Interval
        What counts as met, in the same unit: from half a unit of the last digit below where the
        text says about; open above where it says at least. Of a target near another region's
        rate, points above that rate.
    """

    region: str
    target: Target
    low: float
    high: float
    interval: Interval

    @property
    def relative_to(self) -> str | None:
        """Region whose rate is aimed at, if it is another region's."""
        return self.target.relative_to

    @property
    def is_rate(self) -> bool:
        """Whether it is the urbanization rate."""
        return self.target.indicator == RATE

    @property
    def unit(self) -> str:
        """Unit of its values: percent or persons."""
        return INDICATORS[self.target.indicator].unit

    @property
    def is_band(self) -> bool:
        """Whether it is a band of change a year, with two printed ends."""
        return self.low != self.high

    @property
    def value(self) -> float | None:
        """The printed value, a band's lower end; None where it is another region's rate."""
        return None if self.relative_to is not None else self.low

    @property
    def values(self) -> tuple[float, ...]:
        """The printed values, a band's ends derived from its base."""
        return (self.low, self.high) if self.is_band else (self.low,)

    @property
    def exact(self) -> Interval:
        """What is asked for without rounding."""
        at_least = self.target.comparison == ">="
        return Interval(self.low, self.interval.high if at_least else self.high)

    def ends(self) -> tuple[Aim, ...]:
        """The aims it is judged by: itself, or the two ends of a band."""
        if not self.is_band:
            return (self,)
        return tuple(
            replace(self, low=end, high=end, interval=Interval(end, _most(self.target.indicator)))
            for end in (self.low, self.high)
        )


def aims(region: Region) -> list[Aim]:
    """Return what each target of a region asks for, in the order of its file."""
    return [_aim(region, target) for target in region.targets]


def judged_aims(region: Region) -> Iterator[Aim]:
    """Yield the aims that a region's targets are judged by; a band is two of them."""
    for aim in aims(region):
        yield from aim.ends()


def aims_of(region: Region, indicator: str, year: int | None = None) -> list[Aim]:
    """Return what a region's targets of one indicator ask for in figures of their own, by year."""
    found = [
        aim
        for aim in aims(region)
        if aim.target.indicator == indicator
        and year in (None, aim.target.year)
        and aim.relative_to is None
    ]
    return sorted(found, key=lambda aim: aim.target.year)


def own_aim(region: str, target: Target) -> Aim:
    """Return what a target with a value of its own asks for.

    "At least" is open above; "about" leaves half a unit of the last digit on both sides.

    Parameters
    ----------
    region : str
        Region or urban district.
    target : Target
        With a value.
    """
    assert target.value is not None
    most = _most(target.indicator)
    value = amount(target.value, target.unit)
    if target.comparison == ">=":
        return Aim(region, target, value, value, Interval(value, most))
    slack = half_last_digit(target.value) if target.comparison == "~" else 0.0
    low, high = (amount(target.value + end, target.unit) for end in (-slack, slack))
    return Aim(region, target, value, value, Interval(low, min(high, most)))


def _most(indicator: str) -> float:
    """The largest value that an indicator can have."""
    return 100.0 if INDICATORS[indicator].unit == "percent" else math.inf


def _aim(region: Region, target: Target) -> Aim:
    place = target.region or region.id
    if target.change_low is not None and target.change_high is not None:
        # A band of change a year lies between its ends: the upper is the most the plan allows.
        since = target.since if target.since is not None else BASE_YEAR
        base = _base_of(region, target.indicator)
        changes = (amount(c, target.unit) for c in (target.change_low, target.change_high))
        low, high = (base + change * (target.year - since) for change in changes)
        return Aim(place, target, low, high, Interval(low, high))
    if target.value is None:
        return Aim(place, target, 0.0, 0.0, Interval(-NEAR_POINTS, math.inf))
    return own_aim(place, target)


def _base_of(region: Region, indicator: str) -> float:
    """The figure of the base year that a plan counts its change from: printed, else counted."""
    for o in region.observations:
        if o.indicator == indicator and o.year == BASE_YEAR:
            return amount(o.value, o.unit)
    census = region.baseline.census
    if indicator == RATE:
        return 100.0 * census.urban / census.total
    return float(census.urban if indicator == URBAN else census.total)


def cited_aims(*found: Aim) -> tuple[str, ...]:
    """Source and place of some targets, each once."""
    return tuple(dict.fromkeys(f"{a.target.source}, {a.target.place}" for a in found))


def printed_values(*found: Aim) -> tuple[float, ...]:
    """Their printed values."""
    return tuple(value for aim in found for value in aim.values)


def target_years(region: Region) -> list[int]:
    """Years of a region's targets, each once."""
    return sorted({t.year for t in region.targets})


def amount(value: float, unit: str) -> float:
    """A printed figure in persons or percent."""
    return value * persons_per(unit)


def half_last_digit(value: float) -> float:
    """Half a unit of the last digit that a figure is printed with.

    Examples
    --------
    >>> half_last_digit(55.0), half_last_digit(68.5), half_last_digit(100.0)
    (0.5, 0.05, 0.5)
    """
    exponent = Decimal(str(value)).normalize().as_tuple().exponent
    digits = min(int(exponent), 0)
    return float(0.5 * 10.0**digits)


def margins(ensemble: Ensemble, aim: Aim) -> Array:
    """How far above the least that counts as met, (year, draw); met where not negative."""
    values = values_of(ensemble, aim)
    if aim.relative_to is not None:
        return values - (100.0 * ensemble.rate(aim.relative_to) + aim.interval.low)
    return values - aim.interval.low


def values_of(ensemble: Ensemble, aim: Aim) -> Array:
    """What the aim is about, (year, draw), in the unit of its row."""
    values = ensemble.values(aim.target.indicator, aim.region)
    printed = INDICATORS[aim.target.indicator].printed
    return values if printed == 1.0 else printed * values
