"""One run of one scenario: simulate, judge, write. What the command line and Python share."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xarray as xr

from .. import __version__
from ..charts.parallel_drawing import DEFAULT, drawing
from ..computing.output_files import TIDY, Folder, tidy, write_csv, write_netcdf
from ..errors import OutputError
from ..forecast.fit import Atlas, split_decided_by
from ..forecast.posterior_file import Posteriors
from ..inputs.derived_figures import registered_of, registered_people
from ..inputs.region import BASE_YEAR, Region, UrbanDistrict
from ..inputs.scenario import Scenario
from ..inputs.seeds import Seeds
from ..inputs.units import persons_per
from ..judging.verdicts import COLUMNS, Judge, Verdict, is_conditional
from ..levers import LEVERS
from ..simulation.datasets import Summaries, ages_dataset, draws_dataset
from ..simulation.ensemble import Ensemble
from ..simulation.projector import EXACT_BYTES, blocks, bytes_needed, regions_of, simulate
from ..texts import say
from ..variables import COORDINATES, DECIDED_BY
from . import ledger

if TYPE_CHECKING:
    from ..charts.parallel_drawing import Draw

Progress = Callable[[str], None]
Result = tuple[Ensemble | None, xr.Dataset, list[Verdict], ledger.Account]


def provenance_of(scenario: Scenario, seeds: Seeds, posteriors: Posteriors) -> dict[str, Any]:
    """What made a result: version, hashes, seed, draws and citations; no clock and no paths."""
    return {
        "simmodel_version": __version__,
        "scenario_sha256": scenario.sha256,
        "seeds_sha256": seeds.sha256,
        "posterior_sha256": posteriors.sha256,
        "random_seed": scenario.ensemble.seed,
        "draws": scenario.ensemble.draws,
        "citations": sorted(sources_used(scenario, seeds)),
    }


def sources_used(scenario: Scenario, seeds: Seeds) -> set[str]:
    """Ids of the sources whose figures a scenario's results rest on."""
    atlas_regions = seeds.regions
    ids: set[str] = {item.source for item in scenario.sources}
    wanted = {"china"}
    for region_id in scenario.regions:
        wanted |= {region_id, *seeds.tree.descendants(region_id), *seeds.tree.ancestors(region_id)}
    for region_id in wanted & set(atlas_regions):
        ids |= set(_sources_in(atlas_regions[region_id].model_dump(mode="json")))
    return ids & set(seeds.sources)


def _sources_in(node: object) -> list[str]:
    if isinstance(node, Mapping):
        here = [node["source"]] if isinstance(node.get("source"), str) else []
        return here + [s for value in node.values() for s in _sources_in(value)]
    if isinstance(node, (list, tuple)):
        return [s for value in node for s in _sources_in(value)]
    return []


def run_scenario(
    scenario: Scenario,
    seeds: Seeds,
    atlas: Atlas,
    posteriors: Posteriors,
    *,
    progress: Progress = lambda _: None,
) -> Result:
    """Simulate and judge one scenario.

    Returns
    -------
    Ensemble or None
        Every draw, where they fit into memory.
    xarray.Dataset
        Its quantiles and means.
    list of Verdict
    ledger.Account
        How its urban growth spreads.
    """
    exact = keeps_all_draws(scenario, atlas)
    summaries, judge = Summaries(exact=exact), Judge(scenario, atlas, exact=exact)
    book = ledger.Ledger(scenario, atlas, exact=exact)
    whole = None
    if exact:
        whole = simulate(scenario, atlas, posteriors.by_region, progress=progress)
        summaries.add(whole)
        judge.add(whole)
        book.add(whole)
    else:
        for part in blocks(scenario, atlas, posteriors.by_region, progress=progress):
            summaries.add(part)
            judge.add(part)
            book.add(part)
    made_by = attributes(provenance_of(scenario, seeds, posteriors))
    dataset = summaries.to_dataset(scenario, atlas, made_by)
    decided = [
        split_decided_by(atlas, posteriors.by_region, i) for i in regions_of(scenario, atlas)
    ]
    dataset = dataset.assign_coords({DECIDED_BY: ("region", decided, COORDINATES[DECIDED_BY])})
    return whole, dataset, judge.verdicts(), book.account()


