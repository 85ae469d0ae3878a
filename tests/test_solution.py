"""What would it take: answers put back through the run, and questions that make no sense."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

from simmodel.cli import main
from simmodel.errors import FaultError, SimmodelError
from simmodel.inputs.scenario import Scenario
from simmodel.inputs.scenario_file import read_scenario
from simmodel.judging import historical_rates
from simmodel.judging.target import judged_aims
from simmodel.judging.verdicts import Judge
from simmodel.levers import LEVERS
from simmodel.simulation.projector import simulate
from simmodel.solving.problem import SolveProblem
from simmodel.solving.question import Question, check
from simmodel.solving.reachability_map import lay_out, marked_scenario, rows
from simmodel.solving.sentences import as_data, sentence
from simmodel.solving.solution import solve
from tests.conftest import ROOT

TREND = ROOT / "scenarios/trend.yaml"
SEEDS = ROOT / "seeds"
DRAWS = 400
KEYS = {
    "levers",
    "probability",
    "feasible",
    "observed_percentile",
    "persons_a_year",
    "best_attainable",
    "sentence",
}


@pytest.fixture(scope="module")
def known():
    return historical_rates.read(SEEDS)


@pytest.fixture(scope="module")
def read(seeds):
    """Read a scenario with values replaced, as `simmodel run --set` does."""

    def reading(*overrides, path=TREND):
        return read_scenario(
            path,
            region_ids=seeds.tree.parents,
            programme_ids=list(seeds.programmes()),
            source_ids=list(seeds.sources),
            overrides=(f"ensemble.draws={DRAWS}", *overrides),
        )

    return reading


@pytest.fixture(scope="module")
def ask(seeds, atlas, posteriors, known):
    """Ask a question of a scenario."""

    def asking(scenario, region, indicator, year, *levers, **more):
        question = Question(region, indicator, year, levers, **more)
        stage = SolveProblem(question, scenario, atlas, posteriors.by_region)
        return solve(stage, check(question, scenario, seeds), known)

    return asking


@pytest.fixture(scope="module")
def put_back(seeds, atlas, posteriors):
    """Judge a scenario as a run does, and return the probability of an answer's own target."""

    def judging(scenario, answer):
        judge = Judge(scenario, atlas, exact=True)
        judge.add(simulate(scenario, atlas, posteriors.by_region))
        question = answer.question
        found = [
            v.probability
            for v in judge.verdicts()
            if (v.region, v.indicator, v.year)
            == (question.region, question.indicator, question.year)
            and (v.comparison == "near" or v.target == answer.aim.value)
        ]
        assert len(found) == 1
        return found[0]

    return judging


