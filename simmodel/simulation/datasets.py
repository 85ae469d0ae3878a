"""Ensembles as labelled Datasets: where arrays get their labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..forecast.calibration import Normal
from ..forecast.fit import Atlas
from ..forecast.uncertainty import BLOCK
from ..inputs.region import BASE_YEAR
from ..inputs.scenario import Scenario
from ..kernel.growth_components import rate_change, urban_growth
from ..variables import (
    AGES,
    COORDINATES,
    DISTRICT,
    QUANTILES,
    RATE_CHANGE,
    REGISTERED,
    REMAINDERS,
    RESIDENCES,
    RURAL_LEDGER,
    SEXES,
    STOCKS,
    URBAN_GROWTH,
    URBAN_LEDGER,
    Variable,
)
from ..variables import FLOWS as FLOW_VARIABLES
from .ensemble import Ensemble
from .projector import Projector
from .quantiles import RELATIVE_ERROR, Exact, Sketch, Summary

Array = NDArray[np.float64]

_NAMES = ("name_en", "name_zh", "level")
# Sizes that a sketch counts as none: half a person, a hundred-thousandth of a point.
NIL = {"persons/year": 0.5, "share/year": 1e-7}


def population_at(
    scenario: Scenario,
    atlas: Atlas,
    posteriors: Mapping[str, Normal],
    region_id: str,
    year: int,
) -> Array:
    """Population of a region by age at the end of a year, in the first block of draws.

    Returns
    -------
    ndarray, shape (residence, sex, age, draw)
        Persons; as many draws as the scenario asks for, `uncertainty.BLOCK` at most.
    """
    shorter = Scenario.model_validate(scenario.complete() | {"horizon": year, "levers": {}})
    projector = Projector(shorter, atlas, posteriors, regions=(region_id,))
    path = projector.project(scenario, region_id, 0, keep_population=True)
    return path.population[..., : min(BLOCK, scenario.ensemble.draws)]


def ages_dataset(
    dataset: xr.Dataset,
    scenario: Scenario,
    atlas: Atlas,
    posteriors: Mapping[str, Normal],
    regions: Sequence[str],
) -> xr.Dataset:
    """Population by residence, sex and age in the base year and at the horizon.

    Ages at the horizon are spread as in the first block of draws, and add up to the means of the
    whole ensemble, in which parts have been made to add up to their wholes.

    Parameters
    ----------
    dataset : Dataset
        The scenario's projection, as `Summaries.to_dataset` makes it.
    scenario : Scenario
    atlas : Atlas
    posteriors : mapping of str to Normal
    regions : sequence of str
        Of the projection.

    Returns
    -------
    Dataset
        ``population`` (region, year, residence, sex, age), persons.
    """
    first, last = BASE_YEAR, scenario.horizon
    people = np.empty((len(regions), 2, *atlas.base(regions[0]).shape))
    for row, region_id in enumerate(regions):
        mean = population_at(scenario, atlas, posteriors, region_id, last).mean(axis=-1)
        at_end = dataset.sel(region=region_id, year=last)
        for residence, name in enumerate(RESIDENCES):
            total = float(at_end[f"{name}_population_mean"])
            if total > 0.0:
                mean[residence] *= total / mean[residence].sum()
        people[row] = atlas.base(region_id), mean
    coordinates = {
        **{name: ("region", dataset.sel(region=list(regions))[name].values) for name in _NAMES},
        "region": list(regions),
        "year": np.array([first, last], dtype=np.int32),
        "residence": list(RESIDENCES),
        "sex": list(SEXES),
        "age": np.arange(people.shape[-1], dtype=np.int32),
    }
    found: dict[str, xr.DataArray] = {}
    _put(found, AGES, ("region", "year", "residence", "sex", "age"), people)
    named = xr.Dataset(found, coords=coordinates, attrs=dataset.attrs)
    for coordinate in named.coords:
        named[coordinate].attrs.update(COORDINATES.get(str(coordinate), {}))
    return named


class Summaries:
    """Means and quantiles of every output, from an ensemble that comes whole or in blocks.

    Parameters
    ----------
    exact : bool
        Keep all draws; otherwise a `quantiles.Sketch` of each number.
    """

    def __init__(self, *, exact: bool):
        self._exact = exact
        self._kept: dict[str, tuple[Variable, str, Summary]] = {}
        self._first: Ensemble | None = None

    def add(self, ensemble: Ensemble) -> None:
        """Take a block of draws."""
        self._first = self._first or ensemble
        rows = [(v, "region", values) for v, values in _variables(ensemble)]
        if ensemble.districts:
            rows.append((DISTRICT, "district", np.stack(list(ensemble.districts.values()))))
        rows += [(v, "remainder", values) for v, values in _remainders(ensemble)]
        rows += [(v, "registered_region", values) for v, values in _registered(ensemble)]
        for variable, place, values in rows:
            if variable.name not in self._kept:
                summary = Exact() if self._exact else Sketch(NIL.get(variable.units, 0.0))
                self._kept[variable.name] = (variable, place, summary)
            self._kept[variable.name][2].add(values)

    def to_dataset(
        self, scenario: Scenario, atlas: Atlas, provenance: Mapping[str, str]
    ) -> xr.Dataset:
        """Label what was taken: (region, year, quantile), and ``<name>_mean`` beside each.

        Ledger and sums close on the means.
        """
        assert self._first is not None
        data: dict[str, xr.DataArray] = {}
        for variable, place, summary in self._kept.values():
            _put(
                data,
                variable,
                (place, "year", "quantile"),
                _from_base_year(variable, summary.quantiles(QUANTILES)),
            )
            mean = Variable(f"{variable.name}_mean", variable.units, f"{variable.long_name}, mean")
            _put(data, mean, (place, "year"), _from_base_year(variable, summary.mean()))
        coords = _coordinates(self._first, atlas)
        dataset = xr.Dataset(data, coords=coords, attrs=dict(provenance))
        dataset = dataset.assign_coords(quantile=("quantile", list(QUANTILES)))
        dataset.attrs["quantiles"] = (
            "exact" if self._exact else f"within {RELATIVE_ERROR:.2%} of the value"
        )
        return _described(dataset, scenario)


def draws_dataset(
    ensemble: Ensemble, scenario: Scenario, atlas: Atlas, provenance: Mapping[str, str]
) -> xr.Dataset:
    """Every draw, labelled: (region, year, draw)."""
    data: dict[str, xr.DataArray] = {}
    for variable, values in _variables(ensemble):
        _put(data, variable, ("region", "year", "draw"), _from_base_year(variable, values))
    if ensemble.districts:
        values = np.stack(list(ensemble.districts.values()))
        _put(data, DISTRICT, ("district", "year", "draw"), values)
    for variable, values in _remainders(ensemble):
        _put(data, variable, ("remainder", "year", "draw"), values)
    for variable, values in _registered(ensemble):
        _put(data, variable, ("registered_region", "year", "draw"), values)
    dataset = xr.Dataset(data, coords=_coordinates(ensemble, atlas), attrs=dict(provenance))
    return _described(dataset, scenario)


def _variables(ensemble: Ensemble) -> list[tuple[Variable, Array]]:
    """Values of the scenario's regions, (region, year, draw); flows start a year later."""
    count = len(ensemble.regions)
    urban, rural = ensemble.urban[:count], ensemble.rural[:count]
    total = urban + rural
    by_name = dict(zip((v.name for v in STOCKS), (urban, rural, total, urban / total), strict=True))
    rows = [(variable, by_name[variable.name]) for variable in STOCKS]
    rows += [(v, ensemble.flows[:count, :, i]) for i, v in enumerate(FLOW_VARIABLES)]
    for name, persons in ensemble.programmes.items():
        part = Variable(f"programme_{name}", "persons/year", f"part of programmes: {name}")
        rows.append((part, np.repeat(persons[:count, :, None], urban.shape[-1], axis=2)))
    flows = ensemble.flows[:count]
    growth, change = urban_growth(flows), rate_change(urban, rural, flows)
    rows += [(v, growth[:, i]) for i, v in enumerate(URBAN_GROWTH)]
    rows += [(v, change[:, i]) for i, v in enumerate(RATE_CHANGE)]
    return rows


