"""Fan charts drawn: bands, median, observations and targets of a region."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from .fan import BANDS, Fan, ObservedPoint, Series, TargetPoint, fan_of
from .labels import RATE, URBAN, Measure, Row
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
    scales,
    shortened,
    use_chinese,
)

Array = NDArray[np.float64]

WIDTH: Final = 8.0
FOOT: Final = 110  # columns of a line below a chart
FIRST_YEAR: Final = 2010
ABOVE: Final = 0.25  # room for the labels of late targets
BLUES: Final = dict(zip(BANDS, ("#dce8f2", "#c6daea", "#a3c3dd"), strict=True))
TARGET: Final[dict[str, Any]] = {"marker": "D", "ms": 7.5, "mec": "white", "mew": 0.8}
# How each series of observations looks, its label and the colour of that.
SERIES: Final[Mapping[Series, tuple[dict[str, Any], str, str]]] = {
    "communique": (
        {"marker": "o", "ms": 4.5},
        "communiqués after the census 统计公报",
        INK,
    ),
    "census": ({"marker": "o", "ms": 7}, "census {} 普查", INK),
    "other": (
        {"marker": "o", "ms": 5, "mfc": "white", "mew": 1.1},
        "another vintage: series before the 2020 census\n2020 年普查前口径，与普查不可比",
        GREY,
    ),
}


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
    return draw_fan(fan_of(ds, region, RATE, marks, verdicts), sources)


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
    return draw_fan(fan_of(ds, region, URBAN, marks, verdicts), sources)


def draw_fan(fan: Fan, sources: Mapping[str, str] | None = None) -> Figure:
    """Draw a fan with its three bands.

    Parameters
    ----------
    fan : Fan
    sources : mapping of str to str, optional
        As in `fan`.

    Returns
    -------
    Figure
        For `save`.
    """
    notes = _explanation(fan, sources or {})
    measure, median = fan.measure, course(fan)
    with house():
        figure, ax = canvas(
            WIDTH, 5.2 + 0.19 * len(notes), (0.65, 2.0, 0.55 + 0.19 * len(notes), 1.1)
        )
        draw_bands(ax, fan, BLUES)
        ax.plot(*median.T, color=BLUE, lw=2.2, zorder=4)
        labels = draw_targets(ax, fan, with_chance=True)
        labels += draw_observations(ax, fan)
        outer = [fan.quantiles[level] for level in BANDS[0]]
        finish(ax, measure, labels, [median], np.linspace(outer[0], outer[1], 9))
        words = {
            0.95: "95 of 100 below\n每百次95次低于此值",
            0.5: "median 中位数",
            0.05: "5 of 100 below\n每百次5次低于此值",
        }
        ends = {q: float(fan.quantiles[q][-1]) for q in words}
        end_labels(ax, [(ends[q], f"{measure.exact(ends[q])}  {words[q]}", BLUE) for q in words])
        heading(figure, f"{fan.place}: {measure.name}", f"Scenario 情景: {fan.scenario}")
        foot(figure, *notes)
        use_chinese(figure)
    return figure


def course(fan: Fan) -> Array:
    """Return points (year, value) of the median, shape (year, 2)."""
    return np.column_stack([fan.years, fan.median])


def draw_bands(ax: Axes, fan: Fan, colors: Mapping[tuple[float, float], str]) -> None:
    """Draw bands, the widest first, each given by the levels of its ends."""
    for (low, high), color in colors.items():
        ax.fill_between(fan.years, fan.quantiles[low], fan.quantiles[high], color=color, lw=0)


def draw_observations(ax: Axes, fan: Fan) -> list[Label]:
    """Draw the base and the observations; return one label for each series."""
    year, value = fan.base
    ax.plot(year, value, "o", color=INK, ms=7, zorder=6)
    labels = [Label(year, value, f"census {year} 普查\n{fan.measure.exact(value)}", INK)]
    for series, (look, text, color) in SERIES.items():
        points = [
            (point.year, point.value)
            for point in fan.observations
            if point.series == series and _is_drawn(point, year)
        ]
        if points:
            ax.plot(*zip(*points, strict=True), ls="", color=color, zorder=5, **look)
            middle = points[len(points) // 2]
            labels.append(Label(*middle, text.format(middle[0]), color, 9.0))
            labels.extend(Label(*point, "", color) for point in points)
    return labels


def _is_drawn(point: ObservedPoint, base: int) -> bool:
    """Whether an observation is within the years drawn, and not the base itself."""
    return point.year >= FIRST_YEAR and (point.series, point.year) != ("census", base)


def draw_targets(ax: Axes, fan: Fan, *, with_chance: bool) -> list[Label]:
    """Draw the targets; return their labels, with the probability where asked for."""
    labels = []
    shown = [target for target in fan.targets if fan.is_shown(target)]
    for year in sorted({target.year for target in shown}):
        here = [target for target in shown if target.year == year]
        floors = sorted(
            (t for t in here if t.comparison == ">="), key=lambda target: target.value or 0.0
        )
        if len(floors) > 1:
            labels.append(_draw_bracket(ax, floors, fan.measure, with_chance))
            here = [target for target in here if target.comparison != ">="]
        for target in here:
            assert target.value is not None
            tick = target.comparison == "near"
            look = {"marker": "_", "ms": 20, "mew": 2.5} if tick else TARGET
            ax.plot(year, target.value, color=RED, ls="", zorder=7, clip_on=False, **look)
            text = "\n".join([target.text, *(target.chance if with_chance else [])])
            labels.append(Label(year, target.value, text, RED))
    return labels


def _draw_bracket(
    ax: Axes, floors: Sequence[TargetPoint], measure: Measure, with_chance: bool
) -> Label:
    """Draw a target that is a band, given as its two ends."""
    lower, upper = floors[0], floors[-1]
    year, low, high = lower.year, lower.value, upper.value
    assert low is not None
    assert high is not None
    ax.plot([year, year], [low, high], color=RED, marker="_", ms=10, mew=2, lw=2, zorder=7)
    text = f"{measure.aim(low).removesuffix(measure.unit)}–{measure.aim(high)}, {year}年"
    if with_chance:
        chances = ["\n".join(target.chance) for target in (lower, upper)]
        text += f"\nlower end 下限: {chances[0]}\nupper end 上限: {chances[1]}"
    return Label(year, high, text, RED)


def finish(
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


def _explanation(fan: Fan, sources: Mapping[str, str]) -> list[str]:
    """Return the lines below a fan: what the bands are, conditions, what is not drawn, sources."""
    lines = [
        "Bands: 50 %, 80 %, 90 % of draws"
        + (f" ({fan.draws:,})" if fan.draws is not None else "")
        + "; how well such intervals have held: docs/skill.md.",
        "色带：50 %、80 %、90 % 的模拟结果；以往的检验结果见docs/skill.md。",
    ]
    conditions = dict.fromkeys(target.condition for target in fan.targets if target.condition)
    lines += [f"Probabilities 概率: {condition}" for condition in conditions]
    away = [
        f"{target.text} ({', '.join(target.chance)})"
        for target in fan.targets
        if not fan.is_shown(target)
    ]
    if away:
        lines.append("Not drawn 未画出: " + "; ".join(away))
    cited = sorted({target.source for target in fan.targets if target.source})
    if cited:
        lines.append("Targets 目标: " + "; ".join(sources.get(name, name) for name in cited))
    return broken(lines)


def broken(lines: Sequence[str]) -> list[str]:
    """Break lines to fit below a chart of this width."""
    return [part for line in lines for part in shortened(line, FOOT).split("\n")]
