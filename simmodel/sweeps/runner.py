"""A sweep from its file to its results: lay out the runs, compute them, say what matters."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.special import ndtri

from ..charts.labels import BoxLimit, box_sentence
from ..charts.pictures import DEFAULT, drawing
from ..computing.checkpoints import Store
from ..computing.output_files import Folder, write_csv, write_netcdf, write_zarr
from ..computing.parallel import Task, run_tasks
from ..errors import OutputError, ScenarioError
from ..forecast.fit import Atlas, pace_noise
from ..forecast.parameters import NAMES, PARAMETERS, natural
from ..forecast.posterior_file import Posteriors
from ..forecast.uncertainty import factor_quantiles
from ..inputs.region import BASE_YEAR
from ..inputs.scenario import Scenario
from ..inputs.seeds import Seeds
from ..results.run import attributes, provenance_of
from ..simulation.projector import EXACT_BYTES, on_its_scale
from ..texts import bilingual
from ..variables import DISTRICT, FLOWS, STOCKS
from . import sensitivity
from .batch import evaluate, families, work_of
from .designs import Design, Dimension, sample
from .prim import discover
from .sweep_file import Place, SweepFile, Swept

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

# Points by which the distribution of an uncertain quantity is told.
POSTERIOR_POINTS: Final = 1000
# Columns of the kernel in a block: a second's work or less, so that an interrupt costs little.
BLOCK_COLUMNS: Final = 16_384
# Years of one indicator from which indices are drawn over time, and only the last by themselves.
LEAST_YEARS_OVER_TIME: Final = 4
MOST_CHARTS: Final = 60
# Runs read at a time where the outcomes do not fit into memory.
ROWS: Final = 8192

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
INTERVAL_WORDS: Final = "95 % percentile bootstrap, {} resamples"


@dataclass(frozen=True)
class Part:
    """Outcomes that are computed together.

    Attributes
    ----------
    name : str
        Of its blocks.
    outcomes : tuple of int
        Places among all outcomes.
    work : object
        First argument of the function; it can be pickled.
    runs : int
        In a block.
    """

    name: str
    outcomes: tuple[int, ...]
    work: Any
    runs: int


@dataclass(frozen=True)
class Study:
    """What varies, how the runs are laid out, and what computes them: of any model.

    Attributes
    ----------
    dimensions : tuple of Dimension
    method : str
        One of `designs.METHODS`.
    size, seed, resamples : int
    second_order : bool
    function : callable
        (work, values (run, parameter)) to outcomes (run, outcome of the part); at a module's top.
    parts : tuple of Part
    met : tuple of bool
        Of each outcome: whether it is a target met or not (0 or 1, or a share), rather than a
        value.
    base : tuple of float, optional
        What one-at-a-time starts from.
    """

    dimensions: tuple[Dimension, ...]
    method: str
    size: int
    seed: int
    resamples: int
    second_order: bool
    function: Callable[[Any, Array], Array]
    parts: tuple[Part, ...]
    met: tuple[bool, ...]
    base: tuple[float, ...] | None = None

    def design(self) -> Design:
        """Lay out the runs."""
        return sample(
            self.method, self.size, self.dimensions, self.seed, self.second_order, self.base
        )


def compute(
    study: Study,
    design: Design,
    *,
    store: Store | None = None,
    workers: int = 0,
    cluster: str | None = None,
    report: Callable[[int, int], None] = lambda done, total: None,
    say: Callable[[str], None] = lambda text: None,
    room: Path | None = None,
) -> Array:
    """Compute every run of a design.

    Parameters
    ----------
    study : Study
    design : Design
    store, workers, cluster, report, say
        As in `parallel.run_tasks`.
    room : pathlib.Path, optional
        Where the outcomes lie while they are worked on, if they do not fit into memory.

    Returns
    -------
    ndarray, shape (run, outcome)
        The runs of one outcome lie side by side.
    """
    shape = len(study.met), design.values.shape[0]
    if room is None:
        values: Array = np.empty(shape)
    else:
        values = np.lib.format.open_memmap(room, mode="w+", dtype=np.float64, shape=shape)
    places, tasks = {}, []
    for part in study.parts:
        for number, start in enumerate(range(0, shape[1], part.runs)):
            key = f"{part.name}/{number:06d}"
            runs = slice(start, min(start + part.runs, shape[1]))
            places[key] = (list(part.outcomes), runs)
            tasks.append(Task(key, (part.work, design.values[runs])))
    for key, block in run_tasks(
        study.function,
        tasks,
        store=store,
        workers=workers,
        cluster=cluster,
        report=report,
        say=say,
    ):
        outcomes, runs = places[key]
        values[outcomes, runs] = block.T
    return values.T


# Dimensions of what an analysis finds, by name, where they are not outcome by parameter.
_PAIRS: Final = ("outcome", "parameter", "parameter_2")
_BOXES: Final = ("box", "outcome", "parameter")
DIMENSIONS: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(("S2", "S2_low", "S2_high"), _PAIRS),
    **dict.fromkeys(("box_low", "box_high", "box_p_low", "box_p_high"), _BOXES),
    **dict.fromkeys(("density", "coverage", "mass"), ("box", "outcome")),
    **dict.fromkeys(("low_at", "high_at"), ("parameter",)),
}


def analyse(study: Study, design: Design, values: Array) -> dict[str, xr.DataArray]:
    """Indices of all outcomes.

    Parameters
    ----------
    study : Study
    design : Design
    values : ndarray, shape (run, outcome)

    Returns
    -------
    dict of str to DataArray
        By outcome and parameter, or as `DIMENSIONS` says; missing where an outcome has no such
        index.
    """
    # As many outcomes together as leave room for the products of the estimators.
    together = max(1, EXACT_BYTES // 16 // max(1, 8 * values.shape[0]))
    groups = [
        _indices(study, design, np.ascontiguousarray(values[:, start : start + together]))
        for start in range(0, values.shape[1], together)
    ]
    found = {
        name: _array(name, np.concatenate([group[name] for group in groups]))
        for name in (groups[0] if groups else {})
    }
    targets = np.flatnonzero(study.met)
    if study.method == "one_at_a_time":
        ends = np.array([dimension.ends for dimension in study.dimensions])
        found |= {"low_at": _array("low_at", ends[:, 0]), "high_at": _array("high_at", ends[:, 1])}
    if study.method in ("sobol", "discovery") and targets.size:
        rows = _independent(study, design)
        met = np.ascontiguousarray(values[rows][:, targets])
        given = sensitivity.importance(design.values[rows], met, study.resamples, study.seed)
        found |= {n: _array(n, _spread(v, targets, len(study.met), 0)) for n, v in given.items()}
    if study.method == "discovery" and targets.size:
        boxes = discover(design.values, values[:, targets])
        found |= {n: _array(n, _spread(v, targets, len(study.met), 1)) for n, v in boxes.items()}
    return found


def _indices(study: Study, design: Design, values: Array) -> dict[str, Array]:
    """Indices of some outcomes, each with outcomes on its first axis."""
    count = len(study.dimensions)
    if study.method == "sobol":
        return sensitivity.sobol(values, count, study.second_order, study.resamples, study.seed)
    if study.method == "morris":
        assert design.steps is not None
        return sensitivity.morris(values, design.steps, study.resamples, study.seed)
    if study.method == "one_at_a_time":
        return sensitivity.one_at_a_time(values)
    if study.method == "grid":
        return {"span": _span(design.values, values)}
    return {}


def _span(design: Array, values: Array) -> Array:
    """Largest less smallest mean of the outcomes at the levels of each parameter of a grid."""
    spans = []
    for column in design.T:
        levels = [values[column == level].mean(axis=0) for level in np.unique(column)]
        spans.append(np.ptp(levels, axis=0))
    return np.stack(spans, axis=1)


def _independent(study: Study, design: Design) -> NDArray[np.intp]:
    """Runs that are independent of each other: of a Sobol' design those of its two samples."""
    runs = np.arange(design.values.shape[0])
    if study.method != "sobol":
        return runs
    block = (2 if study.second_order else 1) * len(study.dimensions) + 2
    return np.flatnonzero((runs % block == 0) | (runs % block == block - 1))


