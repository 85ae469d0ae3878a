"""What the charts of a sweep share: words for an outcome and its parameters, frames, rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import xarray as xr
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from ..errors import ScenarioError, among, did_you_mean
from ..texts import both, has, say, text
from .labels import DISPLAYS, apart, labelled, number, title_of
from .style import (
    GREY,
    canvas,
    foot,
    shortened,
)

Array = NDArray[np.float64]

WIDTH: Final = 9.4  # inches
LEFT: Final = 2.85  # inches for the names of parameters
NAME: Final = 38  # columns of a name on one line
NAME_LINES: Final = 2  # lines of a name in each language
TITLE, SUBTITLE, FOOT = 90, 112, 126  # columns of a line above and below a chart
LATIN: Final = 1.25  # as many more columns where there is little Chinese
TITLE_LINE: Final = 0.27  # inches of a line of the title
ABOVE: Final = 0.58  # inches between the heading and the axes, for the key
LINE: Final = 0.19  # inches of a line below a chart
NAME_LINE: Final = 0.165  # inches of a line of a name
MOST_ROWS: Final = 24  # parameters drawn; those of less effect are counted below


def outcome_of(ds: xr.Dataset, outcome: str) -> xr.Dataset:
    """Return one outcome of a sweep."""
    known = [str(name) for name in ds["outcome"].values]
    if outcome not in known:
        allowed = among(known) + did_you_mean(outcome, known)
        raise ScenarioError(say("charts.fault.no_outcome", outcome=outcome, allowed=allowed))
    return ds.isel(outcome=known.index(outcome))


def _text(one: xr.Dataset, name: str) -> str:
    return str(one[name].item()) if name in one.coords else ""


def _met(one: xr.Dataset) -> bool:
    return _text(one, "outcome_kind") == "met"


def in_draws(one: xr.Dataset) -> bool:
    """Whether a target is met in a share of the draws, rather than or not."""
    return str(one.attrs.get("ensemble", "")).startswith("mean of")


def scale_of(one: xr.Dataset) -> float:
    """From the unit of the Dataset to that shown."""
    if _met(one):
        return 100.0 if in_draws(one) else 1.0
    display = DISPLAYS.get(_text(one, "outcome_indicator"))
    return display.scale if display else 1.0


def axis_text(one: xr.Dataset) -> str:
    """Unit of an outcome, as written along an axis."""
    if _met(one) and not in_draws(one):
        return apart("charts.sweep.met_or_not")
    if _met(one):
        return apart("charts.sweep.met_of_hundred")
    indicator, units = _text(one, "outcome_indicator"), _text(one, "outcome_units")
    if indicator in DISPLAYS:
        return DISPLAYS[indicator].axis
    key = f"charts.units.{units.replace('/', '_per_')}"
    return apart(key) if has(key) else units


def gain_text(one: xr.Dataset) -> str:
    """Unit of a difference."""
    if _met(one):
        return apart("charts.sweep.draws_of_hundred") if in_draws(one) else axis_text(one)
    if _text(one, "outcome_indicator") == "urbanization_rate":
        return apart("charts.sweep.points")
    return axis_text(one)


def title_of_outcome(one: xr.Dataset, when: str = "") -> str:
    """Place, indicator and year; another text for the year where it is given."""
    indicator = _text(one, "outcome_indicator")
    name = DISPLAYS[indicator].name if indicator in DISPLAYS else indicator.replace("_", " ")
    where = f"{_text(one, 'place_zh')} {_text(one, 'place_en')}".strip()
    when = when or str(int(one["outcome_year"].item()))
    target = f", {both('charts.sweep.target_met')}" if _met(one) else ""
    return shortened(f"{where}: {name}{target}, {when}", TITLE)


def shown_value(value: float, one: xr.Dataset, unit: bool = True) -> str:
    """An outcome's value as shown."""
    if _met(one):
        return f"{value:.0f}"
    display = DISPLAYS.get(_text(one, "outcome_indicator"))
    if display is None:
        return number(value)
    return f"{value:,.2f}{display.unit if unit else ''}".replace("-", "−")


def index_text(value: float) -> str:
    """An index with two decimals."""
    return "–" if np.isnan(value) else f"{value:z.2f}".replace("-", "−")


