"""What the explorer knows: a state and its address, its numbers, and the scenario it saves.

The numbers of a state are those that `simmodel run` gives for the scenario saved from it: the same
draws, quantiles and judge. What a move of a lever does not change is kept.
"""

from __future__ import annotations

import io
import re
import tempfile
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, urlencode

import numpy as np
from numpy.typing import NDArray

from ..errors import FaultError, ScenarioError, SimmodelError, among, did_you_mean, shown
from ..forecast.fit import Atlas, lineage
from ..forecast.posterior_file import Posteriors
from ..forecast.uncertainty import BLOCK
from ..inputs.region import BASE_YEAR, Region, UrbanDistrict
from ..inputs.scenario import Scenario, Value, is_name
from ..inputs.scenario_file import is_heeded, read_scenario, shipped, with_values
from ..inputs.seeds import Seeds
from ..inputs.yaml import writable
from ..judging.projection_summary import trend_of
from ..judging.target import judged_aims
from ..judging.verdicts import Judge, Verdict
from ..kernel.growth_components import urban_growth
from ..kernel.projection import Projection
from ..kernel.reconcile import reconcile
from ..levers import LEVERS
from ..report.words import LANGUAGES, Language, speaker
from ..results.run import keeps_all_draws
from ..simulation.projector import Cast, Ensemble, district_population, references_of, regions_of
from ..simulation.quantiles import Exact
from ..variables import COMPONENTS

Array = NDArray[np.float64]

# Shares of the draws below what is shown; the middle one is the median.
SHARES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
MEDIAN: Final = SHARES.index(0.5)
# The sensible part of what a lever may be: a slider shows more only where more is set.
SENSIBLE: Final = {1.0: (0.0, 3.0), 0.0: (-5.0, 5.0)}  # by the value that changes nothing
STEP: Final = {1.0: 0.05, 0.0: 0.5}
# Of scenarios that are not saved yet.
UNSAVED: Final = "explored"
SUFFIX: Final = ".yaml"
_WIDTH: Final = 100
_KEPT_REGIONS: Final = 4
# Levers that the title of a saved scenario names.
_NAMED_LEVERS: Final = 2
# Draws that parts are made to add up for at a time: what that takes stays in the cache.
PIECE: Final = 512
# Digits and signs as wide as Chinese characters, as input methods write them.
_WIDE: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?\Z", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class State:
    """What a reader of the page has chosen.

    Attributes
    ----------
    region : str
    language : {"zh", "en"}
    by : int or None
        Year until which the moved levers are reached step by step; None where they hold at once.
    levers : mapping of str to float
        Those that were moved, in the order of `scenario.LEVERS`.
    """

    region: str
    language: Language
    by: int | None = None
    levers: Mapping[str, float] = field(default_factory=dict)

    def moved(self, lever: str, value: float | None) -> State:
        """The state with one lever moved, or as the base has it where there is no value."""
        new = {name: old for name, old in self.levers.items() if name != lever}
        if value is not None:
            new[lever] = value
        return replace(self, levers={name: new[name] for name in LEVERS if name in new})

    def query(self) -> str:
        """What stands behind the question mark of the state's address.

        Examples
        --------
        >>> State("wuwei", "en", 2030, {"arrivals": 1.5}).query()
        'region=wuwei&lang=en&by=2030&arrivals=1.5'
        """
        items: dict[str, object] = {"region": self.region, "lang": self.language}
        if self.by is not None:
            items["by"] = self.by
        return urlencode(items | {name: plain(value) for name, value in self.levers.items()})


class Complaint(NamedTuple):
    """What is wrong with something a reader gave: a key under ``explore.`` and its places."""

    key: str
    places: Mapping[str, object]


class Refused(SimmodelError):
    """Something that a reader asked of the page cannot be done."""

    def __init__(self, key: str, **places: object):
        self.complaint = Complaint(key, places)
        super().__init__(speaker("en")(f"explore.{key}", **places))


