"""Designs: values worked by hand, shares of the distributions, faults in one line."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from simmodel.errors import ScenarioError
from simmodel.sweeps.designs import METHODS, Dimension, runs, sample, smallest

RANGE = Dimension("a", 2.0, 6.0)
LOG = Dimension("b", 0.5, 2.0, "log_uniform")
PEAK = Dimension("c", 0.0, 4.0, "triangular", mode=1.0)
YES_NO = Dimension("d", choices=(0.0, 1.0))
THREE = Dimension("e", choices=(1.5, 0.5, 1.0))
TABLE = Dimension(
    "f", distribution="table", quantiles=tuple(stats.norm.ppf((np.arange(1000) + 0.5) / 1000))
)
ALL = [RANGE, LOG, PEAK, YES_NO, THREE, TABLE]


def test_ranges_by_hand():
    chances = np.array([0.0, 0.25, 0.5, 1.0])
    assert RANGE.at(chances).tolist() == [2.0, 3.0, 4.0, 6.0]
    np.testing.assert_allclose(LOG.at(chances), [0.5, 2**-0.5, 1.0, 2.0])
    assert THREE.choices == (0.5, 1.0, 1.5)
    assert THREE.at(np.array([0.0, 0.33, 0.34, 0.99, 1.0])).tolist() == [0.5, 0.5, 1.0, 1.5, 1.5]


@pytest.mark.parametrize("mode", [0.0, 1.0, 4.0])
def test_triangular_is_scipys(mode):
    chances = np.linspace(0, 1, 41)
    one = Dimension("c", 0.0, 4.0, "triangular", mode=mode)
    np.testing.assert_allclose(
        one.at(chances), stats.triang(mode / 4, 0, 4).ppf(chances), atol=1e-12
    )


def test_a_table_follows_its_quantiles_and_reaches_from_5_to_95_percent():
    chances = np.array([0.05, 0.3, 0.5, 0.95])
    np.testing.assert_allclose(TABLE.at(chances), stats.norm.ppf(chances), atol=1e-4)
    np.testing.assert_allclose(TABLE.ends, [-1.645, 1.645], atol=1e-3)


@given(st.sampled_from(ALL), st.lists(st.floats(0, 1), min_size=2, max_size=20))
def test_values_rise_with_the_chance_and_stay_inside(one, chances):
    sorted_chances = np.sort(chances)
    for values in (one.at(sorted_chances), one.across(sorted_chances)):
        assert np.all(np.diff(values) >= 0)
        low, high = one.at(np.array([0.0, 1.0]))
        assert np.all((values >= low) & (values <= high))


def test_one_at_a_time_by_hand():
    made = sample("one_at_a_time", 1, [RANGE, THREE], 1, base=[1.0, 1.0]).values
    assert made.tolist() == [[1, 1], [2, 1], [6, 1], [1, 0.5], [1, 1.5]]
    assert sample("one_at_a_time", 1, [RANGE, THREE], 1).values[0].tolist() == [4.0, 1.0]


def test_a_grid_has_every_combination_once():
    made = sample("grid", 3, [RANGE, LOG, YES_NO], 1).values
    assert made.shape == (18, 3)
    assert len(np.unique(made, axis=0)) == 18
    np.testing.assert_allclose(np.unique(made[:, 1]), [0.5, 1.0, 2.0])
    assert set(made[:, 2]) == {0.0, 1.0}


@pytest.mark.parametrize("count", [1, 2, 6])
def test_a_trajectory_moves_each_parameter_once(count):
    dimensions = [*ALL, Dimension("g", choices=tuple(range(7)))][:count]
    design = sample("morris", 5, dimensions, 3)
    moved = np.diff(design.values.reshape(5, count + 1, count), axis=1) != 0
    assert np.all(moved.sum(axis=1) == 1)
    assert np.all(moved.sum(axis=2) == 1)
    assert np.all(np.diff(design.steps.reshape(5, count + 1, count), axis=1)[moved] != 0)


def test_steps_of_choices_are_their_places_among_the_choices():
    design = sample("morris", 20, [THREE, Dimension("g", choices=tuple(range(7)))], 3)
    np.testing.assert_allclose(design.steps[:, 0], design.values[:, 0] - 0.5)
    np.testing.assert_allclose(design.steps[:, 1], design.values[:, 1] / 6)


@pytest.mark.parametrize("second_order", [False, True])
def test_saltellis_scheme(second_order):
    made = sample("sobol", 64, ALL, 5, second_order=second_order).values
    points = made.reshape(64, (14 if second_order else 8), 6)
    a, b = points[:, 0], points[:, -1]
    for j in range(6):
        np.testing.assert_array_equal(points[:, 1 + j, j], b[:, j])
        np.testing.assert_array_equal(np.delete(points[:, 1 + j], j, 1), np.delete(a, j, 1))
        if second_order:
            np.testing.assert_array_equal(points[:, 7 + j, j], a[:, j])
            np.testing.assert_array_equal(np.delete(points[:, 7 + j], j, 1), np.delete(b, j, 1))


@pytest.mark.parametrize("method", ["sobol", "discovery"])
def test_each_parameter_follows_its_distribution(method):
    made = sample(method, 1024, ALL, 7).values
    assert stats.kstest(made[:, 0], stats.uniform(2, 4).cdf).statistic < 0.03
    assert stats.kstest(np.log2(made[:, 1]), stats.uniform(-1, 2).cdf).statistic < 0.03
    assert stats.kstest(made[:, 2], stats.triang(0.25, 0, 4).cdf).statistic < 0.03
    assert abs(made[:, 3].mean() - 0.5) < 0.03
    np.testing.assert_allclose([(made[:, 4] == v).mean() for v in THREE.choices], 1 / 3, atol=0.03)
    assert stats.kstest(made[:, 5], stats.norm.cdf).statistic < 0.03


@pytest.mark.parametrize("method", ["morris", "sobol"])
def test_a_larger_design_begins_with_the_smaller(method):
    small, large = (sample(method, size, ALL, 7).values for size in (64, 128))
    np.testing.assert_array_equal(small, large[: len(small)])


@pytest.mark.parametrize("method", METHODS)
def test_runs_are_as_announced_and_the_same_again(method):
    size = {"one_at_a_time": 1, "grid": 3}.get(method, 128)
    first, again, other = (sample(method, size, ALL, seed).values for seed in (1, 1, 2))
    assert len(first) == runs(method, size, ALL)
    np.testing.assert_array_equal(first, again)
    assert (method in ("one_at_a_time", "grid")) == np.array_equal(first, other)


def test_runs_without_second_order():
    assert runs("sobol", 64, ALL, False) == len(sample("sobol", 64, ALL, 1, False).values) == 512


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"low": 2.0, "high": 1.0}, "a: low must be below high; found 2 and 1"),
        ({"low": 1.0, "high": 1.0}, "a: low must be below high; found 1 and 1"),
        ({"low": 1.0, "high": np.inf}, "a: range is not finite; found 1 to inf"),
        (
            {"low": 0.0, "high": 1.0, "distribution": "log_uniform"},
            "a: a log_uniform range lies above zero; found 0",
        ),
        (
            {"low": 0.0, "high": 1.0, "distribution": "triangular", "mode": 2.0},
            "a: mode must lie from 0 to 1; found 2",
        ),
        (
            {"low": 0.0, "high": 1.0, "distribution": "triangular"},
            "a: mode must lie from 0 to 1; found none",
        ),
        (
            {"distribution": "uniformly"},
            "a: distribution uniformly does not exist; "
            "allowed uniform, log_uniform, triangular, table. Did you mean uniform?",
        ),
        ({"choices": (1.0,)}, "a: choices must be two or more, each once; found 1"),
        ({"choices": (1.0, 0.0, 1.0)}, "a: choices must be two or more, each once; found 0, 1, 1"),
        ({"choices": (1.0, np.nan)}, "a: a choice is not a finite number"),
        (
            {"distribution": "table", "quantiles": (2.0, 1.0)},
            "a: quantiles must be two or more finite numbers in ascending order",
        ),
        ({"distribution": "table", "quantiles": (2.0, 2.0)}, "a: quantiles are all 2"),
    ],
)
def test_faulty_dimensions(given, said):
    with pytest.raises(ScenarioError) as fault:
        Dimension("a", **given)
    assert str(fault.value) == said


@pytest.mark.parametrize(
    ("method", "size", "dimensions", "said"),
    [
        (
            "sobol",
            32,
            ALL,
            "design too small for sobol with 6 parameters: found 32; allowed from 64",
        ),
        ("sobol", 100, ALL, "power of two as its size; found 100; the nearest are 64 and 128"),
        ("morris", 3, ALL, "found 3; allowed from 4"),
        ("grid", 1, ALL, "found 1; allowed from 2"),
        ("discovery", 139, [RANGE] * 14, "found 139; allowed from 140"),
        ("sobal", 64, ALL, "method sobal does not exist"),
        ("sobol", 64, [], "a sweep needs a parameter"),
    ],
)
def test_faulty_designs(method, size, dimensions, said):
    with pytest.raises(ScenarioError, match=said):
        sample(method, size, dimensions, 1)


def test_the_smallest_designs_can_be_made():
    for method in METHODS:
        size = smallest(method, 3)
        assert len(sample(method, size, ALL[:3], 1).values) == runs(method, size, ALL[:3])