def keeps_all_draws(scenario: Scenario, atlas: Atlas) -> bool:
    """Whether all draws of a scenario fit into memory, so that quantiles are exact."""
    return bytes_needed(scenario, atlas) <= EXACT_BYTES


def check_draws(scenario: Scenario, atlas: Atlas) -> None:
    """Refuse, before any work, to keep more draws than fit into memory."""
    if not keeps_all_draws(scenario, atlas):
        draws = scenario.ensemble.draws
        most = draws * EXACT_BYTES // bytes_needed(scenario, atlas)
        raise OutputError(
            say("terminal.keep_draws", scenario=scenario.scenario, most=most, found=draws)
        )


def attributes(provenance: Mapping[str, Any]) -> dict[str, str]:
    """Provenance as attributes of a netCDF file, which knows no list and no large number."""
    return {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in provenance.items()
    }


def will_compile() -> bool:
    """Whether the kernel has never been compiled on this machine, so that the first run waits."""
    from ..kernel.projection import _project

    cache = getattr(_project, "_cache", None)
    index = getattr(getattr(cache, "_cache_file", None), "_index_path", None)
    return index is not None and not Path(index).exists()


def observation_marks(scenario: Scenario, atlas: Atlas) -> list[dict[str, object]]:
    """Observed rates (percent) and urban populations (persons) of a scenario's regions.

    The same of registered people, each under an indicator of its own.
    """
    marks: list[dict[str, object]] = []
    for region_id in regions_of(scenario, atlas):
        region = atlas.regions[region_id]
        for census in (region.baseline.census, *(h.census for h in region.history)):
            for indicator, value in (
                ("urbanization_rate", 100.0 * census.urban / census.total),
                ("urban_population", float(census.urban)),
            ):
                marks.append(_mark(region_id, indicator, census.year, value, "census", None))
        for o in region.observations:
            if o.indicator in ("urbanization_rate", "urban_population") and o.year != BASE_YEAR:
                scale = persons_per(o.unit)
                marks.append(
                    _mark(region_id, o.indicator, o.year, o.value * scale, o.vintage, o.comparison)
                )
        marks += _registered_marks(region)
    return marks


def _registered_marks(region: Region) -> list[dict[str, object]]:
    """Urban registered people, and their share where all registered of the year are known."""
    everybody = registered_people(region, "registered_population")
    name, rate = "registered_urban_population", "registered_urban_rate"
    marks = []
    for year, (urban, _) in registered_people(region, name).items():
        marks.append(_mark(region.id, name, year, urban, None, None))
        if year in everybody:
            share = 100.0 * urban / everybody[year][0]
            marks.append(_mark(region.id, rate, year, share, None, None))
    return marks


def _mark(
    region: str,
    indicator: str,
    year: int,
    value: float,
    vintage: str | None,
    comparison: str | None,
) -> dict[str, object]:
    return {
        "region": region,
        "indicator": indicator,
        "year": year,
        "value": value,
        "vintage": vintage,
        "comparison": comparison,
    }


def notices(scenario: Scenario, seeds: Seeds, atlas: Atlas) -> list[str]:
    """Say what a scenario sets that moves nobody, or not as far as one may think."""
    said = []
    for name in scenario.programmes:
        owner = seeds.programmes()[name][0]
        near = {owner, *seeds.tree.ancestors(owner), *seeds.tree.descendants(owner)}
        if not near & set(scenario.regions):
            said.append(
                say(
                    "terminal.idle_programme",
                    scenario=scenario.scenario,
                    programme=name,
                    owner=owner,
                )
            )
    if idle := idle_lever(scenario, atlas):
        said.append(idle)
    for name in scenario.levers.by_region:
        above = seeds.regions[name].parent
        if above is not None and atlas.is_whole(above):
            said.append(
                say("terminal.within_parent", scenario=scenario.scenario, region=name, parent=above)
            )
    return said


