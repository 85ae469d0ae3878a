"""Scenario files: YAML text to a `Scenario` and back, every fault with its file and line."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..errors import Fault, FaultError, among, did_you_mean, shown
from ..levers import LEVERS
from ..texts import Language, say, text
from .region_tree import RegionTree
from .scenario import HORIZON_RANGE, Scenario, Title, knots_after
from .yaml import (
    BROKEN,
    NOT_TEXT,
    Document,
    Location,
    Node,
    model_faults,
    parse,
    read_mapping,
    unknown,
)

PACKAGE = Path(__file__).resolve().parents[1]
SET = "--set"
# What of a scenario makes it another one.
MEASURES = ("levers", "programmes", "parameters")
_MOST_DOTS = 8


def shipped(folder: str) -> dict[str, Path]:
    """Return the scenarios, or with ``scenarios/sweeps`` the sweeps, that come with the package.

    Returns
    -------
    dict of str to pathlib.Path
        The file of each name: inside of an installed package, else in the checkout around it.
    """
    places = (PACKAGE / folder, PACKAGE.parent / folder)
    found = [path for place in places for path in sorted(place.glob("*.yaml"))]
    return {path.stem: path for path in reversed(found)}


def read_scenario(
    path: Path,
    *,
    region_ids: Collection[str] | Mapping[str, str | None],
    programme_ids: Collection[str],
    overrides: Sequence[str] = (),
    source_ids: Collection[str] | None = None,
) -> Scenario:
    """Read and check one scenario file.

    Parameters
    ----------
    path : pathlib.Path
        The YAML file, or the ``run.json`` of an earlier run.
    region_ids : collection of str, or mapping of str to str
        The regions that exist. A mapping of each to its parent (`RegionTree.parents`) also lets
        levers for regions that are not in the run be found.
    programme_ids : collection of str
        The programmes that exist.
    overrides : sequence of str
        ``key.path=value`` with the value in YAML; each replaces what stands at its path. The title
        then names what was replaced of levers, programmes and parameters, unless it is given too.
    source_ids : collection of str, optional
        The sources that exist; unchecked where left out.

    Raises
    ------
    FaultError
        Naming everything that is wrong, each as ``file:line: key.path: what is wrong``.
    """
    document = read_mapping(path)
    if path.suffix == ".json":
        # The record of a run is its resolved scenario; what made it is not part of it.
        document.root.value.pop("provenance", None)
    if "sweep" in document.root.value and "regions" not in document.root.value:
        allowed = say("inputs.goes_to_sweep", path=path)
        problem = say("inputs.is_key_of_sweep")
        raise FaultError([document.fault(("sweep",), problem, allowed=allowed)])
    return _checked(document, overrides, region_ids, programme_ids, source_ids)


def with_values(
    scenario: Scenario,
    overrides: Sequence[str],
    *,
    region_ids: Collection[str] | Mapping[str, str | None],
    programme_ids: Collection[str],
    source_ids: Collection[str] | None = None,
) -> Scenario:
    """Return a scenario with some of its values replaced, checked as `read_scenario` checks a file.

    The other arguments and the errors are those of `read_scenario`; a fault of what was there
    before names the scenario instead of a file and line.
    """
    document = parse(write_scenario(scenario), scenario.scenario, has_lines=False)
    return _checked(document, overrides, region_ids, programme_ids, source_ids)


def _checked(
    document: Document,
    overrides: Sequence[str],
    region_ids: Collection[str] | Mapping[str, str | None],
    programme_ids: Collection[str],
    source_ids: Collection[str] | None,
) -> Scenario:
    """Replace values of a scenario's document and check what it says then."""
    for override in overrides:
        _override(document, override, region_ids)
    data = document.plain()
    faults = list(document.faults)
    scenario = None
    try:
        scenario = Scenario.model_validate(data)
    except ValidationError as error:
        strange = {("levers", key) for key in _strange_levers(data, region_ids)}
        strange |= {("parameters", key) for key in _strange_owners(data, region_ids)}
        found = model_faults(document, Scenario, error, skip=strange)
        faults.extend(found)
    faults.extend(_lever_faults(document, data, region_ids))
    faults.extend(_owner_faults(document, data, region_ids))
    faults.extend(_reference_faults(document, data, region_ids, programme_ids, source_ids))
    if faults or scenario is None:
        raise FaultError(faults)
    return _retitled(scenario, overrides, region_ids)


