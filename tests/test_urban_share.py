"""Paths of urban shares: worked by hand, through their figures, and their parameters recovered."""

from dataclasses import replace

import numpy as np
import pytest

from simmodel.forecast.pooling import logit, share_of
from simmodel.forecast.urban_share import (
    NationalGrowthDifference,
    PathParameters,
    ShareObservation,
    Start,
    draw_national_gains,
    draw_paths,
    figures_log_likelihood,
)
from simmodel.forecast.urban_share_fit import (
    PRIORS,
    Group,
    estimate,
    estimate_children,
)

SURE = PathParameters(-0.5, 0.0, 0.4, 6.0, 0.0, 1e-9, 0.0, 3.0)
USUAL = PathParameters(-0.5, 0.13, 0.7, 7.0, 0.008, 0.0010, 0.0012, 3.0)


def rng():
    return np.random.default_rng(7)


def test_without_noise_a_unit_gains_its_response_times_the_parents_gain():
    # log odds 0 beside the parent's log 3 = 1.0986: b = 1 + 0.5 * 1.0986 = 1.5493
    gains = np.array([[0.04], [0.02]])
    path, error = draw_paths(Start(0.5, 0.75), gains, gains[:, 0], [], SURE, rng())
    np.testing.assert_allclose(path[:, 0], [0.0, 0.061972, 0.092958], atol=1e-6)
    np.testing.assert_array_equal(error, 0.0)


def test_a_departure_multiplies_the_gain_expected_and_fades():
    # d(0) = 0.4 * 0.5 = 0.2, d(1) = 0.2 exp(-1/6) = 0.16930; expected 0.05, parent's gain 0.04
    gains = np.full((2, 1), 0.04)
    start = Start(0.5, 0.5, 0.5)
    path, _ = draw_paths(start, gains, np.full(2, 0.05), [], SURE, rng())
    np.testing.assert_allclose(path[:, 0], [0.0, 0.05, 0.098465], atol=1e-6)


def test_every_draw_passes_near_its_figures_and_keeps_their_error():
    gains = np.full((8, 4000), 0.036)
    figures = [ShareObservation(1, 0.51, 3e-5), ShareObservation(2, 0.519, 3e-5)]
    path, error = draw_paths(Start(0.5, 0.6), gains, np.full(8, 0.036), figures, USUAL, rng())
    for figure in figures:
        published = share_of(path[figure.year]) + error[figure.year]
        assert abs(published - figure.share).max() < 5.0 * 0.0010
        assert abs(np.median(share_of(path[figure.year])) - figure.share) < 0.0006
    spread = share_of(path).std(axis=1)
    assert spread[2] < 0.0015 < spread[4] < spread[8]


def test_a_census_is_met_without_the_error_of_a_series():
    gains = np.full((10, 500), 0.036)
    seen = [ShareObservation(10, 0.6, 1e-6, census=True)]
    path, _ = draw_paths(Start(0.5, 0.6), gains, np.full(10, 0.036), seen, USUAL, rng())
    np.testing.assert_allclose(share_of(path[10]), 0.6, atol=1e-5)


@pytest.mark.parametrize("past", [None, 0.0, 0.4])
def test_the_median_of_ten_years_lies_within_a_hundredth_of_the_gain_expected(past):
    draws, known = 60_000, np.full(5, 0.036)  # no spell that carries over
    elsewhere = np.full(10, 0.03)
    pace = NationalGrowthDifference(0.28, 4.0, 0.22)
    nation = draw_national_gains(known, known.mean(), elsewhere, pace, rng(), draws)[5:]
    assert np.median(nation.sum(axis=0)) == pytest.approx(elsewhere.sum(), rel=0.01)
    start = Start(0.5, 0.6, past)
    path, _ = draw_paths(start, nation, elsewhere, [], USUAL, rng())
    sure = replace(USUAL, departure=0.0, shock=0.0)
    expected, _ = draw_paths(start, elsewhere[:, None], elsewhere, [], sure, rng())
    gain = np.median(path[-1] - path[0])
    assert gain == pytest.approx((expected[-1] - expected[0]).item(), rel=0.01)


