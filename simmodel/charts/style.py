"""The looks of the charts: house style, a font that draws Chinese, labels clear of each other.

No global state: every text carries the font's file, so nothing is registered with matplotlib and a
figure looks the same wherever it is saved.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontPath, FontProperties
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import Bbox
from noto_cjk_sans_otc import FONT_PATH
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

Array = NDArray[np.float64]

# The collection's faces are JP, KR, SC, TC, HK; only the third has the letterforms of the mainland.
SIMPLIFIED_CHINESE: Final = 2

BLUE, INK, GREY, RED = "#1f5a8c", "#222222", "#7d7d7d", "#b4431f"
# Of lines beside each other: scenarios, parameters.
LINE_COLORS: Final = (BLUE, "#c77700", "#2a7f62", "#8e4585", "#5f5f5f", "#8c4a2f", "#4b4ba8")
# Of the components of urban growth.
PART_COLORS: Final = {
    "natural_increase": "#2a7f62",
    "internal_migration": BLUE,
    "external_migration": "#c77700",
    "reclassification": "#8e4585",
    "programmes": "#8c4a2f",
    "boundary_change": "#7a6a00",
}
# Of town and village.
RESIDENCE_COLORS: Final = {"urban": BLUE, "rural": "#8ba85f"}
_HOUSE: Final = {
    "font.size": 9.5,
    "axes.edgecolor": GREY,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "hatch.linewidth": 0.6,
    "svg.hashsalt": "simmodel",
    "svg.fonttype": "path",
}

# Where a label may sit: degrees around its point, best first, and gaps in points.
_DIRECTIONS: Final = np.radians([90, 135, 45, 180, 0, -90, -45, -135, 112, 68, -68, -112])
_GAPS: Final = (11.0, 18.0, 32.0, 48.0, 66.0, 86.0)
_LEADER_FROM: Final = 14.0
_CLEARANCE: Final = 3.0


@contextmanager
def house() -> Iterator[None]:
    """Draw and save in the house style, whatever the user's own settings, and leave those alone."""
    with style.context(["default", _HOUSE]):
        yield


def canvas(
    width: float, height: float, margins: tuple[float, float, float, float]
) -> tuple[Figure, Axes]:
    """Return a figure with one set of axes.

    Parameters
    ----------
    width, height : float
        Of the figure, in inches.
    margins : tuple of float
        Left, right, bottom and top of the axes, in inches.
    """
    left, right, bottom, top = margins
    figure = Figure(figsize=(width, height), facecolor="white")
    box = (left / width, bottom / height, 1 - (left + right) / width, 1 - (bottom + top) / height)
    return figure, figure.add_axes(box)


def heading(figure: Figure, title: str, subtitle: str) -> None:
    """Write what a chart shows, above it."""
    width, height = figure.get_size_inches()
    figure.text(0.15 / width, 1 - 0.16 / height, title, fontsize=14, va="top")
    figure.text(0.15 / width, 1 - 0.50 / height, subtitle, fontsize=10.5, va="top", color=GREY)


def foot(figure: Figure, *lines: str) -> None:
    """Write how to read a chart and where it comes from, below it."""
    width, height = figure.get_size_inches()
    for i, line in enumerate(reversed(lines)):
        y = (0.10 + 0.185 * i) / height
        figure.text(0.15 / width, y, line, fontsize=9, va="bottom", color="#555555")


def scales(
    ax: Axes, first: float, last: float, low: float, high: float, above: float = 0.16
) -> None:
    """Set limits and ticks of a chart over years: whole years, the last among them, round values.

    Parameters
    ----------
    ax : Axes
        Whose limits to set.
    first, last : float
        Years.
    low, high : float
        Smallest and largest value to be seen; room is added for labels.
    above : float
        The room over the largest value, as a share of the range.
    """
    room = (high - low) or 1.0
    bottom, top = low - 0.10 * room, high + above * room
    ax.set(xlim=(first - 0.6, last), ylim=(bottom, top))
    step = next(step for step in (1, 5, 10, 20, 50) if (last - first) / step <= 8)
    years = np.unique([*np.arange(np.ceil(first / step) * step, last - 0.6 * step, step), last])
    ax.set_xticks(years, [f"{year:.0f}" for year in years])
    values = [
        v
        for v in MaxNLocator(7, steps=[1, 2, 5, 10]).tick_values(bottom, top)
        if bottom <= v <= top
    ]
    ax.set_yticks(values, [f"{value:,g}".replace("-", "−") for value in values])
    ax.yaxis.grid(True, color="#e6e6e6", lw=0.7)
    ax.set_axisbelow(True)


