"""Verdicts: each target of the plans against the ensemble."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..forecast.fit import Atlas
from ..indicators import INDICATORS
from ..inputs.region import BASE_YEAR
from ..inputs.scenario import Scenario
from ..levers import LEVERS
from ..simulation.ensemble import Ensemble
from ..simulation.projector import regions_of
from ..simulation.quantiles import Exact, Sketch
from ..texts import text
from .likelihood import likelihood_class
from .target import NEAR_POINTS, Aim, judged_aims, margins, values_of

NOT_MODELLED: Final = "not modelled"
BEYOND_HORIZON: Final = "beyond the horizon"

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

    Rates are percent, shortfalls in the unit of the row, probability 0 to 1. Not in the file:
    the region whose rate is aimed at, and how many targets of the region and year there are with
    the share of draws that meets them all.
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
    relative_to: str | None = None
    together: tuple[int, float] | None = None

    def row(self) -> dict[str, object]:
        """Return the verdict as a row under `COLUMNS`."""
        return {name: getattr(self, name) for name in COLUMNS}


def likelihood(probability: float, *, conditional: bool) -> str:
    """Say a probability in the English words of ``verdicts.csv``.

    Examples
    --------
    >>> likelihood(0.07, conditional=False), likelihood(0.07, conditional=True)
    ('very unlikely', 'if the measures deliver in full, 7 of 100')
    """
    if conditional:
        count = text("probability.of_hundred", "en", count=f"{100 * probability:.0f}")
        return f"{text('probability.if_delivered', 'en')}, {count}"
    return text(f"probability.{likelihood_class(probability)}", "en")


def is_conditional(scenario: Scenario) -> bool:
    """Whether a scenario sets a lever, programme or parameter that its verdicts depend on."""
    if scenario.programmes or scenario.parameters or scenario.levers.by_region:
        return True
    years = range(BASE_YEAR + 1, scenario.horizon + 1)
    return any(
        scenario.lever_at(name, (), year) != rule.neutral
        for name, rule in LEVERS.items()
        for year in years
    )


class Judge:
    """Verdicts on all targets of a scenario's regions, from an ensemble whole or in blocks.

    Parameters
    ----------
    scenario : Scenario
    atlas : Atlas
    exact : bool
        As in `datasets.Summaries`; probabilities are exact either way.
    places : collection of str, optional
        Regions and urban districts whose targets are judged, instead of all. The ensemble needs
        these and what they are compared with, and nothing else.
    """

    def __init__(
        self,
        scenario: Scenario,
        atlas: Atlas,
        *,
        exact: bool,
        places: Collection[str] | None = None,
    ):
        self._scenario = scenario
        self._tallies = [
            _Tally(aim, scenario, exact=exact)
            for region_id in regions_of(scenario, atlas)
            for aim in judged_aims(atlas.regions[region_id])
            if places is None or aim.region in places
        ]
        for tally in self._tallies:
            place = tally.aim.region
            if place in atlas.regions and atlas.transfers(place):
                base = atlas.base(place)
                share = 100.0 * base[0].sum() / base.sum()
                tally.notes.append(text("judging.new_boundary", "en", year=BASE_YEAR, rate=share))
        self._groups: dict[tuple[str, int], list[_Tally]] = {}
        for tally in self._tallies:
            if tally.judged:
                key = (tally.aim.region, tally.aim.target.year)
                self._groups.setdefault(key, []).append(tally)
        self._together = dict.fromkeys(self._groups, 0)

    def add(self, ensemble: Ensemble) -> None:
        """Take a block of draws."""
        for tally in self._tallies:
            tally.add(ensemble)
        for key, group in self._groups.items():
            met = [tally.met_in_block for tally in group]
            self._together[key] += int(np.logical_and.reduce(met).sum())

    def verdicts(self) -> list[Verdict]:
        """Verdicts in the order of the files."""
        conditional = is_conditional(self._scenario)
        return [
            tally.verdict(self._all_met(tally), conditional=conditional) for tally in self._tallies
        ]

    def _all_met(self, tally: _Tally) -> tuple[int, float] | None:
        """Targets of the region and year, where there are several, and how often all are met."""
        key = (tally.aim.region, tally.aim.target.year)
        group = self._groups.get(key, [])
        if not tally.judged or len(group) < 2:
            return None
        return len(group), self._together[key] / self._scenario.ensemble.draws


class _Tally:
    """What one aim needs to know of the draws: how many met it by year, and how they spread."""

    def __init__(self, aim: Aim, scenario: Scenario, *, exact: bool):
        self.aim = aim
        self.scenario = scenario
        kind: type[Exact] | type[Sketch] = Exact if exact else Sketch
        self.values, self.wanted, self.totals = kind(), kind(), kind()
        modelled = INDICATORS[aim.target.indicator].modelled
        self.judged = modelled and aim.target.year <= scenario.horizon
        self.modelled = modelled
        self.draws = 0
        self.met: NDArray[np.int64] | None = None
        self.met_in_block: NDArray[np.bool_] = np.zeros(0, dtype=bool)
        self.near = dict.fromkeys((0.0, 2.0 * NEAR_POINTS), 0)
        self.notes: list[str] = []

    def add(self, ensemble: Ensemble) -> None:
        if not self.judged:
            return
        aim, target = self.aim, self.aim.target
        values = values_of(ensemble, aim)
        success = margins(ensemble, aim) >= 0.0
        index = target.year - BASE_YEAR
        if aim.relative_to is not None:
            reference = 100.0 * ensemble.rate(aim.relative_to)
            self.wanted.add(reference[index][None])
            for points in self.near:
                self.near[points] += int((values[index] >= reference[index] - points).sum())
        self.met = success.sum(axis=1) if self.met is None else self.met + success.sum(axis=1)
        self.met_in_block = success[index]
        self.draws += values.shape[1]
        self.values.add(values[index][None])
        if aim.is_rate:
            row = ensemble.row(aim.region)
            self.totals.add((ensemble.urban[row, index] + ensemble.rural[row, index])[None])

    def verdict(self, together: tuple[int, float] | None, *, conditional: bool) -> Verdict:
        aim, target = self.aim, self.aim.target
        verdict = Verdict(
            scenario=self.scenario.scenario,
            region=aim.region,
            indicator=target.indicator,
            year=target.year,
            comparison=target.comparison,
            target=aim.value,
            unit=aim.unit,
            source=target.source,
            place=target.place,
            relative_to=aim.relative_to,
            together=together,
        )
        if not self.judged:
            return replace(verdict, likelihood=BEYOND_HORIZON) if self.modelled else verdict
        assert self.met is not None
        low, median, high = (float(q) for q in self.values.quantiles((0.05, 0.5, 0.95))[0])
        probability = float(self.met[target.year - BASE_YEAR] / self.draws)
        first = np.flatnonzero(self.met >= 0.5 * self.draws)
        notes = [*self.notes]
        if together is not None:
            count, share = together
            notes.insert(
                0, text("judging.all_met", "en", count=count, year=target.year, share=share)
            )
        wanted = aim.value
        if aim.relative_to is not None:
            wanted = float(self.wanted.quantiles((0.5,))[0, 0])
            exact, double = (count / self.draws for count in self.near.values())
            notes.insert(
                0,
                text(
                    "judging.near_met",
                    "en",
                    points=NEAR_POINTS,
                    other=aim.relative_to,
                    exact=exact,
                    double=double,
                    twice=2 * NEAR_POINTS,
                ),
            )
        assert wanted is not None
        short = wanted - median
        persons = short
        if aim.is_rate:
            persons = short / 100.0 * float(self.totals.quantiles((0.5,))[0, 0])
        return replace(
            verdict,
            target=wanted,
            median=median,
            p05=low,
            p95=high,
            probability=probability,
            likelihood=likelihood(probability, conditional=conditional),
            shortfall=short,
            shortfall_persons=persons,
            first_year_met=BASE_YEAR + int(first[0]) if first.size else None,
            coherence="; ".join(note for note in notes if note),
        )
