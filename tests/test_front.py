"""simmodel from Python: what the command line writes, to the bit, and errors in its words."""

import json
import pickle
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

import simmodel as sm
from simmodel.api import common
from simmodel.cli import main
from simmodel.errors import FaultError, OutputError, ScenarioError, SeedError, SimmodelError
from simmodel.inputs import seeds as seed_files
from simmodel.inputs.arguments import as_yaml
from simmodel.inputs.scenario import QUANTITIES
from simmodel.inputs.scenario_file import write_scenario
from simmodel.inputs.yaml import parse
from simmodel.results import dataset_metadata
from simmodel.simulation.projector import Projector
from simmodel.texts import say
from tests.conftest import ROOT
from tests.pictures import (
    assert_every_character_has_a_glyph_with_mainland_letterforms,
    assert_writing_is_legible_inside_the_figure_and_apart,
    words,
)

TREND = ROOT / "scenarios/trend.yaml"
SEEDS = ROOT / "seeds"
HERE = {"regions": ["jinchang"]}
AIM = {"region": "jinchang", "indicator": "urbanization_rate", "year": 2030}


@pytest.fixture(autouse=True)
def compiled(trend):
    """Nothing is said of compiling once the session's run has done it."""


@pytest.fixture(scope="module")
def whole(trend):
    return sm.run(TREND, draws=200, seeds=SEEDS)


@pytest.fixture(scope="module")
def small():
    return sm.run("trend", draws=30, set=HERE)


def written(trend, name):
    with xr.open_dataset(trend[0] / name, engine="scipy") as dataset:
        return dataset.load()


def same_bits(one, other):
    assert set(one.data_vars) == set(other.data_vars)
    for name in one.data_vars:
        assert one[name].dims == other[name].dims, name
        assert one[name].attrs == other[name].attrs, name
        assert one[name].values.tobytes() == other[name].values.astype(float).tobytes(), name


def command(*arguments):
    """Return what a command prints."""
    result = CliRunner().invoke(main, [*map(str, arguments), "--seeds", str(SEEDS)])
    assert result.exit_code == 0, result.output
    return result.stdout


def line_of(error):
    """Return the one line that an error says."""
    (line,) = str(error.value).splitlines()
    return line


# --- the package ---------------------------------------------------------------------------------


