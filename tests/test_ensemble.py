"""Named random streams, and the uncertain pace of the years to come."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from simmodel.forecast.pooling import Departure, Pooling
from simmodel.forecast.uncertainty import (
    BLOCK,
    CROSSING_SPREAD,
    FERTILITY_SPREAD,
    GROWING_YEARS,
    LARGEST_SCALE_MULTIPLIER,
    LEAST_PACE_SHARE,
    MORTALITY_SPREAD,
    PaceNoise,
    pace_factors,
    standard_normal,
)

YEARS = 15
PACED = ("exit", "reclassification")
POOLING = Pooling(0.0, 0.0, spread=0.3, memory=6.0, degrees_of_freedom=3.0, point_error=0.0)
NOTHING = np.zeros((YEARS, YEARS))
# Of draws, four standard errors of an independent correlation.
FOUR_ERRORS = 4 / np.sqrt(BLOCK)


def beyond(region, known, pooling=POOLING, years=YEARS, annual=0.0):
    """Deviation of a region with ``known`` figures after the base, or none and two censuses."""
    annual = annual**2 * np.eye(years)
    record = (0, known) if known else (-10, 0)
    return PaceNoise.beyond(region, pooling, annual, record, years)


def ahead(mean, covariance, degrees_of_freedom=3.0):
    return Departure(np.array(mean), np.array(covariance), degrees_of_freedom)


def unobserved(region, spread=0.2, years=YEARS, degrees_of_freedom=3.0):
    """Deviation of a region without figures after the base, level in all years."""
    apart = np.abs(np.subtract.outer(np.arange(years), np.arange(years)))
    covariance = spread**2 * np.exp(-apart / 6.0)
    departure = ahead(np.zeros(years), covariance, degrees_of_freedom)
    return PaceNoise.of(region, departure, np.zeros((years, years)), years)


NATION = beyond("china", known=4)
PROVINCE = beyond("gansu", known=3)
WUWEI, LINXIA = unobserved("wuwei"), unobserved("linxia")


def factors(*lineage, seed=1, block=0, years=YEARS):
    return pace_factors(seed, block, lineage, years)


def deviations(noise, seed=1, blocks=1):
    """What the factors bend: as it stands above one, the logarithm below."""
    found = np.concatenate([noise.factors(seed, block) for block in range(blocks)], axis=1)
    return np.where(found > 1.0, found - 1.0, np.log(found))


def test_a_stream_is_its_seed_name_and_block():
    first = standard_normal(7, "pace/wuwei", 3, (2,))
    assert first.shape == (2, BLOCK)
    np.testing.assert_array_equal(first, standard_normal(7, "pace/wuwei", 3, (2,)))


@pytest.mark.parametrize(
    ("seed", "name", "block"),
    [(8, "pace/wuwei", 3), (7, "pace/linxia", 3), (7, "pace/wuwei", 4)],
)
def test_another_seed_name_or_block_is_independent(seed, name, block):
    """Correlation of 64 x 1024 independent pairs: an error of 1/256; four of them allowed."""
    one = standard_normal(7, "pace/wuwei", 3, (64,))
    other = standard_normal(seed, name, block, (64,))
    assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 4 / 256


def test_numbers_are_standard_normal():
    found = standard_normal(1, "any", 0, (64,)).ravel()
    assert stats.kstest(found, "norm").pvalue > 1e-3


@pytest.mark.parametrize(("noise", "known"), [(NATION, 4), (PROVINCE, 3)])
def test_what_was_observed_is_not_drawn_again(noise, known):
    """Exits and reclassification as calibrated until the last figure; uncertain from the next."""
    alone = noise.factors(1, 0)
    np.testing.assert_array_equal(alone[:known], 1.0)
    assert np.all(alone[known:].std(axis=1) > 0.05)
    found = factors(noise)
    for name in PACED:
        np.testing.assert_array_equal(found[name], alone)
    for name in ("arrivals", "departure"):
        np.testing.assert_array_equal(found[name][:known], 1.0)
        np.testing.assert_allclose(
            np.log(found[name][known:]).std(axis=1), CROSSING_SPREAD, rtol=0.1
        )


def by_midpoints(weights, step=0.01):
    """Covariance of weighted means of the process (spread 0.3, memory 6), on a fine grid.

    ``weights``: one row of (first, last, weight) each.
    """
    at = np.arange(-10.0, 4.0, step) + step / 2
    rows = np.array(
        [sum(w * ((at >= a) & (at < b)) * step / (b - a) for a, b, w in parts) for parts in weights]
    )
    return rows @ (0.09 * np.exp(-np.abs(at[:, None] - at) / 6.0)) @ rows.T


@pytest.mark.parametrize(("known", "record"), [(1, (0, 1)), (0, (-10, 0))])
def test_deviation_beyond_what_is_known_is_from_its_mean(known, record):
    """A later year less the mean of the years known; annual figures deviate 0.2 further."""
    noise = beyond("one", known=known, years=3, annual=0.2)
    expected = np.zeros((3, 3))
    years = [[(y, y + 1, 1.0), (*record, -1.0)] for y in range(known, 3)]
    expected[known:, known:] = by_midpoints(years) + 0.04 * np.eye(3 - known)
    np.testing.assert_allclose(noise.root @ noise.root.T, expected, rtol=1e-4, atol=1e-9)
    np.testing.assert_array_equal(noise.root, np.tril(noise.root))
    np.testing.assert_array_equal(noise.shape, np.ones(3))
    assert noise.degrees_of_freedom == POOLING.degrees_of_freedom


def test_deviation_settles():
    """A hundred years on, nothing of the four years known is left but their own mean.

    Variance of a mean over L years at spread one and memory 6: 2 x 36 (exp(-L/6) - 1 + L/6) / L^2,
    0.946684 for one year and 0.810377 for four; a year with the next 36 (1 - exp(-1/6))^2 =
    0.848443.
    """
    noise = beyond("one", known=4, years=105)
    covariance = noise.root @ noise.root.T
    assert covariance[-1, -1] == pytest.approx(0.09 * (0.946684 + 0.810377), rel=1e-4)
    assert covariance[-1, -2] == pytest.approx(0.09 * (0.848443 + 0.810377), rel=1e-4)


def test_a_pace_known_to_the_end_does_not_deviate():
    noise = beyond("one", known=YEARS, annual=0.2)
    np.testing.assert_array_equal(noise.factors(1, 0), 1.0)


def test_deviation_is_a_share_of_the_expected_pace_by_hand():
    """Paces 1.5 and 0.5 of the parent's, mean one: twice the parent's deviation is 4/3 and 4 of it.

    Variances 0.04 and 0.01, covariance 0.006 become 0.04 / 2.25, 0.01 / 0.25 and 0.006 / 0.75;
    annual figures add to them before.
    """
    departure = ahead([0.5, -0.5], [[0.03, 0.005], [0.005, 0.006]], degrees_of_freedom=4.5)
    annual = np.array([[0.01, 0.001], [0.001, 0.004]])
    noise = PaceNoise.of("one", departure, annual, 2)
    np.testing.assert_allclose(noise.shape, [1.5, 0.5])
    np.testing.assert_allclose(
        noise.root @ noise.root.T,
        [[0.04 / 2.25, 0.006 / 0.75], [0.006 / 0.75, 0.01 / 0.25]],
        rtol=1e-9,
    )
    assert noise.degrees_of_freedom == 4.5
    found = factors(noise, years=2)["exit"]
    np.testing.assert_allclose(found, np.array([[1.5], [0.5]]) * noise.factors(1, 0))


def test_no_pace_is_expected_to_turn_back():
    """A departure of -3 leaves a fifth of the parent's pace."""
    noise = PaceNoise.of("one", ahead([0.0, -3.0], 0.01 * np.eye(2)), np.zeros((2, 2)), 2)
    assert noise.shape[1] / noise.shape[0] == pytest.approx(LEAST_PACE_SHARE)


