"""Estimate how units depart from the pace of what they lean on, and write seeds/pooling.json.

    python benchmarks/pooling.py ../shared/data

By maximum likelihood (`simmodel.pooling.fit`), for each level once with everything and once for
each earlier year that a hindcast may stand in, with nothing later than that year. What each level
rests on is written into the file.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy import stats
from scipy.linalg import null_space
from scipy.optimize import minimize, minimize_scalar

from simmodel.forecast.base_population import census_of
from simmodel.forecast.pooling import (
    NORM_AT_ZERO,
    NORM_SLOPE,
    REPORTING_MEMORY,
    Departure,
    Pooling,
    Record,
    depart,
    fit,
    integrated,
    logit,
    reported,
)
from simmodel.forecast.pooling_file import NAME, PoolingEstimates, as_data
from simmodel.inputs.region import SPAN
from simmodel.inputs.seeds import read_seeds

SEEDS = Path(__file__).resolve().parents[1] / "seeds"
START = Pooling(
    slope=0.0, shift=0.0, spread=0.02, memory=6.0, degrees_of_freedom=3.0, point_error=0.02
)
PANEL_YEARS = (1990, 1995, 2000, 2005, 2010, 2018)
PREFECTURES_SEEN = 3  # with an annual figure of 2015: Wuwei, Linxia, Liupanshui
CHINA = "156"  # its code in the panel of countries
# Prefecture tables name provinces in Chinese; the other tables in English.
PROVINCES = {
    "河北省": "Hebei", "山西省": "Shanxi", "内蒙古自治区": "Inner Mongolia", "辽宁省": "Liaoning",
    "吉林省": "Jilin", "黑龙江省": "Heilongjiang", "江苏省": "Jiangsu", "浙江省": "Zhejiang",
    "安徽省": "Anhui", "福建省": "Fujian", "江西省": "Jiangxi", "山东省": "Shandong",
    "河南省": "Henan", "湖北省": "Hubei", "湖南省": "Hunan", "广东省": "Guangdong",
    "广西壮族自治区": "Guangxi", "海南省": "Hainan", "重庆市": "Chongqing", "四川省": "Sichuan",
    "贵州省": "Guizhou", "云南省": "Yunnan", "西藏自治区": "Tibet", "陕西省": "Shaanxi",
    "甘肃省": "Gansu", "青海省": "Qinghai", "宁夏回族自治区": "Ningxia",
    "新疆维吾尔自治区": "Xinjiang",
}  # fmt: skip


def rows(path: Path) -> list[dict[str, str]]:
    """Rows of a table, compressed or not."""
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def countries(data: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Dates and urban shares of the real data points of countries."""
    points = defaultdict(list)
    for row in rows(data / "wup2018_knots_reconstructed.csv"):
        points[row["code"]].append((float(row["t"]), float(row["urban_pct"]) / 100.0))
    return {code: tuple(np.array(sorted(p)).T) for code, p in points.items()}


def country_record(years: np.ndarray, shares: np.ndarray) -> Record:
    """A country beside the norm of the World Urbanization Prospects."""
    spans = np.diff(years)
    expected = NORM_AT_ZERO + NORM_SLOPE * (shares[1:] + shares[:-1]) / 2.0
    gains = np.diff(logit(shares)) - expected * spans
    return Record(years, gains, np.zeros(spans.size), 1.0, np.ones(years.size, dtype=bool))


def census_shares(data: Path) -> dict[str, dict[int, float]]:
    """Urban shares of the nation and the provinces at the censuses."""
    urban = defaultdict(lambda: defaultdict(float))
    total = defaultdict(lambda: defaultdict(float))
    for row in rows(data / "age_structure.csv.gz"):
        if row["sex"] not in ("male", "female") or row["level"] not in ("country", "province"):
            continue
        if row["residence"] in ("urban", "rural"):
            total[row["region"]][int(row["year"])] += float(row["population"])
        if row["residence"] == "urban":
            urban[row["region"]][int(row["year"])] += float(row["population"])
    return {
        region: {year: urban[region][year] / total[region][year] for year in sorted(years)}
        for region, years in total.items()
    }


