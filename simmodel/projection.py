"""The multistate step: survive and move, arrive, be born, age, reclassify; every flow kept.

Arrays in, arrays out; no file, no label, no random number. Residences are indexed urban 0,
rural 1; sexes female 0, male 1; ages 0 to the open last age; draws are the innermost axis.
Equations: docs/model.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

URBAN, RURAL = 0, 1
FEMALE, MALE = 0, 1

# What multiplies the schedules in each year and draw, in the order of the first axis of `levels`.
LEVELS = (
    "rural_to_urban",  # per year, times the rural exit schedule
    "rural_departure",  # per year, times the rural exit schedule
    "urban_to_rural",  # per year, times the schedule of urban departure
    "urban_departure",  # per year, times the schedule of urban departure
    "urban_arrivals",  # persons a year
    "rural_arrivals",  # persons a year
    "urban_return",  # share of the absent stock a year
    "rural_return",  # share of the absent stock a year
    "reclassification",  # hazard per year, every age and sex
    "urban_fertility",  # times the urban fertility schedule
    "rural_fertility",  # times the rural fertility schedule
    "urban_mortality",  # times the urban death schedule
    "rural_mortality",  # times the rural death schedule
)

# Persons a year, in the order of the flow axis of the ledger.
FLOWS = (
    "urban_births",
    "rural_births",
    "urban_deaths",
    "rural_deaths",
    "rural_to_urban",
    "urban_to_rural",
    "urban_arrivals",
    "rural_arrivals",
    "urban_departures",
    "rural_departures",
    "reclassified",
    "programmes",
    "urban_boundary_change",
    "rural_boundary_change",
)

# Draws computed together: small enough that a block's population stays in the second-level cache.
BLOCK = 64

# Why a year's moves of stated numbers cannot be made; 0 where they can.
PROGRAMME_TOO_LARGE, BOUNDARY_TOO_LARGE = 1, 2


@dataclass(frozen=True)
class Schedules:
    """Age patterns shared by all draws, by age at 1 January.

    Attributes
    ----------
    death : ndarray, shape (residence, sex, age)
        Deaths per person-year.
    infant_death : ndarray, shape (residence, sex)
        The same over the part of the year that a birth of the year lives.
    rural_exit : ndarray, shape (sex, age)
        Pattern of leaving a rural residence.
    urban_departure : ndarray, shape (sex, age)
        Pattern of leaving an urban residence.
    arrivals : ndarray, shape (residence, sex, age)
        Shares of those who arrive; each residence sums to one.
    fertility : ndarray, shape (residence, age)
        Births per woman-year.
    male_share : float
        Share of boys among births.
    """

    death: Array
    infant_death: Array
    rural_exit: Array
    urban_departure: Array
    arrivals: Array
    fertility: Array
    male_share: float


@dataclass(frozen=True)
class Projection:
    """What `project` returns; persons, draws innermost.

    Attributes
    ----------
    urban, rural : ndarray, shape (year + 1, draw)
        Population at the start and at the end of every year.
    flows : ndarray, shape (year, flow, draw)
        The ledger, in the order of `FLOWS`.
    population : ndarray, shape (residence, sex, age, draw)
        The population at the end of the last year.
    """

    urban: Array
    rural: Array
    flows: Array
    population: Array


def project(
    population: Array,
    schedules: Schedules,
    levels: Array,
    *,
    absent: Array | None = None,
    programmes: Array | None = None,
    boundary: Array | None = None,
) -> Projection:
    """Project a population year by year under draw-specific levels.

    Parameters
    ----------
    population : ndarray, shape (residence, sex, age)
        Persons at the start, the same in every draw.
    schedules : Schedules
        Age patterns shared by all draws and years.
    levels : ndarray, shape (level, year, draw)
        In the order of `LEVELS`.
    absent : ndarray, shape (draw,), optional
        Registered people living elsewhere at the start; returns come out of this stock.
    programmes : ndarray, shape (year,), optional
        Persons moved from rural to urban residence by programmes.
    boundary : ndarray, shape (year, residence), optional
        Net persons gained with territory.

    Returns
    -------
    Projection

    Raises
    ------
    ValueError
        If an argument has the wrong shape, is not finite or is negative; if intensities would
        empty a cell below zero (their sum out of one state is above 2 a year); or if a programme
        or boundary change takes more people than there are.

    Notes
    -----
    Within a year flows are intensities times person-years and person-years the mean of start and
    end, which gives the linear multistate life table (Rogers & Ledent 1976). Half of a year's
    arrivals join at its start, half at its end.
    """
    if levels.ndim != 3 or levels.shape[0] != len(LEVELS):
        raise ValueError(
            f"levels: shape ({len(LEVELS)}, year, draw) expected; found {levels.shape}"
        )
    years, draws = levels.shape[1:]
    absent = np.zeros(draws) if absent is None else absent
    programmes = np.zeros(years) if programmes is None else programmes
    boundary = np.zeros((years, 2)) if boundary is None else boundary
    ages = population.shape[-1]
    _check(population, schedules, levels, absent, programmes, boundary)
    urban, rural = np.empty((years + 1, draws)), np.empty((years + 1, draws))
    flows = np.empty((years, len(FLOWS), draws))
    last = np.empty((2, 2, ages, draws))
    moved_out = _project(
        np.ascontiguousarray(population, dtype=np.float64),
        schedules.death,
        schedules.infant_death,
        schedules.rural_exit,
        schedules.urban_departure,
        schedules.arrivals,
        schedules.fertility,
        float(schedules.male_share),
        np.ascontiguousarray(levels),
        np.ascontiguousarray(absent),
        np.ascontiguousarray(programmes, dtype=np.float64),
        np.ascontiguousarray(boundary, dtype=np.float64),
        urban,
        rural,
        flows,
        last,
    )
    if moved_out.any():
        year, draw = np.argwhere(moved_out)[0]
        if moved_out[year, draw] == PROGRAMME_TOO_LARGE:
            name, found = "programmes", f"{programmes[year]:g}"
        else:
            name, found = (
                "boundary",
                " urban and ".join(f"{x:g}" for x in boundary[year]) + " rural",
            )
        raise ValueError(
            f"{name}[{year}]: takes more people than there are, or joins them to none; "
            f"found {found} (draw {draw})"
        )
    return Projection(urban, rural, flows, last)


def _check(
    population: Array,
    schedules: Schedules,
    levels: Array,
    absent: Array,
    programmes: Array,
    boundary: Array,
) -> None:
    years, draws = levels.shape[1:]
    ages = population.shape[-1] if population.ndim else 0
    if ages < 2:
        raise ValueError(f"population: at least 2 ages expected; found shape {population.shape}")
    wanted = {
        "population": (population, (2, 2, ages)),
        "schedules.death": (schedules.death, (2, 2, ages)),
        "schedules.infant_death": (schedules.infant_death, (2, 2)),
        "schedules.rural_exit": (schedules.rural_exit, (2, ages)),
        "schedules.urban_departure": (schedules.urban_departure, (2, ages)),
        "schedules.arrivals": (schedules.arrivals, (2, 2, ages)),
        "schedules.fertility": (schedules.fertility, (2, ages)),
        "levels": (levels, levels.shape),
        "absent": (absent, (draws,)),
        "programmes": (programmes, (years,)),
        "boundary": (boundary, (years, 2)),
    }
    for name, (array, shape) in wanted.items():
        if array.shape != shape:
            raise ValueError(f"{name}: shape {shape} expected; found {array.shape}")
        bad = ~np.isfinite(array)
        if name != "boundary":
            bad |= array < 0
        if bad.any():
            index = tuple(int(i) for i in np.argwhere(bad)[0])
            raise ValueError(f"{name}: finite and not negative; found {array[index]} at {index}")
    if not 0 <= schedules.male_share <= 1:
        raise ValueError(f"schedules.male_share: 0 to 1; found {schedules.male_share}")
    _check_intensities(schedules, levels)


def _check_intensities(schedules: Schedules, levels: Array) -> None:
    """Refuse levels at which a year's exits would take more than everybody."""

    def largest(*names: str) -> Array:
        """Return the largest sum of levels that any draw has, by year."""
        together = np.sum([levels[LEVELS.index(name)] for name in names], axis=0)
        return np.asarray(together.max(axis=1, initial=0.0))

    exits = {
        RURAL: (largest("rural_to_urban", "rural_departure"), schedules.rural_exit),
        URBAN: (largest("urban_to_rural", "urban_departure"), schedules.urban_departure),
    }
    mortality = (largest("urban_mortality"), largest("rural_mortality"))
    for residence, level in enumerate(mortality):
        infants = level[:, None] * schedules.infant_death[residence]  # (year, sex)
        if infants.size and infants.max() > 2.0:
            year, sex = (int(i) for i in np.unravel_index(infants.argmax(), infants.shape))
            raise ValueError(
                f"levels: infant death rates of {('urban', 'rural')[residence]} residence are at "
                f"most 2; found {infants.max():g} at year {year}, sex {sex}"
            )
    for residence, (level, pattern) in exits.items():
        total = (
            level[:, None, None] * pattern
            + mortality[residence][:, None, None] * schedules.death[residence]
        )  # (year, sex, age): the largest any draw can have
        if total.size and total.max() > 2.0:
            year, sex, age = (int(i) for i in np.unravel_index(total.argmax(), total.shape))
            raise ValueError(
                f"levels: intensities out of {('urban', 'rural')[residence]} residence sum to at "
                f"most 2 a year; found {total.max():g} at year {year}, sex {sex}, age {age}"
            )
    returning = largest("urban_return", "rural_return")
    if np.any(returning > 1):
        year = int(returning.argmax())
        raise ValueError(f"levels: returns are at most 1; found {returning[year]:g} at year {year}")


