"""What a scenario may change: one record a lever, read by everything that knows of levers.

To add one: a record here, its words in section ``levers`` of the texts, and the place in
`forecast.parameters.levels_after` where it multiplies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

Unit = Literal["1/year", "share", "persons/year", "children/woman"]
Residence = Literal["urban", "rural"]


@dataclass(frozen=True, slots=True)
class Lever:
    """A lever of a scenario.

    What it is called is ``levers.<name>`` of the texts, what it does ``levers.<name>.about``, the
    people or events it changes ``levers.<name>.flow``, and a value of its quantity with its unit
    ``levers.<name>.quantity``; the last two where there are any.

    Attributes
    ----------
    name : str
        Key in a scenario file.
    levels : tuple of str
        Levels of the projection (`kernel.projection.LEVELS`) that change with it.
    flows : tuple of str
        Flows of the ledger (`kernel.projection.FLOWS`) that it changes, persons a year.
    parameter : str or None
        Calibrated parameter (`forecast.parameters.PARAMETERS`) that it multiplies.
    unit : {"1/year", "share", "persons/year", "children/woman"} or None
        How planners count what it multiplies: ``1/year`` is the share of those at risk whom its
        flows take in a year. None where there is no such number.
    at_risk : {"urban", "rural"} or None
        Of whom its flows are a share, where ``unit`` is ``1/year``.
    neutral, low, high : float
        The value that changes nothing, and the bounds of what may be set.
    multiplies : bool
        Otherwise years are added.
    moves_people : bool
        Whether it changes how many people live somewhere.
    needs_registered : bool
        Whether it acts only where a region has figures of registered people.
    in_report : bool
        Whether a report says what it alone would take to meet a target.
    """

    name: str
    levels: tuple[str, ...] = ()
    flows: tuple[str, ...] = ()
    parameter: str | None = None
    unit: Unit | None = None
    at_risk: Residence | None = None
    neutral: float = 1.0
    low: float = 0.0
    high: float = 10.0
    multiplies: bool = True
    moves_people: bool = True
    needs_registered: bool = False
    in_report: bool = False


_ALL: Final = (
    Lever(
        "rural_exit",
        levels=("rural_to_urban", "rural_departure"),
        flows=("rural_to_urban", "rural_departures"),
        parameter="rural_exit",
        unit="1/year",
        at_risk="rural",
    ),
    Lever(
        "local_retention",
        levels=("rural_to_urban", "rural_departure"),
        flows=("rural_to_urban",),
        parameter="local_retention",
        unit="share",
        in_report=True,
    ),
    Lever(
        "arrivals",
        levels=("urban_arrivals", "rural_arrivals", "urban_return", "rural_return"),
        flows=("urban_arrivals", "rural_arrivals"),
        parameter="arrivals",
        unit="persons/year",
        in_report=True,
    ),
    Lever(
        "urban_out_migration",
        levels=("urban_departure",),
        flows=("urban_departures",),
        parameter="urban_out_migration",
        unit="1/year",
        at_risk="urban",
        in_report=True,
    ),
    Lever(
        "return_to_villages",
        levels=("urban_to_rural",),
        flows=("urban_to_rural",),
        parameter="return_to_villages",
        unit="1/year",
        at_risk="urban",
    ),
    Lever(
        "reclassification",
        levels=("reclassification",),
        flows=("reclassified",),
        parameter="reclassification",
        unit="1/year",
        at_risk="rural",
        in_report=True,
    ),
    Lever(
        "fertility",
        levels=("urban_fertility", "rural_fertility"),
        flows=("urban_births", "rural_births"),
        parameter="fertility_base",
        unit="children/woman",
    ),
    Lever("urban_registration", moves_people=False, needs_registered=True),
    Lever(
        "life_expectancy",
        levels=("urban_mortality", "rural_mortality"),
        flows=("urban_deaths", "rural_deaths"),
        parameter="mortality",
        neutral=0.0,
        low=-10.0,
        multiplies=False,
    ),
)
LEVERS: Final[Mapping[str, Lever]] = MappingProxyType({lever.name: lever for lever in _ALL})
