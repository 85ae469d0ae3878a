"""The projections behind the explorer: what a move of a lever does not change is kept."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..forecast.fit import Atlas
from ..forecast.posterior_file import Posteriors
from ..forecast.uncertainty import BLOCK
from ..inputs.region import UrbanDistrict
from ..inputs.scenario import Scenario
from ..kernel.projection import Projection
from ..simulation.ensemble import Ensemble, assemble, district_population
from ..simulation.projector import Projector

Array = NDArray[np.float64]
# Draws that parts are made to add up for at a time: what that takes stays in the cache.
PIECE: Final = 512


class CachedProjections:
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
    projector : Projector
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
        self.projector = Projector(
            base, atlas, posteriors.by_region, regions=(region_id, *parts), keep=True
        )
        self._districts = districts
        self._movable = {i for i in self.projector.named if region_id in atlas.tree.lineage(i)}
        self._kept: dict[tuple[str, int], Projection] = {}

    def simulate(self, scenario: Scenario, *, moved: bool) -> list[Ensemble]:
        """All draws in small pieces; ``moved`` where levers of the region differ from the base's.

        What these levers leave as it is is kept. Flows are those of the region alone.
        """
        # The kernel runs in one thread at a time; making parts add up does not need to.
        pieces = []
        for block in range(self.projector.blocks):
            paths = [self._path(i, block, scenario, moved) for i in self.projector.named]
            kept = self._kept_of(scenario, block)
            for first in range(0, kept, PIECE):
                pieces.append((paths, slice(first, min(first + PIECE, kept))))
        if not self.projector.family.sums:
            return [self._whole(*piece) for piece in pieces]
        with ThreadPoolExecutor() as threads:
            return list(threads.map(lambda piece: self._whole(*piece), pieces))

    def registered(self, scenario: Scenario, *, moved: bool) -> list[Array]:
        """Registered people of the region block by block, (residence, year, draw)."""
        found = []
        for block in range(self.projector.blocks):
            path = self._path(self._region, block, scenario, moved)
            people = self.projector.registered(scenario, self._region, block, path)
            found.append(people[..., : self._kept_of(scenario, block)])
        return found

    def _kept_of(self, scenario: Scenario, block: int) -> int:
        return min(BLOCK, scenario.ensemble.draws - block * BLOCK)

    def _path(self, region_id: str, block: int, scenario: Scenario, moved: bool) -> Projection:
        if moved and region_id in self._movable:
            return self.projector.project(scenario, region_id, block)
        key = (region_id, block)
        if key not in self._kept:
            self._kept[key] = self.projector.project(self._base, region_id, block)
        return self._kept[key]

    def _whole(self, paths: Sequence[Projection], draws: slice) -> Ensemble:
        """Some draws of all regions; flows of the first alone."""
        whole = assemble(self.projector.family, paths, draws, flows_of_first=True)
        districts = {one.id: district_population(whole, one) for one in self._districts}
        return replace(whole, districts=districts)
