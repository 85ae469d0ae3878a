"""Charts of what `simmodel.run` and `simmodel.ages` return; each shows itself in a notebook.

A Dataset holds all that its charts say, also after it has been to netCDF and back.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from .charts import figures
from .charts.labels import Row
from .charts.parallel_drawing import UNWANTED, image
from .errors import Fault, OutputError, ScenarioError, SimmodelError, among, shown
from .results.dataset_metadata import (
    LOST,
    has_lost,
    is_attached,
    names_of,
    observations_of,
    sources_of,
    verdicts_of,
)
from .texts import say
from .variables import QUANTILES

__all__ = [
    "Chart",
    "compare",
    "fan",
    "ledger",
    "matrix",
    "pyramid",
    "registered",
    "save",
    "urban_population",
    "waterfall",
]

SCREEN: Final = 100.0  # dots per inch of a chart in a notebook
# What a name ends in that asks for a kind of picture.
PICTURES: Final = (*UNWANTED, "jpg", "jpeg", "eps", "gif", "tif", "tiff", "webp")


class Chart(Figure):
    """A matplotlib Figure that shows itself in a notebook, whatever backend is at work there."""

    def _repr_png_(self) -> bytes:
        return image(self, "png", SCREEN)


def fan(ds: xr.Dataset, *, region: str) -> Figure:
    """Fan chart of a region's urbanization rate with its targets and observations.

    Parameters
    ----------
    ds : Dataset
        Of `simmodel.run`.
    region : str
        Id of one of its regions.

    Returns
    -------
    Figure
        Rates in percent, bands of 50, 80 and 90 % of the draws.

    Raises
    ------
    ScenarioError
        If the region is not in the Dataset.
    SimmodelError
        If the Dataset is of another making, or cut.

    Examples
    --------
    >>> import simmodel as sm
    >>> ds = sm.run("trend", draws=20, set={"regions": ["jinchang"]})
    >>> figure = sm.plot.fan(ds, region="jinchang")
    >>> "Jinchang: urbanization rate" in figure.texts[0].get_text()
    True
    """
    ds = _attached("fan", ds, region)
    drawn = figures.fan(ds, region, observations_of(ds), verdicts_of(ds), sources_of(ds))
    return _shown(drawn)


def urban_population(ds: xr.Dataset, *, region: str) -> Figure:
    """Fan chart of a region's urban population, with its targets and observations.

    Parameters
    ----------
    ds : Dataset
        Of `simmodel.run`.
    region : str
        Id of one of its regions.

    Returns
    -------
    Figure
        Ten thousand persons, bands of 50, 80 and 90 % of the draws.

    Raises
    ------
    ScenarioError
        If the region is not in the Dataset.
    SimmodelError
        If the Dataset is of another making, or cut.
    """
    ds = _attached("urban_population", ds, region)
    rows, marks = verdicts_of(ds), observations_of(ds)
    return _shown(figures.urban_population_fan(ds, region, marks, rows, sources_of(ds)))


def ledger(ds: xr.Dataset, *, region: str) -> Figure:
    """Components of a region's urban growth by year, with the net change.

    Parameters
    ----------
    ds : Dataset
        Of `simmodel.run`, or a ``projection.nc``.
    region : str
        Id of one of its regions.

    Returns
    -------
    Figure
        Ten thousand persons a year, means of the draws.

    Raises
    ------
    ScenarioError
        If the region is not in the Dataset.
    SimmodelError
        If the Dataset is of another making, or cut.
    """
    return _shown(figures.ledger(_projection("ledger", ds, region), region))


def waterfall(ds: xr.Dataset, *, region: str, years: tuple[int, int] | None = None) -> Figure:
    """What a region's urban population and rate grow by between two years.

    Parameters
    ----------
    ds : Dataset
        Of `simmodel.run`, or a ``projection.nc``.
    region : str
        Id of one of its regions.
    years : (int, int), optional
        Where to start and to end; all years unless given.

    Returns
    -------
    Figure

    Raises
    ------
    ScenarioError
        If the region or a year is not in the Dataset.
    SimmodelError
        If the Dataset is of another making, or cut.
    """
    ds = _projection("waterfall", ds, region)
    ends = None
    if years is not None:
        ends = _two_years(years)
    return _shown(figures.waterfall(ds, region, ends))


def registered(ds: xr.Dataset, *, region: str) -> Figure:
    """Urban share of a region's residents beside that of the people registered there.

    Parameters
    ----------
    ds : Dataset
        Of `simmodel.run`.
    region : str
        Id of one of its regions.

    Returns
    -------
    Figure
        Percent, bands of 50 and 90 % of the draws.

    Raises
    ------
    ScenarioError
        If the region is not in the Dataset, or has no registered figures.
    SimmodelError
        If the Dataset is of another making, or cut.
    """
    ds = _attached("registered", ds, region)
    return _shown(figures.registered(ds, region, observations_of(ds)))


def pyramid(ages: xr.Dataset, *, region: str) -> Figure:
    """Population of a region by residence, sex and age, at the start beside at the horizon.

    Parameters
    ----------
    ages : Dataset
        Of `simmodel.ages`, or an ``ages.nc``.
    region : str
        Id of one of its regions.

    Returns
    -------
    Figure
        In ten thousand persons, five-year groups.

    Raises
    ------
    ScenarioError
        If the region is not in the Dataset.
    SimmodelError
        If the Dataset is of another making.

    Examples
    --------
    >>> import simmodel as sm
    >>> ages = sm.ages("trend", draws=20, set={"regions": ["jinchang"]})
    >>> len(sm.plot.pyramid(ages, region="jinchang").axes)
    2
    """
    _check_dataset("pyramid", ages, "charts.fault.ages_dataset")
    _check_region("pyramid", region)
    wanted = {"region", "year", "residence", "sex", "age"}
    if "population" not in ages or set(ages["population"].dims) != wanted:
        raise SimmodelError(
            _said("pyramid", "charts.fault.no_ages", allowed=say("charts.fault.ages_dataset"))
        )
    return _shown(figures.pyramid(ages, region))


def compare(datasets: Mapping[str, xr.Dataset], *, region: str) -> Figure:
    """Medians of a region's urbanization rate in several runs, before the band of one.

    Parameters
    ----------
    datasets : mapping of str to Dataset
        Of `simmodel.run`, by the name each is to have. Under the name of its scenario it is called
        by the scenario's title. The band is that of ``trend``, else of the first.
    region : str
        Id of a region that is in all of them.

    Returns
    -------
    Figure
        Rates in percent.

    Raises
    ------
    ScenarioError
        If the region is not in all Datasets.
    SimmodelError
        If there is none, or one is of another making, or cut.
    """
    named = _named("compare", datasets)
    found = {name: _attached("compare", ds, region) for name, ds in named.items()}
    rows = [row for ds in found.values() for row in verdicts_of(ds)]
    return _shown(figures.compare(found, region, rows, observations_of(next(iter(found.values())))))


def matrix(datasets: xr.Dataset | Mapping[str, xr.Dataset]) -> Figure:
    """Every target against every run, coloured by the probability that it is met.

    Parameters
    ----------
    datasets : Dataset or mapping of str to Dataset
        Of `simmodel.run`; several by name, as in `compare`.

    Returns
    -------
    Figure

    Raises
    ------
    SimmodelError
        If there is none, one is of another making, or no region in them has a target.
    """
    if isinstance(datasets, xr.Dataset):
        _check_whole("matrix", datasets)
        datasets = {str(datasets.attrs["scenario"]): datasets}
    rows: list[Row] = []
    names: dict[str, str] = {}
    titles: dict[str, str] = {}
    for name, ds in _named("matrix", datasets).items():
        _check_attached("matrix", ds)
        rows += [{**row, "scenario": name} for row in verdicts_of(ds)]
        names |= names_of(ds)
        titles[name] = f"{ds.attrs['title_zh']}\n{ds.attrs['title_en']}".strip()
    if not rows:
        wanted = say("charts.fault.dataset_with_targets")
        raise SimmodelError(_said("matrix", "charts.fault.no_target", allowed=wanted))
    return _shown(figures.matrix(rows, names, titles))


def save(figure: Figure, path: str | Path) -> list[Path]:
    """Write a chart, the same bytes every time.

    Parameters
    ----------
    figure : Figure
    path : str or pathlib.Path
        Ending in ``.png``, ``.svg`` or ``.pdf``; without any of them a PNG is written.

    Returns
    -------
    list of pathlib.Path
        What was written.

    Raises
    ------
    OutputError
        If it cannot be written there, or the ending is of another format of pictures.
    """
    if not isinstance(figure, Figure):
        raise OutputError(_said("save", "charts.fault.no_figure", shown(figure), "Figure"))
    if not isinstance(path, (str, Path)):
        raise OutputError(
            _said("save", "charts.fault.no_path", shown(path), say("charts.fault.path"))
        )
    asked = Path(path).suffix.removeprefix(".").lower()
    if asked in PICTURES and asked not in UNWANTED:
        kinds = among(f".{kind}" for kind in UNWANTED)
        raise OutputError(_said(str(path), "charts.fault.no_picture", f".{asked}", kinds))
    try:
        if asked not in UNWANTED:
            return figures.save(figure, path)
        Path(path).write_bytes(image(figure, asked))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OutputError(say("charts.fault.not_writable", path=path, reason=reason)) from None
    return [Path(path)]


def _shown(figure: Figure) -> Figure:
    """Return a figure as a `Chart`; what draws it stays the same."""
    figure.__class__ = Chart
    return figure


def _said(where: str, problem: str, found: str | None = None, allowed: str | None = None) -> str:
    """Return what is wrong, by the key of its text, with what was found and what is allowed."""
    return str(Fault(where, None, "", say(problem), found, allowed))


def _check_dataset(chart: str, ds: object, allowed: str) -> None:
    if not isinstance(ds, xr.Dataset):
        raise SimmodelError(_said(chart, "charts.fault.no_dataset", shown(ds), say(allowed)))


def _check_region(chart: str, region: object) -> None:
    if not isinstance(region, str):
        allowed = say("charts.fault.region_id")
        raise ScenarioError(_said(chart, "charts.fault.region_no_text", shown(region), allowed))


def _projection(chart: str, ds: xr.Dataset, region: str) -> xr.Dataset:
    """Check a projection for a chart: its making, that it is whole, and the region."""
    _check_region(chart, region)
    _check_whole(chart, ds)
    return ds


def _check_whole(chart: str, ds: object) -> None:
    _check_dataset(chart, ds, "charts.fault.whole_dataset")
    assert isinstance(ds, xr.Dataset)
    lacking = [name for name in ("region", "year", "quantile") if name not in ds.dims]
    lacking += [name for name in ("urbanization_rate", "urban_population_mean") if name not in ds]
    # A calculation leaves numbers that are no longer what they say; attributes and coordinates that
    # were not the same in all its parts are gone.
    wanted = ("scenario", "base_year", "scenario_sha256", "title_en")
    lacking += [name for name in wanted if name not in ds.attrs]
    if has_lost(ds):
        raise SimmodelError(f"{chart}: {LOST}")
    whole = say("charts.fault.whole_dataset")
    if lacking:
        has_no = say("charts.fault.has_no", name=lacking[0])
        raise SimmodelError(str(Fault(chart, None, "", has_no, allowed=whole)))
    years, levels = ds["year"].values, ds["quantile"].values
    first = int(ds.attrs["base_year"])
    if years.size < 2 or not np.array_equal(years, np.arange(first, first + years.size)):
        found = among(str(year) for year in years)
        raise SimmodelError(_said(chart, "charts.fault.years_cut", found, whole))
    if levels.shape != (len(QUANTILES),) or not np.allclose(levels, QUANTILES):
        found = among(f"{level:g}" for level in levels)
        raise SimmodelError(_said(chart, "charts.fault.quantiles_cut", found, whole))


def _check_attached(chart: str, ds: object) -> None:
    _check_whole(chart, ds)
    assert isinstance(ds, xr.Dataset)
    if not is_attached(ds):
        allowed = say("charts.fault.attached_dataset")
        raise SimmodelError(_said(chart, "charts.fault.not_attached", allowed=allowed))


def _attached(chart: str, ds: xr.Dataset, region: str) -> xr.Dataset:
    _check_region(chart, region)
    _check_attached(chart, ds)
    return ds


def _named(chart: str, datasets: object) -> dict[str, xr.Dataset]:
    """Return Datasets by name, each called by its name where that is not its scenario's."""
    # A Dataset is a mapping too, of its variables.
    by_name = isinstance(datasets, Mapping) and not isinstance(datasets, xr.Dataset)
    if not by_name or not datasets:
        found = say("faults.none") if by_name else shown(datasets)
        allowed = say("charts.fault.datasets_by_name")
        raise SimmodelError(_said(chart, "charts.fault.no_names", found, allowed))
    assert isinstance(datasets, Mapping)
    named = {}
    for name, ds in datasets.items():
        if not isinstance(name, str):
            raise SimmodelError(_said(chart, "charts.fault.name_no_text", shown(name)))
        _check_whole(chart, ds)
        own = name == ds.attrs["scenario"]
        named[name] = ds if own else ds.assign_attrs(title_en=name, title_zh="")
    return named


def _two_years(years: object) -> tuple[int, int]:
    """Return two whole years, or refuse them."""
    if isinstance(years, (tuple, list)) and len(years) == 2:
        kinds = (int, np.integer)
        if all(isinstance(year, kinds) and not isinstance(year, bool) for year in years):
            return int(years[0]), int(years[1])
    raise ScenarioError(_said("years", "charts.fault.no_years", repr(years), "(2020, 2035)"))
