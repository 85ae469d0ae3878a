"""Boxes that were put there are found; where there is none, none is told."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simmodel.sweeps.designs import Dimension, sample
from simmodel.sweeps.prim import boxes, discover

DIMENSIONS = [
    *(Dimension(str(j), 0.0, 1.0) for j in range(6)),
    Dimension("built", choices=(0.0, 1.0)),
    Dimension("lever", choices=(0.5, 1.0, 1.5)),
]
VALUES = sample("discovery", 2000, DIMENSIONS, 1).values
KNOWN = (VALUES[:, 0] > 0.6) & (VALUES[:, 1] < 0.5) & (VALUES[:, 6] == 1.0)


def limits_of(box):
    """By parameter, the limits there are."""
    return {
        j: (box.low[j], box.high[j])
        for j in range(len(box.low))
        if not np.isnan([box.low[j], box.high[j]]).all()
    }


def test_by_hand():
    """Eleven of twenty runs from 9 on: slices of one run each, until all that stay meet it."""
    values = np.arange(20.0)[:, None]
    (box,) = boxes(values, values[:, 0] >= 9.0)
    assert (box.low[0], box.density, box.coverage, box.mass) == (9.0, 1.0, 1.0, 11 / 20)
    assert np.isnan(box.high[0])
    assert box.p_low[0] == pytest.approx((11 / 20) ** 11)


def test_a_known_box_with_a_choice():
    found = boxes(VALUES, KNOWN)
    limits = limits_of(found[0])
    assert set(limits) == {0, 1, 6}
    np.testing.assert_allclose(limits[0], [0.6, np.nan], atol=0.03)
    np.testing.assert_allclose(limits[1], [np.nan, 0.5], atol=0.03)
    np.testing.assert_array_equal(limits[6], [1.0, np.nan])
    assert found[0].density > 0.95
    assert found[0].coverage > 0.95
    assert found[0].mass == pytest.approx(0.1, abs=0.01)
    assert np.nanmax([found[0].p_low, found[0].p_high]) < 1e-20


def test_a_known_box_under_noise():
    rng = np.random.default_rng(3)
    met = rng.random(len(KNOWN)) < np.where(KNOWN, 0.9, 0.1)
    first = boxes(VALUES, met)[0]
    assert set(limits_of(first)) == {0, 1, 6}
    assert first.density > 0.75


def test_shares_of_draws_that_meet_it_do_as_well():
    first = boxes(VALUES, np.where(KNOWN, 0.9, 0.1))[0]
    limits = limits_of(first)
    assert set(limits) == {0, 1, 6}
    assert first.density == pytest.approx(0.9, abs=0.03)
    assert first.coverage == pytest.approx(0.09 / 0.18, abs=0.05)


def test_the_middle_of_three_choices():
    (box,) = boxes(VALUES, VALUES[:, 7] == 1.0)
    assert limits_of(box) == {7: (1.0, 1.0)}
    assert (box.density, box.coverage) == (1.0, 1.0)


def test_a_second_box():
    other = (VALUES[:, 2] > 0.8) & (VALUES[:, 7] == 1.0)
    first, second = boxes(VALUES, KNOWN | other)
    assert (set(limits_of(first)), set(limits_of(second))) == ({0, 1, 6}, {2, 7})
    assert first.coverage + second.coverage > 0.95
    assert len(boxes(VALUES, KNOWN | other, most=1)) == 1


@pytest.mark.parametrize("share", [0.02, 0.1, 0.3, 0.6, 0.95])
def test_where_nothing_matters_boxes_are_told_no_oftener_than_chance_allows(share):
    rng = np.random.default_rng(8)
    told = [boxes(VALUES, rng.random(2000) < share, 1)[0].limited for _ in range(60)]
    assert np.mean(told) <= 0.1


@pytest.mark.parametrize(("met", "coverage"), [(0.0, np.nan), (1.0, 1.0), (0.4, 1.0)])
def test_where_all_runs_are_alike_the_box_has_no_limits(met, coverage):
    (box,) = boxes(VALUES, np.full(2000, met))
    assert not box.limited
    assert (box.density, box.mass) == (pytest.approx(met), 1.0)
    np.testing.assert_allclose(box.coverage, coverage)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 100_000), st.integers(30, 200), st.floats(0.02, 0.98))
def test_measures_are_those_of_the_limits_told(seed, runs, share):
    rng = np.random.default_rng(seed)
    values = np.column_stack([rng.random((runs, 2)), rng.integers(3, size=runs)])
    met = (rng.random(runs) < share) | (values[:, 0] > 0.8)
    left = np.ones(runs, dtype=bool)
    for box in boxes(values, met):
        low, high = np.nan_to_num(box.low, nan=-np.inf), np.nan_to_num(box.high, nan=np.inf)
        inside = left & np.all((values >= low) & (values <= high), axis=1)
        assert box.density == pytest.approx(met[inside].mean())
        assert box.mass == pytest.approx(inside.mean())
        assert box.coverage == pytest.approx(met[inside].sum() / met.sum())
        assert np.array_equal(np.isnan(box.p_low), np.isnan(box.low))
        left &= ~inside


def test_many_outcomes_are_those_of_each():
    met = np.column_stack([KNOWN, np.zeros(2000), VALUES[:, 3] > 0.5])
    found = discover(VALUES, met, 2)
    assert found["box_low"].shape == found["box_p_high"].shape == (2, 3, 8)
    for k in range(3):
        alone = boxes(VALUES, met[:, k], 2)
        for i in range(2):
            if i >= len(alone):
                assert np.isnan(found["density"][i, k])
                assert np.isnan(found["box_low"][i, k]).all()
            else:
                np.testing.assert_array_equal(found["box_high"][i, k], alone[i].high)
                assert found["mass"][i, k] == alone[i].mass
