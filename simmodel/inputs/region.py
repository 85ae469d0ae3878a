"""What a region's seed file may say. No files, no arrays: plain data in, frozen objects out.

Attribute names are the keys of the YAML; ``from`` is a word of Python, so it is ``from_`` here.
Lists become tuples.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any, Final, Literal

from pydantic import (
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from ..errors import (
    Reason,
    Refusal,
    among,
    as_tuple,
    bounded,
    finite_number,
    meant,
    shown,
    whole_number,
)
from ..texts import say
from .region_tree import REGION_ID
from .schema import StrictModel
from .units import (
    CHANGE_UNITS_OF,
    HIGHEST,
    SIGNED,
    SIGNED_INDICATORS,
    UNITS_OF,
    Level,
    ObservedIndicator,
    TargetIndicator,
    Unit,
    Vintage,
)

YEAR_RANGE: Final = (1949, 2100)
BASE_YEAR: Final = 2020
# Observations are about the past; this is the latest year that can have been observed. Raise it
# as years go by.
LAST_OBSERVED_YEAR: Final = 2026


@dataclass(frozen=True)
class Span:
    """The two censuses that a calibration runs between.

    Attributes
    ----------
    first, base : int
        Years of the earlier census and of the base, from which scenarios start.
    """

    first: int = 2010
    base: int = BASE_YEAR

    @property
    def years(self) -> int:
        """Years from one census to the other."""
        return self.base - self.first


SPAN: Final = Span()


def _share_hint(value: float) -> str:
    return meant(f"{value / 100:g}") if 1 < value <= 100 else ""


def _text(value: object) -> object:
    if isinstance(value, str) and not value.strip():
        raise Refusal(Reason(say("faults.is_empty"), say("inputs.some_text")))
    return value


def _region_id(value: object) -> object:
    if isinstance(value, str) and not REGION_ID.match(value):
        raise Refusal(Reason(say("inputs.is_not_id"), say("inputs.ids")))
    return value


Text = Annotated[str, BeforeValidator(_text)]
RegionId = Annotated[str, BeforeValidator(_region_id)]
Year = Annotated[int, BeforeValidator(whole_number(*YEAR_RANGE, "faults.whole_year"))]
Month = Annotated[int, BeforeValidator(whole_number(1, 12))]
Age = Annotated[int, BeforeValidator(whole_number(0, 120))]
Count = Annotated[int, BeforeValidator(whole_number(0, math.inf))]
Number = Annotated[float, BeforeValidator(finite_number(-math.inf, math.inf))]
Positive = Annotated[float, BeforeValidator(finite_number(0, math.inf))]
Share = Annotated[float, BeforeValidator(finite_number(0, 1, hint=_share_hint))]
Counts = Annotated[tuple[Count, ...], BeforeValidator(as_tuple)]
Ages = Annotated[tuple[Age, ...], BeforeValidator(as_tuple)]

RESIDENCE_TABLES: Final = ("urban_female", "urban_male", "rural_female", "rural_male")


class Names(StrictModel):
    """A name in English and Chinese."""

    en: Text
    zh: Text


class Sourced(StrictModel):
    """Something with its source (an id of ``sources.yaml``) and the place in it."""

    source: Text
    place: Text


class AgeSex(StrictModel):
    """Persons by age group and sex, of the residence total or by residence; ages are lower bounds.

    The last group is open.
    """

    ages: Ages
    female: Counts | None = None
    male: Counts | None = None
    urban_female: Counts | None = None
    urban_male: Counts | None = None
    rural_female: Counts | None = None
    rural_male: Counts | None = None

    @model_validator(mode="after")
    def _shape(self) -> AgeSex:
        tables = self.tables()
        if set(tables) not in ({"female", "male"}, set(RESIDENCE_TABLES)):
            raise Refusal(
                Reason(
                    say("inputs.lacks_tables"),
                    say("inputs.tables", residence=among(RESIDENCE_TABLES)),
                    found=among(tables),
                )
            )
        _refuse_any([*_age_faults(self.ages), *_length_faults(tables, len(self.ages))])
        return self

    @property
    def by_residence(self) -> bool:
        """Whether urban and rural are told apart."""
        return self.female is None

    def tables(self) -> dict[str, tuple[int, ...]]:
        """Return the tables that are given, by name."""
        names = ("female", "male", *RESIDENCE_TABLES)
        values = {name: getattr(self, name) for name in names}
        return {name: value for name, value in values.items() if value is not None}


class BroadAges(StrictModel):
    """Residents of three broad ages, in persons or percent, as printed."""

    unit: Literal["persons", "percent"]
    from_0_to_14: Positive
    from_15_to_59: Positive
    from_60: Positive

    @property
    def values(self) -> tuple[float, float, float]:
        """The three figures, in the order of age."""
        return self.from_0_to_14, self.from_15_to_59, self.from_60


# How far printed percentages of the three broad ages may miss 100: each is rounded.
LARGEST_ROUNDING: Final = 0.1


class Census(Sourced):
    """The counts of one census; without ``rural`` it is the difference of the other two."""

    year: Year
    unit: Literal["persons"]
    total: Count
    urban: Count
    rural: Count
    broad_ages: BroadAges | None = None
    age_sex: AgeSex | None = None
    note: Text | None = None

    @model_validator(mode="before")
    @classmethod
    def _rural_is_the_rest(cls, data: Any) -> Any:
        if not isinstance(data, dict) or "rural" in data:
            return data
        total, urban = data.get("total"), data.get("urban")
        if type(total) is not int or type(urban) is not int:
            return data
        if urban > total:
            problem, allowed = say("inputs.is_above_total"), say("inputs.up_to", high=total)
            raise Refusal(Reason(problem, allowed, ("urban",), str(urban)))
        return {**data, "rural": total - urban}

    @model_serializer(mode="wrap")
    def _as_before(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out broad ages where none are given: older fingerprints stay what they were."""
        data: dict[str, Any] = handler(self)
        if self.broad_ages is None:
            data.pop("broad_ages", None)
        return data

    @model_validator(mode="after")
    def _adds_up(self) -> Census:
        faults = []
        if self.urban + self.rural != self.total:
            found = f"{self.urban} + {self.rural} = {self.urban + self.rural}"
            faults.append(Reason(say("inputs.is_not_total"), str(self.total), ("total",), found))
        if self.age_sex is not None:
            faults.extend(_sum_faults(self.age_sex, self.total, self.urban, self.rural))
        if self.broad_ages is not None:
            faults.extend(_broad_faults(self.broad_ages, self.total))
        if self.broad_ages is not None and self.age_sex is not None:
            faults.append(
                Reason(say("inputs.stands_beside_ages"), say("inputs.one_of_two"), ("broad_ages",))
            )
        _refuse_any(faults)
        return self


