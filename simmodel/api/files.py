"""What is read and known: regions, scenarios, uncertain quantities."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.special import ndtri

from ..forecast.fit import pace_noise
from ..forecast.parameters import PARAMETERS, natural
from ..forecast.uncertainty import FACTORS, factor_quantiles
from ..inputs.arguments import (
    PathLike,
    refused,
    text_of,
)
from ..inputs.region import BASE_YEAR, Region
from ..inputs.scenario import QUANTITIES, Scenario
from ..texts import LANGUAGES, say, text
from .common import posteriors_of, scenario_of, workspace_of

if TYPE_CHECKING:
    import pandas as pd

SHARES: Final = np.array([0.05, 0.5, 0.95])


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
    return list(workspace_of(seeds).seeds.regions)


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
    >>> wuwei.names.en, wuwei.baseline.census.urban
    ('Wuwei', 688697)
    """
    if not isinstance(region, str):
        raise refused("region", say("faults.is_not_text"), region, say("inputs.region_id"))
    return workspace_of(seeds).seeds.region(region)


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
    return scenario_of(scenario, workspace_of(seeds), set, draws, seed)


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

    workspace = workspace_of(seeds)
    years = scenario_of(scenario, workspace, set).horizon - BASE_YEAR
    workspace.seeds.region(text_of("region", region))
    normal = posteriors_of(workspace).by_region[region]
    theta = normal.mean[:, None] + normal.spread[:, None] * ndtri(SHARES)
    values = natural(theta, workspace.atlas.inputs(region).bound)
    units = {parameter.name: parameter.units for parameter in PARAMETERS}
    noise = pace_noise(workspace.atlas, region, years)
    for name in FACTORS:
        known = name == "pace" and not noise.unknown.any()
        values[name] = SHARES * math.nan if known else factor_quantiles(name, noise, SHARES)
    rows = {
        name: (
            units.get(name, "ratio"),
            *values[name].tolist(),
            *(text(f"quantities.{name}", one) for one in LANGUAGES),
        )
        for name in QUANTITIES
    }
    columns = ["unit", "p05", "median", "p95", "name_en", "name_zh"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    return table.rename_axis("quantity")
