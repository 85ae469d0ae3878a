"""Outputs: a folder written whole or not at all, with provenance."""

from __future__ import annotations

import csv
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from .errors import OutputError

RUN = "run.json"


def check_writable(directory: Path, name: str) -> Path:
    """Make sure, before any work, that ``directory/name`` can be written or replaced.

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
    missing = [p for p in (directory, *directory.parents) if not p.exists()]
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=directory, prefix=f".{name}."):
            pass
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(
            f"{directory}: cannot write there ({reason}); choose another --out"
        ) from None
    finally:
        # Nothing is left behind where the work fails later.
        for path in missing:
            if path.is_dir():
                path.rmdir()
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise OutputError(f"{target}: is not a folder of results; choose another --out")
    if target.exists():
        foreign = sorted({p.name for p in target.iterdir()} - _made_here(target))
        if foreign:
            raise OutputError(
                f"{target}: holds files that are not results of a run ({', '.join(foreign[:3])}); "
                "move them or choose another --out"
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


def write_zarr(dataset: xr.Dataset, path: Path) -> None:
    """Write a Dataset that is larger than memory: a folder of chunks, as Zarr."""
    dataset.to_zarr(path, mode="w", consolidated=False, zarr_format=2)


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    """Write rows under named columns; None is an empty field, floats have ten digits."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([_field(row[name]) for name in columns] for row in rows)


def _field(value: object) -> object:
    if value is None:
        return ""
    return f"{value:.10g}" if isinstance(value, float) else value


TIDY = ("scenario", "region", "year", "variable", "quantile", "value", "unit")


def tidy(dataset: xr.Dataset) -> Iterable[dict[str, object]]:
    """Rows of ``projection.csv``: a value for each variable, region, year and quantile."""
    scenario = dataset.attrs["scenario"]
    for name, array in dataset.data_vars.items():
        variable, place = str(name), str(array.dims[0])
        if variable.endswith("_mean"):
            continue
        mean = dataset[f"{variable}_mean"]
        for i, region in enumerate(dataset[place].values):
            for j, year in enumerate(dataset["year"].values):
                values = [*array.values[i, j], mean.values[i, j]]
                for label, value in zip([*dataset["quantile"].values, "mean"], values, strict=True):
                    if not np.isnan(value):
                        yield {
                            "scenario": scenario,
                            "region": str(region),
                            "year": int(year),
                            "variable": variable,
                            "quantile": label if label == "mean" else float(label),
                            "value": float(value),
                            "unit": array.attrs["units"],
                        }
