"""The explorer: its numbers are those of the run of the scenario that it saves; its page works."""

import contextlib
import csv
import errno
import http.client
import io
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from fontTools.ttLib import TTFont
from hypothesis import given
from hypothesis import strategies as st

from simmodel.cli import main
from simmodel.errors import FaultError, ScenarioError, SimmodelError
from simmodel.explorer import page
from simmodel.explorer import server as server_module
from simmodel.explorer.charts import MEASURES, axis_range, fan, growth
from simmodel.explorer.explorer import MEDIAN, SHARES, Explorer
from simmodel.explorer.saving import SavingError, save, scenario_text
from simmodel.explorer.state import (
    InputProblem,
    State,
    describe,
    first_region,
    parse_value,
    phase_in_years,
    slider_range,
    state_of,
    trend_base,
)
from simmodel.inputs.scenario import Scenario
from simmodel.inputs.scenario_file import read_scenario
from simmodel.inputs.seeds import read_seeds
from simmodel.judging.likelihood import of_hundred
from simmodel.judging.verdicts import Judge
from simmodel.levers import LEVERS
from simmodel.report.wording import Phrases
from simmodel.results.run import run_scenario
from simmodel.simulation.projector import simulate
from simmodel.texts import LANGUAGES, text
from tests.conftest import ROOT, in_browser
from tests.test_report import rows_of

DRAWS = 150


def base_of(**more):
    data = {
        "scenario": "trend",
        "title": {"en": "Trend", "zh": "趋势延续"},
        "regions": ["wuwei", "linxia", "liupanshui", "gansu"],
        "horizon": 2035,
        "ensemble": {"draws": DRAWS, "seed": 7},
    }
    return Scenario.model_validate(data | more)


@pytest.fixture(scope="module")
def explorer(seeds, atlas, posteriors):
    return Explorer(base_of(), seeds, atlas, posteriors)


@pytest.fixture(scope="module")
def strained_folder(tmp_path_factory):
    """Seeds with programmes that some states, or the base, have too few people for.

    One region is named by what would be an attribute, were it written into a tag.
    """
    folder = tmp_path_factory.mktemp("strained") / "seeds"
    shutil.copytree(ROOT / "seeds", folder)
    for region, value, last in (
        ("liupanshui.panzhou", 34, 2035),
        ("linxia", 50, 2035),
        ("wuwei.minqin", 60, 2025),
    ):
        path = folder / f"{region}.yaml"
        text = path.read_text(encoding="utf-8").replace("{en: Linxia,", f"{{en: {HOSTILE!r},")
        source = text.partition("source: ")[2].splitlines()[0].strip()
        text += (
            f"programmes:\n  - {{id: {region.rpartition('.')[2]}_moves, names: {{en: Moves, "
            f"zh: 搬迁}}, value: {value}, unit: 10k_persons, from: 2021, to: {last}, "
            f"urban_share: 1.0, urban_share_note: 'assumption: made up', source: {source}, "
            "place: nowhere}\n"
        )
        path.write_text(text, encoding="utf-8")
    return folder


HOSTILE = 'Lin" onclick="alert(1)'
STRAINED = {
    "scenario": "strained",
    "title": {"en": "Strained", "zh": "吃紧"},
    "regions": ["liupanshui", "linxia", "wuwei"],
    "programmes": ["panzhou_moves", "linxia_moves", "minqin_moves"],
}


@pytest.fixture(scope="module")
def strained(strained_folder, posteriors):
    from simmodel.forecast.pooling_file import atlas_of

    there = read_seeds(strained_folder)
    return Explorer(base_of(**STRAINED), there, atlas_of(there), posteriors)


def read_back(path, seeds):
    return read_scenario(
        path,
        region_ids=seeds.tree.parents,
        programme_ids=list(seeds.programmes()),
        source_ids=list(seeds.sources),
    )


def check_against_run(explorer, state, scenario):
    """Every number of a state is the one that a run of its scenario gives, to the bit."""
    region = state.region
    _, dataset, verdicts, _ = run_scenario(
        scenario, explorer.seeds, explorer.atlas, explorer._posteriors
    )
    view, more = explorer.results(state), explorer.slow_results(state)
    here = dataset.sel(region=region)
    shares = list(SHARES)
    assert (here["urbanization_rate"].sel(quantile=shares).values == view.rate).all()
    assert (here["urban_population"].sel(quantile=shares).values == view.urban).all()
    assert view.years.tolist() == here["year"].values.tolist()
    for name, a_year in view.growth.items():
        assert (here[f"urban_growth_{name}_mean"].values[1:] == a_year).all()
    if more.registered is not None:
        rate = dataset["registered_urban_rate"].sel(registered_region=region, quantile=shares)
        assert (rate.values == more.registered).all()
    places = {region, *(d.id for d in explorer.atlas.regions[region].urban_districts)}
    wanted = [v for v in verdicts if v.region in places]
    found = explorer.in_order(region, view.verdicts, more.verdicts)
    assert [replace(v, scenario=scenario.scenario) for v in found] == wanted
    return view, more


# Numbers


