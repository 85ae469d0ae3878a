"""The multistate step against hand-worked values, against a slow second writing, and its laws."""

import math
from dataclasses import replace

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simmodel.kernel.projection import BLOCK, FLOWS, LEVELS, RURAL, URBAN, Schedules, project
from tests.slow_projection import project_one_draw

PATTERNS = ("death", "infant_death", "rural_to_urban", "departure", "arrivals", "fertility")


def nothing(ages):
    """Schedules under which nobody dies, moves, arrives or is born."""
    return Schedules(
        death=np.zeros((2, 2, ages)),
        infant_death=np.zeros((2, 2)),
        rural_to_urban=np.zeros((2, ages)),
        departure=np.zeros((2, ages)),
        arrivals=np.zeros((2, 2, ages)),
        fertility=np.zeros((2, ages)),
        male_share=0.5,
    )


def constant(years=1, draws=1, **by_name):
    """Levels (level, year, draw): those named, the same in all years and draws; the rest 0."""
    levels = np.zeros((len(LEVELS), years, draws))
    for name, value in by_name.items():
        levels[LEVELS.index(name)] = value
    return levels


def random_case(ages, years, draws, seed, absent_levels=(), people=True):
    """Everything at once: intensities out of a state up to 2 a year, the most that is allowed."""
    rng = np.random.default_rng(seed)
    population = rng.uniform(0, 1e5, (2, 2, ages)) * (rng.random((2, 2, ages)) < 0.8)
    arrivals = rng.random((2, 2, ages))
    schedules = Schedules(
        death=rng.random((2, 2, ages)),
        infant_death=rng.random((2, 2)),
        rural_to_urban=rng.random((2, ages)),
        departure=rng.random((2, ages)),
        arrivals=arrivals / arrivals.sum(axis=(1, 2), keepdims=True),
        fertility=rng.random((2, ages)) * (rng.random((2, ages)) < 0.5),
        male_share=float(rng.uniform(0.4, 0.6)),
    )
    levels = rng.uniform(0, 0.66, (len(LEVELS), years, draws))
    for name in ("urban_arrivals", "rural_arrivals"):
        levels[LEVELS.index(name)] *= 1e5
    for name in ("urban_return", "rural_return"):
        levels[LEVELS.index(name)] *= 0.5
    for name in absent_levels:
        levels[LEVELS.index(name)] = 0.0
    keywords = {"absent": rng.uniform(0, 1e5, draws)}
    if people:
        population[:, :, 0] += 1e4  # somebody for programmes and boundary changes to take
        keywords["programmes"] = rng.uniform(0, 10, years) * (rng.random(years) < 0.5)
        keywords["boundary"] = rng.uniform(-10, 1000, (years, 2)) * (rng.random((years, 1)) < 0.5)
    else:
        population *= 0.0
    return population, schedules, levels, keywords


@st.composite
def cases(draw, draws=(1, 3), years=(1, 2, 4)):
    return random_case(
        ages=draw(st.sampled_from((1, 2, 3, 5, 101))),
        years=draw(st.sampled_from(years)),
        draws=draw(st.sampled_from(draws)),
        seed=draw(st.integers(0, 2**32 - 1)),
        absent_levels=draw(st.one_of(st.just(LEVELS), st.sets(st.sampled_from(LEVELS)))),
        people=draw(st.booleans()),
    )


def column(levels, draw):
    return [dict(zip(LEVELS, levels[:, y, draw], strict=True)) for y in range(levels.shape[1])]


def assert_agree(path, population, schedules, levels, keywords, draws, rel=1e-10):
    """The kernel's draws against the slow writing; 1e-10 of the largest number about."""
    for draw in draws:
        totals, ledger, cells, away = project_one_draw(
            population,
            schedules,
            column(levels, draw),
            absent=keywords["absent"][draw],
            programmes=keywords.get("programmes"),
            boundary=keywords.get("boundary"),
        )
        flows = np.array([[flow[name] for name in FLOWS] for flow in ledger])
        size = rel * max(1e-300, np.max(totals), flows.max())
        np.testing.assert_allclose(path.urban[:, draw], [u for u, _ in totals], rtol=rel, atol=size)
        np.testing.assert_allclose(path.rural[:, draw], [r for _, r in totals], rtol=rel, atol=size)
        np.testing.assert_allclose(path.flows[:, :, draw], flows, rtol=rel, atol=size)
        np.testing.assert_allclose(path.population[..., draw], cells, rtol=rel, atol=size)
        np.testing.assert_allclose(path.absent[:, draw], away, rtol=rel, atol=size)


