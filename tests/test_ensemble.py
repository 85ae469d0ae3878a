"""Named random streams, tails, and the uncertain pace of the years to come."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from simmodel.ensemble import (
    BLOCK,
    DEGREES_OF_FREEDOM,
    NOISE_CORRELATION,
    NOISE_SPREAD,
    PACE_SPREAD,
    RAMP_YEARS,
    TRUNCATED,
    heavy_tailed,
    pace_factors,
    standard_normal,
)

BASE = 2020
YEARS = np.arange(2021, 2036)
NATION = ("china", "nation", 2024)
PROVINCE = ("gansu", "province", 2023)
PACED = ("exit", "reclassification")


def prefecture(name, observed=BASE):
    return (name, "prefecture", observed)


def factors(*lineage, seed=1, block=0, years=YEARS):
    return pace_factors(seed, block, lineage, years, BASE)


def test_a_stream_is_its_seed_name_and_block():
    first = standard_normal(7, "pace/exit/wuwei", 3, (2,))
    assert first.shape == (2, BLOCK)
    np.testing.assert_array_equal(first, standard_normal(7, "pace/exit/wuwei", 3, (2,)))


@pytest.mark.parametrize(
    ("seed", "name", "block"),
    [(8, "pace/exit/wuwei", 3), (7, "pace/exit/linxia", 3), (7, "pace/exit/wuwei", 4)],
)
def test_another_seed_name_or_block_is_independent(seed, name, block):
    """Correlation of 64 x 1024 independent pairs: an error of 1/256; four of them allowed."""
    one = standard_normal(7, "pace/exit/wuwei", 3, (64,))
    other = standard_normal(seed, name, block, (64,))
    assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 4 / 256


def test_numbers_are_standard_normal():
    found = standard_normal(1, "any", 0, (64,)).ravel()
    assert stats.kstest(found, "norm").pvalue > 1e-3


def test_tails_are_those_of_truncated_student():
    """Quantile q of t(3) between +-5 is the quantile F(-5) + q (1 - 2 F(-5)) of t(3)."""
    share = np.array([0.001, 0.05, 0.25, 0.5, 0.75, 0.95, 0.999])
    t = stats.t(DEGREES_OF_FREEDOM)
    low = t.cdf(-TRUNCATED)
    expected = t.ppf(low + share * (t.cdf(TRUNCATED) - low))
    found = heavy_tailed(stats.norm.ppf(share))
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
    # Symmetric, inside the truncation, wider than normal from the quartiles out.
    np.testing.assert_allclose(found, -found[::-1], atol=1e-9)
    assert np.abs(heavy_tailed(np.array([-50.0, 50.0]))).max() <= TRUNCATED * (1 + 1e-12)
    assert found[-2] > stats.norm.ppf(0.95)


@pytest.mark.parametrize("lineage", [(NATION,), (PROVINCE, NATION)])
def test_what_was_observed_is_not_drawn_again(lineage):
    """Nation and province: exits and reclassification as calibrated until the last figure."""
    found = factors(*lineage)
    observed = min(year for _, _, year in lineage)
    for name in PACED:
        np.testing.assert_array_equal(found[name][observed >= YEARS], 1.0)
        assert np.all(np.log(found[name][observed < YEARS]).std(axis=1) > 0.05)


def test_spread_grows_over_the_ramp():
    """Nation last observed in 2024: a third of the drift in 2025, all of it from 2027."""
    found = np.log(factors(NATION)["exit"])
    # The drift's share of the variance: its spread is PACE_SPREAD x that of the truncated t.
    drift = PACE_SPREAD["nation"] * heavy_tailed(standard_normal(1, "pace/exit/china", 0, ()))
    slope = [np.polyfit(drift, row, 1)[0] for row in found]
    expected = np.clip((YEARS - 2024) / RAMP_YEARS, 0.0, 1.0)
    np.testing.assert_allclose(slope, expected, atol=0.1)


def test_a_region_without_figures_is_uncertain_from_the_first_year():
    found = np.log(factors(prefecture("wuwei"), PROVINCE, NATION)["exit"])
    assert found[0].std() > PACE_SPREAD["prefecture"]


def test_regions_of_one_nation_share_its_pace():
    """What is left of a region's factor after its own is the same for its neighbour."""
    wuwei = np.log(factors(prefecture("wuwei"), PROVINCE, NATION)["exit"])
    own = np.log(factors(prefecture("wuwei"))["exit"])
    linxia = np.log(factors(prefecture("linxia"), PROVINCE, NATION)["exit"])
    other = np.log(factors(prefecture("linxia"))["exit"])
    np.testing.assert_allclose(wuwei - own, linxia - other, atol=1e-12)
    assert abs(np.corrcoef(own[0], other[0])[0, 1]) < 4 / np.sqrt(BLOCK)
    assert np.corrcoef(wuwei[-1], linxia[-1])[0, 1] > 0.15


def test_a_province_shares_its_vital_rates():
    wuwei = factors(prefecture("wuwei"), PROVINCE, NATION)
    gansu = factors(PROVINCE, NATION)
    guizhou = factors(("guizhou", "province", 2023), NATION)
    for name in ("fertility", "mortality"):
        np.testing.assert_array_equal(wuwei[name], gansu[name])
        assert not np.array_equal(gansu[name], guizhou[name])


def test_noise_is_stationary_and_fades_over_the_years():
    """Spread 0.15 in every year, correlation 0.7 from one to the next."""
    years = np.arange(2021, 2061)
    found = np.log(factors(NATION, years=years)["exit"])
    drift = PACE_SPREAD["nation"] * heavy_tailed(standard_normal(1, "pace/exit/china", 0, ()))
    noise = (found - drift)[years >= 2027]
    # Errors of a spread 1 / sqrt(2 x 1024) = 2.2 %, of a correlation 0.51 / 32 = 0.016.
    np.testing.assert_allclose(noise.std(axis=1), NOISE_SPREAD, rtol=0.1)
    steps = [np.corrcoef(a, b)[0, 1] for a, b in pairwise(noise)]
    np.testing.assert_allclose(steps, NOISE_CORRELATION, atol=0.07)


def test_a_longer_horizon_leaves_the_earlier_years_alone():
    short = factors(prefecture("wuwei"), PROVINCE, NATION)
    long = factors(prefecture("wuwei"), PROVINCE, NATION, years=np.arange(2021, 2051))
    for name, values in short.items():
        np.testing.assert_array_equal(values, long[name][: YEARS.size])


def test_blocks_differ_and_repeat():
    one, again = factors(NATION, block=1), factors(NATION, block=1)
    for name, values in one.items():
        np.testing.assert_array_equal(values, again[name])
        assert not np.array_equal(values, factors(NATION, block=0)[name])
