"""Scenario files: what is accepted, what is refused and how, and that nothing is lost."""

import contextlib
import json
import math
import pickle
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from ruamel.yaml import YAML

from simmodel.errors import FaultError, SimmodelError
from simmodel.inputs import yaml
from simmodel.inputs.scenario import (
    BASE_YEAR,
    DRAWS_RANGE,
    HORIZON_RANGE,
    QUANTITIES,
    Scenario,
)
from simmodel.inputs.scenario_file import read_scenario, write_scenario
from simmodel.inputs.yaml import MAX_DEPTH, parse
from simmodel.levers import LEVERS
from tests.faults_in_chinese import check_the_faults_are_said_in_chinese

HERE = Path(__file__).parent
BAD = sorted((HERE / "bad_scenarios").glob("*.yaml"))
SHIPPED = sorted((HERE.parent / "scenarios").glob("*.yaml"))
PARENTS = {
    "china": None,
    "gansu": "china",
    "guizhou": "china",
    "linxia": "gansu",
    "liupanshui": "guizhou",
    "wuwei": "gansu",
    "wuwei.liangzhou": "wuwei",
}
WORLD = {
    "region_ids": PARENTS,
    "programme_ids": ["resettlement"],
    "source_ids": ["plan"],
}
# Of a scenario with one description, for Wuwei to 2030: no change of code changes a hash unseen.
PLAIN_SHA256 = "5419a788e4ae9bc8f093435cdf3a1849c6c7417fd8d68eb0251a23d1491e554d"
DESIGN = """\
scenario: retention_and_return
title: {en: Local retention and return, zh: 就近城镇化与返乡}
description: Two sentences on what it stands for.
regions: [wuwei, linxia, liupanshui, gansu]
horizon: 2035
levers:
  rural_exit: 1.0
  local_retention: {2020: 1.0, 2030: 1.25}
  arrivals: {2025: 1.2}
  life_expectancy: {2035: 2.0}
  wuwei: {local_retention: 1.1}
  wuwei.liangzhou: {arrivals: 0}
programmes: [resettlement]
ensemble: {draws: 2000, seed: 0}
"""


