"""Which region is part of which: ids and parents, and the ways up and down."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Protocol, Self

from ..errors import SeedError, among, did_you_mean, shown
from ..texts import say

REGION_ID: Final = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)?\Z")


class HasParent(Protocol):
    """Anything that names what it is part of."""

    @property
    def parent(self) -> str | None:
        """Id of what it is part of; None at the top."""


@dataclass(frozen=True)
class RegionTree:
    """Regions and what they are part of.

    Attributes
    ----------
    parents : mapping of str to str or None
        Every region's id with its parent's, None at the top; its order is that of `children`.
    """

    parents: Mapping[str, str | None]

    @classmethod
    def of(cls, regions: Mapping[str, HasParent]) -> Self:
        """Return the tree of regions that know their parents."""
        return cls({name: region.parent for name, region in regions.items()})

    def children(self, region_id: str) -> tuple[str, ...]:
        """Return the regions directly inside a region; an unknown id is a `SeedError`."""
        self.check(region_id)
        return self._children.get(region_id, ())

    def descendants(self, region_id: str) -> tuple[str, ...]:
        """Return all regions inside a region, each before those inside of it."""
        found: list[str] = []
        for child in self.children(region_id):
            found.extend((child, *self.descendants(child)))
        return tuple(found)

    def lineage(self, region_id: str) -> tuple[str, ...]:
        """Return a region and what it is part of, nearest first.

        Parents that are no regions, or lead in a circle, end it: files may say so before they are
        checked.
        """
        self.check(region_id)
        found: list[str] = []
        at: str | None = region_id
        while at is not None and at not in found:
            found.append(at)
            at = self.parents.get(at)
        return tuple(found)

    def ancestors(self, region_id: str) -> tuple[str, ...]:
        """Return what a region is part of, nearest first."""
        return self.lineage(region_id)[1:]

    def from_the_top(self) -> tuple[str, ...]:
        """Return all regions, every parent before its children, and by id among equals."""
        return tuple(sorted(self.parents, key=lambda name: (len(self.lineage(name)), name)))

    def are_related(self, one: str, other: str) -> bool:
        """Tell whether two regions are the same or one is part of the other."""
        return other in self.lineage(one) or one in self.lineage(other)

    def check(self, region_id: str) -> None:
        """Refuse an unknown id, naming the known ones.

        Raises
        ------
        SeedError
        """
        if region_id not in self.parents:
            known = among(self.parents) + did_you_mean(region_id, self.parents)
            found = shown(region_id)
            raise SeedError(say("inputs.no_region_named", found=found, allowed=known))

    @cached_property
    def _children(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for name, parent in self.parents.items():
            if parent is not None:
                found.setdefault(parent, []).append(name)
        return {parent: tuple(names) for parent, names in found.items()}
