"""The seed folder: one YAML file per region and the list of sources, read and checked as one."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import ValidationError

from .errors import Fault, FaultError, KeyPath, SeedError, among, did_you_mean, shown
from .region import Census, Level, Programme, Region, Source, UrbanDistrict
from .yaml_text import BROKEN, Document, mapping_from, model_faults, read_text

SOURCES: Final = "sources.yaml"
PARENT_LEVEL: Final = {"province": "nation", "prefecture": "province", "county": "prefecture"}


@dataclass(frozen=True, slots=True)
class Seeds:
    """Everything the seed folder says.

    Attributes
    ----------
    regions : mapping of str to Region
        By id, in the order of the ids.
    sources : mapping of str to Source
        By id, in the order of the file.
    directory : pathlib.Path
        Where it was read from.
    sha256 : str
        Hash of the names and contents of all YAML files, with normalised ends of line.
    """

    regions: Mapping[str, Region]
    sources: Mapping[str, Source]
    directory: Path
    sha256: str

    def index(self) -> Index:
        """Return what a scenario may refer to."""
        return Index(self.parents(), tuple(self.programmes()), tuple(self.sources))

    def region(self, region_id: str) -> Region:
        """Return a region; an unknown id is a `SeedError` that names the known ones."""
        if region_id not in self.regions:
            known = among(self.regions) + did_you_mean(region_id, self.regions)
            raise SeedError(f"region {shown(region_id)} does not exist; allowed {known}")
        return self.regions[region_id]

    def parents(self) -> dict[str, str | None]:
        """Return every region's id with its parent's."""
        return {name: region.parent for name, region in self.regions.items()}

    def children(self, region_id: str) -> tuple[str, ...]:
        """Return the regions directly inside a region, in the order of their ids."""
        self.region(region_id)
        return tuple(name for name, region in self.regions.items() if region.parent == region_id)

    def descendants(self, region_id: str) -> tuple[str, ...]:
        """Return all regions inside a region, each before those inside of it."""
        found: list[str] = []
        for child in self.children(region_id):
            found.extend((child, *self.descendants(child)))
        return tuple(found)

    def ancestors(self, region_id: str) -> tuple[str, ...]:
        """Return the regions a region lies in, nearest first."""
        found: list[str] = []
        above = self.region(region_id).parent
        while above is not None:
            found.append(above)
            above = self.regions[above].parent
        return tuple(found)

    def programmes(self) -> dict[str, tuple[str, Programme]]:
        """Return every programme by id, with the region it belongs to."""
        return {
            programme.id: (name, programme)
            for name, region in self.regions.items()
            for programme in region.programmes
        }

    def districts(self) -> dict[str, tuple[str, UrbanDistrict]]:
        """Return every urban district by id, with the region that declares it."""
        return {
            district.id: (name, district)
            for name, region in self.regions.items()
            for district in region.urban_districts
        }


def find_seeds(option: Path | None = None) -> Path:
    """Return the seed folder: the one asked for, else ``./seeds``, else the one shipped.

    Raises
    ------
    SeedError
        If there is none.
    """
    if option is not None:
        if not option.is_dir():
            raise SeedError(f"{option}: is not a folder with seed files")
        return option
    package = Path(__file__).resolve().parent
    # the last one serves an editable install, where the seeds stand beside the package
    for place in (Path("seeds"), package / "seeds", package.parent / "seeds"):
        if place.is_dir():
            return place
    raise SeedError("no seed folder: there is no ./seeds and none was installed; use --seeds DIR")


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
    paths = _seed_files(directory)
    parents: dict[str, str | None] = {}
    programmes: list[str] = []
    sources: tuple[str, ...] = ()
    for path in paths:
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


def _seed_files(directory: Path) -> list[Path]:
    if not directory.is_dir():
        raise SeedError(f"{directory}: is not a folder with seed files")
    paths = sorted(p for p in directory.glob("*.yaml") if not p.name.startswith("."))
    if not paths:
        raise SeedError(f"{directory}: holds no seed files (*.yaml)")
    return paths


def read_seeds(directory: Path) -> Seeds:
    """Read and check all seed files of a folder.

    Raises
    ------
    FaultError
        Naming everything that is wrong in any of the files.
    SeedError
        If there is nothing to read.
    """
    folder = _Folder(directory)
    for path in _seed_files(directory):
        folder.read(path)
    folder.check()
    if folder.faults:
        raise FaultError(folder.faults)
    regions = dict(sorted(folder.regions.items()))
    return Seeds(regions, folder.sources, directory, folder.digest.hexdigest())


class _Folder:
    """What has been read so far; faulty files keep their names, so that none is missed twice."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.digest = hashlib.sha256()
        self.faults: list[Fault] = []
        self.documents: dict[str, Document] = {}
        self.names: list[str] = []
        self.regions: dict[str, Region] = {}
        self.sources: dict[str, Source] = {}
        self.source_ids: list[str] | None = None  # None where sources.yaml could not be read

    def read(self, path: Path) -> None:
        """Read one file."""
        if path.name != SOURCES:
            self.names.append(path.stem)
        try:
            text = read_text(path)
            self.digest.update(f"{path.name}\0{text}\0".encode())
            document = mapping_from(text, str(path))
        except FaultError as error:
            self.faults.extend(error.faults)
            return
        self.faults.extend(document.faults)
        if path.name == SOURCES:
            self._read_sources(document)
        else:
            self._read_region(path.stem, document)

    def _read_sources(self, document: Document) -> None:
        data = document.plain()
        self.source_ids = list(data)
        for name, entry in data.items():
            try:
                self.sources[name] = Source.model_validate(entry)
            except ValidationError as error:
                self.faults.extend(model_faults(document, Source, error, under=(name,)))

    def _read_region(self, stem: str, document: Document) -> None:
        self.documents[stem] = document
        try:
            self.regions[stem] = Region.model_validate(document.plain())
        except ValidationError as error:
            self.faults.extend(model_faults(document, Region, error))

    def check(self) -> None:
        """Compare the files with each other."""
        if not (self.directory / SOURCES).exists():
            self.faults.append(Fault(str(self.directory / SOURCES), None, "", "does not exist"))
        for stem, document in self.documents.items():
            data = document.plain()
            self.faults.extend(self._place_faults(stem, document, data))
            self.faults.extend(self._reference_faults(document, data))
            self.faults.extend(self._district_faults(document, data))
        self.faults.extend(self._programme_faults())
        for stem in self.regions:
            self.faults.extend(self._county_faults(stem))

    def _place_faults(self, stem: str, document: Document, data: Any) -> Iterator[Fault]:
        """Check id, level and parent against the file's name and the other files."""
        name, level, parent = data.get("id"), data.get("level"), data.get("parent")
        if isinstance(name, str) and name != stem:
            problem = "is not the name of the file"
            yield document.fault(("id",), problem, found=shown(name), allowed=stem)
        wanted = PARENT_LEVEL.get(level) if isinstance(level, str) else None
        if level == "nation" and isinstance(parent, str):
            yield document.fault(("parent",), "does not fit a nation", found=shown(parent))
        if wanted is None or parent is BROKEN:
            return
        if parent is None:
            yield document.fault(("parent",), "required key is missing", allowed=f"a {wanted}")
        elif isinstance(parent, str):
            if parent not in self.names:
                yield _unknown(document, ("parent",), parent, self.names, "region")
            elif parent in self.documents:
                found = self.documents[parent].value(("level",))
                if found in get_args(Level) and found != wanted:
                    problem = "is a region of the wrong level"
                    yield document.fault(
                        ("parent",), problem, found=f"{parent}, a {found}", allowed=f"a {wanted}"
                    )
            if level == "county" and not stem.startswith(f"{parent}."):
                allowed = f"{parent}.<name>"
                problem = "does not begin with its parent's id"
                yield document.fault(("id",), problem, found=shown(stem), allowed=allowed)

    def _reference_faults(self, document: Document, data: Any) -> Iterator[Fault]:
        """Check that every source and region a file names exists."""
        for path, key, word in _texts(data, ()):
            if key == "source" and self.source_ids is not None and word not in self.source_ids:
                yield _unknown(document, path, word, self.source_ids, "source", listed=False)
            is_event = path[0] == "boundary_events" and key in ("from", "to")
            if (key == "relative_to" or is_event) and word not in self.names:
                yield _unknown(document, path, word, self.names, "region")

    def _district_faults(self, document: Document, data: Any) -> Iterator[Fault]:
        """Check the counties of urban districts, and the districts that targets name."""
        known: list[str] = []
        for place, district in enumerate(_items(data, "urban_districts")):
            name = district.get("id")
            where: KeyPath = ("urban_districts", place)
            if isinstance(name, str):
                if name in known or name in self.names:
                    yield document.fault((*where, "id"), "stands twice", found=shown(name))
                known.append(name)
            counties = district.get("counties")
            for number, county in enumerate(counties if isinstance(counties, list) else []):
                if isinstance(county, str) and county not in self.names:
                    path = (*where, "counties", number)
                    yield _unknown(document, path, county, self.names, "region")
        for place, target in enumerate(_items(data, "targets")):
            named = target.get("region")
            if isinstance(named, str) and named not in known:
                path = ("targets", place, "region")
                yield _unknown(document, path, named, known, "urban district")

    def _programme_faults(self) -> Iterator[Fault]:
        first: dict[str, str] = {}
        for document in self.documents.values():
            for place, programme in enumerate(_items(document.plain(), "programmes")):
                name = programme.get("id")
                if not isinstance(name, str):
                    continue
                if name in first:
                    problem = f"stands twice; it is first in {first[name]}"
                    yield document.fault(("programmes", place, "id"), problem, found=shown(name))
                first.setdefault(name, document.file)

    def _county_faults(self, stem: str) -> Iterator[Fault]:
        """Compare each census of a prefecture with the sum of its counties."""
        region = self.regions[stem]
        inside = [r for r in self.regions.values() if r.parent == stem and r.level == "county"]
        expected = [name for name in self.names if name.startswith(f"{stem}.")]
        # with one county unreadable, or elsewhere, the sum says nothing
        if region.level != "prefecture" or not inside or len(inside) != len(expected):
            return
        for path, census in _censuses(region):
            parts = [c for r in inside for _, c in _censuses(r) if c.year == census.year]
            if len(parts) == len(inside):
                yield from _sum_faults(self.documents[stem], path, census, parts)


