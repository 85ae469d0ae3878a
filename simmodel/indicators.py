"""What a target, a question or a sweep may be about: one record an indicator.

To add one: a record here and its words in section ``indicators`` of the texts. One of people by
residence and age says in ``ages`` whom it counts; the projection keeps them, draw by draw, for the
years in which somebody asks for it, and computes nothing where nobody does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


class AgeRange(NamedTuple):
    """Residents of a residence and of ages, in completed years; both ends belong to it.

    ``last`` is None where the range is open.
    """

    residence: Literal["urban", "rural"]
    first: int
    last: int | None = None


@dataclass(frozen=True, slots=True)
class Residents:
    """People of a place in an ensemble, in arrays of one shape: (year, draw), or any part of it.

    Attributes
    ----------
    urban, rural : ndarray
        Persons; of an urban district those of the region that it belongs to.
    district : ndarray or None
        Persons of an urban district.
    aged : mapping of AgeRange to ndarray
        Persons of the ages that were asked for; not a number in years for which nobody asked.
    """

    urban: Array
    rural: Array
    district: Array | None = None
    aged: Mapping[AgeRange, Array] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Indicator:
    """An indicator of a region or of an urban district.

    What it is called is ``indicators.<name>`` of the texts, and ``indicators.<name>.short`` in
    narrow tables.

    Attributes
    ----------
    name : str
        Key in files, and name of its variable in the Dataset, if it has one there.
    unit : {"percent", "persons"}
        Of verdicts and of values asked for.
    compute : callable or None
        From `Residents` to its values in the unit of the Dataset: a share where the verdicts' is
        percent. None where the model does not say what it will be.
    ages : tuple of AgeRange
        The people that ``compute`` wants by age.
    of : {"region", "district"}
        Whose it is.
    units : tuple of str
        What a target in a region file may be given in.
    change_units : tuple of str
        The same of a target that is a band of change a year.
    in_dataset : bool
        Whether the Dataset has it, so that it is drawn over the years.
    """

    name: str
    unit: Literal["percent", "persons"]
    compute: Callable[[Residents], Array] | None
    ages: tuple[AgeRange, ...] = ()
    of: Literal["region", "district"] = "region"
    units: tuple[str, ...] = ()
    change_units: tuple[str, ...] = ()
    in_dataset: bool = False

    @property
    def modelled(self) -> bool:
        """Whether the model says what it will be: then it may be judged, solved for and swept."""
        return self.compute is not None

    @property
    def printed(self) -> float:
        """Factor from the unit of the Dataset to that of verdicts."""
        return 100.0 if self.unit == "percent" else 1.0


_COUNT: Final = ("persons", "10k_persons")
_A_YEAR: Final = ("10k_persons_per_year",)


def _district(people: Residents) -> Array:
    assert people.district is not None
    return people.district


_URBAN_65_PLUS: Final = AgeRange("urban", 65)

_ALL: Final = (
    Indicator(
        "urbanization_rate",
        "percent",
        lambda people: people.urban / (people.urban + people.rural),
        units=("percent",),
        change_units=("percentage_points_per_year",),
        in_dataset=True,
    ),
    Indicator(
        "urban_population",
        "persons",
        lambda people: people.urban,
        units=_COUNT,
        change_units=_A_YEAR,
        in_dataset=True,
    ),
    Indicator(
        "total_population",
        "persons",
        lambda people: people.urban + people.rural,
        units=_COUNT,
        change_units=_A_YEAR,
        in_dataset=True,
    ),
    Indicator(
        "urban_district_population",
        "persons",
        _district,
        of="district",
        units=_COUNT,
        in_dataset=True,
    ),
    Indicator(
        "urban_population_65_plus",
        "persons",
        lambda people: people.aged[_URBAN_65_PLUS],
        ages=(_URBAN_65_PLUS,),
        units=_COUNT,
    ),
    Indicator("new_urban_jobs", "persons", None, units=(*_COUNT, *_A_YEAR)),
)
_BY_NAME: Final = {one.name: one for one in _ALL}
INDICATORS: Final[Mapping[str, Indicator]] = MappingProxyType(_BY_NAME)


def modelled() -> tuple[str, ...]:
    """Return the names of the indicators that may be judged, solved for and swept."""
    return tuple(name for name, one in INDICATORS.items() if one.modelled)