def survey_2005(data: Path) -> dict[str, float]:
    """Urban shares of provinces from the one-percent survey of 2005, as first published."""
    return {
        row["province"]: float(row["urban_rate_pct"]) / 100.0
        for row in rows(data / "provinces.csv")
        if row["year"] == "2005" and row["quality"] == "B" and row["urban_rate_pct"]
    }


def beside(own: dict[int, float], parent: dict[int, float], noisy: set[int]) -> Record:
    """A unit beside its parent; both by year."""
    years = sorted(set(own) & set(parent))
    mine, above = logit([own[y] for y in years]), logit([parent[y] for y in years])
    scale = float(above[-1] - above[0]) / (years[-1] - years[0])
    return Record(
        years=np.array(years, dtype=float),
        gains=np.diff(mine - above),
        offsets=(mine - above)[:-1],
        scale=scale,
        noisy=np.array([y in noisy for y in years]),
    )


def provinces(data: Path, known: int) -> list[Record]:
    """Provinces beside the nation: censuses and, between those of 2000 and 2010, the survey."""
    shares, survey = census_shares(data), survey_2005(data)
    nation = {y: s for y, s in shares.pop("China").items() if y <= known}
    # The nation at the survey lies on the straight line of its log odds: the survey's own error is
    # then in the provinces' only.
    middle = float(1.0 / (1.0 + np.exp(-(logit(nation[2000]) + logit(nation[2010])) / 2.0)))
    nation[2005] = middle
    records = []
    for name, own in sorted(shares.items()):
        points = {y: s for y, s in own.items() if y <= known}
        if name in survey:
            points[2005] = survey[name]
        records.append(beside(points, nation, {2005}))
    return records


def prefecture_rows(data: Path) -> list[dict[str, str]]:
    """Prefectures with both censuses, some urban and some rural people, and a known province."""
    found = []
    for row in rows(data / "prefectures_census_2010_2020.csv"):
        names = [f"popu_{kind}{y}" for y in (2010, 2020) for kind in ("", "urban_")]
        if not all(row[name] for name in names) or row["province"] not in PROVINCES:
            continue
        shares = [float(row[f"popu_urban_{y}"]) / float(row[f"popu_{y}"]) for y in (2010, 2020)]
        if all(0.0 < share < 1.0 for share in shares):
            found.append(row)
    return found


def prefectures(data: Path, chosen: list[dict[str, str]]) -> list[Record]:
    """Prefectures beside their province, 2010 to 2020."""
    shares = census_shares(data)
    return [
        beside(
            {y: float(row[f"popu_urban_{y}"]) / float(row[f"popu_{y}"]) for y in (2010, 2020)},
            shares[PROVINCES[row["province"]]],
            set(),
        )
        for row in chosen
    ]


def inside(records: list[Record], rest: Pooling, free: tuple[str, ...]) -> Pooling:
    """Estimates of units inside others; memory and degrees of freedom as in ``rest``."""
    start = replace(START, slope=-0.2, spread=0.25, point_error=0.05)
    return fit(
        records,
        replace(start, memory=rest.memory, degrees_of_freedom=rest.degrees_of_freedom),
        free,
    )


def counties() -> list[Record]:
    """Counties of the seeds beside their prefecture, on an unchanged boundary."""
    regions = read_seeds(SEEDS).regions

    def shares(region):
        censuses = {y: census_of(region, y) for y in (SPAN.first, SPAN.base)}
        return {y: c.urban / c.total for y, c in censuses.items()}

    return [
        beside(shares(r), shares(regions[r.parent]), set())
        for r in regions.values()
        if r.level == "county"
    ]


