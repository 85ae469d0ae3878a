"""Coherence of targets: every code by hand on small regions, the shipped seeds, and repairs."""

import json
import math
import shutil

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from simmodel.cli import main
from simmodel.forecast.posterior_file import load
from simmodel.inputs.region import Region
from simmodel.judging.consistency.coherence import check, rate_count_total, total_trend
from simmodel.judging.consistency.findings import (
    GRADES,
    findings_json,
    findings_text,
    grade_against,
)
from simmodel.judging.consistency.growth_rate_checks import near_gap, pace, parent_gap
from simmodel.judging.consistency.jobs_and_land_checks import density, jobs
from simmodel.judging.consistency.source_checks import census_line, document, gaps, rebasing
from simmodel.judging.consistency.subregion_checks import children_sum, districts_sum
from simmodel.judging.historical_rates import HistoricalRates, Reference, read
from simmodel.judging.implied_urban import implied_urban
from simmodel.judging.intervals import Interval, ProjectedQuantiles
from simmodel.judging.projection_summary import (
    BasePopulation,
    ProjectionSummary,
    RegionProjection,
    WorkingAgePopulation,
    base_of,
    regions_behind,
    regions_needed,
    summarize_projection,
    trend_of,
)
from simmodel.judging.target import aims_of
from simmodel.judging.wording import aim_words
from simmodel.texts import Bilingual
from tests.conftest import ROOT, speaking

SEEDS = ROOT / "seeds"
KEYS = {
    "code", "region", "year", "indicators", "targets", "implied", "reference", "grade", "sentence",
    "sources",
}  # fmt: skip
HERE = {"source": "plan", "place": "1"}
KINDS = {"plan": "plan", "yearbook": "yearbook"}


def census(year, total, urban):
    return {"census": {"year": year, "unit": "persons", "source": "census", "place": "row",
                       "total": total, "urban": urban, "rural": total - urban}}  # fmt: skip


def figure(indicator, value, unit, year, **more):
    return {**HERE, "indicator": indicator, "value": value, "unit": unit, "year": year} | more


def target(indicator, value, unit, year=2025, comparison=">=", **more):
    return {
        **HERE,
        "indicator": indicator,
        "value": value,
        "unit": unit,
        "year": year,
        "comparison": comparison,
        **more,
    }


def rate(value, **more):
    return target("urbanization_rate", value, "percent", **more)


def head_count(value, **more):
    return target("urban_population", value, "10k_persons", **more)


def population(value, **more):
    return target("total_population", value, "10k_persons", **more)


def region(
    *targets, name="aba", counted=((1_000_000, 300_000), (1_000_000, 400_000)), **more
) -> Region:
    """A region of a million, of whom 30 % were urban in 2010 and 40 % in 2020."""
    return Region.model_validate(
        {
            "id": name,
            "names": {"en": name.capitalize(), "zh": "甲市"},
            "level": "prefecture",
            "parent": "above",
            "baseline": census(2020, *counted[1]),
            "history": [census(2010, *counted[0])],
            "targets": list(targets),
            **more,
        }
    )


def around(middle, inner=0.01, outer=0.02):
    """A spread whose 80 % lie within a hundredth of the middle and 98 % within two."""
    ends = (-outer, -inner, 0.0, inner, outer)
    return ProjectedQuantiles(*(middle * (1.0 + share) for share in ends))


def course(total=1e6, urban=4.5e5, base=(1e6, 4e5), year=2025, **more):
    return RegionProjection(
        BasePopulation(*base, Interval(base[1], base[1])),
        {year: around(total)},
        {year: around(urban)},
        {year: around(100.0 * urban / total)},
        **more,
    )


def outlook(districts=None, **courses):
    return ProjectionSummary(
        {name.replace("__", "."): c for name, c in courses.items()}, districts or {}, 2035
    )


def experience(slowest=0.0, fastest=2.0, growth=(0.0, 0.05)):
    """Regions of every level whose paces lie evenly between two bounds."""
    one = Reference(
        0.0, 1.0, 10, 40, 40, np.linspace(slowest, fastest, 101), np.linspace(*growth, 101),
        Bilingual("40 prefectures", "40个地级单位"),
    )  # fmt: skip
    return HistoricalRates({"prefecture": (one,), "province": (one,)})


def only(findings):
    (found,) = findings
    return found


# Targets as intervals.


def test_at_least_is_open_above_and_about_leaves_half_a_digit():
    here = region(rate(45), rate(60, year=2035, comparison="~"), head_count(100, comparison="~"))
    least, about = aims_of(here, "urbanization_rate")
    assert least.interval == Interval(45.0, 100.0)
    assert about.interval == Interval(59.5, 60.5)
    (count,) = aims_of(here, "urban_population")
    assert count.interval == Interval(995_000.0, 1_005_000.0)
    assert count.values == (1_000_000.0,)


def test_a_band_of_change_lies_between_its_two_ends():
    band = {
        **HERE, "indicator": "urbanization_rate", "unit": "percentage_points_per_year",
        "year": 2025, "comparison": ">=", "change_low": 0, "change_high": 2, "since": 2020,
    }  # fmt: skip
    aim = only(aims_of(region(band), "urbanization_rate"))
    assert aim.interval == Interval(40.0, 50.0)
    assert aim_words(aim) == (
        "40 to 50 % (+0 to +2 points a year)",
        "40—50%（每年变动+0至+2个百分点）",
    )
    heads = band | {"indicator": "urban_population", "unit": "10k_persons_per_year"}
    assert only(aims_of(region(heads), "urban_population")).values == (400_000.0, 500_000.0)


