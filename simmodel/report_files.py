"""The files of a report: written whole or not at all, over nothing but an older report."""

from __future__ import annotations

import os
import tempfile
import zipfile
from pathlib import Path
from typing import Final

from .dossier import Dossier
from .errors import OutputError
from .report_book import MADE_BY, book
from .report_page import page
from .store import try_writing
from .words import Language

PAGE, BOOK = "report.html", "report.xlsx"
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
            raise OutputError(f"{path}: is not a report; move it or choose another --out")
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


def write(paths: tuple[Path, Path], dossier: Dossier, language: Language, command: str) -> str:
    """Write page and workbook, both or neither.

    Returns
    -------
    str
        Characters that the page's font lacks.
    """
    html, lacking = page(dossier, language, command)
    contents = html.encode("utf-8"), book(dossier, language, command)
    paths[0].parent.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(dir=paths[0].parent, prefix=".report.") as folder:
            made = [Path(folder) / path.name for path in paths]
            for place, content in zip(made, contents, strict=True):
                place.write_bytes(content)
            for place, path in zip(made, paths, strict=True):
                os.replace(place, path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(
            f"{paths[0].parent}: cannot write there ({reason}); choose another --out"
        ) from None
    return lacking
