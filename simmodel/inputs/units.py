"""The closed words of the seed files: levels, units, indicators, and which unit fits which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from ..indicators import INDICATORS
from ..variables import WAN

Level = Literal["nation", "province", "prefecture", "county"]
Unit = Literal[
    "persons",
    "10k_persons",
    "percent",
    "percentage_points",
    "per_mille",
    "km2",
    "10k_persons_per_year",
    "percentage_points_per_year",
    "years",
    "children_per_woman",
    "males_per_100_females",
    "places",
]
Vintage = Literal[
    "census_2010",
    "census_2020",
    "pre_2010_census",
    "pre_2020_census",
    "post_2020_census",
    "mixed",
    "plan",
    "undated",
]
ObservedIndicator = Literal[
    "urban_population",
    "total_population",
    "rural_population",
    "urbanization_rate",
    "urbanization_rate_change",
    "urbanization_rate_gap",
    "urbanization_rate_change_per_year",
    "urban_population_change_per_year",
    "registered_population",
    "registered_urban_population",
    "registered_urban_population_change_per_year",
    "area",
    "built_up_area",
    "built_up_area_change",
    "planned_construction_land",
    "mean_town_built_up_area",
    "designated_towns",
    "townships",
    "new_urban_jobs",
    "registered_unemployment_rate",
    "hukou_granted",
    "residence_permits",
    "births",
    "deaths",
    "birth_rate",
    "death_rate",
    "life_expectancy",
    "life_expectancy_gap",
    "sex_ratio_at_birth",
    "total_fertility_rate",
]
if TYPE_CHECKING:
    TargetIndicator = str
else:
    TargetIndicator = Literal[tuple(INDICATORS)]

_COUNT: Final = ("persons", "10k_persons")
UNITS_OF: Final[dict[str, tuple[str, ...]]] = {
    **{name: indicator.units for name, indicator in INDICATORS.items()},
    "rural_population": _COUNT,
    "urbanization_rate_change": ("percentage_points",),
    "urbanization_rate_gap": ("percentage_points",),
    "urbanization_rate_change_per_year": ("percentage_points_per_year",),
    "urban_population_change_per_year": ("10k_persons_per_year",),
    "registered_population": _COUNT,
    "registered_urban_population": _COUNT,
    "registered_urban_population_change_per_year": ("10k_persons_per_year",),
    "area": ("km2",),
    "built_up_area": ("km2",),
    "built_up_area_change": ("km2",),
    "planned_construction_land": ("km2",),
    "mean_town_built_up_area": ("km2",),
    "designated_towns": ("places",),
    "townships": ("places",),
    "registered_unemployment_rate": ("percent",),
    "hukou_granted": _COUNT,
    "residence_permits": _COUNT,
    "births": _COUNT,
    "deaths": _COUNT,
    "birth_rate": ("per_mille",),
    "death_rate": ("per_mille",),
    "life_expectancy": ("years",),
    "life_expectancy_gap": ("years",),
    "sex_ratio_at_birth": ("males_per_100_females",),
    "total_fertility_rate": ("children_per_woman",),
}
CHANGE_UNITS_OF: Final = {name: indicator.change_units for name, indicator in INDICATORS.items()}

# Figures that may be negative; everything else counts or measures something.
SIGNED: Final = (
    "percentage_points",
    "percentage_points_per_year",
    "10k_persons_per_year",
)
SIGNED_INDICATORS: Final = ("built_up_area_change", "life_expectancy_gap")
HIGHEST: Final = {
    "percent": 100.0,
    "percentage_points": 100.0,
    "percentage_points_per_year": 100.0,
    "per_mille": 1000.0,
    "years": 120.0,
}


def persons_per(unit: str) -> float:
    """Return how many persons are one of a unit of people, or of people a year.

    Examples
    --------
    >>> persons_per("persons"), persons_per("10k_persons_per_year")
    (1.0, 10000.0)
    """
    return WAN if unit.startswith("10k_persons") else 1.0
