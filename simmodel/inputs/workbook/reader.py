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
from ..region import BASE_YEAR
from ..yaml import Document, Location, Node
from . import cells
from .cells import Quantity, Words, plain
from .template import (
    AGE_STARTS,
    AGES,
    ANNUAL,
    ANNUAL_ITEMS,
    BASIC_ITEMS,
    BASICS,
    CENSUS,
    CENSUS_ITEMS,
    EXAMPLE,
    KNOWN,
    REQUIRED,
    SOURCE_ITEMS,
    SOURCES,
    TARGET_ITEMS,
    TARGETS,
    YEARS,
    Item,
)

MAX_BYTES: Final = 20_000_000
MAX_ROWS, MAX_COLUMNS = 2_000, 60
# How figures may be written, said wherever one is refused.
WRITTEN: Final = "a number, as 685900, 68.59万, 47.01%, 1,464,955, 约55% or 60%以上"
NOT_STORED: Final = "a formula whose value is not stored; open and save the book in Excel"
_FORMULA: Final = "="  # stands for such a formula
_SOURCE_ID: Final = re.compile(r"[a-z][a-z0-9_]*\Z")
_YEAR: Final = re.compile(r"([12][0-9]{3})年?\Z")
_STARTS: Final = re.compile(r"([0-9]{1,3})\s*(?:岁)?(?:$|[-–—~至+及以]|岁)")

_BROAD: Final = ("from_0_to_14", "from_15_to_59", "from_60")
_STOCKS: Final = ("same_county", "other_county_same_province", "other_province")


@dataclass(frozen=True)
class Filled:
    """What a workbook says.

    Attributes
    ----------
    region, sources : Document
        As the seed file and the list of sources would hold it; marks are cells.
    lists_sources : bool
        Whether it has the sheet of sources at all.
    """

    region: Document
    sources: Document
    lists_sources: bool


@dataclass(frozen=True)
class _Cell:
    """A cell: what it holds, how it shows it, and where it is."""

    value: object
    number_format: str
    place: str
    column: int
    merged: str = ""  # the merged cell that it is a part of, and not its first
    first: tuple[int, int] = (0, 0)  # row and column of what it shows
    is_error: bool = False

    @property
    def is_own(self) -> bool:
        return not self.merged

    @property
    def is_below(self) -> bool:
        """Whether it only repeats a cell of its own column."""
        return self.first[1] == self.column

    @property
    def is_blank(self) -> bool:
        return self.value is None or (isinstance(self.value, str) and not plain(self.value))

    @property
    def text(self) -> str:
        return plain(str(self.value)) if not self.is_blank else ""


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
    reader = _Reader(path)
    reader.read(region_id)
    if reader.faults:
        raise FaultError(reader.faults)
    file = str(path)
    return Filled(
        Document(file, _tree(reader.region, reader.places, (), f"{file}: {BASICS}")),
        Document(file, _tree(reader.sources, reader.source_places, (), f"{file}: {SOURCES}")),
        reader.has_sheet(SOURCES),
    )


def _tree(data: Any, places: Mapping[KeyPath, str], path: KeyPath, above: str) -> Node:
    """Plain data as a tree whose marks are cells; without one of its own, that of what is above."""
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

    file = str(path)
    allowed = "an .xlsx workbook, as `simmodel new-region NAME --template` makes one"
    if not path.is_file():
        problem = "is a folder, not a file" if path.is_dir() else "does not exist"
        raise FaultError([Fault(file, None, "", problem, None, allowed)])
    if path.stat().st_size > MAX_BYTES:
        raise FaultError([Fault(file, None, "", "is too large", None, f"{MAX_BYTES:,} bytes")])
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
        problem = "cannot be read as a workbook"
        raise FaultError([Fault(file, None, "", problem, None, allowed)]) from None