def changes(path):
    """What the ledger says each residence gained, (urban, rural), with its signs."""
    flow = dict(zip(FLOWS, np.moveaxis(path.flows, 1, 0), strict=True))
    into_towns = (
        flow["rural_to_urban"] - flow["urban_to_rural"] + flow["reclassified"] + flow["programmes"]
    )
    urban = (
        flow["urban_births"] - flow["urban_deaths"] + flow["urban_arrivals"]
        - flow["urban_departures"] + into_towns + flow["urban_boundary_change"]
    )  # fmt: skip
    rural = (
        flow["rural_births"] - flow["rural_deaths"] + flow["rural_arrivals"]
        - flow["rural_departures"] - into_towns + flow["rural_boundary_change"]
    )  # fmt: skip
    return urban, rural


# --- Worked by hand ------------------------------------------------------------------------------


def test_three_ages_by_hand():
    """150 rural women aged 0; half of the year's moves go to town, the numbers are below."""
    population = np.zeros((2, 2, 3))
    population[RURAL, 0, 0] = 150.0
    schedules = nothing(3)
    schedules.rural_to_urban[0, 0] = schedules.departure[0, 0] = 1.0
    schedules.fertility[:, 0] = 0.5, 0.1
    schedules.infant_death[RURAL] = 2.0 / 3.0
    levels = constant(rural_to_urban=0.4, rural_departure=0.6, urban_fertility=1.0,
                      rural_fertility=1.0, rural_mortality=1.0)  # fmt: skip
    path = project(population, schedules, levels)
    # Person-years: y = 150 - (0.4 + 0.6) y / 2, so y = 150 / 1.5 = 100: 40 move, 60 leave, 50 stay.
    # The 40 come through the year and live 40 / 2 = 20 person-years in town.
    # Births: 100 x 0.1 = 10 rural, 20 x 0.5 = 10 urban. Of 5 rural births of each sex
    # (1 - 1/3) / (1 + 1/3) = 1/2 live: 2.5. Of the 5 alive 5 x 0.4 / 2 = 1 moves with its mother,
    # 5 x 0.6 / 2 = 1.5 leave, 2.5 stay.
    flow = dict(zip(FLOWS, path.flows[0, :, 0], strict=True))
    expected = dict.fromkeys(FLOWS, 0.0) | {
        "urban_births": 10.0,
        "rural_births": 10.0,
        "rural_deaths": 5.0,
        "rural_to_urban": 40.0 + 1.0,
        "rural_departures": 60.0 + 1.5,
    }
    assert flow == pytest.approx(expected, abs=1e-12)
    # Urban: 10 + 1 infants, 5.5 of each sex, and 40 women aged 1; rural: 2.5 and 50.
    end = path.population[..., 0]
    assert end[URBAN].tolist() == [
        pytest.approx([5.5, 40.0, 0.0]), pytest.approx([5.5, 0.0, 0.0])
    ]  # fmt: skip
    assert end[RURAL].tolist() == [
        pytest.approx([1.25, 50.0, 0.0]), pytest.approx([1.25, 0.0, 0.0])
    ]  # fmt: skip
    assert path.urban[:, 0] == pytest.approx([0.0, 51.0])
    assert path.rural[:, 0] == pytest.approx([150.0, 52.5])


