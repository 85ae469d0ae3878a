"""The documents beside the code: what they say is there is there, and nothing is left out."""

import importlib.util
import pkgutil
import re
import shlex
import subprocess
import sys
from typing import get_args

import click
import pytest
from click.testing import CliRunner

from simmodel import levers, texts, variables
from simmodel.cli import main
from simmodel.computing import output_files
from simmodel.forecast.uncertainty import FACTORS
from simmodel.inputs import region, scenario, units
from simmodel.inputs.workbook import sheets
from simmodel.judging import verdicts
from simmodel.judging.consistency import findings
from simmodel.results import ledger, terminal
from simmodel.sweeps import designs
from simmodel.sweeps import results as sweep_results
from simmodel.sweeps import schema as sweep_schema
from simmodel.validation import panel as panels
from simmodel.validation import scores
from tests.conftest import ROOT
from tests.test_architecture import ARRAYS_ONLY, ROOMS

REFERENCE = ROOT / "docs/reference"


# Reading the pages.


def sections(path):
    """Text of a page by its headings."""
    text = path.read_text(encoding="utf-8")
    fences = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
    text = fences.sub(lambda fence: fence[0].replace("\n#", "\n "), text)
    found = list(re.finditer(r"^#+ (.+)$", text, re.MULTILINE))
    ends = [*(m.start() for m in found[1:]), len(text)]
    titles = [m[1] for m in found]
    assert len(set(titles)) == len(titles), f"{path.name}: a heading stands twice"
    return {m[1]: text[m.end() : end] for m, end in zip(found, ends, strict=True)}


def tables(text):
    """Rows of the tables in a text, without their heads, as lists of cells."""
    blocks = re.findall(r"(?:^\|.*\n)+", text + "\n", re.MULTILINE)
    return [
        [re.split(r"\s*\|\s*", line.strip())[1:-1] for line in block.splitlines()[2:]]
        for block in blocks
    ]


def names(page, heading, table=0):
    """What the rows of a table are about: code in their first cells, each once."""
    rows = tables(sections(REFERENCE / f"{page}.md")[heading])[table]
    found = [name for row in rows for name in re.findall(r"`(.+?)`", row[0])]
    assert len(set(found)) == len(found), f"{page}, {heading}: stands twice"
    return found


def keys(model):
    return [field.alias or name for name, field in model.model_fields.items()]


def choices(annotation):
    return list(get_args(annotation))


INTERVALS = ("_low", "_high")
FINDING = findings.Finding("pace", "r", 1, (), (), None, None, "", "fine", "", "", ())

