"""What the tests of scale_out give to workers: imported there, so without anything heavy."""

import os
import time
from pathlib import Path

import numpy as np

from simmodel.errors import ScenarioError
from simmodel.texts import say


def squares(low, high):
    return np.arange(low, high, dtype=float)[:, None] ** 2


def slow_squares(low, high):
    time.sleep(0.1)
    return squares(low, high)


def deadly_once(low, high, marker):
    """Squares, but the first to compute the block that begins with 20 dies of it."""
    if low == 20 and not Path(marker).exists():
        Path(marker).touch()
        os._exit(1)
    return slow_squares(low, high)


def deadly(low, high):
    if low == 20:
        os._exit(1)
    return squares(low, high)


def faulty(low, high):
    if low == 20:
        raise ScenarioError("levers.fertility: is upside down")
    return squares(low, high)


def without_programme(programme):
    raise ScenarioError(say("simulation.no_programme", programme=programme))


def broken(low, high):
    return {}["no such key"] if low == 20 else squares(low, high)


def last_urban(population, schedules, levels, absent):
    """Urban population of the last year by draw, from the model's own compiled step."""
    from simmodel.kernel.projection import project

    return project(population, schedules, levels, absent=absent).urban[-1][:, None]


def sums_of_rows(values):
    return values.sum(axis=1, keepdims=True)


def call(function, arguments):
    return function(*arguments)


def process(low, high):
    time.sleep(0.1)
    return np.full(1, os.getpid())


def sweep(folder, workers):
    """A whole piece of work as a command does it; the child process that the tests interrupt."""
    import sys

    from simmodel.computing.checkpoints import Store
    from simmodel.computing.parallel import Task, run_tasks
    from simmodel.errors import SimmodelError

    tasks = [Task(f"wuwei/{i:06d}", (10 * i, 10 * i + 10)) for i in range(24)]
    try:
        with Store.open(Path(folder) / ".s.parts", "squares") as store:
            print(store.note() or "starts", flush=True)
            results = run_tasks(
                slow_squares,
                tasks,
                store=store,
                workers=int(workers),
                report=lambda done, total: print(done, flush=True),
            )
            whole = np.concatenate([block for _, block in results])
            np.save(Path(folder) / "whole.npy", whole)
    except SimmodelError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    import sys

    sweep(*sys.argv[1:])
