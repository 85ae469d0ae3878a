"""SweepSchema files: which values of a scenario vary, how, and what is asked of every run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import ValidationError

from ..errors import (
    Fault,
    FaultError,
    KeyPath,
    Reason,
    Refusal,
    ScenarioError,
    among,
    did_you_mean,
    finite_number,
    shown,
    whole_number,
)
from ..indicators import INDICATORS, modelled
from ..inputs.scenario import (
    BASE_YEAR,
    QUANTITIES,
    Scenario,
    Title,
    knot_year,
)
from ..inputs.scenario_file import is_heeded, read_scenario, steps_of
from ..inputs.seeds import Seeds
from ..inputs.yaml import BROKEN, Document, dotted, model_faults, read_mapping
from ..levers import LEVERS
from ..texts import say
from ..variables import FLOWS, STOCKS
from .designs import DISTRIBUTIONS, DesignError, Dimension, check_size, runs
from .schema import (
    MOST_RUNS,
    DesignSchema,
    EnsembleSchema,
    OutcomeSchema,
    RangeSchema,
    SweepSchema,
    YearSpanSchema,
)

POSTERIOR: Final = "posterior"
DEFAULT_DRAWS: Final = 64
# What may be asked of a region beside the indicators: its other stocks, and its flows.
VARIABLES: Final = tuple(v.name for v in (*STOCKS, *FLOWS))


@dataclass(frozen=True)
class VariedSetting:
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


@dataclass(frozen=True)
class SweptParameter:
    """A parameter of a sweep.

    Attributes
    ----------
    path : str
        As the file and ``--set`` write it.
    setting : VariedSetting
    dimension : Dimension or None
        None where it follows the posterior, which the file does not know.
    """

    path: str
    setting: VariedSetting
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
    parameters : tuple of SweptParameter
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
    parameters: tuple[SweptParameter, ...]
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
    reader = _SweepReader(path, seeds)
    keys = reader.document.root.value
    if "regions" in keys and "sweep" not in keys:
        problem = say("sweeps.is_key_of_scenario")
        allowed = say("sweeps.goes_to_run", path=path)
        raise FaultError([reader.document.fault(("regions",), problem, allowed=allowed)])
    found = reader.read()
    if reader.faults or found is None:
        raise FaultError(reader.faults)
    return found


class _SweepReader:
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
            top = SweepSchema.model_validate(_titled(data))
        except ValidationError as error:
            self.faults += model_faults(self.document, SweepSchema, error)
        self.scenario = self._scenario(data.get("scenario"))
        parameters, outcomes = data.get("parameters"), data.get("outcomes")
        swept = list(self._parameters(parameters)) if isinstance(parameters, dict) else []
        asked = self._all_outcomes(outcomes) if isinstance(outcomes, list) else []
        for key, value in (("parameters", parameters), ("outcomes", outcomes)):
            if value == {} or value == []:
                self._refuse((key,), say("faults.is_empty"), allowed=say("inputs.at_least_one"))
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

    def _parameters(self, data: Mapping[str, Any]) -> Iterator[SweptParameter]:
        taken: dict[tuple[str, str | None, str], dict[int | None, str]] = {}
        for key, value in data.items():
            under = ("parameters", key)
            setting = setting_of(key, self.seeds)
            if setting is None:
                problem, allowed = say("sweeps.is_no_value"), self._near(key)
                self._refuse(under, problem, allowed=allowed)
                continue
            same = taken.setdefault((setting.kind, setting.region, setting.name), {})
            for year, other in same.items():
                if year is None or setting.year is None or year == setting.year:
                    found = say("sweeps.beside", one=key, other=other)
                    self._refuse(under, say("sweeps.is_set_twice"), found=found)
            same[setting.year] = key
            self._heeded(under, setting)
            if (swept := self._swept(under, setting, value)) is not None:
                yield swept

    def _near(self, key: str) -> str:
        """What may be swept, with the nearest of all paths that could be meant."""
        regions = self.seeds.regions
        paths = [f"levers.{name}" for name in LEVERS]
        paths += [f"levers.{region}.{name}" for region in regions for name in LEVERS]
        paths += [f"programmes.{name}" for name in self.seeds.programmes()]
        paths += [f"parameters.{region}.{name}" for region in regions for name in QUANTITIES]
        return say("sweeps.forms") + did_you_mean(key, paths)

    def _heeded(self, under: KeyPath, setting: VariedSetting) -> None:
        """Refuse what no region of the run heeds, and knots that do not fit the scenario."""
        if self.scenario is None:
            return
        named, horizon = self.scenario.regions, self.scenario.horizon
        parents = self.seeds.tree.parents
        if setting.region is not None and not is_heeded(setting.region, named, parents):
            problem = say("inputs.is_outside_run")
            allowed = say("inputs.regions_of_run", regions=among(named))
            self._refuse(under, problem, found=setting.region, allowed=allowed)
        if setting.year is None:
            return
        if setting.year > horizon:
            problem = say("inputs.knot_after_horizon")
            allowed = say("inputs.years", first=BASE_YEAR, last=horizon)
            self._refuse(under, problem, found=str(setting.year), allowed=allowed)
        own = self.scenario.levers.by_region.get(setting.region or "")
        value = getattr(self.scenario.levers if setting.region is None else own, setting.name, None)
        if isinstance(value, float) and value != LEVERS[setting.name].neutral:
            self._refuse(
                under,
                say("sweeps.is_knot_of_number"),
                found=f"{value:g}",
                allowed=dotted(("levers", *filter(None, (setting.region, setting.name)))),
            )

    def _swept(self, under: KeyPath, setting: VariedSetting, data: object) -> SweptParameter | None:
        """A parameter and how it varies; None where the file is at fault."""
        try:
            given_range = RangeSchema.model_validate(data)
        except ValidationError as error:
            self.faults += model_faults(self.document, RangeSchema, error, under=under)
            return None
        before = len(self.faults)
        others = [n for n in ("low", "high", "mode") if getattr(given_range, n) is not None]
        if setting.kind == "programme" and (given_range.choices is None or others):
            allowed = "{choices: [false, true]}"
            self._refuse(under, say("sweeps.is_programme"), allowed=allowed)
        elif given_range.choices is not None:
            if others or given_range.distribution != "uniform":
                extra = others[0] if others else "distribution"
                self._refuse((*under, extra), say("sweeps.not_with_choices"))
            return self._choices(under, setting, given_range.choices)
        elif given_range.distribution == POSTERIOR:
            if setting.kind != "parameter":
                self._refuse(
                    (*under, "distribution"),
                    say("sweeps.of_quantities_only"),
                    found=POSTERIOR,
                    allowed=among(d for d in DISTRIBUTIONS if d != "table"),
                )
            for extra in others:
                self._refuse((*under, extra), say("sweeps.not_with_posterior"))
            return (
                SweptParameter(str(under[-1]), setting, None)
                if len(self.faults) == before
                else None
            )
        else:
            for end in ("low", "high"):
                if getattr(given_range, end) is None:
                    self._refuse((*under, end), say("faults.is_missing"))
            if given_range.mode is not None and given_range.distribution != "triangular":
                self._refuse((*under, "mode"), say("sweeps.of_triangular"))
            bounds = _bounds(setting)
            for end in others:
                self._within((*under, end), bounds, getattr(given_range, end))
        if len(self.faults) > before:
            return None
        ends = {"low": given_range.low, "high": given_range.high, "mode": given_range.mode}
        return self._made(under, setting, distribution=given_range.distribution, **ends)

    def _choices(
        self, under: KeyPath, setting: VariedSetting, choices: Sequence[object]
    ) -> SweptParameter | None:
        before = len(self.faults)
        values = []
        for i, choice in enumerate(choices):
            here = (*under, "choices", i)
            if setting.kind == "programme":
                if not isinstance(choice, bool):
                    problem = say("inputs.is_not_boolean")
                    self._refuse(here, problem, found=shown(choice), allowed="true, false")
                values.append(float(choice is True))
            elif self._within(here, _bounds(setting), choice):
                values.append(float(choice))  # type: ignore[arg-type]
        if len(self.faults) > before:
            return None
        return self._made(under, setting, choices=tuple(values))

    def _within(self, path: KeyPath, bounds: tuple[float, float], value: object) -> bool:
        """Refuse a value that the model does not take."""
        try:
            finite_number(*bounds)(value)
        except Refusal as refusal:
            self._refuse_for(path, refusal.reasons[0], value)
            return False
        return True

    def _made(self, under: KeyPath, setting: VariedSetting, **how: Any) -> SweptParameter | None:
        name = str(under[-1])
        try:
            return SweptParameter(name, setting, Dimension(name, **how))
        except DesignError as error:
            self._refuse(under, error.problem, found=error.found)
            return None

    # Outcomes.

    def _all_outcomes(self, data: Sequence[object]) -> list[Outcome]:
        found: list[Outcome] = []
        for i, item in enumerate(data):
            for outcome in self._outcomes(("outcomes", i), item):
                if outcome in found:
                    self._refuse(("outcomes", i), say("sweeps.is_asked_twice"), found=outcome.label)
                found.append(outcome)
        return found

    def _outcomes(self, under: KeyPath, data: object) -> Iterator[Outcome]:
        try:
            asked = OutcomeSchema.model_validate(data)
        except ValidationError as error:
            self.faults += model_faults(self.document, OutcomeSchema, error, under=under)
            return
        years = self._years(under, asked)
        if not self._known(under, asked) or not years:
            return
        for year in years:
            outcome = Outcome(asked.region, asked.indicator, year, asked.target is not None)
            if outcome.met and (other := self._without_target(outcome)) is not None:
                self._refuse(
                    (*under, "target"),
                    say("sweeps.no_such_target"),
                    found=f"{outcome.region} {outcome.indicator} {year}",
                    allowed=other,
                )
            else:
                yield outcome

    def _known(self, under: KeyPath, asked: OutcomeSchema) -> bool:
        """Refuse a region that is not in the run, and an indicator that it does not have."""
        before = len(self.faults)
        districts = self.seeds.districts()
        everywhere = [*self.seeds.regions, *districts]
        if asked.region not in everywhere:
            allowed = say("sweeps.region_or_district") + did_you_mean(asked.region, everywhere)
            here, found = (*under, "region"), shown(asked.region)
            self._refuse(here, say("inputs.no_such.region"), found=found, allowed=allowed)
        elif self.scenario is not None:
            inside = set(self.scenario.regions)
            inside |= {j for i in self.scenario.regions for j in self.seeds.tree.descendants(i)}
            owner = districts[asked.region][0] if asked.region in districts else asked.region
            if owner not in inside:
                allowed = say("sweeps.inside_of", regions=among(self.scenario.regions))
                here, found = (*under, "region"), shown(asked.region)
                self._refuse(here, say("inputs.is_outside_run"), found=found, allowed=allowed)
        is_district = asked.region in districts
        known = indicators_of("district" if is_district else "region")
        if asked.region in everywhere and asked.indicator not in known:
            problem = say("sweeps.no_such_indicator")
            if asked.indicator in INDICATORS and not INDICATORS[asked.indicator].modelled:
                problem = say("sweeps.is_not_modelled")
            elif asked.indicator in (*INDICATORS, *VARIABLES):
                problem = say("sweeps.is_not_known_of", region=asked.region)
            allowed = among(known) + did_you_mean(asked.indicator, known)
            here, found = (*under, "indicator"), shown(asked.indicator)
            self._refuse(here, problem, found=found, allowed=allowed)
        elif is_district and districts[asked.region][1].population is None:
            problem = say("sweeps.has_no_population")
            self._refuse((*under, "region"), problem, found=shown(asked.region))
        return len(self.faults) == before

    def _years(self, under: KeyPath, asked: OutcomeSchema) -> list[int]:
        """The years of an outcome; none where the file is at fault."""
        if (asked.year is None) == (asked.years is None):
            key = "faults.is_missing" if asked.year is None else "sweeps.stands_beside_years"
            self._refuse((*under, "year"), say(key), allowed=say("sweeps.year_or_years"))
            return []
        before = len(self.faults)
        last = self.scenario.horizon if self.scenario is not None else float("inf")
        check = whole_number(BASE_YEAR + 1, last, "faults.whole_year")
        given: list[tuple[KeyPath, object]] = []
        if isinstance(asked.years, dict):
            try:
                ends = YearSpanSchema.model_validate(asked.years)
            except ValidationError as error:
                here = (*under, "years")
                self.faults += model_faults(self.document, YearSpanSchema, error, under=here)
                return []
            given = [((*under, "years", "from"), ends.from_), ((*under, "years", "to"), ends.to)]
        elif isinstance(asked.years, list):
            given = [((*under, "years", i), year) for i, year in enumerate(asked.years)]
        elif asked.years is None:
            given = [((*under, "year"), asked.year)]
        else:
            self._refuse(
                (*under, "years"),
                say("sweeps.is_no_list_or_span"),
                found=shown(asked.years),
                allowed=say("sweeps.list_or_span"),
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
                found = say("sweeps.span", first=years[0], last=years[1])
                self._refuse((*under, "years"), say("sweeps.ends_before_it_begins"), found=found)
            return list(range(years[0], years[1] + 1))
        if not years:
            allowed = say("inputs.at_least_one")
            self._refuse((*under, "years"), say("faults.is_empty"), allowed=allowed)
        return years

    def _without_target(self, outcome: Outcome) -> str | None:
        """Targets that there are, where that of an outcome is not among them; else None."""
        districts = self.seeds.districts()
        at = outcome.region
        owner = districts[at][0] if at in districts else at
        there = [
            (target.indicator, target.year)
            for target in self.seeds.regions[owner].targets
            if (target.region or owner) == at and INDICATORS[target.indicator].modelled
        ]
        if (outcome.indicator, outcome.year) in there:
            return None
        return among(dict.fromkeys(f"{indicator} {year}" for indicator, year in there))

    # Design.

    def _ensemble(self, asked: EnsembleSchema) -> None:
        if asked.at == "median" and asked.draws is not None:
            problem = say("sweeps.of_draws")
            self._refuse(("ensemble", "draws"), problem, found=str(asked.draws))

    def _design(
        self,
        asked: DesignSchema,
        swept: Sequence[SweptParameter],
        count: int,
        outcomes: Sequence[Outcome],
    ) -> int:
        """Check a design beside what it is for; its size."""
        under = ("design",)
        sobol = asked.method == "sobol"
        if asked.second_order is not None and not sobol:
            problem = say("sweeps.of_sobol")
            self._refuse((*under, "second_order"), problem, found=asked.method)
        if asked.method == "one_at_a_time":
            if asked.size is not None:
                self._refuse((*under, "size"), say("sweeps.no_size"))
            self._no_path(swept)
            return 1
        if asked.size is None:
            self._refuse((*under, "size"), say("faults.is_missing"))
            return 1
        if asked.method == "discovery" and outcomes and not any(o.met for o in outcomes):
            problem = say("sweeps.discovery_without_target")
            allowed = say("sweeps.outcome_with_target")
            self._refuse((*under, "method"), problem, allowed=allowed)
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
            found = say("sweeps.runs", count=total)
            allowed = say("sweeps.at_most", count=MOST_RUNS)
            self._refuse((*under, "size"), say("sweeps.is_too_large"), found=found, allowed=allowed)
        return asked.size

    def _no_path(self, swept: Sequence[SweptParameter]) -> None:
        """Refuse one number for a lever that follows a path: the base would not be the scenario."""
        for one in swept:
            setting = one.setting
            if self.scenario is None or setting.kind != "lever" or setting.year is not None:
                continue
            own = self.scenario.levers.by_region.get(setting.region or "")
            value = getattr(
                self.scenario.levers if setting.region is None else own, setting.name, None
            )
            if isinstance(value, tuple):
                years = among(f"{one.path}.{year}" for year, _ in value)
                self._refuse(
                    ("parameters", one.path),
                    say("sweeps.follows_path"),
                    allowed=years,
                )


def setting_of(key: str, seeds: Seeds) -> VariedSetting | None:
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
        return VariedSetting("programme", None, rest[0])
    if head == "parameters" and len(rest) == 2:
        region, name = rest
        known = region in seeds.regions and name in QUANTITIES
        return VariedSetting("parameter", region, name) if known else None
    if head != "levers" or not rest:
        return None
    owner = rest[0] if rest[0] in seeds.regions else None
    rest = rest[1:] if owner is not None else rest
    if not rest or rest[0] not in LEVERS or len(rest) > 2:
        return None
    setting = VariedSetting("lever", owner, rest[0])
    if len(rest) == 1:
        return setting
    try:
        return replace(setting, year=knot_year(rest[1]))
    except Refusal:
        return None


def indicators_of(kind: Literal["region", "district"]) -> tuple[str, ...]:
    """Return what may be asked of a region, or of an urban district."""
    stated = [name for name in modelled() if INDICATORS[name].of == kind]
    return tuple(dict.fromkeys([*VARIABLES, *stated])) if kind == "region" else tuple(stated)


def _bounds(setting: VariedSetting) -> tuple[float, float]:
    if setting.kind == "lever":
        return LEVERS[setting.name].low, LEVERS[setting.name].high
    return QUANTITIES[setting.name]


def _titled(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """A title that is missing takes the name of the sweep."""
    name = data.get("sweep")
    if "title" in data or name is BROKEN or not isinstance(name, str):
        return data if "title" in data else {**data, "title": {"en": "", "zh": ""}}
    return {**data, "title": {"en": name, "zh": name}}
