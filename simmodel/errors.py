"""Every error simmodel raises on purpose, and how a fault of a file is put into words.

The command line prints these without a traceback, in the language of the terminal: a fault is put
into words when it is found, never before. Nothing here imports anything heavy: the checks of single
values at the end are shared by all declarations, and pydantic carries what they raise unchanged.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from .texts import say

KeyPath = tuple[str | int, ...]

_LONGEST_FOUND = 60


class SimmodelError(Exception):
    """Base class of everything raised on purpose."""

    exit_code = 1


class ScenarioError(SimmodelError):
    """A scenario asks for something the model cannot do."""


class SeedError(SimmodelError):
    """The seed folder cannot be used."""


class CalibrationError(SimmodelError):
    """The observations cannot be met, or the posterior is degenerate."""


class OutputError(SimmodelError):
    """A result cannot be written where it was asked for."""


class ClusterError(SimmodelError):
    """Workers cannot be reached, differ from this machine, or are lost again and again."""


class Stopped(SimmodelError):
    """The user stopped the work; what is finished is kept."""

    exit_code = 130  # what shells give for an interrupt: a script can tell it from a fault


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with one place of a file.

    Parameters
    ----------
    file : str
        Name of the file as the user gave it, or ``--set``.
    line : int or None
        Line counted from 1; None where there are no lines.
    key : str
        Dotted path of the key; empty for the file as a whole.
    problem : str
        What is wrong.
    found, allowed : str or None
        What stands there, and what may stand there, where that helps.
    """

    file: str
    line: int | None
    key: str
    problem: str
    found: str | None = None
    allowed: str | None = None

    def __str__(self) -> str:
        """Return ``file:line: key.path: what is wrong; found …; allowed …``."""
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        head = f"{place}: {self.key}: " if self.key else f"{place}: "
        found = "" if self.found is None else say("faults.found", found=self.found)
        allowed = "" if self.allowed is None else say("faults.allowed", allowed=self.allowed)
        return _printable(head + self.problem + found + allowed)


class FaultError(SimmodelError):
    """Everything that is wrong with the files read, in file and line order."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        unique = dict.fromkeys(faults)
        self.faults: list[Fault] = sorted(unique, key=lambda fault: (fault.file, fault.line or 0))
        super().__init__("\n".join(map(str, self.faults)))

    def __reduce__(self) -> tuple[type[FaultError], tuple[list[Fault]]]:
        """Survive the way back from a worker process."""
        return type(self), (self.faults,)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a value is refused: what is wrong, where below it, and what may stand there."""

    problem: str
    allowed: str | None = None
    below: KeyPath = ()
    found: str | None = None


class Refusal(ValueError):
    """A value is refused, for one or several reasons; raised inside pydantic's validators."""

    def __init__(self, *reasons: Reason) -> None:
        self.reasons = reasons
        super().__init__("; ".join(reason.problem for reason in reasons))


def shown(value: object) -> str:
    """Return a value as a user would recognise it, on one short line.

    Examples
    --------
    >>> shown(True), shown("one"), shown(1.5), shown([1, 2])
    ('true', "'one'", '1.5', 'a list')
    """
    if value is None:
        return say("faults.nothing")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return say("faults.mapping")
    if isinstance(value, (list, tuple)):
        return say("faults.list")
    if isinstance(value, int) and abs(value) >= 10**_LONGEST_FOUND:
        return say("faults.long_number")  # repr refuses more than 4300
    text = _printable(repr(value))
    return text if len(text) <= _LONGEST_FOUND else text[: _LONGEST_FOUND - 1] + "…"


def _printable(text: str) -> str:
    """Escape what does not print, so that a fault is one line; Chinese text stays readable."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def among(known: Iterable[str]) -> str:
    """Return the allowed words as one text."""
    return say("faults.comma").join(known) or say("faults.none")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``. Did you mean x?`` where a known word is near, else nothing."""
    near = get_close_matches(word, list(known), n=1)
    return meant(near[0]) if near else ""


def meant(value: object) -> str:
    """Return ``. Did you mean x?``, to stand behind what is allowed."""
    return say("faults.did_you_mean", value=value)


def finite_number(
    low: float, high: float, *, hint: Callable[[float], str] | None = None
) -> Callable[[object], object]:
    """Return a check that lets through numbers from ``low`` to ``high`` and nothing else.

    Parameters
    ----------
    low, high : float
        Bounds, both allowed; infinite where there is none.
    hint : callable, optional
        Given a number out of bounds, returns words to add to what is allowed.
    """

    def refuse(problem: str, advice: str = "") -> Refusal:
        return Refusal(Reason(say(problem), bounded("faults.number", low, high) + advice))

    def check(value: object) -> object:
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            raise _no_number(value, bounded("faults.number", low, high))
        if isinstance(value, float) and not math.isfinite(value):
            raise refuse("faults.is_not_finite")
        if not low <= value <= high:
            raise refuse("faults.is_out_of_range", hint(float(value)) if hint is not None else "")
        try:
            return float(value)
        except OverflowError:
            raise refuse("faults.is_out_of_range") from None

    return check


def whole_number(
    low: float, high: float, what: str = "faults.whole_number"
) -> Callable[[object], object]:
    """Return a check that lets through whole numbers from ``low`` to ``high`` and nothing else.

    Parameters
    ----------
    low, high : float
        Bounds, both allowed; infinite where there is none.
    what : str
        Key of the text that names such a number, as ``faults.whole_year``.
    """

    def check(value: object) -> object:
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            raise _no_number(value, bounded(what, low, high))
        if not isinstance(value, int):
            raise Refusal(Reason(say("faults.is_not_whole"), bounded(what, low, high)))
        if not low <= value <= high:
            raise Refusal(Reason(say("faults.is_out_of_range"), bounded(what, low, high)))
        return value

    return check


def as_tuple(value: object) -> object:
    """Let through lists and nothing else, as tuples."""
    if not isinstance(value, (list, tuple)):
        raise Refusal(Reason(say("faults.is_not_list"), say("faults.list"), found=shown(value)))
    return tuple(value)


def _no_number(value: object, allowed: str) -> Refusal:
    # bool is an int to Python; to a planner, `true` is not a number
    if isinstance(value, bool):
        return Refusal(Reason(say("faults.is_boolean"), allowed))
    if isinstance(value, str):
        return Refusal(Reason(say("faults.is_text"), allowed))
    return Refusal(Reason(say("faults.is_not_number"), allowed, found=shown(value)))


def bounded(what: str, low: float, high: float) -> str:
    """Return a kind of number, given by the key of its text, with its bounds.

    Examples
    --------
    >>> bounded("faults.number", 0, 10), bounded("faults.whole_year", 2021, math.inf)
    ('a number from 0 to 10', 'a whole year of at least 2021')
    """
    ends = {"low": _plain(low), "high": _plain(high)}
    if math.isinf(low) and math.isinf(high):
        return say(what)
    if math.isinf(high):
        return say("faults.at_least", what=say(what), low=ends["low"])
    if math.isinf(low):
        return say("faults.at_most", what=say(what), high=ends["high"])
    return say("faults.between", what=say(what), **ends)


def _plain(bound: float) -> str:
    whole = math.isfinite(bound) and float(bound).is_integer()
    return str(int(bound)) if whole else f"{bound:g}"
