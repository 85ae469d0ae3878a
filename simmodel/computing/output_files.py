"""Outputs: a folder written whole or not at all, with provenance."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from ..errors import OutputError
from ..texts import say

if TYPE_CHECKING:
    import pandas as pd

RUN = "run.json"


def try_writing(directory: Path, option: str = "--out") -> None:
    """Make sure that files can be written to a folder, which need not be there yet.

    Raises
    ------
    OutputError
        If not.
    """
    missing = [p for p in (directory, *directory.parents) if not p.exists()]
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=directory, prefix=".simmodel."):
            pass
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(
            say("computing.cannot_write_choose", path=directory, reason=reason, option=option)
        ) from None
    finally:
        # Nothing is left behind where the work fails later.
        for path in missing:
            if path.is_dir():
                path.rmdir()


def check_writable(directory: Path, name: str, option: str = "--out") -> Path:
    """Make sure, before any work, that ``directory/name`` can be written or replaced.

    ``option`` is what the user named the place with.

    Returns
    -------
    pathlib.Path
        The folder to be written.

    Raises
    ------
    OutputError
        If the place is not a folder, cannot be written, or holds files of another making.
    """
    target = directory / name
    try_writing(directory, option)
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise OutputError(say("computing.no_results_folder", path=target, option=option))
    if target.exists():
        foreign = sorted({p.name for p in target.iterdir()} - _made_here(target))
        if foreign:
            files = ", ".join(foreign[:3])
            raise OutputError(
                say("computing.foreign_files", path=target, files=files, option=option)
            )
    return target


def _made_here(folder: Path) -> set[str]:
    """Names of the files that a run has recorded as its own."""
    try:
        record = json.loads((folder / RUN).read_text(encoding="utf-8"))
        return {RUN, *record["provenance"]["files"]}
    except (OSError, ValueError, KeyError, TypeError):
        return set()


class Folder:
    """A folder of results being written beside its final place, and moved there when whole.

    Parameters
    ----------
    target : pathlib.Path
        The final place, as `check_writable` returned it.
    """

    def __init__(self, target: Path):
        self.target = target
        target.parent.mkdir(parents=True, exist_ok=True)
        self.path = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))

    def __enter__(self) -> Folder:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            shutil.rmtree(self.path, ignore_errors=True)
            return
        self.path.chmod(0o755)
        old = None
        if self.target.exists():
            old = Path(tempfile.mkdtemp(dir=self.target.parent, prefix=f".{self.target.name}.old."))
            os.replace(self.target, old / "was")
        os.replace(self.path, self.target)
        if old is not None:
            shutil.rmtree(old, ignore_errors=True)

    def write_run(self, scenario: Mapping[str, Any], provenance: Mapping[str, Any]) -> None:
        """Record the resolved scenario, the provenance and the files; the last thing written."""
        files = sorted(p.name for p in self.path.iterdir())
        record = {**scenario, "provenance": {**provenance, "files": files}}
        text = json.dumps(record, ensure_ascii=False, indent=2) + "\n"
        (self.path / RUN).write_text(text, encoding="utf-8")


def write_netcdf(dataset: xr.Dataset, path: Path) -> None:
    """Write a Dataset as netCDF 3 (64-bit offsets): no clock in the file, read everywhere."""
    dataset.to_netcdf(path, engine="scipy", format="NETCDF3_64BIT")


# Of a streamed array: rows and columns that lie together, so that some outcomes of all runs, or all
# outcomes of some runs, are read without the rest; and what is held in memory while it is written.
_ROWS, _COLUMNS, _SLAB_BYTES = 8192, 64, 2**26


def write_zarr(path: Path, dataset: xr.Dataset, name: str) -> None:
    """Write a Dataset as Zarr, one of its variables slab by slab; whole or not.

    Parameters
    ----------
    path : pathlib.Path
        The final place; written beside it and moved there when whole.
    dataset : xarray.Dataset
        With the sizes of ``run`` and ``outcome``.
    name : str
        Its large variable, (run, outcome), which need not fit into memory: as of a file mapped
        into it.

    Raises
    ------
    OutputError
        If it cannot be written, as on a full disk.
    """
    import dask.array as da
    import zarr

    large = dataset[name].variable
    runs, outcomes = large.shape
    # Chunks depend on the shape only.
    rows = max(1, min(_ROWS, _SLAB_BYTES // (8 * max(1, outcomes))))
    chunks = min(rows, max(1, runs)), min(_COLUMNS, max(1, outcomes))
    # Nothing is computed from it: the store learns what the slabs will be.
    template = da.zeros(large.shape, chunks=chunks, dtype=np.float64)
    empty = dataset.assign({name: (large.dims, template, large.attrs)})
    encoding = {name: {"chunks": chunks, "_FillValue": float("nan")}}
    try:
        with Folder(path) as folder:
            # Version 2 of the format: text has a settled form there, and everything opens it.
            empty.to_zarr(
                folder.path,
                mode="w",
                compute=False,
                encoding=encoding,
                zarr_format=2,
                consolidated=False,
            )
            for start in range(0, runs, rows):
                region = {"run": slice(start, min(start + rows, runs))}
                values = np.asarray(large.data[region["run"]])
                slab = xr.Dataset({name: (large.dims, values)})
                slab.to_zarr(
                    folder.path, mode="r+", region=region, zarr_format=2, consolidated=False
                )
            zarr.consolidate_metadata(folder.path)
    except OSError as error:
        reason = error.strerror or error
        raise OutputError(say("computing.cannot_write", path=path, reason=reason)) from None


def write_csv(
    path: Path, columns: Sequence[str], rows: pd.DataFrame | Iterable[Mapping[str, object]]
) -> None:
    """Write rows under named columns; what is missing is an empty field, floats have ten digits."""
    import pandas as pd

    table = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows), columns=columns)
    with path.open("w", encoding="utf-8", newline="") as file:
        table.to_csv(
            file, columns=list(columns), index=False, float_format="%.10g", lineterminator="\n"
        )


TIDY = ("scenario", "region", "year", "variable", "quantile", "value", "unit")


def tidy(dataset: xr.Dataset) -> pd.DataFrame:
    """Return ``projection.csv``: a row for each variable, region, year and quantile with a value.

    Returns
    -------
    pandas.DataFrame
        Of the columns `TIDY`.
    """
    import pandas as pd

    labels = [*(f"{level:.10g}" for level in dataset["quantile"].values), "mean"]
    parts = []
    for name, array in dataset.data_vars.items():
        variable, place = str(name), str(array.dims[0])
        if variable.endswith("_mean"):
            continue
        means = dataset[f"{variable}_mean"].values
        levels = [dataset[place].values, dataset["year"].values, labels]
        rows = pd.MultiIndex.from_product(levels, names=["region", "year", "quantile"])
        values = np.concatenate([array.values, means[..., None]], axis=-1)
        part = pd.DataFrame({"value": values.ravel()}, index=rows).dropna().reset_index()
        parts.append(part.assign(variable=variable, unit=array.attrs["units"]))
    return pd.concat(parts, ignore_index=True).assign(scenario=dataset.attrs["scenario"])