def plain(value: float) -> str:
    """A number in as few digits as tell it from every other.

    Examples
    --------
    >>> plain(1.0), plain(1.25), plain(0.1 + 0.2)
    ('1', '1.25', '0.30000000000000004')
    """
    return repr(float(value)).removesuffix(".0")


def number_of(text: str, lever: str) -> float | Complaint:
    """Value of a lever from what was typed, or what is wrong with it.

    Examples
    --------
    >>> number_of("×1.25", "arrivals"), number_of("−2", "life_expectancy")
    (1.25, -2.0)
    >>> number_of("１．５倍", "arrivals")
    1.5
    >>> number_of("12", "arrivals").key, number_of("much", "arrivals").key
    ('out_of_bounds', 'no_number')
    """
    rule = LEVERS[lever]
    typed = text.translate(_WIDE).strip().removeprefix("×").replace("−", "-").removesuffix("倍")
    places = {"lever": lever, "found": text, "low": f"{rule.low:g}", "high": f"{rule.high:g}"}
    if not _NUMBER.match(typed):
        return Complaint("no_number", places)
    value = float(typed) + 0.0
    if not rule.low <= value <= rule.high:
        return Complaint("out_of_bounds", places)
    return value


def years_by(horizon: int) -> tuple[int, ...]:
    """Years until which levers can be moved step by step: every fifth, and the last.

    Examples
    --------
    >>> years_by(2035), years_by(2032), years_by(2021)
    ((2025, 2030, 2035), (2025, 2030, 2032), (2021,))
    """
    fifths = range(BASE_YEAR + 5, horizon, 5)
    return (*fifths, horizon)


def visible(lever: str, value: float) -> tuple[float, float]:
    """Ends of a lever's slider: the sensible part, or all where the value lies beyond it.

    Examples
    --------
    >>> visible("arrivals", 1.5), visible("arrivals", 4.0), visible("life_expectancy", 0.0)
    ((0.0, 3.0), (0.0, 10.0), (-5.0, 5.0))
    """
    rule = LEVERS[lever]
    low, high = SENSIBLE[rule.neutral]
    return (low, high) if low <= value <= high else (rule.low, rule.high)


def trend_with(regions: Mapping[str, Region], draws: int | None, seed: int | None) -> Scenario:
    """The trend without any measure, with an ensemble as asked for.

    Raises
    ------
    ScenarioError
        If no region has targets.
    FaultError
        If the ensemble cannot be like that.
    """
    title = {language: speaker(language)("explore.trend") for language in LANGUAGES}
    trend = Scenario.model_validate(trend_of(regions).resolved() | {"title": title})
    asked = {"draws": draws, "seed": seed}
    overrides = [f"ensemble.{key}={value}" for key, value in asked.items() if value is not None]
    parents = {name: region.parent for name, region in regions.items()}
    return with_values(trend, overrides, region_ids=parents, programme_ids=())


def _sign(lever: str, value: float) -> str:
    """What stands before a lever's value: it multiplies, or adds."""
    return "×" if LEVERS[lever].neutral == 1.0 else "+" if value > 0.0 else ""


def _moved(state: State, language: Language) -> list[str]:
    """The levers that were moved, in words."""
    say = speaker(language)
    return [
        f"{say(f'lever.{lever}')} {_sign(lever, value)}{plain(value)}"
        for lever, value in state.levers.items()
    ]


def check_region(
    region: str | None, base: Scenario, atlas: Atlas, *, rather: str | None = None
) -> str:
    """Region to be shown first: the one asked for, else the scenario's first.

    Parameters
    ----------
    region : str or None
        The one asked for.
    base : Scenario
    atlas : Atlas
    rather : str or None
        Level of region to be preferred to others.

    Raises
    ------
    ScenarioError
        If it is not in the scenario.
    """
    there = regions_of(base, atlas)
    if region is None:
        return next((i for i in there if atlas.regions[i].level == rather), there[0])
    if region not in there:
        raise ScenarioError(
            f"--region: is not in {base.scenario}; found {shown(region)}; allowed {among(there)}"
            f"{did_you_mean(region, there)}"
        )
    return region