def write(folder, text, name="case.yaml"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def faults_of(path, **more):
    with pytest.raises(FaultError) as caught:
        read_scenario(path, **{**WORLD, **more})
    return str(caught.value).splitlines()


def expected(path):
    """Return the texts of the ``# expect:`` comments a malformed file begins with."""
    texts = []
    for line in path.read_bytes().decode("utf-8", "replace").split("\n"):
        if not line.startswith("# expect: "):
            return texts
        texts.append(line.removeprefix("# expect: "))
    return texts


@pytest.fixture
def design(tmp_path):
    return read_scenario(write(tmp_path, DESIGN), **WORLD)


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_malformed_scenario_is_reported_in_full_and_no_more(path):
    wanted = expected(path)
    assert wanted, "a malformed file says in its first line what must be reported"
    begin = time.perf_counter()
    found = faults_of(path)
    assert time.perf_counter() - begin < 5
    for text in wanted:
        whole = f"{path}:{text}" if re.match(r"\d+: ", text) else text
        assert any(whole in line for line in found), f"{whole}\nis not in\n" + "\n".join(found)
    assert len(found) == len(wanted), "\n".join(found)
    assert all(line.startswith(f"{path}:") and line.isprintable() for line in found)
    numbers = [int(line.removeprefix(f"{path}:").split(":")[0]) for line in found]
    assert numbers == sorted(numbers)


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_malformed_scenario_is_reported_in_chinese_too(path):
    check_the_faults_are_said_in_chinese(lambda: read_scenario(path, **WORLD))


SOUND = [*SHIPPED, *sorted((HERE.parent / "seeds").glob("*.yaml"))[::5]]


@pytest.mark.parametrize("path", SOUND, ids=lambda path: path.stem)
def test_both_parsers_read_the_same(path):
    arguments = path.read_text(encoding="utf-8"), path.name, (), True
    fast, strict = yaml._parse_sound(*arguments), yaml._parse_any(*arguments)
    assert fast == strict


@pytest.mark.parametrize("text", ["a:\tb", "a: b\tc", "&a:b", "a: *b", "a: 'b", "a: b\na: c"])
def test_what_the_parsers_may_read_differently_goes_to_the_strict_one(text):
    assert yaml._parse_sound(text, "case.yaml", (), True) is None


def test_every_kind_of_fault_has_a_file():
    assert len(BAD) >= 30


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_scenario_survives_writing_and_reading(path, tmp_path):
    from simmodel.inputs.seed_folder import find_seeds
    from simmodel.inputs.seeds import read_seeds

    seeds = read_seeds(find_seeds(HERE.parent / "seeds"))
    world = {
        "region_ids": seeds.tree.parents,
        "programme_ids": seeds.programmes(),
        "source_ids": seeds.sources,
    }
    scenario = read_scenario(path, **world)
    assert scenario.scenario == path.stem
    again = read_scenario(write(tmp_path, write_scenario(scenario)), **world)
    assert again == scenario
    assert again.sha256 == scenario.sha256


def test_defaults_are_filled_in(tmp_path):
    text = "scenario: least\nregions: [wuwei]\nhorizon: 2021\n"
    scenario = read_scenario(write(tmp_path, text), **WORLD)
    assert scenario.complete() == {
        "scenario": "least",
        "title": {"en": "least", "zh": "least"},
        "description": "",
        "regions": ["wuwei"],
        "horizon": 2021,
        "levers": {name: rule.neutral for name, rule in LEVERS.items()},
        "parameters": {},
        "programmes": [],
        "ensemble": {"draws": 2000, "seed": 20201101},
        "sources": [],
    }


def test_what_is_left_as_it_is_changes_no_hash(tmp_path):
    text = "scenario: least\nregions: [wuwei]\nhorizon: 2021\n"
    scenario = read_scenario(write(tmp_path, text), **WORLD)
    assert scenario.resolved() == {
        "scenario": "least",
        "regions": ["wuwei"],
        "horizon": 2021,
        "ensemble": {"draws": 2000, "seed": 20201101},
    }
    neutral = "\n  ".join(f"{name}: {rule.neutral}" for name, rule in LEVERS.items())
    same = read_scenario(
        write(tmp_path, f"{text}title: {{en: least}}\nlevers:\n  {neutral}\n"), **WORLD
    )
    assert same.sha256 == scenario.sha256
    own = read_scenario(write(tmp_path, f"{text}levers: {{wuwei: {{arrivals: 1.0}}}}\n"), **WORLD)
    assert own.resolved()["levers"] == {"wuwei": {"arrivals": 1.0}}


def test_a_number_holds_in_every_year_after_the_base():
    scenario = Scenario.model_validate(
        {"scenario": "s", "regions": ["wuwei"], "horizon": 2030, "levers": {"fertility": 1.5}}
    )
    values = [scenario.lever_at("fertility", ["wuwei"], year) for year in (2019, 2020, 2021, 2030)]
    assert values == [1.0, 1.0, 1.5, 1.5]


def test_a_path_is_linear_neutral_before_and_held_after(design):
    def at(name, year):
        return design.lever_at(name, ["linxia", "gansu"], year)

    assert [at("arrivals", year) for year in (2020, 2025, 2026, 2035)] == [1.0, 1.2, 1.2, 1.2]
    # neutral at the base year before the first knot: 1 + 0.2 * 3/5, worked by hand
    assert at("arrivals", 2023) == pytest.approx(1.12)
    assert at("local_retention", 2028) == pytest.approx(1.2)  # 1 + 0.25 * 8/10
    assert at("life_expectancy", 2020) == 0.0
    assert at("life_expectancy", 2026) == pytest.approx(0.8)  # 2 * 6/15


def test_a_knot_in_the_base_year_counts_there():
    levers = {"arrivals": {2020: 2, 2030: 1}}
    scenario = Scenario.model_validate(
        {"scenario": "s", "regions": ["wuwei"], "horizon": 2030, "levers": levers}
    )
    assert [scenario.lever_at("arrivals", [], y) for y in (2020, 2025, 2030)] == [2.0, 1.5, 1.0]


def test_the_nearest_region_that_sets_a_lever_counts(design):
    county = ["wuwei.liangzhou", "wuwei", "gansu", "china"]
    assert design.lever_at("arrivals", county, 2030) == 0.0  # zero is a value, not an absence
    assert design.lever_at("local_retention", county, 2030) == 1.1
    assert design.lever_at("local_retention", ["gansu", "china"], 2030) == 1.25
    assert design.lever_at("rural_exit", county, 2030) == 1.0


def test_an_unknown_lever_is_named(design):
    with pytest.raises(SimmodelError, match="lever 'returns' does not exist; allowed rural_exit"):
        design.lever_at("returns", ["wuwei"], 2030)


def test_seed_zero_is_kept(design):
    assert design.ensemble.seed == 0


def test_nothing_can_be_changed(design):
    with pytest.raises(ValidationError):
        design.horizon = 2050
    assert isinstance(design.levers.local_retention, tuple)


def test_a_scenario_survives_pickling(design):
    assert pickle.loads(pickle.dumps(design)) == design


def test_faults_survive_pickling(tmp_path):
    with pytest.raises(FaultError) as caught:
        read_scenario(tmp_path / "none.yaml", **WORLD)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_a_description_is_a_text_or_one_of_each_language(tmp_path):
    def read(text):
        lines = f"scenario: s\nregions: [wuwei]\nhorizon: 2030\n{text}"
        return read_scenario(write(tmp_path, lines), **WORLD)

    both = read("description: {en: More stay., zh: 更多人留下。}\n")
    assert (both.description.en, both.description.zh) == ("More stay.", "更多人留下。")
    assert both.resolved()["description"] == {"en": "More stay.", "zh": "更多人留下。"}
    # One text is the same as that text in either language, and as in both.
    plain = read("description: More stay.\n")
    assert plain.resolved()["description"] == "More stay."
    for text in ("{en: More stay.}", "{zh: More stay.}", "{en: More stay., zh: More stay.}"):
        assert read(f"description: {text}\n") == plain
    assert plain.sha256 == PLAIN_SHA256
    assert both.sha256 != plain.sha256


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("5", "4: description: is not text; found 5; allowed text, or {en: text, zh: text}"),
        ("[a]", "4: description: is not text; found a list; allowed text, or {en: text"),
        ("{en: 5}", "4: description.en: is not text; found 5"),
        ("{en: a, de: b}", "4: description.de: unknown key; allowed en, zh"),
        ('{en: "a\\a"}', "4: description.en: has a character that is not text; found U+0007"),
        ("{}", "4: description.en: required key is missing"),
    ],
)
def test_what_is_no_description_is_refused(tmp_path, text, said):
    lines = f"scenario: s\nregions: [wuwei]\nhorizon: 2030\ndescription: {text}\n"
    with pytest.raises(FaultError) as caught:
        read_scenario(write(tmp_path, lines), **WORLD)
    assert said in str(caught.value)


