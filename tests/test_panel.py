"""Panels: what is accepted, what is refused and how, sums of parents, and forecasts written."""

import csv
import io
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simmodel.errors import FaultError, OutputError
from simmodel.forecast.base_population import GROUPS
from simmodel.validation.forecasts import LEVELS, MEDIAN, Count, Forecast, Panel
from simmodel.validation.panel import (
    FORECAST_COLUMNS,
    aggregate,
    check_replaceable,
    edge_notes,
    read_panel,
    write_forecasts,
)
from simmodel.variables import QUANTILES

BAD = Path(__file__).parent / "bad_panels"
VALID = BAD / "valid" / "panel.csv"
VALID_AGES = BAD / "valid" / "ages.csv"
HEADER = "unit,parent,year,total,urban\n"
COLUMNS = (
    "unit, parent, year, total, urban, share_0_14, share_15_59, share_60plus, vintage, "
    "source, note, name"
)
# What is reported of each malformed file after its path; tables by age go with the valid panel.
EXPECTED = {
    "ages_column_missing.csv": [
        "1: age: is missing among the columns",
    ],
    "ages_do_not_add_up.csv": [
        (
            "2: population: 'hills' in 2000 does not add up to the panel's total; found "
            "117800; allowed 114000, within 1%"
        ),
        (
            "2: population: 'hills' in 2000 does not add up to the panel's urban; found "
            "41800; allowed 38000, within 1%"
        ),
    ],
    "ages_lacking.csv": [
        (
            "2: age: 'hills' in 2000 lacks urban female of age 0, 85 and rural male; allowed "
            "all residences and sexes, ages 0, 1, 5, 10 and so on to 85"
        ),
    ],
    "ages_of_unknown_unit.csv": [
        (
            "2: unit: is not in the panel; found 'hill'; allowed a unit of the panel. Did you"
            " mean hills?"
        ),
    ],
    "ages_of_unknown_year.csv": [
        "2: year: is not in the panel for 'hills'; found 2001; allowed 2000, 2010.5",
    ],
    "ages_twice.csv": [
        "4: age: of urban female already stands on line 3; found 1",
    ],
    "ages_values.csv": [
        "2: residence: is unknown; found 'city'; allowed urban, rural",
        "3: sex: is unknown; found 'Male'; allowed female, male. Did you mean male?",
        (
            "4: age: is not a number; found '5-9'; allowed the first age of a group, a whole "
            "number from 0 to 120"
        ),
        (
            "5: age: is out of range; found '12.5'; allowed the first age of a group, a whole"
            " number from 0 to 120"
        ),
        "6: population: is out of range; found '-3'; allowed persons, at least 0",
        "7: population: is missing",
    ],
    "blank_lines_only.csv": [
        "is empty; allowed columns unit, parent, year, total, urban",
    ],
    "column_missing.csv": [
        "1: urban: is missing among the columns",
    ],
    "column_misspelt.csv": [
        f"1: urbn: unknown column; allowed {COLUMNS}. Did you mean urban?",
        "1: urban: is missing among the columns",
    ],
    "column_twice.csv": [
        "1: urban: stands twice among the columns",
    ],
    "column_without_name.csv": [
        "1: has no name for its column 3",
    ],
    "empty.csv": [
        "is empty; allowed columns unit, parent, year, total, urban",
    ],
    "everything_at_once.csv": [
        f"1: remark: unknown column; allowed {COLUMNS}. Did you mean year?",
        "2: total: is out of range; found '0'; allowed persons, more than 0",
        "3: share_60plus: is missing; allowed all three shares of a row, or none",
        "3: urban: is more than the total; found '9000000'; allowed at most 900000",
        "3: year: of 'hills' already stands on line 2; found 2000",
        "3: parent: of 'hills' differs from line 2; found 'south'; allowed 'north'",
        (
            "3: vintage: of 'hills' differs from line 2: a change of vintage is not growth; "
            "found 'b'; allowed 'a'"
        ),
        "4: year: is not a number; found '20x0'; allowed a year from 1700 to 2200",
        "4: parent: is the unit itself; found 'plain'",
    ],
    "gb18030.csv": [
        (
            "3: is not UTF-8 text; found byte 0xC1; allowed UTF-8: save the file as UTF-8 (in"
            " Excel, as “CSV UTF-8”)"
        ),
    ],
    "header_only.csv": [
        "1: has no rows below its columns",
    ],
    "not_a_number.csv": [
        "2: year: is not a number; found '2000年'; allowed a year from 1700 to 2200",
        "2: total: is not a number; found '90万'; allowed persons, more than 0",
        "3: total: is not a number; found '１２３'; allowed persons, more than 0",
        "3: urban: is not a number; found '1_000'; allowed persons, at least 0",
    ],
    "not_finite.csv": [
        "2: total: is not finite; found 'nan'; allowed persons, more than 0",
        "3: total: is not finite; found 'inf'; allowed persons, more than 0",
        "3: urban: is not finite; found '-Infinity'; allowed persons, at least 0",
        "4: total: is not finite; found '1e999'; allowed persons, more than 0",
    ],
    "parent_conflict.csv": [
        "3: parent: of 'hills' differs from line 2; found 'south'; allowed 'north'",
        "4: parent: of 'hills' differs from line 2; found none; allowed 'north'",
    ],
    "parent_is_itself.csv": [
        "2: parent: is the unit itself; found 'hills'",
    ],
    "parents_in_a_circle.csv": [
        "2: parent: leads back to the unit; found 'hills' in 'north' in 'land' in 'hills'",
        "5: parent: leads back to the unit; found 'plain' in 'coast' in 'plain'",
    ],
    "percent_sign.csv": [
        "2: urban: is a percentage, not a number; found '52.3%'; allowed persons, at least 0",
    ],
    "quote_not_closed.csv": [
        "3: is not comma-separated text: unexpected end of data",
    ],
    "semicolons.csv": [
        (
            "1: has no commas; found 'unit;parent;year;total;urban'; allowed columns "
            "separated by commas"
        ),
    ],
    "share_column_missing.csv": [
        "1: share_15_59: is missing among the columns; allowed all three, or none",
    ],
    "shares_as_percentages.csv": [
        (
            "2: share_0_14: is out of range; found '25'; allowed a share from 0 to 1, not a "
            "percentage"
        ),
        (
            "2: share_15_59: is out of range; found '65'; allowed a share from 0 to 1, not a "
            "percentage"
        ),
        (
            "2: share_60plus: is out of range; found '10'; allowed a share from 0 to 1, not a"
            " percentage"
        ),
    ],
    "shares_do_not_add_up.csv": [
        "2: share_0_14: the three shares do not add up to 1; found 0.95; allowed 1, within 0.01",
    ],
    "shares_incomplete.csv": [
        "2: share_15_59: is missing; allowed all three shares of a row, or none",
    ],
    "thousands_separators.csv": [
        (
            "2: total: has thousands separators: write the digits alone; found '900,000'; "
            "allowed persons, more than 0"
        ),
        (
            "2: urban: has thousands separators: write the digits alone; found '180 000'; "
            "allowed persons, at least 0"
        ),
    ],
    "too_many_fields.csv": [
        (
            "2: has more fields than there are columns; found 7; allowed 5, with numbers that"
            " have no thousands separators"
        ),
    ],
    "total_zero.csv": [
        "2: total: is out of range; found '0'; allowed persons, more than 0",
        "3: total: is out of range; found '-5'; allowed persons, more than 0",
    ],
    "urban_above_total.csv": [
        "2: urban: is more than the total; found '900001'; allowed at most 900000",
    ],
    "urban_as_percentage.csv": [
        (
            "2: urban: looks like percentages in every row; found at most 30, while every "
            "total is more than 1000; allowed persons, not a share or a percentage"
        ),
    ],
    "urban_as_share.csv": [
        (
            "2: urban: looks like shares in every row; found at most 0.3, while every total "
            "is more than 1000; allowed persons, not a share or a percentage"
        ),
    ],
    "urban_negative.csv": [
        "2: urban: is out of range; found '-1'; allowed persons, at least 0",
    ],
    "utf16.csv": [
        (
            "1: is not UTF-8 text; found byte 0xFF; allowed UTF-8: save the file as UTF-8 (in"
            " Excel, as “CSV UTF-8”)"
        ),
    ],
    "value_missing.csv": [
        "2: year: is missing",
        "3: unit: is missing",
        "4: total: is missing",
        "5: urban: is missing",
    ],
    "vintage_mixed.csv": [
        (
            "4: vintage: of 'hills' differs from line 3: a change of vintage is not growth; "
            "found 'communiqué'; allowed 'census'"
        ),
    ],
    "year_out_of_range.csv": [
        "2: year: is out of range; found '1699.9'; allowed a year from 1700 to 2200",
        "3: year: is out of range; found '2201'; allowed a year from 1700 to 2200",
        "4: year: is out of range; found '20000'; allowed a year from 1700 to 2200",
    ],
    "year_twice.csv": [
        "4: year: of 'hills' already stands on line 2; found 2000",
    ],
    "year_twice_beside_other_fault.csv": [
        "3: urban: is not a number; found 'many'; allowed persons, at least 0",
        "3: year: of 'hills' already stands on line 2; found 2000",
    ],
}


