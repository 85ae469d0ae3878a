"""A synthetic prefecture of two counties: what the model must answer is known beforehand."""

import numpy as np
import pytest

import simmodel.model
from simmodel.model import simulate
from simmodel.projection import FLOWS
from simmodel.scenario import Scenario

from . import two_counties as world

YEARS = 10


@pytest.fixture(autouse=True)
def steady(monkeypatch):
    monkeypatch.setattr(simmodel.model, "pace_noise", world.no_straying)


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