class RegisteredElsewhere(Sourced):
    """People who live here and are registered elsewhere."""

    year: Year
    unit: Literal["persons"]
    same_county: Count | None = None
    other_county_same_province: Count | None = None
    other_province: Count | None = None
    note: Text | None = None


class ResidenceTables(Sourced):
    """Persons by residence and sex."""

    year: Year
    unit: Literal["persons"]
    urban_female: Counts
    urban_male: Counts
    rural_female: Counts
    rural_male: Counts
    note: Text | None = None

    def tables(self) -> dict[str, tuple[int, ...]]:
        """Return the four tables by name."""
        return {name: getattr(self, name) for name in RESIDENCE_TABLES}


class Deaths(ResidenceTables):
    """Census deaths by age group; under-reported, so a pattern and no level."""

    ages: Ages

    @model_validator(mode="after")
    def _shape(self) -> Deaths:
        lengths = _length_faults(self.tables(), len(self.ages))
        _refuse_any([*_age_faults(self.ages), *lengths])
        return self


class SingleYears(ResidenceTables):
    """A table by single year of age, 0 to 100 and over."""

    @model_validator(mode="after")
    def _shape(self) -> SingleYears:
        _refuse_any(_length_faults(self.tables(), 101, "single_years"))
        return self


class BirthsLongform(Sourced):
    """Births of the long-form sample, for the ratio of urban to rural only."""

    year: Year
    unit: Literal["births"]
    urban: Count
    rural: Count
    note: Text | None = None


