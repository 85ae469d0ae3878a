"""What a scenario may say. No files, no arrays: plain data in, a frozen object out."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import Annotated, Any, Final, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    TypeAdapter,
    create_model,
    field_validator,
    model_validator,
)

from ..errors import (
    Reason,
    Refusal,
    ScenarioError,
    among,
    as_tuple,
    bounded,
    did_you_mean,
    finite_number,
    shown,
    whole_number,
)
from ..levers import LEVERS, Lever
from ..texts import say
from .schema import StrictModel
from .yaml import NOT_TEXT, unprintable

Model = TypeVar("Model", bound=BaseModel)


BASE_YEAR: Final = 2020
HORIZON_RANGE: Final = (2021, 2100)
DRAWS_RANGE: Final = (1, 10_000_000)
DEFAULT_DRAWS: Final = 2000
DEFAULT_SEED: Final = 20201101

# Uncertain quantities of a region that may be fixed, and bounds of what may be set, in their own
# units: those that calibration estimates (`parameters.PARAMETERS`; a test holds that), then factors
# on the years after the base (`uncertainty.FACTORS`).
_A_YEAR: Final = (1e-6, 1.0)
_SHARE: Final = (0.001, 0.999)
_RATIO: Final = (0.01, 10.0)
QUANTITIES: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {
        "rural_exit": _A_YEAR,
        "local_retention": _SHARE,
        "arrivals": _A_YEAR,
        "arrivals_urban_share": _SHARE,
        "urban_out_migration": _A_YEAR,
        "return_to_villages": _A_YEAR,
        "reclassification": _A_YEAR,
        "fertility_earlier": _RATIO,
        "fertility_middle": _RATIO,
        "fertility_base": _RATIO,
        "mortality": _RATIO,
        "period_exit": _RATIO,
        "period_arrivals": _RATIO,
        "period_reclassification": _RATIO,
        "period_fertility": _RATIO,
        "period_mortality": _RATIO,
        "pace": _RATIO,
        "arrivals_factor": _RATIO,
        "departure_factor": _RATIO,
        "fertility_factor": _RATIO,
        "mortality_factor": _RATIO,
    }
)

# A path is its knots in the order of years; as a tuple it is truly frozen, and pickles.
Path = tuple[tuple[int, float], ...]
Value = float | Path

_NAME: Final = re.compile(r"[a-z][a-z0-9_]*\Z")


def is_name(text: str) -> bool:
    """Say whether a text can name a scenario or sweep, and the folder of its results."""
    return _NAME.match(text) is not None


def knot_year(key: object) -> int:
    """Return the year of a knot; a text of digits counts, because JSON keys are text."""
    year = int(key) if isinstance(key, str) and re.fullmatch("[1-9][0-9]{0,5}", key) else key
    if isinstance(year, bool) or not isinstance(year, int):
        raise Refusal(Reason(say("inputs.is_not_whole_year"), _knot_years()))
    if not BASE_YEAR <= year <= HORIZON_RANGE[1]:
        raise Refusal(Reason(say("inputs.knot_out_of_range"), _knot_years(), found=str(year)))
    return year


def _knot_years() -> str:
    return bounded("faults.whole_year", BASE_YEAR, HORIZON_RANGE[1])


def _lever_check(lever: Lever) -> Any:
    check = finite_number(lever.low, lever.high)
    number = Annotated[float, BeforeValidator(check)]
    knots = TypeAdapter(dict[Annotated[int, BeforeValidator(knot_year)], number])

    def validate(value: object) -> Value:
        if isinstance(value, tuple):  # our own form, already a path
            value = dict(value)
        if not isinstance(value, Mapping):
            try:
                return float(check(value)) + 0.0  # type: ignore[arg-type]  # -0.0 becomes 0.0
            except Refusal as refusal:
                reason = refusal.reasons[0]
                allowed = say("inputs.or_path", allowed=reason.allowed)
                raise Refusal(Reason(reason.problem, allowed, (), reason.found)) from None
        if not value:
            raise Refusal(Reason(say("inputs.has_no_knots"), say("inputs.one_knot")))
        path = knots.validate_python(dict(value))
        if len(path) < len(value):
            raise Refusal(Reason(say("inputs.has_knot_twice"), say("inputs.each_year_once")))
        return tuple((year, path[year] + 0.0) for year in sorted(path))

    return PlainValidator(validate)


def with_levers(*, neutral: bool) -> Callable[[type[Model]], type[Model]]:
    """Give a model a field for every lever: neutral where it is not set, else None."""

    def decorated(model: type[Model]) -> type[Model]:
        fields: dict[str, Any] = {}
        for lever in LEVERS.values():
            kind: Any = Annotated[Value, _lever_check(lever)]
            fields[lever.name] = (kind, lever.neutral) if neutral else (kind | None, None)
        return create_model(
            model.__name__,
            __base__=model,
            __module__=model.__module__,
            __doc__=model.__doc__,
            **fields,
        )

    return decorated


@with_levers(neutral=False)
class RegionLevers(StrictModel):
    """The levers a region sets for itself and its descendants; None where it sets none."""

    @model_validator(mode="before")
    @classmethod
    def _not_empty(cls, data: object) -> object:
        if isinstance(data, Mapping) and not data:
            raise Refusal(Reason(say("inputs.sets_no_lever"), among(LEVERS)))
        return data

    def set_to(self, lever: str) -> Value | None:
        """Return what a lever is set to; None where it is not."""
        return getattr(self, lever)  # type: ignore[no-any-return]

    def set_levers(self) -> dict[str, Value]:
        """Return the levers that are set, in the order of ``LEVERS``."""
        values = {name: self.set_to(name) for name in LEVERS}
        return {name: value for name, value in values.items() if value is not None}


@with_levers(neutral=True)
class Levers(BaseModel):
    """The general levers; every other key is a region with levers of its own."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True, allow_inf_nan=False)
    __pydantic_extra__: dict[str, RegionLevers]

    def set_to(self, lever: str) -> Value:
        """Return what a lever is set to."""
        return getattr(self, lever)  # type: ignore[no-any-return]

    @property
    def by_region(self) -> dict[str, RegionLevers]:
        """Region ids with levers of their own, in the order of their names."""
        return dict(sorted((self.__pydantic_extra__ or {}).items()))