def end_labels(ax: Axes, ends: Sequence[tuple[float, str, str]]) -> None:
    """Write a value, a text and a colour at the right end of each line, moved apart where close."""
    assert isinstance(ax.figure, Figure)
    (bottom, top), last = ax.get_ylim(), ax.get_xlim()[1]
    unit = (top - bottom) / (72 * ax.figure.get_size_inches()[1] * ax.get_position().height)
    gaps = [(14.0 * (text.count("\n") + 1) + 5.0) * unit for _, text, _ in ends]
    heights = spread([value for value, _, _ in ends], gaps)
    for (value, text, color), y in zip(ends, heights, strict=True):
        shift = (y - value) / unit
        ax.annotate(
            "",
            (last, value),
            (13, shift),
            textcoords="offset points",
            arrowprops={"arrowstyle": "-", "color": color, "lw": 0.7, "shrinkA": 0, "shrinkB": 2},
            annotation_clip=False,
        )
        ax.annotate(
            text,
            (last, value),
            (15, shift),
            textcoords="offset points",
            color=color,
            va="center",
            linespacing=1.2,
            annotation_clip=False,
        )


def chinese(size: float) -> FontProperties:
    """Return the font of all charts, Noto Sans CJK SC, at a size in points."""
    return FontProperties(fname=FontPath(str(FONT_PATH), SIMPLIFIED_CHINESE), size=size)


def use_chinese(figure: Figure) -> None:
    """Give every text of a figure the font of all charts, each at its own size."""
    for text in figure.findobj(Text):
        assert isinstance(text, Text)
        text.set_fontproperties(chinese(float(text.get_fontsize())))


def shortened(text: str, width: int) -> str:
    r"""Break a text into lines of at most ``width`` columns; a Chinese character takes two.

    Examples
    --------
    >>> shortened("Local retention", 10)
    'Local\nretention'
    >>> shortened(8 * chr(0x57CE), 10) == f"{5 * chr(0x57CE)}\n{3 * chr(0x57CE)}"
    True
    >>> shortened("Plans\nand targets", 10)
    'Plans\nand\ntargets'
    """
    if "\n" in text:
        return "\n".join(shortened(line, width) for line in text.split("\n"))
    lines = [""]
    for word in _words(text):
        if lines[-1] and _columns(lines[-1] + word.rstrip()) > width:
            lines.append("")
        lines[-1] += word
    return "\n".join(line.strip() for line in lines)


def _words(text: str) -> list[str]:
    words = [""]
    for character in text:
        if ord(character) > 0x2E80 or (words[-1] and ord(words[-1][-1]) > 0x2E80):
            words.append(character)
        else:
            words[-1] += character
            if character == " ":
                words.append("")
    return words


def _columns(text: str) -> int:
    return sum(2 if ord(character) > 0x2E80 else 1 for character in text)


def spread(heights: Sequence[float], gaps: Sequence[float]) -> Array:
    """Move heights apart as little as possible, so that each has its own gap.

    Parameters
    ----------
    heights : sequence of float
        Wanted heights, in any order.
    gaps : sequence of float
        Height each one takes, in the same unit.

    Returns
    -------
    ndarray
        Heights in the order given.

    Examples
    --------
    >>> spread([5.0, 5.0, 20.0], [2.0, 2.0, 2.0]).tolist()
    [4.0, 6.0, 20.0]
    """
    order = np.argsort(heights, kind="stable")
    wanted, sizes = np.asarray(heights, float)[order], np.asarray(gaps, float)[order]
    offsets = np.cumsum(sizes) - sizes / 2
    placed = np.empty_like(wanted)
    placed[order] = isotonic_regression(wanted - offsets).x + offsets
    return placed


