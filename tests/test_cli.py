"""The command line: every command answers, and what is wrong is one clear line a fault."""

import csv
import json
import shutil

import pytest
from click.testing import CliRunner

from simmodel.cli import main
from simmodel.validation.panel import FORECAST_COLUMNS
from simmodel.variables import QUANTILES
from tests.conftest import ROOT

TREND = ROOT / "scenarios/trend.yaml"
SEEDS = ROOT / "seeds"


def call(*arguments, seeds=SEEDS):
    return CliRunner().invoke(main, [*map(str, arguments), "--seeds", str(seeds)])


def refused(result):
    """Check that a command ended as a user's mistake should end, and return its lines."""
    assert result.exit_code == 1, result.output
    assert "Traceback" not in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.stderr.strip().splitlines()


@pytest.mark.parametrize("command", sorted(main.commands))
def test_every_command_has_help(command):
    result = CliRunner().invoke(main, [command, "--help"])
    assert result.exit_code == 0
    assert "Example:" in result.output


def test_wrong_usage_exits_with_2():
    assert CliRunner().invoke(main, ["run"]).exit_code == 2
    assert CliRunner().invoke(main, ["run", "--no-such-option"]).exit_code == 2


@pytest.mark.parametrize("name", sorted(p.stem for p in (ROOT / "scenarios").glob("*.yaml")))
def test_show_prints_the_resolved_scenario_which_is_itself_valid(name, tmp_path):
    result = call("show", ROOT / f"scenarios/{name}.yaml")
    assert result.exit_code == 0, result.output
    again = tmp_path / "again.yaml"
    again.write_text(result.stdout, encoding="utf-8")
    assert call("validate", again).exit_code == 0
    assert call("show", again).stdout == result.stdout


def test_show_takes_set():
    result = call("show", TREND, "--set", "levers.local_retention=1.2")
    assert "local_retention: 1.2" in result.stdout


def test_validate_accepts_scenarios_and_the_seed_folder():
    result = call("validate", TREND, SEEDS, SEEDS / "wuwei.yaml")
    assert result.exit_code == 0, result.output
    assert result.stdout.count(": ok") == 3


def test_regions_lists_all_and_tells_of_one():
    listed = call("regions").stdout
    for name in ("wuwei.liangzhou", "guizhou", "liupanshui.central_city", "Liupanshui"):
        assert name in listed
    assert "六盘水市" in call("regions", "--lang", "zh").stdout
    one = call("regions", "wuwei").stdout
    # 47.01 - 10.89 and 47.01 + 16.88, computed and never typed.
    assert "36.12 %" in one
    assert "63.89 %" in one
    assert "68.59 printed, 68.87 counted" in one
    assert "Registered" not in one
    registered = call("regions", "linxia").stdout
    assert "2015: 56.96 万 urban; all registered not known, so no rate" in registered
    assert "68.93 万 urban of 244.85 万, 28.15 %, beside 36.75 % of residents" in registered


def test_cite_names_the_sources_of_a_scenario():
    text = call("cite", TREND).stdout
    assert "wuwei_plan_2021_2035" in text
    assert "武政办发〔2022〕2号" in text
    assert call("cite").exit_code == 0


def test_a_region_that_is_not_there(tmp_path):
    lines = refused(call("regions", "wuwai"))
    assert len(lines) == 1
    assert "wuwai" in lines[0]
    assert "wuwei" in lines[0]
    lines = refused(call("run", TREND, "--set", "regions=[atlantis]", "--out", tmp_path / "out"))
    assert lines == [line for line in lines if "atlantis" in line]
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_not_there(tmp_path):
    (line,) = refused(call("run", tmp_path / "none.yaml", "--out", tmp_path / "out"))
    assert "none.yaml" in line
    assert not (tmp_path / "out").exists()


