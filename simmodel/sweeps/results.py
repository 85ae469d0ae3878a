"""A sweep put into words and tables: its labelled Dataset, its indices, charts and summary."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..charts.labels import BoxLimit, box_sentence
from ..forecast.parameters import NAMES, PARAMETERS
from ..indicators import INDICATORS
from ..inputs.seeds import Seeds
from ..levers import LEVERS
from ..texts import LANGUAGES, Bilingual, Language, bilingual, say, terminal_language, text
from ..variables import DISTRICT, FLOWS, STOCKS
from .analysis import analyse
from .designs import Design
from .experiment import Experiment
from .sweep_file import SweepFile, VariedSetting

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

# Years of one indicator from which indices are drawn over time, and only the last by themselves.
LEAST_YEARS_OVER_TIME: Final = 4
COLUMNS: Final = (
    "outcome",
    "region",
    "indicator",
    "year",
    "kind",
    "parameter",
    "parameter_2",
    "index",
    "value",
    "low",
    "high",
)


def parameter_words(setting: VariedSetting, seeds: Seeds) -> Bilingual:
    """What a parameter is called, in English and Chinese."""
    if setting.kind == "programme":
        names = seeds.programmes()[setting.name][1].names
        return Bilingual(names.en, names.zh)
    section = "levers" if setting.kind == "lever" else "quantities"
    name = bilingual(f"{section}.{setting.name}")
    if setting.year is not None:
        name = bilingual("sweeps.in_year", name=name, year=setting.year)
    if setting.region is not None:
        region = seeds.regions[setting.region].names
        name = bilingual("sweeps.of_region", region=region, name=name)
    return name


def parameter_units(setting: VariedSetting) -> str:
    """Units of the values that a parameter takes."""
    if setting.kind == "parameter" and setting.name in NAMES:
        return PARAMETERS[NAMES.index(setting.name)].units
    adds = setting.kind == "lever" and not LEVERS[setting.name].multiplies
    return "years" if adds else "ratio"


def place_names(region: str, seeds: Seeds) -> tuple[str, str]:
    """Name of a region or urban district in English and Chinese."""
    districts = seeds.districts()
    names = districts[region][1].names if region in districts else seeds.regions[region].names
    return names.en, names.zh


def dataset(
    file: SweepFile,
    experiment: Experiment,
    design: Design,
    values: Array,
    seeds: Seeds,
    provenance: Mapping[str, str],
) -> xr.Dataset:
    """Label a sweep: its design, its outcomes, its indices and what they mean."""
    found = analyse(experiment, design, values)
    words = [parameter_words(one.setting, seeds) for one in file.parameters]
    named = [place_names(outcome.region, seeds) for outcome in file.outcomes]
    units = {
        name: "share" if one.unit == "percent" else one.unit for name, one in INDICATORS.items()
    } | {v.name: v.units for v in (*STOCKS, *FLOWS, DISTRICT)}
    outcomes, names = file.outcomes, [one.path for one in file.parameters]
    coordinates: dict[str, tuple[str, Any]] = {
        "parameter": ("parameter", names),
        "parameter_en": ("parameter", [en for en, _ in words]),
        "parameter_zh": ("parameter", [zh for _, zh in words]),
        "parameter_units": ("parameter", [parameter_units(one.setting) for one in file.parameters]),
        "outcome": ("outcome", [outcome.label for outcome in outcomes]),
        "outcome_region": ("outcome", [outcome.region for outcome in outcomes]),
        "outcome_indicator": ("outcome", [outcome.indicator for outcome in outcomes]),
        "outcome_year": ("outcome", np.array([o.year for o in outcomes], dtype=np.int32)),
        "outcome_kind": ("outcome", ["met" if o.met else "value" for o in outcomes]),
        "outcome_units": ("outcome", ["share" if o.met else units[o.indicator] for o in outcomes]),
        "place_en": ("outcome", [en for en, _ in named]),
        "place_zh": ("outcome", [zh for _, zh in named]),
    }
    if "S2" in found:
        coordinates["parameter_2"] = ("parameter_2", names)
    ds = xr.Dataset(
        {
            "design": (("run", "parameter"), design.values),
            "values": (("run", "outcome"), values),
            **found,
        },
        coords=coordinates,
        attrs={
            "sweep": file.name,
            "title_en": file.title.en,
            "title_zh": file.title.zh,
            "description": file.description,
            "scenario": file.scenario.scenario,
            "method": file.method,
            "size": file.size,
            "design_seed": str(file.seed),
            "runs": design.values.shape[0],
            "ensemble": _ensemble(1 if file.draws is None else file.draws, "en"),
            "interval": text("sweeps.interval", "en", count=file.resamples),
            **provenance,
        },
    )
    return _with_sentences(ds) if "box_low" in ds else ds


def _with_sentences(ds: xr.Dataset) -> xr.Dataset:
    """Add what each box says, in English and Chinese; nothing where there is no box."""
    said = np.full((2, ds.sizes["box"], ds.sizes["outcome"]), "", dtype=object)
    for k in range(ds.sizes["outcome"]):
        one = ds.isel(outcome=k)
        target = _target(one)
        for i in range(ds.sizes["box"]):
            box = one.isel(box=i)
            if np.isfinite(box["density"].item()):
                density, coverage = float(box["density"].item()), float(box["coverage"].item())
                limits = _limits(box)
                said[:, i, k] = box_sentence(target, limits, density, coverage, i > 0)
    sentences = {
        f"sentence_{language}": (("box", "outcome"), said[i].astype(str))
        for i, language in enumerate(LANGUAGES)
    }
    return ds.assign(sentences)


def _target(one: xr.Dataset) -> Bilingual:
    """What the target of an outcome is called, as the beginning of a sentence."""
    return bilingual(
        "sweeps.target",
        place=Bilingual(str(one["place_en"].item()), str(one["place_zh"].item())),
        indicator=bilingual(f"indicators.{one['outcome_indicator'].item()}"),
        year=int(one["outcome_year"].item()),
    )


def _ensemble(draws: int, language: Language) -> str:
    """What a run is of, in words."""
    if draws == 1:
        return text("sweeps.at_median", language)
    return text("sweeps.at_draws", language, count=draws)


def _limits(box: xr.Dataset) -> list[BoxLimit]:
    """Limits of a box in the order of the parameters."""
    limits = []
    for j, name in enumerate(box["parameter"].values):
        low, high = float(box["box_low"][j]), float(box["box_high"][j])
        ends = [None if np.isnan(end) else end for end in (low, high)]
        if any(end is not None for end in ends):
            en, zh = (str(box[f"parameter_{language}"].values[j]) for language in LANGUAGES)
            limits.append(BoxLimit(en, zh, ends[0], ends[1], str(name).startswith("programmes.")))
    return limits


# Single values, with their intervals where they have some, in the order they are written.
INDICES: Final = ("S1", "ST", "mu", "mu_star", "sigma", "low", "base", "high", "span")


def index_rows(ds: xr.Dataset) -> Iterator[dict[str, object]]:
    """Rows of ``indices.csv``: every index, one after the other."""
    parameters = [str(name) for name in ds["parameter"].values]
    for k in range(ds.sizes["outcome"]):
        one = ds.isel(outcome=k)
        head: dict[str, object] = {
            "outcome": str(one["outcome"].item()),
            "region": str(one["outcome_region"].item()),
            "indicator": str(one["outcome_indicator"].item()),
            "year": int(one["outcome_year"].item()),
            "kind": str(one["outcome_kind"].item()),
        } | dict.fromkeys(COLUMNS[5:])
        for name in INDICES:
            if name in ds:
                for j, parameter in enumerate(parameters):
                    row = head | {"parameter": parameter, "index": name}
                    yield row | _with_interval(one, name, j)
        if "S2" in ds:
            for j, parameter in enumerate(parameters):
                for i in range(j + 1, len(parameters)):
                    row = head | {"parameter": parameter, "index": "S2"}
                    yield row | {"parameter_2": parameters[i]} | _with_interval(one, "S2", j, i)
        for name in ("importance", "importance_chance"):
            if name in ds and one["outcome_kind"].item() == "met":
                for j, parameter in enumerate(parameters):
                    value = _known(one[name].values[j])
                    yield head | {"parameter": parameter, "index": name, "value": value}
        if "box_low" in ds:
            yield from _box_rows(one, head, parameters)


def _box_rows(
    one: xr.Dataset, head: dict[str, object], parameters: Sequence[str]
) -> Iterator[dict[str, object]]:
    for i in range(one.sizes["box"]):
        box = one.isel(box=i)
        if np.isnan(box["density"].item()):
            continue
        for name in ("density", "coverage", "mass"):
            yield head | {"index": f"box_{i + 1}_{name}", "value": _known(box[name].item())}
        for j, parameter in enumerate(parameters):
            low, high = _known(box["box_low"].values[j]), _known(box["box_high"].values[j])
            if low is not None or high is not None:
                row = head | {"parameter": parameter, "index": f"box_{i + 1}"}
                yield row | {"low": low, "high": high}


def _with_interval(one: xr.Dataset, name: str, *at: int) -> dict[str, object]:
    found: dict[str, object] = {"value": _known(one[name].values[at])}
    for end in ("low", "high"):
        if f"{name}_{end}" in one:
            found[end] = _known(one[f"{name}_{end}"].values[at])
    return found


def _known(value: Any) -> float | None:
    return None if np.isnan(value) else float(value)


def figures(ds: xr.Dataset) -> Iterator[tuple[str, Callable[[], Figure]]]:
    """Charts of a sweep, each with the name of its file; over time where there are enough years."""
    from ..charts import discovery, sweep

    method = str(ds.attrs["method"])
    kinds: dict[str, tuple[tuple[str, Callable[[xr.Dataset, str], Figure]], ...]] = {
        "one_at_a_time": (("tornado", sweep.tornado),),
        "grid": (("heatmap", sweep.heatmap),) if ds.sizes["parameter"] > 1 else (),
        "morris": (("morris", sweep.morris),),
        "sobol": (("sobol", sweep.sobol),),
        "discovery": (),
    }
    over = {"sobol": "ST", "morris": "mu_star"}.get(method)
    for (region, indicator, kind), found in _series(ds).items():
        stem = f"{region.replace('.', '_')}_{indicator}" + ("_met" if kind == "met" else "")
        years = sorted(found)
        if over is not None and len(years) >= LEAST_YEARS_OVER_TIME:
            over_time = partial(sweep.over_time, ds, region, indicator, over, kind)
            yield f"over_time_{stem}", over_time
            years = years[-1:]
        wanted = list(kinds[method])
        if kind == "met" and method in ("sobol", "discovery"):
            wanted.append(("importance", sweep.importance))
        if kind == "met" and method == "discovery":
            wanted.append(("boxes", discovery.boxes))
            if ds.sizes["parameter"] > 1:
                wanted.append(("pairs", discovery.pairs))
        for year, k in years:
            for name, chart in wanted:
                yield f"{name}_{stem}_{year}", partial(chart, ds, str(ds["outcome"].values[k]))


def summary(ds: xr.Dataset, most: int = 3) -> str:
    """What a sweep found, in a few lines for each outcome."""
    ensemble = _ensemble(int(ds.attrs["draws"]), terminal_language.get())
    sweep, runs = ds.attrs["sweep"], int(ds.attrs["runs"])
    lines = [say("sweeps.summary", sweep=sweep, runs=runs, ensemble=ensemble)]
    for found in _series(ds).values():
        years = sorted(found)
        if len(years) >= LEAST_YEARS_OVER_TIME:
            lines.append(say("sweeps.years_last", count=len(years)))
            years = years[-1:]
        for _, k in years:
            lines += _said(ds.isel(outcome=k), most)
    return "\n".join(lines)


def _said(one: xr.Dataset, most: int) -> list[str]:
    """Lines on one outcome."""
    lines = [say("sweeps.outcome", outcome=one["outcome"].item())]
    if "box_low" in one and one["outcome_kind"].item() == "met":
        language = terminal_language.get()
        said = (str(sentence) for sentence in one[f"sentence_{language}"].values)
        lines += [f"  {sentence}" for sentence in said if sentence]
    return lines + [f"  {line}" for line in _largest(one, most)]


def _series(ds: xr.Dataset) -> dict[tuple[str, str, str], list[tuple[int, int]]]:
    """Years and places of the outcomes by region, indicator and kind."""
    series: dict[tuple[str, str, str], list[tuple[int, int]]] = {}
    for k in range(ds.sizes["outcome"]):
        region, indicator, kind = (
            str(ds[f"outcome_{what}"].values[k]) for what in ("region", "indicator", "kind")
        )
        series.setdefault((region, indicator, kind), []).append(
            (int(ds["outcome_year"].values[k]), k)
        )
    return series


def _largest(one: xr.Dataset, most: int) -> list[str]:
    """The parameters of the largest effect on an outcome, each with its effect."""
    main = {"sobol": "ST", "morris": "mu_star", "grid": "span", "one_at_a_time": "base"}
    name = main.get(str(one.attrs["method"]))
    if name is None:
        return []
    size: Array = one[name].values
    if name == "base":
        size = np.maximum(np.abs(one["low"].values - size), np.abs(one["high"].values - size))
    if np.isnan(size).all():
        return [say("sweeps.does_not_vary")]
    lines = []
    for j in np.argsort(-size, kind="stable")[:most]:
        parameter = one["parameter"].values[j]
        if name == "base":
            ends = {end: float(one[end].values[j]) for end in ("low", "base", "high")}
            lines.append(say("sweeps.ends", parameter=parameter, **ends))
            continue
        effect = {"parameter": parameter, "index": name, "size": float(size[j])}
        if f"{name}_low" in one:
            ends = {end: float(one[f"{name}_{end}"].values[j]) for end in ("low", "high")}
            lines.append(say("sweeps.effect_within", **effect, **ends))
        else:
            lines.append(say("sweeps.effect", **effect))
    return lines