def test_half_of_the_arrivals_live_the_year():
    """20 women arrive; 10 live through the year, die at 2/3 and bear; 10 come on its last day."""
    schedules = nothing(3)
    schedules.arrivals[URBAN, 0, 0] = 1.0
    schedules.death[URBAN, 0, 0] = 2.0 / 3.0
    schedules.fertility[URBAN, 0] = 0.4
    levels = constant(urban_arrivals=20.0, urban_mortality=1.0, urban_fertility=1.0)
    path = project(np.zeros((2, 2, 3)), schedules, levels)
    # y = 10 / (1 + 1/3) = 7.5; deaths 7.5 x 2/3 = 5; births 7.5 x 0.4 = 3; 10 - 5 + 10 = 15 women.
    flow = dict(zip(FLOWS, path.flows[0, :, 0], strict=True))
    assert flow["urban_arrivals"] == 20.0
    assert flow["urban_deaths"] == pytest.approx(5.0)
    assert flow["urban_births"] == pytest.approx(3.0)
    assert path.population[URBAN, 0, :, 0] == pytest.approx([1.5, 15.0, 0.0])


def test_returns_come_out_of_a_stock_that_departures_refill():
    schedules = nothing(3)
    schedules.arrivals[:, 0, 0] = 1.0
    schedules.departure[0] = 1.0
    population = np.zeros((2, 2, 3))
    population[URBAN, 0, 0] = 525.0
    levels = constant(2, urban_return=0.1, rural_return=0.05, urban_departure=0.1)
    path = project(population, schedules, levels, absent=np.array([1000.0]))
    flow = dict(zip(FLOWS, path.flows[..., 0].T, strict=True))
    # Year 1: 100 return to towns, 50 to villages. Towns live (525 + 50) / 1.05 = 547.62 years and
    # lose a tenth of them: 54.762. The stock is then 1000 - 150 + 54.762 = 904.762.
    assert flow["urban_arrivals"] == pytest.approx([100.0, 90.4762], abs=1e-4)
    assert flow["rural_arrivals"] == pytest.approx([50.0, 45.2381], abs=1e-4)
    assert flow["urban_departures"][0] == pytest.approx(575.0 / 10.5)
    assert path.absent[:2, 0] == pytest.approx([1000.0, 904.762], abs=1e-3)


def test_reclassification_then_programme_then_boundary():
    population = np.zeros((2, 2, 2))
    population[URBAN, :, 1] = 100.0
    population[RURAL, :, 1] = 150.0, 50.0
    path = project(
        population,
        nothing(2),
        constant(reclassification=math.log(4.0 / 3.0)),
        programmes=np.array([30.0]),
        boundary=np.array([[-56.0, 12.0]]),
    )
    # A quarter of 200 is reclassified: 50. The programme takes 30 of the 150 left, 3:1 as they
    # are: 120 stay, 90 women and 30 men. Boundary: 280 - 56 = 224 urban, 120 + 12 = 132 rural.
    flow = dict(zip(FLOWS, path.flows[0, :, 0], strict=True))
    assert flow["reclassified"] == pytest.approx(50.0)
    assert flow["programmes"] == 30.0
    assert path.rural[1, 0] == pytest.approx(132.0)
    assert path.population[RURAL, :, 1, 0] == pytest.approx([99.0, 33.0])
    # Urban women 100 + 60 of 280, men 100 + 20; times 224 / 280 = 0.8.
    assert path.population[URBAN, :, 1, 0] == pytest.approx([128.0, 96.0])


def test_pure_reclassification_leaves_one_less_the_exponential():
    """Urban share after n years of hazard h is 1 - (1 - u) exp(-n h)."""
    years, hazard, share = 15, 0.03, 0.4
    population = np.zeros((2, 2, 3))
    population[URBAN], population[RURAL] = 100.0 * share, 100.0 * (1.0 - share)
    path = project(population, nothing(3), constant(years, reclassification=hazard))
    expected = 1.0 - (1.0 - share) * np.exp(-hazard * np.arange(years + 1))
    np.testing.assert_allclose(path.urban[:, 0] / 600.0, expected, rtol=1e-13)