@pytest.mark.parametrize(
    ("region", "by", "levers"),
    [
        ("wuwei", 2030, {"local_retention": 1.3, "life_expectancy": -2.0}),
        ("wuwei.minqin", None, {"arrivals": 1.5}),
        ("gansu", 2035, {"rural_exit": 0.8}),
        ("liupanshui", None, {"reclassification": 2.0}),  # has urban districts
        ("linxia", 2025, {"urban_registration": 2.0, "arrivals": 0.5}),  # has registered people
    ],
)
def test_the_numbers_are_those_of_the_run_of_the_file_saved(
    explorer, seeds, tmp_path, region, by, levers
):
    state = State(region, "zh", by, levers)
    path = save(explorer, state, "tried", tmp_path, "http://127.0.0.1:1/")
    view, more = check_against_run(explorer, state, read_back(path, seeds))
    assert (more.registered is not None) == (region == "linxia")
    assert bool(more.verdicts) == (region == "liupanshui")
    base = explorer.results(State(region, "zh"))
    assert (view.urban[1:, MEDIAN] != base.urban[1:, MEDIAN]).all()
    assert (view.urban[0] == base.urban[0]).all()


def test_the_base_is_the_base(explorer):
    state = State("liupanshui", "en")
    check_against_run(explorer, state, explorer.scenario(state))


def test_more_than_one_block_of_draws(seeds, atlas, posteriors):
    large = base_of(regions=["wuwei.minqin"], horizon=2022, ensemble={"draws": 1100, "seed": 0})
    explorer = Explorer(large, seeds, atlas, posteriors)
    state = State("wuwei.minqin", "en", 2022, {"arrivals": 2.0})
    check_against_run(explorer, state, explorer.scenario(state))


def test_a_state_looked_at_again_is_the_same(explorer):
    states = [State("wuwei", "en", None, {"arrivals": value}) for value in (2.0, 0.5, 2.0)]
    first, other, again = (explorer.results(state) for state in states)
    assert (first.rate == again.rate).all()
    assert (first.rate[1:] != other.rate[1:]).any()


def test_parts_of_growth_add_up_to_the_change(explorer, atlas, posteriors):
    state = State("wuwei.minqin", "en", None, {"rural_exit": 1.7})
    whole = simulate(explorer.scenario(state), atlas, posteriors.by_region)
    urban = whole.urban[whole.row("wuwei.minqin")].mean(axis=-1)
    total = sum(part.sum() for part in explorer.results(state).growth.values())
    assert total == pytest.approx(urban[-1] - urban[0], rel=1e-9)


def test_a_judge_of_some_places_judges_them_as_all(explorer, atlas, posteriors):
    scenario = explorer.scenario(State("liupanshui", "en"))
    whole = simulate(scenario, atlas, posteriors.by_region)
    everything = Judge(scenario, atlas, exact=True)
    some = Judge(scenario, atlas, exact=True, places=("liupanshui",))
    for judge in (everything, some):
        judge.add(whole)
    found = some.verdicts()
    assert found == [v for v in everything.verdicts() if v.region == "liupanshui"]
    assert 0 < len(found) < len(everything.verdicts())


# The scenario


def test_what_was_not_moved_stays_and_what_concerns_another_region_is_left_out(
    seeds, atlas, posteriors
):
    base = base_of(
        levers={
            "local_retention": {2020: 1.0, 2030: 1.25},
            "fertility": 1.1,
            "wuwei": {"arrivals": 1.2},
            "wuwei.minqin": {"fertility": 0.9},
            "wuwei.gulang": {"fertility": 0.8},
        },
        programmes=["liupanshui_geohazard_resettlement"],
    )
    explorer = Explorer(base, seeds, atlas, posteriors)
    state = State("wuwei.minqin", "en", 2030, {"arrivals": 2.0, "fertility": 1.5})
    levers = explorer.scenario(state).levers
    assert levers.local_retention == ((2020, 1.0), (2030, 1.25))
    assert set(levers.by_region) == {"wuwei", "wuwei.minqin"}
    assert levers.by_region["wuwei"].set_levers() == {"arrivals": 1.2}
    assert levers.by_region["wuwei.minqin"].set_levers() == {
        "arrivals": ((2020, 1.0), (2030, 2.0)),
        "fertility": ((2020, 1.0), (2030, 1.5)),
    }
    assert explorer.ignored_regions("wuwei.minqin") == ("wuwei.gulang",)
    assert explorer.scenario(state).programmes == ()
    kept = explorer.scenario(State("liupanshui", "en")).programmes
    assert kept == ("liupanshui_geohazard_resettlement",)
    assert explorer.base_value("wuwei.minqin", "local_retention") == 1.25
    assert explorer.base_setting("wuwei.minqin", "arrivals") == 1.2
    assert explorer.fixed_whole("wuwei.minqin") == "wuwei"
    assert explorer.fixed_whole("wuwei") is None
    check_against_run(explorer, state, explorer.scenario(state))


def test_a_lever_put_where_the_base_has_it_is_not_moved(explorer):
    moved = explorer.with_lever(State("wuwei", "en"), "arrivals", 2.0)
    assert moved.levers == {"arrivals": 2.0}
    assert explorer.with_lever(moved, "arrivals", 1.0).levers == {}
    assert explorer.with_lever(moved, "arrivals", 0.0).levers == {"arrivals": 0.0}


