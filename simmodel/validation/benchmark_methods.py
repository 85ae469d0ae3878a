"""Naive methods that a hindcast sets beside ours: each forecasts a unit from its own counts.

All of them see a panel as it was known at the origin, and start from a unit's last count. A unit
that a method cannot forecast is left out. Plain data and arrays; no file, no randomness.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from ..forecast.pooling import logit, norm, share_of
from .forecasts import LEVELS, MEDIAN, Count, Forecast, Panel

Array = NDArray[np.float64]
Method = Callable[[Panel, float, float], list[Forecast]]
RateAt = Callable[[Sequence[Count], float], float | None]

WINDOW: Final = 10.0  # years whose pace counts as a unit's own
YEARS_TO_NORM: Final = 25  # after which WUP 2018 has forgotten the pace observed
FEWEST_TRANSITIONS: Final = 10  # from which an empirical drift is learnt
SAME_DATE: Final = 1e-6  # years: dates of mid-year censuses carry rounding
FEMALE: Final = 0
# Five-year age groups, counted from 0-4, of the women that children of an age group are put to.
MOTHERS: Final = {0: slice(3, 10), 1: slice(4, 11)}  # 0-4: ages 15-49; 5-9: ages 20-54


def persistence(panel: Panel, origin: float, to: float) -> list[Forecast]:
    """Let every urban share stay where it was last counted.

    Parameters
    ----------
    panel : Panel
        Counts; those after ``origin`` are not looked at.
    origin : float
        Year in which the forecast is made.
    to : float
        Year that is forecast.

    Returns
    -------
    list of Forecast
        At `forecasts.MEDIAN` alone, in the order of the panel. Total population goes on growing at
        its rate of the last `WINDOW` years (constant where there is one count), as in all
        methods but `hamilton_perry`.

    Raises
    ------
    ValueError
        If ``to`` is not later than ``origin``.
    """
    return _by_own_counts("persistence", panel, origin, to, lambda points, _: points[-1].rate)


def linear(panel: Panel, origin: float, to: float) -> list[Forecast]:
    """Continue the share's yearly change of the last `WINDOW` years, held within 0 and 1.

    The share at the start of those years lies on the line between two counts; a shorter history
    counts in full. Units with one count are left out.

    Parameters
    ----------
    panel : Panel
        Counts; those after ``origin`` are not looked at.
    origin : float
        Year in which the forecast is made.
    to : float
        Year that is forecast.

    Returns
    -------
    list of Forecast
        At `forecasts.MEDIAN` alone, in the order of the panel.

    Raises
    ------
    ValueError
        If ``to`` is not later than ``origin``.
    """
    return _by_own_counts("linear", panel, origin, to, _linear_rate)


def constant_urgd(panel: Panel, origin: float, to: float) -> list[Forecast]:
    """Continue the urban-rural growth difference of the last `WINDOW` years.

    The difference between the growth rates of urban and rural population is the yearly change of
    the logit of the urban share, so the share follows a logistic curve. Units with one count, or
    with a share of 0 or 1 in those years, are left out.

    Parameters
    ----------
    panel : Panel
        Counts; those after ``origin`` are not looked at.
    origin : float
        Year in which the forecast is made.
    to : float
        Year that is forecast.

    Returns
    -------
    list of Forecast
        At `forecasts.MEDIAN` alone, in the order of the panel.

    Raises
    ------
    ValueError
        If ``to`` is not later than ``origin``.
    """
    return _by_own_counts("constant_urgd", panel, origin, to, _constant_urgd_rate)


def un_wup_2018(panel: Panel, origin: float, to: float) -> list[Forecast]:
    """Let the growth difference between the last two counts turn to the norm of all countries.

    Units with one count, or with a share of 0 or 1 in the last two, are left out. The method is
    `wup_2018_path`.

    Parameters
    ----------
    panel : Panel
        Counts; those after ``origin`` are not looked at.
    origin : float
        Year in which the forecast is made.
    to : float
        Year that is forecast.

    Returns
    -------
    list of Forecast
        At `forecasts.MEDIAN` alone, in the order of the panel.

    Raises
    ------
    ValueError
        If ``to`` is not later than ``origin``.
    """
    return _by_own_counts("un_wup_2018", panel, origin, to, _wup_2018_rate)


def wup_2018_path(pu0: float, urgd_observed: float, years: float) -> Array:
    """Urban share year by year as in World Urbanization Prospects 2018.

    Parameters
    ----------
    pu0 : float
        Urban share at the start, strictly between 0 and 1.
    urgd_observed : float
        Urban-rural growth difference between the last two counts, per year.
    years : float
        Length of the path, at least 0; of a last part of a year, its share of the year's change.

    Returns
    -------
    ndarray, shape (ceil(years) + 1,)
        Share at the start, after each whole year, and at the end.

    Raises
    ------
    ValueError
        If the share is not strictly between 0 and 1, or ``years`` is negative.

    Notes
    -----
    In year k the growth difference is (1 - w) observed + w norm(share a year before), where
    w = k / 25; from k = 25 on it stays as it is then.

    References
    ----------
    .. [1] United Nations, Department of Economic and Social Affairs, Population Division. World
       Urbanization Prospects: The 2018 Revision. Coefficients recovered from its published paths.

    Examples
    --------
    A country at the norm's own pace keeps close to it:

    >>> wup_2018_path(0.5, 0.024976, 2.5).round(4)
    array([0.5   , 0.5062, 0.5125, 0.5156])
    """
    if not 0.0 < pu0 < 1.0:
        raise ValueError(f"pu0: a share strictly between 0 and 1; found {pu0:g}")
    if years < 0.0:
        raise ValueError(f"years: at least 0; found {years:g}")
    log_odds, urgd = [float(logit(pu0))], urgd_observed
    for year in range(1, math.ceil(years) + 1):
        if year <= YEARS_TO_NORM:
            weight = year / YEARS_TO_NORM
            urgd = (1.0 - weight) * urgd_observed + weight * float(norm(share_of(log_odds[-1])))
        log_odds.append(log_odds[-1] + urgd * min(1.0, years - (year - 1)))
    return share_of(log_odds)


def empirical_bayes_drift(panel: Panel, origin: float, to: float) -> list[Forecast]:
    """Shrink a unit's own growth difference towards the norm, as far as the past of all advises.

    The yearly change of the logit is own x pull + norm x (1 - pull) + shift. Pull, between 0 and
    1, and shift are those with the least absolute deviations over all transitions of the panel
    that were over by ``origin`` and took about as long as the forecast (half to one and a half
    times), each with what was known at its start. What they left unexplained is the distribution.
    A unit with one count has no pace of its own and takes the norm's.

    Units with a share of 0 or 1 in the last `WINDOW` years are left out, and so are all where
    there are fewer than `FEWEST_TRANSITIONS`.

    Parameters
    ----------
    panel : Panel
        Counts; those after ``origin`` are not looked at.
    origin : float
        Year in which the forecast is made.
    to : float
        Year that is forecast.

    Returns
    -------
    list of Forecast
        At `forecasts.LEVELS`; the quantiles of the rate do not reach beyond the errors seen.

    Raises
    ------
    ValueError
        If ``to`` is not later than ``origin``.
    """
    known = _known(panel, origin, to)
    transitions = _transitions(known)
    drifts: dict[float, _Drift | None] = {}
    forecasts = []
    for unit, points in known.points.items():
        years = to - points[-1].year
        if years not in drifts:
            drifts[years] = _learnt_drift(transitions, years)
        drift = drifts[years]
        if drift is None or not _all_within(_recent(points)):
            continue
        own = _own_drift(points)
        here = norm(points[-1].rate)
        pull = 0.0 if own is None else drift.pull * (own - here)
        log_odds = logit(points[-1].rate) + years * (here + pull + drift.shift + drift.errors)
        total = np.full(len(LEVELS), _total(points, years))
        rate = share_of(log_odds)
        forecasts.append(Forecast("empirical_bayes_drift", unit, to, LEVELS, rate, total))
    return forecasts


def hamilton_perry(panel: Panel, origin: float, to: float) -> list[Forecast]:
    """Carry each cohort's change between two censuses on, by residence and sex (Hamilton-Perry).

    From two tables by age, 10 or else 5 years apart, the later that of the last count: each
    cohort changes by the same ratio again (`cohort_change`), step by step until ``to``. Units
    without such tables, whose step does not lead to ``to``, or with a cohort that came from
    nobody, are left out. Rate and total are sums of the table.

    Parameters
    ----------
    panel : Panel
        Counts; those after ``origin`` are not looked at.
    origin : float
        Year in which the forecast is made.
    to : float
        Year that is forecast.

    Returns
    -------
    list of Forecast
        At `forecasts.MEDIAN` alone, in the order of the panel.

    Raises
    ------
    ValueError
        If ``to`` is not later than ``origin``.
    """
    known = _known(panel, origin, to)
    forecasts = []
    for unit, points in known.points.items():
        table = _carried_on(known.ages.get(unit, {}), points[-1].year, to)
        if table is not None:
            persons = table.sum(axis=(1, 2))
            rate = float(persons[0] / persons.sum())
            forecasts.append(_point_forecast("hamilton_perry", unit, to, rate, persons.sum()))
    return forecasts


def cohort_change(earlier: Array, later: Array, steps: int) -> Array | None:
    """Population as long after the later census as that is after the earlier one.

    Parameters
    ----------
    earlier, later : ndarray, shape (residence, sex, group)
        Persons by five-year age group, the last open; sexes are female and male.
    steps : int
        Five-year steps between the two, 1 or 2.

    Returns
    -------
    ndarray, shape (residence, sex, group), or None
        Persons; the children born since by the ratio of those of their age to women of the same
        residence in the later census: 0-4 to women of 15-49, 5-9 to those of 20-54. None where
        a group of the later census comes from nobody, so that it has no ratio.
    """
    ratios = _ratios(later[..., steps:], _survivors_of(earlier, steps))
    if ratios is None:
        return None
    ahead = np.empty_like(later)
    ahead[..., steps:] = ratios * _survivors_of(later, steps)
    for group in range(steps):
        per_woman = _ratios(later[..., group], _mothers(later, group))
        if per_woman is None:
            return None
        ahead[..., group] = per_woman * _mothers(ahead, group)
    return ahead


def _known(panel: Panel, origin: float, to: float) -> Panel:
    if to <= origin:
        raise ValueError(f"to: a year later than the origin, {origin:g}; found {to:g}")
    return panel.until(origin)


def _by_own_counts(
    method: str, panel: Panel, origin: float, to: float, rate_at: RateAt
) -> list[Forecast]:
    """Forecast each unit's rate from its counts alone."""
    forecasts = []
    for unit, points in _known(panel, origin, to).points.items():
        years = to - points[-1].year
        rate = rate_at(points, years)
        if rate is not None:
            forecasts.append(_point_forecast(method, unit, to, rate, _total(points, years)))
    return forecasts