# rate_count_total


def test_a_rate_and_a_head_count_imply_a_total():
    here = region(rate(50, comparison="~"), head_count(60, comparison="~"))
    found = only(rate_count_total(here, outlook(aba=course())))
    # 60 / 50 % = 120 万 where 100 are projected: 595,000 / 0.505 = 1,178,218 even after rounding.
    assert found.implied == 1_200_000.0
    assert found.reference == 1_000_000.0
    assert found.targets == (600_000.0, 50.0)
    assert found.grade == "contradiction"
    assert "120.0 万" in found.sentence
    assert "120.0万人" in found.sentence_zh


@pytest.mark.parametrize(
    ("count", "grade"), [(40, "fine"), (51, "fine"), (51.3, "strained"), (53, "contradiction")]
)
def test_a_least_head_count_at_a_fixed_rate_is_a_lower_bound(count, grade):
    # At 50 % (up to 50.5 %) they mean at least 101.0, 101.6 and 105.0 万; 80 of 100 draws lie below
    # 101 万, 98 below 102 万.
    here = region(rate(50.0, comparison="~"), head_count(count))
    assert only(rate_count_total(here, outlook(aba=course()))).grade == grade


def test_a_least_rate_bounds_the_total_from_above():
    here = region(rate(45), head_count(100, comparison="~"))
    found = only(rate_count_total(here, outlook(aba=course(total=2.134e6))))
    assert found.implied == pytest.approx(1e8 / 45.0)
    assert found.grade == "fine"
    far = only(rate_count_total(here, outlook(aba=course(total=2.4e6))))
    assert far.grade == "contradiction"
    assert "at most 222.2 万" in far.sentence


def test_a_rate_and_a_total_imply_a_head_count():
    here = region(rate(80), population(48))
    found = only(rate_count_total(here, outlook(aba=course(total=4.28e5, urban=3.45e5))))
    assert found.implied == 384_000.0
    assert found.reference == 345_000.0
    assert found.grade == "contradiction"


def test_a_head_count_and_a_total_imply_a_rate():
    here = region(head_count(45, comparison="~"), population(100, comparison="~"))
    found = only(rate_count_total(here, outlook(aba=course())))
    assert (found.implied, found.unit, found.grade) == (45.0, "percent", "fine")


def test_all_three_are_held_against_each_other():
    here = region(
        rate(50, comparison="~"), head_count(60, comparison="~"), population(100, comparison="~")
    )
    mutual, _ = rate_count_total(here, outlook(aba=course()))
    assert mutual.indicators == ("urbanization_rate", "urban_population", "total_population")
    assert (mutual.implied, mutual.reference) == (500_000.0, 600_000.0)
    assert mutual.grade == "contradiction"
    fits = region(
        rate(50, comparison="~"), head_count(50, comparison="~"), population(100, comparison="~")
    )
    assert {f.grade for f in rate_count_total(fits, outlook(aba=course(total=1e6)))} == {"fine"}


def test_a_year_beyond_the_horizon_is_held_against_no_projection():
    here = region(rate(50, year=2040, comparison="~"), head_count(60, year=2040))
    assert list(rate_count_total(here, outlook(aba=course()))) == []


@given(
    share=st.floats(1.0, 99.0),
    total=st.floats(1e4, 1e8),
    low=st.integers(1, 98),
    width=st.integers(0, 1),
)
def test_whatever_meets_both_targets_lies_in_what_they_imply(share, total, low, width):
    """A future that meets rate and head-count has a total that the two together allow."""
    from simmodel.judging.consistency.coherence import _products, _rates, _shares

    count = share / 100.0 * total
    rates = Interval(min(low, share), max(low + width, share))
    counts, totals = Interval(count * 0.9, count * 1.1), Interval(total * 0.9, total * 1.1)
    slack = 1.0 + 1e-12
    implied = _shares(counts, rates)
    assert implied.low / slack <= total <= implied.high * slack
    implied = _products(totals, rates)
    assert implied.low / slack <= count <= implied.high * slack
    implied = _rates(counts, totals)
    assert implied.low / slack <= share <= implied.high * slack


@given(st.floats(0.0, 2e6), st.floats(0.0, 2e6))
def test_asking_for_more_is_never_graded_milder(one, other):
    grades = [
        GRADES.index(grade_against(Interval(asked, math.inf), around(1e6)))
        for asked in sorted((one, other))
    ]
    assert grades[0] >= grades[1]


# total_trend


@pytest.mark.parametrize(
    ("aim", "grade"), [(101, "fine"), (101.5, "strained"), (103, "contradiction"), (90, "fine")]
)
def test_a_population_target_against_the_projection(aim, grade):
    found = only(total_trend(region(population(aim)), outlook(aba=course())))
    assert (found.grade, found.implied, found.reference) == (grade, aim * 1e4, 1e6)


def test_about_so_many_may_also_be_too_few():
    here = region(population(90, comparison="~"))
    assert only(total_trend(here, outlook(aba=course()))).grade == "contradiction"


def test_growth_is_counted_from_the_latest_figure():
    later = figure("total_population", 96, "10k_persons", 2022, vintage="undated")
    here = region(population(120), observations=[later])
    text = only(total_trend(here, outlook(aba=course()))).sentence
    assert "+25.0 % on the 96 万 of 2022" in text


# pace


