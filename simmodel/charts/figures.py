"""Each chart takes Datasets and plain rows and returns a Figure; `save` writes one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..errors import ScenarioError, among, did_you_mean
from .labels import (
    RATE,
    REGISTERED_RATE,
    URBAN,
    Measure,
    Row,
    aim_text,
    chance,
    conditions,
    known,
    place_of,
    region_of,
    same_aim,
    title_of,
)
from .ledger import ledger
from .matrix import matrix
from .pyramid import pyramid
from .style import (
    BLUE,
    GREY,
    INK,
    RED,
    Label,
    canvas,
    end_labels,
    foot,
    heading,
    house,
    place,
    save,
    scales,
    shortened,
    use_chinese,
)
from .waterfall import waterfall, waterfall_difference

__all__ = [
    "compare",
    "fan",
    "ledger",
    "matrix",
    "pyramid",
    "registered",
    "registered_regions",
    "save",
    "urban_population_fan",
    "waterfall",
    "waterfall_difference",
]

Array = NDArray[np.float64]

WIDTH: Final = 8.0
FOOT: Final = 110  # columns of a line below a chart
FIRST_YEAR: Final = 2010
ABOVE: Final = 0.25  # room for the labels of late targets
BANDS: Final = ((0.05, 0.95, "#dce8f2"), (0.1, 0.9, "#c6daea"), (0.25, 0.75, "#a3c3dd"))
REGISTERED_BANDS: Final = ((0.05, 0.95, "#f3dfc3"), (0.25, 0.75, "#e3bd86"))
ORANGE: Final = "#9c5b00"
BELOW: Final = 6.0  # percentage points of room for labels below the registered rate
LINES: Final = (BLUE, "#c77700", "#2a7f62", "#8e4585", "#5f5f5f", "#8c4a2f", "#4b4ba8")
TARGET: Final[dict[str, Any]] = {"marker": "D", "ms": 7.5, "mec": "white", "mew": 0.8}
# Series of observations: their vintages, marker, label and its colour.
SERIES: Final[tuple[tuple[set[str | None], dict[str, Any], str, str], ...]] = (
    (
        {"post_2020_census"},
        {"marker": "o", "ms": 4.5},
        "communiqués after the census 统计公报",
        INK,
    ),
    ({"census", "census_2010"}, {"marker": "o", "ms": 7}, "census {} 普查", INK),
    (
        {"pre_2020_census", "pre_2010_census", "mixed", "undated", "plan", None},
        {"marker": "o", "ms": 5, "mfc": "white", "mew": 1.1},
        "another vintage: series before the 2020 census\n2020 年普查前口径，与普查不可比",
        GREY,
    ),
)


def fan(
    ds: xr.Dataset,
    region: str,
    marks: Sequence[Row],
    verdicts: Sequence[Row],
    sources: Mapping[str, str] | None = None,
) -> Figure:
    """Fan chart of a region's urbanization rate with its targets and observations.

    Parameters
    ----------
    ds : Dataset
        Projection of one scenario, as `simmodel run` writes it.
    region : str
        Id of the region.
    marks : sequence of mapping
        Observations: region, indicator, year, value, vintage, comparison.
    verdicts : sequence of mapping
        Rows of ``verdicts.csv``; those of other regions and scenarios are left aside.
    sources : mapping of str to str, optional
        Printed title or number of a source, for its id; the id itself where it is not given.

    Returns
    -------
    Figure
        For `save`.

    Raises
    ------
    ScenarioError
        If the region is not in the projection.
    """
    return _fan(ds, region, marks, verdicts, sources or {}, RATE)


def urban_population_fan(
    ds: xr.Dataset,
    region: str,
    marks: Sequence[Row],
    verdicts: Sequence[Row],
    sources: Mapping[str, str] | None = None,
) -> Figure:
    """Fan chart of a region's urban population in 万人 with its targets and observations.

    Parameters
    ----------
    ds : Dataset
        Projection of one scenario, as `simmodel run` writes it.
    region : str
        Id of the region.
    marks, verdicts : sequence of mapping
        As in `fan`.
    sources : mapping of str to str, optional
        As in `fan`.

    Returns
    -------
    Figure
        For `save`.

    Raises
    ------
    ScenarioError
        If the region is not in the projection.
    """
    return _fan(ds, region, marks, verdicts, sources or {}, URBAN)


def _fan(
    ds: xr.Dataset,
    region: str,
    marks: Sequence[Row],
    verdicts: Sequence[Row],
    sources: Mapping[str, str],
    measure: Measure,
) -> Figure:
    rows = _targets(verdicts, region, measure, ds.attrs.get("scenario"))
    notes = _explanation(ds, rows, measure, sources)
    with house():
        figure, ax = canvas(
            WIDTH, 5.2 + 0.19 * len(notes), (0.65, 2.0, 0.55 + 0.19 * len(notes), 1.1)
        )
        median = _bands(ax, ds, region, measure, BANDS)
        ax.plot(*median.T, color=BLUE, lw=2.2, zorder=4)
        labels = _draw_targets(ax, ds, rows, measure, True)
        labels += _draw_marks(ax, median[0], marks, region, measure)
        outer = [_quantile(ds, region, measure, level) for level in (0.05, 0.95)]
        _finish(ax, measure, labels, [median], np.linspace(outer[0], outer[1], 9))
        words = {
            0.95: "95 of 100 below\n每百次95次低于此值",
            0.5: "median 中位数",
            0.05: "5 of 100 below\n每百次5次低于此值",
        }
        ends = {q: float(_quantile(ds, region, measure, q)[-1]) for q in words}
        end_labels(ax, [(ends[q], f"{measure.exact(ends[q])}  {words[q]}", BLUE) for q in words])
        heading(figure, f"{place_of(ds, region)}: {measure.name}", f"Scenario 情景: {title_of(ds)}")
        foot(figure, *notes)
        use_chinese(figure)
    return figure


def compare(
    datasets: Mapping[str, xr.Dataset],
    region: str,
    verdicts: Sequence[Row] = (),
    marks: Sequence[Row] = (),
) -> Figure:
    """Medians of a region's urbanization rate in several scenarios, before the band of one.

    Parameters
    ----------
    datasets : mapping of str to Dataset
        By name of the scenario; the band is that of ``trend``, else of the first.
    region : str
        Id of the region.
    verdicts, marks : sequence of mapping
        As in `fan`; targets without their probability, as that depends on the scenario.

    Returns
    -------
    Figure
        For `save`.

    Raises
    ------
    ScenarioError
        If the region is not in the projection.
    """
    first = "trend" if "trend" in datasets else next(iter(datasets))
    base = datasets[first]
    rows = {same_aim(row): row for row in _targets(verdicts, region, RATE, None)}
    with house():
        figure, ax = canvas(WIDTH, max(5.4, 1.9 + 0.66 * len(datasets)), (0.65, 2.4, 0.93, 1.1))
        _bands(ax, base, region, RATE, BANDS[::2])
        lines, ends = [], []
        for color, name in zip(
            LINES * len(datasets), sorted(datasets, key=lambda name: name != first), strict=False
        ):
            lines.append(_median(datasets[name], region, RATE))
            ax.plot(*lines[-1].T, color=color, lw=2.4 if name == first else 1.8, zorder=4)
            value = float(lines[-1][-1, 1])
            ends.append((value, f"{RATE.exact(value)}  {_two_lines(datasets[name], 29)}", color))
        labels = _draw_targets(ax, base, list(rows.values()), RATE, False)
        labels += _draw_marks(ax, lines[0][0], marks, region, RATE)
        _finish(ax, RATE, labels, lines, np.empty((0, 0)))
        end_labels(ax, ends)
        heading(figure, f"{place_of(base, region)}: {RATE.name}", "Scenarios compared 情景比较")
        foot(
            figure,
            "Lines 线: medians 中位数.  Bands 色带: 50 %, 90 % of the draws 模拟结果, "
            f"{title_of(base)}.",
            "Red 红: targets of the plans 规划目标.  Method 方法: docs/model.md.",
        )
        use_chinese(figure)
    return figure


def registered_regions(ds: xr.Dataset) -> list[str]:
    """Return the regions whose registered urban rate is projected.

    Parameters
    ----------
    ds : Dataset
        Projection of one scenario, as `simmodel run` writes it.

    Returns
    -------
    list of str
        Their ids; none where no region has registered figures.
    """
    if "registered_region" not in ds.coords:
        return []
    known_in_base = np.isfinite(ds["registered_urban_rate_mean"].isel(year=0).values)
    names = ds["registered_region"].values
    return [str(name) for name, here in zip(names, known_in_base, strict=True) if here]


def registered(ds: xr.Dataset, region: str, marks: Sequence[Row]) -> Figure:
    """Urban share of a region's residents and of its registered people, with what was observed.

    Parameters
    ----------
    ds : Dataset
        Projection of one scenario, as `simmodel run` writes it.
    region : str
        Id of one of `registered_regions`.
    marks : sequence of mapping
        As in `fan`; of registered people the indicators ``registered_urban_rate`` (percent) and
        ``registered_urban_population`` (persons).

    Returns
    -------
    Figure
        For `save`.

    Raises
    ------
    ScenarioError
        If the region has no registered figures.
    """
    there = registered_regions(ds)
    if region not in there:
        allowed = among(there) + did_you_mean(region, there)
        raise ScenarioError(f"region {region} has no registered rate here; allowed {allowed}")
    notes = _registered_notes(ds, region, marks)
    both = ((RATE, BANDS[::2], BLUE), (REGISTERED_RATE, REGISTERED_BANDS, ORANGE))
    words = ("of residents 占常住人口", "of the registered 占户籍人口")
    with house():
        figure, ax = canvas(
            WIDTH, 5.2 + 0.19 * len(notes), (0.65, 2.1, 0.55 + 0.19 * len(notes), 1.1)
        )
        lines, ends, edges, labels = [], [], [], []
        for (measure, bands, color), word in zip(both, words, strict=True):
            lines.append(_bands(ax, ds, region, measure, bands))
            ax.plot(*lines[-1].T, color=color, lw=2.2, zorder=4)
            edges += [_quantile(ds, region, measure, level) for level in (0.05, 0.95)]
            low, high = (float(edge[-1]) for edge in edges[-2:])
            value = float(lines[-1][-1, 1])
            span = f"5–95 %: {low:.1f}–{high:.1f}"
            ends.append((value, f"{measure.exact(value)}  median 中位数\n{word}\n{span}", color))
        points = [
            (int(mark["year"]), float(mark["value"]))
            for mark in marks
            if (mark["region"], mark["indicator"]) == (region, REGISTERED_RATE.variable)
            and mark["year"] >= FIRST_YEAR
        ]
        for year, value in points:
            ax.plot(year, value, "s", color=ORANGE, ms=7, mec="white", mew=0.8, zorder=6)
            text = f"registered {year} 户籍\n{value:.2f} %"
            labels.append(Label(year, value, text, ORANGE))
        labels += _draw_marks(ax, lines[0][0], marks, region, RATE)
        lowest = min(label.y for label in labels) - BELOW
        ax.update_datalim([(float(lines[0][0, 0]), lowest)])
        _finish(ax, REGISTERED_RATE, labels, lines, np.array(edges))
        end_labels(ax, ends)
        title = f"{place_of(ds, region)}: urban by residence and by registration"
        heading(figure, title, f"常住与户籍人口城镇化率   Scenario 情景: {title_of(ds)}")
        foot(figure, *notes)
        use_chinese(figure)
    return figure


def _registered_notes(ds: xr.Dataset, region: str, marks: Sequence[Row]) -> list[str]:
    """Return the lines below: what is carried on, what is assumed, what the band leaves out."""
    base = int(ds["year"][0])
    counts = {
        int(mark["year"]): float(mark["value"]) / 1e4
        for mark in marks
        if (mark["region"], mark["indicator"]) == (region, "registered_urban_population")
        and FIRST_YEAR <= int(mark["year"]) <= base
    }
    first = min(counts)
    seen = f"{counts[first]:.2f} ({first}) → {counts[base]:.2f} 万 ({base})"
    lines = [
        f"Urban registered 城镇户籍人口: {seen}. Less natural increase, that is the pace at which "
        "rural registration is converted; it is carried on, times the scenario's lever.",
        "扣除自然增长即为落户速度，基年后按此延续，乘以情景中的落户倍数。",
        "Assumed: births and deaths as of residents; nobody moves registration across the "
        "boundary. One pace was seen, so the registered band carries births and deaths only: it is "
        "too narrow.",
        "假定：生死率同常住人口，户籍不跨区迁移。只有一个观测速度，故户籍色带仅含生死的不确定性，偏窄。",
        "Bands 色带: 50 %, 90 % of the draws 模拟结果.  Method 方法: docs/model.md.",
    ]
    return [part for line in lines for part in shortened(line, FOOT).split("\n")]


def _targets(
    verdicts: Sequence[Row], region: str, measure: Measure, scenario: str | None
) -> list[Row]:
    return [
        row
        for row in verdicts
        if row["region"] == region
        and row["indicator"] == measure.variable
        and scenario in (None, row.get("scenario", scenario))
    ]


def _marks(marks: Sequence[Row], region: str, measure: Measure, base: int) -> list[Row]:
    """Return a region's observations by year, without what the base already shows."""
    chosen = [
        mark
        for mark in marks
        if mark["region"] == region
        and mark["indicator"] == measure.variable
        and mark["year"] >= FIRST_YEAR
        and (mark["vintage"], mark["year"]) not in (("census", base), ("census_2020", base))
    ]
    return sorted(chosen, key=lambda mark: int(mark["year"]))