def test_step_by_step_stays_so_at_the_number_of_the_base(seeds, atlas, posteriors):
    base = base_of(levers={"wuwei": {"arrivals": 1.2, "fertility": {2020: 1.0, 2030: 1.3}}})
    explorer = Explorer(base, seeds, atlas, posteriors)
    at_once, by_2030 = State("wuwei", "en"), State("wuwei", "en", 2030)
    assert explorer.with_lever(at_once, "arrivals", 1.2).levers == {}
    path = explorer.with_lever(by_2030, "arrivals", 1.2)
    own = explorer.scenario(path).levers.by_region["wuwei"]
    assert own.set_levers()["arrivals"] == ((2020, 1.0), (2030, 1.2))
    # What is written would be the very path of the base.
    assert explorer.with_lever(by_2030, "fertility", 1.3).levers == {}
    assert explorer.with_lever(at_once, "fertility", 1.3).levers == {"fertility": 1.3}
    # A path that stays where it is is a number.
    assert explorer.with_lever(by_2030, "rural_exit", 1.0).levers == {}


def test_registration_is_offered_where_it_changes_something(explorer):
    assert "urban_registration" not in explorer.levers(State("wuwei", "en"))
    assert explorer.levers(State("linxia", "en")) == tuple(LEVERS)
    moved = State("wuwei", "en", None, {"urban_registration": 2.0})
    assert "urban_registration" in explorer.levers(moved)


def test_the_file_says_what_is_not_default_and_nothing_else(explorer, tmp_path):
    state = State("wuwei", "en", 2030, {"arrivals": 1.25, "life_expectancy": 1.0})
    path = save(explorer, state, "more_arrivals", tmp_path, "http://127.0.0.1:8765/?region=wuwei")
    text = path.read_text(encoding="utf-8")
    assert text.startswith("scenario: more_arrivals\ntitle: {en: ")
    assert text[text.index("\nregions:") :].splitlines()[1:] == [
        "regions: [wuwei]",
        "horizon: 2035",
        "levers:",
        "  wuwei:",
        "    arrivals: {2020: 1.0, 2030: 1.25}",
        "    life_expectancy: {2020: 0.0, 2030: 1.0}",
        f"ensemble: {{draws: {DRAWS}, seed: 7}}",
    ]
    assert "Trend" in text
    assert "arrivals ×1.25, life expectancy +1" in " ".join(text.split())


def test_every_shipped_scenario_survives_being_written(shipped, seeds, tmp_path):
    for name, scenario in shipped.items():
        path = tmp_path / f"{name}.yaml"
        path.write_text(scenario_text(scenario), encoding="utf-8")
        assert read_back(path, seeds) == scenario


@pytest.mark.parametrize("words", ["?0", ": a", "- x", "yes", "# n", "a: b", "'", '"'])
def test_a_base_of_any_title_survives_being_written(words, seeds, tmp_path):
    scenario = base_of(title={"en": words, "zh": words}, description={"en": words, "zh": "是"})
    path = tmp_path / "words.yaml"
    path.write_text(scenario_text(scenario), encoding="utf-8")
    assert read_back(path, seeds) == scenario


@pytest.mark.parametrize("name", ["", "Mine", "2030", "a-b", "../up", "a.b", "名", "a\n"])
def test_a_name_that_cannot_be_one_is_refused(explorer, tmp_path, name):
    with pytest.raises(SavingError) as refused:
        save(explorer, State("wuwei", "en"), name, tmp_path, "")
    assert refused.value.problem.key == "explorer.bad_name"
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_left_alone(explorer, tmp_path):
    (tmp_path / "mine.yaml").write_text("mine", encoding="utf-8")
    (tmp_path / "link.yaml").symlink_to(tmp_path / "nowhere.yaml")
    for name in ("mine", "link"):
        with pytest.raises(SavingError, match=f"{name}.yaml is there already"):
            save(explorer, State("wuwei", "en"), name, tmp_path, "")
    assert (tmp_path / "mine.yaml").read_text(encoding="utf-8") == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.yaml", "mine.yaml"]


def test_a_folder_that_is_not_there_is_made(explorer, tmp_path):
    path = save(explorer, State("wuwei", "en"), "a", tmp_path / "not" / "yet", "")
    assert path == tmp_path / "not" / "yet" / "a.yaml"
    assert path.is_file()


def test_a_name_too_long_for_a_file_is_told(explorer, tmp_path):
    with pytest.raises(SavingError, match=r"cannot write there \(File name too long\)"):
        save(explorer, State("wuwei", "en"), "a" * 300, tmp_path, "")


@pytest.mark.parametrize("below", ["", "below"])
def test_a_file_where_the_folder_should_be_is_told(explorer, tmp_path, below):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(SavingError, match=r"a.yaml: cannot write there \((File exists|Not a dir)"):
        save(explorer, State("wuwei", "en"), "a", tmp_path / "file" / below, "")


