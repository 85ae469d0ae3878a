"""A report as a workbook: tables as a statistical yearbook lays them out, and native charts."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import numpy as np
import xarray as xr
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from .. import __version__
from ..charts.fan import BANDS, fan_of
from ..charts.labels import RATE
from ..charts.pyramid import age_groups, by_group
from ..charts.style import PART_COLORS
from ..inputs.region import BASE_YEAR
from ..results.run import sources_used
from ..sweeps.results import index_rows
from ..texts import Language, has
from ..variables import COMPONENTS, FLOWS, RATE_CHANGE, RESIDENCES, SEXES, URBAN_GROWTH, WAN
from .chart_data import color_of
from .contents import Case, ReportContents
from .wording import Phrases, all_targets

MADE_BY: Final = "simmodel report"
# No clock: the same report has the same bytes.
CREATED: Final = datetime(2000, 1, 1)
# The median first, then its intervals from the widest use, then the others.
QUANTILES: Final = (0.5, 0.05, 0.95, 0.1, 0.9, 0.25, 0.75, 0.025, 0.975)
MEAN: Final = "mean"
# Sheets of stocks: name, variable, its dimension, factor, unit, unit of the change.
STOCKS: Final = (
    ("rate", "urbanization_rate", "region", 100.0, "percent", "points"),
    ("urban", "urban_population", "region", 1 / WAN, "wan", "wan"),
    ("rural", "rural_population", "region", 1 / WAN, "wan", "wan"),
    ("total", "total_population", "region", 1 / WAN, "wan", "wan"),
    ("districts", "urban_district_population", "district", 1 / WAN, "wan", "wan"),
    ("registered", "registered_urban_rate", "registered_region", 100.0, "percent", "points"),
)
HEAD: Final = 3  # row of the column heads, below title, unit and a gap
CHART: Final = (620, 330)  # pixels
TOP, ROWS_A_CHART = 3, 18  # row of the first charts, and rows that each takes
PALE: Final = "#9db8cf"


class _Sheet:
    """One table of the workbook, being filled from the top.

    Parameters
    ----------
    book : _Book
    key : str
        Of its name among the sheets.
    unit : str
        Key of the unit that all its numbers are in; none where they differ.
    note : str
        Below the title.
    """

    def __init__(self, book: _Book, key: str, unit: str = "", note: str = ""):
        say = book.phrases.say
        self.book, self.key = book, key
        self.name = say(f"report.sheet_{key}")
        self.sheet: Worksheet = book.workbook.add_worksheet(self.name)
        self.sheet.hide_gridlines(2)
        book.count += 1
        title = say("report.table_number", number=book.count, title=self.name)
        self.sheet.write_string(0, 0, title, book.title)
        said = [say("report.unit_line", unit=say(f"report.in_{unit}"))] if unit else []
        self.sheet.write_string(1, 0, "  ".join([*said, note]).strip(), book.note)
        self.row = HEAD + 1

    def head(self, columns: Sequence[str | int], widths: Sequence[float], texts: int) -> None:
        """Write the column heads; years are numbers; the first ``texts`` columns stay in sight."""
        for column, said in enumerate(columns):
            if isinstance(said, int):
                self.sheet.write_number(HEAD, column, said, self.book.year)
            else:
                self.sheet.write_string(HEAD, column, said, self.book.head)
            width = widths[min(column, len(widths) - 1)]
            self.sheet.set_column(column, column, width)
        self.sheet.set_row(HEAD, 30)  # two lines
        self.sheet.freeze_panes(HEAD + 1, texts)
        self._columns = len(columns)
        self.sheet.repeat_rows(HEAD)
        self.sheet.set_landscape()
        self.sheet.set_paper(9)
        self.sheet.fit_to_pages(1, 0)

    def add(self, cells: Iterable[object], number: Format | None = None) -> int:
        """Write a row, numbers as numbers; return its place."""
        for column, value in enumerate(cells):
            if isinstance(value, tuple):
                self.sheet.write_number(self.row, column, value[0], value[1])
            elif isinstance(value, (int, float)) and not isinstance(value, bool):
                if math.isfinite(value):
                    self.sheet.write_number(self.row, column, value, number or self.book.number)
            elif value is not None:
                self.sheet.write_string(self.row, column, str(value), self.book.text)
        self.row += 1
        return self.row - 1

    def close(self) -> None:
        """Let the reader filter the rows."""
        if self.row > HEAD + 1:
            self.sheet.autofilter(HEAD, 0, self.row - 1, self._columns - 1)


class _Book:
    """The workbook with its looks."""

    def __init__(self, workbook: Workbook, contents: ReportContents, phrases: Phrases):
        self.workbook, self.contents, self.phrases = workbook, contents, phrases
        self.count = 0
        self.title = workbook.add_format({"bold": True, "font_size": 13})
        self.note = workbook.add_format({"font_color": "#666666"})
        line = {"bottom": 1, "valign": "vcenter", "text_wrap": True, "align": "center"}
        self.head = workbook.add_format({**line, "bold": True})
        self.year = workbook.add_format(
            {**line, "bold": True, "num_format": phrases.say("report.year_format")}
        )
        self.text = workbook.add_format({"valign": "top", "indent": 1})
        self.wrapped = workbook.add_format({"text_wrap": True, "valign": "top"})
        self.number = workbook.add_format({"num_format": "#,##0.00"})
        self.share = workbook.add_format({"num_format": "0.0%", "align": "center"})
        self.whole = workbook.add_format({"num_format": "0"})
        self.signed = workbook.add_format({"num_format": "+#,##0.00;-#,##0.00;0.00"})

    def heads(self, *names: str) -> list[str]:
        """Heads of columns."""
        return [self.phrases.say(f"report.column_{name}") for name in names]

    def quantile(self, level: float | str) -> object:
        """A quantile's label: a number, or the word for the mean."""
        return self.phrases.say("report.mean") if level == MEAN else (float(level), self.share)