def faults_of(path, ages=None):
    with pytest.raises(FaultError) as caught:
        read_panel(path, ages)
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_malformed_file_is_reported_in_full_and_no_more(name):
    path = BAD / name
    found = faults_of(VALID, path) if name.startswith("ages_") else faults_of(path)
    places = [
        f"{path}:{text}" if text[0].isdigit() else f"{path}: {text}" for text in EXPECTED[name]
    ]
    assert found == places


def test_every_malformed_file_has_its_messages():
    assert {path.name for path in BAD.glob("*.csv")} == set(EXPECTED)


def test_faults_of_both_files_are_reported_together():
    ages = BAD / "ages_twice.csv"
    found = faults_of(BAD / "total_zero.csv", ages)
    assert found == [
        f"{ages}:{EXPECTED['ages_twice.csv'][0]}",
        *(f"{BAD / 'total_zero.csv'}:{text}" for text in EXPECTED["total_zero.csv"]),
    ]


def test_tables_are_not_held_against_a_panel_at_fault():
    found = faults_of(BAD / "total_zero.csv", BAD / "ages_of_unknown_unit.csv")
    assert not any("not in the panel" in fault for fault in found)


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        (BAD / "absent.csv", "does not exist"),
        (BAD, "is a folder, not a file"),
        (Path("a\0b"), "cannot be read: embedded null byte"),
    ],
)
def test_what_is_not_a_file_is_reported(path, problem):
    (found,) = faults_of(path)
    assert found.endswith(f": {problem}")


