"""Registered people by hand, their laws, and what a run writes of them."""

import csv

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from simmodel.inputs.derived_figures import registered_of, registered_sentences
from simmodel.inputs.scenario import Scenario
from simmodel.kernel.hukou import (
    RegisteredPopulation,
    conversion_hazard,
    natural_increase,
    project_registered,
)
from simmodel.kernel.projection import FLOWS, RURAL, URBAN, Projection
from simmodel.results.run import idle_lever
from simmodel.simulation.datasets import Summaries, draws_dataset
from simmodel.simulation.projector import simulate
from simmodel.variables import REGISTERED

NAMES = [variable.name for variable in REGISTERED]


def constant(urban, rural, years, draws=1):
    """Natural increase (residence, year, draw), the same in all years."""
    return np.broadcast_to(np.array([urban, rural])[:, None, None], (2, years, draws))


def counted(urban, rural, earlier_urban=0.0, years=1):
    return RegisteredPopulation(urban, rural, earlier_urban, years)


# --- Worked by hand ------------------------------------------------------------------------------


def test_two_years_by_hand():
    """Towns grow by 2 %, villages by 1 %; then a tenth of the villagers converts."""
    increase = constant(np.log(1.02), np.log(1.01), 2)
    hazard = np.array([-np.log(0.9)])
    people = project_registered(counted(100.0, 300.0), increase, hazard, np.ones(2))
    # Year 1: 300 x 1.01 = 303, of which 30.3 convert: 102 + 30.3 = 132.3 and 272.7.
    # Year 2: 272.7 x 1.01 = 275.427, of which 27.5427: 134.946 + 27.5427 = 162.4887 and 247.8843.
    assert people[URBAN, :, 0] == pytest.approx([100.0, 132.3, 162.4887])
    assert people[RURAL, :, 0] == pytest.approx([300.0, 272.7, 247.8843])


def test_without_conversion_each_stock_grows_by_its_natural_increase():
    increase = constant(np.log(1.02), np.log(0.99), 3)
    people = project_registered(counted(100.0, 300.0), increase, np.array([0.3]), np.zeros(3))
    assert people[URBAN, :, 0] == pytest.approx([100 * 1.02**t for t in range(4)])
    assert people[RURAL, :, 0] == pytest.approx([300 * 0.99**t for t in range(4)])


def test_a_path_of_the_lever_counts_year_by_year():
    half = np.array([np.log(2.0)])
    people = project_registered(
        counted(0.0, 800.0), constant(0.0, 0.0, 3), half, np.array([1.0, 0.0, 2.0])
    )
    assert people[RURAL, :, 0] == pytest.approx([800.0, 400.0, 400.0, 100.0])


def test_natural_increase_is_per_mean_resident():
    flows = np.zeros((1, len(FLOWS), 1))
    for name, value in {"urban_births": 33.0, "urban_deaths": 12.0, "rural_deaths": 5.0}.items():
        flows[0, FLOWS.index(name)] = value
    stocks = np.array([[1000.0], [1100.0]]), np.array([[0.0], [0.0]])
    found = natural_increase(Projection(*stocks, flows, np.zeros(0), np.zeros(0)))
    assert found[URBAN, 0, 0] == pytest.approx((33 - 12) / 1050)
    assert found[RURAL, 0, 0] == 0.0  # nobody lives there


@pytest.mark.parametrize(
    ("earlier", "rural"), [(100.0, 300.0), (99.0, 300.0), (130.0, 300.0), (50.0, 0.0)]
)
def test_no_pace_is_read_out_of_natural_increase_or_out_of_nobody(earlier, rural):
    """Towns grow by 2 % a year: 98 and more become at least 100 in two years without converts."""
    increase = constant(np.log(1.02), 0.0, 2)
    found = conversion_hazard(counted(100.0, rural, earlier, 2), increase)
    assert found.tolist() == [0.0]


# --- Laws ----------------------------------------------------------------------------------------