def test_pace_is_fine_where_many_have_done_it():
    found = only(pace(region(rate(45)), outlook(aba=course()), experience()))
    # 5 points in five years: the median of paces from 0 to 2.
    assert (found.implied, found.unit, found.grade) == (1.0, "points a year", "fine")
    assert found.reference == pytest.approx(1.0)
    assert "faster than 50 %" in found.sentence


def test_above_the_ninetieth_percentile_is_strained_and_beyond_all_a_contradiction():
    found = only(pace(region(rate(49.5)), outlook(aba=course()), experience()))
    assert (found.implied, found.grade) == (pytest.approx(1.9), "strained")
    found = only(pace(region(rate(51)), outlook(aba=course()), experience()))
    assert (found.implied, found.grade) == (pytest.approx(2.2), "contradiction")


def test_what_the_region_has_done_itself_is_not_without_precedent():
    quick = region(rate(51), counted=((1_000_000, 170_000), (1_000_000, 400_000)))
    found = only(pace(quick, outlook(aba=course()), experience()))
    assert found.reference == pytest.approx(2.3)
    assert found.grade == "strained"


def test_a_plan_that_asks_much_more_than_its_own_past_is_strained():
    own = figure(
        "urbanization_rate_change_per_year", 0.9, "percentage_points_per_year", 2020, since=2015
    )
    # 1.3 points a year: 1.44 times the plan's own 0.9 and above the 1.0 between the censuses.
    found = only(pace(region(rate(46.5), observations=[own]), outlook(aba=course()), experience()))
    assert (found.implied, found.reference) == (pytest.approx(1.3), 0.9)
    assert found.grade == "strained"
    # The same pace below that between the censuses is not.
    usual = region(
        rate(46.5), observations=[own], counted=((1_000_000, 250_000), (1_000_000, 400_000))
    )
    assert only(pace(usual, outlook(aba=course()), experience())).grade == "fine"


def test_a_least_target_before_may_be_exceeded():
    """Five points in a year are too steep, but 10 in six years are not."""
    soft, step = pace(region(rate(45), rate(50, year=2026)), outlook(aba=course()), experience())
    assert soft.grade == "fine"
    assert step.implied == 5.0
    assert step.grade == "strained"
    assert "1.67 all the way from 40.00 % in 2020" in step.sentence
    fixed = region(rate(45, comparison="~"), rate(50, year=2026))
    *_, step = pace(fixed, outlook(aba=course()), experience())
    assert step.grade == "contradiction"
    *_, mended = pace(region(rate(45), rate(46, year=2026)), outlook(aba=course()), experience())
    assert (mended.implied, mended.grade) == (1.0, "fine")


def test_pace_starts_from_the_latest_figure_on_the_base_census():
    known = figure("urbanization_rate", 43, "percent", 2023, vintage="post_2020_census")
    other = figure("urbanization_rate", 20, "percent", 2024, vintage="undated")
    here = region(rate(45), observations=[known, other])
    assert only(pace(here, outlook(aba=course()), experience())).implied == 1.0


def test_pace_of_a_head_count_starts_from_the_plans_own_figure():
    own = figure("urban_population", 41, "10k_persons", 2020, vintage="census_2020")
    here = region(head_count(46), observations=[own])
    found = only(pace(here, outlook(aba=course()), experience()))
    assert (found.implied, found.reference, found.unit) == (1e4, 1e4, "persons a year")
    # (46 / 41) ** 0.2 - 1 = 2.33 % a year, of paces from 0 to 5 %.
    assert "faster than 47 %" in found.sentence
    assert found.grade == "fine"
    quick = region(head_count(54), observations=[own])
    assert only(pace(quick, outlook(aba=course()), experience())).grade == "contradiction"


def test_a_moved_boundary_is_read_kindly():
    """With 40 % estimated but perhaps 46 %, a target of 51 % is one point a year."""
    moved = course()
    moved = RegionProjection(
        BasePopulation(1e6, 4e5, Interval(3.6e5, 4.6e5)), moved.total, moved.urban, moved.rate
    )
    found = only(pace(region(rate(51)), outlook(aba=moved), experience()))
    assert found.implied == pytest.approx(2.2)
    assert found.grade == "fine"
    assert "1.00 if it started from 46.00 %" in found.sentence


# children_sum


def counties(first, second):
    return [
        region(*first, name="aba.one", level="county", parent="aba"),
        region(*second, name="aba.two", level="county", parent="aba"),
    ]


def family(*targets, parts, ceiling=None):
    """A prefecture of 200 万 with two counties of 100 万 each."""
    parent = region(*targets, counted=((2_000_000, 600_000), (2_000_000, 800_000)))
    views = outlook(
        aba=course(total=2e6, urban=9e5, base=(2e6, 8e5)), aba__one=course(), aba__two=course()
    )
    return only(children_sum(parent, counties(*parts), views))


def test_parts_that_fall_short_but_may_be_exceeded_are_strained():
    found = family(
        head_count(100, comparison="~"), parts=([head_count(45)], [rate(40, comparison="~")])
    )
    # 45 + 40 % of 100 = 85 against 100; the first may be exceeded without bound.
    assert (found.implied, found.reference) == (850_000.0, 1_000_000.0)
    assert found.grade == "strained"
    assert "15.0 万 short" in found.sentence


def test_parts_that_cannot_reach_the_whole_contradict_it():
    found = family(
        head_count(100, comparison="~"),
        parts=([head_count(45), rate(45, comparison="~")], [rate(40, comparison="~")]),
    )
    # Their rates allow 45.5 % and 40.5 % of at most 102 万 each: 87.72 万.
    assert found.grade == "contradiction"
    assert "reach only 87.7 万" in found.sentence


