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

from ..texts import LANGUAGES, bilingual, both, has, text
from ..validation.scores import CENTRAL, POINTS, Score, Scored
from .labels import apart, around
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
    notes = _broken(
        [*(() if few else (both("charts.hindcast.diagonal"),)), *_summary(summary)], ACROSS
    )
    draw = _rows if few else _scatter
    with house():
        figure = draw(ordered, called, LINE * len(notes), year)
        heading(
            figure,
            _dated("charts.hindcast.title", year),
            f"{' '.join(_names(summary.method))}: "
            f"{apart('charts.hindcast.known', year=_date(origin))}",
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
            around("charts.hindcast.skill_title", _date(year)),
            apart("charts.hindcast.forecasts_known", year=_date(origin)),
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
    _above(ax, 1, both("charts.hindcast.error"), 6)
    low, high = _seen(ordered)
    ax.set(
        xlim=(low, high),
        ylim=(-0.7, len(ordered) - 0.3),
        xlabel=f"{apart('charts.hindcast.axis')}, {year}",
    )
    ax.set_yticks(rows, [_cut(name) for name in called])
    ax.tick_params(axis="y", length=0)
    _ticks(ax, "x")
    median = Line2D([], [], color=BLUE, ls="", marker="|", ms=10, mew=2.2)
    _key(figure, ordered, median, both("charts.hindcast.counted"))
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
    ax.set(xlim=(low, high), ylim=(low, high), xlabel=f"{_rate_axis('counted')}, {year}")
    _above(ax, 0, _rate_axis("forecast"), -30)
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
        for said, across in ((f"{one.mae:.2f}", 36), (interval, 98), (f"{one.n:,}", 140)):
            _beside(ax, row, said, across, color)
    for name, across in (("error", 12), ("interval", 62), ("units", 112)):
        _above(ax, 1, "\n".join(bilingual(f"charts.hindcast.{name}")), across)
    furthest = max(_error_interval(one)[1] for one in ordered)
    ax.set(xlim=(0, 1.04 * max(furthest, 0.1)), ylim=(-0.6, len(ordered) - 0.4))
    ax.set_xlabel("\n".join(bilingual("charts.hindcast.mae")))
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
    below = "\n".join(bilingual("charts.hindcast.position"))
    ax.set(xlim=(0, 100), ylim=(0, 1.12 * max(counts.max(), high)), xlabel=below)
    ax.set_xticks(range(0, 101, 20))
    ticks = MaxNLocator(5, integer=True).tick_values(0, max(counts.max(), high))
    ax.set_yticks([tick for tick in ticks if tick <= ax.get_ylim()[1]])
    _above(ax, 0, "\n".join(bilingual("charts.hindcast.histogram")), -22)


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
    key: list[tuple[Artist, str]] = [(median, both("charts.hindcast.median"))]
    if any(map(_spread_out, ordered)):
        key += [
            (Patch(color=color), f"{name} % {both('charts.hindcast.central')}")
            for name, color, _ in reversed(BARS)
        ]
    if inside:
        key.append((_dot(INK), inside))
    if any(_color(one) == RED for one in ordered):
        key.append((_dot(RED), both("charts.hindcast.outside")))
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
    intervals = (
        bilingual("charts.hindcast.bootstrap", low=ends[0], high=ends[1]) if ends else ("", "")
    )
    count = "charts.hindcast.unit_error" if one.n == 1 else "charts.hindcast.units_error"
    english, chinese = (
        text(count, language, n=one.n, error=f"{one.mae:.2f}", interval=interval)
        for language, interval in zip(LANGUAGES, intervals, strict=True)
    )
    lean = "charts.hindcast.too_high" if one.bias > 0 else "charts.hindcast.too_low"
    bias, chinese_bias = bilingual(lean, bias=f"{abs(one.bias):.2f}")
    lines = [english, bias, chinese + chinese_bias]
    if one.coverage80 is not None and one.coverage95 is not None:
        lines += bilingual(
            "charts.hindcast.coverage",
            within80=f"{POINTS * one.coverage80:.0f} %",
            within95=f"{POINTS * one.coverage95:.0f} %",
        )
    return lines


def _rate_axis(of: str) -> str:
    """Return an axis of rates counted or forecast."""
    return f"{both(f'charts.hindcast.{of}')}: {apart('charts.hindcast.axis')}"


def _dated(key: str, year: str) -> str:
    """Return a title with a year after its English."""
    english, chinese = bilingual(key)
    return f"{english}, {year} {chinese}"


def _skill_notes(ordered: Sequence[Score], ours: Score | None) -> list[str]:
    """Return what is written below the comparison: how to read it, and with what care."""
    lines: list[str] = []
    if any(one.intervals for one in ordered):
        blocks = all(one.block == "block" for one in ordered)
        lines += bilingual("charts.hindcast.by_block" if blocks else "charts.hindcast.by_unit")
    if len({one.n for one in ordered}) > 1:
        lines.append(both("charts.hindcast.not_comparable"))
    if ours:
        lines += [*bilingual("charts.hindcast.even"), *bilingual("charts.hindcast.grey")]
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
    key = f"charts.method.{method}"
    return bilingual(key) if has(key) else (_cut(method),)


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
