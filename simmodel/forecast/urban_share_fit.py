"""Parameters of the paths of urban shares, estimated from panels of units and drawn.

Maximum of the posterior under weak priors, each normal on the scale on which its parameter is
free; draws come from the normal approximation at the maximum. Arrays only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import gammaln

from ..errors import CalibrationError
from ..texts import say
from .urban_share import PathParameters, ShareObservation, Start, figures_log_likelihood

Array = NDArray[np.float64]


class Prior(NamedTuple):
    """A weak prior: the median of a parameter, and its spread where it is free.

    ``spread`` is that of the parameter itself for the slope, of its inverse hyperbolic tangent for
    the pull, and of its logarithm for the others.
    """

    median: float
    spread: float


# What the data at hand decide little is decided here, and printed beside the estimates: few
# provincial shares after 2020 are known, so the yearly shock and the errors of figures rest on it.
PRIORS: Final[Mapping[str, Prior]] = MappingProxyType(
    {
        "slope": Prior(-0.2, 1.0),
        "departure": Prior(0.15, 1.0),
        "pull": Prior(0.33, 1.0),
        "memory": Prior(6.5, 0.5),
        "shock": Prior(0.009, 0.4),
        "white_error": Prior(0.0012, 0.4),
        "series_error": Prior(0.0015, 0.4),
        "error_memory": Prior(3.0, 0.4),
    }
)

_Map = Callable[[Array], Array]
_TO_FREE: Final[Mapping[str, _Map]] = {"slope": np.asarray, "pull": np.arctanh}
_FROM_FREE: Final[Mapping[str, _Map]] = {"slope": np.asarray, "pull": np.tanh}


@dataclass(frozen=True)
class Group:
    """Units seen in the same years: one likelihood for all of them, the draw axis being the unit.

    Attributes
    ----------
    start : Start
        Shares and past departures of shape (unit,); `past_departures` are made from the slope.
    gain_before, response_offset : ndarray, shape (unit,), or None
        The unit's gain of the past decade over its parent's, and its log odds above the parent's
        when that decade began; None where there is no earlier count.
    parent_gains : ndarray, shape (year, unit)
    expected : ndarray, shape (year,)
    figures : tuple of ShareObservation
        Shares of shape (unit,).
    """

    start: Start
    gain_before: Array | None
    response_offset: Array | None
    parent_gains: Array
    expected: Array
    figures: tuple[ShareObservation, ...]

    def log_likelihood(self, parameters: PathParameters) -> float:
        """Log density of all figures of the group."""
        start = self.start
        if self.gain_before is not None and self.response_offset is not None:
            answer = 1.0 + np.asarray(parameters.slope) * self.response_offset
            start = Start(start.share, start.parent_share, self.gain_before - answer)
        found = figures_log_likelihood(
            start, self.parent_gains, self.expected, self.figures, parameters
        )
        return float(found.sum())


@dataclass(frozen=True)
class UrbanShareEstimates:
    """The most credible parameters and how far they may lie from the truth.

    Attributes
    ----------
    mode : ndarray, shape (parameter,)
        In the order of `PRIORS`, where the parameters are free.
    covariance : ndarray, shape (parameter, parameter)
        There too.
    """

    mode: Array
    covariance: Array

    @property
    def parameters(self) -> PathParameters:
        """The most credible parameters."""
        return parameters_of(self.mode)

    def draw(self, rng: np.random.Generator, draws: int) -> PathParameters:
        """Draw parameters.

        Parameters
        ----------
        rng : numpy.random.Generator
        draws : int

        Returns
        -------
        PathParameters
            With arrays of shape (draw,).
        """
        root = np.linalg.cholesky(self.covariance)
        normals = rng.standard_normal((self.mode.size, draws))
        return parameters_of(self.mode[:, None] + root @ normals)


def parameters_of(point: Array) -> PathParameters:
    """Return parameters from where they are free.

    Parameters
    ----------
    point : ndarray, shape (parameter,) or (parameter, draw)

    Returns
    -------
    PathParameters
    """
    values = zip(PRIORS, point, strict=True)
    return PathParameters(**{name: _FROM_FREE.get(name, np.exp)(v) for name, v in values})


def estimate(groups: Sequence[Group], priors: Mapping[str, Prior] = PRIORS) -> UrbanShareEstimates:
    """Estimate the parameters of one level from its units.

    Parameters
    ----------
    groups : sequence of Group
    priors : mapping of str to Prior, optional
        In the order of `PRIORS`.

    Returns
    -------
    UrbanShareEstimates

    Raises
    ------
    CalibrationError
        If the search does not end at a maximum.
    """
    middle = np.array(
        [float(_TO_FREE.get(k, np.log)(np.asarray(p.median))) for k, p in priors.items()]
    )
    spread = np.array([p.spread for p in priors.values()])

    def misfit(scaled: Array) -> float:
        parameters = parameters_of(middle + spread * scaled)
        likelihood = sum(group.log_likelihood(parameters) for group in groups)
        return 0.5 * float(scaled @ scaled) - likelihood

    found = minimize(misfit, np.zeros(middle.size), method="BFGS", options={"gtol": 1e-3})
    curvature = _hessian(misfit, found.x)
    if not np.all(np.linalg.eigvalsh(curvature) > 0.0):
        raise CalibrationError(say("forecast.no_urban_shares"))
    covariance = np.asarray(np.linalg.inv(curvature) * np.outer(spread, spread), dtype=float)
    return UrbanShareEstimates(middle + spread * found.x, covariance)


def _hessian(function: Callable[[Array], float], at: Array, step: float = 1e-2) -> Array:
    size = at.size
    steps = step * np.eye(size)
    middle = function(at)
    up = np.array([function(at + s) for s in steps])
    down = np.array([function(at - s) for s in steps])
    found = np.diag((up - 2.0 * middle + down) / step**2)
    for i in range(size):
        for j in range(i):
            both = function(at + steps[i] + steps[j]) + function(at - steps[i] - steps[j])
            crossed = both - up[i] - down[i] - up[j] - down[j] + 2.0 * middle
            found[i, j] = found[j, i] = crossed / (2.0 * step**2)
    return found


@dataclass(frozen=True)
class ChildParameters:
    """How the decade gains of children depart from those of their parents.

    Attributes
    ----------
    slope : float
        As in `PathParameters`.
    spread : float
        Scale of a decade's mean departure of a unit of `REFERENCE_PEOPLE`.
    exponent : float
        Power of its people with which the scale falls.
    degrees_of_freedom : float
        Degrees of freedom of Student's t: tails heavier than the normal's.
    """

    slope: float
    spread: float
    exponent: float
    degrees_of_freedom: float

    def scale(self, people: Array) -> Array:
        """Scale of a decade's mean departure by people, shape of ``people``."""
        size = np.maximum(np.asarray(people, dtype=float), LEAST_PEOPLE) / REFERENCE_PEOPLE
        return np.asarray(self.spread * size**-self.exponent)