@numba.njit(cache=True, parallel=True, error_model="numpy")
def _project(
    start,
    death,
    infant_death,
    rural_exit,
    urban_departure,
    arrivals,
    fertility,
    male_share,
    levels,
    absent_start,
    programmes,
    boundary,
    urban,
    rural,
    flows,
    last,
):
    years, draws = levels.shape[1], levels.shape[2]
    ages = start.shape[2]
    short = np.zeros((years, draws), dtype=np.uint8)
    blocks = (draws + BLOCK - 1) // BLOCK
    for block in numba.prange(blocks):
        low = block * BLOCK
        n = min(BLOCK, draws - low)
        population = np.empty((2, 2, ages, n))
        for r in range(2):
            for s in range(2):
                for a in range(ages):
                    for d in range(n):
                        population[r, s, a, d] = start[r, s, a]
        absent = absent_start[low : low + n].copy()
        _totals(population, urban[0, low : low + n], rural[0, low : low + n])
        for year in range(years):
            _step(
                population,
                absent,
                death,
                infant_death,
                rural_exit,
                urban_departure,
                arrivals,
                fertility,
                male_share,
                levels[:, year, low : low + n],
                programmes[year],
                boundary[year],
                flows[year, :, low : low + n],
                urban[year + 1, low : low + n],
                rural[year + 1, low : low + n],
                short[year, low : low + n],
            )
        last[:, :, :, low : low + n] = population
    return short


