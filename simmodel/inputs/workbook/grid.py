"""A sheet of a workbook by row and column: where its headings are, and what merged cells hide."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from ...texts import text
from .cells import forms, plain

MAX_ROWS, MAX_COLUMNS = 2_000, 60
FORMULA: Final = "="  # the value of a cell with a formula whose value is not stored


@dataclass(frozen=True)
class Cell:
    """A cell: what it holds, how it shows it, and where it is.

    Attributes
    ----------
    value : object
    number_format : str
    place : str
        Sheet and coordinate.
    column : int
    merged : str
        The merged cell of which this is a part but not the first; empty where it is none.
    first : (int, int)
        Row and column of what it shows.
    is_error : bool
    """

    value: object
    number_format: str
    place: str
    column: int
    merged: str = ""
    first: tuple[int, int] = (0, 0)
    is_error: bool = False

    @property
    def is_own(self) -> bool:
        """Whether it shows a value of its own."""
        return not self.merged

    @property
    def is_below(self) -> bool:
        """Whether it only repeats a cell of its own column."""
        return self.first[1] == self.column

    @property
    def is_blank(self) -> bool:
        """Whether it shows nothing."""
        return self.value is None or (isinstance(self.value, str) and not plain(self.value))

    @property
    def text(self) -> str:
        """Return what it shows as text."""
        return plain(str(self.value)) if not self.is_blank else ""

    @property
    def coordinate(self) -> str:
        """Its place without the sheet."""
        return self.place.split("!")[-1]


class Grid:
    """A sheet by row and column; a merged cell is read from its first.

    Parameters
    ----------
    page : openpyxl.worksheet.worksheet.Worksheet
        With values.
    formulas : openpyxl.worksheet.worksheet.Worksheet
        The same with formulas.
    name : str
        Under which faults are reported.
    """

    def __init__(self, page: Any, formulas: Any, name: str) -> None:
        self.page, self.formulas, self.name = page, formulas, name
        self.last_row = min(page.max_row or 0, MAX_ROWS)
        self.last_column = min(page.max_column or 0, MAX_COLUMNS)
        self._first: dict[tuple[int, int], tuple[int, int]] = {}
        self._merged: dict[tuple[int, int], str] = {}
        for merged in page.merged_cells.ranges:
            for row in range(merged.min_row, min(merged.max_row, MAX_ROWS) + 1):
                for column in range(merged.min_col, min(merged.max_col, MAX_COLUMNS) + 1):
                    self._first[row, column] = (merged.min_row, merged.min_col)
                    self._merged[row, column] = merged.coord
        self.year_row = 0

    def rows(self) -> range:
        """All rows."""
        return range(1, self.last_row + 1)

    def columns(self) -> range:
        """All columns."""
        return range(1, self.last_column + 1)

    def place(self, row: int, column: int) -> str:
        """Sheet and coordinate of a cell."""
        return f"{self.name}!{self.page.cell(row, column).coordinate}"

    def at(self, row: int, column: int) -> Cell:
        """Return the cell of a row and column."""
        own = self._first.get((row, column), (row, column))
        cell = self.page.cell(*own)
        value = cell.value
        formula = self.formulas.cell(*own).data_type == "f"
        return Cell(
            value=FORMULA if formula and value is None else value,
            number_format=cell.number_format or "General",
            place=self.place(row, column),
            column=column,
            merged="" if own == (row, column) else self._merged[row, column],
            first=own,
            is_error=cell.data_type == "e" or (formula and value is None),
        )

    def years(self, wanted: Sequence[int]) -> dict[int, int]:
        """Columns headed by years, in the first row that has one of them."""
        for row in self.rows():
            found: dict[int, int] = {}
            for column in self.columns():
                year = year_in(self.at(row, column).text)
                if year is not None and year in wanted:
                    found.setdefault(year, column)
            if found:
                self.year_row = row
                return found
        return {}

    def headed(self, key: str) -> int | None:
        """Column whose heading begins with a text, in the row of the years."""
        if not self.year_row:
            return None
        return next(
            (c for c in self.columns() if begins_with(self.at(self.year_row, c), key)), None
        )

    def headings(self, wanted: Mapping[str, str]) -> tuple[int | None, dict[str, int]]:
        """The first row with two of the headings wanted, and the column of each.

        Parameters
        ----------
        wanted : mapping of str to str
            What a column is for by its heading, or by the first word of it.
        """
        for row in self.rows():
            found: dict[str, int] = {}
            for column in self.columns():
                heading = self.at(row, column).text
                known = wanted.get(heading) or wanted.get(heading.split(" ")[0])
                if known is not None:
                    found.setdefault(known, column)
            if len(found) > 1:
                return row, found
        return None, {}

    def has_figures(self) -> bool:
        """Whether there is a number anywhere."""
        return any(
            isinstance(self.at(row, column).value, (int, float))
            for row in self.rows()
            for column in self.columns()
        )


def begins_with(cell: Cell, key: str) -> bool:
    """Whether a cell begins with a text in either language."""
    return cell.text.casefold().startswith(forms(key))


def year_in(written: str) -> int | None:
    """Return the year that a text is, with or without the word for it."""
    found = _year_pattern().match(written)
    return int(found[1]) if found else None


def age_in(written: str) -> int | None:
    """Return the first age of the group that a text names."""
    found = _age_pattern().match(written)
    return int(found[1]) if found else None


@cache
def _year_pattern() -> re.Pattern[str]:
    return re.compile(rf"([12][0-9]{{3}})(?:{text('workbook.after_year', 'zh')})?\Z")


@cache
def _age_pattern() -> re.Pattern[str]:
    words = "|".join(map(re.escape, forms("workbook.after_age")))
    return re.compile(rf"([0-9]{{1,3}})\s*(?:$|[-–—~+]|{words})")
