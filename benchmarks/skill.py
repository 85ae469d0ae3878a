"""Score the model beside the usual methods, and write docs/skill.md and seeds/skill.json.

    python benchmarks/skill.py ../shared/data

Every forecast sees what was known at its origin and nothing later. Provinces and countries are
forecast with estimates that were known at the origin; prefectures with estimates of how
prefectures depart from their province made on the other half of the provinces.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from pooling import PROVINCES, census_shares, countries, inside, prefecture_rows, rows
from pooling import prefectures as prefecture_records

from simmodel.charts.hindcast import forecast_figure, skill_figure
from simmodel.charts.parallel_drawing import save
from simmodel.forecast.base_population import GROUPS
from simmodel.forecast.fit import Atlas, Calibrated, calibrate_one, pace_noise
from simmodel.forecast.pooling_file import PoolingEstimates, atlas_of, read
from simmodel.inputs.region import Observation, Span
from simmodel.inputs.seeds import read_seeds
from simmodel.simulation.projector import draw
from simmodel.validation import benchmark_methods
from simmodel.validation.backtest import beside_truth
from simmodel.validation.forecasts import LEVELS, Count, Forecast, Panel
from simmodel.validation.hindcast import METHOD, NATION, UNKNOWN_ARRIVALS, atlas_of_panel, forecast
from simmodel.validation.scores import Score, Scored, crps, difference, score

TOP = Path(__file__).resolve().parents[1]
DOCS = TOP / "docs"
HORIZONS = (5, 10, 15)
# A country's count within so many years of the horizon is what a forecast is scored by.
NEAR = 1.5
EARLIEST_ORIGIN = 1990.0  # of countries: the first year for which estimates are at hand


class Bench:
    """Seeds, estimates and tables, read once."""

    def __init__(self, data: Path):
        self.data = data
        self.seeds = read_seeds(TOP / "seeds")
        self.atlas = atlas_of(self.seeds)
        self.estimates = read(TOP / "seeds")


def province_panel(data: Path) -> Panel:
    """The nation and its provinces at three censuses, with ages by residence."""
    ages: dict[str, dict[float, np.ndarray]] = {}
    for row in rows(data / "age_structure.csv.gz"):
        if row["sex"] not in ("male", "female") or row["level"] not in ("country", "province"):
            continue
        if row["residence"] not in ("urban", "rural"):
            continue
        age = int(row["age_group"].split("-")[0].rstrip("+"))
        group = max(i for i, first in enumerate(GROUPS) if first <= age)
        table = ages.setdefault(row["region"], {}).setdefault(
            float(row["year"]), np.zeros((2, 2, len(GROUPS)))
        )
        place = (int(row["residence"] == "rural"), int(row["sex"] == "male"), group)
        table[place] += float(row["population"])
    points = {
        unit: tuple(
            Count(year, float(table.sum()), float(table[0].sum()))
            for year, table in sorted(tables.items())
        )
        for unit, tables in ages.items()
    }
    parents = {unit: None if unit == "China" else "China" for unit in points}
    return Panel(points, parents, ages)


def scored_by_method(panel: Panel, ours: Sequence[Forecast], origin: float, to: float):
    """Our forecasts and those of the other methods beside what came."""
    found = {METHOD: beside_truth(panel, ours, to)}
    known = panel.until(origin)
    for name, method in benchmark_methods.METHODS.items():
        found[name] = beside_truth(panel, method(known, origin, to), to)
    return {name: scored for name, scored in found.items() if scored}


def provinces(bench: Bench) -> tuple[dict[str, tuple[Scored, ...]], dict[str, float]]:
    """31 provinces, 2000 and 2010 known by age, sex and residence, forecast to 2020."""
    panel = province_panel(bench.data)
    known = panel.until(2010.0)
    ours = forecast(known, 2010.0, 2020.0, bench.atlas, bench.estimates)
    assert not ours.notes, ours.notes
    return scored_by_method(panel, ours.forecasts, 2010.0, 2020.0), by_age(bench, panel, known)


def by_age(bench: Bench, panel: Panel, known: Panel) -> dict[str, float]:
    """Mean error, percent, on age groups by residence in 2020, of cohorts alive in 2010.

    The model at the mean of its posterior, without deviations; beside it cohort change ratios, on
    the five-year groups that both give.
    """
    levels = {unit: "nation" if unit == "China" else "province" for unit in known.points}
    atlas = atlas_of_panel(known, bench.atlas, bench.estimates, levels)
    assert atlas is not None
    done: dict[str, Calibrated] = {}
    ours, ratios = [], []
    for unit in sorted(known.points, key=lambda name: name != "China"):
        own = NATION if unit == "China" else unit
        done[own] = calibrate_one(atlas, own, done)
        path = atlas.inputs(own).after(done[own].posterior.posterior.mean[:, None], 10)
        if unit == "China":
            continue
        at = list(GROUPS).index(10)
        groups = np.add.reduceat(path.population[..., 0], list(GROUPS), axis=-1)[..., at:]
        truth = panel.ages[unit][2020.0][..., at:]
        ours.append(np.abs(groups / truth - 1.0).mean())
        earlier, later = (panel.ages[unit][year] for year in (2000.0, 2010.0))
        five = [0, *range(2, len(GROUPS))]  # infants join those aged 1-4
        by_five = [np.add.reduceat(table, five, axis=-1) for table in (earlier, later)]
        changed = benchmark_methods.cohort_change(by_five[0], by_five[1], 2)
        if changed is not None:
            ratios.append(np.abs(changed[..., 2:] / truth - 1.0).mean())
    return {METHOD: 100.0 * float(np.mean(ours)), "hamilton_perry": 100.0 * float(np.mean(ratios))}


def prefectures(bench: Bench) -> dict[str, tuple[Scored, ...]]:
    """Prefectures of which 2010 is known, in provinces of which 2000 and 2010 are, to 2020."""
    base = province_panel(bench.data).until(2010.0)
    points, parents = dict(base.points), dict(base.parents)
    for row in prefecture_rows(bench.data):
        name = row["city"]
        points[name] = tuple(
            Count(float(y), float(row[f"popu_{y}"]), float(row[f"popu_urban_{y}"]))
            for y in (2010, 2020)
        )
        parents[name] = PROVINCES[row["province"]]
    panel = Panel(points, parents)
    names = [name for name, parent in parents.items() if parent not in (None, "China")]
    halves = sorted({parents[name] for name in names})
    ours: list[Forecast] = []
    for fold in range(2):
        tested = {province for i, province in enumerate(halves) if i % 2 == fold}
        everyone = prefecture_rows(bench.data)
        others = [row for row in everyone if PROVINCES[row["province"]] not in tested]
        records = prefecture_records(bench.data, others)
        rest = bench.estimates.known(2018)["panel"]
        estimates = with_prefectures(bench.estimates, inside(records, rest, ("slope", "spread")))
        units = [name for name in names if parents[name] in tested]
        ours += forecast(panel, 2010.0, 2020.0, bench.atlas, estimates, units=units).forecasts
    return scored_by_method(panel, ours, 2010.0, 2020.0)


def with_prefectures(estimates: PoolingEstimates, found) -> PoolingEstimates:
    """The estimates with another row for prefectures."""
    return replace(estimates, by_level={**estimates.by_level, "prefecture": ((2020, found),)})


def country_panel(data: Path) -> Panel:
    """Countries on their census points; their totals are not at hand and held constant."""
    points = {
        code: tuple(
            Count(float(t), 1e6, 1e6 * float(share))
            for t, share in zip(years, shares, strict=True)
            if 0.0 < share < 1.0
        )
        for code, (years, shares) in countries(data).items()
    }
    return Panel(points, dict.fromkeys(points))


def country_tasks(panel: Panel) -> Iterator[tuple[int, str, float, Count]]:
    """Horizon, country, origin and what came: origins and targets are real data points."""
    for code, points in panel.points.items():
        for i, origin in enumerate(points):
            if i == 0 or origin.year < EARLIEST_ORIGIN:
                continue
            for horizon in HORIZONS:
                later = [p for p in points if abs(p.year - origin.year - horizon) <= NEAR]
                if later:
                    nearest = min(later, key=lambda p: abs(p.year - origin.year - horizon))
                    yield horizon, code, origin.year, nearest


def rolling_countries(bench: Bench) -> dict[int, dict[str, list[Scored]]]:
    """Countries in rolling real time, by horizon and method, on what all methods forecast."""
    panel = country_panel(bench.data)
    found: dict[int, dict[str, list[Scored]]] = defaultdict(lambda: defaultdict(list))
    methods = {k: v for k, v in benchmark_methods.METHODS.items() if k != "hamilton_perry"}
    for horizon, code, origin, truth in country_tasks(panel):
        known = panel.until(origin)
        ours = forecast(known, origin, truth.year, bench.atlas, bench.estimates, units=[code])
        by_method = {METHOD: list(ours.forecasts)}
        for name, method in methods.items():
            by_method[name] = [f for f in method(known, origin, truth.year) if f.unit == code]
        if all(by_method.values()):
            for name, (one,) in by_method.items():
                unit = f"{code} {origin:g}"
                found[horizon][name].append(Scored(name, unit, code, truth.rate, one))
    return found


def one_more_year(bench: Bench) -> list[tuple[str, int, float, float]]:
    """Error of next year's annual figure with and without the last one, within one vintage.

    Provinces on the base of 2010 with their own annual figures of 2011 onwards assimilated as
    `run` does; unit, year forecast, CRPS knowing the year before, CRPS not knowing it.
    """
    known = province_panel(bench.data).until(2010.0)
    figures = annual_figures(bench.data)
    levels = {unit: "nation" if unit == "China" else "province" for unit in known.points}
    plain = atlas_of_panel(known, bench.atlas, bench.estimates, levels)
    assert plain is not None
    done = {NATION: calibrate_one(plain, NATION, {})}
    results = []
    for unit, by_year in sorted(figures.items()):
        forecasts: dict[tuple[int, int], Forecast] = {}
        for last in (2011, 2012, 2013, 2014):
            seen = {year: rate for year, rate in by_year.items() if year <= last}
            for year, one in annual_forecasts(plain, unit, seen, done).items():
                forecasts[last, year] = one
        for year in (2013, 2014, 2015):
            pair = [
                crps(Scored(METHOD, unit, unit, by_year[year], forecasts[last, year]))
                for last in (year - 1, year - 2)
            ]
            results.append((unit, year, *pair))
    return results


def annual_figures(data: Path) -> dict[str, dict[int, float]]:
    """Annual urban shares of provinces 2011 to 2015, all before the census of 2020 revised them."""
    found: dict[str, dict[int, float]] = defaultdict(dict)
    for row in rows(data / "provinces.csv"):
        year = int(row["year"])
        of_vintage = "pre-2020" in row["vintage"] and row["preferred"] == "1"
        if of_vintage and 2011 <= year <= 2015 and row["urban_rate_pct"]:
            found[row["province"]][year] = float(row["urban_rate_pct"]) / 100.0
    return {unit: by_year for unit, by_year in found.items() if len(by_year) == 5}


def annual_forecasts(
    atlas: Atlas, unit: str, seen: Mapping[int, float], done: dict[str, Calibrated]
) -> dict[int, Forecast]:
    """Figures to 2015 of a province with its own annual ones assimilated, as `run` does."""
    observations = tuple(
        Observation.model_construct(
            indicator="urbanization_rate",
            value=100.0 * rate,
            unit="percent",
            year=year,
            vintage="pre_2020_census",
            source="rounded",
        )
        for year, rate in seen.items()
    )
    regions = {NATION: atlas.regions[NATION]}
    regions[unit] = atlas.regions[unit].model_copy(update={"observations": observations})
    told = Atlas(
        regions,
        atlas.pooling,
        span=Span(2000, 2010),
        kinds={"rounded": "plan"},  # most are whole percent: an error of 0.3 points
        arrivals=UNKNOWN_ARRIVALS,
    )
    posterior = calibrate_one(told, unit, done).posterior.posterior
    years = 2015 - told.span.base
    noise = [pace_noise(told, name, years) for name in told.tree.lineage(unit)]
    path = draw(told.inputs(unit), posterior, noise, years, (20201101, 0)).project()
    total = path.urban + path.rural
    levels = np.array(LEVELS)
    found = {}
    for year in range(max(seen) + 1, 2016):
        at = year - told.span.base
        rates, totals = (np.quantile(x[at], levels) for x in (path.urban / total, total))
        found[year] = Forecast(METHOD, unit, year, LEVELS, rates, totals)
    return found


def summary(results: Sequence[tuple[str, int, float, float]]) -> dict[str, float]:
    """Mean CRPS with and without one more year, and how sure the gain is."""
    told, untold = np.array([r[2] for r in results]), np.array([r[3] for r in results])
    units = sorted({r[0] for r in results})
    names = np.array([r[0] for r in results])
    by_unit = np.array([(told - untold)[names == unit].mean() for unit in units])
    generator = np.random.default_rng(2020)
    resampled = generator.choice(by_unit, (2000, by_unit.size)).mean(axis=1)
    low, high = np.percentile(resampled, [5, 95])
    return {
        "forecasts": len(results),
        "provinces": len(units),
        "knowing": float(told.mean()),
        "not_knowing": float(untold.mean()),
        "difference": float((told - untold).mean()),
        "low": float(low),
        "high": float(high),
    }


def half_drawn(bench: Bench) -> tuple[float, int]:
    """Mean error of provinces by their own gain of log odds, half drawn to the median gain.

    The weight of a half was chosen by those who had seen 2020; the others were not.
    """
    shares = census_shares(bench.data)
    shares.pop("China")
    years = (2000, 2010, 2020)
    odds = {y: np.log([s[y] / (1.0 - s[y]) for s in shares.values()]) for y in years}
    gains = odds[2010] - odds[2000]
    found = 1.0 / (1.0 + np.exp(-(odds[2010] + 0.5 * gains + 0.5 * np.median(gains))))
    truth = np.array([s[2020] for s in shares.values()])
    return 100.0 * float(np.abs(found - truth).mean()), truth.size


def table_of(scores: Sequence[Score]) -> str:
    """A table of scores in Markdown."""
    lines = [
        "| method | n | MAE | RMSE | bias | CRPS | 80 % holds | wide | 95 % holds | wide |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]

    def with_interval(one: Score, name: str, factor: float = 1.0, digits: int = 2) -> str:
        value = getattr(one, name)
        if value is None:
            return "–"
        low, high = one.intervals[name]
        ends = f"{factor * low:.{digits}f}–{factor * high:.{digits}f}"
        return f"{factor * value:.{digits}f} ({ends})"

    for one in scores:
        cells = [
            one.method,
            str(one.n),
            with_interval(one, "mae"),
            f"{one.rmse:.2f}",
            f"{one.bias:+.2f}",
            with_interval(one, "crps"),
            with_interval(one, "coverage80", 100.0, 0),
            "–" if one.width80 is None else f"{one.width80:.1f}",
            with_interval(one, "coverage95", 100.0, 0),
            "–" if one.width95 is None else f"{one.width95:.1f}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


HEAD = """# How well the model has forecast

