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

from simmodel.kernel import migration
from simmodel.kernel.projection import FLOWS, LEVELS, Schedules, project

Array = NDArray[np.float64]

YEARS, AGES = 15, 101
# Deaths a person-year at the highest age, at most; moves add 0.03 there. See `problem`.
HIGHEST_MORTALITY = 1.93


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
        rural_to_urban=np.array([moving, 0.9 * moving]),
        departure=np.array([moving, moving]),
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
    # The kernel refuses intensities out of a state above 2 a year. At the highest age deaths alone
    # come near that in one draw of a hundred thousand, and any seed may have such a draw.
    for residence, name in enumerate(("urban_mortality", "rural_mortality")):
        level = levels[LEVELS.index(name)]
        np.minimum(level, HIGHEST_MORTALITY / schedules.death[residence].max(), out=level)
    return Problem(population, schedules, levels, np.full(draws, 2e5), np.full(YEARS, 500.0))


def run(problem: Problem, threads: int) -> tuple[Array, Array, Array, Array]:
    """Urban, rural and absent people, each (year, draw), and flows (year, flow, draw)."""
    numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
    path = project(
        problem.population,
        problem.schedules,
        problem.levels,
        absent=problem.absent,
        programmes=problem.programmes,
        keep_population=False,
    )
    return path.urban, path.rural, path.absent, path.flows


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
    twin.argtypes = [ctypes.c_int] * 4 + [double] * 6 + [ctypes.c_double] + [double] * 8
    twin.restype = None

    def call(p: Problem) -> tuple[Array, Array, Array, Array]:
        years, draws = p.levels.shape[1:]
        urban, rural, away = (np.empty((years + 1, draws)) for _ in range(3))
        flows = np.empty((years, len(FLOWS), draws))
        s = p.schedules
        arrays = (s.death, s.infant_death, s.rural_to_urban, s.departure, s.arrivals, s.fertility)
        twin(
            years, draws, AGES, threads, *map(np.ascontiguousarray, arrays), s.male_share,
            np.ascontiguousarray(p.population), p.levels, p.absent, p.programmes,
            urban, rural, away, flows,
        )  # fmt: skip
        return urban, rural, away, flows

    return call


