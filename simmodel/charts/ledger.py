"""What the urban population grows by, year by year: the urban ledger as a figure."""

from __future__ import annotations

from typing import Final

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from ..texts import bilingual, both, text
from ..variables import SHARED, WAN
from .labels import (
    URBAN,
    apart,
    component_name,
    draws_of,
    labelled,
    parts_of,
    place_of,
    prior_decides_split,
    title_of,
    with_draws,
    year_text,
)
from .style import (
    GREY,
    INK,
    PART_COLORS,
    canvas,
    end_labels,
    foot,
    heading,
    house,
    scales,
    use_chinese,
)

VISIBLE: Final = 0.5  # persons in any year


def ledger(ds: xr.Dataset, region: str) -> Figure:
    """Components of a region's urban growth, stacked for each year, with the net change.

    Parameters
    ----------
    ds : Dataset
        Projection of one scenario, as `simmodel run` writes it.
    region : str
        Id of the region.

    Returns
    -------
    Figure
        For `save`.

    Raises
    ------
    ScenarioError
        If the region is not in the projection.
    """
    parts = {n: values / WAN for n, values in parts_of(ds, region, "urban_growth").items()}
    years = np.asarray(ds["year"].values[1:], dtype=float)
    drawn = {name: part for name, part in parts.items() if np.abs(part).max() >= VISIBLE / WAN}
    net = sum(parts.values(), np.zeros_like(years))
    notes = _notes(ds, [component_name(name) for name in parts if name not in drawn])
    if prior_decides_split(ds, region) and set(SHARED) & set(drawn):
        notes += bilingual("charts.decided_by_prior")
    with house():
        figure, ax = canvas(
            8.0, 5.0 + 0.19 * len(notes), (0.65, 2.75, 0.55 + 0.19 * len(notes), 1.1)
        )
        above, below = np.zeros_like(years), np.zeros_like(years)
        ends = [(float(net[-1]), _said(net[-1], both("charts.ledger.net")), INK)]
        for name, part in drawn.items():
            start = np.where(part >= 0, above, below)
            ax.bar(years, part, 0.74, start, color=PART_COLORS[name], ec="white", lw=0.5, zorder=3)
            middle = float(start[-1] + part[-1] / 2)
            ends.append((middle, _said(part[-1], component_name(name)), PART_COLORS[name]))
            above, below = above + np.maximum(part, 0), below + np.minimum(part, 0)
        ax.plot(years, net, "o-", color=INK, lw=1.4, zorder=5, ms=5.5, mec="white", mew=0.9)
        scales(ax, years[0], years[-1], float(below.min()), float(above.max()))
        ax.set_xlim(years[0] - 0.6, years[-1] + 0.5)
        ax.axhline(0, color=GREY, lw=0.8, zorder=4)
        ax.annotate(
            apart("charts.axis.persons_per_year"),
            (0, 1),
            (-30, 8),
            "axes fraction",
            textcoords="offset points",
            fontsize=9,
        )
        last = f"{text('charts.in_unit', 'en', unit=URBAN.unit.strip())}, {year_text(years[-1])}"
        ax.annotate(last, (1, 1), (15, 8), "axes fraction", textcoords="offset points", fontsize=9)
        end_labels(ax, ends)
        heading(
            figure,
            f"{place_of(ds, region)}: {both('charts.ledger.title')}",
            labelled("charts.scenario", title_of(ds)),
        )
        foot(figure, *notes)
        use_chinese(figure)
    return figure


def _said(value: float, name: str) -> str:
    return f"{value:+z.2f}".replace("-", "−") + f"  {name}"


def _notes(ds: xr.Dataset, absent: list[str]) -> list[str]:
    lines = [*with_draws("charts.ledger.means", draws_of(ds))]
    if absent:
        lines.append(labelled("charts.nil", "; ".join(absent)))
    return lines
