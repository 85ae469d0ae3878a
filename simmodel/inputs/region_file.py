"""A new region beside the seeds: its commented YAML file, written whole or not at all."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from ..errors import Fault, FaultError, OutputError, SeedError, among, meant, shown
from ..texts import say, text
from .region import BASE_YEAR, SPAN, Region
from .seed_checks import PARENT_LEVEL, keys_of_sources
from .seed_folder import SOURCES
from .seeds import Seeds, read_seeds, read_with
from .workbook.reader import Filled
from .workbook.sheets import BASICS
from .workbook.sheets import SOURCES as SHEET
from .yaml import Document, mapping_from, writable

WIDTH: Final = 4096  # a figure to a line: no wrapping inside words


def region_text(data: Mapping[str, Any], book: str) -> str:
    """Text of a region's seed file, in the style of the shipped ones.

    Parameters
    ----------
    data : mapping
        As `reader.read_workbook` gives it.
    book : str
        Name of the workbook, for the first line.

    Returns
    -------
    str
        YAML that reads back to the same data.
    """
    from ruamel.yaml import YAML

    top = _block(data)
    top["names"] = _flow(data["names"])
    census = _block(data["baseline"]["census"])
    earlier = _block(data["history"][0]["census"])
    for part in (census, earlier):
        _shape_census(part)
    base = _block({**data["baseline"], "census": census})
    history = _block({**data["history"][0], "census": earlier})
    top["baseline"], top["history"] = base, [history]
    for key in ("observations", "targets"):
        top.pop(key, None)
        top[key] = [_flow(item) for item in data.get(key, ())]
    top.yaml_set_start_comment(_comment("made_by", book=book))
    if "counties" in data:
        top.yaml_set_comment_before_after_key("counties", before=_comment("counties"))
    said = _comment("baseline", year=BASE_YEAR)
    if "age_sex" not in census:
        said += "\n" + _comment("no_ages")
    if "registered_elsewhere" not in base:
        said += "\n" + _comment("no_stock")
    top.yaml_set_comment_before_after_key("baseline", before=said)
    said = _comment("history", year=SPAN.first)
    top.yaml_set_comment_before_after_key("history", before=said)
    for key in ("observations", "targets"):
        top.yaml_set_comment_before_after_key(key, before=_comment(key))
    return _dumped(YAML(), top)


def _comment(name: str, **values: object) -> str:
    return text(f"inputs.file.{name}", "en", **values)


def _shape_census(census: Any) -> None:
    if "broad_ages" in census:
        census["broad_ages"] = _flow(census["broad_ages"])
    if "age_sex" in census:
        table = census["age_sex"]
        census["age_sex"] = _block({key: _flow_list(row) for key, row in table.items()})


def source_text(entries: Mapping[str, Any]) -> str:
    """Text to append to the list of sources."""
    from ruamel.yaml import YAML

    parts = []
    for name, entry in entries.items():
        block = _block(entry)
        block["title"] = _flow(entry["title"])
        parts.append("\n" + _dumped(YAML(), _block({name: block})))
    return "".join(parts)


def _dumped(yaml: Any, data: Any) -> str:
    yaml.width = WIDTH
    yaml.allow_unicode = True
    yaml.indent(mapping=2, sequence=4, offset=2)
    stream = io.StringIO()
    yaml.dump(writable(data), stream)
    return stream.getvalue()


def _block(data: Mapping[str, Any]) -> Any:
    from ruamel.yaml.comments import CommentedMap

    return CommentedMap(data)


def _flow(data: Mapping[str, Any]) -> Any:
    block = _block(data)
    block.fa.set_flow_style()
    return block


def _flow_list(values: Any) -> Any:
    from ruamel.yaml.comments import CommentedSeq

    row = CommentedSeq(values)
    row.fa.set_flow_style()
    return row


def seeds_for(option: Path | None, shipped: Path) -> tuple[Path, Path | None]:
    """Where a new region goes: the folder read, and the new one if it is still to be made.

    Parameters
    ----------
    option : pathlib.Path or None
        The folder asked for; it must be there.
    shipped : pathlib.Path
        What a new folder starts as a copy of.

    Raises
    ------
    SeedError
        If what was asked for is no folder.
    """
    if option is not None:
        if not option.is_dir():
            raise SeedError(say("inputs.is_no_seed_folder", path=option))
        return option, None
    own = Path("seeds")
    if own.is_dir():
        return own, None
    if own.exists() or own.is_symlink():
        raise SeedError(say("inputs.is_no_folder", path=own))
    return shipped, own


def check_is_new(directory: Path, region_id: str) -> None:
    """Refuse a region that has a file already.

    Raises
    ------
    OutputError
    """
    path = directory / f"{region_id}.yaml"
    if path.exists() or path.is_symlink():
        raise OutputError(say("inputs.exists_already", path=path))


def write_region(
    directory: Path, new: Path | None, region_id: str, filled: Filled, book: str
) -> Path:
    """Check a filled-in workbook beside the seeds and write its region and sources.

    Parameters
    ----------
    directory : pathlib.Path
        Seeds that are read.
    new : pathlib.Path or None
        Folder to be made as a copy of them; None where they are changed in place.
    region_id : str
    filled : Filled
    book : str
        Name of the workbook.

    Returns
    -------
    pathlib.Path
        The region's file.

    Raises
    ------
    FaultError
        If anything in the workbook, or beside it, is wrong; nothing is written then.
    OutputError
        If it cannot be written; nothing is left behind then.
    """
    check_is_new(directory, region_id)
    try:
        known: Seeds = read_with(directory, region_id, filled.region, filled.sources)
    except FaultError as error:
        raise FaultError(_for_the_book(error.faults, directory, region_id, filled)) from None
    written = region_text(filled.region.plain(), book)
    name = f"{region_id}.yaml"
    read_back = Region.model_validate(mapping_from(written, name).plain())
    assert read_back == known.regions[region_id], "what is written is what was read"
    listed = set(mapping_from((directory / SOURCES).read_text("utf-8"), SOURCES).plain())
    fresh = {k: v for k, v in filled.sources.plain().items() if v and k not in listed}
    target = new if new is not None else directory
    try:
        if new is not None:
            _make_folder(directory, new, name, written, source_text(fresh))
        else:
            _add_files(directory, name, written, source_text(fresh))
    except OSError as error:
        said = say("inputs.cannot_be_written", path=target, reason=error.strerror)
        raise OutputError(said) from None
    return target / name


def _for_the_book(
    faults: Sequence[Fault], directory: Path, region_id: str, filled: Filled
) -> Iterator[Fault]:
    """Faults of seeds in words for who fills in a workbook, one for each mistake."""
    book = filled.region.location(()).file.rsplit(f": {BASICS.name}", 1)[0]
    has_parent = any(_is_in(book, f) and f.key == "parent" for f in faults)
    is_said = False
    for fault in faults:
        if not _is_in(book, fault):
            yield fault
        elif fault.key == "parent":
            if not is_said:
                yield _parent_fault(fault, directory, region_id, filled.region)
            is_said = True
        elif has_parent and fault.key == "id" and "." in region_id:
            continue  # it does not begin with a parent that is wrong
        elif fault.key.rpartition(".")[2] == "source" and fault.problem == say(
            "inputs.no_such.source"
        ):
            yield replace(fault, allowed=_where_sources_go(fault, filled))
        else:
            yield fault


def _is_in(book: str, fault: Fault) -> bool:
    return fault.file.startswith(f"{book}: ")


def _where_sources_go(fault: Fault, filled: Filled) -> str:
    near = (fault.allowed or "").removeprefix(keys_of_sources())
    allowed = say("inputs.id_or_row", file=SOURCES, sheet=SHEET.name)
    if not filled.lists_sources:
        allowed += say("inputs.copy_sheet")
    return allowed + near


def _parent_fault(fault: Fault, directory: Path, region_id: str, region: Document) -> Fault:
    """What may stand where the region above is wrong: regions of the level that it needs."""
    try:
        regions = read_seeds(directory).regions
    except FaultError:
        return fault  # the seeds are at fault themselves, and that is said
    wanted = PARENT_LEVEL[region.value(("level",))]
    prefix = region_id.partition(".")[0] if wanted == "prefecture" and "." in region_id else None
    fitting = {name: r for name, r in regions.items() if r.level == wanted}
    found = region.value(("parent",))
    if prefix is not None and prefix not in fitting:
        allowed = say("inputs.make_parent_first", parent=prefix)
    else:
        if prefix is not None:
            fitting = {prefix: fitting[prefix]}
        allowed = among(f"{name} {r.names.zh}" for name, r in fitting.items())
        # a planner may have written the name that the region goes by
        names = {word: name for name, r in fitting.items() for word in (name, *_names(r))}
        near = get_close_matches(str(found), list(names), n=1)
        allowed += meant(names[near[0]]) if near else ""
    if found in regions or found == region_id:
        return replace(fault, problem=say("inputs.is_of_wrong_level"), allowed=allowed)
    problem = say("inputs.no_such.region")
    return replace(fault, problem=problem, found=shown(found), allowed=allowed)


def _names(region: Region) -> tuple[str, ...]:
    return region.names.zh, region.names.en, region.names.en.lower()


def _make_folder(shipped: Path, new: Path, name: str, text: str, sources: str) -> None:
    """Make a seed folder beside its final place, and move it there when whole."""
    with tempfile.TemporaryDirectory(dir=new.parent, prefix=f".{new.name}.") as draft:
        folder = Path(draft) / new.name
        folder.mkdir()
        for path in sorted(shipped.iterdir()):
            if path.suffix in (".yaml", ".json"):
                shutil.copyfile(path, folder / path.name)
        _add_files(folder, name, text, sources)
        folder.rename(new)


def _add_files(folder: Path, name: str, text: str, sources: str) -> None:
    """Add a region's file and its sources; leave the folder as it was where that fails."""
    listing, path = folder / SOURCES, folder / name
    before = listing.read_bytes()
    drafts = {path: text.encode(), listing: before.rstrip(b"\r\n") + b"\n" + sources.encode()}
    partial = {target: target.with_name(f".{target.name}.partial") for target in drafts}
    done = False
    try:
        for target, content in drafts.items():
            partial[target].write_bytes(content)
        if sources:
            os.replace(partial[listing], listing)
        os.replace(partial[path], path)
        done = True
    finally:
        if not done and listing.read_bytes() != before:
            listing.write_bytes(before)
        for draft in partial.values():
            draft.unlink(missing_ok=True)
