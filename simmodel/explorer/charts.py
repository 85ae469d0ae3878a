"""The charts of the explorer's page as plotly reads them: plain data, texts of one language."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from ..charts.fan import WIDE_AND_NARROW, Fan, ObservedPoint, TargetPoint, observed_point
from ..charts.labels import DISPLAYS
from ..charts.style import BLUE, GREY, INK, PART_COLORS, RED
from ..inputs.region import BASE_YEAR
from ..report.wording import Phrases
from ..variables import COMPONENTS, WAN, Component
from .explorer import SHARES, Results

Trace = dict[str, Any]

MEASURES: Final = ("urbanization_rate", "urban_population")
FAMILY: Final = '"Dossier", sans-serif'
# Of each band, how dark it is, and its name.
BANDS: Final = tuple(
    zip(WIDE_AND_NARROW, (0.16, 0.26), ("report.js.band", "report.js.half"), strict=True)
)
_CONFIG: Final = {"displayModeBar": False, "responsive": True}
_LEAST_STEP: Final = 1e-3  # between round numbers of an axis, percent or 10,000 persons
_NOTHING: Final = 0.5  # persons a year: a component below it in all years is not drawn


def fan(
    view: Results,
    base: Results,
    measure: str,
    marks: Sequence[Mapping[str, object]],
    phrases: Phrases,
) -> dict[str, Any]:
    """What is expected under a state, with the base's median, observations and targets.

    Parameters
    ----------
    view, base : Results
    measure : {"urbanization_rate", "urban_population"}
    marks : sequence of mapping
        Of the region, as `run.observation_marks` makes them.
    phrases : Phrases
    """
    say, rate = phrases.say, measure == "urbanization_rate"
    unit = say("report.rate" if rate else "report.wan", value="").replace(" ", "\u00a0")
    span = say(
        "report.rate_range" if rate else "report.wan_range",
        low="%{customdata:,.1f}",
        high="%{y:,.1f}",
    )
    shown, before = (
        _fan(view, measure, marks),
        _fan(base, measure, targets=_targets(base, measure, phrases)),
    )
    years = shown.years.tolist()
    course = {level: values.tolist() for level, values in shown.quantiles.items()}
    traces: list[Trace] = []
    for (low, high), opacity, key in BANDS:
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
        _line(
            years,
            before.median.tolist(),
            say("explorer.base_median"),
            f"%{{y:,.1f}}{unit}",
            dash=True,
        )
    )
    median = _line(years, course[0.5], say("explorer.your_median"), f"%{{y:,.1f}}{unit}")
    traces.append(median | {"line": {"color": BLUE, "width": 3}})
    traces += _observed(shown.observations, unit, phrases)
    traces += _aimed(before.targets, phrases)
    first = min([BASE_YEAR, *(int(str(mark["year"])) for mark in marks)])
    lowest = before.quantiles[BANDS[0][0][0]].tolist()
    ends = [value for trace in traces for value in trace["y"]] + lowest
    layout = _layout(
        xaxis={"range": [first - 0.6, years[-1] + 0.6], "nticks": 6},
        yaxis={"range": axis_range(min(ends), max(ends))},
    )
    return {"data": traces, "layout": layout, "config": _CONFIG}


def fan_legend(
    measure: str, base: Results, marks: Sequence[Mapping[str, object]], phrases: Phrases
) -> list[dict[str, str]]:
    """What the signs of a fan stand for; arguments as in `fan`."""
    say = phrases.say
    shown = _fan(base, measure, marks, _targets(base, measure, phrases))
    comparable = [point.comparable for point in shown.observations]
    kinds = [
        ("line", BLUE, "explorer.your_median", True),
        ("dash", INK, "explorer.base_median", True),
        *(("box", _faded(BLUE, 2.0 * opacity), key, True) for *_, opacity, key in reversed(BANDS)),
        ("dot", INK, "report.js.observed", any(comparable)),
        ("ring", GREY, "report.js.other", not all(comparable)),
        ("diamond", RED, "report.js.target", bool(shown.targets)),
    ]
    return [{"kind": k, "color": c, "text": say(key)} for k, c, key, shown in kinds if shown]


def axis_of(measure: str, phrases: Phrases) -> str:
    """What the axis of a fan counts."""
    unit = phrases.say("report.in_percent" if measure == "urbanization_rate" else "report.in_wan")
    return phrases.say(f"indicators.{measure}") + phrases.say("report.bracketed", text=unit)


def _fan(
    view: Results,
    measure: str,
    marks: Sequence[Mapping[str, object]] = (),
    targets: Sequence[TargetPoint] = (),
) -> Fan:
    """Describe what is drawn of a state."""
    display = DISPLAYS[measure]
    values = display.scale * (view.rate if measure == "urbanization_rate" else view.urban)
    return Fan(
        display,
        view.years,
        {share: values[:, i] for i, share in enumerate(SHARES)},
        tuple(observed_point(mark, display) for mark in marks if mark["indicator"] == measure),
        tuple(targets),
    )


def _targets(base: Results, measure: str, phrases: Phrases) -> list[TargetPoint]:
    """Targets with a figure of their own."""
    printed = DISPLAYS[measure].printed
    return [
        TargetPoint(v.year, v.target * printed, v.comparison, phrases.aim(v))
        for v in base.verdicts
        if v.indicator == measure and v.target is not None and v.relative_to is None
    ]


def axis_range(low: float, high: float) -> list[float]:
    """Ends of an axis that holds all values, on round numbers: it stays while these move a little.

    Examples
    --------
    >>> axis_range(46.9, 69.6), axis_range(-0.34, 1.05), axis_range(3.0, 3.0)
    ([45.0, 70.0], [-0.5, 1.5], [2.999, 3.001])
    """
    rough = max((high - low) / 6.0, _LEAST_STEP)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1.0, 2.0, 5.0, 10.0) if m * power >= rough)
    first, last = math.floor(low / step), math.ceil(high / step)
    if first == last:
        first, last = first - 1, last + 1
    return [round(first * step, 10), round(last * step, 10)]


def growth(view: Results, base: Results, phrases: Phrases) -> dict[str, Any]:
    """What urban growth consists of year by year, with the net change of the base.

    Parameters
    ----------
    view, base : Results
    phrases : Phrases
    """
    say = phrases.say
    years = view.years[1:].tolist()
    hover = f"%{{y:+,.2f}} {say('report.js.wan')}"
    traces: list[Trace] = [
        {
            "type": "bar",
            "x": years,
            "y": (view.growth[part.name] / WAN).tolist(),
            "name": say(f"charts.component.{part.name}"),
            "marker": {"color": PART_COLORS[part.name]},
            "hovertemplate": f"{say(f'charts.component.{part.name}')} {hover}<extra></extra>",
        }
        for part in parts_drawn(view, base)
    ]
    for key, one in (("explorer.base_net", base), ("report.js.net", view)):
        net = np.sum([*one.growth.values()], axis=0) / WAN
        traces.append(_line(years, net.tolist(), say(key), hover, dash=one is base))
    ends = [0.0]
    for one in (view, base):
        parts = np.stack([*one.growth.values()]) / WAN
        ends += [np.minimum(parts, 0.0).sum(axis=0).min(), np.maximum(parts, 0.0).sum(axis=0).max()]
    layout = _layout(
        barmode="relative",
        bargap=0.25,
        xaxis={"range": [years[0] - 0.6, years[-1] + 0.6], "dtick": 5 if len(years) > 8 else 1},
        yaxis={
            "range": axis_range(float(min(ends)), float(max(ends))),
            "zeroline": True,
            "zerolinecolor": GREY,
        },
    )
    return {"data": traces, "layout": layout, "config": _CONFIG}


def parts_drawn(view: Results, base: Results) -> list[Component]:
    """Components of urban growth that there are, under a state or the base."""
    return [
        part
        for part in COMPONENTS
        if max(np.abs(one.growth[part.name]).max() for one in (view, base)) >= _NOTHING
    ]


def growth_legend(view: Results, base: Results, phrases: Phrases) -> list[dict[str, str]]:
    """What the signs of a chart of growth stand for; arguments as in `growth`."""
    say = phrases.say
    kinds = [
        ("box", PART_COLORS[part.name], f"charts.component.{part.name}")
        for part in parts_drawn(view, base)
    ]
    kinds += [("line", INK, "report.js.net"), ("dash", INK, "explorer.base_net")]
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


def _observed(points: Sequence[ObservedPoint], unit: str, phrases: Phrases) -> list[Trace]:
    traces = []
    for comparable, key in ((True, "report.js.observed"), (False, "report.js.other")):
        here = [point for point in points if point.comparable == comparable]
        if here:
            name, edge = phrases.say(key), INK if comparable else GREY
            marker = {
                "color": INK if comparable else "#ffffff",
                "size": 8,
                "line": {"color": edge, "width": 1.2},
            }
            traces.append(
                {
                    "x": [point.year for point in here],
                    "y": [point.value for point in here],
                    "mode": "markers",
                    "name": name,
                    "marker": marker,
                    "hovertemplate": f"{name} %{{y:,.1f}}{unit}<extra></extra>",
                }
            )
    return traces


def _aimed(targets: Sequence[TargetPoint], phrases: Phrases) -> list[Trace]:
    """Targets as at most one trace."""
    if not targets:
        return []
    name = phrases.say("report.js.target")
    marker = {
        "color": RED,
        "symbol": "diamond",
        "size": 11,
        "line": {"color": "white", "width": 1},
    }
    return [
        {
            "x": [target.year for target in targets],
            "y": [target.value for target in targets],
            "text": [target.text for target in targets],
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
