"""Charts of a sweep: what an outcome depends on, and where in the ranges a target is met."""

from __future__ import annotations

from typing import Final

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from ..errors import ScenarioError
from ..texts import bilingual, both, say, text
from .discovery import boxes, pairs
from .labels import apart, labelled, number
from .style import (
    BLUE,
    GREY,
    INK,
    LINE_COLORS,
    Label,
    end_labels,
    house,
    place,
    scales,
    use_chinese,
)
from .sweep_frame import (
    axis_text,
    cut,
    dot,
    framed,
    gain_text,
    index_text,
    key_line,
    left_out_note,
    outcome_of,
    parameter_name,
    parameter_value,
    ranked,
    round_ticks,
    rows,
    scale_of,
    show_all,
    shown_value,
    title_of_outcome,
    varies,
    write_above,
    write_beside,
    write_right,
)

__all__ = ["boxes", "heatmap", "importance", "morris", "over_time", "pairs", "sobol", "tornado"]

Array = NDArray[np.float64]

MOST_LABELS: Final = 12  # points with a number
MOST_LINES: Final = 7  # parameters in colour over the years
LEAST_SHARE: Final = 0.03  # of the largest effect, that a point is named for
MOST_CELLS: Final = 12  # numbers written across a heatmap
ORANGE, PALE = "#c77700", "#c6daea"
LOW_TO_HIGH: Final = LinearSegmentedColormap.from_list(
    "low_to_high", ["#f4f4f0", "#c6daea", "#7fabd0", BLUE, "#123a5c"]
)
# Indices that can be drawn over years, and key of the axis they are on.
OVER_TIME: Final = {
    "ST": "charts.sweep.st",
    "S1": "charts.sweep.s1",
    "mu_star": "charts.sweep.mu_star",
}


def tornado(ds: xr.Dataset, outcome: str) -> Figure:
    """Outcome with each parameter at the ends of its range, the largest effect on top.

    Parameters
    ----------
    ds : Dataset
        Of a one-at-a-time sweep, as `simmodel sweep` writes it.
    outcome : str
        Name of the outcome.
    """
    one = outcome_of(ds, outcome)
    scale = scale_of(one)
    base = scale * one["base"].values
    low, high = scale * one["low"].values, scale * one["high"].values
    order, left_out = ranked(np.maximum(np.abs(low - base), np.abs(high - base)))
    ends = [(_at(ds, j, "low_at"), _at(ds, j, "high_at")) for j in order]
    names = [parameter_name(ds, j) for j in order]
    start = float(base[0])
    notes = [
        f"{labelled('charts.sweep.line', both('charts.sweep.base'))} {shown_value(start, one)}, "
        f"{both('charts.sweep.stands')}.",
        *left_out_note(left_out),
    ]
    if not varies(np.concatenate([low, high, base])):
        notes.insert(0, both("charts.sweep.none_changes"))
    with house():
        title = title_of_outcome(one)
        figure, ax, heights = rows(ds, title, names, notes, right=0.55)
        for y, j, said in zip(heights, order, ends, strict=True):
            # Both ends on one side of the base would hide each other.
            apart = (low[j] - start) * (high[j] - start) > 0.0
            if low[j] == high[j] == start:
                write_beside(ax, start, y, both("charts.sweep.no_effect"), 1, GREY)
            for end, text, color, shift in (
                (low[j], said[0], ORANGE, 0.105),
                (high[j], said[1], BLUE, -0.105),
            ):
                at = y + (shift if apart else 0.0)
                ax.barh(at, end - start, 0.19 if apart else 0.3, start, color=color, zorder=3)
                if end != start:
                    side = 1 if end > start else -1
                    write_beside(ax, end, at, text, side, color)
        ax.axvline(start, color=INK, lw=1.0, zorder=4)
        show_all(ax, np.concatenate([low[order], high[order], [start]]), 0.09)
        ax.set_xlabel(axis_text(one))
        key_line(
            figure,
            ds,
            title,
            [
                (Patch(color=ORANGE), both("charts.sweep.low_end")),
                (Patch(color=BLUE), both("charts.sweep.high_end")),
            ],
        )
        use_chinese(figure)
    return figure


