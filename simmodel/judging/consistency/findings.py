"""What a check of targets finds: intervals, grades, and how a finding is put before a reader."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

Grade = Literal["contradiction", "strained", "fine"]
GRADES: Final[tuple[Grade, ...]] = ("contradiction", "strained", "fine")
GRADE_WORDS: Final = {"contradiction": "相互矛盾", "strained": "偏紧", "fine": "协调"}
# Every code in English and Chinese.
CODES: Final = {
    "rate_count_total": ("rate, head-count and total", "城镇化率、城镇人口与总人口"),
    "total_trend": ("population target and trend", "人口目标与趋势"),
    "pace": ("pace", "速度"),
    "children_sum": ("parts and whole", "部分与整体"),
    "parent_gap": ("parent and parts", "上级与下级"),
    "jobs": ("jobs and growth", "就业与人口增长"),
    "density": ("built-up area and people", "建成区与人口"),
    "rebasing": ("figures of another census", "普查口径衔接"),
    "document": ("a document with itself", "文本内部"),
}


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


def grade_against(asked: Interval, spread: ProjectedQuantiles) -> Grade:
    """Grade what a plan asks for against what is projected.

    Examples
    --------
    >>> projected = ProjectedQuantiles(41.5, 42.2, 42.8, 43.5, 44.2)
    >>> grade_against(Interval(43.0, math.inf), projected)
    'fine'
    >>> grade_against(Interval(44.0, math.inf), projected)
    'strained'
    >>> grade_against(Interval(48.0, math.inf), projected)
    'contradiction'
    """
    if asked.meets(spread.middle):
        return "fine"
    return "strained" if asked.meets(spread.nearly_all) else "contradiction"


def worst(grades: Iterable[Grade]) -> Grade:
    """The gravest of some grades; fine where there is none."""
    return min(grades, key=GRADES.index, default="fine")


@dataclass(frozen=True)
class Finding:
    """One thing that targets, projection and printed figures say about each other.

    Attributes
    ----------
    code : str
        One of `CODES`.
    region : str
        Region or urban district.
    year : int
    indicators : tuple of str
    targets : tuple of float
        The printed values concerned: counts in persons, rates in percent.
    implied, reference : float or None
        What follows from them, and what it is held against, both in ``unit``.
    unit : str
        persons, percent, points a year, persons a year, or persons per km2.
    grade : str
    sentence, sentence_zh : str
    sources : tuple of str
        Source id and place.
    """

    code: str
    region: str
    year: int
    indicators: tuple[str, ...]
    targets: tuple[float, ...]
    implied: float | None
    reference: float | None
    unit: str
    grade: Grade
    sentence: str
    sentence_zh: str
    sources: tuple[str, ...]

    def row(self) -> dict[str, Any]:
        """The finding as plain data; numbers without the noise of their last binary digits."""
        return {
            "code": self.code,
            "region": self.region,
            "year": self.year,
            "indicators": list(self.indicators),
            "targets": [_plain(value) for value in self.targets],
            "implied": _plain(self.implied),
            "reference": _plain(self.reference),
            "unit": self.unit,
            "grade": self.grade,
            "sentence": self.sentence,
            "sentence_zh": self.sentence_zh,
            "sources": list(self.sources),
        }


def _plain(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(value, 6)


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """Findings with the gravest first, then by region and year."""
    return sorted(findings, key=lambda f: (GRADES.index(f.grade), f.region, f.year, f.code))


def findings_json(findings: Sequence[Finding]) -> str:
    """Findings for a machine: a list of objects."""
    return json.dumps([f.row() for f in findings], ensure_ascii=False, indent=1, allow_nan=False)


def findings_text(findings: Sequence[Finding], names: Mapping[str, str]) -> str:
    """Findings for a reader, by grade; those that are fine on one line each.

    Parameters
    ----------
    findings : sequence of Finding
        In order.
    names : mapping of str to str
        Every region's and urban district's name in both languages.
    """
    lines: list[str] = []
    for grade in GRADES:
        group = [f for f in findings if f.grade == grade]
        if not group:
            continue
        lines += [f"{grade} {GRADE_WORDS[grade]}", ""]
        for f in group:
            english, chinese = CODES[f.code]
            head = f"{names.get(f.region, f.region)} {f.year}  {english} {chinese}"
            if grade == "fine":
                lines.append(f"  {head}{_against(f)}")
            else:
                where = " | ".join(f.sources)
                lines += [f"  {head}", f"    {f.sentence}", f"    {f.sentence_zh}"]
                lines += [f"    [{where}]", ""]
        if grade == "fine":
            lines.append("")
    count = Counter(f.grade for f in findings)
    counts = [f"{count[grade]} {grade} {GRADE_WORDS[grade]}" for grade in GRADES]
    lines.append(f"{len(findings)} findings 条: {', '.join(counts)}; 万 = 10,000")
    if count["fine"]:
        lines.append(
            "fine: nothing contradicts it; how likely a target is to be met, simmodel run tells."
        )
        lines.append("协调：只表示未发现矛盾；目标能否实现，见simmodel run。")
    return "\n".join(lines)


def _against(f: Finding) -> str:
    """What is implied beside what it is held against, in the unit of the screen."""
    if f.implied is None or f.reference is None:
        return ""
    implied, reference = measured(f.implied, f.unit), measured(f.reference, f.unit)
    return f": implied 所指 {implied}, held against 对照 {reference}"


def measured(value: float, unit: str) -> str:
    """A number in the unit of the screen.

    Examples
    --------
    >>> measured(3397316.0, "persons"), measured(36.8, "percent"), measured(5.0, "points a year")
    ('339.7 万', '36.80 %', '5.00 points a year')
    """
    if unit == "persons":
        return wan(value)
    if unit == "persons a year":
        return f"{wan(value)} a year"
    if unit == "persons per km2":
        return f"{value:,.0f} per km²"
    return f"{value:.2f} %" if unit == "percent" else f"{value:.2f} {unit}"


def wan(persons: float) -> str:
    """Persons in 万 with one decimal, two below 10 万.

    Examples
    --------
    >>> wan(3397316.0), wan(45000.0)
    ('339.7 万', '4.50 万')
    """
    return f"{_wan(persons)} 万"


def wan_zh(persons: float) -> str:
    """Persons in 万人 as `wan` has them."""
    return f"{_wan(persons)}万人"


def _wan(persons: float) -> str:
    digits = 2 if abs(persons) < 1e5 else 1
    return f"{persons / 1e4:,.{digits}f}"


def printed(value: float) -> str:
    """A printed figure with the digits it has, at most two.

    Examples
    --------
    >>> printed(200.0), printed(58.87), printed(30.5)
    ('200', '58.87', '30.5')
    """
    text = f"{value:,.2f}"
    return text.rstrip("0").rstrip(".")


def bounds(interval: Interval, unit: str = "persons") -> tuple[str, str]:
    """An interval in words, in English and Chinese.

    Examples
    --------
    >>> bounds(Interval(3397316.0, math.inf))
    ('at least 339.7 万', '至少339.7万人')
    >>> bounds(Interval(0.0, 50.0), "percent")
    ('at most 50.00 %', '至多50.00%')
    """

    def both(value: float) -> tuple[str, str]:
        if unit == "persons":
            return wan(value), wan_zh(value)
        return f"{value:.2f} %", f"{value:.2f}%"

    if math.isinf(interval.low):
        return "more than there can be", "超出任何可能"
    low, high = both(interval.low), both(interval.high)
    if math.isinf(interval.high) or (unit == "percent" and interval.high >= 100.0):
        return f"at least {low[0]}", f"至少{low[1]}"
    if interval.low <= 0.0:
        return f"at most {high[0]}", f"至多{high[1]}"
    if interval.low == interval.high:
        return low
    return f"{low[0]} to {high[0]}", f"{low[1]}至{high[1]}"
