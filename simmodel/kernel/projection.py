"""The multistate step: survive and move, arrive, be born, age, reclassify; every flow kept.

Arrays in, arrays out; no file, no label, no random number. Residences are indexed urban 0,
rural 1; sexes female 0, male 1; ages 0 to the open last age; draws are the innermost axis.

The equations are those of docs/model.md, section 1, in its symbols. A residence's intensity is a
level of the draw times a schedule by sex and age that all draws share:

====  =========================  ====================================================
μ     death                      `Level.URBAN_MORTALITY`, `Level.RURAL_MORTALITY`
Eρλ   rural → urban              `Level.RURAL_TO_URBAN` (Eρ) × ``rural_to_urban`` (λ)
E'υ   leaving a village          `Level.RURAL_DEPARTURE` (E' = E(1−ρ)) × ``departure`` (υ)
κυ    urban → rural              `Level.URBAN_TO_RURAL` (κ) × ``departure`` (υ)
Uυ    leaving a town             `Level.URBAN_DEPARTURE` (U) × ``departure`` (υ)
====  =========================  ====================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numba
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

URBAN, RURAL = 0, 1
FEMALE, MALE = 0, 1


class Level(IntEnum):
    """What multiplies the schedules in each year and draw: the first axis of ``levels``."""

    RURAL_TO_URBAN = 0  # per year, times the schedule of moving to own towns
    RURAL_DEPARTURE = 1  # per year, times the schedule of departure
    URBAN_TO_RURAL = 2  # per year, times the schedule of departure
    URBAN_DEPARTURE = 3  # per year, times the schedule of departure
    URBAN_ARRIVALS = 4  # persons a year
    RURAL_ARRIVALS = 5  # persons a year
    URBAN_RETURN = 6  # share of the absent stock a year
    RURAL_RETURN = 7  # share of the absent stock a year
    RECLASSIFICATION = 8  # hazard per year, every age and sex
    URBAN_FERTILITY = 9  # times the urban fertility schedule
    RURAL_FERTILITY = 10  # times the rural fertility schedule
    URBAN_MORTALITY = 11  # times the urban death schedule
    RURAL_MORTALITY = 12  # times the rural death schedule


class Flow(IntEnum):
    """The flow axis of the ledger; persons a year."""

    URBAN_BIRTHS = 0
    RURAL_BIRTHS = 1
    URBAN_DEATHS = 2
    RURAL_DEATHS = 3
    RURAL_TO_URBAN = 4
    URBAN_TO_RURAL = 5
    URBAN_ARRIVALS = 6
    RURAL_ARRIVALS = 7
    URBAN_DEPARTURES = 8
    RURAL_DEPARTURES = 9
    RECLASSIFIED = 10
    PROGRAMMES = 11
    URBAN_BOUNDARY_CHANGE = 12
    RURAL_BOUNDARY_CHANGE = 13


# The same by name, in the order of the axes.
LEVELS = tuple(level.name.lower() for level in Level)
FLOWS = tuple(flow.name.lower() for flow in Flow)

N_LEVELS, N_FLOWS = len(LEVELS), len(FLOWS)
# Draws computed together: small enough that a block's population stays in the second-level cache.
BLOCK = 64

# Why a year's moves of stated numbers cannot be made; 0 where they can.
PROGRAMME_TOO_LARGE, BOUNDARY_TOO_LARGE, MIGRATION_TOO_LARGE, LEVELS_REFUSED = 1, 2, 3, 4


@dataclass(frozen=True)
class Schedules:
    """Age patterns shared by all draws, by age at 1 January.

    Attributes
    ----------
    death : ndarray, shape (residence, sex, age)
        Deaths per person-year.
    infant_death : ndarray, shape (residence, sex)
        The same over the part of the year that a birth of the year lives.
    rural_to_urban : ndarray, shape (sex, age)
        Pattern of moving from a village to the region's own towns.
    departure : ndarray, shape (sex, age)
        Pattern of leaving the region from either residence, and of moving from town to village.
    arrivals : ndarray, shape (residence, sex, age)
        Shares of those who arrive; each residence sums to one.
    fertility : ndarray, shape (residence, age)
        Births per woman-year.
    male_share : float
        Share of boys among births.
    """

    death: Array
    infant_death: Array
    rural_to_urban: Array
    departure: Array
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
        The ledger, in the order of `Flow`.
    population : ndarray, shape (residence, sex, age, draw)
        The population at the end of the last year.
    absent : ndarray, shape (year + 1, draw)
        The stock that returns come out of, at the start and at the end of every year.
    """

    urban: Array
    rural: Array
    flows: Array
    population: Array
    absent: Array