def test_parts_that_add_up_are_fine_and_far_more_is_strained():
    parts = ([head_count(50)], [rate(50, comparison="~")])
    assert family(head_count(100, comparison="~"), parts=parts).grade == "fine"
    assert family(head_count(95, comparison="~"), parts=parts).grade == "fine"
    assert family(head_count(85, comparison="~"), parts=parts).grade == "strained"


def test_a_rate_of_the_whole_is_turned_into_heads():
    parts = ([head_count(50)], [rate(50, comparison="~")])
    found = family(rate(50, comparison="~"), parts=parts)
    assert (found.implied, found.reference, found.grade) == (1e6, 1e6, "fine")


def test_every_part_needs_a_target():
    parent = region(head_count(100))
    views = outlook(aba=course(total=2e6, base=(2e6, 8e5)), aba__one=course(), aba__two=course())
    assert list(children_sum(parent, counties([head_count(50)], []), views)) == []
    aims = ([head_count(30)], [head_count(30)])
    assert len(list(children_sum(parent, counties(*aims), views))) == 1
    # Two counties of 100 万 are not all of 300.
    larger = outlook(aba=course(total=3e6, base=(3e6, 8e5)), aba__one=course(), aba__two=course())
    assert list(children_sum(parent, counties(*aims), larger)) == []


# Urban districts


def with_districts(*targets, populations=(20, 15)):
    districts = [
        {
            "id": f"aba.district_{name}", "names": {"en": f"District {name}", "zh": f"{name}区"},
            "counties": [f"aba.{name}"],
            "population": {**HERE, "value": value, "unit": "10k_persons", "year": 2020,
                           "comparison": "~"},
        }
        for name, value in zip(("one", "two"), populations, strict=True)
    ]  # fmt: skip
    return region(*targets, urban_districts=districts)


def district(name, value, **more):
    return target(
        "urban_district_population", value, "10k_persons", region=f"aba.district_{name}", **more
    )


def test_districts_beyond_the_whole_contradict_it():
    here = with_districts(
        head_count(45, comparison="~"), district("one", 30), district("two", 16, comparison="~")
    )
    found = only(districts_sum(here, {}, outlook(aba=course())))
    # 30 + 15.5 = 45.5 万 at least, as much as 45 万 can be before rounding: not beyond it.
    assert (found.implied, found.reference, found.grade) == (460_000.0, 450_000.0, "fine")
    more = with_districts(head_count(45, comparison="~"), district("one", 31), district("two", 16))
    assert only(districts_sum(more, {}, outlook(aba=course()))).grade == "contradiction"


def test_districts_against_a_rate_of_the_whole():
    here = with_districts(rate(45.0, comparison="~"), district("one", 30), district("two", 16))
    # 45.5 % of a projected 100 万 is 45.5 万, of 102 万 46.4 万: between them.
    assert only(districts_sum(here, {}, outlook(aba=course()))).grade == "strained"


def test_a_district_against_its_own_county():
    here = with_districts(district("one", 30))
    one, two = counties([rate(25, comparison="~")], [])
    views = outlook(aba=course(), aba__one=course(), aba__two=course())
    found = only(districts_sum(here, {"aba.one": one, "aba.two": two}, views))
    assert found.region == "aba.district_one"
    assert (found.implied, found.reference, found.grade) == (300_000.0, 250_000.0, "contradiction")


def test_districts_of_the_base_year_against_the_urban_residents_counted():
    found = only(document(with_districts(populations=(20, 15))))
    assert (found.implied, found.reference, found.grade) == (350_000.0, 400_000.0, "fine")
    found = only(document(with_districts(populations=(25, 16))))
    # 24.5 + 15.5 = 40.0 at least: rounding alone may explain it.
    assert found.grade == "fine"
    assert only(document(with_districts(populations=(25, 17)))).grade == "contradiction"


# parent_gap


def test_what_children_leave_to_the_remainder():
    parent = region(rate(50, comparison="~"), level="province")
    child = region(name="bab", counted=((400_000, 100_000), (400_000, 120_000)), parent="aba")
    views = outlook(aba=course(), bab=course(total=4e5, urban=1.4e5, base=(4e5, 1.2e5)))
    found = only(parent_gap(parent, [child], views, experience()))
    # The rest: 28 of 60 万 in 2020 (46.67 %); 50 - 14 = 36 of 60 万 needed (60 %): 2.67 a year.
    assert found.implied == pytest.approx(60.0)
    assert found.reference == pytest.approx(28 / 0.6)
    assert "2.67 points a year" in found.sentence
    assert found.grade == "contradiction"
    milder = region(rate(45, comparison="~"), level="province")
    assert only(parent_gap(milder, [child], views, experience())).grade == "fine"


def test_children_that_are_the_whole_leave_no_remainder():
    parent = region(rate(50))
    views = outlook(aba=course(), bab=course())
    assert list(parent_gap(parent, [region(name="bab")], views, experience())) == []


@pytest.mark.parametrize(
    ("lead", "grade"), [(0.0, "fine"), (-1.6, "strained"), (-5.0, "contradiction")]
)
def test_near_another_regions_rate(lead, grade):
    aim = {
        **HERE, "indicator": "urbanization_rate", "unit": "percent", "year": 2025,
        "comparison": "near", "relative_to": "above",
    }  # fmt: skip
    spread = ProjectedQuantiles(lead - 1.0, lead - 0.5, lead, lead + 0.5, lead + 1.0)
    views = outlook(aba=course(lead={"above": {2025: spread}}), above=course(urban=5e5))
    regions = {"above": region(name="above", level="province")}
    found = only(near_gap(region(aim), regions, views, experience()))
    assert (found.implied, found.reference, found.grade) == (lead, -1.0, grade)


