"""How parameters, period factors and levers become the levels of a year."""

from math import exp, log
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simmodel.forecast import pooling
from simmodel.forecast.fit import pace_noise
from simmodel.forecast.parameters import (
    NAMES,
    PARAMETERS,
    RETURNING_SHARE,
    Setting,
    fertility_path,
    levels_after,
    levels_before,
    natural,
    pull,
    retained,
)
from simmodel.forecast.pooling_file import atlas_of
from simmodel.forecast.uncertainty import BLOCK, pace_factors
from simmodel.inputs.seeds import read_seeds
from simmodel.kernel.projection import LEVELS, Schedules, project
from simmodel.levers import LEVERS

YEARS = 4
SETTING = Setting(1e6, peak_exit=2.7, peak_departure=2.7, urban_share=0.4, usual_share=0.4)
# One draw of a region as they are; each period factor is told apart from the others.
VALUES = {
    "rural_exit": 0.03,
    "local_retention": 0.4,
    "arrivals": 0.01,
    "arrivals_urban_share": 0.7,
    "urban_out_migration": 0.008,
    "return_to_villages": 0.002,
    "reclassification": 0.005,
    "fertility_earlier": 1.2,
    "fertility_middle": 1.3,
    "fertility_base": 1.1,
    "mortality": 1.05,
    "period_exit": 0.8,
    "period_arrivals": 0.9,
    "period_reclassification": 0.7,
    "period_fertility": 0.85,
    "period_mortality": 1.1,
}
VALUES = {name: np.array([value]) for name, value in VALUES.items()}


def levels(setting=SETTING, factors=None, **levers):
    paths = {name: np.full(YEARS, levers.get(name, 1.0)) for name in LEVERS}
    return by_name(
        levels_after(
            VALUES,
            setting,
            YEARS,
            mortality_trend=0.98 ** np.arange(1, YEARS + 1),
            factors=factors,
            levers=paths,
        )
    )


def pulled(share=0.4, years=YEARS, gained=0.03 * 0.8 * 0.4 + 0.005 * 0.7):
    """What towns that grow draw, by year and in plain Python, from the definition.

    The share runs along the logistic that starts with what the levels gain, and is taken in the
    middle of each year; villagers become urban in proportion to it, and to the growth difference
    that WUP 2018 finds at such a share, 0.032744 - 0.015536 share.
    """
    found = []
    for year in range(years):
        odds = share / (1.0 - share) * exp((year + 0.5) * gained / share)
        then = odds / (1.0 + odds)
        slower = (0.032744 - 0.015536 * then) / (0.032744 - 0.015536 * share)
        found.append(then / share * slower)
    return np.array(found)


def by_name(array):
    return {name: array[i, :, 0] for i, name in enumerate(LEVELS)}


def changed(one, other):
    return {name for name in LEVELS if not np.array_equal(one[name], other[name])}


# The expected values carry the smooth bound on levels: two parts in 10^5 at a third of it.
close = {"rel": 1e-4}


def test_neutral_levers_give_the_calibrated_levels():
    found = levels()
    expected = {
        "rural_to_urban": 0.03 * 0.8 * 0.4 * pulled(),
        "rural_departure": 0.03 * 0.8 * 0.6 * pulled(),
        "urban_to_rural": 0.002 * 0.8,
        "urban_departure": 0.008 * 0.8,
        "urban_arrivals": 0.01 * 0.9 * 1e6 * 0.7,
        "rural_arrivals": 0.01 * 0.9 * 1e6 * 0.3,
        "urban_return": 0.0,
        "rural_return": 0.0,
        "reclassification": 0.005 * 0.7 * pulled(),
        "urban_fertility": 1.1 * 0.85,
        "rural_fertility": 1.1 * 0.85,
    }
    for name, value in expected.items():
        assert found[name] == pytest.approx(np.broadcast_to(value, YEARS), **close), name
    for name in ("urban_mortality", "rural_mortality"):
        assert found[name] == pytest.approx(1.05 * 1.1 * 0.98 ** np.arange(1, YEARS + 1))
    none = levels_after(
        VALUES, SETTING, YEARS, mortality_trend=0.98 ** np.arange(1, YEARS + 1)
    )  # fmt: skip
    assert not changed(found, by_name(none))


