"""How fast regions have urbanized, and where a pace stands among them.

China's prefectures are known over one decade, 2010 to 2020: its fastest, with reclassification
inside. What passes beside them passes a generous gate. A mean of ten years also varies less than
one of five: a pace asked for over a shorter time may look rarer than it is. Counties have no table
of their own and are compared with prefectures. The largest pace is one region's, and among
countries may be a war or a new definition; the 90th percentile is the firmer bound.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, NoReturn

import numpy as np
from numpy.typing import NDArray

from ..errors import ScenarioError, SeedError, among, did_you_mean, shown
from ..inputs.seed_folder import read_beside
from ..texts import Bilingual, bilingual, say

Array = NDArray[np.float64]

NAME: Final = "experience.json"
PERCENTS: Final = tuple(range(101))
# Which reference a region of a level is compared with.
REFERENCE_OF: Final = {
    "nation": "country_10",
    "province": "province",
    "prefecture": "prefecture",
    "county": "prefecture",
}
WINDOWS: Final = {5: "country_5", 10: "country_10", 15: "country_15"}
REFERENCES: Final = ("prefecture", "province", *WINDOWS.values())
# Paces over fewer years than half the shortest window, or more than one and a half times the
# longest, are like none of them.
COMPARABLE: Final = (2.5, 22.5)
# Far beyond any pace: points a year, and growth a year.
LARGEST: Final = {"points": 100.0, "growth": 10.0}
BAND_KEYS: Final = ("from", "to", "count", "units", "points", "growth")
KEYS: Final = ("years", "en", "zh", "made", "bands")


@dataclass(frozen=True, slots=True)
class PercentileRank:
    """Where a pace stands among what regions have done.

    Attributes
    ----------
    points_percentile, growth_percentile : float or None
        Share of the reference that moved no faster, 0 to 100; None where the pace was not given
        or the reference has none.
    fastest_points, usual_points : float
        Largest and median pace of the reference, percentage points a year.
    fastest_growth, usual_growth : float or None
        The same of the growth of the urban population, 0.03 for 3 % a year.
    count : int
        Regions, or windows of them, in the reference.
    reference : Bilingual
        What the reference is.
    """

    points_percentile: float | None
    growth_percentile: float | None
    fastest_points: float
    fastest_growth: float | None
    usual_points: float
    usual_growth: float | None
    count: int
    reference: Bilingual


@dataclass(frozen=True, eq=False, slots=True)
class Reference:
    """What regions that started from like shares have done.

    Attributes
    ----------
    low, high : float
        Bounds of the share they started from, 0 to 1.
    years : int
        Over how many years their pace is the mean.
    count, units : int
        Windows, and regions among them.
    points : ndarray, shape (101,)
        Percentiles 0 to 100 of percentage points a year.
    growth : ndarray, shape (101,), or None
        Percentiles of the yearly growth of the urban population, a share; None where unknown.
    words : Bilingual
        What they are.
    """

    low: float
    high: float
    years: int
    count: int
    units: int
    points: Array
    growth: Array | None
    words: Bilingual

    def standing(
        self, *, points: float | None = None, growth: float | None = None
    ) -> PercentileRank:
        """Return where a pace stands: points a year, and growth of the urban population a year."""
        return PercentileRank(
            None if points is None else float(percentile(self.points, points)),
            None
            if growth is None or self.growth is None
            else float(percentile(self.growth, growth)),
            float(self.points[-1]),
            None if self.growth is None else float(self.growth[-1]),
            float(self.points[50]),
            None if self.growth is None else float(self.growth[50]),
            self.count,
            self.words,
        )

    def rank(self, points: Array) -> Array:
        """Return where paces stand, 0 to 100, and how far those beyond the fastest are.

        As `percentile`, but beyond the fastest 100 times the pace over it: a field of these has its
        line at 100 where a region would pass the fastest.

        Parameters
        ----------
        points : ndarray
            Points a year; NaN stays NaN.
        """
        return rank(self.points, points)


def rank(quantiles: Array, paces: Array) -> Array:
    """Return where paces stand among percentiles: see `Reference.rank`.

    Examples
    --------
    >>> rank(np.linspace(0.0, 2.0, 101), np.array([0.5, 3.0])).tolist()
    [25.0, 150.0]
    """
    paces, fastest = np.asarray(paces, dtype=float), quantiles[-1]
    return np.where(paces > fastest, 100.0 * paces / fastest, percentile(quantiles, paces))


def percentile(quantiles: Array, value: float | Array) -> Array:
    """Return the share of a reference, 0 to 100, that moved no faster than ``value``.

    Linear between the percentiles; below the smallest 0, from the largest on 100; NaN stays NaN.

    Parameters
    ----------
    quantiles : ndarray, shape (101,)
        Percentiles 0 to 100, none below the one before.
    value : float or ndarray
        Paces in the unit of the quantiles.

    Returns
    -------
    ndarray
        Of the shape of ``value``.

    Examples
    --------
    >>> paces = np.linspace(0.0, 2.0, 101)  # points a year, evenly
    >>> percentile(paces, np.array([-0.1, 0.5, 1.01, 2.0, 3.0])).tolist()
    [0.0, 25.0, 50.5, 100.0, 100.0]
    """
    return np.asarray(np.interp(value, quantiles, PERCENTS), dtype=float)


@dataclass(frozen=True, eq=False, slots=True)
class HistoricalRates:
    """All references, each by bands of the starting share.

    Attributes
    ----------
    references : mapping of str to tuple of Reference
        ``prefecture``, ``province``, ``country_5``, ``country_10``, ``country_15``.
    """

    references: Mapping[str, tuple[Reference, ...]]

    def reference(self, level: str, start: float) -> Reference:
        """Return what regions of a level that started like ``start`` have done.

        Parameters
        ----------
        level : str
            nation (compared with countries over ten years), province, prefecture, or county
            (compared with prefectures, and saying so).
        start : float
            Urban share at the start, 0 to 1; of the bands around it that with the nearest middle.

        Raises
        ------
        ScenarioError
            If the level does not exist or the share is none.
        """
        if level not in REFERENCE_OF:
            raise ScenarioError(
                say(
                    "judging.no_such_level",
                    level=shown(level),
                    allowed=among(REFERENCE_OF) + did_you_mean(str(level), REFERENCE_OF),
                )
            )
        found = self._nearest(REFERENCE_OF[level], start)
        if level != "county":
            return found
        return replace(found, words=found.words + bilingual("judging.no_counties"))

    def standing(
        self, level: str, start: float, *, points: float | None, growth: float | None
    ) -> PercentileRank:
        """Return where a pace stands among regions of a level that started alike.

        Chinese units are known between censuses, so over ten years, the last its fastest and with
        reclassification inside: the gate is generous. A mean over ten years varies less than one
        over five, so that a pace asked for over a shorter time may look rarer than it is.

        Parameters
        ----------
        level : str
            nation, province, prefecture or county.
        start : float
            Urban share at the start, 0 to 1.
        points : float or None
            Percentage points a year.
        growth : float or None
            Growth of the urban population a year, 0.03 for 3 %.

        Raises
        ------
        ScenarioError
            If the level does not exist or the share is none.
        """
        return self.reference(level, start).standing(points=points, growth=growth)

    def among_countries(
        self, start: float, years: float, *, points: float
    ) -> PercentileRank | None:
        """Return where a pace stands among countries, over windows of 5, 10 or 15 years.

        Parameters
        ----------
        start : float
            Urban share at the start, 0 to 1.
        years : float
            Over which the pace is a mean; the window nearest in length is taken.
        points : float
            Percentage points a year.

        Returns
        -------
        PercentileRank or None
            None where no window is of a like length (`COMPARABLE`). Growth is not known.

        Raises
        ------
        ScenarioError
            If the share is none.
        """
        if not COMPARABLE[0] <= years <= COMPARABLE[1]:
            return None
        window = min(WINDOWS, key=lambda length: abs(length - years))
        return self._nearest(WINDOWS[window], start).standing(points=points)

    def _nearest(self, name: str, start: float) -> Reference:
        if not 0.0 <= start <= 1.0:
            raise ScenarioError(say("judging.starting_share", found=f"{start:g}"))
        return min(
            self.references[name],
            key=lambda r: (not r.low <= start <= r.high, abs((r.low + r.high) / 2.0 - start)),
        )


def read(directory: Path) -> HistoricalRates:
    """Read the experience beside the seeds, or that shipped where a seed folder has none.

    Parameters
    ----------
    directory : pathlib.Path
        The seed folder.

    Raises
    ------
    SeedError
        If the file is not one of experience.
    """
    path, data = read_beside(directory, NAME, say("judging.remake_history"))
    found = data.get("references") if isinstance(data, dict) else None
    if not isinstance(found, dict) or set(found) != set(REFERENCES):
        _refuse(path, "references", say("judging.allowed_are_exactly", allowed=among(REFERENCES)))
    return HistoricalRates({name: _references(path, name, found[name]) for name in REFERENCES})


def _references(path: Path, name: str, data: Any) -> tuple[Reference, ...]:
    key = f"references.{name}"
    if not isinstance(data, dict) or set(data) != set(KEYS):
        _refuse(path, key, say("judging.allowed_keys", allowed=among(KEYS)))
    for language in ("en", "zh"):
        text = data[language]
        if not isinstance(text, str) or "{count}" not in text or "{band}" not in text:
            _refuse(path, f"{key}.{language}", say("judging.no_template"))
    years, bands = _whole(path, f"{key}.years", data["years"]), data["bands"]
    if not isinstance(bands, list) or not bands:
        _refuse(path, f"{key}.bands", say("judging.no_bands"))
    return tuple(_reference(path, f"{key}.bands", data, years, band) for band in bands)


def _reference(path: Path, key: str, data: Any, years: int, band: Any) -> Reference:
    if not isinstance(band, dict) or set(band) != set(BAND_KEYS):
        _refuse(path, key, say("judging.allowed_keys", allowed=among(BAND_KEYS)))
    low, high = (_number(path, f"{key}.{end}", band[end], 0.0, 1.0) for end in ("from", "to"))
    if low >= high:
        _refuse(path, f"{key}.to", say("judging.not_above_from", found=shown(band["to"])))
    count, units = (_whole(path, f"{key}.{of}", band[of]) for of in ("count", "units"))
    growth = band["growth"]
    points = _quantiles(path, f"{key}.points", band["points"], LARGEST["points"])
    if points[-1] <= 0.0:
        _refuse(path, f"{key}.points", say("judging.nowhere_above_0"))
    of = _band_words(low, high)
    words = Bilingual(
        _filled(data["en"], count, units, of.en), _filled(data["zh"], count, units, of.zh)
    )
    return Reference(
        low,
        high,
        years,
        count,
        units,
        points,
        None if growth is None else _quantiles(path, f"{key}.growth", growth, LARGEST["growth"]),
        words,
    )


def _band_words(low: float, high: float) -> Bilingual:
    """Return the words of a band of shares.

    Examples
    --------
    >>> _band_words(0.35, 0.5).en, _band_words(0.0, 0.3).en, _band_words(0.7, 1.0).en
    ('at 35–50 %', 'below 30 %', 'at 70 % or more')
    """
    ends = {"low": f"{100 * low:.3g}", "high": f"{100 * high:.3g}"}
    if low == 0.0:
        return bilingual("judging.band_below", **ends)
    return bilingual("judging.band_above" if high == 1.0 else "judging.band", **ends)


def _filled(text: str, count: int, units: int, band: str) -> str:
    for mark, words in (("{count}", count), ("{units}", units), ("{band}", band)):
        text = text.replace(mark, str(words))
    return text


def _quantiles(path: Path, key: str, values: Any, largest: float) -> Array:
    if not isinstance(values, list) or len(values) != len(PERCENTS):
        _refuse(path, key, say("judging.no_percentiles", count=len(PERCENTS)))
    numbers = np.array([_number(path, key, value, -largest, largest) for value in values])
    if (np.diff(numbers) < 0.0).any():
        _refuse(path, key, say("judging.falls"))
    return numbers


def _whole(path: Path, key: str, value: Any) -> int:
    number = _number(path, key, value, 1.0, 1e6)
    if number != int(number):
        _refuse(path, key, say("judging.found", found=shown(value)))
    return int(number)


def _number(path: Path, key: str, value: Any, low: float, high: float) -> float:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or not low <= value <= high:
        _refuse(path, key, say("judging.found", found=shown(value)))
    return float(value)


def _refuse(path: Path, key: str, problem: str) -> NoReturn:
    raise SeedError(f"{path}: {key}: {problem}; {say('judging.remake_history')}")
