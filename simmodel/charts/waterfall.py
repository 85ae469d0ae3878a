"""From one urban population and rate to another, component by component."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from ..errors import ScenarioError
from ..texts import bilingual, both, say
from ..variables import COMPONENTS, SHARED
from .labels import (
    RATE,
    URBAN,
    Display,
    apart,
    around,
    component_name,
    draws_of,
    labelled,
    parts_of,
    place_of,
    prior_decides_split,
    region_of,
    title_of,
    with_draws,
    year_text,
)
from .style import GREY, INK, PART_COLORS, canvas, foot, heading, house, shortened, use_chinese

Array = NDArray[np.float64]

WIDTH: Final = 10.6
LEFT, PANEL, BETWEEN = 1.95, 3.7, 0.7  # inches
ROW, LINE = 0.46, 0.185  # inches of a row, and of a line below
FOOT: Final = 150  # columns of a line below
LABEL: Final = 27  # columns of a row's label
# Per panel: display, what its components are called in the Dataset, and what is nil in a year: half
# a person, a ten-thousandth of a point.
PANELS: Final = ((URBAN, "urban_growth", 0.5), (RATE, "rate_change", 1e-6))
SAME: Final = 1e-6  # the largest step, where nothing is to be seen


@dataclass(frozen=True)
class Fall:
    """One panel: from a stock to another, in steps.

    Attributes
    ----------
    display : Display
    start, end : float
        In the unit shown.
    steps : mapping of str to float
        By component, in the unit shown.
    nil : frozenset of str
        Components that are nil in every year.
    """

    display: Display
    start: float
    end: float
    steps: Mapping[str, float]
    nil: frozenset[str]

    @property
    def digits(self) -> int:
        """Decimals that show the largest step."""
        largest = max(map(abs, self.steps.values()), default=0.0)
        return 2 if largest >= 0.5 or largest < SAME else 3 if largest >= 0.05 else 4

    @property
    def limits(self) -> tuple[float, float]:
        """Ends of the axis: from zero, unless that would make the steps small."""
        levels = np.cumsum([self.start, *self.steps.values()])
        low, high = float(levels.min()), float(levels.max())
        room = high - low if high - low > SAME else max(0.02 * abs(high), SAME)
        start = low - 0.35 * room
        return (0.0 if start < 0.25 * high else start), high + 0.3 * room


def waterfall(
    ds: xr.Dataset,
    region: str,
    years: tuple[int, int] | None = None,
    *,
    prior_decides: bool | None = None,
) -> Figure:
    """What a region's urban population and rate grow by between two years.

    Parameters
    ----------
    ds : Dataset
        Projection of one scenario, as `simmodel run` writes it.
    region : str
        Id of the region.
    years : (int, int), optional
        Where to start and to end; the whole projection unless given.
    prior_decides : bool, optional
        Whether the prior decides how internal migration and reclassification share the growth; as
        the Dataset has it unless given.

    Returns
    -------
    Figure
        For `save`.

    Raises
    ------
    ScenarioError
        If the region or a year is not in the projection.
    """
    first, last = (int(ds["year"].values[i]) for i in (0, -1))
    start, end = years if years is not None else (first, last)
    if not first <= start < end <= last:
        period = {"start": start, "end": end, "first": first, "last": last}
        raise ScenarioError(say("charts.fault.no_period", **period))
    falls = [
        _fall(
            display,
            (_stock(ds, region, display, start), _stock(ds, region, display, end)),
            _yearly(ds, region, display, prefix, (start, end)),
            nil,
        )
        for display, prefix, nil in PANELS
    ]
    return _drawn(
        falls,
        (year_text(start), year_text(end)),
        f"{place_of(ds, region)}: {around('charts.waterfall.title', f'{start}–{end}')}",
        labelled("charts.scenario", title_of(ds)),
        [" ".join(with_draws("charts.waterfall.means", draws_of(ds)))],
        prior_decides_split(ds, region) if prior_decides is None else prior_decides,
    )


def waterfall_difference(ds: xr.Dataset, other: xr.Dataset, region: str) -> Figure:
    """Why the urban population and rate of another scenario differ, at the earlier horizon.

    Parameters
    ----------
    ds, other : Dataset
        Projections of two scenarios from the same base, as `simmodel run` writes them.
    region : str
        Id of the region, in both.

    Returns
    -------
    Figure
        For `save`.

    Raises
    ------
    ScenarioError
        If the region is not in both projections.
    """
    years = (int(ds["year"].values[0]), min(int(one["year"].values[-1]) for one in (ds, other)))
    falls = []
    for display, prefix, nil in PANELS:
        before, after = (_yearly(one, region, display, prefix, years) for one in (ds, other))
        stocks = [_stock(one, region, display, years[1]) for one in (ds, other)]
        differences = {name: after[name] - before[name] for name in before}
        falls.append(_fall(display, (stocks[0], stocks[1]), differences, nil))
    return _drawn(
        falls,
        (_label(ds), _label(other)),
        f"{place_of(ds, region)}: {around('charts.waterfall.difference', years[1])}",
        f"{title_of(ds)}  →  {title_of(other)}",
        bilingual("charts.waterfall.difference_means", first=years[0], last=years[1]),
        prior_decides_split(ds, region),
    )


def _drawn(
    falls: Sequence[Fall],
    ends: tuple[str, str],
    title: str,
    subtitle: str,
    notes: Sequence[str],
    prior: bool,
) -> Figure:
    """Draw the panels beside each other, a row for each component."""
    absent = frozenset.intersection(*(fall.nil for fall in falls))
    names = [component.name for component in COMPONENTS if component.name not in absent]
    reading = []
    if any(fall.steps[n] < 0 for fall in falls for n in names):
        hatched = labelled("charts.waterfall.hatched", both("charts.waterfall.takes_away"))
        reading.append(f"{hatched}.")
    if any(fall.limits[0] > 0 for fall in falls):
        reading.append(f"{both('charts.waterfall.cut')}.")
    lines = [*notes, "  ".join(reading)]
    if absent:
        listed = "; ".join(component_name(c.name) for c in COMPONENTS if c.name in absent)
        lines.append(labelled("charts.nil", listed))
    if any(_opposed(falls, name) for name in names):
        lines.append(both("charts.waterfall.opposed"))
    if prior and set(SHARED) & set(names):
        lines += bilingual("charts.decided_by_prior")
    lines = [part for line in lines if line for part in shortened(line, FOOT).split("\n")]
    tall, top, bottom = ROW * (len(names) + 2), 1.3, 0.5 + LINE * len(lines)
    height = top + tall + bottom
    with house():
        figure, ax = canvas(WIDTH, height, (LEFT, WIDTH - LEFT - PANEL, bottom, top))
        left = (LEFT + PANEL + BETWEEN) / WIDTH
        beside = figure.add_axes((left, bottom / height, PANEL / WIDTH, tall / height))
        for axes, fall in zip((ax, beside), falls, strict=True):
            _panel(axes, fall, names)
        rows = range(len(names) + 2)
        ax.set_yticks(rows, [ends[0], *(_on_two_lines(n) for n in names), ends[1]])
        beside.set_yticks(rows, [""] * len(rows))
        colors = [INK, *(PART_COLORS[name] for name in names), INK]
        for tick, color in zip(ax.get_yticklabels(), colors, strict=True):
            tick.set(color=color, linespacing=1.1)
        heading(figure, title, subtitle)
        foot(figure, *lines)
        use_chinese(figure)
    return figure


def _opposed(falls: Sequence[Fall], name: str) -> bool:
    """Whether a component takes away from one stock and adds to the other, to be seen."""
    steps = [round(fall.steps[name], fall.digits) for fall in falls]
    return steps[0] < 0 < steps[1]


def _panel(ax: Axes, fall: Fall, names: Sequence[str]) -> None:
    """Draw one waterfall, the first row on top."""
    low, high = fall.limits
    levels = np.cumsum([fall.start, *(fall.steps[name] for name in names)])
    last = len(names) + 1
    for row, stock in ((0, fall.start), (last, fall.end)):
        ax.barh(row, stock - low, 0.62, low, color="#a8a8a8", zorder=3)
        _say(ax, row, stock, f"{stock:,.{fall.digits}f}", INK)
    for row, (name, (before, after)) in enumerate(zip(names, pairwise(levels), strict=True), 1):
        color = PART_COLORS[name]
        hatch = "////" if after < before else None
        ax.barh(
            row, after - before, 0.62, before, color=color, ec="white", lw=0, hatch=hatch, zorder=3
        )
        _say(ax, row, max(before, after), _signed(after - before, fall.digits), color)
    for row, level in enumerate(levels):
        ax.plot([level, level], [row - 0.31, row + 1.31], color=GREY, lw=0.8, zorder=4)
    ax.set(xlim=(low, high), ylim=(last + 0.6, -0.6))
    values = MaxNLocator(5, steps=[1, 2, 5, 10]).tick_values(low, high)
    inside = [tick for tick in values if low <= tick <= high]
    ax.set_xticks(inside, [f"{tick:,.8g}" for tick in inside])
    ax.xaxis.grid(True, color="#e6e6e6", lw=0.7)
    ax.set_axisbelow(True)
    ax.tick_params(axis="y", length=0)
    if low > 0:
        _cut(ax, (0, last))
    axis = apart("charts.axis.steps") if fall.display is RATE else fall.display.axis
    ax.annotate(
        f"{fall.display.name}\n{axis}",
        (0, 1),
        (0, 6),
        "axes fraction",
        textcoords="offset points",
        linespacing=1.2,
    )


def _cut(ax: Axes, rows: Sequence[int]) -> None:
    """Cut across bars that do not start at zero."""
    low, high = ax.get_xlim()
    place, lean = low + 0.035 * (high - low), 0.012 * (high - low)
    for row in rows:
        across = [place - lean, place + lean]
        ax.plot(across, [row + 0.4, row - 0.4], color="white", lw=3, zorder=5)


def _signed(step: float, digits: int) -> str:
    """Return a step with its sign; none where it rounds to nothing."""
    text = f"{step:+z,.{digits}f}".replace("-", "−")
    return text if round(step, digits) else text.removeprefix("+")


def _say(ax: Axes, row: int, place: float, text: str, color: str) -> None:
    """Write a number to the right of a bar."""
    ax.annotate(text, (place, row), (5, 0), textcoords="offset points", va="center", color=color)


def _fall(
    display: Display, stocks: tuple[float, float], yearly: Mapping[str, Array], nil: float
) -> Fall:
    small = nil * display.scale
    absent = frozenset(name for name, part in yearly.items() if np.abs(part).max() < small)
    return Fall(display, *stocks, {n: float(part.sum()) for n, part in yearly.items()}, absent)


def _yearly(
    ds: xr.Dataset, region: str, display: Display, prefix: str, years: tuple[int, int]
) -> dict[str, Array]:
    """Return what each component adds in each year of a period, in the unit shown."""
    first = int(ds["year"].values[0])
    return {
        name: part[years[0] - first : years[1] - first] * display.scale
        for name, part in parts_of(ds, region, prefix).items()
    }


def _stock(ds: xr.Dataset, region: str, display: Display, year: int) -> float:
    mean = region_of(ds, region)[f"{display.variable}_mean"]
    return float(mean.sel(year=year)) * display.scale


def _on_two_lines(name: str) -> str:
    """Return what a component is called, in both languages, on a line each."""
    english, chinese = bilingual(f"charts.component.{name}")
    return f"{chinese}\n{english}"


def _label(ds: xr.Dataset) -> str:
    """Return a scenario's title in both languages, on a line each."""
    titles = [str(ds.attrs.get(key, "")) for key in ("title_zh", "title_en")]
    return "\n".join(shortened(text, LABEL).split("\n")[0] for text in titles)