def test_importing_the_package_imports_nothing_heavy():
    heavy = ("numpy", "xarray", "matplotlib", "numba", "pydantic", "pandas", "scipy", "click")
    code = (
        "import sys, simmodel as sm, json\n"
        "assert 'run' in dir(sm) and 'plot' in dir(sm)\n"
        f"print(json.dumps([m for m in {heavy!r} if m in sys.modules]))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(out.stdout) == []


def test_every_public_name_is_there_and_none_is_hidden_by_a_module():
    modules = {path.stem for path in Path(sm.__file__).parent.iterdir()}
    assert set(sm.__all__) & modules == {"plot"}
    for name in sm.__all__:
        assert getattr(sm, name).__doc__, name
    assert set(sm.__all__) <= set(dir(sm))
    assert set(sm.plot.__all__) <= set(dir(sm.plot))
    with pytest.raises(AttributeError, match="has no attribute 'runn'"):
        _ = sm.runn


# --- what the command line writes ----------------------------------------------------------------


def test_a_run_has_the_bits_of_the_command(trend, whole):
    file = written(trend, "projection.nc")
    same_bits(whole, file)
    assert {k: str(v) for k, v in whole.attrs.items()} == {k: str(v) for k, v in file.attrs.items()}
    for name in file.coords:
        assert whole[name].values.tolist() == file[name].values.tolist(), name


def test_every_draw_has_the_bits_of_the_command(trend):
    same_bits(sm.simulate(TREND, draws=200, seeds=SEEDS), written(trend, "draws.nc"))


def test_ages_have_the_bits_of_the_command(trend, tmp_path):
    ages = sm.ages(TREND, draws=200, seeds=SEEDS)
    same_bits(ages, written(trend, "ages.nc"))
    sm.plot.save(sm.plot.pyramid(ages, region="wuwei"), tmp_path / "it.png")
    assert (tmp_path / "it.png").read_bytes() == (trend[0] / "pyramid_wuwei.png").read_bytes()


def test_tables_are_those_of_the_command(trend, whole):
    for file, table in (
        ("verdicts.csv", sm.verdict_table(whole)),
        ("ledger.csv", sm.ledger_table(TREND, draws=200, seeds=SEEDS)),
    ):
        expected = pd.read_csv(trend[0] / file)
        assert list(table.columns) == list(expected.columns)
        assert len(table) == len(expected) > 0
        for name in expected:
            if pd.api.types.is_numeric_dtype(table[name]):
                found = table[name].astype("float64").to_numpy()
                np.testing.assert_allclose(found, expected[name], rtol=1e-9)
            else:
                assert table[name].fillna("").tolist() == expected[name].fillna("").tolist()


@pytest.mark.parametrize("engine", ["scipy", None])
def test_a_dataset_stands_alone_after_netcdf(trend, whole, tmp_path, engine):
    path = tmp_path / "mine.nc"
    whole.to_netcdf(path, engine=engine)
    with xr.open_dataset(path, engine=engine) as dataset:
        again = dataset.load()
    same_bits(whole, again)
    assert dataset_metadata.verdicts_of(again) == dataset_metadata.verdicts_of(whole)
    assert dataset_metadata.observations_of(again) == dataset_metadata.observations_of(whole)
    assert dataset_metadata.sources_of(again) == dataset_metadata.sources_of(whole)
    charts = {
        "fan_wuwei": sm.plot.fan(again, region="wuwei"),
        "fan_liupanshui": sm.plot.fan(again, region="liupanshui"),
        "urban_population_linxia": sm.plot.urban_population(again, region="linxia"),
        "ledger_wuwei": sm.plot.ledger(again, region="wuwei"),
        "waterfall_wuwei": sm.plot.waterfall(again, region="wuwei"),
        "registered_linxia": sm.plot.registered(again, region="linxia"),
        "verdicts": sm.plot.matrix(again),
    }
    for name, figure in charts.items():
        path = tmp_path / f"{name}.png"
        sm.plot.save(figure, path)
        assert path.read_bytes() == (trend[0] / f"{name}.png").read_bytes(), name


def test_rows_that_are_carried_are_those_that_were_put_there(whole, seeds, atlas, shipped):
    from simmodel.results.run import observation_marks, printed_sources

    marks = observation_marks(shipped["trend"], atlas)
    assert dataset_metadata.observations_of(whole) == marks
    assert {m["vintage"] for m in marks} > {"census", None}
    titles = printed_sources(seeds)
    cited = {row["source"] for row in dataset_metadata.verdicts_of(whole)}
    assert cited <= set(dataset_metadata.sources_of(whole))
    assert all(titles[k] == title for k, title in dataset_metadata.sources_of(whole).items())
    met = [row["first_year_met"] for row in dataset_metadata.verdicts_of(whole)]
    assert None in met
    assert any(isinstance(year, int) for year in met)


def test_a_region_without_targets_is_run_kept_and_drawn(tmp_path):
    ds = sm.run("trend", draws=10, set={"regions": ["wuwei.minqin"]})
    assert "target" not in ds.dims
    assert sm.verdict_table(ds).shape == (0, 18)
    ds.to_netcdf(tmp_path / "it.nc", engine="scipy")
    with xr.open_dataset(tmp_path / "it.nc", engine="scipy") as again:
        assert sm.verdict_table(again.load()).empty
        assert isinstance(sm.plot.fan(again, region="wuwei.minqin"), Figure)
        with pytest.raises(SimmodelError, match="matrix: holds no target"):
            sm.plot.matrix(again)


def test_targets_are_those_of_the_command(tmp_path):
    asked = sm.load_scenario(TREND, draws=100, set=HERE, seeds=SEEDS)
    (tmp_path / "asked.yaml").write_text(write_scenario(asked), encoding="utf-8")
    table = sm.targets(asked, seeds=SEEDS)
    printed = command("targets", "--json", tmp_path / "asked.yaml")
    assert json.loads(printed) == json.loads(table.to_json(orient="records"))


def test_without_a_scenario_all_targets_are_checked():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = sm.targets(draws=20)
    assert {"wuwei", "linxia", "liupanshui", "jinchang", "gansu"} <= set(table["region"])


def test_targets_beyond_the_horizon_are_warned_of():
    with pytest.warns(UserWarning, match="beyond the horizon 2026.*jinchang 2030") as said:
        sm.targets("trend", draws=10, set={**HERE, "horizon": 2026})
    assert [Path(w.filename).name for w in said] == ["test_front.py"]


def test_a_sweep_is_what_the_command_writes(tmp_path):
    found = sm.sweep("one_at_a_time", out=tmp_path, seeds=SEEDS)
    with xr.open_dataset(tmp_path / found.attrs["sweep"] / "sweep.nc", engine="scipy") as file:
        same_bits(found[["low", "base", "high"]], file[["low", "base", "high"]])
    assert (tmp_path / found.attrs["sweep"] / "run.json").exists()


# --- what it would take --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def solution():
    return sm.solve(TREND, **AIM, levers="rural_exit", draws=200, set=HERE, seeds=SEEDS)


def test_solve_answers_as_the_command(solution):
    aim = [word for key, value in AIM.items() for word in (f"--{key}", str(value))]
    more = ["--lever", "rural_exit", "--draws", "200", "--set", "regions=[jinchang]"]
    assert command("solve", TREND, *aim, *more).startswith(f"{solution.sentence}\n")
    assert solution.sentence_zh in solution._repr_html_()
    assert str(solution) == f"{solution.sentence}\n\n{solution.sentence_zh}" == repr(solution)
    assert json.loads(command("solve", TREND, *aim, *more, "--json")) == solution.data


def test_what_is_solved_can_be_put_back(solution):
    assert solution.feasible
    assert list(solution.levers) == ["rural_exit"]
    again = sm.run(TREND, draws=200, set={**HERE, **solution.settings}, seeds=SEEDS)
    row = sm.verdict_table(again).query("indicator == 'urbanization_rate' and year == 2030")
    assert row["probability"].item() == solution.probability >= 0.5


def test_nothing_has_to_be_put_back_where_a_target_is_met_already():
    found = sm.solve("trend", **AIM, levers=["rural_exit"], probability=0.01, draws=50, set=HERE)
    assert found.settings == {}
    assert "already" in found.sentence


def test_a_lever_that_cannot_is_an_answer():
    found = sm.solve("trend", **AIM, levers="urban_registration", draws=20, set=HERE)
    assert not found.feasible
    assert "cannot" in str(found)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"region": "jinchan"}, "--region: does not exist; found 'jinchan'; allowed .*jinchang"),
        ({"region": 5}, "region: is not text; found 5"),
        ({"indicator": "rate"}, "--indicator: does not exist"),
        ({"year": "2030"}, "year: is not a number; found '2030'"),
        ({"year": 2030.5}, "year: is not a whole number; found 2030.5"),
        ({"year": True}, "year: is not a number; found true"),
        ({"year": 10**400}, "year: is out of range"),
        ({"year": 2031}, "--year: no plan has such a target of jinchang"),
        ({"levers": []}, "levers: name none"),
        ({"levers": "local_retenion"}, "--lever: .*Did you mean local_retention"),
        ({"levers": {"arrivals": 2}}, "levers: are not names; found a mapping"),
        ({"levers": ["arrivals", 3]}, "levers: are not names; found a list"),
        ({"probability": 50}, "--probability: .*Did you mean 0.5"),
        ({"probability": float("nan")}, "--probability: is out of range; found nan"),
        ({"probability": None}, "probability: is not a number; found nothing"),
        ({"target": 0.85}, "--target: .*Did you mean 85"),
        ({"target": "85 %"}, "target: is not a number"),
    ],
)
def test_questions_that_make_no_sense(change, says):
    asked = {**AIM, "levers": "rural_exit", "draws": 5, "set": HERE, **change}
    with pytest.raises(SimmodelError, match=says) as error:
        sm.solve("trend", **asked)
    line_of(error)


