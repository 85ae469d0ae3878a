"""What a region without tables borrows: exact margins, no observations, wider priors, and words."""

import re
import sys

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from simmodel.errors import CalibrationError
from simmodel.forecast.base_population import (
    GROUPS,
    borrowed_population,
    broad_shares,
    by_sex,
    table_of,
)
from simmodel.forecast.calibration import Posterior
from simmodel.forecast.data_gaps import COSTS, notice_lines, notices
from simmodel.forecast.fit import (
    SPREAD,
    TYPICAL_IN_MIGRATION,
    Atlas,
    Calibrated,
    ages_from,
    arrival_rate,
    calibrate_one,
)
from simmodel.forecast.observations import evidence_of
from simmodel.forecast.parameters import NAMES
from simmodel.inputs.region import BroadAges, Region
from simmodel.results.terminal import calibration_summary, sums
from tests.conftest import ROOT, speaking

sys.path.insert(0, str(ROOT / "benchmarks"))
borrowing = pytest.importorskip("borrowing")

FIRST = np.array(GROUPS)
BROAD = (FIRST < 15, (FIRST >= 15) & (FIRST < 60), FIRST >= 60)
SINGLE = np.ones((2, 2, 101))


def broad_of(population):
    ages = population.sum(axis=(0, 1))
    return np.array([ages[:15].sum(), ages[15:60].sum(), ages[60:].sum()])


def test_borrowed_ages_by_hand():
    """One person a cell: 4 groups of 19 young, 9 in the middle, 6 old, spread to a half urban."""
    groups = np.ones((2, 2, len(GROUPS)))
    found = borrowed_population(groups, 30.0, 8.0, (0.5, 0.25, 0.25), SINGLE)
    np.testing.assert_allclose(broad_of(found), [19.0, 9.5, 9.5])
    # of 19 young people, 30 in 38 urban, half of them women, a quarter in each of the four groups
    np.testing.assert_allclose(found[0, 0, 0], 19.0 * 30 / 38 / 2 / 4)
    np.testing.assert_allclose(found[0, 0, 1:5].sum(), 19.0 * 30 / 38 / 2 / 4)


@given(
    st.integers(100, 10**7),
    st.floats(0.02, 0.98),
    st.none() | st.tuples(*[st.floats(0.05, 1.0)] * 3),
    st.integers(0, 10**6),
)
def test_totals_residences_and_broad_ages_are_the_regions_own(total, share, weights, seed):
    groups = np.random.default_rng(seed).uniform(1.0, 9.0, (2, 2, len(GROUPS)))
    shares = None if weights is None else tuple(w / sum(weights) for w in weights)
    urban = share * total
    found = borrowed_population(groups, urban, total - urban, shares, SINGLE)
    assert found.min() >= 0.0
    np.testing.assert_allclose(found.sum(axis=(1, 2)), [urban, total - urban], rtol=1e-9)
    if shares is None:  # then the ages are those of the other region
        own = groups.sum(axis=(0, 1)) / groups.sum()
        ages = np.add.reduceat(found.sum(axis=(0, 1)), GROUPS) / total
        np.testing.assert_allclose(ages, own, rtol=1e-9)
    else:
        np.testing.assert_allclose(broad_of(found) / total, shares, rtol=1e-9)


def without(seeds, region_id, variant="broad ages, no stocks"):
    """Return the regions as if one had no tables; its counties are left out."""
    kept = {i: r for i, r in seeds.regions.items() if not i.startswith(f"{region_id}.")}
    return kept | {region_id: borrowing.without(seeds.regions[region_id], variant)}


@pytest.fixture(scope="module")
def bare(seeds, atlas):
    """Return an atlas in which Wuwei has totals, urban people and broad ages only."""
    return Atlas(without(seeds, "wuwei"), atlas.pooling, kinds=atlas.kinds)


@pytest.mark.parametrize("year", [2010, 2020])
def test_ages_come_from_the_province_fitted_to_the_regions_figures(bare, seeds, year):
    wuwei = bare.regions["wuwei"]
    assert ages_from(bare.regions, "wuwei", year) == "gansu"
    found = bare.population("wuwei", year)
    census = (wuwei.baseline.census, wuwei.history[0].census)[year == 2010]
    np.testing.assert_allclose(found.sum(axis=(1, 2)), [census.urban, census.rural], rtol=1e-9)
    np.testing.assert_allclose(broad_of(found) / census.total, broad_shares(census), rtol=1e-9)
    # within each broad age the groups stand as in the province
    margin = np.add.reduceat(found.sum(axis=0), GROUPS, axis=-1)
    gansu = by_sex(table_of(seeds.regions["gansu"], year))
    for part in BROAD:
        ratio = margin[:, part] / gansu[:, part]
        np.testing.assert_allclose(ratio, ratio[0, 0], rtol=1e-8)


def test_borrowed_ages_are_no_observations(bare, atlas):
    for regions, groups in ((atlas, 2 * len(GROUPS)), (bare, 0)):
        region = regions.regions["wuwei"]
        _, labels = evidence_of(region, regions.inputs("wuwei"), regions.standard)
        assert sum("male" in label for label in labels) == groups
        assert labels[groups : groups + 2] == ["census 2020, total", "census 2020, urban"]


