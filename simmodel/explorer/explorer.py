"""The numbers of the explorer's states.

They are those that `simmodel run` gives for the scenario saved from a state: the same draws,
quantiles and judge.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import ScenarioError
from ..forecast.fit import Atlas
from ..forecast.posterior_file import Posteriors
from ..inputs.region import BASE_YEAR, UrbanDistrict
from ..inputs.scenario import Scenario, Value
from ..inputs.scenario_file import is_heeded
from ..inputs.seeds import Seeds
from ..judging.target import judged_aims
from ..judging.verdicts import Judge, Verdict
from ..kernel.growth_components import urban_growth
from ..levers import LEVERS
from ..results.run import keeps_all_draws
from ..simulation.projector import references_of, regions_of
from ..simulation.quantiles import Exact
from ..texts import say
from ..variables import COMPONENTS
from .projections import Array, CachedProjections
from .state import State

# Shares of the draws below what is shown; the middle one is the median.
SHARES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
MEDIAN: Final = SHARES.index(0.5)
# Of scenarios that are not saved yet.
UNSAVED: Final = "explored"
_KEPT_REGIONS: Final = 4


@dataclass(frozen=True)
class Results:
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
class SlowResults:
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
        self._projections: OrderedDict[tuple[str, bool], CachedProjections] = OrderedDict()
        self._base_results: dict[str, Results] = {}
        self._slow_base_results: dict[str, SlowResults] = {}
        for region_id in self.regions:
            own = self.scenario(State(region_id, "en"))
            if not keeps_all_draws(own, atlas):
                raise ScenarioError(
                    say(
                        "explorer.too_many_draws",
                        scenario=base.scenario,
                        region=region_id,
                        draws=base.ensemble.draws,
                    )
                )

    def base_setting(self, region_id: str, lever: str) -> Value:
        """What the base scenario sets a region's lever to: a number, or a path."""
        own = self.base.levers.by_region
        for above in self.atlas.tree.lineage(region_id):
            value = getattr(own[above], lever) if above in own else None
            if value is not None:
                return value  # type: ignore[no-any-return]
        return getattr(self.base.levers, lever)  # type: ignore[no-any-return]

    def base_value(self, region_id: str, lever: str) -> float:
        """Where a lever stands that was not moved: the base's value at its horizon."""
        ancestry = self.atlas.tree.lineage(region_id)
        return self.base.lever_at(lever, ancestry, self.base.horizon)

    def with_lever(self, state: State, lever: str, value: float) -> State:
        """The state with a lever at a value; not moved where the base sets it in the same way."""
        moved = state.moved(lever, value)
        knots = self._setting(moved, lever)
        setting: Value = tuple(knots.items()) if isinstance(knots, dict) else knots
        unmoved = _flattened(setting) == _flattened(self.base_setting(state.region, lever))
        return state.moved(lever, None) if unmoved else moved

    def levers(self, state: State) -> tuple[str, ...]:
        """Levers that change something a state shows."""
        registered = self._has_registered(state.region)
        return tuple(
            name
            for name, lever in LEVERS.items()
            if registered or not lever.needs_registered or name in state.levers
        )

    def fixed_whole(self, region_id: str) -> str | None:
        """The region that stands as it is while a region's levers share it out anew, if any."""
        above = self.atlas.regions[region_id].parent
        return above if above is not None and self.atlas.is_whole(above) else None

    def ignored_regions(self, region_id: str) -> tuple[str, ...]:
        """Regions with levers or parameters of their own that a region's scenario cannot name."""
        parents = self.seeds.tree.parents
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
        parents = self.seeds.tree.parents

        def heeded(own: Mapping[str, Any]) -> dict[str, Any]:
            return {i: v for i, v in own.items() if is_heeded(i, [state.region], parents)}

        data = self.base.complete()
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
        near = {owner, *self.seeds.tree.ancestors(owner), *self.seeds.tree.descendants(owner)}
        return bool(near & {region_id, *references_of((region_id,), self.atlas)})

    # The numbers

    def results(self, state: State) -> Results:
        """The numbers of a state that follow a slider."""
        if not state.levers:
            if state.region not in self._base_results:
                self._base_results[state.region] = self._compute(state)
            return self._base_results[state.region]
        return self._compute(state)

    def _compute(self, state: State) -> Results:
        scenario = self.scenario(state)
        found = self.projections(state.region).simulate(scenario, moved=bool(state.levers))
        judge = Judge(scenario, self.atlas, exact=True, places=(state.region,))
        rate, urban, growth = Exact(), Exact(), Exact()
        for ensemble in found:
            judge.add(ensemble)
            row = ensemble.row(state.region)
            rate.add(ensemble.rate(state.region))
            urban.add(ensemble.urban[row])
            growth.add(urban_growth(ensemble.flows[0]))
        means = growth.mean()
        return Results(
            years=found[0].years,
            rate=rate.quantiles(SHARES),
            urban=urban.quantiles(SHARES),
            growth={part.name: means[i] for i, part in enumerate(COMPONENTS)},
            verdicts=tuple(judge.verdicts()),
        )

    def has_slow_results(self, region_id: str) -> bool:
        """Whether a state of a region has a slower part."""
        return bool(self._districts(region_id)) or self._has_registered(region_id)

    def slow_results(self, state: State) -> SlowResults:
        """The slower part of a state's numbers: urban districts need their counties."""
        if not self.has_slow_results(state.region):
            return SlowResults((), None)
        if not state.levers:
            if state.region not in self._slow_base_results:
                self._slow_base_results[state.region] = self._compute_slow(state)
            return self._slow_base_results[state.region]
        return self._compute_slow(state)

    def _compute_slow(self, state: State) -> SlowResults:
        scenario = self.scenario(state)
        districts = self._districts(state.region)
        projections = self.projections(state.region, counties=bool(districts))
        judge = Judge(scenario, self.atlas, exact=True, places=[one.id for one in districts])
        people = Exact() if self._has_registered(state.region) else None
        for ensemble in projections.simulate(scenario, moved=bool(state.levers)):
            judge.add(ensemble)
        if people is not None:
            for urban, rural in projections.registered(scenario, moved=bool(state.levers)):
                people.add(urban / (urban + rural))
        shares = None if people is None else people.quantiles(SHARES)
        return SlowResults(tuple(judge.verdicts()) if districts else (), shares)

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

    def projections(self, region_id: str, *, counties: bool = False) -> CachedProjections:
        """What a region's states are projected on, of the few looked at last.

        Parameters
        ----------
        region_id : str
        counties : bool
            With those that make up its urban districts.
        """
        key = (region_id, counties)
        if key not in self._projections:
            districts = self._districts(region_id) if counties else []
            parts = dict.fromkeys(county for one in districts for county in one.counties)
            scenario = self.scenario(State(region_id, "en"))
            self._projections[key] = CachedProjections(
                scenario, self.atlas, self._posteriors, region_id, tuple(parts), districts
            )
            while len(self._projections) > _KEPT_REGIONS:
                self._projections.popitem(last=False)
        self._projections.move_to_end(key)
        return self._projections[key]


def _flattened(setting: Value) -> Value:
    """A setting, as a number where it is a path that stays at one."""
    if isinstance(setting, tuple) and len({value for _, value in setting}) == 1:
        return setting[0][1]
    return setting
