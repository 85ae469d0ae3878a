"""Verdicts: each target of the plans against the ensemble."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .model import Ensemble
from .posterior import Atlas
from .region import BASE_YEAR, Region, Target
from .scenario import LEVERS, Scenario

Array = NDArray[np.float64]

# IPCC (2010), Guidance Note on Consistent Treatment of Uncertainties, table 1, no stronger than
# "very" until calibration in the tails has been shown.
LIKELIHOOD: Final = (
    (0.90, "very likely"),
    (0.66, "likely"),
    (0.33, "about as likely as not"),
    (0.10, "unlikely"),
    (0.0, "very unlikely"),
)
NOT_MODELLED: Final = "not modelled"
BEYOND_HORIZON: Final = "beyond the horizon"
# "Close to" another region's rate: at most this many points below it.
NEAR_POINTS: Final = 1.0

COLUMNS: Final = (
    "scenario",
    "region",
    "indicator",
    "year",
    "comparison",
    "target",
    "unit",
    "median",
    "p05",
    "p95",
    "probability",
    "likelihood",
    "shortfall",
    "shortfall_persons",
    "first_year_met",
    "coherence",
    "source",
    "place",
)


@dataclass(frozen=True)
class Verdict:
    """One row of ``verdicts.csv``; None where a number does not exist.

    Rates are percent, shortfalls in the unit of the row, probability 0 to 1.
    """

    scenario: str
    region: str
    indicator: str
    year: int
    comparison: str
    target: float | None
    unit: str
    median: float | None = None
    p05: float | None = None
    p95: float | None = None
    probability: float | None = None
    likelihood: str = NOT_MODELLED
    shortfall: float | None = None
    shortfall_persons: float | None = None
    first_year_met: int | None = None
    coherence: str = ""
    source: str = ""
    place: str = ""

    def row(self) -> dict[str, object]:
        """Return the verdict as a row under `COLUMNS`."""
        return {name: getattr(self, name) for name in COLUMNS}


@dataclass(frozen=True)
class Aim:
    """A target in comparable form: what has to reach what, by when.

    Attributes
    ----------
    region : str
        Region or urban district.
    target : Target
        As the plan has it.
    value : float or None
        As printed (a rate in percent, a number of persons); None where it is another region's.
    threshold : float or None
        The least value at which it counts as met.
    """

    region: str
    target: Target
    value: float | None
    threshold: float | None


def aims(region: Region, atlas: Atlas) -> Iterator[Aim]:
    """Targets of a region's file as aims; a band is two of them."""
    for target in region.targets:
        place = target.region or region.id
        if target.change_low is not None and target.change_high is not None:
            base = _census_rate(region)
            since = target.since if target.since is not None else BASE_YEAR
            for change in (target.change_low, target.change_high):
                value = base + change * (target.year - since)
                yield Aim(place, target, value, value)
        elif target.value is None:
            yield Aim(place, target, None, None)
        else:
            scale = 1e4 if target.unit.startswith("10k_persons") else 1.0
            slack = half_last_digit(target.value) if target.comparison == "~" else 0.0
            yield Aim(place, target, target.value * scale, (target.value - slack) * scale)


def half_last_digit(value: float) -> float:
    """Half a unit of the last digit that a figure is printed with.

    Examples
    --------
    >>> half_last_digit(55.0), half_last_digit(68.5), half_last_digit(100.0)
    (0.5, 0.05, 0.5)
    """
    exponent = Decimal(str(value)).normalize().as_tuple().exponent
    digits = min(int(exponent), 0)
    return float(0.5 * 10.0**digits)


def _census_rate(region: Region) -> float:
    """Printed rate of the base year, in percent, from which a plan counts its change."""
    for observation in region.observations:
        if observation.indicator == "urbanization_rate" and observation.year == BASE_YEAR:
            return float(observation.value)
    census = region.baseline.census
    return 100.0 * census.urban / census.total


def likelihood(probability: float, *, conditional: bool) -> str:
    """Say a probability in words.

    Examples
    --------
    >>> likelihood(0.07, conditional=False), likelihood(0.07, conditional=True)
    ('very unlikely', 'if the measures deliver in full, 7 of 100')
    """
    if conditional:
        return f"if the measures deliver in full, {100 * probability:.0f} of 100"
    if probability > 0.90:
        return LIKELIHOOD[0][1]
    return next(word for least, word in LIKELIHOOD[1:] if probability >= least)