def test_a_title_in_one_language_serves_both(tmp_path):
    scenario = read_scenario(
        write(tmp_path, DESIGN.replace("en: Local retention and return, ", "")), **WORLD
    )
    assert scenario.title.en == scenario.title.zh == "就近城镇化与返乡"


def test_the_model_by_itself_refuses_knots_after_the_horizon():
    data = {"scenario": "s", "regions": ["a"], "horizon": 2030, "levers": {"arrivals": {2031: 1}}}
    with pytest.raises(ValidationError, match="knot after the horizon"):
        Scenario.model_validate(data)


def test_levers_inside_the_run_are_accepted(tmp_path):
    for own in ("gansu", "linxia", "china"):
        text = f"scenario: s\nregions: [gansu]\nhorizon: 2030\nlevers: {{{own}: {{arrivals: 2}}}}\n"
        scenario = read_scenario(write(tmp_path, text), **WORLD)
        assert list(scenario.levers.by_region) == [own]


# ---------------------------------------------------------------------------------- round trips


def values(name):
    rule = LEVERS[name]
    number = st.floats(rule.low, rule.high) | st.integers(int(rule.low), int(rule.high))
    years = st.integers(BASE_YEAR, 2040)
    return number | st.dictionaries(years, number, min_size=1, max_size=4)


