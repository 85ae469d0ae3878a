"""Charts of a sweep: what an outcome depends on, and where in the ranges a target is met."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Final

import numpy as np
import xarray as xr
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from .chart_words import MEASURES, number
from .errors import ScenarioError, among, did_you_mean
from .fonts import (
    BLUE,
    GREY,
    INK,
    RED,
    Label,
    canvas,
    end_labels,
    foot,
    house,
    place,
    scales,
    shortened,
    use_chinese,
)

Array = NDArray[np.float64]

WIDTH: Final = 9.4  # inches
LEFT: Final = 2.85  # inches for the names of parameters
NAME: Final = 38  # columns of a name on one line
NAME_LINES: Final = 2  # lines of a name in each language
TITLE, SUBTITLE, FOOT = 76, 104, 126  # columns of a line above and below a chart
TITLE_LINE: Final = 0.27  # inches of a line of the title
ABOVE: Final = 0.62  # inches between the heading and the axes
LINE: Final = 0.19  # inches of a line below a chart
NAME_LINE: Final = 0.165  # inches of a line of a name
MOST_ROWS: Final = 24  # parameters drawn; those of less effect are counted below
MOST_LABELS: Final = 10  # names beside points
MOST_LINES: Final = 7  # parameters in colour over the years
LEAST_SHARE: Final = 0.03  # of the largest effect, that a point is named for
MOST_CELLS: Final = 12  # numbers written across a heatmap
MOST_PAIRED: Final = 4  # parameters in a pair plot
MOST_POINTS: Final = 1000  # runs in each panel of a pair plot

ORANGE, PALE = "#c77700", "#c6daea"
LINES: Final = (BLUE, ORANGE, "#2a7f62", "#8e4585", "#5f5f5f", "#8c4a2f", "#4b4ba8")
LOW_TO_HIGH: Final = LinearSegmentedColormap.from_list(
    "low_to_high", ["#f4f4f0", "#c6daea", "#7fabd0", BLUE, "#123a5c"]
)
# How a box is drawn: the first, and those told after it.
BOXES: Final[tuple[tuple[str, str], ...]] = ((RED, "-"), ("#8e4585", "--"), ("#2a7f62", ":"))
UNITS: Final = {
    "persons": "persons  人",
    "persons/year": "persons a year  人/年",
    "share": "share  占比",
    "ratio": "ratio  比值",
    "years": "years  岁",
}
METHODS: Final = {
    "one_at_a_time": "one at a time 逐一变动",
    "grid": "grid 全组合",
    "morris": "Morris' elementary effects 莫里斯法",
    "sobol": "Sobol' indices 索博尔指数",
    "discovery": "scenario discovery 情景发现",
}
# Indices that can be drawn over years, and the axis they are on.
OVER_TIME: Final = {
    "ST": "share of the variance, with interactions (total order)  方差份额（总阶）",
    "S1": "share of the variance, alone (first order)  方差份额（一阶）",
    "mu_star": "mean size of the effect of the whole range  平均效应大小",
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
    one = _outcome(ds, outcome)
    scale = _scale(one)
    base = scale * one["base"].values
    low, high = scale * one["low"].values, scale * one["high"].values
    order, left_out = _ranked(np.maximum(np.abs(low - base), np.abs(high - base)))
    ends = [(_at(ds, j, "low_at"), _at(ds, j, "high_at")) for j in order]
    names = [_name(ds, j) for j in order]
    start = float(base[0])
    notes = [
        f"Line 竖线: base 基准 {_figure(start, one)}, where the scenario stands 即情景原值.",
        *_left_out(left_out),
    ]
    if not _varies(np.concatenate([low, high, base])):
        notes.insert(0, "No parameter changes this outcome. 各参数均不影响该结果。")
    with house():
        title = _title(one)
        figure, ax, heights = _rows(ds, title, names, notes, right=0.55)
        for y, j, said in zip(heights, order, ends, strict=True):
            # Both ends on one side of the base would hide each other.
            apart = (low[j] - start) * (high[j] - start) > 0.0
            for end, text, color, shift in (
                (low[j], said[0], ORANGE, 0.105),
                (high[j], said[1], BLUE, -0.105),
            ):
                at = y + (shift if apart else 0.0)
                ax.barh(at, end - start, 0.19 if apart else 0.3, start, color=color, zorder=3)
                if end != start:
                    side = 1 if end > start else -1
                    _note(ax, end, at, text, side, color)
        ax.axvline(start, color=INK, lw=1.0, zorder=4)
        _limits(ax, np.concatenate([low[order], high[order], [start]]), 0.09)
        ax.set_xlabel(_axis(one))
        _key(
            figure,
            ds,
            title,
            [
                (Patch(color=ORANGE), "parameter at its low end 参数取低值"),
                (Patch(color=BLUE), "at its high end 取高值"),
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
    one = _outcome(ds, outcome)
    values = _scale(one) * one["values"].values
    design = ds["design"].values
    xs, column = np.unique(design[:, across], return_inverse=True)
    ys, row = np.unique(design[:, up], return_inverse=True)
    count = np.zeros((ys.size, xs.size))
    total = np.zeros_like(count)
    np.add.at(count, (row, column), 1.0)
    np.add.at(total, (row, column), values)
    cells = total / count
    others = design.shape[1] - 2
    notes = (
        [f"Mean over the {others} other parameters. 其余{others}个参数取平均。"] if others else []
    )
    if not _varies(cells):
        notes.append("Neither parameter changes this outcome. 两个参数均不影响该结果。")
    with house():
        title = _title(one)
        figure, ax = _framed(ds, title, notes, 5.4, left=1.15, right=1.75, gap=0.75)
        image = ax.imshow(cells, LOW_TO_HIGH, origin="lower", aspect="auto")
        few = len(xs) <= MOST_CELLS and len(ys) <= MOST_CELLS
        middle = (cells.min() + cells.max()) / 2.0
        for (i, j), value in np.ndenumerate(cells if few else np.empty((0, 0))):
            color = "white" if value > middle and _varies(cells) else INK
            ax.text(j, i, _figure(value, one, False), ha="center", va="center", color=color)
        for axis, at, k in ((ax.xaxis, xs, across), (ax.yaxis, ys, up)):
            step = -(-len(at) // MOST_CELLS)
            marks = range(0, len(at), step)
            axis.set_ticks(list(marks), [_value(ds, k, float(at[i])) for i in marks])
            axis.set_label_text(_name(ds, k))
        ax.tick_params(length=0)
        bar = figure.colorbar(image, cax=figure.add_axes(_beside(ax, figure)))
        bar.outline.set_visible(False)
        bar.set_label(_axis(one))
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
    one = _outcome(ds, outcome)
    mu, star, low, high, sigma = (
        _scale(one) * one[name].values
        for name in ("mu", "mu_star", "mu_star_low", "mu_star_high", "sigma")
    )
    order = np.argsort(-star, kind="stable")
    named = [j for j in order if star[j] > LEAST_SHARE * star.max()][:MOST_LABELS]
    colors = np.where(mu >= 0.0, BLUE, ORANGE)
    notes = [
        "Across: how much the outcome moves, on average, when a parameter goes through its whole "
        "range; bars: the interval. Up: how much that depends on the others.",
        "横轴：参数走完整个区间时结果的平均变动；横线为区间。纵轴：该变动随其他参数取值的差异。",
        "Dashed 虚线: spread as large as the mean effect 差异与平均效应相当.",
    ]
    if len(named) < len(star):
        notes.append(
            f"Without a name: {len(star) - len(named)} parameters of less effect. "
            f"未标名：影响较小的{len(star) - len(named)}个参数。"
        )
    if not star.max() > 0.0:
        notes.insert(0, "No parameter changes this outcome. 各参数均不影响该结果。")
    with house():
        title = _title(one)
        figure, ax = _framed(ds, title, notes, 5.6, left=0.75, right=0.5, gap=0.6)
        top = 1.12 * max(float(high.max()), 1e-12)
        up = max(1.25 * float(sigma.max()), 0.3 * top)
        ax.set(xlim=(-0.02 * top, top), ylim=(-0.04 * up, up))
        reach = min(top, up)
        ax.plot([0, reach], [0, reach], color=GREY, lw=1.0, ls=(0, (4, 3)), zorder=2)
        ax.hlines(sigma, low, high, color=colors, lw=1.3, alpha=0.6, zorder=3)
        ax.scatter(star, sigma, 42, color=colors, ec="white", lw=0.8, zorder=4)
        _ticks(ax, "x")
        _ticks(ax, "y")
        gain = _gain(one)
        ax.set_xlabel(f"mean size of the effect, mu*  平均效应大小：{gain}")
        _above(ax, f"spread of the effect, sigma  效应的差异：{gain}", -30)
        along = np.linspace(low, high, 7)
        bars = np.column_stack([along.ravel(), np.tile(sigma, 7)])
        labels = [Label(star[j], sigma[j], _name(ds, j, 30, 1), str(colors[j]), 9.0) for j in named]
        dashes = np.linspace(0, reach, 60)
        place(
            ax, labels, np.column_stack([star, sigma]), np.vstack([bars, np.array([dashes] * 2).T])
        )
        _key(
            figure,
            ds,
            title,
            [
                (_dot(BLUE), "raises the outcome 使结果上升"),
                (_dot(ORANGE), "lowers it 使结果下降"),
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
    one = _outcome(ds, outcome)
    order, left_out = _ranked(np.nan_to_num(one["ST"].values, nan=-np.inf))
    series = (("S1", "alone 单独（一阶）", BLUE, 0.1), ("ST", "total 总（总阶）", "#7fabd0", -0.1))
    notes = [
        "Alone: share of the variance that a parameter accounts for by itself; total: with all its "
        "interactions. Lines: the interval.",
        "一阶：参数单独解释的方差份额；总阶：含与其他参数的交互作用。细线为区间。",
        *_sums(one),
        *_left_out(left_out),
    ]
    known = bool(np.isfinite(one["ST"].values).any())
    if not known:
        notes = ["This outcome does not vary, so there is nothing to share out. 该结果无变化。"]
    with house():
        title = _title(one)
        figure, ax, heights = _rows(ds, title, [_name(ds, j) for j in order], notes, right=2.6)
        seen = [0.0, 0.1]
        for name, _, color, shift in series if known else ():
            values, low, high = (one[f"{name}{end}"].values for end in ("", "_low", "_high"))
            ax.barh(heights + shift, values[order], 0.18, color=color, zorder=3)
            ax.hlines(heights + shift, low[order], high[order], color=INK, lw=1.1, zorder=4)
            seen += [*values[order], *low[order], *high[order]]
            for y, j in zip(heights, order, strict=True):
                text = f"{_index(values[j])}  ({_index(low[j])} to {_index(high[j])})"
                _column(ax, y + shift, text, color if name == "S1" else "#3f7cb0")
        _limits(ax, np.array(seen), 0.03)
        ax.axvline(0.0, color=GREY, lw=0.8, zorder=4)
        ax.set_xlabel("share of the variance of the outcome  占结果方差的份额")
        _key(figure, ds, title, [(Patch(color=color), text) for _, text, color, _ in series])
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
        raise ScenarioError(f"no outcome of {region} is {indicator} ({kind})")
    years = ds["outcome_year"].values[chosen].astype(float)
    part = ds.isel(outcome=np.array(chosen)[np.argsort(years, kind="stable")])
    years = np.sort(years)
    one = part.isel(outcome=-1)
    scale = _scale(one) if index == "mu_star" else 1.0
    values, low, high = (scale * part[f"{index}{end}"].values for end in ("", "_low", "_high"))
    size = np.nan_to_num(values, nan=-np.inf).max(axis=0)
    order = [j for j in np.argsort(-size, kind="stable") if np.isfinite(size[j])]
    notes = ["Bands 色带: the interval 区间."]
    if len(order) > MOST_LINES:
        fewer = len(order) - MOST_LINES
        notes.append(f"Grey: {fewer} parameters that never matter as much. 灰：其余{fewer}个参数。")
    if not order:
        notes = ["This outcome does not vary in any year. 该结果各年均无变化。"]
    with house():
        title = _title(one, f"{years[0]:.0f}–{years[-1]:.0f}年")
        figure, ax = _framed(ds, title, notes, 5.4, left=0.75, right=3.05, gap=0.45)
        for rank, j in reversed(list(enumerate(order))):
            color = LINES[rank] if rank < MOST_LINES else "#c4c4c4"
            marker = "o" if len(years) <= 20 else ""
            ax.plot(years, values[:, j], color=color, lw=1.9, marker=marker, ms=4, zorder=4)
            if rank < MOST_LINES:
                ax.fill_between(years, low[:, j], high[:, j], color=color, alpha=0.14, lw=0)
        drawn = order[:MOST_LINES]
        seen = np.concatenate([[0.0, 0.05], low[:, drawn].ravel(), high[:, drawn].ravel()])
        scales(ax, years[0], years[-1], float(np.nanmin(seen)), float(np.nanmax(seen)), 0.06)
        end = [(j, _last(values[:, j])) for j in drawn]
        end_labels(
            ax,
            [
                (y, f"{_index(y)}  {_name(ds, j, 30, 1)}", color)
                for (j, y), color in zip(end, LINES, strict=False)
            ],
        )
        unit = f"：{_gain(one)}" if index == "mu_star" else ""
        _above(ax, OVER_TIME[index] + unit, -30)
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
    one = _outcome(ds, outcome)
    values, chance = one["importance"].values, one["importance_chance"].values
    order, left_out = _ranked(np.nan_to_num(values, nan=-np.inf))
    notes = [
        "Distance between a parameter's values where the target is met and all its values "
        "(Kolmogorov-Smirnov), 0 to 1.",
        "达到目标的情形与全部情形之间，参数分布的距离（柯尔莫哥洛夫–斯米尔诺夫），0至1。",
        "Black mark: what a parameter without influence exceeds once in twenty. "
        "黑线：无影响的参数二十次中有一次超过。",
        *_left_out(left_out),
    ]
    if not np.isfinite(values).any():
        notes = ["No run meets the target. 没有情形达到目标。"]
    with house():
        title = _title(one)
        figure, ax, heights = _rows(ds, title, [_name(ds, j) for j in order], notes, right=0.75)
        matters = values > chance
        if np.isfinite(values).any():
            colors = np.where(matters, BLUE, "#b9b9b9")[order]
            ax.barh(heights, values[order], 0.3, color=colors, zorder=3)
            ax.vlines(chance[order], heights - 0.19, heights + 0.19, color=INK, lw=2.0, zorder=4)
            for y, j in zip(heights, order, strict=True):
                _column(ax, y, _index(values[j]), BLUE if matters[j] else GREY)
        _limits(ax, np.concatenate([[0.0, 0.2], np.nan_to_num([values, chance]).ravel()]), 0.03)
        ax.set_xlabel("importance given that the target is met  达到目标情形下的重要性")
        _key(
            figure,
            ds,
            title,
            [
                (Patch(color=BLUE), "more than chance 超过偶然"),
                (Patch(color="#b9b9b9"), "no more than chance 未超过偶然"),
            ],
        )
        use_chinese(figure)
    return figure


def boxes(ds: xr.Dataset, outcome: str) -> Figure:
    """Ranges within which the target is mostly met: each box with its limits and its measures.

    Parameters
    ----------
    ds : Dataset
        Of a discovery sweep.
    outcome : str
        Name of an outcome that is met or not.
    """
    one = _outcome(ds, outcome)
    told = [i for i in range(ds.sizes["box"]) if np.isfinite(one["density"].values[i])]
    lines: list[tuple[int, int | None]] = []  # of each row: its box, and parameter or none
    for i in told:
        lines += [(i, None), *((i, j) for j in _limited(one, i))]
    notes = [
        "Density: of the cases in the box, those that meet the target. Coverage: of the cases that "
        "meet it, those in the box. Mass: of all cases, those in the box.",
        "密度：箱内达标的比例；覆盖：达标情形落入箱内的比例；占比：全部情形落入箱内的比例。",
        *(["A later box leaves out those before. 后面的箱不含前面的箱。"] if len(told) > 1 else []),
    ]
    for i in told:
        for language in ("sentence_en", "sentence_zh"):
            if language in one:
                notes += [str(one[language].values[i])]
    names = [_measures(one, i) if j is None else _name(ds, j) for i, j in lines]
    with house():
        title = _title(one)
        figure, ax, heights = _rows(ds, title, names, notes, right=1.5)
        ax.set(xlim=(0.0, 1.0), xticks=[])
        ax.set_yticks(
            [y for y, (_, j) in zip(heights, lines, strict=True) if j is not None],
            [name for name, (_, j) in zip(names, lines, strict=True) if j is not None],
        )
        ax.spines["bottom"].set_visible(False)
        for y, (i, j), name in zip(heights, lines, names, strict=True):
            if j is None:
                text = ax.annotate(
                    name,
                    (0, y),
                    (-LEFT * 72 + 11, 0),
                    ("axes fraction", "data"),
                    textcoords="offset points",
                    va="center",
                    color=BOXES[i % len(BOXES)][0],
                    fontsize=11,
                )
                text.set_linespacing(1.2)
                continue
            _range(ax, ds, one, y, i, j)
        use_chinese(figure)
    return figure


def pairs(ds: xr.Dataset, outcome: str) -> Figure:
    """Runs that meet the target and runs that do not, by the parameters of the boxes two by two.

    Parameters
    ----------
    ds : Dataset
        Of a discovery sweep.
    outcome : str
        Name of an outcome that is met or not.
    """
    one = _outcome(ds, outcome)
    shown = _paired(one)
    met = one["values"].values[:MOST_POINTS] >= 0.5
    told = [i for i in range(ds.sizes["box"]) if np.isfinite(one["density"].values[i])]
    told = [i for i in told if _limited(one, i)]
    runs = ds.sizes["run"]
    notes = []
    if runs > len(met):
        notes.append(f"{len(met):,} of {runs:,} runs are drawn. 共{runs:,}次，画出{len(met):,}次。")
    if not told:
        notes.append("No box: no part of the ranges stands out. 没有哪个参数区间明显更有利。")
    with house():
        title = _title(one)
        size = max(len(shown) - 1, 1)
        across = (WIDTH - 1.3) / size
        deep = min(across, 3.4) if size > 1 else 5.2
        figure, ax = _framed(ds, title, notes, deep * size, left=1.0, right=0.3, gap=0.75)
        box = ax.get_position()
        ax.remove()
        for column, row in combinations(range(len(shown)), 2):
            panel = figure.add_axes(
                (
                    box.x0 + box.width * (column + 0.04) / size,
                    box.y1 - box.height * (row - 0.04) / size,
                    box.width * 0.9 / size,
                    box.height * 0.9 / size,
                )
            )
            _panel(panel, ds, one, met, told, shown[column], shown[row])
            if row == len(shown) - 1:
                panel.set_xlabel(_name(ds, shown[column], int(12 * across), 1))
            else:
                panel.tick_params(labelbottom=False)
            if column == 0:
                panel.set_ylabel(_name(ds, shown[row], int(12 * deep), 1))
            else:
                panel.tick_params(labelleft=False)
        key: list[tuple[Artist, str]] = [
            (_dot(BLUE), "meets the target 达到"),
            (_dot("#c9c9c9"), "does not 未达到"),
        ]
        for i in told:
            color, dashes = BOXES[i % len(BOXES)]
            key.append((Line2D([], [], color=color, ls=dashes), f"box {i + 1} 箱{i + 1}"))
        _key(figure, ds, title, key)
        use_chinese(figure)
    return figure


# What is said of an outcome and of a parameter.


def _outcome(ds: xr.Dataset, outcome: str) -> xr.Dataset:
    known = [str(name) for name in ds["outcome"].values]
    if outcome not in known:
        raise ScenarioError(
            f"outcome {outcome} is not in this sweep; allowed {among(known)}"
            f"{did_you_mean(outcome, known)}"
        )
    return ds.isel(outcome=known.index(outcome))


def _text(one: xr.Dataset, name: str) -> str:
    return str(one[name].item()) if name in one.coords else ""


def _met(one: xr.Dataset) -> bool:
    return _text(one, "outcome_kind") == "met"


def _scale(one: xr.Dataset) -> float:
    """From the unit of the Dataset to that shown."""
    if _met(one):
        return 100.0
    measure = MEASURES.get(_text(one, "outcome_indicator"))
    return measure.scale if measure else 1.0


def _axis(one: xr.Dataset) -> str:
    if _met(one):
        return "of 100 draws, those that meet the target  每百次模拟中达到目标的次数"
    indicator, units = _text(one, "outcome_indicator"), _text(one, "outcome_units")
    if indicator in MEASURES:
        return MEASURES[indicator].axis
    return UNITS.get(units, units)


def _gain(one: xr.Dataset) -> str:
    """Unit of a difference."""
    if _met(one):
        return "draws of 100  每百次中的次数"
    if _text(one, "outcome_indicator") == "urbanization_rate":
        return "percentage points  百分点"
    return _axis(one)


def _title(one: xr.Dataset, when: str = "") -> str:
    indicator = _text(one, "outcome_indicator")
    name = MEASURES[indicator].name if indicator in MEASURES else indicator.replace("_", " ")
    where = f"{_text(one, 'place_zh')} {_text(one, 'place_en')}".strip()
    when = when or f"{int(one['outcome_year'].item())}年"
    target = ", target met 达到目标" if _met(one) else ""
    return shortened(f"{where}: {name}{target}, {when}", TITLE)


def _figure(value: float, one: xr.Dataset, unit: bool = True) -> str:
    """An outcome's value as shown."""
    if _met(one):
        return f"{value:.0f}"
    measure = MEASURES.get(_text(one, "outcome_indicator"))
    if measure is None:
        return number(value)
    return f"{value:,.2f}{measure.unit if unit else ''}".replace("-", "−")


