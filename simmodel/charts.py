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
TARGET: Final = {"marker": "D", "ms": 7.5, "mec": "white", "mew": 0.8}
# Series of observations: their vintages, marker, label and its colour.
SERIES: Final = (
    (
        {"post_2020_census"},
        {"marker": "o", "ms": 4.5},
        "communiqués after the census 统计公报",
        INK,
    ),
    ({"census_2010"}, {"marker": "o", "ms": 7}, "census 2010 普查", INK),
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
    name, axis, unit : str
        In the title, above the axis, and after a number.
    """

    variable: str
    scale: float
    printed: float
    name: str
    axis: str
    unit: str

    def number(self, value: float, unit: bool = True) -> str:
        """Return a value in the unit shown, with at most one decimal."""
        text = f"{value:,.1f}".removesuffix(".0")
        return text + self.unit if unit else text


MEASURES: Final = {
    "urbanization_rate": Measure(
        "urbanization_rate",
        100.0,
        1.0,
        "urbanization rate 常住人口城镇化率",
        "percent of resident population %",
        " %",
    ),
    "urban_population": Measure(
        "urban_population",
        1e-4,
        1e-4,
        "urban population 城镇常住人口",
        "10 thousand persons 万人",
        " 万",
    ),
    "total_population": Measure(
        "total_population",
        1e-4,
        1e-4,
        "resident population 常住人口",
        "10 thousand persons 万人",
        " 万",
    ),
    "urban_district_population": Measure("", 1.0, 1e-4, "urban district 城区人口", "", " 万"),
    "new_urban_jobs": Measure("", 1.0, 1e-4, "new urban jobs 城镇新增就业", "", " 万"),
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
    with house():
        figure, ax = canvas(WIDTH, 5.4, (0.65, 1.75, 1.2, 1.1))
        median = _bands(ax, ds, region, measure, BANDS)
        ax.plot(*median.T, color=BLUE, lw=2.2, zorder=4)
        labels = _draw_targets(ax, ds, rows, measure, True)
        labels += _draw_marks(ax, median[0], _marks(marks, region, measure), measure)
        _finish(ax, measure, labels, [median])
        words = {0.95: "95 of 100 below", 0.5: "median 中位数", 0.05: "5 of 100 below"}
        ends = {q: float(_quantile(ds, region, measure, q)[-1]) for q in words}
        end_labels(ax, [(ends[q], f"{measure.number(ends[q])}  {words[q]}", BLUE) for q in words])
        _head(figure, ds, region, measure, f"{_title(ds)}")
        foot(figure, *_explanation(ds, rows, measure))
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
        figure, ax = canvas(WIDTH, 5.4, (0.65, 2.45, 0.85, 1.1))
        _bands(ax, base, region, RATE, BANDS[::2])
        lines, ends = [], []
        for color, name in zip(
            LINES * len(datasets), sorted(datasets, key=lambda name: name != first), strict=False
        ):
            lines.append(_median(datasets[name], region, RATE))
            ax.plot(*lines[-1].T, color=color, lw=2.4 if name == first else 1.8, zorder=4)
            value = float(lines[-1][-1, 1])
            text = shortened(f"{RATE.number(value)}  {_title(datasets[name])}", 27)
            ends.append((value, text, color))
        labels = _draw_targets(ax, base, list(rows.values()), RATE, False)
        labels += _draw_marks(ax, lines[0][0], _marks(marks, region, RATE), RATE)
        _finish(ax, RATE, labels, lines)
        end_labels(ax, ends)
        _head(figure, base, region, RATE, "Scenarios compared 情景比较")
        foot(
            figure,
            f"Lines: medians 中位数. Bands: 50 % and 90 % of draws of “{_title(base)}”.",
            "Red: targets of the plans 规划目标.  Method: docs/model.md.",
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
        Written for the id of a region, and for the name of a scenario.
    """
    names, titles = names or {}, titles or {}
    scenarios = list(dict.fromkeys(row["scenario"] for row in verdict_rows))
    cells = {(_aim(row), row["scenario"]): row for row in verdict_rows}
    regions = list(dict.fromkeys(row["region"] for row in verdict_rows))
    aims = {
        _aim(row): row for row in sorted(verdict_rows, key=lambda r: regions.index(r["region"]))
    }
    heads = [shortened(titles.get(name, name.replace("_", " ")), 15) for name in scenarios]
    left, across, down = 4.55, 1.12, 0.33
    top = 1.0 + 0.18 * max((head.count("\n") + 1 for head in heads), default=1)
    right = max(0.2, WIDTH - left - across * len(scenarios))
    width, height = left + across * len(scenarios) + right, top + down * len(aims) + 0.85
    with house():
        figure, ax = canvas(width, height, (left, right, 0.85, top))
        ax.set(xlim=(0, max(len(scenarios), 1)), ylim=(max(len(aims), 1), 0))
        ax.set_axis_off()
        for x, head in enumerate(heads):
            ax.annotate(
                head, (x + 0.5, 0), (0, 6), textcoords="offset points", ha="center", linespacing=1.2
            )
        edge, before = 0.15 / across - left / across, None
        for y, (aim, row) in enumerate(aims.items()):
            if aim[0] != before:
                before = aim[0]
                ax.text(edge, y + 0.5, names.get(before, before), va="center", fontsize=10.5)
                ax.plot([edge, len(scenarios)], [y, y], color=GREY, lw=0.7, clip_on=False)
            measure = MEASURES[row["indicator"]]
            ax.text(-2.55, y + 0.5, measure.name, va="center", fontsize=9, color="#555555")
            ax.text(-0.1, y + 0.5, _aim_text(row, measure, ", "), ha="right", va="center")
            for x, name in enumerate(scenarios):
                _cell(ax, x, y, cells.get((aim, name)))
        heading(
            figure,
            "How surely is each target met? 各目标实现的可能性",
            "Of 100 draws, those that meet the target in its year  每百次模拟中达到目标的次数",
        )
        _key(figure)
        use_chinese(figure)
    return figure


def _cell(ax: Axes, x: float, y: float, row: Row | None) -> None:
    box: dict[str, Any] = {"ec": "white", "lw": 2}
    if row is None:
        text, ink, face = "–", GREY, "white"
    elif not _known(row["probability"]):
        text, ink, face = "not modelled", INK, "#f2f2f2"
        box |= {"ec": "#c4c4c4", "lw": 0, "hatch": "////"}
    else:
        face, ink = next((c, i) for p, _, _, c, i in LIKELIHOODS if _below(row["probability"], p))
        text = _of_hundred(row["probability"])
    ax.add_patch(Rectangle((x + 0.01, y + 0.03), 0.98, 0.94, fc=face, **box))
    back = {"fc": "white", "ec": "none", "pad": 1.2} if ink == INK and "hatch" in box else None
    ax.text(x + 0.5, y + 0.5, text, ha="center", va="center", color=ink, bbox=back)


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
    target = float(row["target"]) if row["comparison"] != "near" else None
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


def _marks(marks: Sequence[Row], region: str, measure: Measure) -> list[Row]:
    """Return a region's observations by year, without what the base already shows."""
    chosen = [
        mark
        for mark in marks
        if mark["region"] == region
        and mark["indicator"] == measure.variable
        and mark["year"] >= FIRST_YEAR
        and mark["vintage"] != "census_2020"
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


def _draw_marks(ax: Axes, base: Array, marks: Sequence[Row], measure: Measure) -> list[Label]:
    """Draw the base and the observations; return one label for each series."""
    year, value = int(base[0]), float(base[1])
    ax.plot(year, value, "o", color=INK, ms=7, zorder=6)
    labels = [Label(year, value, f"census {year} 普查\n{measure.number(value)}", INK)]
    for vintages, look, text, color in SERIES:
        points = [
            (int(mark["year"]), float(mark["value"]) * measure.printed)
            for mark in marks
            if mark["vintage"] in vintages
        ]
        if points:
            ax.plot(*zip(*points, strict=True), ls="", color=color, zorder=5, **look)
            labels.append(Label(*points[len(points) // 2], text, color, 9.0))
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
    text = f"{measure.number(low, False)}–{measure.number(high)} in {year}"
    if surely:
        text += f"\nlower end: {_surely(floors[0])}\nupper end: {_surely(floors[-1])}"
    return Label(year, high, text, RED)


def _on_chart(ds: xr.Dataset, row: Row) -> bool:
    return _known(row["target"]) and int(row["year"]) <= int(ds["year"][-1])


def _aim_text(row: Row, measure: Measure, joint: str = " in ") -> str:
    if row["comparison"] == "near":
        whose = str(row.get("relative_to") or "the province").capitalize()
        return f"near {whose}'s{joint}{int(row['year'])}"
    sign = {">=": "≥", "~": "≈"}[row["comparison"]]
    value = measure.number(float(row["target"]) * measure.printed)
    return f"{sign} {value}{joint}{int(row['year'])}"


def _surely(row: Row) -> str:
    if not _known(row["probability"]):
        return "not modelled 未模拟"
    word = str(row.get("likelihood") or "")
    said = f" · {word} {CHINESE_WORDS[word]}" if word in CHINESE_WORDS else ""
    return f"{_of_hundred(row['probability'])} of 100{said}"


def _of_hundred(probability: float) -> str:
    number = round(100 * probability)
    return {0: "<1", 100: ">99"}.get(number, str(number))


def _finish(ax: Axes, measure: Measure, labels: Sequence[Label], lines: Sequence[Array]) -> None:
    """Fix the scales, then write the labels clear of lines and points."""
    data, first, last = ax.dataLim, lines[0][0, 0], lines[0][-1, 0]
    scales(ax, min(data.x0, first), last, data.y0, data.y1)
    ax.annotate(
        measure.axis, (0, 1), (-30, 8), "axes fraction", textcoords="offset points", fontsize=9
    )
    fine = np.linspace(first, last, 80)
    clear = [np.column_stack([fine, np.interp(fine, *line.T)]) for line in lines]
    clear.append(np.array([(label.x, label.y) for label in labels]))
    place(ax, [label for label in labels if label.text], np.vstack(clear))


def _head(figure: Figure, ds: xr.Dataset, region: str, measure: Measure, below: str) -> None:
    here = ds.sel(region=region)
    names = " ".join(str(here[key].item()) for key in ("name_zh", "name_en"))
    heading(figure, f"{names}: {measure.name}", below)


def _title(ds: xr.Dataset) -> str:
    return f"{ds.attrs.get('title_en', '')} {ds.attrs.get('title_zh', '')}".strip()


def _explanation(ds: xr.Dataset, rows: Sequence[Row], measure: Measure) -> list[str]:
    """Return the lines below a fan: what the bands are, conditions, what is not drawn, sources."""
    draws = ds.attrs.get("draws")
    lines = [
        "Bands: 50 %, 80 %, 90 % of draws"
        + (f" ({int(draws):,})" if draws is not None else "")
        + "; set from the record of earlier forecasts, see docs/model.md.",
        "色带：50 %、80 %、90 % 的模拟结果；宽度按以往预测的误差确定。",
    ]
    if ds.attrs.get("scenario") != "trend":
        lines[1] += " 概率以措施全部落实为前提 (if the measures deliver in full)."
    away = [f"{_aim_text(r, measure)}: {_surely(r)}" for r in rows if not _on_chart(ds, r)]
    if away:
        lines.append("Not drawn 未画出: " + "; ".join(away))
    sources = sorted({str(row["source"]) for row in rows if row.get("source")})
    if sources:
        lines.append("Targets 目标: " + ", ".join(sources))
    return lines
