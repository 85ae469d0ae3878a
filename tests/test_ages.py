"""Population by age beside the projection, and its pyramid."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.text import Text

from simmodel.charts import figures
from simmodel.charts.pyramid import age_groups, by_group
from simmodel.errors import ScenarioError
from simmodel.inputs.scenario import Scenario
from simmodel.results.run import run_scenario
from simmodel.simulation.datasets import ages_dataset


@pytest.fixture(scope="module")
def ages(trend):
    with xr.open_dataset(trend[0] / "ages.nc") as dataset:
        yield dataset.load()


@pytest.fixture(scope="module")
def projection(trend):
    with xr.open_dataset(trend[0] / "projection.nc") as dataset:
        yield dataset.load()


def test_ages_say_what_they_are(ages, projection):
    people = ages["population"]
    assert people.dims == ("region", "year", "residence", "sex", "age")
    assert people.attrs["units"] == "persons"
    assert people.attrs["long_name"]
    assert people["year"].values.tolist() == [2020, 2035]
    assert people["age"].values.tolist() == list(range(101))
    assert ages.attrs == projection.attrs


@pytest.mark.parametrize("residence", ["urban", "rural"])
def test_ages_add_up_to_the_means_of_the_projection(ages, projection, residence):
    for region in map(str, ages["region"].values):
        for year in (2020, 2035):
            here = ages["population"].sel(region=region, year=year, residence=residence)
            wanted = float(projection[f"{residence}_population_mean"].sel(region=region, year=year))
            assert float(here.sum()) == pytest.approx(wanted, rel=1e-9)
            assert float(here.min()) >= 0.0


def test_ages_of_the_base_are_the_census(ages, atlas):
    found = ages["population"].sel(region="wuwei", year=2020).values
    np.testing.assert_allclose(found, atlas.base("wuwei"), rtol=1e-12)


def test_a_cohort_grows_old_and_does_not_grow(ages):
    # Women of 60 and over in 2035 were 45 and over in 2020, and few arrive at that age.
    people = ages["population"].sel(region="liupanshui", sex="female").sum("residence")
    before = people.sel(year=2020).values[45:].sum()
    after = people.sel(year=2035).values[60:].sum()
    assert 0.6 * before < after < before


def test_a_part_of_a_whole_adds_up_to_what_it_was_made_to(seeds, atlas, posteriors):
    scenario = Scenario.model_validate(
        {
            "scenario": "part",
            "title": {"en": "Part"},
            "regions": ["wuwei.gulang"],
            "horizon": 2024,
            "ensemble": {"draws": 40},
        }
    )
    _, dataset, _, _ = run_scenario(scenario, seeds, atlas, posteriors)
    ages = ages_dataset(dataset, scenario, atlas, posteriors.by_region, ["wuwei.gulang"])
    people = ages["population"].sel(region="wuwei.gulang", year=2024)
    here = dataset.sel(region="wuwei.gulang", year=2024)
    for residence in ("urban", "rural"):
        total = float(people.sel(residence=residence).sum())
        assert total == pytest.approx(float(here[f"{residence}_population_mean"]), rel=1e-9)


def test_the_pyramid_shows_everybody_men_to_the_left(ages):
    figure = figures.pyramid(ages, "wuwei")
    for ax, year in zip(figure.axes, (2020, 2035), strict=True):
        people = ages["population"].sel(region="wuwei", year=year) / 1e4
        for sex, sign in (("male", -1), ("female", 1)):
            shown = sum(p.get_width() for p in ax.patches if np.sign(p.get_width()) == sign)
            assert sign * shown == pytest.approx(float(people.sel(sex=sex).sum()), rel=1e-9)
    said = "\n".join(text.get_text() for text in figure.findobj(Text))
    total = float(ages["population"].sel(region="wuwei", year=2035, residence="urban").sum()) / 1e4
    assert f"urban 城镇 {total:,.1f} 万" in said
    assert "武威市 Wuwei" in said
    # Panels share their scale, so that lengths can be compared.
    assert figure.axes[0].get_xlim() == figure.axes[1].get_xlim()


def test_a_pyramid_of_what_is_not_there_is_refused(ages):
    with pytest.raises(ScenarioError, match="guangdong is not in this projection"):
        figures.pyramid(ages, "guangdong")
    with pytest.raises(ScenarioError, match="residence: found urban; allowed urban"):
        figures.pyramid(ages.sel(residence=["urban"]), "wuwei")


def test_groups_keep_everybody():
    people = np.arange(101.0)
    assert by_group(people).sum() == people.sum()
    assert by_group(people)[0] == 0 + 1 + 2 + 3 + 4
    assert by_group(people)[-1] == sum(range(90, 101))
    assert len(age_groups()) == by_group(people).size


def test_the_run_writes_a_pyramid_for_each_region_named(trend):
    names = {path.name for path in trend[0].iterdir()}
    assert {"ages.nc", "pyramid_wuwei.png", "pyramid_gansu.png"} <= names