levers = st.fixed_dictionaries({}, optional={name: values(name) for name in LEVERS})
own_levers = levers.filter(bool)
text = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]) | st.just("\n"), max_size=30)
ratio = st.floats(0.01, 0.9)  # which all of them may be
scenarios = st.fixed_dictionaries(
    {
        "scenario": st.from_regex(r"[a-z][a-z0-9_]{0,12}", fullmatch=True),
        "regions": st.lists(st.sampled_from(sorted(PARENTS)), min_size=1, unique=True),
        "horizon": st.integers(2040, HORIZON_RANGE[1]),
    },
    optional={
        "title": st.fixed_dictionaries({"en": text, "zh": text}),
        "description": text
        | st.sampled_from(["yes", "~", "2020-01-01", "1_000", "- x: #", "0x1"])
        | st.fixed_dictionaries({"en": text, "zh": text}),
        "levers": st.builds(
            lambda general, own: general | own,
            levers,
            st.dictionaries(st.just("china"), own_levers, max_size=1),
        ),
        "parameters": st.dictionaries(
            st.just("china"),
            st.dictionaries(st.sampled_from(sorted(QUANTITIES)), ratio, min_size=1),
        ),
        "programmes": st.just(["resettlement"]),
        "ensemble": st.fixed_dictionaries(
            {}, optional={"draws": st.integers(*DRAWS_RANGE), "seed": st.integers(0, 2**70)}
        ),
        "sources": st.lists(
            st.fixed_dictionaries({"source": st.just("plan"), "place": text, "for": text}),
            max_size=2,
        ),
    },
)


@given(scenarios)
def test_the_resolved_form_reads_back_to_the_same_scenario(tmp_path_factory, data):
    scenario = Scenario.model_validate(data)
    plain = scenario.complete()
    for form in (plain, scenario.resolved()):
        through_json = json.loads(json.dumps(form))
        assert through_json == form
        assert Scenario.model_validate(through_json) == scenario
    written = write_scenario(scenario)
    assert parse(written, "written").plain() == plain
    path = tmp_path_factory.getbasetemp() / "round_trip.yaml"
    path.write_text(written, encoding="utf-8")
    again = read_scenario(path, **WORLD)
    assert again == scenario
    assert write_scenario(again) == written
    assert again.sha256 == scenario.sha256
    # and any other reader of YAML 1.2 finds the same numbers and texts
    other = json.loads(json.dumps(YAML(typ="safe", pure=True).load(written)))
    assert other == plain


@given(scenarios, st.integers(BASE_YEAR, HORIZON_RANGE[1]))
def test_a_lever_never_leaves_its_bounds(data, year):
    scenario = Scenario.model_validate(data)
    for name, rule in LEVERS.items():
        value = scenario.lever_at(name, ["wuwei", "gansu", "china"], year)
        assert isinstance(value, float)
        assert math.isfinite(value)
        assert rule.low - 1e-12 <= value <= rule.high + 1e-12


@given(scenarios)
def test_the_hash_tells_scenarios_apart(data):
    scenario = Scenario.model_validate(data)
    changed = scenario.model_copy(update={"horizon": scenario.horizon - 1})
    assert scenario.sha256 != changed.sha256
    assert re.fullmatch("[0-9a-f]{64}", scenario.sha256)


def test_the_order_of_keys_does_not_change_the_hash(tmp_path):
    lines = DESIGN.splitlines(keepends=True)
    moved = "".join(lines[3:5] + lines[:3] + lines[5:])
    one, other = (read_scenario(write(tmp_path, t), **WORLD) for t in (DESIGN, moved))
    assert one.sha256 == other.sha256


# ------------------------------------------------------------------------------------ overrides


