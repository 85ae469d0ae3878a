"""Charts written as files, the same bytes every time; several are drawn beside each other.

matplotlib is imported when something is drawn.
"""

from __future__ import annotations

import io
import multiprocessing
import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..errors import Fault, OutputError, among, did_you_mean, shown
from ..texts import say

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    Draw = Callable[[], Figure]

# What matplotlib would write into a file besides the picture, by format: clocks and versions.
UNWANTED: Final = {
    "png": ("Software",),
    "svg": ("Date", "Creator"),
    "pdf": ("CreationDate", "Creator", "Producer"),
}
DEFAULT: Final = "png"
NONE: Final = "none"
# Below this many, starting processes takes longer than it saves.
FEW: Final = 3


def formats_of(text: object) -> tuple[str, ...]:
    """Return the formats that a text asks for, each once, in the order of `UNWANTED`.

    Parameters
    ----------
    text : str
        Formats with commas between them, or ``none``.

    Raises
    ------
    OutputError
        If it is anything else.

    Examples
    --------
    >>> formats_of("svg, png"), formats_of("none")
    (('png', 'svg'), ())
    """
    allowed = say("charts.fault.formats", formats=among(UNWANTED), none=NONE)
    if not isinstance(text, str):
        problem = say("charts.fault.formats_no_text")
        raise OutputError(str(Fault("charts", None, "", problem, shown(text), allowed)))
    names = [name.strip().lower() for name in text.split(",")]
    if names == [NONE]:
        return ()
    for name in names:
        if name not in UNWANTED:
            problem = say("charts.fault.none_alone" if name == NONE else "charts.fault.no_format")
            hint = "" if name == NONE else did_you_mean(name, UNWANTED)
            fault = Fault("charts", None, "", problem, shown(name), allowed + hint)
            raise OutputError(str(fault))
    return tuple(name for name in UNWANTED if name in names)


def image(figure: Figure, kind: str, dpi: float = 150.0) -> bytes:
    """Return a figure as the bytes of a ``png``, ``svg`` or ``pdf`` file, the same every time."""
    from .style import house

    buffer = io.BytesIO()
    with house():
        figure.savefig(buffer, format=kind, dpi=dpi, metadata=dict.fromkeys(UNWANTED[kind]))
    return buffer.getvalue()


def save(figure: Figure, path: str | Path, formats: Sequence[str] = (DEFAULT,)) -> list[Path]:
    """Write a figure, the same bytes every time.

    Parameters
    ----------
    figure : Figure
        What to write.
    path : str or Path
        Where, without suffix.
    formats : sequence of {"png", "svg", "pdf"}
        A file is written for each.

    Returns
    -------
    list of Path
        The files.
    """
    written = [Path(f"{path}.{kind}") for kind in formats]
    for file, kind in zip(written, formats, strict=True):
        file.write_bytes(image(figure, kind))
    return written


@contextmanager
def drawing(
    folder: Path, charts: Mapping[str, Draw], formats: Sequence[str], workers: int | None = None
) -> Iterator[None]:
    """Draw charts into a folder while the body of the ``with`` runs; all are there at its end.

    Parameters
    ----------
    folder : pathlib.Path
        Which is there.
    charts : mapping of str to callable
        What draws each chart, by the name of its file without suffix. Where processes are not
        forked it must be picklable.
    formats : sequence of {"png", "svg", "pdf"}
        A file is written for each.
    workers : int, optional
        Processes; as many as there are cores unless given. The files are the same for any number.

    Raises
    ------
    OSError
        If a file cannot be written.
    """
    processes = min(cores() if workers is None else workers, len(charts))
    if not formats or processes < 2 or len(charts) < FEW:
        yield
        _draw_all(folder, charts, formats)
        return
    pool = ProcessPoolExecutor(
        processes, _context(), initializer=_receive, initargs=(folder, charts, formats)
    )
    try:
        with warnings.catch_warnings():
            # The children draw and do nothing else: no thread of the parent's is needed in them.
            warnings.filterwarnings("ignore", "This process .* is multi-threaded")
            pending = {name: pool.submit(_draw, name) for name in charts}
        yield
        try:
            for future in pending.values():
                future.result()
        except BrokenExecutor:  # a process was killed, as where memory ran out
            _draw_all(folder, charts, formats)
    finally:
        pool.shutdown(cancel_futures=True)


def cores() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _draw_all(folder: Path, charts: Mapping[str, Draw], formats: Sequence[str]) -> None:
    if formats:
        for name, chart in charts.items():
            save(chart(), folder / name, formats)


def _context() -> multiprocessing.context.BaseContext:
    """Return how processes are started: forked where that is sound, so that nothing is loaded."""
    return multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")


_task: tuple[Path, Mapping[str, Draw], Sequence[str]]


def _receive(folder: Path, charts: Mapping[str, Draw], formats: Sequence[str]) -> None:
    """Keep what there is to draw, in a process that draws; an interrupt is the parent's matter."""
    global _task
    _task = folder, charts, formats
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _draw(name: str) -> None:
    folder, charts, formats = _task
    save(charts[name](), folder / name, formats)
