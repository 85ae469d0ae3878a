"""A synthetic prefecture of two counties: what the model must answer is known beforehand."""

from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import brentq

from simmodel.inputs.scenario import Scenario
from simmodel.judging import historical_rates
from simmodel.judging.consistency.coherence import rate_count_total
from simmodel.judging.consistency.subregion_checks import children_sum
from simmodel.judging.projection_summary import summarize_projection
from simmodel.judging.target import judged_aims
from simmodel.kernel.growth_components import rate_change, urban_growth
from simmodel.kernel.projection import FLOWS
from simmodel.simulation import projector
from simmodel.simulation.projector import simulate
from simmodel.solving.problem import SolveProblem
from simmodel.solving.question import Question
from simmodel.solving.solution import solve
from simmodel.variables import COMPONENTS

from . import two_counties as world

YEARS = 10


@pytest.fixture(autouse=True)
def steady(monkeypatch):
    monkeypatch.setattr(projector, "pace_noise", world.no_deviation)


def scenario(draws=64, **changes):
    data = {"scenario": "still", "regions": ["shire"], "horizon": 2020 + YEARS}
    return Scenario.model_validate(data | {"ensemble": {"draws": draws, "seed": 3}} | changes)


def run(spread=0.0, draws=64, **changes):
    posteriors = dict.fromkeys(world.COUNTED, world.parameters(spread))
    return simulate(scenario(draws, **changes), world.atlas(), posteriors)


def test_the_prefecture_follows_the_scalar_formula():
    ensemble = run()
    assert ensemble.regions == ("shire", "shire.east", "shire.west")
    by_hand = world.urban_by_hand("shire", YEARS)
    # Half a year on the log odds of one third have grown by 0.045, so the share is 0.34343 and the
    # towns pull 1.02443 times as hard; 200,000 (1 - 0.0153665) / (1 + 0.0153665) stay in villages.
    assert by_hand[1] == pytest.approx(300_000 - 193_947, abs=2)
    for draw in (0, 63):
        np.testing.assert_allclose(ensemble.urban[0, :, draw], by_hand, rtol=1e-6)
        np.testing.assert_allclose(ensemble.rural[0, :, draw], 300_000 - by_hand, rtol=1e-6)


def test_the_counties_share_it_in_proportion_to_what_each_would_have():
    ensemble = run()
    whole, east, west = (world.urban_by_hand(name, YEARS) for name in world.COUNTED)
    np.testing.assert_allclose(ensemble.urban[1, :, 0], whole * east / (east + west), rtol=1e-6)
    rest = (300_000 - whole) * (200_000 - east) / (300_000 - east - west)
    np.testing.assert_allclose(ensemble.rural[1, :, 0], rest, rtol=1e-6)
    flows = ensemble.flows[:, :, :, 0]
    place = FLOWS.index("rural_to_urban")
    # Moves inside the counties are no more than those inside the prefecture.
    assert (flows[1:, :, place].sum(axis=0) <= flows[0, :, place] * (1 + 1e-9)).all()


def test_all_growth_is_moves_inside_the_prefecture_and_it_makes_the_rate():
    ensemble = run()
    names = [component.name for component in COMPONENTS]
    grown = urban_growth(ensemble.flows)[:, :, :, 0].sum(axis=-1)  # (region, component)
    by_hand = world.urban_by_hand("shire", YEARS)
    expected = dict.fromkeys(names, 0.0) | {"internal_migration": by_hand[-1] - 100_000}
    assert grown[0] == pytest.approx(list(expected.values()), rel=1e-6, abs=0.01)
    points = rate_change(ensemble.urban, ensemble.rural, ensemble.flows)[0, :, :, 0].sum(axis=-1)
    inside = names.index("internal_migration")
    assert points[inside] == pytest.approx((by_hand[-1] - 100_000) / 300_000, rel=1e-6)
    assert np.delete(points, inside) == pytest.approx(0.0, abs=1e-7)
    # The counties' own formulas differ from their share of the whole; what is between them is moves
    # from one to the other, which cancel.
    outside = names.index("external_migration")
    assert grown[1:, outside].sum() + grown[1:, inside].sum() == pytest.approx(grown[0, inside])


RATE = {"indicator": "urbanization_rate", "unit": "percent", "comparison": "~", "year": 2025}
COUNT = {"indicator": "urban_population", "unit": "10k_persons", "comparison": "~", "year": 2025}