def _text(value: object) -> object:
    if isinstance(value, str) and (bad := NOT_TEXT.search(value)):
        problem, found, allowed = unprintable(bad[0])
        raise Refusal(Reason(problem, allowed, found=found))
    return value


Text = Annotated[str, BeforeValidator(_text)]


def _distinct(value: tuple[str, ...]) -> tuple[str, ...]:
    twice = [
        Reason(say("faults.is_twice"), say("inputs.each_once"), (place,), shown(word))
        for place, word in enumerate(value)
        if word in value[:place]
    ]
    if twice:
        raise Refusal(*twice)
    return value


Ids = Annotated[tuple[str, ...], BeforeValidator(as_tuple)]


class Title(StrictModel):
    """A text in English and Chinese; one that is missing takes the other."""

    en: Text
    zh: Text

    @model_validator(mode="before")
    @classmethod
    def _either(cls, data: object) -> object:
        if isinstance(data, Mapping) and len({"en", "zh"} & data.keys()) == 1:
            present = data["en"] if "en" in data else data["zh"]
            if isinstance(present, str):
                return {"en": present, "zh": present, **data}
        return data


def _described(value: object) -> object:
    if isinstance(value, str):
        return {"en": _text(value), "zh": value}
    if not isinstance(value, (Mapping, Title)):
        problem, allowed = say("faults.is_not_text"), say("inputs.text_or_title")
        raise Refusal(Reason(problem, allowed, (), shown(value)))
    return value


# A plain text serves both languages.
Description = Annotated[Title, BeforeValidator(_described)]