# Page, heading, table below it: what the code has there.
HELD = {
    ("scenario", "Keys", 0): keys(scenario.Scenario),
    ("scenario", "Levers", 0): levers.LEVERS,
    ("scenario", "Uncertain quantities", 0): scenario.QUANTITIES,
    ("scenario", "Ensemble", 0): keys(scenario.EnsembleSettings),
    ("scenario", "Sources", 0): keys(scenario.ScenarioSource),
    ("region", "Top level", 0): keys(region.Region),
    ("region", "Baseline", 0): keys(region.Baseline),
    ("region", "History", 0): keys(region.History),
    ("region", "Census", 0): keys(region.Census),
    ("region", "Age and sex", 0): keys(region.AgeSex),
    ("region", "Broad ages", 0): keys(region.BroadAges),
    ("region", "Registered elsewhere", 0): keys(region.RegisteredElsewhere),
    ("region", "Figure", 0): keys(region.Figure),
    ("region", "Deaths", 0): keys(region.Deaths),
    ("region", "Births of the long form", 0): keys(region.BirthsLongform),
    ("region", "Observations", 0): keys(region.Observation),
    ("region", "Targets", 0): keys(region.Target),
    ("region", "Built-up area", 0): keys(region.Area),
    ("region", "Programmes", 0): keys(region.Programme),
    ("region", "Measures", 0): keys(region.PlannedMeasure),
    ("region", "Boundary events", 0): keys(region.BoundaryEvent),
    ("region", "Urban districts", 0): keys(region.UrbanDistrict),
    ("region", "Population of an urban district", 0): keys(region.DistrictPopulation),
    ("region", "Standards", 0): keys(region.Standards),
    ("region", "Single years", 0): keys(region.SingleYears),
    ("region", "Births by age", 0): keys(region.BirthsByAge),
    ("region", "Sources", 0): keys(region.Source),
    ("region", "Levels", 0): choices(units.Level),
    ("region", "Indicators", 0): choices(units.ObservedIndicator),
    ("region", "Target indicators", 0): choices(units.TargetIndicator),
    ("region", "Units", 0): choices(units.Unit),
    ("region", "Vintages", 0): choices(units.Vintage),
    ("sweep", "Keys", 0): keys(sweep_schema.SweepSchema),
    ("sweep", "How a parameter varies", 0): keys(sweep_schema.RangeSchema),
    ("sweep", "Distributions", 0): choices(
        sweep_schema.RangeSchema.model_fields["distribution"].annotation
    ),
    ("sweep", "Outcomes", 0): keys(sweep_schema.OutcomeSchema),
    ("sweep", "Years", 0): keys(sweep_schema.YearSpanSchema),
    ("sweep", "Design", 0): keys(sweep_schema.DesignSchema),
    ("sweep", "Methods", 0): designs.METHODS,
    ("sweep", "Ensemble", 0): keys(sweep_schema.EnsembleSchema),
    ("outputs", "Variables", 0): [
        "programme_<id>",
        *(
            variable.name
            for group in (
                *(variables.STOCKS, variables.FLOWS, variables.URBAN_GROWTH, variables.RATE_CHANGE),
                *((variables.DISTRICT,), variables.REMAINDERS, variables.REGISTERED),
            )
            for variable in group
        ),
    ],
    ("outputs", "projection.csv", 0): output_files.TIDY,
    ("outputs", "verdicts.csv", 0): verdicts.COLUMNS,
    ("outputs", "ledger.csv", 0): ledger.COLUMNS,
    ("outputs", "ledger_difference.csv", 0): ledger.DIFFERENCE_COLUMNS,
    ("outputs", "indices.csv", 0): sweep_results.COLUMNS,
    ("outputs", "targets --json", 0): FINDING.row(),
    ("outputs", "Codes", 0): findings.CODES,
    ("outputs", "calibrate", 0): [
        *(c for c in terminal.CALIBRATION_COLUMNS if not c.startswith("correlation_with_")),
        "correlation_with_<parameter>",
    ],
    ("outputs", "Panel", 0): [*panels._PANEL_COLUMNS, *panels._SHARES, "vintage"],
    ("outputs", "Ages", 0): panels._AGES_COLUMNS,
    ("outputs", "Forecasts", 0): panels.FORECAST_COLUMNS,
    ("outputs", "Scores", 0): [
        column for column in scores.as_rows([])[0] if not column.endswith(INTERVALS)
    ],
    ("outputs", "new-region", 0): [
        texts.text("workbook.notes.sheet", "zh"),
        *(sheet.name for sheet in sheets.SHEETS),
        texts.text("workbook.lists.sheet", "zh"),
    ],
    ("outputs", "report", 0): [
        texts.text(f"report.{key}", "en")
        for key in texts.keys("report")
        if key.startswith("sheet_")
    ],
    ("commands", "What each does", 0): main.commands,
}


@pytest.mark.parametrize("place", HELD, ids=lambda place: "-".join(map(str, place)))
def test_a_table_of_the_reference_has_what_the_code_has(place):
    assert sorted(names(*place)) == sorted(HELD[place])


def test_no_table_of_the_reference_is_left_unchecked():
    held = {place[:2] for place in HELD} | CHECKED_ELSEWHERE
    for path in sorted(REFERENCE.glob("*.md")):
        for heading, text in sections(path).items():
            if tables(text):
                assert (path.stem, heading) in held


# Checked by other tests of this file, or by the eye: what is no list of names.
CHECKED_ELSEWHERE = {
    ("commands", "Options"),
    ("commands", "How commands end"),
    ("region", "The least"),
    ("sweep", "Paths"),
    ("outputs", "Files of a scenario"),
    ("outputs", "Files of a comparison"),
    ("outputs", "Coordinates"),
    ("outputs", "Attributes"),
    ("outputs", "Provenance"),
    ("outputs", "solve --json"),
    ("outputs", "solve --map"),
    ("outputs", "reach.csv"),
    ("outputs", "Files of a sweep"),
    ("outputs", "sweep.nc"),
    ("outputs", "hindcast --charts"),
    ("outputs", "hindcast --json"),
}


def test_uncertain_quantities_stand_in_their_order():
    assert names("scenario", "Uncertain quantities") == list(scenario.QUANTITIES)
    assert tuple(list(scenario.QUANTITIES)[-len(FACTORS) :]) == FACTORS


