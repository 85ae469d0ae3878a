"""Every error simmodel raises on purpose, and how a fault of a file is put into words.

The command line prints these without a traceback. Nothing here imports anything of ours or
anything heavy: the checks of single values at the end are shared by all declarations, and
pydantic carries what they raise unchanged.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

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
        parts = [self.problem]
        if self.found is not None:
            parts.append(f"found {self.found}")
        if self.allowed is not None:
            parts.append(f"allowed {self.allowed}")
        head = f"{place}: {self.key}: " if self.key else f"{place}: "
        return _printable(head + "; ".join(parts))


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
    """One complaint about a value: where below it, what, and what may stand there."""

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
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    if isinstance(value, int) and abs(value) >= 10**_LONGEST_FOUND:
        return "a number of very many digits"  # repr refuses more than 4300
    text = _printable(repr(value))
    return text if len(text) <= _LONGEST_FOUND else text[: _LONGEST_FOUND - 1] + "…"


def _printable(text: str) -> str:
    """Escape what does not print, so that a fault is one line; Chinese text stays readable."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def among(known: Iterable[str]) -> str:
    """Return the allowed words as one text."""
    return ", ".join(known) or "none"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``. Did you mean x?`` where a known word is near, else nothing."""
    near = get_close_matches(word, list(known), n=1)
    return f". Did you mean {near[0]}?" if near else ""


def unknown(word: str, known: Sequence[str], what: str) -> Reason:
    """Return the complaint that a word is not among those known."""
    return Reason(
        f"{what} {shown(word)} does not exist",
        allowed=among(known) + did_you_mean(word, known),
    )


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
    allowed = f"a number{_bounds(low, high)}"

    def check(value: object) -> object:
        _refuse_unless_number(value, allowed)
        assert isinstance(value, (int, float))
        if isinstance(value, float) and not math.isfinite(value):
            raise Refusal(Reason("is not finite", allowed))
        if not low <= value <= high:
            advice = hint(float(value)) if hint is not None else ""
            raise Refusal(Reason("is out of range", allowed + advice))
        try:
            return float(value)
        except OverflowError:
            raise Refusal(Reason("is out of range", allowed)) from None

    return check


def whole_number(low: float, high: float, what: str = "a whole number") -> Callable[..., object]:
    """Return a check that lets through whole numbers from ``low`` to ``high`` and nothing else."""
    allowed = f"{what}{_bounds(low, high)}"

    def check(value: object) -> object:
        _refuse_unless_number(value, allowed)
        if not isinstance(value, int):
            raise Refusal(Reason("is not a whole number", allowed))
        if not low <= value <= high:
            raise Refusal(Reason("is out of range", allowed))
        return value

    return check


def as_tuple(value: object) -> object:
    """Let through lists and nothing else, as tuples."""
    if not isinstance(value, (list, tuple)):
        raise Refusal(Reason("is not a list", "a list", found=shown(value)))
    return tuple(value)


def _refuse_unless_number(value: object, allowed: str) -> None:
    # bool is an int to Python; to a planner, `true` is not a number
    if isinstance(value, bool):
        raise Refusal(Reason("is true or false, not a number", allowed))
    if isinstance(value, str):
        raise Refusal(Reason("is text, not a number", allowed))
    if not isinstance(value, (int, float)):
        raise Refusal(Reason("is not a number", allowed, found=shown(value)))


def _bounds(low: float, high: float) -> str:
    if math.isinf(low) and math.isinf(high):
        return ""
    if math.isinf(high):
        return f" of at least {_plain(low)}"
    if math.isinf(low):
        return f" of at most {_plain(high)}"
    return f" from {_plain(low)} to {_plain(high)}"


def _plain(bound: float) -> str:
    return str(int(bound)) if float(bound).is_integer() else f"{bound:g}"
