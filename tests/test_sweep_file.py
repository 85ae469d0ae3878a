"""Sweep files: what is accepted, what is refused and how."""

import json
import re
import shutil
from pathlib import Path

import pytest

from simmodel.errors import FaultError
from simmodel.inputs.scenario import QUANTITIES
from simmodel.levers import LEVERS
from simmodel.sweeps.sweep_file import Outcome, VariedSetting, read_sweep, setting_of
from tests.conftest import ROOT
from tests.faults_in_chinese import check_the_faults_are_said_in_chinese

HERE = Path(__file__).parent
BAD = sorted((HERE / "bad_sweeps").glob("*.yaml"))
SHIPPED = sorted((ROOT / "scenarios/sweeps").glob("*.yaml"))
GOOD = """\
sweep: good
title: {en: A sweep, zh: 扫描}
scenario: trend.yaml
parameters:
  levers.local_retention: {low: 0.7, high: 1.5}
  levers.arrivals: {low: 0.5, high: 2.0, distribution: log_uniform}
  levers.fertility: {low: 0.7, high: 1.3, mode: 1.0, distribution: triangular}
  levers.wuwei.rural_exit: {low: 0.8, high: 1.2}
  levers.wuwei.liangzhou.rural_exit: {low: 0, high: 1.2}
  levers.urban_out_migration.2030: {low: 1.0, high: 1.5}
  levers.life_expectancy: {low: -1, high: 0}
  programmes.liupanshui_geohazard_resettlement: {choices: [false, true]}
  levers.reclassification: {choices: [0.5, 1.0, 1.5]}
  parameters.wuwei.local_retention: {distribution: posterior}
  parameters.wuwei.liangzhou.rural_exit: {low: 0.01, high: 0.1}
  parameters.china.pace: {distribution: posterior}
outcomes:
  - {region: wuwei, indicator: urbanization_rate, years: [2025, 2035]}
  - {region: wuwei, indicator: urban_births, years: {from: 2021, to: 2023}}
  - {region: wuwei.liangzhou, indicator: urban_population, year: 2030}
  - {region: wuwei, indicator: urbanization_rate, year: 2025, target: met}
design: {method: sobol, size: 64, seed: 0}
ensemble: {at: draws}
"""


def expected(path):
    texts = []
    for line in path.read_text(encoding="utf-8").split("\n"):
        if not line.startswith("# expect: "):
            return texts
        texts.append(line.removeprefix("# expect: "))
    return texts


def faults_of(path, seeds):
    with pytest.raises(FaultError) as caught:
        read_sweep(path, seeds)
    return str(caught.value).splitlines()


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_malformed_sweep_is_reported_in_chinese_too(path, seeds):
    check_the_faults_are_said_in_chinese(lambda: read_sweep(path, seeds))


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_malformed_sweep_is_reported_in_full_and_no_more(path, seeds):
    wanted = expected(path)
    assert wanted, "a malformed file says in its first line what must be reported"
    found = faults_of(path, seeds)
    for text in wanted:
        whole = f"{path}:{text}" if re.match(r"\d+: ", text) else text
        assert any(whole in line for line in found), f"{whole}\nis not in\n" + "\n".join(found)
    assert len(found) == len(wanted), "\n".join(found)
    assert all(line.isprintable() for line in found)


def test_every_kind_of_fault_has_a_file():
    assert len(BAD) >= 60


@pytest.fixture
def good(tmp_path, seeds):
    shutil.copy(ROOT / "scenarios/trend.yaml", tmp_path)
    path = tmp_path / "good.yaml"
    path.write_text(GOOD, encoding="utf-8")
    return read_sweep(path, seeds)


def test_paths_are_those_of_set(good):
    assert [one.setting for one in good.parameters] == [
        VariedSetting("lever", None, "local_retention"),
        VariedSetting("lever", None, "arrivals"),
        VariedSetting("lever", None, "fertility"),
        VariedSetting("lever", "wuwei", "rural_exit"),
        VariedSetting("lever", "wuwei.liangzhou", "rural_exit"),
        VariedSetting("lever", None, "urban_out_migration", 2030),
        VariedSetting("lever", None, "life_expectancy"),
        VariedSetting("programme", None, "liupanshui_geohazard_resettlement"),
        VariedSetting("lever", None, "reclassification"),
        VariedSetting("parameter", "wuwei", "local_retention"),
        VariedSetting("parameter", "wuwei.liangzhou", "rural_exit"),
        VariedSetting("parameter", "china", "pace"),
    ]


