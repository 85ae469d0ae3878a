"""The ledger as tables: it closes to the person, whatever the scenario, draws or regions."""

import csv

import numpy as np
import pytest
import xarray as xr

from simmodel.forecast.fit import split_decided_by
from simmodel.forecast.parameters import NAMES as PARAMETERS
from simmodel.inputs.scenario import Scenario
from simmodel.inputs.scenario_file import write_scenario
from simmodel.results import ledger
from simmodel.results.ledger import NAMES, Ledger, difference_rows, period_ends, periods, rows
from simmodel.results.run import run_scenario
from simmodel.simulation import projector
from simmodel.simulation.datasets import draws_dataset
from simmodel.variables import DECIDED_BY, RATE_CHANGE, URBAN_GROWTH
from tests.conftest import ROOT

SCENARIOS = (
    "trend",
    "plan_as_written",
    "retention_and_return",
    "outflow_continues",
    "low_fertility",
)
PARTS = NAMES[:-1]
PERSON = 0.5


def changed(scenario, **values):
    return Scenario.model_validate(scenario.resolved() | values)


@pytest.fixture(scope="module")
def play(seeds, atlas, posteriors):
    """Run a scenario: what `run_scenario` returns, and the scenario itself."""

    def run(scenario):
        return scenario, *run_scenario(scenario, seeds, atlas, posteriors)

    return run


@pytest.fixture(scope="module")
def played(shipped, play):
    """Every shipped scenario with few draws."""
    small = {"ensemble": {"draws": 60, "seed": 5}}
    return {name: play(changed(shipped[name], **small)) for name in SCENARIOS}


def table(result):
    """Rows of a scenario's ledger.csv by region, period and component."""
    _, _, dataset, _, account = result
    found = list(rows(dataset, account))
    by_key = {(r["region"], r["from"], r["to"], r["component"]): r for r in found}
    assert len(by_key) == len(found), "no row stands twice"
    return by_key


def differences(one, two):
    """Rows of ledger_difference.csv: the second scenario less the first."""
    first, second = ((scenario, ds, account) for scenario, _, ds, _, account in (one, two))
    found = list(difference_rows(first, second))
    by_key = {(r["region"], r["from"], r["to"], r["component"]): r for r in found}
    assert len(by_key) == len(found)
    return by_key


def closes(found, stocks=("urban_from", "urban_to"), rates=("rate_from", "rate_to"), digits=12):
    """Check that the components of every period add up to its total, and that to the stocks."""
    groups = {}
    for (region, start, end, name), row in found.items():
        groups.setdefault((region, start, end), {})[name] = row
    for key, group in groups.items():
        assert set(group) == set(NAMES), key
        whole = group["total"]
        for column, (first, last) in (("urban_growth", stocks), ("rate_change", rates)):
            slack = 10 * float(whole[last]) / 10**digits
            assert slack < PERSON / 10
            parts = sum(float(group[name][column]) for name in PARTS)
            assert parts == pytest.approx(float(whole[column]), abs=slack), key
            assert float(whole[first]) + parts == pytest.approx(float(whole[last]), abs=slack), key
    return groups


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_shipped_scenario_closes_to_the_person(name, played):
    groups = closes(table(played[name]))
    _, _, dataset, _, account = played[name]
    assert {region for region, _, _ in groups} == set(map(str, dataset["region"].values))
    for region, found in account.periods.items():
        assert {(start, end) for r, start, end in groups if r == region} == set(found)
        whole = groups[region, 2020, 2035]
        years = [groups[region, year, year + 1] for year in range(2020, 2035)]
        between = [p for p in found if p[1] - p[0] > 1 and p != (2020, 2035)]
        assert between, region
        for part in PARTS:
            for column, slack in (("urban_growth", PERSON / 1000), ("rate_change", 1e-9)):
                total = sum(year[part][column] for year in years)
                assert whole[part][column] == pytest.approx(total, abs=slack)


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_draw_closes(name, played, atlas):
    scenario, ensemble, _, _, _ = played[name]
    draws = draws_dataset(ensemble, scenario, atlas, {})
    for variables, stock, slack in (
        (URBAN_GROWTH, "urban_population", 1e-4),
        (RATE_CHANGE, "urbanization_rate", 1e-12),
    ):
        parts = sum(draws[v.name].isel(year=slice(1, None)).values for v in variables)
        change = np.diff(draws[stock].transpose("region", "year", "draw").values, axis=1)
        np.testing.assert_allclose(parts, change, rtol=0, atol=slack)
        assert all(np.isnan(draws[v.name].sel(year=2020)).all() for v in variables)


