"""Seed files: what is accepted, what is refused and how, and what the shipped ones hold."""

import contextlib
import json
import os
import pickle
import re
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from ruamel.yaml import YAML

from simmodel.errors import FaultError, SeedError
from simmodel.forecast.observations import MEASURES, VINTAGE_AFTER, later_observations
from simmodel.inputs.region import BASE_YEAR, Observation
from simmodel.inputs.seed_checks import LATER_INDICATORS, LATER_VINTAGES
from simmodel.inputs.seed_folder import find_seeds
from simmodel.inputs.seeds import read_seeds
from simmodel.inputs.units import UNITS_OF, ObservedIndicator, TargetIndicator
from tests.faults_in_chinese import check_the_faults_are_said_in_chinese

HERE = Path(__file__).parent
VALID = HERE / "bad_seeds" / "valid"
BAD = sorted((HERE / "bad_seeds").glob("*.yaml"))
SHIPPED = HERE.parent / "seeds"


@pytest.fixture
def folder(tmp_path):
    return Path(shutil.copytree(VALID, tmp_path / "seeds"))


def patch(folder, case):
    """Make a valid folder faulty as a case says: replace text, replace a file, or delete it."""
    path = folder / case["file"]
    if case.get("delete"):
        path.unlink()
    elif "content" in case:
        path.write_text(case["content"], encoding="utf-8")
    changes = [[case["file"], case["replace"], case["with"]]] if "replace" in case else []
    for name, old, new in changes + case.get("also", []):
        text = (folder / name).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{name} must hold {old!r} once"
        (folder / name).write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_malformed_seed_file_is_reported_in_full_and_no_more(path, folder):
    comments = re.findall(r"^# expect: (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert comments, "a malformed file says in its first line what must be reported"
    patch(folder, YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")))
    with pytest.raises(FaultError) as caught:
        read_seeds(folder)
    found = str(caught.value).splitlines()
    for text in comments:
        whole = f"{folder}{os.sep}{text}" if re.match(r"\S+\.yaml:", text) else text
        assert any(whole in line for line in found), f"{text}\nis not in\n" + "\n".join(found)
    assert len(found) == len(comments), "\n".join(found)


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_malformed_seed_file_is_reported_in_chinese_too(path, folder):
    patch(folder, YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")))
    check_the_faults_are_said_in_chinese(lambda: read_seeds(folder))


def test_every_kind_of_fault_has_a_file():
    assert len(BAD) >= 30


@pytest.fixture(scope="module")
def shipped():
    return read_seeds(find_seeds(SHIPPED))


def test_the_shipped_seeds_are_sound(shipped):
    levels = [region.level for region in shipped.regions.values()]
    assert {level: levels.count(level) for level in levels} == {
        "nation": 1,
        "province": 2,
        "prefecture": 4,
        "county": 18,
    }
    assert list(shipped.regions) == sorted(shipped.regions)


def test_every_source_is_used(shipped):
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(SHIPPED.glob("*.yaml")))
    used = set(re.findall(r"\bsource: ([a-z]\w+)", text))
    assert used == set(shipped.sources)


def test_the_family_of_regions(shipped):
    assert shipped.tree.ancestors("wuwei.liangzhou") == ("wuwei", "gansu", "china")
    assert shipped.tree.ancestors("china") == ()
    assert shipped.tree.children("china") == ("gansu", "guizhou")
    assert shipped.tree.children("jinchang") == ("jinchang.jinchuan", "jinchang.yongchang")
    inside = shipped.tree.descendants("gansu")
    assert len(inside) == len(set(inside)) == 17
    assert inside.index("wuwei") < inside.index("wuwei.minqin")
    assert set(shipped.tree.descendants("china")) == set(shipped.regions) - {"china"}
    assert shipped.tree.parents["wuwei"] == "gansu"
    assert shipped.tree.parents["china"] is None


def test_programmes_and_districts_know_their_region(shipped):
    region, programme = shipped.programmes()["liupanshui_geohazard_resettlement"]
    assert (region, programme.value, programme.from_, programme.to) == (
        "liupanshui",
        3.79,
        2021,
        2025,
    )
    assert list(shipped.districts()) == [
        "liupanshui.central_city",
        "liupanshui.panzhou_urban_district",
        "liupanshui.liuzhi_urban_district",
    ]
    assert shipped.districts()["liupanshui.central_city"][0] == "liupanshui"


def test_an_unknown_region_is_named(shipped):
    with pytest.raises(SeedError, match=r"'wuwie' does not exist; allowed .* Did you mean wuwei\?"):
        shipped.region("wuwie")
    with pytest.raises(SeedError):
        shipped.tree.descendants("atlantis")


def test_seeds_survive_pickling(shipped):
    assert pickle.loads(pickle.dumps(shipped)) == shipped


def test_a_region_cannot_be_changed(shipped):
    with pytest.raises(ValidationError):
        shipped.regions["wuwei"].level = "county"


def test_the_smallest_folder_is_read(folder):
    seeds = read_seeds(folder)
    mid = seeds.regions["mid"]
    assert mid.baseline.census.age_sex.female == (12, 30, 8)
    assert not mid.baseline.census.age_sex.by_residence
    assert seeds.regions["land"].baseline.census.age_sex.by_residence
    assert mid.targets[2].value is None
    assert mid.boundary_events[0].from_ == "mid.west"
    assert seeds.regions["land"].parent is None


def test_the_hash_is_of_contents_and_not_of_ends_of_line_or_place(folder, tmp_path):
    first = read_seeds(folder)
    assert re.fullmatch("[0-9a-f]{64}", first.sha256)
    moved = Path(shutil.copytree(folder, tmp_path / "elsewhere"))
    path = moved / "mid.yaml"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert read_seeds(moved).sha256 == first.sha256
    path.write_bytes(path.read_bytes() + b"# a comment\n")
    assert read_seeds(moved).sha256 != first.sha256


def test_files_that_are_not_seeds_are_left_alone(folder):
    (folder / "README.md").write_text("words", encoding="utf-8")
    (folder / "._mid.yaml").write_bytes(b"\x00\x01")
    assert read_seeds(folder).sha256 == read_seeds(VALID).sha256


def test_where_seeds_are_looked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_seeds(None).resolve() == SHIPPED.resolve()
    (tmp_path / "seeds").mkdir()
    assert find_seeds(None).resolve() == (tmp_path / "seeds").resolve()
    assert find_seeds(VALID) == VALID
    with pytest.raises(SeedError, match="is not a folder"):
        find_seeds(tmp_path / "nothing")
    with pytest.raises(SeedError, match="holds no seed files"):
        read_seeds(find_seeds(None))
    with pytest.raises(SeedError, match="is not a folder"):
        read_seeds(tmp_path / "nothing")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["id", "source", "from", "census"]), inner, max_size=2)
    ),
    max_leaves=5,
)


