"""What it takes: the smallest change of levers under which enough draws reach a target.

A draw's *margin* is how far it lands above what is wanted. With the draws kept, the margin of the
draw that decides (so many draws are better that the share asked for succeeds) is a continuous
function of the levers, and where it is nought the target is reached exactly as surely as asked.

Levers are moved on a scale of effort: a multiplier by its logarithm, so that doubling and halving
are equally far; added years by a tenth of each. Several levers together: the length of the move.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

Array = NDArray[np.float64]
Values = tuple[float, ...]

# Below this a multiplier's scale goes on straight, so that nought is one more step away rather than
# infinitely far; mixes of levers end here.
LEAST_MULTIPLIER = 0.01
# Effort of one added year: ten years count like a multiplier of e.
EFFORT_OF_A_YEAR = 0.1
# Distances from the start at which one lever is tried.
OFFSETS = (0.1, 0.25, 0.5, 0.8, 1.2, 1.7, 2.4, 3.3, 4.6, 6.0, 8.0)
# A position is found to within this: a twentieth of a thousandth of a multiplier.
CLOSE = 5e-5
# Along a frontier the last point's slope is trusted for corrections up to this, where it has
# changed little.
FOLLOWED = 4e-3
# Digits of a lever that are reported.
DIGITS = 4
# Step of differences: wide enough to pass over the kinks where another draw comes to decide.
STEP = 0.03
ITERATIONS = 8
# Effort is flat at its least: no more is sought than this, nor by smaller turns.
GAIN, LEAST_WEIGHT = 1e-3, 0.25
# Stands for a setting that cannot be projected: worse than every margin.
HOPELESS = -1e300


@dataclass(frozen=True)
class Scale:
    """Where a lever may stand, and how far apart its values are.

    Attributes
    ----------
    low, high : float
        Bounds of the value.
    added : bool
        Whether it is added years rather than a multiplier.

    Examples
    --------
    >>> multiplier = Scale(0.0, 10.0, added=False)
    >>> round(multiplier.position(2.0) + multiplier.position(0.5), 12)
    0.0
    >>> round(multiplier.position(0.01) - multiplier.position(0.0), 12)
    1.0
    >>> Scale(-10.0, 10.0, added=True).position(5.0)
    0.5
    """

    low: float
    high: float
    added: bool

    def position(self, value: float) -> float:
        """Place of a value on the scale of effort."""
        if self.added:
            return EFFORT_OF_A_YEAR * value
        below = min(value / LEAST_MULTIPLIER - 1.0, 0.0)
        return math.log(max(value, LEAST_MULTIPLIER)) + below

    def value(self, position: float) -> float:
        """Value at a place, within the bounds."""
        if self.added:
            value = position / EFFORT_OF_A_YEAR
        elif position >= math.log(LEAST_MULTIPLIER):
            value = math.exp(position)
        else:
            value = LEAST_MULTIPLIER * (1.0 + position - math.log(LEAST_MULTIPLIER))
        return min(max(value, self.low), self.high)

    def ends(self) -> tuple[float, float]:
        """Places of the bounds."""
        return self.position(self.low), self.position(self.high)


def outward(value: float, start: float, scale: Scale) -> float:
    """Round a value to `DIGITS` digits, away from where the lever started.

    Parameters
    ----------
    value : float
        To be rounded.
    start : float
        Where the lever started.
    scale : Scale
        Whose bounds are kept.

    Returns
    -------
    float
        No nearer to the start than ``value``, but for the bounds.

    Examples
    --------
    >>> outward(1.63712, 1.0, Scale(0.0, 10.0, added=False))
    1.638
    >>> outward(0.63788, 1.0, Scale(0.0, 10.0, added=False))
    0.6378
    """
    if value == start:
        return value
    unit = _last_digit(value)
    count = value / unit
    # What is already round to within a rounding error stays.
    whole = math.ceil(count - 1e-6) if value > start else math.floor(count + 1e-6)
    return _rounded(whole * unit, scale)


def _last_digit(value: float) -> float:
    size = math.floor(math.log10(abs(value))) if value != 0.0 else 0
    return float(10.0 ** (size - DIGITS + 1))


def _rounded(value: float, scale: Scale) -> float:
    return min(max(float(f"{value:.{DIGITS}g}"), scale.low), scale.high)


class Trials:
    """What became of each setting of the levers that was tried; none is tried twice.

    Parameters
    ----------
    margins : callable
        Values of the levers in, the margin of every draw out, (draw,); empty where the setting
        cannot be projected.
    asked : float
        Share of draws that is to succeed.
    """

    def __init__(self, margins: Callable[[Values], Array], asked: float):
        self._margins, self.asked = margins, asked
        self._tried: dict[Values, Array] = {}

    def _sorted(self, values: Values) -> Array:
        values = tuple(float(v) for v in values)
        if values not in self._tried:
            self._tried[values] = -np.sort(-self._margins(values))
        return self._tried[values]

    def probability(self, values: Values) -> float:
        """Share of draws whose margin is not negative."""
        found = self._sorted(values)
        return float(np.count_nonzero(found >= 0.0) / found.size) if found.size else 0.0

    def slack(self, values: Values, asked: float | None = None) -> float:
        """Margin of the draw that decides: not negative where the share asked for succeeds."""
        found = self._sorted(values)
        wanted = self.asked if asked is None else asked
        # A share such as 0.55 times a number of draws misses the whole number by a rounding error.
        rank = max(math.ceil(wanted * found.size - 1e-9), 1)
        return float(found[min(rank, found.size) - 1]) if found.size else HOPELESS

    def enough(self, values: Values) -> bool:
        """Whether as many draws succeed as asked."""
        return self.slack(values) >= 0.0


@dataclass(frozen=True)
class SearchResult:
    """A setting of the levers, and whether it is enough.

    Attributes
    ----------
    values : tuple of float
        Of each lever; rounded to `DIGITS` digits.
    probability : float
        Share of draws that succeed there.
    enough : bool
        Whether it is the smallest change that suffices; otherwise the best there is.
    """

    values: Values
    probability: float
    enough: bool


def nearest(trials: Trials, scale: Scale, start: float) -> SearchResult:
    """Find the smallest change of one lever under which enough draws succeed.

    Both directions are searched over the whole range, outward from the start. Between tried values
    the margin is taken to have no second turn; a turn that shows is followed to its top.

    Parameters
    ----------
    trials : Trials
        Of settings with one value.
    scale : Scale
        Of the lever.
    start : float
        Present value.

    Returns
    -------
    SearchResult
        The value, or the one that does most, with the probability there.
    """
    if trials.enough((start,)):
        return SearchResult((start,), trials.probability((start,)), True)
    home = scale.position(start)

    def slack(position: float) -> float:
        # Through the scale and back, the start would be another value.
        return trials.slack((start if position == home else scale.value(position),))

    places = [home]
    for ring in _rings(home, scale.ends()):
        places = sorted({*places, *ring})
        if any(slack(place) >= 0.0 for place in ring):
            break
    for place in _tops(slack, places):
        places = sorted({*places, place})
    crossings = []
    for side in (1, -1):
        way = sorted((p for p in places if side * (p - home) >= 0), key=lambda p: side * p)
        for before, after in pairwise(way):
            if slack(before) < 0.0 <= slack(after):
                root = optimize.brentq(slack, before, after, xtol=CLOSE)
                crossings.append((abs(root - home), root))
                break
    for _, root in sorted(crossings):
        values = _round_until_enough(trials, (scale,), (start,), (scale.value(root),))
        if values is not None:
            return SearchResult(values, trials.probability(values), True)
    return _best(trials, scale, start, places)


def _rings(home: float, ends: tuple[float, float]) -> list[tuple[float, ...]]:
    """Places to try, in rings outward; the last have the ends of the scale."""
    low, high = ends
    rings = []
    for inner, offset in zip((0.0, *OFFSETS), OFFSETS, strict=False):
        ring = []
        if home + inner < high:
            ring.append(min(home + offset, high))
        if home - inner > low:
            ring.append(max(home - offset, low))
        rings.append(tuple(ring))
    return [ring for ring in rings if ring]


def _tops(slack: Callable[[float], float], places: Sequence[float]) -> list[float]:
    """Tops of the turns that show among tried places, where they lack no more than they rise."""
    tops = []
    for left, at, right in zip(places, places[1:], places[2:], strict=False):
        height = slack(at) - min(slack(left), slack(right))
        turns = slack(left) < slack(at) < 0.0 and slack(right) < slack(at)
        if turns and slack(at) + height >= 0.0:
            found = optimize.minimize_scalar(
                lambda p: -slack(p), bounds=(left, right), method="bounded", options={"xatol": 1e-3}
            )
            tops.append(float(found.x))
    return tops


def _best(trials: Trials, scale: Scale, start: float, places: Sequence[float]) -> SearchResult:
    """Return the setting with most successes; of equals the one with most slack.

    Slack that differs by less than a thousandth of its range does not decide: then an end of the
    scale, and where nothing has any effect the start.
    """
    home = scale.position(start)

    def value_at(place: float) -> float:
        return start if place == home else scale.value(place)

    slacks = [trials.slack((value_at(place),)) for place in places]
    grain = 1e-3 * (max(slacks) - min(slacks))
    if grain == 0.0:
        return SearchResult((start,), trials.probability((start,)), False)

    def merit(place: float) -> tuple[float, float, bool, float]:
        values = (value_at(place),)
        end, slack = place in (places[0], places[-1]), trials.slack(values)
        return trials.probability(values), round(slack / grain), end, slack

    best = max(places, key=merit)
    at = places.index(best)
    if 0 < at < len(places) - 1:
        # Up to the next draw: where the margin of the best that still fails is largest.
        following = trials.probability((value_at(best),)) + 1e-6
        top = optimize.minimize_scalar(
            lambda p: -trials.slack((scale.value(p),), following),
            bounds=(places[at - 1], places[at + 1]),
            method="bounded",
            options={"xatol": 1e-3},
        )
        best = max((best, float(top.x)), key=merit)
    value = value_at(best)
    values = (value if value in (scale.low, scale.high, start) else _rounded(value, scale),)
    return SearchResult(values, trials.probability(values), False)


def _round_until_enough(
    trials: Trials, scales: Sequence[Scale], start: Values, values: Values
) -> Values | None:
    """Round each value away from its start, and go on by units of the last digit if it must be."""
    rounded = tuple(map(outward, values, start, scales))
    for _ in range(50):
        if trials.enough(rounded):
            return rounded
        rounded = tuple(
            v if v == s else _rounded(v + math.copysign(_last_digit(v), v - s), scale)
            for v, s, scale in zip(rounded, start, scales, strict=True)
        )
    return None


class LeverSpace:
    """Several levers, each of which may move from its start to one side.

    Parameters
    ----------
    trials : Trials
        Of settings with as many values as there are levers.
    scales : sequence of Scale
    start : tuple of float
        Present values.
    sides : sequence of float
        1 or -1 for each lever: the side on which it helps.
    """

    def __init__(
        self, trials: Trials, scales: Sequence[Scale], start: Values, sides: Sequence[float]
    ):
        self.trials, self.scales, self.start = trials, tuple(scales), start
        self._home = np.array([s.position(v) for s, v in zip(scales, start, strict=True)])
        least = [s.low if s.added else max(s.low, LEAST_MULTIPLIER) for s in scales]
        ends = [
            s.position(s.high if side > 0 else low)
            for s, side, low in zip(scales, sides, least, strict=True)
        ]
        sides_ = np.asarray(sides, dtype=float)
        # How far each lever can go; a lever already below the least of mixes stays.
        self._room = np.maximum(sides_ * (np.array(ends) - self._home), 0.0)
        self._sides = sides_

    def values(self, moves: Array) -> Values:
        """Values of the levers after moves of effort towards the helpful side, (lever,)."""
        places = self._home + self._sides * moves
        return tuple(
            v if move == 0.0 else scale.value(float(place))
            for scale, place, v, move in zip(self.scales, places, self.start, moves, strict=True)
        )

    def moves(self, values: Values) -> Array:
        """Moves that lead to values; what would go the other way is nought."""
        places = np.array([s.position(v) for s, v in zip(self.scales, values, strict=True)])
        return np.asarray(np.clip(self._sides * (places - self._home), 0.0, self._room))

    def slack(self, moves: Array) -> float:
        """Margin of the draw that decides."""
        return self.trials.slack(self.values(moves))

    def along(
        self, direction: Array, guess: float | None = None, *, inside: bool = True
    ) -> float | None:
        """Length of the move along a direction at which enough draws succeed.

        None where none does: of the longest, and of nine within it where ``inside``. A good guess
        saves trials.
        """
        unit: Array = direction / np.linalg.norm(direction)
        with np.errstate(divide="ignore"):
            longest = float(np.min(np.where(unit > 0, self._room / unit, np.inf)))

        def slack(length: float) -> float:
            return self.slack(np.asarray(np.minimum(length * unit, self._room)))

        low, high = 0.0, longest
        if guess is not None and 0.0 < guess < longest:
            for width in (0.03, 0.2):
                near, far = guess * (1 - width), min(guess * (1 + width), longest)
                if slack(near) < 0.0 <= slack(far):
                    low, high = near, far
                    break
        if high == longest and slack(longest) < 0.0:
            lengths = longest * np.linspace(0.1, 0.9, 9) if inside else np.zeros(0)
            enough = [float(length) for length in lengths if slack(length) >= 0.0]
            if not enough:
                return None
            high = enough[0]
        if slack(low) >= 0.0:
            return low
        return float(optimize.brentq(slack, low, high, xtol=CLOSE))

    def least_effort(self, moves: Array) -> Array | None:
        """Find the shortest sufficient move near one that lies on its way.

        The surface on which the levers just suffice is replaced by its tangent, whose nearest point
        gives the next direction (the first-order reliability method), until it is no shorter.

        Parameters
        ----------
        moves : ndarray, shape (lever,)
            A move that just suffices, or whose direction leads to one.

        Returns
        -------
        ndarray, shape (lever,), or None
            None where that direction does not.
        """
        best = moves
        if self.slack(moves) < 0.0:
            length = self.along(moves, guess=float(np.linalg.norm(moves)))
            if length is None:
                return None
            best = np.asarray(moves * (length / np.linalg.norm(moves)))
        weight = 1.0
        for _ in range(ITERATIONS):
            slope = self._slope(best)
            towards = self._nearest_on_tangent(best, slope)
            if towards is None or not towards.any():
                break
            direction = weight * towards / np.linalg.norm(towards)
            direction += (1.0 - weight) * best / np.linalg.norm(best)
            length = self.along(direction, guess=float(np.linalg.norm(best)))
            if length is None or length >= np.linalg.norm(best) - 1e-6:
                weight *= 0.5  # the surface bends more than its tangent: go half the way
                if weight < LEAST_WEIGHT:
                    break
                continue
            gain = float(np.linalg.norm(best)) - length
            reached = direction * (length / np.linalg.norm(direction))
            best = np.asarray(np.minimum(reached, self._room))
            if gain < GAIN:
                break
        return best

    def _slope(self, moves: Array) -> Array:
        slope = np.zeros(moves.size)
        for i in range(moves.size):
            ahead, behind = moves.copy(), moves.copy()
            ahead[i] = min(moves[i] + STEP, self._room[i])
            behind[i] = max(moves[i] - STEP, 0.0)
            if ahead[i] > behind[i]:
                slope[i] = (self.slack(ahead) - self.slack(behind)) / (ahead[i] - behind[i])
        return slope

    def _nearest_on_tangent(self, at: Array, slope: Array) -> Array | None:
        """Return the shortest move within the room on or above the tangent at ``at``."""
        wanted = float(slope @ at) - self.slack(at)

        def reached(length: float) -> float:
            return float(slope @ np.clip(length * slope, 0.0, self._room)) - wanted

        # Where moving on helps nowhere, or by the tangent no move is needed, it tells nothing.
        if not slope.any() or wanted <= 0.0:
            return None
        longest = float(np.max(self._room) / np.max(np.abs(slope[slope != 0])))
        while reached(longest) < 0.0:
            wider = 10.0 * longest
            if reached(wider) <= reached(longest):
                return None
            longest = wider
        length = optimize.brentq(reached, 0.0, longest)
        return np.asarray(np.clip(length * slope, 0.0, self._room))

    def frontier(self, points: int) -> Array:
        """Moves of two levers that just suffice, from the first alone to the second alone.

        Returns
        -------
        ndarray, shape (point, 2)
            In equal angles of effort; fewer than ``points`` where the room ends.
        """
        angles = np.linspace(0.0, np.pi / 2, points)
        first, last, middle = 0, points - 1, points // 2
        for begin in (first, last, middle):
            if self.along(_towards(angles[begin]), inside=False) is not None:
                break
        else:
            return np.zeros((0, 2))
        up = self._walk(angles[begin:])
        down = self._walk(angles[begin::-1])
        return np.array([*down[:0:-1], *up]).reshape(-1, 2)

    def _walk(self, angles: Array) -> list[Array]:
        """Moves that just suffice in one direction after the other, until one does not."""
        found: list[Array] = []
        lengths: list[float] = []
        slope: float | None = None
        for angle in angles:
            unit = _towards(angle)
            length, slope = self._followed(unit, lengths, slope)
            if length is None:
                break
            lengths = [*lengths[-2:], length]
            found.append(np.asarray(np.minimum(length * unit, self._room)))
        return found

    def _followed(
        self, unit: Array, before: Sequence[float], slope: float | None
    ) -> tuple[float | None, float | None]:
        """Length along a direction, from those along the directions before it, and the slope there.

        Where the surface goes on smoothly, one or two trials suffice; else as `along`.
        """
        if len(before) >= 2 and slope is not None:
            # Straight on, or along the parabola of three.
            length = float(
                np.polyval(np.polyfit(range(len(before)), before, len(before) - 1), len(before))
            )
            for _ in range(3):
                if not length > 0.0 or (length * unit > self._room).any():
                    break
                correction = -self.slack(length * unit) / slope
                if abs(correction) < FOLLOWED:
                    return length + correction, slope
                slope = self._slope_along(unit, length)
                if slope is None:
                    break
                length += correction
        found = self.along(unit, before[-1] if before else None, inside=False)
        return found, None if found is None else self._slope_along(unit, found)

    def _slope_along(self, unit: Array, length: float) -> float | None:
        shorter = max(length - STEP, 0.5 * length)
        rise = self.slack(length * unit) - self.slack(shorter * unit)
        return rise / (length - shorter) if rise > 0.0 else None

    def rounded(self, moves: Array) -> SearchResult | None:
        """Setting after a sufficient move, rounded outward; None where rounding leads past it."""
        values = _round_until_enough(self.trials, self.scales, self.start, self.values(moves))
        if values is None:
            return None
        return SearchResult(values, self.trials.probability(values), True)

    def ascend(self, moves: Array) -> Array:
        """Improve a move that does not suffice, one lever after the other, twice."""
        best = moves.copy()

        def merit(move: Array) -> tuple[float, float]:
            values = self.values(move)
            return self.trials.probability(values), self.trials.slack(values)

        for _ in range(2):
            for i in range(best.size):
                for share in np.linspace(0.0, 1.0, 9):
                    other = best.copy()
                    other[i] = share * self._room[i]
                    if merit(other) > merit(best):
                        best = other
        return best


def _towards(angle: float) -> Array:
    """Return the unit move of two levers at an angle from the first."""
    unit = np.array([math.cos(angle), math.sin(angle)])
    unit[unit < 1e-12] = 0.0
    return unit


def share_of_all(trials: Trials, start: Values, singles: Values) -> float | None:
    """Smallest share of several single changes that suffices when all are made together.

    Parameters
    ----------
    trials : Trials
    start : tuple of float
        Present values.
    singles : tuple of float
        Value at which each lever would suffice alone.

    Returns
    -------
    float or None
        In whole hundredths; None where even all changes in full do not suffice.
    """

    def slack(share: float) -> float:
        return trials.slack(partly(start, singles, share))

    if slack(1.0) < 0.0:
        return None
    if slack(0.0) >= 0.0:
        return 0.0
    share = optimize.brentq(slack, 0.0, 1.0, xtol=1e-4)
    whole = math.ceil(100 * share - 1e-9) / 100
    while slack(whole) < 0.0:
        whole = round(whole + 0.01, 2)
    return float(whole)


def partly(start: Values, end: Values, share: float) -> Values:
    """Values a share of the way from one setting to another.

    Parameters
    ----------
    start, end : tuple of float
        Values of the levers.
    share : float
        0 to 1.

    Returns
    -------
    tuple of float
    """
    return tuple(a + share * (b - a) for a, b in zip(start, end, strict=True))