def _spread(some: Array, places: NDArray[np.intp], count: int, axis: int) -> Array:
    """Values of some outcomes among all, the others missing."""
    shape = list(some.shape)
    shape[axis] = count
    found = np.full(shape, np.nan)
    found[(slice(None),) * axis + (places,)] = some
    return found


def _array(name: str, values: Array) -> xr.DataArray:
    return xr.DataArray(values, dims=DIMENSIONS.get(name, ("outcome", "parameter")))


# From a sweep file to a study.


def study_of(file: SweepFile, atlas: Atlas, posteriors: Posteriors) -> Study:
    """Gather what a sweep needs to be computed.

    Raises
    ------
    ScenarioError
        If a range leaves what a region can have.
    """
    places = [one.place for one in file.parameters]
    last = max(outcome.year for outcome in file.outcomes)
    normals = posteriors.by_region
    parts = []
    for regions, own in families(file.outcomes, atlas):
        work = work_of(
            file.scenario,
            atlas,
            normals,
            places,
            [file.outcomes[i] for i in own],
            regions,
            file.draws,
        )
        runs = max(1, BLOCK_COLUMNS // (work.draws * work.runs_together)) * work.runs_together
        parts.append(Part(regions[0], tuple(own), work, runs))
    return Study(
        dimensions=tuple(
            dimension_of(one, file.scenario, last - BASE_YEAR, atlas, posteriors)
            for one in file.parameters
        ),
        method=file.method,
        size=file.size,
        seed=file.seed,
        resamples=file.resamples,
        second_order=file.second_order,
        function=evaluate,
        parts=tuple(parts),
        met=tuple(outcome.met for outcome in file.outcomes),
        base=tuple(base_of(p, file.scenario, atlas, posteriors) for p in places),
    )


def dimension_of(
    swept: Swept, scenario: Scenario, years: int, atlas: Atlas, posteriors: Posteriors
) -> Dimension:
    """Values that a parameter takes; without a dimension of its own, as its posterior has them.

    Parameters
    ----------
    swept : Swept
    scenario : Scenario
    years : int
        After the base, to the last outcome: a pace has the distribution of its mean over them.
    atlas : Atlas
    posteriors : Posteriors

    Raises
    ------
    ScenarioError
        If a range leaves what the region can have, or nothing is uncertain in these years.
    """
    region, name = str(swept.place.region), swept.place.name
    estimated = swept.place.kind == "parameter" and name in NAMES
    if swept.dimension is not None:
        if estimated:
            on_its_scale(atlas.inputs(region), name, np.array(swept.dimension.ends))
        return swept.dimension
    shares = (np.arange(POSTERIOR_POINTS) + 0.5) / POSTERIOR_POINTS
    if estimated:
        normal, at = posteriors.by_region[region], NAMES.index(name)
        theta = np.zeros((len(NAMES), shares.size))
        theta[at] = normal.mean[at] + normal.spread[at] * ndtri(shares)
        values = natural(theta, atlas.inputs(region).bound)[name]
    else:
        noise = pace_noise(atlas, region, scenario.horizon - BASE_YEAR).first(years)
        if not noise.unknown.any():
            raise ScenarioError(
                f"{swept.path}: figures of {region} tell its pace up to {BASE_YEAR + years}; "
                "allowed with an outcome of a later year"
            )
        values = factor_quantiles(name, noise, shares)
    return Dimension(swept.path, distribution="table", quantiles=tuple(values.tolist()))


def base_of(place: Place, scenario: Scenario, atlas: Atlas, posteriors: Posteriors) -> float:
    """Value that a parameter has in the scenario; of an uncertain quantity, its median."""
    if place.kind == "programme":
        return float(place.name in scenario.programmes)
    if place.kind == "lever":
        ancestry = () if place.region is None else atlas.tree.lineage(place.region)
        year = scenario.horizon if place.year is None else place.year
        return scenario.lever_at(place.name, ancestry, year)
    region = str(place.region)
    fixed = scenario.parameters.get(region, {}).get(place.name)
    if fixed is not None:
        return fixed
    if place.name not in NAMES:
        return 1.0
    mean = posteriors.by_region[region].mean[:, None]
    return float(natural(mean, atlas.inputs(region).bound)[place.name][0])


def fingerprint(file: SweepFile, seeds: Seeds, posteriors: Posteriors) -> str:
    """Everything asked for that decides the bits of a block, as a hash."""
    resolved = file.resolved()
    kept = ("parameters", "outcomes", "design", "ensemble")
    parts = [
        {key: resolved[key] for key in kept},
        file.scenario.sha256,
        seeds.sha256,
        posteriors.sha256,
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


# Words and labels.


def parameter_words(place: Place, seeds: Seeds) -> tuple[str, str]:
    """What a parameter is called, in English and Chinese."""
    if place.kind == "programme":
        names = seeds.programmes()[place.name][1].names
        return names.en, names.zh
    section = "levers" if place.kind == "lever" else "quantities"
    en, zh = bilingual(f"{section}.{place.name}")
    if place.year is not None:
        en, zh = f"{en} in {place.year}", f"{place.year}年{zh}"
    if place.region is not None:
        names = seeds.regions[place.region].names
        en, zh = f"{names.en}: {en}", f"{names.zh}：{zh}"
    return en, zh


def parameter_units(place: Place) -> str:
    """Units of the values that a parameter takes."""
    if place.kind == "parameter" and place.name in NAMES:
        return PARAMETERS[NAMES.index(place.name)].units
    return "years" if place.name == "life_expectancy" else "ratio"


def place_names(region: str, seeds: Seeds) -> tuple[str, str]:
    """Name of a region or urban district in English and Chinese."""
    districts = seeds.districts()
    names = districts[region][1].names if region in districts else seeds.regions[region].names
    return names.en, names.zh


def dataset(
    file: SweepFile,
    study: Study,
    design: Design,
    values: Array,
    seeds: Seeds,
    provenance: Mapping[str, str],
) -> xr.Dataset:
    """Label a sweep: its design, its outcomes, its indices and what they mean."""
    found = analyse(study, design, values)
    words = [parameter_words(one.place, seeds) for one in file.parameters]
    named = [place_names(outcome.region, seeds) for outcome in file.outcomes]
    units = {v.name: v.units for v in (*STOCKS, *FLOWS, DISTRICT)}
    outcomes, names = file.outcomes, [one.path for one in file.parameters]
    coordinates: dict[str, tuple[str, Any]] = {
        "parameter": ("parameter", names),
        "parameter_en": ("parameter", [en for en, _ in words]),
        "parameter_zh": ("parameter", [zh for _, zh in words]),
        "parameter_units": ("parameter", [parameter_units(one.place) for one in file.parameters]),
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
            "ensemble": "median parameters"
            if file.draws is None
            else f"mean of {file.draws} draws",
            "interval": INTERVAL_WORDS.format(file.resamples),
            **provenance,
        },
    )
    return _with_sentences(ds) if "box_low" in ds else ds


def _with_sentences(ds: xr.Dataset) -> xr.Dataset:
    """Add what each box says, in English and Chinese; nothing where there is no box."""
    said = np.full((2, ds.sizes["box"], ds.sizes["outcome"]), "", dtype=object)
    for k in range(ds.sizes["outcome"]):
        one = ds.isel(outcome=k)
        en, zh = bilingual(f"indicators.{one['outcome_indicator'].item()}")
        year = int(one["outcome_year"].item())
        aim = (
            f"{one['place_en'].item()}'s {en} target for {year}",
            f"{one['place_zh'].item()}{year}年{zh}目标",
        )
        for i in range(ds.sizes["box"]):
            box = one.isel(box=i)
            if np.isfinite(box["density"].item()):
                density, coverage = float(box["density"].item()), float(box["coverage"].item())
                limits = _limits(box)
                said[:, i, k] = box_sentence(aim, limits, density, coverage, i > 0)
    texts = {
        f"sentence_{language}": (("box", "outcome"), said[i].astype(str))
        for i, language in enumerate(("en", "zh"))
    }
    return ds.assign(texts)


def _limits(box: xr.Dataset) -> list[BoxLimit]:
    """Limits of a box in the order of the parameters."""
    limits = []
    for j, name in enumerate(box["parameter"].values):
        low, high = float(box["box_low"][j]), float(box["box_high"][j])
        ends = [None if np.isnan(end) else end for end in (low, high)]
        if any(end is not None for end in ends):
            en, zh = (str(box[f"parameter_{language}"].values[j]) for language in ("en", "zh"))
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


def run_sweep(
    file: SweepFile,
    seeds: Seeds,
    atlas: Atlas,
    posteriors: Posteriors,
    folder: Path,
    *,
    workers: int = 0,
    cluster: str | None = None,
    formats: Sequence[str] = (DEFAULT,),
    report: Callable[[int, int], None] = lambda done, total: None,
    say: Callable[[str], None] = lambda text: None,
) -> xr.Dataset:
    """Compute a sweep and write its results.

    Parameters
    ----------
    file : SweepFile
    seeds : Seeds
    atlas : Atlas
    posteriors : Posteriors
    folder : pathlib.Path
        Of the results, as `output_files.check_writable` returned it. Finished blocks lie beside it
        until all is written.
    workers, cluster, report, say
        As in `parallel.run_tasks`; the charts are drawn by as many local processes.
    formats : sequence of {"png", "svg", "pdf"}
        Of the charts; none are drawn where it is empty.

    Returns
    -------
    Dataset
        As written.
    """
    study = study_of(file, atlas, posteriors)
    design = study.design()
    stamp = fingerprint(file, seeds, posteriors)
    with Store.open(folder.parent / f".{folder.name}.parts", stamp) as store:
        if (note := store.note()) is not None:
            say(note)
        fits = 8 * design.values.shape[0] * len(file.outcomes) <= EXACT_BYTES
        values = compute(
            study,
            design,
            store=store,
            workers=workers,
            cluster=cluster,
            report=report,
            say=say,
            room=None if fits else store.folder / "values.npy",
        )
        provenance = _provenance(file, seeds, posteriors)
        ds = dataset(file, study, design, values, seeds, attributes(provenance))
        try:
            _write(
                folder,
                file,
                ds,
                provenance,
                fits=fits,
                say=say,
                formats=formats,
                workers=workers,
            )
        except OSError as error:
            reason = error.strerror or str(error)
            raise OutputError(
                f"{folder}: cannot be written ({reason}); finished blocks are kept: the same "
                "command goes on from there"
            ) from None
    return ds


def _write(
    folder: Path,
    file: SweepFile,
    ds: xr.Dataset,
    provenance: Mapping[str, Any],
    *,
    fits: bool,
    say: Callable[[str], None],
    formats: Sequence[str],
    workers: int,
) -> None:
    """Write all results of a sweep, whole or not at all."""
    charts = _charts(ds, say) if formats else {}
    with Folder(folder) as out:
        with drawing(out.path, charts, formats, workers):
            if fits:
                write_netcdf(ds, out.path / "sweep.nc")
            else:
                runs = ds["values"].values
                parts = (runs[i : i + ROWS] for i in range(0, len(runs), ROWS))
                rest = ds.drop_vars("values")
                write_zarr(out.path / "sweep.zarr", rest, "values", parts, ds["values"].attrs)
            write_csv(out.path / "indices.csv", COLUMNS, index_rows(ds))
        out.write_run(file.resolved(), provenance)


def _provenance(file: SweepFile, seeds: Seeds, posteriors: Posteriors) -> dict[str, Any]:
    """What made a sweep; the draws are those that a run is averaged over."""
    text = json.dumps(file.resolved(), ensure_ascii=False, sort_keys=True)
    of_scenario = provenance_of(file.scenario, seeds, posteriors)
    return of_scenario | {
        "sweep_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "draws": 1 if file.draws is None else file.draws,
    }


def _charts(ds: xr.Dataset, say: Callable[[str], None]) -> dict[str, Callable[[], Figure]]:
    """Return the charts of a sweep, up to a number that somebody may still look at."""
    wanted = list(figures(ds))
    if len(wanted) > MOST_CHARTS:
        say(f"draws the first {MOST_CHARTS} of {len(wanted)} charts; all indices in indices.csv")
    return dict(wanted[:MOST_CHARTS])


def summary(ds: xr.Dataset, most: int = 3) -> str:
    """What a sweep found, in a few lines for each outcome."""
    lines = [f"{ds.attrs['sweep']}: {ds.attrs['runs']:,} runs at {ds.attrs['ensemble']}"]
    for found in _series(ds).values():
        years = sorted(found)
        if len(years) >= LEAST_YEARS_OVER_TIME:
            lines.append(f"{len(years)} years, of which the last:")
            years = years[-1:]
        for _, k in years:
            lines += _said(ds.isel(outcome=k), most)
    return "\n".join(lines)


def _said(one: xr.Dataset, most: int) -> list[str]:
    """Lines on one outcome."""
    lines = [f"{one['outcome'].item()}:"]
    if "box_low" in one and one["outcome_kind"].item() == "met":
        said = (str(sentence) for sentence in one["sentence_en"].values)
        lines += [f"  {sentence}" for sentence in said if sentence]
    return lines + [f"  {text}" for text in _largest(one, most)]


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
        return ["does not vary"]
    lines = []
    for j in np.argsort(-size, kind="stable")[:most]:
        said = f"{name} {size[j]:.3g}"
        if name == "base":
            ends = [float(one[end].values[j]) for end in ("low", "base", "high")]
            said = "{0:.4g} to {2:.4g}, base {1:.4g}".format(*ends)
        elif f"{name}_low" in one:
            low, high = (float(one[f"{name}_{end}"].values[j]) for end in ("low", "high"))
            said += f" ({low:.3g} to {high:.3g})"
        lines.append(f"{one['parameter'].values[j]}: {said}")
    return lines
