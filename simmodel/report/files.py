"""The files of a report: written whole or not at all, over nothing but an older report."""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

import xarray as xr

from ..computing.output_files import try_writing
from ..errors import OutputError, ScenarioError
from ..texts import Language, say
from .contents import ReportContents
from .page import page
from .workbook import MADE_BY, book

PAGE, BOOK = "report.html", "report.xlsx"
SWEEPS: Final = ("sweep.nc", "sweep.zarr")
OF_A_SWEEP: Final = ("sweep", "method", "outcome", "outcome_region", "parameter")
# What a page made here begins with, so that another's is not written over.
_MARK: Final = f'<meta name="generator" content="{MADE_BY}">'


def check_replaceable(directory: Path) -> tuple[Path, Path]:
    """Make sure, before any work, that a report can be written to a folder.

    Returns
    -------
    tuple of (pathlib.Path, pathlib.Path)
        The page and the workbook to be written.

    Raises
    ------
    OutputError
        If the folder cannot be written, or one of the files is of another making.
    """
    paths = directory / PAGE, directory / BOOK
    try_writing(directory)
    for path, made_here in zip(paths, (_is_page, _is_book), strict=True):
        if path.is_symlink() or (path.exists() and not made_here(path)):
            raise OutputError(say("report.not_a_report", path=path))
    return paths


def _is_page(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return _MARK in file.read(1000)
    except OSError:
        return False


def _is_book(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as file:
            return MADE_BY.encode() in file.read("docProps/app.xml")
    except (OSError, KeyError, zipfile.BadZipFile):
        return False


def read_sweeps(folders: Sequence[Path]) -> list[xr.Dataset]:
    """Read what `simmodel sweep` wrote to some folders.

    Raises
    ------
    ScenarioError
        If one of them holds no results of a sweep.
    """
    found = []
    for folder in folders:
        path = next((p for p in (folder / name for name in SWEEPS) if p.exists()), None)
        if path is None:
            raise ScenarioError(
                say(
                    "report.no_sweep",
                    folder=folder,
                    found=_inside(folder),
                    files=say("report.or").join(SWEEPS),
                )
            )
        try:
            engine: Literal["zarr", "scipy"] = "zarr" if path.suffix == ".zarr" else "scipy"
            ds = xr.open_dataset(path, engine=engine)
            if engine == "scipy":
                with ds:
                    ds = ds.load()
        except (OSError, ValueError, TypeError, KeyError):
            kind = "Zarr" if path.suffix == ".zarr" else "netCDF"
            raise ScenarioError(say("report.sweep_unreadable", path=path, format=kind)) from None
        lacking = [name for name in OF_A_SWEEP if name not in ds.coords and name not in ds.attrs]
        if lacking:
            raise ScenarioError(say("report.sweep_lacks", path=path, lacking=", ".join(lacking)))
        found.append(ds)
    return found


def _inside(folder: Path) -> str:
    if not folder.is_dir():
        return say("report.no_sweep_a_file" if folder.exists() else "report.no_sweep_nothing")
    names = sorted(path.name for path in folder.iterdir())
    return ", ".join(names[:3]) or say("report.no_sweep_nothing")


def write(
    paths: tuple[Path, Path], contents: ReportContents, language: Language, command: str
) -> str:
    """Write page and workbook, both or neither.

    Returns
    -------
    str
        Characters that the page's font lacks.
    """
    html, lacking = page(contents, language, command)
    encoded = html.encode("utf-8"), book(contents, language, command)
    paths[0].parent.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(dir=paths[0].parent, prefix=".report.") as folder:
            made = [Path(folder) / path.name for path in paths]
            for place, content in zip(made, encoded, strict=True):
                place.write_bytes(content)
            for place, path in zip(made, paths, strict=True):
                os.replace(place, path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(
            say("report.cannot_write", folder=paths[0].parent, reason=reason)
        ) from None
    return lacking
