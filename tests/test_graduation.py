"""Raking to margins, and age groups split into single years."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simmodel.errors import CalibrationError
from simmodel.kernel.age_groups import group_ages, rake, split_groups


def tables(cells):
    seeds, ages = st.integers(0, 2**32 - 1), st.integers(1, 21)
    return st.builds(
        lambda seed, n: np.random.default_rng(seed).uniform(*cells, (2, 2, n)), seeds, ages
    )


@settings(deadline=None, max_examples=50)
@given(tables((1.0, 100.0)), tables((0.5, 5.0)), st.floats(1.0, 1e5))
def test_raking_keeps_odds_ratios_and_meets_margins(pattern, own, size):
    ages = min(pattern.shape[-1], own.shape[-1])
    pattern, own = pattern[..., :ages], size * own[..., :ages]
    by_age, by_residence = own.sum(axis=0), own.sum(axis=(1, 2))
    table = rake(pattern, by_age, by_residence)
    np.testing.assert_allclose(table.sum(axis=0), by_age, rtol=1e-12)
    np.testing.assert_allclose(
        table.sum(axis=(1, 2)), by_residence, atol=1e-12 * by_age.sum(), rtol=0
    )
    # Urban to rural odds in a cell over those in the first, as in the pattern.
    odds, borrowed = table[0] / table[1], pattern[0] / pattern[1]
    np.testing.assert_allclose(odds / odds[0, 0], borrowed / borrowed[0, 0], rtol=1e-9)


def test_raking_by_hand():
    """Odds ratio 3: x (x + 10) = 3 (40 - x)(50 - x) has its root where 2x^2 - 280x + 6000 = 0."""
    pattern = np.array([[[3.0, 1.0]], [[1.0, 1.0]]])
    table = rake(pattern, np.array([[40.0, 60.0]]), np.array([50.0, 50.0]))
    # (280 - sqrt(280^2 - 48000)) / 4 = (280 - 174.3559577) / 4 = 26.41101
    assert table[0, 0, 0] == pytest.approx(26.4110106, abs=1e-6)
    assert table[:, 0].tolist() == [
        pytest.approx([26.4110106, 23.5889894], abs=1e-6),
        pytest.approx([13.5889894, 36.4110106], abs=1e-6),
    ]


def test_a_population_raked_to_itself_is_itself():
    people = np.random.default_rng(1).uniform(1, 9, (2, 2, 6))
    raked = rake(people, people.sum(axis=0), people.sum(axis=(1, 2)))
    np.testing.assert_allclose(raked, people, rtol=1e-12)


def test_a_structural_zero_stays():
    pattern = np.array([[[0.0, 2.0, 1.0]], [[1.0, 1.0, 0.0]]])
    table = rake(pattern, np.array([[10.0, 50.0, 40.0]]), np.array([60.0, 40.0]))
    # The zeros leave 40 urban in the last group and 10 rural in the first: 20 and 30 in between.
    np.testing.assert_allclose(table[:, 0], [[0.0, 20.0, 40.0], [10.0, 30.0, 0.0]], rtol=1e-9)


def test_an_empty_region_is_empty():
    assert rake(np.ones((2, 1, 2)), np.zeros((1, 2)), np.zeros(2)).sum() == 0.0


def test_margins_of_different_totals_are_refused():
    with pytest.raises(CalibrationError, match="100 persons by age and sex, 103 by residence"):
        rake(np.ones((2, 1, 2)), np.array([[30.0, 70.0]]), np.array([43.0, 60.0]))


def test_totals_that_differ_by_rounding_are_one_total():
    """A third of a person more by residence: the sex x age margin holds, shares by residence."""
    table = rake(np.ones((2, 1, 2)), np.array([[30.0, 70.0]]), np.array([40.2, 60.1]))
    np.testing.assert_allclose(table.sum(axis=0), [[30.0, 70.0]], rtol=1e-12)
    np.testing.assert_allclose(table.sum(axis=(1, 2)), [4020 / 100.3, 6010 / 100.3], rtol=1e-9)


def test_a_pattern_with_zeros_where_people_live_is_refused():
    pattern = np.array([[[1.0, 0.0]], [[1.0, 0.0]]])
    with pytest.raises(CalibrationError, match="zeros where people live"):
        rake(pattern, np.array([[50.0, 50.0]]), np.array([50.0, 50.0]))


BOUNDS = [0, 1, 5, 10, 60, 85]


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 2**32 - 1), st.integers(0, 6))
def test_a_group_total_is_never_changed(seed, zeros):
    """Nor is a group of nobody filled."""
    rng = np.random.default_rng(seed)
    groups = rng.uniform(0, 1e6, (2, 2, len(BOUNDS)))
    groups.flat[rng.integers(0, groups.size, zeros)] = 0.0
    reference = rng.uniform(0.1, 10.0, (2, 2, 101))
    single = split_groups(groups, BOUNDS, reference)
    assert single.shape == (2, 2, 101)
    np.testing.assert_allclose(group_ages(single, BOUNDS), groups, rtol=1e-13)
    # Within a group the shares are those borrowed: 7 to 6 as in the reference.
    np.testing.assert_allclose(
        single[..., 7] * reference[..., 6], single[..., 6] * reference[..., 7], rtol=1e-12
    )


def test_a_population_split_by_its_own_single_years_is_itself():
    people = np.random.default_rng(2).integers(1, 1000, (2, 101)).astype(float)
    split = split_groups(group_ages(people, BOUNDS), BOUNDS, people)
    np.testing.assert_allclose(split, people, rtol=1e-14)


def test_groups_join_along_any_axis():
    people = np.arange(24.0).reshape(6, 4)
    np.testing.assert_array_equal(group_ages(people, [0, 2], axis=0)[0], people[:2].sum(axis=0))
    # 0 1 | 2 3 in the first row: 1 and 5.
    assert group_ages(people, [0, 2])[0].tolist() == [1.0, 5.0]