def book(contents: ReportContents, language: Language, command: str) -> bytes:
    """Return a report as an Excel workbook.

    Parameters
    ----------
    contents : ReportContents
    language : {"zh", "en"}
    command : str
        Which makes it again.
    """
    phrases = Phrases(language, contents.seeds)
    buffer = io.BytesIO()
    # A workbook carries no font; this is one that its readers have.
    font = phrases.say("report.workbook_font")
    options = {"in_memory": True, "default_format_properties": {"font_name": font, "font_size": 10}}
    workbook = xlsxwriter.Workbook(buffer, options)
    workbook.set_properties(
        {"title": phrases.say("report.title"), "company": MADE_BY, "created": CREATED}
    )
    made = _Book(workbook, contents, phrases)
    first = workbook.add_worksheet(phrases.say("report.sheet_charts"))
    _targets(made)
    places = {
        key: _stocks(made, *row) for row in STOCKS if _has(contents, row[2]) for key in [row[0]]
    }
    growth = _parts(made, "growth", "wan_a_year", URBAN_GROWTH, 1 / WAN)
    _parts(made, "points", "points_a_year", RATE_CHANGE, 100.0)
    _flows(made)
    _ages(made)
    _findings(made)
    if contents.sweeps:
        _sweeps(made)
    _sources(made, command)
    _charts(made, first, places["rate"], growth)
    workbook.close()
    return buffer.getvalue()


def _has(contents: ReportContents, dimension: str) -> bool:
    return any(dimension in case.dataset.dims for case in contents.cases)


def _years(contents: ReportContents) -> list[int]:
    """Every year of any scenario."""
    return sorted({int(y) for case in contents.cases for y in case.dataset["year"].values})


def _by_year(years: Sequence[int], case: Case, values: Any) -> list[float]:
    """Values of a scenario under the years of the sheet; not a number where it has none."""
    own = {int(y): float(v) for y, v in zip(case.dataset["year"].values, values, strict=True)}
    return [own.get(year, math.nan) for year in years]


def _stocks(
    made: _Book,
    key: str,
    variable: str,
    dimension: str,
    factor: float,
    unit: str,
    change: str,
) -> dict[tuple[str, str, float], tuple[str, int, int]]:
    """Write regions by year for every scenario and quantile; return where each row stands."""
    contents, say = made.contents, made.phrases.say
    years = _years(contents)
    note = say("report.book_note_quantiles", first=BASE_YEAR)
    table = _Sheet(made, key, unit, note)
    ends = {"first": years[0], "last": years[-1]}
    heads = made.heads("scenario", "quantile", "region", "code")
    table.head(
        [*heads, *years, say(f"report.column_change_{change}", **ends)],
        [27, 9, 20, 24, *([9.5] * len(years)), 16],
        4,
    )
    found = {}
    for level in (*QUANTILES, MEAN):
        for case in contents.cases:
            if dimension not in case.dataset.dims:
                continue
            for place in map(str, case.dataset[dimension].values):
                values = _values(case.dataset, variable, {dimension: place}, level) * factor
                cells = _by_year(years, case, values)
                row = table.add(
                    [
                        made.phrases.title(case.scenario),
                        made.quantile(level),
                        made.phrases.place(place),
                        place,
                        *cells,
                        (cells[-1] - cells[0], made.signed)
                        if math.isfinite(cells[-1] - cells[0])
                        else None,
                    ]
                )
                if level != MEAN:
                    found[case.name, place, float(level)] = (table.name, row, len(years))
    table.close()
    return found


