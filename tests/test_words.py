"""The catalogue of the report: neither language lacks a key, none is idle, Chinese is Chinese."""

import re
from pathlib import Path
from string import Formatter

import pytest

import simmodel
from simmodel.charts.labels import LIKELIHOODS, UNJUDGED
from simmodel.forecast.parameters import NAMES
from simmodel.judging.consistency.findings import CODES, GRADES
from simmodel.judging.likelihood import LIKELIHOODS as CLASSES
from simmodel.levers import LEVERS
from simmodel.report.words import LANGUAGES, WORDS, speaker
from simmodel.texts import text
from simmodel.variables import COMPONENTS, FLOWS, RESIDENCES, SEXES

HOUSE = Path(simmodel.__file__).parent
USERS = [
    *(HOUSE / "report" / f"{name}.py" for name in ("wording", "chart_data", "page", "workbook")),
    HOUSE / "report" / "report.html.jinja",
]
EXPLORER = [
    *(HOUSE / "explorer" / f"{name}.py" for name in ("state", "charts", "page")),
    HOUSE / "explorer" / "explorer.html.jinja",
]
# Keys with a dot, by the names that the package looks up under them.
FAMILIES = {
    "indicator": {
        "urbanization_rate",
        "urban_population",
        "total_population",
        "urban_district_population",
        "new_urban_jobs",
    },
    "level": {"nation", "province", "prefecture", "county"},
    "residence": set(RESIDENCES),
    "sex": set(SEXES),
    "flow": {flow.name for flow in FLOWS},
    "part": {component.name for component in COMPONENTS},
    "parameter": set(NAMES),
    "lever": set(LEVERS),
    "code": set(CODES),
    "grade": set(GRADES),
    "word": {word for _, word, _ in LIKELIHOODS}
    | set(UNJUDGED)
    | {text(f"probability.{n}", "en") for _, n in CLASSES},
}


def places(text):
    return sorted(name for _, name, _, _ in Formatter().parse(text) if name is not None)


@pytest.mark.parametrize("key", sorted(WORDS))
def test_neither_language_lacks_a_key_or_a_place(key):
    english, chinese = WORDS[key]
    if key != "js.year":  # a year is written without a word in English
        assert english.strip()
    assert chinese.strip()
    assert places(english) == places(chinese)


def test_both_languages_are_offered():
    assert set(LANGUAGES) == {"zh", "en"}
    assert speaker("zh")("takes") == "怎样才能实现？"
    with pytest.raises(KeyError):
        speaker("en")("no such key")


def test_families_hold_what_is_looked_up_and_nothing_else():
    found = {}
    for key in WORDS:
        family, dot, name = key.partition(".")
        if dot and family not in ("js", "explore"):
            found.setdefault(family, set()).add(name)
    assert found == FAMILIES


def test_no_key_is_idle():
    said = "".join(path.read_text(encoding="utf-8") for path in USERS)
    script = (HOUSE / "report" / "report.js").read_text(encoding="utf-8")
    idle = [key for key in WORDS if "." not in key and f'"{key}"' not in said]
    idle += [key for key in WORDS if key.startswith("js.") and f"words.{key[3:]}" not in script]
    assert idle == []


def test_the_explorer_says_all_its_words_and_no_other():
    said = "".join(path.read_text(encoding="utf-8") for path in EXPLORER)
    asked = {f"explore.{name}" for name in re.findall(r"""["']explore\.([a-z_]+)["']""", said)}
    asked |= {f"explore.about_{lever}" for lever in LEVERS}
    # What is wrong, by keys that complaints carry; and what the headline's difference is called.
    carried = r"""(?:Complaint|Refused|_unknown)\(\s*"([a-z_]+)\""""
    complaints = set(re.findall(carried, said))
    asked |= {f"explore.{name}" for name in complaints}
    asked |= {f"explore.{name}_near" for name in re.findall(r'_unknown\("([a-z_]+)"', said)}
    asked |= {f"explore.{name}" for name in ("same", "above", "below")}
    assert asked == {key for key in WORDS if key.startswith("explore.")}


def test_no_key_is_missing():
    said = "".join(path.read_text(encoding="utf-8") for path in (*USERS, *EXPLORER))
    asked = set(re.findall(r"""\bsay\(\s*["']([a-z_0-9.]*[a-z_0-9])["']""", said))
    asked |= {f"js.{name}" for name in re.findall(r"\bwords\.([a-z]+)", script())}
    assert asked <= set(WORDS)


def script():
    return (HOUSE / "report" / "report.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("key", sorted(WORDS))
def test_chinese_punctuation_is_full_width(key):
    # Placeholders stand for text that may be Chinese; figures keep their points and signs.
    text = re.sub(r"\{[^}]*\}", "字", WORDS[key][1])
    assert not re.search(r"[\u4e00-\u9fff][,;:?!()\"]|[,;:?!()\"][\u4e00-\u9fff]", text), text
    assert not re.search(r"[\u4e00-\u9fff]\.", text), text


@pytest.mark.parametrize("key", sorted(WORDS))
def test_english_has_no_chinese_but_the_unit(key):
    assert not re.search(r"[\u4e00-\u9fff，。；：（）“”]", WORDS[key][0].replace("万", ""))