RATES = st.floats(-0.05, 0.05)
PERSONS = st.floats(1.0, 1e8)
YEARS = st.integers(1, 12)


@given(PERSONS, PERSONS, st.lists(st.tuples(RATES, RATES), min_size=1, max_size=12),
       st.floats(0.0, 3.0), st.floats(0.0, 10.0))  # fmt: skip
def test_all_registered_change_by_natural_increase_only(urban, rural, rates, hazard, lever):
    increase = np.array(rates).T[:, :, None]
    people = project_registered(
        counted(urban, rural), increase, np.array([hazard]), np.full(len(rates), lever)
    )
    assert np.all(people >= 0.0)
    grown = (people[:, :-1] * np.exp(increase)).sum(axis=0)
    np.testing.assert_allclose(people[:, 1:].sum(axis=0), grown, rtol=1e-12)
    left = rural * np.exp(np.sum(increase[RURAL]) - hazard * lever * len(rates))
    assert people[RURAL, -1, 0] == pytest.approx(left, rel=1e-9, abs=1e-7)


@given(PERSONS, PERSONS, st.lists(st.tuples(RATES, RATES), min_size=1, max_size=12),
       st.floats(1e-4, 1.0))  # fmt: skip
def test_the_hazard_found_is_the_one_that_was_at_work(urban, rural, rates, hazard):
    """Projected from the earlier count under a hazard, the later count tells that hazard."""
    increase = np.array(rates).T[:, :, None]
    years = len(rates)
    start = counted(urban, rural)
    end = project_registered(start, increase, np.array([hazard]), np.ones(years))[:, -1, 0]
    found = conversion_hazard(RegisteredPopulation(*map(float, end), urban, years), increase)
    again = project_registered(start, increase, found, np.ones(years))[:, -1, 0]
    assert again == pytest.approx(end, rel=1e-6)


def test_draws_do_not_meet():
    """The hazard of a draw is the same alone and among others."""
    rng = np.random.default_rng(1)
    increase = rng.normal(0.005, 0.01, (2, 5, 40))
    all_found = conversion_hazard(counted(690.0, 1760.0, 570.0, 5), increase)
    for i in (0, 17, 39):
        alone = conversion_hazard(counted(690.0, 1760.0, 570.0, 5), increase[..., i : i + 1])
        assert alone[0] == all_found[i]


# --- Linxia --------------------------------------------------------------------------------------


def scenario_of(regions, draws=20, horizon=2030, **levers):
    return Scenario.model_validate(
        {
            "scenario": "registered",
            "regions": regions,
            "horizon": horizon,
            "levers": levers,
            "ensemble": {"draws": draws, "seed": 7},
        }
    )


@pytest.fixture(scope="module")
def simulated(atlas, posteriors):
    def run(*regions, **keywords):
        return simulate(scenario_of(list(regions), **keywords), atlas, posteriors.by_region)

    return run


def test_the_figures_of_the_plan_are_read(seeds):
    found = registered_of(seeds.regions["linxia"])
    assert found.urban == pytest.approx(689_300)
    assert found.urban + found.rural == pytest.approx(2_448_500)
    assert (found.earlier_urban, found.years) == (pytest.approx(569_600), 5)
    others = {i for i, r in seeds.regions.items() if registered_of(r) is not None} - {"linxia"}
    assert not others


def test_conversion_since_the_base_goes_on_as_before_it(simulated):
    """2.4 万 a year until 2020, of which natural increase was part, which shrinks after it."""
    urban = simulated("linxia").registered["linxia"][URBAN]
    gain = np.diff(urban, axis=0)
    assert np.all(gain[0] < 24_000)
    assert np.all(gain[0] > 15_000)


