"""Urban growth and the change of the rate by component: worked by hand, and as identities."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simmodel.kernel.growth_components import (
    rate_change,
    rural_growth,
    sum_over_periods,
    urban_growth,
)
from simmodel.variables import COMPONENTS, FLOWS, RURAL_LEDGER, URBAN_LEDGER

NAMES = [component.name for component in COMPONENTS]
PLACE = {flow.name: i for i, flow in enumerate(FLOWS)}
# What a flow does to the urban and to the rural population, written a second time.
EFFECTS = {
    "urban_births": (1, 0, "natural_increase"),
    "rural_births": (0, 1, "natural_increase"),
    "urban_deaths": (-1, 0, "natural_increase"),
    "rural_deaths": (0, -1, "natural_increase"),
    "rural_to_urban": (1, -1, "internal_migration"),
    "urban_to_rural": (-1, 1, "internal_migration"),
    "urban_arrivals": (1, 0, "external_migration"),
    "rural_arrivals": (0, 1, "external_migration"),
    "urban_departures": (-1, 0, "external_migration"),
    "rural_departures": (0, -1, "external_migration"),
    "reclassified": (1, -1, "reclassification"),
    "programmes": (1, -1, "programmes"),
    "urban_boundary_change": (1, 0, "boundary_change"),
    "rural_boundary_change": (0, 1, "boundary_change"),
}


def of(**persons):
    """Flows of one year and one draw."""
    flows = np.zeros((1, len(FLOWS), 1))
    for name, value in persons.items():
        flows[0, PLACE[name], 0] = value
    return flows


def test_every_flow_is_in_one_component_with_its_sign():
    assert set(EFFECTS) == set(PLACE)
    for flow, (urban, rural, component) in EFFECTS.items():
        flows = of(**{flow: 1.0})
        for growth, effect in ((urban_growth(flows), urban), (rural_growth(flows), rural)):
            expected = [effect if name == component else 0 for name in NAMES]
            assert growth[:, 0, 0].tolist() == expected, flow


def test_the_ledgers_are_the_components_together():
    for formula, place in ((URBAN_LEDGER, 0), (RURAL_LEDGER, 1)):
        signs = {term[1:]: 1 if term[0] == "+" else -1 for term in formula.split()}
        assert len(signs) == len(formula.split())
        assert signs == {flow: effect[place] for flow, effect in EFFECTS.items() if effect[place]}


def test_two_components_by_hand():
    # 40 of 100 live in towns. 10 move there; 5 of the villages leave the region.
    flows = of(rural_to_urban=10.0, rural_departures=5.0)
    urban, rural = np.array([[40.0], [50.0]]), np.array([[60.0], [45.0]])
    parts = dict(zip(NAMES, rate_change(urban, rural, flows)[:, 0, 0], strict=True))
    people = (100 + 95) / 2
    share = (40 / 100 + 50 / 95) / 2
    assert parts["internal_migration"] == pytest.approx(10 / people)
    assert parts["external_migration"] == pytest.approx(share * 5 / people)
    assert sum(parts.values()) == pytest.approx(50 / 95 - 0.4, abs=1e-15)
    # Nobody came to the towns from outside, and yet the rate rose by who left the villages.
    assert dict(zip(NAMES, urban_growth(flows)[:, 0, 0], strict=True))["external_migration"] == 0


def test_growth_alike_leaves_the_rate_alone():
    flows = of(urban_births=4.0, rural_births=6.0)
    parts = rate_change(np.array([[40.0], [44.0]]), np.array([[60.0], [66.0]]), flows)
    np.testing.assert_allclose(parts, 0.0, atol=1e-16)


@st.composite
def histories(draw):
    """Stocks (region, year + 1, draw) and the flows (region, year, flow, draw) that lead there."""
    regions, years, draws = (draw(st.integers(1, 3)) for _ in range(3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    size = 10.0 ** draw(st.floats(2, 8))
    start = size * rng.uniform(0.05, 1.0, (2, regions, 1, draws))
    # Flows of any pattern, small enough beside the stocks that nobody is missing.
    flows = rng.exponential(draw(st.floats(0, 2e-3)) * size, (regions, years, len(FLOWS), draws))
    flows[:, :, -2:] *= draw(st.sampled_from([0.0, -1.0, 3.0]))
    gains = [
        sum(effect[place] * flows[:, :, PLACE[name]] for name, effect in EFFECTS.items())
        for place in (0, 1)
    ]
    urban, rural = (
        np.concatenate([first, first + np.cumsum(gain, axis=1)], axis=1)
        for first, gain in zip(start, gains, strict=True)
    )
    return urban, rural, flows


@given(histories())
def test_the_components_add_up_in_every_year_and_draw(history):
    urban, rural, flows = history
    rate = urban / (urban + rural)
    growth = urban_growth(flows)
    assert growth.shape == (flows.shape[0], len(COMPONENTS), flows.shape[1], flows.shape[3])
    size = np.abs(urban).max()
    np.testing.assert_allclose(growth.sum(axis=1), np.diff(urban, axis=1), atol=1e-12 * size)
    np.testing.assert_allclose(
        rural_growth(flows).sum(axis=1), np.diff(rural, axis=1), atol=1e-12 * np.abs(rural).max()
    )
    change = rate_change(urban, rural, flows)
    np.testing.assert_allclose(change.sum(axis=1), np.diff(rate, axis=1), rtol=0, atol=1e-12)
    np.testing.assert_allclose(
        change.sum(axis=(1, 2)), rate[:, -1] - rate[:, 0], rtol=0, atol=1e-12
    )


@given(histories())
def test_going_back_undoes_every_component(history):
    urban, rural, flows = history
    there = rate_change(urban, rural, flows)
    back = rate_change(urban[:, ::-1], rural[:, ::-1], -flows[:, ::-1])
    np.testing.assert_allclose(back[:, :, ::-1], -there, rtol=0, atol=1e-15)


@given(histories(), st.floats(1e-3, 1e3))
def test_shares_do_not_depend_on_the_unit_of_persons(history, unit):
    urban, rural, flows = history
    np.testing.assert_allclose(
        rate_change(unit * urban, unit * rural, unit * flows),
        rate_change(urban, rural, flows),
        rtol=1e-9,
        atol=1e-15,
    )


@given(histories())
def test_towns_and_villages_exchanged_exchange_the_sign(history):
    """The rate of villages is one less the rate, so each component turns around."""
    urban, rural, flows = history
    other = np.empty_like(flows)
    for name, place in PLACE.items():
        if name in ("reclassified", "programmes"):
            other[:, :, place] = -flows[:, :, place]
        else:
            twin = "".join(
                {"urban": "rural", "rural": "urban"}.get(word, word)
                for word in name.replace("_", " _ ").split(" ")
            )
            other[:, :, PLACE[twin]] = flows[:, :, place]
    np.testing.assert_allclose(
        rate_change(rural, urban, other), -rate_change(urban, rural, flows), rtol=0, atol=1e-14
    )


@given(histories())
def test_a_region_by_itself_is_the_same(history):
    urban, rural, flows = history
    np.testing.assert_array_equal(urban_growth(flows)[-1], urban_growth(flows[-1]))
    np.testing.assert_array_equal(
        rate_change(urban, rural, flows)[-1], rate_change(urban[-1], rural[-1], flows[-1])
    )


def test_periods_are_sums_of_years():
    a_year = np.arange(12.0).reshape(1, 4, 3)
    sums = sum_over_periods(a_year, [(0, 4), (0, 1), (1, 4)])
    np.testing.assert_array_equal(sums[0, 0], a_year[0].sum(axis=0))
    np.testing.assert_array_equal(sums[0, 1] + sums[0, 2], sums[0, 0])
