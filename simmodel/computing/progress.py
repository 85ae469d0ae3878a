"""How far a long piece of work has come, and how long the rest will take."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TextIO

from ..texts import say

_ON_A_TERMINAL, _ELSEWHERE = 0.2, 60.0  # seconds between two lines


class Reporter:
    """Say on stderr how many blocks are done: on a terminal over the last line, else once a minute.

    Parameters
    ----------
    prefix : str
        What every line begins with.
    quiet : bool
        Say nothing.
    stream : text stream, optional
        Instead of stderr.
    clock : callable
        Seconds from any start.
    """

    def __init__(
        self,
        prefix: str = "",
        *,
        quiet: bool = False,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._prefix, self._quiet, self._clock = f"{prefix} " if prefix else "", quiet, clock
        self._stream = sys.stderr if stream is None else stream
        self._terminal = self._stream.isatty()
        self._start: tuple[float, int] | None = None  # when, and what was done before
        self._last: float | None = None
        self._shown = False

    def __call__(self, done: int, total: int) -> None:
        """Say that ``done`` of ``total`` blocks are done, where it is time to."""
        if self._quiet:
            return
        now = self._clock()
        if self._start is None:
            self._start = (now, done)
            # A terminal shows at once that something goes on; a log waits for the first minute.
            self._last = None if self._terminal else now
        wait = _ON_A_TERMINAL if self._terminal else _ELSEWHERE
        if self._last is not None and now - self._last < wait:
            return
        self._last = now
        count = say("terminal.blocks", done=done, total=total)
        line = f"{self._prefix}{count}{self._left(now, done, total)}"
        if self._terminal:
            self._stream.write(f"\r\033[K{line}")
            self._shown = True
        else:
            self._stream.write(f"{line}\n")
        self._stream.flush()

    def say(self, text: str) -> None:
        """Say something beside the count, on a line of its own."""
        if not self._quiet:
            self.clear()
            self._stream.write(f"{self._prefix}{text}\n")
            self._stream.flush()

    def clear(self) -> None:
        """Take the last count off a terminal."""
        if self._shown:
            self._stream.write("\r\033[K")
            self._stream.flush()
            self._shown = False

    def _left(self, now: float, done: int, total: int) -> str:
        assert self._start is not None
        began, before = self._start
        if done <= before:  # blocks kept from an earlier run say nothing about this one's speed
            return ""
        left = duration((now - began) / (done - before) * (total - done))
        return say("terminal.left", time=left)


def duration(seconds: float) -> str:
    """Return a length of time in words, no finer than it can be foretold.

    Examples
    --------
    >>> duration(0.4), duration(59), duration(154), duration(5 * 3600 + 1200)
    ('1 s', '59 s', '2 min 30 s', '5 h 20 min')
    """
    if seconds < 60:
        return say("terminal.seconds", seconds=max(1, round(seconds)))
    if seconds < 3600:
        tens = round(seconds / 10)
        return say("terminal.minutes", minutes=tens // 6, seconds=tens % 6 * 10)
    minutes = round(seconds / 60)
    return say("terminal.hours", hours=minutes // 60, minutes=minutes % 60)