def test_known_years_of_the_nation_are_kept_and_a_fast_spell_carries_over():
    known = np.array([0.04, 0.05, 0.05])
    pace = NationalGrowthDifference(0.3, 5.0, 0.1)
    gains = draw_national_gains(known, 0.04, np.full(6, 0.04), pace, rng(), 5000)
    assert gains.shape == (9, 5000)
    np.testing.assert_array_equal(gains[:3], known[:, None].repeat(5000, axis=1))
    later = gains[3:].mean(axis=1)
    assert later[0] > 0.0435
    assert later[-1] < later[0]


def synthetic(parameters, seed, units=31):
    """Return a decade and five yearly figures of units made by the model, nation given."""
    made = np.random.default_rng(seed)
    nation = np.full(10, 0.0557)
    start_share = share_of(made.normal(0.0, 0.6, units))
    past = made.normal(0.0, 0.15, units)
    start = Start(start_share, 0.5, past)
    gains = nation[:, None].repeat(units, axis=1)
    path, error = draw_paths(start, gains, nation, [], parameters, made)
    white = parameters.white_error * made.standard_normal(path.shape)
    published = share_of(path) + error + white
    figures = tuple(ShareObservation(year, published[year], 3e-5) for year in range(1, 6))
    figures += (ShareObservation(10, share_of(path[10]), 3e-5, census=True),)
    offset = logit(start_share)
    before = past + 1.0 + np.asarray(parameters.slope) * offset
    return Group(start, before, offset, gains, nation, figures)


def test_estimates_recover_what_made_the_data():
    found = estimate([synthetic(USUAL, seed) for seed in (1, 2)])
    truth = np.array([USUAL.slope, np.log(USUAL.departure), np.arctanh(USUAL.pull)])
    error = np.sqrt(np.diag(found.covariance))[:3]
    assert np.all(np.abs(found.mode[:3] - truth) < 3.0 * error)
    assert np.all(error < [0.1, 0.3, 0.5])
    drawn = found.draw(rng(), 2000)
    assert np.median(drawn.departure) == pytest.approx(float(found.parameters.departure), rel=0.05)


def test_without_data_estimates_are_the_priors():
    found = estimate([])
    for name, prior in PRIORS.items():
        assert float(getattr(found.parameters, name)) == pytest.approx(prior.median)
    np.testing.assert_allclose(
        np.diag(found.covariance) ** 0.5, [p.spread for p in PRIORS.values()]
    )


def test_small_children_deviate_more_and_none_below_half_a_million():
    made = np.random.default_rng(3)
    people = np.exp(made.uniform(np.log(2e5), np.log(1e7), 600))
    scale = 0.2 * (np.maximum(people, 5e5) / 2.9e6) ** -0.3
    offsets = made.normal(0.0, 0.5, 600)
    departures = -0.1 * offsets + scale * made.standard_t(5.0, 600)
    found = estimate_children(departures, offsets, people)
    assert found.slope == pytest.approx(-0.1, abs=0.06)
    assert found.spread == pytest.approx(0.2, rel=0.15)
    assert found.exponent == pytest.approx(0.3, abs=0.08)
    assert 3.0 < found.degrees_of_freedom < 12.0
    assert found.scale(np.array([1e4])) == found.scale(np.array([5e5]))


def test_a_figure_far_from_what_neighbours_allow_is_unlikely():
    gains = np.full((3, 1), 0.036)
    near, far = (
        figures_log_likelihood(
            Start(0.5, 0.6),
            gains,
            gains[:, 0],
            [ShareObservation(1, 0.51), ShareObservation(2, share)],
            USUAL,
        )[0]
        for share in (0.519, 0.560)
    )
    assert near - far > 12.5  # five standard errors