def _point_forecast(method: str, unit: str, year: float, rate: float, total: float) -> Forecast:
    return Forecast(method, unit, year, MEDIAN, np.array([rate]), np.array([total]))


def _linear_rate(points: Sequence[Count], years: float) -> float | None:
    if len(points) < 2:
        return None
    ahead = points[-1].rate + years * _slope(points, [p.rate for p in points])
    return min(max(ahead, 0.0), 1.0)


def _constant_urgd_rate(points: Sequence[Count], years: float) -> float | None:
    own = _own_drift(points)
    if own is None:
        return None
    return float(share_of(logit(points[-1].rate) + years * own))


def _wup_2018_rate(points: Sequence[Count], years: float) -> float | None:
    if len(points) < 2 or not _all_within(points[-2:]):
        return None
    before, last = points[-2:]
    observed = float(logit(last.rate) - logit(before.rate)) / (last.year - before.year)
    return float(wup_2018_path(last.rate, observed, years)[-1])


def _total(points: Sequence[Count], years: float) -> float:
    """Total population after ``years`` of growth at the rate of the last `WINDOW` years."""
    growth = _slope(points, np.log([p.total for p in points])) if len(points) > 1 else 0.0
    return points[-1].total * float(np.exp(years * growth))


def _recent(points: Sequence[Count]) -> Sequence[Count]:
    """Counts that tell of the last `WINDOW` years, one at their start or before it included."""
    start = points[-1].year - WINDOW
    before = sum(p.year <= start for p in points)
    return points[max(before - 1, 0) :]


