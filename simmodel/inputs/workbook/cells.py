"""What a planner writes into a cell, as a number with its unit or as one of our words.

The forms in which a word may be written, of both languages, are texts. Only what is certain is
read; anything else gives None, and the caller refuses it.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Final

from ...texts import Language, text

# Between the forms of one word in the texts; the first is the one that is shown.
_BETWEEN: Final = " | "
_READ_IN: Final[tuple[Language, ...]] = ("zh", "en")
COUNTS: Final = ("persons", "10k_persons")

# Units of persons that are read but never written: the unit meant, and how many of it.
_MULTIPLES: Final = {
    "thousand_persons": ("persons", Decimal(1000)),
    "million_persons": ("10k_persons", Decimal(100)),
    "hundred_million_persons": ("10k_persons", Decimal(10_000)),
}
_SIGNS: Final = {"≈": "~", "~": "~", "≥": ">=", ">=": ">="}
_NUMBER: Final = r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d{1,3}(?: \d{3})+|\d+)(?:\.\d+)?"


def plain(written: str) -> str:
    r"""Return text with half-width letters and digits, without spaces at its ends.

    Examples
    --------
    >>> plain(" \uff14\uff17\uff0e\uff10\uff11\uff05 ")
    '47.01%'
    """
    return unicodedata.normalize("NFKC", written).strip()


def forms(key: str) -> tuple[str, ...]:
    """Return the ways in which a word may be written, Chinese and English, for comparison."""
    return tuple(_compared(form) for language in _READ_IN for form in _shown(key, language))


def _shown(key: str, language: Language) -> list[str]:
    return [form for form in text(key, language).split(_BETWEEN) if form]


def _compared(written: str) -> str:
    return plain(written).casefold()


@dataclass(frozen=True)
class Vocabulary:
    """Words of which a cell holds one.

    Attributes
    ----------
    key : str
        The forms of a word are the text ``<key>.<word>``.
    words : tuple of str
        As seed files write them.
    """

    key: str
    words: tuple[str, ...]

    def forms(self, word: str) -> tuple[str, ...]:
        """Return the ways in which a word may be written besides our own."""
        return forms(f"{self.key}.{word}")

    def form(self, word: str) -> str:
        """Return the Chinese form of a word that is shown first."""
        return _shown(f"{self.key}.{word}", "zh")[0]

    def label(self, word: str) -> str:
        """Return a word as drop-downs show it: in Chinese, then ours."""
        return f"{self.form(word)} {word}"

    @property
    def labels(self) -> list[str]:
        """All words as drop-downs show them."""
        return [self.label(word) for word in self.words]

    def read(self, raw: object) -> str | None:
        r"""Read one of the words: ours, in Chinese or English, or two of these side by side.

        Examples
        --------
        >>> INDICATORS.read("urbanization rate"), COMPARISONS.read("\u2265")
        ('urbanization_rate', '>=')
        """
        if not isinstance(raw, str):
            return None
        names = _names(self)
        written = _compared(raw)
        if written in names:
            return names[written]
        found = {names.get(part) for part in written.split()}
        return found.pop() if len(found) == 1 else None


@cache
def _names(known: Vocabulary) -> Mapping[str, str]:
    ours = {_compared(word): word for word in known.words}
    return ours | {form: word for word in known.words for form in known.forms(word)}


LEVELS: Final = Vocabulary("workbook.level", ("prefecture", "county"))
UNITS: Final = Vocabulary(
    "workbook.unit", ("persons", "10k_persons", "percent", "per_mille", "km2")
)
COMPARISONS: Final = Vocabulary("workbook.comparison", (">=", "~"))
INDICATORS: Final = Vocabulary(
    "workbook.indicator",
    (
        "urbanization_rate",
        "urban_population",
        "total_population",
        "registered_population",
        "registered_urban_population",
        "births",
        "deaths",
        "birth_rate",
        "death_rate",
        "built_up_area",
        "new_urban_jobs",
    ),
)
TARGET_INDICATORS: Final = Vocabulary(
    INDICATORS.key, ("urbanization_rate", "urban_population", "total_population", "new_urban_jobs")
)
VINTAGES: Final = Vocabulary(
    "workbook.vintage",
    (
        "post_2020_census",
        "census_2020",
        "pre_2020_census",
        "census_2010",
        "plan",
        "mixed",
        "undated",
    ),
)
SOURCE_KINDS: Final = Vocabulary(
    "workbook.source_kind",
    ("plan", "census", "survey", "yearbook", "communique", "compilation", "article"),
)


@dataclass(frozen=True)
class Quantity:
    """A number as written.

    Attributes
    ----------
    value : Decimal
    unit : str or None
        That is written with it.
    comparison : {"~", ">="} or None
        That is written with it.
    """

    value: Decimal
    unit: str | None = None
    comparison: str | None = None


@dataclass(frozen=True)
class _Written:
    """How a number with its unit and comparison is written.

    Attributes
    ----------
    units : mapping of str to (str, Decimal)
        By form: the unit, and how many of it.
    before, after : mapping of str to str
        Comparisons by their form before or after a number.
    pattern : re.Pattern
    """

    units: Mapping[str, tuple[str, Decimal]]
    before: Mapping[str, str]
    after: Mapping[str, str]
    pattern: re.Pattern[str]


@cache
def _written() -> _Written:
    units = {form: (unit, Decimal(1)) for form, unit in _names(UNITS).items()}
    for name, meant in _MULTIPLES.items():
        units |= dict.fromkeys(forms(f"workbook.multiple.{name}"), meant)
    about, least = forms("workbook.before.about"), forms("workbook.before.at_least")
    before = _SIGNS | dict.fromkeys(about, "~") | dict.fromkeys(least, ">=")
    about, least = forms("workbook.after.about"), forms("workbook.after.at_least")
    after = dict.fromkeys(about, "~") | dict.fromkeys(least, ">=")
    pattern = re.compile(
        rf"(?P<before>{_any(before)})?\s*(?P<number>{_NUMBER})\s*"
        rf"(?P<unit>{_any(units)})?\s*(?P<after>{_any(after)})?"
    )
    return _Written(units, before, after, pattern)


def _any(words: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


def quantity(raw: object, number_format: str = "General") -> Quantity | None:
    """Read a number with the unit and the comparison in the same cell.

    Parameters
    ----------
    raw : object
        What the cell holds.
    number_format : str
        Of the cell: a number shown as 47.01% is stored as 0.4701.

    Returns
    -------
    Quantity or None
        None where it is not certain what is meant.

    Examples
    --------
    >>> quantity("68.59 ten thousand persons")
    Quantity(value=Decimal('68.59'), unit='10k_persons', comparison=None)
    >>> quantity("about 55%").comparison, quantity("1,464,955").value
    ('~', Decimal('1464955'))
    >>> quantity("47,01") is None
    True
    """
    if isinstance(raw, bool):
        return None
    if isinstance(raw, (int, float)):
        if not math.isfinite(raw):
            return None
        value = Decimal(repr(raw))
        # what is in quotes is shown as it is
        if "%" in re.sub(r'"[^"]*"', "", number_format):
            return Quantity((value * 100).normalize(), "percent")
        return Quantity(value)
    how = _written()
    found = how.pattern.fullmatch(_compared(raw)) if isinstance(raw, str) else None
    if found is None or (found["before"] and found["after"]):
        return None
    value = Decimal(found["number"].replace(",", "").replace(" ", ""))
    unit = None
    if found["unit"]:
        unit, times = how.units[found["unit"]]
        value *= times
    comparison = how.before.get(found["before"] or "") or how.after.get(found["after"] or "")
    return Quantity(value, unit, comparison)


def unit_of(raw: object) -> tuple[str, Decimal] | None:
    """Read a cell that names a unit: the unit, and how many of it are meant.

    Examples
    --------
    >>> unit_of("10k_persons"), unit_of("thousand persons"), unit_of("households")
    (('10k_persons', Decimal('1')), ('persons', Decimal('1000')), None)
    """
    if isinstance(raw, str) and (found := _written().units.get(_compared(raw))):
        return found
    name = UNITS.read(raw)
    return None if name is None else (name, Decimal(1))


def with_unit(found: Quantity, beside: tuple[str, Decimal] | None) -> Quantity | None:
    """Join a number with the unit in the cell beside it.

    The unit written with the number counts where both measure the same; None where they do not, or
    where there is none.

    Examples
    --------
    >>> with_unit(quantity("68.59 ten thousand"), unit_of("persons")).unit
    '10k_persons'
    >>> with_unit(quantity("47.01%"), unit_of("persons")) is None
    True
    """
    if found.unit is None:
        if beside is None:
            return None
        return Quantity(found.value * beside[1], beside[0], found.comparison)
    fits = beside is None or beside[0] == found.unit or {beside[0], found.unit} <= set(COUNTS)
    return found if fits else None


def persons(found: Quantity) -> int | None:
    """Whole persons; None where it is no count, or of parts of a person.

    Examples
    --------
    >>> persons(quantity("68.59 ten thousand")), persons(Quantity(Decimal("1.5"), "persons"))
    (685900, None)
    """
    if found.unit not in COUNTS or found.comparison is not None:
        return None
    value = found.value * (10_000 if found.unit == "10k_persons" else 1)
    return int(value) if value == value.to_integral_value() else None
