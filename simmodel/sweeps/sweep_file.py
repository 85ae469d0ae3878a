"""Sweep files: which values of a scenario vary, how, and what is asked of every run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, ValidationError, field_validator

from ..errors import (
    Fault,
    FaultError,
    KeyPath,
    Reason,
    Refusal,
    ScenarioError,
    among,
    as_tuple,
    did_you_mean,
    finite_number,
    shown,
    whole_number,
)
from ..inputs.scenario import (
    BASE_YEAR,
    QUANTITIES,
    Scenario,
    Text,
    Title,
    is_name,
    knot_year,
)
from ..inputs.scenario_file import is_heeded, read_scenario, steps_of
from ..inputs.schema import StrictModel
from ..inputs.seeds import Seeds
from ..inputs.yaml import BROKEN, Document, dotted, model_faults, read_mapping
from ..levers import LEVERS
from ..variables import DISTRICT, FLOWS, STOCKS
from .designs import DISTRIBUTIONS, METHODS, Dimension, check_size, runs

POSTERIOR: Final = "posterior"
# Draws that a run may be averaged over: those of the ensemble's first block.
MOST_DRAWS: Final = 1024
DEFAULT_DRAWS: Final = 64
MOST_RUNS: Final = 10_000_000
INDICATORS: Final = tuple(v.name for v in (*STOCKS, *FLOWS))
NOT_MODELLED: Final = "new_urban_jobs"


@dataclass(frozen=True)
class Place:
    """What a parameter of a sweep sets.

    Attributes
    ----------
    kind : {"lever", "programme", "parameter"}
    region : str or None
        Whose lever or uncertain quantity; None for a general lever and for a programme.
    name : str
        Of the lever, programme or quantity.
    year : int or None
        The knot of a lever's path; None for the lever in all years.
    """

    kind: str
    region: str | None
    name: str
    year: int | None = None


@dataclass(frozen=True)
class Outcome:
    """What is asked of every run.

    Attributes
    ----------
    region : str
        Region or urban district.
    indicator : str
        A stock or flow by its name in the outputs, or ``urban_district_population``.
    year : int
    met : bool
        Whether the plan's targets of that indicator and year are met, instead of the value.
    """

    region: str
    indicator: str
    year: int
    met: bool = False

    @property
    def label(self) -> str:
        """One text for it.

        Examples
        --------
        >>> Outcome("wuwei", "urbanization_rate", 2025, met=True).label
        'wuwei urbanization_rate 2025 met'
        """
        return f"{self.region} {self.indicator} {self.year}" + (" met" if self.met else "")


class Spread(StrictModel):
    """How a parameter varies, as the file says it."""

    low: Annotated[float | None, BeforeValidator(finite_number(-1e9, 1e9))] = None
    high: Annotated[float | None, BeforeValidator(finite_number(-1e9, 1e9))] = None
    mode: Annotated[float | None, BeforeValidator(finite_number(-1e9, 1e9))] = None
    distribution: Literal["uniform", "log_uniform", "triangular", "posterior"] = "uniform"
    choices: Annotated[tuple[Any, ...], BeforeValidator(as_tuple)] | None = None


class Years(StrictModel):
    """All years from one to another."""

    from_: Any = Field(alias="from")
    to: Any


class Asked(StrictModel):
    """An outcome as the file says it; its figures are checked beside the scenario."""

    region: Text
    indicator: Text
    year: Any = None
    years: Any = None
    target: Literal["met"] | None = None


def _method_known(value: object) -> object:
    if isinstance(value, str) and value not in METHODS:
        known = among(METHODS) + did_you_mean(value, METHODS)
        raise Refusal(Reason("is not a known word", known))
    return value


class DesignAsked(StrictModel):
    """How the runs are laid out.

    ``size`` means levels of a grid, trajectories of Morris' method, points of the base sample of
    Sobol's, runs of a discovery.
    """

    method: Annotated[str, BeforeValidator(_method_known)]
    size: Annotated[int | None, BeforeValidator(whole_number(1, MOST_RUNS))] = None
    second_order: bool | None = None
    seed: Annotated[int, BeforeValidator(whole_number(0, float("inf")))] = 1
    resamples: Annotated[int, BeforeValidator(whole_number(20, 10_000))] = 200


class Averaged(StrictModel):
    """Whether a run stands at the median parameters or is averaged over draws."""

    at: Literal["median", "draws"] = "median"
    draws: Annotated[int | None, BeforeValidator(whole_number(2, MOST_DRAWS))] = None


class Sweep(StrictModel):
    """The whole file; parameters and outcomes are checked one by one."""

    sweep: Text
    title: Title
    description: Text = ""
    scenario: Text
    parameters: dict[str, Any]
    outcomes: Annotated[tuple[Any, ...], BeforeValidator(as_tuple)]
    design: DesignAsked
    ensemble: Averaged = Averaged()

    @field_validator("sweep")
    @classmethod
    def _name(cls, value: str) -> str:
        if not is_name(value):
            allowed = "a lower-case letter, then lower-case letters, digits and _"
            raise Refusal(Reason("is not a sweep name", allowed))
        return value


@dataclass(frozen=True)
class Swept:
    """A parameter of a sweep.

    Attributes
    ----------
    path : str
        As the file and ``--set`` write it.
    place : Place
    dimension : Dimension or None
        None where it follows the posterior, which the file does not know.
    """

    path: str
    place: Place
    dimension: Dimension | None


@dataclass(frozen=True)
class SweepFile:
    """A sweep with everything checked.

    Attributes
    ----------
    name, description : str
    title : Title
    scenario : Scenario
        The one it varies.
    parameters : tuple of Swept
    outcomes : tuple of Outcome
    method : str
    size : int
    second_order : bool
    seed, resamples : int
    draws : int or None
        That a run is averaged over; None at the median.
    """

    name: str
    title: Title
    description: str
    scenario: Scenario
    parameters: tuple[Swept, ...]
    outcomes: tuple[Outcome, ...]
    method: str
    size: int
    second_order: bool
    seed: int
    resamples: int
    draws: int | None

    def resolved(self) -> dict[str, Any]:
        """Plain data with every default written out."""
        return {
            "sweep": self.name,
            "title": {"en": self.title.en, "zh": self.title.zh},
            "description": self.description,
            "scenario": self.scenario.resolved(),
            "parameters": {one.path: _as_data(one.dimension) for one in self.parameters},
            "outcomes": [
                {"region": o.region, "indicator": o.indicator, "year": o.year}
                | ({"target": "met"} if o.met else {})
                for o in self.outcomes
            ],
            "design": {
                "method": self.method,
                "size": self.size,
                "second_order": self.second_order,
                "seed": self.seed,
                "resamples": self.resamples,
            },
            "ensemble": {"at": "median"}
            if self.draws is None
            else {"at": "draws", "draws": self.draws},
        }


def _as_data(dimension: Dimension | None) -> dict[str, Any]:
    if dimension is None:
        return {"distribution": POSTERIOR}
    if dimension.choices:
        return {"choices": list(dimension.choices)}
    ends = {"low": dimension.low, "high": dimension.high, "distribution": dimension.distribution}
    return ends | ({} if dimension.mode is None else {"mode": dimension.mode})


def read_sweep(path: Path, seeds: Seeds) -> SweepFile:
    """Read and check one sweep file and the scenario it names.

    Parameters
    ----------
    path : pathlib.Path
    seeds : Seeds
        Regions, programmes and targets that it may refer to.

    Raises
    ------
    FaultError
        Naming everything that is wrong with either file, each as ``file:line: key.path: what is
        wrong``.
    """
    reader = _Reader(path, seeds)
    keys = reader.document.root.value
    if "regions" in keys and "sweep" not in keys:
        allowed = f"a sweep; a scenario goes to: simmodel run {path}"
        problem = "is the key of a scenario, not of a sweep"
        raise FaultError([reader.document.fault(("regions",), problem, allowed=allowed)])
    found = reader.read()
    if reader.faults or found is None:
        raise FaultError(reader.faults)
    return found


class _Reader:
    """A file being checked: what was found wrong so far, and the scenario where it is sound."""

    def __init__(self, path: Path, seeds: Seeds):
        self.path, self.seeds = path, seeds
        self.document: Document = read_mapping(path)
        self.faults: list[Fault] = list(self.document.faults)
        self.scenario: Scenario | None = None

    def read(self) -> SweepFile | None:
        data = self.document.plain()
        top = None
        try:
            top = Sweep.model_validate(_titled(data))
        except ValidationError as error:
            self.faults += model_faults(self.document, Sweep, error)
        self.scenario = self._scenario(data.get("scenario"))
        parameters, outcomes = data.get("parameters"), data.get("outcomes")
        swept = list(self._parameters(parameters)) if isinstance(parameters, dict) else []
        asked = self._all_outcomes(outcomes) if isinstance(outcomes, list) else []
        for key, value in (("parameters", parameters), ("outcomes", outcomes)):
            if value == {} or value == []:
                self._refuse((key,), "is empty", allowed="at least one")
        if top is None:
            return None
        self._ensemble(top.ensemble)
        size = self._design(top.design, swept, len(parameters or {}), asked)
        if self.faults or self.scenario is None:
            return None
        design, draws = top.design, top.ensemble.draws or DEFAULT_DRAWS
        return SweepFile(
            name=top.sweep,
            title=top.title,
            description=top.description,
            scenario=self.scenario,
            parameters=tuple(swept),
            outcomes=tuple(asked),
            method=design.method,
            size=size,
            second_order=design.method == "sobol" and design.second_order is not False,
            seed=design.seed,
            resamples=design.resamples,
            draws=None if top.ensemble.at == "median" else draws,
        )

    def _refuse(
        self, path: KeyPath, problem: str, *, found: str | None = None, allowed: str | None = None
    ) -> None:
        if not self.document.is_broken(path):
            self.faults.append(self.document.fault(path, problem, found=found, allowed=allowed))

    def _refuse_for(self, path: KeyPath, reason: Reason, value: object) -> None:
        found = reason.found or shown(value)
        self._refuse((*path, *reason.below), reason.problem, found=found, allowed=reason.allowed)

    def _scenario(self, name: object) -> Scenario | None:
        if not isinstance(name, str):
            return None
        try:
            return read_scenario(
                self.path.parent / name,
                region_ids=self.seeds.tree.parents,
                programme_ids=list(self.seeds.programmes()),
                source_ids=list(self.seeds.sources),
            )
        except FaultError as error:
            self.faults += error.faults
            return None

    # Parameters.

    def _parameters(self, data: Mapping[str, Any]) -> Iterator[Swept]:
        taken: dict[tuple[str, str | None, str], dict[int | None, str]] = {}
        for key, value in data.items():
            under = ("parameters", key)
            place = place_of(key, self.seeds)
            if place is None:
                self._refuse(under, "is no value of a scenario", allowed=self._near(key))
                continue
            same = taken.setdefault((place.kind, place.region, place.name), {})
            for year, other in same.items():
                if year is None or place.year is None or year == place.year:
                    problem = "is set twice: a lever in all years and a knot of its path"
                    self._refuse(under, problem, found=f"{key} beside {other}")
            same[place.year] = key
            self._heeded(under, place)
            if (swept := self._swept(under, place, value)) is not None:
                yield swept

    def _near(self, key: str) -> str:
        """What may be swept, with the nearest of all paths that could be meant."""
        regions = self.seeds.regions
        paths = [f"levers.{name}" for name in LEVERS]
        paths += [f"levers.{region}.{name}" for region in regions for name in LEVERS]
        paths += [f"programmes.{name}" for name in self.seeds.programmes()]
        paths += [f"parameters.{region}.{name}" for region in regions for name in QUANTITIES]
        forms = "levers.[REGION.]LEVER[.YEAR], programmes.PROGRAMME, parameters.REGION.QUANTITY"
        return forms + did_you_mean(key, paths)

    def _heeded(self, under: KeyPath, place: Place) -> None:
        """Refuse what no region of the run heeds, and knots that do not fit the scenario."""
        if self.scenario is None:
            return
        named, horizon = self.scenario.regions, self.scenario.horizon
        parents = self.seeds.tree.parents
        if place.region is not None and not is_heeded(place.region, named, parents):
            allowed = f"regions of the run: {among(named)}, and those inside of them"
            self._refuse(
                under, "is a region outside of the run", found=place.region, allowed=allowed
            )
        if place.year is None:
            return
        if place.year > horizon:
            allowed = f"years from {BASE_YEAR} to {horizon}"
            self._refuse(
                under, "is a knot after the horizon", found=str(place.year), allowed=allowed
            )
        own = self.scenario.levers.by_region.get(place.region or "")
        value = getattr(self.scenario.levers if place.region is None else own, place.name, None)
        if isinstance(value, float) and value != LEVERS[place.name].neutral:
            self._refuse(
                under,
                "is a knot, but the scenario has one number for all years",
                found=f"{value:g}",
                allowed=dotted(("levers", *filter(None, (place.region, place.name)))),
            )

    def _swept(self, under: KeyPath, place: Place, data: object) -> Swept | None:
        """A parameter and how it varies; None where the file is at fault."""
        try:
            spread = Spread.model_validate(data)
        except ValidationError as error:
            self.faults += model_faults(self.document, Spread, error, under=under)
            return None
        before = len(self.faults)
        others = [n for n in ("low", "high", "mode") if getattr(spread, n) is not None]
        if place.kind == "programme" and (spread.choices is None or others):
            allowed = "{choices: [false, true]}"
            self._refuse(under, "is a programme, which runs or does not", allowed=allowed)
        elif spread.choices is not None:
            if others or spread.distribution != "uniform":
                extra = others[0] if others else "distribution"
                self._refuse((*under, extra), "does not go with choices")
            return self._choices(under, place, spread.choices)
        elif spread.distribution == POSTERIOR:
            if place.kind != "parameter":
                self._refuse(
                    (*under, "distribution"),
                    "is known of uncertain quantities only",
                    found=POSTERIOR,
                    allowed=among(d for d in DISTRIBUTIONS if d != "table"),
                )
            for extra in others:
                self._refuse((*under, extra), "does not go with the posterior, which has no ends")
            return Swept(str(under[-1]), place, None) if len(self.faults) == before else None
        else:
            for end in ("low", "high"):
                if getattr(spread, end) is None:
                    self._refuse((*under, end), "required key is missing")
            if spread.mode is not None and spread.distribution != "triangular":
                self._refuse((*under, "mode"), "belongs to a triangular distribution")
            bounds = _bounds(place)
            for end in others:
                self._within((*under, end), bounds, getattr(spread, end))
        if len(self.faults) > before:
            return None
        ends = {"low": spread.low, "high": spread.high, "mode": spread.mode}
        return self._made(under, place, distribution=spread.distribution, **ends)

    def _choices(self, under: KeyPath, place: Place, choices: Sequence[object]) -> Swept | None:
        before = len(self.faults)
        values = []
        for i, choice in enumerate(choices):
            here = (*under, "choices", i)
            if place.kind == "programme":
                if not isinstance(choice, bool):
                    problem, allowed = "is neither true nor false", "true, false"
                    self._refuse(here, problem, found=shown(choice), allowed=allowed)
                values.append(float(choice is True))
            elif self._within(here, _bounds(place), choice):
                values.append(float(choice))  # type: ignore[arg-type]
        if len(self.faults) > before:
            return None
        return self._made(under, place, choices=tuple(values))

    def _within(self, path: KeyPath, bounds: tuple[float, float], value: object) -> bool:
        """Refuse a value that the model does not take."""
        try:
            finite_number(*bounds)(value)
        except Refusal as refusal:
            self._refuse_for(path, refusal.reasons[0], value)
            return False
        return True

    def _made(self, under: KeyPath, place: Place, **how: Any) -> Swept | None:
        name = str(under[-1])
        try:
            return Swept(name, place, Dimension(name, **how))
        except ScenarioError as error:
            problem, _, found = str(error).removeprefix(f"{name}: ").partition("; found ")
            self._refuse(under, problem, found=found or None)
            return None

    # Outcomes.

    def _all_outcomes(self, data: Sequence[object]) -> list[Outcome]:
        found: list[Outcome] = []
        for i, item in enumerate(data):
            for outcome in self._outcomes(("outcomes", i), item):
                if outcome in found:
                    self._refuse(("outcomes", i), "asks for the same twice", found=outcome.label)
                found.append(outcome)
        return found

    def _outcomes(self, under: KeyPath, data: object) -> Iterator[Outcome]:
        try:
            asked = Asked.model_validate(data)
        except ValidationError as error:
            self.faults += model_faults(self.document, Asked, error, under=under)
            return
        years = self._years(under, asked)
        if not self._known(under, asked) or not years:
            return
        for year in years:
            outcome = Outcome(asked.region, asked.indicator, year, asked.target is not None)
            if outcome.met and (other := self._without_target(outcome)) is not None:
                self._refuse(
                    (*under, "target"),
                    "is a target that the plans do not have",
                    found=f"{outcome.region} {outcome.indicator} {year}",
                    allowed=other,
                )
            else:
                yield outcome

    def _known(self, under: KeyPath, asked: Asked) -> bool:
        """Refuse a region that is not in the run, and an indicator that it does not have."""
        before = len(self.faults)
        districts = self.seeds.districts()
        everywhere = [*self.seeds.regions, *districts]
        if asked.region not in everywhere:
            allowed = "the id of a region or urban district" + did_you_mean(
                asked.region, everywhere
            )
            here, found = (*under, "region"), shown(asked.region)
            self._refuse(here, "region does not exist", found=found, allowed=allowed)
        elif self.scenario is not None:
            inside = set(self.scenario.regions)
            inside |= {j for i in self.scenario.regions for j in self.seeds.tree.descendants(i)}
            owner = districts[asked.region][0] if asked.region in districts else asked.region
            if owner not in inside:
                allowed = f"{among(self.scenario.regions)}, and those inside of them"
                here, found = (*under, "region"), shown(asked.region)
                self._refuse(here, "is a region outside of the run", found=found, allowed=allowed)
        is_district = asked.region in districts
        known = (DISTRICT.name,) if is_district else INDICATORS
        if asked.region in everywhere and asked.indicator not in known:
            problem = "indicator does not exist"
            if asked.indicator == NOT_MODELLED:
                problem = "is not modelled"
            elif asked.indicator in (*INDICATORS, DISTRICT.name):
                problem = f"is not known of {asked.region}"
            allowed = among(known) + did_you_mean(asked.indicator, known)
            here, found = (*under, "indicator"), shown(asked.indicator)
            self._refuse(here, problem, found=found, allowed=allowed)
        elif is_district and districts[asked.region][1].population is None:
            problem = "has no population to start from"
            self._refuse((*under, "region"), problem, found=shown(asked.region))
        return len(self.faults) == before

    def _years(self, under: KeyPath, asked: Asked) -> list[int]:
        """The years of an outcome; none where the file is at fault."""
        if (asked.year is None) == (asked.years is None):
            problem = "required key is missing" if asked.year is None else "stands beside years"
            self._refuse((*under, "year"), problem, allowed="year or years")
            return []
        before = len(self.faults)
        last = self.scenario.horizon if self.scenario is not None else float("inf")
        check = whole_number(BASE_YEAR + 1, last, "faults.whole_year")
        given: list[tuple[KeyPath, object]] = []
        if isinstance(asked.years, dict):
            try:
                ends = Years.model_validate(asked.years)
            except ValidationError as error:
                here = (*under, "years")
                self.faults += model_faults(self.document, Years, error, under=here)
                return []
            given = [((*under, "years", "from"), ends.from_), ((*under, "years", "to"), ends.to)]
        elif isinstance(asked.years, list):
            given = [((*under, "years", i), year) for i, year in enumerate(asked.years)]
        elif asked.years is None:
            given = [((*under, "year"), asked.year)]
        else:
            self._refuse(
                (*under, "years"),
                "is neither a list nor a span",
                found=shown(asked.years),
                allowed="[2025, 2035] or {from: 2021, to: 2035}",
            )
        years: list[int] = []
        for path, value in given:
            try:
                years.append(check(value))  # type: ignore[arg-type]
            except Refusal as refusal:
                self._refuse_for(path, refusal.reasons[0], value)
        if len(self.faults) > before:
            return []
        if isinstance(asked.years, dict):
            if years[0] > years[1]:
                found = f"{years[0]} to {years[1]}"
                self._refuse((*under, "years"), "ends before it begins", found=found)
            return list(range(years[0], years[1] + 1))
        if not years:
            self._refuse((*under, "years"), "is empty", allowed="at least one")
        return years

    def _without_target(self, outcome: Outcome) -> str | None:
        """Targets that there are, where that of an outcome is not among them; else None."""
        districts = self.seeds.districts()
        at = outcome.region
        owner = districts[at][0] if at in districts else at
        there = [
            (target.indicator, target.year)
            for target in self.seeds.regions[owner].targets
            if (target.region or owner) == at and target.indicator != NOT_MODELLED
        ]
        if (outcome.indicator, outcome.year) in there:
            return None
        return among(dict.fromkeys(f"{indicator} {year}" for indicator, year in there))

    # Design.

    def _ensemble(self, asked: Averaged) -> None:
        if asked.at == "median" and asked.draws is not None:
            self._refuse(("ensemble", "draws"), "belongs to at: draws", found=str(asked.draws))

    def _design(
        self, asked: DesignAsked, swept: Sequence[Swept], count: int, outcomes: Sequence[Outcome]
    ) -> int:
        """Check a design beside what it is for; its size."""
        under = ("design",)
        sobol = asked.method == "sobol"
        if asked.second_order is not None and not sobol:
            self._refuse((*under, "second_order"), "belongs to sobol", found=asked.method)
        if asked.method == "one_at_a_time":
            if asked.size is not None:
                problem = "does not belong to one_at_a_time, which runs each end once"
                self._refuse((*under, "size"), problem)
            self._no_path(swept)
            return 1
        if asked.size is None:
            self._refuse((*under, "size"), "required key is missing")
            return 1
        if asked.method == "discovery" and outcomes and not any(o.met for o in outcomes):
            problem = "discovery seeks where a target is met, and no outcome has one"
            self._refuse((*under, "method"), problem, allowed="an outcome with target: met")
        if count == 0:
            return asked.size
        try:
            check_size(asked.method, asked.size, count)
        except ScenarioError as error:
            self._refuse((*under, "size"), str(error))
            return asked.size
        # Ranges stand for parameters at fault, so that a size too large is found with them.
        some = [Dimension("any")] * (count - len(swept))
        known = [one.dimension or Dimension(one.path) for one in swept]
        total = runs(asked.method, asked.size, [*known, *some], asked.second_order is not False)
        if total > MOST_RUNS:
            found, allowed = f"{total:,} runs", f"at most {MOST_RUNS:,}"
            self._refuse((*under, "size"), "is too large", found=found, allowed=allowed)
        return asked.size

    def _no_path(self, swept: Sequence[Swept]) -> None:
        """Refuse one number for a lever that follows a path: the base would not be the scenario."""
        for one in swept:
            place = one.place
            if self.scenario is None or place.kind != "lever" or place.year is not None:
                continue
            own = self.scenario.levers.by_region.get(place.region or "")
            value = getattr(self.scenario.levers if place.region is None else own, place.name, None)
            if isinstance(value, tuple):
                years = among(f"{one.path}.{year}" for year, _ in value)
                self._refuse(
                    ("parameters", one.path),
                    "follows a path in the scenario, so that no number is its base",
                    allowed=years,
                )


def place_of(key: str, seeds: Seeds) -> Place | None:
    """What a dotted path sets; None where there is no such thing.

    Parameters
    ----------
    key : str
        As ``--set`` writes it.
    seeds : Seeds
    """
    steps = steps_of(key, seeds.regions)
    head, rest = steps[0], steps[1:]
    if head == "programmes" and len(rest) == 1 and rest[0] in seeds.programmes():
        return Place("programme", None, rest[0])
    if head == "parameters" and len(rest) == 2:
        region, name = rest
        known = region in seeds.regions and name in QUANTITIES
        return Place("parameter", region, name) if known else None
    if head != "levers" or not rest:
        return None
    owner = rest[0] if rest[0] in seeds.regions else None
    rest = rest[1:] if owner is not None else rest
    if not rest or rest[0] not in LEVERS or len(rest) > 2:
        return None
    place = Place("lever", owner, rest[0])
    if len(rest) == 1:
        return place
    try:
        return replace(place, year=knot_year(rest[1]))
    except Refusal:
        return None


def _bounds(place: Place) -> tuple[float, float]:
    if place.kind == "lever":
        return LEVERS[place.name].low, LEVERS[place.name].high
    return QUANTITIES[place.name]


def _titled(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """A title that is missing takes the name of the sweep."""
    name = data.get("sweep")
    if "title" in data or name is BROKEN or not isinstance(name, str):
        return data if "title" in data else {**data, "title": {"en": "", "zh": ""}}
    return {**data, "title": {"en": name, "zh": name}}