def test_spreads_are_read_as_they_are_written(good):
    by_path = {one.path: one.dimension for one in good.parameters}
    assert by_path["parameters.china.pace"] is None
    assert by_path["levers.reclassification"].choices == (0.5, 1.0, 1.5)
    assert by_path["programmes.liupanshui_geohazard_resettlement"].choices == (0.0, 1.0)
    fertility = by_path["levers.fertility"]
    assert (fertility.low, fertility.mode, fertility.high) == (0.7, 1.0, 1.3)
    assert by_path["levers.wuwei.liangzhou.rural_exit"].low == 0.0  # zero is a value
    assert by_path["levers.life_expectancy"].high == 0.0


def test_outcomes_are_one_a_year(good):
    labels = [outcome.label for outcome in good.outcomes]
    assert labels == [
        "wuwei urbanization_rate 2025",
        "wuwei urbanization_rate 2035",
        "wuwei urban_births 2021",
        "wuwei urban_births 2022",
        "wuwei urban_births 2023",
        "wuwei.liangzhou urban_population 2030",
        "wuwei urbanization_rate 2025 met",
    ]
    assert good.outcomes[-1] == Outcome("wuwei", "urbanization_rate", 2025, met=True)


def test_what_is_not_said_has_its_default(good):
    assert (good.method, good.size, good.second_order) == ("sobol", 64, True)
    assert (good.seed, good.resamples, good.draws) == (0, 200, 64)
    resolved = good.resolved()
    assert json.loads(json.dumps(resolved)) == resolved
    assert resolved["ensemble"] == {"at": "draws", "draws": 64}
    assert resolved["parameters"]["parameters.china.pace"] == {"distribution": "posterior"}


def test_a_title_that_is_missing_is_the_name(tmp_path, seeds):
    shutil.copy(ROOT / "scenarios/trend.yaml", tmp_path)
    path = tmp_path / "good.yaml"
    path.write_text(GOOD.replace("title: {en: A sweep, zh: 扫描}\n", ""), encoding="utf-8")
    assert read_sweep(path, seeds).title.zh == "good"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_sweep_is_sound(path, seeds):
    found = read_sweep(path, seeds)
    assert found.name == path.stem
    assert found.description
    assert found.title.en != found.title.zh


def test_shipped_sweeps_show_every_method_and_all_levers(seeds):
    found = {path.stem: read_sweep(path, seeds) for path in SHIPPED}
    methods = {one.method for one in found.values()}
    assert methods == {"one_at_a_time", "grid", "morris", "sobol", "discovery"}
    levers = found["levers"]
    moving = {name for name, lever in LEVERS.items() if lever.moves_people}
    assert {one.setting.name for one in levers.parameters} == moving
    prefectures = {i for i, region in seeds.regions.items() if region.level == "prefecture"}
    assert {(o.region, o.year) for o in levers.outcomes} == {
        (name, year) for name in prefectures for year in (2025, 2035)
    }


def test_a_path_that_sets_nothing_is_none(seeds):
    for key in (
        "levers",
        "levers.wuwei",
        "levers.rural_exit.soon",
        "levers.rural_exit.2030.1",
        "levers.rural_exit.2200",
        "parameters.wuwei",
        "parameters.wuwei.pace.2030",
        "programmes",
        "horizon",
        "",
    ):
        assert setting_of(key, seeds) is None, key
    for name in QUANTITIES:
        assert setting_of(f"parameters.wuwei.minqin.{name}", seeds).region == "wuwei.minqin"


def test_validate_knows_sweeps(seeds):
    from click.testing import CliRunner

    from simmodel.cli import main

    files = [*map(str, SHIPPED), str(ROOT / "scenarios/trend.yaml")]
    fine = CliRunner().invoke(main, ["validate", *files, "--seeds", str(ROOT / "seeds")])
    assert fine.exit_code == 0, fine.output
    assert fine.output.count(": ok") == len(files)
    bad = str(HERE / "bad_sweeps/range_upside_down.yaml")
    refused = CliRunner().invoke(main, ["validate", bad, "--seeds", str(ROOT / "seeds")])
    assert refused.exit_code == 1
    assert "low must be below high; found 2 and 0.5" in refused.output
