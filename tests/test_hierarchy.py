"""Parts that add up: by hand, and for any populations and flows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simmodel.inputs.scenario import Scenario
from simmodel.kernel.parent_totals import gross_flows, prorate, reconcile
from simmodel.kernel.projection import FLOWS
from simmodel.simulation.projector import Projector, references_of, regions_of, simulate
from simmodel.variables import RURAL_LEDGER, URBAN_LEDGER

AT = {name: index for index, name in enumerate(FLOWS)}


def change(ledger, flows):
    """Change of a population by its ledger, from flows (..., flow, draw)."""
    terms = ((1.0 if term[0] == "+" else -1.0, AT[term[1:]]) for term in ledger.split())
    return sum(sign * flows[..., index, :] for sign, index in terms)


def region(urban, rural, **flows):
    """One region over one year in one draw: populations at both ends, and its flows."""
    table = np.zeros((1, len(FLOWS), 1))
    for name, value in flows.items():
        table[0, AT[name], 0] = value
    return np.array(urban, float)[:, None], np.array(rural, float)[:, None], table


def both(*regions):
    """Stack regions along a leading axis."""
    return tuple(np.stack(arrays) for arrays in zip(*regions, strict=True))


def test_two_counties_by_hand():
    # The prefecture: 100 urban and 200 rural; 20 born in towns, 10 villagers move to its towns.
    whole = region([100, 130], [200, 190], urban_births=20, rural_to_urban=10)
    # The counties on their own end with 80 + 70 = 150 urban, and 190 rural as the prefecture has.
    first = region([60, 80], [100, 100], urban_births=12, urban_arrivals=8)
    second = region(
        [40, 70], [100, 90], urban_births=18, rural_to_urban=10, urban_arrivals=4,
        urban_departures=2,
    )  # fmt: skip
    urban, rural, flows = reconcile(whole, both(first, second))
    # 130 urban residents in the proportion of 80 to 70, 20 births in that of 12 to 18.
    assert urban[:, 1, 0] == pytest.approx([130 * 80 / 150, 130 * 70 / 150])
    assert rural[:, 1, 0] == pytest.approx([100, 90])
    assert flows[:, 0, AT["urban_births"], 0] == pytest.approx([8, 12])
    # The first grows by 9 1/3: 8 births, so 1 1/3 net arrivals; nobody left it before, nobody now.
    assert flows[0, 0, AT["urban_arrivals"], 0] == pytest.approx(4 / 3)
    assert flows[0, 0, AT["urban_departures"], 0] == 0.0
    # The second grows by 20 2/3: 12 births, 10 from its villages, so a net loss of 1 1/3. Its two
    # departures shrink with its people by half of (1 + 130/150), to 1 13/15, against 4 arrivals:
    # the product 7.4667 stays, the balance becomes -4/3.
    out = (4 / 3 + np.sqrt((4 / 3) ** 2 + 4 * 4 * 2 * 14 / 15)) / 2
    assert flows[1, 0, AT["urban_departures"], 0] == pytest.approx(out)
    assert flows[1, 0, AT["urban_arrivals"], 0] == pytest.approx(out - 4 / 3)


def test_parts_that_agree_are_left_alone():
    first = region([60, 66], [100, 96], rural_to_urban=4, urban_births=2)
    second = region([40, 41], [80, 80], urban_births=1)
    whole = region([100, 107], [180, 176], rural_to_urban=4, urban_births=3)
    parts = both(first, second)
    for found, given_ in zip(reconcile(whole, parts), parts, strict=True):
        np.testing.assert_allclose(found, given_, atol=1e-12)


def test_moves_inside_parts_are_no_more_than_those_inside_the_whole():
    first = region([60, 70], [100, 90], rural_to_urban=10)
    second = region([40, 46], [80, 74], rural_to_urban=6)
    whole = region([100, 116], [180, 164], rural_to_urban=8, urban_arrivals=8, rural_departures=8)
    *_, flows = reconcile(whole, both(first, second))
    assert flows[:, 0, AT["rural_to_urban"], 0] == pytest.approx([5, 3])
    assert change(URBAN_LEDGER, flows)[:, 0, 0] == pytest.approx([10, 6])
    assert change(RURAL_LEDGER, flows)[:, 0, 0] == pytest.approx([-10, -6])


persons = st.floats(1.0, 1e6)


@given(st.integers(0, 2**32), st.floats(0.0, 4.0))
def test_sums_and_ledgers_close_and_nothing_is_negative(seed, unequal):
    parts, years, draws = 3, 2, 2
    random = np.random.default_rng(seed)

    def table(shape, low=1.0):
        return low + np.exp(6.0 + unequal * random.standard_normal(shape))

    moved = ("programmes", "urban_boundary_change", "rural_boundary_change")
    flows = table((parts, years, len(FLOWS), draws), low=0.0)
    flows[:, :, [AT[name] for name in moved]] = 0.0
    above = table((years, len(FLOWS), draws), low=0.0)
    urban, rural = table((2, years + 1, draws))
    found_urban, found_rural, found = reconcile(
        (urban, rural, above), (*table((2, parts, years + 1, draws)), flows)
    )
    np.testing.assert_allclose(found_urban.sum(axis=0), urban)
    np.testing.assert_allclose(found_rural.sum(axis=0), rural)
    for name in ("urban_births", "rural_deaths", "reclassified"):
        np.testing.assert_allclose(found[:, :, AT[name]].sum(axis=0), above[:, AT[name]], atol=1e-9)
    for name in ("rural_to_urban", "urban_to_rural"):
        assert (found[:, :, AT[name]].sum(axis=0) <= above[:, AT[name]] * (1 + 1e-12)).all()
    close = 1e-9 * max(found_urban.max(), found_rural.max(), found.max())
    for stock, ledger in ((found_urban, URBAN_LEDGER), (found_rural, RURAL_LEDGER)):
        np.testing.assert_allclose(np.diff(stock, axis=1), change(ledger, found), atol=close)
    assert found.min() >= 0.0
    assert min(found_urban.min(), found_rural.min()) >= 0.0


@given(persons, persons, st.floats(-1e6, 1e6))
def test_gross_moves_have_the_balance_and_keep_their_product(arrivals, departures, net):
    more, less = gross_flows(np.array([arrivals]), np.array([departures]), np.array([net]))
    assert more[0] - less[0] == pytest.approx(net, abs=1e-6)
    assert more[0] * less[0] == pytest.approx(arrivals * departures, rel=1e-3, abs=1.0)


def test_a_whole_is_shared_even_where_no_part_had_any():
    assert prorate(np.zeros((2, 1)), np.array([6.0]), np.array([[1.0], [2.0]])).ravel() == (
        pytest.approx([2.0, 4.0])
    )


@pytest.fixture(scope="module")
def small(shipped):
    data = shipped["trend"].resolved() | {"horizon": 2024}
    return Scenario.model_validate(data | {"ensemble": {"draws": 64, "seed": 5}})


def test_counties_add_up_to_their_prefecture_in_every_draw(small, atlas, posteriors):
    ensemble = simulate(small, atlas, posteriors.by_region)
    for prefecture in ("wuwei", "linxia", "jinchang", "liupanshui"):
        rows = [ensemble.row(i) for i in atlas.tree.children(prefecture)]
        for stock in (ensemble.urban, ensemble.rural):
            np.testing.assert_allclose(stock[rows].sum(axis=0), stock[ensemble.row(prefecture)])
    np.testing.assert_allclose(
        np.diff(ensemble.urban, axis=1), change(URBAN_LEDGER, ensemble.flows), atol=1e-3
    )


def test_a_county_is_the_same_alone_and_beside_its_prefecture(small, atlas, posteriors):
    alone = Scenario.model_validate(small.resolved() | {"regions": ["wuwei.minqin"]})
    assert regions_of(alone, atlas) == ("wuwei.minqin",)
    assert set(references_of(("wuwei.minqin",), atlas)) == {
        "wuwei", "wuwei.gulang", "wuwei.liangzhou", "wuwei.tianzhu",
    }  # fmt: skip
    every = simulate(small, atlas, posteriors.by_region)
    one = simulate(alone, atlas, posteriors.by_region)
    np.testing.assert_array_equal(one.urban[0], every.urban[every.row("wuwei.minqin")])
    np.testing.assert_array_equal(one.flows[0], every.flows[every.row("wuwei.minqin")])


def test_a_prefecture_is_the_same_with_and_without_its_counties(small, atlas, posteriors):
    every = simulate(small, atlas, posteriors.by_region)
    cast = Projector(small, atlas, posteriors.by_region, regions=("jinchang",))
    assert cast.named == ("jinchang",)
    np.testing.assert_array_equal(
        cast.ensemble(small, 0).urban[0], every.urban[every.row("jinchang")]
    )


def test_gansu_ships_three_of_its_prefectures_and_the_rest_is_stated(small, atlas, posteriors):
    assert atlas.is_whole("wuwei")
    assert not atlas.is_whole("gansu")
    assert not atlas.is_whole("wuwei.minqin")
    ensemble = simulate(small, atlas, posteriors.by_region)
    assert list(ensemble.remainders) == ["gansu"]
    rows = [ensemble.row(i) for i in ("wuwei", "linxia", "jinchang")]
    rest = ensemble.urban[ensemble.row("gansu")] - ensemble.urban[rows].sum(axis=0)
    np.testing.assert_allclose(ensemble.remainders["gansu"][0], rest)
    # 13,067,332 urban residents counted, less 688,697, 775,371 and 339,011.
    assert rest[0] == pytest.approx(13_067_332 - 688_697 - 775_371 - 339_011, abs=5)
