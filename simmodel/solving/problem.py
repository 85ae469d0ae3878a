"""A question's place in all draws, seen under other values of the levers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ScenarioError
from ..forecast.calibration import Normal
from ..forecast.fit import Atlas
from ..forecast.parameters import retained
from ..forecast.uncertainty import BLOCK
from ..inputs.region import BASE_YEAR, UrbanDistrict
from ..inputs.scenario import Scenario
from ..judging.target import Aim, margins
from ..kernel.projection import FLOWS
from ..levers import LEVERS
from ..simulation.ensemble import Ensemble, district_population
from ..simulation.projector import Projector
from .lever_search import DIGITS, Scale, Trials, Values
from .question import Question

Array = NDArray[np.float64]


class SolveProblem:
    """The place of a question in all draws, to be seen under other levers.

    Parameters
    ----------
    question : Question
        As `check` passed it.
    scenario : Scenario
    atlas : Atlas
    posteriors : mapping of str to Normal
    """

    def __init__(
        self,
        question: Question,
        scenario: Scenario,
        atlas: Atlas,
        posteriors: Mapping[str, Normal],
    ):
        self.question, self.scenario, self.atlas = question, scenario, atlas
        self.years = question.year - BASE_YEAR
        self.district = _district(atlas, question.region)
        self.places = (question.region,) if self.district is None else self.district.counties
        # Draws of a year do not depend on the years after it; knots after it are no fault here.
        shorter = Scenario.model_validate(
            scenario.complete() | {"horizon": question.year, "levers": {}}
        )
        self.projector = Projector(
            shorter,
            atlas,
            posteriors,
            regions=self.places,
            keep=True,
            asked=[(place, question.indicator, question.year) for place in self.places],
        )
        self.keys = {lever: self._keys(lever) for lever in question.levers}

    def _keys(self, lever: str) -> tuple[str | None, ...]:
        """Whose lever rules here: a region's own, or the general one (None)."""
        own = self.scenario.levers.by_region

        def ruling(place: str) -> str | None:
            for region_id in self.atlas.tree.lineage(place):
                if region_id in own and getattr(own[region_id], lever) is not None:
                    return region_id
            return None

        return tuple(dict.fromkeys(ruling(place) for place in self.places))

    def present(self, lever: str) -> float:
        """Value of a lever as the scenario has it, in the mean of the years up to the target's."""
        by_place = [
            [
                self.scenario.lever_at(lever, self.atlas.tree.lineage(place), year)
                for year in range(BASE_YEAR + 1, self.question.year + 1)
            ]
            for place in self.places
        ]
        flat = [value for row in by_place for value in row]
        if len(set(flat)) == 1:
            return flat[0]
        return float(f"{np.mean(flat):.{DIGITS}g}")

    def settings(self, values: Mapping[str, float]) -> tuple[str, ...]:
        """``key=value`` that put values of levers into the scenario."""
        return tuple(
            f"{'.'.join(filter(None, ('levers', key, lever)))}={value!r}"
            for lever, value in values.items()
            for key in self.keys[lever]
        )

    def under(self, values: Mapping[str, float]) -> Scenario:
        """The scenario with levers held at values from the first year on."""
        if not values:
            return self.scenario
        data: dict[str, Any] = self.scenario.complete()
        for lever, value in values.items():
            for key in self.keys[lever]:
                where = data["levers"] if key is None else data["levers"][key]
                where[lever] = float(value)
        return Scenario.model_validate(data)

    def ensembles(self, values: Mapping[str, float]) -> list[Ensemble]:
        """All draws under values of levers, in blocks."""
        scenario = self.under(values)
        blocks = range(self.projector.blocks)
        parts = [self.projector.ensemble(scenario, block, registered=False) for block in blocks]
        if self.district is None:
            return parts
        return [
            replace(p, districts={self.district.id: district_population(p, self.district)})
            for p in parts
        ]

    def margins(self, aim: Aim, values: Mapping[str, float]) -> Array:
        """Margin of every draw in the target's year, (draw,)."""
        parts = [margins(part, aim)[self.years] for part in self.ensembles(values)]
        return np.concatenate(parts)

    def trials(self, aim: Aim, levers: Sequence[str], asked: float) -> Trials:
        """Trials of some levers, the others as the scenario has them."""

        def tried(values: Values) -> Array:
            try:
                return self.margins(aim, dict(zip(levers, values, strict=True)))
            except ScenarioError:  # a programme that finds nobody left to move
                return np.zeros(0)

        return Trials(tried, asked)

    def flow(self, parts: Sequence[Ensemble], lever: str) -> Array:
        """A lever's own flow here, persons a year in the mean of the years, (draw,)."""
        at = [FLOWS.index(name) for name in LEVERS[lever].flows]
        return np.concatenate(
            [
                sum(p.flows[p.row(place)][:, at].sum(axis=1).mean(axis=0) for place in self.places)
                for p in parts
            ]
        )

    def quantity(self, parts: Sequence[Ensemble], lever: str, value: float) -> float | None:
        """What a lever multiplies, as planners know it: see `Change`."""
        record = LEVERS[lever]
        if record.unit is None:
            return None
        if record.unit == "share":
            assert record.parameter is not None
            parameter = record.parameter
            return self._over_places(
                lambda place: retained(self._drawn(place, parameter), np.asarray(value))
            )
        if record.unit == "children/woman":
            return self._over_places(lambda place: value * self._children(place))
        flow = self.flow(parts, lever)
        if record.at_risk is None:
            return float(np.median(flow))
        exposed = np.concatenate(
            [
                sum(getattr(p, record.at_risk)[p.row(i), :-1].mean(axis=0) for i in self.places)
                for p in parts
            ]
        )
        return float(np.median(flow / exposed))

    def _over_places(self, of: Callable[[str], Array]) -> float:
        """Median of a quantity; of a district's counties the mean by rural population."""
        people = [self.atlas.inputs(place).base[1].sum() for place in self.places]
        return float(np.average([np.median(of(i)) for i in self.places], weights=people))

    def _drawn(self, place: str, parameter: str) -> Array:
        drawn = [
            self.projector.drawn(place, block).values[parameter]
            for block in range(self.projector.blocks)
        ]
        return np.concatenate(drawn)[: self.scenario.ensemble.draws]

    def _children(self, place: str) -> Array:
        """Children per woman without levers, both residences alike, without yearly deviations."""
        inputs = self.atlas.inputs(place)
        women = inputs.base[:, 0, 15:50].sum(axis=1)
        children = np.average(inputs.schedules_after.fertility.sum(axis=1), weights=women)
        level = self._drawn(place, "fertility_base") * self._drawn(place, "period_fertility")
        return np.asarray(children * level)

    def population(self, values: Mapping[str, float]) -> Array:
        """Mean persons of the first block of draws in the target's year, (residence, sex, age)."""
        scenario, kept = self.under(values), min(BLOCK, self.scenario.ensemble.draws)
        ends = [
            self.projector.project(scenario, i, 0, keep_population=True).population
            for i in self.places
        ]
        return np.asarray(np.sum([end[..., :kept].mean(axis=-1) for end in ends], axis=0))


def _district(atlas: Atlas, place: str) -> UrbanDistrict | None:
    for region in atlas.regions.values():
        for district in region.urban_districts:
            if district.id == place:
                return district
    return None


def scale_of(lever: str) -> Scale:
    """Range of a lever and its scale of effort."""
    rule = LEVERS[lever]
    return Scale(rule.low, rule.high, added=not rule.multiplies)


def medians(problem: SolveProblem, parts: Sequence[Ensemble]) -> dict[str, tuple[float, float]]:
    """Medians of rate, urban and total population in the base year and the target's."""

    def ends(values: Sequence[Array]) -> tuple[float, float]:
        together = np.concatenate(values, axis=-1)
        return float(np.median(together[0])), float(np.median(together[problem.years]))

    urban = [np.sum([p.urban[p.row(i)] for i in problem.places], axis=0) for p in parts]
    rural = [np.sum([p.rural[p.row(i)] for i in problem.places], axis=0) for p in parts]
    total = [u + r for u, r in zip(urban, rural, strict=True)]
    return {
        "rate": ends([u / t for u, t in zip(urban, total, strict=True)]),
        "urban": ends(urban),
        "total": ends(total),
    }