@numba.njit(cache=True, error_model="numpy")
def _totals(population, urban, rural):
    n = urban.size
    for d in range(n):
        urban[d] = 0.0
        rural[d] = 0.0
    for s in range(2):
        for a in range(population.shape[2]):
            for d in range(n):
                urban[d] += population[0, s, a, d]
                rural[d] += population[1, s, a, d]


@numba.njit(cache=True, error_model="numpy")
def _step(
    population,
    absent,
    death,
    infant_death,
    rural_exit,
    urban_departure,
    arrivals,
    fertility,
    male_share,
    level,
    programme,
    boundary,
    flow,
    urban,
    rural,
    short,
):
    """One calendar year of one block of draws; ``population`` is advanced in place."""
    ages, n = population.shape[2], population.shape[3]
    arriving = np.empty((2, n))
    # Person-years weighted by a schedule; levels multiply them once, at the end of the year.
    dying = np.zeros((2, n))
    exiting = np.zeros(n)
    departing = np.zeros(n)
    born = np.zeros((2, n))
    born_to_movers = np.zeros((2, n))
    for d in range(n):
        returned_urban = absent[d] * level[6, d]
        returned_rural = absent[d] * level[7, d]
        absent[d] -= returned_urban + returned_rural
        arriving[0, d] = level[4, d] + returned_urban
        arriving[1, d] = level[5, d] + returned_rural
    for s in range(2):
        open_urban = np.zeros(n)
        open_rural = np.zeros(n)
        for a in range(ages - 1, -1, -1):
            e, o = rural_exit[s, a], urban_departure[s, a]
            mu, mr = death[0, s, a], death[1, s, a]
            half_u, half_r = 0.5 * arrivals[0, s, a], 0.5 * arrivals[1, s, a]
            fu, fr = fertility[0, a], fertility[1, a]
            women = s == 0 and (fu > 0.0 or fr > 0.0)
            for d in range(n):
                into_u, into_r = half_u * arriving[0, d], half_r * arriving[1, d]
                u = population[0, s, a, d] + into_u
                r = population[1, s, a, d] + into_r
                # Halves of the year's intensities: to the other residence, and all exits.
                to_urban = 0.5 * level[0, d] * e
                to_rural = 0.5 * level[2, d] * o
                exit_u = 0.5 * (level[11, d] * mu + (level[2, d] + level[3, d]) * o)
                exit_r = 0.5 * (level[12, d] * mr + (level[0, d] + level[1, d]) * e)
                gain_u = u * (1.0 - exit_u) + r * to_urban
                gain_r = r * (1.0 - exit_r) + u * to_rural
                scale = 1.0 / ((1.0 + exit_u) * (1.0 + exit_r) - to_urban * to_rural)
                end_u = ((1.0 + exit_r) * gain_u + to_urban * gain_r) * scale
                end_r = ((1.0 + exit_u) * gain_r + to_rural * gain_u) * scale
                lived_u, lived_r = 0.5 * (u + end_u), 0.5 * (r + end_r)
                dying[0, d] += mu * lived_u
                dying[1, d] += mr * lived_r
                exiting[d] += e * lived_r
                departing[d] += o * lived_u
                if women:
                    births_u, births_r = fu * lived_u, fr * lived_r
                    born[0, d] += births_u
                    born[1, d] += births_r
                    born_to_movers[0, d] += births_u * o
                    born_to_movers[1, d] += births_r * e
                end_u += into_u
                end_r += into_r
                if a >= ages - 2:
                    open_urban[d] += end_u
                    open_rural[d] += end_r
                else:
                    population[0, s, a + 1, d] = end_u
                    population[1, s, a + 1, d] = end_r
        for d in range(n):
            population[0, s, ages - 1, d] = open_urban[d]
            population[1, s, ages - 1, d] = open_rural[d]
    for d in range(n):
        flow[0, d] = born[0, d] * level[9, d]
        flow[1, d] = born[1, d] * level[10, d]
        flow[2, d] = dying[0, d] * level[11, d]
        flow[3, d] = dying[1, d] * level[12, d]
        flow[4, d] = exiting[d] * level[0, d]
        flow[5, d] = departing[d] * level[2, d]
        flow[6, d] = arriving[0, d]
        flow[7, d] = arriving[1, d]
        flow[8, d] = departing[d] * level[3, d]
        flow[9, d] = exiting[d] * level[1, d]
        for s in range(2):
            share = male_share if s == 1 else 1.0 - male_share
            hazard_u = 0.5 * infant_death[0, s] * level[11, d]
            hazard_r = 0.5 * infant_death[1, s] * level[12, d]
            alive_u = share * level[9, d] * (1.0 - hazard_u) / (1.0 + hazard_u)
            alive_r = share * level[10, d] * (1.0 - hazard_r) / (1.0 + hazard_r)
            # Infants move with their mothers: half a year's exposure to her intensities.
            movers_u = 0.5 * alive_u * born_to_movers[0, d]
            movers_r = 0.5 * alive_r * born_to_movers[1, d]
            alive_u *= born[0, d]
            alive_r *= born[1, d]
            flow[2, d] += share * flow[0, d] * 2.0 * hazard_u / (1.0 + hazard_u)
            flow[3, d] += share * flow[1, d] * 2.0 * hazard_r / (1.0 + hazard_r)
            to_urban, away_r = movers_r * level[0, d], movers_r * level[1, d]
            to_rural, away_u = movers_u * level[2, d], movers_u * level[3, d]
            flow[4, d] += to_urban
            flow[5, d] += to_rural
            flow[8, d] += away_u
            flow[9, d] += away_r
            population[0, s, 0, d] = alive_u + to_urban - to_rural - away_u
            population[1, s, 0, d] = alive_r + to_rural - to_urban - away_r
        absent[d] += flow[8, d] + flow[9, d]
    _reclassify(population, level[8], programme, boundary, flow, urban, rural, short)