def test_numbers_of_numpy_are_numbers():
    asked = {**AIM, "year": np.int64(2030), "levers": ("rural_exit",)}
    probability = xr.DataArray(0.3)
    found = sm.solve("trend", **asked, probability=probability, draws=np.int32(20), set=HERE)
    assert found.answer.question.probability == 0.3
    assert found.answer.scenario.ensemble.draws == 20


# --- scenarios -----------------------------------------------------------------------------------


def test_a_scenario_is_a_file_a_shipped_name_or_one_that_was_read(tmp_path, monkeypatch):
    by_path = sm.load_scenario(TREND)
    assert by_path == sm.load_scenario(str(TREND)) == sm.load_scenario("trend")
    assert sm.load_scenario(by_path) == by_path
    monkeypatch.chdir(tmp_path)
    assert sm.load_scenario("trend") == by_path
    (tmp_path / "figures").mkdir()
    (tmp_path / "low_fertility").mkdir()
    assert sm.load_scenario("low_fertility").scenario == "low_fertility"
    shutil.copy(ROOT / "scenarios/low_fertility.yaml", tmp_path / "trend")
    assert sm.load_scenario("trend").scenario == "low_fertility", "a file that is there counts"


def test_values_are_set_as_the_command_sets_them():
    path = {2020: 1.0, 2030: np.float64(1.5)}
    values = {"levers.jinchang.arrivals": path, "horizon": np.int64(2030), **HERE}
    by_name = sm.load_scenario("trend", set=values, draws=7, seed=0)
    assert by_name == sm.load_scenario(sm.load_scenario(TREND), set=values, draws=7, seed=0)
    assert by_name.lever_at("arrivals", ("jinchang",), 2025) == 1.25
    assert by_name.lever_at("arrivals", ("gansu",), 2025) == 1.0
    assert by_name.horizon == 2030
    assert (by_name.ensemble.draws, by_name.ensemble.seed) == (7, 0)
    keys = ("levers.jinchang.arrivals={2020: 1, 2030: 1.5}", "horizon=2030", "regions=[jinchang]")
    keys += ("ensemble.draws=7", "ensemble.seed=0")
    shown = command("show", TREND, *(word for key in keys for word in ("--set", key)))
    assert write_scenario(by_name) == shown


