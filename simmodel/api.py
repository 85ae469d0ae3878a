"""The commands as functions of Python: labelled data comes back; only `sweep` writes anything.

Everything after the first argument goes by its name.

What is wrong raises a `simmodel.SimmodelError` that says what the command line would say. Regions
that had to be calibrated anew, and settings that move nobody, are warned of. Seeds are read and
their posteriors made ready once, and again when a file in the folder has changed.
"""

from __future__ import annotations

import hashlib
import json
import math
import sys
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import xarray as xr
from scipy.stats import norm

from .charts.labels import QUANTITY_WORDS
from .charts.pictures import DEFAULT, formats_of
from .computing.output_files import check_writable
from .computing.progress import Reporter
from .errors import SimmodelError, among
from .forecast.fit import Atlas, pace_noise
from .forecast.parameters import PARAMETERS, natural
from .forecast.pooling_file import atlas_of
from .forecast.posterior_file import Posteriors, load
from .forecast.uncertainty import FACTORS, factor_quantiles
from .inputs.arguments import (
    PathLike,
    file_of,
    number_of,
    overrides_of,
    path_of,
    refused,
    text_of,
    whole_of,
)
from .inputs.region import BASE_YEAR, Region
from .inputs.scenario import QUANTITIES, Scenario
from .inputs.scenario_file import read_scenario, with_values
from .inputs.seeds import Seeds, find_seeds, read_seeds, shipped_seeds
from .judging import historical_rates
from .judging.consistency.coherence import check
from .judging.projection_summary import beyond_horizon, summarize_projection, trend_of
from .judging.verdicts import COLUMNS
from .levers import LEVERS
from .results import ledger as ledgers
from .results.dataset_metadata import attach, verdicts_of
from .results.run import (
    COMPILING,
    Result,
    attributes,
    check_draws,
    notices,
    observation_marks,
    place_names,
    printed_sources,
    provenance_of,
    run_scenario,
    will_compile,
)
from .simulation.projector import ages_dataset, draws_dataset, regions_of
from .simulation.projector import simulate as all_draws
from .solving import sentences
from .solving.problem import SolveProblem
from .solving.question import Question
from .solving.question import check as check_question
from .solving.solution import Answer
from .solving.solution import solve as solve_for
from .sweeps.runner import run_sweep
from .sweeps.sweep_file import read_sweep

if TYPE_CHECKING:
    import pandas as pd

