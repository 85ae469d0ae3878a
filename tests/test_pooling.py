"""Partial pooling of the pace against integrals, conditional normals and known densities."""

from dataclasses import replace
from math import exp, log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from simmodel.forecast.pooling import (
    REPORTING_MEMORY,
    Departure,
    Pooling,
    Record,
    depart,
    fit,
    integrated,
    log_likelihood,
    logit,
    norm,
    reported,
    share_of,
)

# A memory over which ten years halve a correlation.
HALVING = 10.0 / log(2.0)
POOLING = Pooling(
    slope=-0.2, shift=0.05, spread=0.3, memory=6.0, degrees_of_freedom=4.0, point_error=0.04
)


def record(gains, years, offsets=None, scale=1.0, noisy=False):
    gains = np.array(gains, dtype=float)
    offsets = np.zeros(gains.size) if offsets is None else np.array(offsets, dtype=float)
    noisy = np.broadcast_to(noisy, gains.size + 1)
    return Record(np.array(years, dtype=float), gains, offsets, scale, noisy)


def window(memory, first, last):
    """Covariance of the integrals over two spans of years, apart or the same, as textbooks have it.

    Of one span, 2 m^2 (L/m - 1 + exp(-L/m)); of two, m^2 exp(-gap/m) (1 - exp(-L/m)) of each.
    """
    one, two = first[1] - first[0], last[1] - last[0]
    if first == last:
        return 2.0 * memory**2 * (one / memory - 1.0 + exp(-one / memory))
    gap = max(last[0] - first[1], first[0] - last[1])
    assert gap >= 0.0
    return memory**2 * exp(-gap / memory) * (1 - exp(-one / memory)) * (1 - exp(-two / memory))


def covariance_of(pooling, found):
    """Covariance of a record's gains, cell by cell; each noisy count is in two gains."""
    spans = list(zip(found.years[:-1], found.years[1:], strict=True))
    size = len(spans)
    covariance = np.empty((size, size))
    error = [(pooling.point_error if noisy else 0.0) ** 2 for noisy in found.noisy]
    for i in range(size):
        for j in range(size):
            process = pooling.spread**2 * window(pooling.memory, spans[i], spans[j])
            covariance[i, j] = found.scale**2 * process
        covariance[i, i] += error[i] + error[i + 1]
        if i + 1 < size:
            covariance[i, i + 1] -= error[i + 1]
    upper = np.triu(covariance)
    return upper + np.triu(upper, 1).T


# --- the process -------------------------------------------------------------------------------


@pytest.mark.parametrize("memory", [0.7, 6.0, 80.0])
@pytest.mark.parametrize(
    ("first", "second"),
    [((0, 5), (0, 5)), ((0, 5), (5, 15)), ((0, 5), (8, 9)), ((-3, 4), (1, 9)), ((2, 3), (0, 10))],
)
def test_covariance_of_integrals_against_a_double_sum(memory, first, second):
    """Correlations exp(-|s - t| / memory) in the middles of 1,600 x 1,600 cells."""
    cells = 1600
    grids = [low + (np.arange(cells) + 0.5) * (high - low) / cells for low, high in (first, second)]
    correlation = np.exp(-np.abs(grids[0][:, None] - grids[1]) / memory)
    expected = correlation.mean() * (first[1] - first[0]) * (second[1] - second[0])
    limits = [np.array([float(x)]) for x in (*first, *second)]
    assert integrated(memory, *limits)[0, 0] == pytest.approx(expected, rel=1e-5)