@pytest.mark.parametrize("degrees_of_freedom", [4.5, 30.0])
def test_the_deviation_has_the_covariance_of_its_root(degrees_of_freedom):
    """Times the mean variance multiplier, which is bounded.

    40 x 1024 draws of Student's t; the fourth moment of one with 4.5 degrees of freedom, bounded at
    a scale multiplier of five, leaves 2 % of error on a variance.
    """
    departure = ahead(
        [0.3, 0.1, 0.0], 0.04 * np.exp(-np.abs(np.subtract.outer(range(3), range(3))))
    )
    noise = PaceNoise.of("one", Departure(departure.mean, departure.covariance, degrees_of_freedom),
                         np.zeros((3, 3)), 3)  # fmt: skip
    found = deviations(noise, blocks=40)

    def square(chance):
        return (
            min(
                np.sqrt(degrees_of_freedom / stats.chi2.ppf(chance, degrees_of_freedom)),
                LARGEST_SCALE_MULTIPLIER,
            )
            ** 2
        )

    variance_multiplier = integrate.quad(square, 0.0, 1.0, limit=200)[0]
    # Unbounded it would be degrees_of_freedom / (degrees_of_freedom - 2).
    assert 1.0 < variance_multiplier < degrees_of_freedom / (degrees_of_freedom - 2.0) + 1e-9
    expected = variance_multiplier * (noise.root @ noise.root.T)
    scale = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    np.testing.assert_allclose(
        found @ found.T / found.shape[1] / scale, expected / scale, atol=0.06
    )
    np.testing.assert_allclose(found.mean(axis=1) / np.sqrt(np.diag(expected)), 0.0, atol=0.02)


