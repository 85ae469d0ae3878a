"""All draws of a family of regions: what they hold, and how parts are made to add up."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ..indicators import INDICATORS, AgeRange, Residents
from ..inputs.region import BASE_YEAR, UrbanDistrict
from ..inputs.units import persons_per
from ..kernel.parent_totals import reconcile
from ..kernel.projection import Projection
from ..variables import RESIDENCES

Array = NDArray[np.float64]

Sums = tuple[tuple[int, list[int]], ...]
Name = TypeVar("Name", bound=Hashable)
# Place, indicator and year that somebody asks for.
Asked = tuple[str, str, int]
AgesAsked = Mapping[tuple[str, int], tuple[AgeRange, ...]]


@dataclass(frozen=True)
class Family:
    """Regions that are projected together, and which of them add up to which.

    Attributes
    ----------
    regions : tuple of str
        Those wanted.
    references : tuple of str
        Those that they need beside them.
    years : ndarray, shape (year,)
        From the base year on.
    sums : tuple of (int, list of int)
        Places of the wholes, each with those of its parts; the top first.
    """

    regions: tuple[str, ...]
    references: tuple[str, ...]
    years: NDArray[np.int64]
    sums: Sums


@dataclass(frozen=True)
class Ensemble:
    """All draws of all regions of a scenario.

    Attributes
    ----------
    regions : tuple of str
        Those the scenario names and their descendants.
    references : tuple of str
        Regions projected only to be compared with; behind the others on the region axis.
    years : ndarray, shape (year,)
        From the base year to the horizon.
    urban, rural : ndarray, shape (region, year, draw)
        Persons.
    flows : ndarray, shape (region, year - 1, flow, draw)
        Persons a year, in the order of `kernel.projection.FLOWS`.
    programmes : mapping of str to ndarray, shape (region, year - 1)
        Persons a year by programme, the same in every draw.
    districts : mapping of str to ndarray, shape (year, draw)
        Population of urban districts.
    remainders : mapping of str to ndarray, shape (residence, year, draw)
        Of regions of which some parts are projected and others not there: what those others have,
        urban and rural; less than nothing where the parts outgrow the whole.
    registered : mapping of str to ndarray, shape (residence, year, draw)
        Registered people of the regions that have the figures.
    absent : mapping of str to ndarray, shape (year, draw)
        Registered people living elsewhere, of the regions where they are known.
    aged : mapping of (str, AgeRange) to ndarray, shape (year, draw)
        Residents of an age range, of the regions and years for which somebody asks; not a number in
        other years.
    """

    regions: tuple[str, ...]
    references: tuple[str, ...]
    years: NDArray[np.int64]
    urban: Array
    rural: Array
    flows: Array
    programmes: Mapping[str, Array]
    districts: Mapping[str, Array]
    remainders: Mapping[str, Array] = field(default_factory=dict)
    registered: Mapping[str, Array] = field(default_factory=dict)
    absent: Mapping[str, Array] = field(default_factory=dict)
    aged: Mapping[tuple[str, AgeRange], Array] = field(default_factory=dict)

    def row(self, region_id: str) -> int:
        """Place of a region on the region axis."""
        return (*self.regions, *self.references).index(region_id)

    def rate(self, region_id: str) -> Array:
        """Urbanization rate, a share, (year, draw)."""
        urban, rural = self.urban[self.row(region_id)], self.rural[self.row(region_id)]
        return np.asarray(urban / (urban + rural))

    def values(self, indicator: str, place: str) -> Array:
        """One of `indicators.INDICATORS` of a region or urban district.

        Returns
        -------
        ndarray, shape (year, draw)
            In the unit of the Dataset; not a number in years whose ages nobody asked for.
        """
        record = INDICATORS[indicator]
        assert record.compute is not None, f"{indicator} is not modelled"
        if record.of == "district":
            district = self.districts[place]
            return np.asarray(record.compute(Residents(district, district, district)))
        row = self.row(place)
        aged = {ages: self.aged[place, ages] for ages in record.ages}
        return np.asarray(record.compute(Residents(self.urban[row], self.rural[row], aged=aged)))


def assemble(
    family: Family,
    paths: Sequence[Projection],
    draws: slice = slice(None),
    *,
    flows_of_first: bool = False,
) -> Ensemble:
    """Put the projections of a family of regions together, parts adding up to their wholes.

    Parameters
    ----------
    family : Family
    paths : sequence of Projection
        Of each region of the family, in its order, as each was projected on its own.
    draws : slice
        Those wanted.
    flows_of_first : bool
        Whether flows are wanted of the first region alone: to copy those of all takes longest.

    Returns
    -------
    Ensemble
        With stocks and flows, and nothing else.
    """
    own = [(p.urban[:, draws], p.rural[:, draws], p.flows[:, :, draws]) for p in paths]
    for at, rows in family.sums:
        parts = tuple(np.stack([own[row][kind] for row in rows]) for kind in range(3))
        urban, rural, flows = reconcile(own[at], (parts[0], parts[1], parts[2]))
        for part, row in enumerate(rows):
            own[row] = (urban[part], rural[part], flows[part])
    with_flows = own[:1] if flows_of_first else own
    return Ensemble(
        family.regions,
        family.references,
        family.years,
        _together([urban for urban, _, _ in own]),
        _together([rural for _, rural, _ in own]),
        _together([flows for _, _, flows in with_flows]),
        {},
        {},
    )


def _together(arrays: Sequence[Array]) -> Array:
    """Arrays of all regions with an axis of regions; a sole one is not copied."""
    return arrays[0][None] if len(arrays) == 1 else np.stack(arrays)


def joined(parts: Sequence[Mapping[Name, Array]]) -> dict[Name, Array]:
    """Blocks of draws of several named arrays, one after the other."""
    return {name: np.concatenate([p[name] for p in parts], axis=-1) for name in parts[0]}


def district_population(ensemble: Ensemble, district: UrbanDistrict) -> Array:
    """Population of an urban district: its base times its counties' urban growth, (year, draw)."""
    assert district.population is not None
    scale = persons_per(district.population.unit)
    urban = sum(ensemble.urban[ensemble.row(county)] for county in district.counties)
    return np.asarray(district.population.value * scale * urban / np.asarray(urban)[:1])


