"""Project any population by the UN's 1 x 1 rates, through the engine: RATES and START to POP.

``python benchmarks/conformance.py RATES.csv.gz START.csv --out POP.csv`` reads rates with the
columns year, age, Sx_m, Sx_f, asfr, mig_m, mig_f, srb (Sx: survival into the age, the first of
births, the last out of the open age and the one below; asfr: births per woman; mig: persons;
srb: boys per girl) and a population with year, age, female, male, of which only the first year
is used. Files may be gzipped. POP.csv[.gz] has year, age, female, male for that year and the end
of every year of rates from it on. A fault in a file is one line, exit status 1, nothing written.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import os
import sys
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf, isfinite
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from un_projections import DepletedCellError, project_one_residence

from simmodel.errors import Fault, FaultError, SimmodelError, shown

Array = NDArray[np.float64]

RATES = ("Sx_m", "Sx_f", "asfr", "mig_m", "mig_f", "srb")
POPULATION = ("female", "male")
# What each column may hold.
BOUNDS = {
    "Sx_m": (0.0, 1.0),
    "Sx_f": (0.0, 1.0),
    "asfr": (0.0, inf),
    "mig_m": (-inf, inf),
    "mig_f": (-inf, inf),
    "srb": (0.0, inf),
    "female": (0.0, inf),
    "male": (0.0, inf),
}


@dataclass(frozen=True)
class Table:
    """The rows of a file that are used: values by year, column and age, and where they stood."""

    name: str
    years: list[int]
    ages: int
    values: Array  # (year, column, age)
    lines: dict[tuple[int, int], int]  # of each (year, age)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("rates", metavar="RATES.csv[.gz]")
    parser.add_argument("start", metavar="START.csv[.gz]")
    parser.add_argument("--out", required=True, metavar="POP.csv[.gz]")
    parser.add_argument(
        "--timing",
        choices=("even", "end"),
        default="end",
        help="half of the net migrants before and half after the year, or all after it (default)",
    )
    given = parser.parse_args(arguments)
    try:
        write(given.out, *projected(given.rates, given.start, given.timing))
    except SimmodelError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename or given.out}: {error.strerror or error}", file=sys.stderr)
        return 1
    return 0


def projected(rates_name: str, start_name: str, timing: str) -> tuple[list[int], Array]:
    """Years and population, (year, sex, age), of a file of rates and one of a population."""
    rates = read(rates_name, RATES)
    start = read(start_name, POPULATION, only_first_year=True)
    first = start.years[0]
    if first not in rates.years:
        raise fault(
            start_name,
            start.lines[first, 0],
            "year",
            f"there are no rates of the first year in {rates_name}",
            str(first),
            f"{rates.years[0]} to {rates.years[-1]}",
        )
    if start.ages != rates.ages:
        raise fault(
            start_name,
            start.lines[first, start.ages - 1],
            "age",
            f"the last age is not that of {rates_name}",
            str(start.ages - 1),
            str(rates.ages - 1),
        )
    used = rates.values[rates.years.index(first) :]
    survival_m, survival_f, fertility, migrants_m, migrants_f, sex_ratio = np.moveaxis(used, 1, 0)
    years = list(range(first, first + used.shape[0] + 1))
    for year, ratios in zip(years, sex_ratio, strict=False):
        for age in np.flatnonzero(ratios != ratios[0])[:1]:
            raise fault(
                rates_name,
                rates.lines[year, int(age)],
                "srb",
                f"is not the same at all ages of {year}",
                f"{ratios[age]:g}",
                f"{ratios[0]:g} as at age 0",
            )
    try:
        population = project_one_residence(
            start.values[0],
            np.stack([survival_f, survival_m], axis=1),
            fertility,
            np.stack([migrants_f, migrants_m], axis=1),
            sex_ratio[:, 0] / (1.0 + sex_ratio[:, 0]),
            timing=timing,
        )
    except DepletedCellError as error:
        step, sex, age = error.index
        raise fault(
            rates_name,
            rates.lines[first + step, age],
            ("mig_f", "mig_m")[sex],
            f"takes more people than there are at age {age} in {first + step}",
            f"{(migrants_f, migrants_m)[sex][step, age]:g}",
            f"at least {(migrants_f, migrants_m)[sex][step, age] - error.left:g} here",
        ) from None
    except ValueError as error:
        raise fault(rates_name, None, "", str(error)) from None
    return years, population


def fault(
    file: str,
    line: int | None,
    column: str,
    problem: str,
    found: str | None = None,
    allowed: str | None = None,
) -> FaultError:
    """Return the error of one fault, as one line."""
    return FaultError([Fault(file, line, column, problem, found, allowed)])


def read(name: str, columns: tuple[str, ...], *, only_first_year: bool = False) -> Table:
    """Read a rectangle of years and ages; rows and columns in any order."""
    rows = csv.reader(io.StringIO(text_of(name), newline=""))
    values: dict[tuple[int, int], list[float]] = {}
    lines: dict[tuple[int, int], int] = {}
    try:
        header = [cell.strip() for cell in next(rows, [])]
        wanted = ("year", "age", *columns)
        for column in wanted:
            if header.count(column) != 1:
                often = "is missing" if column not in header else "stands there twice"
                found = ", ".join(header) or "nothing"
                raise fault(name, 1, column, f"column {often}", found, ", ".join(wanted))
        place = [header.index(column) for column in wanted]
        cells: list[tuple[int, tuple[int, int], list[str]]] = []
        for row in rows:
            line = rows.line_num
            if not any(cell.strip() for cell in row):
                continue
            if len(row) != len(header):
                problem = "the row has not as many values as the header"
                raise fault(name, line, "", problem, str(len(row)), str(len(header)))
            given = [row[i].strip() for i in place]
            key = (whole(name, line, "year", given[0]), whole(name, line, "age", given[1]))
            cells.append((line, key, given[2:]))
    except csv.Error as error:
        raise fault(name, rows.line_num, "", f"is not CSV: {error}") from None
    if not cells:
        raise fault(name, 1, "", "has no rows", "a header only", "a row for each year and age")
    first = min(key[0] for _, key, _ in cells)
    for line, key, rest in cells:
        if only_first_year and key[0] != first:
            continue
        if key in lines:
            problem = f"year {key[0]}, age {key[1]} stands in line {lines[key]} already"
            raise fault(name, line, "age", problem, "two rows", "one row for each year and age")
        lines[key] = line
        values[key] = [
            number(name, line, column, cell, *BOUNDS[column])
            for column, cell in zip(columns, rest, strict=True)
        ]
    years = sorted({year for year, _ in lines})
    for earlier, later in pairwise(years):
        if later != earlier + 1:
            where = min(line for (year, _), line in lines.items() if year == later)
            problem = f"years are missing before {later}"
            raise fault(name, where, "year", problem, f"{earlier}, then {later}", "every year")
    oldest = max(age for _, age in lines)
    found_ages: dict[int, list[int]] = {year: [] for year in years}
    for key in sorted(lines):
        found_ages[key[0]].append(key[1])
    for year, ages in found_ages.items():
        expected = next((i for i, age in enumerate(ages) if age != i), len(ages))
        if expected <= oldest:
            where = lines[year, ages[min(expected, len(ages) - 1)]]
            raise fault(
                name,
                where,
                "age",
                f"age {expected} of {year} is missing",
                f"{len(ages)} ages",
                f"every age from 0 to {oldest}",
            )
    if oldest < 1:
        raise fault(name, lines[first, 0], "age", "only one age", "0", "ages 0, 1 …")
    table = [[values[year, age] for age in range(oldest + 1)] for year in years]
    return Table(name, years, oldest + 1, np.array(table).transpose(0, 2, 1).copy(), lines)


def text_of(name: str) -> str:
    """Return a file's text, gzipped or not."""
    data = Path(name).read_bytes()
    try:
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
        return data.decode("utf-8-sig")
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise fault(name, None, "", "is a broken gzip file") from None
    except UnicodeDecodeError:
        raise fault(name, None, "", "is not text in UTF-8") from None


