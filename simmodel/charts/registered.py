"""Two urban shares: of the residents, and of the people registered in a region."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from ..errors import ScenarioError, among, did_you_mean
from ..texts import bilingual, both, say, text
from ..variables import WAN
from .fan import WIDE_AND_NARROW, fan_of
from .fan_figure import (
    BLUES,
    FIRST_YEAR,
    WIDTH,
    broken,
    course,
    draw_bands,
    draw_observations,
    finish,
)
from .labels import (
    RATE,
    REGISTERED_RATE,
    Row,
    around,
    bands_note,
    labelled,
    method_note,
)
from .style import BLUE, Label, canvas, end_labels, foot, heading, house, use_chinese

ORANGES: Final = dict(zip(WIDE_AND_NARROW, ("#f3dfc3", "#e3bd86"), strict=True))
ORANGE: Final = "#9c5b00"
BELOW: Final = 6.0  # percentage points of room for labels below the registered rate


def registered_regions(ds: xr.Dataset) -> list[str]:
    """Return the regions whose registered urban rate is projected.

    Parameters
    ----------
    ds : Dataset
        Projection of one scenario, as `simmodel run` writes it.

    Returns
    -------
    list of str
        Their ids; none where no region has registered figures.
    """
    if "registered_region" not in ds.coords:
        return []
    known_in_base = np.isfinite(ds["registered_urban_rate_mean"].isel(year=0).values)
    names = ds["registered_region"].values
    return [str(name) for name, here in zip(names, known_in_base, strict=True) if here]


def registered(ds: xr.Dataset, region: str, marks: Sequence[Row]) -> Figure:
    """Urban share of a region's residents and of its registered people, with what was observed.

    Parameters
    ----------
    ds : Dataset
        Projection of one scenario, as `simmodel run` writes it.
    region : str
        Id of one of `registered_regions`.
    marks : sequence of mapping
        As in `fan`; of registered people the indicators ``registered_urban_rate`` (percent) and
        ``registered_urban_population`` (persons).

    Returns
    -------
    Figure
        For `save`.

    Raises
    ------
    ScenarioError
        If the region has no registered figures.
    """
    there = registered_regions(ds)
    if region not in there:
        allowed = among(there) + did_you_mean(region, there)
        raise ScenarioError(say("charts.fault.no_registered", region=region, allowed=allowed))
    notes = _notes(ds, region, marks)
    residents, registered = fans = [
        fan_of(ds, region, display, marks) for display in (RATE, REGISTERED_RATE)
    ]
    blues = {band: BLUES[band] for band in WIDE_AND_NARROW}
    looks = ((blues, BLUE), (ORANGES, ORANGE))
    words = map(both, ("charts.registered.of_residents", "charts.registered.of_registered"))
    with house():
        figure, ax = canvas(
            WIDTH, 5.2 + 0.19 * len(notes), (0.65, 2.1, 0.55 + 0.19 * len(notes), 1.1)
        )
        lines, ends, edges, labels = [], [], [], []
        for fan, (bands, color), word in zip(fans, looks, words, strict=True):
            draw_bands(ax, fan, bands)
            lines.append(course(fan))
            ax.plot(*lines[-1].T, color=color, lw=2.2, zorder=4)
            edges += [fan.quantiles[level] for level in WIDE_AND_NARROW[0]]
            low, high = (float(edge[-1]) for edge in edges[-2:])
            value = float(lines[-1][-1, 1])
            span = f"5–95 %: {low:.1f}–{high:.1f}"
            said = f"{fan.display.exact(value)}  {both('charts.median')}\n{word}\n{span}"
            ends.append((value, said, color))
        for year, value, _ in registered.observations:
            if year >= FIRST_YEAR:
                ax.plot(year, value, "s", color=ORANGE, ms=7, mec="white", mew=0.8, zorder=6)
                said = f"{around('charts.registered.point', year)}\n{value:.2f} %"
                labels.append(Label(year, value, said, ORANGE))
        labels += draw_observations(ax, residents)
        lowest = min(label.y for label in labels) - BELOW
        ax.update_datalim([(float(lines[0][0, 0]), lowest)])
        finish(ax, REGISTERED_RATE, labels, lines, np.array(edges))
        end_labels(ax, ends)
        english, chinese = bilingual("charts.registered.title")
        scenario = labelled("charts.scenario", residents.scenario)
        heading(figure, f"{residents.place}: {english}", f"{chinese}   {scenario}")
        foot(figure, *notes)
        use_chinese(figure)
    return figure


def _notes(ds: xr.Dataset, region: str, marks: Sequence[Row]) -> list[str]:
    """Return the lines below: what is carried on, what is assumed, what the band leaves out."""
    base = int(ds["year"][0])
    counts = {
        int(mark["year"]): float(mark["value"]) / WAN
        for mark in marks
        if (mark["region"], mark["indicator"]) == (region, "registered_urban_population")
        and FIRST_YEAR <= int(mark["year"]) <= base
    }
    first = min(counts)
    seen = f"{counts[first]:.2f} ({first}) → {counts[base]:.2f} {text('charts.wan', 'zh')} ({base})"
    pace = bilingual("charts.registered.pace")
    lines = [
        f"{labelled('charts.registered.count', seen)}. {pace[0]}",
        pace[1],
        *bilingual("charts.registered.assumed"),
        f"{bands_note()}.  {method_note()}",
    ]
    return broken(lines)
