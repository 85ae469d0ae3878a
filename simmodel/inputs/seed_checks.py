"""What the seed files must be to each other: places, references, sums, figures that fit the census.

Every check yields faults with the file, line and key that they are about. Files that are faulty
elsewhere are checked as far as they can be read, so that no fault hides another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, get_args

from ..errors import Fault, KeyPath, among, meant, shown
from ..texts import say
from .region import (
    BASE_YEAR,
    AgeSex,
    Baseline,
    Census,
    Figure,
    History,
    Observation,
    Region,
    Source,
)
from .seed_folder import SOURCES
from .units import Level, persons_per
from .yaml import BROKEN, Document, unknown

EARLIER_YEAR: Final = 2010  # the census from which the model is run up to the base year
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


@dataclass
class FolderContents:
    """What has been read of a seed folder; faulty files keep their names.

    Attributes
    ----------
    directory : pathlib.Path
    names : list of str
        Of all region files, also of those that could not be read.
    documents : dict of str to Document
        Region files that are mappings.
    regions : dict of str to Region
        Those without a fault of their own.
    censuses : dict of str to list of tuple
        Path and counts of every census that can be read, whatever is wrong around it.
    sources : dict of str to Source
    source_ids : list of str or None
        None where the list of sources could not be read.
    """

    directory: Path
    names: list[str] = field(default_factory=list)
    documents: dict[str, Document] = field(default_factory=dict)
    regions: dict[str, Region] = field(default_factory=dict)
    censuses: dict[str, list[tuple[KeyPath, Census]]] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    source_ids: list[str] | None = None


def faults_across(folder: FolderContents) -> Iterator[Fault]:
    """Compare the files of a folder with each other and their figures with the census."""
    if not (folder.directory / SOURCES).exists():
        yield Fault(str(folder.directory / SOURCES), None, "", say("faults.does_not_exist"))
    for stem, document in folder.documents.items():
        data = document.plain()
        yield from _place_faults(folder, stem, document, data)
        yield from _reference_faults(folder, document, data)
        yield from _district_faults(folder, document, data)
    yield from _programme_faults(folder)
    for stem in folder.documents:
        yield from _county_faults(folder, stem)
    moved = _moved(folder)
    for stem, region in folder.regions.items():
        document = folder.documents[stem]
        yield from _least_faults(document, region)
        yield from _vintage_faults(document, region)
        yield from _later_faults(document, region, moved=stem in moved)
        yield from _registered_faults(document, region, moved=stem in moved)


def _least() -> str:
    """Say what a region needs at least."""
    return say("inputs.least", earlier=EARLIER_YEAR, base=BASE_YEAR)


def _moved(folder: FolderContents) -> set[str]:
    """Return the regions whose boundary moved in the base year."""
    if len(folder.documents) < len(folder.names):
        return set(folder.names)  # a file that cannot be read may be the one that says so
    events = [e for d in folder.documents.values() for e in _items(d.plain(), "boundary_events")]
    ends = [e.get(key) for e in events for key in ("from", "to") if e.get("year") == BASE_YEAR]
    return {end for end in ends if isinstance(end, str)}


def _place_faults(
    folder: FolderContents, stem: str, document: Document, data: Any
) -> Iterator[Fault]:
    """Check id, level and parent against the file's name and the other files."""
    name, level, parent = data.get("id"), data.get("level"), data.get("parent")
    if isinstance(name, str) and name != stem:
        problem = say("inputs.is_not_file_name")
        yield document.fault(("id",), problem, found=shown(name), allowed=stem)
    wanted = PARENT_LEVEL.get(level) if isinstance(level, str) else None
    if level == "nation" and isinstance(parent, str):
        problem = say("inputs.does_not_fit_nation")
        yield document.fault(("parent",), problem, found=shown(parent))
    if wanted is None or parent is BROKEN:
        return
    wanted_level = say(f"inputs.level.{wanted}")
    if parent is None:
        yield document.fault(("parent",), say("faults.is_missing"), allowed=wanted_level)
    elif isinstance(parent, str):
        if parent not in folder.names:
            yield unknown(document, ("parent",), parent, sorted(folder.names), "region")
        elif parent in folder.documents:
            its_level = folder.documents[parent].value(("level",))
            if its_level in get_args(Level) and its_level != wanted:
                problem = say("inputs.is_of_wrong_level")
                its_words = say(f"inputs.level.{its_level}")
                found = say("inputs.region_of_level", region=parent, level=its_words)
                yield document.fault(("parent",), problem, found=found, allowed=wanted_level)
        if level == "county" and not stem.startswith(f"{parent}."):
            problem, allowed = say("inputs.has_not_parents_id"), f"{parent}.<name>"
            yield document.fault(("id",), problem, found=shown(stem), allowed=allowed)