def test_the_means_of_the_outputs_close(trend):
    with xr.open_dataset(trend[0] / "projection.nc") as dataset:
        for variables, stock, slack in (
            (URBAN_GROWTH, "urban_population", 1e-4),
            (RATE_CHANGE, "urbanization_rate", 1e-12),
        ):
            parts = sum(dataset[f"{v.name}_mean"].isel(year=slice(1, None)) for v in variables)
            change = dataset[f"{stock}_mean"].diff("year")
            np.testing.assert_allclose(parts.values, change.values, rtol=0, atol=slack)
            for v in variables:
                assert dataset[v.name].dims == ("region", "year", "quantile")
                assert dataset[v.name].attrs["units"] == v.units


def test_the_file_closes_to_the_person(trend):
    with (trend[0] / "ledger.csv").open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    assert tuple(found[0]) == ledger.COLUMNS
    by_key = {(r["region"], int(r["from"]), int(r["to"]), r["component"]): r for r in found}
    assert len(by_key) == len(found)
    closes(by_key, digits=10)
    base = by_key["wuwei", 2020, 2035, "total"]
    assert round(float(base["urban_from"])) == 688_697
    assert float(base["rate_from"]) == pytest.approx(47.01, abs=0.005)


def test_the_spread_is_that_of_the_sums_in_each_draw(played):
    scenario, ensemble, _, _, _ = played["plan_as_written"]
    found = table(played["plan_as_written"])
    row = ensemble.row("liupanshui")
    flows = {name: ensemble.flows[row, :, i] for i, name in enumerate(projector.FLOWS)}
    internal = (flows["rural_to_urban"] - flows["urban_to_rural"])[5:10].sum(axis=0)
    cell = found["liupanshui", 2025, 2030, "internal_migration"]
    assert [cell["urban_growth_p05"], cell["urban_growth_p95"]] == pytest.approx(
        np.quantile(internal, [0.05, 0.95])
    )
    assert cell["urban_growth"] == pytest.approx(internal.mean())
    total = ensemble.urban[row, -1] - ensemble.urban[row, 0]
    cell = found["liupanshui", 2020, scenario.horizon, "total"]
    assert [cell["urban_growth_p05"], cell["urban_growth_p95"]] == pytest.approx(
        np.quantile(total, [0.05, 0.95])
    )
    moved = found["liupanshui", 2020, 2025, "programmes"]
    assert moved["urban_growth"] == pytest.approx(0.8 * 37_900)
    assert moved["urban_growth_p05"] == pytest.approx(moved["urban_growth_p95"])


def test_periods_end_at_targets_every_fifth_year_and_the_horizon(atlas):
    assert period_ends("wuwei.minqin", 2035, atlas) == (2025, 2030, 2035)
    assert 2026 in period_ends("linxia", 2035, atlas)  # a target of its plan
    assert 2029 in period_ends("gansu", 2035, atlas)
    assert period_ends("linxia", 2024, atlas) == (2024,)
    assert period_ends("linxia", 2027, atlas) == (2025, 2026, 2027)


@pytest.mark.parametrize(("ends", "number"), [((2021,), 1), ((2022,), 3), ((2025, 2026), 8)])
def test_no_period_stands_twice(ends, number):
    found = periods(ends)
    assert len(found) == len(set(found)) == number
    assert (2020, ends[-1]) in found


def test_the_order_of_the_regions_does_not_matter(played, play, shipped):
    small = {"ensemble": {"draws": 60, "seed": 5}}
    turned = play(changed(shipped["trend"], regions=["gansu", "linxia", "wuwei"], **small))
    first, again = table(played["trend"]), table(turned)
    closes(again)
    assert set(again) < set(first)
    for key, row in again.items():
        assert row == first[key]


def test_a_scenario_split_in_two_by_region_says_the_same(played, play, shipped):
    small = {"ensemble": {"draws": 60, "seed": 5}}
    whole = table(played["plan_as_written"])
    plan = shipped["plan_as_written"]
    parts = {}
    for regions in (["wuwei", "linxia"], ["liupanshui", "jinchang", "gansu"]):
        part = table(play(changed(plan, regions=regions, **small)))
        closes(part)
        parts |= part
    assert parts == whole


def test_more_blocks_of_draws_leave_the_first_alone(play, shipped, atlas):
    one, two = (
        play(changed(shipped["trend"], regions=["jinchang"], ensemble={"draws": draws, "seed": 5}))
        for draws in (1024, 2048)
    )
    for result in (one, two):
        closes(table(result))
    few, many = (draws_dataset(r[1], r[0], atlas, {}) for r in (one, two))
    for variable in (*URBAN_GROWTH, *RATE_CHANGE):
        np.testing.assert_array_equal(
            few[variable.name].values, many[variable.name].isel(draw=slice(0, 1024)).values
        )