def nation(data: Path, known: int, communiques: dict[int, float]) -> Pooling:
    """How the nation's pace deviates from its own mean; it has no parent.

    Restricted maximum likelihood: the nation's intervals between counts since 1982, and the yearly
    gains 2005-09 of the provinces' sum (one vintage), each beside a mean of its own, which is left
    out by contrasts. Student's t with as many degrees of freedom as contrasts.
    """
    years, shares = countries(data)[CHINA]
    points = {t: s for t, s in zip(years, shares, strict=True) if 1982.0 <= t < known + 1}
    if known >= 2020:
        points[2020.84] = census_shares(data)["China"][2020]
    if communiques:
        points[max(communiques) + 1.0] = communiques[max(communiques)]
    dates = np.array(sorted(points))
    between = np.diff(logit([points[t] for t in dates])) / np.diff(dates)
    gains = annual_gains_of_the_sum(data)
    starts = np.concatenate((dates[:-1], 2005.0 + np.arange(gains.size)))
    ends = np.concatenate((dates[1:], 2006.0 + np.arange(gains.size)))
    relative = np.concatenate((between / between.mean(), gains / gains.mean()))
    of_set = np.arange(relative.size) >= between.size
    means = np.stack((~of_set, of_set), axis=1).astype(float)
    memory = panel(data, min(known, PANEL_YEARS[-1])).memory
    covariance = integrated(memory, starts, ends, starts, ends)
    covariance /= np.outer(ends - starts, ends - starts)
    contrasts = null_space(means.T)
    seen, spread = contrasts.T @ relative, contrasts.T @ covariance @ contrasts
    scale = float(np.sqrt(seen @ np.linalg.solve(spread, seen) / seen.size))
    return Pooling(0.0, 0.0, scale, memory, float(seen.size), 0.0)


def annual_gains_of_the_sum(data: Path) -> np.ndarray:
    """Yearly gains, in points, of the urban share of the provinces with figures of 2005 to 2009."""
    rates: dict[str, dict[int, float]] = defaultdict(dict)
    people = {}
    for row in rows(data / "provinces.csv"):
        yearbook = row["vintage"].startswith("pre-2010") and row["quality"] == "B"
        if yearbook and 2005 <= int(row["year"]) <= 2009 and row["urban_rate_pct"]:
            rates[row["province"]][int(row["year"])] = float(row["urban_rate_pct"])
        if row["year"] == "2010" and row["quality"] == "A":
            people[row["province"]] = float(row["pop_10k"])
    whole = {name: by_year for name, by_year in rates.items() if len(by_year) == 5}
    weights = np.array([people[name] for name in whole])
    table = np.array([[by_year[y] for y in range(2005, 2010)] for by_year in whole.values()])
    return np.asarray(np.diff(weights @ table / weights.sum()))


def panel(data: Path, known: int) -> Pooling:
    """Countries beside the norm."""
    records = []
    for years, shares in countries(data).values():
        kept = (years <= known) & (shares > 0.0) & (shares < 1.0)
        if kept.sum() >= 2:
            records.append(country_record(years[kept], shares[kept]))
    return fit(records, START, ("shift", "spread", "memory", "degrees_of_freedom", "point_error"))


def annual_series(data: Path) -> list[np.ndarray]:
    """Yearly gains, in points, of annual figures of one vintage with decimals, by unit."""
    gains = defaultdict(dict)
    for row in rows(data / "provinces.csv"):
        yearbook = row["vintage"].startswith("pre-2010") and row["quality"] == "B"
        if yearbook and 2005 <= int(row["year"]) <= 2009 and row["urban_rate_pct"]:
            gains[row["province"], 2005][int(row["year"])] = float(row["urban_rate_pct"])
    for row in rows(data / "series.csv"):
        year, annual = int(row["year"]), row["indicator"] == "urban_rate"
        later = year >= 2020 and row["indicator"] == "urban_rate_census"
        if row["region"] in ("China", "Gansu", "Guizhou") and (annual or later):
            if year >= 2020:
                gains[row["region"], 2020][year] = float(row["value"])
            elif year >= 2015:
                gains[row["region"], 2015][year] = float(row["value"])
    series = []
    for points in gains.values():
        years = sorted(points)
        if len(years) >= 3 and years == list(range(years[0], years[-1] + 1)):
            series.append(np.diff([points[y] for y in years]))
    return series