def _reference_faults(folder: FolderContents, document: Document, data: Any) -> Iterator[Fault]:
    """Check that every source and region a file names exists."""
    known, sources = sorted(folder.names), folder.source_ids
    for path, key, word in _texts(data, ()):
        if key == "source" and sources is not None and word not in sources:
            yield unknown(document, path, word, sources, "source", allowed=keys_of_sources())
        is_event = path[0] == "boundary_events" and key in ("from", "to")
        if (key == "relative_to" or is_event) and word not in folder.names:
            yield unknown(document, path, word, known, "region")


def keys_of_sources() -> str:
    """Say where the ids of sources are."""
    return say("inputs.keys_of", file=SOURCES)


def _district_faults(folder: FolderContents, document: Document, data: Any) -> Iterator[Fault]:
    """Check the counties of urban districts, and the districts that targets name."""
    known: list[str] = []
    for place, district in enumerate(_items(data, "urban_districts")):
        name = district.get("id")
        where: KeyPath = ("urban_districts", place)
        if isinstance(name, str):
            if name in known or name in folder.names:
                yield document.fault((*where, "id"), say("faults.is_twice"), found=shown(name))
            known.append(name)
        counties = district.get("counties")
        for number, county in enumerate(counties if isinstance(counties, list) else []):
            if isinstance(county, str) and county not in folder.names:
                path = (*where, "counties", number)
                yield unknown(document, path, county, sorted(folder.names), "region")
    for place, target in enumerate(_items(data, "targets")):
        named = target.get("region")
        if isinstance(named, str) and named not in known:
            path = ("targets", place, "region")
            yield unknown(document, path, named, sorted(known), "urban_district")


def _programme_faults(folder: FolderContents) -> Iterator[Fault]:
    first: dict[str, str] = {}
    for document in folder.documents.values():
        for place, programme in enumerate(_items(document.plain(), "programmes")):
            name = programme.get("id")
            if not isinstance(name, str):
                continue
            if name in first:
                problem = say("inputs.is_twice_from_file", file=first[name])
                yield document.fault(("programmes", place, "id"), problem, found=shown(name))
            first.setdefault(name, document.file)


def _county_faults(folder: FolderContents, stem: str) -> Iterator[Fault]:
    """Compare each census of a prefecture with the sum of its counties."""
    inside = [
        name
        for name, document in folder.documents.items()
        if document.value(("level",)) == "county" and document.value(("parent",)) == stem
    ]
    expected = [name for name in folder.names if name.startswith(f"{stem}.")]
    is_prefecture = folder.documents[stem].value(("level",)) == "prefecture"
    # with one county unreadable, or elsewhere, the sum says nothing
    if not is_prefecture or not inside or len(inside) != len(expected):
        return
    some = folder.documents[stem].value(("counties",)) == "some"
    for path, census in folder.censuses[stem]:
        parts = {n: c for n in inside for _, c in folder.censuses[n] if c.year == census.year}
        if some and all(
            sum(getattr(part, key) for part in parts.values()) <= getattr(census, key)
            for key in ("total", "urban", "rural")
        ):
            continue
        if len(parts) == len(inside):
            yield from _sum_faults(folder.documents[stem], path, census, parts)


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
            where = (*path, "age_sex", "ages")
            yield document.fault(where, say("inputs.differ_from_counties"))
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
    which = "inputs.is_not_sum_of_counties" if len(parts) > 1 else "inputs.is_not_sum_of_county"
    problem = say(which, count=len(parts), counties=among(parts))
    found = say(
        "inputs.sums_differ",
        wrong=len(wrong),
        all=len(sums),
        key=key,
        printed=printed,
        summed=summed,
        difference=difference,
    )
    fits = [n for n, part in parts.items() if part.total == summed - printed and key == "total"]
    allowed = say("inputs.sum_of_counties")
    if fits:
        allowed += say("inputs.is_one_too_many", county=say("faults.or").join(fits))
    elif difference < 0 and 2 * len(wrong) > len(sums):
        allowed += say("inputs.is_county_missing")
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
        yield document.fault(place, say("inputs.is_not_base_year"), found=found, allowed=allowed)
    if EARLIER_YEAR not in known:
        problem = say("inputs.has_no_census", year=EARLIER_YEAR, least=_least())
        yield document.fault(("history",), problem)
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
            yield document.fault(path, say("inputs.least_is_missing", least=_least()))
        elif residence and not table.by_residence:
            yield document.fault(path, say("inputs.is_not_by_residence", least=_least()))
    if region.level == "nation":
        if region.standards is None:
            problem = say("inputs.least_is_missing", least=_least())
            yield document.fault(("standards",), problem)
        return
    stocks = [item.registered_elsewhere for item in items]
    lacking = all(stock is None or stock.other_province is None for stock in stocks)
    if lacking and region.level not in BORROWING:
        where: KeyPath = ("baseline", "registered_elsewhere")
        where = where if stocks[0] is None else (*where, "other_province")
        yield document.fault(where, say("inputs.least_is_missing", least=_least()))