class BirthsByAge(Sourced):
    """Long-form births by single year of the mother's age."""

    year: Year
    unit: Literal["births"]
    first_age: Age
    urban: Counts
    rural: Counts
    note: Text | None = None

    @model_validator(mode="after")
    def _shape(self) -> BirthsByAge:
        tables = {"urban": self.urban, "rural": self.rural}
        _refuse_any(_length_faults(tables, 35, "mothers"))
        return self


class Standards(StrictModel):
    """National patterns by single year of age."""

    population_by_single_year: SingleYears
    deaths_by_single_year: SingleYears
    births_by_single_year: BirthsByAge


class Baseline(StrictModel):
    """The census of the base year and what was counted with it."""

    census: Census
    registered_elsewhere: RegisteredElsewhere | None = None
    deaths: Deaths | None = None
    births_longform: BirthsLongform | None = None


class Figure(Sourced):
    """One printed figure of one year."""

    value: Positive
    unit: Unit
    year: Year
    note: Text | None = None


class History(StrictModel):
    """An earlier census and what was counted with it."""

    census: Census
    registered_elsewhere: RegisteredElsewhere | None = None
    registered_population: Figure | None = None


class Observation(Sourced):
    """A single figure about the past, as printed."""

    indicator: ObservedIndicator
    value: Number
    unit: Unit
    year: Year
    since: Year | None = None
    relative_to: RegionId | None = None
    direction: Literal["below", "above"] | None = None
    vintage: Vintage | None = None
    comparison: Literal["~", ">="] | None = None
    sex: Literal["female", "male", "both"] | None = None
    residence: Literal["urban", "rural", "total"] | None = None
    note: Text | None = None

    @model_validator(mode="after")
    def _sense(self) -> Observation:
        faults = [
            *_unit_faults(self.indicator, self.unit, UNITS_OF[self.indicator]),
            *_value_faults(self.indicator, self.unit, "value", self.value),
            *_order_faults("since", self.since, self.year),
        ]
        if self.year > LAST_OBSERVED_YEAR:
            problem = say("inputs.is_not_yet_observed")
            allowed = say("inputs.observed_until", year=LAST_OBSERVED_YEAR)
            faults.append(Reason(problem, allowed, ("year",), str(self.year)))
        if self.indicator == "urbanization_rate_gap":
            missing = [key for key in ("relative_to", "direction") if getattr(self, key) is None]
            faults.extend(Reason(say("faults.is_missing"), below=(key,)) for key in missing)
        _refuse_any(faults)
        return self


class Area(StrictModel):
    """A built-up area that goes with a target."""

    value: Positive
    unit: Literal["km2"]
    comparison: Literal[">=", "~"] | None = None


class Target(Sourced):
    """What a plan aims at: a value, a band of change a year, or the rate of another region."""

    indicator: TargetIndicator
    unit: Unit
    year: Year
    comparison: Literal[">=", "~", "near"]
    value: Number | None = None
    change_low: Number | None = None
    change_high: Number | None = None
    relative_to: RegionId | None = None
    region: RegionId | None = None
    since: Year | None = None
    from_: Year | None = Field(default=None, alias="from")
    cumulative: bool | None = None
    built_up_area: Area | None = None
    note: Text | None = None

    @model_validator(mode="after")
    def _sense(self) -> Target:
        band = self.change_low is not None or self.change_high is not None
        units = CHANGE_UNITS_OF[self.indicator] if band else UNITS_OF[self.indicator]
        faults = [
            *_unit_faults(self.indicator, self.unit, units),
            *_order_faults("since", self.since, self.year),
            *_order_faults("from", self.from_, self.year),
            *_form_faults(self, band),
        ]
        if self.year <= BASE_YEAR:
            problem = say("inputs.is_not_after_base")
            allowed = bounded("faults.whole_year", BASE_YEAR + 1, YEAR_RANGE[1])
            faults.append(Reason(problem, allowed, ("year",), str(self.year)))
        for key in ("value", "change_low", "change_high"):
            if (figure := getattr(self, key)) is not None:
                faults.extend(_value_faults(self.indicator, self.unit, key, figure))
        if self.indicator == "urban_district_population" and self.region is None:
            allowed = say("inputs.an_urban_district")
            faults.append(Reason(say("faults.is_missing"), allowed, ("region",)))
        _refuse_any(faults)
        return self


