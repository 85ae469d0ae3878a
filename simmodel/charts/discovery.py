"""Charts of scenario discovery: where in the ranges of a sweep a target is met."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations
from typing import Final

import numpy as np
import xarray as xr
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from ..errors import ScenarioError
from ..texts import bilingual, both, say
from .style import (
    BLUE,
    GREY,
    RED,
    house,
    use_chinese,
)
from .sweep_frame import (
    LEFT,
    WIDTH,
    dot,
    framed,
    in_draws,
    key_line,
    outcome_of,
    parameter_name,
    parameter_value,
    rows,
    title_of_outcome,
)

Array = NDArray[np.float64]

MOST_CELLS: Final = 12  # numbers written across a heatmap
MOST_PAIRED: Final = 4  # parameters in a pair plot
MOST_POINTS: Final = 1000  # runs in each panel of a pair plot
# How a box is drawn: the first, and those told after it.
BOXES: Final[tuple[tuple[str, str], ...]] = ((RED, "-"), ("#8e4585", "--"), ("#2a7f62", ":"))


def boxes(ds: xr.Dataset, outcome: str) -> Figure:
    """Ranges within which the target is mostly met: each box with its limits and its measures.

    Parameters
    ----------
    ds : Dataset
        Of a discovery sweep.
    outcome : str
        Name of an outcome that is met or not.
    """
    one = outcome_of(ds, outcome)
    told = [i for i in range(ds.sizes["box"]) if np.isfinite(one["density"].values[i])]
    lines: list[tuple[int, int | None]] = []  # of each row: its box, and parameter or none
    for i in told:
        lines += [(i, None), *((i, j) for j in _limited(one, i))]
    notes = [
        str(one[language].values[i])
        for i in told
        for language in ("sentence_en", "sentence_zh")
        if language in one
    ]
    notes += [
        *bilingual("charts.discovery.measures"),
        *([both("charts.discovery.later")] if len(told) > 1 else []),
    ]
    names = [_measures(one, i) if j is None else parameter_name(ds, j) for i, j in lines]
    with house():
        title = title_of_outcome(one)
        figure, ax, heights = rows(ds, title, names, notes, right=1.5, gap=0.2, above=0.1)
        ax.set(xlim=(0.0, 1.0), xticks=[])
        ax.set_yticks(
            [y for y, (_, j) in zip(heights, lines, strict=True) if j is not None],
            [name for name, (_, j) in zip(names, lines, strict=True) if j is not None],
        )
        ax.spines["bottom"].set_visible(False)
        for y, (i, j), name in zip(heights, lines, names, strict=True):
            if j is None:
                text = ax.annotate(
                    name,
                    (0, y),
                    (-LEFT * 72 + 11, 0),
                    ("axes fraction", "data"),
                    textcoords="offset points",
                    va="center",
                    color=BOXES[i % len(BOXES)][0],
                    fontsize=11,
                )
                text.set_linespacing(1.2)
                continue
            _range(ax, ds, one, y, i, j)
        use_chinese(figure)
    return figure


def pairs(ds: xr.Dataset, outcome: str) -> Figure:
    """Runs that meet the target and runs that do not, by the parameters of the boxes two by two.

    Parameters
    ----------
    ds : Dataset
        Of a discovery sweep.
    outcome : str
        Name of an outcome that is met or not.
    """
    one = outcome_of(ds, outcome)
    shown = _paired(one)
    met = one["values"].values[:MOST_POINTS] >= 0.5
    told = [i for i in range(ds.sizes["box"]) if np.isfinite(one["density"].values[i])]
    told = [i for i in told if _limited(one, i)]
    runs = ds.sizes["run"]
    notes = []
    fewer = len({j for i in told for j in _limited(one, i)} - set(shown))
    if fewer:
        notes.append(both("charts.discovery.fewer", count=fewer))
    if runs > len(met):
        notes.append(both("charts.discovery.runs_drawn", drawn=len(met), runs=runs))
    if told:
        notes.append(both("charts.discovery.other_limits"))
    else:
        notes.append(both("charts.discovery.no_box"))
    with house():
        title = title_of_outcome(one)
        size = max(len(shown) - 1, 1)
        across = (WIDTH - 1.3) / size
        deep = min(across, 3.4) if size > 1 else 5.2
        figure, ax = framed(ds, title, notes, deep * size, left=1.0, right=0.3, gap=0.75)
        box = ax.get_position()
        ax.remove()
        for column, row in combinations(range(len(shown)), 2):
            panel = figure.add_axes(
                (
                    box.x0 + box.width * (column + 0.04) / size,
                    box.y1 - box.height * (row - 0.04) / size,
                    box.width * 0.9 / size,
                    box.height * 0.9 / size,
                )
            )
            _panel(panel, ds, one, met, told, shown[column], shown[row])
            if row == len(shown) - 1:
                panel.set_xlabel(parameter_name(ds, shown[column], int(12 * across), 1))
            else:
                panel.tick_params(labelbottom=False)
            if column == 0:
                panel.set_ylabel(parameter_name(ds, shown[row], int(12 * deep), 1))
            else:
                panel.tick_params(labelleft=False)
        key: list[tuple[Artist, str]] = [
            (dot(BLUE), both(f"charts.discovery.{'meets_in_half' if in_draws(one) else 'meets'}")),
            (dot("#c9c9c9"), both("charts.discovery.does_not")),
        ]
        for i in told:
            color, dashes = BOXES[i % len(BOXES)]
            said = both("charts.discovery.box", number=i + 1)
            key.append((Line2D([], [], color=color, ls=dashes, lw=1.8), said))
        key_line(figure, ds, title, key, handle=2.2 if told else 1.2)
        use_chinese(figure)
    return figure


def _measures(one: xr.Dataset, i: int) -> str:
    shares = {name: float(one[name].values[i]) for name in ("density", "coverage", "mass")}
    said = "   ".join(
        f"{both(f'charts.discovery.{name}')} {'–' if np.isnan(share) else f'{100 * share:.0f} %'}"
        for name, share in shares.items()
    )
    if not _limited(one, i):
        return f"{both('charts.discovery.all_cases')}:   {said}"
    return f"{both('charts.discovery.box', number=i + 1)}:   {said}"


def _limited(one: xr.Dataset, i: int) -> list[int]:
    """Parameters that a box limits."""
    ends = np.stack([one["box_low"].values[i], one["box_high"].values[i]])
    return [int(j) for j in np.flatnonzero(np.isfinite(ends).any(axis=0))]


def _paired(one: xr.Dataset) -> list[int]:
    """Parameters of a pair plot: those of the boxes, then those of the most importance."""
    boxed = [j for i in range(one.sizes["box"]) for j in _limited(one, i)]
    weight = np.nan_to_num(one["importance"].values) if "importance" in one else np.zeros(0)
    others = np.argsort(-weight, kind="stable") if weight.size else range(one.sizes["parameter"])
    order = list(dict.fromkeys([*boxed, *(int(j) for j in others)]))
    wanted = min(max(len(set(boxed)), 2), MOST_PAIRED)
    if len(order) < 2:
        raise ScenarioError(say("charts.fault.one_parameter"))
    return order[:wanted]


def _ends(one: xr.Dataset, i: int, j: int, low: float, high: float) -> tuple[float, float]:
    """Limits of a box, or those given where there is none."""
    ends = float(one["box_low"].values[i, j]), float(one["box_high"].values[i, j])
    return low if np.isnan(ends[0]) else ends[0], high if np.isnan(ends[1]) else ends[1]


def _extent(ds: xr.Dataset, j: int) -> tuple[float, float]:
    """Ends of a parameter's range, where runs nearly reach them; else the furthest runs."""
    values = ds["design"].values[:, j]
    ends = [float(values.min()), float(values.max())]
    for k, name in enumerate(("low_at", "high_at")):
        if name in ds and abs(float(ds[name].values[j]) - ends[k]) < 0.02 * (ends[1] - ends[0]):
            ends[k] = float(ds[name].values[j])
    return ends[0], ends[1]