def parameter_name(ds: xr.Dataset, j: int, width: int = NAME, lines: int = NAME_LINES) -> str:
    """A parameter in English, and below in Chinese."""
    said = (str(ds[f"parameter_{language}"].values[j]) for language in ("en", "zh"))
    return "\n".join(cut(text, width, lines) for text in said)


def cut(text: str, width: int, most: int) -> str:
    """The first lines of a text broken to so many columns."""
    lines = shortened(text, width).split("\n")
    return "\n".join(lines[:most]) + ("…" if len(lines) > most else "")


def _yes_no(ds: xr.Dataset, j: int) -> bool:
    return str(ds["parameter"].values[j]).startswith("programmes.")


def parameter_value(ds: xr.Dataset, j: int, value: float) -> str:
    """A parameter's value as shown."""
    if _yes_no(ds, j):
        return both("charts.sweep.yes" if value > 0.0 else "charts.sweep.no")
    return number(value)


def varies(values: Array) -> bool:
    """Whether values differ by more than rounding."""
    return bool(np.nanmax(values) - np.nanmin(values) > 1e-12 * np.nanmax(np.abs(values)))


def _broken(line: str) -> list[str]:
    """Lines below a chart; Latin letters are narrower than half a Chinese character."""
    latin = sum(character.isascii() for character in line) > 0.8 * len(line)
    return shortened(line, int(FOOT * LATIN) if latin else FOOT).split("\n")


def _both(ds: xr.Dataset) -> str:
    """The title of the sweep in both languages."""
    return shortened(title_of(ds), SUBTITLE)


def _headed(ds: xr.Dataset, title: str) -> float:
    """Inches that title and subtitle take."""
    return 0.24 + TITLE_LINE * (title.count("\n") + 1) + 0.22 * (_both(ds).count("\n") + 1)


def _made(ds: xr.Dataset) -> list[str]:
    """What made the chart: method, runs, what is held, and the interval."""
    attrs: Mapping[str, object] = ds.attrs
    method = str(attrs.get("method", ""))
    runs = int(ds.sizes["run"])
    ensemble = str(attrs.get("ensemble", ""))
    held = ensemble
    if ensemble == text("charts.sweep.median_parameters", "en"):
        held = both("charts.sweep.median_parameters")
    elif ensemble.startswith("mean of"):
        draws = "".join(filter(str.isdigit, ensemble))
        held = f"{ensemble} {text('charts.sweep.mean_of_draws', 'zh', draws=draws)}"
    key = f"charts.design.{method}"
    named = both(key) if has(key) else method
    said = [
        f"{named}, {runs:,} {both('charts.sweep.runs')}",
        text("charts.sweep.held", "en", held=held) if held else "",
    ]
    interval = str(attrs.get("interval", ""))
    if interval and method in ("sobol", "morris"):
        said.append(labelled("charts.sweep.interval", interval))
    return ["; ".join(filter(None, said)) + "."]


def framed(
    ds: xr.Dataset,
    title: str,
    notes: Sequence[str],
    height: float,
    left: float,
    right: float,
    gap: float,
    above: float = ABOVE,
) -> tuple[Figure, Axes]:
    """A figure with what it shows above, and how to read it below.

    Parameters
    ----------
    ds : Dataset
    title : str
        Lines may be broken.
    notes : sequence of str
        Below the chart; what made it is added.
    height : float
        Of the axes, in inches.
    left, right, gap, above : float
        Beside the axes, between them and the notes, and above them, in inches.
    """
    below = [part for line in [*notes, *_made(ds)] for part in _broken(line)]
    top = _headed(ds, title) + above
    bottom = 0.12 + LINE * len(below) + gap
    total = top + height + bottom
    figure, ax = canvas(WIDTH, total, (left, right, bottom, top))
    figure.text(0.15 / WIDTH, 1 - 0.16 / total, title, fontsize=14, va="top", linespacing=1.15)
    figure.text(
        0.15 / WIDTH,
        1 - (0.20 + TITLE_LINE * (title.count("\n") + 1)) / total,
        _both(ds),
        fontsize=10.5,
        va="top",
        color=GREY,
    )
    foot(figure, *below)
    return figure, ax