def test_constant_mortality_decays_geometrically():
    """At rate m the year's survival is (1 - m/2) / (1 + m/2); births none: N (.95 / 1.05)^n."""
    schedules = nothing(4)
    schedules.death[:] = 0.1
    path = project(
        np.full((2, 2, 4), 5.0), schedules, constant(6, urban_mortality=1.0, rural_mortality=1.0)
    )
    survival = (0.95 / 1.05) ** np.arange(7)
    np.testing.assert_allclose(path.urban[:, 0], 40.0 * survival, rtol=1e-14)
    np.testing.assert_allclose(path.rural[:, 0], 40.0 * survival, rtol=1e-14)


def test_births_only():
    """1,000 women who bear 0.05 a year: 50 births, of them 51.2 % boys; men bear nobody."""
    schedules = replace(nothing(3), male_share=0.512)
    schedules.fertility[URBAN] = 0.05
    population = np.zeros((2, 2, 3))
    population[URBAN, :, 1] = 1000.0
    path = project(population, schedules, constant(urban_fertility=1.0))
    assert path.population[URBAN, :, 0, 0] == pytest.approx([24.4, 25.6])
    assert path.urban[1, 0] == pytest.approx(2050.0)


def test_the_open_age_collects():
    """Those aged 99 and 100+ are 100+ a year later; nobody is lost at the top."""
    population = np.zeros((2, 2, 101))
    population[:, :, 99], population[:, :, 100] = 7.0, 4.0
    path = project(population, nothing(101), constant(3))
    np.testing.assert_array_equal(path.population[:, :, 100, 0], 11.0)
    np.testing.assert_array_equal(path.population[:, :, :100, 0], 0.0)


# --- A second writing ----------------------------------------------------------------------------


@settings(deadline=None, max_examples=40)
@given(cases())
def test_agrees_with_the_slow_writing(case):
    population, schedules, levels, keywords = case
    try:
        path = project(population, schedules, levels, **keywords)
    except ValueError as error:
        # Both writings refuse the same.
        draw = int(str(error).split("(draw ")[1].rstrip(")"))
        with pytest.raises(ArithmeticError, match=str(error).split("[")[0].rstrip("s")):
            assert_agree(None, *case, [draw])
        return
    assert_agree(path, *case, range(levels.shape[2]))


def test_agrees_at_the_edges_of_blocks():
    draws = 2 * BLOCK + 1
    case = random_case(ages=3, years=2, draws=draws, seed=7)
    path = project(*case[:3], **case[3])
    assert_agree(path, *case, (0, BLOCK - 1, BLOCK, 2 * BLOCK - 1, 2 * BLOCK))


# --- Laws ----------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=40)
@given(cases(draws=(1, 3, BLOCK + 1)))
def test_ledger_closes(case):
    """Change = births - deaths + arrivals - departures +- what moves between the residences."""
    population, schedules, levels, keywords = case
    path = project(population, schedules, levels, **keywords)
    urban, rural = changes(path)
    turnover = np.abs(path.flows).sum(axis=1)  # what passed through the books of the year
    for stock, change in (
        (path.urban, urban),
        (path.rural, rural),
        (path.urban + path.rural, urban + rural),
    ):
        error = np.abs(np.diff(stock, axis=0) - change)
        assert np.all(error <= 1e-12 * (path.urban[:-1] + path.rural[:-1] + turnover))
    for residence, stock in ((URBAN, path.urban), (RURAL, path.rural)):
        np.testing.assert_allclose(
            path.population[residence].sum(axis=(0, 1)), stock[-1], rtol=1e-12, atol=1e-7
        )


@settings(deadline=None, max_examples=40)
@given(cases(draws=(1, BLOCK + 1), years=(1, 30)))
def test_nobody_is_negative(case):
    population, schedules, levels, keywords = case
    del keywords["programmes" if "programmes" in keywords else "absent"]
    keywords.pop("boundary", None)
    path = project(population, schedules, levels, **keywords)
    for array in (path.urban, path.rural, path.flows, path.population):
        assert array.min() >= 0.0
        assert np.isfinite(array).all()