# jobs


def test_jobs_that_cover_less_than_the_growth_a_target_means():
    new = target("new_urban_jobs", 1, "10k_persons_per_year", **{"from": 2021}, cumulative=False)
    working = {2025: WorkingAgePopulation(2.6e5, around(2.8e5), 0.62)}
    here = region(head_count(55, comparison="~"), new)
    found = only(jobs(here, outlook(aba=course(working_age=working))))
    # 0.62 of 55 万 less 26 = 8.1 万; one a year for five years is 5.
    assert (found.implied, found.reference) == (50_000.0, pytest.approx(81_000.0))
    assert found.targets[0] == 10_000.0
    assert found.grade == "strained"
    assert "cover 62 %" in found.sentence
    total = target("new_urban_jobs", 9, "10k_persons", **{"from": 2021}, cumulative=True)
    here = region(head_count(55, comparison="~"), total)
    assert only(jobs(here, outlook(aba=course(working_age=working)))).grade == "fine"


def test_jobs_without_a_population_target_are_held_against_the_projection():
    total = target("new_urban_jobs", 1, "10k_persons", **{"from": 2021}, cumulative=True)
    working = {2025: WorkingAgePopulation(2.6e5, around(2.8e5), 0.62)}
    found = only(jobs(region(total), outlook(aba=course(working_age=working))))
    assert (found.reference, found.grade) == (pytest.approx(20_000.0), "strained")


# density


def land(value, **more):
    return {"built_up_area": {"value": value, "unit": "km2", **more}}


def test_land_that_grows_faster_than_people():
    base = figure("built_up_area", 40, "km2", 2020)
    here = region(head_count(50, **land(60)), observations=[base])
    found = only(density(here, outlook(aba=course())))
    assert (found.implied, found.reference) == (pytest.approx(50 / 60 * 1e4), 10_000.0)
    assert found.grade == "strained"
    assert "land +50 %" in found.sentence
    assert "people +25 %" in found.sentence
    assert "7,500" in found.sentence  # 45 万 projected on 60 km²
    dense = region(head_count(50, **land(45)), observations=[base])
    assert only(density(dense, outlook(aba=course()))).grade == "fine"


def test_the_main_citys_area_is_not_compared_with_all_towns():
    base = [
        figure("built_up_area", 10, "km2", 2020),
        figure("mean_town_built_up_area", 2.3, "km2", 2020),
    ]
    here = region(head_count(50, **land(60)), observations=base)
    found = only(density(here, outlook(aba=course())))
    assert (found.reference, found.grade) == (None, "fine")


# rebasing


def test_the_line_between_two_censuses():
    here = region(counted=((1_000_000, 300_000), (1_210_000, 484_000)))
    line = census_line(here, 2015)
    assert line["total_population"] == pytest.approx(1_100_000.0)
    assert line["urbanization_rate"] == pytest.approx(35.0)
    assert line["urban_population"] == pytest.approx(385_000.0)
    assert census_line(here, 2020) is None


CHANGE = "urbanization_rate_change"


def series(total, source="yearbook", vintage="pre_2020_census"):
    """A total of 2015 of the series before the census."""
    unit = "10k_persons"
    return figure("total_population", total, unit, 2015, source=source, vintage=vintage)


def test_a_change_that_joins_two_censuses():
    change = figure(CHANGE, 7, "percentage_points", 2020, since=2015, vintage="mixed")
    here = region(observations=[change])
    found = only(rebasing(here, KINDS))
    # 40 - 7 = 33 % where the line has 35 %.
    assert (found.year, found.implied, found.reference) == (2015, 33.0, 35.0)
    assert found.grade == "strained"
    rests = only(rebasing(region(observations=[change, series(112)]), KINDS))
    assert rests.grade == "contradiction"
    assert "+12.0 %" in rests.sentence
    # The label does not matter, what it is compared with does.
    labelled = region(observations=[change | {"vintage": "census_2020"}, series(112)])
    assert only(rebasing(labelled, KINDS)).grade == "contradiction"
    restated = region(observations=[change | {"value": 5.2}, series(112)])
    assert only(rebasing(restated, KINDS)).grade == "fine"
    assert only(rebasing(region(observations=[series(112)]), KINDS)).grade == "fine"


def test_a_figure_off_the_line_is_found_whatever_its_label():
    for vintage in ("census_2020", "plan", "undated"):
        here = region(observations=[series(104, vintage=vintage)])
        assert only(rebasing(here, KINDS)).grade == "strained"
    assert only(rebasing(region(observations=[series(104, source="plan")]), KINDS)).grade == (
        "strained"
    )
    assert (
        only(rebasing(region(observations=[series(100.5, vintage="plan")]), KINDS)).grade == "fine"
    )


def test_a_change_between_two_censuses_is_no_finding_while_it_agrees():
    since = {"since": 2010, "vintage": "census_2020"}
    agrees = figure(CHANGE, 10, "percentage_points", 2020, **since)
    assert list(rebasing(region(observations=[agrees]), KINDS)) == []
    off = figure(CHANGE, 12, "percentage_points", 2020, **since)
    found = only(rebasing(region(observations=[off]), KINDS))
    assert (found.implied, found.reference, found.grade) == (28.0, 30.0, "strained")


