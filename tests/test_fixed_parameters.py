"""Uncertain quantities that a scenario fixes: held in every draw, the others follow."""

import numpy as np
import pytest

from simmodel.errors import ScenarioError
from simmodel.forecast.calibration import Normal
from simmodel.forecast.parameters import NAMES, natural, transformed
from simmodel.forecast.uncertainty import BLOCK, FACTORS, PaceNoise, factor_quantiles, pace_factors
from simmodel.inputs.scenario import QUANTITIES, Scenario
from simmodel.simulation.projector import Projector, simulate


def scenario(**parameters):
    return Scenario.model_validate(
        {
            "scenario": "fixed",
            "regions": ["wuwei"],
            "horizon": 2035,
            "parameters": parameters,
            "ensemble": {"draws": 400, "seed": 5},
        }
    )


def drawn(atlas, posteriors, region="wuwei", **parameters):
    return Projector(scenario(**parameters), atlas, posteriors.by_region).drawn(region, 0)


def test_the_quantities_are_those_of_the_model():
    assert tuple(QUANTITIES) == (*NAMES, *FACTORS)


def test_one_scale_is_the_other_turned_round():
    bound = 0.011
    rows = natural(np.linspace(-2.0, 1.0, len(NAMES) * 3).reshape(len(NAMES), 3), bound)
    for name, place in zip(
        NAMES, np.linspace(-2.0, 1.0, len(NAMES) * 3).reshape(-1, 3), strict=True
    ):
        np.testing.assert_allclose(transformed(name, rows[name], bound), place, rtol=1e-12)


def test_what_is_stated_holds_and_what_hangs_together_follows():
    """Regression of the others on what is stated, checked against draws that happen to have it."""
    mean = np.array([1.0, -1.0, 0.5])
    spread = np.array([[1.0, 0.6, 0.2], [0.6, 2.0, -0.5], [0.2, -0.5, 0.7]])
    together = Normal(mean, spread)
    draws = together.draws(np.random.default_rng(1).standard_normal((3, 400_000)))
    given = together.given(draws, [0], np.array([[2.0]]))
    near = draws[:, np.abs(draws[0] - 2.0) < 0.05]
    assert np.all(given[0] == 2.0)
    np.testing.assert_allclose(given.mean(axis=1), near.mean(axis=1), atol=0.03)
    np.testing.assert_allclose(np.cov(given)[1:, 1:], np.cov(near)[1:, 1:], atol=0.05)


def test_a_draw_that_has_the_value_already_is_left_alone(atlas, posteriors):
    posterior = posteriors.by_region["wuwei"]
    theta = posterior.draws(np.random.default_rng(2).standard_normal((len(NAMES), 50)))
    same = posterior.given(theta, [1, 4], theta[[1, 4]])
    np.testing.assert_allclose(same, theta, rtol=1e-12, atol=1e-12)


def test_a_fixed_parameter_is_the_same_in_every_draw_and_the_correlated_ones_move(
    atlas, posteriors
):
    free, held = drawn(atlas, posteriors), drawn(atlas, posteriors, wuwei={"local_retention": 0.4})
    np.testing.assert_allclose(held.values["local_retention"], 0.4, rtol=1e-12)
    at, other = NAMES.index("local_retention"), NAMES.index("urban_out_migration")
    normal = posteriors.by_region["wuwei"]
    slope = normal.covariance[other, at] / normal.covariance[at, at]
    moved = np.log(held.values["urban_out_migration"] / free.values["urban_out_migration"])
    step = np.log(0.4 / 0.6) - np.log(1.0 / (1.0 / free.values["local_retention"] - 1.0))
    np.testing.assert_allclose(moved, slope * step, rtol=1e-8, atol=1e-10)
    for name in free.factors:
        np.testing.assert_array_equal(free.factors[name], held.factors[name])


def test_a_region_elsewhere_is_not_touched(atlas, posteriors):
    free = drawn(atlas, posteriors, "wuwei.minqin")
    held = drawn(atlas, posteriors, "wuwei.minqin", wuwei={"local_retention": 0.4})
    np.testing.assert_array_equal(free.values["arrivals"], held.values["arrivals"])


def test_a_fixed_pace_is_that_of_the_region_and_all_inside(atlas, posteriors):
    free = drawn(atlas, posteriors)
    held = drawn(atlas, posteriors, wuwei={"pace": 1.5}, gansu={"pace": 1.0}, china={"pace": 1.0})
    own = Projector(scenario(), atlas, posteriors.by_region)._noise["wuwei"]
    np.testing.assert_allclose(held.factors["exit"][:, 0], 1.5 * own.shape)
    assert held.factors["exit"].shape == (15, 1)  # nothing of it is drawn any longer
    assert free.factors["exit"].shape == (15, BLOCK)
    inside = drawn(atlas, posteriors, "wuwei.minqin", wuwei={"pace": 1.5})
    without = drawn(atlas, posteriors, "wuwei.minqin", wuwei={"pace": 1.0})
    np.testing.assert_allclose(inside.factors["exit"], 1.5 * without.factors["exit"])


def test_known_years_have_no_pace_to_be_fixed(atlas, posteriors):
    """Guizhou's figures reach to 2024: its pace is theirs until then."""
    cast = Projector(scenario(), atlas, posteriors.by_region, regions=("liupanshui",))
    noise = [cast._noise[i] for i in ("guizhou", "china")]
    held = pace_factors(1, 0, noise, 15, {"guizhou": {"pace": 2.0}, "china": {"pace": 1.0}})
    np.testing.assert_array_equal(held["exit"][:, 0], [1.0] * 4 + [2.0] * 11)


def test_fertility_reaches_its_fixed_factor_as_the_draws_grow():
    noise = PaceNoise("east", np.eye(20), 3.0, np.ones(20))
    above = PaceNoise("land", np.eye(20), 3.0, np.ones(20))
    held = {"east": {"fertility_factor": 1.5}, "land": {"mortality_factor": 0.5}}
    found = pace_factors(1, 0, [noise, above], 20, held)
    np.testing.assert_allclose(found["fertility"][[0, 14, 19], 0], [1.5 ** (1 / 15), 1.5, 1.5])
    np.testing.assert_allclose(found["mortality"][14, 0], 0.5)  # that of the nearest above


def test_quantiles_of_a_factor_are_those_of_its_draws(atlas, posteriors):
    cast = Projector(scenario(), atlas, posteriors.by_region)
    noise = cast._noise["wuwei"]
    shares = np.array([0.1, 0.5, 0.9])
    means = np.concatenate([noise.factors(77, block).mean(axis=0) for block in range(16)])
    np.testing.assert_allclose(
        factor_quantiles("pace", noise, shares), np.quantile(means, shares), rtol=0.02
    )
    free = drawn(atlas, posteriors).factors["fertility"][14]
    np.testing.assert_allclose(
        factor_quantiles("fertility_factor", noise, shares), np.quantile(free, shares), rtol=0.06
    )


def test_more_retention_means_a_higher_rate(atlas, posteriors):
    free = simulate(scenario(), atlas, posteriors.by_region)
    more = simulate(scenario(wuwei={"pace": 1.3}), atlas, posteriors.by_region)
    assert np.median(more.rate("wuwei")[-1]) > np.median(free.rate("wuwei")[-1]) + 0.01


def test_beyond_a_regions_own_limit_is_one_clear_line(atlas, posteriors):
    with pytest.raises(
        ScenarioError, match=r"^parameters.wuwei.reclassification: above 0 and below"
    ):
        drawn(atlas, posteriors, wuwei={"reclassification": 0.5})
