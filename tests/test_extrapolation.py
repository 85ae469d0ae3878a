"""Each naive method by hand, what it promises, and the scores and paths published for them."""

import csv
import gzip
import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from scipy.optimize import linprog

from simmodel.forecast.base_population import GROUPS
from simmodel.validation import benchmark_methods
from simmodel.validation.benchmark_methods import (
    METHODS,
    cohort_change,
    constant_urgd,
    empirical_bayes_drift,
    hamilton_perry,
    linear,
    persistence,
    un_wup_2018,
    wup_2018_path,
)
from simmodel.validation.forecasts import LEVELS, MEDIAN, Count, Panel

DATA = Path(__file__).parents[2] / "shared" / "data"
needs_data = pytest.mark.skipif(
    not DATA.is_dir(), reason=f"published figures are not shipped; looked for {DATA}"
)
LOGIT_METHODS = (constant_urgd, un_wup_2018, empirical_bayes_drift)


def logit(share):
    return math.log(share / (1.0 - share))


def share_of(log_odds):
    return 1.0 / (1.0 + math.exp(-log_odds))


def unit(*counts):
    """Points of year, share and, where not a million, total."""
    rows = ((*count, 1e6)[:3] for count in counts)
    return tuple(Count(float(year), total, share * total) for year, share, total in rows)


def panel_of(ages=None, **units):
    return Panel(units, dict.fromkeys(units), ages or {})


def only(forecasts):
    (forecast,) = forecasts
    return forecast


# Counts and growth of the total, worked by hand.


def test_the_methods_stand_in_their_order_and_under_their_own_names():
    assert list(METHODS) == [
        "persistence",
        "linear",
        "constant_urgd",
        "un_wup_2018",
        "empirical_bayes_drift",
        "hamilton_perry",
    ]
    assert all(method.__name__ == name for name, method in METHODS.items())


def test_persistence_keeps_the_share_and_lets_the_total_grow_at_its_rate():
    forecast = only(
        persistence(panel_of(a=unit((2000, 0.3, 1e6), (2010, 0.4, 1.21e6))), 2012, 2020)
    )
    assert (forecast.method, forecast.unit, forecast.year) == ("persistence", "a", 2020)
    assert forecast.levels == MEDIAN
    assert forecast.rate == pytest.approx([0.4])
    # 1.21 in ten years, and once more in the ten after 2010: 1.21 x 1.21 = 1.4641.
    assert forecast.total == pytest.approx([1.4641e6])


def test_a_unit_with_one_count_keeps_its_total():
    assert only(persistence(panel_of(a=unit((2010, 0.4))), 2012, 2020)).total == [1e6]


def test_the_line_goes_through_the_share_ten_years_before_the_last_count():
    # In 2002, two fifths of the way from 2000 to 2005: 0.30 + 0.4 x 0.05 = 0.32. To 2012 it rose
    # to 0.44, 0.012 a year; eight years on 0.44 + 8 x 0.012 = 0.536.
    counts = unit((2000, 0.30), (2005, 0.35), (2012, 0.44))
    assert only(linear(panel_of(a=counts), 2012, 2020)).rate == pytest.approx([0.536])
    # Growth is constant between counts: ln total of 2002 is 0.4 x ln 1.1, of 2012 ln 1.1.
    counts = unit((2000, 0.30, 1e6), (2005, 0.35, 1.1e6), (2012, 0.44, 1.1e6))
    total = only(linear(panel_of(a=counts), 2012, 2022)).total
    assert total == pytest.approx([1.1e6 * 1.1**0.6])


def test_a_shorter_history_counts_in_full():
    # 0.02 a year for fifteen years.
    assert only(linear(panel_of(a=unit((2005, 0.3), (2010, 0.4))), 2010, 2025)).rate == (
        pytest.approx([0.7])
    )


def test_the_line_ends_at_zero_and_one():
    panel = panel_of(up=unit((2000, 0.5), (2010, 0.9)), down=unit((2000, 0.5), (2010, 0.1)))
    assert [forecast.rate.tolist() for forecast in linear(panel, 2010, 2020)] == [[1.0], [0.0]]


