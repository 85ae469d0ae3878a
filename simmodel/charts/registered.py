"""Two urban shares: of the residents, and of the people registered in a region."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from ..errors import ScenarioError, among, did_you_mean
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
from .labels import RATE, REGISTERED_RATE, Row
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
        raise ScenarioError(f"region {region} has no registered rate here; allowed {allowed}")
    notes = _notes(ds, region, marks)
    residents, registered = fans = [
        fan_of(ds, region, measure, marks) for measure in (RATE, REGISTERED_RATE)
    ]
    blues = {band: BLUES[band] for band in WIDE_AND_NARROW}
    looks = ((blues, BLUE), (ORANGES, ORANGE))
    words = ("of residents 占常住人口", "of the registered 占户籍人口")
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
            text = f"{fan.measure.exact(value)}  median 中位数\n{word}\n{span}"
            ends.append((value, text, color))
        for year, value, _ in registered.observations:
            if year >= FIRST_YEAR:
                ax.plot(year, value, "s", color=ORANGE, ms=7, mec="white", mew=0.8, zorder=6)
                text = f"registered {year} 户籍\n{value:.2f} %"
                labels.append(Label(year, value, text, ORANGE))
        labels += draw_observations(ax, residents)
        lowest = min(label.y for label in labels) - BELOW
        ax.update_datalim([(float(lines[0][0, 0]), lowest)])
        finish(ax, REGISTERED_RATE, labels, lines, np.array(edges))
        end_labels(ax, ends)
        title = f"{residents.place}: urban by residence and by registration"
        heading(figure, title, f"常住与户籍人口城镇化率   Scenario 情景: {residents.scenario}")
        foot(figure, *notes)
        use_chinese(figure)
    return figure


def _notes(ds: xr.Dataset, region: str, marks: Sequence[Row]) -> list[str]:
    """Return the lines below: what is carried on, what is assumed, what the band leaves out."""
    base = int(ds["year"][0])
    counts = {
        int(mark["year"]): float(mark["value"]) / 1e4
        for mark in marks
        if (mark["region"], mark["indicator"]) == (region, "registered_urban_population")
        and FIRST_YEAR <= int(mark["year"]) <= base
    }
    first = min(counts)
    seen = f"{counts[first]:.2f} ({first}) → {counts[base]:.2f} 万 ({base})"
    lines = [
        f"Urban registered 城镇户籍人口: {seen}. Less natural increase, that is the pace at which "
        "rural registration is converted; it is carried on, times the scenario's lever.",
        "扣除自然增长即为落户速度，基年后按此延续，乘以情景中的落户倍数。",
        "Assumed: births and deaths as of residents; nobody moves registration across the "
        "boundary. One pace was seen, so the registered band carries births and deaths only: it is "
        "too narrow.",
        "假定：生死率同常住人口，户籍不跨区迁移。只有一个观测速度，故户籍色带仅含生死的不确定性，偏窄。",
        "Bands 色带: 50 %, 90 % of the draws 模拟结果.  Method 方法: docs/model.md.",
    ]
    return broken(lines)
