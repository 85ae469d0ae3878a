"""The file of pooling estimates: what it holds, when it was known, and what is wrong with it."""

import json
import math
from dataclasses import asdict, fields, replace
from pathlib import Path

import pytest

from simmodel.errors import SeedError
from simmodel.forecast.pooling import Pooling
from simmodel.forecast.pooling_file import LEVELS, NAME, PoolingEstimates, as_data, atlas_of, read
from simmodel.inputs import seed_folder
from tests.conftest import ROOT

POOLING = Pooling(
    slope=-0.25,
    shift=0.0,
    spread=0.3,
    memory=6.5,
    degrees_of_freedom=2.75,
    point_error=0.04,
    reporting=0.2,
)
LATER = replace(POOLING, slope=-0.125, spread=0.2)
ESTIMATES = PoolingEstimates(
    dict.fromkeys(LEVELS, ((2010, POOLING), (2020, LATER))) | {"county": ((2020, LATER),)}
)
MADE = {level: f"made of {level}" for level in LEVELS}


def write(folder, data):
    text = data if isinstance(data, str) else json.dumps(data)
    (folder / NAME).write_text(text, encoding="utf-8")


def test_estimates_come_back_as_they_were_written(tmp_path):
    data = as_data(ESTIMATES, MADE)
    write(tmp_path, data)
    assert read(tmp_path) == ESTIMATES
    assert data["levels"]["nation"]["made"] == "made of nation"


def test_four_digits_are_written(tmp_path):
    precise = replace(POOLING, spread=0.123456, memory=1234.56)
    write(tmp_path, as_data(PoolingEstimates(dict.fromkeys(LEVELS, ((2020, precise),))), MADE))
    found = read(tmp_path).known()["nation"]
    assert (found.spread, found.memory) == (0.1235, 1235.0)


@pytest.mark.parametrize(
    ("year", "expected"),
    [
        (None, LATER), (2030, LATER), (2020, LATER), (2019.9, POOLING), (2010, POOLING),
        # Nothing known yet: the earliest stands in.
        (2009, POOLING),
    ],
)  # fmt: skip
def test_what_was_known_in_a_year(year, expected):
    found = ESTIMATES.known(year)
    assert tuple(found) == LEVELS
    assert found["province"] == expected
    assert found["county"] == LATER


@pytest.mark.parametrize(
    ("year", "expected"),
    [
        (2020, {}),
        (2010, {"county": 2020}),
        (2009.5, dict.fromkeys(LEVELS, 2010) | {"county": 2020}),
    ],
)
def test_estimates_later_than_a_year_are_named(year, expected):
    assert ESTIMATES.later_than(year) == expected


def shipped():
    return json.loads((ROOT / "seeds" / NAME).read_text(encoding="utf-8"))


def test_the_shipped_estimates_are_sound_and_in_order():
    found = read(ROOT / "seeds")
    assert tuple(found.by_level) == LEVELS
    for level, rows in found.by_level.items():
        years = [year for year, _ in rows]
        assert years == sorted(set(years)), level
        for _, pooling in rows:
            assert pooling.spread > 0, level
            assert pooling.memory > 0, level
            assert pooling.degrees_of_freedom > 1, level
    assert all(item["made"].strip() for item in shipped()["levels"].values())
    # What is known today of every level but the panel rests on the censuses of 2020 at least.
    assert all(found.by_level[level][-1][0] >= 2020 for level in LEVELS if level != "panel")


def test_a_folder_without_the_file_has_the_shipped_one(tmp_path):
    assert read(tmp_path) == read(ROOT / "seeds")
    assert read(tmp_path / "nowhere") == read(ROOT / "seeds")


def test_an_installed_package_has_the_seeds_inside(tmp_path, monkeypatch):
    inside = tmp_path / "site" / "simmodel"
    (inside / "seeds").mkdir(parents=True)
    write(inside / "seeds", as_data(ESTIMATES, MADE))
    monkeypatch.setattr(seed_folder, "PACKAGE", inside)
    assert read(tmp_path / "own") == ESTIMATES


def test_no_file_anywhere_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(seed_folder, "PACKAGE", tmp_path / "a")
    with pytest.raises(SeedError) as caught:
        read(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path / NAME}: cannot be read (No such file or directory); "
        "re-make it with `make pooling`"
    )


def without(*keys):
    """Return the shipped data without the entry at the end of ``keys``."""
    return edited(lambda place, key: place.pop(key), *keys)


def with_value(value, *keys):
    """Return the shipped data with another value at the end of ``keys``."""
    return edited(lambda place, key: place.__setitem__(key, value), *keys)


