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
    "rural_to_urban",  # per year, times the schedule of moving to own towns
    "rural_departure",  # per year, times the schedule of departure
    "urban_to_rural",  # per year, times the schedule of departure
    "urban_departure",  # per year, times the schedule of departure
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
        The ledger, in the order of `FLOWS`.
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
        In the order of `LEVELS`.
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
    moved_out = _project(
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
    if moved_out.any():
        if (moved_out == LEVELS_REFUSED).any():
            _explain_levels(schedules, levels)
        year, draw = np.argwhere(moved_out)[0]
        if moved_out[year, draw] == PROGRAMME_TOO_LARGE:
            name, found = "programmes", f"{programmes[year]:g}"
        elif moved_out[year, draw] == MIGRATION_TOO_LARGE:
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


# Places in a block's workspace: rows of BLOCK draws in one flat array. The compiler then knows that
# no two quantities overlap, and computes several draws at once; an array for each hides that.
MOVED, KEPT_RURAL = 0 * BLOCK, 1 * BLOCK  # see _rescale
SCALE_URBAN, SCALE_RURAL = 2 * BLOCK, 3 * BLOCK  # boundary changes
ARRIVING_URBAN, ARRIVING_RURAL = 5 * BLOCK, 6 * BLOCK
TO_URBAN, TO_RURAL = 7 * BLOCK, 8 * BLOCK  # halves of levels, these and the next four
LEAVE_URBAN, DEPART_RURAL = 9 * BLOCK, 10 * BLOCK
DIE_URBAN, DIE_RURAL = 11 * BLOCK, 12 * BLOCK
DYING_URBAN, DYING_RURAL = 13 * BLOCK, 14 * BLOCK  # from here sums over the cells of a year
MOVING = 15 * BLOCK  # person-years times a schedule, here and in the next two
LEAVING_URBAN, LEAVING_RURAL = 16 * BLOCK, 17 * BLOCK
BORN_URBAN, BORN_RURAL = 18 * BLOCK, 19 * BLOCK
BORN_MOVING = 20 * BLOCK  # births to mothers who move, and who leave
BORN_LEAVING_URBAN, BORN_LEAVING_RURAL = 21 * BLOCK, 22 * BLOCK
TOTAL_URBAN, TOTAL_RURAL = 23 * BLOCK, 24 * BLOCK
ABSENT = 25 * BLOCK
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
    years, draws = levels.shape[1], levels.shape[2]
    ages = start.shape[2]
    short = np.zeros((years, draws), dtype=np.uint8)
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
                _add(w, population, net_migration[year], share_at_start)
            _open_year(w, level)
            if not _sound(w, level, death, infant_death, rural_to_urban, departure):
                short[year, low : low + n] = LEVELS_REFUSED
                break
            _live(w, population, older, death, rural_to_urban, departure, arrivals, fertility)
            population, older = older, population
            _close_year(w, population, level, flow, infant_death, male_share)
            if counted and _add(w, population, net_migration[year], 1.0 - share_at_start) < 0.0:
                short[year, low : low + n] = MIGRATION_TOO_LARGE
            if counted:
                _count(w, population)
                flow[6] += net_migration[year, 0].sum()
                flow[7] += net_migration[year, 1].sum()
            _rescale(
                w, level[8], programmes[year], boundary[year], flow, short[year, low : low + n]
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
    return short


@_compiled
def _open_year(w, level):
    """Returns out of the absent stock, and halves of the levels that multiply schedules."""
    for d in range(BLOCK):
        returned_urban = w[ABSENT + d] * level[6, d]
        returned_rural = w[ABSENT + d] * level[7, d]
        w[ABSENT + d] -= returned_urban + returned_rural
        w[ARRIVING_URBAN + d] = level[4, d] + returned_urban
        w[ARRIVING_RURAL + d] = level[5, d] + returned_rural
        w[TO_URBAN + d] = 0.5 * level[0, d]
        w[TO_RURAL + d] = 0.5 * level[2, d]
        w[DEPART_RURAL + d] = 0.5 * level[1, d]
        w[LEAVE_URBAN + d] = 0.5 * (level[2, d] + level[3, d])
        w[DIE_URBAN + d] = 0.5 * level[11, d]
        w[DIE_RURAL + d] = 0.5 * level[12, d]
    w[DYING_URBAN : TOTAL_RURAL + BLOCK] = 0.0


@_compiled
def _sound(w, level, death, infant_death, rural_to_urban, departure):
    """Whether all levels are finite and not negative and no cell is emptied below zero."""
    refused = np.zeros(BLOCK)
    for i in range(N_LEVELS):
        for d in range(BLOCK):
            # 0 for a sound level; not a number for one that is not finite.
            refused[d] += level[i, d] * 0.0 + min(level[i, d], 0.0)
    die_u = die_r = leave_u = move = depart = returning = 0.0
    for d in range(BLOCK):
        if refused[d] != 0.0:
            return False
        die_u, die_r = max(die_u, w[DIE_URBAN + d]), max(die_r, w[DIE_RURAL + d])
        leave_u, depart = max(leave_u, w[LEAVE_URBAN + d]), max(depart, w[DEPART_RURAL + d])
        move = max(move, w[TO_URBAN + d])
        returning = max(returning, level[6, d] + level[7, d])
    if returning > 1.0:
        return False
    for s in range(2):
        if die_u * infant_death[0, s] > 1.0 or die_r * infant_death[1, s] > 1.0:
            return False
        for a in range(departure.shape[1]):
            if die_u * death[0, s, a] + leave_u * departure[s, a] > 1.0:
                return False
            leave_r = move * rural_to_urban[s, a] + depart * departure[s, a]
            if die_r * death[1, s, a] + leave_r > 1.0:
                return False
    return True


@_compiled
def _live(w, population, older, death, rural_to_urban, departure, arrivals, fertility):
    """Survive, move, arrive and age: every cell of one year, from one array into the other.

    With H half of the matrix of intensities, person-years are (I + H)^-1 of the start, and the end
    is twice the person-years less the start.
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
            mu, mr = death[0, s, a], death[1, s, a]
            e, o = rural_to_urban[s, a], departure[s, a]
            half_u, half_r = 0.5 * arrivals[0, s, a], 0.5 * arrivals[1, s, a]
            fu, fr = fertility[0, a], fertility[1, a]
            mothers = s == FEMALE and (fu > 0.0 or fr > 0.0)
            for d in range(BLOCK):
                rural = cells[now + BLOCK + d]
                before_u = cells[now + d] + rural * w[MOVED + d]
                before_r = rural * w[KEPT_RURAL + d]
                u = before_u + half_u * w[ARRIVING_URBAN + d]
                r = before_r + half_r * w[ARRIVING_RURAL + d]
                move_u, move_r = w[TO_RURAL + d] * o, w[TO_URBAN + d] * e
                stay_u = (1.0 + w[DIE_URBAN + d] * mu) + w[LEAVE_URBAN + d] * o
                stay_r = ((1.0 + move_r) + w[DIE_RURAL + d] * mr) + w[DEPART_RURAL + d] * o
                scale = 1.0 / (stay_u * stay_r - move_u * move_r)
                lived_u = (stay_r * u + move_r * r) * scale
                lived_r = (stay_u * r + move_u * u) * scale
                if mothers:
                    born_u, born_r = fu * lived_u, fr * lived_r
                    w[BORN_URBAN + d] += born_u
                    w[BORN_RURAL + d] += born_r
                    w[BORN_MOVING + d] += born_r * e
                    w[BORN_LEAVING_URBAN + d] += born_u * o
                    w[BORN_LEAVING_RURAL + d] += born_r * o
                w[DYING_URBAN + d] += mu * lived_u
                w[DYING_RURAL + d] += mr * lived_r
                w[MOVING + d] += e * lived_r
                w[LEAVING_URBAN + d] += o * lived_u
                w[LEAVING_RURAL + d] += o * lived_r
                # The other half of the arrivals joins: 2 lived - (before + half) + half.
                end_u = 2.0 * lived_u - before_u
                end_r = 2.0 * lived_r - before_r
                w[TOTAL_URBAN + d] += end_u
                w[TOTAL_RURAL + d] += end_r
                aged[then + d] = end_u
                aged[then + BLOCK + d] = end_r
        for d in range(width):  # two ages enter the open one
            older[s, ages - 1, d] += older[s, ages, d]


@_compiled
def _close_year(w, population, level, flow, infant_death, male_share):
    """Flows from sums and levels; infants survive and move with their mothers."""
    for d in range(BLOCK):
        flow[0, d] = w[BORN_URBAN + d] * level[9, d]
        flow[1, d] = w[BORN_RURAL + d] * level[10, d]
        flow[2, d] = w[DYING_URBAN + d] * level[11, d]
        flow[3, d] = w[DYING_RURAL + d] * level[12, d]
        flow[4, d] = w[MOVING + d] * level[0, d]
        flow[5, d] = w[LEAVING_URBAN + d] * level[2, d]
        flow[6, d] = w[ARRIVING_URBAN + d]
        flow[7, d] = w[ARRIVING_RURAL + d]
        flow[8, d] = w[LEAVING_URBAN + d] * level[3, d]
        flow[9, d] = w[LEAVING_RURAL + d] * level[1, d]
    for s in range(2):
        share = male_share if s == MALE else 1.0 - male_share
        for d in range(BLOCK):
            hazard_u = 0.5 * infant_death[0, s] * level[11, d]
            hazard_r = 0.5 * infant_death[1, s] * level[12, d]
            alive_u = share * level[9, d] * (1.0 - hazard_u) / (1.0 + hazard_u)
            alive_r = share * level[10, d] * (1.0 - hazard_r) / (1.0 + hazard_r)
            # Half a year's exposure to the mother's intensities.
            leaving_u = 0.5 * alive_u * w[BORN_LEAVING_URBAN + d]
            to_urban = 0.5 * alive_r * w[BORN_MOVING + d] * level[0, d]
            away_r = 0.5 * alive_r * w[BORN_LEAVING_RURAL + d] * level[1, d]
            alive_u *= w[BORN_URBAN + d]
            alive_r *= w[BORN_RURAL + d]
            flow[2, d] += share * flow[0, d] * 2.0 * hazard_u / (1.0 + hazard_u)
            flow[3, d] += share * flow[1, d] * 2.0 * hazard_r / (1.0 + hazard_r)
            to_rural, away_u = leaving_u * level[2, d], leaving_u * level[3, d]
            flow[4, d] += to_urban
            flow[5, d] += to_rural
            flow[8, d] += away_u
            flow[9, d] += away_r
            infants_u = alive_u + to_urban - to_rural - away_u
            infants_r = alive_r + to_rural - to_urban - away_r
            population[s, 0, d] += infants_u
            population[s, 0, BLOCK + d] += infants_r
            w[TOTAL_URBAN + d] += infants_u
            w[TOTAL_RURAL + d] += infants_r
    for d in range(BLOCK):
        w[ABSENT + d] += flow[8, d] + flow[9, d]
        # The cells stand as they are; _rescale says how the next reader is to take them.
        w[MOVED + d] = 0.0
        w[KEPT_RURAL + d] = 1.0


@_compiled
def _rescale(w, hazard, programme, boundary, flow, short):
    """Rural places become urban, then the year's programmes and boundary changes.

    They change every age alike, so only totals are moved here; cells follow when they are next
    read, as urban + rural * MOVED and rural * KEPT_RURAL. A boundary change settles them at once.
    """
    for d in range(BLOCK):
        kept = np.exp(-hazard[d])
        reclassified = w[TOTAL_RURAL + d] * (1.0 - kept)
        left = w[TOTAL_RURAL + d] * kept
        stay = kept
        if programme > 0.0:
            stay = kept * (1.0 - programme / left)
        u, r = w[TOTAL_URBAN + d] + reclassified + programme, left - programme
        scale_u, scale_r = 1.0, 1.0
        if boundary[0] != 0.0:
            scale_u = 1.0 + boundary[0] / u
        if boundary[1] != 0.0:
            scale_r = 1.0 + boundary[1] / r
        if d < short.size:
            if programme > left:
                short[d] = PROGRAMME_TOO_LARGE
            elif (
                u + boundary[0] < 0.0
                or r + boundary[1] < 0.0
                or (u == 0.0 and boundary[0] > 0.0)  # nobody to take the ages from
                or (r == 0.0 and boundary[1] > 0.0)
            ):
                short[d] = BOUNDARY_TOO_LARGE
        flow[10, d] = reclassified
        flow[11, d] = programme
        flow[12, d] = boundary[0]
        flow[13, d] = boundary[1]
        w[MOVED + d] = 1.0 - stay
        w[KEPT_RURAL + d] = stay
        w[SCALE_URBAN + d] = scale_u
        w[SCALE_RURAL + d] = scale_r
        w[TOTAL_URBAN + d] = u + boundary[0]
        w[TOTAL_RURAL + d] = r + boundary[1]


@_compiled
def _settle(w, population):
    """Rescale every cell now."""
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
def _add(w, population, counts, share):
    """Add a share of net migrants by age to every draw; the least population that is left."""
    _settle(w, population)
    for s in range(2):
        for a in range(population.shape[1] - 1):
            for d in range(BLOCK):
                population[s, a, d] += share * counts[0, s, a]
                population[s, a, BLOCK + d] += share * counts[1, s, a]
    return population[:, :-1].min()


@_compiled
def _count(w, population):
    """Totals from the cells."""
    w[TOTAL_URBAN : TOTAL_RURAL + BLOCK] = 0.0
    for s in range(2):
        for a in range(population.shape[1] - 1):
            for d in range(BLOCK):
                w[TOTAL_URBAN + d] += population[s, a, d]
                w[TOTAL_RURAL + d] += population[s, a, BLOCK + d]
