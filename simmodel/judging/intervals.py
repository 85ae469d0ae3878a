"""Intervals that printed figures leave open, and quantiles that a projection gives."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Interval:
    """Values that a figure leaves open; ends may be infinite.

    Attributes
    ----------
    low, high : float
    """

    low: float
    high: float

    def meets(self, other: Interval) -> bool:
        """Whether two intervals have a value in common."""
        return self.low <= other.high and other.low <= self.high

    def scaled(self, factor: float) -> Interval:
        """Both ends times a factor of at least 0."""
        return Interval(self.low * factor, self.high * factor)

    def nearest(self, value: float) -> float:
        """The value of the interval that is nearest to another one.

        Examples
        --------
        >>> Interval(339.7, 372.2).nearest(305.8), Interval(100.0, 222.2).nearest(213.0)
        (339.7, 213.0)
        """
        return min(max(value, self.low), self.high)


@dataclass(frozen=True, slots=True)
class ProjectedQuantiles:
    """Quantiles of what is projected."""

    p01: float
    p10: float
    p50: float
    p90: float
    p99: float

    @property
    def middle(self) -> Interval:
        """Where 80 of 100 draws lie."""
        return Interval(self.p10, self.p90)

    @property
    def nearly_all(self) -> Interval:
        """Where 98 of 100 draws lie."""
        return Interval(self.p01, self.p99)
