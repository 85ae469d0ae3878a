"""Levers and indicators: what their records say is what the model does."""

import numpy as np
import pytest

from simmodel.forecast.parameters import PARAMETERS, Setting, levels_after
from simmodel.indicators import INDICATORS, Residents
from simmodel.inputs.units import UNITS_OF
from simmodel.kernel.projection import FLOWS, LEVELS
from simmodel.levers import LEVERS
from simmodel.texts import LANGUAGES, has, text
from simmodel.variables import DISTRICT, STOCKS

LEVER = pytest.mark.parametrize("lever", LEVERS.values(), ids=lambda lever: lever.name)
INDICATOR = pytest.mark.parametrize("one", INDICATORS.values(), ids=lambda one: one.name)


def levels(**moved):
    values = {parameter.name: np.full(1, 0.01) for parameter in PARAMETERS}
    setting = Setting(1e6, 2.5, 2.5, urban_share=0.4, usual_share=0.4, absent=1e5)
    paths = {name: np.full(3, moved.get(name, 1.0)) for name in LEVERS}
    return levels_after(values, setting, 3, mortality_trend=np.ones(3), levers=paths)


@LEVER
def test_a_record_names_the_levels_that_the_lever_changes(lever):
    # More than the shared bound on what may leave in a year makes of it.
    ratio = levels(**{lever.name: 1.5}) / levels()
    changed = (np.abs(ratio - 1.0) > 1e-3).any(axis=(1, 2))
    assert {name for name, here in zip(LEVELS, changed, strict=True) if here} == set(lever.levels)


def test_returns_to_villages_are_multiplied_and_nothing_else():
    at = LEVELS.index("urban_to_rural")
    usual, doubled, none = levels(), levels(return_to_villages=2.0), levels(return_to_villages=0.0)
    np.testing.assert_allclose(doubled[at], 2.0 * usual[at], rtol=1e-12)
    np.testing.assert_array_equal(none[at], 0.0)
    others = np.delete(np.arange(len(LEVELS)), at)
    np.testing.assert_array_equal(doubled[others], usual[others])


@LEVER
def test_a_record_fits_the_model_and_its_words_are_there(lever):
    assert lever.low < lever.neutral < lever.high
    assert lever.neutral == (1.0 if lever.multiplies else 0.0)
    assert set(lever.flows) <= set(FLOWS)
    assert lever.parameter in {None, *(parameter.name for parameter in PARAMETERS)}
    assert (lever.unit == "1/year") == (lever.at_risk is not None)
    assert has(f"levers.{lever.name}")
    assert has(f"levers.{lever.name}.about")
    assert has(f"levers.{lever.name}.flow") == bool(lever.flows)
    assert has(f"levers.{lever.name}.quantity") == (lever.unit is not None)
    if lever.unit is not None:
        for language in LANGUAGES:
            assert "12" in text(f"levers.{lever.name}.quantity", language, value="12")


@INDICATOR
def test_an_indicator_fits_the_outputs_and_its_words_are_there(one):
    variables = {variable.name: variable.units for variable in (*STOCKS, DISTRICT)}
    assert (one.name in variables) == one.in_dataset
    if one.in_dataset:
        assert variables[one.name] == {"percent": "share", "persons": "persons"}[one.unit]
    assert UNITS_OF[one.name] == one.units
    assert has(f"indicators.{one.name}")
    assert has(f"indicators.{one.name}.short")


def test_indicators_are_computed_from_residents():
    aged = {ages: np.array([0.5]) for one in INDICATORS.values() for ages in one.ages}
    people = Residents(np.array([3.0]), np.array([1.0]), np.array([2.0]), aged)
    found = {name: one.compute(people)[0] for name, one in INDICATORS.items() if one.modelled}
    assert found == {
        "urbanization_rate": 0.75,
        "urban_population": 3.0,
        "total_population": 4.0,
        "urban_district_population": 2.0,
        "urban_population_65_plus": 0.5,
    }
    assert not INDICATORS["new_urban_jobs"].modelled
