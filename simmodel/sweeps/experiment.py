"""A computer experiment: what varies, how the runs are laid out, and what computes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..computing.checkpoints import Store
from ..computing.parallel import Task, run_tasks
from .designs import Design, Dimension, sample

Array = NDArray[np.float64]


@dataclass(frozen=True)
class OutcomeGroup:
    """Outcomes that are computed together.

    Attributes
    ----------
    name : str
        Of its blocks.
    outcomes : tuple of int
        Places among all outcomes.
    work : object
        First argument of the function; it can be pickled.
    runs : int
        In a block.
    """

    name: str
    outcomes: tuple[int, ...]
    work: Any
    runs: int


@dataclass(frozen=True)
class Experiment:
    """What varies, how the runs are laid out, and what computes them: of any model.

    Attributes
    ----------
    dimensions : tuple of Dimension
    method : str
        One of `designs.METHODS`.
    size, seed, resamples : int
    second_order : bool
    function : callable
        (work, values (run, parameter)) to outcomes (run, outcome of the group); at a module's top.
    groups : tuple of OutcomeGroup
    met : tuple of bool
        Of each outcome: whether it is a target met or not (0 or 1, or a share), rather than a
        value.
    base : tuple of float, optional
        What one-at-a-time starts from.
    """

    dimensions: tuple[Dimension, ...]
    method: str
    size: int
    seed: int
    resamples: int
    second_order: bool
    function: Callable[[Any, Array], Array]
    groups: tuple[OutcomeGroup, ...]
    met: tuple[bool, ...]
    base: tuple[float, ...] | None = None

    def design(self) -> Design:
        """Lay out the runs."""
        return sample(
            self.method, self.size, self.dimensions, self.seed, self.second_order, self.base
        )


def compute(
    experiment: Experiment,
    design: Design,
    *,
    store: Store | None = None,
    workers: int = 0,
    cluster: str | None = None,
    report: Callable[[int, int], None] = lambda done, total: None,
    notify: Callable[[str], None] = lambda text: None,
    scratch: Path | None = None,
) -> Array:
    """Compute every run of a design.

    Parameters
    ----------
    experiment : Experiment
    design : Design
    store, workers, cluster, report, notify
        As in `parallel.run_tasks`.
    scratch : pathlib.Path, optional
        Where the outcomes lie while they are worked on, if they do not fit into memory.

    Returns
    -------
    ndarray, shape (run, outcome)
        The runs of one outcome lie side by side.
    """
    shape = len(experiment.met), design.values.shape[0]
    if scratch is None:
        values: Array = np.empty(shape)
    else:
        values = np.lib.format.open_memmap(scratch, mode="w+", dtype=np.float64, shape=shape)
    places, tasks = {}, []
    for group in experiment.groups:
        for number, start in enumerate(range(0, shape[1], group.runs)):
            key = f"{group.name}/{number:06d}"
            runs = slice(start, min(start + group.runs, shape[1]))
            places[key] = (list(group.outcomes), runs)
            tasks.append(Task(key, (group.work, design.values[runs])))
    for key, block in run_tasks(
        experiment.function,
        tasks,
        store=store,
        workers=workers,
        cluster=cluster,
        report=report,
        notify=notify,
    ):
        outcomes, runs = places[key]
        values[outcomes, runs] = block.T
    return values.T