def _slope(points: Sequence[Count], values: Sequence[float] | Array) -> float:
    """Yearly change of ``values`` over the last `WINDOW` years; linear between counts."""
    years = [p.year for p in points]
    start = max(years[0], years[-1] - WINDOW)
    return float((values[-1] - np.interp(start, years, values)) / (years[-1] - start))


def _all_within(points: Sequence[Count]) -> bool:
    """Whether all shares have a logit."""
    return all(0.0 < p.rate < 1.0 for p in points)


def _own_drift(points: Sequence[Count]) -> float | None:
    """Yearly change of the logit over the last `WINDOW` years; None where it is not known."""
    recent = _recent(points)
    if len(recent) < 2 or not _all_within(recent):
        return None
    return _slope(recent, logit([p.rate for p in recent]))


@dataclass(frozen=True)
class _Transitions:
    """From one count of a unit to a later one; arrays of shape (transition,).

    Attributes
    ----------
    start : ndarray of int
        Number of the count it starts from.
    years : ndarray
        How long it took.
    drift : ndarray
        Yearly change of the logit.
    own : ndarray
        Of the unit at the start, over the last `WINDOW` years.
    norm : ndarray
        At the share at the start.
    """

    start: NDArray[np.int64]
    years: Array
    drift: Array
    own: Array
    norm: Array


