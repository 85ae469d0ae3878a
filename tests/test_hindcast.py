"""Forecasts of any panel: what is read, what is borrowed, and what is expected of a unit."""

import csv
import gzip
from dataclasses import replace
from math import exp, inf
from pathlib import Path

import numpy as np
import pytest

from simmodel.forecast.base_population import by_residence, table_of
from simmodel.forecast.pooling import logit, share_of
from simmodel.forecast.pooling_file import PoolingEstimates, read
from simmodel.validation import hindcast
from simmodel.validation.backtest import backtest
from simmodel.validation.forecasts import LEVELS, Count, Panel
from simmodel.validation.hindcast import METHOD, forecast
from tests.conftest import ROOT

DATA = ROOT.parent / "shared" / "data"
AGES = DATA / "age_structure.csv.gz"
MEDIAN = LEVELS.index(0.5)
BORROWED = "have no counts by age, sex and residence: ages are borrowed"


def points(*rows):
    """Counts of year, total and urban, in persons."""
    return tuple(Count(float(year), float(total), float(urban)) for year, total, urban in rows)


EAST = points((2000, 40_000_000, 18_000_000), (2010, 46_000_000, 27_600_000))
MID = points((2000, 30_000_000, 9_900_000), (2010, 31_000_000, 13_300_000))
WEST = points((2000, 30_000_000, 8_100_000), (2010, 29_000_000, 10_700_000))
# The nation is the sum of its provinces, to a person.
LAND = points((2000, 100_000_000, 36_000_000), (2010, 106_000_000, 51_600_000))
WITHIN = {"land": None, "east": "land", "mid": "land", "west": "land"}
NESTED = Panel({"land": LAND, "east": EAST, "mid": MID, "west": WEST}, WITHIN)


SAMPLE = hindcast.SAMPLE


