"""Life tables by hand, the rates of a calendar year, the relational shift, published tables."""

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simmodel.kernel.life_table import (
    brass_alpha,
    brass_relational,
    calendar_year_rates,
    life_expectancy,
    person_years,
    survivors,
)
from simmodel.kernel.projection import LEVELS, Schedules, project

DATA = Path(__file__).parents[2] / "shared" / "data"
needs_data = pytest.mark.skipif(
    not DATA.is_dir(), reason=f"published tables are not shipped; looked for {DATA}"
)

AGE = np.arange(101)
# Gompertz with infants: 10 per mille at birth, 0.3 per mille at 1, doubling every 8.7 years.
GOMPERTZ = 0.0003 * np.exp(0.08 * AGE) + np.where(AGE == 0, 0.01, 0.0)


def test_three_ages_by_hand():
    """Rates 0.02, 0.5 and 0.5 (open), women."""
    rates = np.array([0.02, 0.5, 0.5])
    # Infants who die live a = 0.053 + 2.8 x 0.02 = 0.109 years (Coale-Demeny West).
    # q0 = 0.02 / (1 + 0.891 x 0.02) = 0.02 / 1.01782 = 0.0196498; l1 = 0.9803502.
    # q1 = 0.5 / (1 + 0.5 x 0.5) = 0.4; l2 = 0.6 x 0.9803502 = 0.5882101.
    assert survivors(rates, sex=0) == pytest.approx([1.0, 0.9803502, 0.5882101], abs=1e-7)
    # L0 = 0.9803502 + 0.109 x 0.0196498 = 0.9824920; L1 = (0.9803502 + 0.5882101) / 2 = 0.7842802;
    # the open age: 0.5882101 / 0.5 = 1.1764202. e0 = 2.9431924.
    assert person_years(rates, sex=0) == pytest.approx([0.9824920, 0.7842802, 1.1764202], abs=1e-7)
    assert life_expectancy(rates, sex=0) == pytest.approx(2.9431924, abs=2e-7)


def test_boys_who_die_live_less_of_their_first_year():
    """0.045 + 2.684 m against 0.053 + 2.8 m: at m = 0.02, 0.09868 against 0.109."""
    rates = np.array([0.02, 0.0, 1.0])
    q = 0.02 / (1.0 + (1.0 - 0.09868) * 0.02)
    assert person_years(rates, sex=1)[0] == pytest.approx(1.0 - q * (1.0 - 0.09868), rel=1e-14)


def test_deaths_over_years_lived_are_the_rates():
    lived, alive = person_years(GOMPERTZ, 0), survivors(GOMPERTZ, 0)
    np.testing.assert_allclose(-np.diff(alive) / lived[:-1], GOMPERTZ[:-1], rtol=1e-12)
    assert alive[-1] / lived[-1] == pytest.approx(GOMPERTZ[-1])


@pytest.mark.parametrize("sex", [0, 1])
def test_rates_of_the_calendar_year_give_back_the_survival(sex):
    """(1 - r/2) / (1 + r/2) = L(x+1) / L(x); of ages 99 and 100+ T(100) / T(99); births L(0)."""
    lived = person_years(GOMPERTZ, sex)
    rates, infants = calendar_year_rates(GOMPERTZ, sex)
    survival = (1.0 - rates / 2.0) / (1.0 + rates / 2.0)
    np.testing.assert_allclose(survival[:99], lived[1:100] / lived[:99], rtol=1e-12)
    np.testing.assert_allclose(survival[99:], lived[100] / (lived[99] + lived[100]), rtol=1e-12)
    assert (1.0 - infants / 2.0) / (1.0 + infants / 2.0) == pytest.approx(lived[0], rel=1e-14)


def test_the_stationary_population_stays():
    """L(x) persons at every age and one birth of each sex a year: every year the same, all ages.

    One year's deaths are then the births; exp(-m) at the age of 1 January would lose 5 % of them.
    """
    lived = np.array([person_years(GOMPERTZ, s) for s in (0, 1)])
    rates, infants = zip(*(calendar_year_rates(GOMPERTZ, s) for s in (0, 1)), strict=True)
    fertility = np.zeros((2, 101))
    fertility[:, 30] = 2.0 / (0.5 * (lived[0, 30] + lived[0, 31]))  # two births a year
    levels = np.zeros((len(LEVELS), 50, 1))
    for name in ("urban_fertility", "rural_fertility", "urban_mortality", "rural_mortality"):
        levels[LEVELS.index(name)] = 1.0
    schedules = Schedules(
        death=np.array([rates, rates]),
        infant_death=np.array([infants, infants]),
        rural_to_urban=np.zeros((2, 101)),
        departure=np.zeros((2, 101)),
        arrivals=np.zeros((2, 2, 101)),
        fertility=fertility,
        male_share=0.5,
    )
    path = project(np.array([lived, lived]), schedules, levels)
    np.testing.assert_allclose(path.population[0, :, :, 0], lived, rtol=1e-12)
    np.testing.assert_allclose(path.flows[:, 2, 0], 2.0, rtol=1e-12)
    # What exp(-m) by age at 1 January would do.
    naive = ((1.0 - np.exp(-GOMPERTZ)) * lived).sum() / 2.0
    assert 0.94 < naive < 0.97


