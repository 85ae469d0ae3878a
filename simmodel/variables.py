"""The vocabulary of the outputs: every variable's units and long name, written once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

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

# Of a region less those of its parts that are projected; the others are not there one by one.
REMAINDERS: Final = (
    Variable("remainder_urban_population", "persons", "urban residents outside the parts shown"),
    Variable("remainder_total_population", "persons", "residents outside the parts shown"),
    Variable("remainder_urbanization_rate", "share", "urban share outside the parts shown"),
)

# The identities on which the means and every draw close.
URBAN_LEDGER: Final = (
    "+urban_births -urban_deaths +rural_to_urban -urban_to_rural +urban_arrivals "
    "-urban_departures +reclassified +programmes +urban_boundary_change"
)
RURAL_LEDGER: Final = (
    "+rural_births -rural_deaths -rural_to_urban +urban_to_rural +rural_arrivals "
    "-rural_departures -reclassified -programmes +rural_boundary_change"
)

COORDINATES: Final = {
    "region": {"long_name": "region"},
    "district": {"long_name": "urban district"},
    "remainder": {"long_name": "region without those of its parts that are projected"},
    "without": {"long_name": "parts that are projected on their own"},
    "year": {"long_name": "calendar year; stocks stand at its end, those of 2020 at the census"},
    "quantile": {"units": "1", "long_name": "share of draws at or below"},
    "draw": {"units": "1", "long_name": "ensemble member"},
}
