"""Base populations are the census counts, add up, and follow the boundary of 2020."""

import numpy as np
import pytest

from simmodel.forecast.base_population import AGES, GROUPS, by_sex, same_cohorts_earlier, table_of
from simmodel.kernel.age_groups import group_ages

COUNTED = ("gansu", "guizhou", "wuwei", "linxia", "jinchang", "liupanshui")
PREFECTURES = ("wuwei", "linxia", "jinchang", "liupanshui")
RESTATED = ("liupanshui.zhongshan", "liupanshui.shuicheng")


@pytest.mark.parametrize("year", [2010, 2020])
def test_populations_are_the_census_counts_by_age_sex_and_residence(seeds, atlas, year):
    for region_id, region in seeds.regions.items():
        population = atlas.population(region_id, year)
        table = by_sex(table_of(region, year))
        grouped = group_ages(population.sum(axis=0), GROUPS)
        np.testing.assert_allclose(grouped, table, rtol=1e-9, err_msg=region_id)
        census = [region.baseline.census, *(h.census for h in region.history)]
        count = next(c for c in census if c.year == year)
        np.testing.assert_allclose(
            population.sum(axis=(1, 2)), [count.urban, count.rural], rtol=1e-9, err_msg=region_id
        )
        assert (population >= 0).all()


@pytest.mark.parametrize("region_id", PREFECTURES)
def test_counties_sum_to_their_prefecture_in_every_cell(atlas, region_id):
    parts = sum(atlas.base(child) for child in atlas.tree.children(region_id))
    np.testing.assert_allclose(parts, atlas.base(region_id), rtol=1e-9, atol=1e-6)
    assert round(parts.sum()) == round(atlas.base(region_id).sum())


def test_the_transfer_of_2020_moves_people_between_the_two_counties_only(seeds, atlas):
    # 79.09 at the end of 2021 on the new boundary, taken back by the growth of 2018-19
    # (61.29 / 60.98), less 67.4249 counted on the old one, in 10,000: 11.2651.
    moved = 1e4 * (79.09 / (61.29 / 60.98)) - 674_249
    assert moved == pytest.approx(112_651, abs=1)
    for region_id in seeds.regions:
        change = atlas.base(region_id).sum() - atlas.population(region_id, 2020).sum()
        sign = {"liupanshui.zhongshan": 1, "liupanshui.shuicheng": -1}.get(region_id, 0)
        assert change == pytest.approx(sign * moved, abs=0.01), region_id
    left = atlas.population("liupanshui.shuicheng", 2020)
    np.testing.assert_allclose(
        atlas.base("liupanshui.shuicheng") / np.where(left > 0, left, 1),
        np.where(left > 0, 1 - moved / left.sum(), 0),
        rtol=1e-9,
    )


@pytest.mark.parametrize("shift", [1, 10])
def test_the_same_cohorts_were_younger_by_hand(shift):
    """Those aged x at the later count were x - shift at the earlier; nobody was 100 and over.

    The oldest ages, whose cohorts the later count holds in one open group, keep its numbers.
    """
    later = np.arange(AGES) ** 2.0 * np.ones((2, 2, 1))
    earlier = same_cohorts_earlier(later, shift)
    assert earlier.shape == later.shape
    assert earlier[1, 0, 30] == (30 + shift) ** 2
    assert earlier[0, 1, 0] == shift**2
    assert earlier[0, 0, 99 - shift] == 99.0**2
    np.testing.assert_array_equal(earlier[..., 100 - shift :], later[..., 100 - shift :])
    np.testing.assert_array_equal(later[0, 0], np.arange(AGES) ** 2.0)


def test_cohorts_of_the_same_count_are_themselves():
    later = np.random.default_rng(1).uniform(size=(2, 2, AGES))
    same = same_cohorts_earlier(later, 0)
    np.testing.assert_array_equal(same, later)
    assert same is not later


def test_single_years_within_groups_are_those_of_the_cohorts(atlas):
    """Of those 15-19 in 2010, each age has the share that the same cohort has among 25-29."""
    standard = atlas.standard
    assert standard.single_year == 2020
    found = atlas.population("gansu", 2010)[..., 15:20]
    expected = standard.single_years[..., 25:30]
    np.testing.assert_allclose(
        found / found.sum(axis=-1, keepdims=True),
        expected / expected.sum(axis=-1, keepdims=True),
        rtol=1e-9,
    )


def test_the_famine_cohort_survives_graduation(atlas):
    """Those born 1959-61 (59-61 in 2020) are far fewer than those born 1963 (57)."""
    people = atlas.base("gansu").sum(axis=(0, 1))
    assert people[59] < 0.6 * people[57]


def test_a_transfer_without_the_figures_it_needs_is_refused(seeds):
    from simmodel.errors import CalibrationError
    from simmodel.forecast.base_population import transferred_persons

    region = seeds.regions["liupanshui.zhongshan"]
    bare = region.model_copy(update={"observations": ()})
    with pytest.raises(CalibrationError, match="zhongshan: the transfer of 2020 needs"):
        transferred_persons(bare)