def test_the_lever_moves_registration_and_nothing_else(simulated):
    plain, none, most = (
        simulated("linxia", urban_registration=value) for value in (1.0, 0.0, 10.0)
    )
    for other in (none, most):
        np.testing.assert_array_equal(other.urban, plain.urban)
        np.testing.assert_array_equal(other.flows, plain.flows)
        total = other.registered["linxia"].sum(axis=0)
        assert np.all(other.registered["linxia"] >= 0.0)
        # All registered differ only by where they bear and die.
        np.testing.assert_allclose(total, plain.registered["linxia"].sum(axis=0), rtol=0.02)
    row = plain.row("linxia")
    births, deaths = (plain.flows[row, :, FLOWS.index(f"urban_{x}")] for x in ("births", "deaths"))
    people = plain.urban[row]
    rate = (births - deaths) / ((people[1:] + people[:-1]) / 2)
    urban = none.registered["linxia"][URBAN]
    np.testing.assert_allclose(urban[1:] / urban[:-1], np.exp(rate), rtol=1e-12)
    assert np.all(most.registered["linxia"][URBAN, 1:] > plain.registered["linxia"][URBAN, 1:])


def test_a_region_sets_the_lever_for_itself(simulated):
    own = simulated("linxia", linxia={"urban_registration": 0.0})
    none = simulated("linxia", urban_registration=0.0)
    np.testing.assert_array_equal(own.registered["linxia"], none.registered["linxia"])


def test_absent_people_start_from_the_figures_and_take_up_those_who_leave(simulated):
    found = simulated("linxia")
    absent = found.absent["linxia"]
    np.testing.assert_allclose(absent[0], 2_448_500 - 2_109_750)
    row = found.row("linxia")
    left = sum(found.flows[row, :, FLOWS.index(f"{x}_departures")] for x in ("urban", "rural"))
    back = left - np.diff(absent, axis=0)
    come = sum(found.flows[row, :, FLOWS.index(f"{x}_arrivals")] for x in ("urban", "rural"))
    assert np.all(back > 0.0)
    assert np.all(back < come)  # returns are a part of arrivals


def test_a_draw_is_the_same_in_an_ensemble_of_any_size_and_blocks_join(simulated):
    few, many = simulated("linxia", draws=3), simulated("linxia", draws=1030)
    assert many.registered["linxia"].shape == (2, 11, 1030)
    np.testing.assert_array_equal(many.registered["linxia"][..., :3], few.registered["linxia"])
    np.testing.assert_array_equal(many.absent["linxia"][:, :3], few.absent["linxia"])


def dataset_of(ensemble, atlas, exact=True):
    summaries = Summaries(exact=exact)
    summaries.add(ensemble)
    return summaries.to_dataset(scenario_of(list(ensemble.regions)), atlas, {})


def test_nothing_is_written_where_no_region_has_the_figures(simulated, atlas):
    ensemble = simulated("wuwei")
    for dataset in (
        dataset_of(ensemble, atlas),
        draws_dataset(ensemble, scenario_of(["wuwei"]), atlas, {}),
    ):
        assert "registered_region" not in dataset.dims
        assert not [name for name in dataset.variables if "regist" in name or "absent" in name]


def with_observations(atlas, posteriors, keep):
    """Simulate Linxia with only some of its observations, under the posterior of all."""
    linxia = atlas.regions["linxia"]
    fewer = tuple(o for o in linxia.observations if keep(o))
    regions = dict(atlas.regions) | {"linxia": linxia.model_copy(update={"observations": fewer})}
    other = type(atlas)(regions, atlas.pooling, kinds=atlas.kinds)
    ensemble = simulate(scenario_of(["linxia"], draws=5), other, posteriors.by_region)
    return regions["linxia"], other, ensemble


