"""The vocabulary of the outputs: every variable's units and long name, written once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

# In the order of the arrays.
RESIDENCES: Final = ("urban", "rural")
SEXES: Final = ("female", "male")

# Persons in one wan, the ten thousand in which Chinese statistics count people.
WAN: Final = 1e4

QUANTILES: Final = (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975)


@dataclass(frozen=True, slots=True)
class Variable:
    """Name, units and description of one output variable."""

    name: str
    units: str
    long_name: str


STOCKS: Final = (
    Variable("urban_population", "persons", "urban resident population at the end of the year"),
    Variable("rural_population", "persons", "rural resident population at the end of the year"),
    Variable("total_population", "persons", "resident population at the end of the year"),
    Variable("urbanization_rate", "share", "urban share of the resident population"),
)

# In the order of `projection.FLOWS`; a test holds that.
FLOWS: Final = (
    Variable("urban_births", "persons/year", "births to urban residents"),
    Variable("rural_births", "persons/year", "births to rural residents"),
    Variable("urban_deaths", "persons/year", "deaths of urban residents"),
    Variable("rural_deaths", "persons/year", "deaths of rural residents"),
    Variable("rural_to_urban", "persons/year", "moves from villages to the region's own towns"),
    Variable("urban_to_rural", "persons/year", "moves from towns to the region's own villages"),
    Variable("urban_arrivals", "persons/year", "arrivals from outside in towns"),
    Variable("rural_arrivals", "persons/year", "arrivals from outside in villages"),
    Variable("urban_departures", "persons/year", "departures of urban residents to the outside"),
    Variable("rural_departures", "persons/year", "departures of rural residents to the outside"),
    Variable("reclassified", "persons/year", "rural residents whose place became urban"),
    Variable("programmes", "persons/year", "rural residents moved into towns by programmes"),
    Variable("urban_boundary_change", "persons/year", "urban residents gained with territory"),
    Variable("rural_boundary_change", "persons/year", "rural residents gained with territory"),
)

DISTRICT: Final = Variable(
    "urban_district_population", "persons", "population of an urban district at the end of the year"
)

AGES: Final = Variable(
    "population",
    "persons",
    "resident population by residence, sex and age at the end of the year, mean of the draws",
)

# Of a region less those of its parts that are projected; the others are not there one by one.
REMAINDERS: Final = (
    Variable("remainder_urban_population", "persons", "urban residents outside the parts shown"),
    Variable("remainder_total_population", "persons", "residents outside the parts shown"),
    Variable("remainder_urbanization_rate", "share", "urban share outside the parts shown"),
)

# Of regions with registered (hukou) figures only, on a dimension of their own. Conversion rests on
# one observed mean, so that it has no spread of its own: the long names say what quantiles carry.
_VITAL_ONLY: Final = "quantiles carry the uncertainty of births and deaths only"
_CARRIED_ON: Final = f"conversion at the mean pace observed; {_VITAL_ONLY}"
REGISTERED: Final = (
    Variable(
        "registered_urban_population",
        "persons",
        f"urban registered population at the end of the year; {_CARRIED_ON}",
    ),
    Variable(
        "registered_population",
        "persons",
        f"registered population at the end of the year: natural increase only; {_VITAL_ONLY}",
    ),
    Variable(
        "registered_urban_rate",
        "share",
        f"urban share of the registered population; {_CARRIED_ON}",
    ),
    Variable(
        "absent_population",
        "persons",
        "registered people living elsewhere at the end of the year, of whom returns are a part",
    ),
)


@dataclass(frozen=True, slots=True)
class Component:
    """A part of urban growth.

    Attributes
    ----------
    name, long_name : str
    urban, rural : str
        Flows by which it changes the urban and the rural population, each with its sign.
    """

    name: str
    long_name: str
    urban: str
    rural: str


COMPONENTS: Final = (
    Component(
        "natural_increase",
        "natural increase",
        "+urban_births -urban_deaths",
        "+rural_births -rural_deaths",
    ),
    Component(
        "internal_migration",
        "internal migration, between the region's own villages and towns",
        "+rural_to_urban -urban_to_rural",
        "-rural_to_urban +urban_to_rural",
    ),
    Component(
        "external_migration",
        "external migration, across the region's boundary",
        "+urban_arrivals -urban_departures",
        "+rural_arrivals -rural_departures",
    ),
    Component("reclassification", "reclassification", "+reclassified", "-reclassified"),
    Component("programmes", "programmes", "+programmes", "-programmes"),
    Component(
        "boundary_change",
        "boundary change",
        "+urban_boundary_change",
        "+rural_boundary_change",
    ),
)
TOTAL: Final = "total"

# What each component adds to the urban population and to the urbanization rate in a year.
URBAN_GROWTH: Final = tuple(
    Variable(f"urban_growth_{c.name}", "persons/year", f"urban growth by {c.long_name}")
    for c in COMPONENTS
)
RATE_CHANGE: Final = tuple(
    Variable(f"rate_change_{c.name}", "share/year", f"change of the rate by {c.long_name}")
    for c in COMPONENTS
)

# The identities on which the means and every draw close.
URBAN_LEDGER: Final = " ".join(component.urban for component in COMPONENTS)
RURAL_LEDGER: Final = " ".join(component.rural for component in COMPONENTS)

# Who decided how internal migration and reclassification share what moves into towns.
DECIDED_BY: Final = "reclassification_decided_by"
PRIOR: Final = "prior"
DATA: Final = "data"
SHARED: Final = ("internal_migration", "reclassification")
COORDINATES: Final = {
    "region": {"long_name": "region"},
    "district": {"long_name": "urban district"},
    "remainder": {"long_name": "region without those of its parts that are projected"},
    "without": {"long_name": "parts that are projected on their own"},
    "registered_region": {"long_name": "region with registered figures"},
    DECIDED_BY: {"long_name": "what decides the split of internal migration and reclassification"},
    "year": {"long_name": "calendar year; stocks stand at its end, those of 2020 at the census"},
    "quantile": {"units": "1", "long_name": "share of draws at or below"},
    "draw": {"units": "1", "long_name": "ensemble member"},
    "residence": {"long_name": "urban or rural residence"},
    "sex": {"long_name": "sex"},
    "age": {"units": "years", "long_name": "age in completed years; the last is open"},
}