def test_a_scenario_that_was_read_gives_the_bits_of_its_file(small):
    same_bits(sm.run(sm.load_scenario("trend", draws=30, set=HERE)), small)


@given(
    st.recursive(
        st.one_of(st.floats(allow_nan=False), st.integers(-(10**15), 10**15), st.booleans(),
                  st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs")))),
        lambda inner: st.lists(inner, max_size=3)
        | st.dictionaries(st.from_regex("[a-z]{1,4}", fullmatch=True), inner, max_size=3),
        max_leaves=6,
    )
)  # fmt: skip
def test_a_value_is_set_as_it_is(value):
    document = parse(as_yaml("key", value), "--set", has_lines=False)
    assert document.faults == []
    assert document.plain() == value


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"scenario": "trned"}, "scenario: is neither .*found 'trned'; allowed .*mean trend"),
        ({"scenario": "none.yaml"}, "none.yaml: .*"),
        ({"scenario": 5}, "scenario: is not a path; found 5"),
        ({"scenario": b"trend"}, "scenario: is not a path"),
        ({"scenario": "a\0b.yaml"}, "."),
        ({"scenario": ""}, "."),
        ({"scenario": "a" * 5000}, "scenario: is neither a file here"),
        ({"scenario": f"{'a' * 5000}.yaml"}, "."),
        ({"set": "levers.arrivals=2"}, "set: is not a mapping; found 'levers.arrivals=2'"),
        ({"set": {3: 1}}, "set: is not a dotted path; found 3"),
        ({"set": {"levers.arrivals=2": 1}}, "set: is not a dotted path"),
        ({"set": {"levers.arrival": 1}}, "--set: levers.arrival: unknown key.*mean arrivals"),
        ({"set": {"levers.arrivals": float("nan")}}, "--set: levers.arrivals: is not finite"),
        ({"set": {"levers.arrivals": float("inf")}}, "--set: levers.arrivals: is not finite"),
        ({"set": {"levers.arrivals": object()}}, "set: levers.arrivals: is no value"),
        ({"set": {"levers.arrivals": True}}, "--set: levers.arrivals: is true or false"),
        ({"set": {"levers.arrivals": 11}}, "--set: levers.arrivals: is out of range"),
        ({"set": {"regions": ["atlantis"]}}, "--set: regions.*'atlantis'"),
        ({"draws": 0}, "--set: ensemble.draws: is out of range; found 0"),
        ({"draws": 2.5}, "--set: ensemble.draws: is not a whole number; found 2.5"),
        ({"seed": -1}, "--set: ensemble.seed: is out of range"),
        ({"seed": "one"}, "--set: ensemble.seed: is text"),
        ({"seeds": 5}, "seeds: is not a path; found 5"),
        ({"seeds": "no/such/folder"}, "no/such/folder: is not a folder with seed files"),
    ],
)
def test_scenarios_and_values_that_make_no_sense(asked, says):
    asked = {"scenario": "trend", **asked}
    with pytest.raises(SimmodelError, match=says) as error:
        sm.run(asked.pop("scenario"), **asked)
    line_of(error)