def idle_lever(scenario: Scenario, atlas: Atlas) -> str | None:
    """Say that a lever on registered people is set where no region has the figures for it."""
    own = scenario.levers.by_region.values()
    idle = [
        name
        for name, lever in LEVERS.items()
        if lever.needs_registered
        and any(
            value not in (None, lever.neutral)
            for value in (scenario.levers.set_to(name), *(those.set_to(name) for those in own))
        )
    ]
    regions = regions_of(scenario, atlas)
    if not idle or any(registered_of(atlas.regions[i], atlas.span) is not None for i in regions):
        return None
    levers = ", ".join(idle)
    return say("terminal.idle_lever", scenario=scenario.scenario, levers=levers, year=BASE_YEAR)


def write_run(
    folder_path: Path,
    scenario: Scenario,
    seeds: Seeds,
    atlas: Atlas,
    posteriors: Posteriors,
    results: Result,
    *,
    keep_draws: bool,
    formats: Sequence[str] = (DEFAULT,),
    workers: int | None = None,
) -> None:
    """Write one scenario's results to its folder, whole or not at all.

    Parameters
    ----------
    folder_path : pathlib.Path
        As `output_files.check_writable` returned it.
    scenario : Scenario
    seeds : Seeds
    atlas : Atlas
    posteriors : Posteriors
    results : Result
        Of `run_scenario`.
    keep_draws : bool
        Whether to write every draw too.
    formats : sequence of {"png", "svg", "pdf"}
        Of the pictures; none are drawn where it is empty.
    workers : int, optional
        Processes that draw; as many as there are cores unless given.
    """
    ensemble, dataset, verdicts, account = results
    provenance = provenance_of(scenario, seeds, posteriors)
    ages = ages_dataset(dataset, scenario, atlas, posteriors.by_region, scenario.regions)
    with Folder(folder_path) as folder:
        charts = _charts(scenario, seeds, atlas, dataset, ages, verdicts) if formats else {}
        with drawing(folder.path, charts, formats, workers):
            write_netcdf(dataset, folder.path / "projection.nc")
            write_csv(folder.path / "projection.csv", TIDY, tidy(dataset))
            write_csv(folder.path / "verdicts.csv", COLUMNS, [v.row() for v in verdicts])
            write_csv(folder.path / "ledger.csv", ledger.COLUMNS, ledger.rows(dataset, account))
            if keep_draws and ensemble is not None:
                draws = draws_dataset(ensemble, scenario, atlas, attributes(provenance))
                write_netcdf(draws, folder.path / "draws.nc")
            write_netcdf(ages, folder.path / "ages.nc")
        folder.write_run(scenario.resolved(), provenance)


def _charts(
    scenario: Scenario,
    seeds: Seeds,
    atlas: Atlas,
    dataset: xr.Dataset,
    ages: xr.Dataset,
    verdicts: Sequence[Verdict],
) -> dict[str, Draw]:
    """Return what draws each chart of a run, by the name of its file without suffix."""
    from ..charts import figures

    rows = [v.row() for v in verdicts]
    marks, cited = observation_marks(scenario, atlas), printed_sources(seeds)
    charts: dict[str, Draw] = {}
    for region_id in scenario.regions:
        stem = region_id.replace(".", "_")
        known = (dataset, region_id, marks, rows, cited)
        charts[f"fan_{stem}"] = partial(figures.fan, *known)
        if any(r["region"] == region_id and r["indicator"] == "urban_population" for r in rows):
            charts[f"urban_population_{stem}"] = partial(figures.urban_population_fan, *known)
        charts[f"pyramid_{stem}"] = partial(figures.pyramid, ages, region_id)
        charts[f"ledger_{stem}"] = partial(figures.ledger, dataset, region_id)
        charts[f"waterfall_{stem}"] = partial(figures.waterfall, dataset, region_id)
    for region_id in figures.registered_regions(dataset):
        stem = region_id.replace(".", "_")
        charts[f"registered_{stem}"] = partial(figures.registered, dataset, region_id, marks)
    titles = {scenario.scenario: f"{scenario.title.zh}\n{scenario.title.en}"}
    charts["verdicts"] = partial(figures.matrix, rows, place_names(seeds), titles)
    return charts


