"""Where the seed files are: the folder in use, the files beside them, and the ids they hold.

Nothing here reads a figure, so that a scenario can be checked in a fraction of a second.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ..errors import SeedError, shown
from ..texts import say
from .region_tree import REGION_ID

SOURCES: Final = "sources.yaml"
PACKAGE: Final = Path(__file__).resolve().parents[1]


def find_seeds(option: Path | None = None) -> Path:
    """Return the seed folder: the one asked for, else ``./seeds``, else the one shipped.

    Raises
    ------
    SeedError
        If there is none.
    """
    if option is not None:
        if not option.is_dir():
            raise SeedError(say("inputs.is_no_seed_folder", path=option))
        return option
    return Path("seeds") if Path("seeds").is_dir() else shipped_seeds()


def shipped_seeds() -> Path:
    """Return the seed folder that came with the package.

    Raises
    ------
    SeedError
        If there is none.
    """
    # the last one serves an editable install, where the seeds stand beside the package
    for place in (PACKAGE / "seeds", PACKAGE.parent / "seeds"):
        if place.is_dir():
            return place
    raise SeedError(say("inputs.has_no_seed_folder"))


def seed_files(directory: Path) -> list[Path]:
    """Return the YAML files of a seed folder, by name.

    Raises
    ------
    SeedError
        If there are none.
    """
    if not directory.is_dir():
        raise SeedError(say("inputs.is_no_seed_folder", path=directory))
    paths = sorted(p for p in directory.glob("*.yaml") if not p.name.startswith("."))
    if not paths:
        raise SeedError(say("inputs.has_no_seed_files", path=directory))
    return paths


def read_beside(directory: Path, name: str, remedy: str) -> tuple[Path, Any]:
    """Read a JSON file beside the seeds, or the shipped one where a seed folder has none.

    Parameters
    ----------
    directory : pathlib.Path
        The seed folder.
    name : str
        Of the file.
    remedy : str
        What to do where it cannot be read.

    Returns
    -------
    tuple of (pathlib.Path, object)
        Where it is, and what it holds.

    Raises
    ------
    SeedError
        If it is nowhere, or is not JSON.
    """
    places = (directory / name, PACKAGE / "seeds" / name, PACKAGE.parent / "seeds" / name)
    path = next((p for p in places if p.is_file()), places[0])
    try:
        return path, json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or say("inputs.not_json")
        said = say("inputs.file_is_unreadable", path=path, reason=reason, remedy=remedy)
        raise SeedError(said) from None


def check_region_id(region_id: str) -> None:
    """Refuse what cannot be the id of a prefecture or county.

    Raises
    ------
    SeedError
    """
    if not REGION_ID.match(region_id):
        allowed = say("faults.allowed", allowed=say("inputs.ids"))
        raise SeedError(f"{shown(region_id)[1:-1]}: {say('inputs.is_not_id')}{allowed}")


@dataclass(frozen=True, slots=True)
class Index:
    """What a scenario may refer to: enough to check one without reading every figure.

    Attributes
    ----------
    parents : mapping of str to str or None
        Every region's id with its parent's.
    programmes, sources : tuple of str
        Ids.
    """

    parents: Mapping[str, str | None]
    programmes: tuple[str, ...]
    sources: tuple[str, ...]


def read_index(directory: Path) -> Index:
    """Read the ids in a seed folder, from file names and top-level keys, without parsing figures.

    Raises
    ------
    SeedError
        If there is nothing to read.
    """
    parents: dict[str, str | None] = {}
    programmes: list[str] = []
    sources: tuple[str, ...] = ()
    for path in seed_files(directory):
        text = path.read_text(encoding="utf-8", errors="replace")
        if path.name == SOURCES:
            sources = tuple(_TOP_KEY.findall(text))
            continue
        parent = _PARENT.search(text)
        parents[path.stem] = parent[1] if parent else None
        if block := _PROGRAMMES.search(text):
            programmes += _ID.findall(block[1])
    return Index(parents, tuple(programmes), sources)


_TOP_KEY: Final = re.compile(r"^([A-Za-z0-9_]+):", re.MULTILINE)
_PARENT: Final = re.compile(r"^parent:\s*([^\s#]+)", re.MULTILINE)
_PROGRAMMES: Final = re.compile(r"^programmes:(.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)
_ID: Final = re.compile(r"\bid:\s*([^\s,}#]+)")
