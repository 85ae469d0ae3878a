"""Sweeps as a whole: known indices of known functions, the model by brute force, the same bits.

Functions of other models go the way of ours: design, blocks, analysis.
"""

import csv
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from click.testing import CliRunner
from matplotlib.text import Text

from simmodel.charts.sweep import sobol as sobol_chart
from simmodel.charts.sweep import tornado
from simmodel.cli import main
from simmodel.computing.checkpoints import Store
from simmodel.errors import OutputError, ScenarioError, Stopped
from simmodel.inputs.scenario import QUANTITIES
from simmodel.simulation.projector import Projector
from simmodel.sweeps import layout
from simmodel.sweeps import runner as sweeps
from simmodel.sweeps.analysis import analyse
from simmodel.sweeps.designs import Dimension
from simmodel.sweeps.experiment import Experiment, OutcomeGroup, compute
from simmodel.sweeps.layout import base_of, dimension_of, experiment_of
from simmodel.sweeps.results import summary
from simmodel.sweeps.sweep_file import SweptParameter, VariedSetting, read_sweep
from tests.conftest import ROOT

SEEDS = ("--seeds", str(ROOT / "seeds"))


def ishigami(strength, values):
    """Ishigami and Homma 1990, and beside it a constant."""
    x = values.T
    y = np.sin(x[0]) + 7.0 * np.sin(x[1]) ** 2 + strength * x[2] ** 4 * np.sin(x[0])
    return np.stack([y, np.full(y.size, 3.0)], axis=1)


def sobol_g(a, values):
    """Sobol's g function on the unit cube."""
    return np.prod((np.abs(4.0 * values - 2.0) + a) / (1.0 + a), axis=1)[:, None]


def study(function, work, dimensions, outcomes=1, runs=1000, **more):
    part = OutcomeGroup("all", tuple(range(outcomes)), work, runs)
    settings = {
        "method": "sobol",
        "size": 4096,
        "seed": 3,
        "resamples": 200,
        "second_order": True,
        "met": (False,) * outcomes,
    }
    return Experiment(tuple(dimensions), function=function, groups=(part,), **(settings | more))


def found_of(one, **how):
    design = one.design()
    return analyse(one, design, compute(one, design, **how))


def assert_within(found, name, wanted, slack=0.0):
    for k, (value, low, high) in enumerate(
        zip(
            wanted,
            found[f"{name}_low"].values[0],
            found[f"{name}_high"].values[0],
            strict=True,
        )
    ):
        assert low - slack <= value <= high + slack, (name, k, low, value, high)


def test_ishigami_has_its_analytic_indices():
    cube = [Dimension(str(j), -np.pi, np.pi) for j in range(3)]
    found = found_of(study(ishigami, 0.1, cube, outcomes=2))
    b, pi4 = 0.1, np.pi**4
    first = 0.5 * (1.0 + b * pi4 / 5.0) ** 2
    second = 49.0 / 8.0
    both = b**2 * pi4**2 * (1.0 / 18.0 - 1.0 / 50.0)
    variance = first + second + both
    assert_within(found, "S1", np.array([first, second, 0.0]) / variance)
    assert_within(found, "ST", np.array([first + both, second, both]) / variance)
    pairs = found["S2"].values[0]
    low, high = found["S2_low"].values[0], found["S2_high"].values[0]
    for j, k, value in ((0, 2, both / variance), (0, 1, 0.0), (1, 2, 0.0)):
        assert low[j, k] <= value <= high[j, k]
    assert pairs[0, 2] == pytest.approx(both / variance, abs=0.03)
    # Nothing to share out of what does not vary.
    assert np.isnan(found["S1"].values[1]).all()


