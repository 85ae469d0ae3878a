"""The seed folder: one YAML file per region and the list of sources, read and checked as one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pydantic import ValidationError

from ..errors import Fault, FaultError, KeyPath
from ..texts import say
from .region import Census, Programme, Region, Source, UrbanDistrict
from .region_tree import RegionTree
from .seed_checks import FolderContents, faults_across
from .seed_folder import SOURCES, Index, seed_files
from .yaml import Document, mapping_from, model_faults, read_text


@dataclass(frozen=True)
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

    @cached_property
    def tree(self) -> RegionTree:
        """Which region is part of which."""
        return RegionTree.of(self.regions)

    def index(self) -> Index:
        """Return what a scenario may refer to."""
        return Index(self.tree.parents, tuple(self.programmes()), tuple(self.sources))

    def region(self, region_id: str) -> Region:
        """Return a region; an unknown id is a `SeedError` that names the known ones."""
        self.tree.check(region_id)
        return self.regions[region_id]

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


def read_seeds(directory: Path) -> Seeds:
    """Read and check all seed files of a folder.

    Raises
    ------
    FaultError
        Naming everything that is wrong in any of the files.
    SeedError
        If there is nothing to read.
    """
    return _Reader(directory).seeds()


def read_with(directory: Path, region_id: str, region: Document, sources: Document) -> Seeds:
    """Read a seed folder as if a region, and sources of its own, already stood in it.

    Parameters
    ----------
    directory : pathlib.Path
    region_id : str
        That none of the files has.
    region, sources : Document
        What its file would hold, and what the list of sources would hold beside its own; an entry
        without any key refers to a source that is known already.

    Returns
    -------
    Seeds
        Its hash is that of the folder as it stands.

    Raises
    ------
    FaultError
        Naming everything that is wrong in any of them, with the marks of the documents.
    """
    reader = _Reader(directory)
    reader.add(region_id, region, sources)
    return reader.seeds()


class _Reader:
    """Reads the files of a folder, one after the other, and keeps what is wrong with them."""

    def __init__(self, directory: Path) -> None:
        self.digest = hashlib.sha256()
        self.faults: list[Fault] = []
        self.folder = FolderContents(directory)
        for path in seed_files(directory):
            self._read(path)

    def seeds(self) -> Seeds:
        """Return what was read, once it is checked as a whole."""
        self.faults.extend(faults_across(self.folder))
        if self.faults:
            raise FaultError(self.faults)
        regions = dict(sorted(self.folder.regions.items()))
        digest = self.digest.hexdigest()
        return Seeds(regions, self.folder.sources, self.folder.directory, digest)

    def add(self, stem: str, region: Document, sources: Document) -> None:
        """Add a region, and its sources to those that are there."""
        known = dict(self.folder.sources)
        ids = self.folder.source_ids
        for name, entry in sources.plain().items():
            if name in known and not entry:
                continue
            if ids is not None and name not in ids:
                ids.append(name)
            is_sound = self._add_source(sources, name, entry)
            if is_sound and name in known and self.folder.sources[name] != known[name]:
                problem = say("inputs.source_differs", file=SOURCES)
                allowed = say("inputs.id_alone")
                self.faults.append(sources.fault((name,), problem, allowed=allowed))
        self.folder.names.append(stem)
        self._add_region(stem, region)

    def _read(self, path: Path) -> None:
        if path.name != SOURCES:
            self.folder.names.append(path.stem)
        try:
            text = read_text(path)
            self.digest.update(f"{path.name}\0{text}\0".encode())
            document = mapping_from(text, str(path))
        except FaultError as error:
            self.faults.extend(error.faults)
            return
        self.faults.extend(document.faults)
        if path.name == SOURCES:
            entries = document.plain()
            self.folder.source_ids = list(entries)
            for name, entry in entries.items():
                self._add_source(document, name, entry)
        else:
            self._add_region(path.stem, document)

    def _add_source(self, document: Document, name: str, entry: object) -> bool:
        try:
            self.folder.sources[name] = Source.model_validate(entry)
        except ValidationError as error:
            self.faults.extend(model_faults(document, Source, error, under=(name,)))
            return False
        return True

    def _add_region(self, stem: str, document: Document) -> None:
        self.folder.documents[stem] = document
        self.folder.censuses[stem] = list(_censuses_in(document))
        try:
            self.folder.regions[stem] = Region.model_validate(document.plain())
        except ValidationError as error:
            self.faults.extend(model_faults(document, Region, error))


def _censuses_in(document: Document) -> Iterator[tuple[KeyPath, Census]]:
    """Read the counts of all censuses that can be read, whatever is wrong around them."""
    history = document.value(("history",))
    length = len(history) if isinstance(history, list) else 0
    places: list[KeyPath] = [("baseline", "census")]
    places += [("history", place, "census") for place in range(length)]
    for path in places:
        data = document.value(path)
        if not isinstance(data, dict):
            continue
        keys = ("year", "unit", "total", "urban", "rural", "broad_ages", "age_sex")
        counts = {key: data[key] for key in keys if key in data}
        try:
            yield path, Census.model_validate({**counts, "source": "any", "place": "any"})
        except ValidationError:
            continue  # reported with the whole region
