"""Verdicts by hand: a small ensemble whose every probability can be counted."""

from types import SimpleNamespace

import numpy as np
import pytest

from simmodel.inputs.region import Target
from simmodel.inputs.region_tree import RegionTree
from simmodel.inputs.scenario import Scenario
from simmodel.judging.target import aims, half_last_digit
from simmodel.judging.verdicts import Judge, is_conditional, likelihood
from simmodel.simulation.ensemble import Ensemble

YEARS = np.arange(2020, 2026)


def ensemble_of(rates, total=100_000.0):
    """Four draws whose rate rises linearly from 40 % to the given values in 2025."""
    ends = np.array(rates, dtype=float)
    path = 40.0 + (ends - 40.0) * ((YEARS - 2020) / 5.0)[:, None]
    urban = path / 100.0 * total
    flows = np.zeros((1, YEARS.size - 1, 14, ends.size))
    return Ensemble(("gansu",), (), YEARS, urban[None], (total - urban)[None], flows, {}, {})


@pytest.fixture
def one_target(atlas, seeds, shipped):
    """Judge a single target of Gansu against four draws."""
    data = shipped["trend"].resolved() | {"regions": ["gansu"]}
    trend = Scenario.model_validate(data)
    alone = {"china": seeds.regions["china"]}

    def judged(ensemble, **target):
        base = {"source": "gansu_action_plan_2024_2029", "place": "x", "year": 2025}
        gansu = seeds.regions["gansu"].model_copy(
            update={"targets": (Target.model_validate({**base, **target}),)}
        )

        regions = {**alone, "gansu": gansu}
        stub = SimpleNamespace(regions=regions, tree=RegionTree.of(regions), transfers=lambda _: [])
        judge = Judge(trend, stub, exact=True)
        judge.add(ensemble)
        (verdict,) = judge.verdicts()
        return verdict

    return judged


def test_at_least_counts_the_draws_at_or_above(one_target):
    verdict = one_target(
        ensemble_of([49.9, 50.0, 52.0, 47.0]),
        indicator="urbanization_rate", value=50, unit="percent", comparison=">=",
    )  # fmt: skip
    assert verdict.probability == 0.5
    # The median of 47, 49.9, 50 and 52 is 49.95; 0.05 points of 100,000 are 50 persons.
    assert verdict.median == pytest.approx(49.95)
    assert verdict.shortfall == pytest.approx(0.05)
    assert verdict.shortfall_persons == pytest.approx(50.0)
    assert verdict.first_year_met == 2025
    assert verdict.likelihood == "about as likely as not"


def test_about_counts_from_half_a_unit_of_the_last_digit_below(one_target):
    verdict = one_target(
        ensemble_of([49.4, 49.5, 52.0, 47.0]),
        indicator="urbanization_rate", value=50, unit="percent", comparison="~",
    )  # fmt: skip
    assert verdict.probability == 0.5


def test_persons_are_judged_as_persons(one_target):
    verdict = one_target(
        ensemble_of([50.0, 60.0, 60.0, 60.0]),
        indicator="urban_population", value=5.5, unit="10k_persons", comparison=">=",
    )  # fmt: skip
    assert verdict.target == 55_000
    assert verdict.probability == 0.75
    assert verdict.likelihood == "likely"
    assert verdict.shortfall == pytest.approx(-5_000)
    # 40,000 + 4,000 a year: 55,000 is first reached by three of four draws in 2024 (56,000).
    assert verdict.first_year_met == 2024


def test_a_target_never_reached_has_no_first_year(one_target):
    verdict = one_target(
        ensemble_of([41.0, 42.0, 43.0, 44.0]),
        indicator="urbanization_rate", value=90, unit="percent", comparison=">=",
    )  # fmt: skip
    assert verdict.first_year_met is None
    assert verdict.likelihood == "very unlikely"


@pytest.mark.parametrize(
    ("probability", "word"),
    [
        (1.0, "very likely"),
        (0.9, "likely"),
        (0.66, "likely"),
        (0.659, "about as likely as not"),
        (0.33, "about as likely as not"),
        (0.1, "unlikely"),
        (0.099, "very unlikely"),
        (0.0, "very unlikely"),
    ],
)
def test_words_are_those_of_the_scale_and_no_stronger_than_very(probability, word):
    assert likelihood(probability, conditional=False) == word


def test_half_a_digit():
    assert half_last_digit(48.5) == pytest.approx(0.05)
    assert half_last_digit(130.0) == 0.5


def test_only_the_trend_is_unconditional(shipped):
    assert [name for name, s in shipped.items() if not is_conditional(s)] == ["trend"]


def test_the_band_counts_from_the_printed_rate(seeds, atlas):
    (band,) = (a for a in aims(seeds.regions["liupanshui"]) if a.is_band)
    assert band.values == pytest.approx((48.87 + 5, 48.87 + 10))