def test_constant_growth_difference_by_hand():
    # From odds of 1/3 to odds of 1 in ten years; once more, odds of 3: a share of 0.75.
    panel = panel_of(a=unit((2000, 0.25), (2010, 0.5)))
    assert only(constant_urgd(panel, 2010, 2020)).rate == pytest.approx([0.75])


def test_the_growth_difference_is_urban_growth_less_rural_growth():
    # Urban persons grow by 3 % a year, rural ones fall by 1 %: so they do in the forecast.
    urban, rural = (lambda t: 3e5 * math.exp(0.03 * t)), (lambda t: 7e5 * math.exp(-0.01 * t))
    counts = tuple(Count(2000.0 + t, urban(t) + rural(t), urban(t)) for t in (0, 10))
    expected = urban(25) / (urban(25) + rural(25))
    assert only(constant_urgd(panel_of(a=counts), 2010, 2025)).rate == pytest.approx([expected])


def test_the_logit_is_linear_in_time_between_counts():
    # The logit at 2002 is two fifths of the way from that of 2000 to that of 2005.
    counts = unit((2000, 0.30), (2005, 0.35), (2012, 0.44))
    at_2002 = 0.6 * logit(0.30) + 0.4 * logit(0.35)
    expected = share_of(logit(0.44) + 0.8 * (logit(0.44) - at_2002))
    assert only(constant_urgd(panel_of(a=counts), 2012, 2020)).rate == pytest.approx([expected])


# World Urbanization Prospects 2018.


def test_two_years_and_a_half_of_the_united_nations_path_by_hand():
    # Half urban; observed 0.05 a year. Norm at 0.5: 0.032744 - 0.007768 = 0.024976.
    # Year 1: 0.96 x 0.05 + 0.04 x 0.024976 = 0.04899904; its share 1 / (1 + exp(-0.04899904)).
    first = 0.04899904
    # Year 2: norm at 0.512247 is 0.0247857; 0.92 x 0.05 + 0.08 x 0.0247857 = 0.0479829.
    second = first + 0.0479829
    # Half of year 3: norm at 0.524227 is 0.0245996; 0.88 x 0.05 + 0.12 x 0.0245996 = 0.0469520.
    third = second + 0.0469520 / 2
    expected = [0.5, share_of(first), share_of(second), share_of(third)]
    assert wup_2018_path(0.5, 0.05, 2.5) == pytest.approx(expected, abs=1e-7)


def test_after_25_years_the_growth_difference_stands_still():
    gains = np.diff([logit(share) for share in wup_2018_path(0.3, 0.06, 40.0)])
    norm_of_year_25 = 0.032744 - 0.015536 * wup_2018_path(0.3, 0.06, 24.0)[-1]
    assert gains[24:] == pytest.approx(np.full(16, norm_of_year_25))
    assert not math.isclose(gains[23], gains[24], rel_tol=1e-3)


def test_no_years_is_where_the_path_starts():
    assert wup_2018_path(0.3, 0.06, 0.0) == pytest.approx([0.3])


def test_the_united_nations_take_the_last_two_counts_whatever_their_distance():
    counts = unit((1990, 0.10), (2005, 0.35), (2012, 0.44))
    observed = (logit(0.44) - logit(0.35)) / 7
    expected = wup_2018_path(0.44, observed, 8.0)[-1:]
    assert only(un_wup_2018(panel_of(a=counts), 2015, 2020)).rate == pytest.approx(expected)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [((0.0, 0.02, 5.0), "pu0: .* found 0"), ((0.5, 0.02, -1.0), "years: .* found -1")],
)
def test_a_path_that_cannot_be_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        wup_2018_path(*arguments)


def rows_of(name):
    data = (DATA / name).read_bytes()
    text = gzip.decompress(data) if name.endswith(".gz") else data
    return list(csv.DictReader(text.decode().splitlines()))


