"""Charts of sweeps that the core has analysed: what they say, whatever the sweep."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.container import BarContainer
from matplotlib.font_manager import get_font
from matplotlib.text import Text

from simmodel import chart_sweep
from simmodel.chart_words import LEVER_WORDS, Limit, box_sentence
from simmodel.discovery import discover
from simmodel.errors import ScenarioError
from simmodel.fonts import chinese, save
from simmodel.sampling import Dimension, sample
from simmodel.scenario import LEVERS
from simmodel.sensitivity import importance, morris, one_at_a_time, sobol

YEARS = (2021, 2025, 2030, 2035)
RATES = [f"wuwei urbanization_rate {year}" for year in YEARS]
MET = "wuwei urbanization_rate 2025 met"
RELOCATION = (
    "programmes.liupanshui_geohazard_resettlement",
    "resettlement from places of geological hazard",
    "地质灾害避险搬迁",
)
LONG = (
    "levers.inner_mongolia_alxa_left_banner.urban_out_migration.2030",
    "Inner Mongolia, Alxa Left Banner: urban out-migration, from the knot of 2030 to that of 2035",
    "内蒙古自治区阿拉善盟阿拉善左旗：城镇人口外迁（二〇三〇年至二〇三五年路径节点之间）",
)


def named(count, long_names=False):
    """Parameters: the levers, a programme, then places with levers of their own."""
    rows = [(f"levers.{name}", *words) for name, words in LEVER_WORDS.items()]
    rows.insert(2, RELOCATION)
    rows += [
        (f"levers.place_{k}.{name}", f"Place {k}: {en}", f"某地{k}：{zh}")
        for k in range(1, 6)
        for name, (en, zh) in LEVER_WORDS.items()
    ]
    if long_names:
        rows = [(f"{path}{k}", en, zh) for k, (path, en, zh) in enumerate([LONG] * count)]
    return rows[:count]


def dimensions_of(rows):
    return [
        Dimension(path, choices=(0.0, 1.0))
        if path.startswith("programmes.")
        else Dimension(path, 0.5, 1.5)
        for path, _, _ in rows
    ]


def rate_of(values):
    """Rates by year: a line in the first parameters, a product, a switch; the last do nothing."""
    weights = 0.04 * 0.75 ** np.arange(values.shape[1]) * (-1.0) ** np.arange(values.shape[1])
    weights[8:] = 0.0
    away = values - 1.0
    together = 0.06 * away[:, 0] * away[:, 1 % values.shape[1]]
    growth = np.array([0.05, 0.4, 0.8, 1.0])
    pace = growth[:, None] ** (1 + np.arange(values.shape[1]) % 3 / 2)  # (year, parameter)
    return 0.5 + away @ (pace * weights).T + growth * together[:, None] + 0.01 * growth


def swept(method, count=9, size=None, long_names=False, flat=False, met=None, second_order=True):
    """A sweep as it is written, of a model made up here."""
    rows = named(count, long_names)
    dimensions = dimensions_of(rows)
    size = (
        size
        or {"one_at_a_time": 1, "grid": 5, "morris": 20, "sobol": 256, "discovery": 1500}[method]
    )
    base = [0.0 if one.choices else 1.0 for one in dimensions]
    design = sample(method, size, dimensions, 1, second_order, base)
    rates = rate_of(design.values)
    if flat:
        rates = np.full_like(rates, 0.5)
    reached = rates[:, 1] >= np.quantile(rates[:, 1], 0.8) if met is None else met(design.values)
    outcomes = np.column_stack([rates, reached])
    kinds = ["value"] * len(YEARS) + ["met"]
    ds = xr.Dataset(
        {
            "design": (("run", "parameter"), design.values),
            "values": (("run", "outcome"), outcomes),
        },
        coords={
            "parameter": [path for path, _, _ in rows],
            "parameter_en": ("parameter", [en for _, en, _ in rows]),
            "parameter_zh": ("parameter", [zh for _, _, zh in rows]),
            "outcome": [*RATES, MET],
            "outcome_region": ("outcome", ["wuwei"] * 5),
            "outcome_indicator": ("outcome", ["urbanization_rate"] * 5),
            "outcome_year": ("outcome", [*YEARS, 2025]),
            "outcome_kind": ("outcome", kinds),
            "outcome_units": ("outcome", ["share"] * 5),
            "place_en": ("outcome", ["Wuwei"] * 5),
            "place_zh": ("outcome", ["武威市"] * 5),
        },
        attrs={
            "sweep": "wuwei_levers",
            "title_en": "All levers of Wuwei",
            "title_zh": "武威市全部杠杆",
            "method": method,
            "ensemble": "median parameters",
            "interval": "95 % percentile bootstrap, 200 resamples",
        },
    )
    low, high = np.transpose([one.ends for one in dimensions])
    ds["low_at"], ds["high_at"] = ("parameter", low), ("parameter", high)
    if method == "one_at_a_time":
        tables = one_at_a_time(outcomes)
    elif method == "morris":
        tables = morris(outcomes, design.steps, 200, 1)
    elif method == "sobol":
        tables = sobol(outcomes, count, second_order, 200, 1)
    elif method == "discovery":
        tables = discover(design.values, outcomes, 3) | importance(design.values, outcomes, 100, 1)
    else:
        tables = {}
    for name, table in tables.items():
        leading = (
            ("box",)
            if len(table) == 3
            and "box" not in ds.dims
            or name.startswith("box")
            or name in ("density", "coverage", "mass")
            else ()
        )
        dims = (*leading, "outcome", "parameter", "parameter_2")[: table.ndim]
        ds[name] = (dims, table)
    if method == "discovery":
        sentences(ds)
    return ds


def sentences(ds):
    told = {language: np.full(ds["density"].shape, "", dtype=object) for language in ("en", "zh")}
    for i, k in np.argwhere(np.isfinite(ds["density"].values)):
        part = ds.isel(box=i, outcome=k)
        limits = [
            Limit(
                str(part["parameter_en"].values[j]),
                str(part["parameter_zh"].values[j]),
                *(
                    None if np.isnan(part[name].values[j]) else float(part[name].values[j])
                    for name in ("box_low", "box_high")
                ),
                str(part["parameter"].values[j]).startswith("programmes."),
            )
            for j in range(ds.sizes["parameter"])
            if np.isfinite([part["box_low"].values[j], part["box_high"].values[j]]).any()
        ]
        said = box_sentence(
            ("Wuwei's target for 2025", "武威2025年目标"),
            limits,
            float(part["density"]),
            float(part["coverage"]),
            i > 0,
        )
        for language, text in zip(told, said, strict=True):
            told[language][i, k] = text
    for language, table in told.items():
        ds[f"sentence_{language}"] = (("box", "outcome"), table)