def test_alpha_moves_the_logit_of_the_survivors():
    """Brass: logit of the dead share by exact age is the standard's plus alpha, slope one."""

    def logit(rates):
        alive = survivors(rates, 1)[1:]
        return 0.5 * np.log((1.0 - alive) / alive)

    for alpha in (-1.0, 0.3, 2.5):
        shifted = logit(brass_relational(GOMPERTZ, 1, alpha))
        np.testing.assert_allclose(shifted, logit(GOMPERTZ) + alpha, atol=1e-9)
    np.testing.assert_allclose(brass_relational(GOMPERTZ, 1, 0.0), GOMPERTZ, rtol=1e-9)


@settings(deadline=None, max_examples=30)
@given(st.floats(-2.9, 2.9), st.floats(0.01, 1.0), st.sampled_from([0, 1]))
def test_a_larger_alpha_kills_at_every_age(alpha, more, sex):
    less, larger = (
        brass_relational(GOMPERTZ, sex, alpha),
        brass_relational(GOMPERTZ, sex, alpha + more),
    )
    assert np.all(less >= 0.0)
    assert np.all(survivors(larger, sex)[1:] < survivors(less, sex)[1:])
    assert life_expectancy(larger, sex) < life_expectancy(less, sex)


@pytest.mark.parametrize("sex", [0, 1])
@pytest.mark.parametrize("years", [45.0, 70.0, 80.9, 90.0])
def test_a_wanted_life_expectancy_is_met(sex, years):
    alpha = brass_alpha(GOMPERTZ, sex, years)
    assert life_expectancy(brass_relational(GOMPERTZ, sex, alpha), sex) == pytest.approx(
        years, abs=1e-9
    )


def test_refusals_name_what_is_wrong():
    with pytest.raises(ValueError, match=r"rates: must be finite and not negative; found -0\.5"):
        survivors(np.array([0.1, -0.5, 1.0]), 0)
    with pytest.raises(ValueError, match="rates: must be finite and not negative; found inf"):
        survivors(np.array([0.1, np.inf, 1.0]), 0)
    with pytest.raises(ValueError, match="the open last age needs a rate above zero"):
        person_years(np.array([0.1, 0.1, 0.0]), 0)
    with pytest.raises(ValueError, match=r"years: life expectancies from .* found 200"):
        brass_alpha(GOMPERTZ, 0, 200.0)


def rows(name):
    opener = gzip.open if name.endswith(".gz") else open
    with opener(DATA / name, "rt", encoding="utf-8") as file:
        yield from csv.DictReader(file)


@needs_data
@pytest.mark.parametrize(("sex", "label"), [(0, "female"), (1, "male")])
def test_census_of_2020_gives_its_published_life_expectancy(sex, label):
    """From single years and from the abridged table: 79.5 and 84.5, too long by missing deaths."""
    found = {
        row["age"]: float(row["deaths"]) / float(row["mean_pop"])
        for row in rows("mortality_national_single_year.csv.gz")
        if (row["year"], row["residence"], row["sex"]) == ("2020", "total", label)
    }
    rates = np.array([found[str(age)] for age in range(100)] + [found["100+"]])
    (published,) = (
        float(row["e0_unadjusted"])
        for row in rows("derived_e0.csv")
        if (row["region"], row["year"], row["residence"], row["sex"])
        == ("China", "2020", "total", label)
    )
    assert life_expectancy(rates, sex) == pytest.approx(published, abs=0.5)


@needs_data
@pytest.mark.parametrize("column", ["Sx_f", "Sx_m"])
def test_united_nations_survival_comes_out_as_it_goes_in(column):
    """Canada 1950: Sx(a) is survival from a - 1 to a, the last into the open age; Sx(0) of births.

    1,000 at every age, as rates through one year of the step.
    """
    sx = np.array(
        [float(row[column]) for row in rows("ccm1x1_CAN_rates.csv.gz") if row["year"] == "1950"]
    )
    survival = np.append(sx[1:], sx[-1])
    rates = 2.0 * (1.0 - survival) / (1.0 + survival)
    fertility = np.zeros((2, 101))
    fertility[0, 20] = 2.0
    levels = np.zeros((len(LEVELS), 1, 1))
    for name in ("urban_fertility", "urban_mortality"):
        levels[LEVELS.index(name)] = 1.0
    schedules = Schedules(
        death=np.broadcast_to(rates, (2, 2, 101)).copy(),
        infant_death=np.full((2, 2), 2.0 * (1.0 - sx[0]) / (1.0 + sx[0])),
        rural_to_urban=np.zeros((2, 101)),
        departure=np.zeros((2, 101)),
        arrivals=np.zeros((2, 2, 101)),
        fertility=fertility,
        male_share=0.5,
    )
    people = np.zeros((2, 2, 101))
    people[0] = 1000.0
    path = project(people, schedules, levels)
    end = path.population[0, 0, :, 0]
    np.testing.assert_allclose(end[1:100], 1000.0 * sx[1:100], rtol=1e-13)
    assert end[100] == pytest.approx(2000.0 * sx[100], rel=1e-13)
    assert end[0] == pytest.approx(path.flows[0, 0, 0] / 2.0 * sx[0], rel=1e-13)