def test_a_ledger_too_large_to_keep_closes_and_agrees(play, shipped, monkeypatch):
    scenario = changed(shipped["trend"], regions=["jinchang"], ensemble={"draws": 3000, "seed": 3})
    kept = play(scenario)
    monkeypatch.setattr("simmodel.results.run.EXACT_BYTES", 1000)
    sketched = play(scenario)
    assert sketched[-1].draws is None
    first, again = table(kept), table(sketched)
    closes(again)
    for key, row in again.items():
        for column in ("urban_growth", "rate_change"):
            assert row[column] == pytest.approx(first[key][column], rel=1e-9, abs=1e-6)
        for column in ("urban_growth_p05", "urban_growth_p95"):
            # A sketch does not interpolate between draws, and counts half a person as none.
            assert row[column] == pytest.approx(first[key][column], rel=1e-2, abs=2 * PERSON)
    apart = differences(kept, sketched)
    closes(apart, STOCKS, RATES)
    assert {row["urban_growth_p05"] for row in apart.values()} == {None}


def test_blocks_give_what_the_whole_gives(shipped, atlas, posteriors):
    scenario = changed(shipped["trend"], regions=["jinchang"], ensemble={"draws": 2500, "seed": 3})
    whole, parts = (Ledger(scenario, atlas, exact=True) for _ in range(2))
    whole.add(projector.simulate(scenario, atlas, posteriors.by_region))
    for block in projector.blocks(scenario, atlas, posteriors.by_region):
        parts.add(block)
    one, two = whole.account(), parts.account()
    for region in one.periods:
        np.testing.assert_allclose(one.spread[region], two.spread[region], rtol=1e-12)
        np.testing.assert_allclose(one.draws[region], two.draws[region], rtol=1e-12)


STOCKS = ("urban_compared_with", "urban_scenario")
RATES = ("rate_compared_with", "rate_scenario")


@pytest.mark.parametrize("name", SCENARIOS[1:])
def test_the_difference_of_two_scenarios_closes_to_the_person(name, played):
    found = differences(played["trend"], played[name])
    groups = closes(found, STOCKS, RATES)
    assert {end for region, _, end in groups if region == "linxia"} == {2025, 2026, 2030, 2035}
    assert {start for _, start, _ in groups} == {2020}
    one, two = table(played["trend"]), table(played[name])
    for key, row in found.items():
        if key in one:
            expected = two[key]["urban_growth"] - one[key]["urban_growth"]
            assert row["urban_growth"] == pytest.approx(expected, abs=1e-6)


def test_a_difference_turned_around_changes_its_sign(played):
    there = differences(played["trend"], played["plan_as_written"])
    back = differences(played["plan_as_written"], played["trend"])
    assert set(there) == set(back)
    for key, row in there.items():
        assert row["urban_growth"] == pytest.approx(-back[key]["urban_growth"], abs=1e-9)
        assert row["rate_change"] == pytest.approx(-back[key]["rate_change"], abs=1e-12)
        assert row["urban_growth_p05"] == pytest.approx(-back[key]["urban_growth_p95"], abs=1e-6)
        assert (row["scenario"], row["compared_with"]) == ("plan_as_written", "trend")


def test_differences_add_up_along_a_chain(played):
    first = differences(played["trend"], played["low_fertility"])
    second = differences(played["low_fertility"], played["outflow_continues"])
    straight = differences(played["trend"], played["outflow_continues"])
    for key, row in straight.items():
        for column in ("urban_growth", "rate_change"):
            total = first[key][column] + second[key][column]
            assert row[column] == pytest.approx(total, abs=1e-6)


def test_a_lever_shows_in_its_component(played):
    """Fewer births show as natural increase: what little else differs follows from that."""
    key = ("wuwei", 2020, 2035)
    found = differences(played["trend"], played["low_fertility"])
    natural = found[*key, "natural_increase"]["urban_growth"]
    assert natural < -1000
    for name in ("internal_migration", "external_migration", "reclassification"):
        assert abs(found[*key, name]["urban_growth"]) < 0.1 * abs(natural)
    programme = differences(played["trend"], played["plan_as_written"])
    moved = programme["liupanshui", 2020, 2025, "programmes"]
    assert moved["urban_growth"] == pytest.approx(0.8 * 37_900)


