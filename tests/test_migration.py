"""Rogers-Castro schedules by hand, their fit to cohorts, and the bound on levels."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simmodel.kernel.migration import (
    RATE_SE,
    STANDARD,
    calendar_year_schedule,
    cohort_mean,
    fit_schedule,
    rogers_castro,
    saturate,
)

FIRST_AGES = tuple(range(0, 65, 5))


def cohort_means(parameters):
    schedule = calendar_year_schedule(parameters)
    return np.array([cohort_mean(schedule, a) for a in FIRST_AGES])


@pytest.mark.parametrize(
    ("age", "rate"),
    [
        # At birth the labour part is exp(2 - exp(8)) = 0: a1 + c = 0.02 + 0.003.
        (0.0, 0.023),
        # 0.02 exp(-2) + 0.06 exp(0 - 1) + 0.003.
        (20.0, 0.02 * 0.1353352832 + 0.06 * 0.3678794412 + 0.003),
        # 0.02 exp(-4) + 0.06 exp(-2 - exp(-8)) + 0.003.
        (40.0, 0.02 * 0.0183156389 + 0.06 * 0.1353352832 * math.exp(-0.0003354626) + 0.003),
        # 0.02 exp(-10) + 0.06 exp(-8) + 0.003: the constant.
        (100.0, 0.02 * 4.53999e-5 + 0.06 * 3.354626e-4 + 0.003),
    ],
)
def test_standard_by_hand(age, rate):
    assert float(rogers_castro(age)) == pytest.approx(rate, rel=1e-8)


def test_peak_is_where_the_labour_part_turns():
    """Slope of the labour part is 0 at mu2 + ln(lambda2 / alpha2) / lambda2 = 20 + ln 4 / 0.4."""
    age = np.arange(10.0, 40.0, 0.001)
    labour_only = (0.0, 0.1, *STANDARD[2:])
    assert age[rogers_castro(age, labour_only).argmax()] == pytest.approx(23.466, abs=1e-3)


def test_a_level_multiplies_a_schedule():
    """a1, a2 and c carry the level; the other four the shape."""
    doubled = np.array(STANDARD) * [2, 1, 2, 1, 1, 1, 2]
    age = np.arange(101.0)
    np.testing.assert_allclose(rogers_castro(age, doubled), 2 * rogers_castro(age), rtol=1e-15)


def test_calendar_year_is_lived_one_year_older():
    """Aged x on 1 January: between x and x + 2 in the year, x + 1 on average."""
    schedule = calendar_year_schedule(STANDARD)
    assert schedule.shape == (101,)
    assert schedule[19] == rogers_castro(20.0)


def test_very_young_ages_do_not_overflow():
    steep = (0.0, 0.1, 0.06, 40.0, 0.1, 50.0, 0.003)
    assert rogers_castro(np.arange(101.0), steep)[0] == 0.003


def test_cohort_passes_the_ages_it_passes():
    """Aged 0-4, two years: ages 0-4 then 1-5, mean (2 + 3) / 2; at the top the open age counts."""
    ages = np.arange(101.0)
    assert cohort_mean(ages, first=0, width=5, years=2) == 2.5
    assert cohort_mean(ages, first=100, width=5, years=10) == 100.0


@pytest.mark.parametrize("level", [0.5, 1.0, 3.0])
def test_fit_recovers_the_standard_from_its_cohorts(level):
    """With the standard's own shape neither the rates nor the prior pull: exact.

    The floor counts in the level the fit starts from, so it is scaled along.
    """
    parameters = np.array(STANDARD) * [level, 1, level, 1, 1, 1, level]
    fitted = fit_schedule(FIRST_AGES, cohort_means(parameters), floor=parameters[-1])
    np.testing.assert_allclose(fitted, parameters, rtol=1e-6)


@pytest.mark.parametrize(
    "parameters",
    [
        (0.04, 0.08, 0.20, 17.0, 0.08, 0.35, 0.004),
        (0.03, 0.15, 0.12, 22.0, 0.14, 0.50, 0.002),
        (0.10, 0.1, 0.25, 19.0, 0.12, 0.40, 0.001),
    ],
)
def test_fit_meets_cohorts_of_another_shape(parameters):
    """Within a third of the error of a rate (0.001), though held towards the standard."""
    wanted = cohort_means(parameters)
    fitted = fit_schedule(FIRST_AGES, wanted, floor=parameters[-1])
    np.testing.assert_allclose(cohort_means(fitted), wanted, atol=RATE_SE / 3.0)


def test_floor_is_kept_so_that_old_people_move():
    fitted = fit_schedule(FIRST_AGES, cohort_means(STANDARD), floor=0.0021)
    assert fitted[-1] == 0.0021
    assert calendar_year_schedule(fitted).min() >= 0.0021


bounds = st.floats(1e-3, 10.0)


@given(st.floats(0.0, 1e6), bounds)
def test_a_level_stays_inside_its_bound(level, bound):
    bent = float(saturate(np.array(level), bound))
    assert 0.0 <= bent <= bound * (1.0 + 1e-12)
    assert bent <= level


@given(st.floats(0.0, 1.0), bounds)
def test_a_third_of_the_bound_is_left_alone(share, bound):
    level = share * bound / 3.0
    assert float(saturate(np.array(level), bound)) == pytest.approx(level, rel=1e-4)


@given(st.floats(0.0, 30.0), st.floats(1e-3, 30.0), bounds)
def test_more_never_becomes_less(level, more, bound):
    low, high = saturate(np.array([level, level + more]) * bound, bound)
    assert low <= high * (1.0 + 1e-14)