def test_a_fault_of_a_scenario_that_was_read_names_it():
    scenario = sm.load_scenario("trend", set={"levers.arrivals": {2030: 2.0}})
    with pytest.raises(FaultError, match=r"^trend: levers.arrivals.2030: is a knot after"):
        sm.load_scenario(scenario, set={"horizon": 2025})
    assert pickle.loads(pickle.dumps(scenario)) == scenario


def test_settings_that_move_nobody_are_warned_of_where_they_were_asked_for():
    with pytest.warns(UserWarning, match="urban_registration changes nothing here") as said:
        sm.run("trend", draws=5, set={**HERE, "levers.urban_registration": 2.0})
    assert [Path(w.filename).name for w in said] == ["test_front.py"]
    name = sm.load_region("liupanshui").programmes[0].id
    with pytest.warns(UserWarning, match="moves nobody here: it belongs to liupanshui"):
        sm.simulate("trend", draws=5, set={**HERE, "programmes": [name]})
    counties = {"regions": ["wuwei"], "levers.wuwei.minqin.arrivals": 2.0}
    with pytest.warns(UserWarning, match="its total follows the levers of wuwei"):
        sm.run("trend", draws=5, set=counties)


def test_a_long_wait_is_told_of_before_it(monkeypatch, capsys):
    common._waited.clear()
    monkeypatch.setattr(common, "will_compile", lambda: True)
    sm.run("trend", draws=5, set=HERE)
    assert capsys.readouterr() == ("", f"{say('terminal.compiling')}\n")


def test_more_draws_than_fit_are_refused_before_any_work():
    with pytest.raises(OutputError, match="keeps at most"):
        sm.simulate("trend", draws=10_000_000)


# --- what is uncertain ---------------------------------------------------------------------------


def test_quantities_fixed_together_leave_nothing_to_chance():
    table = sm.quantities("trend", region="jinchang", seeds=SEEDS)
    assert list(table.index) == list(QUANTITIES)
    assert (table["p05"] < table["median"]).all()
    assert (table["median"] < table["p95"]).all()
    above = {name: {"pace": 1.0} for name in ("gansu", "china")}
    fixed = {"parameters": {"jinchang": table["median"].to_dict(), **above}}
    draws = sm.simulate("trend", draws=40, set={**HERE, **fixed})
    rate = draws["urbanization_rate"].sel(region="jinchang")
    assert float(np.ptp(rate.values, axis=-1).max()) == 0.0
    free = sm.simulate("trend", draws=40, set=HERE)["urbanization_rate"].sel(region="jinchang")
    assert float(np.ptp(free.sel(year=2035).values)) > 0.01


def test_quantities_have_the_quantiles_of_their_draws(atlas, posteriors):
    table = sm.quantities("trend", region="wuwei", seeds=SEEDS)
    cast = Projector(sm.load_scenario("trend", seeds=SEEDS), atlas, posteriors.by_region)
    blocks = [cast.drawn("wuwei", block) for block in range(cast.blocks)]
    for name in ("rural_exit", "local_retention", "reclassification"):
        drawn = np.concatenate([block.values[name] for block in blocks])
        for column, share in (("p05", 0.05), ("median", 0.5), ("p95", 0.95)):
            assert (drawn < table.loc[name, column]).mean() == pytest.approx(share, abs=0.03)