Re-made by `make skill` (`benchmarks/skill.py`) from public statistics; no number here is typed by
hand. Errors are of the forecast's median against the count, in percentage points of the
urbanization rate. CRPS is the continuous ranked probability score (for a method without a
distribution its absolute error). In brackets 90 % bootstrap intervals, by blocks of units that
share their shocks where there are several blocks; what struck a whole decade alike is in no
bootstrap. "Holds" is the share of counts inside the interval, "wide" its mean width.

Forecasts see nothing after their origin. `simmodel` is the calibration and the cohort step that
`simmodel run` uses; the other methods are those a reviewer would name
(`simmodel/validation/benchmark_methods.py`).

The decade 2010 to 2020 of China was known to those who chose the form of the model, though no
parameter of the provinces' forecasts was fitted to it: read errors of that decade as a little too
good. Its intervals were too wide: the provinces strayed less than their record to 2010 let expect.
"""


def page(sections: Mapping[str, str]) -> str:
    """The page."""
    return "\n".join([HEAD, *(f"## {title}\n\n{text}\n" for title, text in sections.items())])


def scores_of(scored: Mapping[str, Sequence[Scored]]) -> list[Score]:
    """Scores by method."""
    return [score(rows_) for rows_ in scored.values()]


def main() -> None:
    """Score, write and say so."""
    bench = Bench(Path(sys.argv[1]))
    sections, skill = {}, {}

    of_provinces, ages = provinces(bench)
    scores = scores_of(of_provinces)
    drawn, _ = half_drawn(bench)
    sections["Provinces, 2000 and 2010 known, forecast to 2020"] = "\n\n".join(
        [
            table_of(scores),
            f"A gain of log odds half drawn to the median of the provinces reaches {drawn:.2f}; "
            "its weight was chosen by those who had seen 2020.",
            "Parameters: those of every province from its counts by age, sex and residence of "
            "2000 and 2010; how provinces depart from the nation from the same censuses and the "
            "survey of 2005; memory and tails from countries' counts to 2010; how the nation's "
            "pace strays from its counts of 1982 to 2010 (`seeds/pooling.json`, known 2010). "
            "Shapes by age of mortality and fertility, and single years in age groups, are of the "
            "census of 2020: they carry no pace. All units have one decade and one nation in "
            "common, so coverage on them says little: one shock decides it.",
            f"Age groups of 2020 by residence, of those alive in 2010: mean error "
            f"{ages[METHOD]:.1f} % (cohort change ratios {ages['hamilton_perry']:.1f} %), at the "
            "posterior mean.",
            "![forecasts and counts](skill_provinces.png)",
            "![methods, and where counts fell](skill_provinces_methods.png)",
        ]
    )
    skill["province"] = sentence_data(scores[0], 10, "provinces, 2010 to 2020")
    pictures(of_provinces[METHOD], scores, "provinces")

    of_prefectures = prefectures(bench)
    scores = scores_of(of_prefectures)
    sections["Prefectures, 2010 and their province's history known, forecast to 2020"] = (
        "\n\n".join(
            [
                table_of(scores),
                "A prefecture has one count before the origin: its pace is its province's expected "
                "pace, drawn to the level effect. How prefectures depart from their province was "
                "estimated on the prefectures of the other half of the provinces, over the same "
                "decade; no earlier count of prefectures is at hand. Ages are borrowed.",
                "![forecasts and counts](skill_prefectures.png)",
                "![methods, and where counts fell](skill_prefectures_methods.png)",
            ]
        )
    )
    skill["prefecture"] = sentence_data(scores[0], 10, "prefectures, 2010 to 2020")
    pictures(of_prefectures[METHOD], scores, "prefectures")

    parts = []
    for horizon, scored in sorted(rolling_countries(bench).items()):
        apart = difference(scored[METHOD], scored["empirical_bayes_drift"])
        low, high = apart.interval or (float("nan"), float("nan"))
        parts += [
            f"### {horizon} years",
            table_of(scores_of(scored)),
            f"CRPS less that of empirical Bayes: {apart.mean:+.2f} ({low:+.2f} to {high:+.2f}).",
        ]
        skill.setdefault("countries", {})[str(horizon)] = sentence_data(
            score(scored[METHOD]), horizon, "countries"
        )
    sections["Countries on their census points, rolling, real time"] = "\n\n".join(
        [
            f"Origins are counts from {EARLIEST_ORIGIN:.0f} on, targets the count nearest to the "
            f"horizon, at most {NEAR:g} years off; only pairs that all methods forecast. Totals "
            "are not at hand and held constant; ages are borrowed from China.",
            *parts,
        ]
    )

    gained = summary(one_more_year(bench))
    sections["One more annual figure"] = (
        f"{gained['provinces']:.0f} provinces on the base of 2010, their annual figures of 2011 to "
        "2014 (one vintage, most rounded to whole percent) assimilated as `simmodel run` does; the "
        f"next year's figure forecast {gained['forecasts']:.0f} times with the year before it "
        f"known, and without. CRPS {gained['knowing']:.2f} points knowing it, "
        f"{gained['not_knowing']:.2f} not knowing it: {gained['difference']:+.2f} "
        f"({gained['low']:+.2f} to {gained['high']:+.2f}, provinces resampled)."
    )

    (DOCS / "skill.md").write_text(page(sections), encoding="utf-8")
    text = json.dumps(skill, indent=1) + "\n"
    (TOP / "seeds" / "skill.json").write_text(text, encoding="utf-8")
    print(page(sections))


def pictures(ours: Sequence[Scored], scores: Sequence[Score], units: str) -> None:
    """Both charts of a decade, as PNG beside the page."""
    figures = {
        f"skill_{units}": forecast_figure(ours, scores[0], 2010.0),
        f"skill_{units}_methods": skill_figure(scores, 2010.0, 2020.0),
    }
    for name, figure in figures.items():
        save(figure, DOCS / name)


def sentence_data(one: Score, years: int, units: str) -> dict[str, object]:
    """What `simmodel run` says of how well it has done."""
    assert one.coverage80 is not None
    assert one.width80 is not None
    return {
        "years": years,
        "units": f"{one.n} {units}",
        "mae": round(one.mae, 2),
        "coverage80": round(one.coverage80, 3),
        "width80": round(one.width80, 2),
    }


if __name__ == "__main__":
    main()
