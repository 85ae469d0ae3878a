"""The model beside other methods: what each is shown, what is said of it, and what is scored."""

from dataclasses import replace
from math import inf, nan

import numpy as np
import pytest

from simmodel.errors import SimmodelError
from simmodel.forecast.base_population import GROUPS
from simmodel.forecast.pooling import logit, share_of
from simmodel.validation import backtest as module
from simmodel.validation.backtest import backtest, beside_truth
from simmodel.validation.benchmark_methods import METHODS
from simmodel.validation.forecasts import LEVELS, MEDIAN, Count, Forecast, Panel
from simmodel.validation.hindcast import METHOD, Hindcast


def unit(*counts, total=1e6):
    """Counts of year and share."""
    return tuple(Count(float(year), total, share * total) for year, share in counts)


HILLS = unit((2000, 0.3), (2010, 0.4), (2020, 0.52))
COAST = unit((2000, 0.5), (2010, 0.6), (2020, 0.66), total=3e6)
PANEL = Panel({"hills": HILLS, "coast": COAST}, {"hills": "land", "coast": "land"})


@pytest.fixture(autouse=True)
def shown(monkeypatch):
    """Let a quick method stand in for the model; the panels it was shown."""
    panels = []

    def quick(known, origin, to, atlas, estimates, *, progress):
        panels.append(known)
        forecasts = []
        for name, points in known.points.items():
            progress(name)
            if 0.0 < points[-1].rate < 1.0:
                rate = share_of(logit(points[-1].rate) + np.linspace(-0.5, 0.5, len(LEVELS)))
                total = np.full(len(LEVELS), points[-1].total)
                forecasts.append(Forecast(METHOD, name, to, LEVELS, rate, total))
        return Hindcast(tuple(forecasts), ("a note of the model",))

    monkeypatch.setattr(module, "forecast", quick)
    return panels


def by_method(found):
    names = dict.fromkeys(one.method for one in found.forecasts)
    return {name: [one for one in found.forecasts if one.method == name] for name in names}


# --- what is shown -----------------------------------------------------------------------------


def test_no_method_is_shown_what_came_after_the_origin(seeds, shown):
    backtest(PANEL, 2010, 2020, seeds)
    (known,) = shown
    assert list(known.points) == ["hills", "coast", "land"]
    assert all(point.year <= 2010 for points in known.points.values() for point in points)


@pytest.mark.parametrize("share", [0.2, 0.9])
def test_rows_after_the_origin_reach_no_forecast(seeds, share):
    """Not even through a unit first counted later, without which its parent has no sum."""
    changed = {name: (*points[:2], *unit((2020, share))) for name, points in PANEL.points.items()}
    later = Panel(
        {**changed, "new": unit((2020, share)), "above": unit((2015, 0.5))},
        {**PANEL.parents, "new": "land", "above": None},
    )
    gone = PANEL.until(2010)
    expected = backtest(gone, 2010, 2020, seeds).forecasts
    for panel in (PANEL, later):
        found = backtest(panel, 2010, 2020, seeds).forecasts
        assert [(one.method, one.unit) for one in found] == [
            (one.method, one.unit) for one in expected
        ]
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_array_equal(one.rate, other.rate)
            np.testing.assert_array_equal(one.total, other.total)


def test_a_parent_without_rows_is_the_sum_of_its_units(seeds, shown):
    backtest(PANEL, 2010, 2020, seeds)
    assert shown[0].points["land"][1] == Count(2010.0, 4e6, 2.2e6)


def test_a_parent_with_rows_keeps_them(seeds, shown):
    own = {**PANEL.points, "land": unit((2000, 0.4), (2010, 0.5), total=9e6)}
    backtest(Panel(own, {**PANEL.parents, "land": None}), 2010, 2020, seeds)
    assert shown[0].points["land"] == own["land"]


# --- what is said ------------------------------------------------------------------------------


def test_the_model_comes_first_and_then_every_method_that_can(seeds):
    found = by_method(backtest(PANEL, 2010, 2020, seeds))
    assert list(found) == [METHOD, "persistence", "linear", "constant_urgd", "un_wup_2018"]
    assert all(len(forecasts) == 3 for forecasts in found.values())
    assert all(one.levels == MEDIAN for name in found if name != METHOD for one in found[name])


def test_progress_names_every_unit(seeds):
    named = []
    backtest(PANEL, 2010, 2020, seeds, progress=named.append)
    assert named == ["hills", "coast", "land"]


def test_a_method_that_forecasts_nothing_says_why_once(seeds):
    notes = backtest(PANEL, 2010, 2020, seeds).notes
    assert notes == (
        "a note of the model",
        "empirical_bayes_drift: fewer than 10 past transitions of this length: nothing forecast",
        "hamilton_perry: no counts by age: nothing forecast",
    )