def published_paths():
    """By country: knots (year, share), published share by year, and the errors on record."""
    record = {row["area"]: row for row in rows_of("wup2018_replay_errors.csv")}
    countries = {}
    for row in rows_of("wup2018_knots_reconstructed.csv"):
        if row["name"] in record:
            new = SimpleNamespace(knots=[], path={}, record=record[row["name"]])
            country = countries.setdefault(row["code"], new)
            country.knots.append((float(row["t"]), float(row["urban_pct"]) / 100))
    for row in rows_of("wup2018_country_5yr.csv"):
        if row["code"] in countries:
            countries[row["code"]].path[float(row["year"])] = float(row["urban_pct"]) / 100
    return countries.values()


def replays(country):
    """Errors of a replay in 2020, 2030 and 2050, percentage points; for both places of the count.

    The replay on record starts at a whole year and with the growth difference of the year before.
    Its annual path is not at hand: it is the line from the last knot through a later published
    value, up to the last count. That count lies in the starting year, or a year before it, and
    then the year between is the path's first.
    """
    start = float(country.record["t0"])
    knot, share = next(k for k in reversed(country.knots) if k[0] < start - 3)
    known = [year for year in country.path if knot + 2 < year <= start - 1]
    if not known:
        return []
    line = (logit(country.path[max(known)]) - logit(share)) / (max(known) - knot)
    before = logit(share) + line * (start - 1 - knot)
    both = []
    for first in (before + line, logit(wup_2018_path(share_of(before), line, 1.0)[-1])):
        path = wup_2018_path(share_of(first), first - before, 2050 - start)
        ends = [(path[int(year - start)], country.path[year]) for year in (2020.0, 2030.0, 2050.0)]
        both.append([100 * (replayed - published) for replayed, published in ends])
    return both


@needs_data
def test_published_paths_of_the_united_nations_replay():
    both = [(country, replays(country)) for country in published_paths()]
    # Which place the last count has is told by 2020 alone; the later years are the test.
    errors = np.array([min(pair, key=lambda e: abs(e[0])) for _, pair in both if pair])
    assert len(errors) >= 80
    median = np.median(np.abs(errors), axis=0)
    assert median[1] <= 0.02  # percentage points in 2030
    assert median[2] <= 0.035
    recorded = np.array(
        [
            [float(country.record[e]) for e in ("e2020", "e2030", "e2050")]
            for country, pair in both
            if pair
        ]
    )
    assert np.median(np.abs(errors - recorded), axis=0).max() < 0.006


# Empirical-Bayes drift.


def drifting(pull, shift, units=12):
    """Units of three counts, ten years apart, whose second drift follows from their first."""
    panel = {}
    for number in range(units):
        own, last = 0.01 + 0.004 * number, -1.0 + 0.1 * number
        norm = 0.032744 - 0.015536 * share_of(last)
        drift = pull * own + (1 - pull) * norm + shift
        odds = last - 10 * own, last, last + 10 * drift
        years = (1990, 2000, 2010)
        panel[f"u{number}"] = unit(*zip(years, map(share_of, odds), strict=True))
    return panel


def test_pull_and_shift_of_the_past_are_found_and_used():
    panel = panel_of(**drifting(0.4, -0.003), single=unit((2010, 0.5)))
    forecasts = empirical_bayes_drift(panel, 2010, 2020)
    assert [forecast.unit for forecast in forecasts] == list(panel.points)
    for forecast in forecasts:
        points = panel.points[forecast.unit]
        here = points[-1].rate
        norm = 0.032744 - 0.015536 * here
        own = (logit(here) - logit(points[-2].rate)) / 10 if len(points) > 1 else norm
        expected = share_of(logit(here) + 10 * (0.4 * own + 0.6 * norm - 0.003))
        assert forecast.levels == LEVELS
        # No errors in the past: all quantiles are the forecast.
        assert forecast.rate == pytest.approx(np.full(len(LEVELS), expected), abs=1e-6)


