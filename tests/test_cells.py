"""What a planner writes into a cell: read where it is certain, otherwise not at all."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simmodel.inputs.units import UNITS_OF, ObservedIndicator, TargetIndicator, Unit, Vintage
from simmodel.inputs.workbook import cells


@pytest.mark.parametrize(
    ("raw", "value", "unit", "comparison"),
    [
        (1464955, "1464955", None, None),
        (68.59, "68.59", None, None),
        (0, "0", None, None),
        ("68.59万", "68.59", "10k_persons", None),
        ("68.59 万人", "68.59", "10k_persons", None),
        ("685900人", "685900", "persons", None),
        ("1.2亿", "12000", "10k_persons", None),
        ("252.4千人", "252400", "persons", None),
        ("47.01%", "47.01", "percent", None),
        ("47.01 %", "47.01", "percent", None),
        ("４７．０１％", "47.01", "percent", None),
        ("1,464,955", "1464955", None, None),
        ("1，464，955人", "1464955", "persons", None),
        ("1 464 955", "1464955", None, None),
        ("约55%", "55", "percent", "~"),
        ("55%左右", "55", "percent", "~"),
        ("≈55", "55", None, "~"),
        ("～55％", "55", "percent", "~"),
        ("≥60%", "60", "percent", ">="),
        ("60%以上", "60", "percent", ">="),
        ("不低于60％", "60", "percent", ">="),
        ("-3.2", "-3.2", None, None),
        ("　68.59万　", "68.59", "10k_persons", None),
        ("68.59 ten thousand persons", "68.59", "10k_persons", None),
        ("252.4 thousand", "252400", "persons", None),
        ("About 55 percent", "55", "percent", "~"),
        ("60% or more", "60", "percent", ">="),
    ],
)
def test_what_is_certain_is_read(raw, value, unit, comparison):
    found = cells.quantity(raw)
    assert (found.value, found.unit, found.comparison) == (Decimal(value), unit, comparison)


@pytest.mark.parametrize(
    "raw",
    [
        None,
        True,
        "",
        "—",
        "n/a",
        "47,01",
        "1,46,4955",
        "1.464.955",
        "55-60%",
        "55%~60%",
        "约60%以上",
        "六十",
        "68.59万户",
        "12.5亩",
        "60%以下",
        "60%?",
        "2020年",
        "1e5",
        "#REF!",
        float("nan"),
        float("inf"),
        [55],
    ],
)
def test_what_is_not_certain_is_not_read(raw):
    assert cells.quantity(raw) is None


@pytest.mark.parametrize(
    ("number_format", "value", "unit"),
    [("0.00%", "47.01", "percent"), ("General", "0.4701", None), ('0.00"%"', "0.4701", None)],
)
def test_a_number_shown_in_percent_is_stored_as_a_share(number_format, value, unit):
    found = cells.quantity(0.4701, number_format)
    assert (found.value, found.unit) == (Decimal(value), unit)


@pytest.mark.parametrize(
    ("raw", "beside", "persons"),
    [
        (685900, "人", 685900),
        (68.59, "万人", 685900),
        ("68.59万", "人", 685900),
        ("685900人", "万人", 685900),
        (685.9, "千人", 685900),
        ("68.59万", None, 685900),
    ],
)
def test_a_number_and_the_unit_beside_it(raw, beside, persons):
    found = cells.with_unit(cells.quantity(raw), cells.unit_of(beside))
    assert cells.persons(found) == persons


def test_units_that_measure_something_else_do_not_fit():
    assert cells.with_unit(cells.quantity("47.01%"), cells.unit_of("人")) is None
    assert cells.with_unit(cells.quantity("68.59万"), cells.unit_of("平方公里")) is None
    assert cells.with_unit(cells.quantity(55), None) is None
    assert cells.unit_of("户") is None
    assert cells.persons(cells.quantity("约68万")) is None


@given(st.decimals(0, 10**9, places=4, allow_nan=False))
def test_a_figure_is_the_same_in_either_unit_and_width(value):
    wide = str.maketrans("0123456789.", "０１２３４５６７８９．")
    for text in (f"{value:f}万", f"{value:f}万人".translate(wide), f"{value:,f} 万"):
        assert cells.quantity(text).value == value


def test_words_are_read_in_either_language():
    for raw in (
        "urbanization_rate",
        "常住人口城镇化率",
        "Urbanization rate",
        "城镇化率 urbanization_rate",
        " 城镇化率 ",
    ):
        assert cells.INDICATORS.read(raw) == "urbanization_rate"
    assert cells.INDICATORS.read("城镇化率 births") is None
    assert cells.INDICATORS.read("") is None
    assert cells.INDICATORS.read(55) is None
    assert cells.COMPARISONS.read("≥") == cells.COMPARISONS.read(">=") == ">="


def test_the_words_are_those_of_the_seed_files_and_each_means_one_thing():
    from typing import get_args

    known = {
        "UNITS": get_args(Unit),
        "INDICATORS": get_args(ObservedIndicator),
        "TARGET_INDICATORS": get_args(TargetIndicator),
        "VINTAGES": get_args(Vintage),
        "LEVELS": ("prefecture", "county"),
    }
    for name, words in known.items():
        assert set(getattr(cells, name).words) <= set(words)
    assert set(cells.VINTAGES.words) >= {"post_2020_census", "plan", "undated"}
    for name in ("LEVELS", "UNITS", "COMPARISONS", "INDICATORS", "VINTAGES", "SOURCE_KINDS"):
        table = getattr(cells, name)
        labels = [form for word in table.words for form in table.forms(word)]
        assert len(labels) == len(set(labels))
        for word in table.words:
            assert table.read(table.label(word)) == word
            assert {table.read(form) for form in table.forms(word)} == {word}
    for indicator in cells.INDICATORS.words:
        assert set(UNITS_OF[indicator]) & set(cells.UNITS.words)
