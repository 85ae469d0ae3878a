"""The smallest change that suffices, on margins whose answer is known by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simmodel.solving.lever_search import (
    LEAST_MULTIPLIER,
    LeverSpace,
    Scale,
    Trials,
    nearest,
    outward,
    partly,
    share_of_all,
)

MULTIPLIER = Scale(0.0, 10.0, added=False)
YEARS = Scale(-10.0, 10.0, added=True)
# A hundred draws, evenly apart: of them 50 are at or above 0, 80 at or above -0.3.
DRAWS = (np.arange(100) - 50) / 100


def log(value):
    return math.log(max(value, 1e-300))


def trials(function, asked=0.5, draws=DRAWS):
    return Trials(lambda values: function(*values) + draws, asked)


def counted(function, draws=DRAWS):
    seen = []

    def margins(values):
        seen.append(values)
        return function(*values) + draws

    return Trials(margins, 0.5), seen


def test_probability_and_slack_agree_on_what_is_enough():
    one = trials(lambda v: 0.0, asked=0.5)
    assert one.probability((1.0,)) == 0.5
    assert one.slack((1.0,)) == 0.0
    assert one.enough((1.0,))
    assert not trials(lambda v: 0.0, asked=0.51).enough((1.0,))
    # 0.55 times 100 is 55.00000000000001.
    assert trials(lambda v: 0.05, asked=0.55).enough((1.0,))


def test_nothing_is_tried_twice():
    one, seen = counted(lambda v: v)
    for _ in range(3):
        one.slack((2.0,))
        one.probability((2.0,))
    assert seen == [(2.0,)]


@given(st.floats(0.05, 0.95), st.floats(-3.0, 3.0))
def test_enough_is_a_share_at_least_as_asked(asked, shift):
    one = trials(lambda v: shift, asked=asked)
    # A share of a hundred draws, as counted and as asked, may differ by a rounding error.
    assert one.enough((1.0,)) == (one.probability((1.0,)) >= asked - 1e-9)


@given(st.floats(0.0, 10.0))
def test_places_and_values_are_each_other_s_inverse(value):
    assert MULTIPLIER.value(MULTIPLIER.position(value)) == pytest.approx(value, abs=1e-12)
    assert YEARS.value(YEARS.position(value)) == pytest.approx(value, abs=1e-12)


@given(
    st.sampled_from([MULTIPLIER, YEARS]),
    st.floats(0.02, 9.9),
    st.floats(0.02, 9.9),
)
def test_rounding_leads_away_from_the_start_and_no_further_than_a_thousandth(scale, value, start):
    found = outward(value, start, scale)
    assert (found - value) * (value - start) >= -1e-5 * abs(value)
    assert abs(found - value) <= 1.001e-3 * abs(value)


def test_the_root_of_a_rising_margin():
    # The draw that decides is the 50th from above: margin ln v - ln 1.7 + 0.
    found = nearest(trials(lambda v: log(v) - log(1.7)), MULTIPLIER, 1.0)
    assert found.enough
    assert found.values == pytest.approx((1.7,), rel=2e-3)
    assert found.values[0] >= 1.7 - 1e-9
    assert found.probability == 0.5


def test_the_root_of_a_falling_margin_is_rounded_downwards():
    found = nearest(trials(lambda v: 0.61234 - v, asked=0.8), MULTIPLIER, 1.0)
    assert found.values == (0.3123,)
    assert found.probability == 0.8


def test_the_nearer_of_two_directions():
    # Met from 2 upwards and from 0.8 downwards: ln 2 = 0.69, ln 0.8 = -0.22.
    found = nearest(trials(lambda v: max(v - 2.0, 0.8 - v)), MULTIPLIER, 1.0)
    assert found.values == pytest.approx((0.8,), rel=1e-3)
    # In years both ways are the same scale: 3 up, 2 down.
    found = nearest(trials(lambda v: max(v - 3.0, -2.0 - v)), YEARS, 0.0)
    assert found.values == pytest.approx((-2.0,), rel=1e-3)


def test_already_enough_nothing_moves():
    found = nearest(trials(lambda v: 1.0), MULTIPLIER, 1.23456)
    assert found.values == (1.23456,)
    assert (found.enough, found.probability) == (True, 1.0)


def test_a_narrow_turn_between_tried_values_is_followed_to_its_top():
    # Met only within 0.03 of ln v = 0.61, where no value is tried.
    found = nearest(trials(lambda v: 0.001 - (log(v) - 0.61) ** 2), MULTIPLIER, 1.0)
    assert found.enough
    assert found.values == pytest.approx((math.exp(0.61 - math.sqrt(0.001)),), rel=2e-3)


def test_no_effect_leaves_the_lever_where_it_is():
    found = nearest(trials(lambda v: -0.2), MULTIPLIER, 1.5)
    assert found.values == (1.5,)
    assert not found.enough
    assert found.probability == 0.3


def test_what_is_not_enough_ends_at_the_bound():
    found = nearest(trials(lambda v: 0.01 * v - 0.3), MULTIPLIER, 1.0)
    assert found.values == (10.0,)
    assert not found.enough
    assert found.probability == pytest.approx(0.3)
    found = nearest(trials(lambda v: -0.01 * v - 0.1), MULTIPLIER, 1.0)
    assert found.values == (0.0,)
    found = nearest(trials(lambda v: -0.01 * v - 0.2), YEARS, 0.0)
    assert found.values == (-10.0,)


def test_the_best_of_a_turn_is_its_top():
    found = nearest(trials(lambda v: -0.195 - 0.1 * (log(v) - 0.61) ** 2), MULTIPLIER, 1.0)
    assert not found.enough
    assert found.values[0] == pytest.approx(math.exp(0.61), rel=0.2)
    assert found.probability == 0.3


def test_a_setting_that_cannot_be_projected_is_no_answer():
    def margins(values):
        return np.zeros(0) if values[0] > 3.0 else 0.05 * values[0] - 0.2 + DRAWS

    found = nearest(Trials(margins, 0.5), MULTIPLIER, 1.0)
    assert not found.enough
    assert found.values[0] <= 3.0
    assert found.probability > 0.3


def test_from_zero_a_lever_can_rise():
    found = nearest(trials(lambda v: v - 0.5), MULTIPLIER, 0.0)
    assert found.values == pytest.approx((0.5,), rel=1e-3)


def plane(a, b):
    """Margin 0.3 ln a + 0.4 ln b - 0.25: its nearest point is (0.3, 0.4), at a length of a half."""
    return 0.3 * log(a) + 0.4 * log(b) - 0.25


def room(function=plane, start=(1.0, 1.0), sides=(1, 1), asked=0.5):
    return LeverSpace(trials(function, asked), (MULTIPLIER,) * len(start), start, sides)


@pytest.mark.parametrize("begin", [(1.0, 0.1), (0.1, 1.0), (1.0, 1.0)])
def test_least_effort_on_a_plane(begin):
    here = room()
    moves = here.least_effort(np.array(begin))
    assert moves == pytest.approx([0.3, 0.4], abs=2e-3)
    found = here.rounded(moves)
    assert found.enough
    assert found.values == pytest.approx((math.exp(0.3), math.exp(0.4)), rel=3e-3)


def test_least_effort_of_three_levers_one_of_which_helps_downwards():
    def function(a, b, c):
        return 0.2 * log(a) - 0.2 * log(b) + 0.1 * log(c) - 0.18

    here = room(function, (1.0, 1.0, 1.0), (1, -1, 1))
    moves = here.least_effort(np.ones(3))
    # Along the gradient (0.2, 0.2, 0.1), of length 0.3: a length of 0.6.
    assert moves == pytest.approx([0.4, 0.4, 0.2], abs=5e-3)
    assert here.values(moves)[1] == pytest.approx(math.exp(-0.4), rel=5e-3)


def test_a_lever_that_does_not_help_stays():
    here = room(lambda a, b: 0.5 * log(a) - 0.1 * log(b) - 0.2)
    assert here.least_effort(np.array([1.0, 0.3])) == pytest.approx([0.4, 0.0], abs=2e-3)


def test_a_move_that_has_gone_too_far_is_no_crash():
    # What just suffices lies beyond the top: less of it would be better, and the tangent says so.
    here = room(lambda v, w: 0.5 - abs(log(v) + log(w) - 1.0), (1.0, 1.0))
    moves = here.least_effort(np.array([1.5, 0.0]))
    assert here.slack(moves) == pytest.approx(0.0, abs=1e-6)


def test_least_effort_stays_within_the_room():
    # From a = 5 only ln 2 = 0.69 is left: the other lever has to do the rest.
    here = room(lambda a, b: log(a / 5.0) + 0.1 * log(b) - 0.75, (5.0, 1.0))
    moves = here.least_effort(np.array([0.3, 1.0]))
    assert moves[0] == pytest.approx(math.log(2.0), abs=2e-3)
    assert moves[1] == pytest.approx((0.75 - math.log(2.0)) / 0.1, abs=2e-2)


def test_the_frontier_runs_from_one_lever_alone_to_the_other():
    points = room().frontier(25)
    assert len(points) == 25
    assert points[0] == pytest.approx([0.25 / 0.3, 0.0], abs=1e-3)
    assert points[-1] == pytest.approx([0.0, 0.25 / 0.4], abs=1e-3)
    assert points @ [0.3, 0.4] == pytest.approx(np.full(25, 0.25), abs=1e-3)


def test_a_frontier_ends_where_the_second_lever_cannot_do_it():
    points = room(lambda a, b: 0.3 * log(a) + 0.05 * log(b) - 0.25).frontier(25)
    assert 0 < len(points) < 25
    assert (points <= math.log(10.0) + 1e-9).all()
    assert points @ [0.3, 0.05] == pytest.approx(np.full(len(points), 0.25), abs=1e-3)


def test_a_frontier_of_levers_that_suffice_only_together():
    points = room(lambda a, b: 0.1 * (log(a) + log(b)) - 0.35).frontier(25)
    assert 0 < len(points) < 25
    assert points.sum(axis=1) == pytest.approx(np.full(len(points), 3.5), abs=2e-3)
    # In order, from more of the first to more of the second.
    assert (np.diff(points[:, 1]) > 0).all()


def test_no_direction_leads_there():
    here = room(lambda a, b: 0.01 * log(a) + 0.01 * log(b) - 1.0)
    assert here.least_effort(np.ones(2)) is None
    assert len(here.frontier(9)) == 0
    assert here.ascend(np.zeros(2)) == pytest.approx([math.log(10.0)] * 2)


def test_mixes_end_above_zero():
    here = room(lambda a, b: -log(a) - log(b) - 100.0, sides=(-1, -1))
    best = here.ascend(np.zeros(2))
    assert here.values(best) == pytest.approx((LEAST_MULTIPLIER, LEAST_MULTIPLIER))


def test_half_of_both():
    # Margin is linear in the values: half of each of the single changes is just enough.
    one = trials(lambda a, b: (a - 1.0) / 2.0 + (b - 1.0) / 4.0 - 1.0)
    share = share_of_all(one, (1.0, 1.0), (3.0, 5.0))
    assert share == 0.5
    assert partly((1.0, 1.0), (3.0, 5.0), share) == (2.0, 3.0)


def test_all_changes_together_may_be_too_little():
    one = trials(lambda a, b: (a - 1.0) * (1.0 - (b - 1.0)) - 0.5)
    assert share_of_all(one, (1.0, 1.0), (1.6, 2.0)) is None