def test_a_pace_that_figures_tell_is_missing():
    table = sm.quantities("trend", region="gansu", set={"regions": ["gansu"], "horizon": 2021})
    assert table.drop(index="pace").notna().all(axis=None)
    assert np.isnan(table.loc["pace", "median"])
    with pytest.raises(SeedError, match="'wuwai' does not exist"):
        sm.quantities("trend", region="wuwai")


# --- regions and seeds ---------------------------------------------------------------------------


def test_regions(seeds):
    assert sm.regions() == list(seeds.regions) == sm.regions(seeds=str(SEEDS))
    assert sm.load_region("wuwei") == seeds.regions["wuwei"]
    with pytest.raises(SeedError, match=r"'wuwai' does not exist; allowed .*Did you mean wuwei\?"):
        sm.load_region("wuwai")
    with pytest.raises(FaultError, match="region: is not text; found nothing"):
        sm.load_region(None)


def test_seeds_are_read_once_and_again_when_a_file_has_changed(tmp_path, monkeypatch):
    folder = tmp_path / "seeds"
    shutil.copytree(SEEDS, folder)
    read = []
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    original = seed_files.read_seeds
    monkeypatch.setattr(seed_files, "read_seeds", lambda path: read.append(path) or original(path))
    first = sm.run("trend", draws=5, set=HERE, seeds=folder)
    same_bits(sm.run("trend", draws=5, set=HERE, seeds=folder), first)
    assert sm.load_region("wuwei", seeds=folder).names.zh == "武威市"
    assert len(read) == 1
    path = folder / "wuwei.yaml"
    path.write_text(path.read_text("utf-8").replace("武威市", "凉州府"), encoding="utf-8")
    assert sm.load_region("wuwei", seeds=folder).names.zh == "凉州府"
    assert len(read) == 2


def test_a_folder_of_the_same_name_elsewhere_is_another(tmp_path, monkeypatch):
    for name in ("here", "there"):
        shutil.copytree(SEEDS, tmp_path / name / "seeds")
    path = tmp_path / "there/seeds/wuwei.yaml"
    path.write_text(path.read_text("utf-8").replace("武威市", "凉州府"), encoding="utf-8")
    names = []
    for name in ("here", "there", "here"):
        monkeypatch.chdir(tmp_path / name)
        names.append(sm.load_region("wuwei").names.zh)
    assert names == ["武威市", "凉州府", "武威市"]


def test_what_is_calibrated_anew_is_warned_of_once(tmp_path):
    folder = tmp_path / "seeds"
    shutil.copytree(SEEDS, folder)
    file = folder / "posterior.json"
    data = json.loads(file.read_text(encoding="utf-8"))
    data["regions"]["jinchang.yongchang"]["figures"] = "0" * 64
    file.write_text(json.dumps(data), encoding="utf-8")
    with pytest.warns(UserWarning, match=r"calibrated anew.*: jinchang\.yongchang$") as said:
        first = sm.run("trend", draws=5, set=HERE, seeds=folder)
    assert [Path(w.filename).name for w in said] == ["test_front.py"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        same_bits(sm.run("trend", draws=5, set=HERE, seeds=folder), first)
    data["regions"]["jinchang.jinchuan"]["figures"] = "0" * 64
    file.write_text(json.dumps(data), encoding="utf-8")
    with pytest.warns(UserWarning, match=r"calibrated anew.*: jinchang\.jinchuan"):
        sm.run("trend", draws=5, set=HERE, seeds=folder)


def test_faults_of_seeds_are_those_of_the_command(tmp_path):
    folder = tmp_path / "seeds"
    shutil.copytree(SEEDS, folder)
    path = folder / "wuwei.yaml"
    path.write_text(path.read_text("utf-8").replace("level: prefecture", "level: prefect"), "utf-8")
    said = CliRunner().invoke(main, ["run", str(TREND), "--seeds", str(folder)]).stderr
    with pytest.raises(FaultError) as error:
        sm.run(TREND, seeds=folder)
    assert str(error.value) == said.strip()


# --- sweeps that cannot be -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"workers": 0}, "workers: is out of range; found 0"),
        ({"workers": 1.5}, "workers: is not a whole number"),
        ({"out": 3}, "out: is not a path; found 3"),
        ({"file": "lever"}, "sweep: is neither .*Did you mean levers"),
    ],
)
def test_sweeps_that_make_no_sense(asked, says, tmp_path):
    asked = {"file": "one_at_a_time", "out": tmp_path / "out", **asked}
    with pytest.raises(SimmodelError, match=says) as error:
        sm.sweep(asked.pop("file"), **asked)
    line_of(error)
    assert not (tmp_path / "out").exists()


