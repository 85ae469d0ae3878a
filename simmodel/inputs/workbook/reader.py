"""Read a filled-in workbook: a region and its sources as plain data, each value with its cell.

Every fault of the book is collected and names its sheet and cell. What is read goes through the
same checks as a seed file (`seeds.read_with`), whose faults then name cells too.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from ...errors import Fault, FaultError, KeyPath, among, did_you_mean, shown
from ...texts import say
from ..region import BASE_YEAR
from ..yaml import Document, Location, Node
from . import cells
from .cells import COUNTS, UNITS, Quantity, forms, plain
from .grid import FORMULA, Cell, Grid, age_in, begins_with, year_in
from .sheets import (
    AGE_STARTS,
    AGES,
    BASICS,
    CENSUS,
    SEXES,
    SHEETS,
    SOURCES,
    TARGETS,
    YEARS,
    Field,
    Sheet,
)

MAX_BYTES: Final = 20_000_000
_SOURCE_ID: Final = re.compile(r"[a-z][a-z0-9_]*\Z")
_BROAD: Final = tuple(field.key for field in CENSUS.fields if field.kind == "share")
_STOCKS: Final = ("same_county", "other_county_same_province", "other_province")
# Keys of a figure in the order in which seed files have them.
_FIGURE: Final = (
    "indicator",
    "value",
    "unit",
    "comparison",
    "year",
    "vintage",
    "source",
    "place",
    "note",
)
# Labels are in the first column of a form.
_LABELS: Final = 1


@dataclass(frozen=True)
class Filled:
    """What a workbook says.

    Attributes
    ----------
    region, sources : Document
        As the seed file and the list of sources would hold it; locations are cells.
    lists_sources : bool
        Whether it has the sheet of sources at all.
    """

    region: Document
    sources: Document
    lists_sources: bool


def read_workbook(path: Path, region_id: str) -> Filled:
    """Read a workbook filled in for a region.

    Parameters
    ----------
    path : pathlib.Path
    region_id : str
        Whose it should be.

    Raises
    ------
    FaultError
        With one line for everything that is missing, or not certain.
    """
    reader = _WorkbookReader(path)
    reader.read_all(region_id)
    if reader.faults:
        raise FaultError(reader.faults)
    file = str(path)
    return Filled(
        Document(file, _tree(reader.region, reader.places, (), f"{file}: {BASICS.name}")),
        Document(file, _tree(reader.sources, reader.source_places, (), f"{file}: {SOURCES.name}")),
        SOURCES in reader.grids,
    )


def _tree(data: Any, places: Mapping[KeyPath, str], path: KeyPath, above: str) -> Node:
    """Plain data as a tree whose locations are cells; without one, that of what is above."""
    location = Location(places.get(path, above), None)
    if isinstance(data, dict):
        nodes = {k: _tree(v, places, (*path, k), location.file) for k, v in data.items()}
        return Node(location, nodes, {key: node.location for key, node in nodes.items()})
    if isinstance(data, list):
        return Node(
            location, [_tree(v, places, (*path, i), location.file) for i, v in enumerate(data)]
        )
    return Node(location, data)


def _open(path: Path) -> tuple[Any, Any]:
    """The workbook with values, and the one with formulas."""
    import zipfile
    from xml.etree.ElementTree import ParseError

    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    file, allowed = str(path), say("workbook.xlsx_allowed")
    if not path.is_file():
        problem = say("workbook.is_folder" if path.is_dir() else "workbook.does_not_exist")
        raise FaultError([Fault(file, None, "", problem, None, allowed)])
    if path.stat().st_size > MAX_BYTES:
        most = say("workbook.bytes", count=f"{MAX_BYTES:,}")
        raise FaultError([Fault(file, None, "", say("workbook.too_large"), None, most)])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of drop-downs and styles that openpyxl leaves out
            return load_workbook(path, data_only=True), load_workbook(path)
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        IndexError,
        AttributeError,
        EOFError,
        NotImplementedError,
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        ParseError,
        InvalidFileException,
    ):
        raise FaultError(
            [Fault(file, None, "", say("workbook.unreadable"), None, allowed)]
        ) from None


class _CellReader:
    """Reads single cells of a workbook, and collects what is wrong with them."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.faults: list[Fault] = []
        self._unmerged: set[tuple[str, str]] = set()  # merged cells refused already
        self._cured: set[str] = set()  # cells of units that a cure was named for

    def fault(
        self, place: str, problem: str, found: str | None = None, allowed: str | None = None
    ) -> None:
        """Note a fault at a cell or sheet."""
        self.faults.append(Fault(f"{self.file}: {place}", None, "", problem, found, allowed))

    def at(self, cell: Cell) -> str:
        """Return the place of a cell with the name of the file."""
        return f"{self.file}: {cell.place}"

    def is_merged(self, cell: Cell) -> bool:
        """Whether a cell shows the value of another; refused once for each merged cell."""
        if not cell.merged or cell.is_blank:
            return False
        name = (cell.place.split("!")[0], cell.merged)
        if name not in self._unmerged:
            self._unmerged.add(name)
            number = isinstance(cell.value, (int, float)) or cells.quantity(cell.value) is not None
            problem = say("workbook.merged_number" if number else "workbook.merged_text")
            allowed = say("workbook.unmerge", cells=cell.merged)
            self.fault(cell.place, problem, shown(cell.value), allowed)
        return True

    def value(self, cell: Cell, field: Field) -> Any:
        """Read a text, word or year, as its field says; None where blank or at fault."""
        if cell.is_blank:
            return None
        if field.kind == "word":
            return self.word(cell, field)
        return self.year(cell) if field.kind == "year" else self.text(cell)

    def text(self, cell: Cell) -> str | None:
        """Read a text."""
        value = cell.value
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if cell.is_blank:
            return None
        if cell.is_error or isinstance(value, bool) or not isinstance(value, (str, int)):
            problem, allowed = say("workbook.not_text"), say("workbook.text_allowed")
            self.fault(cell.place, problem, shown(str(value)), allowed)
            return None
        return " ".join(str(value).split())

    def word(self, cell: Cell, field: Field) -> str | None:
        """Read a word of the field's vocabulary."""
        words = field.words
        assert words is not None
        if cell.is_blank:
            return None
        found = words.read(cell.value)
        if found is None:
            known = [*words.words, *(form for word in words.words for form in words.forms(word))]
            allowed = among(words.labels) + did_you_mean(cell.text, known)
            self.fault(cell.place, say("workbook.unknown_word"), shown(cell.value), allowed)
        return found

    def year(self, cell: Cell) -> int | None:
        """Read a year."""
        value = cell.value
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, float) and value.is_integer():
            return int(value)
        if isinstance(value, str) and (found := year_in(plain(value))) is not None:
            return found
        problem, allowed = say("workbook.not_a_year"), say("workbook.year_allowed")
        self.fault(cell.place, problem, shown(str(value)), allowed)
        return None

    def quantity(self, cell: Cell, unit: Cell | None, allowed: Sequence[str]) -> Quantity | None:
        """Read a number with its unit."""
        if self.is_merged(cell):
            return None
        if unit is not None and not unit.is_below and self.is_merged(unit):
            return None
        found = None if cell.is_error else cells.quantity(cell.value, cell.number_format)
        if found is None:
            not_stored = cell.value == FORMULA
            value = say("workbook.not_stored") if not_stored else shown(str(cell.value))
            self.fault(cell.place, say("workbook.uncertain"), value, say("workbook.number_allowed"))
            return None
        units = among(UNITS.label(name) for name in allowed if name in UNITS.words)
        beside = None
        if unit is not None and not unit.is_blank:
            beside = cells.unit_of(unit.value)
            if beside is None:
                self.fault(unit.place, say("workbook.unknown_unit"), shown(unit.value), units)
                return None
        whole = cells.with_unit(found, beside)
        if whole is None:
            if beside is None:
                where = unit.place if unit is not None else cell.place
                self.fault(where, say("workbook.no_unit"), None, units)
            else:
                assert unit is not None
                problem = say("workbook.unit_beside", unit=shown(unit.value), place=unit.place)
                self.fault(cell.place, problem, _as_shown(cell), units)
            return None
        if whole.unit not in allowed:
            self.fault(cell.place, say("workbook.another_unit"), str(whole.unit), units)
            return None
        return whole

    def share(self, cell: Cell, unit: Cell | None) -> Quantity | None:
        """Read a percentage, or whole persons; not about so many."""
        found = self.quantity(cell, unit, ("percent", *COUNTS))
        if found is None or (found.comparison is None and found.unit == "percent"):
            return found
        if cells.persons(found) is not None:
            return found
        problem, allowed = say("workbook.no_share"), say("workbook.share_allowed")
        self.fault(cell.place, problem, _as_shown(cell), allowed)
        return None

    def persons(self, cell: Cell, unit: Cell | None) -> int | None:
        """Read a count of whole persons."""
        found = self.quantity(cell, unit, COUNTS)
        if found is None:
            return None
        count = cells.persons(found)
        if count is None:
            allowed = say("workbook.count_allowed") + self._cure(cell, unit, found)
            self.fault(cell.place, say("workbook.no_count"), _as_shown(cell), allowed)
        return count

    def _cure(self, cell: Cell, unit: Cell | None, found: Quantity) -> str:
        """Words for a count that looks like one of ten thousands, once for each cell of a unit."""
        in_10k = replace(found, unit="10k_persons")
        if (
            unit is None
            or cells.unit_of(unit.value) != ("persons", Decimal(1))
            or unit.place in self._cured
            or cells.quantity(cell.value, cell.number_format) != replace(found, unit=None)
            or cells.persons(in_10k) is None
        ):
            return ""
        self._cured.add(unit.place)
        return say("workbook.cure", value=found.value, place=unit.place)


