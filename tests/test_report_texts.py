"""Texts of the report and the explorer: what is looked up is there; Chinese is Chinese."""

import re
from pathlib import Path

import pytest

import simmodel
from simmodel.forecast.parameters import NAMES
from simmodel.levers import LEVERS
from simmodel.texts import keys, templates
from simmodel.variables import FLOWS, SEXES

HOUSE = Path(simmodel.__file__).parent
SECTIONS = ("explorer", "report")
# Keys of the report with a dot, by the names that the package looks up under them.
FAMILIES = {
    "level": {"nation", "province", "prefecture", "county"},
    "sex": set(SEXES),
    "flow": {flow.name for flow in FLOWS},
    "parameter": set(NAMES),
    "js": set(re.findall(r"\bwords\.([a-z]+)", (HOUSE / "report" / "report.js").read_text())),
}
TEXTS = {
    language: [
        (f"{section}.{key}", text)
        for section in SECTIONS
        for key, text in zip(keys(section), templates(section, language), strict=True)
    ]
    for language in ("en", "zh")
}


@pytest.mark.parametrize("family", FAMILIES)
def test_families_hold_what_is_looked_up_and_nothing_else(family):
    found = {key.partition(".")[2] for key in keys("report") if key.startswith(f"{family}.")}
    assert found == FAMILIES[family]


def test_every_lever_says_what_it_does():
    assert {f"{lever}.about" for lever in LEVERS} <= set(keys("levers"))


@pytest.mark.parametrize(("key", "chinese"), TEXTS["zh"])
def test_chinese_punctuation_is_full_width(key, chinese):
    # Placeholders stand for text that may be Chinese; figures keep their points and signs.
    text = re.sub(r"\{[^}]*\}", "字", chinese)
    marks = r"[\u4e00-\u9fff][,;:?!()\"]|[,;:?!()\"][\u4e00-\u9fff]"
    assert key == "report.year_format" or not re.search(marks, text), text
    assert not re.search(r"[\u4e00-\u9fff]\.", text), text


@pytest.mark.parametrize(("key", "english"), TEXTS["en"])
def test_english_has_no_chinese_but_the_unit(key, english):
    assert not re.search(r"[\u4e00-\u9fff，。；：（）“”]", english.replace("万", "")), key