def deviation(data: Path, pooling: Pooling) -> tuple[float, float]:
    """Further deviation of annual figures, and the error of one, from how gains differ by year.

    A unit's own mean gain is left out, by contrasts of one year's gain with the next; what remains
    is the process behind censuses (held at ``pooling``), the further deviation, and the error of
    single figures.
    """
    series = [gains / gains.mean() for gains in annual_series(data)]
    paces = [gains.mean() for gains in annual_series(data)]

    def misfit(point: np.ndarray) -> float:
        spread, error = np.exp(point)
        total = 0.0
        for gains, pace in zip(series, paces, strict=True):
            size = gains.size
            at = np.arange(size, dtype=float)
            covariance = pooling.spread**2 * integrated(pooling.memory, at, at + 1, at, at + 1)
            covariance += reported(replace(pooling, reporting=spread), size)
            steps = np.diff(np.eye(size + 1), axis=0)  # a gain ends with one figure's error
            covariance += (error / pace) ** 2 * steps @ steps.T
            contrast = np.diff(np.eye(size), axis=0)
            centre, scale = np.zeros(size - 1), contrast @ covariance @ contrast.T
            total -= stats.multivariate_t(centre, scale, pooling.degrees_of_freedom).logpdf(
                contrast @ gains
            )
        return float(total)

    found = minimize(misfit, np.log([0.2, 0.1]), method="Nelder-Mead")
    spread, error = np.exp(found.x)
    return float(spread), float(error) / 100.0


def of_prefectures(data: Path, province: Pooling, prefecture: Pooling) -> float:
    """Further deviation of prefectures' annual figures, shrunk towards the provinces'.

    From the three of which a figure of 2015 is known: few, so that a factor of e away from the
    provinces' costs as much as one standard error.
    """
    at = np.arange(5.0)
    unit = integrated(REPORTING_MEMORY, at, at + 1, at, at + 1).mean()
    seen = list(annual_departures(data, province, prefecture))[-PREFECTURES_SEEN:]

    def misfit(log_spread: float) -> float:
        total = (log_spread - np.log(province.reporting)) ** 2 / 2.0
        for found, expected in seen:
            mean, scale = expected.over(5)
            wide = float(np.sqrt(scale**2 + unit * np.exp(2.0 * log_spread)))
            total -= stats.t.logpdf((found - mean) / wide, expected.degrees_of_freedom) - np.log(
                wide
            )
        return float(total)

    return float(np.exp(minimize_scalar(misfit, bounds=(-5.0, 1.0), method="bounded").x))


def annual_departures(
    data: Path, province: Pooling, prefecture: Pooling
) -> Iterator[tuple[float, Departure]]:
    """Departure of the annual pace 2010-15 of each unit, and what was expected of it."""
    shares = census_shares(data)
    rates, totals = {}, {}
    for row in rows(data / "provinces.csv"):
        if row["year"] == "2015" and "2020" in row["vintage"] and row["preferred"] == "1":
            rates[row["province"]] = float(row["urban_rate_pct"]) / 100.0
        if row["year"] == "2010" and row["quality"] == "A":
            totals[row["province"]] = float(row["pop_10k"])
    nation_2015 = sum(rates[p] * totals[p] for p in rates) / sum(totals[p] for p in rates)
    china = shares.pop("China")
    pace = float(logit(nation_2015) - logit(china[2010])) / 5.0
    for name, rate in sorted(rates.items()):
        past = {y: s for y, s in shares[name].items() if y <= 2010}
        record = beside(past, {y: s for y, s in china.items() if y <= 2010}, set())
        offset = float(logit(shares[name][2010]) - logit(china[2010]))
        found = float(logit(rate) - logit(shares[name][2010])) / 5.0 / pace - 1.0
        yield found, depart(province, record, offset, 5)
    at_census = {row["city"]: row for row in rows(data / "prefectures_census_2010_2020.csv")}
    names = {"Wuwei": "武威市", "Linxia": "临夏回族自治州", "Liupanshui": "六盘水市"}
    for row in rows(data / "series.csv"):
        if row["region"] in names and row["year"] == "2015" and row["indicator"] == "urban_rate":
            census = at_census[names[row["region"]]]
            start = logit(float(census["popu_urban_2010"]) / float(census["popu_2010"]))
            above = PROVINCES[census["province"]]
            of_province = (logit(rates[above]) - logit(shares[above][2010])) / 5.0
            found = (logit(float(row["value"]) / 100.0) - start) / 5.0 / of_province - 1.0
            offset = float(start - logit(shares[above][2010]))
            yield float(found), depart(prefecture, None, offset, 5)


