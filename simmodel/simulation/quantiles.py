"""Means and quantiles of an ensemble that comes in blocks of draws: exact, or by a sketch."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

# Largest relative error of a quantile from `Sketch`: 0.05 %, or 0.03 points of a rate of 50 %.
RELATIVE_ERROR = 5e-4


class Summary(Protocol):
    """Something that takes draws in blocks and knows their mean and quantiles."""

    def add(self, values: Array) -> None:
        """Take a block of draws, shape (..., draw)."""

    def mean(self) -> Array:
        """Mean over all draws taken, shape (...)."""

    def quantiles(self, shares: ArrayLike) -> Array:
        """Quantiles over all draws taken, shape (..., quantile)."""


class Exact:
    """All draws kept; quantiles interpolated between neighbours as `numpy.quantile` does."""

    def __init__(self) -> None:
        self._blocks: list[Array] = []

    def add(self, values: Array) -> None:
        """Take a block of draws, shape (..., draw)."""
        self._blocks.append(values)

    def all(self) -> Array:
        """Every draw, shape (..., draw)."""
        if len(self._blocks) > 1:
            self._blocks = [np.concatenate(self._blocks, axis=-1)]
        return self._blocks[0]

    def mean(self) -> Array:
        """Mean over all draws taken, shape (...)."""
        return np.asarray(self.all().mean(axis=-1))

    def quantiles(self, shares: ArrayLike) -> Array:
        """Quantiles over all draws taken, shape (..., quantile)."""
        return np.moveaxis(np.quantile(self.all(), np.asarray(shares), axis=-1), 0, -1)


class Sketch:
    """Counts of draws in bins that each span twice `RELATIVE_ERROR`: memory does not grow.

    A quantile is the middle of the bin that holds it, so that it is off by at most
    `RELATIVE_ERROR` of itself; a value of zero is exact. Means are exact. After Masson, Rim and Lee
    (2019), DDSketch, PVLDB 12(12).

    Parameters
    ----------
    nil : float
        Smaller sizes are counted as zero: what passes through zero would need a bin for every size.
    """

    def __init__(self, nil: float = 0.0) -> None:
        self._nil = nil
        self._width = np.log1p(RELATIVE_ERROR) - np.log1p(-RELATIVE_ERROR)
        self._first = 0  # which bin the first column of the counts is
        # Four bytes count two billion draws.
        self._counts: NDArray[np.int32] | None = None
        self._zeros: NDArray[np.int64] | None = None
        self._negative: Sketch | None = None
        self._sum: Array | None = None
        self._draws = 0
        self._shape: tuple[int, ...] = ()

    def add(self, values: Array) -> None:
        """Take a block of draws, shape (..., draw)."""
        if self._counts is None:
            self._shape = values.shape[:-1]
            cells = int(np.prod(self._shape))
            self._zeros = np.zeros(cells, dtype=np.int64)
            self._counts = np.zeros((cells, 0), dtype=np.int32)
            self._sum = np.zeros(self._shape)
        assert self._zeros is not None
        assert self._sum is not None
        self._draws += values.shape[-1]
        self._sum += values.sum(axis=-1)
        flat = values.reshape(-1, values.shape[-1])
        if self._nil:
            flat = np.where(np.abs(flat) < self._nil, 0.0, flat)
        self._zeros += (flat == 0).sum(axis=1)
        self._fill(flat)
        if self._negative is not None or (flat < 0).any():
            if self._negative is None:
                self._negative = Sketch(self._nil)
            self._negative.add(np.where(flat < 0, -flat, 0.0))

    def _fill(self, flat: Array) -> None:
        assert self._counts is not None
        positive = np.flatnonzero(flat > 0)
        if not positive.size:
            return
        place = np.floor(np.log(flat.ravel()[positive]) / self._width).astype(np.int64)
        self._reach(int(place.min()), int(place.max()))
        # One index into the counts laid out in a row: much faster than one for each axis.
        size = self._counts.shape[1]
        place += positive // flat.shape[1] * size - self._first
        np.add.at(self._counts.reshape(-1), place, np.int32(1))

    def _reach(self, low: int, high: int) -> None:
        """Make room for the bins from ``low`` to ``high``, with some to spare."""
        assert self._counts is not None
        size = self._counts.shape[1]
        if size and self._first <= low and high < self._first + size:
            return
        spare = max((high - low) // 4, 64)
        first = low - spare if not size else min(low - spare, self._first)
        last = high + spare if not size else max(high + spare, self._first + size - 1)
        if size:
            first = self._first if low >= self._first else first
            last = self._first + size - 1 if high < self._first + size else last
        wider = np.zeros((self._counts.shape[0], last - first + 1), dtype=np.int32)
        if size:
            wider[:, self._first - first : self._first - first + size] = self._counts
        self._counts, self._first = wider, first

    def mean(self) -> Array:
        """Mean over all draws taken, shape (...)."""
        assert self._sum is not None
        return np.asarray(self._sum / self._draws)

    def quantiles(self, shares: ArrayLike) -> Array:
        """Quantiles over all draws taken, shape (..., quantile)."""
        wanted = np.atleast_1d(np.asarray(shares, dtype=float))
        ranks = np.rint(wanted * (self._draws - 1)).astype(np.int64)
        columns = [self._at(np.full(int(np.prod(self._shape)), rank)) for rank in ranks]
        assert self._sum is not None
        unknown = np.isnan(self._sum.ravel())  # not a number in any draw, as `numpy.quantile`
        columns = [np.where(unknown, np.nan, column) for column in columns]
        return np.stack(columns, axis=-1).reshape(*self._shape, wanted.size)

    def _at(self, rank: NDArray[np.int64]) -> Array:
        """Value at a rank of each cell, counted from the lowest, shape (cell,)."""
        assert self._counts is not None
        assert self._zeros is not None
        out = np.zeros(rank.size)
        below = np.zeros_like(rank)
        if self._negative is not None:
            assert self._negative._zeros is not None
            below = self._negative._draws - self._negative._zeros
            # The lowest is the largest of the mirrored; zeros are in front of them there.
            mirrored = self._negative._at(self._negative._draws - 1 - rank)
            out = np.where(rank < below, -mirrored, out)
        above = rank - below - self._zeros
        size = self._counts.shape[1]
        for cell in np.flatnonzero(above >= 0):
            place = int(np.searchsorted(np.cumsum(self._counts[cell]), above[cell], side="right"))
            place = self._first + min(place, size - 1)
            # The value off by the same share from both ends of its bin.
            out[cell] = 2.0 * np.exp((place + 1) * self._width) / (1.0 + np.exp(self._width))
        return out
