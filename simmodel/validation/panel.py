"""Panels read for a hindcast, and its forecasts written; every fault with its file and line."""

from __future__ import annotations

import csv
import io
import math
import re
import tempfile
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from itertools import product
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..computing.output_files import write_csv
from ..errors import Fault, FaultError, OutputError, among, did_you_mean, shown
from ..forecast.base_population import GROUPS
from ..texts import say
from ..variables import QUANTILES, RESIDENCES, SEXES
from .forecasts import MEDIAN, Count, Forecast, Panel

Array = NDArray[np.float64]

YEARS: Final = (1700, 2200)  # counted or forecast
FORECAST_COLUMNS: Final = (
    "method",
    "unit",
    "year",
    "quantile",
    "urbanization_rate",
    "total_population",
)

_PANEL_COLUMNS: Final = ("unit", "parent", "year", "total", "urban")
_SHARES: Final = ("share_0_14", "share_15_59", "share_60plus")
_AGES_COLUMNS: Final = ("unit", "year", "residence", "sex", "age", "population")
_IGNORED: Final = ("source", "note", "name")
# How far the three shares may add up to something else than one: they are printed rounded.
_SHARES_TOLERANCE: Final = 0.01
# How far a table by age may differ from the panel, of the panel's figure: long forms and rounding.
_AGES_TOLERANCE: Final = 0.01
_NUMBER: Final = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_SEPARATED: Final = re.compile(r"[-+]?[0-9]{1,3}(?:[,\uff0c '’\u00a0\u202f][0-9]{3})+(?:\.[0-9]*)?")


@dataclass(frozen=True, slots=True)
class _Kind:
    """What the numbers of a column may be: the text that says it, and a test."""

    key: str
    fits: Callable[[float], bool]

    @property
    def allowed(self) -> str:
        return say(self.key, first=YEARS[0], last=YEARS[1])


_YEAR: Final = _Kind("validation.year", lambda year: YEARS[0] <= year <= YEARS[1])
_TOTAL: Final = _Kind("validation.total", lambda persons: persons > 0)
_PERSONS: Final = _Kind("validation.persons", lambda persons: persons >= 0)
_SHARE: Final = _Kind("validation.share", lambda share: 0 <= share <= 1)
_AGE: Final = _Kind("validation.age", lambda age: 0 <= age <= 120 and age.is_integer())


@dataclass(frozen=True, slots=True)
class _Row:
    """One row of a file, and the list its faults go to."""

    file: str
    line: int
    fields: Mapping[str, str]
    faults: list[Fault]

    def fault(
        self, column: str, problem: str, found: str | None = None, allowed: str | None = None
    ) -> None:
        self.faults.append(Fault(self.file, self.line, column, problem, found, allowed))

    def optional(self, column: str) -> str:
        """Text of a column, empty where there is none."""
        return self.fields.get(column, "")

    def text(self, column: str) -> str | None:
        """Text of a column; a blank is a fault, a column that is missing was one already."""
        if self.fields.get(column) == "":
            self.fault(column, say("validation.is_missing"))
        return self.optional(column) or None

    def choice(self, column: str, known: Sequence[str]) -> str | None:
        """Word of a column, one of those known."""
        word = self.text(column)
        if word is None or word in known:
            return word
        allowed = among(known) + did_you_mean(word, known)
        self.fault(column, say("validation.is_unknown"), shown(word), allowed)
        return None

    def number(self, column: str, kind: _Kind) -> float | None:
        """Number of a column, None where it is at fault."""
        text = self.text(column)
        if text is None:
            return None
        if not _NUMBER.fullmatch(text):
            self.fault(column, _not_a_number(text), shown(text), kind.allowed)
            return None
        value = float(text)
        if not math.isfinite(value):
            self.fault(column, say("faults.is_not_finite"), shown(text), kind.allowed)
            return None
        if not kind.fits(value):
            self.fault(column, say("faults.is_out_of_range"), shown(text), kind.allowed)
            return None
        return value