def _discrete(values: Array) -> Array:
    """The choices a parameter was given; none for a range."""
    found = np.unique(values)
    return found if len(found) <= min(MOST_CELLS, len(values) // 4) else np.empty(0)


def _range(ax: Axes, ds: xr.Dataset, one: xr.Dataset, y: float, i: int, j: int) -> None:
    """Draw one limit of a box: all of the parameter's range, and what of it is in the box."""
    values = ds["design"].values[:, j]
    low, high = _extent(ds, j)
    start, end = _ends(one, i, j, low, high)

    def share(value: float | Array) -> Array:
        return 0.08 + 0.84 * (np.asarray(value) - low) / (high - low)

    color = BOXES[i % len(BOXES)][0]
    choices = _discrete(values)
    ax.plot(share(np.array([low, high])), [y, y], color="#dcdcdc", lw=5, solid_capstyle="butt")
    if choices.size:
        inside = (choices >= start) & (choices <= end)
        at = share(choices)
        ax.scatter(at, np.full(at.shape, y), 64, np.where(inside, color, "#c9c9c9"), zorder=4)
        for x, choice in zip(at, choices, strict=True):
            said = parameter_value(ds, j, float(choice))
            ax.annotate(
                said, (float(x), y), (0, 8), textcoords="offset points", ha="center", fontsize=9
            )
        return
    ax.plot(share(np.array([start, end])), [y, y], color=color, lw=8, solid_capstyle="butt")
    for value, x, side in ((low, 0.08, "right"), (high, 0.92, "left")):
        ax.annotate(
            parameter_value(ds, j, value),
            (x, y),
            (6 if side == "left" else -6, 0),
            textcoords="offset points",
            ha=side,
            va="center",
            color=GREY,
            fontsize=9,
        )
    wide = end - start > 0.12 * (high - low)
    for value, bound, side in ((start, low, "left"), (end, high, "right")):
        if value != bound:
            ax.annotate(
                parameter_value(ds, j, value),
                (float(share(value)), y),
                (0, 7),
                textcoords="offset points",
                ha=side if wide else ("right" if side == "left" else "left"),
                color=color,
                fontsize=9,
            )


def _panel(
    ax: Axes,
    ds: xr.Dataset,
    one: xr.Dataset,
    met: NDArray[np.bool_],
    told: Iterable[int],
    across: int,
    up: int,
) -> None:
    """Draw the runs by two parameters, with the boxes."""
    limits = []
    points = []
    for j in (across, up):
        values = ds["design"].values[:, j]
        choices = _discrete(values)
        # Runs of a choice are moved apart a little, to be seen.
        room = 0.5 * float(np.diff(choices).min()) if choices.size else 0.0
        shift = 1.3 * room * (0.618034 * (1 + j) * np.arange(len(met)) % 1.0 - 0.5)
        points.append(values[: len(met)] + shift)
        edge = max(room, 0.03 * float(np.ptp(values)))
        limits.append((float(values.min()) - edge, float(values.max()) + edge))
    x, y = points
    ax.scatter(x[~met], y[~met], 7, color="#c9c9c9", lw=0, zorder=2)
    ax.scatter(x[met], y[met], 9, color=BLUE, lw=0, zorder=3)
    ax.set(xlim=limits[0], ylim=limits[1])
    for i in told:
        if not {across, up} & set(_limited(one, i)):
            continue
        color, dashes = BOXES[i % len(BOXES)]
        (left, right), (low, high) = (
            _drawn(ds, one, i, j, limit) for j, limit in zip((across, up), limits, strict=True)
        )
        ax.add_patch(
            Rectangle(
                (left, low),
                right - left,
                high - low,
                fill=False,
                ec=color,
                ls=dashes,
                lw=1.8,
                zorder=5,
            )
        )
    for axis, j, (low, high) in ((ax.xaxis, across, limits[0]), (ax.yaxis, up, limits[1])):
        ticks = _discrete(ds["design"].values[:, j])
        if not ticks.size:
            ticks = np.array(MaxNLocator(4, steps=[1, 2, 5, 10]).tick_values(low, high))
        ticks = ticks[(ticks >= low) & (ticks <= high)]
        axis.set_ticks(ticks.tolist(), [parameter_value(ds, j, float(v)) for v in ticks])


def _drawn(
    ds: xr.Dataset, one: xr.Dataset, i: int, j: int, limit: tuple[float, float]
) -> tuple[float, float]:
    """Ends of a box on an axis: choices have room around them."""
    choices = _discrete(ds["design"].values[:, j])
    room = 0.45 * float(np.diff(choices).min()) if choices.size else 0.0
    low, high = _ends(one, i, j, np.nan, np.nan)
    edge = 0.012 * (limit[1] - limit[0])
    start = limit[0] + edge if np.isnan(low) else low - room
    end = limit[1] - edge if np.isnan(high) else high + room
    return start, end