class Programme(Sourced):
    """A planned move of a stated number of people."""

    id: RegionId
    names: Names
    value: Positive
    unit: Literal["persons", "10k_persons"]
    from_: Year = Field(alias="from")
    to: Year
    urban_share: Share
    urban_share_note: Text | None = None
    note: Text | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Programme:
        _refuse_any(_order_faults("from", self.from_, self.to, strictly=False))
        return self


class PlannedMeasure(Sourced):
    """A lever a plan names without a number."""

    names: Names
    note: Text | None = None


class BoundaryEvent(Sourced):
    """A dated transfer of territory."""

    year: Year
    month: Month | None = None
    from_: RegionId = Field(alias="from")
    to: RegionId
    note: Text | None = None

    @model_validator(mode="after")
    def _past(self) -> BoundaryEvent:
        if self.year > BASE_YEAR:
            problem = say("inputs.is_after_base")
            allowed = say("inputs.moved_until", year=BASE_YEAR)
            raise Refusal(Reason(problem, allowed, ("year",), str(self.year)))
        return self


class DistrictPopulation(Sourced):
    """The population of an urban district, as printed."""

    value: Positive
    unit: Literal["persons", "10k_persons"]
    year: Year
    comparison: Literal["~", ">="] | None = None
    note: Text | None = None