# Targets that the trend seldom meets, and levers that suffice or do not.
CASES = [
    ("wuwei", "urbanization_rate", 2025, ("local_retention",)),
    ("wuwei", "urbanization_rate", 2035, ("rural_exit",)),
    ("wuwei", "urbanization_rate", 2035, ("arrivals",)),
    ("wuwei", "urbanization_rate", 2035, ("local_retention", "rural_exit")),
    ("linxia", "urbanization_rate", 2025, ("rural_exit",)),
    ("linxia", "urbanization_rate", 2026, ("reclassification",)),
    ("linxia", "urbanization_rate", 2035, ("local_retention",)),
    ("linxia", "urbanization_rate", 2035, ("local_retention", "arrivals")),
    ("linxia", "urban_population", 2025, ("arrivals", "rural_exit")),
    ("jinchang", "total_population", 2025, ("arrivals",)),
    ("jinchang", "total_population", 2030, ("fertility",)),
    ("jinchang", "total_population", 2030, ("rural_exit",)),
    ("jinchang", "urbanization_rate", 2030, ("urban_out_migration",)),
    ("jinchang", "urbanization_rate", 2030, ("rural_exit", "fertility", "reclassification")),
    ("gansu", "urbanization_rate", 2029, ("life_expectancy",)),
    ("gansu", "urbanization_rate", 2029, ("local_retention", "arrivals")),
    ("liupanshui", "urbanization_rate", 2025, ("rural_exit",)),
    ("liupanshui", "urban_population", 2025, ("local_retention",)),
    ("liupanshui", "urbanization_rate", 2035, ("local_retention",)),  # near Guizhou's
    ("liupanshui.shuicheng", "urbanization_rate", 2025, ("rural_exit",)),
    ("liupanshui.central_city", "urban_district_population", 2025, ("arrivals",)),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{case[2]}-{'-'.join(case[3])}")
def test_put_back_into_the_run_it_gives_the_same_probability(case, read, ask, put_back, seeds):
    region, indicator, year, levers = case
    answer = ask(read(), region, indicator, year, *levers)
    owner = region if region in seeds.regions else seeds.districts()[region][0]
    again = read(f"regions=[{owner}]", *answer.settings)
    assert put_back(again, answer) == pytest.approx(answer.way.probability, abs=1.01 / DRAWS)
    assert set(answer.way.values) == set(levers)
    for lever, value in answer.way.values.items():
        assert LEVERS[lever].low <= value <= LEVERS[lever].high
    if answer.way.enough:
        assert answer.way.probability >= 0.5
        assert answer.way.probability < 0.53 or answer.already
    else:
        assert answer.base_probability <= answer.way.probability < 0.5
    data = as_data(answer, seeds)
    assert data.keys() >= KEYS
    assert (data["best_attainable"] is None) == data["feasible"]
    if not data["feasible"]:
        assert data["best_attainable"] == data["probability"]
    assert (data["observed_percentile"] is None) == (indicator == "total_population")
    if len(levers) > 1 and answer.way.enough:
        # A mix takes no more effort than any lever that suffices alone.
        efforts = [effort(answer, way) for way in answer.alone if way.enough]
        assert effort(answer, answer.way) <= min(efforts, default=np.inf) + 2e-3


def effort(answer, way):
    from simmodel.solving.problem import scale_of

    moves = [
        scale_of(c.lever).position(c.value) - scale_of(c.lever).position(c.before)
        for c in way.changes
    ]
    return float(np.linalg.norm(moves))


def test_what_does_not_suffice_ends_at_the_bound_and_is_said(read, ask, seeds):
    answer = ask(read(), "linxia", "urbanization_rate", 2035, "local_retention")
    assert not answer.way.enough
    assert answer.way.values == {"local_retention": 10.0}
    english, chinese = sentence(answer, seeds)
    assert "cannot be made as likely as 50 of 100" in english
    assert "达不到" in chinese


def test_registration_moves_nobody(read, ask, seeds):
    answer = ask(read(), "wuwei", "urbanization_rate", 2035, "urban_registration")
    assert answer.way.values == {"urban_registration": 1.0}
    assert (answer.way.enough, answer.way.probability) == (False, answer.base_probability)
    assert "not who lives there" in sentence(answer, seeds)[0]


def test_what_suffices_is_the_least_that_does(read, ask, put_back):
    answer = ask(read(), "wuwei", "urbanization_rate", 2035, "local_retention")
    (value,) = answer.way.values.values()
    assert answer.way.enough
    less = read("regions=[wuwei]", f"levers.local_retention={value * 0.998}")
    assert put_back(less, answer) < 0.5


def test_of_a_band_the_lowest_that_is_not_as_likely_yet(read, ask):
    case = ("liupanshui", "urbanization_rate", 2025, "rural_exit")
    # The trend meets 53.87 % oftener than in a tenth of draws, and 58.87 % nearly never.
    assert ask(read(), *case, probability=0.95).wanted == pytest.approx(53.87)
    low = ask(read(), *case, probability=0.02)
    assert low.wanted == pytest.approx(58.87)


def test_already_as_likely_as_asked_nothing_moves(read, ask, seeds):
    answer = ask(read(), "jinchang", "urbanization_rate", 2025, "rural_exit", "arrivals")
    assert answer.already
    assert answer.way.enough
    assert answer.way.values == {"rural_exit": 1.0, "arrivals": 1.0}
    assert as_data(answer, seeds)["persons_a_year"] == 0.0
    assert "may stay as they are" in sentence(answer, seeds)[0]
    # Of several targets all as likely as asked, the highest.
    highest = ask(read(), "liupanshui", "urbanization_rate", 2025, "rural_exit", probability=0.001)
    assert highest.wanted == pytest.approx(58.87)


def test_a_region_s_own_lever_is_the_one_that_is_replaced(read, ask, put_back):
    own = "levers.wuwei={local_retention: 1.2, arrivals: 2.0}"
    answer = ask(read(own), "wuwei", "urbanization_rate", 2035, "local_retention")
    assert answer.settings[0].startswith("levers.wuwei.local_retention=")
    assert answer.way.changes[0].before == 1.2
    again = read("regions=[wuwei]", own, *answer.settings)
    assert again.levers.by_region["wuwei"].arrivals == 2.0
    assert put_back(again, answer) == pytest.approx(answer.way.probability, abs=1.01 / DRAWS)
    # What it lies in rules where it has none itself.
    above = "levers.gansu={local_retention: 1.2}"
    answer = ask(read(above), "wuwei", "urbanization_rate", 2035, "local_retention")
    assert answer.settings[0].startswith("levers.gansu.local_retention=")


def test_a_path_is_replaced_by_a_constant_from_its_mean(read, ask, put_back):
    path = "levers.local_retention={2020: 1.0, 2030: 1.5}"
    answer = ask(read(path), "wuwei", "urbanization_rate", 2035, "local_retention")
    # 1.05, 1.10, … 1.45 in nine years, 1.5 in six: 20.25 over 15.
    assert answer.way.changes[0].before == pytest.approx(1.35)
    again = read("regions=[wuwei]", path, *answer.settings)
    assert isinstance(again.levers.local_retention, float)
    assert put_back(again, answer) == pytest.approx(answer.way.probability, abs=1.01 / DRAWS)
    # A knot after the target's year is no obstacle.
    assert ask(read(path), "wuwei", "urbanization_rate", 2025, "rural_exit").way.enough


def test_both_together_take_a_part_of_each(read, ask, put_back, seeds):
    answer = ask(read(), "wuwei", "urbanization_rate", 2035, "local_retention", "rural_exit")
    share, way = answer.together
    assert 0.2 < share < 0.8
    assert way.probability >= 0.5
    singles = {c.lever: c.value for single in answer.alone for c in single.changes}
    for lever, value in way.values.items():
        assert value == pytest.approx(1.0 + share * (singles[lever] - 1.0))
    assert 20 <= len(answer.frontier) <= 25
    middle = dict(zip(answer.question.levers, answer.frontier[12], strict=True))
    settings = [f"levers.{lever}={float(value)}" for lever, value in middle.items()]
    at = put_back(read("regions=[wuwei]", *settings), answer)
    assert at == pytest.approx(0.5, abs=0.01)
    assert "both at" in sentence(answer, seeds)[0]


def test_persons_are_the_change_of_the_lever_s_own_flow(read, ask, seeds, atlas, posteriors):
    answer = ask(read(), "wuwei", "urbanization_rate", 2035, "rural_exit")
    from simmodel.kernel.projection import FLOWS

    def mean(scenario):
        ensemble = simulate(scenario, atlas, posteriors.by_region)
        flows = ensemble.flows[ensemble.row("wuwei")]
        at = [FLOWS.index("rural_to_urban"), FLOWS.index("rural_departures")]
        return flows[:, at].sum(axis=1).mean()

    change = mean(read("regions=[wuwei]", *answer.settings)) - mean(read("regions=[wuwei]"))
    assert as_data(answer, seeds)["persons_a_year"] == pytest.approx(change, abs=0.1)
    assert change > 0
    fewer = ask(read(), "jinchang", "urbanization_rate", 2030, "urban_out_migration")
    assert as_data(fewer, seeds)["persons_a_year"] < 0


def test_of_several_levers_persons_are_a_sum_of_magnitudes(read, ask, seeds):
    data = as_data(
        ask(read(), "gansu", "urbanization_rate", 2029, "arrivals", "urban_out_migration"), seeds
    )
    parts = [change["persons_a_year"] for change in data["mix"]["changes"]]
    assert parts[0] > 0 > parts[1]
    assert data["persons_a_year"] == pytest.approx(parts[0] - parts[1], abs=0.2)


def test_emptied_villages_are_warned_of(read, ask, seeds):
    answer = ask(
        read(), "liupanshui.panzhou_urban_district", "urban_district_population", 2035, "rural_exit"
    )
    assert answer.depleted.left < 0.1
    assert answer.depleted.residence == "rural"
    english, chinese = sentence(answer, seeds)
    assert "Warning: of rural residents aged" in english
    assert "注意" in chinese
    harmless = ask(read(), "wuwei", "urbanization_rate", 2025, "local_retention")
    assert harmless.depleted.left > 0.1
    assert "Warning" not in sentence(harmless, seeds)[0]


def test_the_pace_is_held_against_experience(read, ask, known):
    answer = ask(read(), "wuwei", "urbanization_rate", 2025, "rural_exit")
    base = 100 * 688697 / 1464955
    points = (55 - base) / 5
    assert answer.target_pace.points == pytest.approx(points)
    standing = known.standing("prefecture", base / 100, points=points, growth=None)
    assert answer.observed_percentile == pytest.approx(standing.points_percentile)
    count = ask(read(), "linxia", "urban_population", 2025, "rural_exit")
    assert count.observed_percentile == count.target_pace.rank.growth_percentile


def test_a_value_of_one_s_own(read, ask, put_back):
    answer = ask(read(), "wuwei", "urbanization_rate", 2030, "rural_exit", target=60.0)
    assert (answer.aim.target.comparison, answer.wanted) == (">=", 60.0)
    assert answer.way.enough
    persons = ask(read(), "wuwei", "urban_population", 2030, "arrivals", target=8e5)
    assert persons.wanted == 8e5
    assert persons.way.probability > persons.base_probability


def test_a_new_lever_needs_no_words_of_solve(monkeypatch, ask, read, seeds):
    """A lever known from its record alone, here one without flow and quantity, is solved for."""
    record = replace(LEVERS["fertility"], flows=(), unit=None)
    for name in ("problem", "sentences"):
        monkeypatch.setattr(f"simmodel.solving.{name}.LEVERS", {**LEVERS, "fertility": record})
    answer = ask(read(), "wuwei", "urbanization_rate", 2035, "fertility")
    assert answer.way.changes[0].quantity is None
    assert "fertility" in sentence(answer, seeds).en


def test_the_margin_of_a_target_counts_as_the_verdict_does(seeds):
    # Liupanshui's two ends of a band are two aims, in the order of their values.
    question = Question("liupanshui", "urbanization_rate", 2025, ("rural_exit",))
    scenario = Scenario.model_validate(
        {"scenario": "one", "regions": ["liupanshui"], "horizon": 2035}
    )
    found = check(question, scenario, seeds)
    assert [a.value for a in found] == pytest.approx([53.87, 58.87])
    assert found == [a for a in judged_aims(seeds.regions["liupanshui"]) if a.target.change_low]


BAD = [
    ({"region": "wuwai"}, ["--region", "wuwai", "Did you mean wuwei?"]),
    ({"region": "guizhou"}, ["--region", "guizhou", "trend"]),
    ({"indicator": "urbanisation_rate"}, ["--indicator", "Did you mean urbanization_rate?"]),
    ({"indicator": "new_urban_jobs"}, ["--indicator", "not modelled"]),
    ({"indicator": "urban_district_population"}, ["--region", "not an urban district"]),
    ({"region": "liupanshui.central_city"}, ["--region", "urban_district_population"]),
    ({"year": 2020}, ["--year", "2020", "2021 to 2035"]),
    ({"year": 2036}, ["--year", "2036", "2035"]),
    ({"year": 2027}, ["no plan has such a target", "urbanization_rate 2035", "--target"]),
    ({"lever": "local_retension"}, ["--lever", "Did you mean local_retention?"]),
    ({"probability": 1.5}, ["--probability", "1.5"]),
    ({"probability": 50}, ["--probability", "Did you mean 0.5?"]),
    ({"probability": 0}, ["--probability", "above 0"]),
    ({"probability": "nan"}, ["--probability", "nan"]),
    ({"target": 0.55}, ["--target", "Did you mean 55?"]),
    ({"target": 155}, ["--target", "155"]),
    ({"target": "nan"}, ["--target", "nan"]),
    ({"indicator": "urban_population", "target": 100}, ["--target", "Did you mean 1000000?"]),
    ({"indicator": "urban_population", "target": "inf"}, ["--target", "inf"]),
    ({"draws": 200_000}, ["200000", "--draws"]),
]


def call(*arguments):
    return CliRunner().invoke(main, ["solve", *map(str, arguments), "--seeds", str(SEEDS)])


def arguments(**changes):
    asked = {
        "region": "wuwei",
        "indicator": "urbanization_rate",
        "year": 2035,
        "lever": "local_retention",
    } | changes
    return [str(TREND), *(w for key, value in asked.items() for w in (f"--{key}", value))]


@pytest.mark.parametrize(("changes", "words"), BAD, ids=lambda item: str(item)[:40])
def test_a_question_that_makes_no_sense_is_one_clear_line(changes, words):
    result = call(*arguments(**changes))
    assert result.exit_code == 1, result.output
    (line,) = result.stderr.strip().splitlines()
    assert all(word in line for word in words), line
    assert result.stdout == ""


def test_all_that_is_wrong_in_one_pass():
    result = call(*arguments(region="wuwai", probability=2, lever="arrival"))
    assert result.exit_code == 1
    assert len(result.stderr.strip().splitlines()) == 3


def test_a_lever_named_twice():
    result = call(*arguments(), "--lever", "local_retention")
    assert result.exit_code == 1
    assert "stands twice" in result.stderr


def test_wrong_usage_exits_with_2():
    assert call(str(TREND), "--region", "wuwei").exit_code == 2
    assert call(*arguments(probability="often")).exit_code == 2
    assert call(*arguments(), "--mark", str(TREND)).exit_code == 2


def test_a_bad_scenario_is_reported_as_everywhere(tmp_path):
    bad = tmp_path / "bad.yaml"
    bad.write_text("scenario: one\nregions: [wuwei]\nhorizon: 2019\n", encoding="utf-8")
    result = call(str(bad), *arguments()[1:])
    assert result.exit_code == 1
    assert "bad.yaml:3: horizon" in result.stderr


def test_the_command_prints_what_a_machine_reads_and_run_agrees(tmp_path):
    result = call(*arguments(lever="rural_exit"), "--draws", 300, "--json")
    assert result.exit_code == 0, result.output
    data = json.loads(result.stdout)
    assert data.keys() >= KEYS
    assert list(data["levers"]) == ["rural_exit"]
    run = ["run", str(TREND), "--draws", "300", "--set", "regions=[wuwei]", *data["set"]]
    run += ["--charts", "none"]
    again = CliRunner().invoke(
        main, [*run, "--out", str(tmp_path), "--seeds", str(SEEDS)], catch_exceptions=False
    )
    assert again.exit_code == 0, again.output
    with (tmp_path / "trend/verdicts.csv").open(encoding="utf-8") as file:
        (row,) = [
            r
            for r in csv.DictReader(file)
            if (r["region"], r["indicator"], r["year"]) == ("wuwei", "urbanization_rate", "2035")
        ]
    assert float(row["probability"]) == pytest.approx(data["probability"], abs=0.01)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("is met in 50 of 100 futures", "least effort")),
        ("zh", ("武威市", "力度最小")),
    ],
)
def test_the_command_tells_a_person_in_one_language(language, words):
    result = call(*arguments(), "--lever", "rural_exit", "--draws", 300, "--lang", language)
    assert result.exit_code == 0, result.output
    for said in (*words, "--set levers.rural_exit="):
        assert said in result.stdout
    assert ("武威市" in result.stdout) == (language == "zh")