@pytest.mark.parametrize(
    ("owner", "call"),
    [
        (tempfile, "TemporaryDirectory"),
        (Path, "write_text"),  # into the temporary folder
        (Path, "mkdir"),
        (Path, "open"),
    ],
)
def test_whatever_a_disk_refuses_is_told(explorer, tmp_path, monkeypatch, owner, call):
    explorer.results(State("wuwei", "en"))
    explorer.slow_results(State("wuwei", "en"))

    def full(*_arguments, **_options):
        raise OSError(errno.ENOSPC, "No space left on device", "/full")

    monkeypatch.setattr(owner, call, full)
    with pytest.raises(SavingError, match=r"a.yaml: cannot write there \(No space left on device"):
        save(explorer, State("wuwei", "en"), "a", tmp_path, "")
    monkeypatch.undo()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_saved_is_described_in_both_languages(explorer, seeds, tmp_path, language):
    state = State("wuwei", language, 2030, {"arrivals": 1.25})
    told = read_back(save(explorer, state, "told", tmp_path, "http://here/"), seeds).description
    assert 'Base: "Trend"' in told.en
    assert "Moved: arrivals ×1.25; step by step until 2030. http://here/" in told.en
    assert "基准：“趋势延续”" in told.zh
    assert "逐年推进，2030年到位" in told.zh


@pytest.mark.parametrize(
    ("region", "part"),
    [("linxia", "results"), ("liupanshui", "slow_results")],
)
def test_what_cannot_be_projected_is_not_saved(strained, tmp_path, region, part):
    save(strained, State(region, "en"), "sound", tmp_path, "")
    state = State(region, "en", None, {"rural_exit": 10.0})
    if part == "slow_results":
        strained.results(state)
    with pytest.raises(ScenarioError, match="takes more people than there are"):
        getattr(strained, part)(state)
    with pytest.raises(SavingError) as refused:
        save(strained, state, "unsound", tmp_path, "")
    assert refused.value.problem == InputProblem("explorer.cannot", {"place": region})
    assert [path.name for path in tmp_path.iterdir()] == ["sound.yaml"]


def test_more_draws_than_can_be_kept_are_refused(seeds, atlas, posteriors):
    base = base_of(regions=["gansu"], ensemble={"draws": 1_000_000, "seed": 1})
    with pytest.raises(SimmodelError, match="choose fewer with --draws"):
        Explorer(base, seeds, atlas, posteriors)


# The address

values = {
    lever: st.floats(rule.low, rule.high).map(lambda value: value + 0.0)
    for lever, rule in LEVERS.items()
}


def asked_for(explorer, query):
    return state_of(query, State("gansu", "en"), explorer.regions, explorer.base.horizon)


@given(data=st.data())
def test_an_address_gives_back_its_state(explorer, data):
    state = State(
        data.draw(st.sampled_from(explorer.regions)),
        data.draw(st.sampled_from(LANGUAGES)),
        data.draw(st.sampled_from([None, *phase_in_years(2035)])),
    )
    for lever in data.draw(st.permutations(list(LEVERS)))[: data.draw(st.integers(0, 8))]:
        state = state.moved(lever, data.draw(values[lever]))
    assert asked_for(explorer, state.query()) == (state, [])


@pytest.mark.parametrize(
    ("query", "keys", "said"),
    [
        ("region=wuwey", ["no_region"], "did you mean wuwei?"),
        ("region=atlantis_city", ["no_region"], "shown instead"),
        ("arivals=2", ["no_lever"], "did you mean arrivals?"),
        ("zzz=2", ["no_lever"], "allowed: rural_exit"),
        ("arrivals=much", ["no_number"], '"much" is no number; allowed: 0 to 10'),
        ("arrivals=", ["no_number"], "is no number"),
        ("arrivals=nan", ["no_number"], "is no number"),
        ("arrivals=1_0", ["no_number"], "is no number"),
        ("arrivals=10.01", ["out_of_bounds"], "out of range; allowed: 0 to 10"),
        ("life_expectancy=-11", ["out_of_bounds"], "allowed: -10 to 10"),
        ("arrivals=1e999", ["out_of_bounds"], "out of range"),
        ("arrivals=2&arrivals=3", ["twice"], '"arrivals" stands twice'),
        ("by=2031", ["no_year"], "allowed: 2025, 2030, 2035"),
        ("lang=fr", ["no_language"], 'no language "fr"'),
        ("lang=fr&by=x&fertility=x", ["no_language", "no_year", "no_number"], "fr"),
    ],
)
def test_what_is_wrong_with_an_address_is_said_and_left_out(explorer, query, keys, said):
    state, found = asked_for(explorer, query)
    assert [problem.key for problem in found] == [f"explorer.{key}" for key in keys]
    assert said in describe(Phrases("en", explorer.seeds), found[0])
    assert describe(Phrases("zh", explorer.seeds), found[0])
    assert state == State("gansu", "en", None, {"arrivals": 2.0} if "twice" in keys else {})


def test_what_is_typed():
    assert parse_value(" ×1.5 ", "arrivals") == 1.5
    assert parse_value("0", "arrivals") == 0.0
    assert parse_value("　１．２５", "arrivals") == 1.25
    assert parse_value("－２", "life_expectancy") == -2.0
    assert parse_value("＋２", "life_expectancy") == 2.0
    assert isinstance(parse_value("倍", "arrivals"), InputProblem)
    assert isinstance(parse_value("1²", "arrivals"), InputProblem)
    assert str(parse_value("-0", "life_expectancy")) == "0.0"
    assert isinstance(parse_value("1,5", "arrivals"), InputProblem)
    assert slider_range("arrivals", 3.0) == (0.0, 3.0)
    assert slider_range("life_expectancy", -5.5) == (-10.0, 10.0)


# The charts


