"""Draws and likelihood of linear Gaussian models, held to the same model written as one normal."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from simmodel.forecast.state_space import (
    LinearObservation,
    StateSpace,
    Step,
    draw_states,
    log_likelihood,
)

SIZE, TIMES = 3, 6


@pytest.fixture(scope="module")
def world():
    """Return a model of three states over six times with four observations, two at one time."""
    rng = np.random.default_rng(20201101)
    steps = tuple(
        Step(
            0.6 * np.eye(SIZE)[:, :, None] + 0.5 * rng.normal(size=(SIZE, SIZE, 1)),
            rng.normal(size=(SIZE, 1)),
            np.abs(rng.normal(size=(SIZE, 1))),
        )
        for _ in range(TIMES - 1)
    )
    model = StateSpace(rng.normal(size=(SIZE, 1)), np.abs(rng.normal(size=(SIZE, 1))), steps)
    seen = [
        LinearObservation(time, rng.normal(size=SIZE), value, error)
        for time, value, error in ((1, 0.3, 0.5), (3, -0.2, 0.4), (3, 1.2, 0.3), (5, 0.7, 0.6))
    ]
    return model, seen


def as_one_normal(model, seen):
    """Return mean and covariance of all states, the matrix that shows them, errors and values."""
    means = [model.mean[:, 0]]
    roots = [np.hstack([np.diag(model.spread[:, 0]), np.zeros((SIZE, SIZE * (TIMES - 1)))])]
    for k, step in enumerate(model.steps):
        means.append(step.transition[:, :, 0] @ means[-1] + step.shift[:, 0])
        root = step.transition[:, :, 0] @ roots[-1]
        root[:, SIZE * (k + 1) : SIZE * (k + 2)] += np.diag(step.noise[:, 0])
        roots.append(root)
    shows = np.zeros((len(seen), SIZE * TIMES))
    for row, one in enumerate(seen):
        shows[row, one.time * SIZE : (one.time + 1) * SIZE] = one.weights
    root = np.vstack(roots)
    errors = np.diag([one.error**2 for one in seen])
    return np.concatenate(means), root @ root.T, shows, errors, np.array([o.value for o in seen])


def test_the_likelihood_is_that_of_one_normal(world):
    mean, covariance, shows, errors, values = as_one_normal(*world)
    exact = multivariate_normal(shows @ mean, shows @ covariance @ shows.T + errors)
    assert log_likelihood(*world)[0] == pytest.approx(exact.logpdf(values), abs=1e-10)


def test_draws_have_the_mean_and_covariance_of_the_states_given_the_observations(world):
    mean, covariance, shows, errors, values = as_one_normal(*world)
    gain = covariance @ shows.T @ np.linalg.inv(shows @ covariance @ shows.T + errors)
    mean = mean + gain @ (values - shows @ mean)
    covariance = covariance - gain @ shows @ covariance
    draws = 100_000
    states = draw_states(*world, np.random.default_rng(1), draws).reshape(SIZE * TIMES, draws)
    spread = np.sqrt(np.diag(covariance))
    assert np.all(np.abs(states.mean(axis=1) - mean) < 5.0 * spread / np.sqrt(draws) + 1e-12)
    # four standard errors of a sample covariance
    tolerance = 4.0 * np.sqrt(2.0 / draws) * np.outer(spread, spread) + 1e-12
    assert np.all(np.abs(np.cov(states) - covariance) < tolerance)


def test_draws_with_parameters_of_their_own_are_those_of_each_alone():
    walk = [
        Step(np.ones((1, 1, 1)), np.zeros((1, 1)), np.full((1, 1), noise)) for noise in (0.1, 2.0)
    ]
    both = Step(np.ones((1, 1, 1)), np.zeros((1, 1)), np.array([[0.1, 2.0]]))
    start = np.zeros((1, 1)), np.zeros((1, 1))
    seen = [LinearObservation(1, np.ones(1), 1.0, 0.5)]
    together = log_likelihood(StateSpace(*start, (both,)), seen)
    alone = [log_likelihood(StateSpace(*start, (one,)), seen)[0] for one in walk]
    np.testing.assert_allclose(together, alone, rtol=1e-12)


def test_without_observations_the_path_is_free():
    step = Step(np.full((1, 1, 1), 0.5), np.ones((1, 1)), np.zeros((1, 1)))
    states = draw_states(
        StateSpace(np.zeros((1, 1)), np.zeros((1, 1)), (step, step)),
        [],
        np.random.default_rng(1),
        3,
    )
    np.testing.assert_allclose(states[:, 0], [[0.0] * 3, [1.0] * 3, [1.5] * 3])