@numba.njit(cache=True, error_model="numpy")
def _reclassify(population, hazard, programme, boundary, flow, urban, rural, short):
    """Rural places become urban, then the year's programmes and boundary changes."""
    n = urban.size
    _totals(population, urban, rural)
    stay = np.empty(n)  # share of the rural population that keeps its residence
    scale_u = np.empty(n)
    scale_r = np.empty(n)
    for d in range(n):
        kept = np.exp(-hazard[d])
        flow[10, d] = rural[d] * (1.0 - kept)
        left = rural[d] * kept
        flow[11, d] = programme
        stay[d] = kept * (1.0 - programme / left) if programme > 0.0 else kept
        u, r = urban[d] + flow[10, d] + programme, left - programme
        flow[12, d], flow[13, d] = boundary[0], boundary[1]
        if programme > left:
            short[d] = PROGRAMME_TOO_LARGE
        elif (
            u + boundary[0] < 0.0
            or r + boundary[1] < 0.0
            or (u == 0.0 and boundary[0] > 0.0)  # nobody to take the ages from
            or (r == 0.0 and boundary[1] > 0.0)
        ):
            short[d] = BOUNDARY_TOO_LARGE
        scale_u[d] = 1.0 + boundary[0] / u if boundary[0] != 0.0 else 1.0
        scale_r[d] = 1.0 + boundary[1] / r if boundary[1] != 0.0 else 1.0
        urban[d], rural[d] = u + boundary[0], r + boundary[1]
    for s in range(2):
        for a in range(population.shape[2]):
            for d in range(n):
                r = population[1, s, a, d]
                kept = r * stay[d]
                population[0, s, a, d] = (population[0, s, a, d] + (r - kept)) * scale_u[d]
                population[1, s, a, d] = kept * scale_r[d]
