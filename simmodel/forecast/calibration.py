"""Calibration: prior, projection through what was observed, posterior; arrays only.

One operation for everything observed. The prior is normal on the scales of `PARAMETERS`; the
region is projected from its first census through every later observation; the posterior is the
normal distribution that has its mean and covariance, found from the mode (Gauss-Newton, Laplace)
by tempered weighting. How well it represents the posterior is reported as an effective sample
size. A posterior is a mean and a covariance, so any number of draws can be taken from it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import CalibrationError
from ..texts import say

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Normal:
    """Mean and covariance of the transformed parameters.

    Attributes
    ----------
    mean : ndarray, shape (parameter,)
    covariance : ndarray, shape (parameter, parameter)
    """

    mean: Array
    covariance: Array

    @property
    def spread(self) -> Array:
        """Standard deviations, shape (parameter,)."""
        return np.asarray(np.sqrt(np.diag(self.covariance)))

    def draws(self, standard: Array) -> Array:
        """Parameter draws, shape (parameter, draw), from standard normal ones of that shape."""
        return self.mean[:, None] + np.linalg.cholesky(self.covariance) @ standard

    def given(self, theta: Array, index: Sequence[int], values: Array) -> Array:
        """Draws with some parameters at stated values; the others follow as they hang together.

        Parameters
        ----------
        theta : ndarray, shape (parameter, draw)
            Draws of this distribution.
        index : sequence of int
            The parameters stated.
        values : ndarray, shape (stated, draw) or (stated, 1)

        Returns
        -------
        ndarray, shape (parameter, draw)
            Distributed as the conditional distribution where ``values`` are the same in all draws.

        Examples
        --------
        >>> together = Normal(np.zeros(2), np.array([[1.0, 0.5], [0.5, 1.0]]))
        >>> together.given(np.array([[0.0], [0.3]]), [0], np.array([[2.0]]))
        array([[2. ],
               [1.3]])
        """
        stated = list(index)
        across = self.covariance[:, stated]
        gain = np.linalg.solve(across[stated], across.T).T
        columns = np.broadcast_shapes(theta.shape[1:], values.shape[1:])
        moved = np.array(np.broadcast_to(theta, (theta.shape[0], *columns)))
        # Term by term: a draw's numbers never depend on how many others there are.
        for column, place in enumerate(stated):
            moved += gain[:, column, None] * (values[column] - theta[place])
        moved[stated] = values
        return moved


@dataclass(frozen=True)
class Evidence:
    """What was observed, on the scale on which its errors are normal.

    Attributes
    ----------
    observed, error : ndarray, shape (observation,)
        Value and standard error.
    predict : callable
        Parameters, shape (parameter, draw), to predictions, shape (observation, draw).
    """

    observed: Array
    error: Array
    predict: Callable[[Array], Array]


@dataclass(frozen=True)
class Posterior:
    """Outcome of `calibrate`.

    Attributes
    ----------
    prior, posterior : Normal
    effective_draws : float
        Share of the last proposal's `SAMPLE` draws that the weights leave effective: what the
        posterior's mean and covariance rest on.
    residuals : ndarray, shape (observation,)
        Observed less predicted at the mean, in standard errors.
    """

    prior: Normal
    posterior: Normal
    effective_draws: float
    residuals: Array


# The proposal is Student's t with these degrees of freedom: its tails are heavier than the
# posterior's, so that no part of it is reached by few draws of great weight. A normal proposal
# leaves spreads a fifth too small (against Markov chains on four regions).
PROPOSAL_FREEDOM = 8.0
# Draws of the proposal, steps taken, and the least share of effective draws in a tempered one.
SAMPLE, STEPS, TEMPERED_SHARE = 16_384, 8, 0.1
# Share of effective draws from which the normal distribution at the mode is taken as it is.
ALL_BUT_NORMAL = 0.98
BASE_SEED = 2020
# Fewest effective draws for each parameter: with fewer the moments rest on too little.
LEAST_EFFECTIVE = 10


def calibrate(prior: Normal, evidence: Evidence, *, sample: int = SAMPLE) -> Posterior:
    """Update a normal prior by the evidence.

    Parameters
    ----------
    prior : Normal
        On the transformed scale.
    evidence : Evidence
        Observations and the projection through them.
    sample : int
        Draws by which the posterior's mean and covariance are found.

    Returns
    -------
    Posterior

    Raises
    ------
    CalibrationError
        If the mode is not found, or the posterior is degenerate.
    """
    posterior, share = _match_moments(prior, evidence, at_mode(prior, evidence), sample)
    least = LEAST_EFFECTIVE * prior.mean.size
    if share * sample < least:
        raise CalibrationError(
            say("forecast.degenerate", effective=share * sample, draws=sample, least=least)
        )
    predicted = evidence.predict(posterior.mean[:, None])[:, 0]
    return Posterior(prior, posterior, share, (evidence.observed - predicted) / evidence.error)


def at_mode(prior: Normal, evidence: Evidence, *, iterations: int = 400) -> Normal:
    """Normal distribution at the posterior's mode (Gauss-Newton with damping, Laplace).

    Parameters
    ----------
    prior : Normal
        Of the parameters, on their transformed scales.
    evidence : Evidence
        What was observed.
    iterations : int
        The most that are tried.

    Returns
    -------
    Normal
        The mode, and the inverse of the curvature there.

    Raises
    ------
    CalibrationError
        If no mode is found within ``iterations`` steps.
    """
    precision = _precision(prior)
    theta, damping = prior.mean.copy(), 1e-3
    best = _misfit(prior, evidence, theta[:, None])[0]
    for _ in range(iterations):
        predicted, slope = _linearise(evidence, theta, prior.spread)
        weighted = slope / evidence.error[:, None]
        gradient = weighted.T @ ((evidence.observed - predicted) / evidence.error)
        gradient -= precision @ (theta - prior.mean)
        hessian = weighted.T @ weighted + precision
        improved = False
        for _ in range(20):
            step = np.linalg.solve(hessian + damping * np.diag(np.diag(hessian)), gradient)
            value = _misfit(prior, evidence, (theta + step)[:, None])[0]
            if np.isfinite(value) and value <= best:
                improved = True
                break
            damping *= 4.0
        if not improved:
            break
        gained, best, theta = best - value, value, theta + step
        damping = max(damping / 8.0, 1e-9)
        if gained < 1e-4:
            break
    else:
        raise CalibrationError(say("forecast.no_mode", iterations=iterations))
    _, slope = _linearise(evidence, theta, prior.spread)
    weighted = slope / evidence.error[:, None]
    covariance = np.linalg.inv(weighted.T @ weighted + precision)
    return Normal(theta, (covariance + covariance.T) / 2.0)


def _precision(prior: Normal) -> Array:
    return np.asarray(np.linalg.inv(prior.covariance), dtype=np.float64)


def _linearise(evidence: Evidence, theta: Array, spread: Array) -> tuple[Array, Array]:
    """Prediction and its slope by central differences, all in one batch of draws."""
    size = theta.size
    width = 0.02 * spread
    batch = np.repeat(theta[:, None], 2 * size + 1, axis=1)
    batch[:, 1 : size + 1] += np.diag(width)
    batch[:, size + 1 :] -= np.diag(width)
    predicted = evidence.predict(batch)
    slope = (predicted[:, 1 : size + 1] - predicted[:, size + 1 :]) / (2.0 * width)
    return predicted[:, 0], slope


def _misfit(prior: Normal, evidence: Evidence, theta: Array) -> Array:
    """Half the squared distance from prior and evidence, shape (draw,)."""
    from_prior = theta - prior.mean[:, None]
    from_data = (evidence.predict(theta) - evidence.observed[:, None]) / evidence.error[:, None]
    misfit = 0.5 * np.einsum("id,ij,jd->d", from_prior, _precision(prior), from_prior)
    misfit += 0.5 * (from_data**2).sum(axis=0)
    return np.where(np.isnan(misfit), np.inf, misfit)  # no prediction: impossible, not unknown


def _match_moments(
    prior: Normal, evidence: Evidence, start: Normal, sample: int
) -> tuple[Normal, float]:
    """Move a normal distribution to the mean and covariance of the posterior itself.

    Draws are weighted by posterior over proposal, with the weights tempered (raised to a power
    below one) until enough draws count; the weighted moments make the next proposal. Returned with
    the share of draws effective in the last step.
    """
    size = start.mean.size
    # The same numbers for every region: part of the fit, not of the ensemble's draws.
    generator = np.random.default_rng(BASE_SEED)
    normal_scores = generator.standard_normal((size, sample))
    scale = np.sqrt(generator.chisquare(PROPOSAL_FREEDOM, sample) / PROPOSAL_FREEDOM)
    scores = normal_scores / scale
    log_proposal = (
        -0.5 * (PROPOSAL_FREEDOM + size) * np.log1p((scores**2).sum(axis=0) / PROPOSAL_FREEDOM)
    )
    log_normal = -0.5 * (normal_scores**2).sum(axis=0)
    log_weight = -_misfit(prior, evidence, start.draws(normal_scores)) - log_normal
    if np.any(np.isfinite(log_weight)):
        share = _share(log_weight - log_weight.max())
        if share > ALL_BUT_NORMAL:
            return start, share
    normal, share = start, 0.0
    for _ in range(STEPS):
        try:
            theta = normal.draws(scores)
        except np.linalg.LinAlgError:
            return normal, 0.0
        log_weight = -_misfit(prior, evidence, theta) - log_proposal
        if not np.any(np.isfinite(log_weight)):
            raise CalibrationError(say("forecast.no_prediction"))
        log_weight -= log_weight.max()
        share, power = _share(log_weight), 1.0
        while _share(power * log_weight) < TEMPERED_SHARE:
            power *= 0.8
        weight = np.exp(power * log_weight)
        weight /= weight.sum()
        mean = theta @ weight
        centred = theta - mean[:, None]
        normal = Normal(mean, (weight * centred) @ centred.T)
    return normal, share


def _share(log_weight: Array) -> float:
    weight = np.exp(log_weight)
    return float(weight.sum() ** 2 / (weight**2).sum() / weight.size)