def _retitled(
    scenario: Scenario, overrides: Sequence[str], region_ids: Collection[str]
) -> Scenario:
    """Say in the title what was replaced of the measures, unless the title was replaced too.

    A chart of a trend with a measure in it must not be called the trend.
    """
    paths = [steps_of(one.partition("=")[0].strip(), region_ids) for one in overrides]
    told = dict.fromkeys(path for path in paths if path[0] in MEASURES)
    if not told or any(path[0] == "title" for path in paths):
        return scenario
    data = scenario.complete()
    words = []
    for path in told:
        value: Any = data
        for step in path:
            value = value.get(step, "") if isinstance(value, dict) else ""
        words.append(f"{'.'.join(path).removeprefix('levers.')}={_inline(value)}")
    old = scenario.title
    title = Title(en=_changed(old.en, "en", words), zh=_changed(old.zh, "zh", words))
    return scenario.model_copy(update={"title": title})


def _changed(title: str, language: Language, words: Sequence[str]) -> str:
    changes = text("inputs.changes_comma", language).join(words)
    return text("inputs.changed_title", language, title=title, changes=changes)


def _strange_levers(data: Mapping[str, Any], region_ids: Collection[str]) -> list[str]:
    levers = data.get("levers")
    if not isinstance(levers, dict):
        return []
    return [key for key in levers if key not in LEVERS and key not in region_ids]


def _lever_faults(
    document: Document, data: Mapping[str, Any], region_ids: Collection[str]
) -> Iterator[Fault]:
    levers = data.get("levers")
    if not isinstance(levers, dict):
        return
    for key in _strange_levers(data, region_ids):
        near = did_you_mean(key, [*LEVERS, *region_ids])
        allowed = say("inputs.lever_or_region", levers=among(LEVERS)) + near
        yield document.fault(("levers", key), say("faults.is_unknown_key"), allowed=allowed)
    own = [key for key in levers if key not in LEVERS]
    yield from _outside_faults(document, data, "levers", own, region_ids)
    horizon = data.get("horizon")
    sound = isinstance(horizon, int) and not isinstance(horizon, bool)
    if sound and HORIZON_RANGE[0] <= horizon <= HORIZON_RANGE[1]:  # type: ignore[operator]
        for late in knots_after(horizon, levers):  # type: ignore[arg-type]
            yield document.fault(late.below, late.problem, found=late.found, allowed=late.allowed)


def _strange_owners(data: Mapping[str, Any], region_ids: Collection[str]) -> list[str]:
    owners = data.get("parameters")
    return [key for key in owners if key not in region_ids] if isinstance(owners, dict) else []


def _owner_faults(
    document: Document, data: Mapping[str, Any], region_ids: Collection[str]
) -> Iterator[Fault]:
    """Yield a fault for each region of ``parameters`` that does not exist or is not in the run."""
    for key in _strange_owners(data, region_ids):
        allowed = say("inputs.region_id") + did_you_mean(key, region_ids)
        yield document.fault(("parameters", key), say("faults.is_unknown_key"), allowed=allowed)
    owners = data.get("parameters")
    if isinstance(owners, dict):
        yield from _outside_faults(document, data, "parameters", list(owners), region_ids)


def _outside_faults(
    document: Document,
    data: Mapping[str, Any],
    under: str,
    owners: Sequence[str],
    region_ids: Collection[str],
) -> Iterator[Fault]:
    """Yield a fault for each region with values of its own that no region of the run heeds."""
    named = data.get("regions")
    if not isinstance(region_ids, Mapping) or not isinstance(named, list):
        return
    known = [region for region in named if isinstance(region, str) and region in region_ids]
    if len(known) < len(named):
        return  # the regions are at fault; what is outside of them cannot be told
    for key in owners:
        if key in region_ids and not is_heeded(key, known, region_ids):
            allowed = say("inputs.regions_of_run", regions=among(known))
            yield document.fault((under, key), say("inputs.is_outside_run"), allowed=allowed)


def is_heeded(region: str, named: Sequence[str], parents: Mapping[str, str | None]) -> bool:
    """Say whether a region lies in one of those named, or one of them in it."""
    tree = RegionTree(parents)
    return any(tree.are_related(region, other) for other in named)


