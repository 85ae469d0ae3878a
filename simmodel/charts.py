"""Each chart takes Datasets and plain rows and returns a Figure; `save` writes one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from .errors import ScenarioError, among
from .fonts import (
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

__all__ = ["compare", "fan", "matrix", "save", "urban_population_fan"]

Array = NDArray[np.float64]
Row = Mapping[str, Any]

WIDTH: Final = 8.0
FIRST_YEAR: Final = 2010
BANDS: Final = ((0.05, 0.95, "#dce8f2"), (0.1, 0.9, "#c6daea"), (0.25, 0.75, "#a3c3dd"))
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
# Classes of probability: upper bound, word, its Chinese, colour, colour of the number on it.
LIKELIHOODS: Final = (
    (0.10, "very unlikely", "很不可能", "#a6531b", "white"),
    (0.33, "unlikely", "不太可能", "#e8b284", INK),
    (0.66, "about as likely as not", "或许可能", "#efefec", INK),
    (0.90, "likely", "可能", "#93bddd", INK),
    (1.01, "very likely", "很可能", BLUE, "white"),
)
CONDITIONAL: Final = "if the measures deliver"
CONDITION: Final = (
    "scenarios with measures 情景: if the measures deliver in full 以措施全部落实为前提"
)
CHINESE_WORDS: Final = {
    "more likely than not": "多半可能",
    **{word: chinese for _, word, chinese, _, _ in LIKELIHOODS},
}


@dataclass(frozen=True, slots=True)
class Measure:
    """What a chart shows, and how it is put before a reader.

    Parameters
    ----------
    variable : str
        Name in the Dataset, and of the indicator in verdicts and marks.
    scale, printed : float
        From the unit of the Dataset, and from that of verdicts and marks, to the one shown.
    name, short, axis, unit : str
        In the title, in a table, above the axis, and after a number.
    """

    variable: str
    scale: float
    printed: float
    name: str
    short: str
    axis: str
    unit: str

    def aim(self, value: float) -> str:
        """Return a target's value as plans print it, with at most one decimal."""
        return f"{value:,.1f}".removesuffix(".0") + self.unit

    def exact(self, value: float) -> str:
        """Return a result with one decimal."""
        return f"{value:,.1f}{self.unit}"


MEASURES: Final = {
    "urbanization_rate": Measure(
        "urbanization_rate",
        100.0,
        1.0,
        "urbanization rate 常住人口城镇化率",
        "rate 城镇化率",
        "percent of residents  占常住人口 %",
        " %",
    ),
    "urban_population": Measure(
        "urban_population",
        1e-4,
        1e-4,
        "urban population 城镇常住人口",
        "urban 城镇人口",
        "10 thousand persons  万人",
        " 万人",
    ),
    "total_population": Measure(
        "total_population",
        1e-4,
        1e-4,
        "resident population 常住人口",
        "total 常住人口",
        "10 thousand persons  万人",
        " 万人",
    ),
    "urban_district_population": Measure("", 1, 1e-4, "", "district 城区人口", "", " 万人"),
    "new_urban_jobs": Measure("", 1, 1e-4, "", "jobs 新增就业", "", " 万人"),
}
RATE: Final = MEASURES["urbanization_rate"]
URBAN: Final = MEASURES["urban_population"]


def fan(ds: xr.Dataset, region: str, marks: Sequence[Row], verdicts: Sequence[Row]) -> Figure:
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
    """
    return _fan(ds, region, marks, verdicts, RATE)


def urban_population_fan(
    ds: xr.Dataset, region: str, marks: Sequence[Row], verdicts: Sequence[Row]
) -> Figure:
    """Fan chart of a region's urban population in 万人; the parameters are those of `fan`."""
    return _fan(ds, region, marks, verdicts, URBAN)