def test_the_deviation_of_a_year_is_students_t():
    """Between its outermost twentieths, which the bound on the scale multiplier hardly touches.

    At three degrees of freedom one draw in a hundred is beyond it (chi-square below 0.12).
    """
    found = deviations(beyond("one", known=0), blocks=8)[-1]
    scale = np.linalg.norm(beyond("one", known=0).root[-1])
    inner = np.linspace(0.05, 0.95, 19)
    expected = stats.t(POOLING.degrees_of_freedom).ppf(inner)
    # Error of a quantile: sqrt(q (1 - q) / draws) over the density there; four of them.
    density = stats.t(POOLING.degrees_of_freedom).pdf(expected)
    error = np.sqrt(inner * (1 - inner) / found.size) / density
    assert np.all(np.abs(np.quantile(found, inner) / scale - expected) < 4 * error)


@pytest.mark.parametrize("noise", [NATION, PROVINCE, WUWEI])
def test_half_of_the_draws_are_faster_than_expected(noise):
    """The median is one: of 8 x 1024 draws half lie above, but for four standard errors."""
    found = np.concatenate([noise.factors(1, block) for block in range(8)], axis=1)
    live = np.diag(noise.root) > 0.0
    above = (found[live] > 1.0).mean(axis=1)
    np.testing.assert_allclose(above, 0.5, atol=4 * 0.5 / np.sqrt(found.shape[1]))


@given(st.floats(0.0, 20.0), st.floats(1.0, 30.0), st.integers(0, 2**32 - 1))
def test_no_pace_turns_back_however_far_it_deviates(spread, degrees_of_freedom, seed):
    """Zero where the logarithm of a pace falls below what a number can be, never less."""
    pooling = Pooling(
        0.0, 0.0, spread=spread, memory=6.0, degrees_of_freedom=degrees_of_freedom, point_error=0.0
    )
    found = beyond("one", 2, pooling).factors(seed, 0)
    assert np.isfinite(found).all()
    assert found.min() >= 0.0
    if spread <= 3.0:
        assert found.min() > 0.0


def test_upward_as_it_stands_and_downward_bent():
    """A constant deviation of x is a factor of 1 + x, one of -x exp(-x).

    The scale multiplier is the region's own.
    """
    noise = PaceNoise("one", np.array([[0.4]]), 3.0, np.ones(1))
    normal = 0.4 * standard_normal(1, "pace/one", 0, (1,))
    chance = stats.norm.cdf(standard_normal(1, "steadiness/one", 0, ()))
    scale_multiplier = np.minimum(
        np.sqrt(3.0 / stats.chi2(3.0).ppf(chance)), LARGEST_SCALE_MULTIPLIER
    )
    deviation = scale_multiplier * normal
    expected = np.where(deviation > 0, 1.0 + deviation, np.exp(-np.abs(deviation)))
    np.testing.assert_allclose(noise.factors(1, 0), expected, rtol=1e-12)


