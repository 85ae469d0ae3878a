"""What a province and a nation of synthetic counties cost, and that the cost grows in proportion.

``python benchmarks/scaling.py --json`` projects 120 and 2,850 counties x 1,000 draws x 15 years,
one county after the other: parameters, levels, projection, quantiles of the rate; only the
quantiles are kept. ``--linear`` measures how the cost grows with counties, draws and years, and
``--plot FILE`` draws it.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numba
import numpy as np

from simmodel.forecast.parameters import NAMES, Setting, levels_after, natural
from simmodel.forecast.pooling import Pooling, depart, reported
from simmodel.forecast.uncertainty import BLOCK, PaceNoise, pace_factors, standard_normal
from simmodel.kernel.projection import project
from simmodel.simulation.quantiles import Exact

sys.path.insert(0, str(Path(__file__).parent))
from kernel import problem

PROVINCE, NATION = 120, 2_850
BOUND = 0.011  # of the reclassification hazard, per year
MIDDLE = {
    "rural_exit": np.log(0.03),
    "arrivals": np.log(0.004),
    "urban_out_migration": np.log(0.01),
    "return_to_villages": np.log(0.002),
    "period_exit": -0.5,
    "period_reclassification": -0.4,
}
# Like the shipped estimates of how counties depart from what they lie in.
POOLING = Pooling(
    -0.1, 0.0, spread=0.3, memory=7.0, degrees_of_freedom=2.7, point_error=0.05, reporting=0.4
)


def county(number: int, draws: int, years: int) -> np.ndarray:
    """Project one synthetic county; quantiles of its rate, (year, quantile)."""
    pattern = problem(1, seed=0)
    size = np.random.default_rng(number).uniform(0.2, 2.0)
    population = pattern.population * size
    residents = float(population.sum())
    urban_share = float(population[0].sum() / residents)
    setting = Setting(residents, 2.5, 2.5, urban_share, urban_share, absent=0.05 * residents)
    mean = np.array([MIDDLE.get(name, 0.0) for name in NAMES])[:, None]
    annual = reported(POOLING, years)
    noise = [PaceNoise.of(f"county{number}", depart(POOLING, None, 0.0, years), annual, years)]
    for name, known in (("province", 2), ("nation", 4)):
        noise.append(PaceNoise.beyond(name, POOLING, annual, (0, known), years))
    rates = Exact()
    for block in range((draws + BLOCK - 1) // BLOCK):
        scores = standard_normal(1, f"parameters/county{number}", block, (len(NAMES),))
        levels = levels_after(
            natural(mean + 0.1 * scores, BOUND),
            setting,
            years,
            mortality_trend=0.98 ** np.arange(1, years + 1),
            factors=pace_factors(1, block, noise, years),
        )
        path = project(population, pattern.schedules, levels, absent=np.full(BLOCK, setting.absent))
        kept = min(BLOCK, draws - block * BLOCK)
        rates.add((path.urban / (path.urban + path.rural))[:, :kept])
    return rates.quantiles((0.1, 0.5, 0.9))


def measure(
    counties: int, draws: int, years: int, clock: Callable[[], float] = time.perf_counter
) -> float:
    """Seconds for a number of counties."""
    start = clock()
    for number in range(counties):
        county(number, draws, years)
    return clock() - start


def case(name: str, counties: int, draws: int, years: int) -> dict[str, float | str]:
    """One row of the report."""
    seconds = measure(counties, draws, years)
    return {
        "case": name,
        "regions": counties,
        "draws": draws,
        "years": years,
        "seconds": round(seconds, 2),
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        "region_years_a_second": round(counties * draws * years / seconds),
    }


GROWING = {
    "regions": [(n, BLOCK, 15) for n in (20, 40, 80, 160)],
    "draws": [(20, n * BLOCK, 15) for n in (1, 2, 4, 8)],
    "years": [(20, BLOCK, n) for n in (15, 30, 60, 79)],
}


def growth(repeats: int = 9) -> dict[str, list[tuple[int, float]]]:
    """Processor seconds of one thread by size along each axis.

    The best of several rounds, all sizes in turn in each: what else the machine does at the time
    only ever adds.
    """
    numba.set_num_threads(1)
    best: dict[tuple[int, int, int], float] = {}
    for _ in range(repeats):
        for sizes in GROWING.values():
            for size in sizes:
                best[size] = min(best.get(size, np.inf), measure(*size, time.process_time))
    axes = ("regions", "draws", "years")
    return {
        axis: [(size[axes.index(axis)], best[size]) for size in sizes]
        for axis, sizes in GROWING.items()
    }


def off_line(points: list[tuple[int, float]]) -> float:
    """Largest departure of a cost from the straight line through all, relative to the line."""
    sizes, seconds = (np.array(column, dtype=float) for column in zip(*points, strict=True))
    line = np.polyval(np.polyfit(sizes, seconds, 1), sizes)
    return float(np.abs(seconds / line - 1.0).max())


def plot(points: dict[str, list[tuple[int, float]]], path: Path) -> None:
    """Draw seconds against size, each axis a panel."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3), layout="constrained")
    for ax, (axis, row) in zip(figure.subplots(1, len(points)), points.items(), strict=True):
        sizes, seconds = zip(*row, strict=True)
        ax.plot(sizes, seconds, "o-", color="#1f5a8c")
        ax.set(xlabel=axis, ylabel="processor seconds", xlim=(0, None), ylim=(0, None))
        ax.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=120, metadata={"Software": None})


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--linear", action="store_true", help="how the cost grows")
    parser.add_argument("--plot", type=Path, metavar="FILE")
    parser.add_argument("--draws", type=int, default=1_000)
    options = parser.parse_args()
    measure(1, BLOCK, 15)  # compiles
    if options.linear or options.plot:
        points = growth()
        report = {axis: round(off_line(row), 3) for axis, row in points.items()}
        if options.plot:
            plot(points, options.plot)
        print(json.dumps({"off_line": report, "seconds": points}))
        return
    rows = [
        case("province", PROVINCE, options.draws, 15),
        case("nation", NATION, options.draws, 15),
    ]
    if options.json:
        print(json.dumps(rows))
    else:
        for row in rows:
            print("  ".join(f"{key} {value}" for key, value in row.items()))


if __name__ == "__main__":
    main()
