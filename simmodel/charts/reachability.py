"""What two levers together would reach: the reachability map as a figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from ..judging.likelihood import LIKELIHOODS, of_hundred
from ..levers import LEVERS
from ..texts import bilingual, both
from .labels import labelled, lever_value
from .matrix import CLASSES
from .style import (
    BLUE,
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

LEFT, RIGHT, ACROSS, UP = 0.95, 3.05, 5.5, 4.9  # inches: margins, and the map itself
FOOT: Final = 118  # columns of a line below the chart
KEY: Final = 36  # columns of a line of the key
LINE: Final = 0.20  # inches of a line of the key
TINT: Final = 0.62  # of the colours, so that lines and words stand out
# Where a pace stands among what regions have done: percentile, line, and key of its words.
ENVELOPE: Final[tuple[tuple[float, dict[str, Any], str], ...]] = (
    (50.0, {"ls": (0, (1.2, 1.8)), "lw": 1.6, "color": INK}, "charts.reach.usual"),
    (90.0, {"ls": (0, (6, 3)), "lw": 1.5, "color": INK}, "charts.reach.rare"),
    (100.0, {"ls": "-", "lw": 1.8, "color": RED}, "charts.reach.fastest"),
)
# Reached and no longer below, though numbers be rounded.
ALMOST: Final = 1e-6
CERTAIN: Final = 1.01  # above all probabilities
HALO: Final = withStroke(linewidth=2.6, foreground="white", alpha=0.85)


@dataclass(frozen=True, eq=False)
class ReachGrid:
    """What a target's probability would be over values of two levers.

    Attributes
    ----------
    place, aim, scenario_title : str
        In words, both languages.
    levers : tuple of str
        Names of the levers, across and up.
    values : tuple of ndarray, shapes (x,) and (y,)
        Their values, rising: multipliers, or years added.
    probability : ndarray, shape (y, x)
        That the target is met in its year, 0 to 1.
    percentile : ndarray, shape (y, x)
        Where the pace it implies stands among what regions have done, 0 to 100; above 100 by how
        much it passes the fastest (`Reference.rank`); NaN unknown.
    reference : tuple of str
        What those regions are, English and Chinese.
    base : tuple of float
        The scenario as it stands.
    solution : tuple of float or None
        The mix that reaches the target with least effort.
    asked : float
        The probability asked for, 0 to 1.
    marked : sequence of (str, float, float)
        Further points with their words, such as the measures of a plan.
    frontier : ndarray, shape (point, 2), or None
        Mixes that reach the probability asked for, in order along the line; NaN breaks it. Without
        it the line is read off the grid.
    draws : int
        Draws at each point.
    notes : sequence of str
        Further lines below the map.

    Raises
    ------
    ValueError
        If the shapes do not fit or the values do not rise.
    """

    place: str
    aim: str
    levers: tuple[str, str]
    values: tuple[Array, Array]
    probability: Array
    percentile: Array
    reference: tuple[str, str]
    base: tuple[float, float]
    solution: tuple[float, float] | None
    asked: float
    marked: Sequence[tuple[str, float, float]]
    frontier: Array | None
    draws: int
    scenario_title: str
    notes: Sequence[str] = ()

    def __post_init__(self) -> None:
        shape = (self.values[1].size, self.values[0].size)
        for name in ("probability", "percentile"):
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name}: shape {getattr(self, name).shape}, expected {shape}")
        for lever, values in zip(self.levers, self.values, strict=True):
            if values.size < 2 or not (np.diff(values) > 0.0).all():
                raise ValueError(f"values of {lever}: expected two or more, each above the last")


def reach_map(grid: ReachGrid) -> Figure:
    """Map of how surely a target is met over two levers, and of what has ever been done.

    Colours are classes of probability; a thick line is the probability asked for. Dotted, dashed
    and red lines say where the pace it takes is usual, rare, and that of the fastest region on
    record; beyond that the map is hatched.

    Parameters
    ----------
    grid : ReachGrid
        What is to be seen.
    """
    notes = _notes(grid)
    bottom = 0.80 + 0.185 * len(notes)
    with house():
        figure, ax = canvas(LEFT + ACROSS + RIGHT, UP + bottom + 1.05, (LEFT, RIGHT, bottom, 1.05))
        _axes(ax, grid)
        x, y = grid.values
        levels = [-ALMOST, *(least for least, _ in reversed(LIKELIHOODS[:-1])), CERTAIN]
        ax.contourf(
            x,
            y,
            np.clip(grid.probability, 0.0, 1.0),
            levels,
            colors=[_tint(face) for face, _, _ in CLASSES.values()],
            zorder=1,
        )
        paced = _envelope(ax, grid)
        asked = _asked(ax, grid)
        _points(ax, grid, asked, paced)
        _key(figure, grid, bottom)
        heading(
            figure,
            f"{grid.place}: {both('charts.reach.title')}",
            "    ".join(
                [
                    labelled("charts.reach.aim", grid.aim),
                    labelled("charts.scenario", grid.scenario_title),
                ]
            ),
        )
        foot(figure, *notes)
        use_chinese(figure)
    return figure


def _axes(ax: Axes, grid: ReachGrid) -> None:
    for axis, lever, values in zip((ax.xaxis, ax.yaxis), grid.levers, grid.values, strict=True):
        low, high = float(values[0]), float(values[-1])
        ticks = MaxNLocator(8, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
        ticks = [t for t in ticks if low - ALMOST <= t <= high + ALMOST]
        axis.set_ticks(ticks, [lever_value(lever, round(t, 6)) for t in ticks])
        unit = "multiple" if LEVERS[lever].multiplies else "years_added"
        axis.set_label_text(
            f"{both(f'levers.{lever}')}, {both(f'charts.reach.{unit}')}", fontsize=9.5
        )
    ax.set(xlim=grid.values[0][[0, -1]], ylim=grid.values[1][[0, -1]])


def _envelope(ax: Axes, grid: ReachGrid) -> Array:
    """Draw where the pace stands among what regions have done; return points of its lines."""
    known = np.ma.masked_invalid(grid.percentile)
    points: list[Array] = [np.empty((0, 2))]
    if known.count() == 0:
        return points[0]
    if known.max() >= 100.0 - ALMOST:
        top = max(float(known.max()), 100.0) + 1.0
        hatched = ax.contourf(
            *grid.values, known, [100.0 - ALMOST, top], colors="none", hatches=["////"], zorder=2
        )
        hatched.set_edgecolor(RED)
        hatched.set_linewidth(0.0)
    for percent, look, _ in ENVELOPE:
        level = min(percent, 100.0 - ALMOST)
        if known.min() < level < known.max():
            line = ax.contour(
                *grid.values,
                known,
                [level],
                colors=look["color"],
                linewidths=look["lw"],
                linestyles=[look["ls"]],
                zorder=3,
            )
            points += _vertices(line)
    return np.vstack(points)


def _asked(ax: Axes, grid: ReachGrid) -> Array:
    """Draw where the probability is as asked for; return points of the line."""
    if grid.frontier is not None:
        points = np.asarray(grid.frontier, dtype=float).reshape(-1, 2)
        ax.plot(*points.T, color="white", lw=5.0, zorder=4)
        ax.plot(*points.T, color=INK, lw=2.6, zorder=4)
        return np.asarray(points[np.isfinite(points).all(axis=1)])
    shown = grid.probability
    if not np.nanmin(shown) < grid.asked < np.nanmax(shown):
        return np.empty((0, 2))
    for color, width in (("white", 5.0), (INK, 2.6)):
        line = ax.contour(
            *grid.values, shown, [grid.asked], colors=color, linewidths=width, zorder=4
        )
    return np.vstack(_vertices(line))


def _vertices(lines: ContourSet) -> list[Array]:
    return [np.asarray(path.vertices, dtype=float) for path in lines.get_paths()]


def _points(ax: Axes, grid: ReachGrid, asked: Array, paced: Array) -> None:
    """Draw the scenario, the mix of least effort and what is marked, each with its words."""
    inside = [point for point in _labelled(grid) if _on_map(grid, point[0])]
    for label, marker, size in inside:
        face = "white" if marker == "o" else label.color
        edge = label.color if marker == "o" else "white"
        ax.plot(
            label.x,
            label.y,
            ls="none",
            marker=marker,
            ms=size,
            mfc=face,
            mec=edge,
            mew=1.2,
            zorder=6,
            clip_on=False,
        )
    before = len(ax.texts)
    at = np.array([(label.x, label.y) for label, _, _ in inside]).reshape(-1, 2)
    place(ax, [label for label, _, _ in inside], np.vstack([asked, at]), paced)
    for text in ax.texts[before:]:
        text.set_path_effects([HALO])
        text.set_zorder(7)


def _labelled(grid: ReachGrid) -> list[tuple[Label, str, float]]:
    """Return the points of a map with words, marker and its size, the first the most important."""
    points = [
        (Label(*grid.base, both("charts.reach.base"), INK), "o", 8.0),
        *((Label(x, y, shortened(words, 26), BLUE), "D", 7.0) for words, x, y in grid.marked),
    ]
    if grid.solution is None:
        return points
    values = " · ".join(map(lever_value, grid.levers, grid.solution))
    return [
        (Label(*grid.solution, f"{both('charts.reach.solution')}\n{values}", RED), "*", 17.0),
        *points,
    ]


def _on_map(grid: ReachGrid, label: Label) -> bool:
    (left, right), (low, high) = (values[[0, -1]] for values in grid.values)
    return bool(left <= label.x <= right and low <= label.y <= high)


def _key(figure: Figure, grid: ReachGrid, bottom: float) -> None:
    """Write what colours and lines mean, at the right of the map."""
    width, height = figure.get_size_inches()
    left = LEFT + ACROSS + 0.25
    down = bottom + UP

    def write(text: str, indent: float = 0.0, color: str = INK) -> None:
        nonlocal down
        for line in text.split("\n"):
            figure.text(
                (left + indent) / width,
                (down - 0.10) / height,
                line,
                va="center",
                fontsize=9,
                color=color,
            )
            down -= LINE

    def swatch(color: str, **look: Any) -> None:
        size = 0.34 / width, 0.17 / height
        at = left / width, (down - 0.185) / height
        figure.add_artist(Rectangle(at, *size, fc=color, **look))

    def sample(**look: Any) -> None:
        across = [left / width, (left + 0.34) / width]
        figure.add_artist(Line2D(across, [(down - 0.10) / height] * 2, **look))

    write("\n".join(bilingual("charts.reach.colours")))
    for name, (face, _, bounds) in reversed(CLASSES.items()):
        swatch(_tint(face), ec="none")
        write(f"{bounds}  {both(f'probability.{name}')}", 0.44)
    sample(color=INK, lw=2.6)
    write(f"{of_hundred(grid.asked)}: {both('charts.reach.asked')}", 0.44)
    if not np.isfinite(grid.percentile).any():
        return
    down -= 0.12
    write(both("charts.reach.pace"))
    for _, look, key in ENVELOPE:
        sample(**look)
        write(both(key), 0.44)
    swatch("none", ec=RED, lw=0.0, hatch="//////")
    write(both("charts.reach.unprecedented"), 0.44)
    down -= 0.12
    for words in grid.reference:
        write(shortened(words, KEY), color="#555555")


def _notes(grid: ReachGrid) -> list[str]:
    """Return the lines below the map."""
    points = f"{grid.values[0].size} × {grid.values[1].size}"
    count = of_hundred(grid.asked)
    lines = [*bilingual("charts.reach.points", draws=grid.draws, points=points)]
    if np.nanmax(grid.probability) < grid.asked:
        lines.append(both("charts.reach.nowhere", count=count))
    elif np.nanmin(grid.probability) >= grid.asked:
        lines.append(both("charts.reach.everywhere", count=count))
    if not np.isfinite(grid.percentile).any():
        lines.append(both("charts.reach.unknown"))
    outside = [
        f"{label.text.splitlines()[0]} "
        f"({', '.join(map(lever_value, grid.levers, (label.x, label.y)))})"
        for label, _, _ in _labelled(grid)
        if not _on_map(grid, label)
    ]
    if outside:
        lines.append(labelled("charts.reach.outside", "; ".join(outside)))
    return [part for line in [*lines, *grid.notes] for part in shortened(line, FOOT).split("\n")]


def _tint(color: str) -> str:
    """Return a colour mixed with white."""
    parts = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(255 - TINT * (255 - part)):02x}" for part in parts)
