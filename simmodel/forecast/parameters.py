"""The parameters of a region: what the ensemble draws, and how they become a year's levels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..kernel.migration import saturate
from ..kernel.projection import LEVELS
from ..texts import say
from .pooling import logit, norm, share_of

Array = NDArray[np.float64]

# Nobody can leave more than once a year: peak intensities out of one residence approach but never
# reach this, so that the two ways out of a village together, of whichever draws, and mortality stay
# inside the multistate step's bound of 2.
PEAK_INTENSITY = 0.9


@dataclass(frozen=True)
class Parameter:
    """One uncertain quantity of a region.

    Attributes
    ----------
    name, units, long_name : str
        As written to files.
    scale : {"log", "logit"}
        The scale on which it is normally distributed; a logit one lies between 0 and ``bound``.
    """

    name: str
    units: str
    long_name: str
    scale: str


PARAMETERS = tuple(
    Parameter(*row)
    for row in (
        ("rural_exit", "1/year", "rural exit intensity, ages 0-64, between censuses", "log"),
        ("local_retention", "share", "rural exits that settle in the region's own towns", "logit"),
        ("arrivals", "1/year", "arrivals from outside per resident, between censuses", "log"),
        ("arrivals_urban_share", "share", "arrivals that settle in towns", "logit"),
        ("urban_out_migration", "1/year", "urban residents leaving the region, ages 0-64", "log"),
        ("return_to_villages", "1/year", "urban residents moving to villages, ages 0-64", "log"),
        (
            "reclassification",
            "1/year",
            "hazard of rural places becoming urban, between censuses",
            "logit",
        ),
        ("fertility_earlier", "ratio", "fertility at the earlier census over the standard", "log"),
        (
            "fertility_middle",
            "ratio",
            "fertility six tenths of the way to the base, over the standard",
            "log",
        ),
        ("fertility_base", "ratio", "fertility of the base year over the standard", "log"),
        ("mortality", "ratio", "death rates over the national standard with local pattern", "log"),
        ("period_exit", "ratio", "migration after the base over before", "log"),
        ("period_arrivals", "ratio", "arrivals after the base over before", "log"),
        ("period_reclassification", "ratio", "reclassification after the base over before", "log"),
        ("period_fertility", "ratio", "fertility after the base over the base year", "log"),
        ("period_mortality", "ratio", "death rates after the base over the trend", "log"),
    )
)
NAMES = tuple(p.name for p in PARAMETERS)

# Where fertility is pinned, in shares of the way from one census to the next: half a year after
# the earlier one, where the second child was allowed (2016), and half a year after the base.
FERTILITY_KNOTS = {"fertility_earlier": 0.05, "fertility_middle": 0.65, "fertility_base": 1.05}


def natural(transformed: Array, bound: float) -> dict[str, Array]:
    """Parameters in their own units from normally distributed ones.

    Parameters
    ----------
    transformed : ndarray, shape (parameter, draw)
        On the scale named by each `Parameter`, in the order of `PARAMETERS`.
    bound : float
        Upper limit of the reclassification hazard, per year.

    Returns
    -------
    dict of str to ndarray, shape (draw,)
    """
    values = {}
    for parameter, row in zip(PARAMETERS, transformed, strict=True):
        if parameter.scale == "log":
            values[parameter.name] = np.exp(row)
        else:
            top = bound if parameter.name == "reclassification" else 1.0
            values[parameter.name] = top / (1.0 + np.exp(-row))
    return values


def transformed(name: str, value: Array, bound: float) -> Array:
    """One parameter on the scale on which it is normally distributed: `natural` turned round.

    Parameters
    ----------
    name : str
        One of `NAMES`.
    value : ndarray, any shape
        In its own units.
    bound : float
        Upper limit of the reclassification hazard, per year.

    Returns
    -------
    ndarray, shape of ``value``
        Log, or logit up to the limit of the scale.

    Raises
    ------
    ValueError
        If a value is not above 0, or not below the limit of its scale.

    Examples
    --------
    >>> transformed("local_retention", np.array([0.5, 0.9]), 0.01).round(3)
    array([0.   , 2.197])
    """
    value = np.asarray(value, dtype=float)
    parameter = PARAMETERS[NAMES.index(name)]
    top = np.inf
    if parameter.scale == "logit":
        top = bound if name == "reclassification" else 1.0
    outside = ~((value > 0.0) & (value < top))
    if outside.any():
        kind = "forecast.is_not_between" if np.isfinite(top) else "forecast.is_not_above"
        raise ValueError(say(kind, name=name, top=top, found=value[outside].flat[0]))
    if parameter.scale == "log":
        return np.asarray(np.log(value))
    return np.asarray(np.log(value / (top - value)))


@dataclass(frozen=True)
class Setting:
    """What of a region is fixed in all draws.

    Attributes
    ----------
    residents : float
        Persons at the start; arrivals are proportional to them.
    peak_exit, peak_departure : float
        Largest values of the rural exit and urban departure schedules.
    urban_share : float
        Share of urban residents at the start.
    usual_share : float
        Share at which the parameters' levels hold: halfway between the censuses they are from.
    absent : float
        Registered people living elsewhere at the start; 0 where it is not known.
    """

    residents: float
    peak_exit: float
    peak_departure: float
    urban_share: float
    usual_share: float
    absent: float = 0.0


# Share of a year's arrivals that are returns out of the stock of absent registered people, where
# that stock is known. Nothing observed decides it: an assumption, stated in docs/model.md.
RETURNING_SHARE = 0.5


def levels_before(values: Mapping[str, Array], setting: Setting, years: int) -> Array:
    """Levels of the years from one census to the next.

    Parameters
    ----------
    values : mapping of str to ndarray, shape (draw,)
        Parameters in their own units, as `natural` makes them.
    setting : Setting
        Of the earlier census.
    years : int
        From one census to the next.

    Returns
    -------
    ndarray, shape (level, year, draw)
        As `projection.project` takes them.
    """
    ones = np.ones((years, values["rural_exit"].size))
    fertility = fertility_path(values, years)
    return _levels(
        setting,
        exit_=values["rural_exit"] * ones,
        retention=values["local_retention"] * ones,
        arrivals=values["arrivals"] * setting.residents * ones,
        returning=0.0 * ones,
        urban_share=values["arrivals_urban_share"] * ones,
        departure=values["urban_out_migration"] * ones,
        to_villages=values["return_to_villages"] * ones,
        reclassification=values["reclassification"] * ones,
        fertility=fertility,
        mortality=values["mortality"] * ones,
    )


def fertility_path(values: Mapping[str, Array], years: int) -> Array:
    """Fertility ratio by year, log-linear between its knots and held outside.

    Parameters
    ----------
    values : mapping of str to ndarray, shape (draw,)
        With the ratios at the knots.
    years : int
        From one census to the next.

    Returns
    -------
    ndarray, shape (year, draw)
        Fertility over the standard, in the middle of each year.
    """
    knots = np.log([values[name] for name in FERTILITY_KNOTS])
    at = list(FERTILITY_KNOTS.values())
    position = np.interp((np.arange(years) + 0.5) / years, at, np.arange(len(at)))
    low = np.minimum(position.astype(int), len(FERTILITY_KNOTS) - 2)
    weight = (position - low)[:, None]
    return np.asarray(np.exp((1 - weight) * knots[low] + weight * knots[low + 1]))


def levels_after(
    values: Mapping[str, Array],
    setting: Setting,
    years: int,
    *,
    mortality_trend: Array,
    factors: Mapping[str, Array] | None = None,
    levers: Mapping[str, Array] | None = None,
) -> Array:
    """Levels of the years after the base census.

    Parameters
    ----------
    values : mapping of str to ndarray, shape (draw,)
        Parameters in their own units.
    setting : Setting
        Of the base year.
    years : int
        Number of years after the base.
    mortality_trend : ndarray, shape (year,)
        Factor on death rates from the expected gain of life expectancy.
    factors : mapping of str to ndarray, shape (year, draw), optional
        Uncertain factors on top of the period's: ``exit`` (rural), ``departure`` (urban),
        ``arrivals``, ``reclassification``, ``fertility``, ``mortality``.
    levers : mapping of str to ndarray, shape (year,), (year, draw) or (1, draw), optional
        Multipliers of a scenario under the names of `scenario.LEVERS`; ``life_expectancy`` comes
        as the factor on death rates that it means. Where they differ from draw to draw, parameters
        and factors may represent all draws by one.

    Returns
    -------
    ndarray, shape (level, year, draw)
    """

    def factor(name: str) -> Array:
        return np.ones((years, 1)) if factors is None else factors[name]

    def lever(name: str) -> Array:
        if levers is None:
            return np.ones((years, 1))
        return levers[name] if levers[name].ndim == 2 else levers[name][:, None]

    # What does not differ from year to year is multiplied first: it may be a single row.
    period_exit = values["period_exit"]
    pulled = pull(values, setting, years)
    arrivals = values["arrivals"] * values["period_arrivals"] * setting.residents
    arrivals = arrivals * factor("arrivals")
    returning = np.zeros((years, 1))
    if setting.absent > 0:
        hazard = RETURNING_SHARE * arrivals / setting.absent
        returning = -np.expm1(-hazard * lever("arrivals"))
        arrivals = (1.0 - RETURNING_SHARE) * arrivals
    reclassified = values["reclassification"] * values["period_reclassification"]
    departing = values["urban_out_migration"] * period_exit
    fertility = values["fertility_base"] * values["period_fertility"]
    mortality = values["mortality"] * values["period_mortality"]
    return _levels(
        setting,
        exit_=values["rural_exit"] * period_exit * lever("rural_exit") * pulled * factor("exit"),
        retention=retained(values["local_retention"], lever("local_retention")),
        arrivals=arrivals * lever("arrivals"),
        returning=returning,
        urban_share=values["arrivals_urban_share"],
        departure=departing * lever("urban_out_migration") * factor("departure"),
        to_villages=values["return_to_villages"]
        * period_exit
        * lever("return_to_villages")
        * factor("departure"),
        reclassification=reclassified
        * lever("reclassification")
        * pulled
        * factor("reclassification"),
        fertility=fertility * lever("fertility") * factor("fertility"),
        mortality=mortality
        * lever("life_expectancy")
        * (factor("mortality") * mortality_trend[:, None]),
    )


def pull(values: Mapping[str, Array], setting: Setting, years: int) -> Array:
    """Factor on rural exit and reclassification as towns grow.

    A steady urban-rural growth difference means that the rate at which villagers become urban is
    proportional to the urban share: towns draw by their size. The difference itself shrinks with
    the share as `pooling.norm` does. The share follows the path that the draw's own levels imply,
    without levers and without the year's noise.

    Parameters
    ----------
    values : mapping of str to ndarray, shape (draw,)
        Parameters in their own units.
    setting : Setting
        With the share at the start, and the one at which the levels hold.
    years : int

    Returns
    -------
    ndarray, shape (year, draw)
        One where the urban share is the one at which the levels hold.

    Examples
    --------
    Nobody moves, nothing changes:

    >>> names = ("rural_exit", "period_exit", "local_retention", "reclassification")
    >>> still = {name: np.zeros(1) for name in (*names, "period_reclassification")}
    >>> pull(still, Setting(1e6, 2.5, 2.5, urban_share=0.4, usual_share=0.4), 2)
    array([[1.],
           [1.]])
    """
    gained = values["rural_exit"] * values["period_exit"] * values["local_retention"]
    gained = gained + values["reclassification"] * values["period_reclassification"]
    ahead = np.arange(years)[:, None] + 0.5
    start, usual = setting.urban_share, setting.usual_share
    gained = gained * start * norm(start) / (usual * norm(usual))
    share = share_of(logit(start) + ahead * gained / start)
    return np.asarray(share * norm(share) / (usual * norm(usual)))


def retained(share: Array, multiplier: Array) -> Array:
    """Local retention times a multiplier, bending smoothly so that it stays a share.

    The share is multiplied as it is up to 0.8 (or up to itself, where it is higher); beyond,
    what is missing to one shrinks exponentially, with the same slope where the two meet.

    Parameters
    ----------
    share : ndarray, any shape
        Local retention, 0 to 1.
    multiplier : ndarray, shape of ``share``
        Of the lever, not negative.

    Returns
    -------
    ndarray, shape of ``share``
        0 to 1.

    Examples
    --------
    >>> retained(np.array([0.3, 0.9, 0.3]), np.array([2.0, 1.0, 3.0])).round(3)
    array([0.6  , 0.9  , 0.879])
    """
    product = share * multiplier
    knee = np.maximum(share, 0.8)
    room = np.maximum(1.0 - knee, 1e-300)
    above = 1.0 - room * np.exp(-np.maximum(product - knee, 0.0) / room)
    return np.where(product <= knee, product, above)


def _levels(
    setting: Setting,
    *,
    exit_: Array,
    retention: Array,
    arrivals: Array,
    returning: Array,
    urban_share: Array,
    departure: Array,
    to_villages: Array,
    reclassification: Array,
    fertility: Array,
    mortality: Array,
) -> Array:
    exit_ = saturate(exit_, PEAK_INTENSITY / setting.peak_exit)
    leaving = departure + to_villages
    bounded = saturate(leaving, PEAK_INTENSITY / setting.peak_departure)
    share = np.divide(bounded, leaving, out=np.ones_like(leaving), where=leaving > 0)
    # Products of two, written where the kernel reads them.
    by_name: dict[str, tuple[Array, Array | float]] = {
        "rural_to_urban": (exit_, retention),
        "rural_departure": (exit_, 1.0 - retention),
        "urban_to_rural": (to_villages, share),
        "urban_departure": (departure, share),
        "urban_arrivals": (arrivals, urban_share),
        "rural_arrivals": (arrivals, 1.0 - urban_share),
        "urban_return": (returning, urban_share),
        "rural_return": (returning, 1.0 - urban_share),
        "reclassification": (reclassification, 1.0),
        "urban_fertility": (fertility, 1.0),
        "rural_fertility": (fertility, 1.0),
        "urban_mortality": (mortality, 1.0),
        "rural_mortality": (mortality, 1.0),
    }
    shapes = [np.shape(part) for pair in by_name.values() for part in pair]
    levels = np.empty((len(LEVELS), *np.broadcast_shapes(*shapes)))
    for place, name in enumerate(LEVELS):
        np.multiply(*by_name[name], out=levels[place])
    return levels