@dataclass(frozen=True)
class View:
    """The numbers of a state.

    Attributes
    ----------
    years : ndarray, shape (year,)
    rate : ndarray, shape (year, share)
        Urbanization rate, a share of residents, below which lie `SHARES` of the draws.
    urban : ndarray, shape (year, share)
        Urban residents, persons.
    growth : mapping of str to ndarray, shape (year - 1,)
        What each component adds to the urban population, persons a year, mean of the draws.
    verdicts : tuple of Verdict
        On the region's own targets.
    """

    years: NDArray[np.int64]
    rate: Array
    urban: Array
    growth: Mapping[str, Array]
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True)
class More:
    """What takes longer than the rest of a state's numbers.

    Attributes
    ----------
    verdicts : tuple of Verdict
        On the targets of the region's urban districts.
    registered : ndarray, shape (year, share), or None
        Urban share of registered people, of regions that have the figures.
    """

    verdicts: tuple[Verdict, ...]
    registered: Array | None


class Explorer:
    """The base scenario with everything that states of it are computed from.

    Parameters
    ----------
    base : Scenario
    seeds : Seeds
    atlas : Atlas
    posteriors : Posteriors

    Raises
    ------
    ScenarioError
        If the scenario has more draws than can be kept.
    """

    def __init__(self, base: Scenario, seeds: Seeds, atlas: Atlas, posteriors: Posteriors):
        self.base, self.seeds, self.atlas = base, seeds, atlas
        self.regions = regions_of(base, atlas)
        self._posteriors = posteriors
        self._stages: OrderedDict[str, Stage] = OrderedDict()
        self._bases: dict[str, View] = {}
        self._more_of_base: dict[str, More] = {}
        for region_id in self.regions:
            own = self.scenario(State(region_id, "en"))
            if not keeps_all_draws(own, atlas):
                raise ScenarioError(
                    f"{base.scenario}: explore keeps every draw, which do not fit into memory for "
                    f"{region_id}; found {base.ensemble.draws} draws; choose fewer with --draws"
                )

    # The state

    def state_of(
        self, query: str, language: Language, region: str
    ) -> tuple[State, list[Complaint]]:
        """State that an address asks for, and everything that is wrong with the address.

        What is wrong is left out: a lever stays as the base has it.

        Parameters
        ----------
        query : str
            What stands behind the question mark.
        language : {"zh", "en"}
            Where the address names none, or none there is.
        region : str
            The same.
        """
        state = State(region, language)
        faults: list[Complaint] = []
        seen: set[str] = set()
        for key, text in parse_qsl(query, keep_blank_values=True):
            if key in seen:
                faults.append(Complaint("twice", {"word": key}))
                continue
            seen.add(key)
            if key == "region":
                if text in self.regions:
                    state = replace(state, region=text)
                else:
                    places = {"found": text, "instead": state.region}
                    faults.append(_unknown("no_region", text, self.regions, places))
            elif key == "lang":
                known = next((one for one in LANGUAGES if one == text), None)
                if known is not None:
                    state = replace(state, language=known)
                else:
                    faults.append(Complaint("no_language", {"found": text}))
            elif key == "by":
                years = years_by(self.base.horizon)
                year = next((year for year in years if str(year) == text), None)
                if year is not None:
                    state = replace(state, by=year)
                else:
                    allowed = among(map(str, years))
                    faults.append(Complaint("no_year", {"found": text, "allowed": allowed}))
            elif key in LEVERS:
                value = number_of(text, key)
                if isinstance(value, Complaint):
                    faults.append(value)
                else:
                    state = state.moved(key, value)
            else:
                places = {"found": key, "allowed": among(LEVERS)}
                faults.append(_unknown("no_lever", key, tuple(LEVERS), places))
        return state, faults

    def present(self, region_id: str, lever: str) -> Value:
        """What the base scenario sets a region's lever to: a number, or a path."""
        own = self.base.levers.by_region
        for above in lineage(self.atlas.regions, region_id):
            value = getattr(own[above], lever) if above in own else None
            if value is not None:
                return value  # type: ignore[no-any-return]
        return getattr(self.base.levers, lever)  # type: ignore[no-any-return]

    def resting(self, region_id: str, lever: str) -> float:
        """Where a lever stands that was not moved: the base's value at its horizon."""
        ancestry = lineage(self.atlas.regions, region_id)
        return self.base.lever_at(lever, ancestry, self.base.horizon)

    def set_to(self, state: State, lever: str, value: float) -> State:
        """The state with a lever at a value; not moved where the base sets it in the same way."""
        moved = state.moved(lever, value)
        knots = self._setting(moved, lever)
        setting: Value = tuple(knots.items()) if isinstance(knots, dict) else knots
        unmoved = _evened(setting) == _evened(self.present(state.region, lever))
        return state.moved(lever, None) if unmoved else moved

    def levers(self, state: State) -> tuple[str, ...]:
        """Levers that change something a state shows."""
        hidden = set() if self._has_registered(state.region) else {"urban_registration"}
        return tuple(name for name in LEVERS if name not in hidden or name in state.levers)

    def inside(self, region_id: str) -> str | None:
        """The region that stands as it is while a region's levers share it out anew, if any."""
        above = self.atlas.regions[region_id].parent
        return above if above is not None and self.atlas.is_whole(above) else None

    def left_out(self, region_id: str) -> tuple[str, ...]:
        """Regions with levers or parameters of their own that a region's scenario cannot name."""
        parents = self.seeds.parents()
        own = {**self.base.levers.by_region, **self.base.parameters}
        return tuple(i for i in own if not is_heeded(i, [region_id], parents))

    # The scenario

    def scenario(self, state: State, **names: object) -> Scenario:
        """The scenario of a state: the base for its region alone, with the moved levers.

        Parameters
        ----------
        state : State
        **names
            ``scenario``, ``title`` and ``description``, else those of no one's.
        """
        parents = self.seeds.parents()

        def heeded(own: Mapping[str, Any]) -> dict[str, Any]:
            return {i: v for i, v in own.items() if is_heeded(i, [state.region], parents)}

        data = self.base.resolved()
        levers = {k: v for k, v in data["levers"].items() if k in LEVERS}
        levers |= heeded({k: v for k, v in data["levers"].items() if k not in LEVERS})
        if state.levers:
            moved = {name: self._setting(state, name) for name in state.levers}
            levers[state.region] = {**levers.get(state.region, {}), **moved}
        data |= {
            "regions": [state.region],
            "levers": levers,
            "parameters": heeded(data["parameters"]),
            "programmes": [i for i in self.base.programmes if self._concerns(i, state.region)],
            **({"scenario": UNSAVED} if state.levers else {}),
            **names,
        }
        return Scenario.model_validate(data)

    def _setting(self, state: State, lever: str) -> float | dict[int, float]:
        value = state.levers[lever]
        return value if state.by is None else {BASE_YEAR: LEVERS[lever].neutral, state.by: value}

    def _concerns(self, programme_id: str, region_id: str) -> bool:
        """Whether a programme moves people of a region or of what is projected beside it."""
        owner, _ = self.seeds.programmes()[programme_id]
        near = {owner, *self.seeds.ancestors(owner), *self.seeds.descendants(owner)}
        return bool(near & {region_id, *references_of((region_id,), self.atlas)})

    def save(self, state: State, name: str, directory: Path, address: str) -> Path:
        """Write the scenario of a state as YAML to a folder, beside what is there.

        Parameters
        ----------
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
        Refused
            If the name cannot be one, if the state cannot be projected, if there is such a file, or
            if it cannot be written.
        """
        if not is_name(name):
            raise Refused(
                "bad_name", found=shown(name), allowed=speaker(state.language)("explore.name_rule")
            )
        if name in {self.base.scenario, *shipped("scenarios")}:
            raise Refused("reserved", found=name)
        path = directory / f"{name}{SUFFIX}"
        self._check_projected(state)
        scenario = self.scenario(state, scenario=name, **self._said(state, address))
        text = text_of(scenario)
        try:
            if self._read_back(text) != scenario:
                raise Refused("not_the_same", path=path)
            directory.mkdir(parents=True, exist_ok=True)
            _write_new(path, text)
        except OSError as error:
            # A folder that is a file is said to be there by the same error.
            if isinstance(error, FileExistsError) and directory.is_dir():
                raise Refused("exists", path=path) from None
            reason = error.strerror or str(error)
            if error.filename is not None and Path(error.filename) != path:
                reason = f"{reason}: {error.filename}"
            raise Refused("cannot_write", path=path, reason=reason) from None
        return path

    def _check_projected(self, state: State) -> None:
        """Refuse a state that a run could not project either."""
        try:
            self.view(state)
            self.more(state)
        except SimmodelError:
            raise Refused("cannot", place=state.region) from None

    def _said(self, state: State, address: str) -> dict[str, object]:
        """Title and description of the scenario of a state."""
        names, base = self.atlas.regions[state.region].names, self.base.title
        titles = {
            "en": self._title(state, "en", names.en, base.en),
            "zh": self._title(state, "zh", names.zh, base.zh),
        }
        descriptions = {
            "en": self._description(state, "en", base.en, address),
            "zh": self._description(state, "zh", base.zh, address),
        }
        return {"title": titles, "description": descriptions}

    def _description(self, state: State, language: Language, base: str, address: str) -> str:
        say, moved = speaker(language), _moved(state, language)
        return say(
            "explore.saved_description",
            base=base,
            name=self.base.scenario,
            levers=say("and").join(moved) if moved else say("explore.saved_nothing"),
            how=say("explore.at_once") if state.by is None else say("explore.until", year=state.by),
            address=address,
        )

    def _title(self, state: State, language: Language, place: str, base: str) -> str:
        """Title that tells what is saved from what else may be: the levers, or none."""
        say, moved = speaker(language), _moved(state, language)
        levers = say("and").join(moved[:_NAMED_LEVERS]) or base
        if more := moved[_NAMED_LEVERS:]:
            levers = say("explore.saved_more", levers=levers, count=len(more))
        if moved and state.by is not None:
            levers += say("bracketed", text=say("explore.until", year=state.by))
        return say("explore.saved_title", place=place, levers=levers)

    def _read_back(self, text: str) -> Scenario | None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"{UNSAVED}{SUFFIX}"
            path.write_text(text, encoding="utf-8")
            try:
                return read_scenario(
                    path,
                    region_ids=self.seeds.parents(),
                    programme_ids=list(self.seeds.programmes()),
                    source_ids=list(self.seeds.sources),
                )
            except FaultError:
                return None

    # The numbers

    def view(self, state: State) -> View:
        """The numbers of a state that follow a slider."""
        if not state.levers:
            if state.region not in self._bases:
                self._bases[state.region] = self._view(state)
            return self._bases[state.region]
        return self._view(state)

    def _view(self, state: State) -> View:
        scenario = self.scenario(state)
        found = self.stage(state.region).under(scenario, moved=bool(state.levers))
        judge = Judge(scenario, self.atlas, exact=True, places=(state.region,))
        rate, urban, growth = Exact(), Exact(), Exact()
        for ensemble in found:
            judge.add(ensemble)
            row = ensemble.row(state.region)
            rate.add(ensemble.rate(state.region))
            urban.add(ensemble.urban[row])
            growth.add(urban_growth(ensemble.flows[0]))
        means = growth.mean()
        return View(
            years=found[0].years,
            rate=rate.quantiles(SHARES),
            urban=urban.quantiles(SHARES),
            growth={part.name: means[i] for i, part in enumerate(COMPONENTS)},
            verdicts=tuple(judge.verdicts()),
        )

    def has_more(self, region_id: str) -> bool:
        """Whether a state of a region has a slower part."""
        return bool(self._districts(region_id)) or self._has_registered(region_id)

    def more(self, state: State) -> More:
        """The slower part of a state's numbers: urban districts need their counties."""
        if not self.has_more(state.region):
            return More((), None)
        if not state.levers:
            if state.region not in self._more_of_base:
                self._more_of_base[state.region] = self._more(state)
            return self._more_of_base[state.region]
        return self._more(state)

    def _more(self, state: State) -> More:
        scenario = self.scenario(state)
        districts = self._districts(state.region)
        stage = self.stage(state.region, counties=bool(districts))
        judge = Judge(scenario, self.atlas, exact=True, places=[one.id for one in districts])
        people = Exact() if self._has_registered(state.region) else None
        for ensemble in stage.under(scenario, moved=bool(state.levers)):
            judge.add(ensemble)
        if people is not None:
            for urban, rural in stage.registered(scenario, moved=bool(state.levers)):
                people.add(urban / (urban + rural))
        shares = None if people is None else people.quantiles(SHARES)
        return More(tuple(judge.verdicts()) if districts else (), shares)

    def _has_registered(self, region_id: str) -> bool:
        return self.atlas.inputs(region_id).registered is not None

    def in_order(
        self, region_id: str, own: Sequence[Verdict], districts: Sequence[Verdict]
    ) -> list[Verdict]:
        """Verdicts on a region and on its urban districts in the order of its file."""
        rest = {True: iter(own), False: iter(districts)}
        region = self.atlas.regions[region_id]
        return [next(rest[aim.region == region_id]) for aim in judged_aims(region)]

    def _districts(self, region_id: str) -> list[UrbanDistrict]:
        region = self.atlas.regions[region_id]
        aimed = {aim.region for aim in judged_aims(region)}
        return [district for district in region.urban_districts if district.id in aimed]

    def stage(self, region_id: str, *, counties: bool = False) -> Stage:
        """What a region's states are projected on, of the few looked at last.

        Parameters
        ----------
        region_id : str
        counties : bool
            With those that make up its urban districts.
        """
        key = f"{region_id} with its counties" if counties else region_id
        if key not in self._stages:
            districts = self._districts(region_id) if counties else []
            parts = dict.fromkeys(county for one in districts for county in one.counties)
            scenario = self.scenario(State(region_id, "en"))
            self._stages[key] = Stage(
                scenario, self.atlas, self._posteriors, region_id, tuple(parts), districts
            )
            while len(self._stages) > _KEPT_REGIONS:
                self._stages.popitem(last=False)
        self._stages.move_to_end(key)
        return self._stages[key]