def estimate(data: Path) -> tuple[PoolingEstimates, dict[str, str]]:
    """All levels."""
    of_countries = {year: panel(data, year) for year in PANEL_YEARS}
    early, late = of_countries[2010], of_countries[2018]
    further_too = (
        "; reporting from how the gains of annual figures differ by year (provinces 2005-09; "
        "China, Gansu and Guizhou later; prefectures: three figures of 2015, leaning on that)"
    )
    seeds = read_seeds(SEEDS)
    communiques = {
        o.year: o.value / 100.0
        for o in seeds.regions["china"].observations
        if o.indicator == "urbanization_rate" and o.vintage == "post_2020_census" and o.year > 2020
    }
    all_three = ("slope", "spread", "point_error")
    of_provinces = inside(provinces(data, 2020), late, all_three)
    further, error = deviation(data, of_provinces)
    print(f"error of one annual figure: {100.0 * error:.2f} points (evidence.COMMUNIQUE_ERROR)")
    of_provinces = replace(of_provinces, reporting=further)
    prefecture = inside(prefectures(data, prefecture_rows(data)), late, ("slope", "spread"))
    annual = of_prefectures(data, of_provinces, prefecture)
    by_level = {
        "panel": tuple(of_countries.items()),
        "nation": (
            (2010, nation(data, 2010, {})),
            (2024, replace(nation(data, 2024, communiques), reporting=further)),
        ),
        "province": (
            (2010, inside(provinces(data, 2010), early, all_three)),
            (2020, of_provinces),
        ),
        "prefecture": ((2020, replace(prefecture, reporting=annual)),),
        "county": (
            (2020, replace(inside(counties(), late, ("slope", "spread")), reporting=annual)),
        ),
    }
    borrowed = "memory and freedom from the panel; maximum likelihood"
    made = {
        "panel": "124 countries on their census points beside the norm of WUP 2018; maximum "
        "likelihood of slope 0, shift, spread, memory, freedom and point error; "
        "wup2018_knots_reconstructed.csv",
        "nation": "China's pace between counts since 1982 (the last: communiques after 2020) and "
        "year by year 2005-09 (sum of provinces, one vintage), each beside its own mean; spread by "
        "restricted maximum likelihood, freedom the number of contrasts; memory from the panel; "
        "wup2018_knots_reconstructed.csv, age_structure.csv.gz, provinces.csv, seeds/china.yaml",
        "province": "31 provinces beside the nation: censuses 2000, 2010 (and 2020), survey 2005 "
        f"with an error of its own; {borrowed}; age_structure.csv.gz, provinces.csv{further_too}",
        "prefecture": f"{len(prefecture_rows(data))} prefectures beside their province, censuses "
        f"2010 and 2020; {borrowed}; prefectures_census_2010_2020.csv, age_structure.csv.gz"
        + further_too,
        "county": f"{len(counties())} counties of the seeds beside their prefecture, censuses 2010 "
        f"and 2020; {borrowed}; seeds/; reporting as of prefectures",
    }
    return PoolingEstimates(by_level), made


def main() -> None:
    """Write the file and show it."""
    estimates, made = estimate(Path(sys.argv[1]))
    text = json.dumps(as_data(estimates, made), indent=1, ensure_ascii=False) + "\n"
    (SEEDS / NAME).write_text(text, encoding="utf-8")
    for level, found in estimates.by_level.items():
        for known, pooling in found:
            print(f"{level:<11}{known}  {pooling}")


if __name__ == "__main__":
    main()