def _values(
    ds: xr.Dataset, variable: str, place: dict[str, str], level: float | str
) -> np.ndarray[Any, np.dtype[np.float64]]:
    if level == MEAN:
        return np.asarray(ds[f"{variable}_mean"].sel(place).values, float)
    return np.asarray(ds[variable].sel(place).sel(quantile=level).values, float)


def _parts(
    made: _Book, key: str, unit: str, variables: Sequence[Any], factor: float
) -> dict[tuple[str, str, str], tuple[str, int, int]]:
    """Write what growth, or the rate's change, consists of by year; return where rows stand."""
    contents, say = made.contents, made.phrases.say
    years = _years(contents)[1:]
    table = _Sheet(made, key, unit, say("report.book_note_means"))
    heads = made.heads("scenario", "quantile", "region", "code", "component")
    table.head(
        [*heads, *years],
        [27, 9, 20, 24, 16, *([9.5] * len(years))],
        5,
    )
    found = {}
    for case in contents.cases:
        for place in map(str, case.dataset["region"].values):
            here = case.dataset.sel(region=place)
            sums = np.zeros(len(years))
            for component, variable in zip(COMPONENTS, variables, strict=True):
                values = here[f"{variable.name}_mean"].values * factor
                cells = _by_year(years, case, values)
                sums = sums + np.array(cells)
                labels = [
                    made.phrases.title(case.scenario),
                    say("report.mean"),
                    made.phrases.place(place),
                ]
                row = table.add([*labels, place, say(f"charts.component.{component.name}"), *cells])
                found[case.name, place, component.name] = (table.name, row, len(years))
            table.add([*labels, place, say("report.total"), *map(float, sums)])
    table.close()
    return found


def _flows(made: _Book) -> None:
    """Write the means of every flow by year."""
    contents, say = made.contents, made.phrases.say
    years = _years(contents)[1:]
    table = _Sheet(made, "flows", "wan_a_year", say("report.book_note_means"))
    heads = made.heads("scenario", "quantile", "region", "code", "flow")
    table.head([*heads, *years], [27, 9, 20, 24, 20, *([9.5] * len(years))], 5)
    for case in contents.cases:
        for place in map(str, case.dataset["region"].values):
            here = case.dataset.sel(region=place)
            for flow in FLOWS:
                values = here[f"{flow.name}_mean"].values * (1 / WAN)
                labels = [
                    made.phrases.title(case.scenario),
                    say("report.mean"),
                    made.phrases.place(place),
                ]
                cells = _by_year(years, case, values)
                table.add([*labels, place, say(f"report.flow.{flow.name}"), *cells])
    table.close()


def _ages(made: _Book) -> None:
    """Write the population by residence, sex and five-year age group."""
    contents, say = made.contents, made.phrases.say
    table = _Sheet(made, "ages", "wan")
    groups = age_groups()
    heads = made.heads("scenario", "quantile", "region", "code", "year", "residence", "sex")
    table.head([*heads, *groups], [27, 9, 20, 24, 7, 8, 8, *([8.5] * len(groups))], 7)
    for case in contents.cases:
        for place in map(str, case.ages["region"].values):
            people = case.ages["population"].sel(region=place)
            for year in map(int, people["year"].values):
                for residence in RESIDENCES:
                    for sex in SEXES:
                        here = people.sel(year=year, residence=residence, sex=sex).values
                        table.add(
                            [
                                made.phrases.title(case.scenario),
                                say("report.mean"),
                                made.phrases.place(place),
                                place,
                                (year, made.whole),
                                say(f"charts.residence.{residence}"),
                                say(f"report.sex.{sex}"),
                                *map(float, by_group(here) / WAN),
                            ]
                        )
    table.close()