@given(st.floats(-1e3, 1e3), st.floats(0, 1e3))
def test_an_axis_holds_all_values(low, more):
    first, last = axis_range(low, low + more)
    assert first <= low + 1e-9
    assert last >= low + more - 1e-9
    assert last > first


@pytest.mark.parametrize("measure", MEASURES)
def test_the_charts_show_the_numbers_of_the_state(explorer, seeds, measure):
    view = explorer.results(State("wuwei", "en", None, {"arrivals": 2.0}))
    base, phrases = explorer.results(State("wuwei", "en")), Phrases("en", seeds)
    shown = {
        trace.get("name"): trace["y"] for trace in fan(view, base, measure, [], phrases)["data"]
    }
    rate = measure == "urbanization_rate"
    for key, one in (("explorer.your_median", view), ("explorer.base_median", base)):
        wanted = one.rate * 100.0 if rate else one.urban * 1e-4
        assert shown[phrases.say(key)] == wanted[:, MEDIAN].tolist()
    assert bool(shown.get("target")) == rate
    bars = {trace["name"]: trace["y"] for trace in growth(view, base, phrases)["data"]}
    for name, a_year in view.growth.items():
        assert (
            bars.get(phrases.say(f"charts.component.{name}"), [0.0] * 15) == (a_year / 1e4).tolist()
        )


# The command


def explore(*arguments):
    return CliRunner().invoke(main, ["explore", *arguments, "--seeds", str(ROOT / "seeds")])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--port", "70000"], "--port: is out of range; found 70000; allowed 0 to 65535"),
        (["--port", "-1"], "--port: is out of range; found -1"),
        (["--region", "wuwey"], "Did you mean wuwei?"),
        (["--region", "guizhou"], "--region: is not in trend; found 'guizhou'"),
        (["--draws", "0"], "ensemble.draws: is out of range; found 0; allowed a whole number"),
        (["--seed", "-1"], "ensemble.seed: is out of range; found -1"),
        (["--out", str(ROOT / "pyproject.toml")], "cannot write there"),
        (["nowhere.yaml"], "nowhere.yaml: does not exist"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(arguments, said):
    done = explore(*arguments)
    assert done.exit_code == 1
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stdout == ""


def test_a_port_in_use_is_told_with_what_to_do():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = explore("--port", str(port))
    assert done.exit_code == 1
    assert done.stderr.strip() == (
        f"--port: {port} cannot be used (Address already in use); choose another, or 0 for any "
        "free one"
    )


def test_only_this_machine_is_listened_to():
    with server_module.listen(0) as listening:
        assert listening.getsockname()[0] == "127.0.0.1"


@pytest.mark.parametrize(
    "place",
    [
        "simmodel.cli.scenarios.workspace_of",
        "simmodel.explorer.server.listen",
        "simmodel.explorer.server.serve",
    ],
)
def test_an_interrupt_ends_it_quietly_at_any_time(monkeypatch, place):
    def interrupted(*_arguments, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr(place, interrupted)
    done = explore("--port", "0", "--no-browser")
    assert (done.exit_code, done.output) == (0, "")


@pytest.mark.parametrize(
    ("found", "started", "called"),
    [
        ("/usr/bin/simmodel", "/venv/bin/simmodel", "simmodel"),
        (None, "/venv/bin/simmodel", "/venv/bin/simmodel"),
        (None, "/venv/lib/simmodel/__main__.py", "simmodel"),
    ],
)
def test_the_command_can_be_run_where_explore_was(monkeypatch, found, started, called):
    monkeypatch.setattr(page.shutil, "which", lambda name: found)
    monkeypatch.setattr(sys, "argv", [started])
    assert page.program() == called


def test_the_extra_that_is_missing_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "nicegui", None)
    done = explore()
    assert done.exit_code == 1
    assert done.stderr.strip() == (
        'explore needs NiceGUI, which is not installed: pip install "simmodel[explore]"'
    )


def test_a_port_that_is_no_number_is_a_malformed_command():
    assert explore("--port", "http").exit_code == 2


@pytest.mark.parametrize("opens", [True, False])
def test_where_no_browser_opens_the_address_is_told(monkeypatch, opens):
    monkeypatch.setattr(server_module.webbrowser, "open", lambda link: opens)
    said = []
    server_module._open("http://127.0.0.1:1/", "no browser opens here", said.append)
    assert said == ([] if opens else ["no browser opens here"])


def test_the_trend_of_its_own_has_names_in_both_languages(seeds, atlas):
    trend = trend_base(seeds.regions, None, 0)
    assert (trend.title.en, trend.title.zh) == ("Trend", "趋势延续")
    assert trend.ensemble.seed == 0
    first = first_region(None, trend, atlas, preferred_level="prefecture")
    assert atlas.regions[first].level == "prefecture"
    assert first_region(None, base_of(), atlas) == "wuwei"
    with pytest.raises(FaultError, match="seed: is out of range"):
        trend_base(seeds.regions, None, -1)


# The page in a browser


@contextlib.contextmanager
def serving(out, *arguments, start=(sys.executable, "-m", "simmodel"), told=""):
    """`simmodel explore`, served, and ended as one ends it; ``told`` is all it says of faults."""
    command = [*start, "explore", *arguments, "--port", "0"]
    command += ["--no-browser", "--draws", str(DRAWS), "--lang", "en", "--out", str(out)]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
        cwd=ROOT,
    ) as process:
        link = process.stdout.readline().strip()
        try:
            yield SimpleNamespace(link=link, address=link.partition("?")[0], out=out)
        finally:
            process.send_signal(signal.SIGINT)
            output, errors = process.communicate(timeout=20)
        assert (process.returncode, output) == (0, "")
        first, _, rest = errors.partition("\n")
        assert first == "Ctrl-C ends it / 按Ctrl-C结束"
        assert told in rest if told else rest == ""


