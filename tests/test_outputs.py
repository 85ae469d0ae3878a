"""What a run writes: names, units, sums, ledgers, verdicts, and the same bits again."""

import csv
import json
import shutil

import numpy as np
import pytest
import xarray as xr
from click.testing import CliRunner

from simmodel.cli import main
from simmodel.judging.verdicts import COLUMNS
from tests.conftest import ROOT

STOCKS = {"urban_population", "rural_population", "total_population", "urbanization_rate"}


@pytest.fixture(scope="module")
def projection(trend):
    with xr.open_dataset(trend[0] / "projection.nc") as dataset:
        yield dataset.load()


@pytest.fixture(scope="module")
def draws(trend):
    with xr.open_dataset(trend[0] / "draws.nc") as dataset:
        yield dataset.load()


@pytest.fixture(scope="module")
def verdicts(trend):
    with (trend[0] / "verdicts.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def terms(formula, dataset, suffix=""):
    return sum(
        (1 if term[0] == "+" else -1) * dataset[term[1:] + suffix].isel(year=slice(1, None))
        for term in formula.split()
    )


def test_every_variable_has_units_and_a_long_name(projection, draws):
    for dataset in (projection, draws):
        for name, array in dataset.data_vars.items():
            assert array.attrs["units"], name
            assert array.attrs["long_name"], name
    assert set(projection.data_vars) > STOCKS | {f"{name}_mean" for name in STOCKS}
    assert projection["urbanization_rate"].dims == ("region", "year", "quantile")
    assert projection["urbanization_rate"].attrs["units"] == "share"
    assert projection["urban_population"].attrs["units"] == "persons"
    quantiles = [0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975]
    assert projection["quantile"].values.tolist() == quantiles


@pytest.mark.parametrize("residence", ["urban", "rural"])
def test_the_ledger_closes_on_the_means(projection, residence):
    stock = projection[f"{residence}_population_mean"]
    change = terms(projection.attrs[f"{residence}_ledger"], projection, "_mean")
    closing = stock.isel(year=slice(0, -1)).values + change.values
    np.testing.assert_allclose(closing, stock.isel(year=slice(1, None)).values, rtol=1e-9)


@pytest.mark.parametrize("residence", ["urban", "rural"])
def test_the_ledger_closes_in_every_draw(draws, residence):
    stock = draws[f"{residence}_population"]
    change = terms(draws.attrs[f"{residence}_ledger"], draws)
    closing = stock.isel(year=slice(0, -1)).values + change.values
    np.testing.assert_allclose(closing, stock.isel(year=slice(1, None)).values, rtol=1e-9)


def test_the_base_year_is_the_census_and_the_same_in_every_draw(projection, draws, seeds, atlas):
    for region in projection["region"].values:
        census = seeds.regions[str(region)].baseline.census
        first = projection["total_population"].sel(region=region, year=2020)
        assert float(first.max()) == pytest.approx(float(first.min()), rel=1e-12)
        base = atlas.base(str(region))
        assert float(first.mean()) == pytest.approx(base.sum(), rel=1e-9)
        if region not in ("liupanshui.zhongshan", "liupanshui.shuicheng"):
            assert round(float(first.mean())) == census.total
            urban = projection["urban_population"].sel(region=region, year=2020).mean()
            assert round(float(urban)) == census.urban
    assert np.ptp(draws["urban_population"].sel(year=2020).values, axis=-1).max() < 1e-6


def test_counties_sum_to_their_prefecture_in_the_base_year(projection, atlas):
    for prefecture in ("wuwei", "linxia", "jinchang", "liupanshui"):
        children = atlas.tree.children(prefecture)
        for name in ("urban_population_mean", "rural_population_mean"):
            first = projection[name].sel(year=2020)
            assert float(first.sel(region=list(children)).sum()) == pytest.approx(
                float(first.sel(region=prefecture)), abs=0.01
            )


def test_quantiles_are_those_of_the_draws(projection, draws):
    one = draws["urbanization_rate"].sel(region="wuwei", year=2030).values
    np.testing.assert_allclose(
        projection["urbanization_rate"].sel(region="wuwei", year=2030).values,
        np.quantile(one, projection["quantile"].values),
    )
    mean = projection["urbanization_rate_mean"].sel(region="wuwei", year=2030)
    assert float(mean) == pytest.approx(one.mean())


def test_there_is_a_verdict_for_each_of_the_27_targets(verdicts):
    judged = [v for v in verdicts if v["probability"] != ""]
    assert tuple(verdicts[0]) == COLUMNS
    assert len(judged) == 27
    by_region = {}
    for v in judged:
        by_region[v["region"]] = by_region.get(v["region"], 0) + 1
    assert by_region == {
        "wuwei": 2,
        "linxia": 4,
        "liupanshui": 4,
        "liupanshui.central_city": 2,
        "liupanshui.panzhou_urban_district": 2,
        "liupanshui.liuzhi_urban_district": 2,
        "liupanshui.zhongshan": 2,
        "liupanshui.shuicheng": 2,
        "liupanshui.panzhou": 1,
        "liupanshui.liuzhi": 1,
        "gansu": 1,
        "jinchang": 4,
    }
    others = [v for v in verdicts if v["probability"] == ""]
    assert {v["indicator"] for v in others} == {"new_urban_jobs"}
    assert {v["likelihood"] for v in others} == {"not modelled"}


def test_a_probability_is_the_share_of_draws_that_meet_the_target(verdicts, draws):
    for v in verdicts:
        if v["indicator"] != "urbanization_rate" or v["comparison"] == "near":
            continue
        rate = 100 * draws["urbanization_rate"].sel(region=v["region"], year=int(v["year"]))
        slack = 0.5 if v["comparison"] == "~" else 0.0
        met = (rate.values >= float(v["target"]) - slack).mean()
        assert float(v["probability"]) == pytest.approx(met), v
        assert float(v["median"]) == pytest.approx(float(np.median(rate.values)))
        assert float(v["shortfall"]) == pytest.approx(float(v["target"]) - float(v["median"]))


def test_the_band_of_liupanshui_is_two_rows(verdicts):
    rows = [
        v
        for v in verdicts
        if (v["region"], v["indicator"], v["year"]) == ("liupanshui", "urbanization_rate", "2025")
    ]
    # 48.87 + 5 x 1 and 48.87 + 5 x 2 percent.
    assert [float(v["target"]) for v in rows] == pytest.approx([53.87, 58.87])


def test_districts_grow_with_their_counties(draws):
    urban = draws["urban_population"]
    counties = ["liupanshui.zhongshan", "liupanshui.shuicheng"]
    together = urban.sel(region=counties).sum("region")
    growth = together.sel(year=2030) / together.sel(year=2020)
    central = draws["urban_district_population"].sel(district="liupanshui.central_city")
    np.testing.assert_allclose(central.sel(year=2030), 86e4 * growth, rtol=1e-12)


def test_projection_csv_holds_the_numbers_of_the_dataset(trend, projection):
    with (trend[0] / "projection.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["scenario", "region", "year", "variable", "quantile", "value", "unit"]
    wanted = [
        r
        for r in rows
        if (r["region"], r["year"], r["variable"]) == ("gansu", "2029", "urbanization_rate")
    ]
    assert len(wanted) == 10
    for r in wanted:
        if r["quantile"] == "mean":
            value = projection["urbanization_rate_mean"].sel(region="gansu", year=2029)
        else:
            value = projection["urbanization_rate"].sel(
                region="gansu", year=2029, quantile=float(r["quantile"])
            )
        assert float(r["value"]) == pytest.approx(float(value), rel=1e-9)
    assert "nan" not in (trend[0] / "projection.csv").read_text(encoding="utf-8").lower()


def test_provenance_has_hashes_and_neither_clock_nor_path(trend, projection):
    record = json.loads((trend[0] / "run.json").read_text(encoding="utf-8"))
    made = record["provenance"]
    for key in ("simmodel_version", "scenario_sha256", "seeds_sha256", "random_seed", "draws"):
        assert projection.attrs[key] == str(made[key])
    described = {
        k: projection.attrs[f"description{'' if k == 'en' else '_zh'}"] for k in ("en", "zh")
    }
    assert described == record["description"]
    assert described["en"].isascii()
    assert not described["zh"].isascii()
    text = (trend[0] / "run.json").read_text(encoding="utf-8")
    assert str(ROOT) not in text
    assert str(trend[0].parent) not in text
    assert "wuwei_plan_2021_2035" in made["citations"]


def run(tmp_path, *arguments):
    command = ["run", *arguments, "--out", str(tmp_path), "--seeds", str(ROOT / "seeds")]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 0, result.output
    return tmp_path / "trend"


def test_the_same_command_gives_identical_files(trend, tmp_path):
    again = run(tmp_path, str(ROOT / "scenarios/trend.yaml"), "--draws", "200", "--keep-draws")
    names = sorted(p.name for p in again.iterdir())
    assert names == sorted(p.name for p in trend[0].iterdir())
    for name in names:
        assert (again / name).read_bytes() == (trend[0] / name).read_bytes(), name


def test_running_the_record_of_a_run_gives_the_same_bits(trend, tmp_path):
    record = tmp_path / "run.json"
    shutil.copy(trend[0] / "run.json", record)
    again = run(tmp_path / "out", str(record), "--charts", "none")
    for name in ("projection.nc", "verdicts.csv", "run.json"):
        if name != "run.json":
            assert (again / name).read_bytes() == (trend[0] / name).read_bytes(), name


def test_a_draw_is_the_same_in_an_ensemble_of_any_size(draws, tmp_path):
    few_draws = ("--draws", "7", "--keep-draws", "--charts", "none")
    small = run(tmp_path, str(ROOT / "scenarios/trend.yaml"), *few_draws)
    with xr.open_dataset(small / "draws.nc") as few:
        np.testing.assert_array_equal(
            few["urban_population"].values, draws["urban_population"].isel(draw=slice(0, 7)).values
        )


def test_another_seed_gives_other_draws_within_monte_carlo_error(trend, verdicts, tmp_path):
    another = ("--draws", "200", "--seed", "0", "--charts", "none")
    other = run(tmp_path, str(ROOT / "scenarios/trend.yaml"), *another)
    with (other / "verdicts.csv").open(encoding="utf-8", newline="") as file:
        again = list(csv.DictReader(file))
    pairs = [
        (float(a["probability"]), float(b["probability"]))
        for a, b in zip(verdicts, again, strict=True)
        if a["probability"]
    ]
    assert any(a != b for a, b in pairs)
    for a, b in pairs:
        middle = (a + b) / 2
        # Four standard errors of the difference of two shares of 200 draws each.
        assert abs(a - b) <= 4 * np.sqrt(2 * middle * (1 - middle) / 200) + 0.01


def test_every_chart_is_there_and_is_a_picture(trend):
    stems = [f"fan_{r}" for r in ("wuwei", "linxia", "liupanshui", "jinchang", "gansu")]
    stems += [stem.replace("fan", chart) for stem in stems for chart in ("ledger", "waterfall")]
    for stem in [*stems, "verdicts", "urban_population_linxia"]:
        assert (trend[0] / f"{stem}.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_the_terminal_shows_a_verdict_table(trend):
    text = trend[1]
    assert "Wuwei " in text
    assert "武威市" not in text
    assert "≈ 55 %" in text
    assert "≥ 53.87 %" in text
    assert "not modelled" in text
    assert "decided by the prior" in text
