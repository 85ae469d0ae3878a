"""Fan charts drawn: bands, median, observations and targets of a region."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..texts import bilingual, both
from .fan import BANDS, Fan, ObservedPoint, Series, TargetPoint, fan_of
from .labels import (
    RATE,
    URBAN,
    Display,
    Row,
    around,
    labelled,
    with_draws,
    year_text,
)
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
# How each series of observations looks, and the colour of its label.
SERIES: Final[Mapping[Series, tuple[dict[str, Any], str]]] = {
    "communique": ({"marker": "o", "ms": 4.5}, INK),
    "census": ({"marker": "o", "ms": 7}, INK),
    "other": ({"marker": "o", "ms": 5, "mfc": "white", "mew": 1.1}, GREY),
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
    """Fan chart of a region's urban population, with its targets and observations.

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
    display, median = fan.display, course(fan)
    with house():
        figure, ax = canvas(
            WIDTH, 5.2 + 0.19 * len(notes), (0.65, 2.0, 0.55 + 0.19 * len(notes), 1.1)
        )
        draw_bands(ax, fan, BLUES)
        ax.plot(*median.T, color=BLUE, lw=2.2, zorder=4)
        labels = draw_targets(ax, fan, with_chance=True)
        labels += draw_observations(ax, fan)
        outer = [fan.quantiles[level] for level in BANDS[0]]
        finish(ax, display, labels, [median], np.linspace(outer[0], outer[1], 9))
        words = {
            0.95: "\n".join(bilingual("charts.fan.below", count=95)),
            0.5: both("charts.median"),
            0.05: "\n".join(bilingual("charts.fan.below", count=5)),
        }
        ends = {q: float(fan.quantiles[q][-1]) for q in words}
        end_labels(ax, [(ends[q], f"{display.exact(ends[q])}  {words[q]}", BLUE) for q in words])
        heading(figure, f"{fan.place}: {display.name}", labelled("charts.scenario", fan.scenario))
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
    labels = [
        Label(year, value, f"{_series_text('census', year)}\n{fan.display.exact(value)}", INK)
    ]
    for series, (look, color) in SERIES.items():
        points = [
            (point.year, point.value)
            for point in fan.observations
            if point.series == series and _is_drawn(point, year)
        ]
        if points:
            ax.plot(*zip(*points, strict=True), ls="", color=color, zorder=5, **look)
            middle = points[len(points) // 2]
            labels.append(Label(*middle, _series_text(series, middle[0]), color, 9.0))
            labels.extend(Label(*point, "", color) for point in points)
    return labels


def _series_text(series: Series, year: int) -> str:
    if series == "census":
        return around("charts.series.census", year)
    if series == "other":
        return "\n".join(bilingual("charts.series.other"))
    return both("charts.series.communique")


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
            labels.append(_draw_bracket(ax, floors, fan.display, with_chance))
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
    ax: Axes, floors: Sequence[TargetPoint], display: Display, with_chance: bool
) -> Label:
    """Draw a target that is a band, given as its two ends."""
    lower, upper = floors[0], floors[-1]
    year, low, high = lower.year, lower.value, upper.value
    assert low is not None
    assert high is not None
    ax.plot([year, year], [low, high], color=RED, marker="_", ms=10, mew=2, lw=2, zorder=7)
    text = f"{display.aim(low).removesuffix(display.unit)}–{display.aim(high)}, {year_text(year)}"
    if with_chance:
        chances = ["\n".join(target.chance) for target in (lower, upper)]
        ends = ("charts.fan.lower_end", "charts.fan.upper_end")
        text = "\n".join([text, *map(labelled, ends, chances)])
    return Label(year, high, text, RED)


def finish(
    ax: Axes, display: Display, labels: Sequence[Label], lines: Sequence[Array], band: Array
) -> None:
    """Fix the scales, then write the labels clear of lines and points, best outside the band."""
    data, first, last = ax.dataLim, lines[0][0, 0], lines[0][-1, 0]
    scales(ax, min(data.x0, first), last, data.y0, data.y1, ABOVE)
    ax.annotate(
        display.axis, (0, 1), (-30, 8), "axes fraction", textcoords="offset points", fontsize=9
    )
    fine = np.linspace(first, last, 80)
    clear = [np.column_stack([fine, np.interp(fine, *line.T)]) for line in lines]
    clear.append(np.array([(label.x, label.y) for label in labels]))
    years = np.broadcast_to(lines[0][:, 0], band.shape) if band.size else band
    avoid = np.column_stack([years.ravel(), band.ravel()])
    place(ax, [label for label in labels if label.text], np.vstack(clear), avoid)


def _explanation(fan: Fan, sources: Mapping[str, str]) -> list[str]:
    """Return the lines below a fan: what the bands are, conditions, what is not drawn, sources."""
    lines = [*with_draws("charts.fan.bands", fan.draws)]
    conditions = dict.fromkeys(target.condition for target in fan.targets if target.condition)
    lines += [labelled("charts.fan.probabilities", condition) for condition in conditions]
    away = [
        f"{target.text} ({', '.join(target.chance)})"
        for target in fan.targets
        if not fan.is_shown(target)
    ]
    if away:
        lines.append(labelled("charts.not_drawn", "; ".join(away)))
    cited = sorted({target.source for target in fan.targets if target.source})
    if cited:
        named = "; ".join(sources.get(name, name) for name in cited)
        lines.append(labelled("charts.targets", named))
    return broken(lines)


def broken(lines: Sequence[str]) -> list[str]:
    """Break lines to fit below a chart of this width."""
    return [part for line in lines for part in shortened(line, FOOT).split("\n")]
