"""The shipped scenarios do what their descriptions say."""

import json
import re

import numpy as np
import pytest

from simmodel.inputs.scenario import Scenario
from simmodel.inputs.scenario_file import read_scenario, write_scenario
from simmodel.simulation.projector import programme_flow, regions_of, simulate
from tests.conftest import ROOT

NAMES = (
    "trend",
    "plan_as_written",
    "retention_and_return",
    "outflow_continues",
    "low_fertility",
)


def test_all_of_them_are_there(shipped):
    assert set(NAMES) == set(shipped)
    for name, scenario in shipped.items():
        assert scenario.scenario == name
        said = scenario.description
        for text, stop in ((said.en + " ", ". "), (said.zh, "。")):
            assert text.count(stop) >= 2, f"{name} says in two sentences what it stands for"
            assert text.endswith(stop)
        assert not set(" ,;:()\n") & set(said.zh), f"{name} has Chinese punctuation"
        assert not re.search("[A-Za-z]", said.zh)
        assert set(scenario.regions) == {"wuwei", "linxia", "liupanshui", "jinchang", "gansu"}
        if name != "trend":
            assert scenario.sources, f"{name} cites where its levers come from"


@pytest.mark.parametrize("name", NAMES)
def test_a_scenario_survives_a_round_trip(name, shipped, seeds, tmp_path):
    scenario = shipped[name]
    path = tmp_path / "again.yaml"
    path.write_text(write_scenario(scenario), encoding="utf-8")
    again = read_scenario(
        path, region_ids=seeds.tree.parents, programme_ids=list(seeds.programmes())
    )
    assert again == scenario
    assert again.sha256 == scenario.sha256
    assert Scenario.model_validate(json.loads(json.dumps(scenario.resolved()))) == scenario


@pytest.fixture(scope="module")
def medians(shipped, atlas, posteriors):
    """Simulate each scenario with few draws: median urban and total population of Wuwei, 2035."""
    found = {}
    for name, scenario in shipped.items():
        data = scenario.resolved() | {
            "regions": ["wuwei", "liupanshui"],
            "ensemble": {"draws": 400, "seed": 7},
        }
        ensemble = simulate(Scenario.model_validate(data), atlas, posteriors.by_region)
        row = ensemble.row("wuwei")
        found[name] = (
            float(np.median(ensemble.urban[row, -1])),
            float(np.median(ensemble.urban[row, -1] + ensemble.rural[row, -1])),
            ensemble,
        )
    return found


def test_keeping_people_makes_more_townspeople_than_the_trend(medians):
    for name in ("plan_as_written", "retention_and_return"):
        assert medians[name][0] > medians["trend"][0]
        assert medians[name][1] > medians["trend"][1]


def test_outflow_makes_fewer_of_both_and_low_fertility_fewer_in_all(medians):
    assert medians["outflow_continues"][0] < medians["trend"][0]
    assert medians["outflow_continues"][1] < medians["trend"][1]
    assert medians["low_fertility"][1] < medians["trend"][1]


def test_the_programme_is_in_the_ledger_under_its_name_and_adds_up(medians, atlas):
    ensemble = medians["plan_as_written"][2]
    (name,) = ensemble.programmes
    assert name == "liupanshui_geohazard_resettlement"
    flow = ensemble.programmes[name]
    # 3.79 in 10,000, eight tenths of them into towns, over 2021-25.
    assert flow[ensemble.row("liupanshui")].sum() == pytest.approx(0.8 * 37_900)
    np.testing.assert_allclose(flow[ensemble.row("liupanshui"), :5], 0.8 * 37_900 / 5)
    assert (flow[ensemble.row("liupanshui"), 5:] == 0).all()
    counties = [ensemble.row(c) for c in atlas.tree.children("liupanshui")]
    np.testing.assert_allclose(flow[counties].sum(axis=0), flow[ensemble.row("liupanshui")])
    assert (flow[ensemble.row("wuwei")] == 0).all()


def test_a_programme_counts_once_in_the_province(atlas):
    years = np.arange(2021, 2036)
    flow = programme_flow(atlas, "guizhou", "liupanshui_geohazard_resettlement", years)
    assert flow.sum() == pytest.approx(0.8 * 37_900)
    assert (programme_flow(atlas, "gansu", "liupanshui_geohazard_resettlement", years) == 0).all()


def test_naming_a_region_brings_its_counties(shipped, atlas):
    regions = regions_of(shipped["trend"], atlas)
    assert len(regions) == 23
    assert regions.index("wuwei.liangzhou") > regions.index("wuwei")


def test_neighbours_share_the_nations_fortune(medians):
    ensemble = medians["trend"][2]
    gains = [ensemble.rate(r)[-1] - ensemble.rate(r)[0] for r in ("wuwei", "liupanshui")]
    assert 0.05 < np.corrcoef(gains)[0, 1] < 0.8


def test_readme_shows_pictures_that_exist():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for part in text.split("](")[1:]:
        target = part.split(")")[0]
        if not target.startswith("http"):
            assert (ROOT / target).exists(), target