# Beside the folders of the scenarios, whose names start with a letter.
COMPARED = "_compared"


def write_comparison(
    folder_path: Path,
    seeds: Seeds,
    atlas: Atlas,
    results: Sequence[tuple[Scenario, xr.Dataset, Sequence[Verdict], ledger.Account]],
    formats: Sequence[str] = (DEFAULT,),
    workers: int | None = None,
) -> None:
    """Write what several scenarios say side by side, and where each differs from the first.

    Parameters
    ----------
    folder_path : pathlib.Path
        As `output_files.check_writable` returned it.
    seeds : Seeds
    atlas : Atlas
    results : sequence of tuple
        Of each scenario: itself, and what `run_scenario` returned without the draws.
    formats, workers
        As in `write_run`.
    """
    results = sorted(results, key=lambda item: is_conditional(item[0]))
    rows = [v.row() for _, _, verdicts, _ in results for v in verdicts]
    first, *others = ((s, dataset, account) for s, dataset, _, account in results)
    differences = [row for other in others for row in ledger.difference_rows(first, other)]
    with Folder(folder_path) as folder:
        charts = _comparison_charts(seeds, atlas, results) if formats else {}
        with drawing(folder.path, charts, formats, workers):
            write_csv(folder.path / "verdicts.csv", COLUMNS, rows)
            write_csv(folder.path / "ledger_difference.csv", ledger.DIFFERENCE_COLUMNS, differences)
        names = [scenario.scenario for scenario, *_ in results]
        folder.write_run({"scenarios": names}, {"simmodel_version": __version__})


def _comparison_charts(
    seeds: Seeds,
    atlas: Atlas,
    results: Sequence[tuple[Scenario, xr.Dataset, Sequence[Verdict], ledger.Account]],
) -> dict[str, Draw]:
    """Return what draws each chart of a comparison, by the name of its file without suffix."""
    from ..charts import figures

    rows = [v.row() for _, _, verdicts, _ in results for v in verdicts]
    titles = {s.scenario: f"{s.title.zh}\n{s.title.en}" for s, *_ in results}
    datasets = {s.scenario: dataset for s, dataset, *_ in results}
    marks = observation_marks(results[0][0], atlas)
    (first, reference, *_), *others = results
    charts: dict[str, Draw] = {
        "verdicts": partial(figures.matrix, rows, place_names(seeds), titles)
    }
    for region_id in first.regions:
        if any(region_id not in scenario.regions for scenario, *_ in others):
            continue
        stem = region_id.replace(".", "_")
        charts[f"compare_{stem}"] = partial(figures.compare, datasets, region_id, rows, marks)
        for scenario, dataset, *_ in others:
            differing = partial(figures.waterfall_difference, reference, dataset, region_id)
            charts[f"waterfall_{scenario.scenario}_{stem}"] = differing
    return charts


def printed_sources(seeds: Seeds) -> dict[str, str]:
    """Title of every source as it is printed, and its number where it has one."""
    return {
        name: " ".join(filter(None, (source.title.zh, source.number)))
        for name, source in seeds.sources.items()
    }


def place_names(seeds: Seeds) -> dict[str, str]:
    """Chinese and English name of every region and urban district."""
    places: list[Region | UrbanDistrict] = [*seeds.regions.values()]
    places += [district for _, district in seeds.districts().values()]
    return {place.id: f"{place.names.zh} {place.names.en}" for place in places}