def _index(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:z.2f}".replace("-", "−")


def _name(ds: xr.Dataset, j: int, width: int = NAME, lines: int = NAME_LINES) -> str:
    """A parameter in English, and below in Chinese."""
    said = (str(ds[f"parameter_{language}"].values[j]) for language in ("en", "zh"))
    return "\n".join(_cut(text, width, lines) for text in said)


def _cut(text: str, width: int, most: int) -> str:
    lines = shortened(text, width).split("\n")
    return "\n".join(lines[:most]) + ("…" if len(lines) > most else "")


def _yes_no(ds: xr.Dataset, j: int) -> bool:
    return str(ds["parameter"].values[j]).startswith("programmes.")


def _value(ds: xr.Dataset, j: int, value: float) -> str:
    """A parameter's value as shown."""
    if _yes_no(ds, j):
        return "yes 是" if value > 0.0 else "no 否"
    return number(value)


def _at(ds: xr.Dataset, j: int, end: str) -> str:
    return _value(ds, j, float(ds[end].values[j]))


def _ranked(size: Array) -> tuple[NDArray[np.intp], int]:
    """Parameters by size, the largest first; how many are left out."""
    order = np.argsort(-size, kind="stable")
    return order[:MOST_ROWS], max(len(order) - MOST_ROWS, 0)