class EnsembleSettings(StrictModel):
    """How many draws, and the seed of the random numbers."""

    draws: Annotated[int, BeforeValidator(whole_number(*DRAWS_RANGE))] = DEFAULT_DRAWS
    seed: Annotated[int, BeforeValidator(whole_number(0, float("inf")))] = DEFAULT_SEED


class ScenarioSource(StrictModel):
    """Where an assumption of the scenario is taken from."""

    source: Text
    place: Text
    for_: Text = Field(alias="for")


def _fixed(value: object) -> dict[str, float]:
    if not isinstance(value, Mapping):
        problem, allowed = say("faults.is_not_mapping"), say("faults.keys_with_values")
        raise Refusal(Reason(problem, allowed, found=shown(value)))
    if not value:
        raise Refusal(Reason(say("inputs.fixes_nothing"), among(QUANTITIES)))
    reasons: list[Reason] = []
    numbers: dict[str, float] = {}
    for name, number in value.items():
        if name not in QUANTITIES:
            known = among(QUANTITIES) + did_you_mean(str(name), QUANTITIES)
            reasons.append(Reason(say("faults.is_unknown_key"), known, (str(name),)))
            continue
        try:
            numbers[name] = float(finite_number(*QUANTITIES[name])(number))  # type: ignore[arg-type]
        except Refusal as refusal:
            (reason,) = refusal.reasons
            found = reason.found or shown(number)
            reasons.append(Reason(reason.problem, reason.allowed, (name,), found))
    if reasons:
        raise Refusal(*reasons)
    return {name: numbers[name] for name in QUANTITIES if name in numbers}


Fixed = Annotated[dict[str, float], PlainValidator(_fixed)]