def _reference_faults(
    document: Document,
    data: Mapping[str, Any],
    region_ids: Collection[str],
    programme_ids: Collection[str],
    source_ids: Collection[str] | None,
) -> Iterator[Fault]:
    for key, known in (("regions", region_ids), ("programmes", programme_ids)):
        words = data.get(key)
        for place, word in enumerate(words if isinstance(words, list) else []):
            if isinstance(word, str) and word not in known:
                yield unknown(document, (key, place), word, known, key.removesuffix("s"))
    sources = data.get("sources")
    if source_ids is not None and isinstance(sources, list):
        for place, item in enumerate(sources):
            word = item.get("source") if isinstance(item, dict) else None
            if isinstance(word, str) and word not in source_ids:
                yield unknown(document, ("sources", place, "source"), word, source_ids, "source")


def _override(document: Document, words: str, region_ids: Collection[str]) -> None:
    """Replace one value of the document as ``--set`` asks; faults go to ``document.faults``."""
    key, equals, value = words.partition("=")
    is_key = key.strip() and key.count(".") <= _MOST_DOTS and not NOT_TEXT.search(key)
    if not (equals and is_key):
        problem, allowed = say("inputs.is_not_assignment"), say("inputs.assignment")
        document.faults.append(Fault(SET, None, "", problem, shown(words), allowed))
        return
    path = steps_of(key.strip(), region_ids)
    try:
        given = parse(value, SET, under=path, has_lines=False)
    except FaultError as error:
        document.faults.extend(error.faults)
        return
    document.faults.extend(given.faults)
    parent: Node = document.root
    for depth, step in enumerate(path[:-1], start=1):
        parent = _opened(parent, step)
        if parent.value is BROKEN:
            return  # already reported where it stands
        if not isinstance(parent.value, dict):
            above = ".".join(path[:depth])
            found = shown(parent.plain())
            problem = say("inputs.cannot_be_set", above=above)
            document.faults.append(Fault(SET, None, ".".join(path), problem, found))
            return
    parent.value[path[-1]] = given.root
    parent.locations[path[-1]] = Location(SET, None)


def _opened(parent: Node, step: str) -> Node:
    """Return a copy of the mapping under a key, put in its place; an empty one if there is none.

    A copy, because an alias may stand for the same mapping elsewhere.
    """
    old = parent.child(step)
    if old is None:
        new = Node(Location(SET, None), {})
        parent.locations[step] = Location(SET, None)
    elif isinstance(old.value, dict):
        new = Node(old.location, dict(old.value), dict(old.locations))
    else:
        return old
    parent.value[step] = new
    return new


def steps_of(key: str, region_ids: Collection[str]) -> tuple[str, ...]:
    """Split a dotted path; where a region's id may stand, its dots do not split it."""
    steps: list[str] = []
    rest: str | None = key
    while rest is not None:
        fitting = [name for name in region_ids if rest == name or rest.startswith(f"{name}.")]
        whole = steps in (["levers"], ["parameters"]) and bool(fitting)
        step = max(fitting, key=len) if whole else rest.partition(".")[0]
        steps.append(step)
        rest = rest[len(step) + 1 :] if len(rest) > len(step) else None
    return tuple(steps)


def write_scenario(scenario: Scenario) -> str:
    """Return a scenario with every default as YAML text, which reads back to the same one."""
    return "".join(f"{line}\n" for line in _block(scenario.complete(), ""))


def _block(data: Mapping[str, Any], indent: str) -> Iterator[str]:
    for key, value in data.items():
        if isinstance(value, dict) and any(isinstance(v, dict) for v in value.values()):
            yield f"{indent}{_inline(key)}:"
            yield from _block(value, indent + "  ")
        else:
            yield f"{indent}{_inline(key)}: {_inline(value)}"


_WORD = re.compile(r"(?!(?:null|true|false)\Z)[a-z][a-z0-9_.]*\Z")


def _inline(value: object) -> str:
    """Write a value on one line. JSON's text in quotes is YAML; plain words go without."""
    if isinstance(value, dict):
        inner = ", ".join(f"{_key(key)}: {_inline(item)}" for key, item in value.items())
        return f"{{{inner}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_inline, value))}]"
    if isinstance(value, str) and _WORD.match(value):
        return value
    return json.dumps(value, ensure_ascii=False)


def _key(key: str) -> str:
    return key if re.fullmatch("[0-9]{4}", key) else _inline(key)