def test_sobols_g_has_its_analytic_indices():
    a = np.array([0.0, 1.0, 4.5, 9.0, 99.0, 99.0])
    cube = [Dimension(str(j), 0.0, 1.0) for j in range(a.size)]
    found = found_of(study(sobol_g, a, cube, size=8192))
    alone = 1.0 / (3.0 * (1.0 + a) ** 2)
    variance = np.prod(1.0 + alone) - 1.0
    total = alone * np.prod(1.0 + alone) / (1.0 + alone) / variance
    assert_within(found, "S1", alone / variance, slack=1e-3)
    assert_within(found, "ST", total, slack=1e-3)
    np.testing.assert_allclose(found["ST"].values[0], total, atol=0.02)


def test_blocks_of_any_size_and_a_file_in_between_change_nothing(tmp_path):
    a = np.array([0.0, 1.0, 4.5])
    cube = [Dimension(str(j), 0.0, 1.0) for j in range(3)]
    whole, parts = (study(sobol_g, a, cube, size=256, runs=runs) for runs in (10_000, 97))
    design = whole.design()
    values = compute(whole, design)
    np.testing.assert_array_equal(values, compute(parts, design))
    with Store.open(tmp_path / "parts", "same") as store:
        mapped = compute(parts, design, store=store, scratch=tmp_path / "values.npy")
        assert isinstance(mapped, np.memmap)
        np.testing.assert_array_equal(values, mapped)
        assert len(store) == -(-design.values.shape[0] // 97)


# ------------------------------------------------------------------------------- on the model


def write(folder, name="small", scenario="trend.yaml", **parts):
    shutil.copy(ROOT / "scenarios" / scenario, folder)
    said = {
        "sweep": name,
        "scenario": scenario,
        "parameters": {
            "levers.rural_exit": {"low": 0.5, "high": 1.5},
            "levers.local_retention": {"low": 0.5, "high": 2.0, "distribution": "log_uniform"},
            "parameters.wuwei.pace": {"distribution": "posterior"},
        },
        "outcomes": [
            {"region": "wuwei", "indicator": "urbanization_rate", "years": [2025, 2035]},
            {"region": "wuwei", "indicator": "urbanization_rate", "year": 2025, "target": "met"},
        ],
        "design": {"method": "sobol", "size": 64, "resamples": 50},
    } | parts
    path = folder / f"{name}.yaml"
    lines = (f"{key}: {json.dumps(value)}" for key, value in said.items() if value is not None)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_totals_are_what_brute_force_estimates(tmp_path, seeds, atlas, posteriors):
    """The variance left when all other parameters are known, from plain random numbers."""
    file = read_sweep(write(tmp_path, design={"method": "sobol", "size": 2048}), seeds)
    one = experiment_of(file, atlas, posteriors)
    found = found_of(one)
    rng = np.random.default_rng(99)
    known, redrawn, count = 1500, 12, len(one.dimensions)
    part = one.groups[0]

    def outcomes(values):
        return one.function(part.work, values)

    chance = rng.random((known, count))
    spread = outcomes(np.stack([d.at(c) for d, c in zip(one.dimensions, chance.T, strict=True)], 1))
    for j, dimension in enumerate(one.dimensions):
        again = np.repeat(chance, redrawn, axis=0)
        again[:, j] = rng.random(len(again))
        values = np.stack([d.at(c) for d, c in zip(one.dimensions, again.T, strict=True)], 1)
        left = outcomes(values).reshape(known, redrawn, -1).var(axis=1, ddof=1)
        total = left.mean(axis=0) / spread.var(axis=0)
        error = left.std(axis=0) / np.sqrt(known) / spread.var(axis=0) + 0.06 * total
        np.testing.assert_array_less(np.abs(found["ST"].values[:, j] - total), 3.0 * error + 0.003)
        assert dimension.name.startswith(("levers.", "parameters."))


def test_a_posterior_is_sampled_as_the_ensemble_draws_it(tmp_path, seeds, atlas, posteriors):
    file = read_sweep(write(tmp_path), seeds)
    trend = file.scenario.model_copy(
        update={"ensemble": file.scenario.ensemble.model_copy(update={"draws": 1024})}
    )
    cast = Projector(trend, atlas, posteriors.by_region, regions=("wuwei",))
    drawn = cast.drawn("wuwei", 0).values["local_retention"]
    place = VariedSetting("parameter", "wuwei", "local_retention")
    one = SweptParameter("parameters.wuwei.local_retention", place, None)
    dimension = dimension_of(one, trend, 15, atlas, posteriors)
    shares = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
    np.testing.assert_allclose(dimension.at(shares), np.quantile(drawn, shares), rtol=0.05)


def test_every_quantity_has_a_distribution_and_a_base(seeds, atlas, posteriors, tmp_path):
    scenario = read_sweep(write(tmp_path), seeds).scenario
    for name in QUANTITIES:
        one = SweptParameter(
            f"parameters.wuwei.{name}", VariedSetting("parameter", "wuwei", name), None
        )
        dimension = dimension_of(one, scenario, 15, atlas, posteriors)
        low, high = dimension.ends
        base = base_of(one.setting, scenario, atlas, posteriors)
        assert low < base < high
        assert dimension.at(np.array(0.5)) == pytest.approx(base, rel=0.04)


def test_a_pace_that_is_known_is_not_uncertain(seeds, atlas, posteriors, tmp_path):
    scenario = read_sweep(write(tmp_path), seeds).scenario
    one = SweptParameter("parameters.china.pace", VariedSetting("parameter", "china", "pace"), None)
    with pytest.raises(ScenarioError, match="figures of china tell its pace up to 2022"):
        dimension_of(one, scenario, 2, atlas, posteriors)


def test_a_range_beyond_a_regions_limit_is_one_clear_line(tmp_path, seeds):
    path = write(
        tmp_path,
        parameters={"parameters.wuwei.reclassification": {"low": 0.001, "high": 0.5}},
    )
    result = CliRunner().invoke(main, ["sweep", str(path), "--out", str(tmp_path / "o"), *SEEDS])
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1].startswith(
        "parameters.wuwei.reclassification: above 0 and below 0.01113 expected; found 0.5"
    )
    assert not (tmp_path / "o").exists()


