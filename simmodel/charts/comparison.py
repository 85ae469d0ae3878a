"""Scenarios beside each other: the medians of a region's urbanization rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from ..texts import both
from .fan import WIDE_AND_NARROW, fan_of, target_points
from .fan_figure import (
    BLUES,
    WIDTH,
    course,
    draw_bands,
    draw_observations,
    draw_targets,
    finish,
)
from .labels import RATE, Row, bands_note, labelled, method_note, same_aim
from .style import LINE_COLORS, canvas, end_labels, foot, heading, house, shortened, use_chinese


def compare(
    datasets: Mapping[str, xr.Dataset],
    region: str,
    verdicts: Sequence[Row] = (),
    marks: Sequence[Row] = (),
) -> Figure:
    """Medians of a region's urbanization rate in several scenarios, before the band of one.

    Parameters
    ----------
    datasets : mapping of str to Dataset
        By name of the scenario; the band is that of ``trend``, else of the first.
    region : str
        Id of the region.
    verdicts, marks : sequence of mapping
        As in `fan`; targets without their probability, as that depends on the scenario.

    Returns
    -------
    Figure
        For `save`.

    Raises
    ------
    ScenarioError
        If the region is not in the projection.
    """
    first = "trend" if "trend" in datasets else next(iter(datasets))
    own = {same_aim(row): row for row in verdicts if row["region"] == region}
    fans = {
        name: fan_of(datasets[name], region, RATE, marks)
        for name in sorted(datasets, key=lambda name: name != first)
    }
    fan = replace(fans[first], targets=target_points(own.values(), RATE))
    with house():
        figure, ax = canvas(WIDTH, max(5.4, 1.9 + 0.66 * len(datasets)), (0.65, 2.4, 0.93, 1.1))
        draw_bands(ax, fan, {band: BLUES[band] for band in WIDE_AND_NARROW})
        lines, ends = [], []
        for color, name in zip(LINE_COLORS * len(datasets), fans, strict=False):
            lines.append(course(fans[name]))
            ax.plot(*lines[-1].T, color=color, lw=2.4 if name == first else 1.8, zorder=4)
            value = float(lines[-1][-1, 1])
            ends.append((value, f"{RATE.exact(value)}  {_two_lines(datasets[name], 29)}", color))
        labels = draw_targets(ax, fan, with_chance=False)
        labels += draw_observations(ax, fan)
        finish(ax, RATE, labels, lines, np.empty((0, 0)))
        end_labels(ax, ends)
        heading(figure, f"{fan.place}: {RATE.name}", both("charts.compare.subtitle"))
        foot(
            figure,
            f"{labelled('charts.lines', both('charts.medians'))}.  {bands_note()}, {fan.scenario}.",
            f"{labelled('charts.compare.red', both('charts.compare.plans'))}.  {method_note()}",
        )
        use_chinese(figure)
    return figure


def _two_lines(ds: xr.Dataset, width: int) -> str:
    """Return a scenario's title in both languages, on lines of their own."""
    en, zh = str(ds.attrs.get("title_en", "")), str(ds.attrs.get("title_zh", ""))
    return f"{shortened(zh, width - 8)}\n{shortened(en, width)}".strip()