def is_conditional(scenario: Scenario) -> bool:
    """Whether a scenario sets any lever or programme, so that its verdicts depend on them."""
    if scenario.programmes or scenario.levers.by_region:
        return True
    years = range(BASE_YEAR + 1, scenario.horizon + 1)
    return any(
        scenario.lever_at(name, (), year) != rule.neutral
        for name, rule in LEVERS.items()
        for year in years
    )


def judge(ensemble: Ensemble, scenario: Scenario, atlas: Atlas) -> list[Verdict]:
    """Verdicts on all targets of the scenario's regions, in the order of the files."""
    verdicts: list[Verdict] = []
    met: dict[int, NDArray[np.bool_]] = {}
    conditional = is_conditional(scenario)
    for region_id in ensemble.regions:
        for aim in aims(atlas.regions[region_id], atlas):
            verdict, success = _judge_one(ensemble, scenario, aim, conditional)
            if success is not None:
                met[len(verdicts)] = success
            verdicts.append(verdict)
    return _together(verdicts, met)


def _judge_one(
    ensemble: Ensemble, scenario: Scenario, aim: Aim, conditional: bool
) -> tuple[Verdict, NDArray[np.bool_] | None]:
    target = aim.target
    rate = target.indicator == "urbanization_rate"
    verdict = Verdict(
        scenario=scenario.scenario,
        region=aim.region,
        indicator=target.indicator,
        year=target.year,
        comparison=target.comparison,
        target=aim.value,
        unit="percent" if rate else "persons",
        source=target.source,
        place=target.place,
    )
    values = _values(ensemble, aim)
    if values is None:
        return verdict, None
    if target.year > scenario.horizon:
        return replace(verdict, likelihood=BEYOND_HORIZON), None
    if target.relative_to is not None:
        reference = 100.0 * ensemble.rate(target.relative_to)
        threshold = reference - NEAR_POINTS
        aimed = reference
    else:
        threshold = np.full((ensemble.years.size, 1), aim.threshold)
        aimed = np.full((ensemble.years.size, 1), aim.value)
    index = target.year - BASE_YEAR
    success = values >= threshold
    probability = float(success[index].mean())
    median = float(np.median(values[index]))
    wanted = float(np.median(aimed[index]))
    low, high = np.quantile(values[index], (0.05, 0.95))
    first = [int(y) for y, s in zip(ensemble.years, success, strict=True) if s.mean() >= 0.5]
    short = wanted - median
    persons = short
    if rate:
        row = ensemble.row(aim.region)
        total = ensemble.urban[row, index] + ensemble.rural[row, index]
        persons = short / 100.0 * float(np.median(total))
    note = ""
    if target.relative_to is not None:
        exact, double = (
            float((values[index] >= reference[index] - points).mean())
            for points in (0.0, 2.0 * NEAR_POINTS)
        )
        note = (
            f"met at most {NEAR_POINTS:g} point below {target.relative_to} in the same draw; "
            f"{exact:.2f} at or above it, {double:.2f} within {2 * NEAR_POINTS:g} points"
        )
    return (
        replace(
            verdict,
            target=wanted,
            median=median,
            p05=float(low),
            p95=float(high),
            probability=probability,
            likelihood=likelihood(probability, conditional=conditional),
            shortfall=short,
            shortfall_persons=persons,
            first_year_met=first[0] if first else None,
            coherence=note,
        ),
        success[index],
    )


def _values(ensemble: Ensemble, aim: Aim) -> Array | None:
    """What the aim is about, (year, draw), in the unit of its row; None if not modelled."""
    indicator = aim.target.indicator
    if indicator == "urban_district_population":
        return ensemble.districts.get(aim.region)
    if indicator == "new_urban_jobs":
        return None
    row = ensemble.row(aim.region)
    if indicator == "urbanization_rate":
        return 100.0 * ensemble.rate(aim.region)
    if indicator == "urban_population":
        return np.asarray(ensemble.urban[row])
    return np.asarray(ensemble.urban[row] + ensemble.rural[row])


def _together(verdicts: list[Verdict], met: Mapping[int, NDArray[np.bool_]]) -> list[Verdict]:
    """Add, where a region has several targets for a year, how often all are met in one draw."""
    groups: dict[tuple[str, int], list[int]] = {}
    for index in met:
        groups.setdefault((verdicts[index].region, verdicts[index].year), []).append(index)
    out = list(verdicts)
    for (_, year), members in groups.items():
        if len(members) < 2:
            continue
        share = float(np.logical_and.reduce([met[i] for i in members]).mean())
        text = f"all {len(members)} targets of {year} met in {share:.2f} of draws"
        for index in members:
            note = out[index].coherence
            out[index] = replace(out[index], coherence="; ".join(filter(None, (note, text))))
    return out
