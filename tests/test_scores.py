from dataclasses import fields, replace
from math import pi, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest, norm

from simmodel.validation.forecasts import LEVELS, MEDIAN, Forecast
from simmodel.validation.scores import (
    MEASURES,
    RESAMPLES,
    Score,
    Scored,
    as_rows,
    crps,
    difference,
    level_of_count,
    score,
)


def scored(unit, observed, rate, block="a", method="simmodel"):
    """A forecast of the given quantiles; of a single number, a point forecast."""
    rate = np.atleast_1d(np.asarray(rate, dtype=float))
    levels = MEDIAN if rate.size == 1 else LEVELS
    forecast = Forecast(method, unit, 2020.0, levels, rate, np.full(rate.shape, 1e6))
    return Scored(method, unit, block, observed, forecast)


def uniform(low, high):
    """Quantiles of a rate that lies anywhere between low and high."""
    return low + (high - low) * np.array(LEVELS)


def calibrated(units, blocks=7, bias=0.0, method="simmodel", seed=0):
    """Normal forecasts with a standard deviation of 2 points, and counts drawn from them."""
    counted = 0.5 + 0.02 * np.random.default_rng(seed).standard_normal(units)
    quantiles = 0.5 + bias + 0.02 * norm.ppf(LEVELS)
    return [
        scored(f"u{i}", float(counted[i]), quantiles, f"b{i % blocks}", method)
        for i in range(units)
    ]


TWO = [scored("u", 0.50, 0.53, "a", "linear"), scored("v", 0.60, 0.59, "b", "linear")]


def test_errors_of_point_forecasts_worked_by_hand():
    one = score(TWO)
    assert (one.method, one.n, one.block, one.blocks) == ("linear", 2, "block", 2)
    assert one.mae == pytest.approx(2.0)
    assert one.rmse == pytest.approx(sqrt((9 + 1) / 2))
    assert one.bias == pytest.approx((3 - 1) / 2)
    assert one.crps == pytest.approx(one.mae)
    assert (one.coverage80, one.coverage95, one.width80, one.width95) == (None,) * 4
    assert one.pit == ()


def test_errors_of_distributions_worked_by_hand():
    one = score(
        [
            scored("middle", 0.50, uniform(0.4, 0.6)),  # counted at the median
            scored("low", 0.43, uniform(0.4, 0.6)),  # within 80 %
            scored("tail", 0.41, uniform(0.4, 0.6)),  # within 95 % only
            scored("beyond", 0.70, uniform(0.4, 0.6)),
        ]
    )
    assert one.mae == pytest.approx((0 + 7 + 9 + 20) / 4)
    assert one.bias == pytest.approx((0 + 7 + 9 - 20) / 4)
    assert one.width80 == pytest.approx(16.0)
    assert one.width95 == pytest.approx(19.0)
    assert one.coverage80 == 0.5
    assert one.coverage95 == 0.75
    assert one.pit == pytest.approx((0.5, 0.15, 0.05, 1.0))


@pytest.mark.parametrize("counted", [0.4, 0.45, 0.5, 0.6, 0.7])
def test_crps_of_a_uniform_distribution_against_the_closed_formula(counted):
    # On [0, 1] it is x^2 - x + 1/3; beyond, that of the nearer end and the distance to it.
    x = (counted - 0.4) / 0.2
    inside = min(max(x, 0.0), 1.0)
    exact = 20 * (abs(x - inside) + inside**2 - inside + 1 / 3)
    assert crps(scored("u", counted, uniform(0.4, 0.6))) == pytest.approx(exact, rel=0.01)


@pytest.mark.parametrize("z", [-3.0, -1.0, 0.0, 0.5, 2.0])
def test_crps_of_a_normal_distribution_against_the_closed_formula(z):
    exact = 2.0 * (z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / sqrt(pi))
    found = crps(scored("u", 0.5 + 0.02 * z, 0.5 + 0.02 * norm.ppf(LEVELS)))
    assert found == pytest.approx(exact, rel=0.01)


@given(st.floats(0, 1), st.floats(0, 1))
def test_crps_of_a_point_forecast_is_its_absolute_error(counted, forecast):
    found = crps(scored("u", counted, forecast))
    assert found == pytest.approx(100 * abs(counted - forecast), abs=1e-9)


def test_a_distribution_without_width_scores_as_a_point():
    flat = np.full(len(LEVELS), 0.53)
    assert crps(scored("u", 0.5, flat)) == pytest.approx(crps(scored("u", 0.5, 0.53)))


def test_the_level_of_a_count_is_interpolated_and_zero_or_one_beyond_the_ends():
    levels = [level_of_count(scored("u", x, uniform(0.4, 0.6))) for x in (0.3, 0.4504, 0.7)]
    assert levels == pytest.approx([0.0, 0.252, 1.0])