def test_changes_a_year_are_followed_back():
    change = figure("urban_population_change_per_year", 3, "10k_persons_per_year", 2020, since=2015)
    found = only(rebasing(region(observations=[change]), KINDS))
    # 40 - 15 = 25 万 where the line has 35.
    assert (found.implied, found.reference, found.grade) == (
        250_000.0,
        pytest.approx(350_000.0),
        "contradiction",
    )


# document


def of_one_document(printed_rate, urban=40.44, total=110.12):
    return region(
        observations=[
            figure("urbanization_rate", printed_rate, "percent", 2020),
            figure("urban_population", urban, "10k_persons", 2020),
            figure("total_population", total, "10k_persons", 2020),
        ]
    )


def test_a_rate_beside_its_own_counts():
    # 40.44 / 110.12 = 36.724 %; with the rounding of both, 36.717 to 36.730.
    assert only(document(of_one_document(36.72))).grade == "fine"
    found = only(document(of_one_document(36.65)))
    assert (found.reference, found.grade) == (36.65, "strained")
    assert found.implied == pytest.approx(36.7236, abs=1e-4)
    assert only(document(of_one_document(38.5))).grade == "contradiction"


def test_a_change_beside_its_two_ends():
    def changed(value):
        return region(
            observations=[
                figure("urban_population", 25, "10k_persons", 2015, vintage="pre_2020_census"),
                figure("urban_population", 40, "10k_persons", 2020, vintage="census_2020"),
                figure(
                    "urban_population_change_per_year",
                    value,
                    "10k_persons_per_year",
                    2020,
                    since=2015,
                ),
            ]
        )

    assert only(document(changed(3))).grade == "fine"
    assert only(document(changed(3.27))).grade == "strained"
    assert only(document(changed(4))).grade == "contradiction"


def test_gaps_of_several_documents_to_one_parent():
    def placed(name, own, gap, direction="below"):
        return region(
            name=name,
            observations=[
                figure("urbanization_rate", own, "percent", 2020, vintage="census_2020"),
                figure(
                    "urbanization_rate_gap", gap, "percentage_points", 2020,
                    relative_to="above", direction=direction,
                ),
            ],
        )  # fmt: skip

    known = {"above": region(name="above")}
    found = only(gaps([placed("aba", 47.01, 5.22), placed("bab", 36.75, 15.5)], known))
    assert (found.region, found.year, found.grade) == ("above", 2020, "fine")
    assert found.implied == pytest.approx(52.23)
    apart = only(gaps([placed("aba", 47.01, 5.22), placed("bab", 36.75, 15.6)], known))
    assert apart.grade == "strained"
    wrong = only(gaps([placed("aba", 47.01, 5.22), placed("bab", 60.01, 5.22, "above")], known))
    assert wrong.grade == "contradiction"
    assert list(gaps([placed("aba", 47.01, 5.22)], known)) == []


# Whatever a plan prints


@given(
    rates=st.tuples(st.floats(2.0, 100.0) | st.just(0.0), st.floats(2.0, 100.0)),
    heads=st.floats(0.0, 300.0),
    people=st.floats(0.0, 300.0),
    new=st.floats(0.0, 100.0),
    area=st.just(0.0) | st.floats(0.01, 1000.0),
    signs=st.lists(st.sampled_from([">=", "~"]), min_size=4, max_size=4),
)
def test_whatever_a_plan_prints_is_graded(rates, heads, people, new, area, signs):
    here = with_districts(
        rate(rates[0], comparison=signs[0]),
        rate(rates[1], year=2026, comparison=signs[1]),
        head_count(heads, comparison=signs[2], **land(area)),
        population(people, comparison=signs[3]),
        target("new_urban_jobs", new, "10k_persons", **{"from": 2021}),
        district("one", heads),
    )
    working = {2025: WorkingAgePopulation(2.6e5, around(2.8e5), 0.62)}
    views = outlook(
        {"aba.district_one": {2025: around(2e5)}},
        aba=course(working_age=working),
        aba__one=course(),
    )
    one, two = counties([rate(45)], [])
    regions = {"aba": here, "aba.one": one, "aba.two": two}
    found = check(list(regions), regions, KINDS, views, experience())
    rows = json.loads(findings_json(found))
    assert {"rate_count_total", "total_trend", "pace", "jobs"} <= {row["code"] for row in rows}
    for row in rows:
        assert row["grade"] in GRADES
        assert "nan" not in row["sentence"]
        assert "inf " not in row["sentence"]


# The shipped seeds


@pytest.fixture(scope="module")
def shipped_outlook(seeds, atlas, posteriors):
    trend = trend_of(seeds.regions)
    assert trend.horizon == 2035
    return summarize_projection(trend, atlas, posteriors.by_region, trend.regions)


@pytest.fixture(scope="module")
def checked(seeds, shipped_outlook):
    """Check the shipped seeds with some regions replaced."""

    def found(**replaced):
        regions = {**seeds.regions, **replaced}
        kinds = {name: source.kind for name, source in seeds.sources.items()}
        names = [name for name, one in regions.items() if one.targets]
        return check(names, regions, kinds, shipped_outlook, read(SEEDS))

    return found


def graded(findings, code, place, year, indicator=None):
    """Grades of the findings of one code, region and year."""
    return [
        f.grade
        for f in findings
        if (f.code, f.region, f.year) == (code, place, year)
        and (indicator is None or f.indicators[0] == indicator)
    ]


def the(findings, code, place, year):
    return next(f for f in findings if (f.code, f.region, f.year) == (code, place, year))