@dataclass(frozen=True, slots=True)
class Label:
    """A text that belongs to a point of a chart.

    Parameters
    ----------
    x, y : float
        The point, in data coordinates.
    text : str
        What to write.
    color : str
        Colour of the text and its leader.
    size : float
        Size of the type in points.
    """

    x: float
    y: float
    text: str
    color: str
    size: float = 9.5


def place(ax: Axes, labels: Sequence[Label], keep_clear: Array, avoid: Array) -> None:
    """Write labels beside their points, clear of each other, of points to be seen and of the edge.

    Parameters
    ----------
    ax : Axes
        Where; its limits and place on the figure are final.
    labels : sequence of Label
        In order of importance: the first gets the best place.
    keep_clear : ndarray
        Points (n, 2) in data coordinates that no text should cover.
    avoid : ndarray
        Points (n, 2) that text had better not cover.
    """
    assert isinstance(ax.figure, Figure)
    renderer = FigureCanvasAgg(ax.figure).get_renderer()  # type: ignore[no-untyped-call]
    point = renderer.points_to_pixels(1.0)
    points = ax.transData.transform(np.vstack([keep_clear, avoid]))
    weights = np.repeat([60.0, 2.0], [len(keep_clear), len(avoid)])
    taken: list[Bbox] = []
    for label in labels:
        text = ax.text(label.x, label.y, label.text, color=label.color, ha="center", va="center")
        text.set_fontproperties(chinese(label.size))
        text.set_linespacing(1.15)
        extent = text.get_window_extent(renderer)
        half = np.array([extent.width, extent.height]) / 2 + _CLEARANCE * point
        target = ax.transData.transform((label.x, label.y))
        centres = [
            (target + np.array([np.cos(a), np.sin(a)]) * (half + (gap - _CLEARANCE) * point), gap)
            for gap, a in product(_GAPS, _DIRECTIONS)
        ]
        lines = points[: len(keep_clear)]
        costs = [
            gap
            + _cost(_box(c, half), taken, points, weights, ax.bbox)
            + _crossing(target, _box(c, half), lines, point)
            for c, gap in centres
        ]
        centre, gap = centres[int(np.argmin(costs))]
        box = _box(centre, half)
        taken.append(box)
        x, y = ax.transData.inverted().transform(centre)
        text.set_position((float(x), float(y)))
        if gap > _LEADER_FROM:
            end = np.clip(target, box.p0, box.p1)
            (x0, y0), (x1, y1) = ax.transData.inverted().transform([target, end])
            ax.plot([x0, x1], [y0, y1], color=label.color, lw=0.7, zorder=2.5)


def _crossing(target: Array, box: Bbox, lines: Array, point: float) -> float:
    """Return what a leader from a point to a box costs where it runs across a line."""
    end = np.clip(target, box.p0, box.p1)
    steps = target + np.linspace(0.0, 1.0, 16)[:, None] * (end - target)
    steps = steps[np.hypot(*(steps - target).T) > 9.0 * point]
    gaps = np.hypot(*np.moveaxis(steps[:, None] - lines, -1, 0))
    return 60.0 if np.any(gaps < 4.0 * point) else 0.0


def _box(centre: Array, half: Array) -> Bbox:
    return Bbox([centre - half, centre + half])


def _cost(box: Bbox, taken: Sequence[Bbox], points: Array, weights: Array, edge: Bbox) -> float:
    covered = np.all((points > box.p0) & (points < box.p1), axis=1) @ weights
    hits = sum(box.overlaps(other) for other in taken)
    outside = np.maximum(edge.p0 - box.p0, 0).sum() + np.maximum(box.p1 - edge.p1, 0).sum()
    return float(covered + 2000.0 * hits + 50.0 * outside)