def test_the_base_is_the_scenario(tmp_path, seeds, atlas, posteriors):
    path = write(
        tmp_path,
        scenario="plan_as_written.yaml",
        parameters={
            "levers.fertility": {"low": 0.5, "high": 2.0},
            "programmes.liupanshui_geohazard_resettlement": {"choices": [False, True]},
            "parameters.liupanshui.local_retention": {"low": 0.2, "high": 0.6},
        },
        outcomes=[{"region": "liupanshui", "indicator": "urbanization_rate", "year": 2035}],
        design={"method": "one_at_a_time"},
    )
    file = read_sweep(path, seeds)
    one = experiment_of(file, atlas, posteriors)
    assert one.base[0] == file.scenario.lever_at("fertility", (), 2035)
    assert one.base[1] == float(bool(file.scenario.programmes))
    empty = replace(one.groups[0].work, switches={}, programmes=file.scenario.programmes)
    base = compute(one, one.design())[0]
    free = replace(
        empty,
        members=tuple(replace(m, stated=()) for m in empty.members),
    )
    np.testing.assert_allclose(one.function(free, np.array([one.base]))[0], base, rtol=1e-9)


# ------------------------------------------------------------------------------------- files


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweep")
    path = write(folder)
    result = CliRunner().invoke(main, ["sweep", str(path), "--out", str(folder / "out"), *SEEDS])
    assert result.exit_code == 0, result.output
    return folder / "out/small", result