def write(folder, text, name="panel.csv"):
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="")
    return path


def test_what_is_unusual_but_sound_is_read(tmp_path):
    text = (
        "name,unit,parent,year,total,urban,share_0_14,share_15_59,share_60plus,vintage,note,,\r\n"
        "临夏,linxia,gansu,2020,2109800,800000,0.25,0.6,0.16,,falling,,\r\n"
        ",,,,,,,,,,,,\r\n"
        "临夏, linxia ,gansu,2010.83,2.2e6,0,,,,census,,,\r\n"
        "单位,alone,,2000,10,10,0.33,0.33,0.33\r\n"
    )
    panel = read_panel(write(tmp_path, "\ufeff" + text))
    assert list(panel.points) == ["linxia", "alone"]
    first, second = panel.points["linxia"]
    assert first == Count(2010.83, 2.2e6, 0.0, None)
    assert (second.year, second.total, second.urban) == (2020.0, 2109800.0, 800000.0)
    assert second.shares == pytest.approx((0.25 / 1.01, 0.6 / 1.01, 0.16 / 1.01), rel=1e-12)
    assert panel.points["alone"][0].shares == pytest.approx((1 / 3, 1 / 3, 1 / 3), rel=1e-12)
    assert panel.parents == {"linxia": "gansu", "alone": None}
    assert panel.ages == {}