REFERENCE_PEOPLE: Final = 2.9e6
# Below this a unit varies no more than one of this size: nothing smaller was seen often.
LEAST_PEOPLE: Final = 0.5e6


def estimate_children(departures: Array, offsets: Array, people: Array) -> ChildParameters:
    """Estimate how children depart from their parents over one decade.

    Parameters
    ----------
    departures : ndarray, shape (unit,)
        Gain of log odds over the parent's, less 1.
    offsets : ndarray, shape (unit,)
        Log odds above the parent's when the decade began.
    people : ndarray, shape (unit,)
        Residents then.

    Returns
    -------
    ChildParameters

    Raises
    ------
    CalibrationError
        If the search does not end.
    """

    def parameters(point: Array) -> ChildParameters:
        slope, spread, exponent, degrees_of_freedom = point
        return ChildParameters(
            float(slope),
            float(np.exp(spread)),
            float(exponent),
            2.0 + float(np.exp(degrees_of_freedom)),
        )

    def misfit(point: Array) -> float:
        found = parameters(point)
        scale = found.scale(people)
        surprise = (departures - found.slope * offsets) / scale
        nu = found.degrees_of_freedom
        constant = gammaln((nu + 1.0) / 2.0) - gammaln(nu / 2.0) - 0.5 * np.log(nu * np.pi)
        density = constant - np.log(scale) - (nu + 1.0) / 2.0 * np.log1p(surprise**2 / nu)
        return -float(density.sum())

    start = np.array([0.0, np.log(0.2), 0.2, np.log(4.0)])
    found = minimize(misfit, start, method="Nelder-Mead", options={"maxiter": 4000})
    if not found.success:
        raise CalibrationError(say("forecast.no_urban_shares_of_children"))
    return parameters(found.x)