def _targets(made: _Book) -> None:
    """Write every target under every scenario."""
    contents, phrases, say = made.contents, made.phrases, made.phrases.say
    table = _Sheet(made, "targets")
    heads = made.heads(
        "scenario",
        "region",
        "code",
        "indicator",
        "year",
        "comparison",
        "target",
        "unit",
        "median",
        "p05",
        "p95",
        "probability",
        "word",
        "shortfall",
        "shortfall_persons",
        "first",
        "source",
        "place",
    )
    widths = [27, 20, 30, 24, 7, 12, 10, 19, 10, 10, 10, 11, 20, 10, 12, 9, 48, 22]
    table.head(heads, widths, 5)
    signs = {">=": "≥", "~": "≈", "near": say("report.near_sign")}
    for found in all_targets(contents).values():
        for case in contents.cases:
            if case.name not in found:
                continue
            v = found[case.name]
            percent = v.unit == "percent"
            factor = 1.0 if percent else 1 / WAN

            def scaled(value: float | None, by: float = factor) -> float | None:
                return None if value is None else value * by

            table.add(
                [
                    phrases.title(case.scenario),
                    phrases.place(v.region),
                    v.region,
                    say(f"indicators.{v.indicator}"),
                    (v.year, made.whole),
                    signs[v.comparison],
                    scaled(v.target),
                    say("report.in_percent" if percent else "report.in_wan"),
                    scaled(v.median),
                    scaled(v.p05),
                    scaled(v.p95),
                    None if v.probability is None else (v.probability, made.share),
                    phrases.count(v) if v.probability is None else phrases.likelihood(v),
                    scaled(v.shortfall),
                    scaled(v.shortfall_persons, 1 / WAN),
                    None if v.first_year_met is None else (v.first_year_met, made.whole),
                    phrases.source(v.source),
                    v.place,
                ]
            )
    table.close()


def _findings(made: _Book) -> None:
    """Write what the check of targets found."""
    phrases, say = made.phrases, made.phrases.say
    base = phrases.title(made.contents.base.scenario)
    table = _Sheet(made, "findings", note=say("report.findings_basis", base=base))
    heads = made.heads("grade", "region", "code", "year", "kind", "finding", "source")
    table.head(heads, [10, 20, 20, 7, 24, 110, 60], 4)
    for f in made.contents.findings:
        cited = [phrases.cited(*_split(text)) for text in f.sources]
        row = table.add(
            [
                say(f"consistency.grade.{f.grade}"),
                phrases.place(f.region),
                f.region,
                (f.year, made.whole),
                say(f"consistency.code.{f.code}"),
                phrases.pick(f.sentence, f.sentence_zh),
                phrases.join(cited, "report.semicolon"),
            ]
        )
        table.sheet.write_string(row, 5, phrases.pick(f.sentence, f.sentence_zh), made.wrapped)
    table.close()


def _sweeps(made: _Book) -> None:
    """Write the indices of the sweeps, as in their ``indices.csv``."""
    table = _Sheet(made, "sweeps")
    heads = made.heads("sweep", "outcome", "parameter", "index", "value", "low", "high")
    table.head(heads, [18, 44, 60, 10, 12, 12, 12], 2)
    language = made.phrases.language
    for ds in made.contents.sweeps:
        names = _named(ds, "parameter", f"parameter_{language}")
        for row in index_rows(ds):
            of = [names[str(row[key])] for key in ("parameter", "parameter_2") if row[key]]
            cells = [ds.attrs[f"title_{language}"], _outcome(made.phrases, row), " × ".join(of)]
            table.add([*cells, row["index"], row["value"], row["low"], row["high"]])
    table.close()


def _outcome(phrases: Phrases, row: Mapping[str, object]) -> str:
    """What a row of a sweep is about, in words."""
    name = row["indicator"]
    key = next((k for k in (f"indicators.{name}", f"flow.{name}") if has(k)), None)
    said = phrases.say("report.dated", year=row["year"], text=phrases.say(key) if key else name)
    met = (
        phrases.say("report.bracketed", text=phrases.say("report.sweep_met"))
        if row["kind"] == "met"
        else ""
    )
    return f"{phrases.place(str(row['region']))} {said}{met}"


def _named(ds: xr.Dataset, dimension: str, words: str) -> dict[str, str]:
    return dict(zip(map(str, ds[dimension].values), map(str, ds[words].values), strict=True))


def _split(text: str) -> tuple[str, str]:
    name, _, place = text.partition(", ")
    return name, place


