"""What a projection carries so that it stands alone: verdicts, observations, sources.

They are coordinates on dimensions of their own, so that the variables stay those of
``projection.nc``, and survive netCDF, which knows neither rows nor missing text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import xarray as xr

from ..charts.labels import Row
from ..errors import SimmodelError
from ..judging.verdicts import COLUMNS

TARGET, OBSERVATION, SOURCE = "target", "observation", "source"


class Column(NamedTuple):
    """A column of a table as a coordinate: its kind, units where it has some, and long name."""

    kind: type
    units: str | None
    long_name: str


# The columns of verdicts.csv, and the name of the place in both languages.
VERDICTS: Final[Mapping[str, Column]] = {
    "scenario": Column(str, None, "scenario"),
    "region": Column(str, None, "region or urban district aimed at"),
    "indicator": Column(str, None, "what the target is of"),
    "year": Column(int, None, "year of the target"),
    "comparison": Column(str, None, "how the target is meant: at least, about, near another's"),
    "target": Column(float, None, "the target, in target_unit"),
    "unit": Column(str, None, "unit of target, median, p05, p95 and shortfall"),
    "median": Column(float, None, "median in the year of the target, in target_unit"),
    "p05": Column(float, None, "5 of 100 draws are below, in target_unit"),
    "p95": Column(float, None, "95 of 100 draws are below, in target_unit"),
    "probability": Column(float, "1", "share of draws that meet the target in its year"),
    "likelihood": Column(str, None, "the probability in words, or why there is none"),
    "shortfall": Column(float, None, "target less median, in target_unit"),
    "shortfall_persons": Column(float, "persons", "the shortfall as residents"),
    "first_year_met": Column(float, None, "first year by which half the draws have met it"),
    "coherence": Column(str, None, "what else is to be known of the target"),
    "source": Column(str, None, "id of the source of the target"),
    "place": Column(str, None, "where in the source it stands"),
    "name": Column(str, None, "name of the region or urban district, Chinese and English"),
}
OBSERVATIONS: Final[Mapping[str, Column]] = {
    "region": Column(str, None, "region observed"),
    "indicator": Column(str, None, "what was observed"),
    "year": Column(int, None, "year observed"),
    "value": Column(float, None, "rates in percent, populations in persons"),
    "vintage": Column(str, None, "the census that the figure goes with; empty where none is known"),
    "comparison": Column(str, None, "how the figure is meant, where it is no plain number"),
}
MISSING: Final = (
    "holds no observations, so targets could not be shown either; allowed a Dataset of "
    "simmodel.run, or one read from netCDF that was written of it"
)

# Of two Datasets that are subtracted, xarray drops the coordinates in which they differ.
LOST: Final = (
    "has lost some columns of its verdicts, as the difference of two runs has; allowed a Dataset "
    "of simmodel.run, or one read from netCDF that was written of it"
)


def coordinate_of(dimension: str, column: str) -> str:
    """Return the name of a column's coordinate.

    Examples
    --------
    >>> coordinate_of("target", "probability"), coordinate_of("target", "target")
    ('target_probability', 'target_value')
    """
    return f"{dimension}_{'value' if column == dimension else column}"


def attach(
    dataset: xr.Dataset,
    verdicts: Sequence[Row],
    names: Mapping[str, str],
    marks: Sequence[Row],
    sources: Mapping[str, str],
) -> xr.Dataset:
    """Return a projection with its verdicts, observations and sources as coordinates.

    Parameters
    ----------
    dataset : Dataset
        Projection of one scenario.
    verdicts : sequence of mapping
        Its rows of ``verdicts.csv``.
    names : mapping of str to str
        Name of every region and urban district.
    marks : sequence of mapping
        Observations, as `run.observation_marks` returns them.
    sources : mapping of str to str
        Printed title of each source, by id.

    Returns
    -------
    Dataset
        With dimensions ``target``, ``observation`` and ``source``; one that would be empty is left
        out, because netCDF 3 takes a dimension of no length for one without end.
    """
    named = [{**row, "name": names.get(str(row["region"]), str(row["region"]))} for row in verdicts]
    found = {**_laid_out(TARGET, VERDICTS, named), **_laid_out(OBSERVATION, OBSERVATIONS, marks)}
    if sources:
        found[SOURCE] = xr.Variable(SOURCE, list(sources), {"long_name": "id of a source"})
        titles = {"long_name": "title as printed, and number"}
        found["source_title"] = xr.Variable(SOURCE, list(sources.values()), titles)
    return dataset.assign_coords(found)


def _laid_out(
    dimension: str, columns: Mapping[str, Column], rows: Sequence[Row]
) -> dict[str, xr.Variable]:
    """Lay a table out as coordinates; none where it has no row."""
    if not rows:
        return {}
    blank: dict[type, Any] = {str: "", float: np.nan}
    kinds: dict[type, Any] = {str: str, int: np.int32, float: np.float64}
    found = {}
    for name, (kind, units, long_name) in columns.items():
        values = [blank[kind] if row[name] is None else row[name] for row in rows]
        attrs = {"units": units} if units is not None else {}
        found[coordinate_of(dimension, name)] = xr.Variable(
            dimension, np.array(values, dtype=kinds[kind]), attrs | {"long_name": long_name}
        )
    return found


def is_attached(dataset: xr.Dataset) -> bool:
    """Tell whether a projection carries what `attach` puts there: a region has always a census."""
    return all(coordinate_of(OBSERVATION, name) in dataset.coords for name in OBSERVATIONS)


def has_lost(dataset: xr.Dataset) -> bool:
    """Tell whether a projection carries some of what `attach` puts there, but not all.

    So does the difference of two: what is not the same in both is left out by xarray.
    """
    for dimension, columns in ((TARGET, VERDICTS), (OBSERVATION, OBSERVATIONS)):
        there = [coordinate_of(dimension, name) in dataset.coords for name in columns]
        if any(there) and not all(there):
            return True
    return False


def verdicts_of(dataset: xr.Dataset) -> list[dict[str, Any]]:
    """Return the rows of ``verdicts.csv`` that a projection carries; None where there is no number.

    Raises
    ------
    SimmodelError
        If it does not carry any, nor observations.
    """
    rows = _rows(dataset, TARGET, {name: VERDICTS[name] for name in COLUMNS})
    for row in rows:
        year = row["first_year_met"]
        row["first_year_met"] = None if year is None else int(year)
    return rows


def observations_of(dataset: xr.Dataset) -> list[dict[str, Any]]:
    """Return the observations that a projection carries; errors as in `verdicts_of`."""
    rows = _rows(dataset, OBSERVATION, OBSERVATIONS)
    unsaid = ("vintage", "comparison")
    return [{**row, **{name: row[name] or None for name in unsaid}} for row in rows]


def names_of(dataset: xr.Dataset) -> dict[str, str]:
    """Return the name of each place that is aimed at, by id; errors as in `verdicts_of`."""
    wanted = {name: VERDICTS[name] for name in ("region", "name")}
    return {row["region"]: row["name"] for row in _rows(dataset, TARGET, wanted)}


def sources_of(dataset: xr.Dataset) -> dict[str, str]:
    """Return the printed title of each source that a projection carries, by id."""
    if SOURCE not in dataset.coords or "source_title" not in dataset.coords:
        return {}
    pairs = zip(dataset[SOURCE].values, dataset["source_title"].values, strict=True)
    return {str(name): str(title) for name, title in pairs}


def _rows(
    dataset: xr.Dataset, dimension: str, columns: Mapping[str, Column]
) -> list[dict[str, Any]]:
    if not is_attached(dataset):
        raise SimmodelError(f"Dataset: {MISSING}")
    if has_lost(dataset):
        raise SimmodelError(f"Dataset: {LOST}")
    if coordinate_of(dimension, next(iter(columns))) not in dataset.coords:
        return []
    read: dict[type, Callable[[Any], Any]] = {
        str: str,
        int: int,
        float: lambda value: None if np.isnan(value) else float(value),
    }
    values = {
        name: [
            read[column.kind](value)
            for value in np.atleast_1d(dataset[coordinate_of(dimension, name)].values)
        ]
        for name, column in columns.items()
    }
    return [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]