def test_bounds_of_levers_and_quantities_are_the_codes():
    text = sections(REFERENCE / "scenario.md")
    for row in tables(text["Levers"])[0]:
        rule = levers.LEVERS[row[0].strip("`")]
        said = re.match(r"([−\d]+) to (\d+)", row[2])
        assert [float(end.replace("−", "-")) for end in said.groups()] == [rule.low, rule.high]
        assert float(row[3]) == rule.neutral
    for row in tables(text["Uncertain quantities"])[0]:
        low, high = row[3].split(" to ")
        assert (float(low), float(high)) == scenario.QUANTITIES[row[0].strip("`")]


@pytest.mark.parametrize("path", sorted(REFERENCE.glob("*.md")), ids=lambda path: path.stem)
def test_tables_made_from_records_are_current(path):
    spec = importlib.util.spec_from_file_location("tables", ROOT / "docs/tables.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    page = path.read_text(encoding="utf-8")
    assert page == made.current(page), "out of date: python docs/tables.py"


def test_units_of_indicators_are_the_codes():
    text = sections(REFERENCE / "region.md")
    for heading in ("Indicators", "Target indicators"):
        for row in tables(text[heading])[0]:
            name = row[0].strip("`")
            assert tuple(re.findall(r"`(.+?)`", row[2])) == units.UNITS_OF[name]
            if heading == "Target indicators":
                band = tuple(re.findall(r"`(.+?)`", row[3])) if len(row) > 3 else ()
                assert band == tuple(units.CHANGE_UNITS_OF.get(name, ()))


def test_units_of_output_variables_are_the_codes():
    known = {
        variable.name: variable.units
        for group in vars(variables).values()
        if isinstance(group, tuple)
        for variable in group
        if isinstance(variable, variables.Variable)
    }
    for row in tables(sections(REFERENCE / "outputs.md")["Variables"])[0]:
        name = row[0].strip("`")
        assert known.get(name, row[2]) == row[2], name


def options():
    """Every option of every command, as the command line knows them."""
    found = {(f"--{name}", "simmodel") for name in ("version",)}
    found |= {("--help", "every command"), ("-h", "every command")}
    everywhere = {"--seeds"}
    for name, command in main.commands.items():
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                found |= {
                    (option, "every command" if option in everywhere else name)
                    for option in parameter.opts
                }
    return found


def test_every_option_of_every_command_stands_in_the_reference():
    rows = tables(sections(REFERENCE / "commands.md")["Options"])[0]
    said = [
        (option, command.strip("`"))
        for row in rows
        for option in re.findall(r"`(.+?)`", row[0])
        for command in row[1].split(", ")
    ]
    assert len(set(said)) == len(said)
    assert set(said) == options()
    for name, command in main.commands.items():
        assert "--seeds" in {o for p in command.params for o in p.opts}, name


def test_the_python_page_has_every_module_of_the_core():
    text = (REFERENCE / "core.md").read_text(encoding="utf-8")
    assert re.findall(r"automodule:: simmodel\.([\w.]+)", text) == list(ARRAYS_ONLY)


# The rooms of the code.


def test_the_drawing_of_the_rooms_is_that_of_the_imports():
    spec = importlib.util.spec_from_file_location("architecture", ROOT / "docs/architecture.py")
    architecture = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(architecture)
    drawn = architecture.DRAWING.read_text(encoding="utf-8")
    assert drawn == architecture.drawing(), "out of date: python docs/architecture.py"


def test_every_room_is_described_once_from_the_ground_up():
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE) == [*ROOMS[:-1]]  # not __main__