def _evened(setting: Value) -> Value:
    """A setting, as a number where it is a path that stays at one."""
    if isinstance(setting, tuple) and len({value for _, value in setting}) == 1:
        return setting[0][1]
    return setting


def _write_new(path: Path, text: str) -> None:
    """Write a file that is not there yet, whole or not at all."""
    with path.open("x", encoding="utf-8", newline="\n") as file:
        try:
            file.write(text)
            file.flush()
        except OSError:
            path.unlink()
            raise


def _unknown(key: str, word: str, known: Sequence[str], places: Mapping[str, object]) -> Complaint:
    """That a word is not among those known, with the nearest of them where one is near."""
    near = get_close_matches(word, known, n=1)
    return Complaint(f"{key}_near", {**places, "near": near[0]}) if near else Complaint(key, places)


def text_of(scenario: Scenario) -> str:
    """A scenario as YAML, without what is as it would be anyway.

    Examples
    --------
    >>> data = {"scenario": "slow", "regions": ["wuwei"], "horizon": 2030, "levers": {
    ...     "arrivals": 1.0, "wuwei": {"arrivals": {2020: 1.0, 2030: 0.5}}}}
    >>> print(text_of(Scenario.model_validate(data)), end="")
    scenario: slow
    title: {en: slow, zh: slow}
    regions: [wuwei]
    horizon: 2030
    levers:
      wuwei:
        arrivals: {2020: 1.0, 2030: 0.5}
    """
    from ruamel.yaml import YAML

    data = scenario.resolved()
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