def test_the_distribution_is_that_of_past_errors():
    # All at the norm's pace, so that nothing is learnt of the pull, and then off it by -5, -4 ...
    # 6 per mille a year: a shift of 0.5, and errors of -5.5 ... 5.5 per mille.
    units = {}
    for number in range(12):
        norm = 0.032744 - 0.015536 * share_of(-0.1 * number)
        middle, error = -0.1 * number, (number - 5) / 1000
        odds = middle - 10 * norm, middle, middle + 10 * (norm + error)
        units[f"u{number}"] = unit(*zip((1990, 2000, 2010), map(share_of, odds), strict=True))
    for forecast in empirical_bayes_drift(panel_of(**units), 2010, 2020):
        spread = [logit(rate) - logit(forecast.quantile(0.5)) for rate in forecast.rate]
        # Evenly spaced, so that the quantiles between them lie on a line; ten years of it.
        assert spread == pytest.approx([10 * (-0.0055 + 0.011 * level) for level in LEVELS])


@given(st.integers(0, 2**32 - 1), st.integers(10, 40), st.sampled_from([-0.5, 0.5, 1.5]))
def test_pull_and_shift_have_the_least_absolute_deviations(seed, number, slope):
    """Against the same problem as a linear programme."""
    draw = np.random.default_rng(seed)
    own = draw.normal(0, 0.02, number)
    gained = slope * own + draw.normal(0, 0.01, number)
    pull = benchmark_methods._pull(own, gained)
    left = gained - pull * own
    reached = np.abs(left - np.median(left)).sum()
    one = np.eye(number)
    programme = linprog(
        [0, 0, *[1] * (2 * number)],
        A_eq=np.column_stack([own, np.ones(number), one, -one]),
        b_eq=gained,
        bounds=[(0, 1), (None, None), *[(0, None)] * (2 * number)],
    )
    assert reached == pytest.approx(programme.fun, rel=1e-6)
    assert 0.0 <= pull <= 1.0


def test_of_each_start_the_transition_nearest_to_the_horizon_counts():
    counts = unit((1990, 0.2), (2000, 0.3), (2004, 0.33), (2009, 0.4), (2016, 0.45))
    transitions = benchmark_methods._transitions(panel_of(a=counts))
    # From 2000, 2004 and 2009; of 4, 9, 16, of 5, 12, and of 7 years.
    assert transitions.years.tolist() == [4, 9, 16, 5, 12, 7]

    def chosen(years):
        return transitions.years[benchmark_methods._nearest(transitions, years)].tolist()

    assert chosen(10.0) == [9, 12, 7]  # 12 before 5, which is half of ten years
    assert chosen(6.0) == [4, 5, 7]  # 4 before 9, which is one and a half times six
    assert chosen(4.0) == [4, 5]  # 7 is longer than that
    assert chosen(30.0) == [16]


def test_a_pace_is_what_was_known_at_the_start():
    counts = unit((1990, 0.2), (2000, 0.3), (2010, 0.5))
    transitions = benchmark_methods._transitions(panel_of(a=counts))
    assert transitions.own == pytest.approx([(logit(0.3) - logit(0.2)) / 10])
    assert transitions.drift == pytest.approx([(logit(0.5) - logit(0.3)) / 10])
    assert transitions.norm == pytest.approx([0.032744 - 0.015536 * 0.3])


def test_without_ten_transitions_there_is_no_empirical_drift():
    units = drifting(0.4, 0.0, units=10)
    assert len(empirical_bayes_drift(panel_of(**units), 2010, 2020)) == 10
    del units["u3"]
    assert empirical_bayes_drift(panel_of(**units), 2010, 2020) == []
    # Counts there are, but none that ended at the origin.
    assert empirical_bayes_drift(panel_of(**drifting(0.4, 0.0)), 2009, 2019) == []


# Hamilton and Perry.


