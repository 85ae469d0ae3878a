"""docs/howto.md from a folder with seeds and scenarios: its files written, its commands run."""

import csv
import json
import re
import shlex
import shutil

import pytest
import xarray as xr
from click.testing import CliRunner

from simmodel.cli import main
from simmodel.judging.consistency.findings import GRADES
from tests.conftest import ROOT
from tests.test_docs import INTERVALS, REFERENCE, TWINS, names, sections

PAGE = sections(ROOT / "docs/howto.md")
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
# Few draws: what is tested is that the commands work and write what the page says.
DRAWN = ("run", "solve", "report")
LINES = [line for text in PAGE.values() for k, b in FENCE.findall(text) for line in b.splitlines()]
SOLVED, MIXED = (line for line in LINES if line.startswith("simmodel solve"))
SKIPPED = {
    "On a cluster": "needs a scheduler and workers; tests/test_scale_out.py starts some",
    "Try levers on a page": "needs a browser; serves until it is stopped",
}


def written(folder, kind, block):
    """Put a block of the page where the page says."""
    name = re.match(r"(?:scenario|sweep): (\w+)", block)
    if kind == "text":
        (folder / "panel.csv").write_text(block, encoding="utf-8")
    elif name:
        (folder / f"{name[1]}.yaml").write_text(block, encoding="utf-8")
    elif block.startswith("  - "):
        path = folder / "seeds/wuwei.yaml"
        before = path.read_text(encoding="utf-8")
        after = before.replace("\nobservations:\n", f"\nobservations:\n{block}", 1)
        path.write_text(after, encoding="utf-8")
    else:
        with (folder / "seeds/sources.yaml").open("a", encoding="utf-8") as file:
            file.write(f"\n{block}")


def typed(line):
    """Run one line of the page."""
    program, command, *rest = shlex.split(line)
    assert program == "simmodel"
    draws = ["--draws", "20"] if command in DRAWN else []
    result = CliRunner().invoke(main, [command, *rest, *draws])
    assert result.exit_code == 0, f"{line}\n{result.output}"
    return result


@pytest.fixture(scope="module")
def howto(tmp_path_factory):
    """Run the whole page; return the folder and the results by command."""
    folder = tmp_path_factory.mktemp("howto")
    results = {}
    for name in ("seeds", "scenarios"):
        shutil.copytree(ROOT / name, folder / name)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for heading, text in PAGE.items():
            if heading in SKIPPED:
                continue
            for kind, block in FENCE.findall(text):
                if kind == "sh":
                    results |= {line: typed(line) for line in block.splitlines()}
                elif kind == "python":
                    exec(block, {})
                else:
                    written(folder, kind, block)
            if heading == "Add this year's communiqué":  # made up: not for the recipes after it
                shutil.rmtree(folder / "seeds")
                shutil.copytree(ROOT / "seeds", folder / "seeds")
    return folder, results


@pytest.mark.parametrize("heading", SKIPPED)
def test_recipes_that_are_not_run_name_a_command_that_is_there(heading):
    ((_, block),) = FENCE.findall(PAGE[heading])
    _, command, *rest = shlex.split(block)
    main.commands[command].make_context(command, rest)


def test_what_the_page_says_to_look_at_is_there(howto):
    folder, _ = howto
    shown = [
        path
        for heading in PAGE.keys() - SKIPPED.keys()
        for path in re.findall(r"`([\w/]+\.(?:png|csv|html|xlsx|json))`", PAGE[heading])
    ]
    assert len(shown) >= 12
    for path in shown:
        beside = list(folder.glob(f"figures/*/{path}"))
        assert beside or (folder / path).is_file(), path


def test_the_page_says_what_the_commands_say(howto):
    folder, results = howto
    assert "put it back: --set" in results[SOLVED].stdout
    said = results["simmodel run wuwei.yaml --set scenario=wuwei_2024"].stderr
    assert "calibrated anew" in said
    assert "wuwei.minqin" in said
    with (folder / "figures/resettled/ledger.csv").open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["component"] == "programmes"]
    moved = max(float(row["urban_growth"]) for row in rows)
    assert moved == pytest.approx(0.8 * 37_900)  # of 3.79 万 people, a share of 0.8 into towns
    grades = [f["grade"] for f in json.loads(results["simmodel targets --json"].stdout)]
    assert grades == sorted(grades, key=GRADES.index)  # contradictions first


def test_a_run_made_again_has_the_same_bits(howto):
    folder, _ = howto
    for path in (folder / "figures/wuwei").iterdir():
        assert path.read_bytes() == (folder / "again/wuwei" / path.name).read_bytes(), path.name


