"""Designs of a sweep: which values the parameters take, run by run."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from math import isfinite, prod
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from SALib.sample import morris as trajectories
from SALib.sample import sobol as saltelli

from ..errors import ScenarioError, among, did_you_mean
from ..texts import say

Array = NDArray[np.float64]

METHODS: Final = ("one_at_a_time", "grid", "morris", "sobol", "discovery")
DISTRIBUTIONS: Final = ("uniform", "log_uniform", "triangular", "table")

# A distribution without ends is taken between these of its quantiles where a range is needed.
TAILS: Final = (0.05, 0.95)
# Levels of a range that Morris' trajectories step between.
LEVELS: Final = 4

LEAST_LEVELS: Final = 2
LEAST_TRAJECTORIES: Final = 4
LEAST_BASE_SAMPLE: Final = 64
LEAST_FOR_BOXES: Final = 100
LEAST_FOR_BOXES_EACH: Final = 10  # runs for every parameter


class DesignError(ScenarioError):
    """A parameter cannot vary as it should.

    Attributes
    ----------
    problem : str
    found : str or None
    """

    def __init__(self, name: str, problem: str, found: str | None) -> None:
        self.problem, self.found = problem, found
        said = "" if found is None else say("faults.found", found=found)
        super().__init__(f"{name}: {problem}{said}")


@dataclass(frozen=True)
class Dimension:
    """The values one parameter may take, and how likely they are.

    Parameters
    ----------
    name : str
        What a fault is reported under.
    low, high : float
        Ends of the range.
    distribution : {"uniform", "log_uniform", "triangular", "table"}
        A ``table`` is given by its ``quantiles``.
    mode : float, optional
        Of a triangular distribution.
    choices : tuple of float
        Discrete values, equally likely; no and yes are 0 and 1. Kept in ascending order.
    quantiles : tuple of float
        Of a table: values at evenly spaced chances, half a step from 0 and 1, as sorted draws are.

    Raises
    ------
    DesignError
        On a range upside down, a distribution that does not fit it, or choices that are none.

    Examples
    --------
    >>> Dimension("pace", 0.5, 2.0, "log_uniform").at(np.array([0.0, 0.5, 1.0])).tolist()
    [0.5, 1.0, 2.0]
    >>> Dimension("built", choices=(0.0, 1.0)).at(np.array([0.2, 0.7])).tolist()
    [0.0, 1.0]
    """

    name: str
    low: float = 0.0
    high: float = 1.0
    distribution: str = "uniform"
    mode: float | None = None
    choices: tuple[float, ...] = ()
    quantiles: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "choices", tuple(sorted(float(v) for v in self.choices)))
        wrong = _discrete(self) if self.choices else _continuous(self)
        if wrong is not None:
            raise DesignError(self.name, *wrong)

    @property
    def ends(self) -> tuple[float, float]:
        """Low and high end of the range; of a table, its 5 % and 95 % quantiles."""
        low, high = self.across(np.array([0.0, 1.0]))
        return float(low), float(high)

    def at(self, chance: Array) -> Array:
        """Values not exceeded with a chance, by the parameter's distribution.

        Parameters
        ----------
        chance : ndarray
            0 to 1, any shape.
        """
        if self.choices:
            return np.asarray(self.choices)[self._choice(chance)]
        if self.distribution == "table":
            count = len(self.quantiles)
            return np.interp(chance, (np.arange(count) + 0.5) / count, self.quantiles)
        if self.distribution == "triangular":
            assert self.mode is not None
            below, width = self.mode - self.low, self.high - self.low
            rising = self.low + np.sqrt(chance * width * below)
            falling = self.high - np.sqrt((1.0 - chance) * width * (width - below))
            return np.where(chance * width < below, rising, falling)
        return self.across(chance)

    def across(self, share: Array) -> Array:
        """Values a share of the way through the range, whatever their likelihood.

        Parameters
        ----------
        share : ndarray
            0 at the low end, 1 at the high end, any shape.
        """
        if self.choices:
            return self.at(share)
        if self.distribution == "table":
            return self.at(TAILS[0] + share * (TAILS[1] - TAILS[0]))
        if self.distribution == "log_uniform":
            return self._within(self.low * (self.high / self.low) ** share)
        return self._within(self.low + share * (self.high - self.low))

    def snapped(self, share: Array) -> Array:
        """Shares of the way as they are once discrete values are chosen; of a range, unchanged."""
        if self.choices:
            return self._choice(share) / (len(self.choices) - 1)
        return share

    def _choice(self, share: Array) -> NDArray[np.intp]:
        # A third of three is the second choice, though it may fall short of one by a rounding.
        whole = np.floor(share * len(self.choices) + 1e-9).astype(np.intp)
        return np.minimum(whole, len(self.choices) - 1)

    def _within(self, values: Array) -> Array:
        """Values without the rounding that may take them beyond an end."""
        return np.clip(values, self.low, self.high)


# What is wrong with a dimension, and what was found.
_Wrong = tuple[str, str | None]


def _discrete(one: Dimension) -> _Wrong | None:
    if not all(map(isfinite, one.choices)):
        return say("sweeps.choice_not_finite"), None
    if len(set(one.choices)) < max(2, len(one.choices)):
        return say("sweeps.choices_twice"), _listed(one.choices)
    return None


def _continuous(one: Dimension) -> _Wrong | None:
    low, high, mode = one.low, one.high, one.mode
    if one.distribution not in DISTRIBUTIONS:
        return _missing("sweeps.distribution", one.distribution, DISTRIBUTIONS), None
    if one.distribution == "table":
        values = one.quantiles
        if len(values) < 2 or not all(map(isfinite, values)) or values != tuple(sorted(values)):
            return say("sweeps.quantiles_not_ascending"), None
        if values[0] == values[-1]:
            return say("sweeps.quantiles_equal", value=values[0]), None
        return None
    if not (isfinite(low) and isfinite(high)):
        found = say("sweeps.span", first=f"{low:g}", last=f"{high:g}")
        return say("sweeps.range_not_finite"), found
    if low >= high:
        found = say("sweeps.low_and_high", low=low, high=high)
        return say("sweeps.low_not_below_high"), found
    if one.distribution == "log_uniform" and low <= 0.0:
        return say("sweeps.log_uniform_not_above_zero"), f"{low:g}"
    if one.distribution == "triangular" and (mode is None or not low <= mode <= high):
        found = say("faults.none") if mode is None else f"{mode:g}"
        return say("sweeps.mode_outside", low=low, high=high), found
    return None


def _missing(what: str, word: str, known: Sequence[str]) -> str:
    allowed = among(known) + did_you_mean(word, known)
    problem = say("sweeps.no_such_word", what=say(what), word=word)
    return problem + say("faults.allowed", allowed=allowed)


def _listed(values: Sequence[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)


@dataclass(frozen=True)
class Design:
    """The runs of a sweep.

    Attributes
    ----------
    method : str
        One of `METHODS`.
    size : int
        As asked for: levels, trajectories, base sample or runs.
    second_order : bool
        Whether a Sobol' design holds what second-order indices need.
    values : ndarray, shape (run, parameter)
        In the parameters' own units.
    steps : ndarray, shape (run, parameter), or None
        Of Morris' trajectories: each value's share of the way through its range.
    """

    method: str
    size: int
    second_order: bool
    values: Array
    steps: Array | None = None


def smallest(method: str, count: int) -> int:
    """Return the smallest size a method makes sense with.

    Parameters
    ----------
    method : str
        One of `METHODS`.
    count : int
        Number of parameters.

    Returns
    -------
    int
        Levels of a grid, trajectories of Morris' method, base sample of Sobol's, runs of a
        discovery; 1 for one-at-a-time, whose size follows from the parameters.

    Raises
    ------
    ScenarioError
        On another method.

    Examples
    --------
    >>> [smallest(method, 12) for method in METHODS]
    [1, 2, 4, 64, 120]
    """
    _known(method)
    return {
        "one_at_a_time": 1,
        "grid": LEAST_LEVELS,
        "morris": LEAST_TRAJECTORIES,
        "sobol": LEAST_BASE_SAMPLE,
        "discovery": max(LEAST_FOR_BOXES, LEAST_FOR_BOXES_EACH * count),
    }[method]


def runs(method: str, size: int, dimensions: Sequence[Dimension], second_order: bool = True) -> int:
    """Return how many runs a design has, without making it.

    Parameters
    ----------
    method : str
        One of `METHODS`.
    size : int
        As in `sample`.
    dimensions : sequence of Dimension
        The parameters.
    second_order : bool
        Of a Sobol' design.

    Returns
    -------
    int

    Examples
    --------
    >>> runs("sobol", 4096, [Dimension(str(j)) for j in range(12)])
    106496
    """
    _known(method)
    count = len(dimensions)
    return {
        "one_at_a_time": 1 + 2 * count,
        "grid": prod(len(one.choices) or size for one in dimensions),
        "morris": size * (count + 1),
        "sobol": size * ((2 if second_order else 1) * count + 2),
        "discovery": size,
    }[method]


def sample(
    method: str,
    size: int,
    dimensions: Sequence[Dimension],
    seed: int,
    second_order: bool = True,
    base: ArrayLike | None = None,
) -> Design:
    """Lay out the runs of a sweep.

    A larger Morris or Sobol' design of the same seed begins with the smaller one.

    Parameters
    ----------
    method : {"one_at_a_time", "grid", "morris", "sobol", "discovery"}
        One-at-a-time: the base, then each parameter's low and high end. Grid: every combination of
        ``size`` values evenly through each range, and of all choices; the last parameter varies
        fastest. Morris: ``size`` trajectories of one step in each parameter. Sobol': Saltelli's
        scheme on a scrambled Sobol' sequence of ``size`` points, for each point A, one of AB for
        each parameter, one of BA for each where second order is wanted, B. Discovery: a Latin
        hypercube of ``size`` points.
    size : int
        As the method takes it.
    dimensions : sequence of Dimension
        The parameters.
    seed : int
        Of the random numbers.
    second_order : bool
        Of a Sobol' design.
    base : array_like, shape (parameter,), optional
        What one-at-a-time starts from, inside the ranges or not; their medians by default.

    Returns
    -------
    Design
        Values by run and parameter, and what made them.

    Raises
    ------
    ScenarioError
        On another method, no parameter, or a size the method cannot do with.

    Examples
    --------
    >>> both = [Dimension("a", 0.0, 2.0), Dimension("b", choices=(0.0, 1.0))]
    >>> sample("one_at_a_time", 1, both, seed=1, base=[1.0, 0.0]).values.tolist()
    [[1.0, 0.0], [0.0, 0.0], [2.0, 0.0], [1.0, 0.0], [1.0, 1.0]]
    >>> sample("grid", 3, both, seed=1).values.tolist()
    [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [2.0, 0.0], [2.0, 1.0]]
    """
    count = len(dimensions)
    check_size(method, size, count)
    steps = None
    if method == "one_at_a_time":
        values = _one_at_a_time(dimensions, base)
    elif method == "grid":
        shares = np.linspace(0.0, 1.0, size)
        levels = [one.choices or tuple(one.across(shares).tolist()) for one in dimensions]
        values = np.array(list(product(*levels)))
    elif method == "morris":
        made = trajectories.sample(
            _problem(count), size, num_levels=LEVELS, seed=_stream(seed, method)
        )
        steps = _by_dimension([one.snapped for one in dimensions], np.clip(made, 0.0, 1.0))
        values = _by_dimension([one.across for one in dimensions], steps)
    elif method == "sobol":
        made = saltelli.sample(
            _problem(count),
            size,
            calc_second_order=second_order,
            seed=np.random.default_rng(_stream(seed, method)),
        )
        values = _by_dimension([one.at for one in dimensions], made)
    else:
        from scipy.stats import qmc

        rng = np.random.default_rng(_stream(seed, method))
        made = qmc.LatinHypercube(count, rng=rng).random(size)
        values = _by_dimension([one.at for one in dimensions], made)
    return Design(method, size, method == "sobol" and second_order, values, steps)


def _known(method: str) -> None:
    if method not in METHODS:
        raise ScenarioError(_missing("sweeps.method", method, METHODS))


def check_size(method: str, size: int, count: int) -> None:
    """Refuse a design that its method cannot do with.

    Parameters
    ----------
    method : str
        One of `METHODS`.
    size : int
        As in `sample`.
    count : int
        Of the parameters.

    Raises
    ------
    ScenarioError
        On another method, no parameter, or a size that is too small or does not fit.
    """
    _known(method)
    if count == 0:
        raise ScenarioError(say("sweeps.no_parameter"))
    least = smallest(method, count)
    if size < least:
        raise ScenarioError(
            say("sweeps.design_too_small", method=method, count=count, size=size, least=least)
        )
    if method == "sobol" and size & (size - 1):
        lower = 1 << (size.bit_length() - 1)
        raise ScenarioError(say("sweeps.no_power_of_two", size=size, lower=lower, higher=2 * lower))


def _one_at_a_time(dimensions: Sequence[Dimension], base: ArrayLike | None) -> Array:
    medians = [float(one.at(np.array(0.5))) for one in dimensions]
    start = np.array(medians if base is None else base, dtype=float)
    values = np.tile(start, (1 + 2 * len(dimensions), 1))
    for j, one in enumerate(dimensions):
        values[1 + 2 * j, j], values[2 + 2 * j, j] = one.ends
    return values


def _by_dimension(functions: Sequence[Callable[[Array], Array]], table: Array) -> Array:
    """Return a table with each column put through its own function."""
    return np.column_stack([function(table[:, j]) for j, function in enumerate(functions)])


def _stream(seed: int, method: str) -> np.random.SeedSequence:
    return np.random.SeedSequence(seed, spawn_key=(zlib.crc32(f"design/{method}".encode()),))


def _problem(count: int) -> dict[str, object]:
    """Return what SALib takes: numbers between 0 and 1."""
    names = [str(j) for j in range(count)]
    return {"num_vars": count, "names": names, "bounds": [[0.0, 1.0]] * count}
