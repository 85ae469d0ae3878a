"""Indices against functions whose indices are known, against SALib, and by hand."""

import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from SALib.analyze import morris as salib_morris
from SALib.analyze import sobol as salib_sobol

from simmodel.sweeps.designs import Dimension, sample
from simmodel.sweeps.sensitivity import importance, morris, one_at_a_time, sobol

UNIT = [Dimension(name, 0.0, 1.0) for name in "abcd"]
ANGLES = [Dimension(name, -np.pi, np.pi) for name in "abc"]
WEIGHTS = np.array([0.0, 1.0, 4.5, 9.0])


def ishigami(values, a=7.0, b=0.1):
    x, y, z = values.T
    return np.sin(x) + a * np.sin(y) ** 2 + b * z**4 * np.sin(x)


def ishigami_indices(a=7.0, b=0.1):
    """First, total and second order (Ishigami and Homma 1990)."""
    first = 0.5 * (1 + b * np.pi**4 / 5) ** 2
    second = a**2 / 8
    both = 8 * b**2 * np.pi**8 / 225
    variance = first + second + both
    pairs = np.full((3, 3), np.nan)
    pairs[0, 1], pairs[0, 2], pairs[1, 2] = 0.0, both / variance, 0.0
    return (
        np.array([first, second, 0.0]) / variance,
        np.array([first + both, second, both]) / variance,
        pairs,
    )


def sobol_g(values):
    return np.prod((np.abs(4 * values - 2) + WEIGHTS) / (1 + WEIGHTS), axis=1)


def sobol_g_indices():
    """First, total and second order (Saltelli and Sobol' 1995)."""
    part = 1 / (3 * (1 + WEIGHTS) ** 2)
    variance = np.prod(1 + part) - 1
    pairs = np.where(np.triu(np.ones((4, 4)), 1) > 0, np.outer(part, part) / variance, np.nan)
    return part / variance, part * np.prod(1 + part) / (1 + part) / variance, pairs


KNOWN = [(ishigami, ANGLES, ishigami_indices()), (sobol_g, UNIT, sobol_g_indices())]


@pytest.mark.parametrize(("function", "dimensions", "known"), KNOWN)
def test_known_indices_lie_within_the_intervals(function, dimensions, known):
    values = sample("sobol", 2048, dimensions, 3).values
    found = sobol(function(values)[:, None], len(dimensions), True, 500, 3)
    for name, index in zip(("S1", "ST", "S2"), known, strict=True):
        at = ~np.isnan(index)
        low, estimate, high = (found[f"{name}{end}"][0][at] for end in ("_low", "", "_high"))
        assert np.all((low <= index[at] + 1e-9) & (index[at] <= high + 1e-9)), name
        assert np.all((low <= estimate) & (estimate <= high)), name
        np.testing.assert_allclose(estimate, index[at], atol=0.05)
        assert np.all(np.isnan(found[name][0][~at]))


def test_intervals_hold_the_known_index_about_as_often_as_they_say():
    """Over many seeds; scrambled sequences err less than the bootstrap fears, so more often."""
    first, total, _ = ishigami_indices()
    held = []
    for seed in range(40):
        values = sample("sobol", 256, ANGLES, seed, second_order=False).values
        found = sobol(ishigami(values)[:, None], 3, False, 100, seed)
        held += [
            (found[f"{name}_low"][0] <= index) & (index <= found[f"{name}_high"][0])
            for name, index in (("S1", first), ("ST", total))
        ]
    assert np.mean(held) > 0.9


@pytest.mark.parametrize("second_order", [False, True])
def test_estimates_are_salibs(second_order):
    values = sample("sobol", 128, ANGLES, 3, second_order).values
    outcome = ishigami(values)
    problem = {"num_vars": 3, "names": ["a", "b", "c"], "bounds": [[0.0, 1.0]] * 3}
    theirs = salib_sobol.analyze(problem, outcome, second_order, num_resamples=2, seed=1)
    ours = sobol(outcome[:, None], 3, second_order, 2, 1)
    for name in ("S1", "ST", *(("S2",) if second_order else ())):
        np.testing.assert_allclose(ours[name][0], theirs[name], rtol=1e-9, atol=1e-12)


