"""Who lives in towns and who in villages: the pyramid of a region at two dates."""

from __future__ import annotations

from typing import Final

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from ..errors import ScenarioError, among
from ..texts import both, say, text
from ..variables import RESIDENCES, WAN
from .labels import labelled, place_of, region_of, title_of, year_text
from .style import GREY, INK, RESIDENCE_COLORS, foot, heading, house, use_chinese

Array = NDArray[np.float64]

WIDTH, HEIGHT = 9.0, 6.2
LEFT, BETWEEN, RIGHT, BOTTOM, TOP = 0.25, 0.62, 0.25, 0.95, 1.25  # inches
GROUP: Final = 5  # years of age in a bar
LAST: Final = 90  # first age of the open group
SIDES: Final = {"male": -1.0, "female": 1.0}  # of each sex: left or right


def age_groups(last: int = LAST) -> list[str]:
    """Return the names of the age groups, the youngest first.

    Examples
    --------
    >>> age_groups(10)
    ['0–4', '5–9', '10+']
    """
    return [*(f"{a}–{a + GROUP - 1}" for a in range(0, last, GROUP)), f"{last}+"]


def by_group(ages: Array, last: int = LAST) -> Array:
    """Sum single years of age, on the last axis, to five-year groups and an open one.

    Examples
    --------
    >>> by_group(np.ones(101), 90)[[0, -2, -1]].tolist()
    [5.0, 5.0, 11.0]
    """
    starts = np.arange(0, last + 1, GROUP)
    return np.asarray(np.add.reduceat(ages, starts, axis=-1))


def pyramid(ages: xr.Dataset, region: str) -> Figure:
    """Population of a region by residence, sex and age, at the start beside at the horizon.

    Parameters
    ----------
    ages : Dataset
        ``ages.nc`` of one scenario, as `simmodel run` writes it.
    region : str
        Id of the region.

    Returns
    -------
    Figure
        For `save`.

    Raises
    ------
    ScenarioError
        If the region is not in the Dataset.
    """
    people = region_of(ages, region)["population"]
    if set(people["residence"].values) != set(RESIDENCES):
        found = among(map(str, people["residence"].values))
        allowed = among(RESIDENCES)
        raise ScenarioError(say("charts.fault.residences", found=found, allowed=allowed))
    years = [int(year) for year in (people["year"].values[0], people["year"].values[-1])]
    groups = {
        (year, residence, sex): by_group(
            people.sel(year=year, residence=residence, sex=sex).values / WAN
        )
        for year in years
        for residence in RESIDENCES
        for sex in SIDES
    }
    widest = max(
        float(np.sum([groups[year, r, sex] for r in RESIDENCES], axis=0).max())
        for year in years
        for sex in SIDES
    )
    with house():
        figure = Figure(figsize=(WIDTH, HEIGHT), facecolor="white")
        panel = (WIDTH - LEFT - BETWEEN - RIGHT) / 2
        for i, year in enumerate(years):
            left = LEFT + i * (panel + BETWEEN)
            height = HEIGHT - TOP - BOTTOM
            ax = figure.add_axes(
                (left / WIDTH, BOTTOM / HEIGHT, panel / WIDTH, height / HEIGHT), label=str(year)
            )
            _panel(ax, {key[1:]: value for key, value in groups.items() if key[0] == year}, widest)
            _title(ax, people.sel(year=year), year)
        _ages_between(figure, LEFT + panel + BETWEEN / 2)
        heading(
            figure,
            f"{place_of(ages, region)}: {both('charts.pyramid.title')}",
            labelled("charts.scenario", title_of(ages)),
        )
        foot(
            figure,
            f"{years[0]}: {both('charts.series.census')}.  "
            f"{years[1]}: {both('charts.mean_of_draws')}.  "
            f"{both('charts.pyramid.groups')}, {both('charts.axis.persons')}.",
            labelled("charts.pyramid.estimated", "docs/model.md."),
        )
        use_chinese(figure)
    return figure


def _panel(ax: Axes, groups: dict[tuple[str, str], Array], widest: float) -> None:
    rows = np.arange(len(age_groups()))
    for sex, sign in SIDES.items():
        start = np.zeros(rows.size)
        for residence in RESIDENCES:
            size = groups[residence, sex]
            color = RESIDENCE_COLORS[residence]
            ax.barh(rows, sign * size, 0.86, sign * start, color=color, lw=0, zorder=3)
            start = start + size
        x = sign * widest * 1.02
        ax.text(
            x,
            rows[-1] + 0.1,
            both(f"charts.sex.{sex}"),
            ha="left" if sign < 0 else "right",
            fontsize=9.5,
        )
    ax.axvline(0, color="white", lw=1.0, zorder=4)
    ax.set(xlim=(-1.05 * widest, 1.05 * widest), ylim=(-0.6, rows[-1] + 0.9))
    ticks = [
        v for v in MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]).tick_values(0, widest) if v <= widest
    ]
    ticks = [*(-v for v in reversed(ticks) if v > 0), *ticks]
    ax.set_xticks(ticks, [f"{abs(v):g}" for v in ticks])
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.xaxis.grid(True, color="#e6e6e6", lw=0.7)
    ax.set_axisbelow(True)


def _title(ax: Axes, people: xr.DataArray, year: int) -> None:
    """Write the year and the totals above a panel, in the colours of the bars."""
    ax.annotate(
        year_text(year), (0, 1), (0, 17), "axes fraction", textcoords="offset points", fontsize=11
    )
    totals = [
        (both(f"charts.residence.{r}"), float(people.sel(residence=r).sum()) / WAN, r)
        for r in RESIDENCES
    ]
    for i, (said, total, residence) in enumerate(totals):
        ax.annotate(
            f"{said} {total:,.1f} {text('charts.wan', 'zh')}",
            (0, 1),
            (58 + 108 * i, 17),
            "axes fraction",
            textcoords="offset points",
            fontsize=10,
            color=RESIDENCE_COLORS[residence],
        )


def _ages_between(figure: Figure, x: float) -> None:
    """Write the age groups between the panels, which share them."""
    names = age_groups()
    ax = figure.axes[0]
    low, high = ax.get_ylim()
    for row, name in enumerate(names):
        y = BOTTOM + (row - low) / (high - low) * (HEIGHT - TOP - BOTTOM)
        figure.text(x / WIDTH, y / HEIGHT, name, ha="center", va="center", fontsize=8.5, color=INK)
    y = (HEIGHT - TOP + 0.10) / HEIGHT
    figure.text(
        x / WIDTH, y, both("charts.pyramid.age"), ha="center", va="bottom", fontsize=8.5, color=GREY
    )