def test_what_a_contributor_is_told_to_open_is_there():
    for name in ("CONTRIBUTING.md", "docs/architecture.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        for path in re.findall(r"`((?:simmodel|tests|docs|benchmarks)/[\w./*]+)`", text):
            made = path.startswith("docs/_build")  # by `make docs`
            assert made or any(ROOT.glob(path)), f"{name}: no {path}"
        for name in re.findall(r"`(\w+(?:\.\w+)+)`", text):
            if (ROOT / "simmodel" / name.split(".")[0]).is_dir():
                pkgutil.resolve_name(f"simmodel.{name}")


# The README and its twin.

TWINS = {name: (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh.md")}
LINKS = re.compile(r"(!?)\[[^\]]*\]\(([^)]+)\)")


def blocks(text):
    return re.findall(r"^```(\w+)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def lines_of(text):
    """Command lines of simmodel in the blocks of a text, without comments."""
    found = []
    for kind, block in blocks(text):
        for line in block.splitlines() if kind == "sh" else ():
            words = shlex.split(line, comments=True)
            if words and words[0].endswith("simmodel"):
                found.append(words[1:])
    return found


def parsed(words):
    """Check that a command line is one, without running it."""
    command = main.commands[words[0]]
    command.make_context(words[0], words[1:])
    return words[0]


def test_the_twins_have_the_same_blocks_links_pictures_and_sections():
    english, chinese = TWINS.values()
    assert blocks(english) == blocks(chinese)
    ours, theirs = (sorted(LINKS.findall(text)) for text in (english, chinese))
    assert [t for t in ours if t[1] != "README.zh.md"] == [t for t in theirs if t[1] != "README.md"]
    assert "](README.zh.md)" in english.split("\n## ")[0]
    assert "](README.md)" in chinese.split("\n## ")[0]
    for mark in (r"^#+ ", r"^\| ", r"^- ", r"^\d\. "):
        counts = [len(re.findall(mark, text, re.MULTILINE)) for text in (english, chinese)]
        assert counts[0] == counts[1], mark


@pytest.mark.parametrize("name", TWINS)
def test_commands_files_and_links_of_the_readme_are_there(name):
    commands = [parsed(words) for words in lines_of(TWINS[name])]
    assert len(commands) == 6
    for _, target in LINKS.findall(TWINS[name]):
        assert (ROOT / target.partition("#")[0]).exists(), target
    for command in re.findall(r"^\| `([\w-]+)", TWINS[name], re.MULTILINE):
        assert command in commands
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"`?make (\w+)", TWINS[name]):
        assert f"\n{target}: " in makefile


@pytest.mark.parametrize("name", TWINS)
def test_scores_of_the_readme_are_those_of_the_skill_page(name):
    """The mean error and what 80 % intervals held, in the order of the page's first tables."""
    page = sections(ROOT / "docs/skill.md")
    wanted = []
    for heading in (
        "Provinces, 2000 and 2010 known, forecast to 2020",
        "Prefectures, 2010 and their province's history known, forecast to 2020",
        "10 years",
    ):
        rows = {row[0]: row for row in tables(page[heading])[0]}
        ours = rows.pop("simmodel")
        others = [float(row[2].split()[0]) for key, row in rows.items() if key != "persistence"]
        simple = float(rows["constant_urgd"][2].split()[0]) if "Provinces" in heading else None
        simple = min(others) if heading == "10 years" else simple
        wanted.append((ours[1], ours[2].split()[0], simple, ours[6].split()[0]))
    (table,) = (t for t in tables(TWINS[name]) if len(t[0]) == 4)
    for row, (n, error, simple, held) in zip(table, wanted, strict=True):
        assert n in row[0]
        assert float(row[1]) == round(float(error), 1)
        assert row[2] == ("–" if simple is None else f"{simple:.1f}")
        assert held in row[3]


# Help.


@pytest.mark.parametrize("name", main.commands)
def test_every_commands_help_has_an_example_that_is_a_command_line(name):
    command = main.commands[name]
    printed = CliRunner().invoke(main, [name, "--help"]).stdout
    text = re.search(r"^  Example:\n((?:      .*\n)+)", printed, re.MULTILINE)[1]
    lines = text.replace("\\\n", " ").splitlines()
    assert lines
    for line in lines:
        program, *words = shlex.split(line)
        assert program == "simmodel"
        assert parsed(words) == name
    for parameter in command.params:
        assert not isinstance(parameter, click.Option) or parameter.help, parameter.name
    assert name in names("commands", "What each does")


# The site.


def test_the_site_has_every_page_and_asks_no_network(tmp_path):
    pytest.importorskip("sphinx", reason="Sphinx is not installed")
    site = tmp_path / "html"
    command = [sys.executable, "-m", "sphinx", "-W", "-q", "-d", tmp_path, ROOT / "docs", site]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    pages = {str(path.relative_to(site).with_suffix("")) for path in site.rglob("*.html")}
    sources = {
        str(path.relative_to(ROOT / "docs").with_suffix(""))
        for kind in ("*.md", "*.ipynb")
        for path in (ROOT / "docs").rglob(kind)
        if "_build" not in path.parts
    }
    assert sources <= pages
    # What a page loads by itself; links that a reader may follow are no such thing.
    loading = re.compile(
        r"""(?:<(?:script|link|img|iframe)[^>]*(?:src|href)=|url\(|@import\s*)["']?(?:https?:)?//"""
    )
    for path in [*site.rglob("*.html"), *site.rglob("*.css")]:
        found = loading.search(path.read_text(encoding="utf-8"))
        assert not found, f"{path.name}: {found and found[0]}"