def _censuses(region: Region) -> Iterator[tuple[KeyPath, Census]]:
    yield ("baseline", "census"), region.baseline.census
    for place, item in enumerate(region.history):
        yield ("history", place, "census"), item.census


def _sum_faults(
    document: Document, path: KeyPath, census: Census, parts: list[Census]
) -> Iterator[Fault]:
    problem = f"is not the sum of its {len(parts)} counties"
    for key in ("total", "urban", "rural"):
        printed, summed = getattr(census, key), sum(getattr(part, key) for part in parts)
        if printed != summed:
            yield document.fault((*path, key), problem, found=str(printed), allowed=str(summed))
    tables = [part.age_sex for part in parts if part.age_sex is not None]
    if census.age_sex is None or len(tables) < len(parts):
        return
    if any(table.ages != census.age_sex.ages for table in tables):
        yield document.fault((*path, "age_sex", "ages"), "differ from those of its counties")
        return
    for name, row in census.age_sex.tables().items():
        rows = [table.tables().get(name, ()) for table in tables]
        for place, printed in enumerate(row):
            summed = sum(other[place] for other in rows if other)
            if printed != summed and all(rows):
                where = (*path, "age_sex", name, place)
                yield document.fault(where, problem, found=str(printed), allowed=str(summed))


def _items(data: Any, key: str) -> list[dict[str, Any]]:
    """Return the mappings of a list, with others as empty ones so that positions stay."""
    items = data.get(key)
    if not isinstance(items, list):
        return []
    return [item if isinstance(item, dict) else {} for item in items]


def _texts(data: Any, path: KeyPath) -> Iterator[tuple[KeyPath, str, str]]:
    """Walk plain data; yield path, key and text of every value that is text."""
    if isinstance(data, dict):
        for key, value in data.items():
            if isinstance(value, str):
                yield (*path, key), key, value
            else:
                yield from _texts(value, (*path, key))
    elif isinstance(data, list):
        for place, value in enumerate(data):
            if isinstance(value, (dict, list)):
                yield from _texts(value, (*path, place))


def _unknown(
    document: Document,
    path: KeyPath,
    word: str,
    known: list[str],
    what: str,
    *,
    listed: bool = True,
) -> Fault:
    allowed = among(sorted(known)) if listed else f"the keys of {SOURCES}"
    allowed += did_you_mean(word, known)
    return document.fault(path, f"{what} does not exist", found=shown(word), allowed=allowed)