class Stage:
    """A region and what is projected beside it, with draws and the base's projections kept.

    Parameters
    ----------
    base : Scenario
        Of the region alone, without any lever moved.
    atlas : Atlas
    posteriors : Posteriors
    region_id : str
    parts : sequence of str
        Regions inside of it that are wanted too.
    districts : sequence of UrbanDistrict
        Whose counties are among the parts.

    Attributes
    ----------
    cast : Cast
    """

    def __init__(
        self,
        base: Scenario,
        atlas: Atlas,
        posteriors: Posteriors,
        region_id: str,
        parts: Sequence[str],
        districts: Sequence[UrbanDistrict],
    ):
        self._base, self._atlas, self._region = base, atlas, region_id
        self.cast = Cast(base, atlas, posteriors.by_region, regions=(region_id, *parts), keep=True)
        self._districts = districts
        self._movable = {i for i in self.cast.named if region_id in lineage(atlas.regions, i)}
        self._kept: dict[tuple[str, int], Projection] = {}

    def under(self, scenario: Scenario, *, moved: bool) -> list[Ensemble]:
        """All draws in small pieces; ``moved`` where levers of the region differ from the base's.

        What these levers leave as it is is kept. Flows are those of the region alone.
        """
        # The kernel runs in one thread at a time; making parts add up does not need to.
        pieces = []
        for block in range(self.cast.blocks):
            paths = [self._path(i, block, scenario, moved) for i in self.cast.named]
            kept = self._kept_of(scenario, block)
            for first in range(0, kept, PIECE):
                pieces.append((paths, slice(first, min(first + PIECE, kept))))
        if not self.cast.sums:
            return [self._whole(*piece) for piece in pieces]
        with ThreadPoolExecutor() as threads:
            return list(threads.map(lambda piece: self._whole(*piece), pieces))

    def registered(self, scenario: Scenario, *, moved: bool) -> list[Array]:
        """Registered people of the region block by block, (residence, year, draw)."""
        found = []
        for block in range(self.cast.blocks):
            path = self._path(self._region, block, scenario, moved)
            people = self.cast.registered(scenario, self._region, block, path)
            found.append(people[..., : self._kept_of(scenario, block)])
        return found

    def _kept_of(self, scenario: Scenario, block: int) -> int:
        return min(BLOCK, scenario.ensemble.draws - block * BLOCK)

    def _path(self, region_id: str, block: int, scenario: Scenario, moved: bool) -> Projection:
        if moved and region_id in self._movable:
            return self.cast.project(scenario, region_id, block)
        key = (region_id, block)
        if key not in self._kept:
            self._kept[key] = self.cast.project(self._base, region_id, block)
        return self._kept[key]

    def _whole(self, paths: Sequence[Projection], draws: slice) -> Ensemble:
        """Some draws of all regions, parts adding up to their wholes as `projector.add_up` has it.

        Flows are there for the first region alone: to copy those of all would take longest.
        """
        cast = self.cast
        own = [(p.urban[:, draws], p.rural[:, draws], p.flows[:, :, draws]) for p in paths]
        for at, rows in cast.sums:
            urban, rural, flows = (np.stack([own[row][kind] for row in rows]) for kind in range(3))
            shared = reconcile(own[at], (urban, rural, flows))
            for part, row in enumerate(rows):
                own[row] = (shared[0][part], shared[1][part], shared[2][part])
        whole = Ensemble(
            cast.regions,
            cast.references,
            cast.years,
            np.stack([urban for urban, _, _ in own]),
            np.stack([rural for _, rural, _ in own]),
            own[0][2][None],
            {},
            {},
        )
        districts = {one.id: district_population(whole, one) for one in self._districts}
        return replace(whole, districts=districts)