def test_period_factors_are_of_the_years_after_the_base():
    found = by_name(levels_before(VALUES, SETTING, 10))
    assert found["rural_to_urban"] == pytest.approx([0.03 * 0.4] * 10, **close)
    assert found["rural_departure"] == pytest.approx([0.03 * 0.6] * 10, **close)
    assert found["urban_departure"] == pytest.approx([0.008] * 10, **close)
    assert found["rural_arrivals"] == pytest.approx([0.01 * 1e6 * 0.3] * 10)
    assert found["reclassification"] == pytest.approx([0.005] * 10)
    assert found["rural_mortality"] == pytest.approx([1.05] * 10)


EXITS = {"rural_to_urban", "rural_departure"}


@pytest.mark.parametrize(
    ("lever", "moved"),
    [
        ("rural_exit", EXITS),
        ("arrivals", {"urban_arrivals", "rural_arrivals"}),
        ("urban_out_migration", {"urban_departure"}),
        ("reclassification", {"reclassification"}),
        ("fertility", {"urban_fertility", "rural_fertility"}),
        # Comes as the factor on death rates that the years added mean.
        ("life_expectancy", {"urban_mortality", "rural_mortality"}),
    ],
)
@pytest.mark.parametrize("multiplier", [2.0, 0.5, 0.0])
def test_a_lever_multiplies_its_own_levels_and_no_other(lever, moved, multiplier):
    """Zero is a value: it stops the flow."""
    neutral, found = levels(), levels(**{lever: multiplier})
    for name in moved:
        assert found[name] == pytest.approx(multiplier * neutral[name], **close), name
    # The bound on all that leave towns shifts returns to villages in the sixth digit.
    for name in set(LEVELS) - moved:
        assert found[name] == pytest.approx(neutral[name], rel=1e-5), name


def test_conversion_to_urban_registration_moves_no_resident():
    assert not changed(levels(), levels(urban_registration=10.0))


def test_local_retention_moves_exits_between_town_and_away():
    neutral, found = levels(), levels(local_retention=1.5)
    assert changed(neutral, found) == EXITS
    exits = neutral["rural_to_urban"] + neutral["rural_departure"]
    assert found["rural_to_urban"] + found["rural_departure"] == pytest.approx(exits)
    assert found["rural_to_urban"] == pytest.approx(0.4 * 1.5 * exits)
    nobody = levels(local_retention=0.0)
    assert not nobody["rural_to_urban"].any()
    assert nobody["rural_departure"] == pytest.approx(exits)


def test_no_lever_makes_retention_more_than_all():
    most = levels(local_retention=10.0)
    assert np.all(most["rural_departure"] >= 0.0)
    assert most["rural_to_urban"] == pytest.approx(0.03 * 0.8 * pulled(), rel=1e-3)


def test_retained_by_hand():
    """0.3 x 3 = 0.9 is 0.1 past the knee at 0.8: 1 - 0.2 exp(-0.1 / 0.2) = 0.878694."""
    share = np.array([0.3, 0.3, 0.9, 0.9])
    found = retained(share, np.array([2.0, 3.0, 1.0, 0.5]))
    assert found == pytest.approx([0.6, 0.878694, 0.9, 0.45], abs=1e-6)


@given(st.floats(0.0, 1.0), st.floats(0.0, 10.0), st.floats(0.0, 2.0))
def test_retention_is_a_share_and_rises_with_its_lever(share, multiplier, more):
    low, high = retained(np.array(share), np.array([multiplier, multiplier + more]))
    assert 0.0 <= low <= high + 1e-15
    assert high <= 1.0
    assert retained(np.array(share), np.array(1.0)) == share


def test_returns_are_half_of_arrivals_where_the_stock_is_known():
    """9,000 arrive a year; half of them out of 300,000 absent: 1 - exp(-4,500 / 300,000)."""
    known = Setting(1e6, 2.7, 2.7, 0.4, 0.4, absent=3e5)
    found = levels(known)
    share = -np.expm1(-RETURNING_SHARE * 9000.0 / 3e5)
    assert found["urban_arrivals"] == pytest.approx([(1 - RETURNING_SHARE) * 9000 * 0.7] * YEARS)
    assert found["urban_return"] == pytest.approx([share * 0.7] * YEARS)
    assert found["rural_return"] == pytest.approx([share * 0.3] * YEARS)
    # Ten times as many cannot take more than the stock; none takes none.
    tenfold = levels(known, arrivals=10.0)
    both = tenfold["urban_return"] + tenfold["rural_return"]
    assert both == pytest.approx([-np.expm1(-RETURNING_SHARE * 9e4 / 3e5)] * YEARS)
    assert not levels(known, arrivals=0.0)["urban_return"].any()