def _left_out(count: int) -> list[str]:
    if not count:
        return []
    return [
        f"Not drawn: {count} parameters of less effect, in indices.csv. 另有{count}个参数影响更小。"
    ]


def _sums(one: xr.Dataset) -> list[str]:
    """How much parameters account for alone, and which two most together."""
    alone = float(np.sum(one["S1"].values))
    lines = [f"Alone, all together 一阶合计: {_index(alone)} of 1."]
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
            ends = f"{_index(share)} ({_index(low[j, k])} to {_index(high[j, k])})"
            lines.append(f"Together beyond that 交互作用: {words[0]} {words[1]} {ends}.")
    return lines


def _measures(one: xr.Dataset, i: int) -> str:
    parts = [
        (english, chinese_, float(one[name].values[i]))
        for name, english, chinese_ in (
            ("density", "density", "密度"),
            ("coverage", "coverage", "覆盖"),
            ("mass", "mass", "占比"),
        )
    ]
    said = "   ".join(
        f"{en} {zh} {'–' if np.isnan(value) else f'{100 * value:.0f} %'}" for en, zh, value in parts
    )
    if not _limited(one, i):
        return f"all cases 全部情形:   {said}"
    return f"box {i + 1} 箱{i + 1}:   {said}"


# Frames.


def _framed(
    ds: xr.Dataset,
    title: str,
    notes: Sequence[str],
    height: float,
    left: float,
    right: float,
    gap: float,
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
    left, right, gap : float
        Beside the axes, and between them and the notes, in inches.
    """
    below = [part for line in [*notes, *_made(ds)] for part in shortened(line, FOOT).split("\n")]
    top = _headed(ds, title) + ABOVE
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


def _rows(
    ds: xr.Dataset, title: str, names: Sequence[str], notes: Sequence[str], right: float
) -> tuple[Figure, Axes, Array]:
    """A figure with a row for each name, the first on top; the heights of the rows.

    Heights are in units of 0.45 inches, whatever the number of rows.
    """
    lines = max((name.count("\n") + 1 for name in names), default=1)
    step = max(NAME_LINE * lines + 0.1, 0.45)
    figure, ax = _framed(ds, title, notes, step * max(len(names), 1), LEFT, right, gap=0.65)
    apart = step / 0.45
    heights = apart * np.arange(len(names), dtype=float)[::-1]
    ax.set_ylim(-0.5 * apart, (max(len(names), 1) - 0.5) * apart)
    ax.set_yticks(heights, names, linespacing=1.05)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    return figure, ax, heights


def _both(ds: xr.Dataset) -> str:
    """The title of the sweep in both languages."""
    both = f"{ds.attrs.get('title_en', '')} {ds.attrs.get('title_zh', '')}".strip()
    return shortened(both, SUBTITLE)


def _headed(ds: xr.Dataset, title: str) -> float:
    """Inches that title and subtitle take."""
    return 0.24 + TITLE_LINE * (title.count("\n") + 1) + 0.22 * (_both(ds).count("\n") + 1)


def _made(ds: xr.Dataset) -> list[str]:
    """What made the chart: method, runs, what is held, and the interval."""
    attrs: Mapping[str, object] = ds.attrs
    method = str(attrs.get("method", ""))
    runs = int(ds.sizes["run"])
    ensemble = str(attrs.get("ensemble", ""))
    held = {"median parameters": "median parameters 其余参数取中位数"}.get(ensemble, ensemble)
    if ensemble.startswith("mean of"):
        draws = "".join(filter(str.isdigit, ensemble))
        held = f"{ensemble} {draws}次抽样的平均"
    said = [f"{METHODS.get(method, method)}, {runs:,} runs 次", f"at {held}" if held else ""]
    interval = str(attrs.get("interval", ""))
    if interval and method in ("sobol", "morris"):
        said.append(f"interval 区间: {interval}")
    return ["; ".join(filter(None, said)) + "."]


def _key(figure: Figure, ds: xr.Dataset, title: str, key: Sequence[tuple[Artist, str]]) -> None:
    """Say between heading and axes what the colours are."""
    height = float(figure.get_size_inches()[1])
    figure.legend(
        [artist for artist, _ in key],
        [text for _, text in key],
        loc="upper left",
        bbox_to_anchor=(0.0, 1 - (_headed(ds, title) - 0.03) / height),
        ncols=len(key),
        frameon=False,
        columnspacing=1.5,
        handlelength=1.2,
        handletextpad=0.5,
        fontsize=9.5,
    )


def _dot(color: str) -> Line2D:
    return Line2D([], [], color=color, ls="", marker="o", ms=6, mec="white")


def _ticks(ax: Axes, which: str) -> None:
    """Set ticks at round values within an axis, each with a line across."""
    axis, limits = (ax.xaxis, ax.get_xlim()) if which == "x" else (ax.yaxis, ax.get_ylim())
    values = MaxNLocator(7, steps=[1, 2, 5, 10]).tick_values(*limits)
    inside = [value for value in values if limits[0] <= value <= limits[1]]
    axis.set_ticks(inside, [f"{value:,.6g}".replace("-", "−") for value in inside])
    axis.grid(True, color="#e6e6e6", lw=0.7)
    ax.set_axisbelow(True)


def _limits(ax: Axes, seen: Array, room: float) -> None:
    """Show all values across, with some room at both ends."""
    low, high = float(np.nanmin(seen)), float(np.nanmax(seen))
    wide = high - low if _varies(seen) else max(abs(high), 1.0) * 0.2
    start = low if low == 0.0 else low - room * wide
    ax.set_xlim(start - (0.0 if _varies(seen) else wide), high + max(room * wide, 1e-12))
    if not _varies(seen):
        ax.set_xlim(high - wide, high + wide)
    _ticks(ax, "x")


def _above(ax: Axes, text: str, across: float) -> None:
    """Write above the left end of the axes, moved across by some points."""
    ax.annotate(text, (0, 1), (across, 8), "axes fraction", textcoords="offset points", fontsize=9)


def _column(ax: Axes, y: float, text: str, color: str) -> None:
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


def _note(ax: Axes, x: float, y: float, text: str, side: int, color: str) -> None:
    """Write beside the end of a bar, to the right or the left of it."""
    ax.annotate(
        text,
        (x, y),
        (4 * side, 0),
        textcoords="offset points",
        ha="left" if side > 0 else "right",
        va="center",
        color=color,
        fontsize=8.5,
    )


def _beside(ax: Axes, figure: Figure) -> tuple[float, float, float, float]:
    """Where a scale of colours goes: a narrow strip right of the axes."""
    box, width = ax.get_position(), float(figure.get_size_inches()[0])
    return (box.x1 + 0.25 / width, box.y0, 0.22 / width, box.height)


def _varies(values: Array) -> bool:
    """Whether values differ by more than rounding."""
    return bool(np.nanmax(values) - np.nanmin(values) > 1e-12 * np.nanmax(np.abs(values)))


def _last(values: Array) -> float:
    return float(values[np.isfinite(values)][-1])


# Boxes.


def _limited(one: xr.Dataset, i: int) -> list[int]:
    """Parameters that a box limits."""
    ends = np.stack([one["box_low"].values[i], one["box_high"].values[i]])
    return [int(j) for j in np.flatnonzero(np.isfinite(ends).any(axis=0))]


def _paired(one: xr.Dataset) -> list[int]:
    """Parameters of a pair plot: those of the boxes, then those of the most importance."""
    boxed = [j for i in range(one.sizes["box"]) for j in _limited(one, i)]
    weight = np.nan_to_num(one["importance"].values) if "importance" in one else np.zeros(0)
    others = np.argsort(-weight, kind="stable") if weight.size else range(one.sizes["parameter"])
    order = list(dict.fromkeys([*boxed, *(int(j) for j in others)]))
    wanted = min(max(len(set(boxed)), 2), MOST_PAIRED)
    if len(order) < 2:
        raise ScenarioError("a pair plot needs two parameters; found 1")
    return order[:wanted]


def _ends(one: xr.Dataset, i: int, j: int, low: float, high: float) -> tuple[float, float]:
    """Limits of a box, or those given where there is none."""
    ends = float(one["box_low"].values[i, j]), float(one["box_high"].values[i, j])
    return low if np.isnan(ends[0]) else ends[0], high if np.isnan(ends[1]) else ends[1]


def _discrete(values: Array) -> Array:
    """The choices a parameter was given; none for a range."""
    found = np.unique(values)
    return found if len(found) <= min(MOST_CELLS, len(values) // 4) else np.empty(0)


def _range(ax: Axes, ds: xr.Dataset, one: xr.Dataset, y: float, i: int, j: int) -> None:
    """Draw one limit of a box: all of the parameter's range, and what of it is in the box."""
    values = ds["design"].values[:, j]
    low, high = float(values.min()), float(values.max())
    start, end = _ends(one, i, j, low, high)

    def share(value: float | Array) -> Array:
        return 0.08 + 0.84 * (np.asarray(value) - low) / (high - low)

    color = BOXES[i % len(BOXES)][0]
    choices = _discrete(values)
    ax.plot(share(np.array([low, high])), [y, y], color="#dcdcdc", lw=5, solid_capstyle="butt")
    if choices.size:
        inside = (choices >= start) & (choices <= end)
        at = share(choices)
        ax.scatter(at, np.full(at.shape, y), 64, np.where(inside, color, "#c9c9c9"), zorder=4)
        for x, choice in zip(at, choices, strict=True):
            said = _value(ds, j, float(choice))
            ax.annotate(
                said, (float(x), y), (0, 8), textcoords="offset points", ha="center", fontsize=8.5
            )
        return
    ax.plot(share(np.array([start, end])), [y, y], color=color, lw=8, solid_capstyle="butt")
    for value, x, side in ((low, 0.08, "right"), (high, 0.92, "left")):
        ax.annotate(
            _value(ds, j, value),
            (x, y),
            (6 if side == "left" else -6, 0),
            textcoords="offset points",
            ha=side,
            va="center",
            color=GREY,
            fontsize=8.5,
        )
    wide = end - start > 0.12 * (high - low)
    for value, bound, side in ((start, low, "left"), (end, high, "right")):
        if value != bound:
            ax.annotate(
                _value(ds, j, value),
                (float(share(value)), y),
                (0, 7),
                textcoords="offset points",
                ha=side if wide else ("right" if side == "left" else "left"),
                color=color,
                fontsize=9,
            )


def _panel(
    ax: Axes,
    ds: xr.Dataset,
    one: xr.Dataset,
    met: NDArray[np.bool_],
    told: Iterable[int],
    across: int,
    up: int,
) -> None:
    """Draw the runs by two parameters, with the boxes."""
    limits = []
    points = []
    for j in (across, up):
        values = ds["design"].values[:, j]
        choices = _discrete(values)
        # Runs of a choice are moved apart a little, to be seen.
        room = 0.5 * float(np.diff(choices).min()) if choices.size else 0.0
        shift = 1.3 * room * (0.618034 * (1 + j) * np.arange(len(met)) % 1.0 - 0.5)
        points.append(values[: len(met)] + shift)
        edge = max(room, 0.03 * float(np.ptp(values)))
        limits.append((float(values.min()) - edge, float(values.max()) + edge))
    x, y = points
    ax.scatter(x[~met], y[~met], 7, color="#c9c9c9", lw=0, zorder=2)
    ax.scatter(x[met], y[met], 9, color=BLUE, lw=0, zorder=3)
    ax.set(xlim=limits[0], ylim=limits[1])
    for i in told:
        color, dashes = BOXES[i % len(BOXES)]
        (left, right), (low, high) = (
            _drawn(ds, one, i, j, limit) for j, limit in zip((across, up), limits, strict=True)
        )
        ax.add_patch(
            Rectangle(
                (left, low),
                right - left,
                high - low,
                fill=False,
                ec=color,
                ls=dashes,
                lw=1.8,
                zorder=5,
            )
        )
    for axis, j in ((ax.xaxis, across), (ax.yaxis, up)):
        choices = _discrete(ds["design"].values[:, j])
        if choices.size:
            axis.set_ticks(choices.tolist(), [_value(ds, j, float(v)) for v in choices])
        else:
            axis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
            axis.set_major_formatter(lambda value, _: number(value))


def _drawn(
    ds: xr.Dataset, one: xr.Dataset, i: int, j: int, limit: tuple[float, float]
) -> tuple[float, float]:
    """Ends of a box on an axis: choices have room around them."""
    choices = _discrete(ds["design"].values[:, j])
    room = 0.45 * float(np.diff(choices).min()) if choices.size else 0.0
    low, high = _ends(one, i, j, np.nan, np.nan)
    edge = 0.012 * (limit[1] - limit[0])
    start = limit[0] + edge if np.isnan(low) else low - room
    end = limit[1] - edge if np.isnan(high) else high + room
    return start, end