def test_all_faults_of_all_files_in_one_pass_and_nothing_written(tmp_path):
    one, two = tmp_path / "one.yaml", tmp_path / "two.yaml"
    one.write_text("scenario: One\nregions: [wuwei]\nhorizon: 2019\n", encoding="utf-8")
    two.write_text(
        "scenario: two\nregions: [wuwei]\nhorizon: 2030\nlevers: {arrival: 2}\n", encoding="utf-8"
    )
    lines = refused(call("run", one, two, "--out", tmp_path / "out"))
    assert len(lines) == 3
    assert any("one.yaml:1: scenario" in line for line in lines)
    assert any("one.yaml:3: horizon" in line and "2019" in line for line in lines)
    assert any("two.yaml:4: levers.arrival" in line and "arrivals" in line for line in lines)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("ensemble.draws=0", "ensemble.draws"),
        ("ensemble.seed=-1", "ensemble.seed"),
        ("levers.local_retention=.nan", "levers.local_retention"),
        ("levers.rural_exit=10.5", "levers.rural_exit"),
        ("levers.arrivals=true", "levers.arrivals"),
        ("levers.nothing=1", "levers.nothing"),
        ("horizon", "horizon"),
    ],
)
def test_impossible_numbers_in_set(tmp_path, override, says):
    lines = refused(call("run", TREND, "--set", override, "--out", tmp_path / "out"))
    assert all(line.startswith("--set") for line in lines)
    assert says in lines[0]
    assert not (tmp_path / "out").exists()