def test_cohorts_five_years_on_by_hand():
    earlier, later = np.full((2, 2, 18), 100.0), np.full((2, 2, 18), 100.0)
    later[0, 1, 5] = 130.0  # urban men of 25-29: 1.3 of those 20-24 five years before
    earlier[0, 1, 16], earlier[0, 1, 17], later[0, 1, 17] = 80.0, 40.0, 60.0
    later[1, 0, 3:10] = 50.0  # rural women of 15-49: 350 beside 100 girls and 100 boys of 0-4
    ahead = cohort_change(earlier, later, 1)
    assert ahead[0, 1, 5] == pytest.approx(130)  # of 100
    assert ahead[0, 1, 6] == pytest.approx(130)  # as many as before: the ratio is one
    # 85 and over: 60 of 80 + 40 who were 80 and over; so half of 100 + 60 now.
    assert ahead[0, 1, 17] == pytest.approx(80)
    # Rural women of 20-24 ... 45-49 halved since, and so do they again: 25 of each; of 15-19
    # come 50 of 100 girls. 50 + 6 x 25 = 200 women with 100 / 350 girls and boys each.
    assert ahead[1, 0, 3:10].sum() == pytest.approx(200)
    assert ahead[1, :, 0] == pytest.approx([400 / 7] * 2)


def test_children_of_ten_years_by_hand():
    earlier, later = np.full((2, 2, 18), 100.0), np.full((2, 2, 18), 100.0)
    later[..., 17] = 150.0  # half of the 300 who were 75 and over
    later[0, 0, 2] = 200.0  # urban girls of 10-14, twice those who were 0-4 ten years before
    ahead = cohort_change(earlier, later, 2)
    # Of 100 + 100 + 150 now 75 and over, half again.
    assert ahead[..., 17] == pytest.approx(np.full((2, 2), 175.0))
    assert ahead[0, 0, 2] == pytest.approx(200)
    assert ahead[0, 0, 4] == pytest.approx(200)  # aged 20-24
    # Women of 15-49 were 700 and are 800; of 20-54 likewise: children grow by a seventh.
    assert ahead[0, :, :2] == pytest.approx(np.full((2, 2), 800 / 7))
    assert ahead[1, :, :2] == pytest.approx(np.full((2, 2), 100.0))


def census(table):
    """A table of five-year groups with infants apart, as panels have it."""
    return np.concatenate([table[..., :1] / 5, table[..., :1] * 4 / 5, table[..., 1:]], axis=-1)


def with_ages(**tables):
    """A panel of one unit from its tables, by year as `y2010`."""
    by_year = {float(name[1:]): census(table) for name, table in tables.items()}
    points = tuple(Count(year, t.sum(), t[0].sum()) for year, t in sorted(by_year.items()))
    return Panel({"a": points}, {"a": None}, {"a": by_year})


def tables():
    return npst.arrays(float, (2, 2, 18), elements=st.floats(100.0, 1000.0))


@given(tables(), st.floats(-0.02, 0.04), st.floats(-0.02, 0.04), st.sampled_from([5, 10]))
def test_a_stable_population_goes_on_exactly(table, urban_growth, rural_growth, years):
    growth = np.array([urban_growth, rural_growth])
    later = table * np.exp(growth * years)[:, None, None]
    panel = with_ages(**{f"y{2010 - years}": table, "y2010": later})
    forecast = only(hamilton_perry(panel, 2012, 2030))
    persons = later.sum(axis=(1, 2)) * np.exp(growth * 20)
    assert forecast.rate == pytest.approx([persons[0] / persons.sum()])
    assert forecast.total == pytest.approx([persons.sum()])


def test_tables_ten_years_apart_go_before_those_five_years_apart():
    one = np.full((2, 2, 18), 100.0)
    panel = with_ages(y2000=one, y2005=one * 2, y2010=one * 3)
    assert only(hamilton_perry(panel, 2010, 2020)).total == pytest.approx([7200 * 9])
    assert only(hamilton_perry(panel, 2010, 2015)).total == pytest.approx([7200 * 4.5])
    assert hamilton_perry(panel, 2010, 2018) == []