@pytest.fixture(scope="module")
def server(tmp_path_factory, posteriors):
    """The shipped regions; posteriors only so that the kernel is compiled."""
    del posteriors
    with serving(tmp_path_factory.mktemp("saved"), "--region", "wuwei") as found:
        yield found


@pytest.fixture(scope="module")
def strained_server(tmp_path_factory, strained_folder, posteriors):
    del posteriors
    folder = tmp_path_factory.mktemp("strained_out")
    path = folder / "strained.yaml"
    path.write_text(scenario_text(base_of(**STRAINED)), encoding="utf-8")
    seeds = ["--seeds", str(strained_folder)]
    with serving(folder, str(path), "--region", "liupanshui", *seeds) as found:
        yield found


class Visit:
    """The page being looked at, with what it said and asked for."""

    def __init__(self, browser, address, width=1400):
        self.page = browser.new_page(viewport={"width": width, "height": 900})
        self.said, self.asked = [], []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(address)
        self.wait()

    def wait(self):
        self.page.wait_for_selector(".chart.fan .main-svg")
        self.page.wait_for_selector(".chart.growth .main-svg")

    def text(self, name):
        return self.page.locator(name).first.inner_text()

    def press(self, lever, key, times):
        """Move a lever's slider with the keyboard, and wait for the address to follow."""
        before = self.page.url
        self.page.locator(f'[data-lever="{lever}"] .q-slider [tabindex]').focus()
        for _ in range(times):
            self.page.keyboard.press(key)
        self.page.wait_for_function("(before) => location.href !== before", arg=before)

    def shown(self):
        """Everything that depends on the state."""
        names = (".answer", ".shows table.aims", ".shows table.parts")
        return [self.text(name) for name in names]

    def cells(self, name):
        return [
            [cell.inner_text() for cell in row.locator("th, td").all()]
            for row in self.page.locator(f"{name} tbody tr").all()
        ]