def ages_asked(asked: Iterable[Asked]) -> AgesAsked:
    """Age ranges that indicators want, by region and year; nothing where none is of ages."""
    found: dict[tuple[str, int], dict[AgeRange, None]] = {}
    for place, indicator, year in asked:
        if indicator in INDICATORS and (ages := INDICATORS[indicator].ages):
            found.setdefault((place, year), {}).update(dict.fromkeys(ages))
    return {key: tuple(ages) for key, ages in found.items()}


def aged_residents(
    whole: Ensemble, asked: AgesAsked, population: Callable[[str, int], Array]
) -> dict[tuple[str, AgeRange], Array]:
    """Residents of age ranges in the years asked for, draw by draw.

    Ages are those of each region's own projection; their sum is that of the residents of the
    ensemble, in which parts add up to their wholes.

    Parameters
    ----------
    whole : Ensemble
    asked : mapping
        As `ages_asked` says; of regions that the ensemble does not have nothing is found.
    population : callable
        From a region and a year to its own population, (residence, sex, age, draw).

    Returns
    -------
    mapping of (str, AgeRange) to ndarray, shape (year, draw)
        Not a number in the years that nobody asked for.
    """
    found: dict[tuple[str, AgeRange], Array] = {}
    here = (*whole.regions, *whole.references)
    for (region_id, year), ranges in asked.items():
        if region_id not in here:
            continue
        people, at, row = population(region_id, year), year - BASE_YEAR, whole.row(region_id)
        for ages in ranges:
            residence = RESIDENCES.index(ages.residence)
            own = people[residence].sum(axis=(0, 1))
            last = None if ages.last is None else ages.last + 1
            some = people[residence, :, ages.first : last].sum(axis=(0, 1))
            share = np.divide(some, own, out=np.zeros_like(own), where=own > 0.0)
            residents = (whole.urban, whole.rural)[residence]
            values = found.setdefault((region_id, ages), np.full(residents[row].shape, np.nan))
            values[at] = share * residents[row, at]
    return found
