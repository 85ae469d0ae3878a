"""A region from a workbook: the template, what is read, what is refused, what is written."""

import contextlib
import datetime
import functools
import io
import re
import shutil
import tempfile
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from simmodel.cli import main
from simmodel.errors import FaultError
from simmodel.inputs.region_file import region_text, source_text
from simmodel.inputs.seeds import read_seeds, read_with
from simmodel.inputs.workbook.cells import INDICATORS
from simmodel.inputs.workbook.reader import read_workbook
from simmodel.inputs.workbook.sheets import AGE_STARTS
from simmodel.inputs.yaml import mapping_from
from simmodel.texts import terminal_language
from tests.conftest import ROOT

VALID = ROOT / "tests/bad_seeds/valid"

FILLED = {
    "基本情况!C6": "新市",
    "基本情况!C7": "New",
    "基本情况!C9": "north",
    "普查!C5": 120,
    "普查!D5": 130,
    "普查!C6": 50,
    "普查!D6": 70,
    "普查!C14": "count",
    "普查!D14": "count",
    "普查!C15": "row 7",
    "普查!D15": 7,
}
AGES = {f"年龄!{column}{row}": 3 for column in "BCDE" for row in range(5, 24)}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Make an empty folder with small seeds in it, and stand there."""
    shutil.copytree(VALID, tmp_path / "seeds")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*arguments):
    return CliRunner().invoke(main, [*map(str, arguments)])


@functools.cache
def template(name):
    """Return the template of a region as bytes."""
    with tempfile.TemporaryDirectory() as draft:
        arguments = ("new-region", name, "--template", "--out", draft, "--seeds", VALID)
        assert call(*arguments).exit_code == 0
        return (Path(draft) / f"{name}.xlsx").read_bytes()


def book_of(folder, cells=None, *, change=lambda book: None, name="new"):
    """Fill in the template: what is needed and ``cells`` beside it; then change the rest."""
    path = folder / f"{name}.xlsx"
    book = load_workbook(io.BytesIO(template(name)))
    for place, value in (FILLED | (cells or {})).items():
        sheet, cell = place.split("!")
        book[sheet][cell] = value
    change(book)
    book.save(path)
    return path


def refused(folder, *arguments):
    """Check that a command is refused as it should be and changes nothing; return its lines."""
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    result = call(*arguments)
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit)
    assert not result.stdout
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before
    return result.stderr.strip().splitlines()


def made(folder, cells=None, **more):
    """Set up the region and return it as it is read back."""
    book_of(folder, cells, **more)
    result = call("new-region", "new", "--from-excel", "new.xlsx")
    assert result.exit_code == 0, result.output
    return read_seeds(folder / "seeds").regions["new"]


def test_the_least_is_enough(folder):
    region = made(folder)
    assert (region.level, region.parent, region.names.zh) == ("prefecture", "north", "新市")
    base, earlier = region.baseline.census, region.history[0].census
    assert (base.total, base.urban, base.rural) == (130, 70, 60)
    assert (earlier.year, earlier.rural, earlier.place) == (2010, 70, "row 7")
    assert base.place == "7"
    assert base.age_sex is None
    assert region.counties == "some"
    text = (folder / "seeds/new.yaml").read_text(encoding="utf-8")
    assert "# Made by `simmodel new-region` from new.xlsx" in text
    assert "registered_elsewhere: {year" in text
    shipped = {p.name for p in VALID.iterdir()}
    assert {p.name for p in (folder / "seeds").iterdir()} == shipped | {"new.yaml"}
    for name in shipped:  # no source was added, so not even the list is touched
        assert (folder / "seeds" / name).read_bytes() == (VALID / name).read_bytes()


def test_everything_that_can_be_filled_in_is_read(folder):
    cells = AGES | {
        "普查!C5": 114,
        "普查!D5": 114,
        "普查!D11": "2人",
        "普查!D12": 3,
        "历年!B6": "常住人口 total_population",
        "历年!C6": "115人",
        "历年!D6": "万人",
        "历年!E6": "2022年",
        "历年!F6": "与七普衔接 post_2020_census",
        "历年!G6": "yearbook",
        "历年!H6": "页 3",
        "历年!I6": "印刷数",
        "目标!B6": "城镇化率",
        "目标!C6": "≥",
        "目标!D6": "６５％",
        "目标!F6": 2030,
        "目标!G6": "count",
        "目标!H6": "二",
        "来源!B9": "yearbook",
        "来源!C9": "年鉴",
        "来源!D9": "新市年鉴: 2023",
        "来源!F9": "统计局",
        "来源!G9": 2023,
    }
    region = made(folder, cells)
    base = region.baseline
    assert base.census.age_sex.ages == AGE_STARTS
    assert base.census.age_sex.female == (3,) * 19
    assert region.history[0].census.age_sex.male == (3,) * 19
    stock = base.registered_elsewhere
    assert (stock.other_province, stock.other_county_same_province, stock.same_county) == (
        2,
        3,
        None,
    )
    assert region.history[0].registered_elsewhere is None
    (figure,) = region.observations
    assert (figure.indicator, figure.value, figure.unit) == ("total_population", 115.0, "persons")
    assert (figure.year, figure.vintage, figure.note) == (2022, "post_2020_census", "印刷数")
    (target,) = region.targets
    assert (target.value, target.unit, target.comparison) == (65.0, "percent", ">=")
    source = read_seeds(folder / "seeds").sources["yearbook"]
    assert (source.title.zh, source.title.en) == ("新市年鉴: 2023", "新市年鉴: 2023")
    listed = (folder / "seeds/sources.yaml").read_text(encoding="utf-8")
    assert listed.startswith((VALID / "sources.yaml").read_text(encoding="utf-8").rstrip())


@pytest.mark.parametrize(
    ("ages", "unit", "values"),
    [
        (
            (26, 84.5, 19.5),
            "人",
            "is neither a percentage nor a whole number of persons; found 84.5",
        ),
        ((26, 84, 20), "人", (26.0, 84.0, 20.0)),
        ((20, 65, 15), "%", (20.0, 65.0, 15.0)),
        (("20.0%", "65%", "15％"), "人", "does not fit the unit beside it"),
        (
            (20, "约65%", 15),
            "%",
            "is neither a percentage nor a whole number of persons; found '约65%'",
        ),
    ],
)
def test_broad_ages_in_persons_or_percent(folder, ages, unit, values):
    cells = {f"普查!D{row}": value for row, value in zip((8, 9, 10), ages, strict=True)}
    cells |= {f"普查!E{row}": unit for row in (8, 9, 10)}
    if isinstance(values, tuple):
        broad = made(folder, cells).baseline.census.broad_ages
        assert broad.values == values
        return
    book_of(folder, cells)
    lines = refused(folder, "new-region", "new", "--from-excel", "new.xlsx")
    assert all(re.match(r"new\.xlsx: 普查!D\d+: ", line) for line in lines)
    assert any(values in line for line in lines)


def test_a_number_shown_in_percent_and_merged_texts_are_read(folder):
    def change(book):
        sheet = book["普查"]
        for row, value in ((8, 0.2), (9, 0.65), (10, 0.15)):
            sheet.cell(row, 4).value = value
            sheet.cell(row, 4).number_format = "0.00%"
        sheet["D14"] = None
        sheet.merge_cells("C14:D14")  # one source for both censuses

    census = made(folder, change=change).baseline.census
    assert census.broad_ages.values == (20.0, 65.0, 15.0)
    assert census.source == "count"


@pytest.mark.parametrize(
    ("cells", "change", "expected"),
    [
        ({"普查!D5": "约130"}, None, r"普查!D5: is not a whole number of persons; found '约130'"),
        ({"普查!D5": "13O"}, None, r"普查!D5: is not a number that is certain; found '13O'; all"),
        ({"普查!D5": 130.5}, None, r"普查!D5: is not a whole number of persons; found 130.5"),
        ({"普查!D5": "=100+30"}, None, r"普查!D5: .*found a formula whose value is not stored"),
        ({"普查!D5": "#REF!"}, None, r"普查!D5: is not a number that is certain; found '#REF!'"),
        ({"普查!E5": "户"}, None, r"普查!E5: is not a known unit; found '户'; allowed 人 persons"),
        ({"普查!D5": "47.01%"}, None, r"普查!D5: does not fit the unit beside it, '人' in 普查!E5"),
        ({"普查!D5": None}, None, r"普查!D5: 常住人口 Residents is missing"),
        ({"普查!D6": 131}, None, r"普查!D6: baseline.census.urban: is more than the total"),
        ({"普查!D7": 61}, None, r"普查!D5: baseline.census.total: urban \+ rural is not the total"),
        ({"普查!D14": "cuont"}, None, r"普查!D14: .*source does not exist.*Did you mean count\?"),
        ({"普查!D8": "20%"}, None, r"普查!D9: is missing; allowed all three"),
        ({"基本情况!C9": "nroth"}, None, r"基本情况!C9: parent: region does not exist.*north"),
        (
            {"基本情况!C8": "乡"},
            None,
            r"基本情况!C8: is not a known word; found '乡'; allowed 地级",
        ),
        ({"基本情况!C5": "old"}, None, r"基本情况!C5: is another region; found 'old'; allowed new"),
        ({"年龄!B5": 3}, None, r"年龄!B6: is missing; allowed the whole year or none of it"),
        (AGES, None, r"普查!D5|年龄!D5: baseline.census.age_sex: ages do not add up to the total"),
        (
            {
                "历年!B6": "城镇化率",
                "历年!C6": 0.47,
                "历年!D6": "%",
                "历年!E6": 2015,
                "历年!G6": "count",
                "历年!H6": "1",
            },
            None,
            r"历年!C6: observations\[0\].value: looks like a share; found 0.47; .*mean 47\?",
        ),
        (
            {"历年!B6": "城镇化绿", "历年!C6": 47, "历年!D6": "%", "历年!E6": 2015},
            None,
            r"历年!B6: is not a known word; found '城镇化绿'; .* Did you mean 城镇化率\?",
        ),
        (
            {
                "历年!B6": "常住人口",
                "历年!C6": 130,
                "历年!D6": "万人",
                "历年!E6": 2022,
                "历年!F6": "与七普衔接",
                "历年!G6": "count",
                "历年!H6": "1",
            },
            None,
            r"历年!C6: observations\[0\].value: does not fit the census of 2020.*Did you mean per",
        ),
        (
            {"目标!B6": "城镇化率", "目标!C6": "≥", "目标!D6": "约60%", "目标!F6": 2030},
            None,
            r"目标!C6: does not fit the value; found '≥'; allowed ~, as in 目标!D6",
        ),
        (
            {"目标!B6": "城镇化率", "目标!D6": "60%", "目标!F6": 2030},
            None,
            r"目标!B6: targets\[0\].comparison: required key is missing",
        ),
        ({"来源!B9": "x", "来源!G9": 2023}, None, r"来源!B9: x.kind: required key is missing"),
        ({"来源!B9": "2023年鉴"}, None, r"来源!B9: is not an id; found '2023年鉴'"),
        (
            {
                "来源!B9": "count",
                "来源!C9": "普查",
                "来源!D9": "别的",
                "来源!F9": "x",
                "来源!G9": 1,
            },
            None,
            r"来源!G9: count.year: is out of range",
        ),
        (
            {},
            lambda book: book.remove(book["普查"]),
            r"普查: the sheet is missing; found 说明, 基本情况, 年龄.*; allowed 基本情况, 普查",
        ),
        (
            {},
            lambda book: book["普查"].merge_cells("C5:D5"),
            r"普查!D5: is a part of a merged cell: whose number it is, is not certain",
        ),
        (
            {},
            lambda book: book["普查"].delete_cols(4),
            r"普查: has no column headed 2020",
        ),
        (
            {},
            lambda book: book["普查"].delete_rows(6),
            r"普查: has no row 城镇人口 Urban residents",
        ),
        (
            {"普查!A20": "流动人口", "普查!D20": 5},
            None,
            r"普查!A20: is not a field, or stands twice; found '流动人口'; allowed 常住人口",
        ),
        (
            AGES,
            lambda book: book["年龄"].delete_rows(5),
            r"年龄!A4: the age groups are too wide; found no group from 0; allowed groups from 0",
        ),
    ],
)
def test_what_is_not_certain_is_refused_with_sheet_and_cell(folder, cells, change, expected):
    book_of(folder, cells, change=change or (lambda book: None))
    lines = refused(folder, "new-region", "new", "--from-excel", "new.xlsx")
    assert all(line.startswith("new.xlsx: ") for line in lines)
    assert any(re.match(rf"new\.xlsx: (?:{expected})", line) for line in lines), "\n".join(lines)


TARGET = {
    "目标!B6": "常住人口城镇化率 urbanization_rate",
    "目标!D6": "约60%",
    "目标!F6": 2030,
    "目标!G6": "outline",
    "目标!H6": "二",
}


def only_fault(folder, cells, change=lambda book: None, name="new"):
    """Set a region up from a workbook with one mistake; return the one line that it gives."""
    book_of(folder, cells, change=change, name=name)
    (line,) = refused(folder, "new-region", name, "--from-excel", f"{name}.xlsx")
    return line


def test_a_source_that_is_nowhere_says_where_its_row_goes(folder):
    line = only_fault(folder, TARGET)
    assert line.startswith("new.xlsx: 目标!G6: targets[0].source: source does not exist")
    assert line.endswith("allowed an id of sources.yaml, or one with a row in the sheet 来源")
    line = only_fault(folder, TARGET | {"目标!G6": "cuont"})
    assert line.endswith("the sheet 来源. Did you mean count?")
    line = only_fault(folder, TARGET, lambda book: book.remove(book["来源"]))
    assert "source does not exist; found 'outline'" in line
    assert "the sheet 来源, which is missing: copy it from a new template and add" in line


@pytest.mark.parametrize(
    ("sheet", "merged", "cells", "place"),
    [
        ("目标", "B6:D6", TARGET, "目标!C6"),
        ("目标", "D6:F6", TARGET, "目标!E6"),
        ("目标", "G6:I6", TARGET | {"目标!G6": "count"}, "目标!H6"),
        ("目标", "F6:F7", TARGET | {"目标!G6": "count", "目标!B7": "城镇化率"}, None),
        ("目标", "D6:D7", TARGET | {"目标!G6": "count", "目标!B7": "城镇化率"}, "目标!D7"),
        ("历年", "B6:D6", {"历年!B6": "城镇化率", "历年!E6": 2015, "历年!G6": "count"}, "历年!C6"),
        ("来源", "B9:D9", {"来源!B9": "x", "来源!F9": "x", "来源!G9": 2023}, "来源!C9"),
        ("来源", "A9:B9", {"来源!A9": "x", "来源!C9": "年鉴", "来源!G9": 2023}, "来源!B9"),
        ("基本情况", "A6:C6", {}, "基本情况!C6"),
        ("基本情况", "C6:C7", {}, "基本情况!C7"),
        ("普查", "A5:A6", {}, "普查!A6"),
        ("普查", "A5:C5", {}, "普查!C5"),
        ("普查", "C5:C6", {}, "普查!C6"),
        ("普查", "D6:E6", {}, "普查!E6"),
        ("普查", "C14:C15", {}, "普查!C15"),
        ("普查", "B15:D15", {}, "普查!C15"),
        ("年龄", "A5:A6", AGES, "年龄!A6"),
        ("年龄", "B5:B6", AGES, "年龄!B6"),
        ("年龄", "A3:B3", AGES, "年龄!B3"),
    ],
)
def test_merged_cells_over_data_are_said_to_be_merged(folder, sheet, merged, cells, place):
    def change(book):
        book[sheet].merge_cells(merged)

    if place is None:  # one year for two rows; what is wrong is the second row's own
        book_of(folder, cells, change=change)
        lines = refused(folder, "new-region", "new", "--from-excel", "new.xlsx")
        assert not any("merged" in line for line in lines)
        return
    line = only_fault(folder, cells, change)
    assert line.startswith(f"new.xlsx: {place}: is a part of a merged cell: whose ")
    assert line.endswith(f"; allowed a cell of its own: unmerge {merged}")


def test_counts_in_ten_thousands_beside_the_unit_of_persons_name_the_cure(folder):
    cells = {"普查!C5": 269.86, "普查!D5": 252.41, "普查!C6": 62.5, "普查!D6": 96.9084}
    book_of(folder, cells)
    lines = refused(folder, "new-region", "new", "--from-excel", "new.xlsx")
    assert len(lines) == 4
    cures = [line.partition("; if ")[2] for line in lines if "; if " in line]
    assert cures == [
        "269.86 is in 万人, set the unit in 普查!E5 to 万人",
        "62.5 is in 万人, set the unit in 普查!E6 to 万人",
    ]
    region = made(folder, cells | {"普查!E5": "万人", "普查!E6": "万人"})
    assert (region.baseline.census.total, region.baseline.census.urban) == (2524100, 969084)


@pytest.mark.parametrize("value", ["约130.5", 130.12345, "130.5人"])
def test_no_cure_is_named_that_would_not_cure(folder, value):
    assert "set the unit" not in only_fault(folder, {"普查!D5": value})


@pytest.mark.parametrize(
    ("parent", "name", "said"),
    [
        ("北省", "new", "does not exist; found '北省'; allowed north 北. Did you mean north?"),
        ("North", "new", "does not exist; found 'North'; allowed north 北. Did you mean north?"),
        ("elsewhere", "new", "region does not exist; found 'elsewhere'; allowed north 北"),
        ("mid", "new", "is a region of the wrong level; found mid, a prefecture; allowed north"),
        ("new", "new", "is a region of the wrong level; found new, a prefecture; allowed north"),
        ("中市", "mid.south", "region does not exist; found '中市'; allowed mid 中. Did you mean"),
        ("新市", "new.town", "allowed new, once it is there: simmodel new-region new --template"),
    ],
)
def test_a_wrong_region_above_is_one_line_with_what_can_be_one(folder, parent, name, said):
    line = only_fault(folder, {"基本情况!C9": parent}, name=name)
    assert line.startswith(f"{name}.xlsx: 基本情况!C9: parent: ")
    assert said in line


def test_a_file_for_another_command_is_told_which(folder):
    scenario, sweep = ROOT / "scenarios/trend.yaml", ROOT / "scenarios/sweeps/levers.yaml"
    (line,) = refused(folder, "sweep", scenario, "--seeds", ROOT / "seeds")
    said = "regions: is the key of a scenario, not of a sweep; allowed a sweep; a scenario goes to"
    assert said in line
    assert line.endswith(f": simmodel run {scenario}")
    for command in ("run", "targets", "show"):
        (line,) = refused(folder, command, sweep, "--seeds", ROOT / "seeds")
        said = "1: sweep: is the key of a sweep, not of a scenario; allowed a scenario; a sweep"
        assert f"{sweep}:{said}" in line
        assert line.endswith(f" goes to: simmodel sweep {sweep}")


def test_what_is_not_utf8_says_what_to_do(folder):
    book_of(folder)
    (line,) = refused(folder, "run", "new.xlsx")
    assert "is not UTF-8 text; found byte 0x" in line
    assert line.endswith("a workbook goes to: simmodel new-region NAME --from-excel new.xlsx")
    Path("gbk.yaml").write_bytes("title: 趋势\n".encode("gbk"))
    (line,) = refused(folder, "run", "gbk.yaml")
    assert (
        line
        == "gbk.yaml:1: is not UTF-8 text; found byte 0xC7; allowed UTF-8: save the file as UTF-8"
    )


def test_all_faults_come_in_one_pass(folder):
    cells = {"普查!D5": "13O", "普查!C6": "约50", "基本情况!C8": "乡", "目标!B6": "增速"}
    book_of(folder, cells)
    lines = refused(folder, "new-region", "new", "--from-excel", "new.xlsx")
    for place in ("普查!D5", "普查!C6", "基本情况!C8", "目标!B6"):
        assert sum(f" {place}: " in line for line in lines) == 1


def test_nothing_is_overwritten(folder):
    book_of(folder)
    assert call("new-region", "new", "--from-excel", "new.xlsx").exit_code == 0
    (line,) = refused(folder, "new-region", "new", "--from-excel", "new.xlsx")
    assert "seeds/new.yaml: exists already" in line
    (line,) = refused(folder, "new-region", "new", "--template")
    assert "seeds/new.yaml: exists already" in line  # before anything is filled in
    Path("seeds/new.yaml").unlink()
    (line,) = refused(folder, "new-region", "new", "--template")
    assert "new.xlsx: exists already" in line


def test_a_template_for_a_shipped_region_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("wuwei", "wuwei.liangzhou"):
        (line,) = refused(tmp_path, "new-region", name, "--template")
        assert f"seeds/{name}.yaml: exists already" in line
        assert "take another name" in line


def test_a_write_that_fails_leaves_everything_as_it_was(folder, monkeypatch):
    import os

    cells = {"来源!B9": "x", "来源!C9": "plan", "来源!D9": "x", "来源!F9": "x", "来源!G9": 2020}
    book_of(folder, cells)
    replace = os.replace

    def fail(source, target):
        if Path(target).name == "new.yaml":
            raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr("simmodel.inputs.region_file.os.replace", fail)
    (line,) = refused(folder, "new-region", "new", "--from-excel", "new.xlsx")
    assert "cannot write there (No space left on device)" in line


@pytest.mark.parametrize("content", [b"", b"not a workbook", b"PK\x03\x04 torn"])
def test_what_is_no_workbook_is_refused(folder, content):
    Path("new.xlsx").write_bytes(content)
    (line,) = refused(folder, "new-region", "new", "--from-excel", "new.xlsx")
    assert line.startswith("new.xlsx: cannot be read as a workbook; allowed an .xlsx workbook")


def test_an_empty_workbook_names_what_is_missing(folder):
    Workbook().save("new.xlsx")
    lines = refused(folder, "new-region", "new", "--from-excel", "new.xlsx")
    assert [line.split(": ")[1] for line in lines] == ["基本情况", "普查"]


def test_wrong_usage(folder):
    assert call("new-region", "new").exit_code == 2
    assert call("new-region", "new", "--template", "--from-excel", "x.xlsx").exit_code == 2
    assert call("new-region", "new", "--from-excel", "x.xlsx", "--out", ".").exit_code == 2
    (line,) = refused(folder, "new-region", "New Town", "--template")
    assert line == "New Town: is not an id; allowed lower-case words like wuwei or wuwei.liangzhou"
    (line,) = refused(folder, "new-region", "new", "--from-excel", "x.xlsx")
    assert line.startswith("x.xlsx: does not exist")
    lines = refused(folder, "new-region", "new", "--from-excel", "x.xlsx", "--seeds", "nowhere")
    assert lines == ["nowhere: is not a folder with seed files"]
    (line,) = refused(folder, "new-region", "new", "--template", "--out", "nowhere")
    assert "cannot write there" in line


def test_the_template_has_drop_downs_and_the_examples_are_not_read(folder):
    assert call("new-region", "new", "--template", "--out", ".").exit_code == 0
    book = load_workbook("new.xlsx")
    names = ["说明", "基本情况", "普查", "年龄", "历年", "目标", "来源", "词表"]
    assert book.sheetnames == names
    assert book["词表"].sheet_state == "hidden"
    chosen = {
        (name, str(rule.sqref).split(":")[0][0])
        for name in names
        for rule in book[name].data_validations.dataValidation
    }
    assert {("基本情况", "C"), ("普查", "E"), ("历年", "B"), ("历年", "D"), ("历年", "F")} <= chosen
    assert {("目标", "B"), ("目标", "C"), ("目标", "E"), ("目标", "G"), ("来源", "C")} <= chosen
    lists = [str(c.value) for column in book["词表"].columns for c in column if c.value]
    assert "north" in lists
    assert "常住人口城镇化率 urbanization_rate" in lists
    assert len([w for w in lists if w.split(" ")[-1] in INDICATORS.words]) >= len(INDICATORS.words)
    with pytest.raises(FaultError) as caught:  # an empty template: only what is required is missed
        read_workbook(Path("new.xlsx"), "new")
    missed = [str(fault).split(": ")[1] for fault in caught.value.faults]
    assert set(missed) == set(FILLED) & set(missed)
    assert len(missed) == len(FILLED)


def test_a_county_below_a_prefecture_that_is_not_whole(folder):
    made(folder)
    county = {
        "基本情况!C9": "new",
        "普查!C5": 20,
        "普查!D5": 21,
        "普查!C6": 10,
        "普查!D6": 11,
    }
    book_of(folder, county, name="new.town")
    assert load_workbook("new.town.xlsx")["基本情况"]["C8"].value == "县级 county"
    result = call("new-region", "new.town", "--from-excel", "new.town.xlsx")
    assert result.exit_code == 0, result.output
    assert "missing: the other counties of New:" in result.stdout
    assert "缺少：新市的其他县" in call("validate", "--lang", "zh", "seeds/new.town.yaml").stdout
    assert call("validate", "seeds").exit_code == 0
    book_of(folder, county | {"普查!D6": 71, "普查!D5": 71}, name="new.other")
    lines = refused(folder, "new-region", "new.other", "--from-excel", "new.other.xlsx")
    assert "is not the sum of the 2 counties counted" in lines[0]


texts = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=30
) | st.sampled_from(
    ["~", "null", "yes", "2025-01-01", "1_000", "a: b", "# no", "- x", "'", ">=", "?0", ":a"]
)


@given(texts, texts, st.decimals(0, 100, places=2, allow_nan=False))
@example("?0", ":a", Decimal("0.00"))
def test_whatever_is_typed_reads_back_from_the_file_that_is_written(place, name, value):
    census = {"unit": "persons", "total": 130, "urban": 70, "source": "count", "place": place}
    figure = {"indicator": "urbanization_rate", "value": float(value), "unit": "percent"}
    target = figure | {"year": 2030, "comparison": "~", "source": "count", "place": place}
    data = {
        "id": "new",
        "names": {"en": name, "zh": name},
        "level": "prefecture",
        "parent": "north",
        "counties": "some",
        "baseline": {"census": census | {"year": 2020}},
        "history": [{"census": census | {"year": 2010}}],
        "targets": [target],
    }
    again = mapping_from(region_text(data, "new.xlsx"), "new.yaml").plain()
    assert again.pop("observations") == []
    assert again == data
    source = {"kind": "plan", "title": {"en": name, "zh": name}, "publisher": place, "year": 2020}
    assert mapping_from(source_text({"new": source}), "sources.yaml").plain() == {"new": source}


anything = (
    st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.dates(datetime.date(1901, 1, 1))
    | texts
    | st.sampled_from(
        ["", "2020", "2010年", "=1/0", "#N/A", "例", "女 2020", "单位", "常住人口", "85+"]
    )
)
anywhere = st.tuples(
    st.sampled_from(["基本情况", "普查", "年龄", "历年", "目标", "来源"]),
    st.integers(1, 26),
    st.integers(1, 10),
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(anywhere, anything), min_size=1, max_size=6), st.none() | anywhere)
def test_nothing_typed_anywhere_makes_anything_but_faults(folder, typed, merged):
    def change(book):
        for (sheet, row, column), value in typed:
            book[sheet].cell(row, column).value = value
        if merged is not None:
            sheet, row, column = merged
            book[sheet].merge_cells(None, row, column, row + 1, column + 1)

    path = book_of(folder, change=change)
    with contextlib.suppress(FaultError):
        filled = read_workbook(path, "new")
        read_with(folder / "seeds", "new", filled.region, filled.sources)


def test_faults_are_said_in_the_language_of_the_terminal(folder):
    path = book_of(folder, {"普查!D5": "13O", "普查!E6": "户"})
    token = terminal_language.set("zh")
    try:
        with pytest.raises(FaultError) as caught:
            read_workbook(path, "new")
    finally:
        terminal_language.reset(token)
    first, second = sorted(fault.problem for fault in caught.value.faults)
    assert (first, second) == ("不是可以确定的数", "不是可识别的单位")


def test_a_workbook_with_english_words_is_read(folder):
    cells = {"普查!E5": "thousand persons", "普查!C5": 0.12, "普查!D5": 0.13}
    cells |= {"基本情况!C8": "Prefecture-level", "普查!C6": "50 people"}
    region = made(folder, cells)
    assert (region.level, region.baseline.census.total) == ("prefecture", 130)
