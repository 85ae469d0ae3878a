"""The charts of the explorer's page as plotly reads them: plain data, texts of one language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from .charts import SERIES
from .dossier_text import Phrases
from .explorer import MEDIAN, SHARES, View
from .fonts import BLUE, GREY, INK, PART_COLORS, RED
from .region import BASE_YEAR
from .variables import COMPONENTS

Trace = dict[str, Any]

MEASURES: Final = ("urbanization_rate", "urban_population")
FAMILY: Final = '"Dossier", sans-serif'
# Shares at the ends of a band, how dark it is, and its name.
BANDS: Final = ((0.05, 0.95, 0.16, "js.band"), (0.25, 0.75, 0.26, "js.half"))
_CONFIG: Final = {"displayModeBar": False, "responsive": True}
# Observations that a projection on the census of the base year can be held against.
_COMPARABLE: Final = SERIES[0][0] | SERIES[1][0]
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
        Of the region, as `simulation.observation_marks` makes them.
    phrases : Phrases
    """
    say, rate = phrases.say, measure == "urbanization_rate"
    scale, printed = (100.0, 1.0) if rate else (1e-4, 1e-4)
    unit = say("rate" if rate else "wan", value="").replace(" ", "\u00a0")
    values = (view.rate if rate else view.urban) * scale
    before = (base.rate if rate else base.urban)[:, MEDIAN] * scale
    years = view.years.tolist()
    course = {share: values[:, i].tolist() for i, share in enumerate(SHARES)}
    traces: list[Trace] = []
    for low, high, opacity, key in BANDS:
        edge = {"x": years, "mode": "lines", "line": {"width": 0}}
        traces.append(edge | {"y": course[low], "showlegend": False, "hoverinfo": "skip"})
        traces.append(
            edge
            | {
                "y": course[high],
                "fill": "tonexty",
                "fillcolor": _faded(BLUE, opacity),
                "name": say(key),
                "customdata": course[low],
                "hovertemplate": f"{say(key)} %{{customdata:,.1f}}{say('js.dash')}"
                f"%{{y:,.1f}}{unit}<extra></extra>",
            }
        )
    traces.append(
        _line(years, before.tolist(), say("explore.base_median"), f"%{{y:,.1f}}{unit}", dash=True)
    )
    median = _line(years, course[0.5], say("explore.your_median"), f"%{{y:,.1f}}{unit}")
    traces.append(median | {"line": {"color": BLUE, "width": 3}})
    traces += _observed([m for m in marks if m["indicator"] == measure], printed, unit, phrases)
    traces += _targets(base, measure, printed, phrases)
    axis = say(f"indicator.{measure}") + say(
        "bracketed", text=say("in_percent" if rate else "in_wan")
    )
    first = min([BASE_YEAR, *(int(str(mark["year"])) for mark in marks)])
    layout = _layout(
        axis,
        # A decade before the base holds few points; where it is narrow, fewer years are named.
        xaxis={"range": [first - 0.6, years[-1] + 0.6], "nticks": 6},
    )
    return {"data": traces, "layout": layout, "config": _CONFIG}


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
        for part in COMPONENTS
        if max(np.abs(one.growth[part.name]).max() for one in (view, base)) >= _NOTHING
    ]
    for key, one in (("explore.base_net", base), ("js.net", view)):
        net = np.sum([*one.growth.values()], axis=0) / 1e4
        traces.append(_line(years, net.tolist(), say(key), hover, dash=one is base))
    layout = _layout(
        say("explore.growth_unit"),
        barmode="relative",
        bargap=0.25,
        xaxis={"dtick": 5 if len(years) > 8 else 1},
        yaxis={"zeroline": True, "zerolinecolor": GREY},
    )
    return {"data": traces, "layout": layout, "config": _CONFIG}


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


def _layout(counted: str, **more: Any) -> dict[str, Any]:
    """The house's looks, with what the axis counts above it."""
    axis = {
        "gridcolor": "#e6e6e6",
        "zeroline": False,
        "fixedrange": True,
        "linecolor": GREY,
        "ticks": "outside",
        "tickcolor": GREY,
    }
    above = {
        "text": counted,
        "xref": "paper",
        "yref": "paper",
        "x": 0,
        "y": 1,
        "xanchor": "left",
        "yanchor": "bottom",
        "yshift": 6,
        "showarrow": False,
        "font": {"size": 12, "color": GREY},
    }
    return {
        "font": {"family": FAMILY, "size": 13, "color": INK},
        "margin": {"l": 46, "r": 14, "t": 30, "b": 36},
        "hovermode": "x unified",
        "hoverlabel": {"font": {"family": FAMILY, "size": 12}},
        "legend": {"orientation": "h", "x": 0, "y": -0.1, "yanchor": "top"},
        "paper_bgcolor": "white",
        "plot_bgcolor": "white",
        "dragmode": False,
        "separators": ".,",
        "annotations": [above],
        **more,
        "xaxis": {**axis, "tickformat": "d", "hoverformat": "d", **more.get("xaxis", {})},
        "yaxis": {**axis, "tickformat": ",~g", **more.get("yaxis", {})},
    }