def test_covariance_of_integrals_has_a_row_and_a_column_for_each_span():
    starts, later = np.array([0.0, 5.0, 7.0]), np.array([10.0, 12.0])
    found = integrated(6.0, starts, starts + 2.0, later, later + 1.0)
    expected = [
        [window(6.0, (s, s + 2.0), (t, t + 1.0)) for t in (10.0, 12.0)] for s in (0.0, 5.0, 7.0)
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_short_memory_is_noise_of_variance_twice_the_memory():
    """White noise: 2 x memory for each year, nothing between years."""
    at = np.arange(3.0)
    found = integrated(1e-6, at, at + 1.0, at, at + 1.0)
    np.testing.assert_allclose(found, 2e-6 * np.eye(3), rtol=1e-5, atol=1e-11)


@given(st.floats(0.05, 500.0), st.lists(st.floats(0.1, 20.0), min_size=1, max_size=8))
def test_covariances_of_integrals_are_covariances(memory, spans):
    until = np.cumsum(spans)
    found = integrated(memory, until - spans, until, until - spans, until)
    np.testing.assert_allclose(found, found.T, rtol=1e-9, atol=1e-12 * np.trace(found))
    assert np.linalg.eigvalsh(found).min() > -1e-9 * np.trace(found)


# --- what is expected after a record -----------------------------------------------------------


def test_a_unit_seen_once_is_expected_where_its_share_puts_it():
    """Slope -0.2 at 0.5 above the parent, and the shift: -0.1 + 0.05; the prior's covariance."""
    found = depart(POOLING, None, 0.5, 3)
    np.testing.assert_allclose(found.mean, [-0.05] * 3)
    years = [(float(y), float(y + 1)) for y in range(3)]
    expected = [[0.09 * window(6.0, one, other) for other in years] for one in years]
    np.testing.assert_allclose(found.covariance, expected, rtol=1e-9)
    assert found.degrees_of_freedom == POOLING.degrees_of_freedom


def test_two_windows_by_hand():
    """Three windows of ten years, over which a correlation halves: in units of (spread x memory)^2

    variances v = 2 (log 2 - 1/2) and covariances 1/4 of neighbours, 1/8 of the first and the last.
    The first two are seen without error at 1 and 3. Weights for the third (v/8 - 1/16) / (v^2 -
    1/16) = -0.163891 and (v/4 - 1/32) / (v^2 - 1/16) = 0.753241; variance left v - 1/8 x -0.163891
    - 1/4 x 0.753241 = 0.218470.
    """
    v = 2.0 * (log(2.0) - 0.5)
    weights = (v / 8 - 1 / 16) / (v**2 - 1 / 16), (v / 4 - 1 / 32) / (v**2 - 1 / 16)
    assert weights == pytest.approx((-0.163891, 0.753241), abs=1e-6)
    left = v - weights[0] / 8 - weights[1] / 4
    assert left == pytest.approx(0.218470, abs=1e-6)
    # A surprise of (v + 9 v - 2 x 3 / 4) / (v^2 - 1/16) in those
    # units; 4 degrees of freedom become 6.
    pooling = Pooling(0.0, 0.0, spread=0.3, memory=HALVING, degrees_of_freedom=4.0, point_error=0.0)
    surprise = (10 * v - 1.5) / (v**2 - 1 / 16) / (0.3 * HALVING) ** 2
    variance_multiplier = (4.0 + surprise) / 6.0
    found = depart(pooling, record([1.0, 3.0], [1990, 2000, 2010]), 0.0, 10)
    mean, scale = found.over(10)
    assert mean == pytest.approx((weights[0] + 3.0 * weights[1]) / 10.0)
    assert scale == pytest.approx(sqrt(variance_multiplier * left) * 0.3 * HALVING / 10.0)
    assert found.degrees_of_freedom == 6.0


def test_departures_are_the_conditional_of_a_joint_normal():
    """Counts with errors, unequal windows, offsets and a parent's pace: by the precision matrix.

    The conditional mean and covariance from the inverse of the joint covariance of what was seen
    and of what comes: -P_bb^-1 P_ba r and P_bb^-1.
    """
    seen = record(
        [0.20, 0.02, 0.30], [1990.5, 2000.8, 2005, 2010.8], [0.4, 0.5, 0.45], scale=0.03,
        noisy=[True, True, False, True],
    )  # fmt: skip
    years = 4
    ahead = [(seen.years[-1] + y, seen.years[-1] + y + 1.0) for y in range(years)]
    spans = list(zip(seen.years[:-1], seen.years[1:], strict=True))
    past = covariance_of(POOLING, seen) / seen.scale**2
    between = [[0.09 * window(6.0, one, other) for other in spans] for one in ahead]
    later = [[0.09 * window(6.0, one, other) for other in ahead] for one in ahead]
    joint = np.block([[past, np.array(between).T], [np.array(between), np.array(later)]])
    precision = np.linalg.inv(joint)
    expected = (-0.2 * seen.offsets + 0.05) * np.diff(seen.years)
    residual = seen.gains / seen.scale - expected
    left = np.linalg.inv(precision[3:, 3:])
    mean = -0.2 * 0.55 + 0.05 - left @ precision[3:, :3] @ residual
    variance_multiplier = (4.0 + residual @ np.linalg.inv(past) @ residual) / 7.0
    found = depart(POOLING, seen, 0.55, years)
    np.testing.assert_allclose(found.mean, mean, rtol=1e-9)
    np.testing.assert_allclose(found.covariance, variance_multiplier * left, rtol=1e-8)
    assert found.degrees_of_freedom == 7.0


def test_departures_fade():
    """Far ahead the mean is the level's own again, and the variance of a year what it was."""
    seen = record([5.0], [2010, 2020])
    found = depart(POOLING, seen, 0.0, 200)
    assert found.mean[0] > 0.2
    assert np.all(np.diff(found.mean) <= 1e-12)
    assert found.mean[-1] == pytest.approx(0.05)
    variance_multiplier = found.covariance[-1, -1] / (0.09 * window(6.0, (0.0, 1.0), (0.0, 1.0)))
    surprise = (5.0 - 0.5) ** 2 / (0.09 * window(6.0, (0.0, 10.0), (0.0, 10.0)))
    assert variance_multiplier == pytest.approx((4.0 + surprise) / 5.0)


@pytest.mark.parametrize("noisy", [False, True])
def test_without_end_of_memory_a_departure_is_for_ever(noisy):
    """A constant departure: seen as 0.2 a year over ten, of which errors of the counts take some.

    Shrunk by (10 x 0.3)^2 / ((10 x 0.3)^2 + 2 x 0.4^2) where counts have an error of 0.4.
    """
    pooling = Pooling(0.0, 0.0, spread=0.3, memory=1e6, degrees_of_freedom=4.0, point_error=0.4)
    found = depart(pooling, record([2.0], [2010, 2020], noisy=noisy), 0.0, 30)
    kept = 9.0 / (9.0 + 2 * 0.16) if noisy else 1.0
    np.testing.assert_allclose(found.mean, 0.2 * kept, rtol=1e-4)
    variance_multiplier = (4.0 + 4.0 / (9.0 / kept)) / 5.0
    np.testing.assert_allclose(
        found.covariance, variance_multiplier * 0.09 * (1.0 - kept), atol=1e-4
    )


def test_without_memory_a_departure_says_nothing():
    pooling = Pooling(0.0, 0.1, spread=0.3, memory=1e-4, degrees_of_freedom=4.0, point_error=0.0)
    found = depart(pooling, record([5.0], [2010, 2020]), 0.0, 5)
    np.testing.assert_allclose(found.mean[1:], 0.1, atol=1e-12)
    # The first year remembers its first hour.
    assert found.mean[0] == pytest.approx(0.1, abs=1e-3)


def test_without_spread_all_units_are_expected_alike():
    """What was seen was the counts' error."""
    pooling = replace(POOLING, spread=0.0)
    found = depart(pooling, record([5.0, -5.0], [2000, 2010, 2020], noisy=True), 0.5, 6)
    np.testing.assert_array_equal(found.mean, -0.2 * 0.5 + 0.05)
    np.testing.assert_array_equal(found.covariance, np.zeros((6, 6)))


def test_a_unit_that_varied_little_is_expected_to_vary_little():
    """Residuals of zero leave 4 / 6 of the variance; of one scale each, all."""
    pooling = replace(POOLING, slope=0.0, shift=0.0, point_error=0.0)
    years = [2000, 2010, 2020]
    quiet = depart(pooling, record([0.0, 0.0], years), 0.0, 5)
    covariance = covariance_of(pooling, record([0.0, 0.0], years))
    root = np.linalg.cholesky(covariance)
    usual = depart(pooling, record(root @ np.ones(2), years), 0.0, 5)
    wild = depart(pooling, record(root @ np.array([3.0, 3.0]), years), 0.0, 5)
    np.testing.assert_allclose(quiet.covariance, usual.covariance * 4.0 / 6.0)
    np.testing.assert_allclose(wild.covariance, usual.covariance * (4.0 + 18.0) / 6.0)


def test_the_units_of_a_record_do_not_matter():
    """Gains and errors in twice the parent's pace are the same departures."""
    one = record([0.2, 0.1], [2000, 2010, 2020], scale=0.02)
    other = record([0.4, 0.2], [2000, 2010, 2020], scale=0.04)
    found, same = depart(POOLING, one, 0.1, 4), depart(POOLING, other, 0.1, 4)
    np.testing.assert_allclose(found.mean, same.mean)
    np.testing.assert_allclose(found.covariance, same.covariance)


def test_mean_over_years_by_hand():
    """Of 0.2 and 0.4: 0.3; of variances 0.04, 0.09 and covariance 0.03: 0.19 / 4."""
    found = Departure(
        np.array([0.2, 0.4, 9.0]),
        np.array([[0.04, 0.03, 9.0], [0.03, 0.09, 9.0], [9.0, 9.0, 99.0]]),
        3.0,
    )
    assert found.over(2) == pytest.approx((0.3, sqrt(0.19 / 4)))
    assert found.over(1) == pytest.approx((0.2, 0.2))


# --- likelihood --------------------------------------------------------------------------------


def some_records(seed=3, number=6):
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(number):
        size = int(rng.integers(1, 5))
        years = 1980 + np.cumsum(rng.uniform(1.0, 12.0, size + 1))
        noisy = rng.random(size + 1) < 0.5
        found.append(
            record(
                rng.normal(0.0, 0.1, size), years, rng.normal(0.0, 0.5, size),
                rng.uniform(0.02, 0.04), noisy,
            )
        )  # fmt: skip
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_likelihood_is_that_of_multivariate_t(seed):
    """Densities of the gains themselves, by scipy."""
    total = 0.0
    for one in some_records(seed):
        center = one.scale * (-0.2 * one.offsets + 0.05) * np.diff(one.years)
        total += stats.multivariate_t(
            loc=center, shape=covariance_of(POOLING, one), df=POOLING.degrees_of_freedom
        ).logpdf(one.gains)
    assert log_likelihood(POOLING, some_records(seed)) == pytest.approx(total, rel=1e-10)


@pytest.mark.parametrize(
    "degrees_of_freedom",
    [
        1e9,
        1e15,
    ],
)
def test_likelihood_without_end_of_freedom_is_the_normals(degrees_of_freedom):
    """A search may go there: what it meets must not be better than it is."""
    total = 0.0
    for one in some_records():
        center = one.scale * (-0.2 * one.offsets + 0.05) * np.diff(one.years)
        total += stats.multivariate_normal(center, covariance_of(POOLING, one)).logpdf(one.gains)
    found = log_likelihood(replace(POOLING, degrees_of_freedom=degrees_of_freedom), some_records())
    assert found == pytest.approx(total, abs=1e-3)


def test_likelihood_of_no_record_is_one():
    assert log_likelihood(POOLING, []) == 0.0


TRUTH = Pooling(-0.25, 0.1, spread=0.3, memory=7.0, degrees_of_freedom=5.0, point_error=0.01)


def simulated(pooling, number, seed):
    """Records of units that depart as ``pooling`` says, each with its scale multiplier."""
    rng = np.random.default_rng(seed)
    years = np.arange(1980, 2011, 3)
    size = years.size - 1
    found = []
    for _ in range(number):
        blank = record(np.zeros(size), years, rng.normal(0.0, 0.7, size), 0.03, True)
        scale_multiplier = sqrt(
            pooling.degrees_of_freedom / rng.chisquare(pooling.degrees_of_freedom)
        )
        root = np.linalg.cholesky(covariance_of(pooling, blank))
        center = blank.scale * (pooling.slope * blank.offsets + pooling.shift)
        gains = center * np.diff(blank.years) + scale_multiplier * (
            root @ rng.standard_normal(size)
        )
        found.append(replace(blank, gains=gains))
    return found


def test_estimates_find_what_records_were_simulated_with():
    """Within three times the spread of the estimates from fourteen simulations of this size.

    Those spreads: 0.02 of slope, shift and the process's, 0.75 years, 1.35 degrees, 0.0007.
    """
    start = Pooling(0.0, 0.0, spread=0.2, memory=5.0, degrees_of_freedom=3.0, point_error=0.02)
    free = ("slope", "shift", "spread", "memory", "degrees_of_freedom", "point_error")
    records = simulated(TRUTH, 80, seed=8)
    found = fit(records, start, free)
    assert found.slope == pytest.approx(TRUTH.slope, abs=0.06)
    assert found.shift == pytest.approx(TRUTH.shift, abs=0.06)
    assert found.spread == pytest.approx(TRUTH.spread, abs=0.06)
    assert found.memory == pytest.approx(TRUTH.memory, abs=2.2)
    assert found.degrees_of_freedom == pytest.approx(TRUTH.degrees_of_freedom, abs=4.0)
    assert found.point_error == pytest.approx(TRUTH.point_error, abs=0.002)
    assert log_likelihood(found, records) >= log_likelihood(TRUTH, records)


def test_what_is_not_free_stays():
    start = replace(TRUTH, spread=1.0, reporting=0.2)
    found = fit(simulated(TRUTH, 20, seed=2), start, ("spread",))
    assert found.spread == pytest.approx(0.3, rel=0.25)
    assert replace(found, spread=1.0) == start


# --- small things ------------------------------------------------------------------------------


def test_the_norm_of_the_world_urbanization_prospects():
    """0.032744 for nobody in towns, 0.024976 for a half, 0.017208 for all (WUP 2018)."""
    np.testing.assert_allclose(norm([0.0, 0.5, 1.0]), [0.032744, 0.024976, 0.017208], atol=1e-12)


def test_log_odds_by_hand():
    np.testing.assert_allclose(logit([0.5, 0.8, 0.2]), [0.0, log(4.0), -log(4.0)], atol=1e-15)
    assert share_of(log(3.0)) == pytest.approx(0.75)


@given(st.floats(1e-9, 1.0 - 1e-9))
def test_a_share_is_the_share_of_its_log_odds(share):
    assert share_of(logit(share)) == pytest.approx(share, rel=1e-9)


def test_annual_figures_deviate_further_by_hand():
    """Memory of two years: 2 x 4 (1/2 - 1 + exp(-1/2)) = 0.852245 for a year.

    Between neighbours 4 (1 - exp(-1/2))^2 = 0.619273; times 0.5 squared.
    """
    assert REPORTING_MEMORY == 2.0
    found = reported(replace(POOLING, reporting=0.5), 2)
    np.testing.assert_allclose(found, 0.25 * np.array([[0.852245, 0.619273], [0.619273, 0.852245]]),
                               atol=1e-6)  # fmt: skip
    np.testing.assert_array_equal(reported(POOLING, 3), np.zeros((3, 3)))
