"""Base populations: a region's census tables as residence x sex x single-year arrays.

With `standards`, where labels of the seed files become axes of arrays; `model` is where arrays get
labels again. Everything derived from published figures is computed, never typed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import CalibrationError
from ..inputs.region import BASE_YEAR, AgeSex, Census, Region, ResidenceTables
from ..kernel import age_groups
from ..texts import say
from ..variables import WAN

Array = NDArray[np.float64]

AGES = 101
# Age groups of the county census tables, by first age; the coarsest that all regions publish.
GROUPS = (0, 1, *range(5, 90, 5))


def census_of(region: Region, year: int) -> Census:
    """Census of ``year`` in a region's file."""
    for census in (region.baseline.census, *(item.census for item in region.history)):
        if census.year == year:
            return census
    raise CalibrationError(say("forecast.no_census", region=region.id, year=year))


def has_ages(region: Region, year: int) -> bool:
    """Whether a region's census of ``year`` has a table by age and sex of its own."""
    return census_of(region, year).age_sex is not None


def is_by_residence(region: Region, year: int) -> bool:
    """Whether that table tells urban from rural."""
    table = census_of(region, year).age_sex
    return table is not None and table.by_residence


def table_of(region: Region, year: int) -> AgeSex:
    """Age-sex table of a region's census of ``year``."""
    table = census_of(region, year).age_sex
    if table is None:
        raise CalibrationError(say("forecast.no_age_table", region=region.id, year=year))
    return table


def by_sex(table: AgeSex, groups: tuple[int, ...] = GROUPS) -> Array:
    """Persons by sex and age group, shape (sex, group)."""
    if table.female is not None and table.male is not None:
        rows = np.array([table.female, table.male], dtype=float)
        return _regroup(rows, table.ages, groups)
    return np.asarray(by_residence(table, groups).sum(axis=0))


def by_residence(table: AgeSex, groups: tuple[int, ...] = GROUPS) -> Array:
    """Persons by residence, sex and age group, shape (residence, sex, group)."""
    return _regroup(rows_by_residence(table), table.ages, groups)


def rows_by_residence(table: AgeSex | ResidenceTables) -> Array:
    """Rows of a table by residence and sex, shape (residence, sex, entry)."""
    rows = [[table.urban_female, table.urban_male], [table.rural_female, table.rural_male]]
    return np.array(rows, dtype=float)


def _regroup(rows: Array, ages: tuple[int, ...], groups: tuple[int, ...]) -> Array:
    return age_groups.group_ages(rows, [list(ages).index(g) for g in groups])


def population_by_residence(region: Region, year: int, single_years: Array) -> Array:
    """Census population of a region with tables by residence, (residence, sex, age)."""
    table = table_of(region, year)
    ages = tuple(table.ages)
    return age_groups.split_groups(by_residence(table, ages), ages, single_years)


def same_cohorts_earlier(single_years: Array, shift: int) -> Array:
    """Single years of the same cohorts at an earlier census, for the shares within age groups."""
    earlier = single_years.copy()
    if shift == 0:
        return earlier
    earlier[..., : AGES - 1 - shift] = single_years[..., shift : AGES - 1]
    return earlier


def raked_population(region: Region, province: Region, year: int, single_years: Array) -> Array:
    """Census population of a region without tables by residence, (residence, sex, age).

    The province's residence pattern is raked to the region's own age x sex and residence margins;
    these cells are constructed and never count as observations.
    """
    census = census_of(region, year)
    groups = age_groups.rake(
        by_residence(table_of(province, year)),
        by_sex(table_of(region, year)),
        np.array([census.urban, census.rural], dtype=float),
    )
    return age_groups.split_groups(groups, GROUPS, single_years)


def broad_shares(census: Census) -> tuple[float, float, float] | None:
    """Shares of the ages 0-14, 15-59 and 60 and over, which add up to one; None if not given."""
    if census.broad_ages is None:
        return None
    values = np.array(census.broad_ages.values)
    young, working, old = values / values.sum()
    return float(young), float(working), float(old)


def borrowed_population(
    groups: Array,
    urban: float,
    rural: float,
    shares: tuple[float, float, float] | None,
    single_years: Array,
) -> Array:
    """Population of a region of which no ages are known, by those of another one.

    Parameters
    ----------
    groups : ndarray, shape (residence, sex, group)
        Persons of the other region, by `GROUPS`.
    urban, rural : float
        Persons of the region.
    shares : tuple of float, or None
        Of the ages 0-14, 15-59 and 60 and over in the region, where known.
    single_years : ndarray, shape (residence, sex, age)
        Whose shares within the groups are borrowed.

    Returns
    -------
    ndarray, shape (residence, sex, age)
        Persons; urban, rural and broad ages are the region's own.
    """
    margin = groups.sum(axis=0) * ((urban + rural) / groups.sum())
    if shares is not None:
        margin = _with_shares(margin, shares)
    raked = age_groups.rake(groups, margin, np.array([urban, rural]))
    return age_groups.split_groups(raked, GROUPS, single_years)


def _with_shares(margin: Array, shares: tuple[float, float, float]) -> Array:
    """Persons by sex and age group, scaled to the shares of three broad ages."""
    first = np.array(GROUPS)
    scaled = margin.copy()
    for share, broad in zip(
        shares, (first < 15, (first >= 15) & (first < 60), first >= 60), strict=True
    ):
        scaled[:, broad] *= share * margin.sum() / margin[:, broad].sum()
    return scaled


def transferred_persons(gainer: Region) -> float:
    """Residents who changed county with territory in 2020, estimated from the gainer's figures.

    Its total on the new boundary at the end of 2021, taken back to the census at its own yearly
    growth before the transfer, less its census count on the old boundary. Their age, sex and
    residence are taken to be those of the county they left.
    """
    totals = {
        o.year: float(o.value) * WAN
        for o in gainer.observations
        if o.indicator == "total_population" and o.source != gainer.baseline.census.source
    }
    try:
        growth = totals[2019] / totals[2018]
        later = totals[2021]
    except KeyError as missing:
        raise CalibrationError(
            say("forecast.transfer_needs_total", region=gainer.id, year=missing)
        ) from None
    return later / growth - census_of(gainer, BASE_YEAR).total
