"""The engine on published UN projections: one residence, net migration as counts, survival ratios.

The whole population is urban and nobody moves between residences, so that `projection.project`
becomes a standard cohort-component projection and can be compared with those of the United Nations.
Arrays in, arrays out. Equations and measured errors: docs/model.md.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from simmodel.kernel.life_table import INFANT_YEARS_LIVED, Array
from simmodel.kernel.projection import FEMALE, LEVELS, URBAN, Schedules, project

# Years lived between exact ages 1 and 5 by those who die there, as a linear function of the death
# rate at age 0, and the rate from which it is level (Coale-Demeny West): Preston, Heuveline &
# Guillot (2001), Demography, table 3.3. Index 0 is female, 1 male.
CHILD_YEARS_LIVED = ((1.522, -1.518), (1.651, -2.816))
LEVEL_FROM = 0.107

# Length of the age groups of abridged data, all but the first two and the open last one.
GROUP = 5


class DepletedCellError(ValueError):
    """Net migration takes more people than there are.

    Attributes
    ----------
    index : tuple of int
        Step, sex and age of the first such cell.
    left : float
        What would be left in it: less than nobody.
    """

    def __init__(self, index: tuple[int, int, int], found: float, left: float) -> None:
        self.index, self.left = index, left
        super().__init__(
            f"net_migration: takes more people than there are; found {found:g} at {index}, which "
            f"leaves {left:g}"
        )


def project_one_residence(
    start: Array,
    survival: Array,
    fertility: Array,
    net_migration: Array,
    male_share: Array,
    *,
    timing: str = "even",
    width: int = 1,
) -> Array:
    """Project one population by the rates of every step, through the engine itself.

    Parameters
    ----------
    start : ndarray, shape (sex, age)
        Persons at the start.
    survival : ndarray, shape (step, sex, age)
        Share that survives *into* an age group: the first of births, the last out of the open
        group and the one below it together. From 0 to 1.
    fertility : ndarray, shape (step, age)
        Births per woman-year by age at the birth.
    net_migration : ndarray, shape (step, sex, age)
        Net migrants of the whole step, persons.
    male_share : ndarray, shape (step,)
        Share of boys among births.
    timing : {"even", "end"}
        Half of the net migrants before the step (they survive and bear like everybody) and half
        after it; or all after it, so that they have no births in the step. Births are on the mean
        of the women at the start, the first half of the migrants among them, and of their
        survivors at the end.
    width : int
        Years in a step and in an age group. Five-year data are stepped, not graduated: 21 groups
        of five years, one step of five years.

    Returns
    -------
    ndarray, shape (step + 1, sex, age)
        Persons at the start and after every step.

    Raises
    ------
    ValueError
        If an argument has the wrong shape, is not finite or out of range.
    DepletedCellError
        If net migration takes more people than there are; a ValueError.

    Examples
    --------
    Of 100 people under the open age half survive into it, of 10 in it as well:

    >>> after = project_one_residence(
    ...     np.array([[100.0, 10.0], [0.0, 0.0]]),
    ...     np.full((1, 2, 2), 0.5),
    ...     np.zeros((1, 2)),
    ...     np.zeros((1, 2, 2)),
    ...     np.array([0.5]),
    ... )
    >>> after[1, 0]
    array([ 0., 55.])
    """
    _check(start, survival, fertility, net_migration, male_share, width)
    population = np.empty((survival.shape[0] + 1, *start.shape))
    population[0] = start
    levels = np.zeros((len(LEVELS), 1, 1))
    for name in ("urban_fertility", "urban_mortality"):
        levels[LEVELS.index(name)] = 1.0
    for step in range(survival.shape[0]):
        schedules = _schedules(survival[step], width * fertility[step], float(male_share[step]))
        counts = _all_urban(net_migration[step])[None]
        try:
            after = project(
                _all_urban(population[step]),
                schedules,
                levels,
                net_migration=counts,
                timing=timing,
            )
        except ValueError:
            _explain(population[step], schedules, levels, net_migration[step], timing, step)
            raise
        population[step + 1] = after.population[URBAN, :, :, 0]
        if not np.isfinite(population[step + 1]).all():
            raise ValueError(f"fertility: the population is not finite after step {step}")
    return population


def abridged_survival(rates: Array, sex: int) -> Array:
    """Five-year survival from death rates at 0, 1-4, 5-9 … and the open last age.

    Parameters
    ----------
    rates : ndarray, shape (age + 1,)
        Central death rates per person-year.
    sex : int
        0 female, 1 male; decides the years lived by children who die.

    Returns
    -------
    ndarray, shape (age,)
        Survival into the groups 0-4, 5-9 … and the open one, as `project_one_residence` takes it.

    Raises
    ------
    ValueError
        If there are fewer than six rates, or one is not finite or not above zero.

    Notes
    -----
    Years lived in an age by those who die in it: Coale-Demeny West at 0 and 1-4, the middle of
    the age at 5-9, Greville (1943) from 10 to the last closed age.

    Examples
    --------
    Under one death rate at all ages those in the open group survive five years with exp(-5 m):

    >>> survival = abridged_survival(np.full(22, 0.02), sex=0)
    >>> bool(np.isclose(survival[-1], np.exp(-5 * 0.02), rtol=1e-5))
    True
    """
    if rates.ndim != 1 or rates.size < 6:
        raise ValueError(f"rates: shape (6 or more,) expected; found {rates.shape}")
    wrong = ~(np.isfinite(rates) & (rates > 0))
    if wrong.any():
        age = int(wrong.argmax())
        raise ValueError(f"rates: finite and above zero; found {rates[age]} at ({age},)")
    width = np.full(rates.size - 1, float(GROUP))
    width[:2] = 1.0, GROUP - 1.0
    lived_by_the_dying = width / 2.0
    for age, (intercept, slope) in enumerate((INFANT_YEARS_LIVED[sex], CHILD_YEARS_LIVED[sex])):
        lived_by_the_dying[age] = intercept + slope * min(float(rates[0]), LEVEL_FROM)
    growth = np.log(rates[4:] / rates[2:-2]) / (2.0 * GROUP)  # of the death rate, per year of age
    lived_by_the_dying[3:] -= GROUP**2 / 12.0 * (rates[3:-1] - growth)
    closed = rates[:-1]
    dying = width * closed / (1.0 + (width - lived_by_the_dying) * closed)
    if np.any(dying > 1.0):
        age = int((dying > 1.0).argmax())
        raise ValueError(
            f"rates: too high for an age of {width[age]:g} years; found {closed[age]} at ({age},)"
        )
    alive = np.concatenate(([1.0], np.cumprod(1.0 - dying)))
    lived = np.append(
        width * alive[1:] + lived_by_the_dying * (alive[:-1] - alive[1:]), alive[-1] / rates[-1]
    )
    groups = np.concatenate(([lived[0] + lived[1]], lived[2:]))
    into = groups / np.concatenate(([float(GROUP)], groups[:-1]))
    into[-1] = groups[-1] / (groups[-2] + groups[-1])
    return into


def _schedules(survival: Array, births: Array, male_share: float) -> Schedules:
    """Return the engine's schedules, by age at the start of the step.

    The engine multiplies the mean of a cohort's start and end by one rate. Births on the mean of
    the women at start and end at *their* ages are start (f(a) + f(a + 1) S) / 2, so that this
    rate is the mean of the two ages weighted by 1 and S: exact, not an approximation.
    """
    ages = births.size
    death, infant_death = np.zeros((2, 2, ages)), np.zeros((2, 2))
    fertility = np.zeros((2, ages))
    onward = np.concatenate((survival[:, 1:], survival[:, -1:]), axis=1)
    # The linear step turns a rate of 2 (1 - S) / (1 + S) back into S.
    death[URBAN] = 2.0 * (1.0 - onward) / (1.0 + onward)
    infant_death[URBAN] = 2.0 * (1.0 - survival[:, 0]) / (1.0 + survival[:, 0])
    older = np.append(births[1:], births[-1])
    fertility[URBAN] = (births + older * onward[FEMALE]) / (1.0 + onward[FEMALE])
    nobody = np.zeros((2, ages))
    return Schedules(
        death=death,
        infant_death=infant_death,
        rural_to_urban=nobody,
        departure=nobody,
        arrivals=np.zeros((2, 2, ages)),
        fertility=fertility,
        male_share=male_share,
    )


def _all_urban(persons: Array) -> Array:
    placed = np.zeros((2, *persons.shape))
    placed[URBAN] = persons
    return placed


def _explain(
    population: Array,
    schedules: Schedules,
    levels: Array,
    net_migration: Array,
    timing: str,
    step: int,
) -> None:
    """Raise the ValueError that names the first cell which net migration empties below zero."""
    if timing not in ("even", "end"):
        return

    def carried(persons: Array) -> Array:
        after = project(_all_urban(persons), schedules, levels)
        return after.population[URBAN, :, :, 0]

    # The engine takes no negative start, but its step is linear.
    before = 0.5 * net_migration if timing == "even" else np.zeros_like(net_migration)
    left = (
        carried(population) + carried(np.maximum(before, 0.0)) - carried(np.maximum(-before, 0.0))
    )
    left += net_migration - before
    if left.min() < 0.0:
        sex, age = (int(i) for i in np.argwhere(left < 0.0)[0])
        raise DepletedCellError(
            (step, sex, age), float(net_migration[sex, age]), float(left[sex, age])
        )


def _check(
    start: Array,
    survival: Array,
    fertility: Array,
    net_migration: Array,
    male_share: Array,
    width: int,
) -> None:
    if start.ndim != 2 or start.shape[0] != 2 or start.shape[1] < 2:
        raise ValueError(f"start: shape (2, 2 or more) expected; found {start.shape}")
    steps, ages = survival.shape[0] if survival.ndim else 0, start.shape[1]
    bounds: Mapping[str, tuple[Array, tuple[int, ...], float, float]] = {
        "start": (start, (2, ages), 0.0, np.inf),
        "survival": (survival, (steps, 2, ages), 0.0, 1.0),
        "fertility": (fertility, (steps, ages), 0.0, np.inf),
        "net_migration": (net_migration, (steps, 2, ages), -np.inf, np.inf),
        "male_share": (male_share, (steps,), 0.0, 1.0),
    }
    for name, (array, shape, low, high) in bounds.items():
        if array.shape != shape:
            raise ValueError(f"{name}: shape {shape} expected; found {array.shape}")
        wrong = ~np.isfinite(array) | (array < low) | (array > high)
        if wrong.any():
            index = tuple(int(i) for i in np.argwhere(wrong)[0])
            allowed = "finite" if low < 0 else f"finite and from {low:g} to {high:g}"
            raise ValueError(f"{name}: {allowed}; found {array[index]} at {index}")
    if width < 1:
        raise ValueError(f"width: at least 1; found {width}")
