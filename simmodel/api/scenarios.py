"""Run scenarios and sweeps of them; what they return."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import xarray as xr

from ..charts.parallel_drawing import DEFAULT, formats_of
from ..computing.output_files import check_writable
from ..computing.progress import Reporter
from ..errors import bounded
from ..inputs.arguments import (
    PathLike,
    file_of,
    path_of,
    refused,
    whole_of,
)
from ..inputs.scenario import Scenario
from ..judging.verdicts import COLUMNS
from ..results import ledger as ledgers
from ..results.dataset_metadata import attach, verdicts_of
from ..results.run import (
    attributes,
    check_draws,
    observation_marks,
    place_names,
    printed_sources,
    provenance_of,
)
from ..simulation.datasets import ages_dataset, draws_dataset
from ..simulation.projector import simulate as all_draws
from ..sweeps.runner import run_sweep
from ..sweeps.sweep_file import read_sweep
from ..texts import say
from .common import AskedScenario, posteriors_of, workspace_of

if TYPE_CHECKING:
    import pandas as pd


def run(
    scenario: PathLike | Scenario,
    *,
    draws: int | None = None,
    seed: int | None = None,
    set: Mapping[str, object] | None = None,
    seeds: PathLike | None = None,
) -> xr.Dataset:
    """Run a scenario and judge its targets.

    Parameters
    ----------
    scenario : str, path or Scenario
        A scenario file or the ``run.json`` of an earlier run; the name of a shipped scenario, as
        ``"trend"``, where there is no such file; or what `load_scenario` returned.
    draws, seed : int, optional
        Size of the ensemble and random seed, instead of the scenario's.
    set : mapping of str to value, optional
        Values to replace by dotted path, as ``--set`` does: ``{"levers.local_retention": 1.2}``.
    seeds : str or path, optional
        Folder of region files; else ``./seeds``, else the copy inside the package.

    Returns
    -------
    Dataset
        The variables, to the bit, and attributes of the ``projection.nc`` that ``simmodel run``
        writes: (region, year, quantile), and means (region, year); persons, persons a year, and
        shares from 0 to 1. Beside them, as coordinates: ``target_*`` (target), the columns of
        ``verdicts.csv``; ``observation_*`` (observation), what was observed; ``source_title``
        (source). So it can be kept by ``to_netcdf`` and drawn by `simmodel.plot` from there.

    Raises
    ------
    FaultError
        Naming everything that is wrong with the scenario, ``set``, or the files of the seeds.
    SimmodelError
        If there is no such scenario or folder, or a programme moves more people than there are.

    Warns
    -----
    UserWarning
        If regions were calibrated anew, or a setting moves nobody.

    Examples
    --------
    >>> ds = run("trend", draws=50, set={"regions": ["jinchang"], "levers.arrivals": 1.2})
    >>> ds["urbanization_rate"].dims, ds.sizes["year"]
    (('region', 'year', 'quantile'), 16)
    >>> share = ds["urbanization_rate"].sel(region="jinchang", year=2020, quantile=0.5)
    >>> round(float(share), 4)
    0.774
    """
    asked = AskedScenario(scenario, seeds, set, draws, seed)
    _, dataset, verdicts, _ = asked.result()
    found = asked.workspace.seeds
    titles = printed_sources(found)
    cited = {name: titles[name] for name in json.loads(dataset.attrs["citations"])}
    return attach(
        dataset,
        [verdict.row() for verdict in verdicts],
        place_names(found),
        observation_marks(asked.scenario, asked.workspace.atlas),
        cited,
    )


def simulate(
    scenario: PathLike | Scenario,
    *,
    draws: int | None = None,
    seed: int | None = None,
    set: Mapping[str, object] | None = None,
    seeds: PathLike | None = None,
) -> xr.Dataset:
    """Run a scenario and return every draw.

    A draw of one number has the same random numbers in every scenario of that seed, so that runs
    may be subtracted draw by draw.

    Parameters
    ----------
    scenario : str, path or Scenario
        A scenario file or the ``run.json`` of an earlier run; the name of a shipped scenario, as
        ``"trend"``, where there is no such file; or what `load_scenario` returned.
    draws, seed : int, optional
        Size of the ensemble and random seed, instead of the scenario's.
    set : mapping of str to value, optional
        Values to replace by dotted path, as ``--set`` does: ``{"levers.local_retention": 1.2}``.
    seeds : str or path, optional
        Folder of region files; else ``./seeds``, else the copy inside the package.

    Returns
    -------
    Dataset
        ``draws.nc`` of ``simmodel run --keep-draws``: (region, year, draw); persons, persons a
        year, and shares from 0 to 1.

    Raises
    ------
    OutputError
        If the draws would not fit into memory.
    SimmodelError
        As `run`.

    Examples
    --------
    >>> here = {"regions": ["jinchang"]}
    >>> base = simulate("trend", draws=50, set=here)
    >>> more = simulate("trend", draws=50, set={**here, "levers.arrivals": 1.5})
    >>> gain = (more - base)["urban_population"].sel(region="jinchang", year=2035)
    >>> gain.dims, bool((gain > 0).all())
    (('draw',), True)
    """
    asked = AskedScenario(scenario, seeds, set, draws, seed)
    check_draws(asked.scenario, asked.workspace.atlas)
    posteriors = asked.posteriors()
    whole = all_draws(asked.scenario, asked.workspace.atlas, posteriors.by_region)
    made_by = attributes(provenance_of(asked.scenario, asked.workspace.seeds, posteriors))
    return draws_dataset(whole, asked.scenario, asked.workspace.atlas, made_by)


def ages(
    scenario: PathLike | Scenario,
    *,
    draws: int | None = None,
    seed: int | None = None,
    set: Mapping[str, object] | None = None,
    seeds: PathLike | None = None,
) -> xr.Dataset:
    """Run a scenario and return its population by residence, sex and age.

    Parameters
    ----------
    scenario : str, path or Scenario
        A scenario file or the ``run.json`` of an earlier run; the name of a shipped scenario, as
        ``"trend"``, where there is no such file; or what `load_scenario` returned.
    draws, seed : int, optional
        Size of the ensemble and random seed, instead of the scenario's.
    set : mapping of str to value, optional
        Values to replace by dotted path, as ``--set`` does: ``{"levers.local_retention": 1.2}``.
    seeds : str or path, optional
        Folder of region files; else ``./seeds``, else the copy inside the package.

    Returns
    -------
    Dataset
        ``ages.nc`` of ``simmodel run``: ``population`` (region, year, residence, sex, age),
        persons, of the regions that the scenario names, in the base year and at the horizon.

    Raises
    ------
    SimmodelError
        As `run`.

    Examples
    --------
    >>> found = ages("trend", draws=20, set={"regions": ["jinchang"]})
    >>> found["population"].shape
    (1, 2, 2, 2, 101)
    """
    asked = AskedScenario(scenario, seeds, set, draws, seed)
    dataset = asked.result()[1]
    named = asked.scenario.regions
    by_region = asked.posteriors().by_region
    return ages_dataset(dataset, asked.scenario, asked.workspace.atlas, by_region, named)


def ledger_table(
    scenario: PathLike | Scenario,
    *,
    draws: int | None = None,
    seed: int | None = None,
    set: Mapping[str, object] | None = None,
    seeds: PathLike | None = None,
) -> pd.DataFrame:
    """Run a scenario and return what its urban growth comes from, by year and period.

    Parameters
    ----------
    scenario : str, path or Scenario
        A scenario file or the ``run.json`` of an earlier run; the name of a shipped scenario, as
        ``"trend"``, where there is no such file; or what `load_scenario` returned.
    draws, seed : int, optional
        Size of the ensemble and random seed, instead of the scenario's.
    set : mapping of str to value, optional
        Values to replace by dotted path, as ``--set`` does: ``{"levers.local_retention": 1.2}``.
    seeds : str or path, optional
        Folder of region files; else ``./seeds``, else the copy inside the package.

    Returns
    -------
    pandas.DataFrame
        The rows and columns of ``ledger.csv``: persons, and rates in percent.

    Raises
    ------
    SimmodelError
        As `run`.

    Examples
    --------
    >>> table = ledger_table("trend", draws=20, set={"regions": ["jinchang"]})
    >>> whole = table.query("region == 'jinchang' and `from` == 2020 and to == 2035")
    >>> whole["component"].iloc[-1]
    'total'
    """
    import pandas as pd

    _, dataset, _, account = AskedScenario(scenario, seeds, set, draws, seed).result()
    return pd.DataFrame(list(ledgers.rows(dataset, account)), columns=list(ledgers.COLUMNS))


def verdict_table(ds: xr.Dataset) -> pd.DataFrame:
    """Return the verdicts that a Dataset of `run` carries.

    Parameters
    ----------
    ds : Dataset
        Of `run`, or read from netCDF that was written of it.

    Returns
    -------
    pandas.DataFrame
        The rows and columns of ``verdicts.csv``, probability from 0 to 1; what does not exist is
        missing. Without rows where no region has a target.

    Raises
    ------
    SimmodelError
        If the Dataset is of another making.

    Examples
    --------
    >>> table = verdict_table(run("trend", draws=20, set={"regions": ["jinchang"]}))
    >>> table[["indicator", "year", "target", "unit"]].values.tolist()[0]
    ['total_population', 2025, 480000.0, 'persons']
    """
    import pandas as pd

    if not isinstance(ds, xr.Dataset):
        problem, allowed = say("api.is_not_dataset"), say("api.dataset_of_run")
        raise refused("verdict_table", problem, ds, allowed)
    table = pd.DataFrame(verdicts_of(ds), columns=list(COLUMNS))
    numbers = ("target", "median", "p05", "p95", "probability", "shortfall", "shortfall_persons")
    kinds = {**dict.fromkeys(numbers, "float64"), "year": "int64", "first_year_met": "Int64"}
    return table.astype(kinds)


def sweep(
    file: PathLike,
    *,
    out: PathLike = "figures",
    workers: int | None = None,
    charts: str = DEFAULT,
    seeds: PathLike | None = None,
) -> xr.Dataset:
    """Run a scenario many times with other values, and write and return which of them matter.

    Interrupted, it goes on where it stopped when the same is asked for again. How far it has come
    is said on stderr, once a minute. With ``workers`` a script wants ``if __name__ == "__main__":``
    around its own work, as for all processes of Python.

    Parameters
    ----------
    file : str or path
        A sweep file; or the name of a shipped sweep, as ``"levers"``, where there is no file of
        that name.
    out : str or path
        Where the folder of the sweep is written.
    workers : int, optional
        Local processes, at least 1; without, the work is done in this one.
    charts : str
        Formats of the pictures, of ``png``, ``svg`` and ``pdf`` with commas between them; or
        ``none``.
    seeds : str or path, optional
        Folder of region files; else ``./seeds``, else the copy inside the package.

    Returns
    -------
    Dataset
        As written to ``sweep.nc`` or ``sweep.zarr``: the design (run, parameter), its outcomes
        (run, outcome), and the indices of its method with their intervals.

    Raises
    ------
    FaultError
        Naming everything that is wrong with the sweep file, its scenario, or the seeds.
    OutputError
        If the folder cannot be written, or holds files of another making; if there is no such
        format of pictures.
    SimmodelError
        If workers are lost again and again, or the work is stopped; what is finished is kept.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     found = sweep("one_at_a_time", out=folder)
    >>> found["low"].dims
    ('outcome', 'parameter')
    """
    if workers is not None:
        workers = whole_of("workers", workers)
        if workers < 1:
            allowed = bounded("faults.whole_number", 1, math.inf)
            raise refused("workers", say("faults.is_out_of_range"), workers, allowed)
    formats = formats_of(charts)
    workspace = workspace_of(seeds)
    asked = read_sweep(file_of("sweep", file, "scenarios/sweeps"), workspace.seeds)
    folder = check_writable(path_of("out", out), asked.name, "out")
    posteriors, reporter = posteriors_of(workspace), Reporter(f"{asked.name}:")
    try:
        return run_sweep(
            asked,
            workspace.seeds,
            workspace.atlas,
            posteriors,
            folder,
            workers=workers or 0,
            formats=formats,
            report=reporter,
            notify=reporter.say,
        )
    finally:
        reporter.clear()