@pytest.mark.parametrize("last", ["hills,north,2010,1001,1", "hills,north,2010,900,50"])
def test_few_urban_residents_are_not_taken_for_shares(tmp_path, last):
    # Every total above 1000 and no urban figure above 100 would look like percentages.
    urban = 101 if last.endswith(",1") else 50
    panel = read_panel(write(tmp_path, f"{HEADER}hills,north,2000,5000,{urban}\n{last}\n"))
    assert panel.points["hills"][0].urban == urban


def test_nobody_urban_anywhere_is_not_taken_for_shares(tmp_path):
    panel = read_panel(write(tmp_path, f"{HEADER}hills,,2000,5000,0\n"))
    assert panel.points["hills"][0].rate == 0


def test_edges_are_noted_and_kept(tmp_path):
    rows = "hills,,1990,5000,0\nhills,,2000.5,5000,0\nhills,,2010,5000,500\nport,,2000,9000,9000\n"
    panel = read_panel(write(tmp_path, f"{HEADER}{rows}town,,2000,9000,8999\n"))
    assert edge_notes(panel) == [
        "hills: urbanization rate of 0 in 1990, 0 in 2000.5; "
        "methods that work on logits leave this unit out",
        "port: urbanization rate of 1 in 2000; methods that work on logits leave this unit out",
    ]
    assert len(panel.points["hills"]) == 3


def test_tables_by_age_have_urban_and_female_first():
    panel = read_panel(VALID, VALID_AGES)
    table = panel.ages["hills"][2000.0]
    assert table.shape == (2, 2, len(GROUPS))
    np.testing.assert_array_equal(table[0], 1000.0)
    np.testing.assert_array_equal(table[1], 2000.0)
    assert list(panel.ages["hills"]) == [2000.0]
    assert panel.until(1999).ages == {}


def test_single_years_of_age_are_joined_to_the_groups(tmp_path):
    cells = [(place, sex) for place in ("urban", "rural") for sex in ("female", "male")]
    rows = [
        f"hills,2000,{place},{sex},{age},{10 * (1 + number) + (age > 90)}\n"
        for number, (place, sex) in enumerate(cells)
        for age in range(101)
    ]
    # 101 ages of 10, 20, 30 and 40 persons, and ten more persons above 90 in each cell
    total, urban = 101 * 100 + 40, 101 * 30 + 20
    path = write(tmp_path, f"{HEADER}hills,,2000,{total},{urban}\n")
    ages = write(tmp_path, "unit,year,residence,sex,age,population\n" + "".join(rows), "ages.csv")
    table = read_panel(path, ages).ages["hills"][2000.0]
    for number, row in enumerate(table.reshape(4, -1)):
        each = 10.0 * (1 + number)
        assert row[0] == each
        assert row[1] == 4 * each
        np.testing.assert_array_equal(row[2:-1], 5 * each)
        assert row[-1] == 16 * each + 10


NAMES = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=6).filter(
    lambda name: name == name.strip()
)


@st.composite
def panels(draw):
    """A panel of whole and fractional years, without circles of parents."""
    units = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    points, parents = {}, {}
    for place, unit in enumerate(units):
        parents[unit] = draw(st.sampled_from([None, *units[:place]]))
        dates = st.one_of(st.integers(1700, 2200).map(float), st.floats(1700, 2200))
        years = draw(st.lists(dates, min_size=1, max_size=3, unique=True))
        points[unit] = tuple(draw(counts(year)) for year in sorted(years))
    return Panel(points, parents)