def outlook(**targets):
    regions = world.atlas(**targets)
    posteriors = dict.fromkeys(world.COUNTED, world.parameters())
    return regions.regions, summarize_projection(scenario(), regions, posteriors, ["shire"])


def test_a_closed_prefecture_cannot_have_more_residents_than_it_has():
    # 15 万 urban at 45 % are 33.33 万 residents; nobody comes, so there are 30 in every draw.
    regions, seen = outlook(shire=[RATE | {"value": 45}, COUNT | {"value": 15}])
    (finding,) = rate_count_total(regions["shire"], seen)
    assert finding.grade == "contradiction"
    assert finding.implied == pytest.approx(333_333, abs=1)
    assert finding.reference == pytest.approx(300_000, abs=1)
    # 13.5 万 are 45 % of 30.
    regions, seen = outlook(shire=[RATE | {"value": 45}, COUNT | {"value": 13.5}])
    (finding,) = rate_count_total(regions["shire"], seen)
    assert finding.grade == "fine"


def test_the_counties_targets_add_up_to_what_they_say():
    # East 40 % of 20 万, west 6 万: 14 万 against 15.
    targets = {
        "shire": [COUNT | {"value": 15}],
        "east": [RATE | {"value": 40}],
        "west": [COUNT | {"value": 6}],
    }
    regions, seen = outlook(**targets)
    (finding,) = children_sum(
        regions["shire"], [regions["shire.east"], regions["shire.west"]], seen
    )
    assert finding.implied == pytest.approx(140_000)
    assert finding.reference == pytest.approx(150_000)
    assert finding.grade != "fine"
    targets["west"] = [COUNT | {"value": 7}]
    regions, seen = outlook(**targets)
    (finding,) = children_sum(
        regions["shire"], [regions["shire.east"], regions["shire.west"]], seen
    )
    assert finding.grade == "fine"


def by_hand(urban, intensity):
    """Multiplier of rural exit that gives the prefecture so many townspeople in 2025."""
    return brentq(
        lambda lever: world.urban_by_hand("shire", 5, intensity, lever)[-1] - urban, 0.1, 9.0
    )


@pytest.mark.parametrize(("probability", "normal"), [(0.5, 0.0), (0.8, -0.8416), (0.2, 0.8416)])
def test_what_it_takes_is_what_the_formula_says(probability, normal):
    # 45 % of 300,000 are 135,000. A tenth is the spread of the intensity's logarithm: to be as sure
    # as 80 of 100, the intensity that 20 of 100 draws fall short of must do.
    atlas = world.atlas(shire=[RATE | {"value": 45, "comparison": ">="}])
    posteriors = dict.fromkeys(world.COUNTED, world.parameters(spread=0.1))
    question = Question("shire", "urbanization_rate", 2025, ("rural_exit",), probability)
    problem = SolveProblem(question, scenario(draws=4000), atlas, posteriors)
    seeds = Path(__file__).resolve().parent.parent / "seeds"
    answer = solve(problem, list(judged_aims(atlas.regions["shire"])), historical_rates.read(seeds))
    expected = by_hand(135_000, world.EXIT * np.exp(0.1 * normal))
    assert answer.way.enough
    # Quantiles of 4,000 draws of a spread of a tenth are good to about 0.3 %.
    assert answer.way.values["rural_exit"] == pytest.approx(expected, rel=0.01)
    assert answer.way.probability == pytest.approx(probability, abs=0.002)
    assert answer.target_pace.points == pytest.approx((45 - 100 / 3) / 5)


def test_without_spread_what_it_takes_is_exact():
    atlas = world.atlas(shire=[RATE | {"value": 45, "comparison": ">="}])
    posteriors = dict.fromkeys(world.COUNTED, world.parameters())
    question = Question("shire", "urbanization_rate", 2025, ("rural_exit",))
    problem = SolveProblem(question, scenario(), atlas, posteriors)
    seeds = Path(__file__).resolve().parent.parent / "seeds"
    answer = solve(problem, list(judged_aims(atlas.regions["shire"])), historical_rates.read(seeds))
    expected = by_hand(135_000, world.EXIT)
    assert answer.way.values["rural_exit"] == pytest.approx(expected, rel=1e-3)
    # A lever on nobody's moves is an answer too.
    idle = Question("shire", "urbanization_rate", 2025, ("arrivals",))
    problem = SolveProblem(idle, scenario(), atlas, posteriors)
    answer = solve(problem, list(judged_aims(atlas.regions["shire"])), historical_rates.read(seeds))
    assert not answer.way.enough
    assert answer.way.probability == 0.0
