"""Life tables by single year of age: from published death rates to the rates of a calendar year."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

Array = NDArray[np.float64]

# Mean years lived in the first year of life by those who die in it, as a linear function of the
# death rate at age 0 (Coale-Demeny West, low mortality): Preston, Heuveline & Guillot (2001),
# Demography, table 3.3. Index 0 is female, 1 male.
INFANT_YEARS_LIVED = ((0.053, 2.800), (0.045, 2.684))


def person_years(rates: Array, sex: int) -> Array:
    """Person-years lived in each age, L(x), by a cohort of one birth.

    Parameters
    ----------
    rates : ndarray, shape (age,)
        Central death rates per person-year, ages 0 to the open last age.
    sex : int
        0 female, 1 male; decides the years lived by infants who die.

    Returns
    -------
    ndarray, shape (age,)
        Person-years lived at each age; the last is the open age's. Their sum is life expectancy
        at birth.

    Raises
    ------
    ValueError
        If a rate is negative or not finite, or the open age's is zero.

    Examples
    --------
    With no deaths before the open age 2 and a rate of 0.5 in it, a birth lives 1 + 1 + 1/0.5 years:

    >>> person_years(np.array([0.0, 0.0, 0.5]), sex=0)
    array([1., 1., 2.])
    """
    alive = survivors(rates, sex)
    a = _mean_years_lived_by_deaths(rates, sex)
    lived = np.empty_like(alive)
    lived[:-1] = alive[1:] + a[:-1] * (alive[:-1] - alive[1:])
    lived[-1] = alive[-1] / rates[-1]
    return lived


def survivors(rates: Array, sex: int) -> Array:
    """Survivors of one birth to each exact age, l(x).

    Parameters
    ----------
    rates : ndarray, shape (age,)
        Central death rates per person-year, ages 0 to the open last age.
    sex : int
        0 female, 1 male; decides the years lived by infants who die.

    Returns
    -------
    ndarray, shape (age,)
        Share of births alive at each exact age; the first is one.

    Raises
    ------
    ValueError
        If a rate is negative or not finite, or the open age's is zero.
    """
    if not np.all(np.isfinite(rates)) or np.any(rates < 0):
        found = rates[~(np.isfinite(rates) & (rates >= 0))][0]
        raise ValueError(f"rates: must be finite and not negative; found {found:g}")
    if not rates[-1] > 0:
        raise ValueError("rates: the open last age needs a rate above zero; found 0")
    q = rates / (1.0 + (1.0 - _mean_years_lived_by_deaths(rates, sex)) * rates)
    return np.concatenate(([1.0], np.cumprod(1.0 - q[:-1])))


def _mean_years_lived_by_deaths(rates: Array, sex: int) -> Array:
    """a(x): mean years lived in each age by those who die in it."""
    a = np.full(rates.shape, 0.5)
    intercept, slope = INFANT_YEARS_LIVED[sex]
    a[0] = intercept + slope * min(float(rates[0]), 0.107)
    return a


def life_expectancy(rates: Array, sex: int) -> float:
    """Life expectancy at birth.

    Parameters
    ----------
    rates : ndarray, shape (age,)
        Central death rates per person-year, ages 0 to the open last age.
    sex : int
        0 female, 1 male; decides the years lived by infants who die.

    Returns
    -------
    float
        Years.

    Raises
    ------
    ValueError
        If a rate is negative or not finite, or the open age's is zero.
    """
    return float(person_years(rates, sex).sum())


def calendar_year_rates(rates: Array, sex: int) -> tuple[Array, float]:
    """Death rates of a calendar year by age at its start, and that of the infants born in it.

    Someone aged x on 1 January is x + 1/2 years old on average and dies at ages x and x + 1, so
    survival over the year is L(x+1)/L(x), not exp(-m(x)), which would lose 5 % of deaths. The
    rate returned is the one that the linear multistate step turns back into exactly that survival.

    Parameters
    ----------
    rates : ndarray, shape (age,)
        Central death rates per person-year by age in the period.
    sex : int
        0 female, 1 male.

    Returns
    -------
    ndarray, shape (age,)
        Rate per year by age at 1 January; the last is the open age's.
    float
        Rate over the part of the year that a birth of the year lives.

    Examples
    --------
    >>> lived = person_years(np.array([0.01, 0.01, 0.4]), sex=0)
    >>> by_january, infants = calendar_year_rates(np.array([0.01, 0.01, 0.4]), sex=0)
    >>> bool(np.isclose((1 - by_january[0] / 2) / (1 + by_january[0] / 2), lived[1] / lived[0]))
    True
    """
    lived = person_years(rates, sex)
    tail = lived[-1] + lived[-2]
    survival = np.empty_like(lived)
    survival[:-2] = lived[1:-1] / lived[:-2]
    # Those of the last two ages enter or stay in the open age; the open age keeps what the
    # stationary population keeps: T(last) out of T(last - 1).
    survival[-2:] = lived[-1] / tail
    return 2.0 * (1.0 - survival) / (1.0 + survival), 2.0 * (1.0 - lived[0]) / (1.0 + lived[0])


def brass_relational(rates: Array, sex: int, alpha: float) -> Array:
    """Death rates of the Brass relational life table on a standard.

    Parameters
    ----------
    rates : ndarray, shape (age,)
        Central death rates of the standard.
    sex : int
        0 female, 1 male.
    alpha : float
        Added to the logit of the standard's survivors; the slope beta is one.

    Returns
    -------
    ndarray, shape (age,)
        Central death rates; the open age's keeps its ratio to the age below.

    References
    ----------
    Brass, W. (1971). On the scale of mortality. In Biological Aspects of Demography.
    """
    alive = survivors(rates, sex)
    logit = 0.5 * np.log((1.0 - alive[1:]) / alive[1:]) + alpha
    shifted = np.concatenate(([1.0], 1.0 / (1.0 + np.exp(2.0 * logit))))
    q = 1.0 - shifted[1:] / shifted[:-1]
    out = rates.copy()
    # a(0) depends on the new rate itself; an iteration leaves 3 % of the error at most.
    for _ in range(12):
        a = _mean_years_lived_by_deaths(out, sex)[:-1]
        out[:-1] = q / (1.0 - (1.0 - a) * q)
    out[-1] = rates[-1] * out[-2] / rates[-2]
    return out


def brass_alpha(rates: Array, sex: int, years: float) -> float:
    """Alpha of `brass_relational` at which life expectancy at birth is ``years``.

    Parameters
    ----------
    rates : ndarray, shape (age,)
        Central death rates of the standard, per person-year.
    sex : int
        0 female, 1 male.
    years : float
        Life expectancy at birth, in years.

    Returns
    -------
    float
        Added to the logit of the standard's survivors.

    Raises
    ------
    ValueError
        If no alpha between -3 and 3 reaches it.
    """
    longest, shortest = (life_expectancy(brass_relational(rates, sex, a), sex) for a in (-3.0, 3.0))
    if not shortest < years < longest:
        raise ValueError(
            f"years: life expectancies from {shortest:.1f} to {longest:.1f} can be reached from "
            f"this standard; found {years:g}"
        )

    def excess(alpha: float) -> float:
        return life_expectancy(brass_relational(rates, sex, alpha), sex) - years

    return float(brentq(excess, -3, 3, xtol=1e-12))
