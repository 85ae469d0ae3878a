"""An indicator of people by residence and age needs a record and nothing else."""

import numpy as np
import pytest

from simmodel import indicators
from simmodel.indicators import AgeRange, Indicator
from simmodel.inputs.region import BASE_YEAR, Target
from simmodel.inputs.scenario import Scenario
from simmodel.judging.target import own_aim, values_of
from simmodel.simulation.datasets import Summaries, ages_dataset
from simmodel.simulation.ensemble import ages_asked, joined
from simmodel.simulation.projector import Projector
from simmodel.solving.problem import SolveProblem
from simmodel.solving.question import Question
from simmodel.sweeps.batch import batch_of, evaluate
from simmodel.sweeps.sweep_file import Outcome, VariedSetting

OLD = AgeRange("urban", 65)
YOUNG = AgeRange("rural", 0, 14)
PLACE, YEAR = "jinchang.yongchang", 2023


@pytest.fixture(autouse=True)
def records(monkeypatch):
    """Records made here: a number of people, and a share of two residences."""
    share = Indicator(
        "young_villagers_of_all",
        "percent",
        lambda people: people.aged[YOUNG] / (people.urban + people.rural),
        ages=(YOUNG,),
    )
    old = Indicator(
        "old_townspeople",
        "persons",
        lambda people: people.aged[OLD],
        ages=(OLD,),
        units=("persons",),
    )
    for one in (share, old):
        monkeypatch.setitem(indicators._BY_NAME, one.name, one)


@pytest.fixture(scope="module")
def scenario():
    return Scenario.model_validate(
        {
            "scenario": "small",
            "regions": ["jinchang"],
            "horizon": 2025,
            "ensemble": {"draws": 20, "seed": 3},
        }
    )


def projector(scenario, atlas, posteriors, asked):
    return Projector(scenario, atlas, posteriors.by_region, asked=asked)


def test_the_people_asked_for_are_kept_draw_by_draw(scenario, atlas, posteriors):
    asked = [(PLACE, "old_townspeople", YEAR), (PLACE, "young_villagers_of_all", 2025)]
    made = projector(scenario, atlas, posteriors, asked)
    whole = made.ensemble(scenario, 0)
    old, share = (whole.values(name, PLACE) for _, name, _ in asked)
    assert old.shape == share.shape == whole.urban[0].shape
    assert np.isfinite(old).all(axis=1).tolist() == [y == YEAR for y in whole.years]
    assert np.isfinite(share).all(axis=1).tolist() == [y == 2025 for y in whole.years]
    at, row = YEAR - BASE_YEAR, whole.row(PLACE)
    path = made.project(scenario, PLACE, 0, until=YEAR, keep_population=True)
    own = path.population[0, :, :, :20].sum(axis=(0, 1))
    # The same projection that goes on to the horizon, and its people shared out as they add up.
    np.testing.assert_allclose(own, path.urban[-1, :20], rtol=1e-12)
    part = path.population[0, :, 65:, :20].sum(axis=(0, 1)) / own
    np.testing.assert_array_equal(old[at], part * whole.urban[row, at])
    assert 0.05 < np.median(part) < 0.5
    assert 0.02 < np.median(share[-1]) < 0.2


def test_nothing_is_kept_where_nobody_asks(scenario, atlas, posteriors):
    named = [(PLACE, "urban_population", YEAR), ("wuwei", "old_townspeople", YEAR)]
    whole = projector(scenario, atlas, posteriors, named).ensemble(scenario, 0)
    assert whole.aged == {}
    assert ages_asked([(PLACE, "urbanization_rate", YEAR)]) == {}


def test_blocks_join_along_the_draws(scenario, atlas, posteriors):
    asked = [(PLACE, "old_townspeople", YEAR)]
    whole = projector(scenario, atlas, posteriors, asked).ensemble(scenario, 0)
    twice = joined([whole.aged, whole.aged])
    assert twice[PLACE, OLD].shape[-1] == 40


def test_it_can_be_a_target_and_solved_for(scenario, atlas, posteriors):
    question = Question(PLACE, "old_townspeople", YEAR, ("urban_out_migration",), 0.5, 1.0)
    problem = SolveProblem(question, scenario, atlas, posteriors.by_region)
    target = Target.model_construct(
        indicator="old_townspeople",
        unit="persons",
        year=YEAR,
        comparison=">=",
        value=1000.0,
        relative_to=None,
        region=None,
    )
    aim = own_aim(PLACE, target)
    (whole,) = problem.ensembles({})
    at = YEAR - BASE_YEAR
    np.testing.assert_array_equal(problem.margins(aim, {}), values_of(whole, aim)[at] - 1000.0)
    less = problem.margins(aim, {"urban_out_migration": 5.0})
    assert (less < problem.margins(aim, {})).all()


def test_it_can_be_swept(scenario, atlas, posteriors):
    outcomes = [
        Outcome(PLACE, name, 2025, False) for name in ("old_townspeople", "urban_population")
    ]
    setting = VariedSetting("lever", None, "urban_out_migration", None)
    regions = ("jinchang", "jinchang.jinchuan", PLACE)
    batch = batch_of(scenario, atlas, posteriors.by_region, [setting], outcomes, regions, 8)
    found = evaluate(batch, np.array([[1.0], [3.0]]))
    assert np.isfinite(found).all()
    assert (found[1] < found[0]).all()
    assert (found[:, 0] < 0.5 * found[:, 1]).all()


def test_a_share_that_is_not_the_urbanization_rate_is_in_percent_too():
    aim = own_aim(
        PLACE,
        Target.model_construct(
            indicator="young_villagers_of_all", value=9.0, unit="percent", comparison=">="
        ),
    )
    assert (aim.unit, aim.interval.low, aim.interval.high) == ("percent", 9.0, 100.0)
    assert not aim.is_rate


def test_townspeople_of_65_and_over_are_those_of_the_pyramid(scenario, atlas, posteriors):
    name, horizon = "urban_population_65_plus", scenario.horizon
    whole = projector(scenario, atlas, posteriors, [("jinchang", name, horizon)]).ensemble(
        scenario, 0
    )
    summaries = Summaries(exact=True)
    summaries.add(whole)
    dataset = summaries.to_dataset(scenario, atlas, {})
    ages = ages_dataset(dataset, scenario, atlas, posteriors.by_region, ["jinchang"])
    there = ages["population"].sel(region="jinchang", residence="urban", year=horizon)
    counted = float(there.sel(age=slice(65, None)).sum())
    assert whole.values(name, "jinchang")[-1].mean() == pytest.approx(counted, rel=0.02)
    assert 0.05 < counted / float(there.sum()) < 0.4
