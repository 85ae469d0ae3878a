"""Numbers, targets and intervals in words, English and Chinese."""

from __future__ import annotations

import math

from ..texts import Bilingual, bilingual
from ..variables import WAN
from .intervals import Interval
from .target import Aim


def persons(value: float) -> Bilingual:
    """Persons in 10 thousand with one decimal, two below 100 thousand."""
    digits = 2 if abs(value) < 1e5 else 1
    return bilingual("judging.persons", value=f"{value / WAN:,.{digits}f}")


def printed_persons(value: float) -> Bilingual:
    """A printed number of persons, in 10 thousand with the digits it has, at most two."""
    return bilingual("judging.persons", value=printed(value / WAN))


def percent(value: float, digits: int = 2) -> Bilingual:
    """A number of percent."""
    return bilingual("judging.percent", value=f"{value:.{digits}f}")


def points(value: float) -> Bilingual:
    """Percentage points with two decimals."""
    return bilingual("judging.points", value=f"{value:.2f}")


def printed(value: float) -> str:
    """A printed figure with the digits it has, at most two.

    Examples
    --------
    >>> printed(200.0), printed(58.87), printed(30.5)
    ('200', '58.87', '30.5')
    """
    text = f"{value:,.2f}"
    return text.rstrip("0").rstrip(".")


def aim_words(aim: Aim) -> Bilingual:
    """A target as printed."""
    scale = 1.0 if aim.unit == "percent" else 1 / WAN
    if aim.is_band:
        changes = (aim.target.change_low, aim.target.change_high)
        steps = bilingual("judging.to").join(
            Bilingual(*2 * (f"{change:+g}",)) for change in changes if change is not None
        )
        return bilingual(
            "judging.rate_band" if aim.unit == "percent" else "judging.count_band",
            low=printed(aim.low * scale),
            high=printed(aim.high * scale),
            steps=steps,
        )
    unit = "judging.percent" if aim.unit == "percent" else "judging.persons"
    return bilingual(
        "judging.at_least" if aim.target.comparison == ">=" else "judging.about",
        value=bilingual(unit, value=printed(aim.low * scale)),
    )


def bounds(interval: Interval, unit: str = "persons") -> Bilingual:
    """An interval in words.

    Examples
    --------
    >>> bounds(Interval(0.0, 50.0), "percent").en
    'at most 50.00 %'
    """
    if math.isinf(interval.low):
        return bilingual("judging.impossible")
    said = persons if unit == "persons" else percent
    low = said(interval.low)
    if math.isinf(interval.high) or (unit == "percent" and interval.high >= 100.0):
        return bilingual("judging.bound_below", value=low)
    high = said(interval.high)
    if interval.low <= 0.0:
        return bilingual("judging.bound_above", value=high)
    if interval.low == interval.high:
        return low
    return bilingual("judging.between", low=low, high=high)