def test_ages_of_one_census_alone_are_population_and_no_observation(seeds, atlas):
    bare = without(seeds, "wuwei")["wuwei"]
    full = seeds.regions["wuwei"]
    mixed = bare.model_copy(update={"baseline": full.baseline})
    kept = {i: r for i, r in seeds.regions.items() if not i.startswith("wuwei.")}
    found = Atlas(kept | {"wuwei": mixed}, atlas.pooling)
    counted = np.add.reduceat(found.population("wuwei", 2020).sum(axis=0), GROUPS, axis=-1)
    np.testing.assert_allclose(counted, by_sex(table_of(full, 2020)), rtol=1e-9)
    _, labels = evidence_of(mixed, found.inputs("wuwei"), found.standard)
    assert not [label for label in labels if "male" in label]
    said = notices(found.regions, "wuwei")
    assert any("ages of 2020 alone" in n.en for n in said if n.kind == "doubtful")


def test_a_prefecture_without_ages_is_the_sum_of_counties_that_have_them(seeds, atlas):
    bare = seeds.regions | {"wuwei": without(seeds, "wuwei")["wuwei"]}
    found = Atlas(bare, atlas.pooling)
    np.testing.assert_array_equal(found.population("wuwei", 2020), atlas.population("wuwei", 2020))
    assert any("the sum of the 4 counties" in n.en for n in notices(bare, "wuwei"))
    # one county gone: nothing is the sum of the others
    del bare["wuwei.minqin"]
    alone = Atlas(bare, atlas.pooling)
    assert alone.made_of("wuwei") == []
    census = bare["wuwei"].baseline.census
    np.testing.assert_allclose(alone.population("wuwei", 2020).sum(), census.total, rtol=1e-9)


def test_a_county_without_ages_borrows_those_of_its_prefecture(seeds, atlas):
    regions = seeds.regions | {
        "wuwei.minqin": borrowing.without(seeds.regions["wuwei.minqin"], "nothing")
    }
    found = Atlas(regions, atlas.pooling)
    assert ages_from(regions, "wuwei.minqin", 2020) == "wuwei"
    minqin = np.add.reduceat(found.population("wuwei.minqin", 2020).sum(axis=(0, 1)), GROUPS)
    wuwei = by_sex(table_of(seeds.regions["wuwei"], 2020)).sum(axis=0)
    np.testing.assert_allclose(minqin / minqin.sum(), wuwei / wuwei.sum(), rtol=1e-9)
    with pytest.raises(CalibrationError, match="nothing above it has census tables"):
        ages_from({"a": borrowing.without(seeds.regions["china"], "nothing")}, "a", 2020)


def test_unknown_arrivals_are_what_is_usual_with_a_wider_prior(bare, atlas, posteriors, seeds):
    i = NAMES.index("arrivals")
    parent = posteriors.by_region["gansu"]
    usual = TYPICAL_IN_MIGRATION["prefecture"]
    prior = bare.prior("wuwei", parent)
    assert np.exp(prior.mean[i]) == pytest.approx(usual.rate)
    assert prior.spread[i] == pytest.approx(np.hypot(SPREAD["arrivals"], usual.spread))
    assert atlas.prior("wuwei", parent).spread[i] == pytest.approx(SPREAD["arrivals"])
    others = np.arange(len(NAMES)) != i
    known = atlas.prior("wuwei", parent)
    np.testing.assert_array_equal(prior.mean[others], known.mean[others])
    np.testing.assert_array_equal(prior.spread[others], known.spread[others])
    stripped = borrowing.without(seeds.regions["gansu"], "nothing")
    with pytest.raises(CalibrationError, match="registered_elsewhere is needed"):
        arrival_rate(stripped)


@pytest.mark.parametrize("level", sorted(TYPICAL_IN_MIGRATION))
def test_usual_arrivals_are_those_of_the_shipped_regions(seeds, level):
    rate, spread = borrowing.usual_arrivals(seeds.regions, level)
    assert TYPICAL_IN_MIGRATION[level].rate == pytest.approx(rate, rel=0.01)
    assert TYPICAL_IN_MIGRATION[level].spread == pytest.approx(spread, abs=0.01)


def test_a_region_with_the_least_is_calibrated_and_its_census_met(bare, posteriors):
    above = posteriors.by_region["gansu"]
    gansu = Calibrated(bare.inputs("gansu"), Posterior(above, above, 1.0, np.zeros(0)), ())
    found = calibrate_one(bare, "wuwei", {"gansu": gansu})
    assert found.labels[:2] == ("census 2020, total", "census 2020, urban")
    assert np.abs(found.posterior.residuals).max() < 2.0
    theta = found.posterior.posterior.mean[:, None]
    end = bare.inputs("wuwei").before(theta)
    census = bare.regions["wuwei"].baseline.census
    assert float(end.urban[-1, 0]) == pytest.approx(census.urban, rel=0.02)
    # no age group can be withheld, and the summary of `calibrate` says why
    (line,) = [
        row for row in calibration_summary(bare, {"wuwei": found}).splitlines() if "wuwei" in row
    ]
    assert "borrowed" in line