def test_resampled_indices_are_the_estimator_on_the_points_drawn():
    """An interval from one resample is that resample: compare with SALib's own function."""
    values = sample("sobol", 64, ANGLES, 3, False).values
    outcome = ishigami(values)
    found = sobol(outcome[:, None], 3, False, 1, 11)
    key = np.random.SeedSequence(11, spawn_key=(zlib.crc32(b"resamples/sobol"), 0))
    drawn = np.random.default_rng(key).integers(64, size=64)
    points = ((outcome - outcome.mean()) / outcome.std()).reshape(64, 5)[drawn]
    for j in range(3):
        theirs = salib_sobol.first_order(points[:, 0], points[:, 1 + j], points[:, -1])
        np.testing.assert_allclose(found["S1_low"][0, j], theirs, rtol=1e-9)
        theirs = salib_sobol.total_order(points[:, 0], points[:, 1 + j], points[:, -1])
        np.testing.assert_allclose(found["ST_high"][0, j], theirs, rtol=1e-9)


def many(values):
    """Outcomes of every kind: two functions, met or not, rarely met, a constant."""
    first, second = ishigami(values), values.sum(axis=1)
    rare = np.zeros(len(values))
    rare[values[:, 0].argmax()] = 1.0
    return np.column_stack([first, second * 1e6 + 1e9, first > 5, rare, np.full(len(values), 0.1)])


def test_many_outcomes_at_once_equal_one_at_a_time():
    values = sample("sobol", 64, ANGLES, 3).values
    outcomes = many(values)
    together = sobol(outcomes, 3, True, 20, 1)
    for k in range(outcomes.shape[1]):
        alone = sobol(outcomes[:, [k]], 3, True, 20, 1)
        for name in together:
            np.testing.assert_allclose(together[name][k], alone[name][0], rtol=1e-7, atol=1e-9)
    design = sample("morris", 10, ANGLES, 3)
    outcomes = many(design.values)
    together = morris(outcomes, design.steps, 20, 1)
    for k in range(outcomes.shape[1]):
        alone = morris(outcomes[:, [k]], design.steps, 20, 1)
        for name in together:
            np.testing.assert_allclose(together[name][k], alone[name][0], rtol=1e-12, atol=0)


def test_a_constant_outcome_has_no_sobol_indices_and_no_effects():
    values = sample("sobol", 64, ANGLES, 3).values
    for constant in (0.0, 0.1, -3e8):
        found = sobol(np.full((len(values), 1), constant), 3, True, 10, 1)
        assert all(np.isnan(index).all() for index in found.values())
    design = sample("morris", 10, ANGLES, 3)
    found = morris(np.full((len(design.values), 1), 0.1), design.steps, 10, 1)
    assert all(np.all(index == 0.0) for index in found.values())


def test_an_outcome_met_in_a_single_run_has_indices_and_no_warning():
    values = sample("sobol", 64, ANGLES, 3).values
    outcome = np.zeros((len(values), 1))
    outcome[0] = 1.0
    found = sobol(outcome, 3, True, 50, 1)
    assert np.all(np.isfinite(found["ST"]))
    assert np.all(np.isfinite(found["ST_low"]))


def test_a_missing_outcome_spoils_no_other():
    values = sample("sobol", 64, ANGLES, 3, False).values
    outcomes = np.column_stack([ishigami(values), ishigami(values)])
    outcomes[5, 1] = np.nan
    found = sobol(outcomes, 3, False, 10, 1)
    assert np.all(np.isfinite(found["S1"][0]))
    assert np.all(np.isnan(found["S1"][1]))


def test_discrete_choices_have_the_indices_of_their_switch():
    """y = 3 d + x: variances 9/4 and 1/12."""
    dimensions = [Dimension("d", choices=(0.0, 1.0)), Dimension("x", 0.0, 1.0)]
    values = sample("sobol", 1024, dimensions, 3).values
    found = sobol((3 * values[:, 0] + values[:, 1])[:, None], 2, True, 200, 3)
    share = np.array([9 / 4, 1 / 12]) / (9 / 4 + 1 / 12)
    np.testing.assert_allclose(found["S1"][0], share, atol=0.02)
    np.testing.assert_allclose(found["ST"][0], share, atol=0.02)


