"""The engine against projections that the United Nations published, and against 20 lines of numpy.

``python -m tests.test_conformance`` prints the table of measured errors for docs/model.md.
"""

import csv
import doctest
import gzip
import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from simmodel.kernel import migration

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))
import un_projections  # noqa: E402
from un_projections import (  # noqa: E402
    DepletedCellError,
    abridged_survival,
    project_one_residence,
)

DATA = ROOT.parent / "shared" / "data"
SCRIPT = ROOT / "benchmarks" / "conformance.py"
CANADA = DATA / "ccm1x1_CAN_rates.csv.gz", DATA / "ccm1x1_CAN_pop_UNoutput.csv.gz"
COUNTRIES = {"CHN": "China", "NER": "Niger", "JPN": "Japan", "DEU": "Germany"}
published = pytest.mark.skipif(
    not CANADA[0].exists(), reason=f"the published projections are not in {DATA}"
)

# WPP 2019 publishes migration without ages. Its first step shows nobody of 85 or more migrating;
# the constant of the standard schedule would send every age. Which age the schedule ends at moves
# the totals: `table` prints what other choices give.
OLDEST_MIGRANT = 70


def spread_by_age(oldest=OLDEST_MIGRANT, parameters=migration.STANDARD):
    """Shares of five-year groups and both sexes in net migration, (1, age), summing to 1 / 2."""
    tenths = np.arange(0, 105, 0.1) + 0.05
    shares = migration.rogers_castro(tenths, parameters) * (tenths < oldest)
    groups = shares.reshape(21, -1).sum(axis=1)
    return groups / groups.sum() / 2.0


def rows(path):
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    return list(csv.DictReader(text.splitlines()))


def cube(table, *columns, ages):
    """Values by year, column and age of a file sorted by year and age."""
    values = [[float(row[name]) for name in columns] for row in table]
    return np.array(values).reshape(-1, ages, len(columns)).transpose(0, 2, 1)


def canada():
    rates, population = rows(CANADA[0]), rows(CANADA[1])
    sex_ratio = cube(rates, "srb", ages=101)[:, 0, 0]
    arguments = (
        cube(rates, "Sx_f", "Sx_m", ages=101),
        cube(rates, "asfr", ages=101)[:, 0],
        cube(rates, "mig_f", "mig_m", ages=101),
        sex_ratio / (1.0 + sex_ratio),
    )
    return cube(population, "female", "male", ages=101), arguments


def world_population_prospects(country, shares):
    """Published population, (step + 1, sex, age), and the arguments of the projection."""
    table = rows(DATA / f"wpp2019_5x5_{country}_inputs.csv")
    population = rows(DATA / f"wpp2019_5x5_{country}_published_pop.csv")
    values = {}
    for row in table:
        key = row["period"], row["indicator"], row["sex"]
        values.setdefault(key, []).append(float(row["value"]))
    periods = sorted({row["period"] for row in table})
    fertility = np.zeros((len(periods), 21))
    survival, migrants = np.zeros((2, len(periods), 2, 21))
    sex_ratio = np.array([values[period, "srb", "B"][0] for period in periods])
    for i, period in enumerate(periods):
        for sex, letter in enumerate("FM"):
            survival[i, sex] = abridged_survival(np.array(values[period, "mx", letter]), sex)
        tfr, pattern = values[period, "tfr", "B"][0], np.array(values[period, "pasfr", "F"])
        fertility[i, 3:10] = tfr * pattern / 100.0 / 5.0
        migrants[i] = 1000.0 * values[period, "netmig_thousand", "B"][0] * shares
    people = 1000.0 * cube(population, "pop_f_thousand", "pop_m_thousand", ages=21)
    return people, (survival, fertility, migrants, sex_ratio / (1.0 + sex_ratio))


def country_errors(country, shares):
    """Relative errors at 2050: of the total, and by sex and age."""
    people, arguments = world_population_prospects(country, shares)
    ours = project_one_residence(people[0], *arguments, timing="even", width=5)
    return ours[6].sum() / people[6].sum() - 1.0, ours[6] / people[6] - 1.0


def twenty_lines(start, survival, fertility, migrants, sex_ratio, timing):
    """Cohort components as the UN accounts for them, written without the engine."""
    early = 0.5 if timing == "even" else 0.0
    years = [start]
    for into, births_per_woman, net, ratio in zip(
        survival, fertility, migrants, sex_ratio, strict=True
    ):
        begin = years[-1] + early * net
        end = np.zeros_like(begin)
        for sex in range(2):
            end[sex, 1:] = begin[sex, :-1] * into[sex, 1:]
            end[sex, -1] += begin[sex, -1] * into[sex, -1]
        births = (births_per_woman * (begin[0] + end[0]) / 2.0).sum()
        end[0, 0] = births / (1.0 + ratio) * into[0, 0]
        end[1, 0] = births * ratio / (1.0 + ratio) * into[1, 0]
        years.append(end + (1.0 - early) * net)
    return np.array(years)