def _vintage_faults(document: Document, region: Region) -> Iterator[Fault]:
    """Refuse later figures that are chained to another census than that of the base year."""
    own, *kept_out = LATER_VINTAGES
    allowed = say("inputs.vintages", own=own, kept_out=say("faults.or").join(kept_out))
    for place, o in enumerate(region.observations):
        is_later = o.year > BASE_YEAR and o.indicator in LATER_INDICATORS
        if not is_later or o.vintage in LATER_VINTAGES:
            continue
        where: KeyPath = ("observations", place, "vintage")
        if o.vintage is None:
            problem = say("inputs.vintage_is_missing", year=BASE_YEAR)
            yield document.fault(where, problem, allowed=allowed)
        else:
            problem = say("inputs.is_of_other_census", year=BASE_YEAR)
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
        problem = say("inputs.does_not_fit_census", year=BASE_YEAR)
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
    ends = {"low": f"{low / scale:.{digits}f}", "high": f"{high / scale:.{digits}f}"}
    allowed = say("inputs.range_because", **ends, unit=unit, why=why)
    others = {u: s for u, s in SCALES.items() if unit in SCALES and u != unit}
    fits = [other for other, s in others.items() if low <= value * s <= high]
    allowed += meant(fits[0]) if fits else ""
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
            problem, allowed = say("inputs.is_not_people"), say("faults.or").join(SCALES)
            where = (*path[:-1], "unit")
            yield document.fault(where, problem, found=figure.unit, allowed=allowed)
            continue
        census = min(censuses, key=lambda census: abs(census.year - figure.year))
        key = "inputs.of_residents_moved" if moved else "inputs.of_residents"
        why = say(key, year=census.year, total=census.total)
        problem = say("inputs.does_not_fit_residents")
        low, high = census.total / factor, census.total * factor
        if faults := list(_range_faults(document, path, figure, problem, low, high, why)):
            yield from faults
        else:
            everybody.setdefault(figure.year, figure.value * SCALES[figure.unit])
    for place, o in enumerate(region.observations):
        total = everybody.get(o.year)
        if o.indicator != "registered_urban_population" or total is None:
            continue
        problem = say("inputs.is_not_part_of_registered", year=o.year)
        path = ("observations", place, "value")
        why = say("inputs.of_registered", total=total)
        yield from _range_faults(document, path, o, problem, 0.0, total, why)


def _plausible(o: Observation, census: Census, moved: bool) -> tuple[float, float, str] | None:
    """Return the least and the most an observation may be, in persons or percent, and why."""
    years = max(o.year - BASE_YEAR, 1)
    if o.indicator in ("total_population", "urban_population"):
        counted = census.total if o.indicator == "total_population" else census.urban
        factor = MOVED_FACTOR if moved else (1 + YEARLY_CHANGE) ** years
        key = "inputs.of_count_moved" if moved else "inputs.of_count"
        why = say(key, change=YEARLY_CHANGE, count=counted)
        return (counted / factor, counted * factor, why) if counted else None
    if o.indicator in ("births", "deaths"):
        factor = MOVED_FACTOR if moved else 1.0
        low, high = VITAL_SHARES[0] / factor, VITAL_SHARES[1] * factor
        why = say("inputs.vital_of_count", low=low, high=high, count=census.total)
        return low * census.total, high * census.total, why
    if o.indicator == "urbanization_rate" and not moved:
        rate, points = 100.0 * census.urban / census.total, YEARLY_POINTS * years
        why = say("inputs.points_from_count", points=YEARLY_POINTS, rate=rate)
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
