"""The ledger as tables: what urban growth comes from, over periods and between scenarios."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..forecast.fit import Atlas
from ..inputs.region import BASE_YEAR
from ..inputs.scenario import Scenario
from ..kernel.growth_components import sum_over_periods, urban_growth
from ..simulation.datasets import NIL
from ..simulation.ensemble import Ensemble
from ..simulation.projector import regions_of
from ..simulation.quantiles import Exact, Sketch
from ..texts import both
from ..variables import (
    COMPONENTS,
    DECIDED_BY,
    PRIOR,
    RATE_CHANGE,
    SHARED,
    TOTAL,
    URBAN_GROWTH,
)

Array = NDArray[np.float64]
Period = tuple[int, int]

# Periods end in years that this divides, in the target years of a region and at the horizon.
STEP: Final = 5
NAMES: Final = (*(component.name for component in COMPONENTS), TOTAL)
# Quantiles that the tables give.
ENDS: Final = (0.05, 0.95)

COLUMNS: Final = (
    "scenario",
    "region",
    "from",
    "to",
    "component",
    "urban_growth",
    "urban_growth_p05",
    "urban_growth_p95",
    "rate_change",
    "urban_from",
    "urban_to",
    "rate_from",
    "rate_to",
    "note",
)
# Of a scenario over another one: the stocks are those of the two at the end of the period.
DIFFERENCE_COLUMNS: Final = (
    "scenario",
    "compared_with",
    *COLUMNS[1:9],
    "urban_compared_with",
    "urban_scenario",
    "rate_compared_with",
    "rate_scenario",
    "note",
)


@dataclass(frozen=True)
class Account:
    """How a scenario's urban growth spreads over its draws; the means stand in its Dataset.

    Attributes
    ----------
    periods : mapping of str to tuple of (int, int)
        By region, the years between which growth is summed: each year, the periods, the whole.
    spread : mapping of str to ndarray, shape (component and total, period, 2)
        The 5 % and 95 % quantiles, persons.
    ends : mapping of str to tuple of int
        By region, the years in which a period ends.
    draws : mapping of str to ndarray, shape (component and total, end, draw), or None
        Growth since the base year, persons; None where draws are not kept.
    """

    periods: Mapping[str, tuple[Period, ...]]
    spread: Mapping[str, Array]
    ends: Mapping[str, tuple[int, ...]]
    draws: Mapping[str, Array] | None


class Ledger:
    """Urban growth by component and period, from an ensemble whole or in blocks.

    Parameters
    ----------
    scenario : Scenario
    atlas : Atlas
    exact : bool
        As in `datasets.Summaries`.
    """

    def __init__(self, scenario: Scenario, atlas: Atlas, *, exact: bool):
        regions = regions_of(scenario, atlas)
        self._ends = {i: period_ends(i, scenario.horizon, atlas) for i in regions}
        self._periods = {i: periods(ends) for i, ends in self._ends.items()}
        self._whole: list[Ensemble] = []
        self._sketches = None if exact else {i: Sketch(NIL["persons/year"]) for i in regions}

    def add(self, ensemble: Ensemble) -> None:
        """Take a block of draws."""
        if self._sketches is None:
            self._whole.append(ensemble)
            return
        for region_id, sketch in self._sketches.items():
            sketch.add(_summed(ensemble, region_id, self._periods[region_id]))

    def account(self) -> Account:
        """What the draws taken say."""
        if self._sketches is not None:
            spread = {i: sketch.quantiles(ENDS) for i, sketch in self._sketches.items()}
            return Account(self._periods, spread, self._ends, None)
        spread, draws = {}, {}
        # Region by region: the sums of all regions would take as much memory as the ensemble.
        for region_id, ends in self._ends.items():
            since_base = [(BASE_YEAR, end) for end in ends]
            sums, since = Exact(), Exact()
            for ensemble in self._whole:
                sums.add(_summed(ensemble, region_id, self._periods[region_id]))
                since.add(_summed(ensemble, region_id, since_base))
            spread[region_id], draws[region_id] = sums.quantiles(ENDS), since.all()
        return Account(self._periods, spread, self._ends, draws)


def _summed(ensemble: Ensemble, region_id: str, found: Sequence[Period]) -> Array:
    """Urban growth over periods, (component and total, period, draw)."""
    parts = urban_growth(ensemble.flows[ensemble.row(region_id)])
    growth = np.concatenate([parts, parts.sum(axis=0, keepdims=True)])
    return sum_over_periods(growth, [(start - BASE_YEAR, end - BASE_YEAR) for start, end in found])


def period_ends(region_id: str, horizon: int, atlas: Atlas) -> tuple[int, ...]:
    """Years in which a period of a region ends: every fifth, its targets', the horizon."""
    aimed = {
        target.year
        for owner in atlas.regions.values()
        for target in owner.targets
        if (target.region or owner.id) == region_id
    }
    fifth = range(BASE_YEAR + STEP - BASE_YEAR % STEP, horizon, STEP)
    before = sorted({year for year in (*aimed, *fifth) if BASE_YEAR < year < horizon})
    return (*before, horizon)