def rows_of(folder):
    with (folder / "indices.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_all_is_written_and_nothing_left_beside(written):
    folder, result = written
    names = {path.name for path in folder.iterdir()}
    assert {"sweep.nc", "indices.csv", "run.json"} <= names
    assert {
        "sobol_wuwei_urbanization_rate_2025.png",
        "sobol_wuwei_urbanization_rate_2035.png",
        "sobol_wuwei_urbanization_rate_met_2025.png",
        "importance_wuwei_urbanization_rate_met_2025.png",
    } <= names
    assert [path.name for path in folder.parent.iterdir()] == ["small"]
    assert "small: 512 runs at median parameters" in result.stdout
    assert "levers.rural_exit: ST" in result.stdout
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert record["design"]["size"] == 64
    assert set(record["provenance"]["files"]) == names - {"run.json"}


def test_the_dataset_says_what_it_is(written):
    with xr.open_dataset(written[0] / "sweep.nc", engine="scipy") as ds:
        assert ds.sizes["run"] == ds.attrs["runs"] == 512
        assert ds.attrs["ensemble"] == "median parameters"
        assert ds.attrs["interval"] == "95 % percentile bootstrap, 50 resamples"
        assert ds.attrs["seeds_sha256"]
        assert list(ds["parameter_zh"].values)[2] == "武威市：城镇化步伐与预期之比"
        assert list(ds["outcome_units"].values) == ["share"] * 3
        rates = ds["values"].values[:, :2]
        assert np.all((rates > 0.3) & (rates < 0.9))
        assert set(np.unique(ds["values"].values[:, 2])) == {0.0, 1.0}
        assert "clock" not in ds.attrs
        assert np.isnan(ds["importance"].values[:2]).all()


def test_every_index_of_the_dataset_is_in_the_table(written):
    rows = {
        (r["outcome"], r["parameter"], r["parameter_2"], r["index"]): r for r in rows_of(written[0])
    }
    with xr.open_dataset(written[0] / "sweep.nc", engine="scipy") as ds:
        seen = 0
        for name in ("S1", "ST"):
            for outcome in ds["outcome"].values:
                for parameter in ds["parameter"].values:
                    at = {"outcome": list(ds["outcome"].values).index(outcome)}
                    at["parameter"] = list(ds["parameter"].values).index(parameter)
                    row = rows[outcome, parameter, "", name]
                    for column, end in (("value", ""), ("low", "_low"), ("high", "_high")):
                        wanted = float(ds[f"{name}{end}"].isel(at))
                        assert float(row[column]) == pytest.approx(wanted, rel=1e-9)
                    seen += 1
        pairs = [key for key in rows if key[3] == "S2"]
    assert seen == 18
    assert len(pairs) == 9


def test_every_index_in_a_chart_is_the_one_in_the_table(written):
    def shown(value):
        return f"{float(value):z.2f}".replace("-", "−")

    with xr.open_dataset(written[0] / "sweep.nc", engine="scipy") as ds:
        outcome = "wuwei urbanization_rate 2035"
        figure = sobol_chart(ds.load(), outcome)
    texts = " ".join(text.get_text() for text in figure.findobj(Text))
    rows = [r for r in rows_of(written[0]) if r["outcome"] == outcome]
    wanted = [r for r in rows if r["index"] in ("S1", "ST")]
    assert len(wanted) == 6
    for row in wanted:
        said = f"{shown(row['value'])}  ({shown(row['low'])} to {shown(row['high'])})"
        assert said in texts, said


def test_one_at_a_time_in_chart_and_table(tmp_path, seeds, atlas, posteriors):
    path = write(tmp_path, design={"method": "one_at_a_time"})
    file = read_sweep(path, seeds)
    ds = sweeps.run_sweep(file, seeds, atlas, posteriors, tmp_path / "out/small")
    rows = [r for r in rows_of(tmp_path / "out/small") if r["year"] == "2035"]
    assert {r["index"] for r in rows} == {"low", "base", "high"}
    figure = tornado(ds, "wuwei urbanization_rate 2035")
    drawn = {
        round(at, 6)
        for bar in figure.axes[0].patches
        for at in (bar.get_x(), bar.get_x() + bar.get_width())
    }
    for row in rows:
        assert round(100.0 * float(row["value"]), 6) in drawn


@pytest.mark.parametrize(
    ("design", "index"),
    [
        ({"method": "morris", "size": 6, "resamples": 20}, "mu_star"),
        ({"method": "grid", "size": 3}, "span"),
        ({"method": "discovery", "size": 300, "resamples": 20}, "importance"),
        ({"method": "sobol", "size": 64, "second_order": False, "resamples": 20}, "ST"),
    ],
    ids=lambda item: item["method"] if isinstance(item, dict) else "",
)
def test_every_method_goes_from_file_to_table(design, index, tmp_path, seeds, atlas, posteriors):
    file = read_sweep(write(tmp_path, design=design), seeds)
    ds = sweeps.run_sweep(file, seeds, atlas, posteriors, tmp_path / "out/small")
    rows = rows_of(tmp_path / "out/small")
    assert index in {r["index"] for r in rows}
    assert summary(ds).startswith("small: ")
    assert any(path.suffix == ".png" for path in (tmp_path / "out/small").iterdir())
    if design["method"] == "discovery":
        boxes = [r for r in rows if r["index"] == "box_1"]
        assert boxes
        assert {r["parameter"] for r in boxes} <= set(map(str, ds["parameter"].values))
        assert str(ds["sentence_zh"].values[0, 2]).startswith("武威市2025年常住人口城镇化率目标")


def test_over_enough_years_indices_are_drawn_over_time(tmp_path, seeds, atlas, posteriors):
    outcome = {
        "region": "wuwei",
        "indicator": "urbanization_rate",
        "years": {"from": 2022, "to": 2026},
    }
    file = read_sweep(write(tmp_path, outcomes=[outcome]), seeds)
    ds = sweeps.run_sweep(file, seeds, atlas, posteriors, tmp_path / "out/small")
    names = {path.stem for path in (tmp_path / "out/small").glob("*.png")}
    assert names == {"over_time_wuwei_urbanization_rate", "sobol_wuwei_urbanization_rate_2026"}
    assert "5 years, of which the last" in summary(ds)


def test_draws_are_said_and_averaged(tmp_path, seeds, atlas, posteriors):
    file = read_sweep(write(tmp_path, ensemble={"at": "draws", "draws": 16}), seeds)
    one = experiment_of(file, atlas, posteriors)
    assert one.groups[0].work.draws == 16
    values = compute(one, one.design())
    shares = 16.0 * values[:, 2]
    np.testing.assert_array_equal(shares, np.round(shares))
    assert len(np.unique(shares)) > 3


def test_what_does_not_fit_into_memory_goes_to_zarr(
    tmp_path, seeds, atlas, posteriors, monkeypatch
):
    file = read_sweep(write(tmp_path), seeds)
    small = sweeps.run_sweep(file, seeds, atlas, posteriors, tmp_path / "out/small")
    table = (tmp_path / "out/small/indices.csv").read_bytes()
    monkeypatch.setattr(sweeps, "EXACT_BYTES", 4096)
    sweeps.run_sweep(file, seeds, atlas, posteriors, tmp_path / "large/small")
    names = {path.name for path in (tmp_path / "large/small").iterdir()}
    assert "sweep.zarr" in names
    assert "sweep.nc" not in names
    with xr.open_zarr(tmp_path / "large/small/sweep.zarr") as ds:
        np.testing.assert_array_equal(ds["values"].values, small["values"].values)
        np.testing.assert_allclose(ds["ST"].values, small["ST"].values, rtol=1e-9)
    again = (tmp_path / "large/small/indices.csv").read_bytes()
    assert len(again.splitlines()) == len(table.splitlines())


def test_local_processes_give_the_same_files(written, tmp_path):
    path = write(tmp_path)
    arguments = ["sweep", str(path), "--out", str(tmp_path / "out"), "--workers", "2", *SEEDS]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    for one in written[0].iterdir():
        assert one.read_bytes() == (tmp_path / "out/small" / one.name).read_bytes(), one.name


def test_an_interrupt_keeps_blocks_and_the_next_command_goes_on(
    written, tmp_path, seeds, atlas, posteriors, monkeypatch
):
    monkeypatch.setattr(layout, "BLOCK_COLUMNS", 1)  # blocks as small as they can be
    monkeypatch.setattr("simmodel.sweeps.batch.COLUMNS", 100)
    path = write(tmp_path)
    arguments = ["sweep", str(path), "--out", str(tmp_path / "out"), *SEEDS]

    def stop(done, total):
        if done == 3:
            raise KeyboardInterrupt

    file = read_sweep(path, seeds)
    folder = tmp_path / "out/small"
    with pytest.raises(Stopped, match="3 finished blocks are kept"):
        sweeps.run_sweep(file, seeds, atlas, posteriors, folder, report=stop)
    assert not folder.exists()  # a partial output never passes for a whole one
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    assert "goes on where it stopped: 3 finished blocks are kept" in result.stderr
    for one in written[0].iterdir():
        assert one.read_bytes() == (folder / one.name).read_bytes(), one.name


def test_a_full_disk_is_one_line_and_keeps_the_blocks(
    tmp_path, seeds, atlas, posteriors, monkeypatch
):
    def full(dataset, path):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    file = read_sweep(write(tmp_path), seeds)
    folder = tmp_path / "out/small"
    with monkeypatch.context() as patch:
        patch.setattr(sweeps, "write_netcdf", full)
        with pytest.raises(OutputError, match=r"No space left on device.*blocks are kept"):
            sweeps.run_sweep(file, seeds, atlas, posteriors, folder)
    assert [path.name for path in folder.parent.iterdir()] == [".small.parts"]
    said = []
    sweeps.run_sweep(file, seeds, atlas, posteriors, folder, notify=said.append)
    assert said[0].startswith("goes on where it stopped: 1 finished block is kept")


def test_another_sweep_starts_anew_and_says_so(tmp_path, seeds, atlas, posteriors, monkeypatch):
    monkeypatch.setattr(layout, "BLOCK_COLUMNS", 1)
    monkeypatch.setattr("simmodel.sweeps.batch.COLUMNS", 100)

    def stop(done, total):
        if done == 2:
            raise KeyboardInterrupt

    folder = tmp_path / "out/small"
    with pytest.raises(Stopped):
        sweeps.run_sweep(
            read_sweep(write(tmp_path), seeds), seeds, atlas, posteriors, folder, report=stop
        )
    said = []
    changed = write(tmp_path, design={"method": "sobol", "size": 128, "resamples": 20})
    sweeps.run_sweep(
        read_sweep(changed, seeds), seeds, atlas, posteriors, folder, notify=said.append
    )
    assert any("starts anew: 2 finished blocks are dropped" in text for text in said)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--workers", "2", "--cluster", "tcp://127.0.0.1:1"], 2, "only one of the two"),
        (["--workers", "0"], 2, "0 is not in the range"),
        (["--cluster", "nowhere"], 1, "no scheduler answers there"),
    ],
)
def test_bad_commands_are_one_line_and_write_nothing(arguments, code, said, tmp_path, monkeypatch):
    monkeypatch.setattr("simmodel.computing.parallel.ANSWERS_WITHIN", 0.5)
    path = write(tmp_path)
    out = tmp_path / "out"
    result = CliRunner().invoke(main, ["sweep", str(path), "--out", str(out), *SEEDS, *arguments])
    assert result.exit_code == code, result.output
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert not (out / "small").exists()


def test_a_folder_of_another_making_is_left_alone(tmp_path):
    path = write(tmp_path)
    (tmp_path / "out/small").mkdir(parents=True)
    (tmp_path / "out/small/thesis.doc").write_text("mine", encoding="utf-8")
    result = CliRunner().invoke(main, ["sweep", str(path), "--out", str(tmp_path / "out"), *SEEDS])
    assert result.exit_code == 1
    assert "thesis.doc" in result.stderr
    assert (tmp_path / "out/small/thesis.doc").read_text(encoding="utf-8") == "mine"