@pytest.mark.parametrize(
    ("override", "read"),
    [
        ("levers.local_retention=1.2", lambda s: s.levers.local_retention == 1.2),
        ("levers.arrivals={2020: 1, 2025: 1.3}", lambda s: s.levers.arrivals[1] == (2025, 1.3)),
        ("levers.arrivals.2030=1.4", lambda s: s.levers.arrivals == ((2025, 1.2), (2030, 1.4))),
        ("levers.wuwei.arrivals=1.1", lambda s: s.levers.by_region["wuwei"].arrivals == 1.1),
        (
            "levers.wuwei.liangzhou.arrivals=1.2",
            lambda s: s.levers.by_region["wuwei.liangzhou"].arrivals == 1.2,
        ),
        (
            "parameters.wuwei.local_retention=0.4",
            lambda s: s.parameters == {"wuwei": {"local_retention": 0.4}},
        ),
        (
            "parameters.wuwei.liangzhou.pace=2",
            lambda s: s.parameters == {"wuwei.liangzhou": {"pace": 2.0}},
        ),
        ("levers.linxia.fertility=0", lambda s: s.levers.by_region["linxia"].fertility == 0.0),
        ("levers.wuwei={fertility: 2}", lambda s: s.levers.by_region["wuwei"].arrivals is None),
        ("horizon=2050", lambda s: s.horizon == 2050),
        ("regions=[wuwei]", lambda s: s.regions == ("wuwei",)),
        ("ensemble.draws=500", lambda s: (s.ensemble.draws, s.ensemble.seed) == (500, 0)),
        ("ensemble.seed=7", lambda s: (s.ensemble.draws, s.ensemble.seed) == (2000, 7)),
        ('description="a = b"', lambda s: s.description.zh == "a = b"),
        ("description={en: a, zh: 甲}", lambda s: s.description.zh == "甲"),
        ("title.en=x", lambda s: s.title.en == "x"),
    ],
)
def test_set_replaces_one_value(tmp_path, override, read):
    path = write(tmp_path, DESIGN.replace("liupanshui, ", ""))
    assert read(read_scenario(path, **WORLD, overrides=[override]))


@pytest.mark.parametrize(
    ("overrides", "en", "zh"),
    [
        ((), "T", "题"),
        (("horizon=2030", "ensemble.draws=9"), "T", "题"),
        (("levers.arrivals=1.2",), "T (arrivals=1.2)", "题（arrivals=1.2）"),
        (
            ("levers.wuwei={arrivals: {2030: 2}}", "programmes=[]"),
            "T (wuwei={arrivals: {2030: 2.0}}, programmes=[])",
            "题（wuwei={arrivals: {2030: 2.0}}，programmes=[]）",
        ),
        (("levers.arrivals=1", "levers.arrivals=3"), "T (arrivals=3.0)", "题（arrivals=3.0）"),
        (("parameters.wuwei.pace=2", "title.en=Mine"), "Mine", "题"),
    ],
)
def test_a_measure_that_is_set_is_named_in_the_title(tmp_path, overrides, en, zh):
    path = write(
        tmp_path, "scenario: one\ntitle: {en: T, zh: 题}\nregions: [wuwei]\nhorizon: 2035\n"
    )
    title = read_scenario(path, **WORLD, overrides=overrides).title
    assert (title.en, title.zh) == (en, zh)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("levers.arrivals=fast", "--set: levers.arrivals: is text, not a number; found 'fast'"),
        ("levers.arrivals=", "--set: levers.arrivals: is empty"),
        ("levers.arrivals=null", "--set: levers.arrivals: has no value (null)"),
        ("levers.arrivals=[1", "is not valid YAML: expected ',' or ']'"),
        ("levers.arivals=1", "--set: levers.arivals: unknown key"),
        ("levers.wuwei.arivals=1", "--set: levers.wuwei.arivals: unknown key"),
        ("levers.arrivals.2050=1", "--set: levers.arrivals.2050: is a knot after the horizon"),
        ("levers.rural_exit.2030=1", "because levers.rural_exit is not a mapping; found 1.0"),
        ("levers.guizhou.x=1", "--set: levers.guizhou.x: unknown key"),
        ("levers.china..arrivals=1", "--set: levers.china.: unknown key"),
        ("horizon=soon", "--set: horizon: is text, not a number; found 'soon'"),
        ("horizn=2030", "--set: horizn: unknown key; allowed scenario"),
        ("regions=[nowhere]", "--set: regions[0]: region does not exist; found 'nowhere'"),
        ("regions.0=wuwei", "--set: regions.0: cannot be set, because regions is not a mapping"),
        ("horizon", "--set: is not an assignment; found 'horizon'; allowed key.path=value"),
        ("=3", "--set: is not an assignment; found '=3'"),
        (".".join("a" * 5000) + "=1", "--set: is not an assignment"),
        ("description=\x07", "--set: description: has a character that is not text; found U+0007"),
        ("\udcff=1", "--set: is not an assignment; found '\\udcff=1'"),
        ("a\nb=1", "--set: a\\nb: unknown key"),
    ],
)
def test_a_faulty_set_is_reported_under_its_own_name(tmp_path, override, message):
    lines = faults_of(write(tmp_path, DESIGN), overrides=[override])
    assert any(message in line for line in lines), lines
    assert len(lines) <= 2