def number(name: str, line: int, column: str, cell: str, low: float, high: float) -> float:
    """Return a finite number within bounds."""
    allowed = "a number"
    if isfinite(low):
        allowed += f" of at least {low:g}" if high == inf else f" from {low:g} to {high:g}"
    try:
        value = float("text" if "_" in cell else cell)
    except ValueError:
        problem = "is text, not a number" if cell else "is empty"
        raise fault(name, line, column, problem, shown(cell), allowed) from None
    if not isfinite(value):
        raise fault(name, line, column, "is not finite", cell, allowed)
    if not low <= value <= high:
        raise fault(name, line, column, "is out of range", cell, allowed)
    return value


def whole(name: str, line: int, column: str, cell: str) -> int:
    """Return a year or an age."""
    value = number(name, line, column, cell, 0.0, 9999.0)
    if not value.is_integer():
        raise fault(name, line, column, "is not a whole number", cell, "a whole number")
    return int(value)


def write(name: str, years: list[int], population: Array) -> None:
    """Write all years at once, in full precision; the file appears whole or not at all."""
    out = io.StringIO(newline="")
    out.write("year,age,female,male\n")
    for year, (female, male) in zip(years, population.tolist(), strict=True):
        for age, (f, m) in enumerate(zip(female, male, strict=True)):
            out.write(f"{year},{age},{plain(f)},{plain(m)}\n")
    data = out.getvalue().encode()
    if name.endswith(".gz"):
        data = gzip.compress(data, mtime=0)
    if Path(name).is_dir():
        raise fault(name, None, "", "is a folder", None, "the name of a file to write")
    part = Path(f"{name}.part{os.getpid()}")
    try:
        part.write_bytes(data)
        part.replace(name)
    finally:
        part.unlink(missing_ok=True)


def plain(persons: float) -> str:
    """Return the shortest text that reads back as the same number."""
    return repr(persons).removesuffix(".0")


if __name__ == "__main__":
    sys.exit(main())