def heatmap(ds: xr.Dataset, outcome: str, across: int = 0, up: int = 1) -> Figure:
    """Outcome over a grid of two parameters; the mean over any others.

    Parameters
    ----------
    ds : Dataset
        Of a grid sweep.
    outcome : str
        Name of the outcome.
    across, up : int
        Which parameters are on the axes.
    """
    one = outcome_of(ds, outcome)
    values = scale_of(one) * one["values"].values
    design = ds["design"].values
    xs, column = np.unique(design[:, across], return_inverse=True)
    ys, row = np.unique(design[:, up], return_inverse=True)
    count = np.zeros((ys.size, xs.size))
    total = np.zeros_like(count)
    np.add.at(count, (row, column), 1.0)
    np.add.at(total, (row, column), values)
    cells = total / count
    notes = []
    if design.shape[1] > 2:
        names = (
            " ".join(str(ds[f"parameter_{language}"].values[j]) for language in ("en", "zh"))
            for j in range(design.shape[1])
            if j not in (across, up)
        )
        notes.append(f"{labelled('charts.sweep.mean_over', '; '.join(names))}.")
    if not varies(cells):
        notes.append(both("charts.sweep.neither_changes"))
    with house():
        title = title_of_outcome(one)
        figure, ax = framed(ds, title, notes, 5.4, left=1.15, right=1.35, gap=0.75, above=0.2)
        image = ax.imshow(cells, LOW_TO_HIGH, origin="lower", aspect="auto")
        few = len(xs) <= MOST_CELLS and len(ys) <= MOST_CELLS
        dark = cells.min() + 0.55 * np.ptp(cells)
        for (i, j), value in np.ndenumerate(cells if few else np.empty((0, 0))):
            color = "white" if value > dark and varies(cells) else INK
            ax.text(j, i, shown_value(value, one, False), ha="center", va="center", color=color)
        for axis, at, k in ((ax.xaxis, xs, across), (ax.yaxis, ys, up)):
            step = -(-len(at) // MOST_CELLS)
            marks = range(0, len(at), step)
            axis.set_ticks(list(marks), [parameter_value(ds, k, float(at[i])) for i in marks])
            axis.set_label_text(parameter_name(ds, k, 64, 1))
        ax.tick_params(length=0)
        bar = figure.colorbar(image, cax=figure.add_axes(_beside(ax, figure)))
        bar.outline.set_visible(False)
        bar.set_label(axis_text(one))
        use_chinese(figure)
    return figure


def morris(ds: xr.Dataset, outcome: str) -> Figure:
    """Mean size and spread of the elementary effects of each parameter.

    Parameters
    ----------
    ds : Dataset
        Of a Morris sweep.
    outcome : str
        Name of the outcome.
    """
    one = outcome_of(ds, outcome)
    mu, star, low, high, sigma = (
        scale_of(one) * one[name].values
        for name in ("mu", "mu_star", "mu_star_low", "mu_star_high", "sigma")
    )
    order = np.argsort(-star, kind="stable")
    named = [j for j in order if star[j] > LEAST_SHARE * star.max()][:MOST_LABELS]
    colors = np.where(mu >= 0.0, BLUE, ORANGE)
    across_text, up_text = (
        bilingual("charts.sweep.morris_across"),
        bilingual("charts.sweep.morris_up"),
    )
    notes = [across_text[0], up_text[0], across_text[1] + up_text[1]]
    if len(named) < len(star):
        fewer = len(star) - len(named)
        notes.append(both("charts.sweep.unnumbered", count=fewer))
    if not star.max() > 0.0:
        notes.insert(0, both("charts.sweep.none_changes"))
    with house():
        title = title_of_outcome(one)
        figure, ax = framed(ds, title, notes, 5.6, left=0.75, right=3.45, gap=0.75, above=0.72)
        top = 1.08 * float(high.max()) or 1.0
        up = max(1.2 * float(sigma.max()), 0.3 * top)
        ax.set(xlim=(-0.03 * top, top), ylim=(-0.05 * up, up))
        reach = min(top, up)
        ax.plot([0, reach], [0, reach], color=GREY, lw=1.0, ls=(0, (4, 3)), zorder=2)
        ax.hlines(sigma, low, high, color=colors, lw=1.3, alpha=0.6, zorder=3)
        ax.scatter(star, sigma, 42, color=colors, ec="white", lw=0.8, zorder=4)
        round_ticks(ax, "x")
        round_ticks(ax, "y")
        gain = gain_text(one)
        ax.set_xlabel(f"{apart('charts.sweep.mean_effect')}\n{gain}")
        write_above(ax, f"{apart('charts.sweep.spread')}: {gain}", -30)
        along = np.linspace(low, high, 7)
        bars = np.column_stack([along.ravel(), np.tile(sigma, 7)])
        numbers = [
            Label(star[j], sigma[j], str(rank), str(colors[j]), 9.5)
            for rank, j in enumerate(named, 1)
        ]
        place(ax, numbers, np.column_stack([star, sigma]), bars)
        for rank, j in enumerate(named, 1):
            said = f"{number(star[j])} ({number(low[j])} to {number(high[j])})"
            english, chinese_ = (
                cut(str(ds[f"parameter_{language}"].values[j]), width, 1)
                for language, width in (("en", 44), ("zh", 22))
            )
            _entry(ax, rank, f"{english}\n{chinese_}  {said}", str(colors[j]))
        key_line(
            figure,
            ds,
            title,
            [
                (dot(BLUE), both("charts.sweep.raises")),
                (dot(ORANGE), both("charts.sweep.lowers")),
            ],
        )
        use_chinese(figure)
    return figure


def sobol(ds: xr.Dataset, outcome: str) -> Figure:
    """First and total order of each parameter with their intervals, the largest total on top.

    Parameters
    ----------
    ds : Dataset
        Of a Sobol' sweep.
    outcome : str
        Name of the outcome.
    """
    one = outcome_of(ds, outcome)
    order, left_out = ranked(np.nan_to_num(one["ST"].values, nan=-np.inf))
    series = (
        ("S1", both("charts.sweep.alone"), "#3f7cb0", INK, 0.125),
        ("ST", both("charts.sweep.total"), PALE, "#666666", -0.125),
    )
    notes = [
        *bilingual("charts.sweep.orders"),
        *_sums(one),
        *left_out_note(left_out),
    ]
    known = bool(np.isfinite(one["ST"].values).any())
    if not known:
        notes = [both("charts.sweep.does_not_vary")]
    with house():
        title = title_of_outcome(one)
        names = [parameter_name(ds, j) for j in order]
        figure, ax, heights = rows(ds, title, names, notes, right=1.75)
        seen = [0.0, 0.1]
        for name, _, color, ink, shift in series if known else ():
            values, low, high = (one[f"{name}{end}"].values for end in ("", "_low", "_high"))
            ax.barh(heights + shift, values[order], 0.23, color=color, zorder=3)
            ax.hlines(heights + shift, low[order], high[order], color=INK, lw=1.1, zorder=4)
            seen += [*values[order], *low[order], *high[order]]
            for y, j in zip(heights, order, strict=True):
                text = f"{index_text(values[j])}  ({index_text(low[j])} to {index_text(high[j])})"
                write_right(ax, y + 1.7 * shift, text, ink)
        show_all(ax, np.array(seen), 0.03)
        ax.axvline(0.0, color=GREY, lw=0.8, zorder=4)
        ax.set_xlabel(apart("charts.sweep.variance_share"))
        key_line(figure, ds, title, [(Patch(color=color), text) for _, text, color, _, _ in series])
        use_chinese(figure)
    return figure


def over_time(
    ds: xr.Dataset, region: str, indicator: str, index: str = "ST", kind: str = "value"
) -> Figure:
    """Index of each parameter over the years of one indicator.

    Parameters
    ----------
    ds : Dataset
        Of a Sobol' or Morris sweep with that indicator in several years.
    region, indicator : str
        Whose outcomes.
    index : {"ST", "S1", "mu_star"}
        Which index.
    kind : {"value", "met"}
        Whether of the figure itself or of its target being met.
    """
    chosen = [
        k
        for k in range(ds.sizes["outcome"])
        if str(ds["outcome_region"].values[k]) == region
        and str(ds["outcome_indicator"].values[k]) == indicator
        and str(ds["outcome_kind"].values[k]) == kind
    ]
    if not chosen:
        raise ScenarioError(
            say("charts.fault.no_outcome_of", region=region, indicator=indicator, kind=kind)
        )
    years = ds["outcome_year"].values[chosen].astype(float)
    part = ds.isel(outcome=np.array(chosen)[np.argsort(years, kind="stable")])
    years = np.sort(years)
    one = part.isel(outcome=-1)
    scale = scale_of(one) if index == "mu_star" else 1.0
    values, low, high = (scale * part[f"{index}{end}"].values for end in ("", "_low", "_high"))
    size = np.nan_to_num(values, nan=-np.inf).max(axis=0)
    order = [j for j in np.argsort(-size, kind="stable") if np.isfinite(size[j])]
    notes = [f"{labelled('charts.bands', both('charts.sweep.the_interval'))}."]
    if len(order) > MOST_LINES:
        fewer = len(order) - MOST_LINES
        notes.append(both("charts.sweep.grey", count=fewer))
    if not order:
        notes = [both("charts.sweep.never_varies")]
    with house():
        title = title_of_outcome(one, f"{years[0]:.0f}–{years[-1]:.0f}")
        figure, ax = framed(ds, title, notes, 5.4, left=0.75, right=3.05, gap=0.45, above=0.45)
        for rank, j in reversed(list(enumerate(order))):
            color = LINE_COLORS[rank] if rank < MOST_LINES else "#c4c4c4"
            marker = "o" if len(years) <= 20 else ""
            ax.plot(years, values[:, j], color=color, lw=1.9, marker=marker, ms=4, zorder=4)
            if rank < MOST_LINES:
                ax.fill_between(years, low[:, j], high[:, j], color=color, alpha=0.10, lw=0)
        drawn = order[:MOST_LINES]
        seen = np.concatenate([[0.0, 0.05], low[:, drawn].ravel(), high[:, drawn].ravel()])
        bottom, top = float(np.nanmin(seen)), float(np.nanmax(seen))
        # Room below, where the names of all that hardly matter are.
        scales(ax, years[0], years[-1], bottom - 0.1 * (top - bottom), top, 0.06)
        end = [(j, _last(values[:, j])) for j in drawn]
        end_labels(
            ax,
            [
                (y, f"{index_text(y)}  {parameter_name(ds, j, 30, 1)}", color)
                for (j, y), color in zip(end, LINE_COLORS, strict=False)
            ],
        )
        unit = text("charts.colon", "zh") + gain_text(one) if index == "mu_star" else ""
        write_above(ax, apart(OVER_TIME[index]) + unit, -30)
        use_chinese(figure)
    return figure


def importance(ds: xr.Dataset, outcome: str) -> Figure:
    """How far parameters differ where the target is met, beside what chance gives.

    Parameters
    ----------
    ds : Dataset
        Of a discovery or Sobol' sweep, with the importance of its parameters.
    outcome : str
        Name of an outcome that is met or not.
    """
    one = outcome_of(ds, outcome)
    values, chance = one["importance"].values, one["importance_chance"].values
    order, left_out = ranked(np.nan_to_num(values, nan=-np.inf))
    notes = [
        *bilingual("charts.sweep.distance"),
        both("charts.sweep.chance"),
        *left_out_note(left_out),
    ]
    if not np.isfinite(values).any():
        notes = [both("charts.sweep.no_run_meets")]
    with house():
        title = title_of_outcome(one)
        names = [parameter_name(ds, j) for j in order]
        figure, ax, heights = rows(ds, title, names, notes, right=0.75)
        matters = values > chance
        if np.isfinite(values).any():
            colors = np.where(matters, BLUE, "#b9b9b9")[order]
            ax.barh(heights, values[order], 0.3, color=colors, zorder=3)
            ax.vlines(chance[order], heights - 0.19, heights + 0.19, color=INK, lw=2.0, zorder=4)
            for y, j in zip(heights, order, strict=True):
                write_right(ax, y, index_text(values[j]), BLUE if matters[j] else GREY)
        show_all(ax, np.concatenate([[0.0, 0.2], np.nan_to_num([values, chance]).ravel()]), 0.03)
        ax.set_xlabel(apart("charts.sweep.importance"))
        key_line(
            figure,
            ds,
            title,
            [
                (Patch(color=BLUE), both("charts.sweep.beyond_chance")),
                (Patch(color="#b9b9b9"), both("charts.sweep.within_chance")),
            ],
        )
        use_chinese(figure)
    return figure


def _at(ds: xr.Dataset, j: int, end: str) -> str:
    return parameter_value(ds, j, float(ds[end].values[j]))


def _sums(one: xr.Dataset) -> list[str]:
    """How much parameters account for alone, and which two most together."""
    alone = float(np.sum(one["S1"].values))
    lines = [labelled("charts.sweep.alone_sum", f"{index_text(alone)} of 1.")]
    if "S2" in one:
        pairs_, low, high = (one[f"S2{end}"].values for end in ("", "_low", "_high"))
        surely = [
            (float(pairs_[j, k]), int(j), int(k)) for j, k in np.argwhere(np.nan_to_num(low) > 0.0)
        ]
        for share, j, k in sorted(surely, reverse=True)[:2]:
            words = [
                " × ".join(str(one[f"parameter_{language}"].values[i]) for i in (j, k))
                for language in ("en", "zh")
            ]
            ends = f"{index_text(share)} ({index_text(low[j, k])} to {index_text(high[j, k])})"
            lines.append(labelled("charts.sweep.together", f"{words[0]} {words[1]} {ends}."))
    return lines


def _entry(ax: Axes, rank: int, text: str, color: str) -> None:
    """Write right of the axes what a number stands for, from the top down."""
    for said, across, align in ((str(rank), 26, "right"), (text, 32, "left")):
        ax.annotate(
            said,
            (1, 1),
            (across, -33.5 * (rank - 1)),
            "axes fraction",
            textcoords="offset points",
            va="top",
            ha=align,
            color=color,
            fontsize=9,
            linespacing=1.15,
        )


def _beside(ax: Axes, figure: Figure) -> tuple[float, float, float, float]:
    """Where a scale of colours goes: a narrow strip right of the axes."""
    box, width = ax.get_position(), float(figure.get_size_inches()[0])
    return (box.x1 + 0.25 / width, box.y0, 0.22 / width, box.height)


def _last(values: Array) -> float:
    return float(values[np.isfinite(values)][-1])