def test_a_map_of_two_levers(tmp_path, read, ask, seeds, atlas, posteriors, known, monkeypatch):
    monkeypatch.setattr("simmodel.solving.reachability_map.POINTS", 5)
    question = Question("wuwei", "urbanization_rate", 2035, ("local_retention", "rural_exit"))
    stage = SolveProblem(question, read(), atlas, posteriors.by_region)
    answer = solve(stage, check(question, read(), seeds), known)
    plan = read(path=ROOT / "scenarios/plan_as_written.yaml")
    mark = marked_scenario(plan, stage)
    assert (mark.x, mark.y) == (1.3, 1.1)
    grid, median = lay_out(stage, answer, known, seeds, [mark])
    assert grid.base == (1.0, 1.0)
    for x, y in (grid.base, grid.solution, (mark.x, mark.y)):
        assert grid.values[0][0] <= x <= grid.values[0][-1]
        assert grid.values[1][0] <= y <= grid.values[1][-1]
    # Both levers help, so that probability and median rise with either.
    assert (np.diff(median, axis=0) > 0).all()
    assert (np.diff(median, axis=1) > 0).all()
    assert (np.diff(grid.probability, axis=1) >= 0).all()
    assert len(list(rows(grid, median))) == 25


def test_the_map_is_written_whole_and_replaces_only_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr("simmodel.solving.reachability_map.POINTS", 3)
    place = tmp_path / "deep" / "map"
    asked = [*arguments(), "--lever", "rural_exit", "--draws", 100, "--map", place]
    for _ in range(2):
        result = call(*asked)
        assert result.exit_code == 0, result.output
        written = {p.name for p in place.iterdir()}
        assert written == {"answer.json", "reach.csv", "reach.png", "run.json"}
    header, *body = (place / "reach.csv").read_text(encoding="utf-8").splitlines()
    assert header == "local_retention,rural_exit,probability,median,percentile"
    assert len(body) == 9
    # The record is the scenario with the answer put in; `run` reads it.
    shown = CliRunner().invoke(main, ["show", str(place / "run.json"), "--seeds", str(SEEDS)])
    assert shown.exit_code == 0, shown.output
    assert "rural_exit: 1.0\n" not in shown.stdout
    (place / "mine.txt").write_text("keep", encoding="utf-8")
    result = call(*asked)
    assert result.exit_code == 1
    assert "mine.txt" in result.stderr
    assert "--map" in result.stderr
    assert (place / "mine.txt").exists()


def test_a_map_needs_two_levers(tmp_path):
    result = call(*arguments(), "--map", tmp_path / "map")
    assert result.exit_code == 1
    assert "--map" in result.stderr
    assert not (tmp_path / "map").exists()


def test_too_many_draws_are_refused(read, seeds):
    question = Question("wuwei", "urbanization_rate", 2035, ("rural_exit",))
    with pytest.raises(SimmodelError, match="at most 100000 draws"):
        check(question, read("ensemble.draws=100001"), seeds)
    with pytest.raises(FaultError):
        check(Question("wuwei", "urbanization_rate", 2035, ("x",)), read(), seeds)