def test_nobody_is_negative_at_the_very_bound():
    """Intensities of exactly 2 empty a state in the year and no more."""
    schedules = nothing(3)
    schedules.departure[:] = 2.0
    schedules.death[URBAN] = 2.0
    schedules.infant_death[:] = 2.0
    schedules.fertility[:] = 1.0
    levels = constant(3, rural_departure=1.0, urban_mortality=1.0, rural_fertility=1.0,
                      urban_fertility=1.0)  # fmt: skip
    path = project(np.full((2, 2, 3), 9.0), schedules, levels)
    assert path.population.min() >= 0.0
    assert path.urban[1, 0] == 0.0
    assert path.rural[1, 0] == 0.0


@settings(deadline=None, max_examples=20)
@given(cases())
def test_doubling_people_doubles_everything(case):
    population, schedules, levels, keywords = case
    twice = levels.copy()
    for name in ("urban_arrivals", "rural_arrivals"):
        twice[LEVELS.index(name)] *= 2.0
    once = project(population, schedules, levels, **keywords)
    double = project(
        2.0 * population, schedules, twice, **{k: 2.0 * v for k, v in keywords.items()}
    )
    for name in ("urban", "rural", "flows", "population"):
        # Doubling is exact in binary, so the bits agree.
        np.testing.assert_array_equal(getattr(double, name), 2.0 * getattr(once, name))


def bits(path):
    return [getattr(path, name) for name in ("urban", "rural", "flows", "population")]


def test_a_draw_is_the_same_in_any_company():
    draws = 3 * BLOCK - 5
    population, schedules, levels, keywords = random_case(101, 3, draws, seed=11)
    whole = bits(project(population, schedules, levels, **keywords))
    shuffled = np.random.default_rng(0).permutation(draws)
    for part in (slice(0, 1), slice(BLOCK - 1, BLOCK + 2), slice(7, 12), shuffled):
        some = keywords | {"absent": keywords["absent"][part]}
        alone = bits(project(population, schedules, levels[:, :, part], **some))
        for expected, found in zip(whole, alone, strict=True):
            np.testing.assert_array_equal(expected[..., part], found)


@pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="one processor")
def test_threads_do_not_change_a_bit():
    case = random_case(101, 3, 5 * BLOCK + 3, seed=12)
    before, results = numba.get_num_threads(), []
    try:
        for threads in (1, numba.config.NUMBA_NUM_THREADS):
            numba.set_num_threads(threads)
            results.append(bits(project(*case[:3], **case[3])))
    finally:
        numba.set_num_threads(before)
    for one, many in zip(*results, strict=True):
        np.testing.assert_array_equal(one, many)


def test_inputs_are_left_alone():
    population, schedules, levels, keywords = random_case(5, 2, 3, seed=13)
    arrays = [population, levels, *keywords.values(), *(getattr(schedules, n) for n in PATTERNS)]
    before = [a.copy() for a in arrays]
    project(population, schedules, levels, **keywords)
    for old, new in zip(before, arrays, strict=True):
        np.testing.assert_array_equal(old, new)


# --- Refusals ------------------------------------------------------------------------------------


def arguments():
    population, schedules, levels, keywords = random_case(3, 2, 2, seed=5)
    named = {"population": population, "levels": levels} | keywords
    return named | {f"schedules.{name}": getattr(schedules, name) for name in PATTERNS}


def run(named):
    schedules = Schedules(**{n: named[f"schedules.{n}"] for n in PATTERNS}, male_share=0.5)
    keywords = {n: named[n] for n in ("absent", "programmes", "boundary")}
    return project(named["population"], schedules, named["levels"], **keywords)


@pytest.mark.parametrize("name", sorted(arguments()))
@pytest.mark.parametrize("value", [math.nan, math.inf, -0.25])
def test_refuses_what_is_not_a_count_or_rate(name, value):
    named = arguments()
    array = named[name].copy()
    index = tuple(n - 1 for n in array.shape)
    array[index] = value
    if name == "boundary" and value == -0.25:
        run(named | {name: array})  # territory can be lost
        return
    with pytest.raises(ValueError, match=f"^{name}: .*found {value:g} at") as error:
        run(named | {name: array})
    assert str(error.value).endswith(str(index))