def rows(
    ds: xr.Dataset,
    title: str,
    names: Sequence[str],
    notes: Sequence[str],
    right: float,
    gap: float = 0.65,
    above: float = ABOVE,
) -> tuple[Figure, Axes, Array]:
    """A figure with a row for each name, the first on top; the heights of the rows.

    Heights are in units of 0.45 inches, whatever the number of rows.
    """
    lines = max((name.count("\n") + 1 for name in names), default=1)
    step = max(NAME_LINE * lines + 0.1, 0.45)
    height = step * max(len(names), 1)
    figure, ax = framed(ds, title, notes, height, LEFT, right, gap, above)
    apart = step / 0.45
    heights = apart * np.arange(len(names), dtype=float)[::-1]
    ax.set_ylim(-0.5 * apart, (max(len(names), 1) - 0.5) * apart)
    ax.set_yticks(heights, names, linespacing=1.05)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    return figure, ax, heights


def key_line(
    figure: Figure,
    ds: xr.Dataset,
    title: str,
    key: Sequence[tuple[Artist, str]],
    handle: float = 1.2,
) -> None:
    """Say between heading and axes what the colours are; a handle is so many letters wide."""
    height = float(figure.get_size_inches()[1])
    figure.legend(
        [artist for artist, _ in key],
        [said for _, said in key],
        loc="upper left",
        bbox_to_anchor=(0.0, 1 - (_headed(ds, title) - 0.03) / height),
        ncols=len(key),
        frameon=False,
        columnspacing=1.5,
        handlelength=handle,
        handletextpad=0.5,
        fontsize=9.5,
    )


def dot(color: str) -> Line2D:
    """A dot for the key."""
    return Line2D([], [], color=color, ls="", marker="o", ms=6, mec="white")


def round_ticks(ax: Axes, which: str) -> None:
    """Set ticks at round values within an axis, each with a line across."""
    axis, limits = (ax.xaxis, ax.get_xlim()) if which == "x" else (ax.yaxis, ax.get_ylim())
    values = MaxNLocator(7, steps=[1, 2, 5, 10]).tick_values(*limits)
    inside = [value for value in values if limits[0] <= value <= limits[1]]
    axis.set_ticks(inside, [f"{value:,.6g}".replace("-", "−") for value in inside])
    axis.grid(True, color="#e6e6e6", lw=0.7)
    ax.set_axisbelow(True)


def show_all(ax: Axes, seen: Array, room: float) -> None:
    """Show all values across, with some room at both ends."""
    low, high = float(np.nanmin(seen)), float(np.nanmax(seen))
    wide = room * (high - low) if varies(seen) else 0.2 * max(abs(high), 1.0)
    ax.set_xlim(low - wide, high + wide)
    round_ticks(ax, "x")


def write_above(ax: Axes, text: str, across: float) -> None:
    """Write above the left end of the axes, moved across by some points."""
    ax.annotate(text, (0, 1), (across, 8), "axes fraction", textcoords="offset points", fontsize=9)


def write_right(ax: Axes, y: float, text: str, color: str) -> None:
    """Write beside a row, right of the axes."""
    ax.annotate(
        text,
        (1, y),
        (10, 0),
        ("axes fraction", "data"),
        textcoords="offset points",
        va="center",
        color=color,
        fontsize=9,
    )


def write_beside(ax: Axes, x: float, y: float, text: str, side: int, color: str) -> None:
    """Write beside the end of a bar, to the right or the left of it."""
    ax.annotate(
        text,
        (x, y),
        (4 * side, 0),
        textcoords="offset points",
        ha="left" if side > 0 else "right",
        va="center",
        color=color,
        fontsize=9,
    )


def ranked(size: Array) -> tuple[NDArray[np.intp], int]:
    """Parameters by size, the largest first; how many are left out."""
    order = np.argsort(-size, kind="stable")
    return order[:MOST_ROWS], max(len(order) - MOST_ROWS, 0)


def left_out_note(count: int) -> list[str]:
    """What is said of parameters that are not drawn."""
    if not count:
        return []
    return [both("charts.sweep.left_out", count=count)]