class UrbanDistrict(StrictModel):
    """A part of a prefecture that a plan sets targets for."""

    id: RegionId
    names: Names
    counties: Annotated[tuple[RegionId, ...], BeforeValidator(as_tuple)]
    population: DistrictPopulation | None = None
    note: Text | None = None

    @field_validator("counties")
    @classmethod
    def _some(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise Refusal(Reason(say("inputs.names_no_county"), say("inputs.at_least_one")))
        return value


class Region(StrictModel):
    """A region: everything its seed file says.

    ``counties`` says whether all counties of a prefecture have to be there, or some may stand below
    it alone.
    """

    id: RegionId
    names: Names
    level: Level
    parent: RegionId | None = None
    counties: Literal["all", "some"] = "all"
    baseline: Baseline
    history: Annotated[tuple[History, ...], BeforeValidator(as_tuple)] = ()
    observations: Annotated[tuple[Observation, ...], BeforeValidator(as_tuple)] = ()
    targets: Annotated[tuple[Target, ...], BeforeValidator(as_tuple)] = ()
    programmes: Annotated[tuple[Programme, ...], BeforeValidator(as_tuple)] = ()
    measures: Annotated[tuple[PlannedMeasure, ...], BeforeValidator(as_tuple)] = ()
    boundary_events: Annotated[tuple[BoundaryEvent, ...], BeforeValidator(as_tuple)] = ()
    urban_districts: Annotated[tuple[UrbanDistrict, ...], BeforeValidator(as_tuple)] = ()
    standards: Standards | None = None


class Source(StrictModel):
    """An entry of ``sources.yaml``."""

    kind: Literal["plan", "census", "survey", "yearbook", "communique", "compilation", "article"]
    title: Names
    publisher: Text
    year: Year
    number: Text | None = None
    document: Text | None = None
    url: Text | None = None
    note: Text | None = None


def _refuse_any(reasons: list[Reason]) -> None:
    if reasons:
        raise Refusal(*reasons)


def _age_faults(ages: tuple[int, ...]) -> list[Reason]:
    if not ages or ages[0] != 0:
        return [Reason(say("inputs.begins_late"), say("inputs.rising_ages"), ("ages",))]
    if any(later <= earlier for earlier, later in pairwise(ages)):
        return [Reason(say("inputs.does_not_rise"), say("inputs.rising_ages"), ("ages",))]
    return []


def _length_faults(
    tables: dict[str, tuple[int, ...]], length: int, what: str = "ages"
) -> list[Reason]:
    problem, allowed = say("inputs.has_wrong_length"), say(f"inputs.length.{what}", count=length)
    return [
        Reason(problem, allowed, (name,), str(len(table)))
        for name, table in tables.items()
        if len(table) != length
    ]


def _sum_faults(age_sex: AgeSex, total: int, urban: int, rural: int) -> list[Reason]:
    sums = {name: sum(table) for name, table in age_sex.tables().items()}
    if age_sex.by_residence:
        wanted = {"urban": urban, "rural": rural}
        found = {key: sums[f"{key}_female"] + sums[f"{key}_male"] for key in wanted}
    else:
        wanted = {"total": total}
        found = {"total": sums["female"] + sums["male"]}
    return [
        Reason(
            say("inputs.ages_do_not_add_up", total=key),
            str(wanted[key]),
            ("age_sex",),
            str(found[key]),
        )
        for key in wanted
        if found[key] != wanted[key]
    ]


def _broad_faults(ages: BroadAges, total: int) -> list[Reason]:
    found = math.fsum(ages.values)
    if ages.unit == "persons":
        if found != total:
            allowed = str(total)
            problem = say("inputs.does_not_add_up")
            return [Reason(problem, allowed, ("broad_ages",), f"{found:g}")]
    elif abs(found - 100.0) > LARGEST_ROUNDING:
        problem = say("inputs.is_not_hundred_percent")
        allowed = say("inputs.hundred_percent", margin=LARGEST_ROUNDING)
        return [Reason(problem, allowed, ("broad_ages",), f"{found:g}")]
    if min(ages.values) == 0.0:
        allowed = say("inputs.three_above_zero")
        return [Reason(say("inputs.has_nobody"), allowed, ("broad_ages",))]
    return []


def _unit_faults(indicator: str, unit: str, units: tuple[str, ...]) -> list[Reason]:
    if unit in units:
        return []
    problem = say("inputs.does_not_fit_what", what=indicator)
    return [Reason(problem, among(units), ("unit",), unit)]


def _value_faults(indicator: str, unit: str, key: str, value: float) -> list[Reason]:
    high = HIGHEST.get(unit, math.inf)
    signed = unit in SIGNED or indicator in SIGNED_INDICATORS
    low = -high if signed else 0.0
    found = shown(int(value) if value.is_integer() else value)
    if not low <= value <= high:
        allowed = say("inputs.at_least", low=low)
        if math.isfinite(high):
            allowed = say("inputs.range_in_unit", low=low, high=high, unit=unit)
        return [Reason(say("faults.is_out_of_range"), allowed, (key,), found)]
    if (indicator, unit, key) == ("urbanization_rate", "percent", "value") and 0 < value <= 1:
        allowed = say("inputs.rate_in_percent") + meant(f"{100 * value:g}")
        return [Reason(say("inputs.looks_like_share"), allowed, (key,), found)]
    return []


def _order_faults(key: str, first: int | None, last: int, *, strictly: bool = True) -> list[Reason]:
    if first is None or first < last or (first == last and not strictly):
        return []
    problem, allowed = say("inputs.is_not_before_end"), say("inputs.before", year=last)
    return [Reason(problem, allowed, (key,), str(first))]


def _form_faults(target: Any, band: bool) -> list[Reason]:
    """Check that a target has exactly one of its three forms, with the keys of that form."""
    forms = [target.value is not None, band, target.relative_to is not None]
    if sum(forms) != 1:
        return [Reason(say("inputs.has_not_one_aim"), say("inputs.aims"))]
    faults: list[Reason] = []
    if band:
        keys = ("change_low", "change_high", "since")
        missing = [key for key in keys if getattr(target, key) is None]
        faults.extend(Reason(say("faults.is_missing"), below=(key,)) for key in missing)
        if not missing and target.change_low > target.change_high:
            problem = say("inputs.is_below_change_low")
            allowed = say("inputs.at_least", low=target.change_low)
            found = f"{target.change_high:g}"
            faults.append(Reason(problem, allowed, ("change_high",), found))
    if (target.comparison == "near") != (target.relative_to is not None):
        problem, allowed = say("inputs.does_not_fit"), say("inputs.near_with_relative_to")
        faults.append(Reason(problem, allowed, ("comparison",), target.comparison))
    return faults