def test_the_panel_of_the_page_is_of_the_seeds(howto, seeds):
    folder, _ = howto
    with (folder / "panel.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 9
    for row in rows:
        region = seeds.regions[row["unit"]]
        censuses = [region.baseline.census, *(item.census for item in region.history)]
        (census,) = (c for c in censuses if c.year == int(row["year"]))
        assert (int(row["total"]), int(row["urban"])) == (census.total, census.urban)
        assert row["parent"] in ("", region.parent)


# The reference beside what is written.


SMALL = """\
scenario: small
regions: [linxia, gansu]
horizon: 2025
"""
SWEEP = """\
sweep: {method}
scenario: small.yaml
parameters:
  levers.local_retention: {{low: 0.5, high: 2.0}}
  levers.rural_exit: {{low: 0.5, high: 6.0}}
outcomes:
  - {{region: linxia, indicator: urbanization_rate, years: {{from: 2021, to: 2024}}}}
  - {{region: linxia, indicator: urbanization_rate, year: 2025, target: met}}
design: {{method: {method}{size}}}
"""
SIZES = {"one_at_a_time": "", "grid": 3, "morris": 8, "sobol": 64, "discovery": 200}


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A scenario and a sweep by each method, small, with all that a run may have."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "small.yaml").write_text(SMALL, encoding="utf-8")
    lines = ["simmodel run small.yaml --keep-draws"]
    for method, size in SIZES.items():
        text = SWEEP.format(method=method, size=size and f", size: {size}")
        (folder / f"{method}.yaml").write_text(text, encoding="utf-8")
        lines.append(f"simmodel sweep {method}.yaml --quiet")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for line in lines:
            typed(f"{line} --seeds {ROOT / 'seeds'}")
    return folder / "figures"


def pattern(name):
    """What a name of the reference stands for, with any text where it has <…>."""
    return re.compile(re.sub(r"<\w+>", "[^.]+", name.replace(".", r"\.")))


def held(said, found):
    """Every name said is found, and every one found is said."""
    patterns = {name: pattern(name) for name in said}
    for name in found:
        assert any(p.fullmatch(name) for p in patterns.values()), f"{name} is not in the reference"
    for name, p in patterns.items():
        assert any(p.fullmatch(other) for other in found), f"{name} is not written"


def files(*folders):
    return {path.name for folder in folders for path in folder.iterdir()}


def test_every_file_of_a_run_stands_in_the_reference(small, howto):
    figures = howto[0] / "figures"
    held(names("outputs", "Files of a scenario"), files(small / "small"))
    held(names("outputs", "Files of a comparison"), files(figures / "_compared"))
    assert {p.name for p in (howto[0] / "meeting").iterdir()} == {"report.html", "report.xlsx"}
    assert files(howto[0] / "skill") == set(names("outputs", "hindcast --charts"))


@pytest.mark.parametrize("name", TWINS)
def test_files_that_the_readme_names_are_files_of_a_run(name):
    shown = re.findall(r"`figures/(\w+)/([\w.]+)`", TWINS[name])
    assert len(shown) == 4
    said = [*names("outputs", "Files of a scenario"), *names("outputs", "Files of a comparison")]
    for folder, file in shown:
        assert folder == "_compared" or (ROOT / f"scenarios/{folder}.yaml").is_file()
        assert any(pattern(one).fullmatch(file) for one in said)


def test_every_variable_coordinate_and_attribute_of_a_run_stands_in_the_reference(small, howto):
    stems, coordinates = set(), set()
    for folder in (howto[0] / "figures/resettled", small / "small"):
        with xr.open_dataset(folder / "projection.nc", engine="scipy") as ds:
            own = {str(name).removesuffix("_mean") for name in ds.data_vars}
            assert len(ds.data_vars) == 2 * len(own)
            assert set(ds.attrs) == set(names("outputs", "Attributes"))
            stems, coordinates = stems | own, coordinates | set(map(str, ds.coords))
    held(names("outputs", "Variables"), stems)
    assert coordinates == set(names("outputs", "Coordinates"))
    with xr.open_dataset(small / "small/draws.nc", engine="scipy") as ds:
        assert set(map(str, ds.data_vars)) == own
        assert "draw" in ds.dims
    with xr.open_dataset(small / "small/ages.nc", engine="scipy") as ds:
        assert list(ds.data_vars) == ["population"]


def test_every_file_variable_and_index_of_a_sweep_stands_in_the_reference(small):
    folders = [small / method for method in SIZES]
    large = "sweep.zarr"  # of sweeps that do not fit into memory: tests/test_study.py
    held([n for n in names("outputs", "Files of a sweep") if n != large], files(*folders))
    variables, coordinates, indices = set(), set(), set()
    for folder in folders:
        with xr.open_dataset(folder / "sweep.nc", engine="scipy") as ds:
            variables |= set(map(str, ds.data_vars))
            coordinates |= set(map(str, ds.coords))
        with (folder / "indices.csv").open(encoding="utf-8") as stream:
            indices |= {row["index"] for row in csv.DictReader(stream)}
    said = names("outputs", "sweep.nc")
    beside = {f"{name}{end}" for name in ("mu_star", "S1", "ST", "S2") for end in INTERVALS}
    assert variables == {*said, *beside}
    assert coordinates == set(names("outputs", "sweep.nc", 1))
    boxes = {re.sub(r"^box_\d+", "box_n", name) for name in indices if name.startswith("box_")}
    row = next(
        line
        for line in sections(REFERENCE / "outputs.md")["indices.csv"].splitlines()
        if line.startswith("| `index`")
    )
    assert boxes == set(re.findall(r"`(box_n\w*)`", row))
    assert {name for name in indices if not name.startswith("box_")} <= set(said)


def test_every_key_of_an_answer_and_of_a_record_stands_in_the_reference(howto, small):
    folder, results = howto
    assert set(json.loads(results[MIXED].stdout)) == set(names("outputs", "solve --json"))
    records = [small / "small/run.json", small / "sobol/run.json"]
    kept = [json.loads(path.read_text(encoding="utf-8"))["provenance"] for path in records]
    assert {key for record in kept for key in record} == set(names("outputs", "Provenance"))
    scored = typed(f"simmodel hindcast --panel {folder}/panel.csv --origin 2010 --to 2020 --json")
    assert set(json.loads(scored.stdout)) == set(names("outputs", "hindcast --json"))