def script():
    spec = importlib.util.spec_from_file_location("benchmark_conformance", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def run_script():
    return script().main


# --- against published projections ---


@published
def test_conformance_canada_one_year_one_age():
    people, arguments = canada()
    ours = project_one_residence(people[0], *arguments, timing="end")
    totals = ours.sum(axis=(1, 2)) / people.sum(axis=(1, 2)) - 1.0
    cells = np.abs(ours / people - 1.0)[:, :, :100]  # the UN's run ends at 130, not in 100+
    assert len(totals) == 71
    assert np.abs(totals).max() <= 1e-4
    assert cells.max() <= 2e-3
    assert np.median(cells[1]) <= 1e-9


@published
@pytest.mark.parametrize("country", ["CHN", "NER", "JPN"])
def test_conformance_wpp_2019_to_2050(country):
    total, cells = country_errors(country, spread_by_age())
    assert abs(total) <= 0.0005
    assert np.abs(cells[:, :18]).max() <= 0.007


@published
@pytest.mark.parametrize("country", ["CHN", "JPN"])
def test_conformance_abridged_survival_where_nobody_migrates(country):
    """At 85-94, where nobody migrates, the life table alone gives the published numbers."""
    people, arguments = world_population_prospects(country, np.zeros((1, 21)))
    ours = project_one_residence(people[0], *arguments, timing="even", width=5)
    np.testing.assert_allclose(ours[1][:, 17:19], people[1][:, 17:19], rtol=2e-5)


@published
def test_conformance_script_gives_canada_as_the_library_does(tmp_path):
    out = tmp_path / "pop.csv.gz"
    command = [sys.executable, str(SCRIPT), *map(str, CANADA), "--out", str(out)]
    subprocess.run(command, check=True, cwd=ROOT, env={"PYTHONPATH": str(ROOT)})
    people, arguments = canada()
    expected = project_one_residence(people[0], *arguments, timing="end")
    table = rows(out)
    assert [(row["year"], row["age"]) for row in table] == [
        (str(year), str(age)) for year in range(1950, 2021) for age in range(101)
    ]
    np.testing.assert_array_equal(cube(table, "female", "male", ages=101), expected)


def test_conformance_examples_are_true():
    assert doctest.testmod(un_projections).failed == 0


# --- against the independent implementation ---


def made_up(rng, years, ages):
    """Rates without any pattern; survival of exactly 0 and 1 among them."""
    start = rng.uniform(0.0, 1e5, (2, ages))
    survival = rng.uniform(0.3, 1.0, (years, 2, ages))
    survival[rng.random(survival.shape) < 0.05] = 1.0
    survival[:, 1, ages // 2] = 0.0  # everybody dies
    fertility = rng.uniform(0.0, 0.2, (years, ages)) * (rng.random((years, ages)) < 0.5)
    migrants = rng.normal(0.0, 1.0, (years, 2, ages)) * 0.01 * start
    migrants[:, 1, ages // 2] = 10.0
    return start, survival, fertility, np.maximum(migrants, 0.0), rng.uniform(0.9, 1.2, years)


def perturbed_canada(rng):
    people, (survival, fertility, migrants, male_share) = canada()
    change = [rng.uniform(0.7, 1.3, x.shape) for x in (people[0], fertility, migrants)]
    return (
        people[0] * change[0],
        np.minimum(survival * rng.uniform(0.9, 1.05, survival.shape), 1.0),
        fertility * change[1],
        migrants * change[2] * rng.choice([-0.3, 0.3, 0.6], (70, 1, 1)),
        male_share / (1.0 - male_share) * rng.uniform(0.9, 1.1, 70),
    )


def save(folder, start, survival, fertility, migrants, sex_ratio, first=1950):
    rates, population = folder / "rates.csv.gz", folder / "start.csv"
    with gzip.open(rates, "wt") as file:
        file.write("year,age,Sx_m,Sx_f,asfr,mig_m,mig_f,srb\n")
        for y, age in np.ndindex(fertility.shape):
            cells = [*survival[y, ::-1, age], fertility[y, age], *migrants[y, ::-1, age]]
            values = ",".join(repr(float(x)) for x in [*cells, sex_ratio[y]])
            file.write(f"{first + y},{age},{values}\n")
    with open(population, "w") as file:
        file.write("year,age,female,male\n")
        for age in range(start.shape[1]):
            file.write(f"{first},{age},{float(start[0, age])!r},{float(start[1, age])!r}\n")
    return rates, population


def check_against_twenty_lines(run_script, folder, inputs, timing):
    rates, population = save(folder, *inputs)
    out = folder / "pop.csv"
    assert run_script([str(rates), str(population), "--out", str(out), "--timing", timing]) == 0
    ours = cube(rows(out), "female", "male", ages=inputs[0].shape[1])
    np.testing.assert_allclose(ours, twenty_lines(*inputs, timing), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("timing", ["even", "end"])
@pytest.mark.parametrize(
    ("seed", "years", "ages"), [(1, 1, 2), (2, 7, 3), (3, 30, 21), (4, 2, 131)]
)
def test_conformance_of_made_up_rates(tmp_path, run_script, seed, years, ages, timing):
    inputs = made_up(np.random.default_rng(seed), years, ages)
    check_against_twenty_lines(run_script, tmp_path, inputs, timing)


@published
@pytest.mark.parametrize("timing", ["even", "end"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_conformance_of_perturbed_canada(tmp_path, run_script, seed, timing):
    inputs = perturbed_canada(np.random.default_rng(seed))
    check_against_twenty_lines(run_script, tmp_path, inputs, timing)


def test_conformance_five_year_steps_are_the_same_arithmetic():
    start, survival, fertility, migrants, ratio = made_up(np.random.default_rng(5), 6, 21)
    share = ratio / (1.0 + ratio)
    ours = project_one_residence(start, survival, fertility, migrants, share, width=5)
    expected = twenty_lines(start, survival, 5 * fertility, migrants, ratio, "even")
    np.testing.assert_allclose(ours, expected, rtol=1e-9, atol=1e-9)


def test_conformance_abridged_survival_of_a_gompertz_population():
    """A closed form: under m = a exp(b x) survivors are exp(-(a / b)(exp(b x) - 1))."""
    level, slope = 4e-5, 0.095
    exact = np.linspace(0.0, 140.0, 1_400_001)
    alive = np.exp(-level / slope * np.expm1(slope * exact))
    bounds = np.array([0, 1, 5, *range(10, 101, 5)])
    lived = np.cumsum(alive) - alive / 2.0
    at = lived[np.round(bounds / 1e-4).astype(int)] * 1e-4
    survivors = alive[np.round(bounds / 1e-4).astype(int)]
    years = np.append(np.diff(at), lived[-1] * 1e-4 - at[-1])
    rates = (survivors - np.append(survivors[1:], 0.0)) / years
    groups = np.append(years[0] + years[1], years[2:])
    expected = groups / np.append(5.0, groups[:-1])
    expected[-1] = groups[-1] / groups[-2:].sum()
    np.testing.assert_allclose(abridged_survival(rates, sex=0), expected, rtol=5e-3)


# --- bad input ---

GOOD_RATES = """year,age,Sx_m,Sx_f,asfr,mig_m,mig_f,srb
2000,0,0.9,0.9,0,1,1,1.05
2000,1,0.9,0.9,0.2,1,1,1.05
2001,0,0.9,0.9,0,1,1,1.05
2001,1,0.9,0.9,0.2,-1,1,1.05
"""
GOOD_START = "year,age,female,male\n2000,0,100,100\n2000,1,100,100\n"


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("rates", "asfr,", "", "rates.csv:1: asfr: column is missing; found year, age, Sx_m"),
        ("rates", "mig_m", "asfr", "rates.csv:1: asfr: column stands there twice"),
        ("rates", "2000,1,0.9", "2000,1,x", "rates.csv:3: Sx_m: is text, not a number; found 'x'"),
        ("rates", "2000,1,0.9", "2000,1,", "rates.csv:3: Sx_m: is empty"),
        ("rates", "2000,1,0.9", "2000,1,NaN", "rates.csv:3: Sx_m: is not finite; found NaN"),
        ("rates", "2000,1,0.9", "2000,1,-0.1", "out of range; found -0.1; allowed a number from 0"),
        ("rates", "2000,1,0.9", "2000,1,1.01", "rates.csv:3: Sx_m: is out of range; found 1.01"),
        ("rates", "0.2,1,1", "-0.2,1,1", "rates.csv:3: asfr: is out of range; found -0.2"),
        ("rates", "0.2,1,1", "0.2,1,inf", "rates.csv:3: mig_f: is not finite; found inf"),
        ("rates", "0.2,-1,1", "0.2,-500,1", "rates.csv:5: mig_m: takes more people than there are"),
        ("rates", "1.05\n2001,0", "1.06\n2001,0", "rates.csv:3: srb: is not the same at all ages"),
        ("rates", "2001,1,", "2001,2,", "rates.csv:3: age: age 2 of 2000 is missing"),
        ("rates", "2001,0,0.9,0.9,0,1,1,1.05\n", "", "rates.csv:4: age: age 0 of 2001 is missing"),
        (
            "rates",
            "2000,1,0.9,0.9,0.2,1,1,1.05\n",
            "",
            "rates.csv:2: age: age 1 of 2000 is missing",
        ),
        ("rates", "2001,", "2002,", "rates.csv:4: year: years are missing before 2002; found 2000"),
        ("rates", "2001,", "2000,", "rates.csv:4: age: year 2000, age 0 stands in line 2 already"),
        ("rates", "2000,1,", "2000.5,1,", "rates.csv:3: year: is not a whole number; found 2000.5"),
        ("rates", "2000,1,0.9,", "2000,1,", "rates.csv:3: the row has not as many values"),
        ("rates", GOOD_RATES, "", "rates.csv:1: year: column is missing; found nothing"),
        ("rates", GOOD_RATES[GOOD_RATES.index("2000") :], "\n", "rates.csv:1: has no rows"),
        ("start", "100\n2000,1", "-1\n2000,1", "start.csv:2: male: is out of range; found -1"),
        ("start", ",100,", ",nan,", "start.csv:2: female: is not finite; found nan"),
        ("start", "female", "women", "start.csv:1: female: column is missing"),
        ("start", "2000,1,100,100\n", "", "start.csv:2: age: only one age"),
        ("start", "2000,1,", "2000,0,", "start.csv:3: age: year 2000, age 0 stands in line 2"),
        ("start", "2000,", "1999,", "start.csv:2: year: there are no rates of the first year in"),
        ("start", "2000,1,1", "2000,1,1,1", "start.csv:3: the row has not as many"),
        ("start", "\n2000,1,", "\n2000,1,1,1\n2000,2,", "start.csv:4: age: the last age is not"),
    ],
)
def test_conformance_script_refuses(tmp_path, run_script, capsys, file, old, new, said):
    texts = {"rates": GOOD_RATES, "start": GOOD_START}
    assert old in texts[file]
    texts[file] = texts[file].replace(old, new)
    for name, text in texts.items():
        (tmp_path / f"{name}.csv").write_text(text)
    out = tmp_path / "pop.csv"
    arguments = [str(tmp_path / "rates.csv"), str(tmp_path / "start.csv"), "--out", str(out)]
    assert run_script(arguments) == 1
    message = capsys.readouterr().err
    assert said in message
    assert message.count("\n") == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["rates.csv", "start.csv"]


def test_conformance_script_reads_any_order_and_later_start(tmp_path, run_script):
    rates, start, out = (tmp_path / name for name in ("rates.csv", "start.csv", "pop.csv"))
    head, *body = GOOD_RATES.splitlines()
    rates.write_text("\n".join([head, *reversed(body)]))
    start.write_text("male,age,female,year\n7,1,8,2001\n5,0,6,2001\n9,0,9,2002\n")
    assert run_script([str(rates), str(start), "--out", str(out)]) == 0
    assert out.read_text().splitlines()[:3] == ["year,age,female,male", "2001,0,6,5", "2001,1,8,7"]
    assert len(out.read_text().splitlines()) == 5


def test_conformance_script_says_what_it_cannot_open(tmp_path, run_script, capsys):
    (tmp_path / "rates.csv").write_text(GOOD_RATES)
    (tmp_path / "start.csv").write_text(GOOD_START)
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(GOOD_START.encode())[:20])
    files = {p: str(tmp_path / p) for p in ("rates.csv", "start.csv", "cut.csv.gz", "none.csv")}
    out = str(tmp_path / "pop.csv")
    for start, to, said in (
        (files["none.csv"], out, "none.csv: No such file"),
        (files["cut.csv.gz"], out, "cut.csv.gz: is a broken gzip file"),
        (files["start.csv"], str(tmp_path), "is a folder"),
        (files["start.csv"], str(tmp_path / "no" / "pop.csv"), "No such file"),
    ):
        assert run_script([files["rates.csv"], start, "--out", to]) == 1
        message = capsys.readouterr().err
        assert said in message
        assert message.count("\n") == 1
    assert not Path(out).exists()


@pytest.mark.parametrize(
    ("argument", "index", "value", "said"),
    [
        (0, (1, 2), -1.0, r"start: finite and from 0 to inf; found -1.0 at \(1, 2\)"),
        (1, (0, 1, 2), 1.5, r"survival: finite and from 0 to 1; found 1.5 at \(0, 1, 2\)"),
        (2, (1, 0), np.nan, r"fertility: .*; found nan at \(1, 0\)"),
        (3, (0, 0, 1), np.inf, r"net_migration: finite; found inf at \(0, 0, 1\)"),
        (4, (1,), 1.1, r"male_share: .*; found 1.1 at \(1,\)"),
    ],
)
def test_conformance_names_what_is_out_of_range(argument, index, value, said):
    inputs = [np.ones((2, 3)), np.full((2, 2, 3), 0.5), np.zeros((2, 3)), np.zeros((2, 2, 3))]
    inputs.append(np.full(2, 0.5))
    inputs[argument][index] = value
    with pytest.raises(ValueError, match=said):
        project_one_residence(*inputs)


@pytest.mark.parametrize("timing", ["even", "end"])
def test_conformance_names_the_cell_that_migration_empties(timing):
    migrants = np.zeros((3, 2, 4))
    migrants[2, 1, 2] = -900.0
    survival, share = np.full((3, 2, 4), 0.9), np.full(3, 0.5)
    with pytest.raises(DepletedCellError, match="takes more people") as caught:
        project_one_residence(
            np.full((2, 4), 1000.0), survival, np.zeros((3, 4)), migrants, share, timing=timing
        )
    assert caught.value.index == (2, 1, 2)


def test_conformance_of_nobody_and_of_another_timing():
    nobody = np.zeros((2, 3)), np.ones((1, 2, 3)), np.ones((1, 3)), np.zeros((1, 2, 3))
    assert not project_one_residence(*nobody, np.full(1, 0.5)).any()
    with pytest.raises(ValueError, match="timing: 'even' or 'end'; found 'middle'"):
        project_one_residence(*nobody, np.full(1, 0.5), timing="middle")


# --- the table of docs/model.md ---


def table():
    people, arguments = canada()
    ours = project_one_residence(people[0], *arguments, timing="end")
    lines = [
        "| UN 1 × 1, Canada from 1950 | total | ages 0–99, median | ages 0–99, worst | 100+ |",
        "|---|---|---|---|---|",
    ]
    for year in (1, 30, 70):
        cells = np.abs(ours[year] / people[year] - 1.0)
        total = ours[year].sum() / people[year].sum() - 1.0
        sex, age = np.unravel_index(cells[:, :100].argmax(), (2, 100))
        lines.append(
            f"| after {year} year{'s' * (year > 1)} | {total:+.1e} | "
            f"{np.median(cells[:, :100]):.1e} | {cells[sex, age]:.1e} "
            f"({('women', 'men')[sex]} of {age}) | {cells[:, 100].max():.2f} |"
        )
    lines += [
        "",
        "| WPP 2019, 5 × 5, 2020 to 2050 | total | under 90, median | under 90, worst |",
        "|---|---|---|---|",
    ]
    for country, name in COUNTRIES.items():
        total, cells = country_errors(country, spread_by_age())
        young = np.abs(cells[:, :18])
        sex, group = np.unravel_index(young.argmax(), young.shape)
        lines.append(
            f"| {name} | {total:+.3%} | {np.median(young):.2%} | {young.max():.2%} "
            f"({('women', 'men')[sex]} of {5 * group}–{5 * group + 4}) |"
        )
    head = " | ".join(COUNTRIES.values())
    lines += ["", f"| migrants' ages: total, worst cell | {head} |", "|---|" + "---|" * 4]
    fitted = (2778.0, 0.1843, 12707.0, 19.77, 0.0870, 0.2123, 0.0)
    for label, shares in (
        *((f"standard, under {age}", spread_by_age(age)) for age in (60, 65, 70, 75, 80)),
        ("standard, all ages", spread_by_age(105)),
        ("standard without its constant", spread_by_age(105, (*migration.STANDARD[:6], 0.0))),
        ("fitted to Germany's first step", spread_by_age(105, fitted)),
    ):
        found = [country_errors(country, shares) for country in COUNTRIES]
        cells = " | ".join(f"{t:+.3%}, {np.abs(c[:, :18]).max():.2%}" for t, c in found)
        lines.append(f"| {label} | {cells} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