class _Reader:
    """A workbook on its way to plain data."""

    def __init__(self, path: Path) -> None:
        self.file = str(path)
        self.book, self.formulas = _open(path)
        self.faults: list[Fault] = []
        self.region: dict[str, Any] = {}
        self.places: dict[KeyPath, str] = {}
        self.sources: dict[str, Any] = {}
        self.source_places: dict[KeyPath, str] = {}
        self.unmerged: set[tuple[str, str]] = set()  # merged cells refused already
        self.cured: set[str] = set()  # cells of units that a cure was named for

    # --- what is read

    def read(self, region_id: str) -> None:
        """Read all sheets."""
        for name in REQUIRED:
            if self._sheet(name) is None:
                found = among(self.book.sheetnames)
                self._fault(name, "the sheet is missing", found, among(REQUIRED))
        if (grid := self._sheet(BASICS)) is not None:
            self._basics(grid, region_id)
        if (grid := self._sheet(CENSUS)) is not None:
            self._censuses(grid)
        if (grid := self._sheet(AGES)) is not None:
            self._ages(grid)
        if (grid := self._sheet(ANNUAL)) is not None:
            self._observations(grid)
        if (grid := self._sheet(TARGETS)) is not None:
            self._targets(grid)
        if (grid := self._sheet(SOURCES)) is not None:
            self._sources(grid)

    def _basics(self, grid: _Grid, region_id: str) -> None:
        column = 3
        found = self._fields(grid, BASIC_ITEMS, 1, (column,))
        said = {key: row[column] for key, row in found.items()}
        said = {key: cell for key, cell in said.items() if not self._is_merged(cell)}
        texts = {key: self._text(cell) for key, cell in said.items()}
        if texts.get("id") and texts["id"] != region_id:
            self._fault(said["id"].place, "is another region", shown(texts["id"]), region_id)
        names = {
            language: texts[f"name_{language}"]
            for language in ("en", "zh")
            if texts.get(f"name_{language}")
        }
        level = self._word(said["level"], cells.LEVELS) if "level" in said else None
        for key, value in (
            ("id", region_id),
            ("names", names),
            ("level", level),
            ("parent", texts.get("parent")),
        ):
            if value is not None:
                self.region[key] = value
            if key in said:
                self.places[(key,)] = self._at(said[key])
        for language in names:
            self.places["names", language] = self._at(said[f"name_{language}"])
        if level == "prefecture":
            self.region["counties"] = "some"

    def _censuses(self, grid: _Grid) -> None:
        columns = grid.years(YEARS)
        for year in YEARS:
            if year not in columns:
                self._fault(CENSUS, f"has no column headed {year}", None, f"{YEARS[0]}, {YEARS[1]}")
        unit_column = grid.headed("单位")
        found = self._fields(grid, CENSUS_ITEMS, 1, tuple(columns.values()), unit_column)
        history: dict[str, Any] = {}
        for year, column in columns.items():
            under: KeyPath = ("baseline",) if year == BASE_YEAR else ("history", 0)
            item = self._census(found, year, column, unit_column, under, grid)
            if year == BASE_YEAR:
                self.region["baseline"] = item
            else:
                history = item
        if history:
            self.region["history"] = [history]

    def _census(
        self,
        found: Mapping[str, Mapping[int, _Cell]],
        year: int,
        column: int,
        unit_column: int | None,
        under: KeyPath,
        grid: _Grid,
    ) -> dict[str, Any]:
        census: dict[str, Any] = {"year": year, "unit": "persons"}
        stocks: dict[str, Any] = {"year": year, "unit": "persons"}
        head = f"{self.file}: {grid.place(grid.year_row, column)}"
        self.places[*under, "census"] = head
        broad: dict[str, Quantity] = {}
        for item in CENSUS_ITEMS:
            row = found.get(item.key)
            if row is None or row[column].is_blank:
                continue
            cell = row[column]
            if item.key in ("source", "place"):
                # one text may stand for both years, as both are headed by theirs
                shared = cell.first in {c.first for c in row.values() if c.is_own}
                if not shared and self._is_merged(cell):
                    continue
                text = self._text(cell)
                for target, key in ((census, "census"), (stocks, "registered_elsewhere")):
                    target[item.key] = text
                    self.places[*under, key, item.key] = self._at(cell)
                continue
            unit = row[unit_column] if unit_column is not None else None
            if item.key in _BROAD:
                if (part := self._broad_age(cell, unit)) is not None:
                    broad[item.key] = part
                    self.places[*under, "census", "broad_ages", item.key] = self._at(cell)
            elif (count := self._persons(cell, unit)) is not None:
                is_stock = item.key in _STOCKS
                (stocks if is_stock else census)[item.key] = count
                key = "registered_elsewhere" if is_stock else "census"
                self.places[*under, key, item.key] = self._at(cell)
        if broad and (ages := self._broad(broad, found, column)) is not None:
            census["broad_ages"] = ages
            self.places[*under, "census", "broad_ages"] = self._at(found[_BROAD[0]][column])
        out = {"census": census}
        if any(key in stocks for key in _STOCKS):
            out["registered_elsewhere"] = stocks
            self.places[*under, "registered_elsewhere"] = head
        return out

    def _broad(
        self,
        broad: Mapping[str, Quantity],
        found: Mapping[str, Mapping[int, _Cell]],
        column: int,
    ) -> dict[str, Any] | None:
        """Three broad ages in one unit."""
        missing = [key for key in _BROAD if key not in broad and key in found]
        for key in missing:
            if found[key][column].is_blank:  # else it has been refused for itself
                allowed = "all three broad ages or none"
                self._fault(found[key][column].place, "is missing", None, allowed)
        if len(broad) < len(_BROAD):
            return None
        percent = {quantity.unit == "percent" for quantity in broad.values()}
        if len(percent) > 1:
            place = found[_BROAD[0]][column].place
            self._fault(place, "the three broad ages differ in unit", None, "one unit for all")
            return None
        if percent == {True}:
            return {"unit": "percent", **{key: _number(broad[key]) for key in _BROAD}}
        return {"unit": "persons", **{key: cells.persons(broad[key]) for key in _BROAD}}

    def _broad_age(self, cell: _Cell, unit: _Cell | None) -> Quantity | None:
        """A percentage, or whole persons; not about so many."""
        found = self._quantity(cell, unit, ("percent", *cells.COUNTS))
        if found is None or (found.comparison is None and found.unit == "percent"):
            return found
        if cells.persons(found) is not None:
            return found
        problem = "is neither a percentage nor a whole number of persons"
        self._fault(cell.place, problem, _written(cell), "20.01%, or whole persons, without 约")
        return None

    def _ages(self, grid: _Grid) -> None:
        """Tables by age and sex; a year is given wholly or not at all."""
        head = next((row for row in grid.rows() if grid.at(row, 1).text.startswith("年龄")), None)
        if head is None:
            if grid.has_figures():
                self._fault(AGES, "has no row headed 年龄", None, "the sheet of the template")
            return
        unit = next(
            (grid.at(row, 2) for row in range(1, head) if grid.at(row, 1).text.startswith("单位")),
            None,
        )
        columns: dict[tuple[int, str], int] = {}
        for column in grid.columns():
            text = grid.at(head, column).text
            for year in YEARS:
                for sex, sign in (("female", "女"), ("male", "男")):
                    if str(year) in text and sign in text:
                        columns[year, sex] = column
        starts: dict[int, int] = {}
        for row in range(head + 1, grid.last_row + 1):
            cell = grid.at(row, 1)
            match = _STARTS.match(cell.text)
            if any(not grid.at(row, c).is_blank for c in columns.values()) and self._is_merged(
                cell
            ):
                return
            if match and int(match[1]) not in starts:
                starts[int(match[1])] = row
            elif any(not grid.at(row, column).is_blank for column in columns.values()):
                allowed = "an age group, as 0, 1-4, 85+, once each"
                self._fault(cell.place, "is not an age group", shown(cell.value), allowed)
        for year in YEARS:
            self._ages_of(grid, year, columns, starts, unit, grid.at(head, 1).place)

    def _ages_of(
        self,
        grid: _Grid,
        year: int,
        columns: Mapping[tuple[int, str], int],
        starts: Mapping[int, int],
        unit: _Cell | None,
        head: str,
    ) -> None:
        wanted = {sex: columns[year, sex] for sex in ("female", "male") if (year, sex) in columns}
        given = [
            grid.at(row, column)
            for column in wanted.values()
            for row in starts.values()
            if not grid.at(row, column).is_blank
        ]
        if not given:
            return
        if lacking := [age for age in AGE_STARTS if age not in starts]:
            found = f"no group from {', '.join(map(str, lacking))}"
            allowed = "groups from 0, 1, 5, 10 and so on to 85+"
            self._fault(head, "the age groups are too wide", found, allowed)
            return
        path: KeyPath = ("baseline",) if year == BASE_YEAR else ("history", 0)
        ages = sorted(starts)
        table: dict[str, Any] = {"ages": ages}
        for sex in ("female", "male"):
            if sex not in wanted:
                self._fault(head, f"has no column for {year} {sex}", None, "both sexes")
                continue
            row_cells = [grid.at(starts[age], wanted[sex]) for age in ages]
            counts = []
            for cell in row_cells:
                if cell.is_blank:
                    self._fault(cell.place, "is missing", None, "the whole year or none of it")
                else:
                    counts.append(self._persons(cell, unit))
            table[sex] = counts
            for place, cell in enumerate(row_cells):
                self.places[*path, "census", "age_sex", sex, place] = self._at(cell)
        item = self.region.get("baseline") if year == BASE_YEAR else None
        if year != BASE_YEAR and self.region.get("history"):
            item = self.region["history"][0]
        if item is not None:
            item["census"].pop("broad_ages", None)  # the ages say more
            item["census"]["age_sex"] = table
            self.places[*path, "census", "age_sex"] = f"{self.file}: {AGES}!{_cell_of(given[0])}"

    def _observations(self, grid: _Grid) -> None:
        rows = []
        for row in self._table(grid, ANNUAL_ITEMS):
            item, at = self._row(row, cells.OBSERVED)
            if (cell := row.get("vintage")) is not None and not cell.is_blank:
                item["vintage"] = self._word(cell, cells.VINTAGES)
            rows.append((item, at))
        self._listed("observations", rows)

    def _targets(self, grid: _Grid) -> None:
        rows = []
        for row in self._table(grid, TARGET_ITEMS):
            item, at = self._row(row, cells.AIMED)
            cell = row["comparison"]
            if not cell.is_blank:
                said = self._word(cell, cells.COMPARISONS)
                written = item.get("comparison")
                if said and written and said != written:
                    allowed = f"{written}, as in {row['value'].place}"
                    self._fault(cell.place, "does not fit the value", shown(cell.value), allowed)
                item["comparison"] = said
            rows.append((item, at))
        self._listed("targets", rows)

    def _listed(self, key: str, rows: list[tuple[dict[str, Any], dict[str, str]]]) -> None:
        if not rows:
            return
        self.region[key] = [item for item, _ in rows]
        for place, (_, at) in enumerate(rows):
            self.places[key, place] = at[""]
            for name, where in at.items():
                if name:
                    self.places[key, place, name] = where

    def _row(
        self, row: Mapping[str, _Cell], indicators: Words
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """A figure of a table, and the cells of its keys."""
        item: dict[str, Any] = {}
        at = {key: self._at(cell) for key, cell in row.items()}
        at[""] = at["indicator"]
        if not row["indicator"].is_blank:
            item["indicator"] = self._word(row["indicator"], indicators)
        if not row["value"].is_blank:
            found = self._quantity(row["value"], row["unit"], tuple(cells.UNITS))
            if found is not None:
                item |= {"value": _number(found), "unit": found.unit}
                if found.comparison is not None:
                    item["comparison"] = found.comparison
        if not row["year"].is_blank:
            item["year"] = self._year(row["year"])
        for key in ("source", "place", "note"):
            if key in row and not row[key].is_blank:
                item[key] = self._text(row[key])
        return item, at

    def _sources(self, grid: _Grid) -> None:
        for row in self._table(grid, SOURCE_ITEMS):
            if row["id"].merged and row["id"].is_blank:
                continue  # refused for that
            name = self._text(row["id"])
            if name is None or not _SOURCE_ID.match(name):
                allowed = "lower-case letters, digits and _, as dingxi_communique_2023"
                self._fault(row["id"].place, "is not an id", shown(row["id"].value), allowed)
                continue
            if name in self.sources:
                self._fault(row["id"].place, "stands twice", shown(name), "each source once")
                continue
            entry: dict[str, Any] = {}
            if not row["kind"].is_blank:
                entry["kind"] = self._word(row["kind"], cells.SOURCE_KINDS)
            titles = [
                self._text(row[key]) for key in ("title_en", "title_zh") if not row[key].is_blank
            ]
            if titles:
                entry["title"] = {"en": titles[0], "zh": titles[-1]}
            for key in ("publisher", "number", "url", "note"):
                if not row[key].is_blank:
                    entry[key] = self._text(row[key])
            if not row["year"].is_blank:
                entry["year"] = self._year(row["year"])
            self.sources[name] = entry
            self.source_places[(name,)] = self._at(row["id"])
            for key in entry:
                cell = row["title_zh" if key == "title" else key]
                self.source_places[name, key] = self._at(cell)

    # --- how cells are found

    def has_sheet(self, name: str) -> bool:
        """Whether the book has a sheet."""
        return self._sheet(name) is not None

    def _sheet(self, name: str) -> _Grid | None:
        for title in self.book.sheetnames:
            if plain(title).split(" ")[0] == name:
                return _Grid(self.book[title], self.formulas[title], name)
        return None

    def _fields(
        self,
        grid: _Grid,
        items: Sequence[Item],
        label_column: int,
        columns: Sequence[int],
        also: int | None = None,
    ) -> dict[str, dict[int, _Cell]]:
        """Rows of a sheet by the label in front of them."""
        labels = {plain(text): item for item in items for text in (item.zh, item.en, item.key)}
        rows: dict[str, dict[int, _Cell]] = {}
        has_merged = False
        for row in grid.rows():
            cell = grid.at(row, label_column)
            item = labels.get(cell.text)
            wanted = [*columns, *([also] if also is not None else [])]
            if item is not None and item.key not in rows:
                rows[item.key] = {column: grid.at(row, column) for column in wanted}
            elif rows and any(not grid.at(row, c).is_blank for c in columns):
                if self._is_merged(cell):
                    has_merged = True
                    continue
                known = [item.zh for item in items]
                found = shown(cell.value)
                allowed = among(known) + did_you_mean(cell.text, known)
                self._fault(cell.place, "is not a field, or stands twice", found, allowed)
        for item in items:
            if not item.required:
                continue
            if item.key not in rows:
                if has_merged:
                    continue  # its label may be under the merged cell
                self._fault(grid.name, f"has no row {item.zh} {item.en}", None, "the template's")
                continue
            for column in columns:
                if (cell := rows[item.key][column]).is_blank:
                    self._fault(cell.place, f"{item.zh} {item.en} is missing")
        return rows

    def _table(self, grid: _Grid, items: Sequence[Item]) -> Iterator[dict[str, _Cell]]:
        """Filled rows of a table by the headings of its columns."""
        wanted = {item.zh: item.key for item in items}
        head, columns = grid.headings(wanted)
        if head is None:
            if grid.has_figures():
                allowed = among(wanted)
                self._fault(grid.name, "has no row with the headings", None, allowed)
            return
        for label, key in wanted.items():
            if key not in columns and key != "note":
                self._fault(grid.place(head, 1), f"has no column headed {label}")
        if any(key not in columns for key in wanted.values() if key != "note"):
            return
        for row in range(head + 1, grid.last_row + 1):
            if grid.at(row, 1).text in (EXAMPLE, KNOWN) and 1 not in columns.values():
                continue
            found = {key: grid.at(row, column) for key, column in columns.items()}
            if any(cell.is_own and not cell.is_blank for cell in found.values()):
                yield {
                    key: replace(cell, value=None)
                    if not cell.is_below and self._is_merged(cell)
                    else cell
                    for key, cell in found.items()
                }

    # --- how single cells are read

    def _fault(
        self, place: str, problem: str, found: str | None = None, allowed: str | None = None
    ) -> None:
        self.faults.append(Fault(f"{self.file}: {place}", None, "", problem, found, allowed))

    def _at(self, cell: _Cell) -> str:
        return f"{self.file}: {cell.place}"

    def _is_merged(self, cell: _Cell) -> bool:
        """Whether a cell shows what stands in another; refused once for each merged cell."""
        if not cell.merged or cell.is_blank:
            return False
        name = (cell.place.split("!")[0], cell.merged)
        if name not in self.unmerged:
            self.unmerged.add(name)
            number = isinstance(cell.value, (int, float)) or cells.quantity(cell.value) is not None
            what = "number" if number else "text"
            problem = f"is a part of a merged cell: whose {what} it is, is not certain"
            allowed = f"a cell of its own: unmerge {cell.merged}"
            self._fault(cell.place, problem, shown(cell.value), allowed)
        return True

    def _text(self, cell: _Cell) -> str | None:
        value = cell.value
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if cell.is_blank:
            return None
        if cell.is_error or isinstance(value, bool) or not isinstance(value, (str, int)):
            self._fault(cell.place, "is not text", shown(str(value)), "text")
            return None
        return " ".join(str(value).split())

    def _word(self, cell: _Cell, known: Words) -> str | None:
        if cell.is_blank:
            return None
        found = cells.word(cell.value, known)
        if found is None:
            labels = [cells.label(name, known) for name in known]
            near = did_you_mean(
                cell.text, [*known, *(label for name in known for label in known[name])]
            )
            self._fault(cell.place, "is not a known word", shown(cell.value), among(labels) + near)
        return found

    def _year(self, cell: _Cell) -> int | None:
        value = cell.value
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, float) and value.is_integer():
            return int(value)
        if isinstance(value, str) and (found := _YEAR.match(plain(value))):
            return int(found[1])
        self._fault(cell.place, "is not a year", shown(str(value)), "a year, as 2020 or 2020年")
        return None

    def _quantity(self, cell: _Cell, unit: _Cell | None, allowed: Sequence[str]) -> Quantity | None:
        """A number with its unit, or a fault."""
        if self._is_merged(cell):
            return None
        if unit is not None and not unit.is_below and self._is_merged(unit):
            return None
        found = None if cell.is_error else cells.quantity(cell.value, cell.number_format)
        if found is None:
            value = NOT_STORED if cell.value == _FORMULA else shown(str(cell.value))
            self._fault(cell.place, "is not a number that is certain", value, WRITTEN)
            return None
        units = among(cells.label(name, cells.UNITS) for name in allowed if name in cells.UNITS)
        beside = None
        if unit is not None and not unit.is_blank:
            beside = cells.unit_of(unit.value)
            if beside is None:
                self._fault(unit.place, "is not a known unit", shown(unit.value), units)
                return None
        whole = cells.with_unit(found, beside)
        if whole is None:
            if beside is None:
                where = unit.place if unit is not None else cell.place
                self._fault(where, "the unit is missing", None, units)
            else:
                assert unit is not None
                said = f"{shown(unit.value)} in {unit.place}"
                problem = f"does not fit the unit beside it, {said}"
                self._fault(cell.place, problem, _written(cell), units)
            return None
        if whole.unit not in allowed:
            self._fault(cell.place, "is of another unit", str(whole.unit), units)
            return None
        return whole

    def _persons(self, cell: _Cell, unit: _Cell | None) -> int | None:
        found = self._quantity(cell, unit, cells.COUNTS)
        if found is None:
            return None
        count = cells.persons(found)
        if count is None:
            problem = "is not a whole number of persons"
            allowed = "a count, without 约 or 以上, of whole persons"
            allowed += self._cure(cell, unit, found)
            self._fault(cell.place, problem, _written(cell), allowed)
        return count

    def _cure(self, cell: _Cell, unit: _Cell | None, found: Quantity) -> str:
        """Words for a count that looks like one of 万人 beside the unit 人, once for each unit."""
        in_10k = replace(found, unit="10k_persons")
        if (
            unit is None
            or cells.unit_of(unit.value) != ("persons", Decimal(1))
            or unit.place in self.cured
            or cells.quantity(cell.value, cell.number_format) != replace(found, unit=None)
            or cells.persons(in_10k) is None
        ):
            return ""
        self.cured.add(unit.place)
        return f"; if {found.value} is in 万人, set the unit in {unit.place} to 万人"


