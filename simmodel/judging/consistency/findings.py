"""What a check of targets finds, how grave it is, and how it is put before a reader."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from ...texts import Bilingual, bilingual, say
from ..intervals import Interval, ProjectedQuantiles
from ..wording import percent, persons, points

Grade = Literal["contradiction", "strained", "fine"]
GRADES: Final[tuple[Grade, ...]] = ("contradiction", "strained", "fine")
CODES: Final = (
    "rate_count_total",
    "total_trend",
    "pace",
    "children_sum",
    "parent_gap",
    "jobs",
    "density",
    "rebasing",
    "document",
)


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
        Every region's and urban district's name in the language of the terminal.
    """
    lines: list[str] = []
    for grade in GRADES:
        group = [f for f in findings if f.grade == grade]
        if not group:
            continue
        lines += [say(f"consistency.grade.{grade}"), ""]
        for f in group:
            head = f"{names.get(f.region, f.region)} {f.year}  {say(f'consistency.code.{f.code}')}"
            if grade == "fine":
                lines.append(f"  {head}{_against(f)}")
            else:
                said = Bilingual(f.sentence, f.sentence_zh).spoken
                lines += [f"  {head}", f"    {said}", f"    [{' | '.join(f.sources)}]", ""]
        if grade == "fine":
            lines.append("")
    count = Counter(f.grade for f in findings)
    counts = bilingual("judging.comma").spoken.join(
        say("consistency.count", count=count[grade], grade=say(f"consistency.grade.{grade}"))
        for grade in GRADES
    )
    lines.append(say("consistency.counts", total=len(findings), counts=counts))
    if count["fine"]:
        lines.append(say("consistency.fine_means"))
    return "\n".join(lines)


def _against(f: Finding) -> str:
    """What is implied beside what it is held against, in the unit of the screen."""
    if f.implied is None or f.reference is None:
        return ""
    implied, reference = (measured(value, f.unit).spoken for value in (f.implied, f.reference))
    return say("consistency.against", implied=implied, reference=reference)


def measured(value: float, unit: str) -> Bilingual:
    """A number in the unit of the screen.

    Examples
    --------
    >>> measured(36.8, "percent").en, measured(5.0, "points a year").en
    ('36.80 %', '5.00 points a year')
    """
    if unit == "persons":
        return persons(value)
    if unit == "percent":
        return percent(value)
    if unit == "points":
        return points(value)
    if unit == "persons per km2":
        return bilingual("consistency.per_km2", value=f"{value:,.0f}")
    amount = persons(value) if unit == "persons a year" else points(value)
    return bilingual("consistency.a_year", value=amount)