def test_under_calibration_levels_are_uniform_and_coverage_is_nominal():
    one = score(calibrated(4000), resamples=200)
    assert kstest(one.pit, "uniform").pvalue > 0.05
    assert one.coverage80 == pytest.approx(0.80, abs=0.02)
    assert one.coverage95 == pytest.approx(0.95, abs=0.01)
    assert one.width80 == pytest.approx(2 * 1.2816 * 2.0, rel=1e-3)


def test_levels_are_in_the_order_given():
    some = calibrated(20)
    assert score(some).pit == tuple(level_of_count(one) for one in some)


def test_the_bootstrap_is_reproducible_bit_for_bit_in_any_order_of_units():
    some = calibrated(60)
    first, again, reversed_ = score(some), score(some), score(some[::-1])
    assert first == again
    assert replace(reversed_, pit=first.pit) == first
    assert score(some, seed=0).intervals != first.intervals


def test_bootstrap_intervals_hold_the_score_and_cover_every_measure():
    one = score(calibrated(60))
    assert set(one.intervals) == set(MEASURES)
    for name, (low, high) in one.intervals.items():
        assert low <= getattr(one, name) + 1e-12, name
        assert high >= getattr(one, name) - 1e-12, name
    assert "coverage80" not in score(TWO).intervals


def test_intervals_agree_with_blocks_drawn_one_by_one():
    some = calibrated(60, blocks=9)
    errors = {}
    for one in some:
        error = 100 * abs(one.forecast.quantile(0.5) - one.observed)
        errors.setdefault(one.block, []).append(error)
    generator = np.random.default_rng(5)
    drawn = [
        np.mean(np.concatenate([errors[b] for b in generator.choice(list(errors), 9)]))
        for _ in range(RESAMPLES)
    ]
    assert score(some).intervals["mae"] == pytest.approx(np.percentile(drawn, [5, 95]), abs=0.03)


def test_units_that_share_their_shocks_make_the_interval_wider():
    shock = np.repeat(np.random.default_rng(1).normal(0, 0.02, 10), 10)
    alone = [scored(f"u{i}", 0.5 + x, 0.5, f"u{i}") for i, x in enumerate(shock)]
    shared = [replace(one, block=f"b{i // 10}") for i, one in enumerate(alone)]
    (low, high), (below, above) = (score(some).intervals["bias"] for some in (alone, shared))
    assert above - below > 2 * (high - low)


def test_units_are_resampled_where_all_are_of_one_block():
    one = score(calibrated(30, blocks=1))
    assert (one.block, one.blocks) == ("unit", 30)
    assert one.intervals["mae"][0] < one.mae < one.intervals["mae"][1]


def test_a_single_unit_has_no_interval():
    one = score(TWO[:1])
    assert (one.n, one.mae, one.intervals) == (1, pytest.approx(3.0), {})
    assert difference(TWO[:1], TWO).interval is None


def test_the_difference_is_paired_by_unit_and_negative_where_the_first_is_better():
    ours, others = calibrated(60), calibrated(60, bias=0.03, method="linear")
    found = difference(ours, others[::-1])
    assert (found.first, found.second, found.n, found.block) == ("simmodel", "linear", 60, "block")
    assert found.mean == pytest.approx(score(ours).crps - score(others).crps)
    assert found.interval[0] < found.mean < found.interval[1] < 0
    assert found == difference(ours, others)
    back = difference(others, ours)
    assert back.mean == pytest.approx(-found.mean)
    assert back.interval == pytest.approx((-found.interval[1], -found.interval[0]))


def test_the_difference_leaves_aside_what_only_one_could_forecast():
    ours, others = calibrated(60), calibrated(60, bias=0.03, method="linear")
    assert difference(ours, others[:20]) == difference(ours[:20], others)
    assert difference(ours, others[:20]).n == 20
    with pytest.raises(ValueError, match="simmodel and linear have no unit in common"):
        difference(ours[:20], others[20:])


def test_a_table_has_plain_numbers_under_every_column():
    columns, rows = as_rows([score(calibrated(30)), score(TWO)])
    assert columns[:7] == ["method", "n", "block", "blocks", "mae", "mae_low", "mae_high"]
    assert [list(row) for row in rows] == [columns, columns]
    assert {type(value) for row in rows for value in row.values()} == {str, int, float, type(None)}
    assert rows[1]["mae"] == pytest.approx(2.0)
    assert rows[1]["coverage80_low"] is None
    assert set(MEASURES) <= {field.name for field in fields(Score)}


@pytest.mark.parametrize(
    ("some", "message"),
    [
        ([], "no forecasts to score"),
        ([TWO[0], scored("w", 0.5, 0.5)], "one method are scored at a time; found .'linear', 's"),
        ([TWO[0], TWO[0]], "linear: a unit is scored once; found one twice"),
        ([scored("w", float("nan"), 0.5)], "w: the observed rate is nan"),
    ],
)
def test_what_cannot_be_scored_is_refused(some, message):
    with pytest.raises(ValueError, match=message):
        score(some)
