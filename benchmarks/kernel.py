"""How long a region-year takes in the kernel, alone and beside the same step in C and in numpy.

``problem(draws, seed)`` makes the full problem (2 residences x 2 sexes x 101 ages, 15 years, every
flow of the ledger, levels that vary by draw and year); ``run(problem, threads)`` projects it.
As a script: ``python benchmarks/kernel.py --json --threads 1`` (best of five, warm), with
``--compare`` also the C twin (needs a C compiler) and a numpy twin, measured in the same run.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numba
import numpy as np
from numpy.typing import NDArray

from simmodel import migration
from simmodel.projection import FLOWS, LEVELS, Schedules, project

Array = NDArray[np.float64]

YEARS, AGES = 15, 101


@dataclass(frozen=True)
class Problem:
    """A population, schedules and draw-specific levels of 15 years."""

    population: Array
    schedules: Schedules
    levels: Array
    absent: Array
    programmes: Array


def problem(draws: int, seed: int) -> Problem:
    """Make a region like a prefecture of 1.5 million with levels that vary by draw and year."""
    rng = np.random.default_rng(seed)
    age = np.arange(AGES)
    people = 6000.0 * np.exp(-((age / 75.0) ** 4))
    population = np.broadcast_to(people, (2, 2, AGES)) * np.array([0.9, 1.1])[:, None, None]
    gompertz = np.minimum(3e-5 * np.exp(0.095 * age) + 2e-4, 0.45)
    moving = migration.calendar_year_schedule(migration.STANDARD)
    moving = moving / moving[:65].mean()
    births = np.where((age >= 15) & (age < 50), np.exp(-(((age - 28) / 6.0) ** 2)), 0.0)
    schedules = Schedules(
        death=np.broadcast_to(gompertz, (2, 2, AGES)) * np.array([1.0, 1.3])[:, None, None],
        infant_death=np.full((2, 2), 0.004),
        rural_exit=np.array([moving, 0.9 * moving]),
        urban_departure=np.array([moving, moving]),
        arrivals=np.broadcast_to(moving / moving.sum() / 2.0, (2, 2, AGES)).copy(),
        fertility=np.array([births, births]) * 1.5 / births.sum(),
        male_share=0.52,
    )
    middle = {
        "rural_to_urban": 0.012,
        "rural_departure": 0.018,
        "urban_to_rural": 0.002,
        "urban_departure": 0.010,
        "urban_arrivals": 4000.0,
        "rural_arrivals": 1000.0,
        "urban_return": 0.010,
        "rural_return": 0.005,
        "reclassification": 0.006,
        "urban_fertility": 0.8,
        "rural_fertility": 1.0,
        "urban_mortality": 1.0,
        "rural_mortality": 1.0,
    }
    spread = np.exp(0.3 * rng.standard_normal((len(LEVELS), YEARS, draws)))
    levels = np.array([middle[name] for name in LEVELS])[:, None, None] * spread
    return Problem(population, schedules, levels, np.full(draws, 2e5), np.full(YEARS, 500.0))


def run(problem: Problem, threads: int) -> tuple[Array, Array, Array]:
    """Project a problem; (year, draw), (year, draw) and (year, flow, draw)."""
    numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
    path = project(
        problem.population,
        problem.schedules,
        problem.levels,
        absent=problem.absent,
        programmes=problem.programmes,
    )
    return path.urban, path.rural, path.flows


def best(function, repeats: int = 5) -> float:
    """Return the shortest of several runs, in seconds, after one that warms up."""
    function()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def c_twin(threads: int):
    """Compile kernel_twin.c with -O3 -march=native and return a function like `run`."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        return None
    folder = Path(tempfile.mkdtemp())
    library = folder / "twin.so"
    source = Path(__file__).with_name("kernel_twin.c")
    flags = ["-O3", "-march=native", "-fopenmp", "-shared", "-fPIC"]
    subprocess.run([compiler, *flags, str(source), "-o", str(library), "-lm"], check=True)
    twin = ctypes.CDLL(str(library)).project
    double = np.ctypeslib.ndpointer(np.float64, flags="C_CONTIGUOUS")
    twin.argtypes = [ctypes.c_int] * 4 + [double] * 6 + [ctypes.c_double] + [double] * 7
    twin.restype = None

    def call(p: Problem) -> tuple[Array, Array, Array]:
        years, draws = p.levels.shape[1:]
        urban, rural = np.empty((years + 1, draws)), np.empty((years + 1, draws))
        flows = np.empty((years, len(FLOWS), draws))
        s = p.schedules
        arrays = (s.death, s.infant_death, s.rural_exit, s.urban_departure, s.arrivals, s.fertility)
        twin(
            years, draws, AGES, threads, *map(np.ascontiguousarray, arrays), s.male_share,
            np.ascontiguousarray(p.population), p.levels, p.absent, p.programmes,
            urban, rural, flows,
        )  # fmt: skip
        return urban, rural, flows

    return call


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--draws", type=int, default=12_800)
    parser.add_argument("--compare", action="store_true", help="also C, in the same run")
    options = parser.parse_args()
    full = problem(options.draws, seed=1)
    unit = 1e9 / (options.draws * YEARS)
    result: dict[str, float] = {
        "ns_per_region_year": round(best(lambda: run(full, options.threads)) * unit, 1),
        "threads": options.threads,
        "draws": options.draws,
        "years": YEARS,
        "ages": AGES,
    }
    if options.compare and (twin := c_twin(options.threads)) is not None:
        for ours, theirs in zip(run(full, options.threads), twin(full), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-10)
        # In turn, so that both see the same machine.
        pairs = [
            (best(lambda: run(full, options.threads), 3), best(lambda: twin(full), 3))
            for _ in range(5)
        ]
        result["c_ns_per_region_year"] = round(min(c for _, c in pairs) * unit, 1)
        result["ratio_to_c"] = round(float(np.median([a / c for a, c in pairs])), 3)
    if options.json:
        print(json.dumps(result))
    else:
        for key, value in result.items():
            print(f"{key:24} {value}")


if __name__ == "__main__":
    sys.exit(main())