def project(
    population: Array,
    schedules: Schedules,
    levels: Array,
    *,
    absent: Array | None = None,
    programmes: Array | None = None,
    boundary: Array | None = None,
    net_migration: Array | None = None,
    timing: str = "even",
    keep_population: bool = True,
) -> Projection:
    """Project a population year by year under draw-specific levels.

    Parameters
    ----------
    population : ndarray, shape (residence, sex, age)
        Persons at the start, the same in every draw.
    schedules : Schedules
        Age patterns shared by all draws and years.
    levels : ndarray, shape (level, year, draw)
        In the order of `Level`.
    absent : ndarray, shape (draw,), optional
        Registered people living elsewhere at the start; returns come out of this stock.
    programmes : ndarray, shape (year,), optional
        Persons moved from rural to urban residence by programmes.
    boundary : ndarray, shape (year, residence), optional
        Net persons gained with territory.
    net_migration : ndarray, shape (year, residence, sex, age), optional
        Net migrants as counts by age, the same in every draw, entered among the arrivals: how
        published projections give migration.
    timing : {"even", "end"}
        Half of the net migrants at the start of a year and half at its end, at the ages given
        both times; or all at its end, after births and deaths.
    keep_population : bool
        Whether the population by age at the end is wanted; without it ``population`` has no draws.

    Returns
    -------
    Projection

    Raises
    ------
    ValueError
        If an argument has the wrong shape, is not finite or is negative; if intensities would
        empty a cell below zero (their sum out of one state is above 2 a year); or if a programme,
        boundary change or net migration takes more people than there are.

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
    if timing not in ("even", "end"):
        raise ValueError(f"timing: 'even' or 'end'; found {timing!r}")
    ages = population.shape[-1]
    counts = np.zeros((0, 2, 2, ages)) if net_migration is None else net_migration
    _check(population, schedules, levels, absent, programmes, boundary, counts)
    urban, rural = np.empty((years + 1, draws)), np.empty((years + 1, draws))
    flows = np.empty((years, len(FLOWS), draws))
    last = np.empty((2, 2, ages, draws if keep_population else 0))
    away = np.empty_like(urban)
    refused = _project(
        np.ascontiguousarray(population, dtype=np.float64),
        schedules.death,
        schedules.infant_death,
        schedules.rural_to_urban,
        schedules.departure,
        schedules.arrivals,
        schedules.fertility,
        float(schedules.male_share),
        np.ascontiguousarray(levels),
        np.ascontiguousarray(absent),
        np.ascontiguousarray(programmes, dtype=np.float64),
        np.ascontiguousarray(boundary, dtype=np.float64),
        np.ascontiguousarray(counts, dtype=np.float64),
        0.5 if timing == "even" else 0.0,
        urban,
        rural,
        flows,
        last,
        away,
    )
    if refused.any():
        if (refused == LEVELS_REFUSED).any():
            _explain_levels(schedules, levels)
        year, draw = np.argwhere(refused)[0]
        if refused[year, draw] == PROGRAMME_TOO_LARGE:
            name, found = "programmes", f"{programmes[year]:g}"
        elif refused[year, draw] == MIGRATION_TOO_LARGE:
            name, found = "net_migration", f"{counts[year].sum():g} in all"
        else:
            name, found = (
                "boundary",
                " urban and ".join(f"{x:g}" for x in boundary[year]) + " rural",
            )
        raise ValueError(
            f"{name}[{year}]: takes more people than there are, or joins them to none; "
            f"found {found} (draw {draw})"
        )
    return Projection(urban, rural, flows, last, away)


def _check(
    population: Array,
    schedules: Schedules,
    levels: Array,
    absent: Array,
    programmes: Array,
    boundary: Array,
    counts: Array,
) -> None:
    years, draws = levels.shape[1:]
    ages = population.shape[-1] if population.ndim else 0
    if ages < 1:
        raise ValueError(f"population: at least 1 age expected; found shape {population.shape}")
    wanted = {
        "population": (population, (2, 2, ages)),
        "schedules.death": (schedules.death, (2, 2, ages)),
        "schedules.infant_death": (schedules.infant_death, (2, 2)),
        "schedules.rural_to_urban": (schedules.rural_to_urban, (2, ages)),
        "schedules.departure": (schedules.departure, (2, ages)),
        "schedules.arrivals": (schedules.arrivals, (2, 2, ages)),
        "schedules.fertility": (schedules.fertility, (2, ages)),
        "absent": (absent, (draws,)),
        "programmes": (programmes, (years,)),
        "boundary": (boundary, (years, 2)),
        "net_migration": (counts, (years if counts.size else 0, 2, 2, ages)),
    }
    for name, (array, shape) in wanted.items():
        if array.shape != shape:
            raise ValueError(f"{name}: shape {shape} expected; found {array.shape}")
        bad = ~np.isfinite(array)
        if name not in ("boundary", "net_migration"):
            bad |= array < 0
        if bad.any():
            index = tuple(int(i) for i in np.argwhere(bad)[0])
            raise ValueError(f"{name}: finite and not negative; found {array[index]} at {index}")
    if not 0 <= schedules.male_share <= 1:
        raise ValueError(f"schedules.male_share: 0 to 1; found {schedules.male_share}")


def _explain_levels(schedules: Schedules, levels: Array) -> None:
    """Say which level it is that the kernel refused, where it is at fault by itself or in sum."""
    bad = ~np.isfinite(levels) | (levels < 0)
    if bad.any():
        index = tuple(int(i) for i in np.argwhere(bad)[0])
        raise ValueError(f"levels: finite and not negative; found {levels[index]} at {index}")

    def largest(*names: str) -> Array:
        """Return the largest sum of levels that any draw has, by year."""
        together = np.sum([levels[LEVELS.index(name)] for name in names], axis=0)
        return np.asarray(together.max(axis=1, initial=0.0))

    ways = {
        URBAN: (("urban_to_rural", "urban_departure"), ()),
        RURAL: (("rural_departure",), ("rural_to_urban",)),
    }
    for residence, (distant, local) in ways.items():
        name = ("urban", "rural")[residence]
        mortality = largest(f"{name}_mortality")
        infants = mortality[:, None] * schedules.infant_death[residence]  # (year, sex)
        if infants.size and infants.max() > 2.0:
            year, sex = (int(i) for i in np.unravel_index(infants.argmax(), infants.shape))
            raise ValueError(
                f"levels: infant death rates of {name} residence are at most 2; found "
                f"{infants.max():g} at year {year}, sex {sex}"
            )
        total = (
            mortality[:, None, None] * schedules.death[residence]
            + largest(*distant)[:, None, None] * schedules.departure
        )  # (year, sex, age): the largest any draw can have
        if local:
            total = total + largest(*local)[:, None, None] * schedules.rural_to_urban
        if total.size and total.max() > 2.0:
            year, sex, age = (int(i) for i in np.unravel_index(total.argmax(), total.shape))
            raise ValueError(
                f"levels: intensities out of {name} residence sum to at most 2 a year; found "
                f"{total.max():g} at year {year}, sex {sex}, age {age}"
            )
    returning = largest("urban_return", "rural_return")
    if np.any(returning > 1):
        year = int(returning.argmax())
        raise ValueError(f"levels: returns are at most 1; found {returning[year]:g} at year {year}")


# Contraction lets a product and a sum be one instruction; nothing else of the order is given up.
_compiled = numba.njit(cache=True, error_model="numpy", fastmath={"contract"})
_compiled_parallel = numba.njit(
    cache=True, parallel=True, error_model="numpy", fastmath={"contract"}
)


# Places in a block's workspace `w`: rows of BLOCK draws in one flat array. The compiler then knows
# that no two quantities overlap, and computes several draws at once; an array for each hides that.
# How the cells are to be read after reclassification, see `_reclassify`:
MOVED, KEPT_RURAL = 0 * BLOCK, 1 * BLOCK
SCALE_URBAN, SCALE_RURAL = 2 * BLOCK, 3 * BLOCK  # boundary changes
# Persons arriving in the year, returns among them:
ARRIVING_URBAN, ARRIVING_RURAL = 5 * BLOCK, 6 * BLOCK
# Halves of the levels of intensities, as they stand in M/2:
HALF_TO_URBAN, HALF_TO_RURAL = 7 * BLOCK, 8 * BLOCK  # Eρ/2 and κ/2
HALF_OUT_URBAN, HALF_OUT_RURAL = 9 * BLOCK, 10 * BLOCK  # (κ + U)/2 and E(1−ρ)/2
HALF_DEATH_URBAN, HALF_DEATH_RURAL = 11 * BLOCK, 12 * BLOCK
# Sums over the cells of a year, of person-years L times a schedule; levels multiply them later:
SUM_DEATHS_URBAN, SUM_DEATHS_RURAL = 13 * BLOCK, 14 * BLOCK  # Σ μ L
SUM_TO_URBAN = 15 * BLOCK  # Σ λ L, rural
SUM_OUT_URBAN, SUM_OUT_RURAL = 16 * BLOCK, 17 * BLOCK  # Σ υ L
SUM_BIRTHS_URBAN, SUM_BIRTHS_RURAL = 18 * BLOCK, 19 * BLOCK  # Σ f L, women
SUM_BIRTHS_TO_URBAN = 20 * BLOCK  # Σ f λ L: births to mothers who move to town
SUM_BIRTHS_OUT_URBAN, SUM_BIRTHS_OUT_RURAL = 21 * BLOCK, 22 * BLOCK  # Σ f υ L: and who leave
TOTAL_URBAN, TOTAL_RURAL = 23 * BLOCK, 24 * BLOCK  # persons
ABSENT = 25 * BLOCK  # registered people living elsewhere
ROWS = 26


@_compiled_parallel
def _project(
    start,
    death,
    infant_death,
    rural_to_urban,
    departure,
    arrivals,
    fertility,
    male_share,
    levels,
    absent,
    programmes,
    boundary,
    net_migration,
    share_at_start,
    urban,
    rural,
    flows,
    last,
    away,
):
    """Project every block of draws through all years; why a year was refused, (year, draw)."""
    years, draws = levels.shape[1], levels.shape[2]
    ages = start.shape[2]
    refused = np.zeros((years, draws), dtype=np.uint8)
    counted = net_migration.shape[0] > 0
    for block in numba.prange((draws + BLOCK - 1) // BLOCK):
        low = block * BLOCK
        n = min(BLOCK, draws - low)
        # Blocks are always whole, so that a draw's arithmetic never depends on its neighbours;
        # places beyond the last draw are filled with the block's first.
        # Sex, age and one place to spare, urban draws then rural draws.
        population = np.zeros((2, ages + 1, 2 * BLOCK))
        older = np.zeros((2, ages + 1, 2 * BLOCK))  # the same, a year later
        w = np.zeros(ROWS * BLOCK)
        level = np.empty((N_LEVELS, BLOCK))
        flow = np.empty((N_FLOWS, BLOCK))
        for s in range(2):
            for a in range(ages):
                population[s, a, :BLOCK] = start[0, s, a]
                population[s, a, BLOCK:] = start[1, s, a]
        for d in range(BLOCK):
            w[KEPT_RURAL + d] = 1.0
            w[SCALE_URBAN + d] = 1.0
            w[SCALE_RURAL + d] = 1.0
            w[TOTAL_URBAN + d] = start[0].sum()
            w[TOTAL_RURAL + d] = start[1].sum()
            w[ABSENT + d] = absent[low + d if d < n else low]
        urban[0, low : low + n] = w[TOTAL_URBAN : TOTAL_URBAN + n]
        rural[0, low : low + n] = w[TOTAL_RURAL : TOTAL_RURAL + n]
        away[0, low : low + n] = w[ABSENT : ABSENT + n]
        for year in range(years):
            for i in range(N_LEVELS):
                level[i, :n] = levels[i, year, low : low + n]
                level[i, n:] = level[i, 0]
            if counted and share_at_start > 0.0:
                _add_net_migration(w, population, net_migration[year], share_at_start)
            _start_year(w, level)
            if not _admissible(w, level, death, infant_death, rural_to_urban, departure):
                refused[year, low : low + n] = LEVELS_REFUSED
                break
            _survive_and_move(
                w, population, older, death, rural_to_urban, departure, arrivals, fertility
            )
            population, older = older, population
            _be_born(w, population, level, flow, infant_death, male_share)
            if counted:
                least = _add_net_migration(w, population, net_migration[year], 1.0 - share_at_start)
                if least < 0.0:
                    refused[year, low : low + n] = MIGRATION_TOO_LARGE
                _sum_totals(w, population)
                flow[Flow.URBAN_ARRIVALS] += net_migration[year, 0].sum()
                flow[Flow.RURAL_ARRIVALS] += net_migration[year, 1].sum()
            _reclassify(
                w,
                level[Level.RECLASSIFICATION],
                programmes[year],
                boundary[year],
                flow,
                refused[year, low : low + n],
            )
            if boundary[year, 0] != 0.0 or boundary[year, 1] != 0.0:
                _settle(w, population)
            urban[year + 1, low : low + n] = w[TOTAL_URBAN : TOTAL_URBAN + n]
            rural[year + 1, low : low + n] = w[TOTAL_RURAL : TOTAL_RURAL + n]
            away[year + 1, low : low + n] = w[ABSENT : ABSENT + n]
            flows[year, :, low : low + n] = flow[:, :n]
        if last.shape[3] == 0:
            continue
        _settle(w, population)
        for s in range(2):
            last[0, s, :, low : low + n] = population[s, :ages, :n]
            last[1, s, :, low : low + n] = population[s, :ages, BLOCK : BLOCK + n]
    return refused


@_compiled
def _start_year(w, level):
    """Those who arrive in the year, and halves of the levels that multiply schedules."""
    for d in range(BLOCK):
        # Returns = share × absent stock; arrivals = persons a year + returns.
        returned_urban = w[ABSENT + d] * level[Level.URBAN_RETURN, d]
        returned_rural = w[ABSENT + d] * level[Level.RURAL_RETURN, d]
        w[ABSENT + d] -= returned_urban + returned_rural
        w[ARRIVING_URBAN + d] = level[Level.URBAN_ARRIVALS, d] + returned_urban
        w[ARRIVING_RURAL + d] = level[Level.RURAL_ARRIVALS, d] + returned_rural
        # The levels in M/2: Eρ/2, κ/2, E(1−ρ)/2, (κ + U)/2 and those of death.
        w[HALF_TO_URBAN + d] = 0.5 * level[Level.RURAL_TO_URBAN, d]
        w[HALF_TO_RURAL + d] = 0.5 * level[Level.URBAN_TO_RURAL, d]
        w[HALF_OUT_RURAL + d] = 0.5 * level[Level.RURAL_DEPARTURE, d]
        w[HALF_OUT_URBAN + d] = 0.5 * (
            level[Level.URBAN_TO_RURAL, d] + level[Level.URBAN_DEPARTURE, d]
        )
        w[HALF_DEATH_URBAN + d] = 0.5 * level[Level.URBAN_MORTALITY, d]
        w[HALF_DEATH_RURAL + d] = 0.5 * level[Level.RURAL_MORTALITY, d]
    w[SUM_DEATHS_URBAN : TOTAL_RURAL + BLOCK] = 0.0


@_compiled
def _admissible(w, level, death, infant_death, rural_to_urban, departure):
    """Whether all levels are finite and not negative and no cell is emptied below zero.

    ℓ(1) = (I + M/2)⁻¹ (I − M/2) ℓ(0) has no negative cell while the diagonal of M/2, half of all
    intensities out of a state, is at most 1; the largest level of any draw is tried.
    """
    refused = np.zeros(BLOCK)
    for i in range(N_LEVELS):
        for d in range(BLOCK):
            # 0 for a sound level; not a number for one that is not finite.
            refused[d] += level[i, d] * 0.0 + min(level[i, d], 0.0)
    death_urban = death_rural = out_urban = to_urban = out_rural = returning = 0.0
    for d in range(BLOCK):
        if refused[d] != 0.0:
            return False
        death_urban = max(death_urban, w[HALF_DEATH_URBAN + d])
        death_rural = max(death_rural, w[HALF_DEATH_RURAL + d])
        out_urban = max(out_urban, w[HALF_OUT_URBAN + d])
        out_rural = max(out_rural, w[HALF_OUT_RURAL + d])
        to_urban = max(to_urban, w[HALF_TO_URBAN + d])
        returning = max(returning, level[Level.URBAN_RETURN, d] + level[Level.RURAL_RETURN, d])
    if returning > 1.0:
        return False
    for s in range(2):
        if death_urban * infant_death[0, s] > 1.0 or death_rural * infant_death[1, s] > 1.0:
            return False
        for a in range(departure.shape[1]):
            if death_urban * death[0, s, a] + out_urban * departure[s, a] > 1.0:
                return False
            leaving = to_urban * rural_to_urban[s, a] + out_rural * departure[s, a]
            if death_rural * death[1, s, a] + leaving > 1.0:
                return False
    return True


@_compiled
def _survive_and_move(w, population, older, death, rural_to_urban, departure, arrivals, fertility):
    """Survive, move, arrive and age: every cell of one year, from one array into the other.

    L = (I + M/2)⁻¹ ℓ(0) and ℓ(1) = 2 L − ℓ(0), with M/2 of a sex and age (levels of the draw)

        I + M/2 = [  1 + (μ_u + (κ + U) υ)/2              −Eρλ/2            ]
                  [          −κυ/2            1 + (μ_r + Eρλ + E(1−ρ) υ)/2  ]

    Everything of a cell is computed in one pass over the draws: each is read and written once.
    """
    ages = population.shape[1] - 1  # the last row is where the oldest wait
    cells, aged = population.reshape(-1), older.reshape(-1)
    width = 2 * BLOCK
    for s in range(2):
        older[s, 0] = 0.0  # infants come later
        for a in range(ages):
            now = (s * (ages + 1) + a) * width
            then = now + width
            if now < 0 or then < 0:  # never: tells the compiler that no index wraps around
                continue
            # The schedules of the cell: death μ, moves λ, departure υ, half of arrivals, fertility.
            mu_u, mu_r = death[0, s, a], death[1, s, a]
            lam, ups = rural_to_urban[s, a], departure[s, a]
            half_u, half_r = 0.5 * arrivals[0, s, a], 0.5 * arrivals[1, s, a]
            f_u, f_r = fertility[0, a], fertility[1, a]
            mothers = s == FEMALE and (f_u > 0.0 or f_r > 0.0)
            for d in range(BLOCK):
                # Last year's reclassification, carried out where the cell is read.
                rural = cells[now + BLOCK + d]
                before_u = cells[now + d] + rural * w[MOVED + d]
                before_r = rural * w[KEPT_RURAL + d]
                # ℓ(0), half of the year's arrivals among them.
                u = before_u + half_u * w[ARRIVING_URBAN + d]
                r = before_r + half_r * w[ARRIVING_RURAL + d]
                # I + M/2: the diagonal, and what stands off it with its sign turned.
                to_r, to_u = w[HALF_TO_RURAL + d] * ups, w[HALF_TO_URBAN + d] * lam
                diagonal_u = (1.0 + w[HALF_DEATH_URBAN + d] * mu_u) + w[HALF_OUT_URBAN + d] * ups
                diagonal_r = ((1.0 + to_u) + w[HALF_DEATH_RURAL + d] * mu_r) + w[
                    HALF_OUT_RURAL + d
                ] * ups
                # L = (I + M/2)⁻¹ ℓ(0), by the inverse of a 2 × 2 matrix.
                scale = 1.0 / (diagonal_u * diagonal_r - to_r * to_u)
                lived_u = (diagonal_r * u + to_u * r) * scale
                lived_r = (diagonal_u * r + to_r * u) * scale
                # Births = f L; and those to mothers who move and who leave in the year.
                if mothers:
                    born_u, born_r = f_u * lived_u, f_r * lived_r
                    w[SUM_BIRTHS_URBAN + d] += born_u
                    w[SUM_BIRTHS_RURAL + d] += born_r
                    w[SUM_BIRTHS_TO_URBAN + d] += born_r * lam
                    w[SUM_BIRTHS_OUT_URBAN + d] += born_u * ups
                    w[SUM_BIRTHS_OUT_RURAL + d] += born_r * ups
                # Flow = intensity × L, still without the levels.
                w[SUM_DEATHS_URBAN + d] += mu_u * lived_u
                w[SUM_DEATHS_RURAL + d] += mu_r * lived_r
                w[SUM_TO_URBAN + d] += lam * lived_r
                w[SUM_OUT_URBAN + d] += ups * lived_u
                w[SUM_OUT_RURAL + d] += ups * lived_r
                # ℓ(1) = 2 L − ℓ(0), a year older; the other half of the arrivals joins:
                # 2 L − (before + half) + half.
                end_u = 2.0 * lived_u - before_u
                end_r = 2.0 * lived_r - before_r
                w[TOTAL_URBAN + d] += end_u
                w[TOTAL_RURAL + d] += end_r
                aged[then + d] = end_u
                aged[then + BLOCK + d] = end_r
        for d in range(width):  # two ages enter the open one
            older[s, ages - 1, d] += older[s, ages, d]


@_compiled
def _be_born(w, population, level, flow, infant_death, male_share):
    """Flows = level × Σ schedule × L; the infants of the year survive and move with their mothers.

    With h the infants' hazard of death, (1 − h/2)/(1 + h/2) of the births are alive at the end of
    the year and h/(1 + h/2) have died; the living had half a year of their mothers' intensities.
    """
    for d in range(BLOCK):
        flow[Flow.URBAN_BIRTHS, d] = w[SUM_BIRTHS_URBAN + d] * level[Level.URBAN_FERTILITY, d]
        flow[Flow.RURAL_BIRTHS, d] = w[SUM_BIRTHS_RURAL + d] * level[Level.RURAL_FERTILITY, d]
        flow[Flow.URBAN_DEATHS, d] = w[SUM_DEATHS_URBAN + d] * level[Level.URBAN_MORTALITY, d]
        flow[Flow.RURAL_DEATHS, d] = w[SUM_DEATHS_RURAL + d] * level[Level.RURAL_MORTALITY, d]
        flow[Flow.RURAL_TO_URBAN, d] = w[SUM_TO_URBAN + d] * level[Level.RURAL_TO_URBAN, d]
        flow[Flow.URBAN_TO_RURAL, d] = w[SUM_OUT_URBAN + d] * level[Level.URBAN_TO_RURAL, d]
        flow[Flow.URBAN_ARRIVALS, d] = w[ARRIVING_URBAN + d]
        flow[Flow.RURAL_ARRIVALS, d] = w[ARRIVING_RURAL + d]
        flow[Flow.URBAN_DEPARTURES, d] = w[SUM_OUT_URBAN + d] * level[Level.URBAN_DEPARTURE, d]
        flow[Flow.RURAL_DEPARTURES, d] = w[SUM_OUT_RURAL + d] * level[Level.RURAL_DEPARTURE, d]
    for s in range(2):
        share = male_share if s == MALE else 1.0 - male_share
        for d in range(BLOCK):
            # h/2, and survivors of one birth's worth of Σ f L.
            half_h_u = 0.5 * infant_death[0, s] * level[Level.URBAN_MORTALITY, d]
            half_h_r = 0.5 * infant_death[1, s] * level[Level.RURAL_MORTALITY, d]
            alive_u = share * level[Level.URBAN_FERTILITY, d] * (1.0 - half_h_u) / (1.0 + half_h_u)
            alive_r = share * level[Level.RURAL_FERTILITY, d] * (1.0 - half_h_r) / (1.0 + half_h_r)
            # Half a year's exposure to the mother's intensities.
            out_u = 0.5 * alive_u * w[SUM_BIRTHS_OUT_URBAN + d]
            to_urban = 0.5 * alive_r * w[SUM_BIRTHS_TO_URBAN + d] * level[Level.RURAL_TO_URBAN, d]
            away_r = 0.5 * alive_r * w[SUM_BIRTHS_OUT_RURAL + d] * level[Level.RURAL_DEPARTURE, d]
            alive_u *= w[SUM_BIRTHS_URBAN + d]
            alive_r *= w[SUM_BIRTHS_RURAL + d]
            flow[Flow.URBAN_DEATHS, d] += (
                share * flow[Flow.URBAN_BIRTHS, d] * 2.0 * half_h_u / (1.0 + half_h_u)
            )
            flow[Flow.RURAL_DEATHS, d] += (
                share * flow[Flow.RURAL_BIRTHS, d] * 2.0 * half_h_r / (1.0 + half_h_r)
            )
            to_rural = out_u * level[Level.URBAN_TO_RURAL, d]
            away_u = out_u * level[Level.URBAN_DEPARTURE, d]
            flow[Flow.RURAL_TO_URBAN, d] += to_urban
            flow[Flow.URBAN_TO_RURAL, d] += to_rural
            flow[Flow.URBAN_DEPARTURES, d] += away_u
            flow[Flow.RURAL_DEPARTURES, d] += away_r
            # Age 0 at the end of the year, by the residence it was carried to.
            infants_u = alive_u + to_urban - to_rural - away_u
            infants_r = alive_r + to_rural - to_urban - away_r
            population[s, 0, d] += infants_u
            population[s, 0, BLOCK + d] += infants_r
            w[TOTAL_URBAN + d] += infants_u
            w[TOTAL_RURAL + d] += infants_r
    for d in range(BLOCK):
        # Those who leave join the absent stock.
        w[ABSENT + d] += flow[Flow.URBAN_DEPARTURES, d] + flow[Flow.RURAL_DEPARTURES, d]
        # The cells stand as they are; _reclassify says how the next reader is to take them.
        w[MOVED + d] = 0.0
        w[KEPT_RURAL + d] = 1.0


@_compiled
def _reclassify(w, hazard, programme, boundary, flow, refused):
    """Rural places become urban, then the year's programmes and boundary changes.

    Of every rural cell 1 − exp(−hazard) becomes urban; a programme takes its number of persons out
    of what is left in proportion to the cells; a boundary change scales the cells of a residence.
    They change every age alike, so only totals are moved here; cells follow when they are next
    read, as urban + rural * MOVED and rural * KEPT_RURAL. A boundary change settles them at once.
    """
    for d in range(BLOCK):
        # Reclassified = (1 − exp(−hazard)) × rural population.
        kept = np.exp(-hazard[d])
        reclassified = w[TOTAL_RURAL + d] * (1.0 - kept)
        left = w[TOTAL_RURAL + d] * kept
        # A programme leaves 1 − programme / left of every rural cell.
        stay = kept
        if programme > 0.0:
            stay = kept * (1.0 - programme / left)
        u, r = w[TOTAL_URBAN + d] + reclassified + programme, left - programme
        # A boundary change multiplies every cell of a residence by 1 + change / population.
        scale_u, scale_r = 1.0, 1.0
        if boundary[0] != 0.0:
            scale_u = 1.0 + boundary[0] / u
        if boundary[1] != 0.0:
            scale_r = 1.0 + boundary[1] / r
        if d < refused.size:
            if programme > left:
                refused[d] = PROGRAMME_TOO_LARGE
            elif (
                u + boundary[0] < 0.0
                or r + boundary[1] < 0.0
                or (u == 0.0 and boundary[0] > 0.0)  # nobody to take the ages from
                or (r == 0.0 and boundary[1] > 0.0)
            ):
                refused[d] = BOUNDARY_TOO_LARGE
        flow[Flow.RECLASSIFIED, d] = reclassified
        flow[Flow.PROGRAMMES, d] = programme
        flow[Flow.URBAN_BOUNDARY_CHANGE, d] = boundary[0]
        flow[Flow.RURAL_BOUNDARY_CHANGE, d] = boundary[1]
        w[MOVED + d] = 1.0 - stay
        w[KEPT_RURAL + d] = stay
        w[SCALE_URBAN + d] = scale_u
        w[SCALE_RURAL + d] = scale_r
        w[TOTAL_URBAN + d] = u + boundary[0]
        w[TOTAL_RURAL + d] = r + boundary[1]


@_compiled
def _settle(w, population):
    """Carry reclassification, programmes and boundary changes out in every cell now."""
    for s in range(2):
        for a in range(population.shape[1] - 1):
            for d in range(BLOCK):
                r = population[s, a, BLOCK + d]
                u = population[s, a, d] + r * w[MOVED + d]
                population[s, a, d] = u * w[SCALE_URBAN + d]
                population[s, a, BLOCK + d] = r * w[KEPT_RURAL + d] * w[SCALE_RURAL + d]
    for d in range(BLOCK):
        w[MOVED + d] = 0.0
        w[KEPT_RURAL + d] = 1.0
        w[SCALE_URBAN + d] = 1.0
        w[SCALE_RURAL + d] = 1.0


@_compiled
def _add_net_migration(w, population, counts, share):
    """Add a share of net migrants by age to every draw; the least population that is left."""
    _settle(w, population)
    for s in range(2):
        for a in range(population.shape[1] - 1):
            for d in range(BLOCK):
                population[s, a, d] += share * counts[0, s, a]
                population[s, a, BLOCK + d] += share * counts[1, s, a]
    return population[:, :-1].min()


@_compiled
def _sum_totals(w, population):
    """Totals from the cells."""
    w[TOTAL_URBAN : TOTAL_RURAL + BLOCK] = 0.0
    for s in range(2):
        for a in range(population.shape[1] - 1):
            for d in range(BLOCK):
                w[TOTAL_URBAN + d] += population[s, a, d]
                w[TOTAL_RURAL + d] += population[s, a, BLOCK + d]