# --- charts --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def drawn(whole):
    titled = {"title": {"en": "More stay", "zh": "更多就近进城"}, "levers.local_retention": 1.4}
    more = sm.run(TREND, draws=50, set={**titled, "scenario": "more_stay"})
    runs = {"trend": whole, "more_stay": more, "my own name": more}
    return {
        "compare": sm.plot.compare(runs, region="wuwei"),
        "matrix": sm.plot.matrix(runs),
        "period": sm.plot.waterfall(whole, region="wuwei", years=(2021, 2030)),
        "fan": sm.plot.fan(more, region="linxia"),
    }


def test_charts_are_legible_and_show_themselves(drawn):
    assert_writing_is_legible_inside_the_figure_and_apart(drawn)
    assert_every_character_has_a_glyph_with_mainland_letterforms(drawn)
    for figure in drawn.values():
        assert isinstance(figure, sm.plot.Chart)
        assert figure._repr_png_()[:8] == b"\x89PNG\r\n\x1a\n"
        assert figure._repr_png_() == figure._repr_png_()


def test_runs_are_called_by_their_names_or_by_the_titles_of_their_scenarios(drawn):
    for chart in ("compare", "matrix"):
        said = words(drawn[chart])
        for name in ("Trend", "More stay", "my own name"):
            assert name in said, (chart, name)
    assert "更多就近进城" in words(drawn["fan"])


def test_a_dataset_that_is_read_from_a_folder_of_results_has_a_ledger_but_no_targets(trend):
    ds = written(trend, "projection.nc")
    assert sm.plot.ledger(ds, region="wuwei").axes
    with pytest.raises(SimmodelError, match="fan: holds neither targets nor observations"):
        sm.plot.fan(ds, region="wuwei")
    with pytest.raises(SimmodelError, match="Dataset: holds no observations"):
        sm.verdict_table(ds)


def test_the_difference_of_two_runs_has_no_verdicts(small):
    more = sm.run("trend", draws=30, set={**HERE, "levers.arrivals": 2.0})
    with xr.set_options(keep_attrs=True):
        difference = more - small
    assert float(difference["urban_population"].sel(region="jinchang", year=2035).min()) > 0
    drawing = (
        lambda ds: sm.verdict_table(ds),
        lambda ds: sm.plot.matrix(ds),
        lambda ds: sm.plot.fan(ds, region="jinchang"),
        lambda ds: sm.plot.ledger(ds, region="jinchang"),
        lambda ds: sm.plot.waterfall(ds, region="jinchang"),
    )
    for wrong in drawing:
        for one in (difference, more - small):
            with pytest.raises(SimmodelError, match="lost some columns of its verdicts"):
                wrong(one)
    kept = [name for name in small.coords if not str(name).startswith(("target", "observation"))]
    bare = [ds.reset_coords(drop=True)[list(ds.data_vars)] for ds in (more, small)]
    assert set(bare[0].coords) <= set(kept)
    with pytest.raises(SimmodelError, match="ledger: has no scenario_sha256"):
        sm.plot.ledger(bare[0] - bare[1], region="jinchang")
    with pytest.raises(SimmodelError, match="fan: has no scenario; allowed"):
        sm.plot.fan(small.drop_attrs(), region="jinchang")


def test_chosen_regions_are_drawn_as_before(small, tmp_path):
    one = small.sel(region=["jinchang"])
    for name, ds in (("one", one), ("all", small)):
        sm.plot.save(sm.plot.fan(ds, region="jinchang"), tmp_path / f"{name}.svg")
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "all.svg").read_bytes()