def test_a_region_without_figures_is_uncertain_from_the_first_year():
    found = factors(WUWEI, PROVINCE, NATION)["exit"]
    np.testing.assert_array_equal(found, factors(WUWEI, PROVINCE, NATION)["reclassification"])
    assert found[0].std() > 0.2
    crossing = factors(WUWEI, PROVINCE, NATION)["arrivals"]
    assert np.log(crossing[0]).std() == pytest.approx(CROSSING_SPREAD, rel=0.1)


def test_regions_of_one_nation_share_its_pace():
    """What is left of a region's factor after its own is the same for its neighbour."""
    wuwei = factors(WUWEI, PROVINCE, NATION)["exit"]
    linxia = factors(LINXIA, PROVINCE, NATION)["exit"]
    own, other = factors(WUWEI)["exit"], factors(LINXIA)["exit"]
    np.testing.assert_allclose(wuwei / own, linxia / other, rtol=1e-12)
    np.testing.assert_allclose(wuwei / own, factors(PROVINCE, NATION)["exit"], rtol=1e-12)
    ranks = stats.spearmanr
    assert abs(ranks(own[0], other[0]).statistic) < FOUR_ERRORS
    assert ranks(wuwei[-1], linxia[-1]).statistic > 0.15


def test_a_province_shares_its_vital_rates():
    wuwei = factors(WUWEI, PROVINCE, NATION)
    gansu = factors(PROVINCE, NATION)
    guizhou = factors(beyond("guizhou", known=3), NATION)
    for name in ("fertility", "mortality"):
        np.testing.assert_array_equal(wuwei[name], gansu[name])
        assert not np.array_equal(gansu[name], guizhou[name])


@pytest.mark.parametrize(
    ("name", "spread"), [("fertility", FERTILITY_SPREAD), ("mortality", MORTALITY_SPREAD)]
)
def test_vital_rates_grow_uncertain_over_fifteen_years(name, spread):
    """One number a draw, times the share of the fifteen years gone; then no wider."""
    found = np.log(factors(unobserved("one", years=20), years=20)[name])
    share = np.minimum((np.arange(20) + 1.0) / GROWING_YEARS, 1.0)
    np.testing.assert_allclose(found, share[:, None] * found[-1], atol=1e-12)
    assert found[-1].std() == pytest.approx(spread, rel=0.1)


def test_a_longer_horizon_leaves_the_earlier_years_alone():
    """The same draws: what a short run shows is the beginning of a long one."""
    long = [unobserved("wuwei", years=30), beyond("china", 4, years=30)]
    short = [unobserved("wuwei"), NATION]
    for one, other in zip(short, long, strict=True):
        np.testing.assert_allclose(one.root, other.first(YEARS).root, atol=1e-9)
    found, further = factors(*short), factors(*long, years=30)
    for name, values in found.items():
        np.testing.assert_allclose(values, further[name][:YEARS], rtol=1e-7, err_msg=name)


def test_the_first_years_of_a_deviation_are_its_first_years():
    first = PROVINCE.first(6)
    assert (first.region, first.degrees_of_freedom) == (
        PROVINCE.region,
        PROVINCE.degrees_of_freedom,
    )
    assert first.root.shape == (6, 6)
    assert first.shape.shape == (6,)
    np.testing.assert_allclose(first.factors(1, 0), PROVINCE.factors(1, 0)[:6], rtol=1e-12)


def test_blocks_differ_and_repeat():
    one, again = factors(NATION, block=1), factors(NATION, block=1)
    for name, values in one.items():
        np.testing.assert_array_equal(values, again[name])
        assert not np.array_equal(values, factors(NATION, block=0)[name])