SHARES: Final = np.array([0.05, 0.5, 0.95])
KEPT: Final = 4  # seed folders whose posteriors are kept ready


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
    stage = _Asked(scenario, seeds, set, draws, seed)
    _, dataset, verdicts, _ = stage.result()
    found = stage.ground.seeds
    titles = printed_sources(found)
    cited = {name: titles[name] for name in json.loads(dataset.attrs["citations"])}
    return attach(
        dataset,
        [verdict.row() for verdict in verdicts],
        place_names(found),
        observation_marks(stage.scenario, stage.ground.atlas),
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
    stage = _Asked(scenario, seeds, set, draws, seed)
    check_draws(stage.scenario, stage.ground.atlas)
    posteriors = stage.posteriors()
    whole = all_draws(stage.scenario, stage.ground.atlas, posteriors.by_region)
    made_by = attributes(provenance_of(stage.scenario, stage.ground.seeds, posteriors))
    return draws_dataset(whole, stage.scenario, stage.ground.atlas, made_by)


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
    stage = _Asked(scenario, seeds, set, draws, seed)
    dataset = stage.result()[1]
    named = stage.scenario.regions
    by_region = stage.posteriors().by_region
    return ages_dataset(dataset, stage.scenario, stage.ground.atlas, by_region, named)


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

    _, dataset, _, account = _Asked(scenario, seeds, set, draws, seed).result()
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
        raise refused("verdict_table", "is not a Dataset", ds, "a Dataset of simmodel.run")
    table = pd.DataFrame(verdicts_of(ds), columns=list(COLUMNS))
    numbers = ("target", "median", "p05", "p95", "probability", "shortfall", "shortfall_persons")
    kinds = {**dict.fromkeys(numbers, "float64"), "year": "int64", "first_year_met": "Int64"}
    return table.astype(kinds)


def regions(*, seeds: PathLike | None = None) -> list[str]:
    """Return the ids of all regions, in their order.

    Parameters
    ----------
    seeds : str or path, optional
        Folder of region files; else ``./seeds``, else the copy inside the package.

    Returns
    -------
    list of str

    Raises
    ------
    FaultError
        Naming everything that is wrong with the files of the seeds.

    Examples
    --------
    >>> "wuwei.liangzhou" in regions()
    True
    """
    return list(_ground(seeds).seeds.regions)


def load_region(region: str, *, seeds: PathLike | None = None) -> Region:
    """Return what is known of a region: censuses, observations, targets, programmes.

    Parameters
    ----------
    region : str
        One of `regions`.
    seeds : str or path, optional
        Folder of region files; else ``./seeds``, else the copy inside the package.

    Returns
    -------
    region.Region
        As its file has it.

    Raises
    ------
    SeedError
        If there is no such region.
    FaultError
        Naming everything that is wrong with the files of the seeds.

    Examples
    --------
    >>> wuwei = load_region("wuwei")
    >>> wuwei.names.zh, wuwei.baseline.census.urban
    ('武威市', 688697)
    """
    if not isinstance(region, str):
        raise refused("region", "is not text", region, "the id of a region")
    return _ground(seeds).seeds.region(region)


def load_scenario(
    scenario: PathLike | Scenario,
    *,
    draws: int | None = None,
    seed: int | None = None,
    set: Mapping[str, object] | None = None,
    seeds: PathLike | None = None,
) -> Scenario:
    """Read and check a scenario, with every default filled in.

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
    scenario.Scenario
        To change it, `load_scenario` of it with ``set`` returns another.

    Raises
    ------
    FaultError
        Naming everything that is wrong with the scenario, ``set``, or the files of the seeds.
    SimmodelError
        If there is no such scenario or folder.

    Examples
    --------
    >>> load_scenario("trend", set={"levers.local_retention": 1.2}).levers.local_retention
    1.2
    """
    return _scenario(scenario, _ground(seeds).seeds, set, draws, seed)


def quantities(
    scenario: PathLike | Scenario,
    *,
    region: str,
    set: Mapping[str, object] | None = None,
    seeds: PathLike | None = None,
) -> pd.DataFrame:
    """Return what is uncertain of a region, any of which a scenario may fix (``parameters``).

    Parameters
    ----------
    scenario : str, path or Scenario
        A scenario file or the ``run.json`` of an earlier run; the name of a shipped scenario, as
        ``"trend"``, where there is no such file; or what `load_scenario` returned.
    region : str
        Id of any region.
    set : mapping of str to value, optional
        Values to replace by dotted path, as ``--set`` does: ``{"levers.local_retention": 1.2}``.
    seeds : str or path, optional
        Folder of region files; else ``./seeds``, else the copy inside the package.

    Returns
    -------
    pandas.DataFrame
        A row for each quantity; its unit, the values below which 5, 50 and 95 of 100 draws lie
        where nothing is fixed, and its name in English and Chinese. Of a pace, which varies from
        year to year, the mean over the years up to the horizon that no figure tells; it is missing
        where figures tell them all. Nothing else of the scenario counts.

    Raises
    ------
    SimmodelError
        As `run`, and if there is no such region.

    Examples
    --------
    >>> middle = quantities("trend", region="jinchang")["median"]
    >>> fixed = {"parameters": {"jinchang": middle[["rural_exit", "mortality"]].to_dict()}}
    >>> found = load_scenario("trend", set=fixed).parameters["jinchang"]
    >>> found == middle[["rural_exit", "mortality"]].to_dict()
    True
    """
    import pandas as pd

    ground = _ground(seeds)
    years = _scenario(scenario, ground.seeds, set).horizon - BASE_YEAR
    ground.seeds.region(text_of("region", region))
    normal = ground.ready().by_region[region]
    theta = normal.mean[:, None] + normal.spread[:, None] * norm.ppf(SHARES)
    values = natural(theta, ground.atlas.inputs(region).bound)
    units = {parameter.name: parameter.units for parameter in PARAMETERS}
    noise = pace_noise(ground.atlas, region, years)
    for name in FACTORS:
        known = name == "pace" and not noise.unknown.any()
        values[name] = SHARES * math.nan if known else factor_quantiles(name, noise, SHARES)
    rows = {
        name: (units.get(name, "ratio"), *values[name].tolist(), *QUANTITY_WORDS[name])
        for name in QUANTITIES
    }
    columns = ["unit", "p05", "median", "p95", "name_en", "name_zh"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    return table.rename_axis("quantity")


@dataclass(frozen=True, repr=False)
class Solution:
    """What it would take; as text, the sentences of ``simmodel solve``.

    Parameters
    ----------
    answer : solution.Answer
        All that was found.
    sentence, sentence_zh : str
        What it would take, in English and Chinese.
    data : mapping
        What ``simmodel solve --json`` prints.
    """

    answer: Answer
    sentence: str
    sentence_zh: str
    data: Mapping[str, Any]

    @property
    def levers(self) -> dict[str, float]:
        """Value of each lever: factors, or years added; the best there is where none suffices."""
        return self.answer.way.values

    @property
    def probability(self) -> float:
        """Share of draws that then meet the target, 0 to 1."""
        return self.answer.way.probability

    @property
    def feasible(self) -> bool:
        """Whether that is as likely as asked."""
        return self.answer.way.enough

    @property
    def settings(self) -> dict[str, float]:
        """What puts it back, as ``set`` of `run`; nothing where nothing has to change."""
        if self.answer.already:
            return {}
        pairs = (setting.partition("=") for setting in self.answer.settings)
        return {key: float(value) for key, _, value in pairs}

    def __str__(self) -> str:
        return f"{self.sentence}\n\n{self.sentence_zh}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Break the sentences into lines, where a notebook shows them."""
        return f'<p>{escape(self.sentence)}</p>\n<p lang="zh">{escape(self.sentence_zh)}</p>'


def solve(
    scenario: PathLike | Scenario,
    *,
    region: str,
    indicator: str,
    year: int,
    levers: str | Sequence[str],
    probability: float = 0.5,
    target: float | None = None,
    draws: int | None = None,
    seed: int | None = None,
    set: Mapping[str, object] | None = None,
    seeds: PathLike | None = None,
) -> Solution:
    """Find the smallest change of levers that makes a target as likely as asked.

    Parameters
    ----------
    scenario : str, path or Scenario
        A scenario file or the ``run.json`` of an earlier run; the name of a shipped scenario, as
        ``"trend"``, where there is no such file; or what `load_scenario` returned.
    region : str
        Region or urban district.
    indicator : str
        What the target is of: ``urbanization_rate``, ``urban_population``, ``total_population`` or
        ``urban_district_population``.
    year : int
        Year of the target.
    levers : str or sequence of str
        What may be moved; of several, the least effort of all together.
    probability : float
        How likely the target is to become, a share of the draws.
    target : float, optional
        A value of one's own instead of the plan's: percent for rates, persons for counts.
    draws, seed : int, optional
        Size of the ensemble and random seed, instead of the scenario's.
    set : mapping of str to value, optional
        Values to replace by dotted path, as ``--set`` does: ``{"levers.local_retention": 1.2}``.
    seeds : str or path, optional
        Folder of region files; else ``./seeds``, else the copy inside the package.

    Returns
    -------
    Solution
        A lever that cannot do it is an answer too: the best it can do. To put it back, give its
        ``settings`` to `run` beside whatever ``set`` was asked with.

    Raises
    ------
    FaultError
        Naming everything that is wrong with the question, the scenario, ``set``, or the seeds.
    SimmodelError
        As `run`, and if more draws are asked for than can be kept.

    Examples
    --------
    >>> here = {"regions": ["jinchang"]}
    >>> found = solve(
    ...     "trend",
    ...     region="jinchang",
    ...     indicator="urbanization_rate",
    ...     year=2030,
    ...     levers="rural_exit",
    ...     draws=50,
    ...     set=here,
    ... )
    >>> again = run("trend", draws=50, set={**here, **found.settings})
    >>> aim = "indicator == 'urbanization_rate' and year == 2030"
    >>> verdict_table(again).query(aim)["probability"].item() == found.probability
    True
    """
    asked = _question(region, indicator, year, levers, probability, target)
    ground = _ground(seeds)
    read = _scenario(scenario, ground.seeds, set, draws, seed)
    aims = check_question(asked, read, ground.seeds)
    stage = SolveProblem(asked, read, ground.atlas, ground.ready().by_region)
    answer = solve_for(stage, aims, ground.experience)
    english, chinese = sentences.sentences(answer, ground.seeds)
    return Solution(answer, english, chinese, sentences.as_data(answer, ground.seeds))


def targets(
    scenario: PathLike | Scenario | None = None,
    *,
    draws: int | None = None,
    seed: int | None = None,
    set: Mapping[str, object] | None = None,
    seeds: PathLike | None = None,
) -> pd.DataFrame:
    """Check whether targets fit each other, the projection, and what regions have done.

    Parameters
    ----------
    scenario : str, path or Scenario, optional
        A scenario file or the ``run.json`` of an earlier run; the name of a shipped scenario, as
        ``"trend"``, where there is no such file; or what `load_scenario` returned.
        Without, all regions with targets are checked, in a trend without any measure; with one its
        regions, under its levers and programmes.
    draws, seed : int, optional
        Size of the ensemble and random seed, instead of the scenario's.
    set : mapping of str to value, optional
        Values to replace by dotted path, as ``--set`` does: ``{"levers.local_retention": 1.2}``.
    seeds : str or path, optional
        Folder of region files; else ``./seeds``, else the copy inside the package.

    Returns
    -------
    pandas.DataFrame
        A finding in each row, the gravest first; the columns are the keys of
        ``simmodel targets --json``.

    Raises
    ------
    SimmodelError
        As `run`; also if no region has targets.

    Warns
    -----
    UserWarning
        As `run`, and of targets beyond the horizon, which are not held against the projection.

    Examples
    --------
    >>> found = targets("trend", draws=50, set={"regions": ["jinchang"]})
    >>> found[["code", "year", "grade"]].values.tolist()[0]
    ['rate_count_total', 2025, 'contradiction']
    """
    import pandas as pd

    ground = _ground(seeds)
    trend = trend_of(ground.seeds.regions) if scenario is None else scenario
    read = _scenario(trend, ground.seeds, set, draws, seed)
    checked = regions_of(read, ground.atlas)
    if late := beyond_horizon(checked, ground.seeds.regions, read.horizon):
        _warn(late)
    outlook = summarize_projection(read, ground.atlas, ground.ready().by_region, checked)
    kinds = {name: source.kind for name, source in ground.seeds.sources.items()}
    found = check(checked, ground.seeds.regions, kinds, outlook, ground.experience)
    return pd.DataFrame([finding.row() for finding in found])


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
            raise refused("workers", "is out of range", workers, "a whole number of at least 1")
    formats = formats_of(charts)
    ground = _ground(seeds)
    asked = read_sweep(file_of("sweep", file, "scenarios/sweeps"), ground.seeds)
    folder = check_writable(path_of("out", out), asked.name, "out")
    posteriors, reporter = ground.ready(), Reporter(f"{asked.name}:")
    try:
        return run_sweep(
            asked,
            ground.seeds,
            ground.atlas,
            posteriors,
            folder,
            workers=workers or 0,
            formats=formats,
            report=reporter,
            say=reporter.say,
        )
    finally:
        reporter.clear()


class _Ground:
    """A seed folder as it was read, and what is made of it when it is first wanted."""

    def __init__(self, directory: Path):
        self.seeds = read_seeds(directory)
        self._posteriors: Posteriors | None = None

    @cached_property
    def atlas(self) -> Atlas:
        """Its arrays; the longest wait there may be is told of before it."""
        if will_compile():
            print(COMPILING, file=sys.stderr)
        return atlas_of(self.seeds)

    @cached_property
    def experience(self) -> historical_rates.HistoricalRates:
        return historical_rates.read(self.seeds.directory)

    def ready(self) -> Posteriors:
        """Return the posteriors, and warn once of those that had to be made anew."""
        if self._posteriors is None:
            self._posteriors = load(self.atlas, self.seeds.directory)
            if said := self._posteriors.notice():
                _warn(said)
        return self._posteriors


def _ground(seeds: PathLike | None) -> _Ground:
    """Return a seed folder, read again only where something in it has changed."""
    directory = find_seeds(None if seeds is None else path_of("seeds", seeds))
    return _read(directory, directory.absolute(), _stamp(directory))


@lru_cache(maxsize=KEPT)
def _read(directory: Path, place: Path, stamp: str) -> _Ground:
    """Read a seed folder; its place tells it from another that is called the same elsewhere."""
    return _Ground(directory)


def _stamp(directory: Path) -> str:
    """Hash of all that is read from a seed folder, and of what the shipped one may add to it."""
    digest = hashlib.sha256()
    folders = [directory]
    with suppress(SimmodelError):  # whoever lacks a file that it would have says so
        folders.append(shipped_seeds())
    for path in sorted(path for folder in folders for path in folder.glob("*.[yj]*")):
        digest.update(f"{path}\0".encode())
        with suppress(OSError):  # whoever reads it says so
            digest.update(path.read_bytes())
    return digest.hexdigest()


class _Asked:
    """A scenario to be run, on the ground of its seeds."""

    def __init__(
        self,
        scenario: PathLike | Scenario,
        seeds: PathLike | None,
        set: Mapping[str, object] | None,
        draws: int | None,
        seed: int | None,
    ):
        self.ground = _ground(seeds)
        self.scenario = _scenario(scenario, self.ground.seeds, set, draws, seed)
        for said in notices(self.scenario, self.ground.seeds, self.ground.atlas):
            _warn(said)

    def posteriors(self) -> Posteriors:
        return self.ground.ready()

    def result(self) -> Result:
        """Simulate and judge."""
        ground = self.ground
        return run_scenario(self.scenario, ground.seeds, ground.atlas, ground.ready())


def _scenario(
    scenario: object,
    seeds: Seeds,
    set: Mapping[str, object] | None,
    draws: int | None = None,
    seed: int | None = None,
) -> Scenario:
    """Return a scenario with some values replaced; size and seed of the ensemble last."""
    overrides = overrides_of({} if set is None else set)
    overrides += overrides_of({"ensemble.draws": draws} if draws is not None else {})
    overrides += overrides_of({"ensemble.seed": seed} if seed is not None else {})
    known: dict[str, Any] = {
        "region_ids": seeds.parents(),
        "programme_ids": tuple(seeds.programmes()),
        "source_ids": tuple(seeds.sources),
    }
    if isinstance(scenario, Scenario):
        return with_values(scenario, overrides, **known)
    return read_scenario(file_of("scenario", scenario, "scenarios"), overrides=overrides, **known)


def _question(
    region: object,
    indicator: object,
    year: object,
    levers: object,
    probability: object,
    target: object,
) -> Question:
    """Return a question whose parts are of the right kinds; `question.check` does the rest."""
    named = (levers,) if isinstance(levers, str) else levers
    if not isinstance(named, (list, tuple)) or not all(isinstance(one, str) for one in named):
        raise refused("levers", "are not names", levers, among(LEVERS))
    if not named:
        raise refused("levers", "name none", levers, among(LEVERS))
    return Question(
        text_of("region", region),
        text_of("indicator", indicator),
        whole_of("year", year),
        tuple(named),
        number_of("probability", probability),
        None if target is None else number_of("target", target),
    )


def _warn(text: str) -> None:
    """Warn of something at the line outside of this package that asked for it."""
    depth, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_globals.get("__package__") == __package__:
        depth, frame = depth + 1, frame.f_back
    warnings.warn(text, UserWarning, stacklevel=depth)
