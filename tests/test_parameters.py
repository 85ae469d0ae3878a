"""How parameters, period factors and levers become the levels of a year."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simmodel.ensemble import BLOCK, pace_factors
from simmodel.parameters import (
    NAMES,
    PARAMETERS,
    RETURNING_SHARE,
    Setting,
    decade_levels,
    fertility_path,
    later_levels,
    natural,
    retained,
)
from simmodel.posterior import Atlas
from simmodel.projection import LEVELS, project
from simmodel.region import BASE_YEAR
from simmodel.scenario import LEVERS
from simmodel.seeds import read_seeds

YEARS = 4
SETTING = Setting(residents=1e6, peak_exit=2.7, peak_departure=2.7)
# One draw of a region as they are; each period factor is told apart from the others.
VALUES = {
    "rural_exit": 0.03,
    "local_retention": 0.4,
    "arrivals": 0.01,
    "arrivals_urban_share": 0.7,
    "urban_out_migration": 0.008,
    "return_to_villages": 0.002,
    "reclassification": 0.005,
    "fertility_2010": 1.2,
    "fertility_2016": 1.3,
    "fertility_2020": 1.1,
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
        later_levels(
            VALUES,
            setting,
            YEARS,
            mortality_trend=0.98 ** np.arange(1, YEARS + 1),
            factors=factors,
            levers=paths,
        )
    )


def by_name(array):
    return {name: array[i, :, 0] for i, name in enumerate(LEVELS)}


def changed(one, other):
    return {name for name in LEVELS if not np.array_equal(one[name], other[name])}


# The expected values carry the smooth bound on levels: two parts in 10^5 at a third of it.
close = {"rel": 1e-4}


def test_neutral_levers_give_the_calibrated_levels():
    found = levels()
    expected = {
        "rural_to_urban": 0.03 * 0.8 * 0.4,
        "rural_departure": 0.03 * 0.8 * 0.6,
        "urban_to_rural": 0.002 * 0.8,
        "urban_departure": 0.008 * 0.8,
        "urban_arrivals": 0.01 * 0.9 * 1e6 * 0.7,
        "rural_arrivals": 0.01 * 0.9 * 1e6 * 0.3,
        "urban_return": 0.0,
        "rural_return": 0.0,
        "reclassification": 0.005 * 0.7,
        "urban_fertility": 1.1 * 0.85,
        "rural_fertility": 1.1 * 0.85,
    }
    for name, value in expected.items():
        assert found[name] == pytest.approx([value] * YEARS, **close), name
    for name in ("urban_mortality", "rural_mortality"):
        assert found[name] == pytest.approx(1.05 * 1.1 * 0.98 ** np.arange(1, YEARS + 1))
    none = later_levels(
        VALUES, SETTING, YEARS, mortality_trend=0.98 ** np.arange(1, YEARS + 1)
    )  # fmt: skip
    assert not changed(found, by_name(none))


def test_period_factors_are_of_the_years_after_the_base():
    found = by_name(decade_levels(VALUES, SETTING, 2010))
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
    assert most["rural_to_urban"] == pytest.approx([0.03 * 0.8] * YEARS, rel=1e-3)


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
    known = Setting(1e6, 2.7, 2.7, absent=3e5)
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
    """1.2 at 2010.5, 1.3 at 2016.5, 1.1 at 2020.5, by equal factors a year; held before."""
    path = fertility_path(VALUES, np.array([2009, 2010, 2013, 2016, 2018, 2020, 2025]))[:, 0]
    middle = [(1.2 * 1.3) ** 0.5, 1.3, (1.3 * 1.1) ** 0.5]
    assert path == pytest.approx([1.2, 1.2, *middle, 1.1, 1.1])


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
    return Atlas(read_seeds(Path(__file__).parents[1] / "seeds").regions)


@pytest.mark.parametrize("region", ["liupanshui", "linxia"])
def test_levers_at_ten_are_projected(atlas, region):
    """All levers at 10, ten years of life lost, and draws with the widest tails: still people.

    Peak intensities stay below the kernel's bound; Liupanshui has the steepest schedule, Linxia
    the known stock of absent people.
    """
    inputs = atlas.inputs(region)
    setting = inputs.setting(inputs.base)
    years = np.arange(BASE_YEAR + 1, 2036)
    levers = {name: np.full(years.size, 10.0) for name in LEVERS}
    levers["life_expectancy"] = atlas.standard.mortality_of_gain(np.full(years.size, -10.0))
    values = {name: np.repeat(value, BLOCK) for name, value in VALUES.items()}
    lineage = (
        (region, "prefecture", BASE_YEAR), ("p", "province", BASE_YEAR), ("n", "nation", BASE_YEAR)
    )  # fmt: skip
    found = later_levels(
        values,
        setting,
        years.size,
        mortality_trend=inputs.mortality_trend(years.size),
        factors=pace_factors(1, 0, lineage, years, BASE_YEAR),
        levers=levers,
    )
    absent = np.full(BLOCK, setting.absent)
    path = project(inputs.base, inputs.schedules[BASE_YEAR], found, absent=absent)
    for array in (path.urban, path.rural, path.flows, path.population):
        assert np.isfinite(array).all()
        assert array.min() >= 0.0


def test_schedules_are_normalised(atlas):
    """A level is the mean over ages 0-64 of the rate it stands for; arrivals are shares."""
    schedules = atlas.inputs("gansu").schedules[BASE_YEAR]
    assert schedules.rural_to_urban[:, :65].mean() == pytest.approx(1.0)
    assert schedules.departure[:, :65].mean() == pytest.approx(1.0)
    assert schedules.arrivals.sum(axis=(1, 2)) == pytest.approx([1.0, 1.0])