@in_browser
def test_a_slider_is_moved_saved_and_run(server, browser, tmp_path):
    visit = Visit(browser, server.link)
    page = visit.page
    before = visit.shown()
    visit.press("arrivals", "ArrowRight", 20)
    assert page.url == f"{server.address}?region=wuwei&lang=en&arrivals=2"
    after = visit.shown()
    assert all(new != old for new, old in zip(after, before, strict=True))
    field = page.locator('[data-lever="rural_exit"] input')
    field.fill("1.234")
    field.press("Enter")
    page.wait_for_url("**/?region=wuwei&lang=en&rural_exit=1.234&arrivals=2")
    moved = visit.shown()
    assert moved != after
    page.reload()
    visit.wait()
    assert visit.shown() == moved
    page.locator(".file input").fill("from_page")
    page.locator("button.save").click()
    page.wait_for_selector(".saved code")
    saved = server.out / "from_page.yaml"
    assert visit.text(".saved code") == f"simmodel run {saved}"
    assert visit.said == []
    command = [sys.executable, "-m", "simmodel", "run", str(saved), "--out", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    check_page_against_files(visit, tmp_path / "from_page")


def check_page_against_files(visit, folder):
    """What the page shows is what `simmodel run` wrote."""
    verdicts = [row for row in rows_of(folder / "verdicts.csv") if row["region"] == "wuwei"]
    rows = visit.cells("table.aims")
    assert len(rows) == len(verdicts) > 0
    for (_, chance, _, median), verdict in zip(rows, verdicts, strict=True):
        if verdict["probability"]:
            assert chance == of_hundred(float(verdict["probability"]))
            assert median.startswith(f"{float(verdict['median']):.1f}\u00a0%")
        else:
            assert chance == "not modelled"
    with (folder / "projection.csv").open(encoding="utf-8", newline="") as file:
        found = {
            (row["variable"], int(row["year"]), row["quantile"]): float(row["value"])
            for row in csv.DictReader(file)
            if row["region"] == "wuwei"
        }
    traces = visit.page.evaluate(
        "document.querySelector('.chart.fan').data.map(t => [t.name || '', t.x, Array.from(t.y)])"
    )
    years, median = next((x, y) for name, x, y in traces if name == "your levers, median")
    assert years == list(range(2020, 2036))
    for year, value in zip(years, median, strict=True):
        assert value == pytest.approx(100 * found["urbanization_rate", year, "0.5"], rel=1e-9)
    ends = [f"{100 * found['urbanization_rate', 2035, q]:.1f}" for q in ("0.05", "0.95")]
    assert f"90 % of futures: {ends[0]} to {ends[1]}\u00a0%" in visit.text(".answer .interval")
    sums = {cells[0]: cells[1] for cells in visit.cells("table.parts")}
    change = found["urban_population", 2035, "mean"] - found["urban_population", 2020, "mean"]
    assert sums["net change"] == f"{change / 1e4:+,.1f}".replace("-", "−")
    inside = sum(
        found["urban_growth_internal_migration", year, "mean"] for year in range(2021, 2036)
    )
    assert sums["internal migration"] == f"{inside / 1e4:+,.1f}".replace("-", "−")


@in_browser
@pytest.mark.parametrize(("language", "width"), [("zh", 400), ("en", 1400)])
def test_the_page_asks_nobody_and_lacks_no_letter(server, browser, language, width):
    visit = Visit(browser, f"{server.address}?region=wuwei.minqin&lang={language}", width)
    page = visit.page
    page.wait_for_timeout(300)
    assert visit.said == []
    assert [url for url in visit.asked if not url.startswith((server.address, "data:"))] == []
    assert text("explorer.title", language) in visit.text("h1")
    assert page.evaluate("document.documentElement.lang").startswith(language)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    with TTFont(io.BytesIO(page.request.get(f"{server.address}dossier.woff").body())) as font:
        drawn = font.getBestCmap().keys()
    shown = page.evaluate("document.body.innerText")
    # The signs of buttons are names in a font of signs.
    assert {c for c in shown.replace("undo", "") if ord(c) not in drawn} <= set("\n\t\u200b")
    fonts = page.evaluate(
        "Array.from(document.fonts).filter(f => f.status === 'loaded').map(f => f.family)"
    )
    assert any("Dossier" in family for family in fonts)


@in_browser
def test_a_bad_address_is_said_on_the_page(server, browser):
    visit = Visit(browser, f"{server.address}?region=wuwei&lang=zh&arrivals=11&foo=1")
    said = visit.text(".complaints")
    assert "迁入人口：“11”超出范围；允许0—10；未改动" in said
    assert "没有可调因素“foo”" in said
    assert visit.page.locator(".lever.moved").count() == 0
    field = visit.page.locator('[data-lever="arrivals"] input')
    field.fill("许多")
    field.press("Enter")
    visit.page.wait_for_function(
        "document.querySelector('[data-lever=arrivals] .wrong').textContent.includes('不是数字')"
    )


@in_browser
def test_districts_and_the_pace_follow_and_all_goes_back(server, browser):
    visit = Visit(browser, f"{server.address}?region=liupanshui&lang=en&by=2030&arrivals=2.5")
    before = visit.cells("table.aims")
    assert any(row[0].startswith("Central city") and row[1] != row[2] for row in before)
    visit.page.locator(".how").click()
    visit.page.get_by_role("option", name="at once").click()
    visit.page.wait_for_url("**/?region=liupanshui&lang=en&arrivals=2.5")
    visit.page.wait_for_function("document.querySelectorAll('tr.waiting').length === 0")
    assert visit.cells("table.aims") != before
    visit.page.locator("button.reset-all").click()
    visit.page.wait_for_url("**/?region=liupanshui&lang=en")
    visit.page.wait_for_function("document.querySelectorAll('tr.waiting').length === 0")
    assert all(row[1] == row[2] for row in visit.cells("table.aims"))


@in_browser
def test_a_number_is_typed_in_peace(server, browser):
    visit = Visit(browser, server.link)
    page = visit.page
    retention = page.locator('[data-lever="local_retention"] input')
    arrivals = page.locator('[data-lever="arrivals"]')
    retention.fill("1.2")
    retention.press("Enter")
    # What the other lever changes arrives while this is typed.
    arrivals.locator("input").fill("")
    arrivals.locator("input").press_sequentially("1.5", delay=250)
    assert arrivals.locator("input").input_value() == "1.5"
    arrivals.locator("input").press("Enter")
    page.wait_for_url("**/?region=wuwei&lang=en&local_retention=1.2&arrivals=1.5")
    arrivals.locator("input").fill("12")
    arrivals.locator("input").press("Enter")
    wrong = arrivals.locator(".wrong")
    wrong.get_by_text("out of range").wait_for()
    visit.press("rural_exit", "ArrowRight", 4)
    assert "rural_exit=1.2&local_retention=1.2&arrivals=1.5" in page.url
    assert arrivals.locator("input").input_value() == "12"
    assert "out of range" in wrong.inner_text()
    # The lever's own slider, and its way back, put the field right.
    visit.press("arrivals", "ArrowRight", 1)
    assert "arrivals=1.55" in page.url
    assert arrivals.locator("input").input_value() == "1.55"
    assert wrong.inner_text() == ""
    arrivals.locator("input").fill("much")
    arrivals.locator("input").press("Enter")
    wrong.get_by_text("is no number").wait_for()
    arrivals.locator("button").click()
    page.wait_for_function("() => !location.href.includes('arrivals')")
    assert arrivals.locator("input").input_value() == "1"
    # What says the same in other words is put as the house writes it when the field is left.
    arrivals.locator("input").fill("×１．５０倍")
    arrivals.locator("input").blur()
    page.wait_for_url("**arrivals=1.5")
    assert arrivals.locator("input").input_value() == "1.5"
    assert visit.said == []


@in_browser
@pytest.mark.parametrize(
    ("region", "everything"),
    [("linxia", True), ("liupanshui", False)],  # in the fast pass, in the slow one
)
def test_a_state_that_cannot_be_is_marked_and_the_page_lives_on(
    strained_server, browser, region, everything
):
    visit = Visit(browser, f"{strained_server.address}?region={region}&lang=zh")
    page = visit.page
    page.locator('[data-lever="rural_exit"] input').fill("10")
    page.locator('[data-lever="rural_exit"] input').press("Enter")
    page.wait_for_selector(".answer .wrong")
    said = visit.text(".answer .wrong")
    assert "无法推算：部分模拟中需要迁移的人数超过实有人数" in said
    assert "灰色数字" in said
    assert "explored" not in said
    assert page.locator(".desk.refused").count() == everything
    assert everything or page.locator("tr.waiting").count() > 0
    page.locator(".file input").fill("unsound")
    page.locator("button.save").click()
    page.wait_for_selector(".saved .wrong")
    assert "无法推算" in visit.text(".saved .wrong")
    assert not (strained_server.out / "unsound.yaml").exists()
    shown = visit.text(".answer .figure")
    page.locator('[data-lever="rural_exit"] input').fill("0.5")
    page.locator('[data-lever="rural_exit"] input').press("Enter")
    page.wait_for_url(f"**/?region={region}&lang=zh&rural_exit=0.5")
    page.wait_for_function("document.querySelectorAll('.waiting').length === 0")
    assert page.locator(".answer .wrong, .desk.refused").count() == 0
    assert visit.text(".answer .figure") != shown
    page.locator("button.save").click()
    page.wait_for_selector(".saved code")
    (strained_server.out / "unsound.yaml").unlink()
    assert visit.said == []


@in_browser
def test_an_address_that_cannot_be_projected_shows_the_base(strained_server, browser):
    visit = Visit(browser, f"{strained_server.address}?region=liupanshui&lang=en&rural_exit=10")
    assert "Liupanshui cannot be projected like this" in visit.text(".complaints")
    assert visit.page.locator(".lever.moved, .waiting").count() == 0


@in_browser
def test_a_base_that_fails_for_a_region_leaves_the_way_to_others(strained_server, browser):
    page = browser.new_page()
    answer = page.goto(f"{strained_server.address}?region=wuwei&lang=en")
    assert answer.status == 200
    page.get_by_text("The base scenario cannot be projected for Wuwei").wait_for()
    page.locator(".place").click()
    page.get_by_role("option", name="Liupanshui").click()
    page.wait_for_selector(".chart.fan .main-svg")
    assert page.url == f"{strained_server.address}?region=liupanshui&lang=en"


@in_browser
def test_a_name_is_text_and_nothing_else(strained_server, browser):
    visit = Visit(browser, f"{strained_server.address}?region=linxia&lang=en")
    page = visit.page
    assert page.locator("[onclick]").count() == 0
    assert visit.text(".place .q-field__native") == HOSTILE
    names = page.eval_on_selector_all(
        "[role=img][aria-label]", "all => all.map(one => one.getAttribute('aria-label'))"
    )
    assert len(names) == 2
    assert all(name.endswith(HOSTILE) for name in names)
    assert visit.said == []


BROKEN = """
import sys
from simmodel.cli import main
from simmodel.explorer.explorer import Explorer

whole = Explorer.{part}

def broken(self, state):
    if state.levers.get("arrivals") == 2.0:
        raise ZeroDivisionError("on purpose")
    return whole(self, state)

Explorer.{part} = broken
sys.argv[0] = "simmodel"
main()
"""


@in_browser
@pytest.mark.parametrize("part", ["results", "slow_results"])
def test_an_error_nobody_thought_of_is_said_and_survived(browser, tmp_path, posteriors, part):
    del posteriors
    start = (sys.executable, "-c", BROKEN.format(part=part))
    with serving(tmp_path, "--region", "linxia", start=start, told="on purpose") as found:
        visit = Visit(browser, found.link)
        arrivals = visit.page.locator('[data-lever="arrivals"] input')
        arrivals.fill("2")
        arrivals.press("Enter")
        visit.page.wait_for_selector(".answer .wrong")
        assert "Something went wrong inside the program" in visit.text(".answer .wrong")
        arrivals.fill("3")
        arrivals.press("Enter")
        visit.page.wait_for_url("**arrivals=3")
        assert visit.page.locator(".answer .wrong").count() == 0


def asked(server, path="/", **headers):
    host, port = server.address.removeprefix("http://").rstrip("/").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    connection.close()
    return answer


def test_the_address_is_of_this_machine(server):
    assert server.link.startswith("http://127.0.0.1:")


def test_another_name_that_leads_here_gets_no_answer(server):
    own = server.address.removeprefix("http://").rstrip("/")
    assert asked(server, Host="evil.example").status == 400
    assert asked(server, Host=own).status == 200


def test_another_page_gets_no_answer_and_no_frame(server):
    own = server.address.rstrip("/")
    socket_path = "/_nicegui_ws/socket.io/?EIO=4&transport=websocket"
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    for foreign in ("http://evil.example", "null", "http://127.0.0.1:1"):
        assert asked(server, Origin=foreign).status == 403
        assert asked(server, socket_path, Origin=foreign, **upgrade).status == 403
    assert asked(server, socket_path, Origin=own, **upgrade).status != 403
    answer = asked(server, Origin=own)
    assert answer.status == 200
    assert answer.headers["Content-Security-Policy"] == "frame-ancestors 'none'"
    assert answer.headers["X-Frame-Options"] == "DENY"