def test_every_finding_of_the_plans_is_found(checked):
    """The findings that were worked out by hand from the plans' texts."""
    found = checked()
    total = the(found, "rate_count_total", "liupanshui", 2025)
    assert total.grade == "contradiction"
    assert total.implied == pytest.approx(2e8 / 58.87, abs=1.0)
    assert "339.7 万" in total.sentence
    assert "303.16 万" in total.sentence
    parts = the(found, "children_sum", "liupanshui", 2025)
    assert parts.grade == "contradiction"
    assert parts.implied == pytest.approx(1_773_254, abs=1.0)
    assert parts.reference == 2_000_000.0
    step = the(found, "pace", "linxia", 2026)
    assert (step.implied, step.grade) == (5.0, "strained")
    assert step.reference == pytest.approx(1.15)
    heads = next(
        f
        for f in found
        if (f.code, f.region, f.year) == ("pace", "linxia", 2025) and f.unit == "persons a year"
    )
    assert heads.implied == pytest.approx(44_720.0)
    assert (heads.reference, heads.grade) == (30_000.0, "strained")
    assert graded(found, "rate_count_total", "linxia", 2025) == ["fine"]
    trend = the(found, "total_trend", "jinchang", 2025)
    assert (trend.implied, trend.grade) == (480_000.0, "contradiction")
    assert "from 46.41 to 43.80 万" in trend.sentence
    rests = the(found, "rebasing", "wuwei", 2015)
    assert rests.implied == pytest.approx(36.12)
    assert rests.grade == "contradiction"
    assert "181.64 万" in rests.sentence
    assert the(found, "document", "linxia", 2020).grade == "strained"
    assert the(found, "document", "china", 2020).grade == "fine"
    assert the(found, "document", "gansu", 2020).grade == "fine"
    districts = the(found, "document", "liupanshui", 2020)
    assert (districts.implied, districts.grade) == (1_520_000.0, "contradiction")
    liuzhi = the(found, "children_sum", "liupanshui.liuzhi_urban_district", 2025)
    assert (liuzhi.implied, liuzhi.grade) == (300_000.0, "contradiction")
    assert liuzhi.reference == pytest.approx(257_699, abs=1.0)
    assert graded(found, "children_sum", "liupanshui.panzhou_urban_district", 2025) == ["fine"]


def test_what_fits_is_not_called_a_contradiction(checked):
    found = checked()
    for place, year in (("wuwei", 2025), ("wuwei", 2035), ("gansu", 2029), ("jinchang", 2030)):
        assert graded(found, "pace", place, year) == ["fine"]
    assert graded(found, "parent_gap", "gansu", 2029) == ["fine"]
    assert graded(found, "jobs", "wuwei", 2025) == ["fine"]
    # The old boundary had 90 % already in 2020, and nobody has counted the new one.
    assert set(graded(found, "pace", "liupanshui.zhongshan", 2025)) == {"fine"}
    for place in ("liupanshui.zhongshan", "liupanshui.shuicheng"):
        assert graded(found, "rate_count_total", place, 2025) == ["fine"]


def retargeted(one, indicator, year, value):
    """A region with another value for one of its targets."""
    changed = [
        t.model_copy(update={"value": value}) if (t.indicator, t.year) == (indicator, year) else t
        for t in one.targets
    ]
    assert changed != list(one.targets)
    return one.model_copy(update={"targets": tuple(changed)})


def test_a_repaired_target_is_no_finding(seeds, checked):
    linxia = retargeted(seeds.regions["linxia"], "urbanization_rate", 2026, 46.2)
    jinchang = retargeted(seeds.regions["jinchang"], "total_population", 2025, 43.0)
    liupanshui = retargeted(seeds.regions["liupanshui"], "urban_population", 2025, 165.0)
    found = checked(linxia=linxia, jinchang=jinchang, liupanshui=liupanshui)
    assert graded(found, "pace", "linxia", 2026) == ["fine"]
    assert graded(found, "total_trend", "jinchang", 2025) == ["fine"]
    assert graded(found, "rate_count_total", "jinchang", 2025) == ["fine"]
    assert graded(found, "rate_count_total", "liupanshui", 2025) == ["fine"]
    assert set(graded(found, "pace", "liupanshui", 2025)) == {"fine"}
    assert set(graded(found, "children_sum", "liupanshui", 2025, "urban_population")) == {"fine"}


def test_a_repaired_figure_is_no_finding(seeds, checked):
    def kept(one, change):
        observations = [change(o) for o in one.observations]
        return one.model_copy(update={"observations": tuple(o for o in observations if o)})

    def restated(o):
        if o.indicator == "urbanization_rate_change":
            return o.model_copy(update={"value": 9.75})
        return o

    wuwei, linxia = seeds.regions["wuwei"], seeds.regions["linxia"]
    dropped = kept(wuwei, lambda o: None if o.indicator == "urbanization_rate_change" else o)
    for mended in (dropped, kept(wuwei, restated)):
        assert graded(checked(wuwei=mended), "rebasing", "wuwei", 2015) == ["fine"]
    agreeing = kept(
        linxia,
        lambda o: (
            o.model_copy(update={"value": 36.80})
            if (o.indicator, o.year) == ("urbanization_rate", 2020)
            else o
        ),
    )
    assert set(graded(checked(linxia=agreeing), "document", "linxia", 2020)) == {"fine"}