@pytest.fixture(scope="module", autouse=True)
def smaller_samples():
    """A quarter of the draws by which a posterior is found, where their number does not matter."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hindcast, "SAMPLE", SAMPLE // 4)
        yield


@pytest.fixture(scope="module")
def estimates():
    return read(ROOT / "seeds")


@pytest.fixture(scope="module")
def say(atlas, estimates):
    """Forecast units of a panel: what is said of each, by name, and the notes."""

    def said(panel, origin, to, *, units=None, pooled=estimates):
        found = forecast(panel, origin, to, atlas, pooled, units=units)
        return {one.unit: one for one in found.forecasts}, found.notes

    return said


@pytest.fixture(scope="module")
def nested(say):
    """Forecast of a nation and three provinces to 2020."""
    return say(NESTED, 2010, 2020)


def same(one, other):
    """Whether two forecasts are equal to the last bit."""
    return (
        (one.method, one.unit, one.year, one.levels)
        == (other.method, other.unit, other.year, other.levels)
        and np.array_equal(one.rate, other.rate)
        and np.array_equal(one.total, other.total)
    )


def log_odds(share):
    return float(logit(share))


def width(one):
    """Width of the central 80 % interval, in logits."""
    return log_odds(one.quantile(0.9)) - log_odds(one.quantile(0.1))


def is_sound(one):
    """Whether a forecast is a distribution of shares and of persons."""
    return (
        one.levels == LEVELS
        and one.rate.shape == one.total.shape == (len(LEVELS),)
        and bool((np.diff(one.rate) >= 0.0).all() and (np.diff(one.total) >= 0.0).all())
        and bool(one.rate[0] > 0.0 and one.rate[-1] < 1.0)
        and bool(one.total[0] > 0.0 and one.total[-1] < inf)
    )


# --- what is read ------------------------------------------------------------------------------


def test_every_unit_gets_a_distribution_in_the_order_of_the_panel(nested):
    found, notes = nested
    assert list(found) == list(NESTED.points)
    for one in found.values():
        assert (one.method, one.year) == (METHOD, 2020)
        assert is_sound(one)
    assert [note for note in notes if BORROWED in note] == [notes[-1]]
    assert notes[-1].startswith("4 of 4 units ")


@pytest.mark.parametrize(("later", "name"), [(0.62, "west"), (0.1, "land")])
def test_rows_after_the_origin_change_nothing(say, nested, later, name):
    counted = {
        unit: (*rows, Count(2010.5, 1e7, 1e7 * later), Count(2020.0, 2e7, 1e6))
        for unit, rows in NESTED.points.items()
    }
    counted["new"] = points((2020, 5_000_000, 2_000_000))
    found, notes = say(Panel(counted, {**WITHIN, "new": "land"}), 2010, 2020, units=[name])
    assert same(found[name], nested[0][name])
    assert notes == nested[1]


def test_the_order_of_units_changes_nothing(say, nested):
    backwards = {name: NESTED.points[name] for name in reversed(NESTED.points)}
    found, _ = say(Panel(backwards, WITHIN), 2010, 2020, units=["west", "land"])
    assert list(found) == ["west", "land"]
    assert all(same(found[name], nested[0][name]) for name in found)


def test_a_unit_asked_for_alone_is_forecast_as_among_all(say, nested):
    found, notes = say(NESTED, 2010, 2020, units=["mid"])
    assert list(found) == ["mid"]
    assert same(found["mid"], nested[0]["mid"])
    assert notes == nested[1]


def test_provinces_without_a_row_for_the_nation_lean_on_their_sum(seeds, nested):
    provinces = {name: rows for name, rows in NESTED.points.items() if name != "land"}
    parents = dict.fromkeys(provinces, "land")
    named = []
    found = backtest(Panel(provinces, parents), 2010, 2020, seeds, progress=named.append)
    ours = {one.unit: one for one in found.forecasts if one.method == METHOD}
    assert set(named) == set(ours) == set(NESTED.points)
    assert all(same(ours[name], nested[0][name]) for name in ours)


# --- what is expected --------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["east", "mid", "west"])
def test_the_median_leans_on_the_parent_as_pooling_says(nested, estimates, name):
    """One interval of ten years seen, ten years forecast.

    Of an Ornstein-Uhlenbeck process with memory m, integrals over ten years have the variance
    2 m^2 (10/m - 1 + e) and over neighbouring ten years the covariance m^2 (1 - e)^2, where
    e = exp(-10/m); what is unexplained of the first is carried on by their ratio.
    """
    found, pooling = nested[0], estimates.known(2010)["province"]
    gained = log_odds(LAND[1].rate) - log_odds(LAND[0].rate)
    ahead = log_odds(found["land"].rate[MEDIAN]) - log_odds(LAND[1].rate)
    first, last = NESTED.points[name]
    apart = [
        log_odds(one.rate) - log_odds(other.rate)
        for one, other in zip((first, last), LAND, strict=True)
    ]
    seen = (apart[1] - apart[0]) / (gained / 10.0)
    unexplained = seen - 10.0 * (pooling.slope * apart[0] + pooling.shift)
    forgotten = exp(-10.0 / pooling.memory)
    carried = (1.0 - forgotten) ** 2 / (2.0 * (10.0 / pooling.memory - 1.0 + forgotten))
    departure = pooling.slope * apart[1] + pooling.shift + carried * unexplained / 10.0
    expected = share_of(log_odds(last.rate) + ahead * (1.0 + departure))
    assert found[name].rate[MEDIAN] == pytest.approx(float(expected), abs=0.005)


def test_the_nation_carries_its_own_pace_on(nested):
    gained = log_odds(LAND[1].rate) - log_odds(LAND[0].rate)
    expected = share_of(log_odds(LAND[1].rate) + gained)
    assert nested[0]["land"].rate[MEDIAN] == pytest.approx(float(expected), abs=0.005)


def pooled(estimates, **changes):
    """Change estimates, of every level and year."""
    return PoolingEstimates(
        {
            level: tuple((known, replace(pooling, **changes)) for known, pooling in rows)
            for level, rows in estimates.by_level.items()
        }
    )


def test_where_the_level_says_nothing_the_median_lies_between_own_pace_and_the_parents(
    say, estimates
):
    alike = pooled(estimates, slope=0.0, shift=0.0)
    found, _ = say(NESTED, 2010, 2020, units=["east", "west"], pooled=alike)
    parents = log_odds(LAND[1].rate) - log_odds(LAND[0].rate)
    for name, (first, last) in (("east", EAST), ("west", WEST)):
        own = log_odds(last.rate) - log_odds(first.rate)
        ahead = log_odds(found[name].rate[MEDIAN]) - log_odds(last.rate)
        assert min(own, parents) < ahead < max(own, parents)


def test_estimates_are_those_known_at_the_origin(say, nested, estimates):
    """Estimates of a threefold spread do not count before they are known, and do afterwards."""
    usual = estimates.known(2010)
    wild = {name: replace(one, spread=3.0 * one.spread) for name, one in usual.items()}
    later = PoolingEstimates({name: ((2010, usual[name]), (2011, wild[name])) for name in usual})
    earlier = PoolingEstimates({name: ((2009, usual[name]), (2010, wild[name])) for name in usual})
    found, _ = say(NESTED, 2010, 2020, units=["west"], pooled=later)
    assert same(found["west"], nested[0]["west"])
    found, _ = say(NESTED, 2010, 2020, units=["land"], pooled=earlier)
    assert width(found["land"]) > 1.5 * width(nested[0]["land"])


def test_estimates_from_after_the_origin_are_said_to_be(say, estimates):
    inside = points((2000, 3_000_000, 700_000), (2010, 3_000_000, 1_000_000))
    panel = Panel({**NESTED.points, "town": inside}, {**WITHIN, "town": "west"})
    found, notes = say(panel, 2010, 2020, units=[])
    assert not found
    first, _ = estimates.by_level["prefecture"][0]
    assert first > 2010
    told = [note for note in notes if "after the origin" in note]
    assert len(told) == 1
    assert told[0].startswith("how units of level prefecture depart")
    assert f"up to {first}" in told[0]
    _, notes = say(panel, first, first + 10, units=[])
    assert not [note for note in notes if "after the origin" in note]


# --- how far -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ahead(say, nested):
    """What is said of the nation, by year."""
    years = (2015, 2017.5, 2070)
    found = {year: say(NESTED, 2010, year, units=["land"])[0]["land"] for year in years}
    return {**found, 2020: nested[0]["land"]}


def test_intervals_widen_with_the_years(ahead):
    widths = [width(ahead[year]) for year in (2015, 2017.5, 2020)]
    assert widths == sorted(widths)
    # Uncertainty of the pace dominates: twice as far is more than the root of two times as wide.
    assert widths[2] > 1.5 * widths[0]
    assert width(ahead[2070]) > widths[2]


def test_a_year_between_two_is_forecast_between_them(ahead):
    medians = {year: log_odds(one.rate[MEDIAN]) for year, one in ahead.items()}
    assert medians[2017.5] == pytest.approx((medians[2015] + medians[2020]) / 2.0, abs=0.02)
    assert ahead[2017.5].year == 2017.5
    totals = [ahead[year].total[MEDIAN] for year in (2015, 2017.5, 2020)]
    assert totals == sorted(totals) or totals == sorted(totals, reverse=True)


def test_sixty_years_ahead(ahead):
    assert is_sound(ahead[2070])
    assert ahead[2070].rate[MEDIAN] > ahead[2020].rate[MEDIAN]


# --- units of every kind -----------------------------------------------------------------------


TOPMOST = {
    "steady": points((1990, 10_000, 2_000), (2000, 12_000, 3_000), (2010, 14_000, 4_400)),
    "once": points((2010, 1_000_000, 400_000)),
    "between": points((1995.42, 1_000_000, 500_000), (2006.75, 900_000, 510_000)),
    "falling": points((2000, 1_000_000, 800_000), (2010, 800_000, 600_000)),
    "all_rural": points((2000, 1_000_000, 0), (2010, 1_000_000, 100_000)),
    "all_urban": points((2000, 1_000_000, 900_000), (2010, 1_000_000, 1_000_000)),
    "city": points((2010, 500_000, 500_000)),
}


@pytest.fixture(scope="module")
def topmost(say):
    return say(Panel(TOPMOST, dict.fromkeys(TOPMOST)), 2010, 2022.25)


def test_topmost_units_without_anything_inside(topmost):
    found, _ = topmost
    assert list(found) == ["steady", "once", "between", "falling"]
    assert all(is_sound(one) for one in found.values())
    assert all(one.year == 2022.25 for one in found.values())


def test_units_without_a_logit_are_left_out_with_a_note(topmost):
    _, notes = topmost
    left_out = [note for note in notes if note.endswith("left out")]
    assert left_out == [
        f"{name}: all urban or all rural at one count: left out"
        for name in ("all_rural", "all_urban", "city")
    ]


def test_a_unit_seen_once_is_less_sure(topmost):
    found, _ = topmost
    assert width(found["once"]) > width(found["steady"])


def test_steady_urbanization_goes_on_at_a_like_pace(topmost):
    """From 25 % to 31.4 % in ten years; the norm of countries at that share is about the same."""
    found, _ = topmost
    gained = log_odds(TOPMOST["steady"][2].rate) - log_odds(TOPMOST["steady"][1].rate)
    ahead = log_odds(found["steady"].rate[MEDIAN]) - log_odds(TOPMOST["steady"][2].rate)
    assert ahead / 12.25 == pytest.approx(gained / 10.0, rel=0.25)


def test_falling_totals_go_on_falling(topmost):
    found, _ = topmost
    assert found["falling"].total[MEDIAN] < 800_000
    assert found["between"].total[MEDIAN] < 900_000


def test_a_sole_unit_seen_once_is_forecast_as_others_seen_once(say):
    """Nothing is known of its own pace, so the pace of countries is all there is."""
    once = TOPMOST["once"]
    alone, _ = say(Panel({"once": once}, {"once": None}), 2010, 2020)
    beside = Panel({"once": once, "city": TOPMOST["city"]}, {"once": None, "city": None})
    among, _ = say(beside, 2010, 2020, units=["once"])
    assert alone["once"].rate[MEDIAN] == pytest.approx(among["once"].rate[MEDIAN], abs=0.02)
    assert width(alone["once"]) < 1.5 * width(among["once"])


def test_a_unit_inside_one_that_is_left_out_is_forecast_as_a_topmost_one(say):
    town, city = TOPMOST["steady"], TOPMOST["city"]
    found, notes = say(
        Panel({"city": city, "town": town}, {"city": None, "town": "city"}), 2010, 2020
    )
    assert list(found) == ["town"]
    assert "city: all urban or all rural at one count: left out" in notes
    topmost, _ = say(Panel({"city": city, "town": town}, {"city": None, "town": None}), 2010, 2020)
    assert found["town"].rate[MEDIAN] == pytest.approx(topmost["town"].rate[MEDIAN], abs=0.02)
    assert width(found["town"]) < 1.5 * width(topmost["town"])


def test_a_total_that_fell_by_half_ends_no_run(say):
    """It is forecast, or else left out with a note."""
    emptied = points((2000, 1_000_000, 300_000), (2010, 500_000, 250_000))
    found, notes = say(Panel({"emptied": emptied}, {"emptied": None}), 2010, 2020)
    assert "emptied" in found or any(note.startswith("emptied: left out") for note in notes)


def test_nothing_known_at_the_origin_is_nothing_forecast(say):
    assert say(NESTED, 1999, 2010)[0] == {}


# --- ages --------------------------------------------------------------------------------------


def test_units_with_ages_borrow_nothing_and_are_forecast_much_alike(say, seeds):
    names = {"china": None, "gansu": "china", "guizhou": "china"}
    tables = {
        name: {
            float(year): by_residence(table_of(seeds.regions[name], year)) for year in (2010, 2020)
        }
        for name in names
    }
    counted = {
        name: points(*((year, table.sum(), table[0].sum()) for year, table in by_year.items()))
        for name, by_year in tables.items()
    }
    found, notes = say(Panel(counted, names, tables), 2020, 2025)
    without, said = say(Panel(counted, names), 2020, 2025)
    assert not [note for note in notes if BORROWED in note]
    assert [note for note in said if BORROWED in note]
    assert list(found) == list(without) == list(names)
    for name, one in found.items():
        assert is_sound(one)
        assert one.rate[MEDIAN] == pytest.approx(without[name].rate[MEDIAN], abs=0.01)
        assert one.total[MEDIAN] == pytest.approx(without[name].total[MEDIAN], rel=0.05)
        assert not np.array_equal(one.rate, without[name].rate)


# --- against what was counted ------------------------------------------------------------------


def provinces():
    """China and its provinces at three censuses, without ages."""
    persons: dict[str, dict[float, dict[str, float]]] = {}
    with gzip.open(AGES, "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["level"] not in ("country", "province") or row["sex"] not in ("male", "female"):
                continue
            if row["residence"] in ("urban", "rural"):
                counts = persons.setdefault(row["region"], {}).setdefault(float(row["year"]), {})
                residence = row["residence"]
                counts[residence] = counts.get(residence, 0.0) + float(row["population"])
    counted = {
        unit: points(
            *(
                (year, counts["urban"] + counts["rural"], counts["urban"])
                for year, counts in sorted(by_year.items())
            )
        )
        for unit, by_year in persons.items()
    }
    return Panel(counted, {unit: None if unit == "China" else "China" for unit in counted})


@pytest.mark.skipif(
    not Path(AGES).is_file(), reason=f"published figures are not shipped; looked for {AGES}"
)
def test_the_provinces_of_2020_from_their_counts_of_2000_and_2010(seeds, monkeypatch):
    monkeypatch.setattr(hindcast, "SAMPLE", SAMPLE)  # a score, as a user would get it
    panel = provinces()
    found = backtest(panel, 2010, 2020, seeds)
    ours = found.scores[0]
    assert (ours.method, ours.n) == (METHOD, 31)
    assert ours.mae <= 1.75
    assert abs(ours.bias) <= 1.5
    assert ours.mae < min(one.mae for one in found.scores[1:])
