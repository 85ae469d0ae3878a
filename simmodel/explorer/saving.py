"""Saving a state of the explorer as the scenario whose run gives the same numbers."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ..errors import FaultError, SimmodelError, shown
from ..inputs.scenario import Scenario, is_name
from ..inputs.scenario_file import read_scenario, shipped
from ..inputs.yaml import writable
from ..levers import LEVERS
from ..texts import LANGUAGES, Language, say, text
from .explorer import UNSAVED, Explorer
from .state import InputProblem, State, shortest

SUFFIX: Final = ".yaml"
_WIDTH: Final = 100
# Levers that the title of a saved scenario names.
_NAMED_LEVERS: Final = 2


class SavingError(SimmodelError):
    """A state cannot be saved.

    Attributes
    ----------
    problem : InputProblem
    """

    def __init__(self, key: str, **places: object):
        self.problem = InputProblem(key, places)
        super().__init__(say(key, **places))


def save(explorer: Explorer, state: State, name: str, directory: Path, address: str) -> Path:
    """Write the scenario of a state as YAML to a folder, beside what is there.

    Parameters
    ----------
    explorer : Explorer
    state : State
    name : str
        Of the scenario, and of the file without its suffix.
    directory : pathlib.Path
    address : str
        Of the state, for the description.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    SavingError
        If the name cannot be one, if the state cannot be projected, if there is such a file, or
        if it cannot be written.
    """
    if not is_name(name):
        allowed = text("explorer.name_rule", state.language)
        raise SavingError("explorer.bad_name", found=shown(name), allowed=allowed)
    if name in {explorer.base.scenario, *shipped("scenarios")}:
        raise SavingError("explorer.reserved", found=name)
    path = directory / f"{name}{SUFFIX}"
    _check_projected(explorer, state)
    scenario = explorer.scenario(state, scenario=name, **_described(explorer, state, address))
    content = scenario_text(scenario)
    try:
        if _read_back(explorer, content) != scenario:
            raise SavingError("explorer.not_the_same", path=path)
        directory.mkdir(parents=True, exist_ok=True)
        _write_new(path, content)
    except OSError as error:
        # A folder that is a file is said to be there by the same error.
        if isinstance(error, FileExistsError) and directory.is_dir():
            raise SavingError("explorer.exists", path=path) from None
        reason = error.strerror or str(error)
        if error.filename is not None and Path(error.filename) != path:
            reason = f"{reason}: {error.filename}"
        raise SavingError("explorer.cannot_write", path=path, reason=reason) from None
    return path


def _check_projected(explorer: Explorer, state: State) -> None:
    """Refuse a state that a run could not project either."""
    try:
        explorer.results(state)
        explorer.slow_results(state)
    except SimmodelError:
        raise SavingError("explorer.cannot", place=state.region) from None


def _described(explorer: Explorer, state: State, address: str) -> Mapping[str, dict[Language, str]]:
    """Title and description of the scenario of a state."""
    return {
        "title": {language: _title(explorer, state, language) for language in LANGUAGES},
        "description": {
            language: _description(explorer, state, language, address) for language in LANGUAGES
        },
    }


def _title(explorer: Explorer, state: State, language: Language) -> str:
    """Title that tells what is saved from what else may be: the levers, or none."""
    moved = _moved(state, language)
    base = getattr(explorer.base.title, language)
    levers = text("report.and", language).join(moved[:_NAMED_LEVERS]) or base
    if more := moved[_NAMED_LEVERS:]:
        levers = text("explorer.saved_more", language, levers=levers, count=len(more))
    if moved and state.by is not None:
        until = text("explorer.until", language, year=state.by)
        levers += text("report.bracketed", language, text=until)
    place = getattr(explorer.atlas.regions[state.region].names, language)
    return text("explorer.saved_title", language, place=place, levers=levers)


def _description(explorer: Explorer, state: State, language: Language, address: str) -> str:
    moved = text("report.and", language).join(_moved(state, language))
    return text(
        "explorer.saved_description",
        language,
        base=getattr(explorer.base.title, language),
        name=explorer.base.scenario,
        levers=moved or text("explorer.saved_nothing", language),
        how=text("explorer.at_once", language)
        if state.by is None
        else text("explorer.until", language, year=state.by),
        address=address,
    )


def _read_back(explorer: Explorer, content: str) -> Scenario | None:
    seeds = explorer.seeds
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{UNSAVED}{SUFFIX}"
        path.write_text(content, encoding="utf-8")
        try:
            return read_scenario(
                path,
                region_ids=seeds.tree.parents,
                programme_ids=list(seeds.programmes()),
                source_ids=list(seeds.sources),
            )
        except FaultError:
            return None


def _sign(lever: str, value: float) -> str:
    """What stands before a lever's value: it multiplies, or adds."""
    return "×" if LEVERS[lever].multiplies else "+" if value > 0.0 else ""


def _moved(state: State, language: Language) -> list[str]:
    """The levers that were moved, in words."""
    return [
        f"{text(f'levers.{lever}', language)} {_sign(lever, value)}{shortest(value)}"
        for lever, value in state.levers.items()
    ]


def scenario_text(scenario: Scenario) -> str:
    """A scenario as YAML, without what is as it would be anyway.

    Examples
    --------
    >>> data = {"scenario": "slow", "regions": ["wuwei"], "horizon": 2030, "levers": {
    ...     "arrivals": 1.0, "wuwei": {"arrivals": {2020: 1.0, 2030: 0.5}}}}
    >>> print(scenario_text(Scenario.model_validate(data)), end="")
    scenario: slow
    title: {en: slow, zh: slow}
    regions: [wuwei]
    horizon: 2030
    levers:
      wuwei:
        arrivals: {2020: 1.0, 2030: 0.5}
    """
    from ruamel.yaml import YAML

    data = scenario.complete()
    plain_levers = {
        name: _knots(value)
        for name, value in data["levers"].items()
        if name not in LEVERS or value != LEVERS[name].neutral
    }
    defaults = type(scenario.ensemble)().model_dump()
    changed = {k: v for k, v in data["ensemble"].items() if v != defaults[k]}
    data |= {"levers": plain_levers, "ensemble": changed}
    yaml = YAML()
    yaml.default_flow_style = None  # what holds nothing else stands on one line
    yaml.width = _WIDTH
    yaml.allow_unicode = True
    stream = io.StringIO()
    told = {key: value for key, value in data.items() if value not in ({}, [], "")}
    yaml.dump(writable(told), stream)
    return stream.getvalue()


def _knots(value: Any) -> Any:
    """Levers with years as numbers, which in the resolved form are text."""
    if not isinstance(value, dict):
        return value
    return {int(k) if k.isdigit() else k: _knots(v) for k, v in value.items()}


def _write_new(path: Path, content: str) -> None:
    """Write a file that is not there yet, whole or not at all."""
    with path.open("x", encoding="utf-8", newline="\n") as file:
        try:
            file.write(content)
            file.flush()
        except OSError:
            path.unlink()
            raise