def test_dates_in_mid_year_are_met_within_rounding():
    one = np.full((2, 2, 18), 100.0)
    panel = with_ages(**{"y2000.84": one, "y2010.84": one})
    assert only(hamilton_perry(panel, 2012, 2020.84)).total == pytest.approx([7200])


def test_tables_that_do_not_serve_leave_the_unit_out():
    one = np.full((2, 2, 18), 100.0)
    assert hamilton_perry(panel_of(a=unit((2000, 0.3), (2010, 0.4))), 2010, 2020) == []
    assert hamilton_perry(with_ages(y2010=one), 2010, 2020) == []
    assert hamilton_perry(with_ages(y2003=one, y2010=one), 2010, 2017) == []
    panel = with_ages(y2000=one, y2010=one)
    later_count = {"a": (*panel.points["a"], Count(2012.0, 7200.0, 3600.0))}
    assert hamilton_perry(replace(panel, points=later_count), 2012, 2020) == []
    nobody = one.copy()
    nobody[1, 0, 4] = 0.0
    assert hamilton_perry(with_ages(y2000=nobody, y2010=one), 2010, 2020) == []
    childless = one.copy()
    childless[1, 0, 3:11] = 0.0
    assert hamilton_perry(with_ages(y2000=one, y2010=childless), 2010, 2020) == []


def test_a_unit_without_rural_residents_stays_so():
    urban = np.full((2, 2, 18), 100.0)
    urban[1] = 0.0
    assert only(hamilton_perry(with_ages(y2000=urban, y2010=urban), 2010, 2030)).rate == [1.0]


# What all of them promise.


def test_one_count_is_enough_for_persistence_alone():
    panel = panel_of(a=unit((2010, 0.4)))
    assert [name for name, method in METHODS.items() if method(panel, 2010, 2020)] == [
        "persistence"
    ]


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_share_of_zero_or_one_has_no_logit(share):
    sound = drifting(0.4, 0.0)
    panel = panel_of(
        **sound, last=unit((2000, 0.5), (2010, share)), first=unit((2000, share), (2010, 0.5))
    )
    for method in LOGIT_METHODS:
        assert {forecast.unit for forecast in method(panel, 2010, 2020)} == set(sound)
    for method in (persistence, linear):
        assert {forecast.unit for forecast in method(panel, 2010, 2020)} == set(panel.points)


def test_a_share_of_zero_long_ago_does_not_matter():
    panel = panel_of(**drifting(0.4, 0.0), a=unit((1980, 0.0), (1995, 0.3), (2010, 0.4)))
    for method in LOGIT_METHODS:
        assert "a" in {forecast.unit for forecast in method(panel, 2010, 2020)}


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_a_year_not_after_the_origin_is_refused(method):
    with pytest.raises(ValueError, match="later than the origin, 2010; found 2010"):
        method(panel_of(a=unit((2000, 0.3), (2010, 0.4))), 2010, 2010)


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_units_unknown_at_the_origin_are_left_out(method):
    assert method(panel_of(a=unit((2015, 0.3), (2020, 0.4))), 2010, 2020) == []


shares = st.floats(0.05, 0.95)


@st.composite
def panels(draw, units=12):
    """Units counted every ten years to 2020, some since 1980; the first has tables by age."""
    rates = draw(npst.arrays(float, (units, 5), elements=shares))
    totals = draw(npst.arrays(float, (units, 5), elements=st.floats(1e4, 1e7)))
    firsts = draw(npst.arrays(int, units, elements=st.integers(0, 2)))
    points = {}
    for number, first in enumerate(firsts):
        counts = list(zip(range(1980, 2030, 10), rates[number], totals[number], strict=True))
        points[f"u{number}"] = unit(*counts[first:])
    by_year = {year: census(draw(tables())) for year in (2000.0, 2010.0, 2020.0)}
    points["u0"] = tuple(Count(year, t.sum(), t[0].sum()) for year, t in by_year.items())
    return Panel(points, dict.fromkeys(points), {"u0": by_year})


