"""The path of the urban share: a unit's yearly gain of log odds, given that of its parent.

With y the log odds of the urban share at the end of a year, P the parent's yearly gain of log odds
in the same draw and n the gain that was expected of the nation::

    unit        y(t+1) = y(t) + b P(t) + n(t) d(t) + w e(t),   b = 1 + slope (y - y_parent)(0)
    departure   d(t+1) = r d(t) + s (1 - r^2)^(1/2) e(t),      r = exp(-1 / memory)
                d(0) = pull D + s (1 - pull^2)^(1/2) e,        D the past decade's departure
    figure      z(t) = share(y(t)) + u(t) + v(t)
    its error   u(t+1) = q u(t) + s_u (1 - q^2)^(1/2) e(t),    u(0) = 0 at the census

The departure multiplies the gain that was expected, not the one that came, so that the median of a
long gain stays on what is expected. u is the error that a series hands from year to year between
censuses, v the one it does not. Given its parent's path a unit is linear and Gaussian, so a Kalman
smoother draws whole paths through its figures (`state_space`). Arrays only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .pooling import logit
from .state_space import LinearObservation, StateSpace, Step, draw_states, log_likelihood

Array = NDArray[np.float64]

# Places of the state.
LOG_ODDS: Final = 0
DEPARTURE: Final = 1
SERIES_ERROR: Final = 2
_STATES: Final = 3


@dataclass(frozen=True)
class PathParameters:
    """How the urban share of the units of one level goes beside their parents'.

    Every attribute is a number, or an ndarray of shape (draw,) where parameters are drawn.

    Attributes
    ----------
    slope : float or ndarray, shape (draw,)
        Change of the response to the parent's gain for each unit of log odds above the parent.
    departure : float or ndarray, shape (draw,)
        Stationary standard deviation s of the departure, a share of the gain expected.
    pull : float or ndarray, shape (draw,)
        How far the departure starts from the past decade's: 0 not at all, 1 there.
    memory : float or ndarray, shape (draw,)
        Years in which the correlation of departures falls to 1/e.
    shock : float or ndarray, shape (draw,)
        Standard deviation w of what a single year adds, log odds.
    white_error : float or ndarray, shape (draw,)
        Standard deviation of v, a share (0.001 is a tenth of a percentage point).
    series_error : float or ndarray, shape (draw,)
        Stationary standard deviation s_u of u, a share.
    error_memory : float or ndarray, shape (draw,)
        Years in which the correlation of u falls to 1/e.
    """

    slope: ArrayLike
    departure: ArrayLike
    pull: ArrayLike
    memory: ArrayLike
    shock: ArrayLike
    white_error: ArrayLike
    series_error: ArrayLike
    error_memory: ArrayLike


@dataclass(frozen=True)
class ShareObservation:
    """A published urban share.

    Attributes
    ----------
    year : int
        Years after the start.
    share : float or ndarray, shape (draw,)
        Between 0 and 1.
    rounding : float
        Standard error of its printing, a share: the unit of the last digit over the root of 12.
    census : bool
        A count of everybody: it has no error but ``rounding``, which is then above zero.
    """

    year: int
    share: ArrayLike
    rounding: float = 0.0
    census: bool = False


@dataclass(frozen=True)
class Start:
    """Where a unit is when its path begins: a census, in the same year for its parent.

    Attributes
    ----------
    share, parent_share : float or ndarray, shape (draw,)
        Urban shares counted.
    past_departure : float, ndarray of shape (draw,), or None
        Mean departure of the decade before the census from b times the parent's gain, a share of
        the parent's gain; None where there is no earlier count, and then the departure starts from
        its stationary distribution.
    """

    share: ArrayLike
    parent_share: ArrayLike
    past_departure: ArrayLike | None = None


def response(start: Start, parameters: PathParameters) -> Array:
    """How strongly a unit answers its parent's gain, b.

    Parameters
    ----------
    start : Start
    parameters : PathParameters

    Returns
    -------
    ndarray, shape () or (draw,)

    Examples
    --------
    >>> steady = PathParameters(-0.3, 0.1, 0.3, 6.0, 0.01, 0.001, 0.001, 3.0)
    >>> [round(float(response(Start(0.5, above), steady)), 3) for above in (0.5, 0.6)]
    [1.0, 1.122]
    """
    offset = logit(start.share) - logit(start.parent_share)
    return np.asarray(1.0 + np.asarray(parameters.slope) * offset)


def _model(
    start: Start, parent_gains: Array, expected: Array, parameters: PathParameters
) -> StateSpace:
    """Return the unit's path given its parent's, as a state-space model."""
    past = start.past_departure
    given = [parent_gains[0], start.share, *vars(parameters).values()]
    given += [] if past is None else [past]
    draws = max(np.size(array) for array in given)

    def wide(value: ArrayLike) -> Array:
        return np.array(np.broadcast_to(np.asarray(value, dtype=float), (draws,)))

    stays = np.exp(-1.0 / wide(parameters.memory))
    lasts = np.exp(-1.0 / wide(parameters.error_memory))
    spread_of_departure = wide(parameters.departure)
    pull = wide(parameters.pull)
    mean, spread = np.zeros((2, _STATES, draws))
    mean[LOG_ODDS] = logit(start.share)
    if past is None:
        spread[DEPARTURE] = spread_of_departure
    else:
        mean[DEPARTURE] = pull * np.asarray(past, dtype=float)
        spread[DEPARTURE] = spread_of_departure * np.sqrt(1.0 - pull**2)
    noise = np.zeros((_STATES, draws))
    noise[LOG_ODDS] = wide(parameters.shock)
    noise[DEPARTURE] = spread_of_departure * np.sqrt(1.0 - stays**2)
    noise[SERIES_ERROR] = wide(parameters.series_error) * np.sqrt(1.0 - lasts**2)
    answer = wide(response(start, parameters))
    steps = []
    for gain, pace in zip(parent_gains, expected, strict=True):
        transition = np.zeros((_STATES, _STATES, draws))
        transition[LOG_ODDS, LOG_ODDS] = 1.0
        transition[LOG_ODDS, DEPARTURE] = pace
        transition[DEPARTURE, DEPARTURE] = stays
        transition[SERIES_ERROR, SERIES_ERROR] = lasts
        shift = np.zeros((_STATES, draws))
        shift[LOG_ODDS] = answer * gain
        steps.append(Step(transition, shift, noise))
    return StateSpace(mean, spread, tuple(steps))


def _observations(
    figures: Sequence[ShareObservation], parameters: PathParameters
) -> list[LinearObservation]:
    """Return figures as observations of log odds, linear about the share that was printed."""
    seen = []
    for figure in figures:
        share = np.asarray(figure.share, dtype=float)
        slope = share * (1.0 - share)  # what one of log odds is in the share
        weights = np.zeros((_STATES, *slope.shape))
        weights[LOG_ODDS] = 1.0
        weights[SERIES_ERROR] = 0.0 if figure.census else 1.0 / slope
        white = 0.0 if figure.census else np.square(parameters.white_error)
        error = np.sqrt(white + figure.rounding**2) / slope
        seen.append(LinearObservation(figure.year, weights, logit(figure.share), error))
    return seen


def draw_paths(
    start: Start,
    parent_gains: Array,
    expected: Array,
    figures: Sequence[ShareObservation],
    parameters: PathParameters,
    rng: np.random.Generator,
) -> tuple[Array, Array]:
    """Draw paths of a unit's urban share through its figures, given its parent's path.

    Parameters
    ----------
    start : Start
    parent_gains : ndarray, shape (year, draw)
        Yearly gain of the parent's log odds.
    expected : ndarray, shape (year,)
        Yearly gain of log odds that was expected of the nation.
    figures : sequence of ShareObservation
        Published shares of the unit after the start.
    parameters : PathParameters
    rng : numpy.random.Generator

    Returns
    -------
    log_odds : ndarray, shape (year + 1, draw)
        Of the share of the people, from the start on.
    error : ndarray, shape (year + 1, draw)
        u, what the published series adds to the share.
    """
    model = _model(start, parent_gains, expected, parameters)
    draws = model.mean.shape[1]
    states = draw_states(model, _observations(figures, parameters), rng, draws)
    return states[:, LOG_ODDS], states[:, SERIES_ERROR]


def figures_log_likelihood(
    start: Start,
    parent_gains: Array,
    expected: Array,
    figures: Sequence[ShareObservation],
    parameters: PathParameters,
) -> Array:
    """Log density of a unit's figures, in log odds, given its parent's path.

    Parameters
    ----------
    start : Start
    parent_gains : ndarray, shape (year, draw)
        Yearly gain of the parent's log odds.
    expected : ndarray, shape (year,)
        Yearly gain of log odds that was expected of the nation.
    figures : sequence of ShareObservation
        Published shares of the unit after the start.
    parameters : PathParameters

    Returns
    -------
    ndarray, shape (draw,)
    """
    model = _model(start, parent_gains, expected, parameters)
    return log_likelihood(model, _observations(figures, parameters))


@dataclass(frozen=True)
class NationalGrowthDifference:
    """How the nation's yearly gain of log odds goes on after its last figure.

    Attributes
    ----------
    cycle : float or ndarray, shape (draw,)
        Stationary standard deviation of a, the part of a year's departure that lasts, a share of
        the gain expected.
    cycle_memory : float or ndarray, shape (draw,)
        Years in which the correlation of a falls to 1/e.
    shock : float or ndarray, shape (draw,)
        Standard deviation of e, the part that does not last.
    """

    cycle: ArrayLike
    cycle_memory: ArrayLike
    shock: ArrayLike


# Years over which what is expected passes from the mean since the census to what countries do.
TURN: Final = 15


def expected_gains(recent: ArrayLike, elsewhere: Array) -> Array:
    """Gains expected of the nation: from its recent mean towards what countries at its level do.

    Parameters
    ----------
    recent : float or ndarray, shape (draw,)
        Mean yearly gain of log odds since the census.
    elsewhere : ndarray, shape (year,) or (year, draw)
        Yearly gain of countries at that level.

    Returns
    -------
    ndarray, shape (year,) or (year, draw)

    Examples
    --------
    >>> expected_gains(0.04, np.full(30, 0.01))[[0, 14, 29]].round(3)
    array([0.038, 0.01 , 0.01 ])
    """
    years = np.arange(1, len(elsewhere) + 1)
    weight = np.minimum(years / TURN, 1.0).reshape(-1, *(1,) * (np.ndim(elsewhere) - 1))
    return np.asarray((1.0 - weight) * np.asarray(recent) + weight * elsewhere)


def draw_national_gains(
    known: Array,
    expected_then: float,
    expected: Array,
    pace: NationalGrowthDifference,
    rng: np.random.Generator,
    draws: int,
) -> Array:
    """Draw the nation's yearly gains: those known, then expected gains times 1 + a + e.

    Parameters
    ----------
    known : ndarray, shape (known year,)
        Yearly gains that have figures.
    expected_then : float
        Mean of these years, about which their departures are seen.
    expected : ndarray, shape (later year,) or (later year, draw)
        Gains expected after them.
    pace : NationalGrowthDifference
    rng : numpy.random.Generator
    draws : int

    Returns
    -------
    ndarray, shape (known year + later year, draw)
    """
    stays = np.exp(-1.0 / np.broadcast_to(np.asarray(pace.cycle_memory, dtype=float), (draws,)))
    cycle = np.broadcast_to(np.asarray(pace.cycle, dtype=float), (draws,))
    shock = np.broadcast_to(np.asarray(pace.shock, dtype=float), (draws,))
    years = len(known) + len(expected)
    step = Step(stays[None, None], np.zeros((1, 1)), (cycle * np.sqrt(1.0 - stays**2))[None])
    model = StateSpace(np.zeros((1, draws)), cycle[None], (step,) * (years - 1))
    departures = np.asarray(known) / expected_then - 1.0
    seen = [LinearObservation(year, np.ones(1), d, shock) for year, d in enumerate(departures)]
    lasting = draw_states(model, seen, rng, draws)[len(known) :, 0]
    factors = 1.0 + lasting + shock * rng.standard_normal(lasting.shape)
    wide = expected.reshape(len(expected), -1)
    return np.concatenate([np.tile(np.asarray(known)[:, None], draws), wide * factors])
