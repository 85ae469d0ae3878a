"""The seed folder: one YAML file per region and the list of sources, read and checked as one."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import ValidationError

from ..errors import Fault, FaultError, KeyPath, SeedError, among, did_you_mean, shown
from .region import (
    BASE_YEAR,
    REGION_ID,
    AgeSex,
    Baseline,
    Census,
    Figure,
    History,
    Observation,
    Programme,
    Region,
    Source,
    UrbanDistrict,
)
from .units import Level, persons_per
from .yaml import BROKEN, Document, mapping_from, model_faults, read_text

SOURCES: Final = "sources.yaml"
EARLIER_YEAR: Final = 2010  # the census from which the model is run up to the base year
LEAST: Final = (
    f"the least a region needs is a census of {EARLIER_YEAR} and one of {BASE_YEAR}, with total "
    "and urban; a province also age_sex in both, and registered_elsewhere with other_province; a "
    "nation age_sex by residence, and standards"
)
# Levels that may borrow ages and arrivals from above.
BORROWING: Final = ("prefecture", "county")

# How far a figure after the census may lie from it: to find slips of unit, digit and year, not to
# judge what is likely.
YEARLY_CHANGE: Final = 0.05  # share of the census count, compound
YEARLY_POINTS: Final = 5.0  # percentage points
VITAL_SHARES: Final = (0.001, 0.05)  # births or deaths of a year, share of the census count
MOVED_FACTOR: Final = 2.0  # where territory was moved, the census is of another boundary
REGISTERED_FACTOR: Final = 2.0  # registered people over residents, or the other way round

# Figures after the base year that a calibration would use, and the vintages they may have: chained
# to the base census, or kept out.
LATER_INDICATORS: Final = ("urbanization_rate", "total_population", "births", "deaths")
LATER_VINTAGES: Final = ("post_2020_census", "plan", "undated")

SCALES: Final = {unit: persons_per(unit) for unit in ("persons", "10k_persons")}

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
    return Path("seeds") if Path("seeds").is_dir() else shipped_seeds()


def shipped_seeds() -> Path:
    """Return the seed folder that came with the package.

    Raises
    ------
    SeedError
        If there is none.
    """
    package = Path(__file__).resolve().parents[1]
    # the last one serves an editable install, where the seeds stand beside the package
    for place in (package / "seeds", package.parent / "seeds"):
        if place.is_dir():
            return place
    raise SeedError("no seed folder: there is no ./seeds and none was installed; use --seeds DIR")


def check_region_id(region_id: str) -> None:
    """Refuse what cannot be the id of a prefecture or county.

    Raises
    ------
    SeedError
    """
    if not REGION_ID.match(region_id):
        allowed = "lower-case words like wuwei or wuwei.liangzhou"
        raise SeedError(f"{shown(region_id)[1:-1]}: is not an id; allowed {allowed}")


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
    package = Path(__file__).resolve().parents[1]
    places = (directory / name, package / "seeds" / name, package.parent / "seeds" / name)
    path = next((p for p in places if p.is_file()), places[0])
    try:
        return path, json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or "not JSON"
        raise SeedError(f"{path}: cannot be read ({reason}); {remedy}") from None


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
    folder = _Folder(directory)
    for path in _seed_files(directory):
        folder.read(path)
    folder.add(region_id, region, sources)
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
        # also those of files that are faulty elsewhere, so that no fault hides another file's
        self.censuses: dict[str, list[tuple[KeyPath, Census]]] = {}
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

    def add(self, stem: str, region: Document, sources: Document) -> None:
        """Add a region, and its sources to those that are there."""
        known = dict(self.sources)
        for name, entry in sources.plain().items():
            if name in known and not entry:
                continue
            try:
                self.sources[name] = Source.model_validate(entry)
            except ValidationError as error:
                self.faults.extend(model_faults(sources, Source, error, under=(name,)))
                continue
            finally:
                if self.source_ids is not None and name not in self.source_ids:
                    self.source_ids.append(name)
            if name in known and self.sources[name] != known[name]:
                problem = f"stands in {SOURCES} already, in other words"
                allowed = "the id alone, or another id"
                self.faults.append(sources.fault((name,), problem, allowed=allowed))
        self.names.append(stem)
        self._read_region(stem, region)

    def _read_region(self, stem: str, document: Document) -> None:
        self.documents[stem] = document
        self.censuses[stem] = list(_censuses_in(document))
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
        for stem in self.documents:
            self.faults.extend(self._county_faults(stem))
        moved = self._moved()
        for stem, region in self.regions.items():
            document = self.documents[stem]
            self.faults.extend(_least_faults(document, region))
            self.faults.extend(_vintage_faults(document, region))
            self.faults.extend(_later_faults(document, region, moved=stem in moved))
            self.faults.extend(_registered_faults(document, region, moved=stem in moved))

    def _moved(self) -> set[str]:
        """Return the regions whose boundary moved in the base year."""
        if len(self.documents) < len(self.names):
            return set(self.names)  # a file that cannot be read may be the one that says so
        events = [e for d in self.documents.values() for e in _items(d.plain(), "boundary_events")]
        ends = [e.get(key) for e in events for key in ("from", "to") if e.get("year") == BASE_YEAR]
        return {end for end in ends if isinstance(end, str)}

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
        inside = [
            name
            for name, document in self.documents.items()
            if document.value(("level",)) == "county" and document.value(("parent",)) == stem
        ]
        expected = [name for name in self.names if name.startswith(f"{stem}.")]
        is_prefecture = self.documents[stem].value(("level",)) == "prefecture"
        # with one county unreadable, or elsewhere, the sum says nothing
        if not is_prefecture or not inside or len(inside) != len(expected):
            return
        some = self.documents[stem].value(("counties",)) == "some"
        for path, census in self.censuses[stem]:
            parts = {n: c for n in inside for _, c in self.censuses[n] if c.year == census.year}
            if some and all(
                sum(getattr(part, key) for part in parts.values()) <= getattr(census, key)
                for key in ("total", "urban", "rural")
            ):
                continue
            if len(parts) == len(inside):
                yield from _sum_faults(self.documents[stem], path, census, parts)


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


def _sum_faults(
    document: Document, path: KeyPath, census: Census, parts: Mapping[str, Census]
) -> Iterator[Fault]:
    """Say in one line how a census differs from the sum of its counties, and which they are."""
    sums = {
        key: (getattr(census, key), sum(getattr(part, key) for part in parts.values()))
        for key in ("total", "urban", "rural")
    }
    tables = [part.age_sex for part in parts.values() if part.age_sex is not None]
    if census.age_sex is not None and len(tables) == len(parts):
        if any(table.ages != census.age_sex.ages for table in tables):
            yield document.fault((*path, "age_sex", "ages"), "differ from those of its counties")
            tables = []
        for name, row in census.age_sex.tables().items():
            rows = [table.tables().get(name, ()) for table in tables]
            for place, printed in enumerate(row if rows and all(rows) else ()):
                summed = sum(other[place] for other in rows)
                sums[f"age_sex.{name}[{place}]"] = printed, summed
    wrong = {key: (summed - printed, printed, summed) for key, (printed, summed) in sums.items()}
    wrong = {key: item for key, item in wrong.items() if item[0]}
    if not wrong:
        return
    key = max(wrong, key=lambda key: abs(wrong[key][0]))
    difference, printed, summed = wrong[key]
    which = f"the {len(parts)} counties counted" if len(parts) > 1 else "the one county counted"
    problem = f"is not the sum of {which}, {among(parts)}"
    found = (
        f"{len(wrong)} of {len(sums)} sums differ, most of all {key}: "
        f"{printed} here, {summed} in the counties ({difference:+d})"
    )
    fits = [n for n, part in parts.items() if part.total == summed - printed and key == "total"]
    allowed = "what the counties add up to"
    if fits:
        allowed += f". Is {' or '.join(fits)} one too many?"
    elif difference < 0 and 2 * len(wrong) > len(sums):
        allowed += ". Is a county missing?"
    yield document.fault(path, problem, found=found, allowed=allowed)


def _least_faults(document: Document, region: Region) -> Iterator[Fault]:
    """Say what a region lacks without which it cannot be calibrated."""
    items: list[Baseline | History] = [region.baseline, *region.history]
    paths: list[KeyPath] = [("baseline",)]
    paths += [("history", place) for place in range(len(region.history))]
    known = {i.census.year: (p, i.census) for p, i in zip(paths, items, strict=True)}
    if region.baseline.census.year != BASE_YEAR:
        found, allowed = str(region.baseline.census.year), str(BASE_YEAR)
        place = ("baseline", "census", "year")
        yield document.fault(place, "is not the base year", found=found, allowed=allowed)
    if EARLIER_YEAR not in known:
        yield document.fault(("history",), f"has no census of {EARLIER_YEAR}: {LEAST}")
    tables: dict[KeyPath, AgeSex | None] = {}
    residence = region.level == "nation"
    for year in (EARLIER_YEAR, BASE_YEAR):
        if year in known:
            path, census = known[year]
            tables[*path, "census", "age_sex"] = census.age_sex
            if year == BASE_YEAR and census.age_sex is not None:
                residence = residence or census.age_sex.by_residence
    for path, table in tables.items():
        if table is None and region.level in BORROWING:
            continue
        if table is None:
            yield document.fault(path, f"required key is missing: {LEAST}")
        elif residence and not table.by_residence:
            yield document.fault(path, f"is not by residence: {LEAST}")
    if region.level == "nation":
        if region.standards is None:
            yield document.fault(("standards",), f"required key is missing: {LEAST}")
        return
    stocks = [item.registered_elsewhere for item in items]
    lacking = all(stock is None or stock.other_province is None for stock in stocks)
    if lacking and region.level not in BORROWING:
        where: KeyPath = ("baseline", "registered_elsewhere")
        where = where if stocks[0] is None else (*where, "other_province")
        yield document.fault(where, f"required key is missing: {LEAST}")


def _vintage_faults(document: Document, region: Region) -> Iterator[Fault]:
    """Refuse later figures that are chained to another census than that of the base year."""
    own, *kept_out = LATER_VINTAGES
    allowed = f"{own}, or {' or '.join(kept_out)}, which keep it out of the calibration"
    reason = "the break between two censuses would be read as growth"
    for place, o in enumerate(region.observations):
        is_later = o.year > BASE_YEAR and o.indicator in LATER_INDICATORS
        if not is_later or o.vintage in LATER_VINTAGES:
            continue
        where: KeyPath = ("observations", place, "vintage")
        if o.vintage is None:
            problem = f"required key is missing after {BASE_YEAR}: {reason}"
            yield document.fault(where, problem, allowed=allowed)
        else:
            problem = f"is of another census than that of {BASE_YEAR}: {reason}"
            yield document.fault(where, problem, found=shown(o.vintage), allowed=allowed)


def _later_faults(document: Document, region: Region, *, moved: bool) -> Iterator[Fault]:
    """Compare what was observed after the census of the base year with that census."""
    census = region.baseline.census
    for place, o in enumerate(region.observations):
        is_later = o.vintage == "post_2020_census" and o.year >= BASE_YEAR
        if not is_later or census.year != BASE_YEAR or not census.total:
            continue
        if (plausible := _plausible(o, census, moved)) is None:
            continue
        problem = f"does not fit the census of {BASE_YEAR}"
        path = ("observations", place, "value")
        yield from _range_faults(document, path, o, problem, *plausible)


def _range_faults(
    document: Document,
    path: KeyPath,
    figure: Figure | Observation,
    problem: str,
    low: float,
    high: float,
    why: str,
) -> Iterator[Fault]:
    """Say that a figure is out of its range, in persons or percent, and which unit would fit."""
    value, unit = figure.value, figure.unit
    scale = SCALES.get(unit, 1.0)
    if low <= value * scale <= high:
        return
    digits = {"persons": 0, "10k_persons": 4}.get(unit, 2)
    allowed = f"{low / scale:.{digits}f} to {high / scale:.{digits}f} {unit}, {why}"
    others = {u: s for u, s in SCALES.items() if unit in SCALES and u != unit}
    fits = [other for other, s in others.items() if low <= value * s <= high]
    allowed += f". Did you mean {fits[0]}?" if fits else ""
    found = f"{shown(int(value) if value.is_integer() else value)} {unit}"
    yield document.fault(path, problem, found=found, allowed=allowed)


def _registered_faults(document: Document, region: Region, *, moved: bool) -> Iterator[Fault]:
    """Compare registered people with the residents nearest in time, and the urban ones with all."""
    censuses = [region.baseline.census, *(item.census for item in region.history)]
    figures: list[tuple[KeyPath, Figure | Observation]] = [
        (("observations", place, "value"), o)
        for place, o in enumerate(region.observations)
        if o.indicator == "registered_population"
    ]
    figures += [
        (("history", place, "registered_population", "value"), item.registered_population)
        for place, item in enumerate(region.history)
        if item.registered_population is not None
    ]
    factor = REGISTERED_FACTOR * (MOVED_FACTOR if moved else 1.0)
    everybody: dict[int, float] = {}
    for path, figure in figures:
        if figure.unit not in SCALES:
            problem, allowed = "is not a number of people", " or ".join(SCALES)
            where = (*path[:-1], "unit")
            yield document.fault(where, problem, found=figure.unit, allowed=allowed)
            continue
        census = min(censuses, key=lambda census: abs(census.year - figure.year))
        why = (
            f"{'a quarter to four times' if moved else 'half to twice'} the residents counted in "
            f"{census.year}, {census.total} persons: beyond, a slip of unit is likelier than so "
            "many people gone or come"
        )
        problem = "does not fit the residents"
        low, high = census.total / factor, census.total * factor
        if faults := list(_range_faults(document, path, figure, problem, low, high, why)):
            yield from faults
        else:
            everybody.setdefault(figure.year, figure.value * SCALES[figure.unit])
    for place, o in enumerate(region.observations):
        total = everybody.get(o.year)
        if o.indicator != "registered_urban_population" or total is None:
            continue
        problem = f"is not a part of all registered people of {o.year}"
        path = ("observations", place, "value")
        why = f"no more than registered_population, {total:.0f} persons"
        yield from _range_faults(document, path, o, problem, 0.0, total, why)


def _plausible(o: Observation, census: Census, moved: bool) -> tuple[float, float, str] | None:
    """Return the least and the most an observation may be, in persons or percent, and why."""
    years = max(o.year - BASE_YEAR, 1)
    if o.indicator in ("total_population", "urban_population"):
        counted = census.total if o.indicator == "total_population" else census.urban
        factor = MOVED_FACTOR if moved else (1 + YEARLY_CHANGE) ** years
        why = f"{'half to twice' if moved else f'{YEARLY_CHANGE:.0%} a year from'} the count"
        return (
            (counted / factor, counted * factor, f"{why}, {counted} persons") if counted else None
        )
    if o.indicator in ("births", "deaths"):
        factor = MOVED_FACTOR if moved else 1.0
        low, high = VITAL_SHARES[0] / factor, VITAL_SHARES[1] * factor
        why = f"{low:.2%} to {high:.0%} of the count, {census.total} persons"
        return low * census.total, high * census.total, why
    if o.indicator == "urbanization_rate" and not moved:
        rate, points = 100.0 * census.urban / census.total, YEARLY_POINTS * years
        why = f"{YEARLY_POINTS:g} points a year from the count, {rate:.2f}"
        return max(rate - points, 0.0), min(rate + points, 100.0), why
    return None


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