@st.composite
def counts(draw, year):
    total = draw(st.floats(1, 1000) | st.integers(1, 10**9).map(float))
    urban = total * draw(st.sampled_from([0.0, 1.0]) | st.floats(0.2, 0.9))
    shares = draw(st.sampled_from([None, (0.25, 0.5, 0.25), (0.125, 0.5, 0.375)]))
    return Count(year, total, urban, shares)


def rows_of(panel):
    for unit, points in panel.points.items():
        for point in points:
            shares = ["", "", ""] if point.shares is None else map(repr, point.shares)
            numbers = map(repr, (point.year, point.total, point.urban))
            yield [unit, panel.parents[unit] or "", *numbers, *shares]


@given(panels(), st.randoms(use_true_random=False), st.booleans(), st.booleans())
def test_a_panel_survives_writing_and_reading(panel, random, windows, marked):
    # A town of ten persons keeps small counts from being taken for percentages.
    town = "a town of ten persons"
    panel = Panel(
        {**panel.points, town: (Count(2000.0, 10.0, 5.0),)}, {**panel.parents, town: None}
    )
    rows = list(rows_of(panel))
    random.shuffle(rows)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n" if windows else "\n")
    writer.writerow([*HEADER.strip().split(","), "share_0_14", "share_15_59", "share_60plus"])
    writer.writerows(rows)
    with tempfile.TemporaryDirectory() as folder:
        again = read_panel(write(Path(folder), "\ufeff" * marked + text.getvalue()))
    assert again == panel
    assert list(again.points) == list(dict.fromkeys(row[0] for row in rows))


def test_parents_are_summed_level_by_level():
    shares = (0.2, 0.6, 0.2)
    panel = Panel(
        {
            "wuwei": (
                Count(2000, 100.0, 20.0, shares),
                Count(2010, 110.0, 40.0, shares),
            ),
            "jinchang": (
                Count(2000, 300.0, 120.0, (0.4, 0.5, 0.1)),
                Count(2010, 330.0, 200.0),
                Count(2015, 340.0, 220.0),
            ),
            "guizhou": (Count(2000, 600.0, 60.0, (0.5, 0.4, 0.1)),),
        },
        {"wuwei": "gansu", "jinchang": "gansu", "guizhou": "china", "gansu": "china"},
    )
    summed = aggregate(panel)
    # By hand: (0.2 x 100 + 0.4 x 300) / 400 = 0.35, (60 + 150) / 400 = 0.525, 50 / 400 = 0.125.
    first, second = summed.points["gansu"]
    assert first == Count(2000, 400.0, 140.0, pytest.approx((0.35, 0.525, 0.125)))
    assert second == Count(2010, 440.0, 240.0, None)
    # China: Gansu's 400 and Guizhou's 600; (0.35 x 400 + 0.5 x 600) / 1000 = 0.44 and so on.
    (nation,) = summed.points["china"]
    assert nation == Count(2000, 1000.0, 200.0, pytest.approx((0.44, 0.45, 0.11)))
    assert list(summed.points) == ["wuwei", "jinchang", "guizhou", "gansu", "china"]
    assert summed.parents == {**panel.parents, "china": None}
    assert panel.points["wuwei"] == summed.points["wuwei"]
    assert aggregate(summed) == summed


def test_a_parent_with_points_of_its_own_is_left_alone():
    points = {"a": (Count(2000, 10.0, 5.0),), "b": (Count(2010, 99.0, 1.0),)}
    assert aggregate(Panel(points, {"a": "b", "b": None})).points == points


def test_a_child_without_points_leaves_its_parent_without():
    panel = Panel(
        {"a": (Count(2000, 10.0, 5.0),), "b": (Count(2010, 10.0, 5.0),)},
        {"a": "c", "b": "c"},
    )
    assert "c" not in aggregate(panel).points
    assert "c" not in aggregate(panel.until(2005)).points