def test_fertility_runs_between_its_knots():
    """1.2 at 0.05, 1.3 at 0.65, 1.1 at 1.05 of the way, by equal factors in between.

    Of ten years the first and the seventh have their middles at knots; the middle of the fourth
    (0.35) and of the ninth (0.85) is half way between two.
    """
    path = fertility_path(VALUES, 10)[:, 0]
    expected = [1.2, (1.2 * 1.3) ** 0.5, 1.3, (1.3 * 1.1) ** 0.5]
    assert path[[0, 3, 6, 8]] == pytest.approx(expected)
    # Of forty, the middle of the first comes before the first knot: held.
    assert fertility_path(VALUES, 40)[0, 0] == pytest.approx(1.2)
    # Of five, the middle of the second (0.3) is 5/12 of the way from the first knot to the second.
    assert fertility_path(VALUES, 5)[1, 0] == pytest.approx(1.2 ** (7 / 12) * 1.3 ** (5 / 12))


def test_pull_by_hand():
    """From a share of 0.4 that gains 0.0131 / 0.4 = 0.03275 a year in log odds.

    Half a year on, log(2/3) + 0.016375 = -0.389090 is a share of 0.403936; towns are 1.009841 times
    as large and the norm there 0.0264684 / 0.0265296 = 0.997695 times as high: 1.007513.
    """
    assert log(2 / 3) + 0.016375 == pytest.approx(-0.389090, abs=1e-6)
    assert pull(VALUES, SETTING, 1)[0, 0] == pytest.approx(1.007513, abs=1e-6)
    assert pulled(years=1) == pytest.approx([1.007513], abs=1e-6)


@given(st.floats(0.02, 0.98), st.floats(0.0, 0.03))
def test_pull_agrees_with_plain_python(share, gained):
    values = VALUES | {
        "rural_exit": np.array([gained]), "period_exit": np.array([0.5]),
        "local_retention": np.array([0.4]), "reclassification": np.array([gained]),
        "period_reclassification": np.array([0.8]),
    }  # fmt: skip
    found = pull(values, Setting(404.0, 2.7, 2.7, share, share), 30)[:, 0]
    np.testing.assert_allclose(found, pulled(share, 30, gained * 0.2 + gained * 0.8), rtol=1e-9)


def test_pull_is_of_each_draw_alone():
    two = {name: np.concatenate((value, 1.5 * value)) for name, value in VALUES.items()}
    found = pull(two, SETTING, YEARS)
    assert found.shape == (YEARS, 2)
    np.testing.assert_array_equal(found[:, :1], pull(VALUES, SETTING, YEARS))
    assert np.all(found[:, 1] > found[:, 0])


def test_pull_heeds_neither_levers_nor_noise():
    """Rural exit and reclassification are doubled and no more: towns do not draw by the lever."""
    neutral = levels()
    doubled = levels(rural_exit=2.0, reclassification=2.0)
    assert doubled["reclassification"] == pytest.approx(2.0 * neutral["reclassification"])
    ones = np.ones((YEARS, 1))
    names = ("departure", "arrivals", "fertility", "mortality")
    noisy = levels(
        factors=dict.fromkeys(names, ones) | dict.fromkeys(("exit", "reclassification"), 1.5 * ones)
    )
    assert noisy["reclassification"] == pytest.approx(1.5 * neutral["reclassification"])
    assert noisy["rural_to_urban"] == pytest.approx(1.5 * neutral["rural_to_urban"], **close)


def only_reclassified(years, hazard, share):
    """Urban share by year where nobody is born, dies or moves and places become urban."""
    still = {name: np.zeros(1) for name in VALUES}
    values = still | {
        "reclassification": np.array([hazard]), "period_reclassification": np.ones(1)
    }  # fmt: skip
    nothing = np.zeros((2, 101))
    population = np.broadcast_to(np.array([share, 1.0 - share])[:, None, None], (2, 2, 101))
    schedules = Schedules(
        np.zeros((2, 2, 101)), np.zeros((2, 2)), nothing, nothing, np.zeros((2, 2, 101)), nothing,
        0.5,
    )  # fmt: skip
    found = levels_after(
        values, Setting(404.0, 2.7, 2.7, share, share), years, mortality_trend=np.ones(years)
    )
    path = project(population * 1.0, schedules, found)
    return (path.urban / (path.urban + path.rural))[:, 0]