def _sources(made: _Book, command: str) -> None:
    """Write what the numbers rest on, and how to make them again."""
    contents, phrases, say = made.contents, made.phrases, made.phrases.say
    table = _Sheet(made, "sources")
    table.head(made.heads("item", "value"), [34, 120], 1)
    rows = [
        (say("report.command"), command),
        (say("report.version"), __version__),
        (say("report.seeds_hash"), contents.seeds.sha256),
        (say("report.posterior_hash"), contents.posteriors.sha256),
    ]
    for case in contents.cases:
        ensemble = case.scenario.ensemble
        levers = [
            f"{name}{say('report.colon')}{value}" for name, value in phrases.levers(case.scenario)
        ]
        levers = levers or [say("report.levers_none")]
        description = case.scenario.description
        said = phrases.pick(description.en and f"{description.en} ", description.zh)
        rows += [
            (say("report.scenario_hash", name=case.name), case.scenario.sha256),
            (
                say("report.ensemble", name=case.name),
                say("report.ensemble_value", draws=ensemble.draws, seed=ensemble.seed),
            ),
            (phrases.title(case.scenario), f"{said}{phrases.join(levers, 'report.semicolon')}"),
        ]
    ids = {name for case in contents.cases for name in sources_used(case.scenario, contents.seeds)}
    for name in sorted(ids):
        source = contents.seeds.sources[name]
        parts = [phrases.source(name), source.publisher, str(source.year), source.url]
        rows.append((name, say("report.stop").join(part for part in parts if part)))
    for row in rows:
        table.add(row)


def _charts(
    made: _Book,
    sheet: Worksheet,
    rates: dict[tuple[str, str, float], tuple[str, int, int]],
    growth: dict[tuple[str, str, str], tuple[str, int, int]],
) -> None:
    """Draw two charts a region on the first sheet, from the cells of the tables."""
    contents, phrases, say = made.contents, made.phrases, made.phrases.say
    sheet.hide_gridlines(2)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    count = len(contents.regions)
    sheet.set_h_pagebreaks([TOP + ROWS_A_CHART * k for k in range(2, count, 2)])
    sheet.write_string(0, 0, say("report.title"), made.title)
    sheet.write_string(1, 0, phrases.join([phrases.place(i) for i in contents.regions]), made.note)
    for number, region_id in enumerate(contents.regions):
        cases = contents.cases_of(region_id)
        base, top = phrases.title(cases[0].scenario), TOP + number * ROWS_A_CHART
        place = phrases.place(region_id)
        chart = made.workbook.add_chart({"type": "line"})
        ends = ("report.book_series_low", "report.book_series_high")
        for level, name in zip(BANDS[0], ends, strict=True):
            _line(
                chart, rates[cases[0].name, region_id, level], say(name, title=base), "#9db8cf", 1
            )
        for case in cases:
            color = color_of(contents, case.name)
            where = rates[case.name, region_id, 0.5]
            _line(chart, where, phrases.title(case.scenario), color, 2.25)
        fans = [fan_of(case.dataset, region_id, RATE, levels=BANDS[0]) for case in cases]
        floor = min(float(fan.quantiles[BANDS[0][0]].min()) for fan in fans)
        _finish(chart, say("report.book_chart_rate", place=place, base=base), 5.0 * (floor // 5.0))
        sheet.insert_chart(top, 0, chart)
        chart = made.workbook.add_chart({"type": "column", "subtype": "stacked"})
        for component in COMPONENTS:
            name, row, count = growth[cases[0].name, region_id, component.name]
            color = PART_COLORS[component.name]
            chart.add_series(
                {
                    "name": say(f"charts.component.{component.name}"),
                    "categories": [name, HEAD, 5, HEAD, 4 + count],
                    "values": [name, row, 5, row, 4 + count],
                    "fill": {"color": color},
                    "border": {"none": True},
                    "gap": 40,
                }
            )
        _finish(chart, say("report.book_chart_growth", place=place, base=base))
        sheet.insert_chart(top, 10, chart)


def _line(chart: Any, where: tuple[str, int, int], title: str, color: str, width: float) -> None:
    name, row, count = where
    chart.add_series(
        {
            "name": title,
            "categories": [name, HEAD, 4, HEAD, 3 + count],
            "values": [name, row, 4, row, 3 + count],
            "line": {"color": color, "width": width},
        }
    )


def _finish(chart: Any, title: str, floor: float | None = None) -> None:
    chart.set_title({"name": title, "name_font": {"size": 11, "bold": True}})
    chart.set_size({"width": CHART[0], "height": CHART[1]})
    chart.set_legend({"position": "bottom", "font": {"size": 9}})
    chart.set_x_axis({"label_position": "low", "num_font": {"size": 9}, "num_format": "0"})
    chart.set_y_axis(
        {"major_gridlines": {"visible": True, "line": {"color": "#E6E6E6"}}, "min": floor}
    )