def _fan(
    ds: xr.Dataset, region: str, marks: Sequence[Row], verdicts: Sequence[Row], measure: Measure
) -> Figure:
    rows = _targets(verdicts, region, measure, ds.attrs.get("scenario"))
    notes = _explanation(ds, rows)
    with house():
        figure, ax = canvas(WIDTH, 5.4, (0.65, 2.0, 0.55 + 0.19 * len(notes), 1.1))
        median = _bands(ax, ds, region, measure, BANDS)
        ax.plot(*median.T, color=BLUE, lw=2.2, zorder=4)
        labels = _draw_targets(ax, ds, rows, measure, True)
        labels += _draw_marks(ax, median[0], marks, region, measure)
        outer = [_quantile(ds, region, measure, level) for level in (0.05, 0.95)]
        _finish(ax, measure, labels, [median], np.linspace(outer[0], outer[1], 9))
        words = {0.95: "95 of 100 below", 0.5: "median 中位数", 0.05: "5 of 100 below"}
        ends = {q: float(_quantile(ds, region, measure, q)[-1]) for q in words}
        end_labels(ax, [(ends[q], f"{measure.exact(ends[q])}  {words[q]}", BLUE) for q in words])
        _head(figure, ds, region, measure, f"Scenario 情景: {_title(ds)}")
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
    """
    first = "trend" if "trend" in datasets else next(iter(datasets))
    base = datasets[first]
    rows = {_aim(row): row for row in _targets(verdicts, region, RATE, None)}
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
            ends.append((value, f"{RATE.exact(value)}  {_title(datasets[name], 29)}", color))
        labels = _draw_targets(ax, base, list(rows.values()), RATE, False)
        labels += _draw_marks(ax, lines[0][0], marks, region, RATE)
        _finish(ax, RATE, labels, lines, np.empty((0, 0)))
        end_labels(ax, ends)
        _head(figure, base, region, RATE, "Scenarios compared 情景比较")
        foot(
            figure,
            f"Lines: medians 中位数.  Bands 色带: 50 %, 90 % of the draws of {_title(base)}.",
            "Red 红: targets of the plans 规划目标.  Method 方法: docs/model.md.",
        )
        use_chinese(figure)
    return figure


def matrix(
    verdict_rows: Sequence[Row],
    names: Mapping[str, str] | None = None,
    titles: Mapping[str, str] | None = None,
) -> Figure:
    """Every target against every scenario, coloured by the probability that it is met.

    Parameters
    ----------
    verdict_rows : sequence of mapping
        Rows of ``verdicts.csv`` of all scenarios.
    names, titles : mapping of str to str, optional
        Written for the id of a region, and for the name of a scenario; lines may be broken.
    """
    names, titles = names or {}, titles or {}
    scenarios = list(dict.fromkeys(row["scenario"] for row in verdict_rows))
    cells = {(_aim(row), row["scenario"]): row for row in verdict_rows}
    regions = list(dict.fromkeys(row["region"] for row in verdict_rows))
    aims = {
        _aim(row): row for row in sorted(verdict_rows, key=lambda r: regions.index(r["region"]))
    }
    heads = [
        "\n".join(
            shortened(line, 16) for line in titles.get(name, name.replace("_", " ")).split("\n")
        )
        for name in scenarios
    ]
    left, across, down = 4.35, 1.04, 0.33
    conditional = any(str(row.get("likelihood")).startswith(CONDITIONAL) for row in verdict_rows)
    condition = f"\n{CONDITION}" if conditional else ""
    top = 1.25 + 0.18 * max((head.count("\n") + 1 for head in heads), default=1)
    right = max(0.2, WIDTH - left - across * len(scenarios))
    width, height = left + across * len(scenarios) + right, top + down * len(aims) + 0.85
    with house():
        figure, ax = canvas(width, height, (left, right, 0.85, top))
        ax.set(xlim=(0, max(len(scenarios), 1)), ylim=(max(len(aims), 1), 0))
        ax.set_axis_off()
        for x, head in enumerate(heads):
            ax.annotate(
                head, (x + 0.5, 0), (0, 6), textcoords="offset points", ha="center", fontsize=9
            )
        edge, before = 0.15 / across - left / across, None
        for y, (aim, row) in enumerate(aims.items()):
            if aim[0] != before:
                before = aim[0]
                name = names.get(before, before.split(".")[-1].replace("_", " ").title())
                ax.text(edge, y + 0.5, shortened(name, 22), va="center", linespacing=1.0)
                ax.plot([edge, len(scenarios)], [y, y], color=GREY, lw=0.7, clip_on=False)
            measure = MEASURES[row["indicator"]]
            ax.text(-2.5, y + 0.5, measure.short, va="center", fontsize=9, color="#555555")
            ax.text(-0.1, y + 0.5, _aim_text(row, measure, ", "), ha="right", va="center")
            for x, name in enumerate(scenarios):
                _cell(ax, x, y, cells.get((aim, name)))
        heading(
            figure,
            "How surely is each target met? 各目标实现的可能性",
            "Of 100 draws, those that meet the target in its year  每百次模拟中达到目标的次数"
            + condition,
        )
        _key(figure)
        use_chinese(figure)
    return figure


def _cell(ax: Axes, x: float, y: float, row: Row | None) -> None:
    box: dict[str, Any] = {"ec": "white", "lw": 2}
    if row is None:
        text, ink, face = "–", GREY, "white"
    elif not _known(row["probability"]):
        text = shortened(str(row.get("likelihood") or "not modelled"), 13)
        ink, face = INK, "#f2f2f2"
        box |= {"ec": "#c4c4c4", "lw": 0, "hatch": "////"}
    else:
        face, ink = next((c, i) for p, _, _, c, i in LIKELIHOODS if _below(row["probability"], p))
        text = _of_hundred(row["probability"])
    ax.add_patch(Rectangle((x + 0.01, y + 0.03), 0.98, 0.94, fc=face, **box))
    back = {"fc": "white", "ec": "none", "pad": 1.2} if ink == INK and "hatch" in box else None
    ax.text(x + 0.5, y + 0.5, text, ha="center", va="center", color=ink, bbox=back, linespacing=0.9)


def _below(probability: float, bound: float) -> bool:
    """Tell whether a probability is in a class; below the middle the bound belongs to the next."""
    return probability < bound if bound < 0.5 else probability <= bound


def _key(figure: Figure) -> None:
    width, height = figure.get_size_inches()
    step = (width - 0.3) / len(LIKELIHOODS)
    bounds = ("below 10", "10–33", "33–66", "66–90", "above 90")
    for i, (_, word, chinese, face, ink) in enumerate(LIKELIHOODS):
        at = (0.15 + i * step) / width
        size = (step - 0.06) / width, 0.26 / height
        figure.add_artist(Rectangle((at, 0.40 / height), *size, fc=face, ec="none"))
        centre = at + size[0] / 2
        figure.text(centre, 0.53 / height, bounds[i], ha="center", va="center", color=ink)
        figure.text(
            centre, 0.21 / height, f"{word} {chinese}", ha="center", va="center", fontsize=9
        )


def _known(value: Any) -> bool:
    return value is not None and bool(np.isfinite(value))


def _aim(row: Row) -> tuple[str, str, int, str, float | None]:
    """Return what two verdicts on the same target share; another region's rate varies."""
    fixed = _known(row["target"]) and row["comparison"] != "near"
    target = float(row["target"]) if fixed else None
    return str(row["region"]), str(row["indicator"]), int(row["year"]), row["comparison"], target


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
    if region not in ds["region"].values:
        known = among(map(str, ds["region"].values))
        raise ScenarioError(f"region {region} is not in this projection; allowed {known}")
    values = ds[measure.variable].sel(region=region).sel(quantile=level, method="nearest")
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
            text = _aim_text(row, measure)
            labels.append(Label(year, y, f"{text}\n{_surely(row)}" if surely else text, RED))
    return labels


