"""The sheets of the workbook for a new region, described once for writing and for reading.

`template` lays out what is described here, and `reader` finds it again by its labels. Labels, help
and examples in words are texts: ``workbook.<sheet>.<field>``, with ``.help`` or ``.example`` after
it where there is one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from ...texts import Language, has, text
from ..region import BASE_YEAR, SPAN
from .cells import (
    COMPARISONS,
    INDICATORS,
    LEVELS,
    SOURCE_KINDS,
    TARGET_INDICATORS,
    UNITS,
    VINTAGES,
    Vocabulary,
    plain,
)

# What a cell holds. A quantity has its unit in the field ``unit`` beside it; a count is of whole
# persons; a share is a percentage or whole persons.
Kind = Literal["text", "word", "year", "quantity", "unit", "count", "share"]
# Drop-downs that are known only when the template is written: regions a region may belong to, and
# ids in the sheet of sources.
Listed = Literal["regions", "sources"]
Layout = Literal["form", "ages", "table"]
Holds = Literal["zh", "en", "value", "unit", "help", "example"]

YEARS: Final = (SPAN.first, SPAN.base)
AGE_STARTS: Final = (0, 1, *range(5, 90, 5))
SEXES: Final = ("female", "male")
_PERSONS: Final = ("persons", "10k_persons")
_SHARES: Final = ("percent", *_PERSONS)


def in_both(key: str, **values: object) -> str:
    """Return a text in both languages as the workbook shows them: Chinese, a space, English."""
    return f"{text(key, 'zh', **values)} {text(key, 'en', **values)}"


@dataclass(frozen=True)
class Field:
    """One figure, word or text that a planner fills in.

    Attributes
    ----------
    key : str
        Of its texts, and mostly of the seed file.
    kind : str
    words : Vocabulary or None
        Of which a word is one.
    listed : str or None
        Drop-down that is known only when the template is written.
    units : tuple of str
        Units to choose from, the first filled in already; of a form.
    example : str or float
        Of Wuwei (a plan, a census), shown in grey and not read; of a word, the word. Where it is
        not given, the text of that name.
    required : bool
        Whether a cell of a form must be filled in.
    is_column_optional : bool
        Whether a table may lack the column.
    """

    key: str
    kind: Kind = "text"
    words: Vocabulary | None = None
    listed: Listed | None = None
    units: tuple[str, ...] = ()
    example: str | float = ""
    required: bool = False
    is_column_optional: bool = False


@dataclass(frozen=True)
class FormColumn:
    """A column of a form: what it holds, its width in letters, and the year of its values."""

    holds: Holds
    width: int
    year: int | None = None


@dataclass(frozen=True)
class Sheet:
    """A sheet: its name, how it is laid out, and its fields.

    Attributes
    ----------
    key : str
        Its name and title are the texts ``workbook.<key>.sheet`` and ``workbook.<key>.title``.
    layout : {"form", "ages", "table"}
        A field to a row, with columns as described; ages by sex and year; a field to a column.
    fields : tuple of Field
    columns : tuple of FormColumn
        Of a form.
    required : bool
        Whether a workbook must have it.
    """

    key: str
    layout: Layout
    fields: tuple[Field, ...] = ()
    columns: tuple[FormColumn, ...] = ()
    required: bool = False

    @property
    def name(self) -> str:
        """Name of the sheet in the workbook."""
        return text(f"workbook.{self.key}.sheet", "zh")

    def is_named(self, title: str) -> bool:
        """Tell whether a sheet of a workbook is this one, by its Chinese or English name."""
        known = plain(title)
        english = text(f"workbook.{self.key}.sheet", "en")
        return known.split(" ")[0] == self.name or known.casefold() == english.casefold()

    def label(self, field: Field, language: Language) -> str:
        """Label of a field."""
        return text(f"workbook.{self.key}.{field.key}", language)

    def labels(self) -> dict[str, Field]:
        """Fields by each text that may name them: both labels, the two together, and the key."""
        found: dict[str, Field] = {}
        for field in self.fields:
            zh, en = (self.label(field, language) for language in ("zh", "en"))
            found |= {plain(name): field for name in (zh, en, f"{zh} {en}", field.key)}
        return found

    def help(self, field: Field) -> str:
        """What to know about a field, in both languages; empty where there is nothing."""
        key = f"workbook.{self.key}.{field.key}.help"
        return in_both(key) if has(key) else ""

    def example(self, field: Field) -> str | float:
        """Return the example of a field as a cell shows it."""
        if field.words is not None and isinstance(field.example, str):
            return field.words.label(field.example)
        if field.kind == "unit":
            return UNITS.form(str(field.example))
        key = f"workbook.{self.key}.{field.key}.example"
        return text(key, "zh") if has(key) else field.example


_SOURCE: Final = Field("source", listed="sources", example="wuwei_plan_2021_2035")
_PLACE: Final = Field("place")
_NOTE: Final = Field("note", is_column_optional=True)
_UNIT: Final = Field("unit", "unit", example="percent")

BASICS: Final = Sheet(
    "basics",
    "form",
    (
        Field("id", example="wuwei", required=True),
        Field("name_zh", required=True),
        Field("name_en", example="Wuwei", required=True),
        Field("level", "word", LEVELS, example="prefecture", required=True),
        Field("parent", listed="regions", example="gansu", required=True),
    ),
    (
        FormColumn("zh", 14),
        FormColumn("en", 18),
        FormColumn("value", 28),
        FormColumn("help", 30),
        FormColumn("example", 20),
    ),
    required=True,
)
CENSUS: Final = Sheet(
    "census",
    "form",
    (
        Field("total", "count", units=_PERSONS, example=1464955, required=True),
        Field("urban", "count", units=_PERSONS, example=688697, required=True),
        Field("rural", "count", units=_PERSONS, example=776258),
        Field("from_0_to_14", "share", units=_SHARES, example=17.64),
        Field("from_15_to_59", "share", units=_SHARES, example=63.72),
        Field("from_60", "share", units=_SHARES, example=18.64),
        Field("other_province", "count", units=_PERSONS, example=22261),
        Field("other_county_same_province", "count", units=_PERSONS, example=71641),
        Field("same_county", "count", units=_PERSONS, example=301295),
        Field("source", listed="sources", example="census_2020_by_county", required=True),
        Field("place", example="row of code 620600", required=True),
    ),
    (
        FormColumn("zh", 20),
        FormColumn("en", 34),
        *(FormColumn("value", 26, year) for year in YEARS),
        FormColumn("unit", 12),
        FormColumn("example", 26, BASE_YEAR),
        FormColumn("help", 36),
    ),
    required=True,
)
AGES: Final = Sheet("ages", "ages")
ANNUAL: Final = Sheet(
    "annual",
    "table",
    (
        Field("indicator", "word", INDICATORS, example="urbanization_rate"),
        Field("value", "quantity", example=47.01),
        _UNIT,
        Field("year", "year", example=2020),
        Field("vintage", "word", VINTAGES, example="census_2020"),
        _SOURCE,
        _PLACE,
        _NOTE,
    ),
)
TARGETS: Final = Sheet(
    "targets",
    "table",
    (
        Field("indicator", "word", TARGET_INDICATORS, example="urbanization_rate"),
        Field("comparison", "word", COMPARISONS, example="~"),
        Field("value", "quantity", example=55),
        _UNIT,
        Field("year", "year", example=2025),
        _SOURCE,
        _PLACE,
        _NOTE,
    ),
)
SOURCES: Final = Sheet(
    "sources",
    "table",
    (
        Field("id", example="wuwei_plan_2021_2035"),
        Field("kind", "word", SOURCE_KINDS, example="plan"),
        Field("title_zh"),
        Field("title_en", example="New-type urbanization plan of Wuwei"),
        Field("publisher"),
        Field("year", "year", example=2022),
        Field("number"),
        Field("url"),
        _NOTE,
    ),
)
SHEETS: Final = (BASICS, CENSUS, AGES, ANNUAL, TARGETS, SOURCES)