class Scenario(StrictModel):
    """A scenario with every default filled in."""

    scenario: Text
    title: Title
    description: Description = Title(en="", zh="")
    regions: Ids
    horizon: Annotated[int, BeforeValidator(whole_number(*HORIZON_RANGE, "faults.whole_year"))]
    levers: Levers = Levers.model_validate({})
    parameters: dict[str, Fixed] = Field(default_factory=dict)
    programmes: Ids = ()
    ensemble: EnsembleSettings = EnsembleSettings()
    sources: Annotated[tuple[ScenarioSource, ...], BeforeValidator(as_tuple)] = ()

    @field_validator("scenario")
    @classmethod
    def _name(cls, value: str) -> str:
        if not is_name(value):
            raise Refusal(Reason(say("inputs.is_not_scenario_name"), say("inputs.name")))
        return value

    @field_validator("regions")
    @classmethod
    def _some_region(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise Refusal(Reason(say("inputs.names_no_region"), say("inputs.at_least_one")))
        return _distinct(value)

    @field_validator("programmes")
    @classmethod
    def _programmes_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return _distinct(value)

    @model_validator(mode="before")
    @classmethod
    def _title_by_name(cls, data: object) -> object:
        if isinstance(data, Mapping) and "title" not in data:
            name = data.get("scenario")
            if isinstance(name, str) and is_name(name):
                return {**data, "title": {"en": name, "zh": name}}
            return {**data, "title": {"en": "", "zh": ""}}  # the name is at fault, not the title
        return data

    @model_validator(mode="after")
    def _within_horizon(self) -> Scenario:
        late = tuple(knots_after(self.horizon, _levers_as_data(self.levers)))
        if late:
            raise Refusal(*late)
        return self

    def lever_at(self, name: str, regions: Sequence[str], year: int) -> float:
        """Return the value of a lever for a region in a year.

        Parameters
        ----------
        name : str
            One of `levers.LEVERS`.
        regions : sequence of str
            The region and its ancestors, nearest first; the first of them that sets the lever
            counts, else the general lever.
        year : int
            Calendar year; up to the base year a number is neutral.

        Returns
        -------
        float
            A multiplier, or years added for ``life_expectancy``.
        """
        if name not in LEVERS:
            known = among(LEVERS)
            raise ScenarioError(say("inputs.no_lever_named", found=shown(name), allowed=known))
        own = self.levers.by_region
        for region in regions:
            value = own[region].set_to(name) if region in own else None
            if value is not None:
                return _value_at(value, year, LEVERS[name].neutral)
        return _value_at(self.levers.set_to(name), year, LEVERS[name].neutral)

    def resolved(self) -> dict[str, Any]:
        """Return plain data that identify the scenario; they validate to the same one.

        Name, regions, horizon and ensemble, and beside them what differs from what there would be
        without it: a lever at its neutral value is left out, so that a new lever changes the hash
        of no scenario that does not set it.
        """
        whole = self.complete()
        whole["levers"] = {
            name: value
            for name, value in whole["levers"].items()
            if name not in LEVERS or value != LEVERS[name].neutral
        }
        unset = {
            "title": {"en": self.scenario, "zh": self.scenario},
            "description": "",
            "levers": {},
            "parameters": {},
            "programmes": [],
            "sources": [],
        }
        return {k: v for k, v in whole.items() if k not in unset or v != unset[k]}

    def complete(self) -> dict[str, Any]:
        """Return plain data with every default written out; it validates to the same scenario."""
        return {
            "scenario": self.scenario,
            "title": {"en": self.title.en, "zh": self.title.zh},
            "description": _description_as_data(self.description),
            "regions": list(self.regions),
            "horizon": self.horizon,
            "levers": _levers_as_data(self.levers),
            "parameters": {name: dict(own) for name, own in sorted(self.parameters.items())},
            "programmes": list(self.programmes),
            "ensemble": {"draws": self.ensemble.draws, "seed": self.ensemble.seed},
            "sources": [
                {"source": item.source, "place": item.place, "for": item.for_}
                for item in self.sources
            ],
        }

    @property
    def sha256(self) -> str:
        """Hash of the resolved form, as hexadecimal text."""
        text = json.dumps(
            self.resolved(), ensure_ascii=False, sort_keys=True, separators=(",", ":")
        )
        return hashlib.sha256(text.encode("utf-8")).hexdigest()


def knots_after(horizon: int, levers: Mapping[str, Any]) -> Iterator[Reason]:
    """Yield a complaint for every knot later than the horizon, in levers given as plain data.

    Knots that are no sound years are left to the check of the lever itself.
    """
    for name, value in levers.items():
        if not isinstance(value, Mapping):
            continue
        inner = {name: value} if name in LEVERS else value
        below = () if name in LEVERS else (name,)
        for lever, path in inner.items():
            for key in path if isinstance(path, Mapping) and lever in LEVERS else ():
                try:
                    late = knot_year(key) > horizon
                except Refusal:
                    continue
                if late:
                    yield Reason(
                        say("inputs.knot_after_horizon"),
                        say("inputs.years", first=BASE_YEAR, last=horizon),
                        ("levers", *below, lever, str(key)),
                        str(key),
                    )


def _levers_as_data(levers: Levers) -> dict[str, Any]:
    general = {name: _value_as_data(levers.set_to(name)) for name in LEVERS}
    own = {
        region: {name: _value_as_data(value) for name, value in those.set_levers().items()}
        for region, those in levers.by_region.items()
    }
    return general | own


def _description_as_data(description: Title) -> str | dict[str, str]:
    # One text for both languages stays one, so that hashes of older scenarios do not change.
    same = description.en == description.zh
    return description.en if same else {"en": description.en, "zh": description.zh}


def _value_as_data(value: Value) -> float | dict[str, float]:
    # years as text: the keys of JSON, so that the resolved form survives it unchanged
    return {str(year): at for year, at in value} if isinstance(value, tuple) else value


def _value_at(value: Value, year: int, neutral: float) -> float:
    if year < BASE_YEAR:
        return neutral
    if not isinstance(value, tuple):
        return value if year > BASE_YEAR else neutral
    knots = value if value[0][0] == BASE_YEAR else ((BASE_YEAR, neutral), *value)
    for (before, low), (after, high) in pairwise(knots):
        if before <= year < after:
            return low + (high - low) * (year - before) / (after - before)
    return knots[-1][1]