def test_set_leaves_other_uses_of_an_alias_alone(tmp_path):
    text = (
        "scenario: s\nregions: [gansu]\nhorizon: 2030\n"
        "levers:\n  wuwei: &same {arrivals: 1.1}\n  linxia: *same\n"
    )
    path = write(tmp_path, text)
    scenario = read_scenario(path, **WORLD, overrides=["levers.wuwei.arrivals=2"])
    assert scenario.levers.by_region["wuwei"].arrivals == 2.0
    assert scenario.levers.by_region["linxia"].arrivals == 1.1


def test_the_last_of_two_sets_counts(tmp_path):
    overrides = ["horizon=2040", "horizon=2050"]
    assert read_scenario(write(tmp_path, DESIGN), **WORLD, overrides=overrides).horizon == 2050


def test_set_and_file_are_faulted_in_one_pass(tmp_path):
    path = write(tmp_path, DESIGN.replace("horizon: 2035", "horizon: never"))
    lines = faults_of(path, overrides=["ensemble.draws=0"])
    assert len(lines) == 2


# --------------------------------------------------------------------------------------- reading


def test_what_is_no_file_is_said_so(tmp_path):
    missing = tmp_path / "none.yaml"
    assert faults_of(missing) == [f"{missing}: does not exist"]
    assert faults_of(tmp_path) == [f"{tmp_path}: is a folder, not a file"]
    assert "cannot be read" in faults_of(write(tmp_path, "x") / "inside")[0]


def test_a_very_large_file_is_refused(tmp_path):
    path = write(tmp_path, "description: x\n" * 70_000)
    assert faults_of(path) == [f"{path}: is too large; allowed at most 1,000,000 bytes"]


@pytest.mark.parametrize("text", [DESIGN.replace("\n", "\r\n"), "\ufeff" + DESIGN])
def test_windows_files_are_read(tmp_path, text, design):
    path = tmp_path / "windows.yaml"
    path.write_bytes(text.encode("utf-8"))
    assert read_scenario(path, **WORLD) == design


def test_json_is_read(tmp_path, design):
    path = write(tmp_path, json.dumps(design.resolved()), "resolved.json")
    assert read_scenario(path, **WORLD) == design


def test_the_core_schema_decides_what_a_plain_word_is():
    text = "a: yes\nb: 0o17\nc: 1e3\nd: TRUE\ne: 1_000\nf: -.5\ng: 0x1F\nh: '1'\ni: off\nj: 007"
    assert parse(text, "x").plain() == {
        "a": "yes",
        "b": 15,
        "c": 1000.0,
        "d": True,
        "e": "1_000",
        "f": -0.5,
        "g": 31,
        "h": "1",
        "i": "off",
        "j": 7,
    }


def test_nesting_up_to_the_limit_is_read():
    deep = "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1)
    assert parse(f"a: {deep}", "x").faults == []


@given(
    st.text(
        st.sampled_from(list("ab:-[]{},&*!|>'\"#%@`?~<=. \n\t1\\x0u\u5d4c\u2028\x07")), max_size=60
    )
)
def test_no_text_whatever_makes_anything_but_faults(text):
    with contextlib.suppress(FaultError):
        parse(text, "x").plain()


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | text,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
        max_leaves=8,
    ),
    st.sampled_from(
        [
            "scenario",
            "title",
            "description",
            "regions",
            "horizon",
            "levers",
            "programmes",
            "ensemble",
            "sources",
        ]
    ),
)
def test_no_value_whatever_makes_anything_but_faults(tmp_path_factory, value, key):
    data = {"scenario": "s", "regions": ["wuwei"], "horizon": 2030, key: value}
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_text(json.dumps(data), encoding="utf-8")
    with contextlib.suppress(FaultError):
        read_scenario(path, **WORLD)


def test_the_declarations_import_pydantic_and_nothing_heavier():
    heavy = "{'numpy', 'scipy', 'xarray', 'matplotlib', 'ruamel.yaml'}"
    code = f"import sys, simmodel.inputs.scenario; print(sorted({heavy} & set(sys.modules)))"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=HERE.parent
    )
    assert run.stdout.strip() == "[]"
