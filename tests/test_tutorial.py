"""docs/tutorial.md from an empty folder: its tables typed into the template, its commands run."""

import csv
import re
import shlex
import subprocess

import pytest
from click.testing import CliRunner
from openpyxl import load_workbook

from simmodel.cli import main
from simmodel.inputs.seeds import read_seeds
from tests.conftest import ROOT

TEXT = (ROOT / "docs/tutorial.md").read_text(encoding="utf-8")
TYPED = re.findall(r"^\| (\w+!\w+) \| .*? \| (.+?) \|$", TEXT, re.MULTILINE)
STEPS = re.findall(r"^```(sh|yaml)\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


def typed(value):
    return int(value) if value.isdigit() else value


@pytest.fixture(scope="module")
def tutorial(tmp_path_factory):
    """Run the whole page; return the folder and the results by command."""
    folder = tmp_path_factory.mktemp("empty")
    results = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for kind, block in STEPS:
            if kind == "yaml":
                name = re.match(r"scenario: (\w+)", block)[1]
                (folder / f"{name}.yaml").write_text(block, encoding="utf-8")
                continue
            for line in block.splitlines():
                program, *arguments = shlex.split(line)
                assert program == "simmodel"
                results[line] = CliRunner().invoke(main, arguments)
                assert results[line].exit_code == 0, f"{line}\n{results[line].output}"
                if "--template" in arguments:
                    fill(folder / "dingxi.xlsx")
    return folder, results


def fill(path):
    book = load_workbook(path)
    for place, value in TYPED:
        sheet, cell = place.split("!")
        book[sheet][cell] = typed(value)
    book.save(path)


def test_the_page_has_what_the_test_takes_from_it():
    assert len(TYPED) >= 25
    assert [kind for kind, _ in STEPS].count("sh") == 5
    assert "made up" in TEXT


def test_the_region_works_in_every_command_of_the_page(tutorial):
    folder, results = tutorial
    region = read_seeds(folder / "seeds").regions["dingxi"]
    assert (region.parent, region.names.zh) == ("gansu", "定西市")
    assert (region.baseline.census.urban, region.history[0].census.rural) == (969084, 2073613)
    assert region.baseline.census.broad_ages.values == (20.01, 62.14, 17.85)
    (target,) = region.targets
    assert (target.value, target.comparison, target.unit) == (50.0, "~", "percent")
    said = results["simmodel validate seeds/dingxi.yaml"].stdout
    assert "borrowed: ages and sex of 2010 and 2020: from Gansu" in said
    assert "doubtful" not in said
    verdict = results["simmodel run dingxi_trend.yaml"].stdout
    assert re.search(r"Dingxi +urbanization rate +2030 +≈ 50 %", verdict)
    assert (folder / "figures/dingxi_trend/fan_dingxi.png").stat().st_size > 10_000
    with (folder / "figures/dingxi_trend/verdicts.csv").open(encoding="utf-8-sig") as stream:
        (row,) = csv.DictReader(stream)
    low, high = float(row["p05"]), float(row["p95"])
    assert 38.39 < low < float(row["median"]) < high < 60.0
    assert (folder / "figures/dingxi_stay/run.json").exists()


def test_everything_needed_is_in_the_new_folder_and_nothing_else(tutorial):
    folder, _ = tutorial
    shipped = {p.name for p in (ROOT / "seeds").iterdir()}
    assert {p.name for p in (folder / "seeds").iterdir()} == shipped | {"dingxi.yaml"}
    for name in shipped - {"sources.yaml"}:
        assert (folder / "seeds" / name).read_bytes() == (ROOT / "seeds" / name).read_bytes()
    before = (ROOT / "seeds/sources.yaml").read_text(encoding="utf-8")
    after = (folder / "seeds/sources.yaml").read_text(encoding="utf-8")
    assert after.startswith(before.rstrip("\n"))
    assert "tutorial_exercise:" in after


def test_from_a_clone_the_command_is_found_in_any_folder(tmp_path):
    (line,) = re.findall(r"^export PATH=.*$", TEXT, re.MULTILINE)
    assert TEXT.index("make run") < TEXT.index(line) < TEXT.index("simmodel new-region")
    program = tmp_path / "a clone/.venv/bin/simmodel"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    (tmp_path / "empty").mkdir()
    script = f"cd 'a clone'; {line}; cd ../empty; command -v simmodel"
    found = subprocess.run(
        ["sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == str(program)


def test_the_figures_of_the_page_are_those_of_the_censuses():
    table = ROOT.parent / "shared/data/prefectures_census_2010_2020.csv"
    if not table.exists():
        pytest.skip("no ../shared/data/prefectures_census_2010_2020.csv here")
    with table.open(encoding="utf-8-sig") as stream:
        (row,) = [r for r in csv.DictReader(stream) if r["city"] == "定西市"]
    page = {place: typed(value) for place, value in TYPED}
    rows = {"popu": 5, "popu_urban": 6, "age_0_14": 8, "age_15_59": 9, "age_60": 10}
    for name, number in rows.items():
        for year, column in ((2010, "C"), (2020, "D")):
            printed = page[f"普查!{column}{number}"]
            value = float(str(printed).rstrip("%"))
            assert value == float(row[f"{name}_{year}"])
    assert page["普查!C15"].endswith(row["city_code"])