@pytest.mark.parametrize("exact", [True, False])
def test_one_count_gives_a_rate_and_no_pace(atlas, posteriors, exact):
    """Without an earlier urban count the absent are known, and the rest is not a number."""
    region, other, ensemble = with_observations(
        atlas,
        posteriors,
        lambda o: (o.indicator, o.year) != ("registered_urban_population", 2015),
    )
    assert registered_of(region) is None
    (line,) = registered_sentences(region)
    assert line.startswith("2020: 68.93 万 urban of 244.85 万, 28.15 %, beside 36.75 %")
    assert ensemble.registered == {}
    dataset = dataset_of(ensemble, other, exact)
    assert dataset["registered_region"].values.tolist() == ["linxia"]
    for name in NAMES[:3]:
        assert np.isnan(dataset[name]).all()
    assert (dataset["absent_population"] > 3e5).all()


def test_no_total_of_the_base_gives_nothing(atlas, posteriors):
    region, _, ensemble = with_observations(
        atlas, posteriors, lambda o: o.indicator != "registered_population"
    )
    assert registered_of(region) is None
    assert not ensemble.registered
    assert not ensemble.absent
    assert all("no rate" in line for line in registered_sentences(region))


def test_a_lever_that_changes_nothing_is_said(atlas):
    said = idle_lever(scenario_of(["wuwei"], urban_registration=2.0), atlas)
    assert "urban_registration changes nothing here" in said
    own = idle_lever(scenario_of(["wuwei"], wuwei={"urban_registration": {2030: 0.0}}), atlas)
    assert own == said
    assert idle_lever(scenario_of(["wuwei"]), atlas) is None
    assert idle_lever(scenario_of(["wuwei", "linxia"], urban_registration=0.0), atlas) is None


# --- What a run writes ---------------------------------------------------------------------------


def test_the_files_of_a_run_have_registered_people_of_linxia_only(trend):
    folder = trend[0]
    with xr.open_dataset(folder / "projection.nc") as dataset:
        assert dataset["registered_region"].values.tolist() == ["linxia"]
        for variable in REGISTERED:
            array = dataset[variable.name]
            assert array.dims == ("registered_region", "year", "quantile")
            assert array.attrs["units"] == variable.units
            assert dataset[f"{variable.name}_mean"].dims == ("registered_region", "year")
        base = {name: dataset[name].sel(year=2020).values.ravel() for name in NAMES}
        rate = dataset["registered_urban_rate_mean"].sel(year=2035).item()
        for name in NAMES[:3]:
            assert "uncertainty of births and deaths only" in dataset[name].attrs["long_name"]
    assert base["registered_urban_population"] == pytest.approx(689_300)
    assert base["registered_population"] == pytest.approx(2_448_500)
    assert 100 * base["registered_urban_rate"] == pytest.approx(28.15, abs=0.005)
    assert base["absent_population"] == pytest.approx(338_750)
    with (folder / "projection.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["variable"] in NAMES]
    assert {row["region"] for row in rows} == {"linxia"}
    assert {row["variable"] for row in rows} == set(NAMES)
    assert len(rows) == 4 * 16 * 10
    (written,) = (
        float(row["value"])
        for row in rows
        if (row["variable"], row["year"], row["quantile"]) == (NAMES[2], "2035", "mean")
    )
    assert written == pytest.approx(rate)
    assert sorted(p.stem for p in folder.glob("registered_*.png")) == ["registered_linxia"]


def test_in_every_draw_all_registered_change_by_the_natural_increase_of_residents(trend):
    with xr.open_dataset(trend[0] / "draws.nc") as dataset:
        here = dataset.sel(region="linxia", registered_region="linxia").load()
    urban = here["registered_urban_population"].values
    total = here["registered_population"].values
    after = 0.0
    for name, people in (("urban", urban), ("rural", total - urban)):
        natural = here[f"{name}_births"].values[1:] - here[f"{name}_deaths"].values[1:]
        residents = here[f"{name}_population"].values
        mean = (residents[1:] + residents[:-1]) / 2
        after = after + people[:-1] * np.exp(natural / mean)
    np.testing.assert_allclose(total[1:], after, rtol=1e-12)
    np.testing.assert_allclose(here["registered_urban_rate"].values, urban / total, rtol=1e-12)