def test_tables_by_age_are_summed_where_all_children_have_them():
    table = np.arange(2.0 * 2 * len(GROUPS)).reshape(2, 2, -1)
    points = (Count(2000, 10.0, 5.0), Count(2010, 10.0, 5.0))
    panel = Panel(
        {"a": points, "b": points},
        {"a": "c", "b": "c"},
        {"a": {2000: table, 2010: table}, "b": {2000: 2 * table}},
    )
    ages = aggregate(panel).ages["c"]
    assert list(ages) == [2000]
    np.testing.assert_array_equal(ages[2000], 3 * table)


@given(panels())
def test_parents_summed_have_the_persons_of_their_children(panel):
    # The first level alone: the parents named become strangers without points.
    parents = {unit: parent and f"over {parent}" for unit, parent in panel.parents.items()}
    summed = aggregate(replace(panel, parents=parents))
    for parent in summed.points.keys() - panel.points.keys():
        for point in summed.points[parent]:
            parts = [
                part
                for unit, above in parents.items()
                for part in panel.points[unit]
                if above == parent and part.year == point.year
            ]
            assert len(parts) == list(parents.values()).count(parent)
            assert point.total == pytest.approx(sum(part.total for part in parts))
            assert point.urban == pytest.approx(sum(part.urban for part in parts))


def read_rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_forecasts_are_written_at_the_quantiles_of_the_house(tmp_path):
    levels = np.array(LEVELS)
    forecasts = [
        Forecast("simmodel", "临夏, west", 2020.0, LEVELS, levels, 1e6 + 1e5 * levels),
        Forecast("linear", "wuwei", 2020.5, MEDIAN, np.array([0.4]), np.array([1409778724.0])),
    ]
    path = tmp_path / "new" / "forecasts.csv"
    write_forecasts(path, iter(forecasts))
    rows = read_rows(path)
    assert tuple(rows[0]) == FORECAST_COLUMNS
    ours, other = rows[:-1], rows[-1]
    assert [float(row["quantile"]) for row in ours] == list(QUANTILES)
    assert {(row["method"], row["unit"], row["year"]) for row in ours} == {
        ("simmodel", "临夏, west", "2020")
    }
    rates = [float(row["urbanization_rate"]) for row in ours]
    np.testing.assert_allclose(rates, QUANTILES, rtol=1e-9)
    totals = [float(row["total_population"]) for row in ours]
    np.testing.assert_allclose(totals, 1e6 + 1e5 * np.array(QUANTILES), rtol=1e-9)
    assert list(other.values()) == ["linear", "wuwei", "2020.5", "0.5", "0.4", "1409778724"]
    assert [item.name for item in path.parent.iterdir()] == ["forecasts.csv"]


def test_older_forecasts_are_replaced_and_other_files_are_not(tmp_path):
    path = tmp_path / "forecasts.csv"
    write_forecasts(path, [])
    one = Forecast("linear", "wuwei", 2020, MEDIAN, np.array([0.4]), np.array([9.0]))
    write_forecasts(path, [one])
    assert len(read_rows(path)) == 1
    mine = write(tmp_path, HEADER)
    with pytest.raises(OutputError, match="is not a file of forecasts"):
        write_forecasts(mine, [one])
    assert mine.read_text(encoding="utf-8") == HEADER
    with pytest.raises(OutputError, match="cannot write there"):
        check_replaceable(tmp_path)


def test_forecasts_that_fail_on_the_way_leave_everything_as_it_was(tmp_path):
    path = tmp_path / "new" / "forecasts.csv"

    def failing():
        yield Forecast("linear", "wuwei", 2020, MEDIAN, np.array([0.4]), np.array([9.0]))
        raise RuntimeError("no forecast")

    with pytest.raises(RuntimeError, match="no forecast"):
        write_forecasts(path, failing())
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_is_reported(tmp_path):
    file = write(tmp_path, "mine")
    with pytest.raises(OutputError, match="cannot write there"):
        write_forecasts(file / "forecasts.csv", [])