def _remainders(ensemble: Ensemble) -> list[tuple[Variable, Array]]:
    """What regions have without the parts that are projected, (remainder, year, draw)."""
    if not ensemble.remainders:
        return []
    stocks = np.stack(list(ensemble.remainders.values()), axis=1)
    total = stocks.sum(axis=0)
    rate = np.divide(stocks[0], total, out=np.full_like(total, np.nan), where=total > 0.0)
    return list(zip(REMAINDERS, (stocks[0], total, rate), strict=True))


def _registered_regions(ensemble: Ensemble) -> list[str]:
    return [i for i in ensemble.regions if i in ensemble.registered or i in ensemble.absent]


def _registered(ensemble: Ensemble) -> list[tuple[Variable, Array]]:
    """Registered and absent people, (registered region, year, draw); nothing where none has any.

    What a region has no figures for is not a number.
    """
    named = _registered_regions(ensemble)
    if not named:
        return []
    unknown = np.full((ensemble.years.size, ensemble.urban.shape[-1]), np.nan)
    people = [ensemble.registered.get(i, (unknown, unknown)) for i in named]
    urban = np.stack([u for u, _ in people])
    total = np.stack([u + r for u, r in people])
    absent = np.stack([ensemble.absent.get(i, unknown) for i in named])
    return list(zip(REGISTERED, (urban, total, urban / total, absent), strict=True))