@pytest.mark.parametrize(("hazard", "share"), [(0.005, 0.2), (0.011, 0.4), (0.02, 0.8)])
def test_places_that_towns_draw_by_size_follow_the_logistic(hazard, share, monkeypatch):
    """Where the norm is flat, log odds rise by hazard / share a year, for as long as one likes.

    The kernel holds the hazard over a year at that of its middle: the share is off by the square of
    a year's gain of log odds over 24, a few in 10^5 here.
    """
    monkeypatch.setattr(pooling, "NORM_SLOPE", 0.0)
    found = only_reclassified(30, hazard, share)
    odds = share / (1.0 - share) * np.exp(np.arange(31) * hazard / share)
    np.testing.assert_allclose(found, odds / (1.0 + odds), atol=5e-5)


def test_places_reclassified_slow_down_with_the_norm():
    """The same in a hundred steps a year and plain Python, with the norm as it is.

    The share that towns draw by is the logistic's; what villagers then do is slowed by the norm.
    """
    hazard, share = 0.011, 0.4
    village, steps = 1.0 - share, 100
    norm = 0.032744 - 0.015536 * share
    slow = [share]
    for year in range(30):
        for step in range(steps):
            odds = share / (1.0 - share) * exp((year + (step + 0.5) / steps) * hazard / share)
            drawn = odds / (1.0 + odds)
            factor = drawn / share * (0.032744 - 0.015536 * drawn) / norm
            village *= exp(-hazard * factor / steps)
        slow.append(1.0 - village)
    found = only_reclassified(30, hazard, share)
    np.testing.assert_allclose(found, slow, atol=5e-5)
    logistic = share / (1.0 - share) * exp(30 * hazard / share)
    assert found[-1] < logistic / (1.0 + logistic) - 0.01


def test_natural_scales():
    """Log: exp(0) = 1; logit: half of the share, half of the bound of the hazard."""
    found = natural(np.zeros((len(PARAMETERS), 1)), bound=0.012)
    assert tuple(found) == NAMES
    for parameter in PARAMETERS:
        middle = 1.0 if parameter.scale == "log" else 0.5
        middle = 0.006 if parameter.name == "reclassification" else middle
        assert found[parameter.name] == middle
    for extreme in (-30.0, 30.0):
        values = natural(np.full((len(PARAMETERS), 1), extreme), bound=0.012)
        assert 0.0 <= values["local_retention"] <= 1.0
        assert 0.0 <= values["reclassification"] <= 0.012


@pytest.fixture(scope="module")
def atlas():
    return atlas_of(read_seeds(Path(__file__).parents[1] / "seeds"))


@pytest.mark.parametrize("region", ["liupanshui", "linxia"])
def test_levers_at_ten_are_projected(atlas, region):
    """All levers at 10, ten years of life lost, and draws with the widest tails: still people.

    Peak intensities stay below the kernel's bound; Liupanshui has the steepest schedule, Linxia
    the known stock of absent people.
    """
    inputs = atlas.inputs(region)
    setting = inputs.setting(inputs.base)
    years = 15
    levers = {name: np.full(years, 10.0) for name in LEVERS}
    levers["life_expectancy"] = atlas.standard.mortality_of_gain(np.full(years, -10.0))
    values = {name: np.repeat(value, BLOCK) for name, value in VALUES.items()}
    noise = [pace_noise(atlas, name, years) for name in atlas.tree.lineage(region)]
    found = levels_after(
        values,
        setting,
        years,
        mortality_trend=inputs.mortality_trend(years),
        factors=pace_factors(1, 0, noise, years),
        levers=levers,
    )
    absent = np.full(BLOCK, setting.absent)
    path = project(inputs.base, inputs.schedules_after, found, absent=absent)
    for array in (path.urban, path.rural, path.flows, path.population):
        assert np.isfinite(array).all()
        assert array.min() >= 0.0


def test_schedules_are_normalised(atlas):
    """A level is the mean over ages 0-64 of the rate it stands for; arrivals are shares."""
    schedules = atlas.inputs("gansu").schedules_after
    assert schedules.rural_to_urban[:, :65].mean() == pytest.approx(1.0)
    assert schedules.departure[:, :65].mean() == pytest.approx(1.0)
    assert schedules.arrivals.sum(axis=(1, 2)) == pytest.approx([1.0, 1.0])


def test_pull_starts_from_where_the_levels_hold():
    """Levels of a share of 0.35 pull more at 0.4: by 0.4 g(0.4) / (0.35 g(0.35)).

    g(0.4) = 0.032744 - 0.4 x 0.015536 = 0.0265296, g(0.35) = 0.0273064: a factor of 1.110346.
    """
    still = {name: np.zeros(1) for name in VALUES}
    earlier = Setting(1e6, 2.7, 2.7, urban_share=0.4, usual_share=0.35)
    assert pull(still, earlier, 2)[:, 0] == pytest.approx([1.110346] * 2, abs=1e-6)