class _WorkbookReader(_CellReader):
    """A workbook on its way to plain data."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        book, formulas = _open(path)
        self.names: list[str] = book.sheetnames
        self.grids: dict[Sheet, Grid] = {}
        for sheet in SHEETS:
            title = next((name for name in self.names if sheet.is_named(name)), None)
            if title is not None:
                self.grids[sheet] = Grid(book[title], formulas[title], sheet.name)
        self.region: dict[str, Any] = {}
        self.places: dict[KeyPath, str] = {}
        self.sources: dict[str, Any] = {}
        self.source_places: dict[KeyPath, str] = {}

    def read_all(self, region_id: str) -> None:
        """Read all sheets."""
        required = [sheet for sheet in SHEETS if sheet.required]
        for sheet in required:
            if sheet not in self.grids:
                found, allowed = among(self.names), among(one.name for one in required)
                self.fault(sheet.name, say("workbook.no_sheet"), found, allowed)
        for sheet, grid in self.grids.items():
            if sheet is BASICS:
                self._basics(grid, region_id)
            elif sheet is CENSUS:
                self._censuses(grid)
            elif sheet is AGES:
                self._ages(grid)
            elif sheet is SOURCES:
                self._sources(grid)
            else:
                self._figures(grid, sheet)

    # --- basics and censuses

    def _basics(self, grid: Grid, region_id: str) -> None:
        column = next(i for i, c in enumerate(BASICS.columns, start=1) if c.holds == "value")
        found = self._form(grid, BASICS, (column,))
        by_key = {field.key: field for field in BASICS.fields}
        filled = {key: row[column] for key, row in found.items() if not self.is_merged(row[column])}
        values = {key: self.value(cell, by_key[key]) for key, cell in filled.items()}
        if values.get("id") and values["id"] != region_id:
            found_id = shown(values["id"])
            self.fault(filled["id"].place, say("workbook.another_region"), found_id, region_id)
        names = {
            language: values[f"name_{language}"]
            for language in ("en", "zh")
            if values.get(f"name_{language}")
        }
        level = values.get("level")
        for key, value in (
            ("id", region_id),
            ("names", names),
            ("level", level),
            ("parent", values.get("parent")),
        ):
            if value is not None:
                self.region[key] = value
            if key in filled:
                self.places[(key,)] = self.at(filled[key])
        for language in names:
            self.places["names", language] = self.at(filled[f"name_{language}"])
        if level == "prefecture":
            self.region["counties"] = "some"

    def _censuses(self, grid: Grid) -> None:
        columns = grid.years(YEARS)
        for year in YEARS:
            if year not in columns:
                problem = say("workbook.no_column", label=year)
                self.fault(CENSUS.name, problem, None, among(map(str, YEARS)))
        unit_column = grid.headed("workbook.heading.unit")
        found = self._form(grid, CENSUS, tuple(columns.values()), unit_column)
        history: dict[str, Any] = {}
        for year, column in columns.items():
            under: KeyPath = ("baseline",) if year == BASE_YEAR else ("history", 0)
            head = f"{self.file}: {grid.place(grid.year_row, column)}"
            item = self._census(found, year, column, unit_column, under, head)
            if year == BASE_YEAR:
                self.region["baseline"] = item
            else:
                history = item
        if history:
            self.region["history"] = [history]

    def _census(
        self,
        found: Mapping[str, Mapping[int, Cell]],
        year: int,
        column: int,
        unit_column: int | None,
        under: KeyPath,
        head: str,
    ) -> dict[str, Any]:
        """One census, as a seed file holds it."""
        census: dict[str, Any] = {"year": year, "unit": "persons"}
        stocks: dict[str, Any] = {"year": year, "unit": "persons"}
        self.places[*under, "census"] = head
        broad: dict[str, Quantity] = {}
        for field in CENSUS.fields:
            row = found.get(field.key)
            if row is None or row[column].is_blank:
                continue
            cell = row[column]
            unit = row[unit_column] if unit_column is not None else None
            if field.kind == "text":
                # one text may be for both years, as both are headed by theirs
                shared = cell.first in {c.first for c in row.values() if c.is_own}
                if not shared and self.is_merged(cell):
                    continue
                text = self.text(cell)
                for target, key in ((census, "census"), (stocks, "registered_elsewhere")):
                    target[field.key] = text
                    self.places[*under, key, field.key] = self.at(cell)
            elif field.kind == "share":
                if (part := self.share(cell, unit)) is not None:
                    broad[field.key] = part
                    self.places[*under, "census", "broad_ages", field.key] = self.at(cell)
            elif (count := self.persons(cell, unit)) is not None:
                is_stock = field.key in _STOCKS
                (stocks if is_stock else census)[field.key] = count
                key = "registered_elsewhere" if is_stock else "census"
                self.places[*under, key, field.key] = self.at(cell)
        if broad and (ages := self._broad(broad, found, column)) is not None:
            census["broad_ages"] = ages
            self.places[*under, "census", "broad_ages"] = self.at(found[_BROAD[0]][column])
        out = {"census": census}
        if any(key in stocks for key in _STOCKS):
            out["registered_elsewhere"] = stocks
            self.places[*under, "registered_elsewhere"] = head
        return out

    def _broad(
        self,
        broad: Mapping[str, Quantity],
        found: Mapping[str, Mapping[int, Cell]],
        column: int,
    ) -> dict[str, Any] | None:
        """Three broad ages in one unit."""
        for key in _BROAD:
            # one that is filled in has been refused for itself
            if key not in broad and key in found and found[key][column].is_blank:
                place, allowed = found[key][column].place, say("workbook.three_ages_allowed")
                self.fault(place, say("workbook.missing"), None, allowed)
        if len(broad) < len(_BROAD):
            return None
        percent = {quantity.unit == "percent" for quantity in broad.values()}
        if len(percent) > 1:
            place, allowed = found[_BROAD[0]][column].place, say("workbook.one_unit_allowed")
            self.fault(place, say("workbook.ages_differ"), None, allowed)
            return None
        if percent == {True}:
            return {"unit": "percent", **{key: _number(broad[key]) for key in _BROAD}}
        return {"unit": "persons", **{key: cells.persons(broad[key]) for key in _BROAD}}

    # --- ages

    def _ages(self, grid: Grid) -> None:
        """Tables by age and sex; a year is given wholly or not at all."""
        ages, units = "workbook.ages.age", "workbook.heading.unit"
        head = next((row for row in grid.rows() if begins_with(grid.at(row, 1), ages)), None)
        if head is None:
            if grid.has_figures():
                allowed = say("workbook.sheet_of_template")
                self.fault(AGES.name, say("workbook.no_age_row"), None, allowed)
            return
        rows = (grid.at(row, 2) for row in range(1, head) if begins_with(grid.at(row, 1), units))
        unit = next(rows, None)
        columns = _columns_by_sex(grid, head)
        starts: dict[int, int] = {}
        for row in range(head + 1, grid.last_row + 1):
            cell = grid.at(row, 1)
            is_filled = any(not grid.at(row, column).is_blank for column in columns.values())
            if is_filled and self.is_merged(cell):
                return
            first = age_in(cell.text)
            if first is not None and first not in starts:
                starts[first] = row
            elif is_filled:
                allowed = say("workbook.age_group_allowed")
                self.fault(cell.place, say("workbook.no_age_group"), shown(cell.value), allowed)
        for year in YEARS:
            self._ages_of(grid, year, columns, starts, unit, grid.at(head, 1).place)

    def _ages_of(
        self,
        grid: Grid,
        year: int,
        columns: Mapping[tuple[int, str], int],
        starts: Mapping[int, int],
        unit: Cell | None,
        head: str,
    ) -> None:
        wanted = {sex: columns[year, sex] for sex in SEXES if (year, sex) in columns}
        given = [
            grid.at(row, column)
            for column in wanted.values()
            for row in starts.values()
            if not grid.at(row, column).is_blank
        ]
        if not given:
            return
        if lacking := [age for age in AGE_STARTS if age not in starts]:
            found = say("workbook.no_group_from", ages=", ".join(map(str, lacking)))
            allowed = say("workbook.groups_allowed")
            self.fault(head, say("workbook.groups_too_wide"), found, allowed)
            return
        path: KeyPath = ("baseline",) if year == BASE_YEAR else ("history", 0)
        ages = sorted(starts)
        table: dict[str, Any] = {"ages": ages}
        for sex in SEXES:
            if sex not in wanted:
                problem = say("workbook.no_sex", year=year, sex=say(f"workbook.ages.{sex}"))
                self.fault(head, problem, None, say("workbook.both_sexes_allowed"))
                continue
            row_cells = [grid.at(starts[age], wanted[sex]) for age in ages]
            counts = []
            for cell in row_cells:
                if cell.is_blank:
                    allowed = say("workbook.whole_year_allowed")
                    self.fault(cell.place, say("workbook.missing"), None, allowed)
                else:
                    counts.append(self.persons(cell, unit))
            table[sex] = counts
            for place, cell in enumerate(row_cells):
                self.places[*path, "census", "age_sex", sex, place] = self.at(cell)
        item = self.region.get("baseline") if year == BASE_YEAR else None
        if year != BASE_YEAR and self.region.get("history"):
            item = self.region["history"][0]
        if item is not None:
            item["census"].pop("broad_ages", None)  # the ages say more
            item["census"]["age_sex"] = table
            where = f"{self.file}: {AGES.name}!{given[0].coordinate}"
            self.places[*path, "census", "age_sex"] = where

    # --- tables

    def _figures(self, grid: Grid, sheet: Sheet) -> None:
        """Figures of the past, or targets of the plan."""
        rows = [self._figure(row, sheet) for row in self._table(grid, sheet)]
        if not rows:
            return
        key = "targets" if sheet is TARGETS else "observations"
        self.region[key] = [item for item, _ in rows]
        for place, (_, at) in enumerate(rows):
            self.places[key, place] = at["indicator"]
            for name, where in at.items():
                self.places[key, place, name] = where

    def _figure(
        self, row: Mapping[str, Cell], sheet: Sheet
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """A figure of a table, and the cells of its keys."""
        item: dict[str, Any] = {}
        at = {key: self.at(cell) for key, cell in row.items()}
        for field in sheet.fields:
            if field.key not in row or field.kind == "unit" or row[field.key].is_blank:
                continue
            cell = row[field.key]
            if field.kind == "quantity":
                found = self.quantity(cell, row["unit"], UNITS.words)
                if found is not None:
                    item |= {"value": _number(found), "unit": found.unit}
                    if found.comparison is not None:
                        self._compared(item, row, found.comparison)
            else:
                item[field.key] = self.value(cell, field)
        return {key: item[key] for key in _FIGURE if key in item}, at

    def _compared(self, item: dict[str, Any], row: Mapping[str, Cell], written: str) -> None:
        """Take the comparison written with a value, unless another is given beside it."""
        beside = item.get("comparison")
        if beside and beside != written:
            cell, place = row["comparison"], row["value"].place
            allowed = say("workbook.as_in", comparison=written, place=place)
            self.fault(cell.place, say("workbook.does_not_fit"), shown(cell.value), allowed)
        elif "comparison" not in item:
            item["comparison"] = written

    def _sources(self, grid: Grid) -> None:
        for row in self._table(grid, SOURCES):
            if row["id"].merged and row["id"].is_blank:
                continue  # refused for that
            name = self.text(row["id"])
            if name is None or not _SOURCE_ID.match(name):
                allowed = say("workbook.source_id_allowed")
                self.fault(row["id"].place, say("workbook.no_id"), shown(row["id"].value), allowed)
                continue
            if name in self.sources:
                problem, allowed = say("workbook.twice"), say("workbook.source_once_allowed")
                self.fault(row["id"].place, problem, shown(name), allowed)
                continue
            filled = {
                field.key: self.value(row[field.key], field)
                for field in SOURCES.fields
                if field.key != "id" and field.key in row and not row[field.key].is_blank
            }
            titles = [filled[key] for key in ("title_en", "title_zh") if key in filled]
            entry: dict[str, Any] = {}
            for key, value in filled.items():
                if key.startswith("title_"):
                    entry["title"] = {"en": titles[0], "zh": titles[-1]}
                else:
                    entry[key] = value
            self.sources[name] = entry
            self.source_places[(name,)] = self.at(row["id"])
            for key in entry:
                self.source_places[name, key] = self.at(row["title_zh" if key == "title" else key])

    # --- how rows are found

    def _form(
        self, grid: Grid, sheet: Sheet, columns: Sequence[int], also: int | None = None
    ) -> dict[str, dict[int, Cell]]:
        """Rows of a form by the label in front of them; cells of ``columns`` must be filled in."""
        labels = sheet.labels()
        rows: dict[str, dict[int, Cell]] = {}
        has_merged = False
        for row in grid.rows():
            cell = grid.at(row, _LABELS)
            field = labels.get(cell.text)
            if field is not None and field.key not in rows:
                wanted = [*columns, *([also] if also is not None else [])]
                rows[field.key] = {column: grid.at(row, column) for column in wanted}
            elif rows and any(not grid.at(row, c).is_blank for c in columns):
                if self.is_merged(cell):
                    has_merged = True
                    continue
                known = [sheet.label(field, "zh") for field in sheet.fields]
                allowed = among(known) + did_you_mean(cell.text, known)
                self.fault(cell.place, say("workbook.no_field"), shown(cell.value), allowed)
        for field in sheet.fields:
            if not field.required:
                continue
            name = f"{sheet.label(field, 'zh')} {sheet.label(field, 'en')}"
            if field.key in rows:
                for column in columns:
                    if (cell := rows[field.key][column]).is_blank:
                        self.fault(cell.place, say("workbook.field_missing", field=name))
            elif not has_merged:  # its label may be under the merged cell
                allowed = say("workbook.row_of_template")
                self.fault(sheet.name, say("workbook.no_row", field=name), None, allowed)
        return rows

    def _table(self, grid: Grid, sheet: Sheet) -> Iterator[dict[str, Cell]]:
        """Filled rows of a table by the headings of its columns."""
        wanted = {name: field.key for name, field in sheet.labels().items()}
        head, columns = grid.headings(wanted)
        if head is None:
            if grid.has_figures():
                allowed = among(sheet.label(field, "zh") for field in sheet.fields)
                self.fault(sheet.name, say("workbook.no_headings"), None, allowed)
            return
        lacking = [
            field
            for field in sheet.fields
            if field.key not in columns and not field.is_column_optional
        ]
        for field in lacking:
            label = sheet.label(field, "zh")
            self.fault(grid.place(head, 1), say("workbook.no_column", label=label))
        if lacking:
            return
        unread = {*forms("workbook.example"), *forms("workbook.known")}
        for row in range(head + 1, grid.last_row + 1):
            if grid.at(row, 1).text.casefold() in unread and 1 not in columns.values():
                continue
            found = {key: grid.at(row, column) for key, column in columns.items()}
            if any(cell.is_own and not cell.is_blank for cell in found.values()):
                yield {
                    key: replace(cell, value=None)
                    if not cell.is_below and self.is_merged(cell)
                    else cell
                    for key, cell in found.items()
                }


def _columns_by_sex(grid: Grid, head: int) -> dict[tuple[int, str], int]:
    """Columns of a table by age whose headings name a year and a sex."""
    columns: dict[tuple[int, str], int] = {}
    for column in grid.columns():
        heading = grid.at(head, column).text.casefold()
        for year in YEARS:
            for sex in SEXES:
                zh, en = forms(f"workbook.ages.{sex}")
                if str(year) in heading and (zh in heading or en in heading.split()):
                    columns[year, sex] = column
    return columns


def _as_shown(cell: Cell) -> str:
    percent = "%" in cell.number_format and not isinstance(cell.value, str)
    value = shown(cell.value)
    return say("workbook.shown_in_percent", value=value) if percent else value


def _number(found: Quantity) -> int | float:
    value = found.value
    return int(value) if value == value.to_integral_value() else float(value)