def _from_base_year(variable: Variable, values: Array) -> Array:
    """Put a year that is not a number before a flow: none leads to the base year."""
    if not variable.units.endswith("/year"):
        return values
    gap = np.full((values.shape[0], 1, *values.shape[2:]), np.nan)
    return np.concatenate((gap, values), axis=1)


def _put(
    data: dict[str, xr.DataArray], variable: Variable, dims: tuple[str, ...], values: Array
) -> None:
    attrs = {"units": variable.units, "long_name": variable.long_name}
    data[variable.name] = xr.DataArray(values, dims=dims, attrs=attrs)


def _coordinates(ensemble: Ensemble, atlas: Atlas) -> dict[str, object]:
    named = [atlas.regions[i] for i in ensemble.regions]
    coordinates: dict[str, object] = {
        "region": ("region", list(ensemble.regions)),
        "name_en": ("region", [r.names.en for r in named]),
        "name_zh": ("region", [r.names.zh for r in named]),
        "level": ("region", [r.level for r in named]),
        "year": ("year", ensemble.years.astype(np.int32)),
    }
    if ensemble.districts:
        coordinates["district"] = ("district", list(ensemble.districts))
    if ensemble.remainders:
        without = [
            " ".join(i for i in ensemble.regions if atlas.regions[i].parent == name)
            for name in ensemble.remainders
        ]
        coordinates["remainder"] = ("remainder", list(ensemble.remainders))
        coordinates["without"] = ("remainder", without)
    if with_figures := _registered_regions(ensemble):
        coordinates["registered_region"] = ("registered_region", with_figures)
    return coordinates


def _described(dataset: xr.Dataset, scenario: Scenario) -> xr.Dataset:
    for name, attrs in COORDINATES.items():
        if name in dataset.coords:
            dataset[name].attrs.update(attrs)
    dataset.attrs.update(
        scenario=scenario.scenario,
        title_en=scenario.title.en,
        title_zh=scenario.title.zh,
        description=scenario.description.en,
        description_zh=scenario.description.zh,
        base_year=BASE_YEAR,
        urban_ledger=URBAN_LEDGER,
        rural_ledger=RURAL_LEDGER,
    )
    return dataset