def places(node, path=()):
    """Yield the path of every value in plain data."""
    steps = node.items() if isinstance(node, dict) else enumerate(node)
    for step, value in steps:
        yield (*path, step)
        if isinstance(value, (dict, list)):
            yield from places(value, (*path, step))


@settings(max_examples=60, deadline=None)
@given(st.data(), json_values)
def test_no_value_whatever_makes_anything_but_faults(tmp_path_factory, data, value):
    folder = tmp_path_factory.mktemp("any") / "seeds"
    shutil.copytree(VALID, folder)
    path = folder / data.draw(st.sampled_from(["mid.yaml", "mid.east.yaml", "sources.yaml"]))
    tree = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    *above, last = data.draw(st.sampled_from(list(places(tree))))
    node = tree
    for step in above:
        node = node[step]
    node[last] = value
    path.write_text(json.dumps(tree), encoding="utf-8")
    with contextlib.suppress(FaultError):
        read_seeds(folder)


def test_every_indicator_has_its_units():
    from typing import get_args

    assert set(UNITS_OF) == {*get_args(ObservedIndicator), *get_args(TargetIndicator)}


@pytest.mark.parametrize("value", [0, 0.0, 100])
def test_zero_is_a_value(value):
    data = {
        "indicator": "registered_unemployment_rate",
        "value": value,
        "unit": "percent",
        "year": 2020,
        "source": "plan",
        "place": "1",
    }
    assert Observation.model_validate(data).value == value


def test_the_index_read_without_figures_is_that_of_the_seeds(seeds):
    from simmodel.inputs.seed_folder import read_index

    index = read_index(seeds.directory)
    assert index.parents == seeds.tree.parents
    assert index.programmes == tuple(seeds.programmes())
    assert set(index.sources) == set(seeds.sources)


@pytest.fixture
def copied(tmp_path):
    return Path(shutil.copytree(SHIPPED, tmp_path / "seeds"))


def lines_of(folder):
    with pytest.raises(FaultError) as caught:
        read_seeds(folder)
    return str(caught.value).splitlines()