@dataclass(frozen=True)
class _Drift:
    """What past transitions advise.

    Attributes
    ----------
    pull : float
        Weight of a unit's own drift against the norm, between 0 and 1.
    shift : float
        Added for all units, logits per year.
    errors : ndarray, shape (level,)
        Quantiles at `forecasts.LEVELS` of what they left unexplained, logits per year.
    """

    pull: float
    shift: float
    errors: Array


def _transitions(panel: Panel) -> _Transitions:
    """Collect all transitions of a panel's units whose pace was known at the start."""
    rows: list[tuple[float, ...]] = []
    for points in panel.points.values():
        for place in range(1, len(points)):
            own = _own_drift(points[: place + 1])
            if own is None:
                continue
            number, expected = len(rows), float(norm(points[place].rate))
            rows += [
                (number, years, drift, own, expected)
                for years, drift in _to_later_counts(points[place], points[place + 1 :])
            ]
    columns = np.array(rows, dtype=float).reshape(-1, 5).T
    return _Transitions(columns[0].astype(np.int64), *columns[1:])


def _to_later_counts(start: Count, later: Sequence[Count]) -> list[tuple[float, float]]:
    """Years to each later count, and the yearly change of the logit until then."""
    ends = [end for end in later if _all_within([end])]
    years = [end.year - start.year for end in ends]
    gains = [float(logit(end.rate) - logit(start.rate)) for end in ends]
    return [(span, gain / span) for span, gain in zip(years, gains, strict=True)]


