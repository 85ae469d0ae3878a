from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from simmodel import charts
from simmodel.errors import ScenarioError
from simmodel.fonts import chinese, spread

LEVELS = [0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975]
NORMAL = np.array([-1.96, -1.645, -1.282, -0.674, 0, 0.674, 1.282, 1.645, 1.96])
REGIONS = {
    "wuwei": ("Wuwei", "武威市", 0.4701, 1464955),
    "linxia": ("Linxia", "临夏回族自治州", 0.3675, 2109800),
    "liupanshui": ("Liupanshui", "六盘水市", 0.4887, 3031602),
    "gansu": ("Gansu", "甘肃省", 0.5223, 25019831),
}
TITLES = {
    "trend": ("Current trend", "趋势延续", 0.0085),
    "retention_and_return": ("Local retention and return", "就近城镇化与返乡", 0.0112),
    "strong_counties": ("County seats as carriers", "以县城为重要载体", 0.0098),
    "slow_reclassification": ("Slower reclassification", "行政区划调整放缓", 0.0065),
    "provincial_pull": ("Provincial capital pulls", "省会集聚", 0.0081),
}
WORDS = [(0.1, "very unlikely"), (0.33, "unlikely"), (0.66, "about as likely as not")]


def projection(scenario="trend", horizon=2035):
    en, zh, pace = TITLES[scenario]
    years = np.arange(2020, horizon + 1)
    t = (years - 2020.0)[:, None]
    rates, totals = [], []
    for _, _, base, total in REGIONS.values():
        middle = base + (0.85 - base) / 0.36 * pace * t * (1 - 0.012 * t)
        rates.append(middle + 0.0045 * t**0.9 * NORMAL)
        totals.append(np.broadcast_to(total * (1 - 0.004 * t), (len(years), len(LEVELS))))
    rate, total = np.array(rates), np.array(totals)
    dims = ("region", "year", "quantile")
    return xr.Dataset(
        {
            "urbanization_rate": (dims, rate),
            "total_population": (dims, total),
            "urban_population": (dims, rate * total),
            "rural_population": (dims, (1 - rate) * total),
        },
        coords={
            "region": list(REGIONS),
            "year": years,
            "quantile": LEVELS,
            "name_en": ("region", [r[0] for r in REGIONS.values()]),
            "name_zh": ("region", [r[1] for r in REGIONS.values()]),
        },
        attrs={"scenario": scenario, "title_en": en, "title_zh": zh, "draws": 2000},
    )


def verdict(region, indicator, year, comparison, target, probability, scenario="trend", **more):
    words = [w for bound, w in WORDS if probability is not None and probability < bound]
    word = "not modelled" if probability is None else (words or ["likely"])[0]
    return {
        "scenario": scenario,
        "region": region,
        "indicator": indicator,
        "year": year,
        "comparison": comparison,
        "target": target,
        "unit": "percent" if indicator == "urbanization_rate" else "persons",
        "probability": probability,
        "likelihood": word,
        "source": f"{region}_plan_2021_2035",
        **more,
    }


def rows(scenario="trend", lift=0.0):
    def p(x):
        return min(1.0, x + lift)

    rate, urban = "urbanization_rate", "urban_population"
    return [
        verdict("wuwei", rate, 2025, "~", 55.0, p(0.03), scenario),
        verdict("wuwei", rate, 2035, ">=", 65.0, p(0.12), scenario),
        verdict("wuwei", "new_urban_jobs", 2025, ">=", 75000.0, None, scenario),
        verdict("linxia", rate, 2025, ">=", 45.0, p(0.08), scenario),
        verdict("linxia", rate, 2026, ">=", 50.0, p(0.0), scenario),
        verdict("linxia", rate, 2035, "~", 60.0, p(0.02), scenario),
        verdict("linxia", urban, 2025, "~", 1e6, p(0.24), scenario),
        verdict("liupanshui", rate, 2025, ">=", 53.87, p(0.62), scenario),
        verdict("liupanshui", rate, 2025, ">=", 58.87, p(0.02), scenario),
        verdict("liupanshui", rate, 2035, "near", 64.1, p(0.41), scenario, relative_to="guizhou"),
        verdict("liupanshui", urban, 2025, "~", 2e6, p(0.005), scenario),
        verdict("gansu", rate, 2029, "~", 62.0, p(0.68), scenario),
    ]


def mark(region, year, value, vintage, indicator="urbanization_rate"):
    return {
        "region": region,
        "indicator": indicator,
        "year": year,
        "value": value,
        "vintage": vintage,
        "comparison": None,
    }


OLD, NEW = "pre_2020_census", "post_2020_census"
MARKS = [
    mark("gansu", 2011, 37.15, OLD),
    mark("gansu", 2015, 43.19, OLD),
    mark("gansu", 2016, 44.69, OLD),
    mark("gansu", 2017, 46.39, OLD),
    mark("gansu", 2018, 47.69, OLD),
    mark("gansu", 2019, 48.49, OLD),
    mark("gansu", 2020, 52.23, "census_2020"),
    mark("gansu", 2021, 53.33, NEW),
    mark("gansu", 2022, 54.19, NEW),
    mark("gansu", 2023, 55.49, NEW),
    mark("linxia", 2015, 31.02, OLD),
    mark("linxia", 2015, 627700, OLD, "urban_population"),
    mark("wuwei", 2021, 48.1, NEW),
    mark("wuwei", 2022, 49.2, NEW),
]


def all_scenarios():
    return {name: projection(name) for name in TITLES}


def all_rows():
    return [row for i, name in enumerate(TITLES) for row in rows(name, 0.17 * i)]


def every_chart():
    for region in REGIONS:
        yield f"fan_{region}", charts.fan(projection(), region, MARKS, rows())
        yield f"compare_{region}", charts.compare(all_scenarios(), region, all_rows(), MARKS)
    for region in ("linxia", "liupanshui"):
        figure = charts.urban_population_fan(projection(), region, MARKS, rows())
        yield f"urban_{region}", figure
    names = {name: f"{r[1]} {r[0]}" for name, r in REGIONS.items()}
    titles = {name: f"{t[0]} {t[1]}" for name, t in TITLES.items()}
    yield "matrix", charts.matrix(all_rows(), names, titles)