def observe(folder, region, indicator, value, unit, year, vintage="post_2020_census"):
    path = folder / f"{region}.yaml"
    new = (
        f"observations:\n  - {{indicator: {indicator}, value: {value}, unit: {unit}, year: {year}, "
        f"source: wuwei_plan_2021_2035, place: page, vintage: {vintage}}}\n"
    )
    text = path.read_text(encoding="utf-8")
    assert text.count("observations:\n") == 1
    path.write_text(text.replace("observations:\n", new), encoding="utf-8")


@pytest.mark.parametrize(
    ("indicator", "value", "unit", "year", "words"),
    [
        ("total_population", 1432700, "10k_persons", 2022, ". Did you mean persons?"),
        ("total_population", 143.27, "persons", 2022, ". Did you mean 10k_persons?"),
        ("total_population", 14.327, "10k_persons", 2022, "allowed 132.8757 to 161.5113"),
        ("total_population", 190, "10k_persons", 2025, "found 190 10k_persons"),
        ("urban_population", 687, "10k_persons", 2021, "5% a year from the count, 688697 persons"),
        ("urbanization_rate", 12, "percent", 2022, "allowed 37.01 to 57.01 percent"),
        ("urbanization_rate", 99.9, "percent", 2022, "5 points a year from the count, 47.01"),
        ("births", 15, "10k_persons", 2022, "0.10% to 5% of the count"),
        ("deaths", 9000, "10k_persons", 2022, ". Did you mean persons?"),
        ("urbanization_rate", 49, "percent", 2099, "a whole year up to 2026"),
    ],
)
def test_a_figure_that_cannot_follow_the_census_is_refused(
    copied, indicator, value, unit, year, words
):
    observe(copied, "wuwei", indicator, value, unit, year)
    (line,) = lines_of(copied)
    assert re.search(r"wuwei\.yaml:\d+: observations\[0\]\.(value|year): ", line)
    assert words in line


@pytest.mark.parametrize(
    ("indicator", "value", "unit"),
    [
        ("total_population", 1432700, "persons"),
        ("total_population", 143.27, "10k_persons"),
        ("urban_population", 70.5, "10k_persons"),
        ("urbanization_rate", 49.2, "percent"),
        ("births", 1.1, "10k_persons"),
    ],
)
def test_a_figure_that_can_follow_the_census_is_read(copied, indicator, value, unit):
    observe(copied, "wuwei", indicator, value, unit, 2022)
    assert read_seeds(copied).regions["wuwei"].observations[0].value == value


def test_the_figures_whose_vintage_is_checked_are_those_of_the_calibration():
    assert set(LATER_INDICATORS) == set(MEASURES)
    assert LATER_VINTAGES[0] == VINTAGE_AFTER[BASE_YEAR]


LATER = [
    ("urbanization_rate", 49.2, "percent"),
    ("total_population", 143.27, "10k_persons"),
    ("births", 1.1, "10k_persons"),
    ("deaths", 1.1, "10k_persons"),
]


@pytest.mark.parametrize("vintage", LATER_VINTAGES)
def test_a_later_figure_is_on_the_base_census_or_kept_out_of_the_calibration(copied, vintage):
    for indicator, value, unit in LATER:
        observe(copied, "wuwei", indicator, value, unit, 2022, vintage)
    used = later_observations(read_seeds(copied).regions["wuwei"], BASE_YEAR)
    assert len(used) == (len(LATER) if vintage == "post_2020_census" else 0)


def test_a_later_figure_of_another_vintage_is_refused(copied):
    for indicator, value, unit in LATER:
        observe(copied, "wuwei", indicator, value, unit, 2022, "pre_2020_census")
    lines = lines_of(copied)
    assert len(lines) == len(LATER)
    for place, line in enumerate(lines):
        assert re.search(rf"wuwei\.yaml:\d+: observations\[{place}\]\.vintage: ", line)
        assert "would be read as growth; found 'pre_2020_census'" in line


def test_earlier_figures_and_those_not_calibrated_may_be_of_any_vintage(copied):
    observe(copied, "wuwei", "urbanization_rate", 47.0, "percent", 2020, "census_2020")
    observe(copied, "wuwei", "urbanization_rate", 46.0, "percent", 2019, "pre_2020_census")
    observe(copied, "wuwei", "registered_population", 180, "10k_persons", 2022, "mixed")
    assert len(read_seeds(copied).regions["wuwei"].observations) >= 3


