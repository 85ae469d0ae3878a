"""The charts of the explorer's page as plotly reads them: plain data, texts of one language."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..charts.figures import SERIES
from ..charts.style import BLUE, GREY, INK, PART_COLORS, RED
from ..inputs.region import BASE_YEAR
from ..report.wording import Phrases
from ..variables import COMPONENTS, Component
from .state import MEDIAN, SHARES, View

Trace = dict[str, Any]

MEASURES: Final = ("urbanization_rate", "urban_population")
FAMILY: Final = '"Dossier", sans-serif'
# Shares at the ends of a band, how dark it is, and its name.
BANDS: Final = ((0.05, 0.95, 0.16, "js.band"), (0.25, 0.75, 0.26, "js.half"))
_CONFIG: Final = {"displayModeBar": False, "responsive": True}
# Observations that a projection on the census of the base year can be held against.
_COMPARABLE: Final = SERIES[0][0] | SERIES[1][0]
_LEAST_STEP: Final = 1e-3  # between round numbers of an axis, percent or 万
_NOTHING: Final = 0.5  # persons a year: a component below it in all years is not drawn


def fan(
    view: View,
    base: View,
    measure: str,
    marks: Sequence[Mapping[str, object]],
    phrases: Phrases,
) -> dict[str, Any]:
    """What is expected under a state, with the base's median, observations and targets.

    Parameters
    ----------
    view, base : View
    measure : {"urbanization_rate", "urban_population"}
    marks : sequence of mapping
        Of the region, as `run.observation_marks` makes them.
    phrases : Phrases
    """
    say, rate = phrases.say, measure == "urbanization_rate"
    printed = 1.0 if rate else 1e-4
    unit = say("rate" if rate else "wan", value="").replace(" ", "\u00a0")
    key = "rate_range" if rate else "wan_range"
    span = say(key, low="%{customdata:,.1f}", high="%{y:,.1f}")
    values, before = _course(view, measure), _course(base, measure)[:, MEDIAN]
    years = view.years.tolist()
    course = {share: values[:, i].tolist() for i, share in enumerate(SHARES)}
    traces: list[Trace] = []
    for low, high, opacity, key in BANDS:
        edge = {"x": years, "mode": "lines", "line": {"width": 0}}
        traces.append(edge | {"y": course[low], "hoverinfo": "skip"})
        traces.append(
            edge
            | {
                "y": course[high],
                "fill": "tonexty",
                "fillcolor": _faded(BLUE, opacity),
                "name": say(key),
                "customdata": course[low],
                "hovertemplate": f"{say(key)} {span}<extra></extra>",
            }
        )
    traces.append(
        _line(years, before.tolist(), say("explore.base_median"), f"%{{y:,.1f}}{unit}", dash=True)
    )
    median = _line(years, course[0.5], say("explore.your_median"), f"%{{y:,.1f}}{unit}")
    traces.append(median | {"line": {"color": BLUE, "width": 3}})
    traces += _observed([m for m in marks if m["indicator"] == measure], printed, unit, phrases)
    traces += _targets(base, measure, printed, phrases)
    first = min([BASE_YEAR, *(int(str(mark["year"])) for mark in marks)])
    drawn = [*traces, _line(years, _course(base, measure)[:, 0].tolist(), "", "")]
    ends = [value for trace in drawn for value in trace["y"]]
    layout = _layout(
        xaxis={"range": [first - 0.6, years[-1] + 0.6], "nticks": 6},
        yaxis={"range": reach(min(ends), max(ends))},
    )
    return {"data": traces, "layout": layout, "config": _CONFIG}


def fan_legend(
    measure: str, base: View, marks: Sequence[Mapping[str, object]], phrases: Phrases
) -> list[dict[str, str]]:
    """What the signs of a fan stand for; arguments as in `fan`."""
    say = phrases.say
    here = [m for m in marks if m["indicator"] == measure]
    kinds = [
        ("line", BLUE, "explore.your_median", True),
        ("dash", INK, "explore.base_median", True),
        *(("box", _faded(BLUE, 2.0 * opacity), key, True) for *_, opacity, key in reversed(BANDS)),
        ("dot", INK, "js.observed", any(m["vintage"] in _COMPARABLE for m in here)),
        ("ring", GREY, "js.other", any(m["vintage"] not in _COMPARABLE for m in here)),
        ("diamond", RED, "js.target", bool(_targets(base, measure, 1.0, phrases))),
    ]
    return [{"kind": k, "color": c, "text": say(key)} for k, c, key, shown in kinds if shown]


def axis_of(measure: str, phrases: Phrases) -> str:
    """What the axis of a fan counts."""
    unit = phrases.say("in_percent" if measure == "urbanization_rate" else "in_wan")
    return phrases.say(f"indicator.{measure}") + phrases.say("bracketed", text=unit)


def _course(view: View, measure: str) -> NDArray[np.float64]:
    """Quantiles by year as they are shown, percent or 万."""
    return 100.0 * view.rate if measure == "urbanization_rate" else 1e-4 * view.urban


def reach(low: float, high: float) -> list[float]:
    """Ends of an axis that holds all values, on round numbers: it stays while these move a little.

    Examples
    --------
    >>> reach(46.9, 69.6), reach(-0.34, 1.05), reach(3.0, 3.0)
    ([45.0, 70.0], [-0.5, 1.5], [2.999, 3.001])
    """
    rough = max((high - low) / 6.0, _LEAST_STEP)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1.0, 2.0, 5.0, 10.0) if m * power >= rough)
    first, last = math.floor(low / step), math.ceil(high / step)
    if first == last:
        first, last = first - 1, last + 1
    return [round(first * step, 10), round(last * step, 10)]


def growth(view: View, base: View, phrases: Phrases) -> dict[str, Any]:
    """What urban growth consists of year by year, with the net change of the base.

    Parameters
    ----------
    view, base : View
    phrases : Phrases
    """
    say = phrases.say
    years = view.years[1:].tolist()
    hover = f"%{{y:+,.2f}} {say('js.wan')}"
    traces: list[Trace] = [
        {
            "type": "bar",
            "x": years,
            "y": (view.growth[part.name] / 1e4).tolist(),
            "name": say(f"part.{part.name}"),
            "marker": {"color": PART_COLORS[part.name]},
            "hovertemplate": f"{say(f'part.{part.name}')} {hover}<extra></extra>",
        }
        for part in parts_drawn(view, base)
    ]
    for key, one in (("explore.base_net", base), ("js.net", view)):
        net = np.sum([*one.growth.values()], axis=0) / 1e4
        traces.append(_line(years, net.tolist(), say(key), hover, dash=one is base))
    ends = [0.0]
    for one in (view, base):
        parts = np.stack([*one.growth.values()]) / 1e4
        ends += [np.minimum(parts, 0.0).sum(axis=0).min(), np.maximum(parts, 0.0).sum(axis=0).max()]
    layout = _layout(
        barmode="relative",
        bargap=0.25,
        xaxis={"range": [years[0] - 0.6, years[-1] + 0.6], "dtick": 5 if len(years) > 8 else 1},
        yaxis={
            "range": reach(float(min(ends)), float(max(ends))),
            "zeroline": True,
            "zerolinecolor": GREY,
        },
    )
    return {"data": traces, "layout": layout, "config": _CONFIG}


def parts_drawn(view: View, base: View) -> list[Component]:
    """Components of urban growth that there are, under a state or the base."""
    return [
        part
        for part in COMPONENTS
        if max(np.abs(one.growth[part.name]).max() for one in (view, base)) >= _NOTHING
    ]


def growth_legend(view: View, base: View, phrases: Phrases) -> list[dict[str, str]]:
    """What the signs of a chart of growth stand for; arguments as in `growth`."""
    say = phrases.say
    kinds = [
        ("box", PART_COLORS[part.name], f"part.{part.name}") for part in parts_drawn(view, base)
    ]
    kinds += [("line", INK, "js.net"), ("dash", INK, "explore.base_net")]
    return [{"kind": kind, "color": color, "text": say(key)} for kind, color, key in kinds]


def _faded(color: str, opacity: float) -> str:
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def _line(
    years: Sequence[int], values: Sequence[float], name: str, hover: str, *, dash: bool = False
) -> Trace:
    return {
        "x": years,
        "y": values,
        "mode": "lines",
        "name": name,
        "line": {"color": INK, "width": 2, "dash": "dash" if dash else "solid"},
        "hovertemplate": f"{name} {hover}<extra></extra>",
    }


def _observed(
    marks: Sequence[Mapping[str, object]], scale: float, unit: str, phrases: Phrases
) -> list[Trace]:
    traces = []
    for other, key in ((False, "js.observed"), (True, "js.other")):
        here = [mark for mark in marks if (mark["vintage"] not in _COMPARABLE) == other]
        if here:
            name, edge = phrases.say(key), GREY if other else INK
            marker = {
                "color": "#ffffff" if other else INK,
                "size": 8,
                "line": {"color": edge, "width": 1.2},
            }
            traces.append(
                {
                    "x": [mark["year"] for mark in here],
                    "y": [float(str(mark["value"])) * scale for mark in here],
                    "mode": "markers",
                    "name": name,
                    "marker": marker,
                    "hovertemplate": f"{name} %{{y:,.1f}}{unit}<extra></extra>",
                }
            )
    return traces


def _targets(base: View, measure: str, scale: float, phrases: Phrases) -> list[Trace]:
    """Targets with a figure of their own, at most one trace."""
    found = [
        (v.year, v.target * scale, phrases.aim(v))
        for v in base.verdicts
        if v.indicator == measure and v.target is not None and v.relative_to is None
    ]
    if not found:
        return []
    name = phrases.say("js.target")
    marker = {
        "color": RED,
        "symbol": "diamond",
        "size": 11,
        "line": {"color": "white", "width": 1},
    }
    return [
        {
            "x": [year for year, _, _ in found],
            "y": [value for _, value, _ in found],
            "text": [text for _, _, text in found],
            "mode": "markers",
            "name": name,
            "cliponaxis": False,
            "marker": marker,
            "hovertemplate": f"{name} %{{text}}<extra></extra>",
        }
    ]


def _layout(**more: Any) -> dict[str, Any]:
    """The house's looks.

    Legends and the names of axes stand on the page: a chart without them is drawn in half the
    time, and one with fixed ends sooner still.
    """
    axis = {
        "gridcolor": "#e6e6e6",
        "zeroline": False,
        "fixedrange": True,
        "linecolor": GREY,
        "ticks": "outside",
        "tickcolor": GREY,
    }
    return {
        "font": {"family": FAMILY, "size": 13, "color": INK},
        "margin": {"l": 46, "r": 14, "t": 14, "b": 30},
        "hovermode": "x unified",
        "hoverlabel": {"font": {"family": FAMILY, "size": 12}},
        "showlegend": False,
        "paper_bgcolor": "white",
        "plot_bgcolor": "white",
        "dragmode": False,
        "separators": ".,",
        **more,
        "xaxis": {**axis, "tickformat": "d", "hoverformat": "d", **more.get("xaxis", {})},
        "yaxis": {**axis, "tickformat": ",~g", **more.get("yaxis", {})},
    }