def _not_a_number(text: str) -> str:
    if text.lstrip("+-").lower() in {"nan", "inf", "infinity"}:
        return say("faults.is_not_finite")
    if _SEPARATED.fullmatch(text):
        return say("validation.has_thousands_separators")
    if text.endswith(("%", "\uff05")):
        return say("validation.is_percentage")
    return say("faults.is_not_number")


@dataclass(frozen=True, slots=True)
class _Entry:
    """A row of the panel as far as it could be read."""

    row: _Row
    unit: str
    year: float | None
    point: Count | None


@dataclass(slots=True)
class _Table:
    """Persons of one unit and year by residence, sex and age, as the rows come in."""

    first: _Row
    persons: Array = field(default_factory=lambda: np.zeros((2, 2, len(GROUPS))))
    lines: dict[tuple[str, str, int], int] = field(default_factory=dict)
    sound: bool = True


_Tables = dict[tuple[str, float], _Table]


def read_panel(path: Path, ages: Path | None = None) -> Panel:
    """Read and check a panel.

    Parameters
    ----------
    path : pathlib.Path
        CSV in UTF-8 with the columns unit, parent, year, total and urban (persons); optionally
        share_0_14, share_15_59 and share_60plus (0 to 1, blank where unknown) and vintage (the
        series a figure belongs to, one for each unit). The columns source, note and name are left
        aside.
    ages : pathlib.Path, optional
        CSV with the columns unit, year, residence, sex, age (the first of its group, the last
        group open) and population (persons); the groups are joined to `base_population.GROUPS`.

    Returns
    -------
    Panel
        Units in the order of the file, the points of each in the order of their years; shares are
        normalised to a sum of one.

    Raises
    ------
    FaultError
        Naming everything that is wrong in both files, each as ``file:line: column: what``.
    """
    faults: list[Fault] = []
    by_unit: dict[str, list[_Entry]] = {}
    for row in _read_rows(path, _PANEL_COLUMNS, (*_SHARES, "vintage"), faults):
        entry = _entry(row)
        if entry.unit:
            by_unit.setdefault(entry.unit, []).append(entry)
    _check_units(by_unit)
    panel = Panel(
        {
            unit: tuple(sorted((e.point for e in entries if e.point), key=lambda p: p.year))
            for unit, entries in by_unit.items()
        },
        {unit: entries[0].row.optional("parent") or None for unit, entries in by_unit.items()},
    )
    # Against a panel that is itself at fault, tables by age would be blamed for its gaps.
    known = None if faults else panel
    tables = {} if ages is None else _read_ages(ages, faults)
    _check_tables(tables, known)
    if faults:
        raise FaultError(faults)
    by_age: dict[str, dict[float, Array]] = {}
    for unit, year in sorted(tables):
        by_age.setdefault(unit, {})[year] = tables[unit, year].persons
    return Panel(panel.points, panel.parents, by_age)


def _decoded(path: Path, faults: list[Fault]) -> str | None:
    """Text of a file without its byte order mark, None where it cannot be read."""
    file = str(path)
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        faults.append(Fault(file, None, "", say("faults.does_not_exist")))
    except IsADirectoryError:
        faults.append(Fault(file, None, "", say("faults.is_folder")))
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or str(error)
        faults.append(Fault(file, None, "", say("faults.is_unreadable", reason=reason)))
    else:
        try:
            return raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            found = say("validation.byte", byte=raw[error.start])
            allowed = say("validation.utf8_csv")
            faults.append(Fault(file, line, "", say("faults.is_not_utf8"), found, allowed))
    return None