def _learnt_drift(transitions: _Transitions, years: float) -> _Drift | None:
    """Least absolute deviations over past transitions of about ``years``; None where too few."""
    chosen = _nearest(transitions, years)
    if chosen.size < FEWEST_TRANSITIONS:
        return None
    gained = transitions.drift[chosen] - transitions.norm[chosen]
    own = transitions.own[chosen] - transitions.norm[chosen]
    pull = _pull(own, gained)
    left = gained - pull * own
    shift = float(np.median(left))
    return _Drift(pull, shift, np.quantile(left - shift, LEVELS))


def _nearest(transitions: _Transitions, years: float) -> NDArray[np.int64]:
    """Of each start the transition nearest to ``years``, half as long at least, or as much over."""
    distance = np.abs(transitions.years - years)
    nearest = np.argsort(distance, kind="stable")
    nearest = nearest[distance[nearest] <= years / 2.0]
    _, first = np.unique(transitions.start[nearest], return_index=True)
    return nearest[first]


def _pull(own: Array, gained: Array) -> float:
    """Slope between 0 and 1 with the least absolute deviations, the intercept being free.

    Whatever the slope, the best intercept is the median of what is left; the deviations that then
    remain are convex in the slope. The search does not reach its ends, which are tried beside it.
    """

    def deviation(pull: float) -> float:
        left = gained - pull * own
        return float(np.abs(left - np.median(left)).sum())

    found = minimize_scalar(
        deviation, bounds=(0.0, 1.0), method="bounded", options={"xatol": 1e-10}
    )
    return min((0.0, 1.0, float(found.x)), key=deviation)


def _carried_on(tables: Mapping[float, Array], last: float, to: float) -> Array | None:
    """Table of the year ``to``, from that of the last count and one 10 or 5 years before it."""
    for years in (10, 5):
        earlier, later = _table_of(tables, last - years), _table_of(tables, last)
        times = round((to - last) / years)
        if earlier is None or later is None or abs(last + times * years - to) > SAME_DATE:
            continue
        return _repeated(_five_year(earlier), _five_year(later), years // 5, times)
    return None


def _repeated(earlier: Array, later: Array, steps: int, times: int) -> Array | None:
    """Population after ``times`` intervals: what comes of a change has its ratios once more."""
    for _ in range(times):
        ahead = cohort_change(earlier, later, steps)
        if ahead is None:
            return None
        earlier, later = later, ahead
    return later


def _table_of(tables: Mapping[float, Array], year: float) -> Array | None:
    return next((table for date, table in tables.items() if abs(date - year) <= SAME_DATE), None)


def _five_year(table: Array) -> Array:
    """Join ages 0 and 1-4, the first two groups of `base_population.GROUPS`."""
    return np.concatenate([table[..., :1] + table[..., 1:2], table[..., 2:]], axis=-1)


def _survivors_of(table: Array, steps: int) -> Array:
    """Those of a table who are in each group from ``steps`` on after as many five-year steps."""
    flowing = table[..., : table.shape[-1] - steps].copy()
    flowing[..., -1] = table[..., -1 - steps :].sum(axis=-1)
    return flowing


def _mothers(table: Array, group: int) -> Array:
    """Women to whom children of a group are put, shape (residence, 1)."""
    return np.asarray(table[:, FEMALE, MOTHERS[group]].sum(axis=-1)[:, None])


def _ratios(persons: Array, source: Array) -> Array | None:
    """Persons to those they come from; nobody from nobody is 0, somebody from nobody None."""
    source = np.broadcast_to(source, persons.shape)
    if np.any((source == 0.0) & (persons > 0.0)):
        return None
    return np.divide(persons, source, out=np.zeros_like(persons), where=source > 0.0)


METHODS: Final[Mapping[str, Method]] = MappingProxyType(
    {
        "persistence": persistence,
        "linear": linear,
        "constant_urgd": constant_urgd,
        "un_wup_2018": un_wup_2018,
        "empirical_bayes_drift": empirical_bayes_drift,
        "hamilton_perry": hamilton_perry,
    }
)
