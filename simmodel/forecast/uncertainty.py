"""Draws: named random streams, and how uncertain the years after the last observation are."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv, ndtr, ndtri

from .pooling import Departure, Pooling, integrated

Array = NDArray[np.float64]

# Draws are made and projected in blocks of this size, always whole, so that a draw is the same
# whatever the size of the ensemble.
BLOCK = 1024

# Units differ in their variance; the scale of none is taken to be more than so many times the
# spread of its level.
LARGEST_SCALE_MULTIPLIER = 5.0
# Years after the base over which a region's mean pace is expected to be what pooling makes it.
POOLED_YEARS = 10
# Deviations are taken as shares of the expected pace, of at least this share of the parent's.
LEAST_PACE_SHARE = 0.2
# Spread of arrivals and urban departures (at once, where they are not observed), and of fertility
# and mortality (growing over 15 years).
CROSSING_SPREAD, FERTILITY_SPREAD, MORTALITY_SPREAD = 0.3, 0.25, 0.08
GROWING_YEARS = 15.0
# Blocks of draws that tell the distribution of a region's mean pace.
QUANTILE_BLOCKS = 16


def standard_normal(seed: int, name: str, block: int, shape: Sequence[int]) -> Array:
    """Standard normal numbers of the stream ``name`` in one block of draws.

    Parameters
    ----------
    seed : int
        Of the ensemble.
    name : str
        What the numbers are for; another name gives independent numbers.
    block : int
        Which block of `BLOCK` draws.
    shape : sequence of int
        Leading axes; the draw axis of length `BLOCK` is added.

    Returns
    -------
    ndarray, shape (leading axes, BLOCK)
    """
    sequence = np.random.SeedSequence(seed, spawn_key=(zlib.crc32(name.encode()), block))
    return np.random.default_rng(sequence).standard_normal((*shape, BLOCK))


@dataclass(frozen=True)
class PaceNoise:
    """How a region's pace deviates from what is expected of it.

    Attributes
    ----------
    region : str
    root : ndarray, shape (year, year)
        Lower triangular; times its transpose, the covariance of the deviation by year, as a share
        of the expected pace.
    degrees_of_freedom : float
        Degrees of freedom of Student's t.
    shape : ndarray, shape (year,)
        Expected pace by year over its mean of the first `POOLED_YEARS`: departures fade.
    """

    region: str
    root: Array
    degrees_of_freedom: float
    shape: Array

    @classmethod
    def of(
        cls, region: str, departure: Departure, annual: Array, years: int, known: int = 0
    ) -> PaceNoise:
        """Deviation of a region from what is expected of it beside its parent.

        ``annual`` is the covariance of what annual figures deviate further, (year, year); zeros
        where censuses are forecast. In the first ``known`` years figures of its own tell the pace:
        it does not deviate, and is carried on.
        """
        pace = np.maximum(1.0 + departure.mean, LEAST_PACE_SHARE)
        covariance = departure.covariance + annual
        covariance = (covariance / np.outer(pace, pace))[:years, :years]
        unknown = (np.arange(years) >= known).astype(float)
        covariance *= np.outer(unknown, unknown)
        shape = np.ones(pace.size) if known > 0 else pace / pace[:POOLED_YEARS].mean()
        return cls(region, _root(covariance), departure.degrees_of_freedom, shape[:years])

    @classmethod
    def beyond(
        cls, region: str, pooling: Pooling, annual: Array, record: tuple[int, int], years: int
    ) -> PaceNoise:
        """Deviation of a region from its own mean pace of the latest years it is known of.

        Parameters
        ----------
        region : str
        pooling : Pooling
        annual : ndarray, shape (year, year)
            Covariance of what annual figures deviate further.
        record : (int, int)
            First and last of the years known, from the base: (0, 4) where four annual figures
            followed it, (-10, 0) where the last two censuses lie ten years apart.
        years : int
        """
        at = np.arange(years, dtype=float)
        first, last = (np.array([float(year)]) for year in record)
        span = last - first
        yearly = integrated(pooling.memory, at, at + 1.0, at, at + 1.0)
        beside = integrated(pooling.memory, at, at + 1.0, first, last) / span
        mean = integrated(pooling.memory, first, last, first, last) / span**2
        unknown = (at >= record[1]).astype(float)
        covariance = pooling.spread**2 * (yearly - beside - beside.T + mean) + annual
        return cls(
            region,
            _root(covariance * np.outer(unknown, unknown)),
            pooling.degrees_of_freedom,
            np.ones(years),
        )

    @property
    def unknown(self) -> NDArray[np.bool_]:
        """Whether the pace of each year deviates, (year,)."""
        return np.asarray(np.diag(self.root) > 0.0)

    def first(self, years: int) -> PaceNoise:
        """The same deviation, of fewer years."""
        return replace(self, root=self.root[:years, :years], shape=self.shape[:years])

    def factors(self, seed: int, block: int) -> Array:
        """Factor on the pace in each year and draw, without its shape, (year, draw)."""
        years = self.root.shape[0]
        normal = self.root @ standard_normal(seed, f"pace/{self.region}", block, (years,))
        chance = ndtr(standard_normal(seed, f"steadiness/{self.region}", block, ()))
        chi_squared = 2.0 * gammaincinv(self.degrees_of_freedom / 2.0, chance)
        scale_multiplier = np.sqrt(self.degrees_of_freedom / chi_squared)
        deviation = np.minimum(scale_multiplier, LARGEST_SCALE_MULTIPLIER) * normal
        # Upward as it is; downward bent, so that no pace turns negative.
        bent = np.exp(np.minimum(deviation, 0.0))
        return np.asarray(np.where(deviation > 0.0, 1.0 + deviation, bent))


def _root(covariance: Array) -> Array:
    """Triangular root of a covariance that may have years without any variance."""
    live = np.diag(covariance) > 0.0
    root = np.zeros_like(covariance)
    if live.any():
        part = covariance[np.ix_(live, live)]
        jitter = 1e-12 * np.trace(part) / len(part) * np.eye(len(part))
        root[np.ix_(live, live)] = np.linalg.cholesky(part + jitter)
    return root


# Uncertain quantities of the years after the base that may be held at a stated value, beside the
# parameters.
FACTORS = ("pace", "arrivals_factor", "departure_factor", "fertility_factor", "mortality_factor")

# Values of such quantities, the same in all draws or one a draw, by region and name.
Held = Mapping[str, Mapping[str, float | Array]]


def pace_factors(
    seed: int,
    block: int,
    lineage: Sequence[PaceNoise],
    years: int,
    held: Held = MappingProxyType({}),
) -> Mapping[str, Array]:
    """Uncertain factors on the levels of the years after the base.

    Parameters
    ----------
    seed, block : int
        Of the ensemble, and which block of draws.
    lineage : sequence of PaceNoise
        Of the region itself and of all it belongs to: what happens to the nation's pace happens to
        all its regions in the same draw.
    years : int
        Calendar years projected.
    held : mapping of str to mapping of str to float or ndarray, shape (draw,)
        Quantities of `FACTORS` that are not drawn but stated, as in `held_factors`.

    Returns
    -------
    mapping of str to ndarray, shape (year, draw)
        ``exit``, ``departure``, ``arrivals``, ``reclassification``, ``fertility``,
        ``mortality``; one draw standing for all where nothing of a factor is drawn.
    """
    own = lineage[0]
    stated = held_factors(lineage, years, held)
    pace = own.shape[:, None]
    for noise in lineage:
        if "pace" not in held.get(noise.region, {}):
            pace = pace * noise.factors(seed, block)
    factors = {"exit": pace, "reclassification": pace}
    for name in ("arrivals", "departure"):
        factors[name] = np.ones((years, 1))
        if name not in stated:
            crossing = standard_normal(seed, f"{name}/{own.region}", block, ())
            factors[name] = np.exp(CROSSING_SPREAD * own.unknown[:, None] * crossing)
    # Shared by the regions of a province.
    top = lineage[-2].region if len(lineage) > 1 else own.region
    for name, spread in (("fertility", FERTILITY_SPREAD), ("mortality", MORTALITY_SPREAD)):
        factors[name] = np.ones((years, 1))
        if name not in stated:
            normal = standard_normal(seed, f"{name}/{top}", block, ())
            factors[name] = np.exp(spread * growing(years)[:, None] * normal)
    return factors | {name: factors[name] * factor for name, factor in stated.items()}


def growing(years: int) -> Array:
    """How much of its final spread on the log scale a factor has in each year.

    Parameters
    ----------
    years : int
        How many, from the year after the base.

    Returns
    -------
    ndarray, shape (year,)
        0 to 1.
    """
    return np.asarray(np.minimum((np.arange(years) + 1.0) / GROWING_YEARS, 1.0))


def held_factors(lineage: Sequence[PaceNoise], years: int, held: Held) -> dict[str, Array]:
    """Stated quantities as factors on the levels of a region.

    Parameters
    ----------
    lineage : sequence of PaceNoise
        Of the region itself and of all it belongs to.
    years : int
    held : mapping of str to mapping of str to float or ndarray, shape (draw,)
        By region and name of `FACTORS`. A ``pace`` holds in every year that is not known, for the
        region and all inside it; ``arrivals_factor`` and ``departure_factor`` likewise, for the
        region alone. ``fertility_factor`` and ``mortality_factor`` grow as the draws do, so that
        the value stated is reached after `GROWING_YEARS`; the nearest region that states one
        counts.

    Returns
    -------
    dict of str to ndarray, shape (year, draw) or (year, 1)
        Under the names of `pace_factors`; what nothing is stated of is left out.

    Examples
    --------
    >>> noise = PaceNoise("east", np.diag([0.0, 0.1]), 3.0, np.ones(2))
    >>> held_factors([noise], 2, {"east": {"pace": 1.2}})["exit"].ravel()
    array([1. , 1.2])
    """
    found: dict[str, Array] = {}
    paces = [
        np.where(noise.unknown[:, None], held[noise.region]["pace"], 1.0)
        for noise in lineage
        if "pace" in held.get(noise.region, {})
    ]
    if paces:
        found["exit"] = found["reclassification"] = reduce(np.multiply, paces)
    own = lineage[0]
    for name in ("arrivals", "departure"):
        value = held.get(own.region, {}).get(f"{name}_factor")
        if value is not None:
            found[name] = np.where(own.unknown[:, None], value, 1.0)
    for name in ("fertility", "mortality"):
        stated = [held.get(noise.region, {}).get(f"{name}_factor") for noise in lineage]
        nearest = next((value for value in stated if value is not None), None)
        if nearest is not None:
            found[name] = nearest ** growing(years)[:, None]
    return found


def factor_quantiles(name: str, noise: PaceNoise, share: Array) -> Array:
    """Values of an uncertain factor below which given shares of its draws lie.

    Parameters
    ----------
    name : str
        One of `FACTORS`. Of a ``pace``, which varies from year to year, the mean over the years
        not known; of fertility and mortality the value reached after `GROWING_YEARS`.
    noise : PaceNoise
        Of the region it belongs to.
    share : ndarray, any shape
        Between 0 and 1.

    Returns
    -------
    ndarray, shape of ``share``
        Multipliers.
    """
    if name != "pace":
        spread = {
            "arrivals_factor": CROSSING_SPREAD,
            "departure_factor": CROSSING_SPREAD,
            "fertility_factor": FERTILITY_SPREAD,
            "mortality_factor": MORTALITY_SPREAD,
        }[name]
        return np.asarray(np.exp(spread * ndtri(share)))
    # No closed form; the same numbers whatever the seed of the ensemble.
    blocks = [noise.factors(0, block)[noise.unknown] for block in range(QUANTILE_BLOCKS)]
    means = np.sort(np.concatenate([block.mean(axis=0) for block in blocks]))
    return np.asarray(np.interp(share, (np.arange(means.size) + 0.5) / means.size, means))
