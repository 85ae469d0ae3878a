"""The model beside the methods a reviewer names, on one panel from one origin."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ..errors import SimmodelError
from ..forecast.pooling_file import atlas_of, read
from ..inputs.seeds import Seeds
from ..texts import say
from . import benchmark_methods
from .forecasts import Forecast, Panel
from .hindcast import METHOD, forecast
from .panel import YEARS, aggregate, edge_notes
from .scores import Score, Scored, score

# A count this near to the year forecast, in years, is what the forecast is scored by.
SAME_YEAR = 0.05


@dataclass(frozen=True)
class Backtest:
    """Forecasts of all methods, and how well they did where the panel knows what came.

    Attributes
    ----------
    origin, to : float
    forecasts : tuple of Forecast
        The model's first.
    notes : tuple of str
    scored : tuple of tuple of Scored
        By method, of units to which nothing else in the panel belongs.
    scores : tuple of Score
        By method; empty where the panel does not know what came.
    """

    origin: float
    to: float
    forecasts: tuple[Forecast, ...]
    notes: tuple[str, ...]
    scored: tuple[tuple[Scored, ...], ...]
    scores: tuple[Score, ...]


def backtest(
    panel: Panel,
    origin: float,
    to: float,
    seeds: Seeds,
    *,
    progress: Callable[[str], None] = lambda _: None,
) -> Backtest:
    """Forecast a panel from ``origin`` by every method, and score it.

    Parameters
    ----------
    panel : Panel
    origin, to : float
        Years; nothing after the origin reaches a method.
    seeds : Seeds
        Where ages are borrowed from.
    progress : callable, optional
        Called with the name of each unit.

    Raises
    ------
    SimmodelError
        If no unit has a count up to the origin, or ``to`` is no year a forecast reaches.
    """
    if not origin < to <= YEARS[1]:
        raise SimmodelError(
            say("validation.cannot_be_forecast", to=to, origin=origin, last=YEARS[1])
        )
    known = _known(panel, origin)
    notes = list(edge_notes(known))
    notes += [
        say("validation.no_count_of_unit", unit=unit, origin=origin)
        for unit in panel.points
        if unit not in known.points or not known.points[unit]
    ]
    ours = forecast(known, origin, to, atlas_of(seeds), read(seeds.directory), progress=progress)
    notes += ours.notes
    by_method = {METHOD: list(ours.forecasts)}
    for name, method in benchmark_methods.METHODS.items():
        by_method[name] = method(known, origin, to)
    notes += [
        say("validation.nothing_forecast", method=name, reason=_reason(name, known))
        for name in benchmark_methods.METHODS
        if not by_method[name]
    ]
    scored = [
        rows for forecasts in by_method.values() if (rows := beside_truth(panel, forecasts, to))
    ]
    return Backtest(
        origin,
        to,
        tuple(f for forecasts in by_method.values() for f in forecasts),
        tuple(notes),
        tuple(scored),
        tuple(score(rows) for rows in scored),
    )


def _known(panel: Panel, origin: float) -> Panel:
    """What was known at the origin, with the sums of units inside others.

    A unit that is first counted later is not there at all: an empty child would leave its parent
    without a sum, and so its later rows would reach the forecast.
    """
    seen = panel.until(origin)
    if not seen.points:
        raise SimmodelError(say("validation.no_count", origin=origin))
    return aggregate(replace(seen, parents={unit: seen.parents[unit] for unit in seen.points}))


def _reason(method: str, known: Panel) -> str:
    """Why one of the `benchmark_methods` could forecast no unit."""
    if method == "empirical_bayes_drift":
        return say("validation.few_transitions", count=benchmark_methods.FEWEST_TRANSITIONS)
    if method == "hamilton_perry":
        if not known.ages:
            return say("validation.no_ages")
        return say("validation.no_step")
    if all(len(points) < 2 for points in known.points.values()):
        return say("validation.no_two_counts")
    return say("validation.no_two_mixed_counts")


def beside_truth(panel: Panel, forecasts: Sequence[Forecast], to: float) -> tuple[Scored, ...]:
    """Forecasts beside what the panel knows of the year, of units to which no other belongs."""
    inner = {parent for unit, parent in panel.parents.items() if parent is not None}
    rows = []
    for one in forecasts:
        points = panel.points.get(one.unit, ())
        truth = [p.rate for p in points if abs(p.year - to) <= SAME_YEAR]
        if truth and one.unit not in inner:
            block = panel.parents.get(one.unit) or "panel"
            rows.append(Scored(one.method, one.unit, block, truth[-1], one))
    return tuple(rows)