def _draw_bracket(ax: Axes, floors: Sequence[Row], measure: Measure, surely: bool) -> Label:
    """Draw a target that is a band, given as its two ends."""
    year, low, high = int(floors[0]["year"]), floors[0]["target"], floors[-1]["target"]
    low, high = float(low) * measure.printed, float(high) * measure.printed
    ax.plot([year, year], [low, high], color=RED, marker="_", ms=10, mew=2, lw=2, zorder=7)
    text = f"{measure.aim(low).removesuffix(measure.unit)}–{measure.aim(high)} in {year}"
    if surely:
        text += f"\nlower end 下限: {_surely(floors[0])}\nupper end 上限: {_surely(floors[-1])}"
    return Label(year, high, text, RED)


def _on_chart(ds: xr.Dataset, row: Row) -> bool:
    return _known(row["target"]) and int(row["year"]) <= int(ds["year"][-1])


def _aim_text(row: Row, measure: Measure, joint: str = " in ") -> str:
    if row["comparison"] == "near":
        whose = str(row["relative_to"]).capitalize() if row.get("relative_to") else "province"
        return f"near {whose}'s 接近{joint}{int(row['year'])}"
    sign = {">=": "≥", "~": "≈"}[row["comparison"]]
    value = measure.aim(float(row["target"]) * measure.printed)
    return f"{sign} {value}{joint}{int(row['year'])}"