def reasons(panel, seeds):
    """Why methods forecast nothing to 2020, by method."""
    notes = backtest(panel, 2010, 2020, seeds).notes
    parts = [note.split(": ") for note in notes if note.endswith(": nothing forecast")]
    return {name: why for name, why, _ in parts}


def test_one_count_is_enough_for_persistence_alone(seeds):
    found = reasons(Panel({"hills": HILLS[1:]}, {"hills": None}), seeds)
    for name in ("linear", "constant_urgd", "un_wup_2018"):
        assert found[name] == "no unit has two counts"
    assert "persistence" not in found


def test_a_rate_of_one_is_no_start_for_methods_on_logits(seeds):
    found = reasons(Panel({"city": unit((2000, 1.0), (2010, 1.0))}, {"city": None}), seeds)
    for name in ("constant_urgd", "un_wup_2018"):
        assert found[name] == "no unit has two counts that are neither all urban nor all rural"
    assert "linear" not in found


def test_tables_by_age_that_lead_elsewhere_are_not_called_missing(seeds):
    table = np.full((2, 2, len(GROUPS)), 1000.0)
    odd = replace(PANEL, ages={"hills": {2003.0: table, 2010.0: table}})
    assert reasons(odd, seeds)["hamilton_perry"] == (
        "no counts by age 10 or 5 years apart whose step leads to the year forecast"
    )
    even = replace(PANEL, ages={"hills": {2000.0: table, 2010.0: table}})
    assert "hamilton_perry" not in reasons(even, seeds)


def test_every_method_has_a_reason_where_it_can_say_nothing(seeds, monkeypatch):
    monkeypatch.setattr(module.benchmark_methods, "METHODS", dict.fromkeys(METHODS, lambda *_: []))
    assert list(reasons(PANEL, seeds)) == list(METHODS)


def test_units_without_a_count_up_to_the_origin_are_named(seeds):
    more = Panel({**PANEL.points, "new": HILLS[2:]}, {**PANEL.parents, "new": "land"})
    notes = backtest(more, 2010, 2020, seeds).notes
    assert "new: has no count up to 2010: not forecast" in notes


def test_units_all_urban_or_all_rural_are_named(seeds):
    more = Panel({**PANEL.points, "city": unit((2010, 1.0))}, {**PANEL.parents, "city": None})
    notes = backtest(more, 2010, 2020, seeds).notes
    assert "city: urbanization rate of 1 in 2010; methods that work on logits leave it out" in (
        note.replace("this unit", "it") for note in notes
    )


def test_an_origin_before_every_count_is_refused(seeds):
    with pytest.raises(SimmodelError, match=r"^no unit has a count up to 1990$"):
        backtest(PANEL, 1990, 2020, seeds)


@pytest.mark.parametrize("to", [2010, 1990, 2200.5, inf, nan])
def test_a_year_that_cannot_be_forecast_is_refused(seeds, to):
    with pytest.raises(SimmodelError, match="cannot be forecast from 2010; allowed a later year"):
        backtest(PANEL, 2010, to, seeds)


# --- what is scored ----------------------------------------------------------------------------


def test_units_that_nothing_lies_in_are_scored(seeds):
    own = {**PANEL.points, "land": unit((2000, 0.4), (2010, 0.5), (2020, 0.6))}
    found = backtest(Panel(own, {**PANEL.parents, "land": None}), 2010, 2020, seeds)
    assert [one.method for one in found.scores] == list(by_method(found))
    for rows, one in zip(found.scored, found.scores, strict=True):
        assert [row.unit for row in rows] == ["hills", "coast"]
        assert {row.block for row in rows} == {"land"}
        assert (one.method, one.n) == (rows[0].method, 2)
    assert {row.unit: row.observed for row in found.scored[0]} == {"hills": 0.52, "coast": 0.66}


def test_persistence_is_as_wrong_as_the_shares_changed(seeds):
    scores = {one.method: one for one in backtest(PANEL, 2010, 2020, seeds).scores}
    # 12 points and 6 points too low.
    assert scores["persistence"].mae == pytest.approx(9.0)
    assert scores["persistence"].bias == pytest.approx(-9.0)
    assert scores["persistence"].coverage80 is None


@pytest.mark.parametrize(("year", "is_near"), [(2020.04, True), (2019.96, True), (2020.2, False)])
def test_a_count_near_the_year_scores_it(year, is_near):
    panel = Panel({"hills": (*HILLS[:2], *unit((year, 0.52)))}, {"hills": None})
    one = Forecast("linear", "hills", 2020.0, MEDIAN, np.array([0.5]), np.array([1e6]))
    rows = beside_truth(panel, [one], 2020.0)
    assert len(rows) == is_near
    assert all((row.observed, row.block) == (0.52, "panel") for row in rows)


def test_without_what_came_there_are_forecasts_and_no_scores(seeds):
    found = backtest(PANEL.until(2010), 2010, 2020, seeds)
    assert found.forecasts
    assert found.scored == ()
    assert found.scores == ()