@pytest.mark.parametrize(
    ("indicator", "value", "unit", "words"),
    [
        # 2,109,750 residents; 244.85 万 registered.
        ("registered_population", 2448500, "10k_persons", ". Did you mean persons?"),
        (
            "registered_population",
            24.485,
            "10k_persons",
            "allowed 105.4875 to 421.9500 10k_persons",
        ),
        (
            "registered_population",
            4300000,
            "persons",
            "half to twice the residents counted in 2020",
        ),
        ("registered_urban_population", 689300, "10k_persons", ". Did you mean persons?"),
        (
            "registered_urban_population",
            244.86,
            "10k_persons",
            "no more than registered_population",
        ),
    ],
)
def test_registered_people_are_held_to_residents_and_to_each_other(
    copied, indicator, value, unit, words
):
    observe(copied, "linxia", indicator, value, unit, 2020, "plan")
    (line,) = lines_of(copied)
    assert re.search(r"linxia\.yaml:\d+: observations\[0\]\.value: ", line)
    assert words in line


@pytest.mark.parametrize(
    ("value", "unit", "key", "words"),
    [
        (2115456, "10k_persons", "value", "counted in 2010, 1946677 persons"),
        (2115456, "km2", "unit", "is not a number of people; found km2"),
    ],
)
def test_registered_people_beside_an_earlier_census_are_held_to_it(copied, value, unit, key, words):
    path = copied / "linxia.yaml"
    text = path.read_text(encoding="utf-8")
    old = "registered_population: {value: 2115456, unit: persons,"
    assert old in text
    new = old.replace("2115456", str(value)).replace("unit: persons", f"unit: {unit}")
    path.write_text(text.replace(old, new), encoding="utf-8")
    (line,) = lines_of(copied)
    assert re.search(rf"linxia\.yaml:\d+: history\[0\]\.registered_population\.{key}: ", line)
    assert words in line


def test_where_territory_was_moved_the_old_boundary_judges_little(copied):
    census = read_seeds(copied).regions["liupanshui.shuicheng"].baseline.census
    path = copied / "liupanshui.shuicheng.yaml"
    text = path.read_text(encoding="utf-8")
    for value, is_fine in ((census.total * 0.6, True), (census.total * 0.4, False)):
        path.write_text(text, encoding="utf-8")
        region = "liupanshui.shuicheng"
        observe(copied, region, "total_population", int(value), "persons", 2021)
        if is_fine:
            read_seeds(copied)
        else:
            (line,) = lines_of(copied)
            assert "half to twice the count" in line


def test_a_county_copied_under_a_new_id_is_named(copied):
    text = (copied / "wuwei.minqin.yaml").read_text(encoding="utf-8")
    text = text.replace("id: wuwei.minqin", "id: wuwei.newtown")
    (copied / "wuwei.newtown.yaml").write_text(text, encoding="utf-8")
    lines = lines_of(copied)
    assert len(lines) == 2
    for line, key in zip(lines, ("baseline.census", "history[0].census"), strict=True):
        assert f": {key}: is not the sum of the 5 counties counted, wuwei.gulang" in line
        assert "41 of 41 sums differ, most of all total" in line
        assert line.endswith("Is wuwei.minqin or wuwei.newtown one too many?")


def test_a_county_that_is_gone_is_missed(copied):
    gone = read_seeds(copied).regions["wuwei.minqin"].baseline.census.total
    (copied / "wuwei.minqin.yaml").unlink()
    lines = lines_of(copied)
    assert len(lines) == 2
    assert "the 3 counties counted, wuwei.gulang, wuwei.liangzhou, wuwei.tianzhu;" in lines[0]
    assert f"({-gone:+d})" in lines[0]
    assert lines[0].endswith("Is a county missing?")


@pytest.mark.parametrize("source", ["nosuch", "5", "", "''", "[a]", "2020-01-01"])
def test_a_bad_source_hides_no_sum_of_counties(copied, source):
    path = copied / "wuwei.liangzhou.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("source: census_2020_by_county", f"source: {source}", 1), encoding="utf-8"
    )
    (copied / "wuwei.minqin.yaml").unlink()
    lines = lines_of(copied)
    assert sum("is not the sum of the 3 counties" in line for line in lines) == 2
    assert any("wuwei.liangzhou.yaml" in line and ".source: " in line for line in lines)


def test_the_nation_says_what_it_lacks(copied):
    path = copied / "china.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r"(?ms)^history:.*?(?=^\S)", "", text), encoding="utf-8")
    (line,) = lines_of(copied)
    assert "china.yaml:2: history: has no census of 2010: the least a region needs is" in line