def cut(ds, **chosen):
    return ds.isel(**chosen)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda p, ds: p.fan(ds, region="jinchan"), "jinchan is not in .*Did you mean jinchang"),
        (lambda p, ds: p.fan(ds, region=3), "fan: region is not text; found 3"),
        (lambda p, ds: p.fan(3, region="jinchang"), "fan: is not a Dataset; found 3"),
        (lambda p, ds: p.fan(xr.Dataset(), region="jinchang"), "fan: has no region; allowed"),
        (lambda p, ds: p.fan(cut(ds, region=0), region="jinchang"), "fan: has no region"),
        (lambda p, ds: p.fan(cut(ds, quantile=[4]), region="jinchang"), "fan: some quantiles are"),
        (lambda p, ds: p.ledger(cut(ds, year=slice(3, 9)), region="jinchang"), "years are cut"),
        (lambda p, ds: p.ledger(cut(ds, year=[0, 5]), region="jinchang"), "some years are cut"),
        (lambda p, ds: p.ledger(cut(ds, year=[0]), region="jinchang"), "some years are cut"),
        (lambda p, ds: p.ledger(cut(ds, year=[]), region="jinchang"), "some years are cut"),
        (lambda p, ds: p.registered(ds, region="jinchang"), "jinchang has no registered rate here"),
        (lambda p, ds: p.pyramid(ds, region="jinchang"), "pyramid: holds no population by age"),
        (lambda p, ds: p.waterfall(ds, region="jinchang", years=(2030, 2021)), "years: are not a"),
        (lambda p, ds: p.waterfall(ds, region="jinchang", years=2030), "years: are not two years"),
        (lambda p, ds: p.waterfall(ds, region="jinchang", years=(2020.5, 2030)), "not two years"),
        (lambda p, ds: p.compare(ds, region="jinchang"), "compare: is not Datasets by name"),
        (lambda p, ds: p.compare({}, region="jinchang"), "compare: .*found none"),
        (lambda p, ds: p.compare({1: ds}, region="jinchang"), "compare: a name is not text"),
        (lambda p, ds: p.compare({"a": 1}, region="jinchang"), "compare: is not a Dataset"),
        (lambda p, ds: p.matrix([ds]), "matrix: is not Datasets by name; found a list"),
        (lambda p, ds: p.save(ds, "x"), "save: is not a chart"),
    ],
)  # fmt: skip
def test_charts_of_what_cannot_be_drawn(small, wrong, says):
    with pytest.raises(SimmodelError, match=says) as error:
        wrong(sm.plot, small)
    line_of(error)


def test_a_region_that_is_not_there_is_an_error_of_the_scenario(small):
    with pytest.raises(ScenarioError):
        sm.plot.ledger(small, region="gansu")


def test_charts_are_written_where_and_as_asked(small, tmp_path):
    figure = sm.plot.ledger(small, region="jinchang")
    whole = tmp_path / "jinchang.jinchuan.png"
    assert sm.plot.save(figure, tmp_path / "jinchang.jinchuan") == [whole]
    assert sm.plot.save(figure, str(tmp_path / "one.PNG")) == [tmp_path / "one.PNG"]
    assert (tmp_path / "one.PNG").read_bytes() == whole.read_bytes()
    for kind, start in (("svg", b"<?xml"), ("pdf", b"%PDF")):
        assert sm.plot.save(figure, tmp_path / f"one.{kind}") == [tmp_path / f"one.{kind}"]
        assert (tmp_path / f"one.{kind}").read_bytes().startswith(start)
    with pytest.raises(OutputError, match=r"found \.jpg; allowed \.png, \.svg, \.pdf"):
        sm.plot.save(figure, tmp_path / "one.jpg")
    with pytest.raises(OutputError, match="cannot write there"):
        sm.plot.save(figure, tmp_path / "none" / "one")
    with pytest.raises(OutputError, match="save: is not a path"):
        sm.plot.save(figure, 3)
    assert len(list(tmp_path.iterdir())) == 4


def test_the_first_argument_only_goes_without_its_name():
    with pytest.raises(TypeError):
        sm.run("trend", 100)
    with pytest.raises(TypeError):
        sm.run("trend", draw=100)