def _surely(row: Row) -> str:
    if not _known(row["probability"]):
        return str(row.get("likelihood") or "not modelled")
    word = str(row.get("likelihood") or "")
    said = f", {word} {CHINESE_WORDS[word]}" if word in CHINESE_WORDS else ""
    return f"{_of_hundred(row['probability'])} of 100{said}"


def _of_hundred(probability: float) -> str:
    number = round(100 * probability)
    return {0: "<1", 100: ">99"}.get(number, str(number))


def _finish(
    ax: Axes, measure: Measure, labels: Sequence[Label], lines: Sequence[Array], band: Array
) -> None:
    """Fix the scales, then write the labels clear of lines and points, best outside the band."""
    data, first, last = ax.dataLim, lines[0][0, 0], lines[0][-1, 0]
    scales(ax, min(data.x0, first), last, data.y0, data.y1)
    ax.annotate(
        measure.axis, (0, 1), (-30, 8), "axes fraction", textcoords="offset points", fontsize=9
    )
    fine = np.linspace(first, last, 80)
    clear = [np.column_stack([fine, np.interp(fine, *line.T)]) for line in lines]
    clear.append(np.array([(label.x, label.y) for label in labels]))
    years = np.broadcast_to(lines[0][:, 0], band.shape) if band.size else band
    avoid = np.column_stack([years.ravel(), band.ravel()])
    place(ax, [label for label in labels if label.text], np.vstack(clear), avoid)


def _head(figure: Figure, ds: xr.Dataset, region: str, measure: Measure, below: str) -> None:
    here = ds.sel(region=region)
    names = " ".join(str(here[key].item()) for key in ("name_zh", "name_en"))
    heading(figure, f"{names}: {measure.name}", below)


def _title(ds: xr.Dataset, width: int | None = None) -> str:
    """Return a scenario's title in both languages, on lines of their own where width is short."""
    en, zh = str(ds.attrs.get("title_en", "")), str(ds.attrs.get("title_zh", ""))
    if width is None:
        return f"{en} {zh}".strip()
    return f"{shortened(zh, width - 8)}\n{shortened(en, width)}".strip()


def _explanation(ds: xr.Dataset, rows: Sequence[Row]) -> list[str]:
    """Return the lines below a fan: what the bands are, conditions, what is not drawn, sources."""
    draws = ds.attrs.get("draws")
    lines = [
        "Bands: 50 %, 80 %, 90 % of draws"
        + (f" ({int(draws):,})" if draws is not None else "")
        + "; set from the record of earlier forecasts, see docs/model.md.",
        "色带：50 %、80 %、90 % 的模拟结果；宽度按以往预测的误差确定。",
    ]
    if any(str(row.get("likelihood")).startswith(CONDITIONAL) for row in rows):
        lines.append(f"Probabilities 概率: {CONDITION}")
    away = [
        f"{_aim_text(r, MEASURES[r['indicator']])} ({_surely(r)})"
        for r in rows
        if not _on_chart(ds, r)
    ]
    if away:
        lines.append("Not drawn 未画出: " + "; ".join(away))
    sources = sorted({str(row["source"]) for row in rows if row.get("source")})
    if sources:
        lines.append("Targets 目标: " + ", ".join(sources))
    return lines
