"""Linear Gaussian state-space models in many draws: likelihood, and states drawn given data.

::

    x(t+1) = F x(t) + c + q e(t),   z = h' x(t) + r v,   e and v standard normal

Every draw may have parameters of its own, and the draw axis is last. Observations are scalars taken
one after the other, so no matrix is inverted; several may be of one time, and none need to.
States given the observations come from the simulation smoother of Durbin and Koopman (2002,
Biometrika 89, 603-615): an unconditional path, corrected by the smoothed difference of what was
observed from what it would have shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Step:
    """How the state passes from one time to the next.

    Attributes
    ----------
    transition : ndarray, shape (state, state, draw or 1)
        F.
    shift : ndarray, shape (state, draw or 1)
        c.
    noise : ndarray, shape (state, draw or 1)
        Standard deviations q of independent innovations.
    """

    transition: Array
    shift: Array
    noise: Array


@dataclass(frozen=True)
class LinearObservation:
    """One number that was seen.

    Attributes
    ----------
    time : int
        Place on the time axis; 0 is the start.
    weights : ndarray, shape (state,) or (state, draw)
        h, what the number shows of the state.
    value : float or ndarray, shape (draw,)
        z.
    error : float or ndarray, shape (draw,)
        Standard error r, above zero.
    """

    time: int
    weights: Array
    value: ArrayLike
    error: ArrayLike


@dataclass(frozen=True)
class StateSpace:
    """Where the state starts and how it goes on.

    Attributes
    ----------
    mean, spread : ndarray, shape (state, draw or 1)
        Of the state at the start; its elements are independent.
    steps : tuple of Step
        One for each interval between times.
    """

    mean: Array
    spread: Array
    steps: tuple[Step, ...]

    @property
    def times(self) -> int:
        """Length of the time axis."""
        return len(self.steps) + 1


@dataclass(frozen=True)
class _Seen:
    """What the filter keeps of an observation for the way back."""

    weights: Array  # (state, draw)
    gain: Array  # (state, draw)
    surprise: Array  # (draw,)
    variance: Array  # (draw,)


def _filter(
    model: StateSpace,
    observations: Sequence[LinearObservation],
    values: Sequence[Array],
    mean: Array,
) -> tuple[list[Array], list[Array], list[list[_Seen]]]:
    """Mean and covariance of the state before the observations of each time, and these."""
    by_time: list[list[int]] = [[] for _ in range(model.times)]
    for place, observation in enumerate(observations):
        by_time[observation.time].append(place)
    size, draws = mean.shape
    covariance = np.zeros((size, size, draws))
    diagonal = np.arange(size)
    covariance[diagonal, diagonal] = model.spread**2
    means, covariances, seen = [], [], []
    for time in range(model.times):
        means.append(mean)
        covariances.append(covariance)
        here = []
        for place in by_time[time]:
            h = observations[place].weights
            h = np.broadcast_to(h if h.ndim == 2 else h[:, None], mean.shape)
            shared = np.einsum("ijd,jd->id", covariance, h)
            variance = (h * shared).sum(axis=0) + np.square(observations[place].error)
            gain = shared / variance
            surprise = values[place] - (h * mean).sum(axis=0)
            here.append(_Seen(h, gain, surprise, variance))
            mean = mean + gain * surprise
            covariance = covariance - gain[:, None] * shared[None, :]
        seen.append(here)
        if time < len(model.steps):
            step = model.steps[time]
            f = np.broadcast_to(step.transition, (size, size, draws))
            mean = np.einsum("ijd,jd->id", f, mean) + step.shift
            covariance = np.einsum("ijd,jkd,lkd->ild", f, covariance, f)
            covariance[diagonal, diagonal] += np.square(step.noise)
    return means, covariances, seen


def log_likelihood(model: StateSpace, observations: Sequence[LinearObservation]) -> Array:
    """Log density of the observations.

    Parameters
    ----------
    model : StateSpace
    observations : sequence of LinearObservation

    Returns
    -------
    ndarray, shape (draw,)

    Examples
    --------
    One standard normal state seen with an error of variance 3 has variance 4:

    >>> model = StateSpace(np.zeros((1, 1)), np.ones((1, 1)), ())
    >>> seen = LinearObservation(0, np.ones(1), 2.0, 3.0**0.5)
    >>> bool(np.isclose(log_likelihood(model, [seen])[0], -0.5 - np.log(2.0 * np.pi * 4.0) / 2.0))
    True
    """
    mean = _wide(model.mean, _draws(model, observations))
    values = [np.asarray(o.value, dtype=float) for o in observations]
    _, _, seen = _filter(model, observations, values, mean)
    total = np.zeros(mean.shape[1])
    for one in (one for here in seen for one in here):
        total -= (np.log(2.0 * np.pi * one.variance) + one.surprise**2 / one.variance) / 2.0
    return total


def draw_states(
    model: StateSpace,
    observations: Sequence[LinearObservation],
    rng: np.random.Generator,
    draws: int,
) -> Array:
    """Draw the states of all times given the observations.

    Parameters
    ----------
    model : StateSpace
    observations : sequence of LinearObservation
    rng : numpy.random.Generator
    draws : int

    Returns
    -------
    ndarray, shape (time, state, draw)

    Examples
    --------
    A state that is seen without error is met in every draw:

    >>> walk = Step(np.ones((1, 1, 1)), np.zeros((1, 1)), np.ones((1, 1)))
    >>> model = StateSpace(np.zeros((1, 1)), np.zeros((1, 1)), (walk, walk))
    >>> seen = LinearObservation(1, np.ones(1), 0.5, 1e-9)
    >>> states = draw_states(model, [seen], np.random.default_rng(1), 4)
    >>> states[:2, 0].round(6)
    array([[0. , 0. , 0. , 0. ],
           [0.5, 0.5, 0.5, 0.5]])
    """
    size = model.mean.shape[0]
    free = np.empty((model.times, size, draws))
    free[0] = model.mean + model.spread * rng.standard_normal((size, draws))
    for time, step in enumerate(model.steps):
        f = np.broadcast_to(step.transition, (size, size, draws))
        free[time + 1] = np.einsum("ijd,jd->id", f, free[time]) + step.shift
        free[time + 1] += step.noise * rng.standard_normal((size, draws))
    differences = []
    for observation in observations:
        h = observation.weights if observation.weights.ndim == 2 else observation.weights[:, None]
        shown = (h * free[observation.time]).sum(axis=0)
        shown = shown + np.asarray(observation.error) * rng.standard_normal(draws)
        differences.append(np.asarray(observation.value, dtype=float) - shown)
    steady = StateSpace(
        np.zeros((size, draws)),
        model.spread,
        tuple(Step(s.transition, np.zeros((size, 1)), s.noise) for s in model.steps),
    )
    means, covariances, seen = _filter(steady, observations, differences, steady.mean)
    back = np.zeros((size, draws))
    for time in reversed(range(model.times)):
        for one in reversed(seen[time]):
            left = (one.surprise - (one.gain * back).sum(axis=0) * one.variance) / one.variance
            back = back + one.weights * left
        free[time] += means[time] + np.einsum("ijd,jd->id", covariances[time], back)
        if time > 0:
            f = np.broadcast_to(model.steps[time - 1].transition, (size, size, draws))
            back = np.einsum("jid,jd->id", f, back)
    return free


def _draws(model: StateSpace, observations: Sequence[LinearObservation]) -> int:
    arrays = [model.mean, model.spread]
    arrays += [a for s in model.steps for a in (s.transition, s.shift, s.noise)]
    found: list[int] = [a.shape[-1] for a in arrays]
    found += [np.asarray(v).size for o in observations for v in (o.value, o.error)]
    found += [o.weights.shape[1] for o in observations if o.weights.ndim == 2]
    return max(found)


def _wide(array: Array, draws: int) -> Array:
    return np.broadcast_to(array, (*array.shape[:-1], draws))
