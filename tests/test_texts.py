"""Texts: both languages say everything, with the same places; no key is idle; code holds none."""

import ast
import re
from pathlib import Path
from string import Formatter

import pytest
import yaml

import simmodel
from simmodel import texts
from simmodel.texts import LANGUAGES, both, say, terminal_language, text

HOUSE = Path(simmodel.__file__).parent
CODE = sorted(HOUSE.rglob("*.py"))
TEMPLATES = sorted([*HOUSE.rglob("*.jinja"), *HOUSE.rglob("*.js")])
HAN = re.compile(r"[\u2e80-\u9fff\uff00-\uffef]")


def read(language):
    return yaml.safe_load((HOUSE / "texts" / f"{language}.yaml").read_text(encoding="utf-8"))


ALL = {language: read(language) for language in LANGUAGES}
KEYS = sorted(f"{section}.{name}" for section, found in ALL["en"].items() for name in found or ())


def places(sentence):
    return sorted({name for _, name, _, _ in Formatter().parse(sentence) if name is not None})


def asked():
    """Return keys asked for in code or templates, and the beginnings of keys put together."""
    whole, begun = set(), set()
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                whole.add(node.value)
            elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                begun.add(node.values[0].value)
    for path in TEMPLATES:
        whole |= set(re.findall(r"[\"']([a-z_]+\.[\w.]+)[\"']", path.read_text(encoding="utf-8")))
    return whole, tuple(start for start in begun if re.match(r"[a-z_]+\.", start))


def test_the_languages_have_the_same_keys_in_the_same_order():
    english, chinese = (
        [(s, list(found or ())) for s, found in ALL[one].items()] for one in LANGUAGES
    )
    assert english == chinese


@pytest.mark.parametrize("key", KEYS)
def test_a_text_has_the_same_places_in_both_languages(key):
    section, _, name = key.partition(".")
    english, chinese = (ALL[language][section][name] for language in LANGUAGES)
    assert isinstance(english, str)
    assert isinstance(chinese, str)
    assert places(english) == places(chinese)


def test_no_text_is_idle():
    whole, begun = asked()
    idle = [key for key in KEYS if key not in whole and not key.startswith(begun)]
    assert not idle


@pytest.mark.parametrize("path", CODE, ids=lambda path: path.relative_to(HOUSE).as_posix())
def test_code_holds_no_chinese(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    assert not [f"{path}:{n}: {line}" for n, line in enumerate(lines, 1) if HAN.search(line)]


def test_the_terminal_speaks_the_language_that_was_set():
    assert say("probability.likely") == "likely"
    token = terminal_language.set("zh")
    try:
        assert say("probability.likely") == text("probability.likely", "zh")
    finally:
        terminal_language.reset(token)
    assert both("probability.likely") == "likely " + text("probability.likely", "zh")
    with pytest.raises(KeyError):
        text("probability.certain", "en")


def test_only_the_section_asked_for_is_read():
    texts._texts.cache_clear()
    text("probability.likely", "en")
    assert texts._texts.cache_info().currsize == 1