def test_only_what_is_asked_about_is_projected(seeds, atlas):
    assert regions_needed(["wuwei"], seeds.regions) == ("wuwei",)
    assert regions_needed(["wuwei.gulang"], seeds.regions) == ()
    assert set(regions_needed(["gansu"], seeds.regions)) == {"gansu", "wuwei", "linxia", "jinchang"}
    moved = base_of(atlas, "liupanshui.zhongshan")
    assert moved.estimated
    assert moved.urban_range.low == 606_797.0
    assert moved.urban_range.high - moved.urban_range.low == pytest.approx(moved.total - 674_249.0)
    assert not base_of(atlas, "wuwei").estimated


def test_only_what_is_asked_about_is_calibrated(seeds, atlas, posteriors):
    needed = regions_behind(["liupanshui.zhongshan", "wuwei"], atlas)
    assert {"china", "guizhou", "liupanshui", "liupanshui.zhongshan", "gansu", "wuwei"} <= needed
    assert not any(name.startswith(("linxia", "jinchang")) for name in needed)
    few = load(atlas, seeds.directory, needed=needed).by_region
    assert set(few) == needed
    for name, normal in few.items():
        assert np.array_equal(normal.mean, posteriors.by_region[name].mean)


def test_counties_mean_their_base_on_the_boundary_of_today(seeds, shipped_outlook):
    found = implied_urban(
        seeds.regions["liupanshui.panzhou"], 2025, shipped_outlook.courses["liupanshui.panzhou"]
    )
    assert found.value == pytest.approx(0.48 * 1_074_073)


def test_findings_are_told_by_grade_and_counted(checked):
    found = checked()
    order = [(GRADES.index(f.grade), f.region, f.year) for f in found]
    assert order == sorted(order)
    text = findings_text(found, {"wuwei": "Wuwei"})
    assert text.startswith("contradiction\n")
    assert text.index("\nstrained\n") < text.index("\nfine\n")
    assert any(line.startswith(f"{len(found)} findings: ") for line in text.splitlines())
    assert text.splitlines()[-1].startswith("fine: nothing contradicts it")
    with speaking("zh"):
        chinese = findings_text(found, {"wuwei": "武威市"})
    assert chinese.startswith("相互矛盾\n")
    assert chinese.splitlines()[-1].startswith("协调：只表示未发现矛盾")
    for f in found:
        assert (f.sentence in text) == (f.sentence_zh in chinese) == (f.grade != "fine")
        assert f.sentence.endswith(".")
        assert f.sentence_zh.endswith("。")
        assert f.sentence not in chinese
        assert f.sentence_zh not in text


# The command


def call(*arguments):
    return CliRunner().invoke(main, ["targets", *map(str, arguments)])


def test_the_command_prints_findings_for_a_machine():
    result = call("--json", "--seeds", SEEDS)
    assert result.exit_code == 0, result.output
    rows = json.loads(result.stdout)
    assert all(set(row) - {"sentence_zh", "unit"} == KEYS for row in rows)
    assert {row["grade"] for row in rows} == set(GRADES)
    assert {row["code"] for row in rows} == {
        "rate_count_total", "total_trend", "pace", "children_sum", "parent_gap", "jobs", "density",
        "rebasing", "document",
    }  # fmt: skip


def test_a_scenario_is_checked_with_its_own_regions_and_horizon(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("scenario: mine\nregions: [jinchang]\nhorizon: 2028\nensemble: {draws: 200}\n")
    result = call(path, "--json", "--seeds", SEEDS)
    assert result.exit_code == 0, result.output
    rows = json.loads(result.stdout)
    assert {row["region"] for row in rows} <= {"jinchang", "china", "gansu"}
    assert [row["year"] for row in rows if row["code"] == "total_trend"] == [2025]
    assert "beyond the horizon 2028" in result.stderr
    assert "jinchang 2030" in result.stderr


def test_a_scenario_moves_what_is_projected(tmp_path):
    path = tmp_path / "mine.yaml"
    lines = "scenario: mine\nregions: [jinchang]\nhorizon: 2030\nensemble: {draws: 200}\n"
    path.write_text(lines + "levers: {arrivals: 6}\n")
    rows = json.loads(call(path, "--json", "--seeds", SEEDS).stdout)
    path.write_text(lines)
    usual = json.loads(call(path, "--json", "--seeds", SEEDS).stdout)
    medians = [
        next(r["reference"] for r in found if r["code"] == "total_trend") for found in (rows, usual)
    ]
    assert medians[0] > 1.02 * medians[1]


def test_a_faulty_scenario_is_one_line_a_fault(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text("scenario: bad\nregions: [wuwie]\nhorizon: 2035\n")
    result = call(path, "--seeds", SEEDS)
    assert result.exit_code == 1
    assert "Did you mean wuwei" in result.stderr
    assert result.stdout == ""


def test_seeds_without_targets_say_so(seeds):
    from simmodel.errors import ScenarioError

    with pytest.raises(ScenarioError, match="no region has targets"):
        trend_of({"china": seeds.regions["china"]})


def test_a_repaired_copy_of_the_seeds_reports_it_no_more(tmp_path):
    copy = tmp_path / "seeds"
    shutil.copytree(SEEDS, copy)
    path = copy / "jinchang.yaml"
    text = path.read_text(encoding="utf-8")
    assert text.count("total_population, value: 48,") == 1
    path.write_text(
        text.replace("total_population, value: 48,", "total_population, value: 43,"),
        encoding="utf-8",
    )
    rows = json.loads(call("--json", "--seeds", copy).stdout)
    grades = [r["grade"] for r in rows if (r["code"], r["year"]) == ("total_trend", 2025)]
    assert grades == ["fine"]
