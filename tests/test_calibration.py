"""Calibration against posteriors that are known: in closed form, or by brute force on a grid."""

import numpy as np
import pytest

from simmodel.errors import CalibrationError
from simmodel.forecast.calibration import LEAST_EFFECTIVE, SAMPLE, Evidence, Normal, calibrate


def unit(size):
    return Normal(np.zeros(size), np.eye(size))


def by_grid(prior, evidence, reach=7.0, points=601):
    """Mean and spread of the posterior from its density on a grid."""
    axes = [
        np.linspace(m - reach * s, m + reach * s, points)
        for m, s in zip(prior.mean, prior.spread, strict=True)
    ]
    theta = np.array(np.meshgrid(*axes, indexing="ij")).reshape(prior.mean.size, -1)
    off = theta - prior.mean[:, None]
    log = -0.5 * np.einsum("id,ij,jd->d", off, np.linalg.inv(prior.covariance), off)
    errors = (evidence.predict(theta) - evidence.observed[:, None]) / evidence.error[:, None]
    log -= 0.5 * (errors**2).sum(axis=0)
    weight = np.exp(log - log.max())
    weight /= weight.sum()
    mean = theta @ weight
    return mean, np.sqrt(((theta - mean[:, None]) ** 2) @ weight)


def test_one_figure_meets_one_prior_half_way():
    """Prior 0 +- 1, figure 2 +- 1: mean 2 x 1/2 = 1, variance 1/2."""
    found = calibrate(unit(1), Evidence(np.array([2.0]), np.array([1.0]), lambda t: t))
    assert found.posterior.mean == pytest.approx([1.0], abs=2e-3)
    assert found.posterior.covariance.ravel() == pytest.approx([0.5], rel=1e-3)
    assert found.residuals == pytest.approx([1.0], abs=2e-3)
    assert found.effective_draws > 0.99


def test_linear_and_normal_is_exact():
    """Covariance C = (H' R^-1 H + P^-1)^-1 and mean m + C H' R^-1 (y - H m).

    Two figures, three unknowns; the third parameter touches nothing and keeps its prior.
    """
    prior = Normal(np.array([1.0, -2.0, 5.0]), np.diag([4.0, 1.0, 0.09]))
    prior.covariance[0, 1] = prior.covariance[1, 0] = 0.8
    design = np.array([[1.0, 1.0, 0.0], [1.0, -3.0, 0.0]])
    evidence = Evidence(np.array([3.0, 0.5]), np.array([0.1, 2.0]), lambda t: design @ t)
    found = calibrate(prior, evidence)
    weight = design.T / evidence.error**2
    covariance = np.linalg.inv(weight @ design + np.linalg.inv(prior.covariance))
    mean = prior.mean + covariance @ weight @ (evidence.observed - design @ prior.mean)
    spread = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose((found.posterior.mean - mean) / spread, 0.0, atol=5e-3)
    np.testing.assert_allclose(
        found.posterior.covariance / np.outer(spread, spread),
        covariance / np.outer(spread, spread),
        atol=5e-3,
    )
    assert found.posterior.mean[2] == pytest.approx(5.0, abs=1e-3)
    assert found.posterior.spread[2] == pytest.approx(0.3, rel=1e-3)
    assert found.effective_draws > 0.99
    assert found.prior is prior


@pytest.mark.parametrize(
    ("value", "error"), [(1.0, 1.0), (1.0, 0.3), (3.0, 2.0), (0.2, 0.3), (0.5, 0.5)]
)
def test_log_scale_parameter_against_a_grid(value, error):
    """A level exp(x) observed with an additive error: skewed, the mode is not the mean."""
    evidence = Evidence(np.array([value]), np.array([error]), np.exp)
    found = calibrate(unit(1), evidence)
    mean, spread = by_grid(unit(1), evidence, points=20_001)
    np.testing.assert_allclose((found.posterior.mean - mean) / spread, 0.0, atol=0.05)
    np.testing.assert_allclose(found.posterior.spread / spread, 1.0, atol=0.06)


def test_two_levels_of_which_the_sum_is_known_against_a_grid():
    """exp(x) + exp(y) = 2 +- 0.1 and x - y = 0.5 +- 0.3."""
    evidence = Evidence(
        np.array([2.0, 0.5]),
        np.array([0.1, 0.3]),
        lambda t: np.array([np.exp(t[0]) + np.exp(t[1]), t[0] - t[1]]),
    )
    found = calibrate(unit(2), evidence)
    mean, spread = by_grid(unit(2), evidence)
    np.testing.assert_allclose((found.posterior.mean - mean) / spread, 0.0, atol=0.05)
    np.testing.assert_allclose(found.posterior.spread / spread, 1.0, atol=0.05)


def test_figures_that_contradict_each_other_show_in_the_residuals():
    """0 and 1, each +- 0.01: the mean lies between, fifty errors from either."""
    evidence = Evidence(np.array([0.0, 1.0]), np.full(2, 0.01), lambda t: np.concatenate((t, t)))
    found = calibrate(unit(1), evidence)
    assert found.posterior.mean == pytest.approx([0.5], abs=1e-3)
    assert found.residuals == pytest.approx([-50.0, 50.0], abs=0.1)


def test_a_posterior_no_normal_can_stand_for_is_an_error():
    """Many figures of one wild function leave many thin and far places."""
    evidence = Evidence(
        np.array([0.0]), np.array([1e-6]), lambda t: np.sin(40.0 * t).sum(axis=0, keepdims=True)
    )
    with pytest.raises(CalibrationError, match=r"degenerate posterior: .*check the region's"):
        calibrate(unit(8), evidence)


def test_no_prediction_is_impossible_and_not_unknown():
    """Where the projection has no answer the posterior has no mass; the rest goes on."""
    evidence = Evidence(
        np.array([2.0]), np.array([1.0]), lambda t: np.where(t < -1.0, np.nan, np.exp(t))
    )
    found = calibrate(unit(1), evidence)
    assert found.effective_draws > 0.5


def test_the_same_evidence_gives_the_same_bits():
    evidence = Evidence(np.array([1.0]), np.array([0.3]), np.exp)
    one, two = calibrate(unit(1), evidence), calibrate(unit(1), evidence)
    assert np.array_equal(one.posterior.mean, two.posterior.mean)
    assert np.array_equal(one.posterior.covariance, two.posterior.covariance)


def test_the_effective_share_is_reported_and_large_enough():
    evidence = Evidence(np.array([1.0]), np.array([0.3]), lambda t: np.exp(t) * 1.0)
    found = calibrate(unit(1), evidence)
    assert LEAST_EFFECTIVE / SAMPLE <= found.effective_draws <= 1.0


def test_draws_have_the_mean_and_covariance():
    normal = Normal(np.array([1.0, 2.0]), np.array([[1.0, -0.6], [-0.6, 0.5]]))
    standard = np.random.default_rng(0).standard_normal((2, 200_000))
    draws = normal.draws(standard)
    # Errors of a mean 1 / sqrt(200,000) = 0.0022.
    np.testing.assert_allclose(draws.mean(axis=1), normal.mean, atol=0.01)
    np.testing.assert_allclose(np.cov(draws), normal.covariance, atol=0.02)