def test_zero_is_a_value(tmp_path):
    result = call(
        "run", TREND, "--draws", "1", "--seed", "0", "--out", tmp_path,
        "--set", "levers.rural_exit=0", "--set", "regions=[jinchang]", "--set", "horizon=2021",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    record = json.loads((tmp_path / "trend/run.json").read_text(encoding="utf-8"))
    assert record["levers"]["rural_exit"] == 0.0
    assert record["ensemble"] == {"draws": 1, "seed": 0}


def test_targets_past_the_horizon_are_listed_as_such(tmp_path):
    result = call(
        "run", TREND, "--draws", "20", "--out", tmp_path, "--set", "horizon=2026",
        "--set", "regions=[jinchang]",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert result.stdout.count("beyond the horizon") == 2


def test_the_largest_levers_still_run(tmp_path):
    levers = ("rural_exit", "local_retention", "arrivals", "urban_out_migration")
    sets = [word for name in levers for word in ("--set", f"levers.{name}=10")]
    more = ["--set", "levers.reclassification=10", "--set", "levers.fertility=10"]
    result = call(
        "run", TREND, *sets, *more, "--set", "levers.life_expectancy=-10", "--draws", "100",
        "--set", "regions=[wuwei, liupanshui]", "--out", tmp_path,
    )  # fmt: skip
    assert result.exit_code == 0, result.output


def test_a_place_that_cannot_be_written_is_said_before_the_work(tmp_path):
    file = tmp_path / "file"
    file.write_text("mine", encoding="utf-8")
    (line,) = refused(call("run", TREND, "--out", file))
    assert "cannot write there" in line
    assert file.read_text(encoding="utf-8") == "mine"


def test_a_folder_of_another_making_is_left_alone(tmp_path):
    mine = tmp_path / "trend"
    mine.mkdir()
    (mine / "notes.docx").write_text("mine", encoding="utf-8")
    (line,) = refused(call("run", TREND, "--out", tmp_path))
    assert "notes.docx" in line
    assert [p.name for p in mine.iterdir()] == ["notes.docx"]


def test_a_folder_of_results_with_a_file_put_in_is_left_alone(trend, tmp_path):
    shutil.copytree(trend[0], tmp_path / "trend")
    (tmp_path / "trend" / "note.txt").write_text("mine", encoding="utf-8")
    (line,) = refused(call("run", TREND, "--out", tmp_path))
    assert "note.txt" in line


def test_an_old_folder_of_results_is_replaced_as_a_whole(trend, tmp_path):
    shutil.copytree(trend[0], tmp_path / "trend")
    result = call("run", TREND, "--draws", "5", "--out", tmp_path, "--set", "regions=[jinchang]")
    assert result.exit_code == 0, result.output
    names = {p.name for p in (tmp_path / "trend").iterdir()}
    assert "draws.nc" not in names
    assert "fan_wuwei.png" not in names
    assert [p.name for p in tmp_path.iterdir()] == ["trend"], "no temporary folder is left"


def test_one_scenario_twice_is_refused(tmp_path):
    (line,) = refused(call("run", TREND, TREND, "--out", tmp_path / "out"))
    assert "trend" in line


def test_a_malformed_seed_file(tmp_path):
    seeds = tmp_path / "seeds"
    shutil.copytree(SEEDS, seeds)
    path = seeds / "wuwei.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("level: prefecture", "level: prefect"), encoding="utf-8")
    lines = refused(call("run", TREND, "--out", tmp_path / "out", seeds=seeds))
    assert any("wuwei.yaml" in line and "prefect" in line for line in lines)
    assert not (tmp_path / "out").exists()


def test_a_missing_seed_folder(tmp_path):
    lines = refused(call("regions", seeds=tmp_path / "none"))
    assert "none" in lines[0]


def test_a_broken_posterior_file(tmp_path):
    seeds = tmp_path / "seeds"
    shutil.copytree(SEEDS, seeds)
    (seeds / "posterior.json").write_text("{", encoding="utf-8")
    (line,) = refused(call("run", TREND, "--out", tmp_path / "out", seeds=seeds))
    assert "posterior.json" in line
    assert "simmodel calibrate" in line


def test_several_scenarios_end_in_one_table(tmp_path):
    result = call(
        "run", TREND, ROOT / "scenarios/low_fertility.yaml", "--draws", "20", "--out", tmp_path,
        "--set", "regions=[jinchang]",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    header = next(line for line in result.stdout.splitlines() if line.startswith("region"))
    assert header.split()[-2:] == ["trend", "low_fertility"]
    assert {p.name for p in tmp_path.iterdir()} == {"trend", "low_fertility", "_compared"}
    assert (tmp_path / "_compared/compare_jinchang.png").exists()


# --- hindcast ----------------------------------------------------------------------------------

PANEL = """\
unit,parent,year,total,urban
hills,land,2000,30000000,8100000
hills,land,2010,29000000,10700000
hills,land,2020,28000000,13900000
coast,land,2000,40000000,18000000
coast,land,2010,46000000,27600000
coast,land,2020,51000000,36000000
"""
POINT_METHODS = ["persistence", "linear", "constant_urgd", "un_wup_2018"]


@pytest.fixture
def panel(tmp_path):
    path = tmp_path / "panel.csv"
    path.write_text(PANEL, encoding="utf-8")
    return path


def hindcast(panel, *more, origin=2010, to=2020):
    return call("hindcast", "--panel", panel, "--origin", origin, "--to", to, *more)


@pytest.fixture(scope="module")
def hindcasts(tmp_path_factory):
    """Forecast and score a panel once: what is printed, and the folder of what is written."""
    folder = tmp_path_factory.mktemp("hindcast")
    path = folder / "panel.csv"
    path.write_text(PANEL, encoding="utf-8")
    out, charts = folder / "made" / "forecasts.csv", folder / "charts"
    result = hindcast(path, "--json", "--out", out, "--charts", charts)
    assert result.exit_code == 0, result.output
    return result, out, charts


def test_a_hindcast_for_a_machine_is_json(hindcasts):
    def no_constant(name):
        pytest.fail(f"{name} is not JSON")

    found = json.loads(hindcasts[0].stdout, parse_constant=no_constant)
    assert set(found) == {"origin", "to", "scores", "pit", "notes"}
    assert (found["origin"], found["to"]) == (2010, 2020)
    assert [row["method"] for row in found["scores"]] == ["simmodel", *POINT_METHODS]
    assert all(row["n"] == 2 for row in found["scores"])
    assert list(found["pit"]) == ["simmodel"]
    assert len(found["pit"]["simmodel"]) == 2


def test_notes_of_a_hindcast_are_beside_the_scores(hindcasts):
    result, out, charts = hindcasts
    notes = json.loads(result.stdout)["notes"]
    errors = result.stderr.splitlines()
    assert set(notes) <= set(errors)
    for name in ("empirical_bayes_drift", "hamilton_perry"):
        assert sum(note.startswith(f"{name}: ") for note in notes) == 1
    assert f"wrote {out}" in errors
    assert f"wrote {charts}" in errors


def test_forecasts_are_written_with_their_quantiles(hindcasts):
    _, out, _ = hindcasts
    with out.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        assert reader.fieldnames == list(FORECAST_COLUMNS)
        rows = list(reader)
    assert list(dict.fromkeys(row["method"] for row in rows)) == ["simmodel", *POINT_METHODS]
    for method in ("simmodel", *POINT_METHODS):
        for unit in ("hills", "coast", "land"):
            found = [row for row in rows if (row["method"], row["unit"]) == (method, unit)]
            expected = QUANTILES if method == "simmodel" else (0.5,)
            assert [float(row["quantile"]) for row in found] == list(expected)
            rates = [float(row["urbanization_rate"]) for row in found]
            assert rates == sorted(rates)
            assert all(0.0 < rate < 1.0 for rate in rates)
            assert all(float(row["total_population"]) > 1e6 for row in found)
            assert {row["year"] for row in found} == {"2020"}
    assert [path.name for path in out.parent.iterdir()] == [out.name], "nothing temporary is left"


def test_two_charts_are_written(hindcasts):
    names = {path.name for path in hindcasts[2].iterdir()}
    assert names == {"forecast.png", "skill.png"}


def test_a_hindcast_for_people_is_a_table(tmp_path):
    path = tmp_path / "one.csv"
    path.write_text("\n".join(PANEL.splitlines()[:4]).replace("land", ""), encoding="utf-8")
    result = hindcast(path)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == "forecasts to 2020 from 2010, beside the counts of 2020"
    (header,) = (line for line in lines if line.startswith("method"))
    assert header.split()[:4] == ["method", "units", "MAE", "bias"]
    for method in ("simmodel", *POINT_METHODS):
        assert sum(line.split()[:2] == [method, "1"] for line in lines) == 1


def test_a_panel_without_what_came_is_forecast_and_not_scored(tmp_path):
    path, out = tmp_path / "one.csv", tmp_path / "forecasts.csv"
    path.write_text("\n".join(PANEL.splitlines()[:3]).replace("land", ""), encoding="utf-8")
    result = hindcast(path, "--out", out, to=2031.5)
    assert result.exit_code == 0, result.output
    assert result.stdout.strip() == (
        "1 unit forecast to 2031.5 from 2010; the panel holds no count of 2031.5, so there is "
        "nothing to score"
    )
    rows = out.read_text(encoding="utf-8").splitlines()
    assert rows[0] == ",".join(FORECAST_COLUMNS)
    assert len(rows) == 1 + len(QUANTILES) + len(POINT_METHODS)
    assert rows[1].startswith("simmodel,hills,2031.5,0.025,")


@pytest.mark.parametrize("to", [2010, 2000, "nan"])
def test_a_year_before_the_origin_is_wrong_usage(panel, to):
    result = hindcast(panel, to=to)
    assert result.exit_code == 2
    assert "--to: is not after the origin" in result.stderr


@pytest.mark.parametrize("option", [("--origin", "census"), ("--to", "2020年"), ("--origin", "")])
def test_a_year_that_is_no_number_is_wrong_usage(panel, option):
    result = hindcast(panel, *option)
    assert result.exit_code == 2
    assert f"Invalid value for '{option[0]}'" in result.stderr


@pytest.mark.parametrize("to", ["inf", "2200.5", "1e9"])
def test_a_year_out_of_reach_is_said_before_the_work(panel, tmp_path, to):
    (line,) = refused(hindcast(panel, "--out", tmp_path / "out.csv", to=to))
    assert "cannot be forecast from 2010; allowed a later year up to 2200" in line
    assert not (tmp_path / "out.csv").exists()


def test_an_origin_before_all_counts(panel, tmp_path):
    out, charts = tmp_path / "out.csv", tmp_path / "charts"
    found = refused(hindcast(panel, "--out", out, "--charts", charts, origin=1990))
    assert found == ["no unit has a count up to 1990"]
    assert not out.exists()
    assert not charts.exists()


@pytest.mark.parametrize(("name", "says"), [("none.csv", "does not exist"), ("", "is a folder")])
def test_a_panel_that_is_not_a_file(tmp_path, name, says):
    (line,) = refused(hindcast(tmp_path / name, "--out", tmp_path / "out.csv"))
    assert line.startswith(str(tmp_path / name))
    assert says in line
    assert not (tmp_path / "out.csv").exists()


def test_counts_by_age_that_are_not_there(panel, tmp_path):
    (line,) = refused(hindcast(panel, "--ages", tmp_path / "ages.csv"))
    assert "ages.csv: does not exist" in line


def test_a_bad_panel_is_reported_in_full_and_nothing_written(panel, tmp_path):
    text = PANEL.replace("8100000", "27%").replace("2010,46000000", "2010,0")
    panel.write_text(text, encoding="utf-8")
    out, charts = tmp_path / "out.csv", tmp_path / "charts"
    first, second = refused(hindcast(panel, "--out", out, "--charts", charts))
    assert first.startswith(f"{panel}:2: urban: is a percentage, not a number")
    assert second.startswith(f"{panel}:6: total: is out of range")
    assert not out.exists()
    assert not charts.exists()


def test_forecasts_do_not_replace_a_file_of_another_making(panel):
    (line,) = refused(hindcast(panel, "--out", panel))
    assert "is not a file of forecasts" in line
    assert panel.read_text(encoding="utf-8") == PANEL


def test_charts_do_not_go_into_a_file(panel):
    assert hindcast(panel, "--charts", panel).exit_code == 2


@pytest.mark.parametrize("command", ["run", "solve", "sweep"])
def test_every_command_says_what_it_calibrated_anew(command, tmp_path):
    folder = tmp_path / "seeds"
    shutil.copytree(SEEDS, folder)
    file = folder / "posterior.json"
    data = json.loads(file.read_text(encoding="utf-8"))
    data["regions"]["jinchang.yongchang"]["figures"] = "0" * 64
    file.write_text(json.dumps(data), encoding="utf-8")
    asked = tmp_path / "s.yaml"
    asked.write_text(
        "sweep: small\n"
        "title: {en: Small, zh: 小}\n"
        f"scenario: {TREND}\n"
        "parameters:\n  levers.arrivals: {low: 0.5, high: 2}\n"
        "outcomes:\n  - {region: jinchang, indicator: urbanization_rate, year: 2022}\n"
        "design: {method: one_at_a_time}\n",
        encoding="utf-8",
    )
    out = ["--out", tmp_path / "out"]
    aim = ["--region", "jinchang", "--indicator", "total_population", "--year", "2025"]
    arguments = {
        "run": [TREND, "--draws", "20", "--set", "regions=[jinchang]", "--charts", "none", *out],
        "solve": [TREND, *aim, "--lever", "arrivals", "--draws", "20"],
        "sweep": [asked, *out],
    }
    result = call(command, *arguments[command], seeds=folder)
    assert result.exit_code == 0, result.output
    assert "calibrated anew" in result.stderr
    assert "jinchang.yongchang" in result.stderr