def _quantile(ds: xr.Dataset, region: str, measure: Measure, level: float) -> Array:
    values = region_of(ds, region)[measure.variable].sel(quantile=level, method="nearest")
    if "registered_region" in values.dims:
        values = values.sel(registered_region=region)
    return np.asarray(values.values * measure.scale, dtype=float)


def _median(ds: xr.Dataset, region: str, measure: Measure) -> Array:
    """Return points (year, value) of the median."""
    return np.column_stack([ds["year"].values, _quantile(ds, region, measure, 0.5)])


def _bands(
    ax: Axes,
    ds: xr.Dataset,
    region: str,
    measure: Measure,
    bands: Sequence[tuple[float, float, str]],
) -> Array:
    """Draw the bands and return the median."""
    for low, high, color in bands:
        edges = [_quantile(ds, region, measure, level) for level in (low, high)]
        ax.fill_between(ds["year"].values, edges[0], edges[1], color=color, lw=0)
    return _median(ds, region, measure)


def _draw_marks(
    ax: Axes, base: Array, marks: Sequence[Row], region: str, measure: Measure
) -> list[Label]:
    """Draw the base and the observations; return one label for each series."""
    year, value = int(base[0]), float(base[1])
    ax.plot(year, value, "o", color=INK, ms=7, zorder=6)
    labels = [Label(year, value, f"census {year} 普查\n{measure.exact(value)}", INK)]
    for vintages, look, text, color in SERIES:
        points = [
            (int(mark["year"]), float(mark["value"]) * measure.printed)
            for mark in _marks(marks, region, measure, year)
            if mark["vintage"] in vintages
        ]
        if points:
            ax.plot(*zip(*points, strict=True), ls="", color=color, zorder=5, **look)
            middle = points[len(points) // 2]
            labels.append(Label(*middle, text.format(middle[0]), color, 9.0))
            labels.extend(Label(*point, "", color) for point in points)
    return labels


def _draw_targets(
    ax: Axes, ds: xr.Dataset, rows: Sequence[Row], measure: Measure, surely: bool
) -> list[Label]:
    """Draw the targets; return their labels, with the probability where asked for."""
    labels = []
    shown = [row for row in rows if _on_chart(ds, row)]
    for year in sorted({int(row["year"]) for row in shown}):
        here = [row for row in shown if row["year"] == year]
        floors = sorted((r for r in here if r["comparison"] == ">="), key=lambda r: r["target"])
        if len(floors) > 1:
            labels.append(_draw_bracket(ax, floors, measure, surely))
            here = [row for row in here if row["comparison"] != ">="]
        for row in here:
            y = float(row["target"]) * measure.printed
            tick = row["comparison"] == "near"
            look = {"marker": "_", "ms": 20, "mew": 2.5} if tick else TARGET
            ax.plot(year, y, color=RED, ls="", zorder=7, clip_on=False, **look)
            text = "\n".join([aim_text(row, measure), *(chance(row) if surely else [])])
            labels.append(Label(year, y, text, RED))
    return labels


def _draw_bracket(ax: Axes, floors: Sequence[Row], measure: Measure, surely: bool) -> Label:
    """Draw a target that is a band, given as its two ends."""
    year, low, high = int(floors[0]["year"]), floors[0]["target"], floors[-1]["target"]
    low, high = float(low) * measure.printed, float(high) * measure.printed
    ax.plot([year, year], [low, high], color=RED, marker="_", ms=10, mew=2, lw=2, zorder=7)
    text = f"{measure.aim(low).removesuffix(measure.unit)}–{measure.aim(high)}, {year}年"
    if surely:
        lower, upper = ("\n".join(chance(row)) for row in (floors[0], floors[-1]))
        text += f"\nlower end 下限: {lower}\nupper end 上限: {upper}"
    return Label(year, high, text, RED)


def _on_chart(ds: xr.Dataset, row: Row) -> bool:
    return known(row["target"]) and int(row["year"]) <= int(ds["year"][-1])


def _finish(
    ax: Axes, measure: Measure, labels: Sequence[Label], lines: Sequence[Array], band: Array
) -> None:
    """Fix the scales, then write the labels clear of lines and points, best outside the band."""
    data, first, last = ax.dataLim, lines[0][0, 0], lines[0][-1, 0]
    scales(ax, min(data.x0, first), last, data.y0, data.y1, ABOVE)
    ax.annotate(
        measure.axis, (0, 1), (-30, 8), "axes fraction", textcoords="offset points", fontsize=9
    )
    fine = np.linspace(first, last, 80)
    clear = [np.column_stack([fine, np.interp(fine, *line.T)]) for line in lines]
    clear.append(np.array([(label.x, label.y) for label in labels]))
    years = np.broadcast_to(lines[0][:, 0], band.shape) if band.size else band
    avoid = np.column_stack([years.ravel(), band.ravel()])
    place(ax, [label for label in labels if label.text], np.vstack(clear), avoid)


def _two_lines(ds: xr.Dataset, width: int) -> str:
    """Return a scenario's title in both languages, on lines of their own."""
    en, zh = str(ds.attrs.get("title_en", "")), str(ds.attrs.get("title_zh", ""))
    return f"{shortened(zh, width - 8)}\n{shortened(en, width)}".strip()


def _explanation(
    ds: xr.Dataset, rows: Sequence[Row], measure: Measure, sources: Mapping[str, str]
) -> list[str]:
    """Return the lines below a fan: what the bands are, conditions, what is not drawn, sources."""
    draws = ds.attrs.get("draws")
    lines = [
        "Bands: 50 %, 80 %, 90 % of draws"
        + (f" ({int(draws):,})" if draws is not None else "")
        + "; how well such intervals have held: docs/skill.md.",
        "色带：50 %、80 %、90 % 的模拟结果；以往的检验结果见docs/skill.md。",
    ]
    lines += [f"Probabilities 概率: {condition}" for condition in conditions(rows)]
    away = [
        f"{aim_text(row, measure)} ({', '.join(chance(row))})"
        for row in rows
        if not _on_chart(ds, row)
    ]
    if away:
        lines.append("Not drawn 未画出: " + "; ".join(away))
    cited = sorted({str(row["source"]) for row in rows if row.get("source")})
    if cited:
        lines.append("Targets 目标: " + "; ".join(sources.get(name, name) for name in cited))
    return [part for line in lines for part in shortened(line, FOOT).split("\n")]
