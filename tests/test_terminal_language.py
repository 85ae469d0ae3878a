"""The terminal speaks one language, of ``--lang`` or the locale; files are the same in both."""

import json
import re

import pytest
from click.testing import CliRunner

from simmodel.cli import main
from simmodel.cli.options import language_of_locale
from simmodel.errors import SimmodelError
from simmodel.forecast.parameters import NAMES
from simmodel.forecast.posterior_file import Posteriors, check
from simmodel.results.tables import table
from simmodel.texts import terminal_language
from tests.conftest import ROOT

TREND = ROOT / "scenarios/trend.yaml"
HERE = ("--seeds", ROOT / "seeds")
HAN = re.compile(r"[\u2e80-\u9fff]")
# Three English words in a row; ids, options and titles of English methods have fewer.
ENGLISH = re.compile(r"\b[A-Za-z]{2,} [A-Za-z]{2,} [A-Za-z]{2,}\b")
# Written as they are in either language: the bracketed source and its place in a document.
CITED = re.compile(r"\[[^\]]*\]|（[a-z_0-9]+，[^）]*）")
SOLVE = (
    "solve", TREND, "--region", "wuwei", "--indicator", "urbanization_rate", "--year", "2035",
    "--lever", "local_retention", "--lever", "urban_out_migration", "--draws", "100", *HERE,
)  # fmt: skip


def call(*arguments, **environment):
    blank = {"LC_ALL": "", "LC_MESSAGES": "", "LANG": "C.UTF-8"}
    return CliRunner().invoke(main, list(map(str, arguments)), env=blank | environment)


def said(result):
    assert result.exit_code == 0, result.output
    return CITED.sub("", result.output)


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "en_GB.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8", "LC_MESSAGES": "zh_TW"}, "zh"),
        ({}, "en"),
    ],
)
def test_the_locale_chooses_the_language(monkeypatch, variables, language):
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert language_of_locale() == language


def test_a_run_speaks_chinese_and_writes_the_same_bytes(tmp_path):
    options = ("run", TREND, "--draws", "20", "--set", "regions=[wuwei]", "--charts", "none", *HERE)
    chinese = said(call(*options, "--out", tmp_path / "zh", LANG="zh_CN.UTF-8"))
    english = said(call(*options, "--out", tmp_path / "en", "--lang", "en", LANG="zh_CN.UTF-8"))
    assert "武威市" in chinese
    assert not ENGLISH.search(chinese), ENGLISH.search(chinese)
    assert not HAN.search(english.replace("万", ""))
    files = sorted(p.relative_to(tmp_path / "zh") for p in (tmp_path / "zh").rglob("*.*"))
    assert files
    for name in files:
        assert (tmp_path / "zh" / name).read_bytes() == (tmp_path / "en" / name).read_bytes()


def test_an_answer_is_in_one_language():
    chinese, english = said(call(*SOLVE, "--lang", "zh")), said(call(*SOLVE))
    assert "在100种未来中" in chinese
    assert not ENGLISH.search(chinese), ENGLISH.search(chinese)
    assert "of 100 futures" in english
    assert not HAN.search(english.replace("万", ""))
    assert said(call(*SOLVE, "--json", "--lang", "zh")) == said(call(*SOLVE, "--json"))


def test_findings_are_in_one_language():
    chinese = said(call("targets", TREND, "--lang", "zh", *HERE))
    assert "相互矛盾" in chinese
    assert not ENGLISH.search(chinese), ENGLISH.search(chinese)


def test_files_are_checked_in_chinese(tmp_path):
    fine = said(call("validate", TREND, ROOT / "seeds/wuwei.yaml", "--lang", "zh"))
    assert "：通过" in fine
    assert not ENGLISH.search(fine), ENGLISH.search(fine)


def test_what_is_piped_is_neither_cut_nor_coloured():
    wide = "x" * 300
    text = table(["id", "说明"], [[wide, "a b"], ["武威", "c"]], "lr")
    header, _, first, second = text.split("\n")
    assert first == f"{wide}   a b"
    assert "\x1b" not in text
    # The width of Chinese counts double: both rows end in the same column.
    assert len(second) + 2 == len(first)
    assert len(header) + 2 == len(first)


@pytest.fixture
def chinese():
    before = terminal_language.set("zh")
    yield
    terminal_language.reset(before)


def test_regions_are_told_of_in_chinese():
    listed = said(call("regions", "--lang", "zh"))
    one = said(call("regions", "wuwei", "--lang", "zh"))
    assert "武威市" in listed
    assert not ENGLISH.search(listed), ENGLISH.search(listed)
    one = re.sub(r"，census_\w+，.*", "", one)  # where the figure stands in its source
    assert "常住人口1,464,955人" in one
    assert not ENGLISH.search(one), ENGLISH.search(one)


@pytest.mark.usefixtures("chinese")
def test_what_was_calibrated_again_is_named_in_chinese():
    notice = Posteriors({}, "", ("wuwei", "wuwei.liangzhou")).notice()
    assert notice is not None
    assert notice.endswith("已重新校准：wuwei, wuwei.liangzhou")
    assert not ENGLISH.search(notice)


@pytest.mark.usefixtures("chinese")
@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ('{"version": 2, "parameters": []}', "不是后验分布文件（regions缺失或类型不对）"),
        ('{"version": 2, "parameters": PARAMETERS, "regions": {"wuwei": 1}}', "不是键值组；发现1"),
        (
            '{"version": 2, "parameters": PARAMETERS, "regions": {"wuwei": {"figures": 1}}}',
            "figures: 不是所依据数据的哈希值；发现1",
        ),
    ],
)
def test_a_faulty_posterior_is_refused_in_chinese(tmp_path, content, problem):
    path = tmp_path / "posterior.json"
    path.write_text(content.replace("PARAMETERS", json.dumps(list(NAMES))), encoding="utf-8")
    with pytest.raises(SimmodelError) as caught:
        check(path)
    assert str(caught.value).endswith(f"：{problem}；请用`simmodel calibrate`生成")