def test_morris_on_a_line_by_hand():
    """y = 2 a - 3 b + c: through the whole range a gains 2·4, b loses 3, c is switched on."""
    dimensions = [
        Dimension("a", 2.0, 6.0),
        Dimension("b", 0.0, 1.0),
        Dimension("c", choices=(0.0, 1.0)),
        Dimension("d", 0.0, 1.0),
    ]
    design = sample("morris", 6, dimensions, 1)
    outcome = design.values @ np.array([2.0, -3.0, 1.0, 0.0])
    found = morris(outcome[:, None], design.steps, 50, 1)
    np.testing.assert_allclose(found["mu"][0], [8, -3, 1, 0], atol=1e-9)
    for name in ("mu_star", "mu_star_low", "mu_star_high"):
        np.testing.assert_allclose(found[name][0], [8, 3, 1, 0], atol=1e-9)
    np.testing.assert_allclose(found["sigma"][0], 0, atol=1e-9)


def test_morris_is_salibs():
    design = sample("morris", 20, ANGLES, 1)
    outcome = ishigami(design.values)
    problem = {"num_vars": 3, "names": ["a", "b", "c"], "bounds": [[-np.pi, np.pi]] * 3}
    theirs = salib_morris.analyze(problem, design.values, outcome, num_levels=4, seed=1)
    ours = morris(outcome[:, None], design.steps, 50, 1)
    for name in ("mu", "mu_star", "sigma"):
        np.testing.assert_allclose(ours[name][0], theirs[name].astype(float), rtol=1e-9, atol=1e-9)
    assert np.all(ours["mu_star_low"] <= ours["mu_star"])
    assert np.all(ours["mu_star"] <= ours["mu_star_high"])


def test_one_at_a_time_by_hand():
    dimensions = [Dimension("a", 0.0, 2.0), Dimension("b", choices=(0.0, 1.0))]
    values = sample("one_at_a_time", 1, dimensions, 1, base=[1.0, 0.0]).values
    outcomes = np.column_stack([10 * values[:, 0] - 4 * values[:, 1], values.sum(axis=1)])
    found = one_at_a_time(outcomes)
    assert found["low"].tolist() == [[0.0, 10.0], [0.0, 1.0]]
    assert found["base"].tolist() == [[10.0, 10.0], [1.0, 1.0]]
    assert found["high"].tolist() == [[20.0, 6.0], [2.0, 2.0]]


def test_importance_given_met_on_a_known_case():
    """Met where a > 0.8: the distance is 0.8 for a, nothing for b, for yes or no d as its share."""
    dimensions = [UNIT[0], UNIT[1], Dimension("d", choices=(0.0, 1.0))]
    values = sample("discovery", 8000, dimensions, 1).values
    yes = values[:, 2] == 1.0
    met = np.column_stack([values[:, 0] > 0.8, yes, yes & (values[:, 0] > 0.8)])
    found = importance(values, met, 100, 1)
    np.testing.assert_allclose(
        found["importance"], [[0.8, 0, 0], [0, 0, 0.5], [0.8, 0, 0.5]], atol=0.06
    )
    matters = found["importance"] > found["importance_chance"]
    assert np.all(matters[np.array([[1, 0, 0], [0, 0, 1], [1, 0, 1]], dtype=bool)])
    assert np.all(found["importance_chance"] < 0.15)


def test_a_parameter_of_no_influence_exceeds_chance_once_in_twenty():
    rng = np.random.default_rng(5)
    values, met = rng.random((300, 60)), rng.random((300, 10)) < 0.3
    found = importance(values, met.astype(float), 200, 1)
    exceeds = found["importance"] > found["importance_chance"]
    assert 0.02 < exceeds.mean() < 0.09


def test_importance_where_none_or_all_meet_the_target_or_some_draws_do():
    values = np.arange(20.0)[:, None]
    met = np.column_stack([np.zeros(20), np.ones(20), np.full(20, 0.25)])
    found = importance(values, met, 10, 1)
    assert np.isnan(found["importance"][0]).all()
    assert np.isnan(found["importance_chance"][0]).all()
    np.testing.assert_allclose(found["importance"][1:], 0.0, atol=1e-12)


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.integers(1, 4))
def test_importance_is_a_distance_and_does_not_mind_the_order_of_runs(seed, choices):
    rng = np.random.default_rng(seed)
    values = rng.integers(choices + 1, size=(40, 2)).astype(float)
    met = (rng.random((40, 1)) < 0.5).astype(float)
    met[0] = 1.0
    found = importance(values, met, 5, 1)["importance"]
    shuffled = rng.permutation(40)
    again = importance(values[shuffled], met[shuffled], 5, 1)["importance"]
    assert np.all((found >= 0) & (found <= 1))
    np.testing.assert_allclose(found, again, atol=1e-12)