def periods(ends: Sequence[int]) -> tuple[Period, ...]:
    """Each year, then what lies between the ends, then the whole; none twice.

    Examples
    --------
    >>> periods((2021, 2023))
    ((2020, 2021), (2021, 2022), (2022, 2023), (2021, 2023), (2020, 2023))
    """
    years = range(BASE_YEAR, ends[-1] + 1)
    found = [*pairwise(years), *pairwise((BASE_YEAR, *ends)), (BASE_YEAR, ends[-1])]
    return tuple(dict.fromkeys(found))


def rows(dataset: xr.Dataset, account: Account) -> Iterator[dict[str, object]]:
    """Rows of ``ledger.csv``: the components of each period add up to its total.

    Parameters
    ----------
    dataset : Dataset
        Means, as `datasets.Summaries` labels them.
    account : Account
        Of the same draws.
    """
    for region_id, found in account.periods.items():
        here = _Means(dataset, region_id)
        for place, (start, end) in enumerate(found):
            for i, name in enumerate(NAMES):
                whole = name == TOTAL
                yield {
                    "scenario": dataset.attrs["scenario"],
                    "region": region_id,
                    "from": start,
                    "to": end,
                    "component": name,
                    "urban_growth": here.growth(name, start, end),
                    "urban_growth_p05": float(account.spread[region_id][i, place, 0]),
                    "urban_growth_p95": float(account.spread[region_id][i, place, 1]),
                    "rate_change": here.rate_change(name, start, end),
                    "urban_from": here.urban(start) if whole else None,
                    "urban_to": here.urban(end) if whole else None,
                    "rate_from": here.rate(start) if whole else None,
                    "rate_to": here.rate(end) if whole else None,
                    "note": here.note(name),
                }


def difference_rows(
    first: tuple[Scenario, xr.Dataset, Account], other: tuple[Scenario, xr.Dataset, Account]
) -> Iterator[dict[str, object]]:
    """Rows of ``ledger_difference.csv``: where the other scenario's urban population differs.

    Of each region in both, from the base year to each end of a period: the other's growth less the
    first's. Draws of one number share their random numbers where seed and size of both ensembles
    are the same; the spread is that of their differences, and empty elsewhere.
    """
    (scenario, one, account), (against, two, second) = first, other
    paired = scenario.ensemble == against.ensemble
    for region_id, own in account.ends.items():
        if region_id not in second.ends:
            continue
        before, after = _Means(one, region_id), _Means(two, region_id)
        for end in min(own, second.ends[region_id], key=lambda ends: ends[-1]):
            spread = _paired_spread(account, second, region_id, end) if paired else None
            for i, name in enumerate(NAMES):
                whole = name == TOTAL
                period = (name, BASE_YEAR, end)
                yield {
                    "scenario": against.scenario,
                    "compared_with": scenario.scenario,
                    "region": region_id,
                    "from": BASE_YEAR,
                    "to": end,
                    "component": name,
                    "urban_growth": after.growth(*period) - before.growth(*period),
                    "urban_growth_p05": None if spread is None else float(spread[i, 0]),
                    "urban_growth_p95": None if spread is None else float(spread[i, 1]),
                    "rate_change": after.rate_change(*period) - before.rate_change(*period),
                    "urban_compared_with": before.urban(end) if whole else None,
                    "urban_scenario": after.urban(end) if whole else None,
                    "rate_compared_with": before.rate(end) if whole else None,
                    "rate_scenario": after.rate(end) if whole else None,
                    "note": before.note(name),
                }


def _paired_spread(one: Account, two: Account, region_id: str, end: int) -> Array | None:
    """Quantiles of the difference draw by draw, (component and total, 2), where draws are kept."""
    if one.draws is None or two.draws is None:
        return None
    if end not in one.ends[region_id] or end not in two.ends[region_id]:
        return None
    before, after = (
        account.draws[region_id][:, account.ends[region_id].index(end)]  # type: ignore[index]
        for account in (one, two)
    )
    return np.moveaxis(np.quantile(after - before, ENDS, axis=-1), 0, -1)


class _Means:
    """Means of one region, persons and percent, between any two years."""

    def __init__(self, dataset: xr.Dataset, region_id: str):
        here = dataset.sel(region=region_id)
        self._growth = {
            component.name: np.nan_to_num(here[f"{variable.name}_mean"].values).cumsum()
            for component, variable in zip(COMPONENTS, URBAN_GROWTH, strict=True)
        }
        self._change = {
            component.name: 100.0 * np.nan_to_num(here[f"{variable.name}_mean"].values).cumsum()
            for component, variable in zip(COMPONENTS, RATE_CHANGE, strict=True)
        }
        self._urban = here["urban_population_mean"].values
        self._rate = 100.0 * here["urbanization_rate_mean"].values
        self._prior = str(here[DECIDED_BY].item()) == PRIOR if DECIDED_BY in here else False

    def urban(self, year: int) -> float:
        return float(self._urban[year - BASE_YEAR])

    def rate(self, year: int) -> float:
        return float(self._rate[year - BASE_YEAR])

    def growth(self, name: str, start: int, end: int) -> float:
        values = self._urban if name == TOTAL else self._growth[name]
        return float(values[end - BASE_YEAR] - values[start - BASE_YEAR])

    def rate_change(self, name: str, start: int, end: int) -> float:
        values = self._rate if name == TOTAL else self._change[name]
        return float(values[end - BASE_YEAR] - values[start - BASE_YEAR])

    def note(self, name: str) -> str:
        return both("charts.decided_by_prior") if self._prior and name in SHARED else ""
