"""How well earlier forecasts would have done: charts of a hindcast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray
from scipy.stats import binom

from ..validation.scores import CENTRAL, POINTS, Score, Scored
from .style import (
    BLUE,
    GREY,
    INK,
    RED,
    Label,
    canvas,
    foot,
    heading,
    house,
    place,
    shortened,
    use_chinese,
)

Array = NDArray[np.float64]

OURS: Final = "simmodel"
# What a method is called before a planner, English and Chinese; others go by their own name.
METHOD_NAMES: Final = {
    OURS: ("this model", "本模型"),
    "persistence": ("rate stays as it is", "城镇化率不变"),
    "linear": ("straight line", "线性外推"),
    "constant_urgd": ("constant growth difference", "联合国法（城乡增长率差不变）"),
    "un_wup_2018": ("UN method of 2018", "联合国法（2018年版）"),
    "empirical_bayes_drift": ("own pace, drawn to the norm", "经验贝叶斯法"),
    "hamilton_perry": ("cohort change ratios", "队列变化率法"),
}
RATE_AXIS: Final = "urbanization rate, percent of residents  城镇化率 %"
DIAGONAL: Final = (
    "Points above the line: forecast too high; below: too low. 斜线上方为预测偏高，下方为预测偏低。"
)
BY_BLOCK: Final = (
    "Lines: 90 % bootstrap intervals, drawn by blocks of units that share their shocks.",
    "横线：自助法90 %区间，受共同冲击的地区一并抽取。",
)
BY_UNIT: Final = (
    "Lines: 90 % bootstrap intervals, drawn unit by unit: too narrow where units share shocks.",
    "横线：自助法90 %区间，逐个地区抽取；各地区受共同冲击时区间偏窄。",
)
LEVEL_AXIS: Final = "where the count fell in the forecast, %\n实际值在预测分布中的位置 %"

MOST_ROWS: Final = 40  # units with a row each; more are drawn as points
MOST_NAMED: Final = 5  # points with a name: the counts furthest outside
ACROSS, BESIDE, ALONE = 8.0, 11.2, 7.9  # inches: forecasts; methods with histogram, without
FOOT: Final = 13.8  # columns of a line below a chart, an inch
LINE: Final = 0.19  # inches of a line below a chart
NAME: Final = 30  # columns of the name of a unit
WIDE, NARROW = "#c6daea", "#6f9fc8"
BARS: Final = (("95", WIDE, 4.0), ("80", NARROW, 8.0))  # interval, its colour and points of width
BINS: Final = 10
CALIBRATED: Final = (0.05, 0.95)  # a calibrated forecaster's bars lie between 9 times of 10


def forecast_figure(
    scored: Sequence[Scored],
    summary: Score,
    origin: float,
    names: Mapping[str, str] | None = None,
) -> Figure:
    """Forecasts of one method beside what was counted, unit by unit.

    Up to 40 units have a row each, the highest rate counted on top; more are points.

    Parameters
    ----------
    scored : sequence of Scored
        Of one method and one year.
    summary : Score
        Of the same forecasts.
    origin : float
        Last year known to the method.
    names : mapping of str to str, optional
        Written for a unit; its own name where it is not given.
    """
    year = _date(scored[0].forecast.year)
    ordered = sorted(scored, key=lambda one: (one.observed, one.unit))
    called = [(names or {}).get(one.unit, one.unit) for one in ordered]
    few = len(ordered) <= MOST_ROWS
    notes = _broken([*(() if few else (DIAGONAL,)), *_summary(summary)], ACROSS)
    draw = _rows if few else _scatter
    with house():
        figure = draw(ordered, called, LINE * len(notes), year)
        heading(
            figure,
            f"Forecast and count, {year} 预测与实际",
            f"{' '.join(_names(summary.method))}: from what was known in {_date(origin)}"
            f"  只用{_date(origin)}年及以前的数据",
        )
        foot(figure, *notes)
        use_chinese(figure)
    return figure


def skill_figure(scores: Sequence[Score], origin: float, year: float) -> Figure:
    """Mean absolute error of each method, and whether our own intervals were wide enough.

    Parameters
    ----------
    scores : sequence of Score
        One for each method; the histogram is that of ``simmodel``, left out where it is not there.
    origin : float
        Last year known to the methods.
    year : float
        Year forecast.
    """
    ordered = sorted(scores, key=lambda one: (-one.mae, one.method))
    ours = next((one for one in scores if one.method == OURS and one.pit), None)
    width = BESIDE if ours else ALONE
    notes = _broken(_skill_notes(ordered, ours), width)
    bottom, top = 0.95 + LINE * len(notes), 1.25
    height = top + max(0.5 * len(ordered), 2.5) + bottom
    with house():
        figure, ax = canvas(width, height, (2.4, width - 5.6, bottom, top))
        _errors(ax, ordered)
        if ours:
            tall = 1 - (bottom + top) / height
            beside = figure.add_axes((8.15 / width, bottom / height, 2.8 / width, tall))
            _histogram(beside, np.array(ours.pit))
        heading(
            figure,
            f"How far off was each method? {_date(year)} 各方法的预测误差",
            f"Forecasts from what was known in {_date(origin)}"
            f"  只用{_date(origin)}年及以前的数据作预测",
        )
        foot(figure, *notes)
        use_chinese(figure)
    return figure


def _rows(ordered: Sequence[Scored], called: Sequence[str], notes: float, year: str) -> Figure:
    """Draw a row for each unit."""
    bottom, top = 0.75 + notes, 1.45
    tall = max(0.23 * len(ordered), 0.9)
    figure, ax = canvas(ACROSS, top + tall + bottom, (2.35, 0.95, bottom, top))
    rows = np.arange(len(ordered))
    for name, color, thick in BARS:
        ax.hlines(rows, *_central(ordered, name), color=color, lw=thick, zorder=2)
    medians, counts = _medians(ordered), _counts(ordered)
    ax.plot(medians, rows, "|", color=BLUE, ms=10, mew=2.2, zorder=3)
    colors = [_color(one) for one in ordered]
    ax.scatter(counts, rows, s=34, c=colors, ec="white", lw=0.8, zorder=4)
    for row, error, color in zip(rows, medians - counts, colors, strict=True):
        _beside(ax, float(row), _signed(error), 40, color)
    _above(ax, 1, "error 误差", 6)
    low, high = _seen(ordered)
    ax.set(xlim=(low, high), ylim=(-0.7, len(ordered) - 0.3), xlabel=f"{RATE_AXIS}, {year}")
    ax.set_yticks(rows, [_cut(name) for name in called])
    ax.tick_params(axis="y", length=0)
    _ticks(ax, "x")
    median = Line2D([], [], color=BLUE, ls="", marker="|", ms=10, mew=2.2)
    _key(figure, ordered, median, "counted 实际")
    return figure


def _scatter(ordered: Sequence[Scored], called: Sequence[str], notes: float, year: str) -> Figure:
    """Draw a point for each unit."""
    bottom, top = 0.75 + notes, 1.5
    figure, ax = canvas(ACROSS, top + 6.0 + bottom, (0.75, 0.45, bottom, top))
    medians, counts = _medians(ordered), _counts(ordered)
    for name, color, thick in BARS:
        ax.vlines(counts, *_central(ordered, name), color=color, lw=thick / 4, zorder=2)
    ax.axline((0, 0), slope=1, color=GREY, lw=0.9, zorder=3)
    colors = [_color(one) for one in ordered]
    ax.scatter(counts, medians, s=16, c=colors, ec="white", lw=0.5, zorder=4)
    low, high = _seen(ordered)
    ax.set(xlim=(low, high), ylim=(low, high), xlabel=f"counted 实际: {RATE_AXIS}, {year}")
    _above(ax, 0, f"forecast 预测: {RATE_AXIS}", -30)
    _ticks(ax, "x")
    _ticks(ax, "y")
    misses = sorted(range(len(ordered)), key=lambda i: -_outside(ordered[i]))[:MOST_NAMED]
    labels = [
        Label(counts[i], medians[i], called[i], RED) for i in misses if _color(ordered[i]) == RED
    ]
    along = np.linspace(*_central(ordered, "95"), 9)
    bars = np.column_stack([np.broadcast_to(counts, along.shape).ravel(), along.ravel()])
    points = np.column_stack([counts, medians])
    place(ax, labels, np.vstack([points, bars]), np.empty((0, 2)))
    _key(figure, ordered, _dot(INK), "")
    return figure


def _errors(ax: Axes, ordered: Sequence[Score]) -> None:
    """Draw the error of each method with its interval, the smallest on top."""
    for row, one in enumerate(ordered):
        color = BLUE if one.method == OURS else INK
        low, high = _error_interval(one)
        ax.plot([low, high], [row, row], "|-", color=color, lw=1.6, ms=9, mew=1.6)
        ax.plot(one.mae, row, "o", color=color, ms=6)
        interval = f"{low:.2f}–{high:.2f}" if one.intervals else ""
        for text, across in ((f"{one.mae:.2f}", 36), (interval, 98), (f"{one.n:,}", 140)):
            _beside(ax, row, text, across, color)
    for text, across in (("error\n误差", 12), ("90 %\n区间", 62), ("units\n地区数", 112)):
        _above(ax, 1, text, across)
    furthest = max(_error_interval(one)[1] for one in ordered)
    ax.set(xlim=(0, 1.04 * max(furthest, 0.1)), ylim=(-0.6, len(ordered) - 0.4))
    ax.set_xlabel("mean absolute error, percentage points\n平均绝对误差，百分点")
    ax.set_yticks(range(len(ordered)), ["\n".join(_names(one.method)) for one in ordered])
    for tick, one in zip(ax.get_yticklabels(), ordered, strict=True):
        tick.set_color(BLUE if one.method == OURS else INK)
    ax.tick_params(axis="y", length=0)
    _ticks(ax, "x")


def _error_interval(one: Score) -> tuple[float, float]:
    """Interval of the mean absolute error; the error itself where there is none."""
    return one.intervals.get("mae", (one.mae, one.mae))


def _histogram(ax: Axes, pit: Array) -> None:
    """Draw how many counts fell in each tenth of the forecast."""
    counts, edges = np.histogram(pit, BINS, (0.0, 1.0))
    low, high = (int(binom.ppf(level, len(pit), 1 / BINS)) for level in CALIBRATED)
    ax.axhspan(low, high, color="#e9e9e9", lw=0, zorder=0)
    ax.bar(edges[:-1] * 100, counts, 100 / BINS, align="edge", color=NARROW, ec="white", zorder=2)
    for bound in (low, high):
        ax.axhline(bound, color=GREY, lw=0.8, zorder=3)
    ax.axhline(len(pit) / BINS, color=INK, lw=1.1, ls=(0, (4, 3)), zorder=3)
    ax.set(xlim=(0, 100), ylim=(0, 1.12 * max(counts.max(), high)), xlabel=LEVEL_AXIS)
    ax.set_xticks(range(0, 101, 20))
    ticks = MaxNLocator(5, integer=True).tick_values(0, max(counts.max(), high))
    ax.set_yticks([tick for tick in ticks if tick <= ax.get_ylim()[1]])
    _above(ax, 0, "this model: units in each tenth\n本模型：落入各十分位的地区数", -22)


def _key(figure: Figure, ordered: Sequence[Scored], median: Line2D, inside: str) -> None:
    """Say under the heading what bars and points are.

    Parameters
    ----------
    figure : Figure
    ordered : sequence of Scored
    median : Line2D
        How the median looks.
    inside : str
        What a dark dot is, where it is not the median.
    """
    key: list[tuple[Artist, str]] = [(median, "forecast, median 预测中位数")]
    if any(map(_spread_out, ordered)):
        key += [
            (Patch(color=color), f"{name} % interval 区间") for name, color, _ in reversed(BARS)
        ]
    if inside:
        key.append((_dot(INK), inside))
    if any(_color(one) == RED for one in ordered):
        key.append((_dot(RED), "outside 95 % 区间外"))
    height = float(figure.get_size_inches()[1])
    figure.legend(
        *zip(*key, strict=True),
        loc="upper left",
        bbox_to_anchor=(0.0, 1 - 0.72 / height),
        ncols=len(key),
        frameon=False,
        columnspacing=1.3,
        handlelength=1.2,
        handletextpad=0.5,
        fontsize=9,
    )


def _dot(color: str) -> Line2D:
    return Line2D([], [], color=color, ls="", marker="o", ms=6, mec="white")


def _ticks(ax: Axes, which: Literal["x", "y"]) -> None:
    """Set ticks at round values within an axis, each with a line across."""
    axis, limits = (ax.xaxis, ax.get_xlim()) if which == "x" else (ax.yaxis, ax.get_ylim())
    values = MaxNLocator(7, steps=[1, 2, 5, 10]).tick_values(*limits)
    inside = [value for value in values if limits[0] <= value <= limits[1]]
    axis.set_ticks(inside, [f"{value:g}".replace("-", "−") for value in inside])
    ax.grid(True, axis=which, color="#e6e6e6", lw=0.7)
    ax.set_axisbelow(True)


def _beside(ax: Axes, row: float, text: str, across: float, color: str) -> None:
    """Write beside a row, ending some points to the right of the axes."""
    ax.annotate(
        text,
        (1, row),
        (across, 0),
        ("axes fraction", "data"),
        textcoords="offset points",
        ha="right",
        va="center",
        color=color,
    )


def _above(ax: Axes, side: int, text: str, across: float) -> None:
    """Write above one end of the axes, moved across by some points."""
    ax.annotate(
        text,
        (side, 1),
        (across, 8),
        "axes fraction",
        textcoords="offset points",
        fontsize=9,
        linespacing=1.1,
    )


def _summary(one: Score) -> list[str]:
    """Return what is written below forecasts: the scores in words."""
    ends = one.intervals.get("mae")
    error, surely, surely_chinese = f"{one.mae:.2f}", "", ""
    if ends:
        surely = f" (90 % bootstrap interval {ends[0]:.2f} to {ends[1]:.2f})"
        surely_chinese = f"（自助法90 %区间{ends[0]:.2f}–{ends[1]:.2f}）"
    lean = ("high", "高") if one.bias > 0 else ("low", "低")
    bias = f"{abs(one.bias):.2f}"
    lines = [
        f"{one.n:,} unit{'' if one.n == 1 else 's'}: mean absolute error {error} points{surely}.",
        f"On average forecasts were {bias} points too {lean[0]}.",
        f"{one.n:,}个地区：平均绝对误差{error}个百分点{surely_chinese}；平均偏{lean[1]}{bias}个百分点。",
    ]
    if one.coverage80 is not None and one.coverage95 is not None:
        within = f"{POINTS * one.coverage80:.0f} %", f"{POINTS * one.coverage95:.0f} %"
        lines += [
            f"Counts within the 80 % interval: {within[0]} of units; "
            f"within the 95 % interval: {within[1]}.",
            f"实际值落入80 %区间的地区占{within[0]}，落入95 %区间的占{within[1]}。",
        ]
    return lines


def _skill_notes(ordered: Sequence[Score], ours: Score | None) -> list[str]:
    """Return what is written below the comparison: how to read it, and with what care."""
    lines: list[str] = []
    if any(one.intervals for one in ordered):
        blocks = all(one.block == "block" for one in ordered)
        lines += BY_BLOCK if blocks else BY_UNIT
    if len({one.n for one in ordered}) > 1:
        lines.append(
            "Where the number of units differs, errors are not comparable. "
            "地区数不同的方法，误差不可直接比较。"
        )
    if ours:
        lines += [
            "Right: even bars mean intervals of the right width; "
            "high at both ends, too narrow; high in the middle, too wide.",
            "右图：各柱齐平说明区间宽度恰当；两端高说明过窄，中间高说明过宽。",
            "Grey: where a bar lies 9 times of 10 if forecasts are calibrated "
            "and units independent; dashed: its mean.",
            "灰带：预测校准良好且各地区相互独立时，每柱十次有九次落入其中；虚线：平均。",
        ]
    return lines


def _broken(lines: Sequence[str], width: float) -> list[str]:
    """Break lines to fit below a chart of some inches."""
    columns = int(FOOT * width)
    return [part for line in lines for part in shortened(line, columns).split("\n")]


def _cut(name: str) -> str:
    """Return a name on one line."""
    first = shortened(name, NAME).split("\n")[0][:NAME]
    return first if first == name.strip() else f"{first}…"


def _date(year: float) -> str:
    """Return a year; a census within a year keeps its fraction."""
    return f"{year:.1f}".removesuffix(".0")


def _names(method: str) -> tuple[str, ...]:
    return METHOD_NAMES.get(method, (_cut(method),))


def _signed(points: float) -> str:
    """Return an error with its sign; none where it rounds to nothing."""
    text = f"{points:+z.1f}".replace("-", "−")
    return text.removeprefix("+") if text == "+0.0" else text


def _counts(ordered: Sequence[Scored]) -> Array:
    """Rates counted, percent."""
    return np.array([POINTS * one.observed for one in ordered])


def _medians(ordered: Sequence[Scored]) -> Array:
    """Medians forecast, percent."""
    return np.array([POINTS * one.forecast.quantile(0.5) for one in ordered])


def _central(ordered: Sequence[Scored], name: str) -> tuple[Array, Array]:
    """Ends of a central interval, percent."""
    low, high = (
        np.array([POINTS * one.forecast.quantile(level) for one in ordered])
        for level in CENTRAL[name]
    )
    return low, high


def _seen(ordered: Sequence[Scored]) -> tuple[float, float]:
    """Limits of an axis that shows all rates, percent."""
    rates = np.concatenate([*_central(ordered, "95"), _counts(ordered)])
    room = max(0.04 * float(np.ptp(rates)), 0.5)
    return float(rates.min()) - room, float(rates.max()) + room


def _spread_out(one: Scored) -> bool:
    """Tell whether a forecast is more than a point."""
    return len(one.forecast.levels) > 1


def _outside(one: Scored) -> float:
    """How far a count lies outside the 95 % interval, points; zero within."""
    low, high = _central([one], "95")
    return max(float(low[0]) - POINTS * one.observed, POINTS * one.observed - float(high[0]), 0.0)


def _color(one: Scored) -> str:
    """Colour of a count: red where it is outside the interval given."""
    return RED if _spread_out(one) and _outside(one) > 0 else INK