def numpy_twin(p: Problem, block: int = 64) -> tuple[Array, Array, Array, Array]:
    """Project a problem in plain numpy, draws innermost, all ages and sexes of a year at once."""
    years, draws = p.levels.shape[1:]
    urban, rural, stock = (np.empty((years + 1, draws)) for _ in range(3))
    flows = np.zeros((years, len(FLOWS), draws))
    s = p.schedules
    mu, mr = s.death[0, :, :, None], s.death[1, :, :, None]
    e, o = s.rural_to_urban[:, :, None], s.departure[:, :, None]
    boys = np.array([1.0 - s.male_share, s.male_share])[:, None]
    for low in range(0, draws, block):
        part = slice(low, min(low + block, draws))
        n = part.stop - part.start
        u, r = (np.repeat(p.population[i][:, :, None], n, axis=2) for i in range(2))
        absent = p.absent[part].copy()
        urban[0, part], rural[0, part] = u.sum(axis=(0, 1)), r.sum(axis=(0, 1))
        stock[0, part] = absent
        for year in range(years):
            v = p.levels[:, year, part]
            back_u, back_r = absent * v[6], absent * v[7]
            absent -= back_u + back_r
            come_u, come_r = v[4] + back_u, v[5] + back_r
            start_u = u + 0.5 * s.arrivals[0, :, :, None] * come_u
            start_r = r + 0.5 * s.arrivals[1, :, :, None] * come_r
            to_r, to_u = 0.5 * v[2] * o, 0.5 * v[0] * e
            stay_u = 1.0 + 0.5 * (v[11] * mu + (v[2] + v[3]) * o)
            stay_r = 1.0 + 0.5 * (v[12] * mr + v[0] * e + v[1] * o)
            scale = 1.0 / (stay_u * stay_r - to_u * to_r)
            lived_u = (stay_r * start_u + to_u * start_r) * scale
            lived_r = (stay_u * start_r + to_r * start_u) * scale
            end_u, end_r = 2.0 * lived_u - u, 2.0 * lived_r - r
            flow = flows[year, :, part]
            births = [s.fertility[i, :, None] * x[0] for i, x in enumerate((lived_u, lived_r))]
            flow[0], flow[1] = births[0].sum(axis=0) * v[9], births[1].sum(axis=0) * v[10]
            flow[2], flow[3] = (
                (mu * lived_u).sum((0, 1)) * v[11],
                (mr * lived_r).sum((0, 1)) * v[12],
            )
            moves, departures = (e * lived_r).sum((0, 1)), (o * lived_u).sum((0, 1))
            flow[4], flow[9] = moves * v[0], (o * lived_r).sum((0, 1)) * v[1]
            flow[5], flow[8] = departures * v[2], departures * v[3]
            flow[6], flow[7] = come_u, come_r
            half = [0.5 * s.infant_death[i][:, None] * v[11 + i] for i in range(2)]
            alive = [boys * v[9 + i] * (1.0 - h) / (1.0 + h) for i, h in enumerate(half)]
            leave_u = 0.5 * alive[0] * (births[0] * o[0]).sum(axis=0)
            move = 0.5 * alive[1] * (births[1] * e[0]).sum(axis=0) * v[0]
            away = 0.5 * alive[1] * (births[1] * o[0]).sum(axis=0) * v[1]
            live = [a * b.sum(axis=0) for a, b in zip(alive, births, strict=True)]
            for i in range(2):
                flow[2 + i] += (boys * flow[i] * 2.0 * half[i] / (1.0 + half[i])).sum(axis=0)
            flow[4] += move.sum(axis=0)
            flow[9] += away.sum(axis=0)
            flow[5] += (leave_u * v[2]).sum(axis=0)
            flow[8] += (leave_u * v[3]).sum(axis=0)
            absent += flow[8] + flow[9]
            stock[year + 1, part] = absent
            u[:, 1:], r[:, 1:] = end_u[:, :-1], end_r[:, :-1]
            u[:, -1] += end_u[:, -1]
            r[:, -1] += end_r[:, -1]
            u[:, 0] = live[0] + move - leave_u * (v[2] + v[3])
            r[:, 0] = live[1] + leave_u * v[2] - move - away
            people = r.sum(axis=(0, 1))
            kept = np.exp(-v[8])
            flow[10], flow[11] = people * (1.0 - kept), p.programmes[year]
            stay = kept * (1.0 - p.programmes[year] / (people * kept))
            u += r * (1.0 - stay)
            r *= stay
            urban[year + 1, part], rural[year + 1, part] = u.sum((0, 1)), r.sum((0, 1))
    return urban, rural, stock, flows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--draws", type=int, default=12_800)
    parser.add_argument("--compare", action="store_true", help="also C and numpy, in the same run")
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
        for other in (twin(full), numpy_twin(full)):
            for ours, theirs in zip(run(full, options.threads), other, strict=True):
                np.testing.assert_allclose(ours, theirs, rtol=1e-10)
        # In turn, so that both see the same machine.
        pairs = [
            (best(lambda: run(full, options.threads), 3), best(lambda: twin(full), 3))
            for _ in range(5)
        ]
        result["c_ns_per_region_year"] = round(min(c for _, c in pairs) * unit, 1)
        result["numpy_ns_per_region_year"] = round(best(lambda: numpy_twin(full), 2) * unit, 1)
        result["ratio_to_c"] = round(float(np.median([a / c for a, c in pairs])), 3)
    if options.json:
        print(json.dumps(result))
    else:
        for key, value in result.items():
            print(f"{key:24} {value}")


if __name__ == "__main__":
    sys.exit(main())