def edited(change, *keys):
    data = shipped()
    place = data
    for key in keys[:-1]:
        place = place[key]
    change(place, keys[-1])
    return json.dumps(data)


COUNTY = ("levels", "county", "estimates")
KEYS = "known, slope, shift, spread, memory, freedom, point_error, reporting"
LEVELS_FAULT = "levels: allowed are exactly panel, nation, province, prefecture, county"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "cannot be read (not JSON)"),
        ("{", "cannot be read (not JSON)"),
        ("[" * 100_000, "cannot be read (not JSON)"),
        ("[]", LEVELS_FAULT),
        ("{}", LEVELS_FAULT),
        ('{"levels": []}', LEVELS_FAULT),
        (without("levels", "county"), LEVELS_FAULT),
        (with_value({}, "levels", "village"), LEVELS_FAULT),
        (with_value(3, "levels", "county"), "levels.county: has no estimates"),
        (without(*COUNTY), "levels.county: has no estimates"),
        (with_value([], *COUNTY), "levels.county: has no estimates"),
        (with_value({}, *COUNTY), "levels.county: has no estimates"),
        (with_value(3, *COUNTY, 0), f"levels.county: allowed keys are {KEYS}"),
        (without(*COUNTY, 0, "memory"), f"levels.county: allowed keys are {KEYS}"),
        (with_value(1, *COUNTY, 0, "memroy"), f"levels.county: allowed keys are {KEYS}"),
        (with_value("x", *COUNTY, 0, "memory"), "levels.county.memory: found 'x'"),
        (with_value(None, *COUNTY, 0, "shift"), "levels.county.shift: found nothing"),
        (with_value(True, *COUNTY, 0, "slope"), "levels.county.slope: found true"),
        (with_value(math.nan, *COUNTY, 0, "slope"), "levels.county.slope: found nan"),
        (with_value(math.inf, *COUNTY, 0, "known"), "levels.county.known: found inf"),
        (with_value(-0.1, *COUNTY, 0, "spread"), "levels.county.spread: found -0.1"),
        (with_value(-1, *COUNTY, 0, "reporting"), "levels.county.reporting: found -1"),
    ],
    ids=range(22),
)
def test_a_broken_file_is_one_line(text, words, tmp_path):
    write(tmp_path, text)
    with pytest.raises(SeedError) as caught:
        read(tmp_path)
    line = str(caught.value)
    assert line == f"{tmp_path / NAME}: {words}; re-make it with `make pooling`"


@pytest.mark.parametrize(
    ("value", "key"),
    [(10**400, "slope"), (0, "memory"), (0, "freedom"), (2020.5, "known")],
    ids=["beyond any float", "no memory", "no freedom", "part of a year"],
)
def test_values_nothing_can_be_made_of_are_refused(value, key, tmp_path):
    write(tmp_path, with_value(value, *COUNTY, 0, key))
    with pytest.raises(SeedError, match=rf"levels\.county\.{key}: found"):
        read(tmp_path)


def test_a_file_that_is_not_text_is_one_line(tmp_path):
    (tmp_path / NAME).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SeedError, match=r"pooling\.json: cannot be read \(not JSON\); re-make"):
        read(tmp_path)


def test_negative_slopes_and_shifts_and_no_spread_are_values(tmp_path):
    bare = replace(POOLING, slope=-1.0, shift=-0.5, spread=0.0, reporting=0.0)
    write(tmp_path, as_data(PoolingEstimates(dict.fromkeys(LEVELS, ((2020, bare),))), MADE))
    assert read(tmp_path).known()["county"] == bare


def test_the_file_names_every_estimate():
    names = {field.name for field in fields(Pooling)}
    row = as_data(ESTIMATES, MADE)["levels"]["nation"]["estimates"][0]
    row["degrees_of_freedom"] = row.pop("freedom")
    assert set(row) == {"known", *names}
    assert {name: row[name] for name in names} == asdict(POOLING)


def test_an_atlas_takes_the_latest_estimates_and_the_kinds_of_sources(seeds):
    atlas = atlas_of(seeds)
    assert atlas.regions is seeds.regions
    assert atlas.pooling == read(seeds.directory).known()
    assert atlas.kinds == {name: source.kind for name, source in seeds.sources.items()}
    assert atlas.span == type(atlas.span)(2010, 2020)


def test_an_atlas_of_other_seeds_takes_the_estimates_beside_them(seeds, tmp_path):
    write(tmp_path, as_data(ESTIMATES, MADE))
    assert atlas_of(replace(seeds, directory=Path(tmp_path))).pooling == ESTIMATES.known()