@given(panels())
def test_shares_stay_between_zero_and_one_and_quantiles_rise(panel):
    for name, method in METHODS.items():
        for forecast in method(panel, 2012, 2020):
            assert forecast.method == name
            assert len(forecast.levels) == len(forecast.rate) == len(forecast.total)
            assert ((forecast.rate >= 0.0) & (forecast.rate <= 1.0)).all()
            assert name == "linear" or ((forecast.rate > 0.0) & (forecast.rate < 1.0)).all()
            assert (np.diff(forecast.rate) >= 0.0).all()
            assert (forecast.total > 0.0).all()


@given(panels(), shares)
def test_what_comes_after_the_origin_changes_nothing(panel, share):
    """Neither changed nor gone."""
    changed = replace(
        panel,
        points={
            name: tuple(p if p.year <= 2012 else replace(p, urban=share * p.total) for p in points)
            for name, points in panel.points.items()
        },
        ages={"u0": {**panel.ages["u0"], 2020.0: np.ones((2, 2, 19))}},
    )
    for method in METHODS.values():
        forecasts = method(panel, 2012, 2020)
        for other in (method(changed, 2012, 2020), method(panel.until(2012), 2012, 2020)):
            assert [f.unit for f in other] == [f.unit for f in forecasts]
            for one, two in zip(forecasts, other, strict=True):
                np.testing.assert_array_equal(one.rate, two.rate)
                np.testing.assert_array_equal(one.total, two.total)


@given(shares, st.integers(2011, 2100))
def test_persistence_is_flat(share, to):
    panel = panel_of(a=unit((2000, 0.2), (2010, share)))
    assert only(persistence(panel, 2010, to)).rate == panel.points["a"][-1].rate


@given(
    st.floats(-2.0, 2.0),
    st.floats(-0.05, 0.05),
    st.sets(st.integers(1970, 2010), min_size=2, max_size=6),
    st.integers(2011, 2040),
)
def test_a_logistic_path_is_forecast_exactly(middle, urgd, years, to):
    def path(year):
        return share_of(middle + urgd * (year - 2000))

    assume(0.001 < path(to) < 0.999)
    panel = panel_of(a=unit(*((year, path(year)) for year in sorted(years))))
    assert only(constant_urgd(panel, 2010, to)).rate == pytest.approx([path(to)])


# Provinces: known in 2000 and 2010, forecast to 2020.

OLDEST = ("85-89", "90-94", "95-99", "100+")


def provinces():
    """The 31 provinces with their tables, from three censuses."""
    groups = ["0", "1-4", *(f"{age}-{age + 4}" for age in GROUPS[2:-1]), "85+"]
    ages = {}
    for row in rows_of("age_structure.csv.gz"):
        if row["level"] != "province" or row["residence"] not in ("urban", "rural"):
            continue
        tables = ages.setdefault(row["region"], {})
        table = tables.setdefault(float(row["year"]), np.zeros((2, 2, len(groups))))
        group = groups.index("85+" if row["age_group"] in OLDEST else row["age_group"])
        residence = ("urban", "rural").index(row["residence"])
        table[residence, ("female", "male").index(row["sex"]), group] += float(row["population"])
    points = {
        name: tuple(Count(year, t.sum(), t[0].sum()) for year, t in sorted(tables.items()))
        for name, tables in ages.items()
    }
    return Panel(points, dict.fromkeys(points), ages)


@needs_data
def test_provinces_are_forecast_as_well_as_on_record():
    """Mean absolute errors of the rate, percentage points."""
    panel = provinces()
    assert len(panel.points) == 31
    observed = {name: points[-1].rate for name, points in panel.points.items()}
    errors = {}
    for method in (linear, constant_urgd, hamilton_perry):
        forecasts = method(panel, 2010, 2020)
        assert len(forecasts) == 31
        misses = [abs(forecast.rate[0] - observed[forecast.unit]) for forecast in forecasts]
        errors[method.__name__] = 100 * np.mean(misses)
    expected = {"linear": 3.29, "constant_urgd": 2.66, "hamilton_perry": 2.77}
    assert errors == pytest.approx(expected, abs=0.01)