def test_the_spread_of_a_difference_is_that_of_its_draws(played):
    ensembles = [played[name][1] for name in ("trend", "retention_and_return")]
    row = ensembles[0].row("wuwei")
    apart = ensembles[1].urban[row, -1] - ensembles[0].urban[row, -1]
    cell = differences(played["trend"], played["retention_and_return"])[
        "wuwei", 2020, 2035, "total"
    ]
    assert [cell["urban_growth_p05"], cell["urban_growth_p95"]] == pytest.approx(
        np.quantile(apart, [0.05, 0.95])
    )
    # Common random numbers: the difference is told far better than either scenario.
    assert np.ptp(np.quantile(apart, [0.05, 0.95])) < 0.3 * np.ptp(
        np.quantile(ensembles[0].urban[row, -1], [0.05, 0.95])
    )


def test_draws_that_are_no_pairs_give_no_spread(played, play, shipped):
    for ensemble in ({"draws": 60, "seed": 6}, {"draws": 61, "seed": 5}):
        other = play(changed(shipped["low_fertility"], regions=["jinchang"], ensemble=ensemble))
        found = differences(played["trend"], other)
        closes(found, STOCKS, RATES)
        assert {region.split(".")[0] for region, *_ in found} == {"jinchang"}
        assert {row["urban_growth_p95"] for row in found.values()} == {None}


@pytest.mark.parametrize("horizon", [2027, 2040])
def test_scenarios_of_two_horizons_are_compared_to_the_earlier(played, play, shipped, horizon):
    small = {"ensemble": {"draws": 60, "seed": 5}, "regions": ["jinchang"]}
    other = play(changed(shipped["trend"], horizon=horizon, **small))
    for found in (differences(played["trend"], other), differences(other, played["trend"])):
        groups = closes(found, STOCKS, RATES)
        assert max(end for _, _, end in groups) == min(horizon, 2035)
        assert found["jinchang", 2020, 2025, "total"]["urban_growth_p05"] is not None


def test_what_the_prior_decides_is_said_in_both_languages(played, atlas, posteriors):
    dataset = played["trend"][2]
    found = table(played["trend"])
    said = {str(r): str(dataset[DECIDED_BY].sel(region=r).item()) for r in dataset["region"].values}
    assert set(said.values()) == {"prior", "data"}
    assert all(said[r] == "prior" for r in ("wuwei", "linxia", "liupanshui", "jinchang", "gansu"))
    for (region, _, _, name), row in found.items():
        noted = said[region] == "prior" and name in ("internal_migration", "reclassification")
        assert ("decided by the prior" in row["note"]) == noted
        assert ("由先验假定决定" in row["note"]) == noted


def test_the_prior_decides_where_figures_move_little_or_only_the_sum(atlas, posteriors):
    known = dict(posteriors.by_region)
    region, parent = "linxia.dongxiang", "linxia"
    assert split_decided_by(atlas, known, region) == "data"
    prior = atlas.prior(region, known[parent])
    # Nothing learnt.
    assert split_decided_by(atlas, known | {region: prior}, region) == "prior"
    i, j = PARAMETERS.index("reclassification"), PARAMETERS.index("rural_exit")
    for correlation, decided in ((-0.9, "prior"), (-0.7, "data"), (0.9, "data")):
        covariance = prior.covariance / 4
        covariance[i, j] = covariance[j, i] = correlation * np.sqrt(
            covariance[i, i] * covariance[j, j]
        )
        learnt = type(prior)(prior.mean, covariance)
        assert split_decided_by(atlas, known | {region: learnt}, region) == decided
    assert split_decided_by(atlas, known, "china") == "prior"  # no parent


def test_a_run_of_two_scenarios_writes_what_differs(shipped, tmp_path):
    from click.testing import CliRunner

    from simmodel.cli import main

    files = []
    for name in ("low_fertility", "trend"):
        files.append(tmp_path / f"{name}.yaml")
        scenario = changed(shipped[name], regions=["jinchang", "wuwei.minqin"])
        files[-1].write_text(write_scenario(scenario), encoding="utf-8")
    out = ["--out", str(tmp_path), "--seeds", str(ROOT / "seeds"), "--draws", "20"]
    result = CliRunner().invoke(main, ["run", *map(str, files), *out])
    assert result.exit_code == 0, result.output
    with (tmp_path / "_compared/ledger_difference.csv").open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    assert tuple(found[0]) == ledger.DIFFERENCE_COLUMNS
    # The trend depends on no measure, so others are compared with it, whatever their order.
    assert {(r["scenario"], r["compared_with"]) for r in found} == {("low_fertility", "trend")}
    by_key = {(r["region"], int(r["from"]), int(r["to"]), r["component"]): r for r in found}
    closes(by_key, STOCKS, RATES, digits=10)
    for region in ("jinchang", "wuwei_minqin"):
        assert (tmp_path / "_compared" / f"waterfall_low_fertility_{region}.png").is_file()
        assert (tmp_path / "trend" / f"waterfall_{region}.png").is_file()