def test_counties_are_said_to_add_up_only_where_all_are_there(seeds):
    regions = ["linxia", "linxia.kangle", "wuwei", "wuwei.minqin"]
    dataset = xr.Dataset(
        {
            "without": ("remainder", ["wuwei.minqin"]),
            "remainder_urbanization_rate": (
                ("remainder", "year", "quantile"),
                np.full((1, 2, 3), 0.5),
            ),
        },
        {
            "region": regions,
            "remainder": ["wuwei"],
            "year": [2020, 2035],
            "quantile": [0.05, 0.5, 0.95],
        },
    )
    said = sums(dataset, seeds)
    assert "Counties add up to their prefecture in every draw, but for Wuwei." in said
    with speaking("zh"):
        chinese = sums(dataset, seeds)
    assert "每次模拟中，各县（市、区）之和等于所在市州（武威市除外）。" in chinese
    assert "add up" not in chinese
    assert "Wuwei without Minqin: 50.0 % urban in 2020" in said
    assert "add up" not in sums(dataset.sel(region=regions[2:]), seeds)
    whole = dataset.drop_dims("remainder").sel(region=regions[:2])
    assert sums(whole, seeds).startswith("Counties add up to their prefecture in every draw.")


def test_nothing_is_said_of_nation_and_provinces(seeds):
    assert notices(seeds.regions, "china") == notices(seeds.regions, "gansu") == []


def test_every_line_is_in_both_languages(bare, seeds):
    found = notices(bare.regions, "wuwei")
    kinds = [n.kind for n in found]
    assert kinds == sorted(kinds, key=["borrowed", "missing", "doubtful"].index)
    assert kinds.count("borrowed") == 4
    lines = notice_lines(found)
    assert len(lines) == len(found)
    assert lines[0].startswith("borrowed: ages and sex of 2010 and 2020: from Gansu,")
    with speaking("zh"):
        chinese = notice_lines(found)
    assert chinese[0].startswith("借用：2010年、2020年分年龄性别人口：借自甘肃省")
    assert all(not n.zh.isascii() for n in found)
    assert all("\n" not in line for line in (*lines, *chinese))
    assert [n.zh for n in found if re.search("[A-Za-z]{2,}", n.zh)] == []
    assert [n.en for n in found if re.search("[\u4e00-\u9fff]", n.en.replace("万", ""))] == []
    assert set(COSTS) == set(TYPICAL_IN_MIGRATION)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"total": 3000000, "urban": 1500000, "rural": 1500000}, "residents changed by +65 %"),
        ({"total": 1464955, "urban": 1200000, "rural": 264955}, "changed by +54.4 points"),
        (
            {"total": 1464955, "urban": 300000, "rural": 1164955},
            "points between the censuses; were the columns of 2010 and 2020 exchanged?",
        ),
        ({"broad_ages": None}, "broad ages (0-14, 15-59, 60 and over) of 2020"),
    ],
)
def test_what_is_doubtful_or_missing_is_said(bare, change, words):
    wuwei = bare.regions["wuwei"]
    census = wuwei.baseline.census.model_copy(update=change)
    baseline = wuwei.baseline.model_copy(update={"census": census})
    changed = wuwei.model_copy(update={"baseline": baseline, "targets": ()})
    said = [n.en for n in notices(bare.regions | {"wuwei": changed}, "wuwei")]
    assert any(words in line for line in said), said
    assert any(line.startswith("targets: ") for line in said)


def test_a_rate_that_falls_is_not_measured_by_the_fastest_rise(bare):
    wuwei = bare.regions["wuwei"]
    counts = {"total": 1464955, "urban": 300000, "rural": 1164955}
    census = wuwei.baseline.census.model_copy(update=counts)
    baseline = wuwei.baseline.model_copy(update={"census": census})
    changed = wuwei.model_copy(update={"baseline": baseline})
    found = notices(bare.regions | {"wuwei": changed}, "wuwei")
    (notice,) = [n for n in found if n.kind == "doubtful" and "the rate falls" in n.en]
    assert "两列是否填反？" in notice.zh
    assert not any("gained at most" in n.en for n in found)


def test_rural_people_may_be_left_out_and_broad_ages_change_no_older_fingerprint(seeds):
    data = seeds.regions["wuwei"].model_dump(mode="json", by_alias=True, exclude_none=True)
    del data["baseline"]["census"]["rural"]
    again = Region.model_validate(data)
    assert again.baseline.census.rural == seeds.regions["wuwei"].baseline.census.rural
    census = again.baseline.census
    assert "broad_ages" not in census.model_dump(mode="json")
    ages = BroadAges(unit="percent", from_0_to_14=20.0, from_15_to_59=60.0, from_60=20.05)
    given = census.model_copy(update={"age_sex": None, "broad_ages": ages})
    assert given.model_dump(mode="json")["broad_ages"]["unit"] == "percent"
    assert sum(broad_shares(given)) == pytest.approx(1.0)