@pytest.mark.parametrize("name", sorted(set(arguments()) - {"levels", "population"}))
def test_refuses_a_wrong_shape(name):
    named = arguments()
    with pytest.raises(ValueError, match=f"^{name}: shape .* expected; found"):
        run(named | {name: named[name][:-1]})


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("levels", (len(LEVELS) - 1, 2, 2)),
        ("levels", (len(LEVELS), 2)),
        ("population", (2, 2)),
        ("population", (2, 3, 3)),
        ("population", (2, 2, 0)),
    ],
)
def test_refuses_levels_or_population_of_a_wrong_shape(name, shape):
    with pytest.raises(ValueError, match=f"^{name}: "):
        run(arguments() | {name: np.zeros(shape)})


@pytest.mark.parametrize("share", [-0.1, 1.1, math.nan])
def test_refuses_a_share_of_boys_that_is_none(share):
    with pytest.raises(ValueError, match=r"^schedules\.male_share: 0 to 1; found"):
        project(np.ones((2, 2, 2)), replace(nothing(2), male_share=share), constant())


@pytest.mark.parametrize(
    ("residence", "names"),
    [
        ("rural", ("rural_to_urban", "rural_departure", "rural_mortality")),
        ("urban", ("urban_to_rural", "urban_departure", "urban_mortality")),
    ],
)
def test_refuses_intensities_above_two(residence, names):
    schedules = nothing(3)
    schedules.rural_to_urban[1, 2] = schedules.departure[1, 2] = 1.0
    schedules.death[:, 1, 2] = 1.0
    levels = constant(2, 3, **dict.fromkeys(names, 0.6))
    people = np.ones((2, 2, 3))
    project(people, schedules, levels)  # 3 x 0.6 = 1.8
    levels[LEVELS.index(names[0]), 1, 2] = 0.9  # 0.9 + 2 x 0.6 = 2.1
    with pytest.raises(
        ValueError,
        match=f"^levels: .*{residence}.*at most 2 a year; found 2.1 at year 1, sex 1, age 2",
    ):
        project(people, schedules, levels)


def test_refuses_infant_deaths_above_two():
    """(1 - h/2) / (1 + h/2) is negative from h = 2: infants would be, too."""
    schedules = nothing(3)
    schedules.infant_death[RURAL, 1] = 0.5
    project(np.ones((2, 2, 3)), schedules, constant(rural_mortality=4.0))
    with pytest.raises(ValueError, match=r"^levels: .*infant.*rural.*found 2\.5 at year 0, sex 1"):
        project(np.ones((2, 2, 3)), schedules, constant(rural_mortality=5.0))


def test_refuses_returns_above_the_stock():
    with pytest.raises(ValueError, match=r"^levels: returns are at most 1; found 1\.2 at year 0"):
        project(np.ones((2, 2, 2)), nothing(2), constant(urban_return=0.6, rural_return=0.6))


def test_refuses_a_programme_larger_than_the_villages():
    """400 villagers, 150 moved a year: in the third year there are 100 left."""
    people = np.full((2, 2, 2), 100.0)
    with pytest.raises(ValueError, match=r"^programmes\[2\]: takes more people.*found 150 "):
        project(people, nothing(2), constant(3, 2), programmes=np.full(3, 150.0))
    path = project(people, nothing(2), constant(2), programmes=np.full(2, 200.0))
    assert path.rural[-1, 0] == 0.0  # all of them is not too many


@pytest.mark.parametrize("residence", [URBAN, RURAL])
def test_refuses_to_lose_more_territory_than_there_is(residence):
    boundary = np.zeros((3, 2))
    boundary[1, residence] = -401.0
    with pytest.raises(ValueError, match=r"^boundary\[1\]: takes more people.*found.*-401 "):
        project(np.full((2, 2, 2), 100.0), nothing(2), constant(3), boundary=boundary)


@pytest.mark.parametrize("residence", [URBAN, RURAL])
def test_refuses_people_with_territory_where_nobody_shows_their_ages(residence):
    boundary = np.zeros((1, 2))
    boundary[0, residence] = 10.0
    with pytest.raises(ValueError, match=r"^boundary\[0\]: .*joins them to none.*found.*10 "):
        project(np.zeros((2, 2, 2)), nothing(2), constant(), boundary=boundary)
