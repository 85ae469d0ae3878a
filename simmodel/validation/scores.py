"""How well forecasts agreed with what was counted: errors, coverage and how sure those are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .forecasts import LEVELS, Forecast

Array = NDArray[np.float64]

POINTS: Final = 100.0  # percentage points in a share of one
CENTRAL: Final = {"80": (0.10, 0.90), "95": (0.025, 0.975)}  # ends of the central intervals
BOOTSTRAP_ENDS: Final = (5.0, 95.0)  # percentiles: a 90 % interval
SEED: Final = 2020
RESAMPLES: Final = 2000
# In the order of a table; those of intervals are unknown for point forecasts.
MEASURES: Final = (
    "mae",
    "rmse",
    "bias",
    "crps",
    "coverage80",
    "coverage95",
    "width80",
    "width95",
)


@dataclass(frozen=True)
class Scored:
    """A forecast of one unit beside what was counted.

    Attributes
    ----------
    method, unit : str
    block : str
        What the unit is resampled with, such as its parent: its units share their shocks.
    observed : float
        Urbanization rate counted, a share.
    forecast : Forecast
    """

    method: str
    unit: str
    block: str
    observed: float
    forecast: Forecast


@dataclass(frozen=True)
class Score:
    """How well one method did, over all units it could forecast.

    Attributes
    ----------
    method : str
    n : int
        Units.
    mae, rmse, bias : float
        Of the median against the count, percentage points; the bias of forecasts too high is
        positive.
    crps : float
        Continuous ranked probability score, percentage points; the absolute error of a point
        forecast.
    coverage80, coverage95 : float or None
        Share of units counted within the central 80 % and 95 % intervals; None for point forecasts.
    width80, width95 : float or None
        Mean width of these intervals, percentage points; None for point forecasts.
    pit : tuple of float
        By unit, in the order given: the level of the forecast at which the count lies, zero or one
        beyond its ends; empty for point forecasts.
    intervals : mapping of str to (float, float)
        Bootstrap intervals (90 %) by name of the measure; empty for a single unit.
    block : str
        What was resampled: ``block``, or ``unit`` where all units are of one block.
    blocks : int
        How many there are of these.
    """

    method: str
    n: int
    mae: float
    rmse: float
    bias: float
    crps: float
    coverage80: float | None
    coverage95: float | None
    width80: float | None
    width95: float | None
    pit: tuple[float, ...]
    intervals: Mapping[str, tuple[float, float]]
    block: str
    blocks: int


@dataclass(frozen=True)
class CrpsDifference:
    """Mean difference in CRPS between two methods on the units both could forecast.

    Attributes
    ----------
    first, second : str
        Methods; the difference is negative where the first is better.
    n : int
        Units.
    mean : float
        Percentage points.
    interval : (float, float) or None
        Bootstrap interval (90 %), percentage points; None for a single unit.
    block : str
        What was resampled, as in `Score`.
    """

    first: str
    second: str
    n: int
    mean: float
    interval: tuple[float, float] | None
    block: str


def score(scored: Sequence[Scored], *, seed: int = SEED, resamples: int = RESAMPLES) -> Score:
    """Score the forecasts of one method.

    Parameters
    ----------
    scored : sequence of Scored
        Of one method, a unit once; their order does not matter to any score.
    seed : int
        Of the bootstrap.
    resamples : int
        Of the bootstrap.

    Returns
    -------
    Score
        With 90 % bootstrap intervals of its measures.

    Raises
    ------
    ValueError
        If there is nothing to score, more than one method, a unit twice, or a count that is not
        finite.

    Notes
    -----
    Units of a block share their shocks, so blocks are resampled whole: a province with all its
    prefectures. Where all units are of one block, units are resampled, which makes intervals too
    narrow; ``block`` then says ``unit``.
    """
    _check(scored)
    ordered = sorted(scored, key=lambda one: (one.block, one.unit))
    by_unit = _by_unit(ordered)
    names, values = list(by_unit), np.column_stack(list(by_unit.values()))
    kind, blocks = _blocks(ordered)
    means = dict(zip(names, _roots(names, values.mean(axis=0)).tolist(), strict=True))
    intervals = {}
    if len(ordered) > 1:
        ends = _interval(_roots(names, _resampled_means(values, blocks, seed, resamples)))
        pairs = zip(names, ends.T.tolist(), strict=True)
        intervals = {name: (low, high) for name, (low, high) in pairs}
    return Score(
        method=ordered[0].method,
        n=len(ordered),
        mae=means["mae"],
        rmse=means["rmse"],
        bias=means["bias"],
        crps=means["crps"],
        coverage80=means.get("coverage80"),
        coverage95=means.get("coverage95"),
        width80=means.get("width80"),
        width95=means.get("width95"),
        pit=() if _any_point(scored) else tuple(map(level_of_count, scored)),
        intervals=intervals,
        block=kind,
        blocks=int(blocks.max()) + 1,
    )


def difference(
    first: Sequence[Scored],
    second: Sequence[Scored],
    *,
    seed: int = SEED,
    resamples: int = RESAMPLES,
) -> CrpsDifference:
    """Compare two methods by the mean difference of their CRPS, unit by unit.

    Parameters
    ----------
    first, second : sequence of Scored
        Of one method each; units of only one of them are left aside.
    seed, resamples : int
        Of the bootstrap, as in `score`.

    Returns
    -------
    CrpsDifference
        First less second, percentage points; negative where the first is better.

    Raises
    ------
    ValueError
        As in `score`, and if the two have no unit in common.
    """
    for scored in (first, second):
        _check(scored)
    others = {one.unit: one for one in second}
    pairs = [(one, others[one.unit]) for one in first if one.unit in others]
    if not pairs:
        raise ValueError(f"{first[0].method} and {second[0].method} have no unit in common")
    pairs.sort(key=lambda pair: (pair[0].block, pair[0].unit))
    gaps = np.array([[crps(one) - crps(other)] for one, other in pairs])
    kind, blocks = _blocks([one for one, _ in pairs])
    interval = None
    if len(pairs) > 1:
        low, high = _interval(_resampled_means(gaps, blocks, seed, resamples))[:, 0]
        interval = (float(low), float(high))
    return CrpsDifference(
        first=first[0].method,
        second=second[0].method,
        n=len(pairs),
        mean=float(gaps.mean()),
        interval=interval,
        block=kind,
    )


def crps(scored: Scored) -> float:
    """Continuous ranked probability score of one forecast, percentage points.

    The integral of the squared distance between the distribution forecast and a step at the count,
    which is twice the pinball loss integrated over all levels; here its mean over
    `forecasts.LEVELS`. Of a point forecast, the same at all levels, it is the absolute error.

    Parameters
    ----------
    scored : Scored
        A forecast beside its count.

    Returns
    -------
    float
        Percentage points.
    """
    levels = np.array(LEVELS)
    quantiles = np.interp(levels, scored.forecast.levels, scored.forecast.rate)
    short = scored.observed - quantiles
    pinball = np.where(short >= 0, levels * short, (levels - 1) * short)
    return float(2 * POINTS * pinball.mean())


def level_of_count(scored: Scored) -> float:
    """Level of a forecast at which the count lies: zero or one beyond its ends.

    Uniform over units where the method is calibrated (probability integral transform). Where the
    forecast has the count at several levels, the highest of them.

    Parameters
    ----------
    scored : Scored
        A forecast beside its count.

    Returns
    -------
    float
        0 to 1.
    """
    forecast = scored.forecast
    return float(np.interp(scored.observed, forecast.rate, forecast.levels, left=0.0, right=1.0))


def as_rows(scores: Sequence[Score]) -> tuple[list[str], list[dict[str, object]]]:
    """Turn scores into a table: names of the columns, and a row for each method.

    Each measure is followed by the ends of its interval, ``<measure>_low`` and ``<measure>_high``;
    what is unknown is None. Numbers are plain, as JSON and CSV take them.

    Parameters
    ----------
    scores : sequence of Score
        One a method.

    Returns
    -------
    tuple of (list of str, list of dict)
        Names of the columns, and the rows.
    """
    columns = ["method", "n", "block", "blocks"]
    columns += [f"{name}{end}" for name in MEASURES for end in ("", "_low", "_high")]
    return columns, [_row(one) for one in scores]


def _row(one: Score) -> dict[str, object]:
    row: dict[str, object] = {
        "method": one.method,
        "n": one.n,
        "block": one.block,
        "blocks": one.blocks,
    }
    for name in MEASURES:
        row[name] = getattr(one, name)
        row[f"{name}_low"], row[f"{name}_high"] = one.intervals.get(name, (None, None))
    return row


def _check(scored: Sequence[Scored]) -> None:
    """Refuse what has no score, or would be counted twice."""
    if not scored:
        raise ValueError("no forecasts to score")
    methods = sorted({one.method for one in scored})
    if len(methods) > 1:
        raise ValueError(f"forecasts of one method are scored at a time; found {methods}")
    if len({one.unit for one in scored}) < len(scored):
        raise ValueError(f"{methods[0]}: a unit is scored once; found one twice")
    for one in scored:
        if not np.isfinite(one.observed):
            raise ValueError(f"{one.unit}: the observed rate is {one.observed}")


def _any_point(scored: Sequence[Scored]) -> bool:
    return any(len(one.forecast.levels) == 1 for one in scored)


def _by_unit(scored: Sequence[Scored]) -> dict[str, Array]:
    """Measures by unit; their means are the scores, once the root of ``rmse`` is taken."""
    observed = np.array([one.observed for one in scored])
    error = POINTS * (np.array([one.forecast.quantile(0.5) for one in scored]) - observed)
    by_unit = {
        "mae": np.abs(error),
        "rmse": error**2,
        "bias": error,
        "crps": np.array([crps(one) for one in scored]),
    }
    if _any_point(scored):
        return by_unit
    for name, levels in CENTRAL.items():
        low, high = (np.array([one.forecast.quantile(end) for one in scored]) for end in levels)
        by_unit[f"coverage{name}"] = ((low <= observed) & (observed <= high)).astype(float)
        by_unit[f"width{name}"] = POINTS * (high - low)
    return by_unit


def _roots(names: Sequence[str], means: Array) -> Array:
    """Take the root of the mean square, shape (..., measure)."""
    rooted, square = means.copy(), names.index("rmse")
    rooted[..., square] = np.sqrt(means[..., square])
    return rooted


def _blocks(scored: Sequence[Scored]) -> tuple[str, NDArray[np.int64]]:
    """What is resampled, and the number of each unit's block."""
    names, numbers = np.unique([one.block for one in scored], return_inverse=True)
    if len(names) == 1:
        return "unit", np.arange(len(scored))
    return "block", numbers


def _resampled_means(values: Array, blocks: NDArray[np.int64], seed: int, resamples: int) -> Array:
    """Means over blocks drawn with replacement, shape (resample, measure).

    Parameters
    ----------
    values : ndarray, shape (unit, measure)
    blocks : ndarray, shape (unit,)
        Number of each unit's block, from zero.
    """
    count = int(blocks.max()) + 1
    sums = np.zeros((count, values.shape[1] + 1))
    np.add.at(sums, blocks, np.column_stack([values, np.ones(len(values))]))
    generator = np.random.default_rng(np.random.SeedSequence(seed))
    times = generator.multinomial(count, np.full(count, 1 / count), size=resamples).astype(float)
    # Not a matrix product: its order of sums, so its last bits, may depend on the machine.
    totals = np.einsum("rb,bm->rm", times, sums)
    return np.asarray(totals[:, :-1] / totals[:, -1:])


def _interval(resampled: Array) -> Array:
    """Ends of the bootstrap intervals, shape (end, measure)."""
    return np.asarray(np.percentile(resampled, BOOTSTRAP_ENDS, axis=0))
