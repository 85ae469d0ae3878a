"""A fan as plain data, before anything is drawn."""

import numpy as np
import pytest

from simmodel.charts.fan import BANDS, LEVELS, TargetPoint, fan_of, observed_point
from simmodel.charts.labels import DISPLAYS, RATE, URBAN
from simmodel.errors import ScenarioError
from simmodel.indicators import INDICATORS
from tests.test_charts import projection, verdict

MARKS = [
    {"region": "wuwei", "indicator": indicator, "year": year, "value": value, "vintage": vintage}
    for indicator, year, value, vintage in (
        ("urbanization_rate", 2022, 49.1, "post_2020_census"),
        ("urbanization_rate", 2010, 27.4, "census"),
        ("urbanization_rate", 2019, 44.2, "pre_2020_census"),
        ("urban_population", 2022, 710_000.0, "post_2020_census"),
    )
]


def test_values_are_in_the_unit_shown_by_level():
    ds = projection()
    for display, scale in ((RATE, 100.0), (URBAN, 1e-4)):
        fan = fan_of(ds, "wuwei", display)
        assert tuple(fan.quantiles) == LEVELS
        there = ds[display.variable].sel(region="wuwei", quantile=0.5).values * scale
        np.testing.assert_array_equal(fan.median, there)
        assert fan.base == (2020, there[0])
        assert all((fan.quantiles[low] <= fan.quantiles[high]).all() for low, high in BANDS)


def test_observations_are_sorted_and_say_whether_they_compare():
    fan = fan_of(projection(), "wuwei", RATE, MARKS)
    assert [point.year for point in fan.observations] == [2010, 2019, 2022]
    assert [point.comparable for point in fan.observations] == [True, False, True]
    assert observed_point(MARKS[-1], URBAN).value == pytest.approx(71.0)


def test_targets_beyond_the_horizon_or_without_a_value_are_not_shown():
    rows = [
        verdict("wuwei", "urbanization_rate", 2030, ">=", 55.0, 0.4),
        verdict("wuwei", "urbanization_rate", 2040, ">=", 60.0, None),
        verdict("wuwei", "urbanization_rate", 2035, "near", None, None),
        verdict("wuwei", "urbanization_rate", 2035, "near", 61.2, 0.5),
        verdict("wuwei", "urban_population", 2030, ">=", 8e5, 0.4),
        verdict("linxia", "urbanization_rate", 2030, ">=", 44.0, 0.4),
        verdict("wuwei", "urbanization_rate", 2030, ">=", 55.0, 0.4, "another"),
    ]
    fan = fan_of(projection(), "wuwei", RATE, (), rows)
    assert [fan.is_shown(target) for target in fan.targets] == [True, False, False, True]
    assert [target.fixed for target in fan.targets] == [True, True, False, False]
    assert fan.targets[0].value == 55.0
    assert fan.targets[0].chance[0].startswith("40 of 100")


def test_who_draws_gives_targets_words_of_its_own():
    target = TargetPoint(2030, 55.0, ">=", "at least 55 %")
    assert target.fixed
    assert target.chance == ()


def test_a_region_that_is_not_there_is_refused():
    with pytest.raises(ScenarioError, match="lanzhou is not in this projection"):
        fan_of(projection(), "lanzhou", RATE)


@pytest.mark.parametrize("name", INDICATORS)
def test_every_indicator_has_a_display(name):
    display = DISPLAYS[name]
    assert display.name
    assert display.short
    assert display.axis
    assert display.scale == (100.0 if INDICATORS[name].unit == "percent" else 1e-4)