class _Grid:
    """A sheet by row and column; a merged cell is read from its first."""

    def __init__(self, sheet: Any, formulas: Any, name: str) -> None:
        self.sheet, self.formulas, self.name = sheet, formulas, name
        self.last_row = min(sheet.max_row or 0, MAX_ROWS)
        self.last_column = min(sheet.max_column or 0, MAX_COLUMNS)
        self.first: dict[tuple[int, int], tuple[int, int]] = {}
        self.merged: dict[tuple[int, int], str] = {}
        for merged in sheet.merged_cells.ranges:
            for row in range(merged.min_row, min(merged.max_row, MAX_ROWS) + 1):
                for column in range(merged.min_col, min(merged.max_col, MAX_COLUMNS) + 1):
                    self.first[row, column] = (merged.min_row, merged.min_col)
                    self.merged[row, column] = merged.coord
        self.year_row = 0

    def rows(self) -> range:
        return range(1, self.last_row + 1)

    def columns(self) -> range:
        return range(1, self.last_column + 1)

    def place(self, row: int, column: int) -> str:
        return f"{self.name}!{self.sheet.cell(row, column).coordinate}"

    def at(self, row: int, column: int) -> _Cell:
        own = self.first.get((row, column), (row, column))
        cell = self.sheet.cell(*own)
        value = cell.value
        formula = self.formulas.cell(*own).data_type == "f"
        return _Cell(
            value=_FORMULA if formula and value is None else value,
            number_format=cell.number_format or "General",
            place=self.place(row, column),
            column=column,
            merged="" if own == (row, column) else self.merged[row, column],
            first=own,
            is_error=cell.data_type == "e" or (formula and value is None),
        )

    def years(self, wanted: Sequence[int]) -> dict[int, int]:
        """Columns headed by years, in the first row that has one of them."""
        for row in self.rows():
            found: dict[int, int] = {}
            for column in self.columns():
                match = _YEAR.match(self.at(row, column).text)
                if match and int(match[1]) in wanted:
                    found.setdefault(int(match[1]), column)
            if found:
                self.year_row = row
                return found
        return {}

    def headed(self, text: str) -> int | None:
        """Column whose heading begins with a text, in the row of the years."""
        if not self.year_row:
            return None
        return next(
            (c for c in self.columns() if self.at(self.year_row, c).text.startswith(text)), None
        )

    def headings(self, wanted: Mapping[str, str]) -> tuple[int | None, dict[str, int]]:
        """The first row with two headings wanted, and the column of each."""
        for row in self.rows():
            found: dict[str, int] = {}
            for column in self.columns():
                first = self.at(row, column).text.split(" ")[0]
                if first in wanted:
                    found.setdefault(wanted[first], column)
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


def _cell_of(cell: _Cell) -> str:
    return cell.place.split("!")[-1]


def _written(cell: _Cell) -> str:
    percent = "%" in cell.number_format and not isinstance(cell.value, str)
    return f"{shown(cell.value)}, shown in percent" if percent else shown(cell.value)


def _number(found: Quantity) -> int | float:
    value = found.value
    return int(value) if value == value.to_integral_value() else float(value)