def _records(file: str, text: str, faults: list[Fault]) -> Iterator[tuple[int, list[str]]]:
    """Yield the records that are not blank, each with the line it begins on."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for record in reader:
            fields = [value.strip() for value in record]
            # Spreadsheets pad rows with empty fields.
            while fields and not fields[-1]:
                fields.pop()
            if fields:
                yield line, fields
            line = reader.line_num + 1
    except csv.Error as error:
        faults.append(Fault(file, line, "", say("validation.is_not_csv", reason=error)))


def _read_rows(
    path: Path, required: Sequence[str], optional: Sequence[str], faults: list[Fault]
) -> Iterator[_Row]:
    """Yield the rows of a file by column; what is wrong with its form goes to ``faults``."""
    file = str(path)
    text = _decoded(path, faults)
    if text is None:
        return
    records = _records(file, text, faults)
    before = len(faults)
    line, columns = next(records, (1, []))
    if not columns:
        if len(faults) == before:
            allowed = say("validation.columns", names=among(required))
            faults.append(Fault(file, None, "", say("faults.is_empty"), None, allowed))
        return
    if len(columns) == 1 and re.search("[;\t]", columns[0]):
        problem, allowed = say("validation.has_no_commas"), say("validation.comma_separated")
        faults.append(Fault(file, line, "", problem, shown(columns[0]), allowed))
        return
    faults.extend(_column_faults(file, line, columns, required, optional))
    rows = 0
    for line, fields in records:
        rows += 1
        if len(fields) > len(columns):
            problem = say("validation.too_many_fields")
            allowed = say("validation.fields_allowed", count=len(columns))
            faults.append(Fault(file, line, "", problem, str(len(fields)), allowed))
            continue
        padded = [*fields, *[""] * (len(columns) - len(fields))]
        yield _Row(file, line, dict(zip(columns, padded, strict=True)), faults)
    if not rows and len(faults) == before:
        faults.append(Fault(file, line, "", say("validation.has_no_rows")))


def _column_faults(
    file: str, line: int, columns: Sequence[str], required: Sequence[str], optional: Sequence[str]
) -> Iterator[Fault]:
    known = [*required, *optional, *_IGNORED]
    for place, column in enumerate(columns):
        if not column:
            yield Fault(file, line, "", say("validation.column_unnamed", number=place + 1))
        elif column in columns[:place]:
            yield Fault(file, line, column, say("validation.column_twice"))
        elif column not in known:
            allowed = among(known) + did_you_mean(column, known)
            yield Fault(file, line, column, say("validation.column_unknown"), None, allowed)
    for column in required:
        if column not in columns:
            yield Fault(file, line, column, say("validation.column_missing"))
    shares = [column for column in _SHARES if column in columns]
    for column in _SHARES:
        if shares and column in optional and column not in columns:
            problem, allowed = say("validation.column_missing"), say("validation.three_or_none")
            yield Fault(file, line, column, problem, None, allowed)


def _entry(row: _Row) -> _Entry:
    unit = row.text("unit")
    year = row.number("year", _YEAR)
    total = row.number("total", _TOTAL)
    urban = row.number("urban", _PERSONS)
    shares = _shares(row)
    point = None
    if total is not None and urban is not None and urban > total:
        found, most = shown(row.optional("urban")), row.optional("total")
        allowed = say("validation.at_most", value=most)
        row.fault("urban", say("validation.is_above_total"), found, allowed)
    elif year is not None and total is not None and urban is not None:
        point = Count(year, total, urban, shares)
    return _Entry(row, unit or "", year, point)


def _shares(row: _Row) -> tuple[float, float, float] | None:
    """Shares of the three age groups, normalised; None where unknown or at fault."""
    blank = [column for column in _SHARES if not row.optional(column)]
    if len(blank) == len(_SHARES):
        return None
    for column in blank:
        if column in row.fields:
            allowed = say("validation.three_shares_or_none")
            row.fault(column, say("validation.is_missing"), None, allowed)
    given = [row.number(column, _SHARE) for column in _SHARES if column not in blank]
    shares = [share for share in given if share is not None]
    if len(shares) < len(_SHARES):
        return None
    total = math.fsum(shares)
    if abs(total - 1) > _SHARES_TOLERANCE + 1e-9:  # 0.33 three times is a hair less than 0.99
        problem = say("validation.shares_do_not_add_up")
        allowed = say("validation.one_within", margin=_SHARES_TOLERANCE)
        row.fault(_SHARES[0], problem, f"{total:.4g}", allowed)
        return None
    young, working, old = shares
    return young / total, working / total, old / total


def _check_units(by_unit: Mapping[str, Sequence[_Entry]]) -> None:
    """Report what is wrong between rows."""
    for unit, entries in by_unit.items():
        _check_years(unit, entries)
        rows = [entry.row for entry in entries]
        _check_alike(unit, rows, "parent")
        vintages = [row for row in rows if row.optional("vintage")]
        _check_alike(unit, vintages, "vintage", say("validation.change_of_vintage"))
        own = [row for row in rows if row.optional("parent") == unit]
        for row in own[:1]:
            row.fault("parent", say("validation.is_unit_itself"), shown(unit))
    _check_circles({unit: entries[0].row for unit, entries in by_unit.items()})
    _check_persons([e for entries in by_unit.values() for e in entries])


def _check_years(unit: str, entries: Sequence[_Entry]) -> None:
    lines: dict[float, int] = {}
    for entry in entries:
        if entry.year is None:
            continue
        if entry.year in lines:
            line = lines[entry.year]
            problem = say("validation.year_twice", unit=shown(unit), line=line)
            entry.row.fault("year", problem, _year(entry.year))
        lines.setdefault(entry.year, entry.row.line)


def _check_alike(unit: str, rows: Sequence[_Row], column: str, reason: str = "") -> None:
    """Report every row that does not say of its unit what the first row says."""
    for row in rows[1:]:
        word, first = row.optional(column), rows[0].optional(column)
        if word != first:
            line = rows[0].line
            problem = say("validation.differs", unit=shown(unit), line=line, reason=reason)
            row.fault(column, problem, _named(word), _named(first))


def _named(word: str) -> str:
    return shown(word) if word else say("faults.none")


def _check_circles(first_rows: Mapping[str, _Row]) -> None:
    """Report every circle of units that belong to each other."""
    order = list(first_rows)
    parents = {unit: row.optional("parent") for unit, row in first_rows.items()}
    graph = {unit: [parent] for unit, parent in parents.items() if parent not in ("", unit)}
    while True:
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            circle: list[str] = error.args[1]
        else:
            return
        first = min(circle, key=order.index)
        chain = [first, parents[first]]
        while chain[-1] != first:
            chain.append(parents[chain[-1]])
        found = say("validation.inside").join(map(shown, chain))
        first_rows[first].fault("parent", say("validation.circle"), found)
        for unit in chain[1:]:
            del graph[unit]


def _check_persons(entries: Sequence[_Entry]) -> None:
    """Report a column of shares or percentages where persons are asked for."""
    points = [entry.point for entry in entries if entry.point is not None]
    largest = max((point.urban for point in points), default=0.0)
    if 0 < largest <= 100 and all(point.total > 1000 for point in points):
        looks = "looks_like_shares" if largest <= 1 else "looks_like_percentages"
        found = say("validation.at_most_while", value=largest)
        allowed = say("validation.persons_not_shares")
        entries[0].row.fault("urban", say(f"validation.{looks}"), found, allowed)


def _read_ages(path: Path, faults: list[Fault]) -> _Tables:
    tables: _Tables = {}
    for row in _read_rows(path, _AGES_COLUMNS, (), faults):
        unit, year = row.text("unit"), row.number("year", _YEAR)
        residence, sex = row.choice("residence", RESIDENCES), row.choice("sex", SEXES)
        age, persons = row.number("age", _AGE), row.number("population", _PERSONS)
        if unit is None or year is None:
            continue
        table = tables.setdefault((unit, year), _Table(row))
        if residence is None or sex is None or age is None:
            table.sound = False
            continue
        cell = (residence, sex, int(age))
        if cell in table.lines:
            line = table.lines[cell]
            problem = say("validation.age_twice", residence=residence, sex=sex, line=line)
            row.fault("age", problem, row.optional("age"))
            table.sound = False
        table.lines.setdefault(cell, row.line)
        if persons is None:
            table.sound = False
            continue
        group = bisect_right(GROUPS, age) - 1
        table.persons[RESIDENCES.index(residence), SEXES.index(sex), group] += persons
    return tables


def _check_tables(tables: _Tables, panel: Panel | None) -> None:
    """Report tables that are incomplete or, where the panel is sound, at odds with it."""
    for (unit, year), table in tables.items():
        if not table.sound:
            continue
        lacking = _lacking(table)
        if lacking:
            parts = say("faults.and").join(lacking)
            problem = say("validation.lacks", unit=shown(unit), year=_year(year), parts=parts)
            table.first.fault("age", problem, None, say("validation.all_ages"))
        if panel is not None:
            _check_against(panel, unit, year, table, complete=not lacking)


def _lacking(table: _Table) -> list[str]:
    parts = []
    for residence, sex in product(RESIDENCES, SEXES):
        ages = [str(age) for age in GROUPS if (residence, sex, age) not in table.lines]
        if len(ages) == len(GROUPS):
            parts.append(f"{residence} {sex}")
        elif ages:
            part = f"{residence} {sex}"
            parts.append(say("validation.part_of_ages", part=part, ages=among(ages)))
    return parts


def _check_against(panel: Panel, unit: str, year: float, table: _Table, complete: bool) -> None:
    """Report a table whose unit or year the panel does not know, or whose sums it contradicts."""
    if unit not in panel.points:
        allowed = say("validation.unit_of_panel") + did_you_mean(unit, panel.points)
        table.first.fault("unit", say("validation.not_in_panel"), shown(unit), allowed)
        return
    points = {point.year: point for point in panel.points[unit]}
    if year not in points:
        problem = say("validation.year_not_in_panel", unit=shown(unit))
        table.first.fault("year", problem, _year(year), among(map(_year, points)))
        return
    if not complete:
        return
    point = points[year]
    sums = {"total": table.persons.sum(), "urban": table.persons[0].sum()}
    for column, figure in (("total", point.total), ("urban", point.urban)):
        if abs(sums[column] - figure) > _AGES_TOLERANCE * figure:
            problem = say(
                "validation.does_not_add_up", unit=shown(unit), year=_year(year), column=column
            )
            allowed = say("validation.figure_within", figure=figure, margin=_AGES_TOLERANCE)
            table.first.fault("population", problem, f"{sums[column]:.10g}", allowed)


def _year(year: float) -> str:
    """Year as a user writes it: whole years without a fraction."""
    return f"{year:.10g}"


def edge_notes(panel: Panel) -> list[str]:
    """One sentence for each unit whose urbanization rate is 0 or 1 in some year.

    Such points are sound, but their logit is not finite.

    Examples
    --------
    >>> edge_notes(Panel({"hills": (Count(2000, 900.0, 0.0), Count(2010, 800.0, 80.0))}, {}))
    ['hills: urbanization rate of 0 in 2000; methods that work on logits leave this unit out']
    """
    notes = []
    for unit, points in panel.points.items():
        edges = [
            say("validation.rate_in_year", rate=p.rate, year=_year(p.year))
            for p in points
            if p.rate in (0.0, 1.0)
        ]
        if edges:
            notes.append(say("validation.edge", unit=unit, rates=among(edges)))
    return notes


def aggregate(panel: Panel) -> Panel:
    """Give parents without points of their own the sums of their children.

    A parent gets a point for every year in which all its children have one, and shares and tables
    by age where all children have those too. Parents are summed from the lowest level up; those
    with points of their own are left alone, and those without a common year stay without points.

    Parameters
    ----------
    panel : Panel
        Every unit whose parent is named counts among its children, with or without points.

    Returns
    -------
    Panel
        The units of ``panel``, then the parents summed.

    Raises
    ------
    ValueError
        If units belong to each other in a circle.
    """
    children: dict[str, list[str]] = {}
    for unit, parent in panel.parents.items():
        if parent is not None:
            children.setdefault(parent, []).append(unit)
    points, ages, parents = dict(panel.points), dict(panel.ages), dict(panel.parents)
    for unit in TopologicalSorter(children).static_order():
        if points.get(unit) or unit not in children:
            continue
        parts = [{p.year: p for p in points.get(child, ())} for child in children[unit]]
        years = _common_years(parts)
        if years:
            points[unit] = tuple(_sum([part[year] for part in parts]) for year in years)
            parents.setdefault(unit, None)
        tables = [ages.get(child, {}) for child in children[unit]]
        summed = {year: _sum_tables(tables, year) for year in _common_years(tables)}
        if summed:
            ages[unit] = summed
    return Panel(points, parents, ages)


def _common_years(parts: Sequence[Mapping[float, object]]) -> list[float]:
    return sorted(set.intersection(*(set(part) for part in parts)))


def _sum(points: Sequence[Count]) -> Count:
    """Count of several units of one year together."""
    total = math.fsum(point.total for point in points)
    urban = math.fsum(point.urban for point in points)
    known = [(point.total, point.shares) for point in points if point.shares is not None]
    if len(known) < len(points):
        return Count(points[0].year, total, urban)
    young, working, old = (
        math.fsum(persons * shares[group] for persons, shares in known) / total
        for group in range(len(_SHARES))
    )
    return Count(points[0].year, total, urban, (young, working, old))


def _sum_tables(tables: Sequence[Mapping[float, Array]], year: float) -> Array:
    return np.asarray(np.sum([table[year] for table in tables], axis=0))


def check_replaceable(path: Path) -> None:
    """Make sure that forecasts written to ``path`` destroy nothing but older forecasts.

    Raises
    ------
    OutputError
        If a folder, or a file that does not begin like forecasts, is there.
    """
    if not path.exists():
        return
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            made_here = file.readline().rstrip("\n") == ",".join(FORECAST_COLUMNS)
    except OSError as error:
        reason = error.strerror or error
        raise OutputError(say("computing.cannot_write", path=path, reason=reason)) from None
    if not made_here:
        raise OutputError(say("validation.not_forecasts", path=path))


def write_forecasts(path: Path, forecasts: Iterable[Forecast]) -> None:
    """Write forecasts as CSV, whole or not at all.

    Parameters
    ----------
    path : pathlib.Path
        The file; older forecasts there are replaced.
    forecasts : iterable of Forecast
        A point forecast becomes one row at quantile 0.5, any other a row for each of
        `variables.QUANTILES`.

    Raises
    ------
    OutputError
        If the file cannot be written, or a file of another making is in its place.
    """
    rows = [row for forecast in forecasts for row in _forecast_rows(forecast)]
    check_replaceable(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".forecasts.") as folder:
            partial = Path(folder) / path.name
            write_csv(partial, FORECAST_COLUMNS, rows)
            partial.replace(path)
    except OSError as error:
        reason = error.strerror or error
        raise OutputError(say("computing.cannot_write", path=path, reason=reason)) from None


def _forecast_rows(forecast: Forecast) -> Iterator[dict[str, object]]:
    year = int(forecast.year) if float(forecast.year).is_integer() else forecast.year
    for quantile in MEDIAN if len(forecast.levels) == 1 else QUANTILES:
        yield {
            "method": forecast.method,
            "unit": forecast.unit,
            "year": year,
            "quantile": quantile,
            "urbanization_rate": float(np.interp(quantile, forecast.levels, forecast.rate)),
            "total_population": float(np.interp(quantile, forecast.levels, forecast.total)),
        }
